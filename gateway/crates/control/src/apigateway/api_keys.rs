//! API keys.

use super::cx::Cx;
use super::limits::{
    KEY_DESCRIPTION_CHARS_MAX, KEY_NAME_CHARS_MAX, KEY_VALUE_CHARS, KEY_VALUE_CHARS_MAX,
    KEY_VALUE_CHARS_MIN,
};
use super::patch::{self, AD, Family, PatchOperation, R, Rule, Set, rule};
use super::stages::unknown_stage;
use super::state::State;
use super::types::{ApiKey, Texts};
use super::view::{newest_first, page, view, view_with_tags};
use super::{ids, tags};
use crate::ApiError;
use serde_json::Value;

#[derive(Default, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct CreateApiKey {
    name: Option<String>,
    description: Option<String>,
    enabled: bool,
    value: Option<String>,
    stage_keys: Vec<StageKey>,
    customer_id: Option<String>,
    tags: Option<Texts>,
}

#[derive(Default, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct StageKey {
    rest_api_id: String,
    stage_name: String,
}

pub(super) fn create_api_key(cx: &mut Cx<'_>) -> Result<Value, ApiError> {
    let input: CreateApiKey = cx.input()?;
    let now = cx.now();
    let filled = |text: Option<String>| text.filter(|text| !text.is_empty());
    let (name, description) = (filled(input.name), filled(input.description));
    check_texts(name.as_deref(), description.as_deref())?;
    let value = match filled(input.value) {
        Some(value) => value,
        None => ids::secret(KEY_VALUE_CHARS)?,
    };
    check_value(&value)?;
    if cx.state.key_values.contains_key(&value) {
        return Err(ApiError::conflict("API Key already exists"));
    }
    let mut stage_keys = Vec::new();
    for StageKey { rest_api_id, stage_name } in input.stage_keys {
        let stage_key = format!("{rest_api_id}/{stage_name}");
        check_stage(cx.state, &stage_key)?;
        stage_keys.push(stage_key);
    }
    let tags = tags::checked(input.tags)?;
    let sequence = cx.state.next_sequence();
    let state = &mut *cx.state;
    let id = state.ids.next(10, |id| state.api_keys.contains_key(id));
    let key = ApiKey {
        id: id.clone(),
        value: Some(value.clone()),
        name,
        customer_id: filled(input.customer_id),
        description,
        enabled: input.enabled,
        created_date: now,
        last_updated_date: now,
        stage_keys,
        tags,
        sequence,
    };
    cx.writes.put(format!("apikeys/{id}"), &key);
    let shown = view(&key);
    state.key_values.insert(value, id.clone());
    state.api_keys.insert(id, key);
    Ok(shown)
}

pub(super) fn check_value(value: &str) -> Result<(), ApiError> {
    match value.chars().count() {
        ..KEY_VALUE_CHARS_MIN => {
            let text = format!("API Key value should be at least {KEY_VALUE_CHARS_MIN} characters");
            Err(ApiError::bad_request(text))
        }
        KEY_VALUE_CHARS_MIN..=KEY_VALUE_CHARS_MAX => Ok(()),
        _ => {
            let text =
                format!("API Key value exceeds maximum size of {KEY_VALUE_CHARS_MAX} characters");
            Err(ApiError::bad_request(text))
        }
    }
}

pub(super) fn check_texts(name: Option<&str>, description: Option<&str>) -> Result<(), ApiError> {
    let chars = |text: Option<&str>| text.map_or(0, |text| text.chars().count());
    if chars(name) > KEY_NAME_CHARS_MAX {
        let text = format!("Invalid API Key name, can be at most {KEY_NAME_CHARS_MAX} characters.");
        return Err(ApiError::bad_request(text));
    }
    if chars(description) > KEY_DESCRIPTION_CHARS_MAX {
        return Err(ApiError::bad_request("Invalid API Key description specified."));
    }
    Ok(())
}

fn check_stage(state: &State, stage_key: &str) -> Result<(), ApiError> {
    let (api_id, stage) = stage_key.split_once('/').unwrap_or_default();
    let api = state.apis.get(api_id);
    api.and_then(|api| api.stages.get(stage)).map(|_| ()).ok_or_else(unknown_stage)
}

fn key<'c>(cx: &'c Cx<'_>) -> Result<&'c ApiKey, ApiError> {
    let found = cx.state.api_keys.get(&cx.label("api_Key"));
    found.ok_or_else(|| ApiError::not_found("Invalid API Key identifier specified"))
}

/// A key without its value.
fn without_value(key: &ApiKey) -> ApiKey {
    ApiKey { value: None, ..key.clone() }
}

pub(super) fn get_api_key(cx: &mut Cx<'_>) -> Result<Value, ApiError> {
    let key = key(cx)?;
    Ok(match cx.call.query("includeValue") {
        Some("true") => view_with_tags(key),
        _ => view_with_tags(&without_value(key)),
    })
}

pub(super) fn get_api_keys(cx: &mut Cx<'_>) -> Result<Value, ApiError> {
    let call = cx.call;
    let prefix = call.query("name").unwrap_or_default();
    let keys = cx.state.api_keys.values().filter(|key| {
        key.name.as_deref().unwrap_or_default().starts_with(prefix)
            && call
                .query("customerId")
                .is_none_or(|customer| key.customer_id.as_deref() == Some(customer))
    });
    let mut items: Vec<_> = keys.map(|key| (newest_first(key.sequence), key)).collect();
    items.sort_by(|one, two| one.0.cmp(&two.0));
    let with_values = call.query("includeValues") == Some("true");
    page(call, items, |key| if with_values { view(key) } else { view(&without_value(key)) })
}

pub(super) fn delete_api_key(cx: &mut Cx<'_>) -> Result<Value, ApiError> {
    let id = key(cx)?.id.clone();
    if let Some(value) = cx.state.api_keys.remove(&id).and_then(|key| key.value) {
        cx.state.key_values.remove(&value);
    }
    let files = &cx.state.files;
    let plans = cx.state.usage_plans.iter_mut();
    for (plan_id, plan) in plans.filter(|(plan_id, _)| !files.have("usageplans", plan_id)) {
        if plan.keys.remove(&id).is_some() {
            cx.writes.remove(format!("usageplans/{plan_id}/keys/{id}"));
            cx.writes.publish();
        }
    }
    cx.writes.remove(format!("apikeys/{id}"));
    Ok(Value::Null)
}

const RULES: &[Rule] = &[
    rule("/description", R, Set::Text),
    rule("/enabled", R, Set::Flag),
    rule("/name", R, Set::Text),
    rule("/customerId", R, Set::Text),
    rule("/stages", AD, Set::Special),
    rule("/labels", AD, Set::Special),
];

pub(super) fn update_api_key(cx: &mut Cx<'_>) -> Result<Value, ApiError> {
    let operations: Vec<PatchOperation> = cx.patch()?;
    let before = key(cx)?;
    let state = &*cx.state;
    let mut after =
        patch::apply(before, Family::Listed, RULES, &operations, |key, operation, segments| {
            let stage = operation.text();
            // Labels are of a time before usage plans; nothing shows them.
            if segments[0] == "stages" {
                key.stage_keys.retain(|stage_key| stage_key != stage);
                if operation.op == "add" {
                    check_stage(state, stage)?;
                    key.stage_keys.push(stage.to_owned());
                }
            }
            Ok(())
        })?;
    check_texts(after.name.as_deref(), after.description.as_deref())?;
    after.last_updated_date = cx.now();
    let id = after.id.clone();
    if cx.state.usage_plans.values().any(|plan| plan.keys.contains_key(&id)) {
        cx.writes.publish();
    }
    cx.writes.put(format!("apikeys/{id}"), &after);
    let shown = view_with_tags(&without_value(&after));
    cx.state.api_keys.insert(id, after);
    Ok(shown)
}
