//! Plans: their stages, limits and quotas.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use gateway_model::{
    ApiStage, Definitions, Diagnostic, HttpMethod, Place, QuotaPeriod, QuotaSettings,
    ThrottleSettings,
};
use gateway_throttle::{Limit, Period, Quota, Settings};

use super::{Override, PlanShape};
use crate::changes::Change;
use crate::compiler::settings::{no_such_method, throttle};
use crate::limits::{PLAN_METHODS_MAX, USAGE_PLANS_MAX};
use crate::plan::{MethodIndex, StageIndex, StagePlan};
use crate::surroundings::Surroundings;
use crate::usage::{PlanStage, UsagePlan, UsagePlans};

/// The plans and, in the same order, their shapes.
pub(super) fn compile(
    definitions: &Definitions,
    surroundings: Surroundings<'_>,
    stages: &[Arc<StagePlan>],
    previous: Option<&UsagePlans>,
    changes: &mut Vec<Change>,
    diagnostics: &mut Vec<Diagnostic>,
) -> (Vec<UsagePlan>, Vec<PlanShape>) {
    let mut compiler = Compiler {
        surroundings,
        stages,
        stage_indices: stages
            .iter()
            .enumerate()
            .map(|(at, plan)| ((&*plan.api_id, &*plan.stage), StageIndex(at as u32)))
            .collect(),
        previous,
        changes,
        diagnostics,
    };
    let (mut plans, mut shapes) = (Vec::new(), Vec::new());
    let mut ids = HashSet::new();
    for plan in &definitions.usage_plans {
        if !ids.insert(plan.id.as_str()) {
            let text = format!("another usage plan has the id \"{}\"", plan.id);
            compiler.diagnostics.push(Diagnostic::error(&plan.place, text));
            continue;
        }
        if plans.len() == USAGE_PLANS_MAX {
            let text = format!("more than {USAGE_PLANS_MAX} usage plans");
            compiler.diagnostics.push(Diagnostic::error(&plan.place, text));
            break;
        }
        let (plan, shape) = compiler.plan(plan, plans.len() as u16);
        plans.push(plan);
        shapes.push(shape);
    }
    (plans, shapes)
}

struct Compiler<'a> {
    surroundings: Surroundings<'a>,
    stages: &'a [Arc<StagePlan>],
    stage_indices: HashMap<(&'a str, &'a str), StageIndex>,
    previous: Option<&'a UsagePlans>,
    changes: &'a mut Vec<Change>,
    diagnostics: &'a mut Vec<Diagnostic>,
}

/// A plan of the snapshot before, with its shape.
#[derive(Clone, Copy)]
struct Before<'a> {
    plan: &'a UsagePlan,
    shape: &'a PlanShape,
}

impl<'a> Before<'a> {
    fn override_limit(self, wanted: &Override) -> Option<&'a Arc<Limit>> {
        let at = self.shape.overrides.iter().position(|known| known == wanted)?;
        self.plan.methods.get(at)
    }
}

impl<'a> Compiler<'a> {
    fn plan(&mut self, plan: &gateway_model::UsagePlan, index: u16) -> (UsagePlan, PlanShape) {
        let before = self.before(plan.id.as_str());
        let settings =
            plan.throttle.as_ref().and_then(|written| self.settings(&plan.place, "", written));
        let throttle = settings.map(|settings| {
            let kept = before.and_then(|before| before.plan.throttle.as_ref());
            self.limit(kept, settings, index)
        });
        let mut overrides = Overrides::default();
        let mut stages = BTreeMap::new();
        for opened in &plan.api_stages {
            let name = (opened.rest_api_id.as_str(), opened.stage.as_str());
            let Some(stage) = self.stage_indices.get(&name).copied() else {
                let text = format!("Invalid API Stage specified: {}:{}", name.0, name.1);
                let help = "a usage plan opens stages that are served here";
                self.diagnostics.push(Diagnostic::error(&opened.place, text).with_help(help));
                continue;
            };
            let methods = self.overrides(opened, stage, &mut overrides);
            if stages.insert(stage, methods).is_some() {
                let text = format!("usage plan names API stage {}:{} twice", name.0, name.1);
                self.diagnostics.push(Diagnostic::error(&opened.place, text));
            }
        }
        if overrides.keys.len() > PLAN_METHODS_MAX {
            let text = format!("more than {PLAN_METHODS_MAX} method throttles in one usage plan");
            self.diagnostics.push(Diagnostic::error(&plan.place, text));
            overrides.truncate(PLAN_METHODS_MAX);
        }
        let limits = overrides.keys.iter().zip(&overrides.settings);
        let methods: Vec<Arc<Limit>> = limits
            .map(|(key, settings)| {
                let kept = before.and_then(|before| before.override_limit(key));
                self.limit(kept, *settings, index)
            })
            .collect();
        let mut names: Vec<(Box<str>, Box<str>)> = plan
            .api_stages
            .iter()
            .map(|opened| (opened.rest_api_id.as_str().into(), opened.stage.as_str().into()))
            .collect();
        names.sort();
        let shape = PlanShape {
            id: plan.id.as_str().into(),
            name: plan.name.as_str().into(),
            has_throttle: throttle.is_some(),
            overrides: overrides.keys,
            stages: names,
        };
        let quota = plan.quota.as_ref().and_then(|written| self.quota(plan, written));
        let quota = quota.map(|quota| self.since(quota, before, &shape.id, index));
        let plan = UsagePlan {
            id: shape.id.clone(),
            name: shape.name.clone(),
            throttle,
            methods,
            quota,
            stages: stages
                .into_iter()
                .map(|(stage, mut methods)| {
                    methods.sort_unstable();
                    PlanStage { stage, methods }
                })
                .collect(),
        };
        (plan, shape)
    }

    fn before(&self, id: &str) -> Option<Before<'a>> {
        let previous = self.previous?;
        let (index, plan) = previous.plan(id)?;
        Some(Before { plan, shape: &previous.input.shapes[usize::from(index)] })
    }

    /// The limit before, which will take these settings, or a new one.
    fn limit(&mut self, kept: Option<&Arc<Limit>>, settings: Settings, plan: u16) -> Arc<Limit> {
        let Some(limit) = kept else { return Arc::new(Limit::new(settings)) };
        if limit.settings() != settings {
            self.changes.push(Change::PlanLimit { plan, limit: Arc::clone(limit), settings });
        }
        Arc::clone(limit)
    }

    fn settings(
        &mut self,
        place: &Place,
        of: &str,
        written: &ThrottleSettings,
    ) -> Option<Settings> {
        match throttle(written.rate_limit, written.burst_limit) {
            Ok(settings) => settings,
            Err(text) => {
                let text = format!("usage plan throttle{of}: {text}");
                self.diagnostics.push(Diagnostic::error(place, text));
                None
            }
        }
    }

    /// The overrides for one stage: adds them to those of the plan.
    fn overrides(
        &mut self,
        opened: &ApiStage,
        stage: StageIndex,
        overrides: &mut Overrides,
    ) -> Vec<(MethodIndex, u16)> {
        let mut methods = Vec::new();
        for (written, settings) in &opened.throttle {
            let settings = self.settings(&opened.place, &format!(" of {written}"), settings);
            let stage_plan = &self.stages[stage.0 as usize];
            let Some((path, verb, method)) = method(stage_plan, written) else {
                let text = format!(
                    "usage plan throttle \"{written}\" is for no method of API stage {}:{}",
                    opened.rest_api_id, opened.stage
                );
                self.diagnostics.push(no_such_method(&opened.place, text));
                continue;
            };
            let Some(settings) = settings else { continue };
            if methods.iter().any(|(known, _)| *known == method) {
                let text = format!("usage plan throttle \"{written}\" is there twice");
                self.diagnostics.push(Diagnostic::error(&opened.place, text));
                continue;
            }
            methods.push((method, overrides.keys.len() as u16));
            overrides.keys.push(Override {
                api_id: opened.rest_api_id.as_str().into(),
                stage: opened.stage.as_str().into(),
                path: path.into(),
                verb,
            });
            overrides.settings.push(settings);
        }
        methods
    }

    /// A quota as if it were set now.
    fn quota(&mut self, plan: &gateway_model::UsagePlan, written: &QuotaSettings) -> Option<Quota> {
        let count = |number: i64| u64::try_from(number).ok();
        let read = match (written.limit, written.period) {
            (Some(limit), Some(period)) => {
                count(limit).zip(count(written.offset.unwrap_or(0))).zip(Some(period))
            }
            _ => None,
        };
        let Some(((limit, offset), period)) = read else {
            let text = "a usage plan's quota has a Limit and an Offset of 0 or more, and a Period";
            self.diagnostics.push(Diagnostic::error(&plan.place, text));
            return None;
        };
        let period = match period {
            QuotaPeriod::Day => Period::Day,
            QuotaPeriod::Week => Period::Week,
            QuotaPeriod::Month => Period::Month,
        };
        Some(Quota { limit, offset, period, since: period.index(self.surroundings.unix_s) })
    }

    /// The quota with the period in which it was first seen. One that the plan was served without begins
    /// at 0: what was used before is not charged.
    fn since(&mut self, quota: Quota, before: Option<Before<'_>>, id: &str, index: u16) -> Quota {
        let since = match before {
            Some(before) => match &before.plan.quota {
                Some(served) => (served.period == quota.period).then_some(served.since),
                None => {
                    self.changes.push(Change::NewQuota { plan: index });
                    None
                }
            },
            None => self
                .surroundings
                .records
                .quota_since(id)
                .filter(|(period, _)| *period == quota.period)
                .map(|(_, since)| since),
        };
        Quota { since: since.unwrap_or(quota.since), ..quota }
    }
}

/// What the overrides of a plan belong to, and their settings in the same order.
#[derive(Default)]
struct Overrides {
    keys: Vec<Override>,
    settings: Vec<Settings>,
}

impl Overrides {
    fn truncate(&mut self, len: usize) {
        self.keys.truncate(len);
        self.settings.truncate(len);
    }
}

/// The method that a key such as `/pets/{id}/GET` or `/~1pets~1{id}/GET` names.
fn method<'s>(stage: &'s StagePlan, key: &str) -> Option<(&'s str, HttpMethod, MethodIndex)> {
    let (path, verb) = parse(key)?;
    let mut methods = stage.methods.iter();
    let found =
        methods.find(|method| *method.resource_path == *path && method.http_method == verb)?;
    Some((&found.resource_path, found.http_method, found.index))
}

/// The path and the verb of a key. The root's key is `//GET` or `/GET`.
fn parse(key: &str) -> Option<(String, HttpMethod)> {
    let (path, verb) = key.rsplit_once('/')?;
    let verb = HttpMethod::parse(verb).ok()?;
    let is_escaped = path.contains("~1");
    let path = if is_escaped { path.strip_prefix('/').unwrap_or(path) } else { path };
    let path =
        if is_escaped { path.replace("~1", "/").replace("~0", "~") } else { path.to_owned() };
    let path = if path.starts_with('/') { path } else { format!("/{path}") };
    Some((path, verb))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_method_key_is_a_path_and_a_verb_with_or_without_escapes() {
        for (key, path) in [
            ("/pets/GET", "/pets"),
            ("pets/GET", "/pets"),
            ("/pets/{id}/GET", "/pets/{id}"),
            ("/~1pets~1{id}/GET", "/pets/{id}"),
            ("~1pets~1{id}/GET", "/pets/{id}"),
            ("/~1a~01/GET", "/a~1"),
            ("/~1/GET", "/"),
            ("//GET", "/"),
            ("/GET", "/"),
        ] {
            assert_eq!(parse(key), Some((path.to_owned(), HttpMethod::Get)), "{key}");
        }
        for key in ["GET", "/pets/get", "/pets", "", "/*/*"] {
            assert_eq!(parse(key), None, "{key}");
        }
    }
}
