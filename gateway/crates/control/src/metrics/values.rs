//! The values of a metric in a span of time: what statistics are made of.

use std::collections::BTreeMap;

/// Values, merged from any number of minutes and series.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Values {
    pub(crate) count: f64,
    pub(crate) sum: f64,
    pub(crate) min: f64,
    pub(crate) max: f64,
    /// How the values lie, by [`key_of`]: how many there are, and their sum. `None` where that is not known, as of
    /// statistics that somebody put.
    pub(crate) spread: Option<BTreeMap<u16, (f64, f64)>>,
}

impl Values {
    /// Adds others.
    pub(crate) fn merge(&mut self, other: &Self) {
        if other.count == 0.0 {
            return;
        }
        if self.count == 0.0 {
            *self = other.clone();
            return;
        }
        self.count += other.count;
        self.sum += other.sum;
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
        match (&mut self.spread, &other.spread) {
            (Some(own), Some(others)) => {
                for (key, (count, sum)) in others {
                    let entry = own.entry(*key).or_default();
                    (entry.0, entry.1) = (entry.0 + count, entry.1 + sum);
                }
            }
            (own, _) => *own = None,
        }
    }
}

/// Which part of all numbers from zero on a value lies in: sixteen parts for each power of two, which are the leading
/// bits of its representation. Telemetry cuts durations alike, so that none is split.
pub(crate) fn key_of(value: f64) -> u16 {
    (value.to_bits() >> 48) as u16
}

/// The smallest value of a part.
pub(crate) fn smallest(key: u16) -> f64 {
    f64::from_bits(u64::from(key) << 48)
}

/// The largest whole number of a part that has one.
pub(crate) fn largest_whole(key: u16) -> f64 {
    (smallest(key.saturating_add(1)).ceil() - 1.0).max(smallest(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_whole_numbers_are_those_of_telemetry() {
        // 16 parts for each power of two from 32 on; each number by itself below.
        for value in 0..32_u32 {
            let key = key_of(value.into());
            assert_eq!((smallest(key), largest_whole(key)), (value.into(), value.into()));
        }
        for shift in 1..26_u32 {
            for part in 16..32_u32 {
                let (first, next) = (u64::from(part) << shift, u64::from(part + 1) << shift);
                let key = key_of(first as f64);
                assert_eq!(key_of((next - 1) as f64), key);
                assert_eq!(key_of(next as f64), key + 1);
                assert_eq!((smallest(key), largest_whole(key)), (first as f64, (next - 1) as f64));
            }
        }
    }

    #[test]
    fn merging_does_not_depend_on_the_order() {
        let of = |value: f64| Values {
            count: 1.0,
            sum: value,
            min: value,
            max: value,
            spread: Some(BTreeMap::from([(key_of(value), (1.0, value))])),
        };
        let (mut there, mut back) = (Values::default(), Values::default());
        for value in 1..=40_u32 {
            there.merge(&of(value.into()));
            back.merge(&of((41 - value).into()));
        }
        assert_eq!(there, back);
        assert_eq!((there.count, there.sum, there.min, there.max), (40.0, 820.0, 1.0, 40.0));
        there.merge(&Values { count: 2.0, sum: 5.0, min: 0.5, max: 4.5, spread: None });
        assert_eq!((there.count, there.min, there.spread), (42.0, 0.5, None));
    }
}
