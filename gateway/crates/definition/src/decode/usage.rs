//! `ApiKey`, `UsagePlan`, `UsagePlanKey`, `Account`.

use super::object::Object;
use super::stage::stage_name_of;
use super::{Context, Piece};
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
    Some(Piece::ApiKey(ApiKey {
        id: ApiKeyId::new(&context.identity.reference),
        name: object.plain_text("Name").unwrap_or_else(|| context.logical_id.to_owned()),
        value: object.plain_text("Value"),
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
        let read = QuotaSettings {
            limit: quota.integer("Limit"),
            offset: quota.integer("Offset"),
            period: quota.word("Period", QuotaPeriod::parse),
        };
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
    let read = ThrottleSettings {
        burst_limit: object.integer("BurstLimit"),
        rate_limit: object.number("RateLimit"),
    };
    object.finish();
    read
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
