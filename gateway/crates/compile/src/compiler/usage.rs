//! Usage plans: keys, plans, and who is in which.
//!
//! Plans are compiled anew each time. What grows with the number of keys is kept from the snapshot before
//! as long as the keys, the memberships and the plans' shapes are what they were; limits and quotas are no
//! part of a shape.

use std::collections::BTreeMap;
use std::sync::Arc;

use gateway_model::{ApiKey, Definitions, Diagnostic, HttpMethod, UsagePlanKey};

use crate::changes::Change;
use crate::limits::TOLD_MAX;
use crate::plan::StagePlan;
use crate::surroundings::Surroundings;
use crate::usage::UsagePlans;

mod keys;
mod members;
mod plans;

use keys::Imported;

/// What usage plans were compiled from.
#[derive(Default)]
pub(crate) struct UsageInput {
    api_keys: Vec<ApiKey>,
    usage_plan_keys: Vec<UsagePlanKey>,
    imported: Imported,
    shapes: Vec<PlanShape>,
    /// Values made for keys that are defined without one, by the key's id.
    pub(crate) generated: BTreeMap<Box<str>, Box<str>>,
    /// To be said again when the keys are kept.
    said_of_keys: Vec<Diagnostic>,
    /// To be said again when the memberships are kept.
    said_of_members: Vec<Diagnostic>,
}

/// Tells no key's value.
impl std::fmt::Debug for UsageInput {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("UsageInput").field("shapes", &self.shapes).finish_non_exhaustive()
    }
}

/// What of a plan decides how its members look.
#[derive(Debug, Clone, PartialEq, Eq)]
struct PlanShape {
    id: Box<str>,
    /// Files of keys may name a plan by it.
    name: Box<str>,
    has_throttle: bool,
    overrides: Vec<Override>,
    /// API id and stage name of each stage, sorted.
    stages: Vec<(Box<str>, Box<str>)>,
}

/// What a limit on one method of a plan belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Override {
    api_id: Box<str>,
    stage: Box<str>,
    path: Box<str>,
    verb: HttpMethod,
}

/// Problems of one kind: the first are told, the others counted.
#[derive(Default)]
struct Told {
    count: usize,
    last: Option<Diagnostic>,
}

impl Told {
    fn say(&mut self, diagnostics: &mut Vec<Diagnostic>, problem: impl FnOnce() -> Diagnostic) {
        self.count += 1;
        if self.count <= TOLD_MAX {
            let problem = problem();
            self.last = Some(problem.clone());
            diagnostics.push(problem);
        }
    }

    /// Says how many more there are, at the place of the last one told.
    fn rest(self, diagnostics: &mut Vec<Diagnostic>) {
        let Some(last) = self.last.filter(|_| self.count > TOLD_MAX) else { return };
        let text = format!("and {} more like the ones above", self.count - TOLD_MAX);
        diagnostics.push(Diagnostic { text, help: None, ..last });
    }
}

/// Nothing when it takes imported keys that nobody holds any more.
pub(super) fn compile(
    definitions: &Definitions,
    surroundings: Surroundings<'_>,
    stages: &[Arc<StagePlan>],
    previous: Option<&UsagePlans>,
    changes: &mut Vec<Change>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<UsagePlans> {
    let compiled =
        plans::compile(definitions, surroundings, stages, previous, changes, diagnostics);
    let (plans, shapes) = compiled;
    let is_unchanged = surroundings.is_imported_unchanged;
    let imported = match previous.filter(|_| is_unchanged) {
        Some(previous) => previous.input.imported.clone(),
        None => Imported::of(surroundings.imported),
    };
    let kept_keys = previous.filter(|previous| {
        previous.input.api_keys == definitions.api_keys && previous.input.imported == imported
    });
    if is_unchanged && kept_keys.is_none() {
        return None;
    }
    let keys = match kept_keys {
        Some(previous) => keys::Keys::of(previous),
        None => keys::compile(definitions, surroundings, previous),
    };
    diagnostics.extend(keys.said.iter().cloned());
    let kept_members = kept_keys.filter(|previous| {
        previous.input.usage_plan_keys == definitions.usage_plan_keys
            && previous.input.shapes == shapes
    });
    if is_unchanged && kept_members.is_none() {
        return None;
    }
    let parts = members::Parts { keys: &keys.table, plans: &plans, shapes: &shapes };
    let members = match kept_members {
        Some(previous) => members::Members::of(previous),
        None => members::compile(definitions, surroundings, parts, previous),
    };
    diagnostics.extend(members.said.iter().cloned());
    Some(UsagePlans {
        keys: keys.table,
        plans,
        memberships: members.memberships,
        dirty: members.dirty,
        input: UsageInput {
            api_keys: definitions.api_keys.clone(),
            usage_plan_keys: definitions.usage_plan_keys.clone(),
            imported,
            shapes,
            generated: keys.generated,
            said_of_keys: keys.said,
            said_of_members: members.said,
        },
    })
}
