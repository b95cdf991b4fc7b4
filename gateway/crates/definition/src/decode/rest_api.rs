//! `RestApi`, `Resource`, and what describes or guards them.

use super::import::Source;
use super::object::Object;
use super::{Context, Part, Piece, ResourcePart};
use gateway_model::{
    ApiKeySource, Authorizer, AuthorizerId, AuthorizerType, DocumentationLocation,
    DocumentationPart, DocumentationPartId, DocumentationPartType, DocumentationVersion,
    EndpointConfiguration, EndpointType, GatewayResponse, GatewayResponseType, Model, ModelId,
    PathPart, RequestValidator, RequestValidatorId, ResourceId, RestApi, RestApiId, StatusCode,
};

pub(super) fn rest_api(object: &mut Object<'_>, context: &Context<'_>) -> Option<Piece> {
    let id = RestApiId::new(&context.identity.reference);
    let root = ResourceId::new(&context.root);
    let name = object.plain_text("Name");
    let import = Source::read(object, context);
    let clone_from = object.text("CloneFrom");
    if name.is_none() && import.is_none() && clone_from.is_none() {
        object.require("Name");
    }
    let mut api = RestApi::new(id, name.as_deref().unwrap_or_default(), root, object.place());
    context.logical_id.clone_into(&mut api.logical_id);
    api.clone_from = clone_from;
    api.description = object.plain_text("Description");
    api.version = object.plain_text("Version");
    let source = object.word("ApiKeySourceType", ApiKeySource::parse);
    api.api_key_source = source.unwrap_or(ApiKeySource::Header);
    api.binary_media_types = object.plain_texts("BinaryMediaTypes");
    for media_type in &mut api.binary_media_types {
        *media_type = media_type.replace("~1", "/");
    }
    api.minimum_compression_size = minimum_compression_size(object);
    api.endpoint = endpoint_configuration(object);
    api.disable_execute_api_endpoint = object.boolean("DisableExecuteApiEndpoint").unwrap_or(false);
    api.policy = object.json("Policy");
    api.security_policy = object.plain_text("SecurityPolicy");
    api.endpoint_access_mode = object.plain_text("EndpointAccessMode");
    api.tags = object.tags("Tags");
    if let Some(import) = import {
        import.import(&mut api, context);
    }
    if api.name.is_empty() {
        context.logical_id.clone_into(&mut api.name);
    }
    Some(Piece::RestApi(Box::new(api)))
}

/// Source: RestApi, "between 0 and 10485760 (10M bytes, inclusive)".
fn minimum_compression_size(object: &mut Object<'_>) -> Option<u32> {
    const BYTES_MAX: u32 = 10_485_760;
    let size: Option<u32> = object.integer("MinimumCompressionSize");
    if size.is_some_and(|size| size > BYTES_MAX) {
        let place = object.place_of("MinimumCompressionSize");
        object.error(&place, "Invalid minimum compression size, must be between 0 and 10485760");
        return None;
    }
    size
}

/// `EndpointConfiguration`, of APIs and of domain names.
pub(super) fn endpoint_configuration(object: &mut Object<'_>) -> EndpointConfiguration {
    let Some(mut endpoint) = object.object("EndpointConfiguration") else {
        return EndpointConfiguration::default();
    };
    let mut types = Vec::new();
    for text in endpoint.texts("Types") {
        match EndpointType::parse(&text.value) {
            Ok(endpoint_type) => types.push(endpoint_type),
            Err(_) => endpoint.error(
                &text.place,
                "Invalid EndpointTypes specified. Valid options are REGIONAL,EDGE,PRIVATE",
            ),
        }
    }
    let read = EndpointConfiguration {
        types,
        ip_address_type: endpoint.plain_text("IpAddressType"),
        vpc_endpoint_ids: endpoint.plain_texts("VpcEndpointIds"),
    };
    endpoint.finish();
    read
}

pub(super) fn resource(object: &mut Object<'_>, context: &Context<'_>) -> Option<Piece> {
    let api = object.required_text("RestApiId");
    let parent = object.required_text("ParentId");
    let part = object.required_text("PathPart")?;
    let path_part = match PathPart::parse(&part.value) {
        Ok(path_part) => path_part,
        Err(error) => {
            object.error(&part.place, error.to_string());
            return None;
        }
    };
    let id = ResourceId::new(&context.identity.reference);
    let resource = ResourcePart { id, parent: parent?, path_part, place: object.place() };
    Some(Piece::Part(api?, Part::Resource(resource)))
}

pub(super) fn authorizer(object: &mut Object<'_>, context: &Context<'_>) -> Option<Piece> {
    let api = object.required_text("RestApiId");
    let name = object.required_text("Name");
    let kind = object.word("Type", AuthorizerType::parse);
    object.require("Type");
    let authorizer = Authorizer {
        id: AuthorizerId::new(&context.identity.reference),
        name: name.map(|name| name.value).unwrap_or_default(),
        kind: kind.unwrap_or(AuthorizerType::Token),
        provider_arns: object.plain_texts("ProviderARNs"),
        auth_type: object.plain_text("AuthType"),
        authorizer_uri: object.text("AuthorizerUri"),
        authorizer_credentials: object.plain_text("AuthorizerCredentials"),
        identity_source: object.text("IdentitySource"),
        identity_validation_expression: object.text("IdentityValidationExpression"),
        result_ttl_seconds: object.integer("AuthorizerResultTtlInSeconds"),
        place: object.place(),
    };
    Some(Piece::Part(api?, Part::Authorizer(authorizer)))
}

pub(super) fn gateway_response(object: &mut Object<'_>, _: &Context<'_>) -> Option<Piece> {
    let api = object.required_text("RestApiId");
    let response_type = object.word("ResponseType", GatewayResponseType::parse);
    object.require("ResponseType");
    let status_code = status_code(object, "StatusCode");
    let response_parameters = object.mappings("ResponseParameters");
    let response_templates = object.templates("ResponseTemplates");
    let response = GatewayResponse {
        response_type: response_type?,
        status_code,
        response_parameters,
        response_templates,
        place: object.place(),
    };
    Some(Piece::Part(api?, Part::GatewayResponse(response)))
}

/// A property that is a status code.
pub(super) fn status_code(object: &mut Object<'_>, name: &'static str) -> Option<StatusCode> {
    let text = object.text(name)?;
    match StatusCode::parse(&text.value) {
        Ok(code) => Some(code),
        Err(error) => {
            object.error(&text.place, format!("property \"{name}\": {error}"));
            None
        }
    }
}

pub(super) fn model(object: &mut Object<'_>, context: &Context<'_>) -> Option<Piece> {
    let api = object.required_text("RestApiId");
    let name = &context.identity.reference;
    if let Some(text) = object.text("Name")
        && (text.value.is_empty() || !text.value.bytes().all(|b| b.is_ascii_alphanumeric()))
    {
        object.error(&text.place, format!("Model name must be alphanumeric: {}", text.value));
    }
    let model = Model {
        id: ModelId::new(name),
        name: name.clone(),
        content_type: object
            .plain_text("ContentType")
            .unwrap_or_else(|| "application/json".to_owned()),
        description: object.plain_text("Description"),
        schema: object.json("Schema"),
        place: object.place(),
    };
    Some(Piece::Part(api?, Part::Model(model)))
}

pub(super) fn request_validator(object: &mut Object<'_>, context: &Context<'_>) -> Option<Piece> {
    let api = object.required_text("RestApiId");
    let validator = RequestValidator {
        id: RequestValidatorId::new(&context.identity.reference),
        name: object.plain_text("Name"),
        validate_request_body: object.boolean("ValidateRequestBody").unwrap_or(false),
        validate_request_parameters: object.boolean("ValidateRequestParameters").unwrap_or(false),
        place: object.place(),
    };
    Some(Piece::Part(api?, Part::RequestValidator(validator)))
}

pub(super) fn documentation_part(object: &mut Object<'_>, context: &Context<'_>) -> Option<Piece> {
    let api = object.required_text("RestApiId");
    let properties = object.required_text("Properties");
    let location = object.object("Location").map(|mut location| {
        let read = DocumentationLocation {
            kind: location.word("Type", DocumentationPartType::parse),
            path: location.plain_text("Path"),
            method: location.plain_text("Method"),
            status_code: location.plain_text("StatusCode"),
            name: location.plain_text("Name"),
        };
        location.finish();
        read
    });
    object.require("Location");
    let part = DocumentationPart {
        id: DocumentationPartId::new(&context.identity.reference),
        location: location?,
        properties: properties?.value,
        place: object.place(),
    };
    Some(Piece::Part(api?, Part::DocumentationPart(part)))
}

pub(super) fn documentation_version(object: &mut Object<'_>, _: &Context<'_>) -> Option<Piece> {
    let api = object.required_text("RestApiId");
    let version = object.required_text("DocumentationVersion");
    let description = object.plain_text("Description");
    let version =
        DocumentationVersion { version: version?.value, description, place: object.place() };
    Some(Piece::Part(api?, Part::DocumentationVersion(version)))
}
