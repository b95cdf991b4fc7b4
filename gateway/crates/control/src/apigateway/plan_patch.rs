//! Patches of usage plans.

use super::patch::{self, AR, ARD, D, Family, PatchOperation, R, Rule, Set, rule};
use super::types::{ApiStage, Throttle, UsagePlan};
use crate::ApiError;

const LIMIT: &str = "/apiStages/<apidId:stageName>/throttle/<resourcePath>/<httpMethod>";

const RULES: &[Rule] = &[
    rule("/name", R, Set::Verbatim),
    rule("/description", R, Set::Text),
    rule("/apiStages", &["add", "remove"], Set::Special),
    rule("/quota", D, Set::Text),
    rule("/throttle", D, Set::Text),
    rule("/productCode", ARD, Set::Text),
    // `apidId` is AWS's own.
    rule("/apiStages/*/throttle/*/*", D, Set::Special).shown(LIMIT),
    rule("/apiStages/*/throttle", ARD, Set::Special)
        .shown("/apiStages/<apidId:stageName>/throttle"),
    rule("/apiStages/*/throttle/*/*/rateLimit", AR, Set::Special)
        .shown("/apiStages/<apidId:stageName>/throttle/<resourcePath>/<httpMethod>/rateLimit"),
    rule("/apiStages/*/throttle/*/*/burstLimit", AR, Set::Special)
        .shown("/apiStages/<apidId:stageName>/throttle/<resourcePath>/<httpMethod>/burstLimit"),
    rule("/quota/limit", AR, Set::Integer),
    rule("/quota/offset", AR, Set::Integer),
    rule("/quota/period", AR, Set::Special),
    rule("/throttle/rateLimit", AR, Set::Double),
    rule("/throttle/burstLimit", AR, Set::Integer),
];

/// The patched plan; `check_stage` says whether a stage that comes is there.
pub(super) fn apply(
    plan: &UsagePlan,
    operations: &[PatchOperation],
    check_stage: impl Fn(&ApiStage) -> Result<(), ApiError>,
) -> Result<UsagePlan, ApiError> {
    patch::apply(plan, Family::Listed, RULES, operations, |plan, operation, segments| {
        if segments[0] == "quota" {
            return set_period(plan, operation.text());
        }
        let removes = operation.op == "remove";
        match segments {
            [_] => {
                let stage = parse_stage(operation.text())?;
                let is_same =
                    |other: &ApiStage| other.api_id == stage.api_id && other.stage == stage.stage;
                let has = plan.api_stages.iter().any(is_same);
                if removes {
                    plan.api_stages.retain(|other| !is_same(other));
                } else if !has {
                    check_stage(&stage)?;
                    plan.api_stages.push(stage);
                }
                Ok(())
            }
            [_, stage, _] => {
                let stage = stage_of(plan, stage)?;
                stage.throttle = match removes {
                    true => None,
                    false => Some(serde_json::from_str(operation.text()).map_err(|_| {
                        ApiError::bad_request(
                            "Invalid throttle specified: a JSON object of limits by method",
                        )
                    })?),
                };
                Ok(())
            }
            [_, stage, _, path, verb, rest @ ..] => {
                let key = format!("{path}/{verb}");
                let limits = &mut stage_of(plan, stage)?.throttle;
                match rest.first() {
                    None => {
                        limits.get_or_insert_default().remove(&key);
                        *limits = limits.take().filter(|limits| !limits.is_empty());
                        Ok(())
                    }
                    Some(name) => set_limit(
                        limits.get_or_insert_default().entry(key).or_default(),
                        name,
                        operation,
                    ),
                }
            }
            _ => Ok(()),
        }
    })
}

fn set_period(plan: &mut UsagePlan, period: &str) -> Result<(), ApiError> {
    if !matches!(period, "DAY" | "WEEK" | "MONTH") {
        return Err(ApiError::bad_request(format!("Invalid quota period specified: {period}")));
    }
    plan.quota.get_or_insert_default().period = Some(period.to_owned());
    Ok(())
}

fn set_limit(limit: &mut Throttle, name: &str, operation: &PatchOperation) -> Result<(), ApiError> {
    let text = operation.text();
    let invalid = || {
        ApiError::bad_request(format!(
            "Invalid value '{text}' specified for {name}. Must be a number"
        ))
    };
    if name == "rateLimit" {
        let rate = text.parse().ok().filter(|rate: &f64| rate.is_finite());
        limit.rate_limit = Some(rate.ok_or_else(invalid)?);
    } else {
        limit.burst_limit = Some(text.parse::<i32>().map_err(|_| invalid())?.into());
    }
    Ok(())
}

fn parse_stage(text: &str) -> Result<ApiStage, ApiError> {
    let parts = text.split_once(':').filter(|(api, stage)| !api.is_empty() && !stage.is_empty());
    let (api_id, stage) =
        parts.ok_or_else(|| ApiError::bad_request("Invalid API Stage specified"))?;
    Ok(ApiStage { api_id: api_id.to_owned(), stage: stage.to_owned(), throttle: None })
}

fn stage_of<'p>(plan: &'p mut UsagePlan, text: &str) -> Result<&'p mut ApiStage, ApiError> {
    let wanted = parse_stage(text)?;
    let id = plan.id.clone();
    let mut stages = plan.api_stages.iter_mut();
    stages.find(|stage| stage.api_id == wanted.api_id && stage.stage == wanted.stage).ok_or_else(
        || {
            let ApiStage { api_id, stage, .. } = wanted;
            let text = format!(
                "Invalid API Stage {{api: {api_id}, stage: {stage}}} specified for usageplan {id}"
            );
            ApiError::not_found(text)
        },
    )
}
