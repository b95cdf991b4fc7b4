//! What one thread saw, and all threads together.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use hdrhistogram::Histogram;

use crate::limits::{SAMPLES_MAX, SECONDS_MAX};
use crate::{Arrivals, Failure, Outcome, Plan, Record, Sample, Second};

/// How far a thread is, for whoever looks on. Written by one thread only, so a store is enough.
#[derive(Default)]
#[repr(align(64))]
pub(crate) struct Board {
    pub(crate) sent: AtomicU64,
    pub(crate) answered: AtomicU64,
    pub(crate) failed: AtomicU64,
    pub(crate) open: AtomicU64,
}

/// One thread's counts.
pub(crate) struct Ledger {
    board: Arc<Board>,
    sent: u64,
    answered: u64,
    failed: u64,
    statuses: Vec<u64>,
    errors: BTreeMap<Failure, u64>,
    /// From the intended time; stays empty in the closed model, where it would be `service`.
    latency: Histogram<u64>,
    service: Histogram<u64>,
    /// Empty for a plan of one request, where it would be `latency`.
    by_request: Vec<Histogram<u64>>,
    late: Histogram<u64>,
    seconds: Vec<Second>,
    samples: Vec<Sample>,
    samples_max: usize,
    samples_lost: u64,
    last_us: u64,
    is_closed: bool,
    pub(crate) received_bytes: u64,
    pub(crate) cpu_us: (u64, u64),
    pub(crate) unsent: u64,
}

/// The highest status, and one.
const STATUSES: usize = 600;

const GROWS: &str = "a histogram that grows takes any value";

fn record(histogram: &mut Histogram<u64>, value: u64) {
    histogram.record(value).expect(GROWS);
}

fn histogram() -> Histogram<u64> {
    Histogram::new(3).expect("three digits are allowed")
}

impl Ledger {
    pub(crate) fn new(plan: &Plan, board: Arc<Board>) -> Self {
        let by_request = if plan.requests.len() > 1 { plan.requests.len() } else { 0 };
        Self {
            board,
            sent: 0,
            answered: 0,
            failed: 0,
            statuses: vec![0; STATUSES],
            errors: BTreeMap::new(),
            latency: histogram(),
            service: histogram(),
            by_request: vec![histogram(); by_request],
            late: histogram(),
            seconds: Vec::new(),
            samples: Vec::new(),
            samples_max: match plan.record {
                Record::Counts => 0,
                Record::Samples => SAMPLES_MAX / plan.threads.max(1),
            },
            samples_lost: 0,
            last_us: 0,
            is_closed: plan.arrivals == Arrivals::Closed,
            received_bytes: 0,
            cpu_us: (0, 0),
            unsent: 0,
        }
    }

    /// `count` requests were sent at `at_us`.
    pub(crate) fn sent(&mut self, at_us: u64, count: u64) {
        self.sent += count;
        self.board.sent.store(self.sent, Ordering::Relaxed);
        self.second(at_us).sent += count;
    }

    /// A request went out `late_us` after it should have, for no reason but the generator.
    pub(crate) fn late(&mut self, late_us: u64) {
        record(&mut self.late, late_us);
    }

    /// An answer, or with `status` 0 a failure that [`Ledger::failed`] counts.
    pub(crate) fn answered(&mut self, sample: Sample) {
        self.answered += 1;
        self.board.answered.store(self.answered, Ordering::Relaxed);
        self.statuses[usize::from(sample.status).min(STATUSES - 1)] += 1;
        let latency_us = sample.received_us.saturating_sub(sample.intended_us);
        record(&mut self.service, sample.received_us.saturating_sub(sample.sent_us));
        if !self.is_closed {
            record(&mut self.latency, latency_us);
        }
        if let Some(own) = self.by_request.get_mut(usize::from(sample.request)) {
            record(own, latency_us);
        }
        let second = self.second(sample.received_us);
        second.answered += 1;
        second.latency_max_us = second.latency_max_us.max(latency_us);
        self.keep(sample);
    }

    /// A request without an answer.
    pub(crate) fn failed(&mut self, failure: Failure, sample: Sample) {
        self.failed += 1;
        self.board.failed.store(self.failed, Ordering::Relaxed);
        *self.errors.entry(failure).or_default() += 1;
        self.second(sample.received_us).failed += 1;
        self.keep(sample);
    }

    /// A connection was opened or closed.
    pub(crate) fn open(&self, is_open: bool) {
        let open = self.board.open.load(Ordering::Relaxed);
        let open = if is_open { open + 1 } else { open.saturating_sub(1) };
        self.board.open.store(open, Ordering::Relaxed);
    }

    fn second(&mut self, at_us: u64) -> &mut Second {
        let index = usize::try_from(at_us / 1_000_000).unwrap_or(usize::MAX).min(SECONDS_MAX - 1);
        if index >= self.seconds.len() {
            self.seconds.resize(index + 1, Second::default());
        }
        &mut self.seconds[index]
    }

    fn keep(&mut self, sample: Sample) {
        self.last_us = self.last_us.max(sample.received_us);
        if self.samples.len() < self.samples_max {
            self.samples.push(sample);
        } else if self.samples_max > 0 {
            self.samples_lost += 1;
        }
    }
}

/// All threads' counts as one outcome.
pub(crate) fn outcome(plan: &Plan, started_unix_us: u64, ledgers: Vec<Ledger>) -> Outcome {
    let is_closed = plan.arrivals == Arrivals::Closed;
    let mut all = Outcome {
        started_unix_us,
        took: Duration::ZERO,
        sent: 0,
        unsent: 0,
        statuses: BTreeMap::new(),
        errors: BTreeMap::new(),
        latency_us: histogram(),
        service_us: histogram(),
        by_request_us: vec![
            histogram();
            if plan.requests.len() > 1 { plan.requests.len() } else { 0 }
        ],
        seconds: Vec::new(),
        late_us: histogram(),
        cpu_us: (0, 0),
        received_bytes: 0,
        samples: Vec::new(),
        samples_lost: 0,
    };
    for ledger in ledgers {
        add(&mut all, ledger);
    }
    if is_closed {
        all.latency_us = all.service_us.clone();
    }
    if all.by_request_us.is_empty() {
        all.by_request_us.push(all.latency_us.clone());
    }
    all.samples.sort_by_key(|sample| (sample.intended_us, sample.sent_us));
    all
}

fn add(all: &mut Outcome, ledger: Ledger) {
    all.took = all.took.max(Duration::from_micros(ledger.last_us));
    all.sent += ledger.sent;
    all.unsent += ledger.unsent;
    for (status, &count) in (0..).zip(&ledger.statuses) {
        if count > 0 {
            *all.statuses.entry(status).or_default() += count;
        }
    }
    for (failure, count) in ledger.errors {
        *all.errors.entry(failure).or_default() += count;
    }
    all.latency_us.add(&ledger.latency).expect(GROWS);
    all.service_us.add(&ledger.service).expect(GROWS);
    all.late_us.add(&ledger.late).expect(GROWS);
    for (own, theirs) in all.by_request_us.iter_mut().zip(&ledger.by_request) {
        own.add(theirs).expect(GROWS);
    }
    if all.seconds.len() < ledger.seconds.len() {
        all.seconds.resize(ledger.seconds.len(), Second::default());
    }
    for (own, theirs) in all.seconds.iter_mut().zip(&ledger.seconds) {
        own.sent += theirs.sent;
        own.answered += theirs.answered;
        own.failed += theirs.failed;
        own.latency_max_us = own.latency_max_us.max(theirs.latency_max_us);
    }
    all.cpu_us.0 += ledger.cpu_us.0;
    all.cpu_us.1 += ledger.cpu_us.1;
    all.received_bytes += ledger.received_bytes;
    all.samples.extend(ledger.samples);
    all.samples_lost += ledger.samples_lost;
}
