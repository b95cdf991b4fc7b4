//! Numbers that one shard writes and the scraper reads.
//!
//! One writer means that an update needs no locked instruction: it is a relaxed load, an add and a
//! relaxed store, on a cache line that stays with the writing core. A second writer would lose
//! updates (never tear them), so every cell belongs to exactly one thread; the structs that hold
//! cells are made per shard for this reason.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// A count that only goes up. Written by one thread, read by any.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Adds one.
    #[inline]
    pub fn increment(&self) {
        self.add(1);
    }

    /// Adds `count`.
    #[inline]
    pub fn add(&self, count: u64) {
        self.0.store(self.0.load(Relaxed).wrapping_add(count), Relaxed);
    }

    /// The present count, as any thread may read it.
    pub fn value(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

/// A quantity that goes up and down, never below zero. Written by one thread, read by any.
#[derive(Debug, Default)]
pub struct Gauge(AtomicU64);

impl Gauge {
    /// Adds one.
    #[inline]
    pub fn increment(&self) {
        self.0.store(self.0.load(Relaxed).wrapping_add(1), Relaxed);
    }

    /// Takes one away; zero stays zero, so that a miscount does not show as 2^64.
    #[inline]
    pub fn decrement(&self) {
        let value = self.0.load(Relaxed);
        debug_assert!(value > 0, "a gauge goes down only after it went up");
        self.0.store(value.saturating_sub(1), Relaxed);
    }

    /// Replaces the value.
    #[inline]
    pub fn set(&self, value: u64) {
        self.0.store(value, Relaxed);
    }

    /// The present value, as any thread may read it.
    pub fn value(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counter_adds_what_it_is_given() {
        let counter = Counter::default();
        counter.increment();
        counter.add(41);
        assert_eq!(counter.value(), 42);
    }

    #[test]
    fn gauge_follows_its_writer() {
        let gauge = Gauge::default();
        gauge.increment();
        gauge.increment();
        gauge.decrement();
        assert_eq!(gauge.value(), 1);
        gauge.set(7);
        assert_eq!(gauge.value(), 7);
    }

    #[test]
    fn reader_sees_a_writer_on_another_thread() {
        let counter = Counter::default();
        std::thread::scope(|scope| {
            let writer = scope.spawn(|| (0..10_000).for_each(|_| counter.increment()));
            let mut last = 0;
            while !writer.is_finished() {
                let seen = counter.value();
                assert!(seen >= last, "a counter never goes back");
                last = seen;
            }
        });
        assert_eq!(counter.value(), 10_000);
    }
}
