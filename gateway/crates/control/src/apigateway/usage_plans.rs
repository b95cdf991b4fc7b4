//! Usage plans, and which keys are in them.

use super::cx::Cx;
use super::plan_patch;
use super::state::{Plan, State};
use super::tags;
use super::types::{ApiKey, ApiStage, Quota, Texts, Throttle, UsagePlan, UsagePlanKey};
use super::view::{newest_first, page, view, view_with_tags};
use crate::ApiError;
use serde_json::{Value, json};
use std::collections::BTreeMap;

#[derive(Default, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct CreateUsagePlan {
    name: String,
    description: Option<String>,
    api_stages: Vec<ApiStage>,
    throttle: Option<Throttle>,
    quota: Option<Quota>,
    tags: Option<Texts>,
}

pub(super) fn create_usage_plan(cx: &mut Cx<'_>) -> Result<Value, ApiError> {
    let input: CreateUsagePlan = cx.input()?;
    let tags = tags::checked(input.tags)?;
    let mut plan = UsagePlan {
        id: String::new(),
        name: input.name,
        description: input.description.filter(|text| !text.is_empty()),
        api_stages: input.api_stages,
        throttle: input.throttle,
        quota: input.quota,
        product_code: None,
        tags,
    };
    check(&plan)?;
    if let Some(stage) = plan.api_stages.iter().find(|stage| !has_stage(cx.state, stage)) {
        return Err(ApiError::bad_request(unknown_stage(stage, "null")));
    }
    let state = &mut *cx.state;
    plan.id = state.ids.next(6, |id| state.usage_plans.contains_key(id));
    cx.writes.put(format!("usageplans/{}", plan.id), &plan);
    cx.writes.publish();
    let shown = view(&plan);
    state.usage_plans.insert(plan.id.clone(), Plan { usage_plan: plan, keys: BTreeMap::new() });
    Ok(shown)
}

/// Whether a plan's numbers are within their bounds.
fn check(plan: &UsagePlan) -> Result<(), ApiError> {
    if plan.name.is_empty() {
        return Err(ApiError::bad_request("Usage Plan name cannot be empty"));
    }
    let limits =
        plan.api_stages.iter().flat_map(|stage| stage.throttle.iter().flat_map(BTreeMap::values));
    for limit in limits.chain(&plan.throttle) {
        let is_negative = limit.burst_limit.is_some_and(|burst| burst < 0);
        if is_negative || limit.rate_limit.is_some_and(|rate| rate < 0.0) {
            return Err(ApiError::bad_request("Usage Plan throttle limits must not be negative"));
        }
    }
    let Some(quota) = &plan.quota else { return Ok(()) };
    let text = match quota.period.as_deref() {
        _ if quota.limit < 0 => "Usage Plan quota limit must not be negative",
        None => "Usage Plan quota must have a period of DAY, WEEK or MONTH",
        Some("DAY") if quota.offset != 0 => {
            "Usage Plan quota offset must be zero in the DAY period"
        }
        Some("WEEK") if !(0..=6).contains(&quota.offset) => {
            "Usage Plan quota offset must be between zero and six in the WEEK period"
        }
        Some("MONTH") if !(0..=27).contains(&quota.offset) => {
            "Usage Plan quota offset must be between zero and 27 in the MONTH period"
        }
        Some(_) => return Ok(()),
    };
    Err(ApiError::bad_request(text))
}

fn has_stage(state: &State, stage: &ApiStage) -> bool {
    state.apis.get(&stage.api_id).is_some_and(|api| api.stages.contains_key(&stage.stage))
}

fn unknown_stage(stage: &ApiStage, plan_id: &str) -> String {
    let ApiStage { api_id, stage, .. } = stage;
    format!("Invalid API Stage {{api: {api_id}, stage: {stage}}} specified for usageplan {plan_id}")
}

fn plan<'c>(cx: &'c Cx<'_>) -> Result<&'c Plan, ApiError> {
    let found = cx.state.usage_plans.get(&cx.label("usageplanId"));
    found.ok_or_else(unknown_plan)
}

fn unknown_plan() -> ApiError {
    ApiError::not_found("Invalid Usage Plan ID specified")
}

pub(super) fn get_usage_plan(cx: &mut Cx<'_>) -> Result<Value, ApiError> {
    Ok(view_with_tags(&plan(cx)?.usage_plan))
}

pub(super) fn get_usage_plans(cx: &mut Cx<'_>) -> Result<Value, ApiError> {
    let key = cx.call.query("keyId");
    let plans = cx
        .state
        .usage_plans
        .iter()
        .filter(|(_, plan)| key.is_none_or(|key| plan.keys.contains_key(key)));
    page(cx.call, plans.map(|(id, plan)| (id.clone(), &plan.usage_plan)).collect(), view)
}

pub(super) fn delete_usage_plan(cx: &mut Cx<'_>) -> Result<Value, ApiError> {
    let plan = &plan(cx)?.usage_plan;
    let id = plan.id.clone();
    if let Some(ApiStage { api_id, stage, .. }) = plan.api_stages.first() {
        return Err(ApiError::bad_request(format!(
            "Cannot delete Usage Plan {id} because there are API Stages associated with it, including {api_id}:{stage}"
        )));
    }
    cx.state.usage_plans.remove(&id);
    cx.writes.remove(format!("usageplans/{id}"));
    cx.writes.remove_all(format!("usageplans/{id}/"));
    cx.writes.publish();
    Ok(Value::Null)
}

pub(super) fn update_usage_plan(cx: &mut Cx<'_>) -> Result<Value, ApiError> {
    let operations = cx.patch()?;
    let state = &*cx.state;
    let before = &plan(cx)?.usage_plan;
    let after = plan_patch::apply(before, &operations, |stage| match has_stage(state, stage) {
        true => Ok(()),
        false => Err(ApiError::not_found(unknown_stage(stage, &before.id))),
    })?;
    check(&after)?;
    let id = after.id.clone();
    cx.writes.put(format!("usageplans/{id}"), &after);
    cx.writes.publish();
    let plan = cx.state.usage_plans.get_mut(&id).ok_or_else(unknown_plan)?;
    plan.usage_plan = after;
    Ok(view_with_tags(&plan.usage_plan))
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct CreateUsagePlanKey {
    key_id: String,
    key_type: String,
}

fn show_key(key: &ApiKey) -> Value {
    let mut shown = json!({ "id": key.id, "type": "API_KEY", "value": key.value });
    if let (Some(name), Value::Object(members)) = (&key.name, &mut shown) {
        members.insert("name".to_owned(), name.clone().into());
    }
    shown
}

pub(super) fn create_usage_plan_key(cx: &mut Cx<'_>) -> Result<Value, ApiError> {
    let CreateUsagePlanKey { key_id, key_type } = cx.input()?;
    let plan = plan(cx)?;
    let plan_id = plan.usage_plan.id.clone();
    if key_type != "API_KEY" {
        return Err(ApiError::bad_request(format!("Invalid key type specified: {key_type}")));
    }
    let Some(key) = cx.state.api_keys.get(&key_id) else {
        return Err(ApiError::not_found("Invalid API Key identifier specified"));
    };
    if plan.keys.contains_key(&key_id) {
        return Err(ApiError::conflict(format!(
            "Usage Plan {plan_id} already contains API Key {key_id}"
        )));
    }
    let shown = show_key(key);
    check_stages(cx.state, plan, &key_id)?;
    let document = UsagePlanKey { key_id: key_id.clone(), sequence: cx.state.next_sequence() };
    cx.writes.put(format!("usageplans/{plan_id}/keys/{key_id}"), &document);
    cx.writes.publish();
    cx.state.usage_plans.get_mut(&plan_id).ok_or_else(unknown_plan)?.keys.insert(key_id, document);
    Ok(shown)
}

/// A key is in one plan of a stage at most: else it would not be clear which counts.
fn check_stages(state: &State, plan: &Plan, key_id: &str) -> Result<(), ApiError> {
    let others = state.usage_plans.values().filter(|other| other.keys.contains_key(key_id));
    for other in others {
        let shares = |stage: &&ApiStage| {
            let mut mine = plan.usage_plan.api_stages.iter();
            mine.any(|mine| mine.api_id == stage.api_id && mine.stage == stage.stage)
        };
        if let Some(ApiStage { api_id, stage, .. }) =
            other.usage_plan.api_stages.iter().find(shares)
        {
            let other = &other.usage_plan.id;
            return Err(ApiError::conflict(format!(
                "API Key {key_id} is already in Usage Plan {other}, which has the API Stage {api_id}:{stage} too"
            )));
        }
    }
    Ok(())
}

fn key_of<'c>(cx: &'c Cx<'_>) -> Result<(&'c Plan, &'c ApiKey), ApiError> {
    let (plan, key_id) = (plan(cx)?, cx.label("keyId"));
    let key = plan.keys.get(&key_id).and_then(|_| cx.state.api_keys.get(&key_id));
    Ok((plan, key.ok_or_else(|| ApiError::not_found("Invalid API Key identifier specified"))?))
}

pub(super) fn get_usage_plan_key(cx: &mut Cx<'_>) -> Result<Value, ApiError> {
    Ok(show_key(key_of(cx)?.1))
}

pub(super) fn get_usage_plan_keys(cx: &mut Cx<'_>) -> Result<Value, ApiError> {
    let prefix = cx.call.query("name").unwrap_or_default();
    let mut items = Vec::new();
    // An unknown plan has no keys, on AWS too.
    let plan = cx.state.usage_plans.get(&cx.label("usageplanId"));
    for (id, document) in plan.into_iter().flat_map(|plan| &plan.keys) {
        let key = cx.state.api_keys.get(id);
        let key = key.filter(|key| key.name.as_deref().unwrap_or_default().starts_with(prefix));
        items.extend(key.map(|key| (newest_first(document.sequence), key)));
    }
    items.sort_by(|one, two| one.0.cmp(&two.0));
    page(cx.call, items, show_key)
}

pub(super) fn delete_usage_plan_key(cx: &mut Cx<'_>) -> Result<Value, ApiError> {
    let (plan, key) = key_of(cx)?;
    let (plan_id, key_id) = (plan.usage_plan.id.clone(), key.id.clone());
    cx.state.usage_plans.get_mut(&plan_id).ok_or_else(unknown_plan)?.keys.remove(&key_id);
    cx.writes.remove(format!("usageplans/{plan_id}/keys/{key_id}"));
    cx.writes.publish();
    Ok(Value::Null)
}
