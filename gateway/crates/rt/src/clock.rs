//! The shard's clocks: the one place that asks the time.

use std::time::Duration;

/// A moment on the monotonic clock, in microseconds since the system started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(u64);

impl Moment {
    /// A moment that never comes.
    pub const NEVER: Self = Self(u64::MAX);

    /// The present, to the microsecond: for latencies.
    #[inline]
    pub fn now() -> Self {
        Self(micros(libc::CLOCK_MONOTONIC))
    }

    /// The present as of the kernel's last tick, at most 10 ms ago: for deadlines, which are looked
    /// at every [`crate::limits::TICK_MS`] only. A fifth of the cost of [`Moment::now`].
    #[inline]
    pub fn recent() -> Self {
        Self(micros(libc::CLOCK_MONOTONIC_COARSE))
    }

    /// Microseconds since the system started.
    pub fn micros(self) -> u64 {
        self.0
    }

    /// Microseconds from `earlier` until this moment; zero when it is not earlier.
    #[inline]
    pub fn micros_since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

impl std::ops::Add<Duration> for Moment {
    type Output = Self;

    fn add(self, span: Duration) -> Self {
        Self(self.0.saturating_add(span.as_micros() as u64))
    }
}

impl std::ops::Sub<Duration> for Moment {
    type Output = Self;

    fn sub(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(span.as_micros() as u64))
    }
}

/// Wall time as milliseconds since 1970-01-01 UTC, as of the kernel's last tick; zero for a clock
/// set before that.
#[inline]
pub fn unix_ms() -> u64 {
    micros(libc::CLOCK_REALTIME_COARSE) / 1000
}

#[inline]
fn micros(clock: libc::clockid_t) -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the pointer leads to a timespec that outlives the call. The clocks exist since
    // Linux 2.6.32; were one missing, the time would stay zero.
    unsafe { libc::clock_gettime(clock, &raw mut time) };
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    seconds * 1_000_000 + time.tv_nsec as u64 / 1_000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_recent_moment_is_a_little_behind() {
        let recent = Moment::recent();
        let now = Moment::now();
        assert!(now >= recent && now.micros_since(recent) < 1_000_000, "{now:?} {recent:?}");
        assert!(Moment::now() >= now);
        assert!(unix_ms() > 1_600_000_000_000);
    }
}
