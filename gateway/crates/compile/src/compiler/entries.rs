//! The entries of one API.
//!
//! An API may be there several times: once for each deployment that its stages and canaries show, with that deployment's resources
//! and the stages that show it. The entries are one API to whoever calls it, and two to what compiles them.

use std::collections::{BTreeSet, HashMap, HashSet};

use gateway_model::{Diagnostic, RestApi, Shared, Stage};

use crate::hosts::HostTableBuilder;
use crate::plan::StageIndex;

/// All entries, by the id of their API.
pub(super) struct Entries<'d> {
    apis: &'d [Shared<RestApi>],
    groups: Vec<Group<'d>>,
    by_id: HashMap<&'d str, usize>,
    /// The group of each entry; none for an API whose id is another's.
    group_of: Vec<Option<usize>>,
}

/// One API.
struct Group<'d> {
    first: &'d RestApi,
    /// Where its entries are.
    members: Vec<usize>,
    stages: Vec<(Box<str>, StageIndex)>,
}

impl<'d> Entries<'d> {
    /// Sorts the entries, and says which of them are not of the API that has their id.
    pub(super) fn of(apis: &'d [Shared<RestApi>], diagnostics: &mut Vec<Diagnostic>) -> Self {
        let mut this =
            Self { apis, groups: Vec::new(), by_id: HashMap::new(), group_of: Vec::new() };
        for (at, api) in apis.iter().enumerate() {
            let group = this.add(at, api);
            if group.is_none() {
                diagnostics.push(duplicate_id(api));
            }
            this.group_of.push(group);
        }
        this
    }

    fn add(&mut self, at: usize, api: &'d RestApi) -> Option<usize> {
        let Some(group) = self.by_id.get(api.id.as_str()).copied() else {
            self.by_id.insert(api.id.as_str(), self.groups.len());
            self.groups.push(Group { first: api, members: vec![at], stages: Vec::new() });
            return Some(self.groups.len() - 1);
        };
        let members = &mut self.groups[group].members;
        let is_beside = |other: &usize| is_beside(&self.apis[*other], api);
        if !members.iter().all(is_beside) {
            return None;
        }
        members.push(at);
        Some(group)
    }

    /// A stage of entry `at` has this index in the snapshot.
    pub(super) fn add_stage(&mut self, at: usize, stage: &Stage, index: StageIndex) {
        if let Some(group) = self.group_of[at] {
            self.groups[group].stages.push((stage.name.as_str().into(), index));
        }
    }

    /// The entry that a stage's canary shows: that of its deployment, or the stage's own, `at`.
    pub(super) fn of_canary(&self, at: usize, stage: &Stage) -> usize {
        let canary = stage.canary.as_ref().and_then(|canary| canary.deployment.as_ref());
        let (Some(deployment), Some(group)) = (canary, self.group_of[at]) else { return at };
        if self.apis[at].deployments.contains_key(deployment) {
            return at;
        }
        let mut members = self.groups[group].members.iter().copied();
        members.find(|member| self.apis[*member].deployments.contains_key(deployment)).unwrap_or(at)
    }

    /// Each API once, with the stages of all of its entries.
    pub(super) fn add_to(self, hosts: &mut HostTableBuilder, diagnostics: &mut Vec<Diagnostic>) {
        for Group { first, stages, .. } in self.groups {
            let is_disabled = first.disable_execute_api_endpoint;
            if !hosts.add_api(first.id.as_str(), is_disabled, stages) {
                diagnostics.push(duplicate_id(first));
            }
        }
    }
}

/// Whether two entries with one id are one API: written at one place, of different deployments, without a stage in common.
fn is_beside(one: &RestApi, other: &RestApi) -> bool {
    let deployments = [one, other].map(|api| api.deployments.keys().collect::<HashSet<_>>());
    let stages = [one, other].map(|api| api.stages.keys().collect::<BTreeSet<_>>());
    one.place == other.place
        && one.root == other.root
        && deployments.iter().all(|deployments| !deployments.is_empty())
        && deployments[0].is_disjoint(&deployments[1])
        && stages[0].is_disjoint(&stages[1])
}

fn duplicate_id(api: &RestApi) -> Diagnostic {
    let text = format!("another REST API has the id \"{}\" (ids compare without case)", api.id);
    Diagnostic::error(&api.place, text).with_help("give one of them another _custom_id_")
}
