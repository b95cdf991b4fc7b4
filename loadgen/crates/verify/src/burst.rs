//! Bursts: a full bucket is emptied at once, and its refill is watched.
//!
//! First on one connection, requests back to back: one connection is one shard, which shares the bucket with nobody,
//! so that both directions are exact up to what refills between two answers. Then over many connections, twice the
//! burst: a gateway that gives each shard a bucket of its own admits too much.

use std::time::Duration;

use loadgen_engine::Arrivals;
use loadgen_report::Verdict;

use crate::drive::{Load, Seen, burst_then, offer, wait_until_full};
use crate::evidence::{Evidence, Spans, bounds};
use crate::judge;
use crate::limits::{BEYOND_BURST, BURST_ROUNDS, REFILL_MAX, ROUNDING_TOKENS, TOKENS_MIN};
use crate::paper::Limit;
use crate::planned::{Finding, Phase, Planned};
use crate::plots;
use crate::promises::{Layer, Promise, Scope, Way, promises};
use crate::quota;
use crate::session::Session;
use crate::settings::Settings;
use crate::throttle::{admitted_max, name, said, visible};

/// One check for each limit.
pub(crate) fn plan<'a>(session: &Session<'a>) -> Vec<Planned<'a>> {
    let found = promises(session).into_iter().filter(|promise| !promise.layer.limit.is_shut());
    let found: Vec<_> = found.collect();
    let keys = found.iter().filter_map(|promise| planned_for_keys(session, promise));
    let keys: Vec<_> = keys.collect();
    found.into_iter().map(|promise| planned(session, promise)).chain(keys).collect()
}

/// That a key's requests leave another key's bucket alone, where a plan has two keys whose values are known.
fn planned_for_keys<'a>(session: &Session<'a>, promise: &Promise<'a>) -> Option<Planned<'a>> {
    let limit = promise.layer.limit;
    if promise.layer.scope != Scope::Plan || fits(&limit, session.settings).is_err() {
        return None;
    }
    // What both send has to find room in the buckets that they share.
    let needed = 2 * limit.burst + BEYOND_BURST;
    let has_room = |way: &&Way<'a>| {
        let mut others = way.layers.iter().filter(|l| l.promise != promise.layer.promise);
        others.all(|other| other.limit.burst >= needed)
    };
    let mut ways = promise.ways.iter().filter(has_room);
    let first = ways.next()?.clone();
    let is_other_key = |way: &&Way<'a>| {
        way.member.map(|m| &m.key.id) != first.member.map(|m| &m.key.id)
            && way.route.name() == first.route.name()
            && way.route.stage_name() == first.route.stage_name()
    };
    let second = ways.find(is_other_key)?.clone();
    let layer = promise.layer.clone();
    let name = name(&layer, &first);
    Some(Planned {
        id: format!("burst/keys/{name}"),
        promised: format!("{} requests at once for each key ({})", limit.burst, layer.label),
        place: Some(layer.place.clone()),
        phase: Phase::Bursts,
        lasts: Duration::from_secs_f64(limit.refill_s().min(60.0)),
        run: Box::new(move |session| {
            check_keys(session, &first, &second, &layer).unwrap_or_else(|finding| finding)
        }),
    })
}

/// Empties the bucket of one key, and then wants the whole burst for another.
fn check_keys(
    session: &Session<'_>,
    first: &Way<'_>,
    second: &Way<'_>,
    layer: &Layer,
) -> Result<Finding, Finding> {
    let (limits, at) = (second.limits(), second.at(layer));
    let burst = limits[at].burst;
    let load = |count: u64| Load {
        arrivals: Arrivals::AtOnce { count },
        connections: 1,
        pipeline: (count as usize).min(loadgen_engine::limits::PIPELINE_MAX),
    };
    let mut finding = Finding {
        tolerance: format!(
            "a refusal counts only where no delay explains it, and in each of {BURST_ROUNDS} rounds"
        ),
        ..Finding::default()
    };
    for round in 1..=BURST_ROUNDS {
        wait_until_full(session, &second.layers)?;
        let emptied =
            send(session, first, &load(burst + BEYOND_BURST), Duration::ZERO, &mut finding)?;
        quota::make_room(session, second, burst)?;
        let seen = offer(session, second, &load(burst))?;
        finding.offered =
            format!("{}; then {}", finding.offered, said(second, &load(burst), &seen));
        let (one, other) = (emptied.spans.admitted.len(), seen.spans.admitted.len());
        finding.observed = format!("{one} and {other} admitted (round {round})");
        for (way, seen) in [(first, &emptied), (second, &seen)] {
            if let Some(verdict) = broken(way, &limits, seen) {
                finding.verdict = verdict;
                return Ok(finding);
            }
        }
        if below(&limits, at, &seen.spans) > burst as f64 - ROUNDING_TOKENS {
            return Ok(finding);
        }
    }
    finding.verdict = Verdict::Failed(format!(
        "{}, where each key has {burst}; so in each of {BURST_ROUNDS} rounds",
        finding.observed
    ));
    Ok(finding)
}

fn planned<'a>(session: &Session<'a>, promise: Promise<'a>) -> Planned<'a> {
    let limit = promise.layer.limit;
    // One token more has to find room in every other bucket on the way.
    let way = visible(&promise, |other: &Layer, limit: &Limit| other.limit.burst <= limit.burst);
    let fits = fits(&limit, session.settings);
    let name = name(&promise.layer, way.as_ref().unwrap_or(&promise.ways[0]));
    let rounds = (BURST_ROUNDS + 1) as f64;
    let lasts_s = rounds * (limit.refill_s().min(60.0) + watched(&limit).as_secs_f64());
    Planned {
        id: format!("burst/{name}"),
        promised: format!("{} requests at once ({})", limit.burst, promise.layer.label),
        place: Some(promise.layer.place.clone()),
        phase: Phase::Bursts,
        lasts: Duration::from_secs_f64(if fits.is_ok() && way.is_ok() { lasts_s } else { 0.0 }),
        run: Box::new(move |session| match (&way, &fits) {
            (Err(why), _) | (_, Err(why)) => Finding::not_checked(why.clone()),
            (Ok(way), Ok(())) => {
                check(session, way, way.at(&promise.layer)).unwrap_or_else(|finding| finding)
            }
        }),
    }
}

/// Whether twice the burst may be sent within a second.
fn fits(limit: &Limit, settings: &Settings) -> Result<(), String> {
    let count = 2 * limit.burst + BEYOND_BURST;
    if count as f64 > settings.rate_max_rps {
        return Err(format!("would send {count} requests at once; allow that with --rate-max"));
    }
    let refilled = refill_rps(limit) * watched(limit).as_secs_f64();
    let count = count + refilled.ceil() as u64;
    if refill_rps(limit) > settings.rate_max_rps {
        let rate = refill_rps(limit).ceil();
        return Err(format!("would offer {rate} requests/s; allow that with --rate-max"));
    }
    if count > settings.count_max {
        return Err(format!("would send {count} requests; allow that with --count-max"));
    }
    Ok(())
}

/// How long the refill is watched.
fn watched(limit: &Limit) -> Duration {
    Duration::from_secs_f64((TOKENS_MIN * 2.0 / limit.rate_rps).min(REFILL_MAX.as_secs_f64()))
}

/// What is offered meanwhile: a token is taken soon after it came.
fn refill_rps(limit: &Limit) -> f64 {
    (4.0 * limit.rate_rps).clamp(20.0, 2_000.0).max(1.5 * limit.rate_rps)
}

/// What rounds say of a bucket together.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Found {
    /// It holds at least this many tokens.
    pub(crate) least: f64,
    /// And less than this.
    pub(crate) below: f64,
    /// Each round so far found less than was promised.
    pub(crate) is_short: bool,
}

impl Found {
    /// No round yet.
    pub(crate) const NOTHING: Self = Self { least: 0.0, below: f64::INFINITY, is_short: true };

    /// Adds a round on one connection.
    pub(crate) fn add(&mut self, limits: &[Limit], at: usize, spans: &Spans) {
        let limit = &limits[at];
        let evidence = Evidence::of(limit.rate_rps, spans);
        let below = below(limits, at, spans);
        self.least = self.least.max(evidence.burst_min);
        self.below = self.below.min(below);
        self.is_short &= below <= limit.burst as f64 - ROUNDING_TOKENS;
    }

    /// Whether no bucket that is met by loadgen alone explains all rounds.
    pub(crate) fn is_contradictory(&self) -> bool {
        self.least > self.below + ROUNDING_TOKENS
    }

    /// The burst, as far as it is known: whole tokens.
    pub(crate) fn text(&self) -> String {
        let least = (self.least - ROUNDING_TOKENS).ceil().max(0.0);
        if self.below.is_infinite() || self.is_contradictory() {
            return format!("holds {least} tokens or more");
        }
        let most = (self.below + ROUNDING_TOKENS).ceil() - 1.0;
        match least == most {
            true => format!("holds {least} tokens"),
            false => format!("holds {least} to {most} tokens"),
        }
    }
}

/// What the bucket holds less than, by the refusals that no other limit on the way explains.
fn below(limits: &[Limit], at: usize, spans: &Spans) -> f64 {
    let own = bounds(limits[at].rate_rps, spans);
    let others: Vec<(Limit, Vec<f64>)> = limits
        .iter()
        .enumerate()
        .filter(|(other, _)| *other != at)
        .map(|(_, limit)| (*limit, bounds(limit.rate_rps, spans)))
        .collect();
    let is_others = |refusal: usize| {
        let mut others = others.iter();
        others.any(|(limit, below)| limit.is_shut() || (limit.burst as f64) < below[refusal])
    };
    let own = own.into_iter().enumerate().filter(|(refusal, _)| !is_others(*refusal));
    own.map(|(_, below)| below).fold(f64::INFINITY, f64::min)
}

fn check(session: &Session<'_>, way: &Way<'_>, at: usize) -> Result<Finding, Finding> {
    let limits = way.limits();
    let limit = limits[at];
    let mut finding = Finding::default();
    let mut found = Found::NOTHING;
    let refill = watched(&limit);
    let count = limit.burst + BEYOND_BURST;
    let load = Load {
        arrivals: burst_then(count, refill_rps(&limit), refill),
        connections: 1,
        pipeline: (count as usize).min(loadgen_engine::limits::PIPELINE_MAX),
    };
    for round in 1..=BURST_ROUNDS {
        let seen = send(session, way, &load, refill, &mut finding)?;
        found.add(&limits, at, &seen.spans);
        finding.observed = format!("the bucket {} (round {round} on one connection)", found.text());
        if let Some(verdict) = broken(way, &limits, &seen) {
            finding.verdict = verdict;
            return Ok(finding);
        }
        finding.plots = vec![plots::admitted(&limits, &seen.spans)];
    }
    let offered = finding.offered.clone();
    finding.tolerance = tolerance(&found);
    finding.observed =
        format!("the bucket {} ({BURST_ROUNDS} rounds on one connection)", found.text());
    if found.is_short && found.is_contradictory() {
        let least = (found.least - ROUNDING_TOKENS).ceil();
        finding.verdict = Verdict::NotChecked(format!(
            "the bucket gave {least} tokens at once and was also empty too soon: others seem to use it; see that \
             nobody else calls with this key or method meanwhile"
        ));
        return Ok(finding);
    }
    if found.is_short {
        let (below, burst) = (found.below, limit.burst);
        let most = (below + ROUNDING_TOKENS).ceil() - 1.0;
        finding.verdict = Verdict::Failed(format!(
            "the bucket holds {most} tokens at most, where {burst} are promised; so in each of {BURST_ROUNDS} rounds"
        ));
        return Ok(finding);
    }
    if found.below.is_infinite() {
        let own = &way.layers[at];
        let mut others = way.layers.iter().filter(|other| other.promise != own.promise);
        finding.verdict = Verdict::NotChecked(
            match others.find(|other| other.limit.burst <= own.limit.burst) {
                Some(other) => format!(
                    "no more was admitted, but {} allows as little: nobody outside can tell the two apart",
                    other.label
                ),
                None => "nothing was refused: too little was offered in time".to_owned(),
            },
        );
        return Ok(finding);
    }
    let connections = session.settings.connections.max(2);
    let arrivals = Arrivals::AtOnce { count: 2 * limit.burst + BEYOND_BURST };
    let load = Load { arrivals, connections, pipeline: 1 };
    let seen = send(session, way, &load, Duration::from_secs(1), &mut finding)?;
    finding.offered = format!("{BURST_ROUNDS} times {offered}; then {}", finding.offered);
    finding.observed = format!("{}; then {} admitted", finding.observed, seen.spans.admitted.len());
    if let Some(verdict) = broken(way, &limits, &seen) {
        finding.verdict = verdict;
    }
    Ok(finding)
}

fn send(
    session: &Session<'_>,
    way: &Way<'_>,
    load: &Load,
    lasts: Duration,
    finding: &mut Finding,
) -> Result<Seen, Finding> {
    wait_until_full(session, &way.layers)?;
    quota::make_room(session, way, admitted_max(way, lasts, f64::INFINITY))?;
    let seen = offer(session, way, load)?;
    finding.offered = said(way, load, &seen);
    Ok(seen)
}

/// Whether a round decides the check by itself.
fn broken(way: &Way<'_>, limits: &[Limit], seen: &Seen) -> Option<Verdict> {
    if let Some(over) = judge::over(limits, &seen.spans) {
        return Some(Verdict::Failed(over));
    }
    seen.trouble(way).or_else(|| seen.wrong_status(way.route.api).map(Verdict::Failed))
}

fn tolerance(found: &Found) -> String {
    let open =
        ((found.below + ROUNDING_TOKENS).ceil() - 1.0 - (found.least - ROUNDING_TOKENS).ceil())
            .max(0.0);
    let exact = match open {
        0.0 => "none: the rounds together leave one number".to_owned(),
        open => format!(
            "the burst is known up to {open} tokens, which refill between sending and answer"
        ),
    };
    format!(
        "{exact}; over many connections only the upper bound holds, since other shards may hold tokens for 10 ms; \
         too small a bucket has to show in each of {BURST_ROUNDS} rounds"
    )
}

#[cfg(test)]
mod tests;
