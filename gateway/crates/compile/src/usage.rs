//! Usage plans at request time: which key is in which plan, for which stage, and what that allows.
//!
//! The parts that a million keys make large ([`KeyTable`], [`Memberships`]) are behind an `Arc` each, and
//! stay from one snapshot to the next while nothing about keys and the shape of plans changes.
//!
//! # Invariants worth naming
//!
//! - A [`Member`]'s counts ([`Member::usage`]) are the same object in all snapshots, by plan id and key id.
//! - A key has at most one plan for a stage: a second one is an error of the definition.
//! - [`UsagePlans::admit`] allocates nothing and takes the same road for every value until the key is known.

use std::sync::Arc;

use gateway_auth::keys::{KeyIndex, KeyTable};
use gateway_throttle::{Limit, Quota, Throttle, Usage};

use crate::compiler::UsageInput;
use crate::plan::{MethodIndex, StageIndex};

mod dirty;

pub use dirty::DirtySet;

/// All keys, all plans, and who is in which.
#[derive(Debug)]
pub struct UsagePlans {
    /// Every key by its value and by its id.
    pub keys: Arc<KeyTable>,
    /// Every plan; [`Memberships`] name them by their place.
    pub plans: Vec<UsagePlan>,
    /// Which key is in which plan.
    pub memberships: Arc<Memberships>,
    /// Memberships whose counts changed since they were last written.
    pub dirty: Arc<DirtySet>,
    pub(crate) input: UsageInput,
}

/// One usage plan.
#[derive(Debug)]
pub struct UsagePlan {
    /// Its id.
    pub id: Box<str>,
    /// Its name.
    pub name: Box<str>,
    /// What each key may ask for over all stages of the plan.
    pub throttle: Option<Arc<Limit>>,
    /// What each key may ask for of one method: the overrides of all stages of the plan.
    pub methods: Vec<Arc<Limit>>,
    /// How many requests each key has in a period.
    pub quota: Option<Quota>,
    /// The stages that it opens, sorted.
    pub stages: Vec<PlanStage>,
}

/// A stage that a plan opens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanStage {
    /// The stage.
    pub stage: StageIndex,
    /// Methods with an override, sorted, and its place in [`UsagePlan::methods`] and [`Member::methods`].
    pub methods: Vec<(MethodIndex, u16)>,
}

/// A key's part in a plan.
#[derive(Debug)]
pub struct Member {
    /// The key's bucket of [`UsagePlan::throttle`].
    pub throttle: Option<Throttle>,
    /// The key's buckets of [`UsagePlan::methods`].
    pub methods: Box<[Throttle]>,
    /// What the key has used up; the same in all snapshots.
    pub usage: Arc<Usage>,
}

/// Which key is in which plan, by key: the memberships of key `k` are those of index `first[k]..first[k+1]`.
#[derive(Debug, Default)]
pub struct Memberships {
    pub(crate) first: Vec<u32>,
    pub(crate) plans: Vec<u16>,
    pub(crate) members: Vec<Arc<Member>>,
}

/// What [`UsagePlans::admit`] says of a key's value on a stage.
#[derive(Debug, Clone, Copy)]
pub enum Admission<'u> {
    /// No key has this value.
    Unknown,
    /// A key has it that is in no plan of this stage.
    Known(KeyIndex),
    /// A key has it that is in a plan of this stage.
    Member {
        /// The key; whether it is enabled, [`KeyTable::is_enabled`] tells.
        key: KeyIndex,
        /// The plan.
        plan: &'u UsagePlan,
        /// What the plan says of this stage.
        stage: &'u PlanStage,
        /// What the key has of the plan.
        member: &'u Arc<Member>,
        /// Names the membership, for [`DirtySet::mark`].
        index: u32,
    },
}

impl UsagePlans {
    /// Neither keys nor plans.
    pub fn empty() -> Self {
        Self {
            keys: Arc::new(KeyTable::empty()),
            plans: Vec::new(),
            memberships: Arc::default(),
            dirty: Arc::default(),
            input: UsageInput::default(),
        }
    }

    /// What a presented value is on this stage. An unknown value takes as long as a known one.
    pub fn admit(&self, value: &[u8], stage: StageIndex) -> Admission<'_> {
        let Some(key) = self.keys.find(value) else { return Admission::Unknown };
        for (index, plan, member) in self.of_key(key) {
            if let Some(stage) = plan.stage(stage) {
                return Admission::Member { key, plan, stage, member, index };
            }
        }
        Admission::Known(key)
    }

    /// The memberships of a key: each with its index and its plan.
    pub fn of_key(&self, key: KeyIndex) -> impl Iterator<Item = (u32, &UsagePlan, &Arc<Member>)> {
        self.memberships.range(key).map(|index| {
            let at = index as usize;
            let plan = usize::from(self.memberships.plans[at]);
            (index, &self.plans[plan], &self.memberships.members[at])
        })
    }

    /// The membership of this index, as [`DirtySet::drain`] yields it; `None` when there is no such one.
    pub fn membership(&self, index: u32) -> Option<(KeyIndex, &UsagePlan, &Arc<Member>)> {
        let at = index as usize;
        let member = self.memberships.members.get(at)?;
        let key = self.memberships.first.partition_point(|first| *first <= index) - 1;
        let plan = &self.plans[usize::from(self.memberships.plans[at])];
        Some((KeyIndex(key as u32), plan, member))
    }

    /// The plan of this id and its place.
    pub fn plan(&self, id: &str) -> Option<(u16, &UsagePlan)> {
        let at = self.plans.iter().position(|plan| *plan.id == *id)?;
        Some((at as u16, &self.plans[at]))
    }

    /// The membership of a key in a plan, by their ids, with its index.
    pub fn member(&self, plan_id: &str, key_id: &str) -> Option<(u32, &UsagePlan, &Arc<Member>)> {
        let key = self.keys.by_id(key_id)?;
        self.of_key(key).find(|(_, plan, _)| *plan.id == *plan_id)
    }

    /// Keys without a value of their own, with the value that was made for each.
    pub fn generated_keys(&self) -> impl Iterator<Item = (&str, &str)> {
        self.input.generated.iter().map(|(id, value)| (&**id, &**value))
    }
}

impl UsagePlan {
    /// What the plan says of a stage, if it opens it.
    pub fn stage(&self, stage: StageIndex) -> Option<&PlanStage> {
        let at = self.stages.binary_search_by_key(&stage, |opened| opened.stage).ok()?;
        Some(&self.stages[at])
    }
}

impl PlanStage {
    /// The override of a method: a place in [`Member::methods`].
    pub fn method(&self, method: MethodIndex) -> Option<usize> {
        let at = self.methods.binary_search_by_key(&method, |(method, _)| *method).ok()?;
        Some(usize::from(self.methods[at].1))
    }
}

impl Memberships {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// Whether no key is in any plan.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// What a key has of a plan.
    pub(crate) fn member(&self, key: KeyIndex, plan: u16) -> Option<&Arc<Member>> {
        let mut of_key = self.range(key).map(|index| index as usize);
        of_key.find(|at| self.plans[*at] == plan).map(|at| &self.members[at])
    }

    fn range(&self, key: KeyIndex) -> std::ops::Range<u32> {
        let at = key.0 as usize;
        match (self.first.get(at), self.first.get(at + 1)) {
            (Some(first), Some(end)) => *first..*end,
            _ => 0..0,
        }
    }
}
