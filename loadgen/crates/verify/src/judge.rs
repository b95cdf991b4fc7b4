//! Verdicts on a rate, from what the answers prove and from the bucket on paper.

use crate::evidence::{Evidence, Span, Spans, bounds};
use crate::limits::{
    ADMITTED_SHARE_MIN, LEASE_S_MAX, LEASE_TOKENS_MAX, ROUNDING_TOKENS, STALL_MEDIANS, STALL_US_MIN,
};
use crate::paper::{self, Limit};

/// What was made of a run.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Judged {
    /// The promise was kept.
    Kept,
    /// More was admitted than the promise allows, whatever delayed the answers: in which window.
    Over(String),
    /// Less was admitted than the promise demands. Noise can do that once.
    Short(String),
    /// The run says nothing: why.
    Open(String),
}

/// A run, judged.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Judgement {
    /// What was made of it.
    pub(crate) judged: Judged,
    /// Admitted at least.
    pub(crate) admitted: u64,
    /// The least that a right gateway admits of what was offered.
    pub(crate) least: u64,
    /// The most, in the time from the first request to the last answer.
    pub(crate) most: u64,
}

/// Tokens that lie in leases elsewhere, at most, when a shard that shares a bucket refuses; and what is not refilled
/// meanwhile. One connection has one shard, which has no leases but its own.
pub(crate) fn leased(limit: &Limit, connections: usize) -> f64 {
    if connections == 1 {
        return 0.0;
    }
    let half = limit.burst.div_ceil(2) as f64;
    half.min((connections as u64 * LEASE_TOKENS_MAX) as f64) + limit.rate_rps * LEASE_S_MAX
}

/// Judges a run in which `limits[at]` should have been reached; all buckets were full before it.
pub(crate) fn rate(limits: &[Limit], at: usize, connections: usize, spans: &Spans) -> Judgement {
    let (admitted, unknown) = (spans.admitted.len() as u64, spans.unknown.len() as u64);
    let on_paper = on_paper(limits, spans);
    let slack = slack(limits, &on_paper.lowest, connections);
    let least = (on_paper.count() as f64 * ADMITTED_SHARE_MIN - slack).max(0.0).floor() as u64;
    let lost = stalled_s(spans) * limits.iter().map(|l| l.rate_rps).fold(f64::INFINITY, f64::min);
    let all = || spans.admitted.iter().chain(&spans.refused).chain(&spans.unknown);
    let first = all().map(|span| span.sent_us).min().unwrap_or(0);
    let last = all().map(|span| span.received_us).max().unwrap_or(0);
    let most =
        limits.iter().map(|limit| limit.most((last - first) as f64)).fold(f64::INFINITY, f64::min);
    let judged = if let Some(over) = over(limits, spans) {
        Judged::Over(over)
    } else if unknown * 10 > admitted + spans.refused.len() as u64 {
        Judged::Open(format!("{unknown} requests had no answer"))
    } else if admitted + unknown < least && (admitted + unknown) as f64 + lost >= least as f64 {
        Judged::Open(format!(
            "{admitted} were admitted, and delays may have cost {lost:.0} of the {least} that are promised at least"
        ))
    } else if admitted + unknown < least {
        Judged::Short(format!("{admitted} admitted, {least} at least were promised"))
    } else if let Some((refusal, spare)) = groundless(limits, connections, spans) {
        let at_s = refusal.received_us as f64 / 1e6;
        Judged::Short(format!(
            "refused at {at_s:.3} s, when the bucket on paper held {spare:.1} tokens or more"
        ))
    } else if spans.refused.is_empty() && !limits[at].is_shut() {
        Judged::Open("nothing was refused: too little was offered in time".to_owned())
    } else {
        Judged::Kept
    };
    Judgement { judged, admitted, least, most: most.floor() as u64 }
}

/// Whether more was admitted than one of the limits allows: which, and in which window.
pub(crate) fn over(limits: &[Limit], spans: &Spans) -> Option<String> {
    limits.iter().find_map(|limit| {
        if limit.is_shut() {
            let first = spans.admitted.first()?;
            let at_s = first.received_us as f64 / 1e6;
            return Some(format!("admitted at {at_s:.3} s, where nothing is"));
        }
        let Evidence { burst_min, window, .. } = Evidence::of(limit.rate_rps, spans);
        if burst_min <= limit.burst as f64 + ROUNDING_TOKENS {
            return None;
        }
        let most = limit.most((window.to_us - window.from_us) as f64).floor();
        Some(format!(
            "{} admitted from {:.3} s to {:.3} s, where {limit} allows {most}",
            window.count,
            window.from_us as f64 / 1e6,
            window.to_us as f64 / 1e6,
        ))
    })
}

/// The refusal that all limits together explain least, if they cannot explain it; with the tokens that each of them had.
fn groundless(limits: &[Limit], connections: usize, spans: &Spans) -> Option<(Span, f64)> {
    let spare = |limit: &Limit| -> Vec<f64> {
        let slack = leased(limit, connections);
        let least = bounds(limit.rate_rps, spans).into_iter();
        // A shut limit explains every refusal.
        let burst = if limit.is_shut() { f64::NEG_INFINITY } else { limit.burst as f64 };
        least.map(|below| burst - below - slack).collect()
    };
    let spares: Vec<Vec<f64>> = limits.iter().map(spare).collect();
    let of_all = (0..spans.refused.len()).map(|at| {
        let least = spares.iter().map(|spare| spare[at]).fold(f64::INFINITY, f64::min);
        (spans.refused[at], least)
    });
    let worst = of_all.max_by(|(_, a), (_, b)| a.total_cmp(b));
    // What is below `burst` by nothing was below it: a refusal wants less than one token.
    worst.filter(|(_, spare)| *spare > ROUNDING_TOKENS).map(|(span, spare)| (span, spare + 1.0))
}

/// What the buckets on paper admit of the requests that were answered: if the gateway had decided on each when it was
/// sent, or when its answer came, whichever is less. What had no answer may have taken a token.
fn on_paper(limits: &[Limit], spans: &Spans) -> paper::Run {
    let answered = || spans.admitted.iter().chain(&spans.refused);
    let run = |mut times: Vec<u64>| {
        times.sort_unstable();
        paper::run(limits, &times)
    };
    let sent = run(answered().map(|span| span.sent_us).collect());
    let received = run(answered().map(|span| span.received_us).collect());
    let lowest = sent.lowest.iter().zip(&received.lowest).map(|(a, b)| a.min(*b)).collect();
    let fewer = if sent.count() <= received.count() { sent } else { received };
    paper::Run { lowest, ..fewer }
}

/// How long requests waited for answers that took much longer than others. Whatever delayed them may have kept the
/// gateway from deciding on any, while full buckets lost what came to them.
fn stalled_s(spans: &Spans) -> f64 {
    let all = || spans.admitted.iter().chain(&spans.refused).chain(&spans.unknown);
    let took = |span: &Span| span.received_us.saturating_sub(span.sent_us);
    let mut sorted: Vec<u64> = all().map(took).collect();
    sorted.sort_unstable();
    let Some(median) = sorted.get(sorted.len() / 2) else { return 0.0 };
    let usual_us = STALL_US_MIN.max(median * STALL_MEDIANS);
    let mut slow: Vec<Span> = all().filter(|span| took(span) > usual_us).copied().collect();
    slow.sort_unstable();
    let (mut stalled_us, mut until_us) = (0, 0);
    for span in slow {
        stalled_us += span.received_us.saturating_sub(span.sent_us.max(until_us));
        until_us = until_us.max(span.received_us);
    }
    stalled_us as f64 / 1e6
}

/// What leases elsewhere may cost: of the limits whose bucket came so low on paper that they may have refused.
fn slack(limits: &[Limit], lowest: &[f64], connections: usize) -> f64 {
    let costs = limits.iter().zip(lowest).map(|(limit, lowest)| {
        let leased = leased(limit, connections);
        if *lowest < leased + 1.0 { leased } else { 0.0 }
    });
    costs.fold(0.0, f64::max)
}

#[cfg(test)]
mod tests;
