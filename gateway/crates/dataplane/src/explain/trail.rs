//! What a trail holds.
//!
//! Texts that come from the request are printable ASCII already, see [`super::shown`].

/// The decisions that a request meets, up to the one that refuses it, and what answers it.
#[derive(Clone, Debug, PartialEq)]
pub struct Trail {
    /// The request.
    pub asked: Asked,
    /// In the order in which they are taken.
    pub decisions: Vec<Decision>,
    /// What answers.
    pub verdict: Verdict,
}

/// The request that a trail is about.
#[derive(Clone, Debug, PartialEq)]
pub struct Asked {
    /// The method of the request line.
    pub method: String,
    /// The method that routes, where `X-HTTP-Method-Override` names another.
    pub override_method: Option<&'static str>,
    /// Host, perhaps with a port.
    pub host: String,
    /// Path, without the query.
    pub path: String,
}

/// One decision.
#[derive(Clone, Debug, PartialEq)]
pub enum Decision {
    /// Host and path to a stage.
    Stage(StageFacts),
    /// Host and path lead to no stage; why.
    NoStage(String),
    /// Which deployment of the stage.
    Canary(Option<Canary>),
    /// The payload is too large; the limit in bytes.
    Payload(u64),
    /// Path and verb to a method.
    Route {
        /// The verb of the method; `ANY` as it is.
        verb: &'static str,
        /// The resource's path.
        path: String,
        /// The resource's id.
        resource_id: String,
    },
    /// Path and verb lead to no method.
    NoRoute(Misses),
    /// The API has a resource policy, and none is served yet.
    ResourcePolicy,
    /// Who may call, part by part.
    Authorizer(Vec<String>),
    /// API key and usage plan.
    ApiKey(ApiKeyFacts),
    /// A token of a bucket.
    Throttle(Bucket),
    /// No bucket has a say.
    NoThrottle,
    /// A usage plan's quota, if there is one.
    Quota(Option<QuotaFacts>),
    /// The stage cache; `None` when it is off for the method.
    Cache(Option<CacheFacts>),
    /// What the backend is asked, part by part.
    Integration(Vec<String>),
}

/// A stage that was found.
#[derive(Clone, Debug, PartialEq)]
pub struct StageFacts {
    /// Its name.
    pub name: String,
    /// Its API.
    pub api_id: String,
    /// The API's name.
    pub api_name: String,
    /// The deployment that the request executes.
    pub deployment_id: String,
    /// How the host led there.
    pub way: String,
}

/// A stage's canary.
#[derive(Clone, Debug, PartialEq)]
pub struct Canary {
    /// Its share of the requests.
    pub percent: f64,
    /// Its deployment.
    pub deployment_id: String,
    /// Whether it was drawn for this request; `None` for a request that is not served.
    pub is_drawn: Option<bool>,
}

/// What comes nearest to a route.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Misses {
    /// Verbs that the path has.
    pub verbs: Vec<&'static str>,
    /// Resource paths that are written almost like this one.
    pub paths: Vec<String>,
}

/// What an API key comes to.
#[derive(Clone, Debug, PartialEq)]
pub struct ApiKeyFacts {
    /// Whether the method asks for one.
    pub is_required: bool,
    /// Where it comes from: `HEADER` or `AUTHORIZER`.
    pub source: &'static str,
    /// What it is.
    pub state: KeyState,
}

/// What a presented key is.
#[derive(Clone, Debug, PartialEq)]
pub enum KeyState {
    /// There is none.
    Absent,
    /// Nobody has it.
    Unknown,
    /// It is known.
    Known {
        /// The key's id.
        id: String,
        /// The key's name.
        name: String,
        /// Whether it may be used.
        is_enabled: bool,
        /// Id and name of its usage plan for this stage.
        plan: Option<(String, String)>,
    },
}

/// A bucket and its level.
#[derive(Clone, Debug, PartialEq)]
pub struct Bucket {
    /// Whose it is: `usage_plan_method`, `usage_plan`, `method` or `account`.
    pub scope: &'static str,
    /// Tokens a second.
    pub rate_rps: f64,
    /// Tokens at most.
    pub burst: u64,
    /// Tokens at the node.
    pub tokens: f64,
    /// Tokens leased to shards.
    pub leased: u32,
    /// Until there is a token; 0 if there is one, `None` if there will never be one.
    pub next_token_ns: Option<u64>,
    /// Until the bucket is full.
    pub full_ns: u64,
}

impl Bucket {
    /// Whether it has no token for a request: neither the node nor, as far as it knows, a shard.
    pub fn is_empty(&self) -> bool {
        self.next_token_ns != Some(0) && self.leased == 0
    }
}

/// A quota and what is left of it.
#[derive(Clone, Debug, PartialEq)]
pub struct QuotaFacts {
    /// Requests in this period.
    pub limit: u64,
    /// Those that were made.
    pub used: u64,
    /// Those that remain.
    pub remaining: u64,
    /// `DAY`, `WEEK` or `MONTH`.
    pub period: &'static str,
    /// When the next period begins, in seconds since 1970.
    pub ends_unix_s: u64,
}

/// What the stage cache says.
#[derive(Clone, Debug, PartialEq)]
pub struct CacheFacts {
    /// What it does.
    pub state: CacheState,
    /// How long it keeps an answer.
    pub ttl_us: u64,
    /// What entries are shared by.
    pub namespace: String,
    /// The key's parameters with their values.
    pub parameters: Vec<(String, Option<String>)>,
    /// The whole key, escaped.
    pub key: String,
}

/// What the stage cache does with a request.
#[derive(Clone, Debug, PartialEq)]
pub enum CacheState {
    /// It answers.
    Hit {
        /// How long the entry lives on.
        remaining_us: u64,
        /// What it counts.
        bytes: u64,
    },
    /// It has no entry.
    Miss,
    /// `Cache-Control: max-age=0` replaces the entry.
    Refresh,
    /// `Cache-Control: max-age=0` is refused.
    RefreshDenied,
    /// HEAD is never answered from a cache.
    Head,
}

/// What answers a request.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// The stage cache.
    Cache,
    /// The integration.
    Integration,
    /// The gateway itself.
    Refused(Refused),
}

/// A gateway response.
#[derive(Clone, Debug, PartialEq)]
pub struct Refused {
    /// Its type; `None` where no API is reached that could have customised one.
    pub response_type: Option<&'static str>,
    /// Its status.
    pub status: u16,
    /// Its message.
    pub message: String,
}
