//! What shards count for, as the writer of counts sees it.

use std::sync::{Arc, Mutex, PoisonError};

use gateway_compile::UsagePlans;
use gateway_store::{PlanRow, UsageRow};

use crate::remembered::{period_to_store, to_store};
use crate::usage::{Batch, Collect};

/// The usage plans of the snapshot that serves, and of those before it that a request still holds.
#[derive(Clone, Default)]
pub(crate) struct Published(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    /// The newest is the last.
    plans: Vec<Arc<UsagePlans>>,
    /// Quotas that were not collected yet.
    quotas: Option<Vec<PlanRow>>,
}

impl Published {
    /// These plans serve from now on.
    pub(crate) fn add(&self, plans: &Arc<UsagePlans>) {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        inner.quotas = Some(quotas(plans));
        inner.plans.retain(|known| !Arc::ptr_eq(known, plans));
        inner.plans.push(Arc::clone(plans));
    }

    /// Adds what changed since the last call, or everything. Counts are absolute, so that a row
    /// which is written twice does no harm.
    pub(crate) fn collect(&self, what: Collect, batch: &mut Batch) {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let newest = inner.plans.len().saturating_sub(1);
        let mut index = 0;
        inner.plans.retain(|plans| {
            // Looked at before draining: whoever lets go later has marked before.
            let is_held = index == newest || Arc::strong_count(plans) > 1;
            index += 1;
            plans.dirty.drain(|index| add_row(plans, index, &mut batch.rows));
            is_held
        });
        batch.plans = inner.quotas.take();
        if what == Collect::All
            && let Some(plans) = inner.plans.last()
        {
            batch.rows.clear();
            (0..plans.memberships.len() as u32)
                .for_each(|index| add_row(plans, index, &mut batch.rows));
            batch.plans = Some(quotas(plans));
        }
    }
}

fn add_row(plans: &UsagePlans, index: u32, rows: &mut Vec<UsageRow>) {
    let Some((key, plan, member)) = plans.membership(index) else { return };
    let record = to_store(&member.usage.record());
    rows.push(UsageRow { plan_id: plan.id.clone(), key_id: plans.keys.id(key).into(), record });
}

fn quotas(plans: &UsagePlans) -> Vec<PlanRow> {
    let rows = plans.plans.iter().filter_map(|plan| {
        let quota = plan.quota.as_ref()?;
        Some(PlanRow {
            plan_id: plan.id.clone(),
            period: period_to_store(quota.period),
            limit: quota.limit,
            offset: quota.offset,
            since: quota.since,
        })
    });
    rows.collect()
}
