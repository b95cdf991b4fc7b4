//! Token buckets over shards, calendar quotas, and the canary's split. No I/O, never asks the time.
#![forbid(unsafe_code)]

mod bucket;
mod leases;
mod limit;
pub mod limits;
mod quota;
mod split;
mod usage;

pub use bucket::{Bucket, Level};
pub use leases::{Leases, Taken, Throttle};
pub use limit::{Limit, Settings};
pub use limits::TAKES_MAX;
pub use quota::{Period, Quota, QuotaExceeded};
pub use split::Split;
pub use usage::{Usage, UsageRecord};

/// Nanoseconds on a monotonic clock, of any origin less than [`limits::INSTANT_NS_MAX`] ago.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Instant(pub u64);

impl Instant {
    /// In units of the bucket's word.
    fn units(self) -> u64 {
        self.0.min(limits::INSTANT_NS_MAX) * limits::UNITS_PER_NS
    }
}

/// A bucket refuses a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Throttled {
    /// Which of the request's buckets.
    pub index: usize,
    /// Until it has a token, in nanoseconds rounded up; [`u64::MAX`] if it never will.
    pub wait_ns: u64,
}

impl std::fmt::Display for Throttled {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "bucket {} has no token for another {} ns", self.index, self.wait_ns)
    }
}

impl std::error::Error for Throttled {}
