//! The disk's twins of the counters, and their form in the file.

/// A quota's period, in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Period {
    /// A calendar day.
    Day,
    /// A week that starts on Monday.
    Week,
    /// A calendar month.
    Month,
}

/// One counter: what an API key used of a usage plan.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UsageRecord {
    /// The quota's period that `used` belongs to; nothing where no quota counted yet.
    pub period: Option<(Period, u32)>,
    /// Requests counted in that period; less than none by what was granted beyond the quota.
    pub used: i64,
    /// Requests counted on two days (days since 1970-01-01, UTC), in any order; a count of 0 is no day.
    pub days: [(u32, u64); 2],
}

impl UsageRecord {
    /// What was counted on `day`, if this record still tells.
    pub fn day(&self, day: u32) -> Option<u64> {
        let mut counted = self.counted_days();
        counted.find_map(|(of, count)| (of == day).then_some(count))
    }

    pub(crate) fn counted_days(&self) -> impl Iterator<Item = (u32, u64)> {
        self.days.into_iter().filter(|&(_, count)| count > 0)
    }

    pub(crate) fn newest_day(&self) -> u32 {
        self.counted_days().map(|(day, _)| day).max().unwrap_or(0)
    }
}

/// A [`UsageRecord`] and whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageRow {
    /// The usage plan's id.
    pub plan_id: Box<str>,
    /// The API key's id.
    pub key_id: Box<str>,
    /// The counts.
    pub record: UsageRecord,
}

/// The quota of a usage plan and the period in which it was set, in which alone `offset` counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanRow {
    /// The usage plan's id.
    pub plan_id: Box<str>,
    /// The quota's period.
    pub period: Period,
    /// The quota's limit, requests.
    pub limit: u64,
    /// The quota's offset, requests.
    pub offset: u64,
    /// Index of the period in which the quota was set.
    pub since: u32,
}

/// A record in the file: period's kind and index, used (as two's complement), two days with their counts, and the newest day
/// that the store knew when it was written.
pub(crate) type DiskRecord = (u8, u32, u64, u32, u64, u32, u64, u32);

/// A plan in the file: period's kind, limit, offset, since.
pub(crate) type DiskPlan = (u8, u64, u64, u32);

pub(crate) fn to_disk(record: &UsageRecord, written_day: u32) -> DiskRecord {
    let (kind, index) = match record.period {
        None => (0, 0),
        Some((period, index)) => (period_code(period), index),
    };
    let [(day0, count0), (day1, count1)] = record.days;
    (kind, index, record.used as u64, day0, count0, day1, count1, written_day)
}

/// Nothing for a period that no version of this program wrote.
pub(crate) fn from_disk(disk: DiskRecord) -> Option<UsageRecord> {
    let (kind, index, used, day0, count0, day1, count1, _) = disk;
    let period = match kind {
        0 => None,
        code => Some((period_of(code)?, index)),
    };
    Some(UsageRecord { period, used: used as i64, days: [(day0, count0), (day1, count1)] })
}

pub(crate) fn written_day(disk: DiskRecord) -> u32 {
    disk.7
}

pub(crate) fn plan_to_disk(plan: &PlanRow) -> DiskPlan {
    (period_code(plan.period), plan.limit, plan.offset, plan.since)
}

pub(crate) fn plan_from_disk(plan_id: &str, disk: DiskPlan) -> Option<PlanRow> {
    let (code, limit, offset, since) = disk;
    let period = period_of(code)?;
    Some(PlanRow { plan_id: plan_id.into(), period, limit, offset, since })
}

fn period_code(period: Period) -> u8 {
    match period {
        Period::Day => 1,
        Period::Week => 2,
        Period::Month => 3,
    }
}

fn period_of(code: u8) -> Option<Period> {
    match code {
        1 => Some(Period::Day),
        2 => Some(Period::Week),
        3 => Some(Period::Month),
        _ => None,
    }
}
