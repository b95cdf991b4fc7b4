//! Quotas: what is left is used up, and then one request more is refused.
//!
//! With the ops address the count is exact in both directions: what is left is read before. Without it nobody outside
//! knows what was used before this run, so only more than the whole quota is a failure. With the test clock each check
//! begins a period of its own.

use std::time::Duration;

use gateway_model::QuotaPeriod;
use loadgen_engine::{Arrivals, Step};
use loadgen_report::Verdict;

use crate::drive::{Load, Seen, offer, wait_until_full};
use crate::limits::{
    BEYOND_QUOTA, PERIOD_MARGIN_S, QUOTA_LASTS_MAX, QUOTA_RATE_RPS, QUOTA_SHARE_OF_RATE, RUNS_MAX,
};
use crate::ops::{DAY_S, Ops, civil};
use crate::planned::{Finding, Phase, Planned};
use crate::promises::{Way, plan_name, ways};
use crate::route::Member;
use crate::session::Session;

/// One check for each plan with a quota, with one of its keys.
pub(crate) fn plan<'a>(session: &Session<'a>) -> Vec<Planned<'a>> {
    let mut chosen: Vec<(Way<'a>, Quota)> = Vec::new();
    for way in ways(session) {
        let Some(member) = way.member else { continue };
        let Some(quota) = Quota::of(&member) else { continue };
        // The widest way is the quickest; among those, the one that disturbs least comes first.
        let rate = |way: &Way<'_>| -rate_rps(session, way);
        let known = chosen
            .iter_mut()
            .find(|(known, _)| known.member.is_some_and(|known| known.plan.id == member.plan.id));
        match known {
            None => chosen.push((way, quota)),
            Some((known, _)) if (way.cost(), rate(&way)) < (known.cost(), rate(known)) => {
                *known = way
            }
            Some(_) => {}
        }
    }
    chosen.into_iter().map(|(way, quota)| planned(session, way, quota)).collect()
}

fn planned<'a>(session: &Session<'a>, way: Way<'a>, quota: Quota) -> Planned<'a> {
    let name = way.member.map_or("", |member| plan_name(member.plan));
    let count = quota.limit.min(session.settings.count_max) + BEYOND_QUOTA;
    Planned {
        id: format!("quota/plan/{name}/{}", way.route.name()),
        promised: format!(
            "{} requests a {} for each key of usage plan {name}",
            quota.limit,
            quota.period()
        ),
        place: way.member.map(|member| member.plan.place.clone()),
        phase: Phase::Quotas,
        lasts: Duration::from_secs_f64((count as f64 / rate_rps(session, &way).max(0.1)).min(1e6)),
        run: Box::new(move |session| check(session, &way, quota).unwrap_or_else(|finding| finding)),
    }
}

/// A quota as it is promised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Quota {
    limit: u64,
    offset: u64,
    period: QuotaPeriod,
}

impl Quota {
    fn of(member: &Member<'_>) -> Option<Self> {
        let written = member.plan.quota.as_ref()?;
        let offset = u64::try_from(written.offset.unwrap_or(0)).ok()?;
        Some(Self { limit: u64::try_from(written.limit?).ok()?, offset, period: written.period? })
    }

    fn period(&self) -> &'static str {
        match self.period {
            QuotaPeriod::Day => "day",
            QuotaPeriod::Week => "week",
            QuotaPeriod::Month => "month",
        }
    }

    /// Seconds from a time to the start of the next period. Source: days begin at 00:00 UTC, months on the first; that
    /// weeks begin on Monday is the gateway's choice, where the manual says nothing.
    fn left_s(&self, unix_s: u64) -> u64 {
        let (days, of_day) = (unix_s / DAY_S, unix_s % DAY_S);
        let days_left = match self.period {
            QuotaPeriod::Day => 1,
            // 1970-01-01 was a Thursday.
            QuotaPeriod::Week => 7 - (days + 3) % 7,
            QuotaPeriod::Month => {
                let month = civil(days).1;
                (1..=31).find(|ahead| civil(days + ahead).1 != month).unwrap_or(31)
            }
        };
        days_left * DAY_S - of_day
    }
}

/// Below every rate on the way, so that only the quota refuses.
fn rate_rps(session: &Session<'_>, way: &Way<'_>) -> f64 {
    let lowest = way.limits().iter().map(|limit| limit.rate_rps).fold(f64::INFINITY, f64::min);
    (lowest * QUOTA_SHARE_OF_RATE).min(QUOTA_RATE_RPS).min(session.settings.rate_max_rps)
}

/// Sees to it that the key of a way has `count` requests left, which a check of something else may take. Without the ops
/// address nobody can tell: then the answers do.
pub(crate) fn make_room(session: &Session<'_>, way: &Way<'_>, count: u64) -> Result<(), Finding> {
    let Some(member) = way.member else { return Ok(()) };
    let (Some(quota), Some(ops)) = (Quota::of(&member), Ops::of(session)) else { return Ok(()) };
    let plan = plan_name(member.plan);
    // A gateway that knows the plan under another id still says in its answers whether the quota is used up.
    let Ok(usage) = ops.usage(member.plan.id.as_str(), member.key.id.as_str()) else {
        return Ok(());
    };
    let remaining = usage.remaining;
    if remaining.is_none_or(|remaining| remaining >= count) {
        return Ok(());
    }
    if quota.limit < count {
        let limit = quota.limit;
        return Err(Finding::not_checked(format!(
            "the check needs {count} requests, and the quota of usage plan {plan} allows {limit} a {}",
            quota.period()
        )));
    }
    if !session.settings.fast_forward {
        let remaining = remaining.unwrap_or(0);
        return Err(Finding::not_checked(format!(
            "the check needs {count} requests, and {remaining} are left of the key's quota in usage plan {plan}; use \
             --fast-forward with a gateway that was started with --test-clock"
        )));
    }
    next_period(session, &ops, quota).map_err(Finding::not_checked)
}

/// Moves the test clock to the start of the next period.
fn next_period(session: &Session<'_>, ops: &Ops<'_>, quota: Quota) -> Result<(), String> {
    let left_s = quota.left_s(ops.unix_s());
    ops.advance(left_s)?;
    session.spent.forget_keys();
    Ok(())
}

/// What the gateway has to admit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Expected {
    least: u64,
    most: u64,
}

fn check(session: &Session<'_>, way: &Way<'_>, quota: Quota) -> Result<Finding, Finding> {
    let Some(member) = way.member else { return Err(Finding::default()) };
    let settings = session.settings;
    let mut finding = Finding::default();
    for run in 1..=RUNS_MAX {
        let expected = expected(session, &member, quota)?;
        finding.tolerance = tolerance(session, expected, quota);
        let count = expected.most + BEYOND_QUOTA;
        if count > settings.count_max {
            return Err(Finding::not_checked(format!(
                "would send {count} requests; allow that with --count-max"
            )));
        }
        wait_until_full(session, &way.layers)?;
        let rate = rate_rps(session, way);
        if rate <= 0.0 {
            return Err(Finding::not_checked("another limit admits nothing on every way there"));
        }
        let lasts = Duration::from_secs_f64(count as f64 / rate);
        if lasts > QUOTA_LASTS_MAX {
            return Err(Finding::not_checked(format!(
                "would take {:.0} s, since other limits on the way allow no more than {rate:.1} requests/s",
                lasts.as_secs_f64()
            )));
        }
        let ops = Ops::of(session);
        let left_s = quota.left_s(ops.map_or_else(|| crate::unix_ms() / 1_000, |ops| ops.unix_s()));
        if left_s < lasts.as_secs() + PERIOD_MARGIN_S {
            let period = quota.period();
            return Err(Finding::not_checked(format!(
                "the {period} ends in {left_s} s; run it again then"
            )));
        }
        let step = Step { from_rps: rate, to_rps: rate, lasts };
        let load = Load {
            arrivals: Arrivals::Steps(vec![step]),
            connections: settings.connections.clamp(1, 4),
            pipeline: 1,
        };
        let seen = offer(session, way, &load)?;
        finding.offered = crate::throttle::said(way, &load, &seen);
        finding.observed = observed(&seen, expected, run);
        finding.verdict = verdict(way, &seen, expected, quota);
        // A throttle in the way or a lost answer is noise, the count is not.
        if !matches!(finding.verdict, Verdict::NotChecked(_)) || !settings.fast_forward {
            break;
        }
    }
    Ok(finding)
}

fn expected(session: &Session<'_>, member: &Member<'_>, quota: Quota) -> Result<Expected, Finding> {
    let Some(ops) = Ops::of(session) else {
        let used = session.spent.admitted(&member.name());
        return Ok(Expected { least: 0, most: quota.limit.saturating_sub(used) });
    };
    if session.settings.fast_forward {
        next_period(session, &ops, quota).map_err(Finding::not_checked)?;
        return Ok(Expected { least: quota.limit, most: quota.limit });
    }
    let Ok(usage) = ops.usage(member.plan.id.as_str(), member.key.id.as_str()) else {
        // A gateway that does not know the plan still may not admit more than it allows.
        let used = session.spent.admitted(&member.name());
        return Ok(Expected { least: 0, most: quota.limit.saturating_sub(used) });
    };
    match usage.remaining {
        // What this run knows to have been admitted bounds what the gateway may say.
        Some(remaining) if remaining <= quota.limit => {
            Ok(Expected { least: remaining, most: remaining })
        }
        Some(remaining) => Err(Finding {
            verdict: Verdict::Failed(format!(
                "{remaining} requests are left, of a quota of {}",
                quota.limit
            )),
            ..Finding::default()
        }),
        None => Err(Finding {
            verdict: Verdict::Failed("the gateway knows of no quota of the plan".to_owned()),
            ..Finding::default()
        }),
    }
}

fn verdict(way: &Way<'_>, seen: &Seen, expected: Expected, quota: Quota) -> Verdict {
    let admitted = seen.spans.admitted.len() as u64;
    let unknown = seen.spans.unknown.len() as u64;
    if admitted > expected.most {
        let most = expected.most;
        let of = quota.limit;
        return Verdict::Failed(format!(
            "{admitted} were admitted, where {most} were left of {of}"
        ));
    }
    let first = seen.exceeded.iter().map(|span| span.received_us).min();
    let late =
        seen.spans.admitted.iter().filter(|span| first.is_some_and(|first| span.sent_us > first));
    let late = late.count();
    if late > 0 {
        return Verdict::Failed(format!("{late} were admitted after the first was refused"));
    }
    if let Some(trouble) = seen.failures(way) {
        return trouble;
    }
    if let Some(wrong) = seen.wrong_status(way.route.api) {
        return Verdict::Failed(wrong);
    }
    if !seen.spans.refused.is_empty() {
        let throttled = seen.spans.refused.len();
        return Verdict::NotChecked(format!(
            "{throttled} requests were throttled before the quota was used up"
        ));
    }
    if admitted + unknown < expected.least {
        let least = expected.least;
        return Verdict::Failed(format!("{admitted} were admitted, where {least} were left"));
    }
    if seen.exceeded.is_empty() {
        return Verdict::NotChecked(format!(
            "{unknown} requests had no answer, and none was refused"
        ));
    }
    Verdict::Passed
}

fn observed(seen: &Seen, expected: Expected, run: usize) -> String {
    let (admitted, exceeded) = (seen.spans.admitted.len(), seen.exceeded.len());
    let Expected { least, most } = expected;
    let allowed = if least == most { format!("{most}") } else { format!("{least} to {most}") };
    let again = if run > 1 { format!("; run {run}") } else { String::new() };
    format!("{admitted} admitted, then {exceeded} refused for the quota; {allowed} allowed{again}")
}

fn tolerance(session: &Session<'_>, expected: Expected, quota: Quota) -> String {
    if expected.least == expected.most {
        let how = match session.settings.fast_forward {
            true => "the period was begun with the test clock",
            false => "what was left was read from the gateway before",
        };
        return format!("none: {how}; only requests without an answer may count either way");
    }
    let offset = match quota.offset {
        0 => String::new(),
        offset => format!(", or {offset} less in the first period"),
    };
    format!(
        "none upwards; nothing is demanded downwards, since what was used before this run is not known{offset}: \
         --ops asks the gateway"
    )
}

#[cfg(test)]
mod tests;
