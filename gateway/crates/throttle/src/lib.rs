//! Token buckets over shards, calendar quotas, and the canary's split. No I/O, never asks the time.
//!
//! A [`Bucket`] is one atomic word that all shards share, under the settings of a [`Limit`]. A
//! shard that takes from it hotly holds a lease of a few tokens in its [`Leases`], and spends those
//! without writing anything that is shared. Quotas ([`Usage`]) and the canary's share ([`Split`])
//! are counted exactly by one word each.
//!
//! # What is claimed
//! Take the stamps that admitted requests were given to [`Leases::take`], by any number of shards.
//!
//! * **Bound.** Between any two stamps s and e, both included, at most `burst + rate · (e - s)`
//!   requests are admitted, exactly. It does not matter how far the shards' clocks are apart, how
//!   late an operation is carried out, or in which order: a shard's own stamps must not go
//!   backwards, that is all.
//! * **Changes.** With one clock, the bound is `burst + ∫ rate` with the burst in force at s, the
//!   tokens at a change being kept as far as they fit. With clocks up to δ apart, a shard may take
//!   old or new settings to be in force δ too long: the integral goes from s - δ to e + δ with each
//!   setting's span longer by δ at both ends, and the burst is the greatest in force from s - δ to
//!   s. A shard spends no token of a lease once it sees that the settings have changed.
//! * **Alone.** A shard that is the only one to take is refused only what the bucket on paper, with
//!   the same interval, refuses. The interval from token to token is rounded up to a quarter of a
//!   nanosecond, so a client whose requests are a whole number of nanoseconds apart and not above
//!   the rate needs a burst of one. A refused or undone request leaves the level exactly as it was.
//! * **Nothing is stranded.** With [`Leases::expire`] called every 5 ms, no token lies in a lease
//!   for more than 10 ms. Shards that share a bucket lose refills only while it is so full that
//!   what is leased and the level are the burst together.
//!
//! # Proof of the bound
//! Time is in units, `I` of them from token to token, `b` is the burst. The word holds the
//! theoretical arrival time `TAT` of the generic cell rate algorithm: at stamp t there are `b -
//! (TAT - t) / I` tokens. `out` is the number of tokens granted to leases and not reported. The
//! operations, in the order in which their compare-and-swaps of the word succeed:
//!
//! * Each one with a stamp t first raises `TAT` to `t + out · I`, at least.
//! * A grant of n adds `n · I`, if the result is at most `t + b · I`, and n to `out`. It is spent
//!   at stamps not before t.
//! * A report of a lease of n, of which r are unspent, is as if at this place of the order each
//!   spend k, at t_k, raised `TAT` to `t_k + out · I` and then left `out` one less; it then takes
//!   `r · I` from `TAT` and r from `out`. The lease keeps the greatest `t_k + (n - k + 1) · I`, and
//!   the report adds the others' part of `out`.
//!
//! Consider the requests stamped within s to e. Let P be the first operation with a stamp of at
//! least s, Q the last grant with a stamp of at most e. What was reported before P was spent before
//! s. So all these requests spent tokens that were out at P, or granted from P to Q, less those
//! returned in between: at most `out_P + granted - returned`. P has raised `TAT` to at least `s +
//! out_P · I`; Q has left it at most `e + b · I`; and in between it rose by at least `(granted -
//! returned) · I`. Therefore `out_P + granted - returned ≤ b + (e - s) / I`. A return after Q only
//! helps.
//!
//! A token that may still be undone is a lease of one, which is why a take is settled. Rounding `I`
//! up, and cutting a burst that does not fit the word, only lower the bound.
//!
//! ## Changes
//! A change at c maps the level, `b - (TAT - c) / I`, to the new settings, capped by the new burst:
//! one more operation, at the same c for all buckets of the limit, which follows from the first
//! stamp that met it. In tokens, the level at s falls with each grant and rises with each return as
//! before, and the slope in between is the rate in force; summed up, `(e - s) / I` becomes the
//! integral over the changes.
//!
//! ## Races
//! `out` is `granted - reported`. `granted` is raised before a grant's swap of the word, `reported`
//! after a report's. An operation loads `reported`, then the word, then `granted`. So it sees no
//! report that came after the word it read, and all grants up to it: what it computes is not below
//! `out` as of that word, and a passing excess refuses, never admits. If the word has changed when
//! it swaps, it starts over. If it has changed and is the same again, grants less returns (less
//! what was raised) were zero in between, so `out`, from which a report takes all of n ≥ r, cannot
//! have grown: the swap is right still. (The four bits of the version lie in the same word.)
//!
//! # Cost
//! | take, a bucket | shared writes | shared reads |
//! |---|---|---|
//! | from a lease | none | version of the limit |
//! | that makes or renews a lease | 3: `reported`, `granted`, word (and the word again, for the report) | 3 |
//! | direct, while the bucket is cold or nearly empty | 3: `granted`, word, and `reported` when settled | 3 |
//! | refused | none | 3 |
//!
//! A slot is 128 bytes or less, a shard's table 1,024 of them, allocated once. `Usage::count`
//! writes two words, `Split::draw` one.
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
