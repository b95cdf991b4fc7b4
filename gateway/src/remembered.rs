//! What earlier processes left of usage, as compiling asks for it.

use std::collections::HashMap;

use gateway_compile::{Records, UsagePlans};
use gateway_store::{PlanRow, UsageRow};
use gateway_throttle::{Period, UsageRecord};

/// Characters of a key's value that is made up. Source: "API keys", a generated value has 40
/// letters and digits.
const KEY_CHARS: usize = 40;

/// Counts and quotas by their ids.
#[derive(Default)]
pub(crate) struct Remembered {
    /// By plan, then by key.
    usage: HashMap<Box<str>, HashMap<Box<str>, UsageRecord>>,
    quotas: HashMap<Box<str>, (Period, u32)>,
}

impl Remembered {
    /// What the store gave back.
    pub(crate) fn new(rows: Vec<UsageRow>, plans: Vec<PlanRow>) -> Self {
        let mut this = Self::default();
        for UsageRow { plan_id, key_id, record } in rows {
            this.usage.entry(plan_id).or_default().insert(key_id, from_store(&record));
        }
        let quotas = plans.into_iter();
        this.quotas = quotas
            .map(|plan| (plan.plan_id, (period_from_store(plan.period), plan.since)))
            .collect();
        this
    }

    /// Forgets what lives on in these plans: a million keys need not be held twice.
    pub(crate) fn forget(&mut self, plans: &UsagePlans) {
        for (plan_id, of_plan) in &mut self.usage {
            of_plan.retain(|key_id, _| plans.member(plan_id, key_id).is_none());
            of_plan.shrink_to_fit();
        }
        self.usage.retain(|_, of_plan| !of_plan.is_empty());
    }
}

impl Records for Remembered {
    fn usage(&self, plan_id: &str, key_id: &str) -> Option<UsageRecord> {
        self.usage.get(plan_id)?.get(key_id).copied()
    }

    fn quota_since(&self, plan_id: &str) -> Option<(Period, u32)> {
        self.quotas.get(plan_id).copied()
    }

    fn key_value(&self, _: &str) -> Option<String> {
        random_key()
    }
}

/// A value that nobody can guess; none when the system has no randomness.
fn random_key() -> Option<String> {
    const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut value = String::with_capacity(KEY_CHARS);
    let mut bytes = [0; 64];
    while value.len() < KEY_CHARS {
        getrandom::fill(&mut bytes).ok()?;
        // Bytes above the last whole run of the alphabet are drawn again, so that no character is
        // more likely than another.
        let fair = bytes.iter().filter(|byte| **byte < 248);
        let chars = fair.map(|byte| char::from(ALPHABET[usize::from(*byte) % ALPHABET.len()]));
        value.extend(chars.take(KEY_CHARS - value.len()));
    }
    Some(value)
}

/// The counter's twin of a record on disk.
fn from_store(record: &gateway_store::UsageRecord) -> UsageRecord {
    let period = record.period.map(|(period, index)| (period_from_store(period), index));
    UsageRecord { period, used: record.used, days: record.days }
}

/// The disk's twin of a counter's record.
pub(crate) fn to_store(record: &UsageRecord) -> gateway_store::UsageRecord {
    let period = record.period.map(|(period, index)| (period_to_store(period), index));
    gateway_store::UsageRecord { period, used: record.used, days: record.days }
}

fn period_from_store(period: gateway_store::Period) -> Period {
    match period {
        gateway_store::Period::Day => Period::Day,
        gateway_store::Period::Week => Period::Week,
        gateway_store::Period::Month => Period::Month,
    }
}

pub(crate) fn period_to_store(period: Period) -> gateway_store::Period {
    match period {
        Period::Day => gateway_store::Period::Day,
        Period::Week => gateway_store::Period::Week,
        Period::Month => gateway_store::Period::Month,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn made_up_values_are_forty_letters_and_digits_and_differ() {
        let (a, b) = (random_key().expect("random"), random_key().expect("random"));
        assert_eq!(a.len(), KEY_CHARS);
        assert!(a.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{a}");
        assert_ne!(a, b);
    }

    #[test]
    fn a_record_comes_back_as_it_went() {
        let record = UsageRecord {
            period: Some((Period::Week, 7)),
            used: 9,
            days: [(20_000, 4), (20_001, 5)],
        };
        let stored = to_store(&record);
        let back = from_store(&stored);
        assert_eq!((back.period, back.used, back.days), (record.period, record.used, record.days));
    }
}
