//! Counts of the thread that makes usage durable.

use crate::cell::{Counter, Gauge};

/// Writes of usage counts. Only the thread that writes them changes these.
#[derive(Debug, Default)]
pub struct UsageMetrics {
    pub(crate) successes: Counter,
    pub(crate) failures: Counter,
    pub(crate) last_success_unix_seconds: Gauge,
}

impl UsageMetrics {
    /// Counts were made durable at this time, in seconds since the epoch.
    pub fn written(&self, unix_seconds: u64) {
        self.successes.increment();
        self.last_success_unix_seconds.set(unix_seconds);
    }

    /// A write failed; its counts are tried again.
    pub fn failed(&self) {
        self.failures.increment();
    }
}
