//! Request validators.

use super::cx::Cx;
use super::documents::api_key;
use super::patch::{self, Family, R, Rule, Set, rule};
use super::types::RequestValidator;
use super::view::{page, view};
use crate::ApiError;
use serde_json::Value;

#[derive(Default, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct CreateRequestValidator {
    name: Option<String>,
    validate_request_body: bool,
    validate_request_parameters: bool,
}

pub(super) fn create_request_validator(cx: &mut Cx<'_>) -> Result<Value, ApiError> {
    let api_id = cx.label("restapi_id");
    let input: CreateRequestValidator = cx.input()?;
    let ids = &mut cx.state.ids;
    let Some(api) = cx.state.apis.get_mut(&api_id) else {
        return Err(ApiError::bad_request("Invalid REST API identifier specified"));
    };
    let id = ids.next(6, |id| api.request_validators.contains_key(id));
    let validator = RequestValidator {
        id: id.clone(),
        name: input.name,
        validate_request_body: input.validate_request_body,
        validate_request_parameters: input.validate_request_parameters,
    };
    cx.writes.put(api_key(&api_id, "requestvalidators", &id), &validator);
    let shown = view(&validator);
    api.request_validators.insert(id, validator);
    Ok(shown)
}

fn validator<'c>(cx: &'c Cx<'_>) -> Result<&'c RequestValidator, ApiError> {
    let api = cx.state.apis.get(&cx.label("restapi_id"));
    api.and_then(|api| api.request_validators.get(&cx.label("requestvalidator_id")))
        .ok_or_else(|| ApiError::not_found("Invalid Request Validator identifier specified"))
}

pub(super) fn get_request_validator(cx: &mut Cx<'_>) -> Result<Value, ApiError> {
    Ok(view(validator(cx)?))
}

pub(super) fn get_request_validators(cx: &mut Cx<'_>) -> Result<Value, ApiError> {
    let api = cx.state.api(&cx.call.account_id, &cx.label("restapi_id"))?;
    page(
        cx.call,
        api.request_validators.iter().map(|(id, validator)| (id.clone(), validator)).collect(),
        view,
    )
}

pub(super) fn delete_request_validator(cx: &mut Cx<'_>) -> Result<Value, ApiError> {
    let api_id = cx.label("restapi_id");
    let id = validator(cx)?.id.clone();
    let api = cx.state.api_mut(&cx.call.account_id, &api_id)?;
    let mut methods =
        api.resources.values().flat_map(|resource| resource.resource_methods.values());
    if methods.any(|method| method.request_validator_id.as_ref() == Some(&id)) {
        let text = format!("Cannot delete request validator '{id}', is referenced in a method");
        return Err(ApiError::conflict(text));
    }
    api.request_validators.remove(&id);
    cx.writes.remove(api_key(&api_id, "requestvalidators", &id));
    Ok(Value::Null)
}

const RULES: &[Rule] = &[
    rule("/name", R, Set::Text),
    rule("/validateRequestParameters", R, Set::Flag),
    rule("/validateRequestBody", R, Set::Flag),
];

pub(super) fn update_request_validator(cx: &mut Cx<'_>) -> Result<Value, ApiError> {
    let api_id = cx.label("restapi_id");
    let operations = cx.patch()?;
    let after = patch::apply_rules(validator(cx)?, Family::Listed, RULES, &operations)?;
    let renames = operations.iter().any(|operation| operation.path.as_deref() == Some("/name"));
    if renames && after.name.is_none() {
        return Err(ApiError::bad_request("Request Validator name cannot be blank"));
    }
    cx.writes.put(api_key(&api_id, "requestvalidators", &after.id), &after);
    let shown = view(&after);
    cx.state
        .api_mut(&cx.call.account_id, &api_id)?
        .request_validators
        .insert(after.id.clone(), after);
    Ok(shown)
}
