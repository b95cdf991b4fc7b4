//! Rates: twice the limit is offered for a while, over many connections.
//!
//! Each limit is checked once, on the way that disturbs least and where no other limit hides it: a plan with one of its
//! keys, `*/*` with one method. Requests with side effects are sent only where nothing else meets the limit.

use std::time::Duration;

use loadgen_engine::{Arrivals, Step};
use loadgen_report::Verdict;

use crate::drive::{Load, Seen, offer, wait_until_full};
use crate::judge::{self, Judged};
use crate::limits::{
    ADMITTED_SHARE_MIN, LONGER_MAX, OFFERED_RPS_MIN, OTHERS_SHARE_MIN, RUNS_MAX, TOKENS_MIN,
};
use crate::paper::Limit;
use crate::planned::{Finding, Phase, Planned};
use crate::plots;
use crate::promises::{Layer, Promise, Scope, Way, keyless_plans, promises};
use crate::quota;
use crate::session::Session;
use crate::settings::Settings;

/// One check for each limit.
pub(crate) fn plan<'a>(session: &Session<'a>) -> Vec<Planned<'a>> {
    let mut planned: Vec<Planned<'a>> =
        promises(session).into_iter().map(|promise| planned(session, promise)).collect();
    for (name, place) in keyless_plans(session) {
        planned.push(Planned {
            id: format!("throttle/plan/{name}"),
            promised: format!("the limits of usage plan {name}"),
            place: Some(place),
            phase: Phase::Rates,
            lasts: Duration::ZERO,
            run: Box::new(|_| {
                Finding::not_checked(
                    "no value of an enabled key of the plan is known; say one with --key NAME=VALUE",
                )
            }),
        });
    }
    planned
}

fn planned<'a>(session: &Session<'a>, promise: Promise<'a>) -> Planned<'a> {
    let offer = Offer::of(&promise.layer.limit, session.settings);
    let way = chosen(&promise, &offer);
    let name = name(&promise.layer, way.as_ref().unwrap_or(&promise.ways[0]));
    let refill = Duration::from_secs_f64(promise.layer.limit.refill_s().min(60.0));
    Planned {
        id: format!("throttle/{name}"),
        promised: match promise.layer.limit.is_shut() {
            true => format!("nothing is admitted ({})", promise.layer.label),
            false => format!("at most {} ({})", promise.layer.limit, promise.layer.label),
        },
        place: Some(promise.layer.place.clone()),
        phase: Phase::Rates,
        lasts: offer.as_ref().map_or(Duration::ZERO, |offer| offer.lasts + refill),
        run: Box::new(move |session| match (&way, &offer) {
            (Err(why), _) | (_, Err(why)) => Finding::not_checked(why.clone()),
            (Ok(way), Ok(offer)) => {
                check(session, way, way.at(&promise.layer), offer).unwrap_or_else(|finding| finding)
            }
        }),
    }
}

/// What reports call the check of a limit, without its kind: `plan/Partners/GET /orders`.
pub(crate) fn name(layer: &Layer, way: &Way<'_>) -> String {
    let route = way.route.name();
    let plan = || way.member.map_or("", |member| crate::promises::plan_name(member.plan));
    let stage = way.route.stage_name();
    match layer.scope {
        Scope::PlanMethod => format!("plan-method/{}/{stage}/{route}", plan()),
        Scope::Plan => format!("plan/{}/{route}", plan()),
        Scope::Method => format!("method/{stage}/{route}"),
        Scope::Stage => format!("stage/{stage}/{route}"),
    }
}

/// What is offered to a limit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Offer {
    /// Requests per second.
    pub(crate) rate_rps: f64,
    /// For how long.
    pub(crate) lasts: Duration,
}

impl Offer {
    /// Twice the rate and what the bucket holds, for as long as it takes to say something.
    fn of(limit: &Limit, settings: &Settings) -> Result<Self, String> {
        let lasts_s = settings.lasts.as_secs_f64();
        if limit.is_shut() {
            return Ok(Self {
                rate_rps: OFFERED_RPS_MIN.min(settings.rate_max_rps),
                lasts: settings.lasts,
            });
        }
        let (rate, burst) = (limit.rate_rps, limit.burst as f64);
        if 2.0 * rate > settings.rate_max_rps {
            let needed = 2.0 * rate;
            return Err(format!(
                "would offer {needed} requests/s or more; allow that with --rate-max"
            ));
        }
        // A burst that is large for the rate takes longer to be used up.
        let drained_s = burst / (settings.rate_max_rps - 2.0 * rate).max(f64::MIN_POSITIVE);
        let wanted_s = lasts_s.max(TOKENS_MIN / rate).max(drained_s);
        if wanted_s > lasts_s * LONGER_MAX {
            let at_least = wanted_s / LONGER_MAX;
            return Err(format!(
                "it takes {wanted_s:.0} s to see this limit; raise --duration to {at_least:.0}s, or --rate-max"
            ));
        }
        let rate_rps =
            (2.0 * rate + burst / wanted_s).max(OFFERED_RPS_MIN).min(settings.rate_max_rps);
        let count = rate_rps * wanted_s;
        if count > settings.count_max as f64 {
            return Err(format!("would send {count:.0} requests; allow that with --count-max"));
        }
        Ok(Self { rate_rps, lasts: Duration::from_secs_f64(wanted_s) })
    }
}

/// The first way on which no other limit hides this one; else why there is none.
fn chosen<'a>(promise: &Promise<'a>, offer: &Result<Offer, String>) -> Result<Way<'a>, String> {
    let lasts = offer.as_ref().map_or(Duration::from_secs(1), |offer| offer.lasts);
    let lasts_us = lasts.as_secs_f64() * 1e6;
    let hides = |other: &Layer, limit: &Limit| {
        other.limit.most(lasts_us) < limit.most(lasts_us) * OTHERS_SHARE_MIN
    };
    visible(promise, hides)
}

/// The first way on which no other limit `hides` this one, or the first on which those that do are hidden by it as well:
/// limits of the same size are looked at together, or nobody would. Else which ones hide it.
pub(crate) fn visible<'a>(
    promise: &Promise<'a>,
    hides: impl Fn(&Layer, &Limit) -> bool,
) -> Result<Way<'a>, String> {
    let hiding = |way: &Way<'a>| {
        let own = &way.layers[way.at(&promise.layer)];
        let mut others = way.layers.iter().filter(|layer| layer.promise != promise.layer.promise);
        others.find(|other| hides(other, &own.limit)).map(|other| other.label.clone())
    };
    if let Some(way) = promise.ways.iter().find(|way| hiding(way).is_none()) {
        return Ok(way.clone());
    }
    let is_mutual = |way: &&Way<'a>| {
        let own = &way.layers[way.at(&promise.layer)];
        let mut others = way.layers.iter().filter(|layer| layer.promise != promise.layer.promise);
        others.all(|other| !hides(other, &own.limit) || hides(own, &other.limit))
    };
    if let Some(way) = promise.ways.iter().find(is_mutual) {
        return Ok(way.clone());
    }
    let mut labels: Vec<String> = promise.ways.iter().filter_map(hiding).collect();
    labels.sort();
    labels.dedup();
    Err(format!("cannot be reached: {} admits no more on every way there", labels.join(", ")))
}

fn check(
    session: &Session<'_>,
    way: &Way<'_>,
    at: usize,
    offered: &Offer,
) -> Result<Finding, Finding> {
    let settings = session.settings;
    let limits = way.limits();
    let connections = settings.connections.max(1);
    let Offer { rate_rps, lasts } = *offered;
    let step = Step { from_rps: rate_rps, to_rps: rate_rps, lasts };
    let load = Load { arrivals: Arrivals::Steps(vec![step]), connections, pipeline: 1 };
    let mut short = Vec::new();
    let mut tolerance = tolerance(&limits[at], connections);
    let lasts_us = lasts.as_secs_f64() * 1e6;
    let own = &way.layers[at];
    let beside = way.layers.iter().filter(|other| {
        other.promise != own.promise
            && other.limit.most(lasts_us) < own.limit.most(lasts_us) * OTHERS_SHARE_MIN
    });
    for other in beside {
        tolerance.push_str(&format!(
            "; {} allows as little, so that nobody outside can tell the two apart",
            other.label
        ));
    }
    let mut finding = Finding { tolerance, ..Finding::default() };
    for run in 1..=RUNS_MAX {
        wait_until_full(session, &way.layers)?;
        quota::make_room(session, way, admitted_max(way, lasts, rate_rps * lasts.as_secs_f64()))?;
        let seen = offer(session, way, &load)?;
        let judgement = judge::rate(&limits, at, connections, &seen.spans);
        finding.offered = said(way, &load, &seen);
        finding.observed = observed(&judgement, &seen, run);
        finding.plots = vec![plots::admitted(&limits, &seen.spans)];
        if let Judged::Over(over) = judgement.judged {
            finding.verdict = Verdict::Failed(over);
            return Ok(finding);
        }
        if let Some(trouble) = seen.trouble(way) {
            finding.verdict = trouble;
            return Ok(finding);
        }
        if let Some(wrong) = seen.wrong_status(way.route.api) {
            finding.verdict = Verdict::Failed(wrong);
            return Ok(finding);
        }
        match judgement.judged {
            Judged::Kept | Judged::Over(_) => return Ok(finding),
            Judged::Short(why) => short.push(why),
            Judged::Open(why) => finding.verdict = Verdict::NotChecked(why),
        }
    }
    // Runs that say nothing neither clear nor convict.
    if short.len() == RUNS_MAX {
        let last = short.pop().unwrap_or_default();
        finding.verdict = Verdict::Failed(format!("{last}; so in each of {RUNS_MAX} runs"));
    } else if !matches!(finding.verdict, Verdict::NotChecked(_)) {
        finding.verdict = Verdict::NotChecked("the runs contradict each other".to_owned());
    }
    Ok(finding)
}

/// How many of `count` requests the limits of a way admit, at most.
pub(crate) fn admitted_max(way: &Way<'_>, lasts: Duration, count: f64) -> u64 {
    let lasts_us = lasts.as_secs_f64() * 1e6;
    way.limits().iter().map(|limit| limit.most(lasts_us)).fold(count, f64::min).ceil() as u64
}

/// What was offered, in words.
pub(crate) fn said(way: &Way<'_>, load: &Load, seen: &Seen) -> String {
    let key = way.member.map_or(String::new(), |member| format!(" with key {}", member.key.name));
    let count = seen.outcome.samples.len();
    let took = seen.outcome.took.as_secs_f64();
    let rate = match &load.arrivals {
        Arrivals::Steps(steps) if steps.len() == 1 => format!(" at {:.0}/s", steps[0].from_rps),
        _ => String::new(),
    };
    let plural = if load.connections == 1 { "" } else { "s" };
    format!(
        "{count} requests to {}{key}{rate} over {} connection{plural} in {took:.1} s",
        way.route.name(),
        load.connections
    )
}

fn observed(judgement: &judge::Judgement, seen: &Seen, run: usize) -> String {
    let judge::Judgement { admitted, least, most, .. } = judgement;
    let refused = seen.spans.refused.len();
    let again = if run > 1 { format!("; run {run}") } else { String::new() };
    let unknown = match seen.spans.unknown.len() {
        0 => String::new(),
        count => format!(", {count} unknown"),
    };
    format!("{admitted} admitted, {refused} throttled{unknown}; {least} to {most} allowed{again}")
}

fn tolerance(limit: &Limit, connections: usize) -> String {
    let share = (1.0 - ADMITTED_SHARE_MIN) * 100.0;
    let leased = judge::leased(limit, connections);
    format!(
        "none upwards: in every window, from the sending of its first request to the answer of its last, at most burst + \
         rate · t; downwards {share:.0} % of the bucket on paper, since delays move requests together (a run with delays that explain more \
         says nothing), and {leased:.0} \
         tokens that other shards may hold for 10 ms; what falls short is run again, up to {RUNS_MAX} times"
    )
}

#[cfg(test)]
mod tests;
