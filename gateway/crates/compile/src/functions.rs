//! Lambda functions as integrations and authorizers see them.

use std::path::PathBuf;
use std::sync::Arc;

use gateway_auth::decisions::DecisionCache;

use crate::plan::{EndpointIndex, HeaderMapping};
use crate::responses::Responses;
use crate::source::Source;
use crate::templates::RequestTemplates;

/// Variables that a function cannot set. Source: Lambda Developer Guide, "Using Lambda environment variables", "Reserved
/// environment variables".
pub const RESERVED_VARIABLES: [&str; 18] = [
    "AWS_ACCESS_KEY",
    "AWS_ACCESS_KEY_ID",
    "AWS_DEFAULT_REGION",
    "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_INITIALIZATION_TYPE",
    "AWS_LAMBDA_LOG_GROUP_NAME",
    "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_LAMBDA_RUNTIME_API",
    "AWS_REGION",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "LAMBDA_RUNTIME_DIR",
    "LAMBDA_TASK_ROOT",
    "_HANDLER",
    "_X_AMZN_TRACE_ID",
];

/// Names a function that a stage invokes: an index into [`crate::StagePlan::functions`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FunctionIndex(pub u16);

/// A function that a stage invokes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FunctionTarget {
    /// It runs here. The same object in all snapshots and stages, as long as nothing of it changes.
    Local(Arc<FunctionPlan>),
    /// Somebody else runs it, who speaks Lambda's `Invoke`.
    Remote(RemoteFunction),
    /// Nobody does: no such function is defined, or it cannot run here, and no endpoint is configured.
    Missing,
}

/// A function that runs here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionPlan {
    /// `AWS_LAMBDA_FUNCTION_NAME`.
    pub name: Box<str>,
    /// `AWS_LAMBDA_FUNCTION_VERSION`: the number that it was published with, or `$LATEST`.
    pub version: Box<str>,
    /// With the number of a version.
    pub arn: Box<str>,
    /// Its region.
    pub region: Box<str>,
    /// How it is started.
    pub runtime: Runtime,
    /// `_HANDLER`.
    pub handler: Box<str>,
    /// What it runs.
    pub code: Code,
    /// Environment variables of its own.
    pub environment: Vec<(Box<str>, Box<str>)>,
    /// How long an invocation may take.
    pub timeout_ms: u32,
    /// Its memory in MiB.
    pub memory_mb: u32,
    /// `ReservedConcurrentExecutions`; `None` leaves it to the operator's setting.
    pub reserved_concurrency: Option<u32>,
}

impl FunctionPlan {
    /// The key in [`crate::Snapshot::functions`] of the function as it is now, or as it was published.
    pub fn key(name: &str, version: Option<&str>) -> String {
        match version {
            None => name.to_owned(),
            Some(version) => format!("{name}:{version}"),
        }
    }
}

/// How a function is started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Runtime {
    /// `provided*`: the code's own `bootstrap`.
    Provided,
    /// `python3.*`, by that version where it is installed.
    Python {
        /// E.g. `3.12`.
        version: Box<str>,
    },
    /// `nodejs*`.
    NodeJs {
        /// E.g. `20`.
        version: Box<str>,
    },
}

/// Where a function's code is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Code {
    /// One file's text, named after the handler's module (`index` where CloudFormation says so).
    Inline(Box<str>),
    /// A directory or a zip file. The fingerprint changes when the code does.
    Path {
        /// Absolute.
        path: PathBuf,
        /// Of the files' names, sizes and times.
        fingerprint: u64,
    },
}

/// A function that somebody else runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteFunction {
    /// Where to connect.
    pub endpoint: EndpointIndex,
    /// Of the request: `/2015-03-31/functions/…/invocations`, percent-encoded, behind the endpoint's own path.
    pub path: Box<str>,
    /// `Host`.
    pub host_header: Box<[u8]>,
    /// For the signature's scope.
    pub region: Box<str>,
}

/// One `AWS_PROXY` integration, or one `AWS` integration with a function.
#[derive(Debug)]
pub struct LambdaPlan {
    /// What it invokes.
    pub function: FunctionIndex,
    /// From the invocation to its result.
    pub timeout_ms: u32,
    /// How requests become events, and results responses.
    pub mapping: LambdaMapping,
}

/// How requests become events, and results responses.
#[derive(Debug)]
pub enum LambdaMapping {
    /// `AWS_PROXY`: payload format 1.0.
    Proxy,
    /// `AWS`: the body is the event.
    Custom(Box<CustomMapping>),
    /// A function URL: payload format 2.0.
    Url,
}

/// What a stage that is a function URL has of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionUrlPlan {
    /// Who may call it.
    pub access: FunctionUrlAccess,
    /// What pages of other origins may do with it.
    pub cors: Option<FunctionUrlCorsPlan>,
}

/// Who may call a function URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FunctionUrlAccess {
    /// Everybody: a permission of the function says so.
    Open,
    /// Nobody: no permission of the function lets everybody call.
    NotPermitted,
    /// `AWS_IAM`; not served yet.
    IamUnserved,
}

/// `Cors` of a function URL, ready to be written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FunctionUrlCorsPlan {
    /// The origins that may; `*` is any.
    pub allow_origins: Vec<Box<[u8]>>,
    /// `Access-Control-Allow-Credentials`
    pub allow_credentials: bool,
    /// `Access-Control-Allow-Headers`
    pub allow_headers: Box<[u8]>,
    /// `Access-Control-Allow-Methods`
    pub allow_methods: Box<[u8]>,
    /// `Access-Control-Expose-Headers`
    pub expose_headers: Box<[u8]>,
    /// `Access-Control-Max-Age`
    pub max_age: Box<[u8]>,
}

impl FunctionUrlCorsPlan {
    /// Whether pages of this origin may, and what they are told: the origin itself, or `*`.
    pub fn allowed<'o>(&self, origin: &'o [u8]) -> Option<&'o [u8]> {
        let is_any = self.allow_origins.iter().any(|known| **known == *b"*");
        if is_any && !self.allow_credentials {
            return Some(b"*");
        }
        let mut origins = self.allow_origins.iter();
        let is_allowed = is_any || origins.any(|known| known.eq_ignore_ascii_case(origin));
        is_allowed.then_some(origin)
    }
}

/// The mapping of an `AWS` integration with a function.
#[derive(Debug)]
pub struct CustomMapping {
    /// Request templates with the passthrough behaviour.
    pub request_templates: RequestTemplates,
    /// Mapped headers; only what `Invoke` knows has an effect: `X-Amz-Invocation-Type`.
    pub headers: Vec<HeaderMapping>,
    /// Integration responses, selected by [`Responses::select_error`].
    pub responses: Responses,
    /// A mapping or the cache key reads the request body.
    pub needs_request_body: bool,
}

/// Names an authorizer of a stage: an index into [`crate::StagePlan::authorizers`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AuthorizerIndex(pub u16);

/// A Lambda authorizer.
#[derive(Debug)]
pub struct AuthorizerPlan {
    /// Its id.
    pub id: Box<str>,
    /// Its name, for logs.
    pub name: Box<str>,
    /// What it sees, and who is asked at all.
    pub identity: Identity,
    /// What it invokes.
    pub function: FunctionIndex,
    /// How long a decision is kept; 0 keeps none.
    pub ttl_ms: u64,
    /// Decisions that are kept. The same object over snapshots while id, stage, kind, identity sources, function and
    /// TTL stay what they were; the function with all that it is started from. A canary has its own, because its
    /// stage variables may name another function.
    pub decisions: Arc<DecisionCache>,
}

/// What identifies the caller to an authorizer.
#[derive(Debug, PartialEq)]
pub enum Identity {
    /// `TOKEN`: one header.
    Token {
        /// Its name, as written; compared without case.
        header: Box<[u8]>,
        /// What the whole value must match.
        validation: Option<TokenPattern>,
    },
    /// `REQUEST`: all of these; each must be there and not empty. Without any, the function is always asked.
    Request(Vec<Source>),
}

/// `identityValidationExpression`. Matched whole, in linear time.
#[derive(Debug, Clone)]
pub struct TokenPattern(pub(crate) regex::Regex);

impl TokenPattern {
    /// Whether the whole token matches.
    pub fn matches(&self, token: &str) -> bool {
        self.0.is_match(token)
    }
}

/// `binaryMediaTypes` of an API.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BinaryMediaTypes(pub(crate) Vec<Box<str>>);
