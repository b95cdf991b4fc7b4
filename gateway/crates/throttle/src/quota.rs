//! Quotas over calendar periods, in UTC.

use crate::limits::PERIOD_INDEX_MAX;

const DAY_S: u64 = 86_400;
/// 1 January 1970 was a Thursday: the Monday of its week lies this many days before it.
const DAYS_BEFORE_EPOCH_IN_WEEK: u64 = 3;
const EPOCH_YEAR: u64 = 1970;

/// The period of a usage plan's quota. Days begin at 00:00 UTC, weeks on Monday, months on the first.
///
/// Source: API Gateway API Reference, `QuotaSettings.period`. That weeks begin on Monday (ISO 8601) is
/// this gateway's choice; the manual does not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Period {
    /// A UTC calendar day.
    Day,
    /// From Monday to Sunday, in UTC.
    Week,
    /// A UTC calendar month.
    Month,
}

/// A usage plan's quota.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// Requests in a period.
    pub limit: u64,
    /// Subtracted from `limit` in the first period only.
    pub offset: u64,
    /// The period.
    pub period: Period,
    /// Index of the first period: the one in which the quota was set.
    pub since: u32,
}

/// The quota of the period is used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuotaExceeded;

impl std::fmt::Display for QuotaExceeded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the quota of the period is used up")
    }
}

impl std::error::Error for QuotaExceeded {}

impl Period {
    /// Number of the period that holds this second after the epoch; the epoch's own is 0.
    pub fn index(self, unix_s: u64) -> u32 {
        let days = unix_s / DAY_S;
        let index = match self {
            Self::Day => days,
            Self::Week => (days + DAYS_BEFORE_EPOCH_IN_WEEK) / 7,
            Self::Month => month_of(days.min(u64::from(PERIOD_INDEX_MAX))),
        };
        u32::try_from(index).unwrap_or(u32::MAX).min(PERIOD_INDEX_MAX)
    }

    /// First second of the period of this number. Week 0 began before the epoch, which is 0 here.
    pub fn start_of(self, index: u32) -> u64 {
        let index = u64::from(index);
        let days = match self {
            Self::Day => index,
            Self::Week => (index * 7).saturating_sub(DAYS_BEFORE_EPOCH_IN_WEEK),
            Self::Month => days_before(EPOCH_YEAR + index / 12, index % 12 + 1),
        };
        days * DAY_S
    }
}

impl Quota {
    /// Requests that the period of this number allows.
    pub fn effective_limit(&self, index: u32) -> u64 {
        if index == self.since { self.limit.saturating_sub(self.offset) } else { self.limit }
    }
}

// A year that begins in March has its leap day last, and its months have 153 days in five. Both
// functions count from 1 March of year 0; see the proleptic Gregorian calendar, ISO 8601.
const DAYS_BEFORE_EPOCH: u64 = 719_468;
const DAYS_IN_ERA: u64 = 146_097; // 400 years

fn month_of(days: u64) -> u64 {
    let days = days + DAYS_BEFORE_EPOCH;
    let (era, day) = (days / DAYS_IN_ERA, days % DAYS_IN_ERA);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month_from_march = (5 * day + 2) / 153;
    (era * 400 + year) * 12 + month_from_march + 2 - EPOCH_YEAR * 12
}

fn days_before(year: u64, month: u64) -> u64 {
    let (year, month_from_march) =
        if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let (era, year) = (year / 400, year % 400);
    let day = year * 365 + year / 4 - year / 100 + (153 * month_from_march + 2) / 5;
    era * DAYS_IN_ERA + day - DAYS_BEFORE_EPOCH
}

#[cfg(test)]
mod tests;
