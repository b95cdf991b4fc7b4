//! `ApiKey`, `UsagePlan`, `UsagePlanKey`, `Account`.

use super::object::Object;
use super::stage::{stage_name_of, throttling};
use super::{Context, Piece};
use crate::api_keys::{check_name, check_value};
use gateway_model::{
    Account, ApiKey, ApiKeyId, ApiStage, QuotaPeriod, QuotaSettings, RestApiId, StageKey,
    ThrottleSettings, UsagePlan, UsagePlanId, UsagePlanKey,
};

pub(super) fn account(object: &mut Object<'_>, _: &Context<'_>) -> Option<Piece> {
    let cloudwatch_role_arn = object.plain_text("CloudWatchRoleArn");
    Some(Piece::Account(Account { cloudwatch_role_arn, place: object.place() }))
}

pub(super) fn api_key(object: &mut Object<'_>, context: &Context<'_>) -> Option<Piece> {
    let mut stage_keys = Vec::new();
    for mut key in object.objects("StageKeys") {
        let rest_api_id = key.text("RestApiId");
        let stage = key.text("StageName");
        let stage_name = stage.and_then(|name| stage_name_of(&key, &name));
        key.finish();
        if let Some(id) = rest_api_id {
            stage_keys.push(StageKey { rest_api_id: RestApiId::new(&id.value), stage_name });
        }
    }
    let name = object.text("Name");
    if let Some(name) = &name
        && let Err(text) = check_name(&name.value)
    {
        object.error(&name.place, text);
    }
    let value = object.text("Value").filter(|value| !value.value.is_empty());
    if let Some(value) = &value
        && let Err(text) = check_value(&value.value)
    {
        object.error(&value.place, text);
    }
    if value.is_none() && !object.is_unknown("Value") {
        let text = "this API key has no Value: it gets a new one at each start";
        object.warning_with_help(&object.place(), text, "write one, or import the key from a file");
    }
    Some(Piece::ApiKey(ApiKey {
        id: ApiKeyId::new(&context.identity.reference),
        name: name.map_or_else(|| context.logical_id.to_owned(), |name| name.value),
        value: value.map(|value| value.value),
        enabled: object.boolean("Enabled").unwrap_or(false),
        description: object.plain_text("Description"),
        customer_id: object.plain_text("CustomerId"),
        generate_distinct_id: object.boolean("GenerateDistinctId").unwrap_or(false),
        stage_keys,
        tags: object.tags("Tags"),
        place: object.place(),
    }))
}

pub(super) fn usage_plan(object: &mut Object<'_>, context: &Context<'_>) -> Option<Piece> {
    let stages = object.objects("ApiStages");
    let quota = object.object("Quota").map(|mut quota| {
        let (limit, offset) = (quota.integer::<i64>("Limit"), quota.integer::<i64>("Offset"));
        let is_count = |count: &i64| *count >= 0;
        let read = QuotaSettings {
            limit: quota.within("Limit", limit, "0 or more", is_count),
            offset: quota.within("Offset", offset, "0 or more", is_count),
            period: quota.word("Period", QuotaPeriod::parse),
        };
        quota.require("Limit");
        quota.require("Period");
        quota.finish();
        read
    });
    Some(Piece::UsagePlan(UsagePlan {
        id: UsagePlanId::new(&context.identity.reference),
        name: object.plain_text("UsagePlanName").unwrap_or_else(|| context.logical_id.to_owned()),
        description: object.plain_text("Description"),
        api_stages: stages.into_iter().filter_map(api_stage).collect(),
        quota,
        throttle: object.object("Throttle").map(throttle),
        tags: object.tags("Tags"),
        place: object.place(),
    }))
}

fn api_stage(mut object: Object<'_>) -> Option<ApiStage> {
    let id = object.required_text("ApiId");
    let stage = object.required_text("Stage");
    let stage = stage.and_then(|name| stage_name_of(&object, &name));
    let throttles = object.object_map("Throttle").into_iter();
    let throttle = throttles.map(|(key, object)| (key.text.clone(), throttle(object))).collect();
    let place = object.place();
    object.finish();
    Some(ApiStage { rest_api_id: RestApiId::new(&id?.value), stage: stage?, throttle, place })
}

fn throttle(mut object: Object<'_>) -> ThrottleSettings {
    let (burst_limit, rate_limit) = throttling(&mut object, "BurstLimit", "RateLimit", false);
    object.finish();
    ThrottleSettings { burst_limit, rate_limit }
}

pub(super) fn usage_plan_key(object: &mut Object<'_>, _: &Context<'_>) -> Option<Piece> {
    let key = object.required_text("KeyId");
    let plan = object.required_text("UsagePlanId");
    if let Some(kind) = object.required_text("KeyType").filter(|kind| kind.value != "API_KEY") {
        object.error(&kind.place, "KeyType is API_KEY");
    }
    Some(Piece::UsagePlanKey(UsagePlanKey {
        key_id: ApiKeyId::new(&key?.value),
        usage_plan_id: UsagePlanId::new(&plan?.value),
        place: object.place(),
    }))
}
