//! Methods: what a caller sends.

use super::cx::Cx;
use super::documents::api_key;
use super::patch::{self, AD, ARD, Family, R, Rule, Set, rule};
use super::state::{Api, unknown_method, unknown_resource};
use super::types::{Method, Texts};
use super::view::view;
use crate::ApiError;
use serde::Deserialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

const VERBS: &[&str] = &["GET", "PUT", "POST", "DELETE", "PATCH", "OPTIONS", "HEAD", "ANY"];
const LOCATIONS: &[&str] =
    &["path", "querystring", "header", "multivaluequerystring", "multivalueheader"];

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct PutMethod {
    authorization_type: String,
    authorizer_id: Option<String>,
    api_key_required: bool,
    operation_name: Option<String>,
    request_parameters: Option<BTreeMap<String, Option<bool>>>,
    request_models: Option<Texts>,
    request_validator_id: Option<String>,
    authorization_scopes: Option<Vec<String>>,
}

pub(super) fn put_method(cx: &mut Cx<'_>) -> Result<Value, ApiError> {
    let (api_id, resource_id, verb) = labels(cx);
    let input: PutMethod = cx.input()?;
    let resource = cx.state.resource(&api_id, &resource_id)?;
    if !VERBS.contains(&&*verb) {
        let verbs = VERBS.join(",");
        return Err(ApiError::bad_request(format!(
            "Invalid HttpMethod specified. Valid options are {verbs}"
        )));
    }
    if resource.resource_methods.contains_key(&verb) {
        return Err(ApiError::conflict("Method already exists for this resource"));
    }
    let flags = input.request_parameters.map(|parameters| {
        parameters.into_iter().map(|(name, flag)| (name, flag.unwrap_or_default())).collect()
    });
    let method = Method {
        http_method: verb.clone(),
        authorization_type: input.authorization_type.to_uppercase(),
        authorizer_id: input.authorizer_id,
        api_key_required: input.api_key_required,
        request_validator_id: input.request_validator_id,
        operation_name: input.operation_name,
        request_parameters: flags,
        request_models: input.request_models,
        authorization_scopes: input.authorization_scopes,
        ..Method::default()
    };
    let method = checked(&cx.state.apis[&api_id], method)?;
    let resource = cx.state.resource_mut(&api_id, &resource_id)?;
    let shown = view(&method);
    resource.resource_methods.insert(verb, method);
    cx.writes.put(api_key(&api_id, "resources", &resource_id), resource);
    Ok(shown)
}

/// The labels that all operations on methods share.
pub(super) fn labels(cx: &Cx<'_>) -> (String, String, String) {
    (cx.label("restapi_id"), cx.label("resource_id"), cx.label("http_method"))
}

/// A method whose references lead somewhere. An authorizer is forgotten where none is asked.
fn checked(api: &Api, mut method: Method) -> Result<Method, ApiError> {
    match &*method.authorization_type {
        "NONE" | "AWS_IAM" => method.authorizer_id = None,
        "CUSTOM" | "COGNITO_USER_POOLS" => {
            let authorizer = method.authorizer_id.as_ref().and_then(|id| api.authorizers.get(id));
            let is_pool = method.authorization_type == "COGNITO_USER_POOLS";
            if authorizer
                .is_none_or(|authorizer| (authorizer.kind == "COGNITO_USER_POOLS") != is_pool)
            {
                return Err(ApiError::bad_request(
                    "Invalid authorizer ID specified. Setting the authorization type to CUSTOM or \
                     COGNITO_USER_POOLS requires a valid authorizer.",
                ));
            }
        }
        "JWT" => return Err(ApiError::not_implemented("The authorization type JWT")),
        _ => {
            let text = "Invalid authorization type specified. Valid options are NONE,AWS_IAM,CUSTOM,COGNITO_USER_POOLS";
            return Err(ApiError::bad_request(text));
        }
    }
    method.request_validator_id = method.request_validator_id.filter(|id| !id.is_empty());
    if method
        .request_validator_id
        .as_ref()
        .is_some_and(|id| !api.request_validators.contains_key(id))
    {
        return Err(ApiError::bad_request("Invalid Request Validator identifier specified"));
    }
    check_models(api, method.request_models.as_ref())?;
    check_parameters(method.request_parameters.as_ref())?;
    method.request_models = method.request_models.filter(|models| !models.is_empty());
    method.request_parameters =
        method.request_parameters.filter(|parameters| !parameters.is_empty());
    method.authorization_scopes = method.authorization_scopes.filter(|scopes| !scopes.is_empty());
    Ok(method)
}

/// Whether all models are the API's.
pub(super) fn check_models(api: &Api, models: Option<&Texts>) -> Result<(), ApiError> {
    match models.into_iter().flatten().find(|(_, name)| !api.models.contains_key(*name)) {
        Some((_, name)) => {
            Err(ApiError::bad_request(format!("Invalid model identifier specified: {name}")))
        }
        None => Ok(()),
    }
}

fn check_parameters(parameters: Option<&BTreeMap<String, bool>>) -> Result<(), ApiError> {
    let mut names = BTreeSet::new();
    for expression in parameters.into_iter().flatten().map(|(expression, _)| expression) {
        let rest = expression.strip_prefix("method.request.").and_then(|rest| rest.split_once('.'));
        let Some((_, name)) =
            rest.filter(|(location, name)| LOCATIONS.contains(location) && !name.is_empty())
        else {
            return Err(invalid_mapping(&format!(
                "Invalid mapping expression specified: {expression}"
            )));
        };
        if !names.insert(name) {
            let text = "Parameter names must be unique across querystring, header and path";
            return Err(ApiError::bad_request(text));
        }
    }
    Ok(())
}

/// A mapping that AWS's validation refuses.
pub(super) fn invalid_mapping(error: &str) -> ApiError {
    ApiError::bad_request(format!(
        "Invalid mapping expression specified: Validation Result: warnings : [], errors : [{error}]"
    ))
}

pub(super) fn get_method(cx: &mut Cx<'_>) -> Result<Value, ApiError> {
    let (api_id, resource_id, verb) = labels(cx);
    Ok(view(cx.state.method(&api_id, &resource_id, &verb)?))
}

pub(super) fn delete_method(cx: &mut Cx<'_>) -> Result<Value, ApiError> {
    let (api_id, resource_id, verb) = labels(cx);
    let resource = cx.state.resource_mut(&api_id, &resource_id)?;
    resource.resource_methods.remove(&verb).ok_or_else(unknown_method)?;
    cx.writes.put(api_key(&api_id, "resources", &resource_id), resource);
    Ok(Value::Null)
}

const RULES: &[Rule] = &[
    rule("/authorizationType", R, Set::Text),
    rule("/authorizerId", R, Set::Text),
    rule("/apiKeyRequired", R, Set::Flag),
    rule("/operationName", R, Set::Text),
    rule("/requestValidatorId", R, Set::Text),
    rule("/authorizationScopes", AD, Set::Items),
    rule("/requestParameters/*", ARD, Set::Flag),
    rule("/requestModels/*", ARD, Set::Text),
];

pub(super) fn update_method(cx: &mut Cx<'_>) -> Result<Value, ApiError> {
    let (api_id, resource_id, verb) = labels(cx);
    let operations = cx.patch()?;
    let before = cx.state.method(&api_id, &resource_id, &verb)?;
    let mut after = patch::apply_rules(before, Family::Plain, RULES, &operations)?;
    after.authorization_type = after.authorization_type.to_uppercase();
    let after = checked(cx.state.apis.get(&api_id).ok_or_else(unknown_resource)?, after)?;
    let shown = view(&after);
    put(cx, &api_id, &resource_id, after)?;
    Ok(shown)
}

/// Replaces a method.
pub(super) fn put(
    cx: &mut Cx<'_>,
    api_id: &str,
    resource_id: &str,
    method: Method,
) -> Result<(), ApiError> {
    let resource = cx.state.resource_mut(api_id, resource_id)?;
    resource.resource_methods.insert(method.http_method.clone(), method);
    cx.writes.put(api_key(api_id, "resources", resource_id), resource);
    Ok(())
}
