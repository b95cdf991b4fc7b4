//! Settings: what the operator wants, from four layers, as one checked value.
//!
//! `defaults < configuration file < environment < flags`. [`Settings::for_run`] and
//! [`Settings::for_check`] lay them over each other, and report every problem of every layer
//! with its place and the fix. After them nothing about a setting can be wrong except what only the
//! machine knows (an address in use, a missing file).
//!
//! `config/gateway.toml` is the reference for people; a test holds it and [`Settings`] together, key
//! by key and default by default.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

mod check;
mod layers;
pub(crate) mod limits;
pub(crate) mod nofile;
mod problem;
mod units;
mod urls;
mod values;

pub(crate) use layers::process_environment;
pub(crate) use problem::{Place, Problem, SettingsError};
pub(crate) use values::{
    AccessLogDestination, Backend, ConnectionsMax, CpuList, Driver, LogFormat, LogLevel,
    OptionalAddress, ShardCount, Target, parse_address,
};

/// The key in [`Aws::endpoints`] that stands for every service without a key of its own.
pub(crate) const AWS_ENDPOINT_DEFAULT: &str = "default";

/// The SDKs' variable for the endpoint of all AWS services; `_SERVICE` behind it names one.
pub(crate) const AWS_ENDPOINT_URL: &str = "AWS_ENDPOINT_URL";

/// All settings. Field names are the keys of `gateway.toml`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Settings {
    /// Definition files to serve.
    pub definitions: Vec<PathBuf>,
    /// Files of API keys in API Gateway's import format (CSV).
    pub api_keys: Vec<PathBuf>,
    /// Well-known credentials on the control plane and verbose errors. Never in production.
    pub dev: bool,
    /// Where clients connect.
    pub listen: Listen,
    /// Where the AWS wire protocol is served.
    pub control: Control,
    /// Where metrics and health are served.
    pub ops: Ops,
    /// Threads and their kernel interface.
    pub shards: Shards,
    /// Bounds on messages and connections.
    pub limits: Limits,
    /// The account's rate, and what clients are told of limits.
    pub throttle: Throttle,
    /// Memory for cached responses.
    pub cache: Cache,
    /// What an operator may ask about a request.
    pub explain: Explain,
    /// Bounds on waiting.
    pub timeouts: Timeouts,
    /// Connections to backends.
    pub upstream: Upstream,
    /// Lambda functions that run here.
    pub functions: Functions,
    /// One line for each request.
    pub access_log: AccessLog,
    /// Log groups.
    pub logs: Logs,
    /// The gateway's own log.
    pub log: Log,
    /// What survives a restart.
    pub state: State,
    /// The AWS account and region that we stand in for.
    pub aws: Aws,
    /// Taking up changed definitions.
    pub reload: Reload,
    /// Template parameters; a flag of the same name wins.
    pub parameters: BTreeMap<String, String>,
    /// Directories that stand for S3 buckets, by the buckets' names; a flag of the same name wins.
    pub buckets: BTreeMap<String, PathBuf>,
    /// Where to write the bound addresses; only a flag, as it is a matter of one start.
    #[serde(skip)]
    pub port_file: Option<PathBuf>,
    /// The configuration file that was read, if any; the watcher's and the log's.
    #[serde(skip)]
    pub config_file: Option<PathBuf>,
}

/// `[listen]`: the data plane's sockets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Listen {
    /// Plain HTTP.
    #[serde(with = "values::addresses")]
    pub addresses: Vec<SocketAddr>,
    /// HTTPS. Must be empty until TLS is served.
    #[serde(with = "values::addresses")]
    pub tls_addresses: Vec<SocketAddr>,
    /// Connections that wait to be accepted, for each shard and address.
    pub backlog: u32,
    /// Send small segments at once.
    pub tcp_nodelay: bool,
    /// First TCP keep-alive probe after this much silence; zero: none.
    #[serde(with = "units::duration")]
    pub tcp_keepalive: Duration,
    /// Give up on sent data that stays unacknowledged for this long; zero: the kernel's default.
    #[serde(with = "units::duration")]
    pub tcp_user_timeout: Duration,
}

impl Default for Listen {
    fn default() -> Self {
        Self {
            addresses: vec![SocketAddr::from((Ipv4Addr::LOCALHOST, 8080))],
            tls_addresses: Vec::new(),
            backlog: 4096,
            tcp_nodelay: true,
            tcp_keepalive: Duration::from_secs(60),
            tcp_user_timeout: Duration::ZERO,
        }
    }
}

/// `[control]`: the control plane's socket.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Control {
    /// Address, or none.
    #[serde(with = "values::text")]
    pub address: OptionalAddress,
    /// Names beside `localhost` by which clients call it.
    pub hosts: Vec<String>,
}

impl Default for Control {
    fn default() -> Self {
        let address = OptionalAddress(Some(SocketAddr::from((Ipv4Addr::LOCALHOST, 4566))));
        Self { address, hosts: Vec::new() }
    }
}

/// `[ops]`: metrics and health.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Ops {
    /// Address, or none.
    #[serde(with = "values::text")]
    pub address: OptionalAddress,
    /// Whether `/clock` there moves the gateway's time. Never in production.
    pub test_clock: bool,
}

impl Default for Ops {
    fn default() -> Self {
        let address = OptionalAddress(Some(SocketAddr::from((Ipv4Addr::LOCALHOST, 9090))));
        Self { address, test_clock: false }
    }
}

/// `[shards]`: threads and their kernel interface.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Shards {
    /// How many.
    #[serde(with = "values::text")]
    pub count: ShardCount,
    /// Where they are pinned.
    #[serde(with = "values::text")]
    pub cpus: CpuList,
    /// Runtime under them.
    #[serde(with = "values::text")]
    pub backend: Backend,
    /// Kernel interface.
    #[serde(with = "values::text")]
    pub driver: Driver,
    /// Submission queue entries of each shard's ring; a power of two.
    pub ring_entries: u32,
}

impl Default for Shards {
    fn default() -> Self {
        Self {
            count: ShardCount::Auto,
            cpus: CpuList::default(),
            backend: Backend::Monoio,
            driver: Driver::Auto,
            ring_entries: 1024,
        }
    }
}

/// `[limits]`: bounds on messages and connections.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Limits {
    /// Request body, bytes.
    #[serde(with = "units::bytes")]
    pub payload_bytes_max: usize,
    /// Response body where it must be buffered, bytes.
    #[serde(with = "units::bytes")]
    pub response_bytes_max: usize,
    /// Client connections of one shard; see [`Settings::connections_max`].
    #[serde(with = "values::text")]
    pub connections_max: ConnectionsMax,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            payload_bytes_max: limits::PAYLOAD_BYTES_DEFAULT,
            response_bytes_max: limits::PAYLOAD_BYTES_DEFAULT,
            connections_max: ConnectionsMax::Auto,
        }
    }
}

/// `[throttle]`: the account's rate, and what clients are told of limits.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Throttle {
    /// Requests a second of all stages together; 0: no limit.
    pub account_rate_rps: u64,
    /// Requests at once of all stages together; 0: no limit.
    pub account_burst: u64,
    /// Whether responses carry `RateLimit-*`, and refusals `Retry-After`.
    pub headers: bool,
}

impl Throttle {
    /// The account's limit, if there is one.
    pub(crate) fn account_limit(&self) -> Option<gateway_throttle::Settings> {
        (self.account_rate_rps > 0).then_some(gateway_throttle::Settings {
            rate_rps: self.account_rate_rps as f64,
            burst: self.account_burst,
        })
    }
}

/// `[cache]`: memory for cached responses.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Cache {
    /// Of all stage caches together, whatever their own sizes add up to.
    #[serde(with = "units::bytes")]
    pub bytes_max: usize,
}

impl Default for Cache {
    fn default() -> Self {
        Self { bytes_max: limits::CACHE_BYTES_DEFAULT }
    }
}

/// `[explain]`: what an operator may ask about a request.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Explain {
    /// Value of `X-Gateway-Explain` that makes a response say how it came about; empty: none does.
    pub secret: values::Secret,
}

/// `[timeouts]`: bounds on waiting.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Timeouts {
    /// First byte of a request to the end of its head.
    #[serde(with = "units::duration")]
    pub client_header: Duration,
    /// Between two pieces of a request body.
    #[serde(with = "units::duration")]
    pub client_body: Duration,
    /// A client connection without a request.
    #[serde(with = "units::duration")]
    pub keep_alive: Duration,
    /// A client that does not take its response: without progress for this long.
    #[serde(with = "units::duration")]
    pub send: Duration,
    /// Opening a connection to a backend, TLS included.
    #[serde(with = "units::duration")]
    pub connect: Duration,
    /// A pooled backend connection that nobody uses.
    #[serde(with = "units::duration")]
    pub upstream_idle: Duration,
    /// From SIGTERM until what is still in flight is cut off.
    #[serde(with = "units::duration")]
    pub drain_timeout: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            client_header: Duration::from_secs(10),
            client_body: Duration::from_secs(30),
            keep_alive: limits::KEEP_ALIVE_DEFAULT,
            send: Duration::from_secs(30),
            connect: Duration::from_secs(5),
            upstream_idle: Duration::from_secs(60),
            drain_timeout: Duration::from_secs(30),
        }
    }
}

/// `[upstream]`: connections to backends.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Upstream {
    /// Open connections to one endpoint from one shard.
    pub connections_max: u32,
    /// Of those, how many may wait unused.
    pub idle_max: u32,
    /// PEM file of certificate authorities for HTTPS backends; none: the system's.
    #[serde(with = "values::optional_path")]
    pub ca_file: Option<PathBuf>,
    /// A resolved address is used at least this long, whatever its record says.
    #[serde(with = "units::duration")]
    pub dns_ttl_min: Duration,
    /// And at most this long.
    #[serde(with = "units::duration")]
    pub dns_ttl_max: Duration,
    /// `ConnectionId` of a `VPC_LINK` integration to the target that stands for the load balancer.
    pub vpc_links: BTreeMap<String, Target>,
}

impl Default for Upstream {
    fn default() -> Self {
        Self {
            connections_max: 4096,
            idle_max: 1024,
            ca_file: None,
            dns_ttl_min: Duration::from_secs(1),
            dns_ttl_max: Duration::from_secs(60),
            vpc_links: BTreeMap::new(),
        }
    }
}

/// `[functions]`: Lambda functions that run here.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Functions {
    /// Environments of a function without `ReservedConcurrentExecutions`.
    pub concurrency_max: u32,
    /// Environments of all functions together.
    pub environments_max: u32,
    /// How long an invocation waits for an environment when there may be no more of them.
    #[serde(with = "units::duration")]
    pub wait: Duration,
    /// Invocations of one function that wait.
    pub waiting_max: u32,
    /// An environment that nobody uses.
    #[serde(with = "units::duration")]
    pub idle_timeout: Duration,
    /// From the start of an environment to its readiness.
    #[serde(with = "units::duration")]
    pub init_timeout: Duration,
    /// User that functions run as, when the gateway runs as root; empty: the gateway's own.
    pub user: String,
    /// Where code is unpacked and environments have their files; none: a directory of this user.
    #[serde(with = "values::optional_path")]
    pub directory: Option<PathBuf>,
    /// Whether a function without a permission for API Gateway is not invoked, as on AWS.
    pub enforce_permissions: bool,
    /// What function URLs look like, with `{id}` and `{region}`; empty: names below `localhost`, at the data plane's port.
    pub urls: String,
    /// Kept of one function's log.
    #[serde(with = "units::bytes")]
    pub log_bytes_max: usize,
    /// Variables for every function, beside its own.
    pub environment: BTreeMap<String, String>,
}

impl Default for Functions {
    fn default() -> Self {
        Self {
            concurrency_max: 10,
            environments_max: 1000,
            wait: Duration::from_secs(29),
            waiting_max: 1000,
            idle_timeout: Duration::from_secs(300),
            init_timeout: Duration::from_secs(10),
            user: String::new(),
            directory: None,
            enforce_permissions: false,
            urls: String::new(),
            log_bytes_max: 4 << 20,
            environment: BTreeMap::new(),
        }
    }
}

/// `[access_log]`: one line for each request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct AccessLog {
    /// Where lines go.
    #[serde(with = "values::text")]
    pub destination: AccessLogDestination,
    /// Preset (`clf`, `csv`, `json`, `xml`) or `$context` format of the stages that have no
    /// `AccessLogSetting`; empty: those stages write nothing.
    pub default_format: String,
}

impl Default for AccessLog {
    fn default() -> Self {
        Self { destination: AccessLogDestination::Off, default_format: "json".to_owned() }
    }
}

/// `[logs]`: log groups, as CloudWatch Logs has them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Logs {
    /// Kept of one group that is no function's.
    #[serde(with = "units::bytes")]
    pub group_bytes_max: usize,
}

impl Default for Logs {
    fn default() -> Self {
        Self { group_bytes_max: 16 << 20 }
    }
}

/// `[log]`: the gateway's own log, on standard error.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Log {
    /// The least severe event shown.
    #[serde(with = "values::text")]
    pub level: LogLevel,
    /// Its form.
    #[serde(with = "values::text")]
    pub format: LogFormat,
}

/// `[state]`: what survives a restart.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct State {
    /// Directory; none: memory only.
    #[serde(with = "values::optional_path")]
    pub directory: Option<PathBuf>,
}

/// `[aws]`: the account and region that we stand in for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Aws {
    /// `AWS::AccountId`: twelve digits.
    pub account_id: String,
    /// `AWS::Region`.
    pub region: String,
    /// `AWS::URLSuffix`.
    pub url_suffix: String,
    /// Signs calls of AWS, with the secret; empty: calls are not signed.
    pub access_key_id: String,
    /// The secret of the access key.
    pub secret_access_key: values::Secret,
    /// Goes with temporary credentials.
    pub session_token: values::Secret,
    /// Service name to URL; [`AWS_ENDPOINT_DEFAULT`] stands for all others.
    pub endpoints: BTreeMap<String, String>,
}

impl Default for Aws {
    fn default() -> Self {
        Self {
            account_id: "000000000000".to_owned(),
            region: "us-east-1".to_owned(),
            url_suffix: "amazonaws.com".to_owned(),
            access_key_id: String::new(),
            secret_access_key: values::Secret::default(),
            session_token: values::Secret::default(),
            endpoints: BTreeMap::new(),
        }
    }
}

/// `[reload]`: taking up changed definitions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Reload {
    /// Watch the definition files; SIGHUP works either way.
    pub watch: bool,
    /// Wait for this much silence after a change, so that a half-written file is not read.
    #[serde(with = "units::duration")]
    pub debounce: Duration,
}

impl Default for Reload {
    fn default() -> Self {
        Self { watch: true, debounce: Duration::from_millis(200) }
    }
}

impl Aws {
    /// Services and their URLs.
    pub(crate) fn endpoints(&self) -> impl Iterator<Item = (&str, &str)> {
        self.endpoints.iter().map(|(service, url)| (service.as_str(), url.as_str()))
    }
}

impl Settings {
    /// Client connections that one of `shards` shards accepts when the process may have
    /// `nofile` descriptors.
    pub(crate) fn connections_max(&self, nofile: u64, shards: usize) -> u32 {
        match self.limits.connections_max {
            ConnectionsMax::Count(count) => count.get(),
            ConnectionsMax::Auto => nofile::connections_per_shard(nofile, shards),
        }
    }
}

#[cfg(test)]
mod tests;
