//! Evaluated properties to typed pieces, one file for each group of resource types.

mod domain;
mod function;
mod import;
mod method;
mod object;
mod rest_api;
mod stage;
mod usage;

use crate::Options;
use crate::identity::Identity;
use crate::node::Node;
use crate::report::Report;
use gateway_model::{
    Account, ApiKey, Authorizer, BasePathMapping, ClientCertificate, Deployment, DocumentationPart,
    DocumentationVersion, DomainName, DomainNameAccessAssociation, Function, FunctionPermission,
    FunctionQualifier, FunctionUrl, GatewayResponse, Method, Model, PathPart, Place,
    RequestValidator, ResourceId, RestApi, Spanned, Stage, UsagePlan, UsagePlanKey, VpcLink,
};
use object::Object;

pub(crate) use object::json_of;
use std::cell::RefCell;
use std::path::PathBuf;

/// What one resource of a template says, before it is joined with the others.
#[derive(Debug)]
pub(crate) enum Piece {
    Account(Account),
    ApiKey(ApiKey),
    BasePathMapping(BasePathMapping),
    ClientCertificate(ClientCertificate),
    DomainName(DomainName),
    DomainNameAccessAssociation(DomainNameAccessAssociation),
    /// A function, with what is published along with it.
    Function(Box<Function>, Vec<FunctionQualifier>),
    FunctionPermission(FunctionPermission),
    FunctionQualifier(FunctionQualifier),
    FunctionUrl(FunctionUrl),
    RestApi(Box<RestApi>),
    UsagePlan(UsagePlan),
    UsagePlanKey(UsagePlanKey),
    VpcLink(VpcLink),
    /// Something that belongs to the REST API of this id.
    Part(Spanned<String>, Part),
}

/// What belongs to a REST API.
#[derive(Debug)]
pub(crate) enum Part {
    Authorizer(Authorizer),
    /// A deployment, and the stage that it makes.
    Deployment(Deployment, Option<Box<Stage>>),
    DocumentationPart(DocumentationPart),
    DocumentationVersion(DocumentationVersion),
    GatewayResponse(GatewayResponse),
    Method(Spanned<String>, Box<Method>),
    Model(Model),
    RequestValidator(RequestValidator),
    Resource(ResourcePart),
    Stage(Box<Stage>),
}

/// A resource whose parent has not been looked up.
#[derive(Debug)]
pub(crate) struct ResourcePart {
    pub(crate) id: ResourceId,
    pub(crate) parent: Spanned<String>,
    pub(crate) path_part: PathPart,
    pub(crate) place: Place,
}

/// What a decoder knows besides the properties.
pub(crate) struct Context<'c> {
    pub(crate) logical_id: &'c str,
    /// Where the resource was written.
    pub(crate) place: &'c Place,
    pub(crate) identity: &'c Identity,
    /// The root resource's id, for a REST API.
    pub(crate) root: String,
    pub(crate) metadata: Option<&'c Node>,
    /// The stack's name.
    pub(crate) stack: &'c str,
    pub(crate) options: &'c Options,
    /// Files that were read besides the definitions.
    pub(crate) documents: &'c RefCell<Vec<PathBuf>>,
    pub(crate) report: &'c Report,
}

/// The types that [`decode`] reads.
pub(crate) const TYPES: [&str; 28] = [
    "AWS::ApiGateway::Account",
    "AWS::ApiGateway::ApiKey",
    "AWS::ApiGateway::Authorizer",
    "AWS::ApiGateway::BasePathMapping",
    "AWS::ApiGateway::BasePathMappingV2",
    "AWS::ApiGateway::ClientCertificate",
    "AWS::ApiGateway::Deployment",
    "AWS::ApiGateway::DocumentationPart",
    "AWS::ApiGateway::DocumentationVersion",
    "AWS::ApiGateway::DomainName",
    "AWS::ApiGateway::DomainNameAccessAssociation",
    "AWS::ApiGateway::DomainNameV2",
    "AWS::ApiGateway::GatewayResponse",
    "AWS::ApiGateway::Method",
    "AWS::ApiGateway::Model",
    "AWS::ApiGateway::RequestValidator",
    "AWS::ApiGateway::Resource",
    "AWS::ApiGateway::RestApi",
    "AWS::ApiGateway::Stage",
    "AWS::ApiGateway::UsagePlan",
    "AWS::ApiGateway::UsagePlanKey",
    "AWS::ApiGateway::VpcLink",
    "AWS::Lambda::Alias",
    "AWS::Lambda::Function",
    "AWS::Lambda::Permission",
    "AWS::Lambda::Url",
    "AWS::Lambda::Version",
    SERVERLESS_FUNCTION,
];

/// The one type of the SAM transform that is read.
pub(crate) const SERVERLESS_FUNCTION: &str = "AWS::Serverless::Function";

/// Decodes one resource. `None` when something that it cannot do without is missing or wrong, which
/// has been reported.
pub(crate) fn decode(type_name: &str, properties: &Node, context: &Context<'_>) -> Option<Piece> {
    let mut object = Object::new(type_name, context.place, properties.members(), context.report);
    let decoder = match type_name.strip_prefix("AWS::ApiGateway::").unwrap_or(type_name) {
        "Account" => usage::account,
        "ApiKey" => usage::api_key,
        "Authorizer" => rest_api::authorizer,
        "BasePathMapping" => domain::base_path_mapping,
        "BasePathMappingV2" => domain::base_path_mapping_v2,
        "ClientCertificate" => domain::client_certificate,
        "Deployment" => stage::deployment,
        "DocumentationPart" => rest_api::documentation_part,
        "DocumentationVersion" => rest_api::documentation_version,
        "DomainName" => domain::domain_name,
        "DomainNameAccessAssociation" => domain::access_association,
        "DomainNameV2" => domain::domain_name_v2,
        "GatewayResponse" => rest_api::gateway_response,
        "Method" => method::method,
        "Model" => rest_api::model,
        "RequestValidator" => rest_api::request_validator,
        "Resource" => rest_api::resource,
        "RestApi" => rest_api::rest_api,
        "Stage" => stage::stage,
        "UsagePlan" => usage::usage_plan,
        "UsagePlanKey" => usage::usage_plan_key,
        "VpcLink" => domain::vpc_link,
        "AWS::Lambda::Alias" => function::alias,
        "AWS::Lambda::Function" => function::function,
        "AWS::Lambda::Permission" => function::permission,
        "AWS::Lambda::Url" => function::url,
        "AWS::Lambda::Version" => function::version,
        SERVERLESS_FUNCTION => function::serverless_function,
        _ => return None,
    };
    let piece = decoder(&mut object, context);
    object.finish();
    piece
}
