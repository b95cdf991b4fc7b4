//! Whether a request is admitted: API key, usage plan, throttles, quota.
//!
//! The order is API Gateway's: the key first, then the rates from the narrowest to the widest, the
//! quota last. A request that one of them refuses takes nothing from any.
//!
//! Cost: one keyed hash and one comparison for the key; for each rate a token of the shard's own
//! lease, or at most three atomic operations on the node's bucket; two for quota and usage.

use std::sync::Arc;

use gateway_auth::keys::KeyIndex;
use gateway_compile::{Admission, Failure, Member, MethodPlan, PlanStage, Snapshot, UsagePlan};
use gateway_telemetry::ThrottleScope;
use gateway_throttle::{Instant, Throttle};

use crate::execution_log;
use crate::rate::RateFacts;
use crate::request::Exchange;
use crate::shard::{Shard, ShardStage};

/// Rates that one request can meet: a plan's for the method, a plan's, the method's, the account's.
pub(crate) const RATES_MAX: usize = 4;

/// Who calls, as far as an API key says it.
#[derive(Clone, Copy)]
pub(crate) struct Caller<'u> {
    /// The key, if it is a known one.
    pub(crate) key: Option<KeyIndex>,
    /// Its membership of the plan that has this stage.
    pub(crate) membership: Option<Membership<'u>>,
}

/// A key's place in a usage plan.
#[derive(Clone, Copy)]
pub(crate) struct Membership<'u> {
    pub(crate) plan: &'u UsagePlan,
    pub(crate) stage: &'u PlanStage,
    pub(crate) member: &'u Arc<Member>,
    pub(crate) index: u32,
}

/// Admits the request, or says which answer it gets.
pub(crate) fn admit(
    shard: &Shard,
    x: &mut Exchange,
    stage: &ShardStage,
    method: &MethodPlan,
) -> Result<(), Failure> {
    let Some(serving) = x.serving.clone() else { return Err(Failure::internal_error()) };
    let snapshot = &*serving.snapshot;
    if x.journal.is_some() {
        execution_log::verify_plan(x, &stage.plan);
    }
    let caller = identify(x.api_key(stage.plan.api_key_source), snapshot, x, method);
    let caller = match caller {
        Ok(caller) => caller,
        Err(failure) => {
            if x.journal.is_some() {
                execution_log::note_unknown_key(x, &stage.plan, method);
            }
            return Err(failure);
        }
    };
    x.facts.api_key = caller.key;
    let rates = Rates::of(&caller, snapshot, method);
    let spent = spend(shard, x, &caller, &rates, snapshot);
    if shard.settings.rate_limit_headers {
        x.facts.rate = RateFacts::of(&caller, &rates, instant(x), unix_s(x), spent.err());
    }
    let Err(refused) = spent else {
        if x.journal.is_some() {
            let has_plan = caller.membership.is_some();
            execution_log::note_admitted(x, &stage.plan, method, has_plan);
        }
        return Ok(());
    };
    if x.journal.is_some() {
        let throttle = rates.iter().find(|(scope, _)| *scope == refused.scope);
        let throttle = throttle.map(|(_, throttle)| throttle.limit.settings());
        let quota = caller.membership.and_then(|of| of.plan.quota.as_ref().map(|q| q.limit));
        execution_log::note_refused(x, &stage.plan, method, refused.scope, (throttle, quota));
    }
    stage.series.of(x.facts.plan).throttled.increment(refused.scope);
    Err(match refused.scope {
        ThrottleScope::Quota => Failure::quota_exceeded(),
        _ => Failure::throttled(),
    })
}

/// The present on the clock of the buckets.
pub(crate) fn instant(x: &Exchange) -> Instant {
    Instant(x.facts.started.micros() * 1_000)
}

fn unix_s(x: &Exchange) -> u64 {
    x.facts.started_unix_ms / 1_000
}

/// The caller that `value` stands for. Source: "API keys", admission.
///
/// A key that is not asked for does no harm when it is unknown; when it is in a plan, even
/// disabled, the plan's limits hold.
pub(crate) fn identify<'u>(
    value: Option<&[u8]>,
    snapshot: &'u Snapshot,
    x: &Exchange,
    method: &MethodPlan,
) -> Result<Caller<'u>, Failure> {
    let nobody = Caller { key: None, membership: None };
    let refuse_if_required = |caller| match method.api_key_required {
        true => Err(Failure::invalid_api_key()),
        false => Ok(caller),
    };
    let Some(value) = value else { return refuse_if_required(nobody) };
    match snapshot.usage.admit(value, x.facts.stage) {
        Admission::Unknown => refuse_if_required(nobody),
        Admission::Known(key) => refuse_if_required(Caller { key: Some(key), membership: None }),
        Admission::Member { key, plan, stage, member, index } => {
            let membership = Some(Membership { plan, stage, member, index });
            let caller = Caller { key: Some(key), membership };
            if snapshot.usage.keys.is_enabled(key) {
                return Ok(caller);
            }
            refuse_if_required(caller)
        }
    }
}

/// What refused a request, and for how long it will.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    pub(crate) scope: ThrottleScope,
    /// Until a token comes; `u64::MAX` when none will.
    pub(crate) wait_ns: u64,
}

/// The rates that a request meets, in the order of the checks.
pub(crate) struct Rates<'u> {
    list: [Option<(ThrottleScope, &'u Throttle)>; RATES_MAX],
    count: usize,
}

impl<'u> Rates<'u> {
    pub(crate) fn of(caller: &Caller<'u>, snapshot: &'u Snapshot, method: &'u MethodPlan) -> Self {
        let mut rates = Self { list: [None; RATES_MAX], count: 0 };
        if let Some(Membership { stage, member, .. }) = caller.membership {
            let own = stage.method(method.index).map(|at| &member.methods[at]);
            rates.push(ThrottleScope::UsagePlanMethod, own);
            rates.push(ThrottleScope::UsagePlan, member.throttle.as_ref());
        }
        rates.push(ThrottleScope::Method, method.throttle.as_ref());
        rates.push(ThrottleScope::Account, snapshot.account.as_ref());
        rates
    }

    fn push(&mut self, scope: ThrottleScope, throttle: Option<&'u Throttle>) {
        if let Some(throttle) = throttle {
            self.list[self.count] = Some((scope, throttle));
            self.count += 1;
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (ThrottleScope, &'u Throttle)> {
        self.list.iter().flatten().copied()
    }
}

/// Takes a token of every rate and counts the request, or takes nothing.
fn spend(
    shard: &Shard,
    x: &Exchange,
    caller: &Caller<'_>,
    rates: &Rates<'_>,
    snapshot: &Snapshot,
) -> Result<(), Refused> {
    let Some((_, first)) = rates.list[0] else {
        return caller.membership.map_or(Ok(()), |membership| count(x, membership, snapshot));
    };
    let mut throttles = [first; RATES_MAX];
    for (slot, (_, throttle)) in throttles.iter_mut().zip(rates.iter()) {
        *slot = throttle;
    }
    let throttles = &throttles[..rates.count];
    let now = instant(x);
    let mut leases = shard.leases.borrow_mut();
    let taken = leases.take(throttles, now).map_err(|throttled| Refused {
        scope: rates.list[throttled.index].map_or(ThrottleScope::Method, |(scope, _)| scope),
        wait_ns: throttled.wait_ns,
    })?;
    if let Some(membership) = caller.membership
        && let Err(refused) = count(x, membership, snapshot)
    {
        leases.undo(throttles, taken, now);
        return Err(refused);
    }
    leases.settle(throttles, taken);
    if leases.has_leases() {
        shard.lease_bell.ring();
    }
    Ok(())
}

/// Counts the request for its plan's quota and for the day's report.
fn count(x: &Exchange, membership: Membership<'_>, snapshot: &Snapshot) -> Result<(), Refused> {
    let unix_s = unix_s(x);
    let quota = membership.plan.quota.as_ref();
    match membership.member.usage.count(quota, unix_s) {
        Ok(_) => {
            snapshot.usage.dirty.mark(membership.index);
            Ok(())
        }
        Err(_) => {
            let end = quota.map(|quota| quota.period.start_of(quota.period.index(unix_s) + 1));
            let wait_s = end.map_or(0, |end| end.saturating_sub(unix_s));
            let wait_ns = wait_s.saturating_mul(1_000_000_000);
            Err(Refused { scope: ThrottleScope::Quota, wait_ns })
        }
    }
}
