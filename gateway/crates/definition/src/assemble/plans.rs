//! What usage plans and API keys say about one another and about stages.

use super::Joined;
use gateway_model::limits::PLANS_PER_KEY_MAX;
use gateway_model::{ApiKeyId, Definitions, Place, RestApiId, StageName, UsagePlan, UsagePlanId};
use std::collections::{HashMap, HashSet};

impl Joined<'_> {
    /// Plans open stages that exist, keys differ in their values, and a key is in at most one plan
    /// of a stage.
    pub(super) fn check_plans(&self, definitions: &Definitions) {
        for plan in &definitions.usage_plans {
            self.check_plan_stages(plan);
        }
        let mut values: HashMap<&str, &Place> = HashMap::new();
        for key in &definitions.api_keys {
            let Some(value) = key.value.as_deref() else { continue };
            if let Some(other) = values.insert(value, &key.place) {
                let text = format!("API Key already exists: the one at {other} has this Value");
                self.report.error(&key.place, text);
            }
        }
        self.check_memberships(definitions);
    }

    fn check_plan_stages(&self, plan: &UsagePlan) {
        let mut seen = HashSet::new();
        for named in &plan.api_stages {
            let (api_id, stage) = (&named.rest_api_id, &named.stage);
            let api = self.index.get(api_id).map(|index| &self.apis[*index]);
            let is_known = api.is_some_and(|api| api.stages.contains_key(stage));
            let pair = format!("{{api: {api_id}, stage: {stage}}}");
            // An API that could not be read has been reported.
            if !is_known && (api.is_some() || !self.is_elsewhere(api_id.as_str())) {
                let text = format!("Invalid API Stage {pair} specified for usageplan {}", plan.id);
                self.report.error(&named.place, text);
            } else if !seen.insert((api_id, stage)) {
                let text = format!("usage plan {} names API stage {pair} twice", plan.id);
                self.report.error(&named.place, text);
            }
        }
    }

    fn check_memberships(&self, definitions: &Definitions) {
        let plans: HashMap<&UsagePlanId, &UsagePlan> =
            definitions.usage_plans.iter().map(|plan| (&plan.id, plan)).collect();
        let keys: HashSet<&ApiKeyId> = definitions.api_keys.iter().map(|key| &key.id).collect();
        let mut by_key: HashMap<&ApiKeyId, Memberships<'_>> = HashMap::new();
        for member in &definitions.usage_plan_keys {
            let (key, place) = (&member.key_id, &member.place);
            if !keys.contains(key) && !self.is_elsewhere(key.as_str()) {
                self.report.error(place, format!("Invalid API Key identifier specified: {key}"));
            }
            let Some(plan) = plans.get(&member.usage_plan_id) else {
                if !self.is_elsewhere(member.usage_plan_id.as_str()) {
                    let text = format!("Invalid Usage Plan ID specified: {}", member.usage_plan_id);
                    self.report.error(place, text);
                }
                continue;
            };
            let memberships = by_key.entry(key).or_default();
            if let Err(text) = memberships.join(key, plan, place) {
                self.report.error(place, text);
            }
        }
    }
}

/// The plans of one key.
#[derive(Default)]
struct Memberships<'d> {
    plans: HashMap<&'d UsagePlanId, &'d Place>,
    stages: HashMap<(&'d RestApiId, &'d StageName), (&'d UsagePlanId, &'d Place)>,
}

impl<'d> Memberships<'d> {
    fn join(
        &mut self,
        key: &ApiKeyId,
        plan: &'d UsagePlan,
        place: &'d Place,
    ) -> Result<(), String> {
        if let Some(other) = self.plans.get(&plan.id) {
            let id = &plan.id;
            return Err(format!("API key {key} is already in usage plan {id}, by {other}"));
        }
        if self.plans.len() == PLANS_PER_KEY_MAX {
            return Err(format!("API key {key} is in more than {PLANS_PER_KEY_MAX} usage plans"));
        }
        self.plans.insert(&plan.id, place);
        for stage in &plan.api_stages {
            let pair = (&stage.rest_api_id, &stage.stage);
            match self.stages.get(&pair) {
                Some((other, at)) if *other != &plan.id => {
                    let (api, stage) = pair;
                    return Err(format!(
                        "API key {key} is already in usage plan {other} of API stage \
                         {api}:{stage}, by {at}: a key is in one plan of a stage"
                    ));
                }
                Some(_) => {}
                None => {
                    self.stages.insert(pair, (&plan.id, place));
                }
            }
        }
        Ok(())
    }
}
