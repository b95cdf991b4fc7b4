//! What a run found, whatever sent the requests.

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::Histogram;
use loadgen_report::threshold::{Measured, Summary};

use crate::limits::{DIGITS, LATENCY_US_MAX};
use crate::scenario::Engine;

/// What a run found.
#[derive(Clone, Debug)]
pub struct RunResult {
    /// The scenario's name.
    pub scenario: String,
    /// What sent the requests.
    pub engine: Engine,
    /// When the run's time zero was, in microseconds since 1970-01-01 UTC.
    pub started_unix_us: u64,
    /// From time zero to the last answer.
    pub took: Duration,
    /// Requests that were sent, or could not be.
    pub requests: u64,
    /// Requests that were due and not sent, since a bound ended the run.
    pub unsent: u64,
    /// Answers by status code.
    pub statuses: BTreeMap<u16, u64>,
    /// Errors by kind: `status 503` for unexpected statuses, `timeout`, `connect`, and others.
    pub errors: BTreeMap<String, u64>,
    /// From the intended time to the answer's last byte, in microseconds; answers only. Where no time was intended
    /// (users, and the engine as fast as it goes), from sending.
    pub latency_us: Histogram<u64>,
    /// The same, by request, in the scenario's order.
    pub by_request: Vec<RequestResult>,
    /// Second by second.
    pub seconds: Vec<SecondResult>,
    /// How late requests were given to users that were free, in microseconds: the generator's own fault. Empty
    /// where no time was intended.
    pub late_us: Histogram<u64>,
    /// Most users, or connections.
    pub users_max: usize,
    /// CPU time of the generator, in microseconds, user and system, where it is known.
    pub cpu_us: Option<(u64, u64)>,
}

/// What was found of one request.
#[derive(Clone, Debug)]
pub struct RequestResult {
    /// Its name.
    pub name: String,
    /// How many were sent.
    pub requests: u64,
    /// How many had no expected answer; `None` where the engine counts errors of all requests together.
    pub errors: Option<u64>,
    /// As [`RunResult::latency_us`].
    pub latency_us: Histogram<u64>,
}

/// One second of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SecondResult {
    /// Answers that came in it.
    pub answered: u64,
    /// Errors in it.
    pub failed: u64,
    /// The 99th percentile of the latencies of answers in it, in microseconds; `None` where it is not known.
    pub p99_us: Option<u64>,
    /// The largest of them.
    pub max_us: u64,
}

impl RunResult {
    /// Errors in all.
    #[must_use]
    pub fn failed(&self) -> u64 {
        self.errors.values().sum()
    }

    /// Requests with an expected answer, per second.
    #[must_use]
    pub fn throughput_rps(&self) -> f64 {
        self.requests.saturating_sub(self.failed()) as f64 / self.took.as_secs_f64().max(1e-6)
    }

    /// What thresholds look at.
    #[must_use]
    pub fn summary(&self) -> Summary<'_> {
        Summary {
            took: self.took,
            all: Measured {
                latency_us: &self.latency_us,
                requests: self.requests,
                errors: self.failed(),
            },
            by_request: self
                .by_request
                .iter()
                .map(|request| {
                    // Where it is not known, no threshold asks for it: see `run_uring`.
                    let (requests, errors) = (request.requests, request.errors.unwrap_or(0));
                    let latency_us = &request.latency_us;
                    (request.name.as_str(), Measured { latency_us, requests, errors })
                })
                .collect(),
        }
    }
}

/// A histogram of latencies in microseconds.
#[must_use]
pub fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, LATENCY_US_MAX, DIGITS)
        .expect("the bounds are in order and the digits few")
}
