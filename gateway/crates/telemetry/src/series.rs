//! One series of the registry: the counters of its shards, and what was sampled of them.

use std::sync::Arc;
use std::sync::atomic::{Ordering::Acquire, fence};

use crate::histogram::{Histogram, HistogramSnapshot};
use crate::limits::SERIES_ENDED_MS_MAX;
use crate::shard::STATUS_CLASSES;
use crate::stage::StageMetrics;

/// What a series counted in a span of time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SeriesSample {
    /// Requests, in the order of [`STATUS_CLASSES`].
    pub requests: [u64; STATUS_CLASSES.len()],
    /// Whether the stage has a cache now.
    pub has_cache: bool,
    /// Requests answered from the stage cache.
    pub cache_hits: u64,
    /// Requests that asked the stage cache in vain.
    pub cache_misses: u64,
    /// Durations of requests.
    pub latency: HistogramSnapshot,
    /// Durations of integrations.
    pub integration_latency: HistogramSnapshot,
}

impl SeriesSample {
    /// Whether nothing was counted.
    fn is_empty(&self) -> bool {
        let none = Self { has_cache: self.has_cache, ..Self::default() };
        *self == none
    }

    fn since(&self, earlier: &Self) -> Self {
        Self {
            requests: std::array::from_fn(|class| {
                self.requests[class].saturating_sub(earlier.requests[class])
            }),
            has_cache: self.has_cache,
            cache_hits: self.cache_hits.saturating_sub(earlier.cache_hits),
            cache_misses: self.cache_misses.saturating_sub(earlier.cache_misses),
            latency: self.latency.since(&earlier.latency),
            integration_latency: self.integration_latency.since(&earlier.integration_latency),
        }
    }
}

/// The counters of one series on all shards.
#[derive(Debug)]
pub(crate) struct Series {
    shards: Box<[Arc<StageMetrics>]>,
    /// What had been counted when it was last sampled; nothing before it first was.
    sampled: Option<Box<SeriesSample>>,
    /// No snapshot named it any more when it was last written out.
    is_shown_last: bool,
    /// Since when its last counts have been sampled.
    told_unix_ms: Option<u64>,
}

impl Series {
    pub(crate) fn new(shard_count: usize) -> Self {
        Self {
            shards: (0..shard_count).map(|_| Arc::default()).collect(),
            sampled: None,
            is_shown_last: false,
            told_unix_ms: None,
        }
    }

    pub(crate) fn shards(&self) -> &[Arc<StageMetrics>] {
        &self.shards
    }

    /// The counters of a shard that goes on with this series.
    pub(crate) fn of_shard(&mut self, shard: usize) -> Arc<StageMetrics> {
        (self.is_shown_last, self.told_unix_ms) = (false, None);
        self.shards.get(shard).map(Arc::clone).unwrap_or_default()
    }

    /// What was counted since this was last asked; `None` for nothing.
    pub(crate) fn sample(&mut self, unix_ms: u64) -> Option<SeriesSample> {
        let is_over = self.is_over();
        let now = self.totals();
        let sample = match &self.sampled {
            None => Some(now.clone()),
            Some(before) if now == **before => None,
            Some(before) => Some(now.since(before)),
        };
        if sample.is_some() {
            self.sampled = Some(Box::new(now));
        }
        if is_over {
            self.told_unix_ms.get_or_insert(unix_ms);
        }
        sample.filter(|sample| !sample.is_empty())
    }

    /// Whether its last counts have been sampled, and written out or waited for in vain.
    pub(crate) fn is_told(&self, unix_ms: u64) -> bool {
        self.told_unix_ms.is_some_and(|told| {
            self.is_shown_last || unix_ms.saturating_sub(told) >= SERIES_ENDED_MS_MAX
        })
    }

    /// Notes whether what is written out next is its last.
    pub(crate) fn note_end(&mut self) {
        self.is_shown_last = self.is_over();
    }

    /// Whether its last counts are written out, and sampled where somebody samples.
    pub(crate) fn is_shown_last(&self, is_sampled: bool) -> bool {
        self.is_shown_last && (!is_sampled || self.told_unix_ms.is_some())
    }

    /// Whether nobody can count any more.
    fn is_over(&self) -> bool {
        let is_over = self.shards.iter().all(|metrics| Arc::strong_count(metrics) == 1);
        // What the last holder counted before it let go is seen from here on.
        fence(Acquire);
        is_over
    }

    fn totals(&self) -> SeriesSample {
        let mut totals = SeriesSample::default();
        let merge = |part: &Histogram, into: &mut HistogramSnapshot| part.merge_into(into);
        for metrics in &self.shards {
            let counts = metrics.requests.values();
            for (total, count) in totals.requests.iter_mut().zip(counts) {
                *total += count;
            }
            totals.has_cache |= metrics.has_cache.value() > 0;
            totals.cache_hits += metrics.cache_hits.value();
            totals.cache_misses += metrics.cache_misses.value();
            merge(&metrics.latency, &mut totals.latency);
            merge(&metrics.integration_latency, &mut totals.integration_latency);
        }
        totals
    }
}

#[cfg(test)]
mod tests;
