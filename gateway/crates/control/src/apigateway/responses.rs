//! Method responses and integration responses.

use super::cx::Cx;
use super::integrations::{check_content_type, content_handling, unknown_integration};
use super::methods::{check_models, invalid_mapping, labels, put};
use super::patch::{self, ARD, Family, R, Rule, Set, rule};
use super::types::{IntegrationResponse, Method, MethodResponse, Texts};
use super::view::view;
use crate::ApiError;
use gateway_compile::expression::Expression;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct PutMethodResponse {
    response_parameters: Option<BTreeMap<String, Option<bool>>>,
    response_models: Option<Texts>,
}

fn unknown_status() -> ApiError {
    ApiError::not_found("Invalid Response status code specified")
}

pub(super) fn put_method_response(cx: &mut Cx<'_>) -> Result<Value, ApiError> {
    let (api_id, resource_id, verb) = labels(cx);
    let status_code = cx.label("status_code");
    let input: PutMethodResponse = cx.input()?;
    let mut method = cx.state.method(&api_id, &resource_id, &verb)?.clone();
    let responses = method.method_responses.get_or_insert_default();
    if responses.contains_key(&status_code) {
        return Err(ApiError::conflict("Response already exists for this resource"));
    }
    check_models(&cx.state.apis[&api_id], input.response_models.as_ref())?;
    let response_parameters = input.response_parameters.map(|parameters| {
        parameters.into_iter().map(|(name, flag)| (name, flag.unwrap_or_default())).collect()
    });
    check_headers(response_parameters.as_ref())?;
    let response = MethodResponse {
        status_code: status_code.clone(),
        response_parameters,
        response_models: input.response_models,
    };
    let shown = view(&response);
    responses.insert(status_code, response);
    put(cx, &api_id, &resource_id, method)?;
    Ok(shown)
}

fn check_headers(parameters: Option<&BTreeMap<String, bool>>) -> Result<(), ApiError> {
    let mut names = parameters.into_iter().flatten().map(|(name, _)| name);
    match names.find(|name| name.strip_prefix("method.response.header.").is_none_or(str::is_empty))
    {
        Some(name) => {
            Err(invalid_mapping(&format!("Invalid mapping expression specified: {name}")))
        }
        None => Ok(()),
    }
}

fn method_response<'m>(
    method: &'m Method,
    status_code: &str,
) -> Result<&'m MethodResponse, ApiError> {
    let responses = method.method_responses.as_ref();
    responses.and_then(|responses| responses.get(status_code)).ok_or_else(unknown_status)
}

pub(super) fn get_method_response(cx: &mut Cx<'_>) -> Result<Value, ApiError> {
    let (api_id, resource_id, verb) = labels(cx);
    let method = cx.state.method(&api_id, &resource_id, &verb)?;
    Ok(view(method_response(method, &cx.label("status_code"))?))
}

pub(super) fn delete_method_response(cx: &mut Cx<'_>) -> Result<Value, ApiError> {
    let (api_id, resource_id, verb) = labels(cx);
    let status_code = cx.label("status_code");
    let mut method = cx.state.method(&api_id, &resource_id, &verb)?.clone();
    method_response(&method, &status_code)?;
    method.method_responses.get_or_insert_default().remove(&status_code);
    method.method_responses = method.method_responses.filter(|responses| !responses.is_empty());
    put(cx, &api_id, &resource_id, method)?;
    Ok(Value::Null)
}

const METHOD_RULES: &[Rule] = &[
    rule("/responseModels/*", ARD, Set::Text).or_not_found("Content-Type specified was not found"),
    rule("/responseParameters/*", ARD, Set::Flag).or_not_found("Invalid parameter name specified"),
];

pub(super) fn update_method_response(cx: &mut Cx<'_>) -> Result<Value, ApiError> {
    let (api_id, resource_id, verb) = labels(cx);
    let status_code = cx.label("status_code");
    let operations = cx.patch()?;
    let mut method = cx.state.method(&api_id, &resource_id, &verb)?.clone();
    let before = method_response(&method, &status_code)?;
    let after = patch::apply_rules(before, Family::Plain, METHOD_RULES, &operations)?;
    check_models(&cx.state.apis[&api_id], after.response_models.as_ref())?;
    check_headers(after.response_parameters.as_ref())?;
    let shown = view(&after);
    method.method_responses.get_or_insert_default().insert(status_code, after);
    put(cx, &api_id, &resource_id, method)?;
    Ok(shown)
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct PutIntegrationResponse {
    selection_pattern: Option<String>,
    response_parameters: Option<Texts>,
    response_templates: Option<BTreeMap<String, Option<String>>>,
    content_handling: Option<String>,
}

pub(super) fn put_integration_response(cx: &mut Cx<'_>) -> Result<Value, ApiError> {
    let (api_id, resource_id, verb) = labels(cx);
    let status_code = cx.label("status_code");
    let input: PutIntegrationResponse = cx.input()?;
    let mut method = cx.state.method(&api_id, &resource_id, &verb)?.clone();
    let response = IntegrationResponse {
        status_code,
        selection_pattern: input.selection_pattern,
        response_parameters: input.response_parameters,
        response_templates: input.response_templates,
        content_handling: input.content_handling,
    };
    let shown = put_response(&mut method, response)?;
    put(cx, &api_id, &resource_id, method)?;
    Ok(shown)
}

/// Adds a response to a method's integration, or replaces it.
pub(super) fn put_response(
    method: &mut Method,
    mut response: IntegrationResponse,
) -> Result<Value, ApiError> {
    let integration = method.method_integration.as_ref().ok_or_else(unknown_integration)?;
    let others = integration.integration_responses.iter().flatten();
    let mut others = others.filter(|(status_code, _)| **status_code != response.status_code);
    let is_default = |pattern: &Option<String>| pattern.as_deref().unwrap_or_default().is_empty();
    if is_default(&response.selection_pattern)
        && others.any(|(_, other)| is_default(&other.selection_pattern))
    {
        let text = "Integration response with selection pattern default already exists";
        return Err(ApiError::conflict(text));
    }
    check_response_parameters(method, &response)?;
    for (content_type, template) in response.response_templates.iter_mut().flatten() {
        check_content_type(content_type)?;
        // An empty template reads back as null.
        *template = template.take().filter(|template| !template.is_empty());
    }
    let shown = view(&response);
    let integration = method.method_integration.as_mut().ok_or_else(unknown_integration)?;
    let responses = integration.integration_responses.get_or_insert_default();
    responses.insert(response.status_code.clone(), response);
    Ok(shown)
}

fn check_response_parameters(
    method: &Method,
    response: &IntegrationResponse,
) -> Result<(), ApiError> {
    for (target, source) in response.response_parameters.iter().flatten() {
        let Some(responses) = &method.method_responses else {
            return Err(invalid_mapping("No method response exists for method."));
        };
        let declared = responses
            .get(&response.status_code)
            .and_then(|response| response.response_parameters.as_ref());
        if !declared.is_some_and(|declared| declared.contains_key(target)) {
            return Err(invalid_mapping(&format!(
                "Invalid mapping expression parameter specified: {target}"
            )));
        }
        let is_source = matches!(
            Expression::parse(source),
            Ok(Expression::Static(_)
                | Expression::ResponseBody(_)
                | Expression::ResponseHeader(_)
                | Expression::ResponseMultiHeader(_)
                | Expression::Context(_)
                | Expression::StageVariable(_))
        );
        if !is_source {
            return Err(invalid_mapping("Invalid mapping identifier specified"));
        }
    }
    Ok(())
}

fn integration_response<'m>(
    method: &'m Method,
    status_code: &str,
) -> Result<&'m IntegrationResponse, ApiError> {
    let integration = method.method_integration.as_ref().ok_or_else(unknown_integration)?;
    let responses = integration.integration_responses.as_ref();
    responses.and_then(|responses| responses.get(status_code)).ok_or_else(unknown_status)
}

pub(super) fn get_integration_response(cx: &mut Cx<'_>) -> Result<Value, ApiError> {
    let (api_id, resource_id, verb) = labels(cx);
    let method = cx.state.method(&api_id, &resource_id, &verb)?;
    Ok(view(integration_response(method, &cx.label("status_code"))?))
}

pub(super) fn delete_integration_response(cx: &mut Cx<'_>) -> Result<Value, ApiError> {
    let (api_id, resource_id, verb) = labels(cx);
    let status_code = cx.label("status_code");
    let resource = cx.state.resource(&api_id, &resource_id)?;
    // AWS's words for an unknown method are those for an unknown integration here.
    let mut method = resource.resource_methods.get(&verb).ok_or_else(unknown_integration)?.clone();
    integration_response(&method, &status_code)?;
    if let Some(integration) = &mut method.method_integration {
        integration.integration_responses.get_or_insert_default().remove(&status_code);
        let left = integration.integration_responses.take();
        integration.integration_responses = left.filter(|responses| !responses.is_empty());
    }
    put(cx, &api_id, &resource_id, method)?;
    Ok(Value::Null)
}

const INTEGRATION_RULES: &[Rule] = &[
    rule("/contentHandling", R, Set::Special),
    rule("/selectionPattern", R, Set::Verbatim),
    rule("/responseParameters/*", ARD, Set::Text),
    rule("/responseTemplates/*", ARD, Set::Text),
];

pub(super) fn update_integration_response(cx: &mut Cx<'_>) -> Result<Value, ApiError> {
    let (api_id, resource_id, verb) = labels(cx);
    let status_code = cx.label("status_code");
    let operations = cx.patch()?;
    let mut method = cx.state.method(&api_id, &resource_id, &verb)?.clone();
    let before = integration_response(&method, &status_code)?;
    let after = patch::apply(
        before,
        Family::Plain,
        INTEGRATION_RULES,
        &operations,
        |response, operation, _| {
            response.content_handling = content_handling(operation.text())?;
            Ok(())
        },
    )?;
    let shown = put_response(&mut method, after)?;
    put(cx, &api_id, &resource_id, method)?;
    Ok(shown)
}
