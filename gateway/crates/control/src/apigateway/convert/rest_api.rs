//! An API's snapshot.

use super::{Problem, method, unknown};
use crate::apigateway::types::{self, Snapshot};
use gateway_model as model;
use gateway_model::{Json, Place, Spanned};
use serde_json::Value;
use std::collections::BTreeMap;

/// The API as the snapshot has it, with the settings that hold at once whatever is deployed.
pub(super) fn convert(
    api: &types::RestApi,
    snapshot: &Snapshot,
) -> Result<model::RestApi, Problem> {
    let root = model::ResourceId::new(&api.root_resource_id);
    let id = model::RestApiId::new(&api.id);
    let mut converted = model::RestApi::new(id, &api.name, root, Place::nowhere());
    converted.description = api.description.clone();
    converted.version = api.version.clone();
    converted.api_key_source = model::ApiKeySource::parse(&snapshot.api_key_source)
        .map_err(|error| unknown("apiKeySource", error))?;
    converted.binary_media_types = snapshot.binary_media_types.clone().unwrap_or_default();
    converted.minimum_compression_size =
        snapshot.minimum_compression_size.and_then(|size| u32::try_from(size).ok());
    converted.endpoint = endpoint(&api.endpoint_configuration)?;
    converted.disable_execute_api_endpoint = api.disable_execute_api_endpoint;
    converted.policy = snapshot.policy.as_deref().map(json);
    converted.security_policy = api.security_policy.clone();
    converted.endpoint_access_mode = api.endpoint_access_mode.clone();
    converted.tags = api.tags.clone().unwrap_or_default();
    converted.resources = BTreeMap::new();
    for given in &snapshot.resources {
        let resource = resource(given)?;
        converted.resources.insert(resource.id.clone(), resource);
    }
    converted.models =
        snapshot.models.iter().map(|given| (given.name.clone(), model_of(given))).collect();
    let validators = snapshot.request_validators.iter().map(validator);
    converted.request_validators =
        validators.map(|validator| (validator.id.clone(), validator)).collect();
    for given in &snapshot.authorizers {
        let authorizer = authorizer(given)?;
        converted.authorizers.insert(authorizer.id.clone(), authorizer);
    }
    for given in &snapshot.gateway_responses {
        let response = gateway_response(given)?;
        converted.gateway_responses.insert(response.response_type, response);
    }
    Ok(converted)
}

/// An API that has these models and nothing else.
pub(super) fn with_models<'m>(
    api: &types::RestApi,
    models: impl Iterator<Item = &'m types::Model>,
) -> model::RestApi {
    let root = model::ResourceId::new(&api.root_resource_id);
    let id = model::RestApiId::new(&api.id);
    let mut made = model::RestApi::new(id, &api.name, root, Place::nowhere());
    made.models = models.map(|given| (given.name.clone(), model_of(given))).collect();
    made
}

pub(super) fn endpoint(
    given: &types::EndpointConfiguration,
) -> Result<model::EndpointConfiguration, Problem> {
    let kinds = given.types.iter().map(|kind| model::EndpointType::parse(kind));
    Ok(model::EndpointConfiguration {
        types: kinds
            .collect::<Result<_, _>>()
            .map_err(|error| unknown("endpointConfiguration", error))?,
        ip_address_type: given.ip_address_type.clone(),
        vpc_endpoint_ids: given.vpc_endpoint_ids.clone().unwrap_or_default(),
    })
}

fn resource(given: &types::Resource) -> Result<model::Resource, Problem> {
    let path_part = match &given.path_part {
        None => model::PathPart::Root,
        Some(part) => model::PathPart::parse(part).map_err(|error| unknown(&given.path, error))?,
    };
    let mut methods = BTreeMap::new();
    for (verb, method) in &given.resource_methods {
        let verb = model::HttpMethod::parse(verb).map_err(|error| unknown(&given.path, error))?;
        methods.insert(verb, method::convert(verb, method)?);
    }
    Ok(model::Resource {
        id: model::ResourceId::new(&given.id),
        parent: given.parent_id.as_deref().map(model::ResourceId::new),
        path_part,
        path: given.path.clone(),
        methods,
        place: Place::nowhere(),
    })
}

fn model_of(given: &types::Model) -> model::Model {
    model::Model {
        id: model::ModelId::new(&given.id),
        name: given.name.clone(),
        content_type: given.content_type.clone(),
        description: given.description.clone(),
        schema: Some(json(&given.schema)),
        place: Place::nowhere(),
    }
}

fn validator(given: &types::RequestValidator) -> model::RequestValidator {
    model::RequestValidator {
        id: model::RequestValidatorId::new(&given.id),
        name: given.name.clone(),
        validate_request_body: given.validate_request_body,
        validate_request_parameters: given.validate_request_parameters,
        place: Place::nowhere(),
    }
}

fn authorizer(given: &types::Authorizer) -> Result<model::Authorizer, Problem> {
    let text =
        |text: &Option<String>| text.clone().filter(|text| !text.is_empty()).map(Spanned::nowhere);
    Ok(model::Authorizer {
        id: model::AuthorizerId::new(&given.id),
        name: given.name.clone(),
        kind: model::AuthorizerType::parse(&given.kind)
            .map_err(|error| unknown(&given.name, error))?,
        provider_arns: given.provider_arns.clone().unwrap_or_default(),
        auth_type: given.auth_type.clone(),
        authorizer_uri: text(&given.authorizer_uri),
        authorizer_credentials: given.authorizer_credentials.clone(),
        identity_source: text(&given.identity_source),
        identity_validation_expression: text(&given.identity_validation_expression),
        result_ttl_seconds: given.authorizer_result_ttl_in_seconds,
        place: Place::nowhere(),
    })
}

fn gateway_response(given: &types::GatewayResponse) -> Result<model::GatewayResponse, Problem> {
    let response_type = model::GatewayResponseType::parse(&given.response_type)
        .map_err(|error| unknown("responseType", error))?;
    let status = given.status_code.as_deref().map(model::StatusCode::parse);
    let templates = given.response_templates.iter();
    Ok(model::GatewayResponse {
        response_type,
        status_code: status.transpose().map_err(|error| unknown(&given.response_type, error))?,
        response_parameters: method::mappings(Some(&given.response_parameters)),
        response_templates: templates
            .map(|(content_type, body)| model::Template {
                content_type: content_type.clone(),
                body: Spanned::nowhere(body.clone()),
            })
            .collect(),
        place: Place::nowhere(),
    })
}

/// JSON text as the model's value; text that is no JSON stays a string, which a later step refuses.
pub(super) fn json(text: &str) -> Spanned<Json> {
    let value =
        serde_json::from_str(text).map_or_else(|_| Json::String(text.to_owned()), json_value);
    Spanned::new(value, Place::nowhere())
}

fn json_value(value: Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Bool(value) => Json::Bool(value),
        Value::Number(number) => Json::Number(number.to_string()),
        Value::String(text) => Json::String(text),
        Value::Array(items) => Json::Array(items.into_iter().map(json_value).collect()),
        Value::Object(members) => Json::Object(
            members.into_iter().map(|(name, value)| (name, json_value(value))).collect(),
        ),
    }
}
