//! Model to [`Snapshot`]: everything that can fail, fails here.
//!
//! [`compile`] takes what people wrote ([`gateway_model::Definitions`]) and yields what a shard runs: one
//! immutable [`Snapshot`] of [`StagePlan`]s behind a [`HostTable`]. It resolves every reference, builds the
//! routing tries, parses mapping expressions and templates, prepares selection tables and gateway
//! responses, and reports *all* problems with their place. After it nothing is looked up by name in a map
//! and nothing can be missing.
//!
//! # A map of the crate
//!
//! | module | holds |
//! | --- | --- |
//! | [`plan`] | the types the data plane executes |
//! | [`usage`] | API keys, usage plans, and what each key has of them |
//! | [`caching`] | which responses are cached, and under which key |
//! | [`surroundings`] | what is remembered from before: used quotas, keys of files |
//! | [`hosts`] | host and path → stage |
//! | [`routes`] | path and method → method |
//! | [`source`], [`body_path`] | where a mapped value comes from |
//! | [`templates`], [`responses`], [`mock`] | template choice, integration response selection, MOCK |
//! | [`functions`] | Lambda functions, integrations with them, authorizers |
//! | [`arn`] | which function, or which call of a service, a URI names |
//! | [`service`] | integrations with AWS services, and where those are |
//! | [`validators`], [`models`] | what a request must have, and the schemas of bodies |
//! | [`failure`], [`gateway_responses`] | every answer the gateway makes up itself |
//! | [`headers`] | which header names are forbidden, dropped or remapped |
//! | [`limits`] | every bound, with its source |
//!
//! # Invariants worth naming
//!
//! - An index in a plan (`MethodIndex`, `EndpointIndex`, a path parameter's number) is in range.
//! - [`HostTable::resolve`], [`Routes::find`] and every `select` allocate nothing and format nothing.
//! - What is not served yet fails closed: the plan says so in its types and the request is refused.
//! - A definition with an error yields no snapshot at all, so it changes nothing.
//! - Compiling changes nothing that a snapshot in use shares; [`Snapshot::activate`] does.
//! - What counts or limits (buckets, used quotas, caches, splits) keeps its identity over snapshots, by
//!   what it belongs to; a reload gives nobody new tokens.
#![forbid(unsafe_code)]

pub mod arn;
mod binary;
pub mod body_path;
pub mod caching;
mod changes;
mod compiler;
pub mod expression;
pub mod failure;
pub mod functions;
pub mod gateway_responses;
pub mod headers;
pub mod hosts;
pub mod limits;
pub mod mock;
pub mod models;
mod pattern;
pub mod plan;
pub mod responses;
pub mod routes;
pub mod service;
pub mod source;
pub mod surroundings;
pub mod templates;
pub mod uri;
pub mod usage;
pub mod validators;

pub use caching::{CachePlan, Invalidation, StageCache};
pub use compiler::{
    CompileOptions, Compiled, VpcLinkTarget, compile, compile_with, is_context_variable,
};
pub use failure::{FORBIDDEN, Failure, Message, UNKNOWN_FUNCTION_URL};
pub use functions::{
    AuthorizerIndex, AuthorizerPlan, BinaryMediaTypes, Code, CustomMapping, FunctionIndex,
    FunctionPlan, FunctionTarget, FunctionUrlAccess, FunctionUrlCorsPlan, FunctionUrlPlan,
    Identity, LambdaMapping, LambdaPlan, RESERVED_VARIABLES, RemoteFunction, Runtime, TokenPattern,
};
pub use gateway_responses::GatewayResponses;
pub use hosts::HostTable;
pub use models::{ModelSchema, check_model};
pub use plan::{
    Access, AccessLogPlan, Canary, Endpoint, EndpointIndex, ExecutionLog, HttpPlan,
    IntegrationPlan, MethodIndex, MethodPlan, MockPlan, Policy, Snapshot, StageIndex, StagePlan,
};
pub use routes::{PathParams, RequestMethod, Routes};
pub use service::{AwsEndpoints, JsonAction, PathStyle, ServicePlan};
pub use source::Source;
pub use surroundings::{Records, Surroundings};
pub use usage::{Admission, DirtySet, Member, Memberships, PlanStage, UsagePlan, UsagePlans};
pub use validators::{RequiredParameter, Validation};

pub use gateway_model::{ApiKeySource, ContentHandling, GatewayResponseType, IntegrationType};
pub use gateway_telemetry::{LogFormat, Variable};
