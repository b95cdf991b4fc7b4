//! What a bucket allows, and what it allowed before.

use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicU32, AtomicU64};

use crate::limits::{CAPACITY_UNITS_MAX, UNITS_PER_S, VERSIONS_MAX};

/// The settings of a throttle, in the manual's words: `rateLimit` and `burstLimit`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// Tokens added per second. Nothing, a negative number or no number at all admits nothing.
    pub rate_rps: f64,
    /// Tokens that the bucket holds. None admits nothing.
    pub burst: u64,
}

/// The settings of one bucket, or of a million buckets that are set alike, as they change.
///
/// Sixteen versions are kept, so that a bucket which was last written under an older one is converted
/// when it is next touched, as of the instant at which that change was first met.
#[derive(Debug)]
pub struct Limit {
    /// Number of the version in force; it lies in `versions` at that number modulo their count.
    current: AtomicU32,
    versions: [Version; VERSIONS_MAX],
}

#[derive(Debug)]
struct Version {
    interval: AtomicU64,
    burst: AtomicU64,
    /// When this version was first met, in units; [`UNMET`] until then.
    since: AtomicU64,
    settings_rate: AtomicU64,
    settings_burst: AtomicU64,
}

const UNMET: u64 = u64::MAX;

/// Settings as the word counts: units from token to token, and tokens that fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pace {
    pub(crate) interval: u64,
    pub(crate) burst: u64,
}

impl Limit {
    /// A limit whose first settings are these.
    pub fn new(settings: Settings) -> Self {
        let limit =
            Self { current: AtomicU32::new(0), versions: std::array::from_fn(|_| Version::new()) };
        limit.versions[0].set(settings);
        limit
    }

    /// The settings in force, as they were given.
    pub fn settings(&self) -> Settings {
        let version = &self.versions[slot(self.version())];
        Settings {
            rate_rps: f64::from_bits(version.settings_rate.load(Relaxed)),
            burst: version.settings_burst.load(Relaxed),
        }
    }

    /// Puts other settings in force, from now on.
    ///
    /// Every bucket keeps its tokens, as far as they fit the new burst. One thread changes a limit.
    /// Before the fifteenth further change each of its buckets must have been
    /// [settled](crate::Bucket::settle), or have been taken from.
    pub fn change(&self, settings: Settings) {
        let next = self.current.load(Relaxed).wrapping_add(1);
        self.versions[slot(next)].set(settings);
        self.current.store(next, Release);
    }

    /// Number of the version in force.
    pub(crate) fn version(&self) -> u32 {
        self.current.load(Acquire)
    }

    /// What the version of this number allows.
    pub(crate) fn pace(&self, version: u32) -> Pace {
        let version = &self.versions[slot(version)];
        Pace { interval: version.interval.load(Relaxed), burst: version.burst.load(Relaxed) }
    }

    /// The instant at which this version took the place of the one before, which is when somebody
    /// first met it: `now`, unless that was earlier. Never before the version before it did.
    pub(crate) fn since(&self, version: u32, now: u64) -> u64 {
        let before = match self.versions[slot(version.wrapping_sub(1))].since.load(Relaxed) {
            UNMET => 0,
            since => since,
        };
        let since = &self.versions[slot(version)].since;
        match since.compare_exchange(UNMET, now.max(before), Relaxed, Relaxed) {
            Ok(_) => now.max(before),
            Err(since) => since,
        }
    }
}

fn slot(version: u32) -> usize {
    version as usize % VERSIONS_MAX
}

impl Version {
    fn new() -> Self {
        Self {
            interval: AtomicU64::new(1),
            burst: AtomicU64::new(0),
            since: AtomicU64::new(UNMET),
            settings_rate: AtomicU64::new(0),
            settings_burst: AtomicU64::new(0),
        }
    }

    fn set(&self, settings: Settings) {
        let pace = Pace::of(settings);
        self.interval.store(pace.interval, Relaxed);
        self.burst.store(pace.burst, Relaxed);
        self.since.store(UNMET, Relaxed);
        self.settings_rate.store(settings.rate_rps.to_bits(), Relaxed);
        self.settings_burst.store(settings.burst, Relaxed);
    }
}

impl Pace {
    /// Admits nothing: the time goes by, and no token ever fits.
    const NOTHING: Self = Self { interval: 1, burst: 0 };

    pub(crate) fn of(settings: Settings) -> Self {
        let Some(interval) = interval(settings.rate_rps) else { return Self::NOTHING };
        match settings.burst.min(CAPACITY_UNITS_MAX / interval) {
            0 => Self::NOTHING,
            burst => Self { interval, burst },
        }
    }

    /// Units in which an empty bucket fills.
    pub(crate) fn capacity(self) -> u64 {
        self.interval * self.burst
    }

    /// Units that this many leased tokens are worth. More than the burst can only be a passing
    /// overcount, or left from a version with a bigger burst: no more than the burst can be owed.
    pub(crate) fn owed(self, leased: u64) -> u64 {
        leased.min(self.burst) * self.interval
    }
}

/// Units from one token to the next, rounded up from the exact quotient, so that no rounding admits
/// more than the rate; at least one. `None` where no token comes within what a bucket can count.
fn interval(rate_rps: f64) -> Option<u64> {
    if rate_rps.is_nan() || rate_rps <= 0.0 {
        return None;
    }
    if rate_rps >= UNITS_PER_S as f64 {
        return Some(1);
    }
    const FRACTION_BITS: u32 = f64::MANTISSA_DIGITS - 1;
    let bits = rate_rps.to_bits();
    let exponent = (bits >> FRACTION_BITS) as u32;
    let significand = u128::from((bits & ((1 << FRACTION_BITS) - 1)) | (1 << FRACTION_BITS));
    // rate = significand / 2^shift. Below 2^32 the shift is positive; subnormal numbers are far
    // below what `CAPACITY_UNITS_MAX` lets through.
    let shift = (1023 + FRACTION_BITS).checked_sub(exponent)?;
    let numerator = u128::from(UNITS_PER_S);
    if shift > numerator.leading_zeros() {
        return None;
    }
    let interval = (numerator << shift).div_ceil(significand);
    u64::try_from(interval).ok().filter(|&interval| interval <= CAPACITY_UNITS_MAX)
}

#[cfg(test)]
mod tests;
