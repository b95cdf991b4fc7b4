//! What an API is: pure data, no I/O, no wire formats.
//!
//! The names are API Gateway's. A value of these types came through a parser, so it cannot hold an
//! unknown method, status or integration type; what it *can* still hold is text that a later step
//! compiles (templates, mapping expressions, URIs), and that text carries its [`Place`].
//!
//! **Architecture invariant:** nothing here derives `Serialize`; `control` and `store` own twins.
#![forbid(unsafe_code)]

mod authorizer;
mod closed;
mod definitions;
mod domain;
mod function;
mod gateway_response;
mod http;
mod id;
mod integration;
mod json;
pub mod limits;
mod method;
mod path;
mod place;
mod rest_api;
mod shared;
mod stage;
mod usage;

pub use authorizer::{Authorizer, AuthorizerType};
pub use closed::UnknownName;
pub use definitions::{Account, Definitions, Output};
pub use domain::{
    BasePathMapping, ClientCertificate, DomainName, DomainNameAccessAssociation, DomainNameKind,
    MutualTlsAuthentication, RoutingMode, VpcLink,
};
pub use function::{
    Function, FunctionCode, FunctionPermission, FunctionQualifier, FunctionUrl, FunctionUrlAuth,
    FunctionUrlCors, FunctionUrlInvokeMode,
};
pub use gateway_response::{GatewayResponse, GatewayResponseType};
pub use http::{HttpMethod, InvalidStatusCode, StatusCode};
pub use id::{
    ApiKeyId, AuthorizerId, BasePathMappingId, ClientCertificateId, DeploymentId,
    DocumentationPartId, InvalidStageName, ModelId, RequestValidatorId, ResourceId, RestApiId,
    StageName, UsagePlanId, VpcLinkId,
};
pub use integration::{
    ConnectionType, ContentHandling, Integration, IntegrationResponse, IntegrationType,
    ParameterMapping, PassthroughBehavior, ResponseTransferMode, Template,
};
pub use json::Json;
pub use method::{AuthorizationType, Method, MethodResponse};
pub use path::{InvalidPathPart, PathPart};
pub use place::{Diagnostic, Place, Severity, Spanned};
pub use rest_api::{
    ApiKeySource, DocumentationLocation, DocumentationPart, DocumentationPartType,
    DocumentationVersion, EndpointConfiguration, EndpointType, ImportMode, ImportSource, Model,
    RequestValidator, Resource, RestApi, S3Location,
};
pub use shared::Shared;
pub use stage::{
    AccessLogSetting, CacheCluster, CanaryError, CanaryPatch, CanarySetting, Deployment,
    LoggingLevel, MethodSetting, MethodSettingKey, Stage, UnauthorizedCacheControlHeaderStrategy,
};
pub use usage::{
    ApiKey, ApiStage, ImportedKey, ImportedKeys, ImportedKeysFull, QuotaPeriod, QuotaSettings,
    StageKey, ThrottleSettings, UsagePlan, UsagePlanKey,
};
