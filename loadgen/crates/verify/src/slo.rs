//! Latency promises, held at a rate below every limit.
//!
//! The open model: each request has an intended time, and its latency counts from there, so that an answer that was late
//! does not hide those behind it. A percentile is a promise about all requests, of which a run is a sample: it fails only
//! where so many answers were slower than promised that a gateway that keeps the promise does that once in a thousand
//! runs (the exact binomial test, which is the order statistics' lower confidence limit), three runs in a row.

use std::time::Duration;

use hdrhistogram::Histogram;
use loadgen_engine::{Arrivals, Step};
use loadgen_report::threshold::{Measured, Metric, Summary, Threshold};
use loadgen_report::{Verdict, latency_plot, micros};

use crate::drive::{Load, Seen, offer_all, wait_until_full};
use crate::limits::{
    LATE_SHARE_MAX, LONGER_MAX, QUOTA_SHARE_OF_RATE, RUNS_MAX, SLO_CHANCE, SLO_RATE_RPS,
    SLOWER_MIN, TROUBLED_SHARE_MAX,
};
use crate::planned::{Finding, Phase, Planned};
use crate::promises::{Layer, Way, ways};
use crate::quota;
use crate::session::Session;
use crate::settings::Settings;

/// Thousandths in a whole, as percentiles are counted.
const WHOLE: f64 = 100_000.0;

/// One check for each threshold.
pub(crate) fn plan<'a>(session: &Session<'a>) -> Vec<Planned<'a>> {
    let texts = session.settings.expectations.slo.iter();
    texts.map(|text| planned(session, text)).collect()
}

fn planned<'a>(session: &Session<'a>, text: &str) -> Planned<'a> {
    let rate = rate_rps(session.settings);
    let slo = text.parse::<Threshold>().map_err(|error| error.to_string());
    let slo = slo.and_then(|threshold| Slo::new(session, threshold));
    Planned {
        id: format!("slo/{text}"),
        promised: format!("{text} at {rate} requests/s"),
        place: None,
        phase: Phase::Latencies,
        lasts: slo.as_ref().map_or(Duration::ZERO, |slo| slo.lasts),
        run: Box::new(move |session| match &slo {
            Err(why) => Finding::not_checked(why.clone()),
            Ok(slo) => check(session, slo).unwrap_or_else(|finding| finding),
        }),
    }
}

/// A promise with what is sent to look at it.
struct Slo<'a> {
    threshold: Threshold,
    ways: Vec<Way<'a>>,
    lasts: Duration,
}

impl<'a> Slo<'a> {
    fn new(session: &Session<'a>, threshold: Threshold) -> Result<Self, String> {
        let settings = session.settings;
        let rate = rate_rps(settings);
        if rate > settings.rate_max_rps {
            return Err(format!("would offer {rate} requests/s; allow that with --rate-max"));
        }
        let ways = carried(candidates(session, &threshold), rate);
        if ways.is_empty() {
            return Err(match threshold.request() {
                Some(name) => format!(
                    "{name} cannot be sent at {rate} requests/s: no such method, no key or token for it, or a limit on \
                     it is lower; lower --slo-rate"
                ),
                None => format!(
                    "no method without side effects can be sent at {rate} requests/s; lower --slo-rate, or name one"
                ),
            });
        }
        let needed_s = samples_min(threshold.metric()) / rate;
        let most_s = settings.lasts.as_secs_f64() * LONGER_MAX;
        if needed_s > most_s {
            let (seconds, faster) =
                (needed_s / LONGER_MAX, samples_min(threshold.metric()) / most_s);
            return Err(format!(
                "{} requests are needed for a verdict; raise --duration to {seconds:.0}s, or --slo-rate to {faster:.0}",
                samples_min(threshold.metric())
            ));
        }
        let lasts = settings.lasts.as_secs_f64().max(needed_s);
        if lasts * rate > settings.count_max as f64 {
            return Err(format!(
                "would send {:.0} requests; allow that with --count-max",
                lasts * rate
            ));
        }
        Ok(Self { threshold, ways, lasts: Duration::from_secs_f64(lasts) })
    }
}

fn rate_rps(settings: &Settings) -> f64 {
    let rate = settings.expectations.slo_rate_rps;
    if rate > 0.0 { rate } else { SLO_RATE_RPS }
}

/// Requests that a verdict needs: some have to be slower than the percentile.
fn samples_min(metric: Metric) -> f64 {
    match metric {
        Metric::Percentile(thousandths) => {
            let above = 1.0 - f64::from(thousandths) / WHOLE;
            (SLOWER_MIN / above.max(1e-9)).round()
        }
        _ => 1.0,
    }
}

/// A way to each method that the threshold is about; the cheapest, and only safe verbs where none is named.
fn candidates<'a>(session: &Session<'a>, threshold: &Threshold) -> Vec<Way<'a>> {
    let mut all = ways(session);
    all.sort_by_key(Way::cost);
    let mut found: Vec<Way<'a>> = Vec::new();
    for way in all {
        let name = way.route.name();
        let is_meant = match threshold.request() {
            Some(wanted) => wanted == name,
            None => !way.cost().0,
        };
        let lowest = |way: &Way<'_>| {
            way.limits().iter().map(|limit| limit.rate_rps).fold(f64::INFINITY, f64::min)
        };
        let same = |known: &&mut Way<'a>| {
            known.route.name() == name && known.route.stage_name() == way.route.stage_name()
        };
        match found.iter_mut().find(same) {
            _ if !is_meant => {}
            Some(known) if lowest(&way) > lowest(known) => *known = way,
            Some(_) => {}
            None => found.push(way),
        }
    }
    found
}

/// The ways on which no limit refuses while each gets its share of a rate; those that cannot take it are left out.
fn carried(mut ways: Vec<Way<'_>>, rate_rps: f64) -> Vec<Way<'_>> {
    loop {
        let share = rate_rps / ways.len().max(1) as f64;
        let load = |layer: &Layer| {
            let meets = |way: &&Way<'_>| way.layers.iter().any(|l| l.bucket == layer.bucket);
            ways.iter().filter(meets).count() as f64 * share
        };
        let is_full = |layer: &Layer| {
            load(layer) > layer.limit.rate_rps * QUOTA_SHARE_OF_RATE || layer.limit.burst == 0
        };
        // The one with the least room goes first: others may then fit.
        let room = |way: &Way<'_>| {
            way.layers
                .iter()
                .map(|layer| layer.limit.rate_rps - load(layer))
                .fold(f64::INFINITY, f64::min)
        };
        let full = ways.iter().enumerate().filter(|(_, way)| way.layers.iter().any(is_full));
        let worst = full.min_by(|(_, a), (_, b)| room(a).total_cmp(&room(b))).map(|(at, _)| at);
        match worst {
            Some(at) => drop(ways.remove(at)),
            None => return ways,
        }
    }
}

fn check(session: &Session<'_>, slo: &Slo<'_>) -> Result<Finding, Finding> {
    let settings = session.settings;
    let rate = rate_rps(settings);
    let step = Step { from_rps: rate, to_rps: rate, lasts: slo.lasts };
    let load = Load {
        arrivals: Arrivals::Steps(vec![step]),
        connections: settings.connections.max(1),
        pipeline: 1,
    };
    let mut finding = Finding { tolerance: tolerance(&slo.threshold), ..Finding::default() };
    let mut failed = 0;
    for run in 1..=RUNS_MAX {
        let count = (rate * slo.lasts.as_secs_f64()).ceil() as u64;
        for way in &slo.ways {
            wait_until_full(session, &way.layers)?;
            quota::make_room(session, way, count)?;
        }
        let seen = offer_all(session, &slo.ways, &load)?;
        let (verdict, observed) = judged(&slo.threshold, &seen);
        finding.offered = said(&slo.ways, &load, &seen);
        finding.observed = if run > 1 { format!("{observed}; run {run}") } else { observed };
        let curve = latency_plot(
            "Latency by percentile",
            &[("from intended time", &seen.outcome.latency_us)],
        );
        finding.plots = vec![curve];
        failed += usize::from(matches!(verdict, Verdict::Failed(_)));
        finding.verdict = verdict;
        if finding.verdict == Verdict::Passed {
            return Ok(finding);
        }
    }
    if failed < RUNS_MAX && matches!(finding.verdict, Verdict::Failed(_)) {
        finding.verdict = Verdict::NotChecked("the runs contradict each other".to_owned());
    }
    Ok(finding)
}

/// A verdict on one run, with what was measured.
fn judged(threshold: &Threshold, seen: &Seen) -> (Verdict, String) {
    let outcome = &seen.outcome;
    let answers: u64 = outcome.statuses.values().sum();
    let lost: u64 = outcome.errors.values().sum();
    let refused: u64 = outcome.statuses.range(400..).map(|(_, count)| count).sum();
    let measured = Measured {
        latency_us: &outcome.latency_us,
        requests: answers + lost,
        errors: lost + refused,
    };
    let unnamed = threshold.request().map(|name| vec![(name, measured)]).unwrap_or_default();
    let summary = Summary { took: outcome.took, all: measured, by_request: unnamed };
    let whole = threshold.check(&summary);
    let is_much = (refused + lost) as f64 > (answers + lost) as f64 * TROUBLED_SHARE_MAX;
    if answers == 0 || (is_much && threshold.metric() != Metric::Errors) {
        let statuses: Vec<_> =
            outcome.statuses.iter().map(|(s, count)| format!("{count} × {s}")).collect();
        let why = format!(
            "{} of {} requests were refused or had no answer ({}): what latency the others have says little",
            refused + lost,
            answers + lost,
            statuses.join(", ")
        );
        return (Verdict::NotChecked(why), whole.observed);
    }
    if !threshold.metric().is_latency() {
        return (whole.verdict, whole.observed);
    }
    let limit_us = threshold.limit();
    let late_us = outcome.late_us.max();
    let late = || {
        Verdict::NotChecked(format!(
            "this machine sent requests up to {} late, which may be what was measured; give it less to do",
            micros(late_us)
        ))
    };
    let Metric::Percentile(thousandths) = threshold.metric() else {
        let is_late = late_us as f64 > limit_us * LATE_SHARE_MAX;
        let is_broken = whole.verdict != Verdict::Passed;
        return (if is_broken && is_late { late() } else { whole.verdict }, whole.observed);
    };
    let slower = above(&outcome.latency_us, limit_us);
    let share = 1.0 - f64::from(thousandths) / WHOLE;
    let most = exceeding(answers, share);
    let observed = format!("{}; {slower} of {answers} slower than promised", whole.observed);
    if slower < most {
        return (Verdict::Passed, observed);
    }
    // So much slower that sending late does not explain it.
    if above(&outcome.latency_us, limit_us + late_us as f64) < most {
        return (late(), observed);
    }
    let expected = answers as f64 * share;
    let why = format!(
        "{slower} of {answers} answers took longer, where the promise allows {expected:.0} and chance adds up to {}",
        (most - 1) as f64 - expected.floor()
    );
    (Verdict::Failed(why), observed)
}

/// Answers that took longer than this.
fn above(latency_us: &Histogram<u64>, limit_us: f64) -> u64 {
    let limit = limit_us.floor().max(0.0) as u64;
    latency_us.len() - latency_us.count_between(0, limit)
}

/// The least number of `count` that chance puts above a share's bound no more often than [`SLO_CHANCE`]: sums the
/// binomial distribution from its end.
fn exceeding(count: u64, share: f64) -> u64 {
    let (n, p) = (count as f64, share.clamp(1e-12, 1.0 - 1e-12));
    // The probability of exactly k, by its logarithm, so that a large count does not vanish.
    let mut log = n * (1.0 - p).ln();
    let mut below = 0.0;
    for k in 0..=count {
        below += log.exp();
        // What is left above k.
        if k as f64 >= n * p && 1.0 - below <= SLO_CHANCE {
            return k + 1;
        }
        log += ((n - k as f64) / (k as f64 + 1.0)).ln() + (p / (1.0 - p)).ln();
    }
    count + 1
}

fn said(ways: &[Way<'_>], load: &Load, seen: &Seen) -> String {
    let names: Vec<String> = ways.iter().map(|way| way.route.name()).collect();
    let count = seen.outcome.samples.len();
    let took = seen.outcome.took.as_secs_f64();
    format!(
        "{count} requests to {} over {} connections in {took:.1} s",
        names.join(", "),
        load.connections
    )
}

fn tolerance(threshold: &Threshold) -> String {
    let retried = format!("a failing run is done again, and all {RUNS_MAX} have to fail");
    match threshold.metric() {
        Metric::Percentile(_) => format!(
            "it fails where more answers are slower than promised than chance explains once in {:.0} runs (binomial, the \
             lower confidence limit of the percentile); {retried}; runs in which this machine sent late do not count",
            1.0 / SLO_CHANCE
        ),
        _ => format!("none in a run; {retried}"),
    }
}

#[cfg(test)]
mod tests;
