//! The model's parts as documents, with AWS's defaults.

use crate::apigateway::limits::TIMEOUT_MS_MAX;
use crate::apigateway::types::{
    Authorizer, GatewayResponse, Integration, IntegrationResponse, Method, MethodResponse, Model,
    RequestValidator, Texts, TlsConfig,
};
use gateway_model as model;
use gateway_model::Spanned;
use std::collections::{BTreeMap, HashMap};

/// Which ids the ids of a document became.
#[derive(Default)]
pub(in crate::apigateway) struct Names {
    pub(super) authorizers: HashMap<String, String>,
    pub(super) validators: HashMap<String, String>,
}

pub(in crate::apigateway) fn model(given: &model::Model, id: String, sequence: u64) -> Model {
    Model {
        id,
        name: given.name.clone(),
        description: given.description.clone().filter(|text| !text.is_empty()),
        schema: given.schema.as_ref().map(|schema| schema.value.to_string()).unwrap_or_default(),
        content_type: given.content_type.clone(),
        sequence,
    }
}

pub(in crate::apigateway) fn validator(
    given: &model::RequestValidator,
    id: String,
) -> RequestValidator {
    RequestValidator {
        id,
        name: given.name.clone(),
        validate_request_body: given.validate_request_body,
        validate_request_parameters: given.validate_request_parameters,
    }
}

pub(in crate::apigateway) fn authorizer(given: &model::Authorizer, id: String) -> Authorizer {
    Authorizer {
        id,
        name: given.name.clone(),
        kind: given.kind.as_str().to_owned(),
        provider_arns: filled(given.provider_arns.clone()),
        auth_type: given.auth_type.clone(),
        authorizer_uri: text(&given.authorizer_uri),
        authorizer_credentials: given.authorizer_credentials.clone(),
        identity_source: text(&given.identity_source),
        identity_validation_expression: text(&given.identity_validation_expression),
        authorizer_result_ttl_in_seconds: given.result_ttl_seconds,
    }
}

pub(in crate::apigateway) fn gateway_response(given: &model::GatewayResponse) -> GatewayResponse {
    GatewayResponse {
        response_type: given.response_type.as_str().to_owned(),
        status_code: given.status_code.map(|code| code.to_string()),
        response_parameters: mappings(&given.response_parameters).unwrap_or_default(),
        response_templates: given
            .response_templates
            .iter()
            .map(|template| (template.content_type.clone(), template.body.value.clone()))
            .collect(),
        default_response: false,
    }
}

pub(in crate::apigateway) fn method(
    given: &model::Method,
    resource_id: &str,
    names: &Names,
) -> Method {
    let new = |ids: &HashMap<String, String>, id: String| ids.get(&id).cloned().unwrap_or(id);
    let responses = given.method_responses.values().map(|response| {
        let code = response.status_code.to_string();
        let response = MethodResponse {
            status_code: code.clone(),
            response_parameters: filled_map(response.response_parameters.clone()),
            response_models: filled_map(response.response_models.clone()),
        };
        (code, response)
    });
    Method {
        http_method: given.http_method.as_str().to_owned(),
        authorization_type: given.authorization_type.as_str().to_owned(),
        authorizer_id: given
            .authorizer_id
            .as_ref()
            .map(|id| new(&names.authorizers, id.to_string())),
        api_key_required: given.api_key_required,
        request_validator_id: given
            .request_validator_id
            .as_ref()
            .map(|id| new(&names.validators, id.to_string())),
        operation_name: given.operation_name.clone(),
        request_parameters: filled_map(given.request_parameters.clone()),
        request_models: filled_map(given.request_models.clone()),
        method_responses: filled_map(responses.collect()),
        method_integration: given.integration.as_ref().map(|given| integration(given, resource_id)),
        authorization_scopes: filled(given.authorization_scopes.clone()),
    }
}

fn integration(given: &model::Integration, resource_id: &str) -> Integration {
    use model::IntegrationType as Type;
    let is_mock = given.kind == Type::Mock;
    let is_http = matches!(given.kind, Type::Http | Type::HttpProxy);
    let connection_type = given.connection_type.map(|kind| kind.as_str().to_owned());
    let responses = given.integration_responses.iter().map(|response| {
        let code = response.status_code.to_string();
        (code.clone(), integration_response(response, code))
    });
    let passthrough = given.passthrough_behavior.map_or("WHEN_NO_MATCH", |kind| kind.as_str());
    Integration {
        kind: given.kind.as_str().to_owned(),
        http_method: text(&given.http_method).filter(|_| !is_mock),
        uri: text(&given.uri).filter(|_| !is_mock),
        connection_type: connection_type.or_else(|| is_http.then(|| "INTERNET".to_owned())),
        connection_id: text(&given.connection_id),
        credentials: text(&given.credentials),
        request_parameters: mappings(&given.request_parameters),
        request_templates: templates(&given.request_templates),
        passthrough_behavior: Some(passthrough.to_owned()),
        content_handling: given.content_handling.map(|kind| kind.as_str().to_owned()),
        timeout_in_millis: Some(given.timeout_ms.map_or(TIMEOUT_MS_MAX, i64::from)),
        cache_namespace: Some(
            given.cache_namespace.clone().unwrap_or_else(|| resource_id.to_owned()),
        ),
        cache_key_parameters: given
            .cache_key_parameters
            .iter()
            .map(|key| key.value.clone())
            .collect(),
        integration_responses: filled_map(responses.collect()),
        tls_config: given
            .insecure_skip_verification
            .then_some(TlsConfig { insecure_skip_verification: true }),
        response_transfer_mode: given.response_transfer_mode.map(|mode| mode.as_str().to_owned()),
        integration_target: text(&given.integration_target),
    }
}

fn integration_response(
    given: &model::IntegrationResponse,
    status_code: String,
) -> IntegrationResponse {
    IntegrationResponse {
        status_code,
        selection_pattern: text(&given.selection_pattern),
        response_parameters: mappings(&given.response_parameters),
        response_templates: templates(&given.response_templates),
        content_handling: given.content_handling.map(|kind| kind.as_str().to_owned()),
    }
}

pub(in crate::apigateway) fn text(given: &Option<Spanned<String>>) -> Option<String> {
    given.as_ref().map(|text| text.value.clone())
}

fn mappings(given: &[model::ParameterMapping]) -> Option<Texts> {
    let mappings = given.iter();
    filled_map(mappings.map(|m| (m.target.value.clone(), m.source.value.clone())).collect())
}

fn templates(given: &[model::Template]) -> Option<BTreeMap<String, Option<String>>> {
    let templates = given.iter();
    filled_map(templates.map(|t| (t.content_type.clone(), Some(t.body.value.clone()))).collect())
}

pub(in crate::apigateway) fn filled<T>(items: Vec<T>) -> Option<Vec<T>> {
    Some(items).filter(|items| !items.is_empty())
}

pub(in crate::apigateway) fn filled_map<T>(
    members: BTreeMap<String, T>,
) -> Option<BTreeMap<String, T>> {
    Some(members).filter(|members| !members.is_empty())
}
