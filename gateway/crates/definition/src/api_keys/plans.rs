//! What imported keys and definitions say about one another.

use crate::report::Report;
use gateway_model::{Definitions, Diagnostic, ImportedKey, ImportedKeys, Place, UsagePlan};
use std::collections::HashMap;

/// Checks imported keys against the definitions that they are used with: the plans that they name
/// exist, no key is in two plans of one stage, and none has the value or the id of a key that is
/// defined.
#[must_use]
pub fn check(definitions: &Definitions, keys: &ImportedKeys) -> Vec<Diagnostic> {
    let report = Report::default();
    let mut checks = Checks::new(definitions, keys);
    for key in keys.iter() {
        for text in checks.key(&key) {
            report.error(&keys.place(&key), text);
        }
    }
    report.into_sorted()
}

struct Checks<'d> {
    keys: &'d ImportedKeys,
    /// By index of [`ImportedKeys::plans`]; an error is told once, and then `None`.
    plans: Vec<Option<Result<&'d UsagePlan, String>>>,
    /// What two plans have in common, by their indexes.
    shared: HashMap<(u16, u16), Option<String>>,
    values: HashMap<&'d str, &'d Place>,
    ids: HashMap<&'d str, &'d Place>,
}

impl<'d> Checks<'d> {
    fn new(definitions: &'d Definitions, keys: &'d ImportedKeys) -> Self {
        let plan = |name: &str| {
            definitions.find_usage_plan(name).map_err(|count| match count {
                0 => format!("no usage plan has the id or the name \"{name}\""),
                _ => format!("{count} usage plans have the name \"{name}\": write the id of one"),
            })
        };
        let defined = definitions.api_keys.iter();
        Self {
            keys,
            plans: keys.plans().iter().map(|name| Some(plan(name))).collect(),
            shared: HashMap::new(),
            values: defined
                .clone()
                .filter_map(|key| Some((key.value.as_deref()?, &key.place)))
                .collect(),
            ids: defined.map(|key| (key.id.as_str(), &key.place)).collect(),
        }
    }

    fn key(&mut self, key: &ImportedKey<'_>) -> Vec<String> {
        let mut errors = Vec::new();
        if let Some(place) = self.values.get(key.value) {
            errors.push(format!("API Key already exists: the one at {place} has this Key"));
        }
        if let Some(place) = self.ids.get(key.id) {
            errors.push(format!("Id \"{}\" is that of another API key, at {place}", key.id));
        }
        for (index, plan) in key.plans.iter().enumerate() {
            let slot = &mut self.plans[usize::from(*plan)];
            if let Some(Err(text)) = slot.take_if(|plan| plan.is_err()) {
                errors.push(text);
            }
            for other in &key.plans[..index] {
                errors.extend(self.conflict(*other, *plan));
            }
        }
        errors
    }

    /// The error of being in both plans.
    fn conflict(&mut self, one: u16, other: u16) -> Option<String> {
        let (plans, keys) = (&self.plans, self.keys);
        let shared = self.shared.entry((one, other)).or_insert_with(|| {
            let plan = |index: u16| plans[usize::from(index)].as_ref()?.as_ref().ok();
            let (first, second) = (plan(one)?, plan(other)?);
            let both = first.api_stages.iter().find(|stage| {
                let is_same = |other: &&gateway_model::ApiStage| {
                    (&other.rest_api_id, &other.stage) == (&stage.rest_api_id, &stage.stage)
                };
                second.api_stages.iter().find(is_same).is_some()
            })?;
            let name = |index: u16| &keys.plans()[usize::from(index)];
            Some(format!(
                "this API key is in usage plans \"{}\" and \"{}\", both of API stage {}:{}: a key \
                 is in one plan of a stage",
                name(one),
                name(other),
                both.rest_api_id,
                both.stage
            ))
        });
        shared.clone()
    }
}
