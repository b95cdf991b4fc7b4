//! Sending, and telling the answers apart.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use gateway_model::{GatewayResponseType, RestApi};
use loadgen_engine::{Arrivals, Failure, Outcome, Plan, Record, Sample, Step};

use crate::evidence::{Span, Spans};
use crate::limits::{FULL_MARGIN, FULL_WAIT_MAX, STOP_LOOK, TROUBLED_SHARE_MAX};
use crate::planned::Finding;
use crate::promises::{Layer, Way};
use crate::route::Member;
use crate::session::{Extra, Session};
use loadgen_report::Verdict;

/// What a throttled answer says of itself, and one beyond a quota. Source: the `x-amzn-errortype` of `THROTTLED` and
/// `QUOTA_EXCEEDED`.
const MARKS: [&str; 2] = ["TooManyRequestsException", "LimitExceededException"];

/// Why a check of a run that was stopped says nothing.
pub(crate) const STOPPED: &str = "the run was stopped before this check ended";

/// What this run did to limits so far.
#[derive(Debug)]
pub(crate) struct Spent {
    /// When buckets were last met that are not among `buckets`: at the start, or by a check that looks at something else.
    met: Cell<Instant>,
    /// When each bucket was last met.
    buckets: RefCell<BTreeMap<String, Instant>>,
    /// What was admitted for each plan and key since its quota was last whole.
    keys: RefCell<BTreeMap<String, u64>>,
}

impl Default for Spent {
    fn default() -> Self {
        Self {
            met: Cell::new(Instant::now()),
            buckets: RefCell::default(),
            keys: RefCell::default(),
        }
    }
}

impl Spent {
    /// Requests of this run that were admitted for a plan's key.
    pub(crate) fn admitted(&self, key: &str) -> u64 {
        self.keys.borrow().get(key).copied().unwrap_or(0)
    }

    /// A check that looks at something else was let through `admitted` times, with a key of a plan or without.
    pub(crate) fn meet(&self, member: Option<&Member<'_>>, admitted: u64) {
        self.met.set(Instant::now());
        if let Some(member) = member {
            *self.keys.borrow_mut().entry(member.name()).or_default() += admitted;
        }
    }

    /// A new period began.
    pub(crate) fn forget_keys(&self) {
        self.keys.borrow_mut().clear();
    }
}

/// What is sent, beside where to.
#[derive(Clone, Debug)]
pub(crate) struct Load {
    /// When.
    pub(crate) arrivals: Arrivals,
    /// Over how many connections.
    pub(crate) connections: usize,
    /// Requests in flight on each.
    pub(crate) pipeline: usize,
}

/// What came back.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    /// Requests by what became of them; those beyond a quota are not among them.
    pub(crate) spans: Spans,
    /// Refused for the quota.
    pub(crate) exceeded: Vec<Span>,
    /// Statuses of requests that were refused for another reason than a limit, or failed.
    pub(crate) troubles: BTreeMap<u16, u64>,
    /// Statuses of throttled answers, and of those beyond a quota.
    pub(crate) refusals: [BTreeMap<u16, u64>; 2],
    /// All of it.
    pub(crate) outcome: Outcome,
}

/// `count` requests within a millisecond, or as quickly as the engine's rates go; then others at a rate.
pub(crate) fn burst_then(count: u64, then_rps: f64, lasts: Duration) -> Arrivals {
    let at_once = (count as f64 * 1_000.0).min(loadgen_engine::limits::RATE_RPS_MAX);
    let within = Duration::from_secs_f64(count as f64 / at_once);
    let mut steps = vec![Step { from_rps: at_once, to_rps: at_once, lasts: within }];
    if !lasts.is_zero() {
        steps.push(Step { from_rps: then_rps, to_rps: then_rps, lasts });
    }
    Arrivals::Steps(steps)
}

/// Sends along a way and waits for the answers.
pub(crate) fn offer(session: &Session<'_>, way: &Way<'_>, load: &Load) -> Result<Seen, Finding> {
    offer_all(session, std::slice::from_ref(way), load)
}

/// Sends along ways in turn and waits for the answers.
pub(crate) fn offer_all(
    session: &Session<'_>,
    ways: &[Way<'_>],
    load: &Load,
) -> Result<Seen, Finding> {
    let settings = session.settings;
    let request = |way: &Way<'_>| {
        let key = way.member.and_then(|member| session.key_value(member.key));
        let extra = Extra { key, headers: way.headers.clone(), ..Extra::default() };
        session.request(&way.route, &extra)
    };
    let lasts = match &load.arrivals {
        Arrivals::Steps(steps) => steps.iter().map(|step| step.lasts).sum(),
        _ => Duration::ZERO,
    };
    let plan = Plan {
        target: settings.target.clone(),
        requests: ways.iter().map(request).collect(),
        arrivals: load.arrivals.clone(),
        connections: load.connections,
        threads: settings.threads.clamp(1, load.connections),
        lasts_max: lasts + settings.timeout,
        count_max: settings.count_max,
        timeout: settings.timeout,
        keep_alive: true,
        pipeline: load.pipeline,
        record: Record::Samples,
        marks: MARKS.iter().map(|mark| mark.as_bytes().to_vec()).collect(),
    };
    let outcome =
        loadgen_engine::run_until(&plan, &session.stop, &mut |_| {}).map_err(|error| {
            Finding::not_checked(format!("the load could not be sent: {}", chain(&error)))
        })?;
    let seen = Seen::of(outcome);
    let spent = &session.spent;
    let mut buckets = spent.buckets.borrow_mut();
    for layer in ways.iter().flat_map(|way| &way.layers) {
        buckets.insert(layer.bucket.clone(), Instant::now());
    }
    let mut keys = spent.keys.borrow_mut();
    for sample in seen.outcome.samples.iter().filter(|sample| is_admitted(sample)) {
        if let Some(member) = ways.get(usize::from(sample.request)).and_then(|way| way.member) {
            *keys.entry(member.name()).or_default() += 1;
        }
    }
    Ok(seen)
}

/// Whether a request surely passed all limits.
fn is_admitted(sample: &Sample) -> bool {
    sample.mark.is_none() && !matches!(sample.status, 0 | 401 | 403 | 429)
}

impl Seen {
    pub(crate) fn of(outcome: Outcome) -> Self {
        let mut seen = Self {
            spans: Spans::default(),
            exceeded: Vec::new(),
            troubles: BTreeMap::new(),
            refusals: [BTreeMap::new(), BTreeMap::new()],
            outcome,
        };
        for sample in &seen.outcome.samples {
            let span = Span { sent_us: sample.sent_us, received_us: sample.received_us };
            match (sample.status, sample.mark) {
                (0, _) => seen.spans.unknown.push(span),
                (status, Some(mark @ (0 | 1))) => {
                    *seen.refusals[usize::from(mark)].entry(status).or_default() += 1;
                    match mark {
                        0 => seen.spans.refused.push(span),
                        _ => seen.exceeded.push(span),
                    }
                }
                (status, _) => {
                    // A backend's failure comes after the limits; a 401 or 403 may come before them.
                    match is_admitted(sample) {
                        true => seen.spans.admitted.push(span),
                        false => seen.spans.unknown.push(span),
                    }
                    if matches!(status, 401 | 403 | 429 | 500..) {
                        *seen.troubles.entry(status).or_default() += 1;
                    }
                }
            }
        }
        seen
    }

    /// Why the answers say nothing about a rate, if so.
    pub(crate) fn trouble(&self, way: &Way<'_>) -> Option<Verdict> {
        let used_up = || {
            Verdict::NotChecked(
                "the quota of the key is used up; use --fast-forward with a gateway that was started with --test-clock, \
                 or another key"
                    .to_owned(),
            )
        };
        self.failures(way).or_else(|| (!self.exceeded.is_empty()).then(used_up))
    }

    /// Why the answers say nothing at all, if so.
    pub(crate) fn failures(&self, way: &Way<'_>) -> Option<Verdict> {
        let count = self.outcome.samples.len() as f64;
        let of = |status: u16| self.troubles.get(&status).copied().unwrap_or(0);
        let is_much = |found: u64| found as f64 > count * TROUBLED_SHARE_MAX;
        let name = way.route.name();
        if is_much(of(403)) {
            return Some(Verdict::Failed(match way.member {
                Some(member) => format!(
                    "403 Forbidden for {name}: the key {} is not known there, or its plan does not open the stage",
                    member.key.name
                ),
                None => format!("403 Forbidden for {name}: the gateway does not serve it to us"),
            }));
        }
        if is_much(of(401)) {
            return Some(Verdict::Failed(format!("401 Unauthorized for {name}")));
        }
        if is_much(of(429)) {
            return Some(Verdict::NotChecked(format!(
                "429 for {name} without x-amzn-errortype: not the gateway's own, so what it means is unknown"
            )));
        }
        let failed: u64 = self.troubles.range(500..).map(|(_, count)| count).sum();
        if is_much(failed) {
            let (status, _) = self.troubles.range(500..).next()?;
            return Some(Verdict::NotChecked(format!(
                "{failed} of {count} answers to {name} were failures such as {status}: see to the backend"
            )));
        }
        let lost: u64 = self.outcome.errors.values().sum();
        if is_much(lost) || self.outcome.samples.is_empty() {
            let first =
                self.outcome.errors.keys().next().map_or("nothing was sent", |f| failure(*f));
            return Some(Verdict::NotChecked(format!(
                "{lost} requests to {name} had no answer: {first}"
            )));
        }
        if self.outcome.unsent > 0 {
            let unsent = self.outcome.unsent;
            return Some(Verdict::NotChecked(format!(
                "{unsent} requests were not sent within the time: the gateway or this machine is too slow for the check"
            )));
        }
        None
    }

    /// Whether refusals had another status than the definition promises: which.
    pub(crate) fn wrong_status(&self, api: &RestApi) -> Option<String> {
        let types = [GatewayResponseType::Throttled, GatewayResponseType::QuotaExceeded];
        types.into_iter().zip(&self.refusals).find_map(|(of_type, statuses)| {
            let promised = promised_status(api, of_type);
            let (status, count) = statuses.iter().find(|(status, _)| **status != promised)?;
            let name = of_type.as_str();
            Some(format!("{count} refusals were {status}, where {name} promises {promised}"))
        })
    }
}

/// The status of an answer that the gateway makes up itself.
fn promised_status(api: &RestApi, of_type: GatewayResponseType) -> u16 {
    let customised = |of_type| api.gateway_responses.get(&of_type)?.status_code;
    customised(of_type)
        .or_else(|| match api.gateway_responses.contains_key(&of_type) {
            true => None,
            false => customised(of_type.family()),
        })
        .map(|status| status.as_u16())
        .or_else(|| of_type.default_status())
        .unwrap_or(429)
}

/// Waits until the buckets are full.
pub(crate) fn wait_until_full(session: &Session<'_>, layers: &[Layer]) -> Result<(), Finding> {
    let spent = &session.spent;
    let mut wait = Duration::ZERO;
    for layer in layers {
        let met = spent.met.get();
        let since = spent.buckets.borrow().get(&layer.bucket).map_or(met, |since| met.max(*since));
        let refill = Duration::from_secs_f64(layer.limit.refill_s().min(1e6)) + FULL_MARGIN;
        let left = refill.saturating_sub(since.elapsed());
        if left > FULL_WAIT_MAX {
            let seconds = left.as_secs();
            return Err(Finding::not_checked(format!(
                "the bucket of {} takes another {seconds} s to fill, and loadgen waits {} s at most",
                layer.label,
                FULL_WAIT_MAX.as_secs()
            )));
        }
        wait = wait.max(left);
    }
    let until = Instant::now() + wait;
    while !session.stop.is_stopped() {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(());
        }
        std::thread::sleep(left.min(STOP_LOOK));
    }
    Err(Finding::not_checked(STOPPED))
}

/// What happened, in words.
pub(crate) fn failure(failure: Failure) -> &'static str {
    match failure {
        Failure::Connect => "no connection could be made",
        Failure::Closed => "the connection was closed",
        Failure::Timeout => "the answer took too long",
        Failure::Malformed => "the answer was no HTTP",
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests;
