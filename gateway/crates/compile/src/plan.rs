//! What a shard executes: immutable, valid by construction.
//!
//! Types of this module are plain data. They are built by [`crate::compile`] only, read by the data plane
//! only, and shared by every shard behind one `Arc`. Text that ends up on a wire is stored as bytes, ready
//! to be copied.

use std::collections::BTreeMap;
use std::sync::Arc;

use gateway_cache::Budget;
use gateway_model::{ApiKeySource, ContentHandling, EndpointType, HttpMethod};
use gateway_telemetry::LogFormat;
use gateway_throttle::{Split, Throttle};

use crate::caching::{CachePlan, StageCache};
use crate::changes::Changes;
use crate::compiler::{StageInput, UrlInput};
use crate::failure::Failure;
use crate::functions::{
    AuthorizerIndex, AuthorizerPlan, BinaryMediaTypes, FunctionIndex, FunctionPlan, FunctionTarget,
    FunctionUrlPlan, LambdaPlan,
};
use crate::gateway_responses::GatewayResponses;
use crate::hosts::HostTable;
use crate::mock::MockTemplates;
use crate::responses::Responses;
use crate::routes::Routes;
use crate::service::ServicePlan;
use crate::source::Source;
use crate::templates::RequestTemplates;
use crate::usage::UsagePlans;
use crate::validators::Validation;

/// All stages that are served, and how a request reaches one.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// Counts the snapshots of this process, from 1.
    pub generation: u64,
    /// Indexed by [`StageIndex`]. An unchanged stage keeps its `Arc` from one snapshot to the next.
    pub stages: Vec<Arc<StagePlan>>,
    /// Host and path to stage.
    pub hosts: HostTable,
    /// API keys and usage plans.
    pub usage: Arc<UsagePlans>,
    /// The account's own limit, over all stages; `None` is not limited.
    pub account: Option<Throttle>,
    /// All functions that run here, by [`FunctionPlan::key`], whether a stage names them or not.
    pub functions: BTreeMap<Box<str>, Arc<FunctionPlan>>,
    /// Memory of all stage caches. The same object in all snapshots, as long as its size stays.
    pub cache_budget: Arc<Budget>,
    /// What [`Snapshot::activate`] does.
    pub(crate) changes: Arc<Changes>,
    /// What each stage was compiled from, indexed as [`Snapshot::stages`]; function URLs come after all of these.
    pub(crate) inputs: Vec<StageInput>,
    /// What function URLs were compiled from, in the order of the stages that they are.
    pub(crate) url_inputs: Vec<UrlInput>,
}

impl Snapshot {
    /// A snapshot that serves nothing: every request is answered [`crate::FORBIDDEN`].
    pub fn empty() -> Self {
        Self {
            generation: 0,
            stages: Vec::new(),
            hosts: HostTable::default(),
            usage: Arc::new(UsagePlans::empty()),
            account: None,
            functions: BTreeMap::new(),
            cache_budget: Arc::new(Budget::new(0)),
            changes: Arc::default(),
            inputs: Vec::new(),
            url_inputs: Vec::new(),
        }
    }

    /// The stage that [`HostTable::resolve`] named.
    pub fn stage(&self, index: StageIndex) -> &Arc<StagePlan> {
        &self.stages[index.0 as usize]
    }
}

/// Names a stage of one snapshot: an index into [`Snapshot::stages`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StageIndex(pub u32);

/// Names a method of one stage: an index into [`StagePlan::methods`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MethodIndex(pub u32);

impl MethodIndex {
    /// No method of the stage.
    pub const NONE: Self = Self(u32::MAX);
}

/// Names a backend of one stage: an index into [`StagePlan::endpoints`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EndpointIndex(pub u16);

/// One stage of one API: the deployment it executes, with the stage's own settings.
#[derive(Debug)]
pub struct StagePlan {
    /// `$context.apiId`.
    pub api_id: Box<str>,
    /// The API's name, for logs and metrics.
    pub api_name: Box<str>,
    /// `$context.stage`.
    pub stage: Box<str>,
    /// `$context.accountId`, the API owner's account.
    pub account_id: Box<str>,
    /// Region of the API, for ARNs.
    pub region: Box<str>,
    /// `$context.deploymentId`.
    pub deployment_id: Box<str>,
    /// `$context.endpointType`.
    pub endpoint_type: EndpointType,
    /// `User-Agent` of HTTP integrations: `AmazonAPIGateway_{api-id}`.
    pub user_agent: Box<[u8]>,
    /// Path and method to [`MethodIndex`].
    pub routes: Routes,
    /// Indexed by [`MethodIndex`].
    pub methods: Vec<MethodPlan>,
    /// Distinct backends of the stage, indexed by [`EndpointIndex`].
    pub endpoints: Vec<Endpoint>,
    /// Answers the gateway makes up for this stage; shared by all stages without a customisation.
    pub gateway_responses: Arc<GatewayResponses>,
    /// How an exchange is logged; `None` logs nothing.
    pub access_log: Option<AccessLogPlan>,
    /// The log group of [`MethodPlan::execution_log`]: `API-Gateway-Execution-Logs_{api}/{stage}`, with `/Canary` for a canary.
    /// `None` when no method has one.
    pub execution_log_group: Option<Box<str>>,
    /// Stage variables, sorted by name. Parameter mappings have theirs resolved already.
    pub stage_variables: Vec<(Box<str>, Box<str>)>,
    /// Resource policy.
    pub policy: Policy,
    /// Largest request payload in bytes.
    pub payload_bytes_max: usize,
    /// Where a request's API key comes from.
    pub api_key_source: ApiKeySource,
    /// Functions that its methods and authorizers invoke, indexed by [`FunctionIndex`].
    pub functions: Vec<FunctionTarget>,
    /// Lambda authorizers of the API, indexed by [`AuthorizerIndex`].
    pub authorizers: Vec<AuthorizerPlan>,
    /// Which bodies are binary.
    pub binary_media_types: BinaryMediaTypes,
    /// The shortest response body that is compressed, in bytes; `None` compresses nothing.
    pub minimum_compression_size: Option<u32>,
    /// The response cache; `None` when the stage has none, and for a canary that does not use it.
    pub cache: Option<StageCache>,
    /// A second deployment that takes part of the traffic; `None` for the canary itself.
    pub canary: Option<Canary>,
    /// Whether this is the canary of a stage (`$context.isCanaryRequest`).
    pub is_canary: bool,
    /// A function URL, which looks like a stage with one method: its id is [`StagePlan::api_id`]. `None` for stages of APIs.
    pub function_url: Option<Box<FunctionUrlPlan>>,
}

/// The deployment that takes part of a stage's traffic.
#[derive(Debug)]
pub struct Canary {
    /// Who draws for each request. Kept over snapshots by API id and stage name.
    pub split: Arc<Split>,
    /// What a canary request executes: perhaps other methods than the stage's. Those that both have share their throttles.
    pub plan: Arc<StagePlan>,
    /// Whether canary requests use the stage's cache; [`Canary::plan`] has none otherwise.
    pub uses_stage_cache: bool,
}

impl MethodPlan {
    /// The path and the verb that tell it from the other methods of its stage.
    pub(crate) fn name(&self) -> (&str, HttpMethod) {
        (&self.resource_path, self.http_method)
    }
}

impl StagePlan {
    /// The method that [`Routes::find`] named.
    pub fn method(&self, index: MethodIndex) -> &MethodPlan {
        &self.methods[index.0 as usize]
    }

    /// The backend of an [`HttpPlan`].
    pub fn endpoint(&self, index: EndpointIndex) -> &Endpoint {
        &self.endpoints[index.0 as usize]
    }

    /// The function of a [`LambdaPlan`] or an [`AuthorizerPlan`].
    pub fn function(&self, index: FunctionIndex) -> &FunctionTarget {
        &self.functions[usize::from(index.0)]
    }

    /// The authorizer of an [`Access`].
    pub fn authorizer(&self, index: AuthorizerIndex) -> &AuthorizerPlan {
        &self.authorizers[usize::from(index.0)]
    }

    /// A stage variable by name, for templates.
    pub fn stage_variable(&self, name: &str) -> Option<&str> {
        let at = self.stage_variables.binary_search_by(|(key, _)| (**key).cmp(name)).ok()?;
        Some(&self.stage_variables[at].1)
    }
}

/// How exchanges of a stage are logged.
#[derive(Debug, Clone, PartialEq)]
pub struct AccessLogPlan {
    /// Parsed `$context` format.
    pub format: LogFormat,
    /// Whether the gateway's own access log has them.
    pub is_own: bool,
    /// The log group that has them, too: the stage's own destination.
    pub group: Option<Box<str>>,
}

/// What the execution log of a stage tells of a method's requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExecutionLog {
    /// `INFO`: every request; otherwise `ERROR`: those that fail, and why.
    pub is_info: bool,
    /// `dataTraceEnabled`: headers, parameters and bodies.
    pub has_data: bool,
}

/// Resource policy of a stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Policy {
    /// The API has none.
    None,
    /// The API has one and it is not evaluated yet: refuse every request
    /// ([`Failure::access_denied`]), because letting one through could be wrong.
    Unserved,
}

/// All that one method needs at request time.
#[derive(Debug)]
pub struct MethodPlan {
    /// Its own place in [`StagePlan::methods`]. In a canary, that of the stage's method with this path and verb, or
    /// [`MethodIndex::NONE`]: usage plans limit the stage's methods.
    pub index: MethodIndex,
    /// `$context.resourceId`.
    pub resource_id: Box<str>,
    /// `$context.resourcePath`, e.g. `/pets/{id}`.
    pub resource_path: Box<str>,
    /// The method as defined; `ANY` included.
    pub http_method: HttpMethod,
    /// Names of the path parameters, in the order of the spans in [`crate::PathParams`].
    pub path_params: Vec<Box<str>>,
    /// Who may call.
    pub access: Access,
    /// Whether a call needs an API key that is in a usage plan of the stage.
    pub api_key_required: bool,
    /// The method's limit on its stage. Kept over snapshots by API id, stage name, resource path and verb.
    pub throttle: Option<Throttle>,
    /// How responses are cached; `None` caches nothing. A stage without a cache has no such method.
    pub cache: Option<CachePlan>,
    /// Whether it has series of metrics of its own (`metricsEnabled`).
    pub has_metrics: bool,
    /// What is checked before the integration is called; `None` where nothing is.
    pub validation: Option<Box<Validation>>,
    /// What the execution log tells of its requests; `None` is nothing.
    pub execution_log: Option<ExecutionLog>,
    /// What answers.
    pub integration: IntegrationPlan,
    /// `operationName`, if set.
    pub operation_name: Option<Box<str>>,
}

/// Who may call a method. What is not served yet refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anybody.
    Open,
    /// `AWS_IAM`; not served yet.
    IamUnserved,
    /// Whom this Lambda authorizer allows.
    Authorizer(AuthorizerIndex),
    /// A Cognito authorizer, or one that is not there; not served yet.
    AuthorizerUnserved,
}

impl Access {
    /// The answer to every caller, or `None` when the call may go on or the authorizer is to be asked.
    pub fn refusal(self) -> Option<Failure> {
        match self {
            Self::Open | Self::Authorizer(_) => None,
            Self::IamUnserved => Some(Failure::missing_authentication_token()),
            Self::AuthorizerUnserved => Some(Failure::authorizer_configuration_error()),
        }
    }
}

/// What answers a request on a method.
#[derive(Debug)]
pub enum IntegrationPlan {
    /// `HTTP` and `HTTP_PROXY`.
    Http(Box<HttpPlan>),
    /// `MOCK`.
    Mock(Box<MockPlan>),
    /// `AWS_PROXY`, `AWS` with a function, and function URLs.
    Lambda(Box<LambdaPlan>),
    /// `AWS` with another service.
    Service(Box<ServicePlan>),
    /// The definition is valid for API Gateway, yet every request fails, e.g. with an invalid endpoint
    /// address or a forbidden header mapping.
    Misconfigured(Failure),
    /// A VPC link without a configured target, or what the definition says wrong:
    /// [`Failure::api_configuration_error`].
    Unserved,
}

/// One `HTTP` or `HTTP_PROXY` integration.
#[derive(Debug)]
pub struct HttpPlan {
    /// `HTTP_PROXY`: the request and the response pass through.
    pub proxy: bool,
    /// Where to connect.
    pub endpoint: EndpointIndex,
    /// Method of the backend request; `None` is the client's.
    pub method: Option<Box<[u8]>>,
    /// Path of the backend request, from its leading `/` up to the `?`.
    pub path: Vec<UriPart>,
    /// What the URI has after its `?`; empty without one. Mapped queries follow it.
    pub query: Vec<UriPart>,
    /// `Host` of the backend request: `host` or `host:port`, a default port left out.
    pub host_header: Box<[u8]>,
    /// Mapped headers; names that are silently dropped are already gone.
    pub headers: Vec<HeaderMapping>,
    /// Mapped query parameters, after those of [`HttpPlan::query`].
    pub queries: Vec<QueryMapping>,
    /// From the first byte sent to the last byte received.
    pub timeout_ms: u32,
    /// Request templates with the passthrough behaviour; empty for a proxy.
    pub request_templates: RequestTemplates,
    /// Integration responses; without any for a proxy, which never asks.
    pub responses: Responses,
    /// A mapping or the cache key reads the request body, so that it must be whole before the backend is
    /// called.
    pub needs_request_body: bool,
    /// A mapping reads the response body, so that it must be whole before the client is answered.
    pub needs_response_body: bool,
    /// A header mapping names `Content-Type`, so that the client's is not copied.
    pub maps_content_type: bool,
    /// A header mapping names `Accept`, so that `application/json` is not the default.
    pub maps_accept: bool,
    /// A header mapping names `User-Agent`.
    pub maps_user_agent: bool,
    /// A header mapping names `Host`, which then replaces [`HttpPlan::host_header`].
    pub maps_host: bool,
}

/// One `MOCK` integration.
#[derive(Debug)]
pub struct MockPlan {
    /// Request templates; of literals the status they name is read already.
    pub templates: MockTemplates,
    /// `contentHandling`: how the request's body is converted before a template sees it.
    pub content_handling: Option<ContentHandling>,
    /// Integration responses.
    pub responses: Responses,
    /// A mapping or the cache key reads the request body. `MOCK` also needs it when [`MockTemplates`] pass it through.
    pub needs_request_body: bool,
}

/// A piece of a backend URI.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UriPart {
    /// Copied as it is.
    Literal(Box<[u8]>),
    /// The value of an `integration.request.path` mapping.
    Value {
        /// Where the value comes from.
        source: Source,
        /// `{name}` with its braces: stays when the source is missing at run time, and no template overrides
        /// the parameter.
        name: Box<[u8]>,
    },
}

/// A header that a mapping produces: for the backend, or for the client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeaderMapping {
    /// Name on the wire, remapped already where the target demands it.
    pub name: Box<[u8]>,
    /// Where the value comes from; a missing or empty value omits the header.
    pub source: Source,
}

/// A query parameter that a mapping adds to the backend URI.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueryMapping {
    /// Name, percent-encoded.
    pub name: Box<[u8]>,
    /// Where the value comes from; a missing or empty value omits the parameter.
    pub source: Source,
}

/// A backend: what to connect to, and as whom. Two equal endpoints share upstream connections.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Endpoint {
    /// HTTPS.
    pub tls: bool,
    /// Name or address to connect to; an IPv6 address without its brackets.
    pub host: Box<str>,
    /// Port to connect to.
    pub port: u16,
    /// Name for SNI and certificate checks: the URI's host, also behind a VPC link.
    pub server_name: Box<str>,
    /// `tlsConfig.insecureSkipVerification`.
    pub insecure_skip_verification: bool,
}
