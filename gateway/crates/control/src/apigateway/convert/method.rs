//! A method and its integration.

use super::{Problem, unknown};
use crate::apigateway::types::{self, Texts};
use gateway_model as model;
use gateway_model::{Place, Spanned};
use std::collections::BTreeMap;

pub(super) fn convert(
    verb: model::HttpMethod,
    given: &types::Method,
) -> Result<model::Method, Problem> {
    let mut method = model::Method::new(verb, Place::nowhere());
    method.authorization_type = model::AuthorizationType::parse(&given.authorization_type)
        .map_err(|error| unknown("authorizationType", error))?;
    method.authorizer_id = given.authorizer_id.as_deref().map(model::AuthorizerId::new);
    method.authorization_scopes = given.authorization_scopes.clone().unwrap_or_default();
    method.api_key_required = given.api_key_required;
    method.operation_name = given.operation_name.clone();
    method.request_parameters = given.request_parameters.clone().unwrap_or_default();
    method.request_models = given.request_models.clone().unwrap_or_default();
    method.request_validator_id =
        given.request_validator_id.as_deref().map(model::RequestValidatorId::new);
    method.integration = given.method_integration.as_ref().map(integration).transpose()?;
    for (status, response) in given.method_responses.iter().flatten() {
        let status_code = status_code(status)?;
        let response = model::MethodResponse {
            status_code,
            response_parameters: response.response_parameters.clone().unwrap_or_default(),
            response_models: response.response_models.clone().unwrap_or_default(),
            place: Place::nowhere(),
        };
        method.method_responses.insert(status_code, response);
    }
    Ok(method)
}

fn status_code(text: &str) -> Result<model::StatusCode, Problem> {
    model::StatusCode::parse(text).map_err(|error| unknown("statusCode", error))
}

/// A word of a closed set, when there is one.
fn word<T>(
    given: Option<&String>,
    parse: impl FnOnce(&str) -> Result<T, model::UnknownName>,
) -> Result<Option<T>, Problem> {
    given.map(|text| parse(text)).transpose().map_err(|error| unknown("integration", error))
}

fn text(given: &Option<String>) -> Option<Spanned<String>> {
    given.clone().map(Spanned::nowhere)
}

fn integration(given: &types::Integration) -> Result<model::Integration, Problem> {
    let kind = model::IntegrationType::parse(&given.kind)
        .map_err(|error| unknown("integration", error))?;
    let mut integration = model::Integration::new(kind, Place::nowhere());
    integration.http_method = text(&given.http_method);
    integration.uri = text(&given.uri);
    integration.connection_type =
        word(given.connection_type.as_ref(), model::ConnectionType::parse)?;
    integration.connection_id = text(&given.connection_id);
    integration.credentials = text(&given.credentials);
    integration.timeout_ms =
        given.timeout_in_millis.and_then(|timeout| u32::try_from(timeout).ok());
    integration.insecure_skip_verification =
        given.tls_config.as_ref().is_some_and(|config| config.insecure_skip_verification);
    integration.request_parameters = mappings(given.request_parameters.as_ref());
    integration.request_templates = templates(given.request_templates.as_ref());
    integration.passthrough_behavior =
        word(given.passthrough_behavior.as_ref(), model::PassthroughBehavior::parse)?;
    integration.content_handling =
        word(given.content_handling.as_ref(), model::ContentHandling::parse)?;
    integration.cache_namespace = given.cache_namespace.clone();
    integration.cache_key_parameters =
        given.cache_key_parameters.iter().cloned().map(Spanned::nowhere).collect();
    for response in given.integration_responses.iter().flatten().map(|(_, response)| response) {
        integration.integration_responses.push(integration_response(response)?);
    }
    integration.integration_target = text(&given.integration_target);
    integration.response_transfer_mode =
        word(given.response_transfer_mode.as_ref(), model::ResponseTransferMode::parse)?;
    Ok(integration)
}

fn integration_response(
    given: &types::IntegrationResponse,
) -> Result<model::IntegrationResponse, Problem> {
    let mut response =
        model::IntegrationResponse::new(status_code(&given.status_code)?, Place::nowhere());
    response.selection_pattern = text(&given.selection_pattern);
    response.response_parameters = mappings(given.response_parameters.as_ref());
    response.response_templates = templates(given.response_templates.as_ref());
    response.content_handling =
        word(given.content_handling.as_ref(), model::ContentHandling::parse)?;
    Ok(response)
}

/// Parameter mappings.
pub(super) fn mappings(given: Option<&Texts>) -> Vec<model::ParameterMapping> {
    let mappings = given.into_iter().flatten();
    mappings
        .map(|(target, source)| model::ParameterMapping {
            target: Spanned::nowhere(target.clone()),
            source: Spanned::nowhere(source.clone()),
        })
        .collect()
}

/// Templates; one that is `null` is empty.
fn templates(given: Option<&BTreeMap<String, Option<String>>>) -> Vec<model::Template> {
    let templates = given.into_iter().flatten();
    templates
        .map(|(content_type, body)| model::Template {
            content_type: content_type.clone(),
            body: Spanned::nowhere(body.clone().unwrap_or_default()),
        })
        .collect()
}
