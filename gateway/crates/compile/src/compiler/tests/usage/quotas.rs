use gateway_throttle::{Instant, Quota};

use super::*;

const DAY_S: u64 = 86_400;

/// What the records say of plan `gold` and of its member `k1`.
struct Remembered(Option<(Period, u32)>, Option<UsageRecord>);

impl Records for Remembered {
    fn usage(&self, plan_id: &str, key_id: &str) -> Option<UsageRecord> {
        self.1.filter(|_| (plan_id, key_id) == ("gold", "k1"))
    }

    fn quota_since(&self, plan_id: &str) -> Option<(Period, u32)> {
        self.0.filter(|_| plan_id == "gold")
    }
}

fn daily(limit: i64) -> Definitions {
    with_plan(|plan| plan.quota = quota(limit, 0, QuotaPeriod::Day))
}

fn quota_of(snapshot: &Snapshot) -> Quota {
    snapshot.usage.plans[0].quota.expect("a quota")
}

fn at(unix_s: u64) -> Surroundings<'static> {
    Surroundings { unix_s, ..Surroundings::default() }
}

fn count(snapshot: &Snapshot, unix_s: u64) -> Option<u64> {
    let quota = snapshot.usage.plans[0].quota;
    member(&snapshot.usage, "gold", "k1").usage.count(quota.as_ref(), unix_s).expect("a request")
}

#[test]
fn a_quota_is_set_when_it_is_first_seen() {
    let today = Period::Day.index(NOW_S);
    let first = served(&daily(10), at(NOW_S), None);
    let expect = Quota { limit: 10, offset: 0, period: Period::Day, since: today };
    assert_eq!(quota_of(&first), expect);
    // Another limit is the same quota, days later too.
    let later = served(&daily(20), at(NOW_S + 3 * DAY_S), Some(&first));
    assert_eq!(quota_of(&later), Quota { limit: 20, ..expect });
    // Another period is another quota.
    let monthly = with_plan(|plan| plan.quota = quota(20, 5, QuotaPeriod::Month));
    let month = served(&monthly, at(NOW_S + 3 * DAY_S), Some(&later));
    let since = Period::Month.index(NOW_S + 3 * DAY_S);
    assert_eq!(quota_of(&month), Quota { limit: 20, offset: 5, period: Period::Month, since });
    let weekly = with_plan(|plan| plan.quota = quota(1, 0, QuotaPeriod::Week));
    let week = served(&weekly, at(NOW_S), Some(&month));
    assert_eq!(quota_of(&week).since, Period::Week.index(NOW_S));
}

#[test]
fn a_quota_of_an_earlier_process_was_set_then() {
    let known = Remembered(Some((Period::Day, 77)), None);
    let first = served(&daily(10), now(&known), None);
    assert_eq!(quota_of(&first).since, 77);
    let other = Remembered(Some((Period::Month, 77)), None);
    let first = served(&daily(10), now(&other), None);
    assert_eq!(quota_of(&first).since, Period::Day.index(NOW_S), "that was another quota");
    // What is served knows better.
    let next = served(&daily(11), now(&known), Some(&first));
    assert_eq!(quota_of(&next).since, Period::Day.index(NOW_S));
}

#[test]
fn counts_outlive_a_changed_limit() {
    let first = served(&daily(10), at(NOW_S), None);
    assert_eq!(count(&first, NOW_S), Some(9));
    let second = served(&daily(5), at(NOW_S), Some(&first));
    second.activate(Instant(0));
    assert_eq!(count(&second, NOW_S), Some(3));
    assert_eq!(count(&first, NOW_S), Some(7), "both count on one word");
}

#[test]
fn a_quota_added_later_does_not_charge_earlier_traffic() {
    let with = served(&daily(10), at(NOW_S), None);
    assert_eq!(count(&with, NOW_S), Some(9));
    let without = served(&with_plan(|_| {}), at(NOW_S), Some(&with));
    without.activate(Instant(0));
    assert_eq!(count(&without, NOW_S), None);
    let again = served(&daily(10), at(NOW_S), Some(&without));
    let usage = &member(&again.usage, "gold", "k1").usage;
    assert_eq!(usage.record().used, 1, "nothing happens before it is served");
    again.activate(Instant(0));
    assert_eq!(usage.record().used, 0);
    assert_eq!(count(&again, NOW_S), Some(9));
    assert_eq!(usage.record().days[(Period::Day.index(NOW_S) % 2) as usize].1, 3, "days stay");
    // The next snapshot, with the same quota, starts nothing anew.
    let next = served(&daily(11), at(NOW_S), Some(&again));
    next.activate(Instant(0));
    assert_eq!(count(&next, NOW_S), Some(9));
}

#[test]
fn counts_of_an_earlier_process_go_on() {
    let today = Period::Day.index(NOW_S);
    let record =
        UsageRecord { period: Some((Period::Day, today)), used: 8, days: [(today, 8), (0, 0)] };
    let known = Remembered(Some((Period::Day, today)), Some(record));
    let mut definitions = daily(10);
    definitions.usage_plan_keys.push(membership("k2", "gold"));
    let first = served(&definitions, now(&known), None);
    assert_eq!(count(&first, NOW_S), Some(1));
    assert_eq!(member(&first.usage, "gold", "k2").usage.record().used, 0);
    // A member that is served already is not set back.
    let second = served(&daily(9), now(&known), Some(&first));
    second.activate(Instant(0));
    assert_eq!(member(&second.usage, "gold", "k1").usage.record().used, 9);
}
