//! Gateway responses: what the gateway itself answers.

use super::cx::Cx;
use super::documents::api_key;
use super::fit;
use super::inputs::RESPONSE_TYPES;
use super::integrations::check_content_type;
use super::patch::{self, ARD, Family, R, Rule, Set, rule};
use super::state::Api;
use super::types::{GatewayResponse, Texts};
use super::view::{page, view};
use crate::ApiError;
use gateway_model::{GatewayResponseType, StatusCode};
use serde_json::Value;
use std::collections::BTreeMap;

const TEMPLATE: &str = "{\"message\":$context.error.messageString}";

#[derive(Default, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct PutGatewayResponse {
    status_code: Option<String>,
    response_parameters: Option<BTreeMap<String, Option<String>>>,
    response_templates: Option<BTreeMap<String, Option<String>>>,
}

/// What a type answers when nobody has customised it or its family.
fn standard(response_type: &str) -> GatewayResponse {
    let status = GatewayResponseType::parse(response_type)
        .ok()
        .and_then(GatewayResponseType::default_status);
    GatewayResponse {
        response_type: response_type.to_owned(),
        status_code: status.map(|status| status.to_string()),
        response_parameters: Texts::new(),
        response_templates: Texts::from([("application/json".to_owned(), TEMPLATE.to_owned())]),
        default_response: true,
    }
}

/// What a type answers: its own, else its family's, else the standard.
fn current(api: &Api, response_type: &str) -> GatewayResponse {
    if let Some(response) = api.gateway_responses.get(response_type) {
        return response.clone();
    }
    let standard = standard(response_type);
    let family = GatewayResponseType::parse(response_type).map(|kind| kind.family().as_str());
    match family.ok().and_then(|family| api.gateway_responses.get(family)) {
        None => standard,
        Some(family) => GatewayResponse {
            status_code: family.status_code.clone().or(standard.status_code),
            response_parameters: family.response_parameters.clone(),
            response_templates: family.response_templates.clone(),
            ..standard
        },
    }
}

pub(super) fn put_gateway_response(cx: &mut Cx<'_>) -> Result<Value, ApiError> {
    let (api_id, response_type) = (cx.label("restapi_id"), cx.label("response_type"));
    let input: PutGatewayResponse = cx.input()?;
    cx.state.api(&cx.call.account_id, &api_id)?;
    let standard = standard(&response_type);
    let status_code = input.status_code.filter(|status| !status.is_empty());
    let response = GatewayResponse {
        response_type,
        status_code: status_code.or(standard.status_code),
        response_parameters: filled(input.response_parameters, "responseParameters")?,
        response_templates: match filled(input.response_templates, "responseTemplates")? {
            templates if templates.is_empty() => standard.response_templates,
            templates => templates,
        },
        default_response: false,
    };
    put(cx, &api_id, response)
}

/// A map without empty values.
fn filled(map: Option<BTreeMap<String, Option<String>>>, name: &str) -> Result<Texts, ApiError> {
    let entries = map.unwrap_or_default().into_iter();
    let filled = entries.map(|(key, value)| Some((key, value.filter(|value| !value.is_empty())?)));
    filled.collect::<Option<_>>().ok_or_else(|| empty_value(name))
}

fn empty_value(name: &str) -> ApiError {
    ApiError::bad_request(format!("Invalid null or empty value in {name}"))
}

fn put(cx: &mut Cx<'_>, api_id: &str, response: GatewayResponse) -> Result<Value, ApiError> {
    if let Some(status) = &response.status_code {
        let parsed = StatusCode::parse(status).ok();
        // One below cannot end a response.
        parsed
            .filter(|status| status.as_u16() >= 200)
            .ok_or_else(|| ApiError::bad_request(format!("Invalid status code: {status}")))?;
    }
    for (target, source) in &response.response_parameters {
        fit::check_gateway_parameter(target, source)?;
    }
    for content_type in response.response_templates.keys() {
        check_content_type(content_type)?;
    }
    let shown = view(&response);
    cx.writes.put(api_key(api_id, "gatewayresponses", &response.response_type), &response);
    let api = cx.state.api_mut(&cx.call.account_id, api_id)?;
    api.gateway_responses.insert(response.response_type.clone(), response);
    Ok(shown)
}

pub(super) fn get_gateway_response(cx: &mut Cx<'_>) -> Result<Value, ApiError> {
    let api = cx.state.api(&cx.call.account_id, &cx.label("restapi_id"))?;
    Ok(view(&current(api, &cx.label("response_type"))))
}

pub(super) fn get_gateway_responses(cx: &mut Cx<'_>) -> Result<Value, ApiError> {
    let api = cx.state.api(&cx.call.account_id, &cx.label("restapi_id"))?;
    let mut items: Vec<_> = RESPONSE_TYPES.iter().map(|kind| ((*kind).to_owned(), *kind)).collect();
    items.sort();
    page(cx.call, items, |kind| view(&current(api, kind)))
}

pub(super) fn delete_gateway_response(cx: &mut Cx<'_>) -> Result<Value, ApiError> {
    let (api_id, response_type) = (cx.label("restapi_id"), cx.label("response_type"));
    let api = cx.state.api_mut(&cx.call.account_id, &api_id)?;
    if api.gateway_responses.remove(&response_type).is_none() {
        return Err(ApiError::not_found("Gateway response type not defined on api"));
    }
    cx.writes.remove(api_key(&api_id, "gatewayresponses", &response_type));
    Ok(Value::Null)
}

const RULES: &[Rule] = &[
    rule("/statusCode", R, Set::Text),
    rule("/responseParameters/*", ARD, Set::Special),
    rule("/responseTemplates/*", ARD, Set::Special),
];

pub(super) fn update_gateway_response(cx: &mut Cx<'_>) -> Result<Value, ApiError> {
    let (api_id, response_type) = (cx.label("restapi_id"), cx.label("response_type"));
    let operations = cx.patch()?;
    let api = cx.state.api(&cx.call.account_id, &api_id)?;
    let before = current(api, &response_type);
    let is_status = |path: Option<&str>| path == Some("/statusCode");
    if operations
        .iter()
        .any(|operation| is_status(operation.path.as_deref()) && operation.op != "replace")
    {
        return Err(ApiError::bad_request("Invalid patch path /statusCode"));
    }
    let mut after = patch::apply(
        &before,
        Family::Plain,
        RULES,
        &operations,
        |response, operation, segments| {
            let is_parameter = segments[0] == "responseParameters";
            let (map, key) = match is_parameter {
                true => (&mut response.response_parameters, &segments[1]),
                false => (&mut response.response_templates, &segments[1]),
            };
            if operation.op != "add" && !map.contains_key(key) {
                let text = if is_parameter {
                    "Invalid parameter name specified"
                } else {
                    "Content-Type specified was not found"
                };
                return Err(ApiError::not_found(text));
            }
            match operation.text() {
                _ if operation.op == "remove" => drop(map.remove(key)),
                "" => return Err(empty_value(&segments[0])),
                text => drop(map.insert(key.clone(), text.to_owned())),
            }
            Ok(())
        },
    )?;
    if operations.is_empty() {
        return Ok(view(&before));
    }
    after.default_response = false;
    put(cx, &api_id, after)
}
