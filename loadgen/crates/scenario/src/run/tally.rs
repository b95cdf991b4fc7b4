//! What is counted while a run goes on.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hdrhistogram::Histogram;
use loadgen_engine::Progress;

use crate::hdr_log::HdrLog;
use crate::limits::{LATENCY_US_MAX, SECONDS_MAX};
use crate::result::{RequestResult, RunResult, SecondResult, histogram};
use crate::scenario::{Engine, Scenario};

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// A complete answer.
    Answer {
        /// Its status.
        status: u16,
        /// Whether the scenario expects it.
        is_expected: bool,
    },
    /// None: what happened.
    Failure(&'static str),
}

/// Counts of all users together.
pub(super) struct Tally(Mutex<Counts>);

struct Counts {
    started: u64,
    in_flight: usize,
    statuses: BTreeMap<u16, u64>,
    errors: BTreeMap<String, u64>,
    failed: u64,
    latency_us: Histogram<u64>,
    late_us: Histogram<u64>,
    by_request: Vec<RequestResult>,
    seconds: Vec<SecondResult>,
    /// Latencies of the second that is going on, whose index is the length of `seconds`.
    second_us: Histogram<u64>,
    second: SecondResult,
    last: Duration,
    log: Option<HdrLog>,
}

impl Tally {
    pub(super) fn new(scenario: &Scenario, log: Option<HdrLog>) -> Self {
        let by_request = scenario.requests.iter().map(|request| RequestResult {
            name: request.name.clone(),
            requests: 0,
            errors: Some(0),
            latency_us: histogram(),
        });
        Self(Mutex::new(Counts {
            started: 0,
            in_flight: 0,
            statuses: BTreeMap::new(),
            errors: BTreeMap::new(),
            failed: 0,
            latency_us: histogram(),
            late_us: histogram(),
            by_request: by_request.collect(),
            seconds: Vec::new(),
            second_us: histogram(),
            second: SecondResult::default(),
            last: Duration::ZERO,
            log,
        }))
    }

    /// A request begins; the answer is how many of its kind there were, this one included. `None` where `count_max`
    /// is reached.
    pub(super) fn begin(&self, request: usize, count_max: u64) -> Option<u64> {
        let mut counts = self.counts();
        if counts.started >= count_max {
            return None;
        }
        counts.started += 1;
        counts.in_flight += 1;
        let of = &mut counts.by_request[request];
        of.requests += 1;
        Some(of.requests)
    }

    /// It was due before a free user was told of it.
    pub(super) fn late(&self, late: Duration) {
        let us = clamp_us(late);
        self.counts().late_us.saturating_record(us);
    }

    /// A request has ended, `at` after time zero.
    pub(super) fn end(&self, request: usize, end: &End, latency: Duration, at: Duration) {
        let mut counts = self.counts();
        let counts = &mut *counts;
        counts.roll(at);
        counts.in_flight = counts.in_flight.saturating_sub(1);
        counts.last = counts.last.max(at);
        let us = clamp_us(latency);
        let error = match end {
            End::Failure(kind) => Some((*kind).to_string()),
            End::Answer { status, is_expected } => {
                *counts.statuses.entry(*status).or_default() += 1;
                counts.latency_us.saturating_record(us);
                counts.by_request[request].latency_us.saturating_record(us);
                counts.second_us.saturating_record(us);
                counts.second.answered += 1;
                (!is_expected).then(|| format!("status {status}"))
            }
        };
        if let Some(kind) = error {
            *counts.errors.entry(kind).or_default() += 1;
            *counts.by_request[request].errors.get_or_insert_default() += 1;
            counts.failed += 1;
            counts.second.failed += 1;
        }
    }

    /// How far the run is, `at` after time zero.
    pub(super) fn progress(&self, at: Duration) -> Progress {
        let mut counts = self.counts();
        counts.roll(at);
        Progress {
            elapsed_ms: u64::try_from(at.as_millis()).unwrap_or(u64::MAX),
            sent: counts.started,
            answered: counts.latency_us.len(),
            failed: counts.failed,
            open: counts.in_flight,
        }
    }

    /// What the run found, once all of it has ended; and the log, to be closed.
    pub(super) fn result(
        &self,
        scenario: &Scenario,
        started_unix_us: u64,
        due: Option<u64>,
    ) -> (RunResult, Option<HdrLog>) {
        let mut counts = self.counts();
        let last = counts.last;
        if counts.second != SecondResult::default() {
            counts.close_second(last);
        }
        let counts = &mut *counts;
        let result = RunResult {
            scenario: scenario.name.clone(),
            engine: Engine::Goose,
            started_unix_us,
            took: last,
            requests: counts.started,
            unsent: due.map_or(0, |due| due.saturating_sub(counts.started)),
            statuses: std::mem::take(&mut counts.statuses),
            errors: std::mem::take(&mut counts.errors),
            latency_us: counts.latency_us.clone(),
            by_request: std::mem::take(&mut counts.by_request),
            seconds: std::mem::take(&mut counts.seconds),
            late_us: counts.late_us.clone(),
            users_max: scenario.load.users_max(),
            cpu_us: None,
        };
        (result, counts.log.take())
    }

    /// A panic elsewhere has left the counts as they were: whole.
    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counts {
    /// Closes the seconds that are over at `at`.
    fn roll(&mut self, at: Duration) {
        let second = usize::try_from(at.as_secs()).unwrap_or(usize::MAX).min(SECONDS_MAX);
        while self.seconds.len() < second {
            let end = Duration::from_secs(self.seconds.len() as u64 + 1);
            self.close_second(end);
        }
    }

    /// Closes the second that is going on, which ends at `end`.
    fn close_second(&mut self, end: Duration) {
        let start = Duration::from_secs(self.seconds.len() as u64);
        let mut second = std::mem::take(&mut self.second);
        if !self.second_us.is_empty() {
            second.p99_us = Some(self.second_us.value_at_quantile(0.99));
            second.max_us = self.second_us.max();
        }
        if let Some(log) = &self.log {
            log.write(start, end.saturating_sub(start), &self.second_us);
        }
        self.second_us.reset();
        self.seconds.push(second);
    }
}

fn clamp_us(latency: Duration) -> u64 {
    u64::try_from(latency.as_micros()).unwrap_or(u64::MAX).min(LATENCY_US_MAX)
}
