//! The shard's clocks: the one place that asks the time.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use crate::limits::ADVANCED_MAX;

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

    /// This moment on the clock by which what is kept grows old, in microseconds: [`Moment::micros`], and as much
    /// as the clock was [advanced](advance).
    #[inline]
    pub fn aged_micros(self) -> u64 {
        self.0.saturating_add(ADVANCED_US.load(Relaxed))
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

/// How far wall time was moved, in microseconds: for tests, else 0 for good. One word that nobody writes, which each
/// core has in its own cache.
static ADVANCED_US: AtomicU64 = AtomicU64::new(0);

/// Wall time as milliseconds since 1970-01-01 UTC, as of the kernel's last tick, and as much as the clock was
/// [advanced](advance); zero for a clock set before that.
#[inline]
pub fn unix_ms() -> u64 {
    micros(libc::CLOCK_REALTIME_COARSE).saturating_add(ADVANCED_US.load(Relaxed)) / 1000
}

/// Moves wall time and the age of what is kept forward, for the whole process: [`unix_ms`] and
/// [`Moment::aged_micros`]. Deadlines and rates go by [`Moment::now`], which is not moved. Whether it was done: in all
/// it is not moved by more than [`ADVANCED_MAX`].
pub fn advance(by: Duration) -> bool {
    let by_us = u64::try_from(by.as_micros()).unwrap_or(u64::MAX);
    let add = |advanced: u64| {
        let advanced = advanced.saturating_add(by_us);
        (advanced <= ADVANCED_MAX.as_micros() as u64).then_some(advanced)
    };
    ADVANCED_US.fetch_update(Relaxed, Relaxed, add).is_ok()
}

/// How far the clock was [advanced](advance).
pub fn advanced() -> Duration {
    Duration::from_micros(ADVANCED_US.load(Relaxed))
}

/// CPU time of the calling thread, in microseconds: user and system.
pub fn thread_cpu_us() -> (u64, u64) {
    // SAFETY: a record of numbers; all zero is a value of it.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    // SAFETY: the pointer leads to `usage`, which outlives the call. It exists since Linux 2.6.26; were it
    // missing, the times would stay zero.
    unsafe { libc::getrusage(libc::RUSAGE_THREAD, &raw mut usage) };
    let us = |time: libc::timeval| time.tv_sec as u64 * 1_000_000 + time.tv_usec as u64;
    (us(usage.ru_utime), us(usage.ru_stime))
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
    fn a_thread_that_works_has_cpu_time_and_one_that_sleeps_has_none() {
        let before = thread_cpu_us();
        std::thread::sleep(Duration::from_millis(30));
        let slept = thread_cpu_us();
        let started = Moment::now();
        while thread_cpu_us().0 + thread_cpu_us().1 < slept.0 + slept.1 + 20_000 {
            assert!(Moment::now().micros_since(started) < 20_000_000, "no CPU time in 20 s");
        }
        assert!(slept.0 + slept.1 - before.0 - before.1 < 20_000, "{before:?} {slept:?}");
    }

    #[test]
    fn the_recent_moment_is_a_little_behind() {
        let recent = Moment::recent();
        let now = Moment::now();
        assert!(now >= recent && now.micros_since(recent) < 1_000_000, "{now:?} {recent:?}");
        assert!(Moment::now() >= now);
        assert!(unix_ms() > 1_600_000_000_000);
    }

    #[test]
    fn advancing_moves_wall_time_and_age_and_nothing_else() {
        let day = Duration::from_secs(86_400);
        let (unix_before, now) = (unix_ms(), Moment::now());
        let aged_before = now.aged_micros();
        assert!(advance(day));
        assert_eq!(now.aged_micros(), aged_before + 86_400_000_000);
        assert!(advanced() >= day);
        let moved = unix_ms() - unix_before;
        assert!((86_400_000..86_460_000).contains(&moved), "{moved}");
        assert!(Moment::now().micros_since(now) < 60_000_000);
        let so_far = advanced();
        assert!(!advance(ADVANCED_MAX), "more than there is");
        assert!(!advance(Duration::MAX));
        assert_eq!(advanced(), so_far, "what is refused moves nothing");
    }
}
