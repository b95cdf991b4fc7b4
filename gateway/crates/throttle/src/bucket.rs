//! The node's side of a token bucket: one word and two counters.

use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicU32, AtomicU64};

use crate::Instant;
use crate::limit::{Limit, Pace};
use crate::limits::{FREE_PER_LEASE, UNITS_PER_NS, VERSION_BITS};

/// A token bucket that all shards take from. It goes with one [`Limit`] for life.
///
/// The proof that it is exact is in the crate's documentation.
#[derive(Debug)]
pub struct Bucket {
    /// Theoretical arrival time in units, above [`VERSION_BITS`] of the settings it is written under.
    state: AtomicU64,
    /// Tokens ever given to leases, modulo 2^32. Raised before the word is.
    granted: AtomicU32,
    /// Tokens of leases ever reported, modulo 2^32. Raised after the word is lowered.
    reported: AtomicU32,
}

/// What a bucket holds at an instant.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Level {
    /// Tokens at the node; those leased to shards are not among them.
    pub tokens: f64,
    /// Tokens that shards hold in leases or have taken from them and not reported yet.
    pub leased: u32,
    /// Until there is a token, in nanoseconds rounded up: 0 if there is one, [`u64::MAX`] if there
    /// will never be one.
    pub next_token_ns: u64,
    /// Until the bucket is full, in nanoseconds rounded up.
    pub full_ns: u64,
}

/// Tokens out of the bucket.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Grant {
    pub(crate) count: u32,
    /// Version of the settings, and units from token to token under it.
    pub(crate) version: u32,
    pub(crate) interval: u64,
}

/// What a lease comes back with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Report {
    /// Tokens that it was granted, and how many of them were not spent.
    pub(crate) granted: u32,
    pub(crate) unspent: u32,
    /// Greatest of `stamp + interval * tokens the lease had before the spend`, over its spends; 0 if
    /// there was none. Counted under `version`.
    pub(crate) floor: u64,
    pub(crate) version: u32,
    /// Stamp of the last spend.
    pub(crate) last: u64,
}

/// The word as an operation at a stamp finds it: under the settings in force, and raised to what the
/// leases that are out could still spend.
struct View {
    word: u64,
    tat: u64,
    leased: u64,
    version: u32,
    pace: Pace,
}

impl Bucket {
    /// A full bucket.
    pub fn full(limit: &Limit) -> Self {
        Self {
            state: AtomicU64::new(pack(0, limit.version())),
            granted: AtomicU32::new(0),
            reported: AtomicU32::new(0),
        }
    }

    /// Converts the bucket to the limit's settings in force. Takers do so as well when they meet it;
    /// see [`Limit::change`] for when it must have been done.
    pub fn settle(&self, limit: &Limit, now: Instant) {
        loop {
            let view = self.view(limit, 0, now.units());
            if version_of(view.word) == version_of(pack(0, view.version))
                || self.replace(&view, view.tat)
            {
                return;
            }
        }
    }

    /// What the bucket holds at `now`. Takes nothing.
    pub fn level(&self, limit: &Limit, now: Instant) -> Level {
        let now = now.units();
        let view = self.view(limit, 0, now);
        Level {
            tokens: view.free(now) as f64 / view.pace.interval as f64,
            leased: u32::try_from(view.leased).unwrap_or(u32::MAX),
            next_token_ns: view.wait_ns(now),
            full_ns: view.tat.saturating_sub(now).div_ceil(UNITS_PER_NS),
        }
    }

    /// Takes up to `want` tokens, at least one, and at most its part of what is free for a shard of
    /// `shards`. They count as leased until [`Bucket::report`] or [`Bucket::keep`].
    ///
    /// # Errors
    /// The wait until there is a token, in nanoseconds. Nothing has been written then.
    pub(crate) fn grant(
        &self,
        limit: &Limit,
        want: u32,
        shards: u64,
        now: u64,
    ) -> Result<Grant, u64> {
        let mut view = self.view(limit, 0, now);
        if !view.has(1, now) {
            return Err(view.wait_ns(now));
        }
        let mut count = if want > 1 { view.part(want, shards, now) } else { 1 };
        self.granted.fetch_add(count, Relaxed);
        loop {
            if !view.has(count, now) {
                if count > 1 && view.has(1, now) {
                    self.reported.fetch_add(count - 1, Release);
                    count = 1;
                } else {
                    self.reported.fetch_add(count, Release);
                    return Err(view.wait_ns(now));
                }
            }
            if self.replace(&view, view.tat + u64::from(count) * view.pace.interval) {
                return Ok(Grant { count, version: view.version, interval: view.pace.interval });
            }
            view = self.view(limit, count, now);
        }
    }

    /// Takes back what a lease did not spend, and lets the bucket count the rest as spent when it was.
    ///
    /// It works under the settings that it finds: whoever takes next converts.
    pub(crate) fn report(&self, limit: &Limit, report: Report) {
        loop {
            let reported = self.reported.load(Acquire);
            let word = self.state.load(Acquire);
            let out = self.granted.load(Relaxed).wrapping_sub(reported);
            let others = u64::from(out.wrapping_sub(report.granted));
            let pace = limit.pace(version_of(word));
            let floor = if report.floor == 0 {
                0
            } else if version_of(word) == version_of(pack(0, report.version)) {
                report.floor.saturating_add(pace.owed(others)).min(report.last + pace.capacity())
            } else {
                report.last + pace.owed(others + u64::from(report.granted))
            };
            let returned = u64::from(report.unspent).saturating_mul(pace.interval);
            let tat = tat_of(word).max(floor).saturating_sub(returned);
            let next = pack(tat, version_of(word));
            if self.state.compare_exchange_weak(word, next, AcqRel, Relaxed).is_ok() {
                break;
            }
        }
        self.keep(report.granted);
    }

    /// Lets go of tokens that were spent at the stamp they were granted at, for good.
    pub(crate) fn keep(&self, count: u32) {
        self.reported.fetch_add(count, Release);
    }

    /// Reads the bucket for an operation at `now` whose own announced tokens are `own`.
    ///
    /// The order of the loads is what makes `leased` no less than what was out when the word was
    /// read; see "Races" in the crate's documentation.
    fn view(&self, limit: &Limit, own: u32, now: u64) -> View {
        let reported = self.reported.load(Acquire);
        let word = self.state.load(Acquire);
        let granted = self.granted.load(Relaxed);
        let version = limit.version();
        let leased = u64::from(granted.wrapping_sub(reported).wrapping_sub(own));
        let mut tat = tat_of(word);
        let mut pace = limit.pace(version_of(word));
        let steps = version_of(pack(0, version.wrapping_sub(version_of(word))));
        for step in (0..steps).rev() {
            let version = version.wrapping_sub(step);
            let next = limit.pace(version);
            tat = convert(tat, pace, next, limit.since(version, now), leased);
            pace = next;
        }
        let tat = tat.max(now + pace.owed(leased));
        View { word, tat, leased, version, pace }
    }

    fn replace(&self, view: &View, tat: u64) -> bool {
        let next = pack(tat, view.version);
        self.state.compare_exchange_weak(view.word, next, AcqRel, Relaxed).is_ok()
    }
}

impl View {
    /// Whether `count` tokens can be taken at `now`.
    fn has(&self, count: u32, now: u64) -> bool {
        self.free(now) >= u64::from(count).saturating_mul(self.pace.interval)
    }

    /// What a lease may have of the `want` tokens it asks for: one at least, if there is one.
    fn part(&self, want: u32, shards: u64, now: u64) -> u32 {
        let part = self.free(now) / self.pace.interval / (FREE_PER_LEASE * shards);
        want.min(u32::try_from(part).unwrap_or(u32::MAX)).max(1)
    }

    /// Units of refill that can be taken at `now`.
    fn free(&self, now: u64) -> u64 {
        (now + self.pace.capacity()).saturating_sub(self.tat)
    }

    fn wait_ns(&self, now: u64) -> u64 {
        if self.pace.burst == 0 {
            return u64::MAX;
        }
        let from = (self.tat + self.pace.interval).saturating_sub(self.pace.capacity());
        from.saturating_sub(now).div_ceil(UNITS_PER_NS)
    }
}

/// The word's time under other settings that took force at `at`: the tokens stay, as far as they fit.
///
/// A bucket that was emptied after `at` under the old settings, by a shard whose clock is ahead, is
/// converted as of the instant at which it was empty: a debt would grow with the ratio of the rates.
fn convert(tat: u64, from: Pace, to: Pace, at: u64, leased: u64) -> u64 {
    let tat = tat.max(at + from.owed(leased));
    let at = at.max(tat.saturating_sub(from.capacity()));
    let level = u128::from(at + from.capacity() - tat);
    let kept = level * u128::from(to.interval) / u128::from(from.interval);
    let kept = u64::try_from(kept).unwrap_or(u64::MAX).min(to.capacity());
    (at + to.capacity() - kept).max(at + to.owed(leased))
}

const fn pack(tat: u64, version: u32) -> u64 {
    (tat << VERSION_BITS) | (version as u64 & ((1 << VERSION_BITS) - 1))
}

const fn tat_of(word: u64) -> u64 {
    word >> VERSION_BITS
}

const fn version_of(word: u64) -> u32 {
    (word & ((1 << VERSION_BITS) - 1)) as u32
}
