//! What one member of a usage plan has used: of its quota, and day by day.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

use crate::limits::{GRANTED_MAX, PERIOD_INDEX_MAX, USED_BITS, USED_MAX};
use crate::quota::{Period, Quota, QuotaExceeded};

const COUNT_BITS: u32 = USED_BITS;
const COUNT_MASK: u64 = (1 << COUNT_BITS) - 1;
const INDEX_BITS: u32 = PERIOD_INDEX_MAX.count_ones();
const _: () =
    assert!(COUNT_BITS + INDEX_BITS + 2 == 64, "period, its number and the count are a word");

/// Counts of one usage plan × API key: one atomic word for the quota, two for the reports.
///
/// Quotas have no leases. A member that has a request left is never refused it, whichever shard asks,
/// and of many that ask at once exactly as many are admitted as are left.
#[derive(Debug, Default)]
pub struct Usage {
    /// Kind of period (2 bits, 0 is none), its number (22), requests counted in it (40, with a sign: less than none where
    /// more than the quota was granted).
    quota: AtomicU64,
    /// Number of a day (24 bits) and requests counted in it (40), by the day's parity.
    days: [AtomicU64; 2],
}

/// A [`Usage`] at rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct UsageRecord {
    /// The period that `used` counts for; `None` before any quota.
    pub period: Option<(Period, u32)>,
    /// Requests counted against the quota in that period; less than none by what was granted beyond the quota.
    pub used: i64,
    /// Two days, as days after the epoch, and the requests counted in them. A day without any may be
    /// missing, and is then `(0, 0)`.
    pub days: [(u32, u64); 2],
}

impl Usage {
    /// Nothing used.
    pub const fn new() -> Self {
        Self { quota: AtomicU64::new(0), days: [AtomicU64::new(0), AtomicU64::new(0)] }
    }

    /// Usage as it was recorded.
    pub fn restore(record: &UsageRecord) -> Self {
        let usage = Self::new();
        if let Some((period, index)) = record.period {
            usage.quota.store(pack(period, index, record.used), Relaxed);
        }
        for (day, count) in record.days {
            let day = day.min(PERIOD_INDEX_MAX);
            if count > 0 {
                usage.days[parity(day)].store(pack_day(day, count), Relaxed);
            }
        }
        usage
    }

    /// Usage as it stands. Each of its three counts is exact; a request counted meanwhile may be in one
    /// of them only.
    pub fn record(&self) -> UsageRecord {
        let word = self.quota.load(Relaxed);
        UsageRecord {
            period: period_of(word).map(|period| (period, index_of(word))),
            used: charged_of(word),
            days: std::array::from_fn(|parity| {
                let word = self.days[parity].load(Relaxed);
                (day_of(word), used_of(word))
            }),
        }
    }

    /// Counts one request: against the quota, if there is one, and for the day's report. Returns what
    /// remains of the quota after it.
    ///
    /// A clock that goes back stays in the later period, and in the later day.
    ///
    /// # Errors
    /// [`QuotaExceeded`], and then the request is not counted.
    pub fn count(&self, quota: Option<&Quota>, unix_s: u64) -> Result<Option<u64>, QuotaExceeded> {
        let remaining = quota.map(|quota| self.count_quota(quota, unix_s)).transpose()?;
        self.count_day(Period::Day.index(unix_s));
        Ok(remaining)
    }

    /// Requests that remain of the quota.
    pub fn remaining(&self, quota: &Quota, unix_s: u64) -> u64 {
        let (index, used) = used_in(self.quota.load(Relaxed), quota, unix_s);
        left(quota.effective_limit(index), used)
    }

    /// Lets `remaining` requests remain in the current period, also more than the quota, by [`GRANTED_MAX`] at most.
    pub fn set_remaining(&self, quota: &Quota, unix_s: u64, remaining: u64) {
        let (index, _) = used_in(self.quota.load(Relaxed), quota, unix_s);
        let used = i128::from(quota.effective_limit(index)) - i128::from(remaining);
        // Whatever does not fit is brought within bounds by `pack`.
        let used = i64::try_from(used).unwrap_or(if used < 0 { i64::MIN } else { i64::MAX });
        self.quota.store(pack(quota.period, index, used), Relaxed);
    }

    /// Forgets what was counted against the quota: one that is added later does not charge earlier
    /// traffic. The days' counts stay.
    pub fn reset_quota(&self) {
        self.quota.store(0, Relaxed);
    }

    fn count_quota(&self, quota: &Quota, unix_s: u64) -> Result<u64, QuotaExceeded> {
        let mut word = self.quota.load(Relaxed);
        loop {
            let (index, used) = used_in(word, quota, unix_s);
            let left = left(quota.effective_limit(index), used);
            if left == 0 {
                return Err(QuotaExceeded);
            }
            let next = pack(quota.period, index, used + 1);
            match self.quota.compare_exchange_weak(word, next, Relaxed, Relaxed) {
                Ok(_) => return Ok(left - 1),
                Err(found) => word = found,
            }
        }
    }

    fn count_day(&self, day: u32) {
        let latest = self.days.iter().map(|word| day_of(word.load(Relaxed))).max().unwrap_or(0);
        let day = day.max(latest);
        let word = &self.days[parity(day)];
        let mut found = word.load(Relaxed);
        loop {
            // A word of this parity is this day's, or older by two days or more, or newer if another
            // shard's clock has just gone ahead.
            let next = match day_of(found) {
                known if known >= day => pack_day(known, used_of(found).saturating_add(1)),
                _ => pack_day(day, 1),
            };
            match word.compare_exchange_weak(found, next, Relaxed, Relaxed) {
                Ok(_) => return,
                Err(other) => found = other,
            }
        }
    }
}

/// The period that a request at this time counts for, and what is used of it.
fn used_in(word: u64, quota: &Quota, unix_s: u64) -> (u32, i64) {
    let index = quota.period.index(unix_s);
    let is_same_kind = period_of(word) == Some(quota.period);
    if is_same_kind && index_of(word) >= index {
        (index_of(word), charged_of(word))
    } else {
        (index, 0)
    }
}

/// What is left of a limit.
fn left(limit: u64, used: i64) -> u64 {
    match u64::try_from(used) {
        Ok(used) => limit.saturating_sub(used),
        Err(_) => limit.saturating_add(used.unsigned_abs()),
    }
}

fn pack(period: Period, index: u32, used: i64) -> u64 {
    let kind: u64 = match period {
        Period::Day => 1,
        Period::Week => 2,
        Period::Month => 3,
    };
    let index = u64::from(index.min(PERIOD_INDEX_MAX));
    (((kind << INDEX_BITS) | index) << COUNT_BITS)
        | (used.clamp(-(GRANTED_MAX as i64), USED_MAX as i64) as u64 & COUNT_MASK)
}

fn period_of(word: u64) -> Option<Period> {
    match word >> (COUNT_BITS + INDEX_BITS) {
        1 => Some(Period::Day),
        2 => Some(Period::Week),
        3 => Some(Period::Month),
        _ => None,
    }
}

fn index_of(word: u64) -> u32 {
    (word >> COUNT_BITS) as u32 & PERIOD_INDEX_MAX
}

/// What is counted against a quota: a number with a sign.
fn charged_of(word: u64) -> i64 {
    let unused = u64::BITS - COUNT_BITS;
    (word << unused) as i64 >> unused
}

/// What is counted of a day.
fn used_of(word: u64) -> u64 {
    word & COUNT_MASK
}

fn pack_day(day: u32, count: u64) -> u64 {
    (u64::from(day) << COUNT_BITS) | count.min(COUNT_MASK)
}

fn day_of(word: u64) -> u32 {
    (word >> COUNT_BITS) as u32
}

fn parity(day: u32) -> usize {
    day as usize % 2
}
