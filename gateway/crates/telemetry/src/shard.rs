//! What one shard counts, whatever the API.

use crate::cell::{Counter, Gauge};

/// How an exchange with an upstream failed. A closed set, so that the label stays small.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UpstreamFailure {
    /// The name did not resolve.
    Dns,
    /// No address could be connected to.
    Connect,
    /// The TLS handshake failed.
    Tls,
    /// The connection ended before the response did.
    Reset,
    /// The integration timeout passed.
    Timeout,
    /// The response could not be understood.
    Protocol,
    /// The pool had no room for another connection.
    Pool,
}

impl UpstreamFailure {
    /// Every failure, in label order.
    pub const ALL: [Self; 7] = [
        Self::Dns,
        Self::Connect,
        Self::Tls,
        Self::Reset,
        Self::Timeout,
        Self::Protocol,
        Self::Pool,
    ];

    /// The value of the label `kind`.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Dns => "dns",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::Reset => "reset",
            Self::Timeout => "timeout",
            Self::Protocol => "protocol",
            Self::Pool => "pool",
        }
    }
}

/// One counter per [`UpstreamFailure`].
#[derive(Debug, Default)]
pub struct UpstreamFailures([Counter; UpstreamFailure::ALL.len()]);

impl UpstreamFailures {
    /// Counts one failure.
    #[inline]
    pub fn increment(&self, failure: UpstreamFailure) {
        self.0[failure as usize].increment();
    }

    /// How many failures of this kind were counted.
    pub fn value(&self, failure: UpstreamFailure) -> u64 {
        self.0[failure as usize].value()
    }
}

/// Labels of the status classes, by index: `1xx` to `5xx`.
pub const STATUS_CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

/// Responses by the first digit of their status.
#[derive(Debug, Default)]
pub struct StatusCounters([Counter; STATUS_CLASSES.len()]);

impl StatusCounters {
    /// Counts a response. A status outside 100 to 599 counts as `5xx`: nothing else may leave us.
    #[inline]
    pub fn increment(&self, status: u16) {
        let class = match status {
            100..=599 => usize::from(status / 100) - 1,
            _ => STATUS_CLASSES.len() - 1,
        };
        self.0[class].increment();
    }

    /// The counts, in the order of [`STATUS_CLASSES`].
    pub fn values(&self) -> [u64; STATUS_CLASSES.len()] {
        std::array::from_fn(|class| self.0[class].value())
    }
}

/// The label of a refusal whose reason was not registered.
pub const REASON_OTHER: &str = "other";

/// Requests that were refused before they reached a stage, by a closed set of reasons.
#[derive(Debug)]
pub struct RefusalCounters {
    reasons: &'static [&'static str],
    counts: Box<[Counter]>,
}

impl RefusalCounters {
    /// Makes a counter for each of `reasons`, and one for [`REASON_OTHER`].
    pub fn new(reasons: &'static [&'static str]) -> Self {
        let counts = (0..=reasons.len()).map(|_| Counter::default()).collect();
        Self { reasons, counts }
    }

    /// Counts one refusal. An unregistered reason counts as [`REASON_OTHER`], so that no caller can
    /// add a label.
    pub fn increment(&self, reason: &str) {
        let index = self.reasons.iter().position(|&known| known == reason);
        self.counts[index.unwrap_or(self.reasons.len())].increment();
    }

    /// Each reason with its count, [`REASON_OTHER`] last.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        let reasons = self.reasons.iter().copied().chain([REASON_OTHER]);
        reasons.zip(self.counts.iter().map(Counter::value))
    }
}

/// The counters of one shard. Only that shard writes them; the scraper reads.
///
/// Aligned to two cache lines (adjacent-line prefetch), so that shards never share one.
#[derive(Debug)]
#[repr(align(128))]
pub struct ShardMetrics {
    /// Turns of the shard's loop; it turns at least once a second even when idle (the watchdog).
    pub loop_ticks: Counter,

    /// Downstream connections accepted.
    pub connections_accepted: Counter,
    /// Downstream connections open.
    pub connections_active: Gauge,
    /// Downstream connections open and between requests.
    pub connections_idle: Gauge,
    /// Downstream connections closed at once because of the connection limit.
    pub connections_refused: Counter,
    /// Responses sent, by class, whoever made them.
    pub responses: StatusCounters,
    /// Requests whose framing or head was refused.
    pub refusals: RefusalCounters,
    /// Bytes received from clients.
    pub downstream_received_bytes: Counter,
    /// Bytes sent to clients.
    pub downstream_sent_bytes: Counter,

    /// Upstream connections made.
    pub upstream_connects: Counter,
    /// Upstream requests sent on a connection from the pool.
    pub upstream_reuses: Counter,
    /// Upstream requests repeated because a pooled connection had died.
    pub upstream_retries: Counter,
    /// Upstream exchanges that failed.
    pub upstream_failures: UpstreamFailures,
    /// Upstream connections waiting in the pool.
    pub upstream_idle: Gauge,
    /// Bytes received from upstreams.
    pub upstream_received_bytes: Counter,
    /// Bytes sent to upstreams.
    pub upstream_sent_bytes: Counter,

    /// DNS questions asked.
    pub dns_lookups: Counter,
    /// DNS questions that got no usable answer.
    pub dns_failures: Counter,

    /// Receive buffers that hold bytes of a connection.
    pub buffers_in_use: Gauge,
    /// Receive buffers that wait in the shard's pool.
    pub buffers_pooled: Gauge,

    /// Access-log lines rendered.
    pub access_log_lines: Counter,
    /// Access-log lines dropped because the writer's queue was full.
    pub access_log_dropped: Counter,
}

impl ShardMetrics {
    /// All zero; `refusal_reasons` is the closed set of the label `reason`.
    pub fn new(refusal_reasons: &'static [&'static str]) -> Self {
        Self {
            loop_ticks: Counter::default(),
            connections_accepted: Counter::default(),
            connections_active: Gauge::default(),
            connections_idle: Gauge::default(),
            connections_refused: Counter::default(),
            responses: StatusCounters::default(),
            refusals: RefusalCounters::new(refusal_reasons),
            downstream_received_bytes: Counter::default(),
            downstream_sent_bytes: Counter::default(),
            upstream_connects: Counter::default(),
            upstream_reuses: Counter::default(),
            upstream_retries: Counter::default(),
            upstream_failures: UpstreamFailures::default(),
            upstream_idle: Gauge::default(),
            upstream_received_bytes: Counter::default(),
            upstream_sent_bytes: Counter::default(),
            dns_lookups: Counter::default(),
            dns_failures: Counter::default(),
            buffers_in_use: Gauge::default(),
            buffers_pooled: Gauge::default(),
            access_log_lines: Counter::default(),
            access_log_dropped: Counter::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_are_counted_under_their_own_label() {
        let failures = UpstreamFailures::default();
        for (times, failure) in UpstreamFailure::ALL.into_iter().enumerate() {
            (0..times).for_each(|_| failures.increment(failure));
        }
        for (times, failure) in UpstreamFailure::ALL.into_iter().enumerate() {
            assert_eq!(failures.value(failure), times as u64, "{}", failure.label());
        }
    }

    #[test]
    fn status_counts_in_its_class() {
        let counters = StatusCounters::default();
        [100, 200, 204, 301, 404, 429, 499, 504, 599, 0, 600, 999]
            .into_iter()
            .for_each(|status| counters.increment(status));
        assert_eq!(counters.values(), [1, 2, 1, 3, 5]);
    }

    #[test]
    fn unregistered_reason_adds_no_label() {
        let refusals = RefusalCounters::new(&["bad_host", "bad_method"]);
        refusals.increment("bad_method");
        refusals.increment("made up by a peer");
        let counts: Vec<_> = refusals.iter().collect();
        assert_eq!(counts, [("bad_host", 0), ("bad_method", 1), (REASON_OTHER, 1)]);
    }
}
