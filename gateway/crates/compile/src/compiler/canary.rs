//! The canary of a stage: the API as another deployment has it, with other variables.

use std::collections::HashMap;
use std::sync::Arc;

use gateway_model::limits::CANARY_PERCENT_MAX;
use gateway_model::{CanarySetting, Diagnostic, Spanned, Stage};
use gateway_throttle::Split;

use super::context::{Shared, StageContext};
use super::functions::Asked;
use super::stage::{self, Shown};
use crate::changes::Change;
use crate::plan::{Canary, MethodIndex, MethodPlan, StagePlan};

pub(super) fn compile(
    shown: Shown<'_>,
    before: Option<&StagePlan>,
    base: &StagePlan,
    shared: &mut Shared<'_>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<(Canary, Vec<Asked>)> {
    let stage = shown.stage;
    let setting = stage.canary.as_ref()?;
    let percent = percent(setting, diagnostics)?;
    let overlaid = overlay(stage, setting);
    let canary_before = before.and_then(|before| before.canary.as_ref());
    let cx = StageContext::new(shown.canary, &overlaid, shared, diagnostics);
    let plan_before = canary_before.map(|canary| &*canary.plan);
    let (mut plan, asked) = stage::deployed(cx, plan_before);
    plan.is_canary = true;
    plan.execution_log_group =
        plan.execution_log_group.map(|group| format!("{group}/Canary").into());
    let of_stage: HashMap<_, _> =
        base.methods.iter().map(|method| (method.name(), method)).collect();
    let limits_before = stage::limits_of(before.into_iter().chain(plan_before));
    for method in &mut plan.methods {
        let of_stage: Option<&MethodPlan> = of_stage.get(&method.name()).copied();
        match of_stage {
            Some(of_stage) => {
                method.index = of_stage.index;
                method.throttle = of_stage.throttle.clone();
            }
            None => {
                method.index = MethodIndex::NONE;
                method.throttle = stage::method_throttle(stage, method, &limits_before, shared);
            }
        }
        if !setting.use_stage_cache {
            method.cache = None;
        }
    }
    if setting.use_stage_cache {
        plan.cache = base.cache.clone();
    }
    let canary = Canary {
        split: split(before, percent, shared),
        plan: Arc::new(plan),
        uses_stage_cache: setting.use_stage_cache,
    };
    Some((canary, asked))
}

/// The share in percent, or `None` when it was reported.
fn percent(setting: &CanarySetting, diagnostics: &mut Vec<Diagnostic>) -> Option<f64> {
    let percent = setting.percent_traffic.unwrap_or(0.0);
    let is_share = (0.0..=CANARY_PERCENT_MAX).contains(&percent);
    if !is_share {
        let text = format!("PercentTraffic of a canary is a number from 0 to {CANARY_PERCENT_MAX}");
        diagnostics.push(Diagnostic::error(&setting.place, text));
    }
    is_share.then_some(percent)
}

/// The stage as canary requests see it. A canary without a deployment has the stage's own.
fn overlay(stage: &Stage, setting: &CanarySetting) -> Stage {
    let mut overlaid = stage.clone();
    if let Some(deployment) = &setting.deployment {
        overlaid.deployment = deployment.clone();
    }
    let overrides = setting.stage_variable_overrides.iter();
    overlaid.variables.extend(
        overrides.map(|(name, value)| {
            (name.clone(), Spanned::new(value.clone(), setting.place.clone()))
        }),
    );
    overlaid
}

/// Who draws: the one before, so that its thousand goes on.
fn split(before: Option<&StagePlan>, percent: f64, shared: &mut Shared<'_>) -> Arc<Split> {
    match before.and_then(|before| before.canary.as_ref()) {
        Some(canary) => {
            if canary.split.percent() != percent {
                shared.changes.push(Change::Split(Arc::clone(&canary.split), percent));
            }
            Arc::clone(&canary.split)
        }
        None => Arc::new(Split::new(percent)),
    }
}
