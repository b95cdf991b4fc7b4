//! Quotas against a calendar that is walked, and the records of usage.

use std::collections::HashMap;

use gateway_throttle::limits::GRANTED_MAX;
use gateway_throttle::{Period, Quota, QuotaExceeded, Usage, UsageRecord};
use proptest::prelude::*;

use crate::oracle::Random;

const DAY_S: u64 = 86_400;
/// 1 January 2026, a Thursday.
const NEW_YEAR: u64 = 1_767_225_600;

fn quota(limit: u64, period: Period) -> Quota {
    Quota { limit, offset: 0, period, since: u32::MAX }
}

#[test]
fn a_quota_begins_again_with_its_period() {
    let usage = Usage::new();
    let month = quota(2, Period::Month);
    assert_eq!(usage.count(Some(&month), NEW_YEAR + 30 * DAY_S), Ok(Some(1)));
    assert_eq!(usage.count(Some(&month), NEW_YEAR + 31 * DAY_S - 1), Ok(Some(0)));
    assert_eq!(usage.count(Some(&month), NEW_YEAR + 31 * DAY_S - 1), Err(QuotaExceeded));
    assert_eq!(usage.remaining(&month, NEW_YEAR + 31 * DAY_S), 2);
    assert_eq!(usage.count(Some(&month), NEW_YEAR + 31 * DAY_S), Ok(Some(1)));
    assert_eq!(usage.count(Some(&month), NEW_YEAR), Ok(Some(0)), "the later period stays");
    assert_eq!(usage.count(Some(&month), NEW_YEAR), Err(QuotaExceeded));
}

#[test]
fn an_offset_holds_in_the_first_period_only() {
    let since = Period::Week.index(NEW_YEAR);
    let week = Quota { limit: 5, offset: 3, period: Period::Week, since };
    assert_eq!((week.effective_limit(since), week.effective_limit(since + 1)), (2, 5));
    let usage = Usage::new();
    let admitted = |unix_s| (0..9).filter(|_| usage.count(Some(&week), unix_s).is_ok()).count();
    // Thursday to Sunday; then from Monday, the fifth.
    assert_eq!(admitted(NEW_YEAR), 2);
    assert_eq!(admitted(NEW_YEAR + 4 * DAY_S - 1), 0);
    assert_eq!(admitted(NEW_YEAR + 4 * DAY_S), 5);
}

#[test]
fn a_quota_set_later_does_not_charge_earlier_traffic() {
    let usage = Usage::new();
    (0..10).for_each(|_| assert_eq!(usage.count(None, NEW_YEAR), Ok(None)));
    let day = quota(3, Period::Day);
    assert_eq!(usage.count(Some(&day), NEW_YEAR), Ok(Some(2)));
    assert_eq!(usage.count(Some(&quota(3, Period::Month)), NEW_YEAR), Ok(Some(2)), "another kind");
    assert_eq!(usage.record().days[0], (Period::Day.index(NEW_YEAR), 12));
    usage.reset_quota();
    assert_eq!(usage.remaining(&day, NEW_YEAR), 3);
}

#[test]
fn remaining_can_be_set() {
    let (usage, day) = (Usage::new(), quota(10, Period::Day));
    usage.set_remaining(&day, NEW_YEAR, 1);
    assert_eq!(usage.count(Some(&day), NEW_YEAR), Ok(Some(0)));
    assert_eq!(usage.count(Some(&day), NEW_YEAR), Err(QuotaExceeded));
    usage.set_remaining(&day, NEW_YEAR, 99);
    assert_eq!(usage.remaining(&day, NEW_YEAR), 99, "also more than the quota");
    assert_eq!(Usage::new().count(Some(&quota(0, Period::Day)), NEW_YEAR), Err(QuotaExceeded));
}

#[test]
fn more_than_the_quota_may_be_granted_and_is_spent_to_the_request() {
    let (usage, day) = (Usage::new(), quota(3, Period::Day));
    for granted in [0, 2, 3, 10, 1] {
        usage.set_remaining(&day, NEW_YEAR, granted);
        assert_eq!(usage.remaining(&day, NEW_YEAR), granted);
        let restored = Usage::restore(&usage.record());
        for usage in [&usage, &restored] {
            for left in (0..granted).rev() {
                assert_eq!(usage.count(Some(&day), NEW_YEAR), Ok(Some(left)));
            }
            assert_eq!(usage.count(Some(&day), NEW_YEAR), Err(QuotaExceeded));
            assert_eq!(usage.remaining(&day, NEW_YEAR), 0);
        }
    }
    usage.set_remaining(&day, NEW_YEAR, 10);
    assert_eq!(usage.record().used, -7);
    assert_eq!(usage.remaining(&day, NEW_YEAR + DAY_S), 3, "a grant is for its period");
    usage.set_remaining(&day, NEW_YEAR, u64::MAX);
    assert_eq!(usage.remaining(&day, NEW_YEAR), 3 + GRANTED_MAX);
}

#[test]
fn a_record_restores_what_it_recorded() {
    let (usage, month) = (Usage::new(), quota(1_000, Period::Month));
    for day in 0..5 {
        (0..=day).for_each(|_| {
            usage.count(Some(&month), NEW_YEAR + day * DAY_S).expect("there are plenty");
        });
    }
    let record = usage.record();
    let first = Period::Day.index(NEW_YEAR);
    assert_eq!(record.period, Some((Period::Month, Period::Month.index(NEW_YEAR))));
    assert_eq!(record.used, 15);
    let mut days = record.days;
    days.sort();
    assert_eq!(days, [(first + 3, 4), (first + 4, 5)]);
    assert_eq!(Usage::restore(&record).record(), record);
    assert_eq!(Usage::restore(&UsageRecord::default()).record(), UsageRecord::default());
}

/// Weeks by stepping from a known Monday, months by stepping over their lengths.
fn start_on_paper(period: Period, unix_s: u64) -> u64 {
    let days = unix_s / DAY_S;
    let (mut start, mut year, mut month) = (0, 1970, 1);
    match period {
        Period::Day => days * DAY_S,
        // 5 January 1970 was a Monday.
        Period::Week if days < 4 => 0,
        Period::Week => (days - (days - 4) % 7) * DAY_S,
        Period::Month => loop {
            let is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
            let length = match month {
                2 if is_leap => 29,
                2 => 28,
                4 | 6 | 9 | 11 => 30,
                _ => 31,
            };
            if start + length > days {
                return start * DAY_S;
            }
            start += length;
            (year, month) = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
        },
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn counts_are_those_of_the_calendar_on_paper(seed: u64, limit in 0u64..20, kind in 0usize..3) {
        let random = &mut Random(seed);
        let period = [Period::Day, Period::Week, Period::Month][kind];
        let (usage, quota) = (Usage::new(), quota(limit, period));
        let mut used: HashMap<u64, u64> = HashMap::new();
        let mut days: HashMap<u64, u64> = HashMap::new();
        let mut unix_s = random.below(130 * 365 * DAY_S);
        for _ in 0..200 {
            unix_s += random.skewed(22);
            let used = used.entry(start_on_paper(period, unix_s)).or_default();
            let expect = if *used < limit { Ok(Some(limit - *used - 1)) } else { Err(QuotaExceeded) };
            prop_assert_eq!(usage.count(Some(&quota), unix_s), expect);
            *used += u64::from(expect.is_ok());
            *days.entry(unix_s / DAY_S).or_default() += u64::from(expect.is_ok());
            prop_assert_eq!(period.start_of(period.index(unix_s)), start_on_paper(period, unix_s));
            for (day, count) in usage.record().days {
                prop_assert_eq!(days.get(&u64::from(day)).copied().unwrap_or(0), count);
            }
        }
    }
}
