//! What a snapshot changes of the state that outlives it.
//!
//! Limits, members and splits are shared with the snapshot before. Compiling must not touch them: a
//! snapshot that is never published changes nothing. So [`crate::compile_with`] notes what it would change,
//! and [`Snapshot::activate`] does it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use gateway_throttle::{Instant, Limit, Settings, Split, Throttle};

use crate::plan::Snapshot;

/// One thing that [`Snapshot::activate`] does.
#[derive(Debug)]
pub(crate) enum Change {
    /// A limit with one bucket takes other settings.
    Throttle(Throttle, Settings),
    /// A limit of a usage plan takes other settings; its buckets are the plan's members'.
    PlanLimit { plan: u16, limit: Arc<Limit>, settings: Settings },
    /// A plan has a quota that it was served without: what was used before does not count.
    NewQuota { plan: u16 },
    /// A canary takes another share.
    Split(Arc<Split>, f64),
}

/// The changes of one snapshot, done at most once.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    pub(crate) list: Vec<Change>,
    is_done: AtomicBool,
}

impl Changes {
    pub(crate) fn new(list: Vec<Change>) -> Self {
        Self { list, is_done: AtomicBool::new(false) }
    }
}

impl Snapshot {
    /// Applies what this snapshot changes of limits, quotas and splits that are already in use. The control
    /// thread calls it when every shard has prepared the snapshot, before they commit to it. A second call
    /// does nothing.
    ///
    /// Buckets keep their tokens, capped by the new burst.
    pub fn activate(&self, now: Instant) {
        if self.changes.is_done.swap(true, Ordering::Relaxed) {
            return;
        }
        let mut plans = PlanChanges::new(self.usage.plans.len());
        for change in &self.changes.list {
            match change {
                Change::Throttle(throttle, settings) => {
                    throttle.limit.change(*settings);
                    throttle.bucket.settle(&throttle.limit, now);
                }
                Change::PlanLimit { plan, limit, settings } => {
                    limit.change(*settings);
                    plans.settle[usize::from(*plan)] = true;
                }
                Change::NewQuota { plan } => plans.reset[usize::from(*plan)] = true,
                Change::Split(split, percent) => split.set_percent(*percent),
            }
        }
        plans.apply(self, now);
    }
}

/// Plans whose members are to be visited, so that they are visited once.
struct PlanChanges {
    settle: Vec<bool>,
    reset: Vec<bool>,
}

impl PlanChanges {
    fn new(plans: usize) -> Self {
        Self { settle: vec![false; plans], reset: vec![false; plans] }
    }

    fn apply(&self, snapshot: &Snapshot, now: Instant) {
        if !self.settle.contains(&true) && !self.reset.contains(&true) {
            return;
        }
        let memberships = &*snapshot.usage.memberships;
        for (plan, member) in memberships.plans.iter().zip(&memberships.members) {
            if self.settle[usize::from(*plan)] {
                for throttle in member.throttle.iter().chain(&*member.methods) {
                    throttle.bucket.settle(&throttle.limit, now);
                }
            }
            if self.reset[usize::from(*plan)] {
                member.usage.reset_quota();
            }
        }
    }
}
