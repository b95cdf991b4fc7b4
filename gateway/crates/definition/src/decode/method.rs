//! `Method` and its integration.

use super::object::Object;
use super::rest_api::status_code;
use super::{Context, Part, Piece};
use gateway_model::{
    AuthorizationType, AuthorizerId, ConnectionType, ContentHandling, HttpMethod, Integration,
    IntegrationResponse, IntegrationType, Method, MethodResponse, PassthroughBehavior,
    RequestValidatorId, ResponseTransferMode, StatusCode,
};
use std::collections::BTreeMap;

pub(super) fn method(object: &mut Object<'_>, _: &Context<'_>) -> Option<Piece> {
    let api = object.required_text("RestApiId");
    let resource = object.required_text("ResourceId");
    let http_method = object.required_text("HttpMethod").and_then(|text| {
        let parsed = HttpMethod::parse(&text.value).ok();
        if parsed.is_none() {
            object.error(
                &text.place,
                "Invalid HttpMethod specified. Valid options are GET,PUT,POST,DELETE,PATCH,OPTIONS,HEAD,ANY",
            );
        }
        parsed
    });
    let mut method = Method::new(http_method.unwrap_or(HttpMethod::Any), object.place());
    let authorization_type = object.word("AuthorizationType", AuthorizationType::parse);
    method.authorization_place = object.place_of("AuthorizationType");
    method.authorization_type = authorization_type.unwrap_or(AuthorizationType::None);
    method.authorizer_id = object.text("AuthorizerId").map(|id| AuthorizerId::new(&id.value));
    let is_known = authorization_type.is_some() || object.is_absent("AuthorizationType");
    if is_known {
        check_authorizer(object, &method);
    }
    method.authorization_scopes = object.plain_texts("AuthorizationScopes");
    method.api_key_required = object.boolean("ApiKeyRequired").unwrap_or(false);
    method.operation_name = object.plain_text("OperationName");
    method.request_parameters = object.boolean_map("RequestParameters");
    method.request_models = object.text_map("RequestModels");
    method.request_validator_id =
        object.text("RequestValidatorId").map(|id| RequestValidatorId::new(&id.value));
    method.integration = object.object("Integration").and_then(integration);
    method.method_responses = method_responses(object);
    http_method?;
    Some(Piece::Part(api?, Part::Method(resource?, Box::new(method))))
}

fn check_authorizer(object: &Object<'_>, method: &Method) {
    let needs_authorizer = matches!(
        method.authorization_type,
        AuthorizationType::Custom | AuthorizationType::CognitoUserPools
    );
    if method.authorizer_id.is_some() && !needs_authorizer {
        let place = object.place_of("AuthorizerId");
        object.error(&place, "AuthorizerId needs AuthorizationType CUSTOM or COGNITO_USER_POOLS");
    }
}

fn integration(mut object: Object<'_>) -> Option<Integration> {
    let kind = object.word("Type", IntegrationType::parse);
    object.require("Type");
    let mut integration = Integration::new(kind.unwrap_or(IntegrationType::Mock), object.place());
    integration.http_method = object.text("IntegrationHttpMethod");
    integration.uri = object.text("Uri");
    integration.connection_type = object.word("ConnectionType", ConnectionType::parse);
    integration.connection_id = object.text("ConnectionId");
    integration.credentials = object.text("Credentials");
    integration.timeout_ms = object.integer("TimeoutInMillis");
    integration.request_parameters = object.mappings("RequestParameters");
    integration.request_templates = object.templates("RequestTemplates");
    integration.passthrough_behavior =
        object.word("PassthroughBehavior", PassthroughBehavior::parse);
    integration.content_handling = object.word("ContentHandling", ContentHandling::parse);
    integration.cache_namespace = object.plain_text("CacheNamespace");
    integration.cache_key_parameters = object.texts("CacheKeyParameters");
    integration.integration_target = object.text("IntegrationTarget");
    integration.response_transfer_mode =
        object.word("ResponseTransferMode", ResponseTransferMode::parse);
    if let Some(mut tls) = object.object("TlsConfig") {
        let insecure = tls.boolean("InsecureSkipVerification");
        integration.insecure_skip_verification = insecure.unwrap_or(false);
        tls.finish();
    }
    let responses = object.objects("IntegrationResponses");
    integration.integration_responses =
        responses.into_iter().filter_map(integration_response).collect();
    object.finish();
    kind.map(|_| integration)
}

fn integration_response(mut object: Object<'_>) -> Option<IntegrationResponse> {
    let code = status_code(&mut object, "StatusCode");
    object.require("StatusCode");
    let response = IntegrationResponse {
        status_code: code.unwrap_or_else(ok),
        selection_pattern: object.text("SelectionPattern"),
        response_parameters: object.mappings("ResponseParameters"),
        response_templates: object.templates("ResponseTemplates"),
        content_handling: object.word("ContentHandling", ContentHandling::parse),
        place: object.place(),
    };
    object.finish();
    code.map(|_| response)
}

fn method_responses(object: &mut Object<'_>) -> BTreeMap<StatusCode, MethodResponse> {
    let mut responses = BTreeMap::new();
    for mut response in object.objects("MethodResponses") {
        let code = status_code(&mut response, "StatusCode");
        response.require("StatusCode");
        let read = MethodResponse {
            status_code: code.unwrap_or_else(ok),
            response_parameters: response.boolean_map("ResponseParameters"),
            response_models: response.text_map("ResponseModels"),
            place: response.place(),
        };
        if code.is_some() && responses.contains_key(&read.status_code) {
            response.error(&read.place, "Response already exists for this resource");
        }
        response.finish();
        if let Some(code) = code {
            responses.entry(code).or_insert(read);
        }
    }
    responses
}

/// Stands in while the other properties of a response without a status are checked.
fn ok() -> StatusCode {
    StatusCode::new(200).expect("200 is a status code")
}
