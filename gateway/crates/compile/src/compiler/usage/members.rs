//! Memberships: which key is in which plan, and what it has there.

use std::collections::HashMap;
use std::sync::Arc;

use gateway_auth::keys::{KeyIndex, KeyTable};
use gateway_model::{Definitions, Diagnostic, ImportedKeys, Place};
use gateway_throttle::{Bucket, Limit, Throttle, Usage};

use super::{PlanShape, Told};
use crate::surroundings::Surroundings;
use crate::usage::{DirtySet, Member, Memberships, UsagePlan, UsagePlans};

/// What is compiled already.
#[derive(Clone, Copy)]
pub(super) struct Parts<'a> {
    pub(super) keys: &'a Arc<KeyTable>,
    pub(super) plans: &'a [UsagePlan],
    pub(super) shapes: &'a [PlanShape],
}

/// The memberships, and what there was to say of them.
pub(super) struct Members {
    pub(super) memberships: Arc<Memberships>,
    pub(super) dirty: Arc<DirtySet>,
    pub(super) said: Vec<Diagnostic>,
}

impl Members {
    /// Those of the snapshot before.
    pub(super) fn of(previous: &UsagePlans) -> Self {
        Self {
            memberships: Arc::clone(&previous.memberships),
            dirty: Arc::clone(&previous.dirty),
            said: previous.input.said_of_members.clone(),
        }
    }
}

pub(super) fn compile(
    definitions: &Definitions,
    surroundings: Surroundings<'_>,
    parts: Parts<'_>,
    previous: Option<&UsagePlans>,
) -> Members {
    let mut said = Vec::new();
    let mut pairs = defined(definitions, parts, &mut said);
    if let Some(imported) = surroundings.imported {
        add_imported(imported, parts, &mut pairs, &mut said);
    }
    pairs.sort_unstable();
    pairs.dedup();
    refuse_two_plans_of_a_stage(&pairs, parts, definitions, surroundings.imported, &mut said);
    let mut first = vec![0_u32; parts.keys.len() + 1];
    for (key, _) in &pairs {
        first[*key as usize + 1] += 1;
    }
    for key in 0..parts.keys.len() {
        first[key + 1] += first[key];
    }
    let source = Source::new(parts, surroundings, previous);
    let members = pairs.iter().map(|(key, plan)| source.member(KeyIndex(*key), *plan)).collect();
    let plans = pairs.iter().map(|(_, plan)| *plan).collect();
    Members {
        dirty: Arc::new(DirtySet::new(pairs.len())),
        memberships: Arc::new(Memberships { first, plans, members }),
        said,
    }
}

/// Key and plan of each membership of the definitions.
fn defined(
    definitions: &Definitions,
    parts: Parts<'_>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<(u32, u16)> {
    let ids = parts.plans.iter().enumerate().map(|(at, plan)| (&*plan.id, at as u16));
    let ids: HashMap<&str, u16> = ids.collect();
    // A key that was refused or left out was reported.
    let is_reported =
        |id: &str| definitions.api_keys.iter().any(|defined| defined.id.as_str() == id);
    let mut pairs = Vec::new();
    for membership in &definitions.usage_plan_keys {
        let (key_id, plan_id) = (membership.key_id.as_str(), membership.usage_plan_id.as_str());
        let plan = ids.get(plan_id);
        if plan.is_none() {
            let text = format!("Invalid Usage Plan ID specified: {plan_id}");
            diagnostics.push(Diagnostic::error(&membership.place, text));
        }
        let key = parts.keys.by_id(key_id);
        if key.is_none() && !is_reported(key_id) {
            let text = format!("Invalid API Key identifier specified: {key_id}");
            let help = "name a key of the definitions or of an imported file by its id";
            diagnostics.push(Diagnostic::error(&membership.place, text).with_help(help));
        }
        pairs.extend(key.zip(plan.copied()).map(|(key, plan)| (key.0, plan)));
    }
    pairs
}

fn add_imported(
    imported: &ImportedKeys,
    parts: Parts<'_>,
    pairs: &mut Vec<(u32, u16)>,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let plans: Vec<Result<u16, String>> =
        imported.plans().iter().map(|written| plan_named(written, parts.plans)).collect();
    let mut told = Told::default();
    pairs.reserve(imported.len());
    for row in imported.iter() {
        // A key that was refused was reported.
        let Some(key) = parts.keys.by_id(row.id) else { continue };
        for plan in row.plans {
            match &plans[usize::from(*plan)] {
                Ok(plan) => pairs.push((key.0, *plan)),
                Err(text) => told.say(diagnostics, || {
                    let text = format!("API key {}: {text}", row.id);
                    Diagnostic::warning(&imported.place(&row), text)
                        .with_help("the key is not in it; name a plan by its id or its name")
                }),
            }
        }
    }
    told.rest(diagnostics);
}

/// A plan by its id, or else by its name.
fn plan_named(written: &str, plans: &[UsagePlan]) -> Result<u16, String> {
    if let Some(at) = plans.iter().position(|plan| *plan.id == *written) {
        return Ok(at as u16);
    }
    let mut named = plans.iter().enumerate().filter(|(_, plan)| *plan.name == *written);
    match (named.next(), named.next()) {
        (Some((at, _)), None) => Ok(at as u16),
        (None, _) => Err(format!("there is no usage plan \"{written}\"")),
        (Some(_), Some(_)) => Err(format!("several usage plans have the name \"{written}\"")),
    }
}

/// A key has at most one plan for a stage, so that it is plain which one counts.
fn refuse_two_plans_of_a_stage(
    pairs: &[(u32, u16)],
    parts: Parts<'_>,
    definitions: &Definitions,
    imported: Option<&Arc<ImportedKeys>>,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let mut told = Told::default();
    for of_key in pairs.chunk_by(|a, b| a.0 == b.0).filter(|of_key| of_key.len() > 1) {
        for (at, (key, plan)) in of_key.iter().enumerate() {
            for (_, other) in &of_key[..at] {
                let (plan, other) =
                    (&parts.shapes[usize::from(*plan)], &parts.shapes[usize::from(*other)]);
                let Some((api, stage)) = shared_stage(plan, other) else { continue };
                told.say(diagnostics, || {
                    let id = parts.keys.id(KeyIndex(*key));
                    let text = format!(
                        "API key {id} is in two usage plans of API stage {api}:{stage}: {} and {}",
                        other.id, plan.id
                    );
                    Diagnostic::error(&place_of(id, definitions, imported), text)
                        .with_help("a key has one usage plan for a stage; take it out of one")
                });
            }
        }
    }
    told.rest(diagnostics);
}

fn shared_stage<'s>(a: &'s PlanShape, b: &PlanShape) -> Option<&'s (Box<str>, Box<str>)> {
    a.stages.iter().find(|stage| b.stages.binary_search(stage).is_ok())
}

/// Where a key got into a plan, or else where it is written.
fn place_of(id: &str, definitions: &Definitions, imported: Option<&Arc<ImportedKeys>>) -> Place {
    let mut rows = definitions.usage_plan_keys.iter().rev();
    if let Some(row) = rows.find(|row| row.key_id.as_str() == id) {
        return row.place.clone();
    }
    let row = imported.and_then(|keys| Some((keys, keys.iter().find(|row| row.id == id)?)));
    row.map_or_else(Place::nowhere, |(keys, row)| keys.place(&row))
}

/// Where members come from: the snapshot before, what is remembered, or nothing.
struct Source<'a> {
    parts: Parts<'a>,
    surroundings: Surroundings<'a>,
    previous: Option<&'a UsagePlans>,
    /// For each plan what it was before, if it was.
    before: Vec<Option<PlanBefore>>,
}

struct PlanBefore {
    index: u16,
    /// Its members have all that they need.
    is_same_shape: bool,
    /// For each override where it was before.
    overrides: Vec<Option<usize>>,
}

impl<'a> Source<'a> {
    fn new(
        parts: Parts<'a>,
        surroundings: Surroundings<'a>,
        previous: Option<&'a UsagePlans>,
    ) -> Self {
        let previous = previous.filter(|previous| !previous.memberships.is_empty());
        let before = parts.shapes.iter().map(|shape| {
            let (index, _) = previous?.plan(&shape.id)?;
            let old = &previous?.input.shapes[usize::from(index)];
            let mut overrides = shape.overrides.iter();
            Some(PlanBefore {
                index,
                is_same_shape: old.has_throttle == shape.has_throttle
                    && old.overrides == shape.overrides,
                overrides: overrides
                    .by_ref()
                    .map(|wanted| old.overrides.iter().position(|known| known == wanted))
                    .collect(),
            })
        });
        Self { before: before.collect(), parts, surroundings, previous }
    }

    fn member(&self, key: KeyIndex, plan: u16) -> Arc<Member> {
        let before = self.before[usize::from(plan)].as_ref();
        let kept = before.and_then(|before| self.kept(key, before.index));
        match (kept, before) {
            (Some(kept), Some(before)) if before.is_same_shape => Arc::clone(kept),
            (Some(kept), Some(before)) => Arc::new(self.reshaped(kept, before, plan)),
            _ => Arc::new(self.new_member(key, plan)),
        }
    }

    fn kept(&self, key: KeyIndex, plan_before: u16) -> Option<&'a Arc<Member>> {
        let previous = self.previous?;
        let key = match Arc::ptr_eq(&previous.keys, self.parts.keys) {
            true => key,
            false => previous.keys.by_id(self.parts.keys.id(key))?,
        };
        previous.memberships.member(key, plan_before)
    }

    /// The same counts, with the buckets of the plan as it is now.
    fn reshaped(&self, kept: &Member, before: &PlanBefore, plan: u16) -> Member {
        let plan = &self.parts.plans[usize::from(plan)];
        let bucket = |kept: Option<&Throttle>, limit: &Arc<Limit>| {
            kept.cloned().unwrap_or_else(|| full(limit))
        };
        let overrides = plan.methods.iter().zip(&before.overrides);
        Member {
            throttle: plan.throttle.as_ref().map(|limit| bucket(kept.throttle.as_ref(), limit)),
            methods: overrides
                .map(|(limit, at)| bucket(at.and_then(|at| kept.methods.get(at)), limit))
                .collect(),
            usage: Arc::clone(&kept.usage),
        }
    }

    fn new_member(&self, key: KeyIndex, plan: u16) -> Member {
        let plan = &self.parts.plans[usize::from(plan)];
        let record = self.surroundings.records.usage(&plan.id, self.parts.keys.id(key));
        Member {
            throttle: plan.throttle.as_ref().map(full),
            methods: plan.methods.iter().map(full).collect(),
            usage: Arc::new(record.map_or_else(Usage::new, |record| Usage::restore(&record))),
        }
    }
}

fn full(limit: &Arc<Limit>) -> Throttle {
    Throttle { limit: Arc::clone(limit), bucket: Arc::new(Bucket::full(limit)) }
}
