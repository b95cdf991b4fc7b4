//! What a user of `verify` decides.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use loadgen_engine::Target;

/// Where the API is reached, what may be sent there, and what the definition leaves open.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where requests go.
    pub target: Target,
    /// The target as given, for reports.
    pub target_text: String,
    /// The `Host` of every request; `None` is `{api-id}.execute-api.localhost`, which the gateway takes for that API.
    pub host: Option<String>,
    /// What comes before the stage in every path, without a slash at the end.
    pub base_path: String,
    /// Only this stage; `None` is every stage of every API.
    pub stage: Option<String>,
    /// Values of API keys, by the key's name or logical id: for keys whose value the definition does not say.
    pub keys: BTreeMap<String, String>,
    /// What the definition does not promise, but its owner does.
    pub expectations: Expectations,
    /// How long a rate is offered, for each check of one.
    pub lasts: Duration,
    /// No check offers more requests per second than this; one that would have to is not checked.
    pub rate_max_rps: f64,
    /// No check sends more requests than this; one that would have to is not checked.
    pub count_max: u64,
    /// Connections for checks that want several.
    pub connections: usize,
    /// Threads of the generator.
    pub threads: usize,
    /// A request that takes longer is an error.
    pub timeout: Duration,
    /// The gateway's ops address, `HOST:PORT`: counts of quotas, flushing caches, the test clock.
    pub ops: Option<SocketAddr>,
    /// Move the gateway's test clock instead of waiting for periods and times to live to end. Needs `ops`.
    pub fast_forward: bool,
    /// Serve the definition's backend at this address while checking, so that calls can be counted.
    pub origin: Option<SocketAddr>,
    /// Only checks whose id starts with one of these; empty is all.
    pub only: Vec<String>,
    /// No checks whose id starts with one of these.
    pub skip: Vec<String>,
}

/// Promises that no definition has a place for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Expectations {
    /// Values of path parameters by name; others are `1`.
    pub parameters: BTreeMap<String, String>,
    /// Latency promises: thresholds such as `p99<50ms` or `p99<50ms for GET /orders`.
    pub slo: Vec<String>,
    /// The rate at which they are held, in requests per second.
    pub slo_rate_rps: f64,
    /// Tokens of authorizers, and what they open.
    pub tokens: Vec<Token>,
}

/// A token and what it opens.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Token {
    /// The authorizer's name or logical id; empty is every authorizer.
    pub authorizer: String,
    /// What is sent where the authorizer's identity source looks, such as `Bearer abc`.
    pub value: String,
    /// Methods that it opens: `GET /orders`.
    pub allows: Vec<String>,
    /// Methods that it does not.
    pub denies: Vec<String>,
}
