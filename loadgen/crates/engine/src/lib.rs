//! Load at an exact rate or as fast as it goes, on the gateway's own io_uring facade.
//!
//! A [`Plan`] says what is sent, when, and over how many connections; [`run`] does it on threads of its own and
//! answers with an [`Outcome`]. With an open model (every [`Arrivals`] but [`Arrivals::Closed`]) each request has an
//! intended time that no slow answer moves, and latencies are measured from it: no coordinated omission.
#![forbid(unsafe_code)]

mod ask;
mod bell;
mod error;
mod flood;
pub mod framing;
mod ledger;
pub mod limits;
mod marks;
mod run;
mod schedule;
mod seat;
mod shard;
mod turns;
mod wire;
mod workers;

pub use ask::{Client, ask};
pub use error::EngineError;
pub use run::{Stop, run, run_until};
pub use workers::driver_name;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hdrhistogram::Histogram;

/// Where requests go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Address of the socket.
    pub address: SocketAddr,
    /// The name to ask for and check under TLS; `None` is a connection in the clear.
    pub tls: Option<String>,
}

/// A request, ready to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// What reports call it: `GET /orders`.
    pub name: String,
    /// The whole message of HTTP/1.1, head and body.
    pub bytes: Arc<[u8]>,
    /// Whether the answer has no body whatever its head says (a HEAD request).
    pub is_head: bool,
    /// How often it is sent, relative to the others of its plan.
    pub weight: u32,
}

/// When requests are sent.
#[derive(Clone, Debug, PartialEq)]
pub enum Arrivals {
    /// As soon as a connection has its answer: the closed model, for throughput.
    Closed,
    /// All `count` at the same moment.
    AtOnce {
        /// Requests.
        count: u64,
    },
    /// At constant rates, one after the other; within each, evenly spaced.
    Steps(Vec<Step>),
}

/// A part of the schedule.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// Requests per second at its start.
    pub from_rps: f64,
    /// Requests per second at its end; in between the rate changes evenly.
    pub to_rps: f64,
    /// How long it lasts.
    pub lasts: Duration,
}

/// What to send.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Where to.
    pub target: Target,
    /// What; at least one. Taken in turn, each as often as its weight says.
    pub requests: Vec<Request>,
    /// When.
    pub arrivals: Arrivals,
    /// Connections, over all threads; at least one.
    pub connections: usize,
    /// Threads, each with its ring; at least one and at most as many as connections.
    pub threads: usize,
    /// Ends a closed plan; bounds any other, beyond its schedule.
    pub lasts_max: Duration,
    /// Sends no more than this many requests.
    pub count_max: u64,
    /// An answer that takes longer is an error, and its connection is closed.
    pub timeout: Duration,
    /// Whether connections are kept between requests.
    pub keep_alive: bool,
    /// Requests in flight on one connection at a time; 1 but for pipelining.
    pub pipeline: usize,
    /// What is kept of each answer.
    pub record: Record,
    /// Byte strings that are looked for in each answer, head and body; see [`Sample::mark`].
    pub marks: Vec<Vec<u8>>,
}

/// What is kept of each answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Record {
    /// Nothing: it is counted and its latency goes to the histograms.
    #[default]
    Counts,
    /// A [`Sample`], up to [`limits::SAMPLES_MAX`].
    Samples,
}

/// One answer. Times are in microseconds since [`Outcome::started_unix_us`], on a monotonic clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sample {
    /// Index of its request in [`Plan::requests`].
    pub request: u16,
    /// Index of its connection.
    pub connection: u16,
    /// When it should have been sent.
    pub intended_us: u64,
    /// When it was given to the kernel.
    pub sent_us: u64,
    /// When its answer was complete, or it failed.
    pub received_us: u64,
    /// Its status code; 0 for a request without an answer.
    pub status: u16,
    /// Index of the first of [`Plan::marks`] that occurs in the answer.
    pub mark: Option<u8>,
}

/// What came of a plan.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// When the plan's time zero was, in microseconds since 1970-01-01 UTC.
    pub started_unix_us: u64,
    /// From time zero to the last answer.
    pub took: Duration,
    /// Requests whose first byte was sent.
    pub sent: u64,
    /// Requests of the schedule that were not sent, since the plan's bounds ended it before.
    pub unsent: u64,
    /// Answers by status code.
    pub statuses: BTreeMap<u16, u64>,
    /// Requests without an answer, by what happened.
    pub errors: BTreeMap<Failure, u64>,
    /// From intended time to the answer's last byte, in microseconds; answers only.
    pub latency_us: Histogram<u64>,
    /// From sending to the answer's last byte, in microseconds: what a closed-loop tool reports.
    pub service_us: Histogram<u64>,
    /// The same as `latency_us`, by index of the request.
    pub by_request_us: Vec<Histogram<u64>>,
    /// Answers, errors and worst latency in each second.
    pub seconds: Vec<Second>,
    /// How late requests were sent that had a free connection, in microseconds: the generator's own fault.
    pub late_us: Histogram<u64>,
    /// CPU time of the engine's threads, in microseconds, user and system.
    pub cpu_us: (u64, u64),
    /// Bytes of answers received.
    pub received_bytes: u64,
    /// What [`Record::Samples`] asks for, by intended time.
    pub samples: Vec<Sample>,
    /// How many samples had no room.
    pub samples_lost: u64,
}

/// One second of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Second {
    /// Requests sent in it.
    pub sent: u64,
    /// Answers received in it.
    pub answered: u64,
    /// Errors in it.
    pub failed: u64,
    /// Largest latency of an answer received in it, in microseconds.
    pub latency_max_us: u64,
}

/// Why a request has no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Failure {
    /// The connection could not be made.
    Connect,
    /// It broke, or was closed within an answer.
    Closed,
    /// The answer took too long.
    Timeout,
    /// The answer is no HTTP.
    Malformed,
}

/// How far a run is, several times a second.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Since time zero, in milliseconds.
    pub elapsed_ms: u64,
    /// Requests sent so far.
    pub sent: u64,
    /// Answers so far.
    pub answered: u64,
    /// Errors so far.
    pub failed: u64,
    /// Connections that are open.
    pub open: usize,
}

/// A whole answer, for a look at one request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// Status code.
    pub status: u16,
    /// Names in lower case, and values, in order.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body without framing.
    pub body: Vec<u8>,
    /// From sending to the last byte, in microseconds.
    pub took_us: u64,
}

impl Answer {
    /// The first value of header `name` (lower case), if it is text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let (_, value) = self.headers.iter().find(|(n, _)| n == name)?;
        std::str::from_utf8(value).ok()
    }
}
