//! Minutes in memory, the newest of them and no more than a number of bytes.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

use super::series::{Counts, Series};
use crate::limits::{
    METRIC_BYTES_MAX, METRIC_MINUTES_MAX, METRIC_NAMES_BYTES_MAX, METRIC_SERIES_MAX,
};

/// Minutes by their number since 1970, each with what was counted in it. Nothing counted is no entry.
#[derive(Debug, Default)]
pub(crate) struct History {
    series: HashMap<Arc<Series>, u32>,
    names: BTreeMap<u32, Arc<Series>>,
    name_bytes: usize,
    next: u32,
    minutes: BTreeMap<u32, BTreeMap<u32, Counts>>,
    bytes: usize,
}

impl History {
    /// Adds what was counted of a series; whether there was room for its name.
    pub(crate) fn add(&mut self, minute: u32, series: &Series, counts: &Counts) -> bool {
        let Some(id) = self.id_of(series) else { return false };
        let rows = self.minutes.entry(minute).or_default();
        match rows.get_mut(&id) {
            Some(before) => {
                self.bytes = self.bytes.saturating_sub(before.bytes());
                before.merge(counts);
                self.bytes += before.bytes();
            }
            None => {
                self.bytes += counts.bytes();
                rows.insert(id, counts.clone());
            }
        }
        true
    }

    /// Lets the oldest minutes go: those beyond the retention, and those that there is no memory for.
    pub(crate) fn prune(&mut self, now: u32) {
        let oldest = now.saturating_sub(METRIC_MINUTES_MAX);
        while let Some(first) = self.minutes.first_entry() {
            if *first.key() >= oldest && self.bytes <= METRIC_BYTES_MAX {
                return;
            }
            let gone: usize = first.get().values().map(Counts::bytes).sum();
            self.bytes = self.bytes.saturating_sub(gone);
            first.remove();
        }
    }

    /// Tells `visit` of each minute in the range and each series of it, oldest first.
    pub(crate) fn visit(
        &self,
        minutes: Range<u32>,
        is_wanted: impl Fn(&Series) -> bool,
        mut visit: impl FnMut(u32, &Series, &Counts),
    ) {
        let wanted = self.names.iter().filter(|(_, series)| is_wanted(series));
        let wanted: Vec<_> = wanted.collect();
        if wanted.is_empty() || minutes.is_empty() {
            return;
        }
        for (minute, rows) in self.minutes.range(minutes) {
            for (id, series) in &wanted {
                if let Some(counts) = rows.get(id) {
                    visit(*minute, series, counts);
                }
            }
        }
    }

    fn id_of(&mut self, series: &Series) -> Option<u32> {
        if let Some(id) = self.series.get(series) {
            return Some(*id);
        }
        if !self.has_room_for(series) {
            self.forget_unused();
        }
        if !self.has_room_for(series) {
            return None;
        }
        self.name_bytes += series.bytes();
        let (id, name) = (self.next, Arc::new(series.clone()));
        self.next = self.next.checked_add(1)?;
        self.series.insert(name.clone(), id);
        self.names.insert(id, name);
        Some(id)
    }

    fn has_room_for(&self, series: &Series) -> bool {
        let bytes = self.name_bytes + series.bytes();
        self.series.len() < METRIC_SERIES_MAX && bytes <= METRIC_NAMES_BYTES_MAX
    }

    /// Forgets the names that no minute has any more.
    fn forget_unused(&mut self) {
        let used: HashSet<u32> =
            self.minutes.values().flat_map(|rows| rows.keys().copied()).collect();
        self.names.retain(|id, _| used.contains(id));
        self.series.retain(|_, id| used.contains(id));
        self.name_bytes = self.names.values().map(|series| series.bytes()).sum();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::series::{ApiSeries, PutSeries, put_values};

    fn put(metric: usize) -> Series {
        Series::Put(PutSeries {
            namespace: "n".to_owned(),
            metric: metric.to_string(),
            dimensions: Vec::new(),
            unit: "None".to_owned(),
        })
    }

    fn values(value: f64) -> Counts {
        Counts::Put(Box::new(put_values(&[(value, 1.0)])))
    }

    fn minutes(history: &History) -> Vec<u32> {
        let mut found = Vec::new();
        history.visit(0..u32::MAX, |_| true, |minute, _, _| found.push(minute));
        found
    }

    #[test]
    fn the_oldest_minutes_go_first() {
        let mut history = History::default();
        for minute in [5, 1, 9] {
            assert!(history.add(minute, &put(0), &values(1.0)));
        }
        history.prune(9);
        assert_eq!(minutes(&history), [1, 5, 9]);
        history.prune(METRIC_MINUTES_MAX + 5);
        assert_eq!(minutes(&history), [5, 9]);
        history.bytes += METRIC_BYTES_MAX;
        history.prune(9);
        assert_eq!(minutes(&history), [] as [u32; 0], "no memory is left for any");
    }

    #[test]
    fn the_memory_that_is_taken_is_given_back() {
        let mut history = History::default();
        for minute in 0..100 {
            for series in 0..10 {
                history.add(minute, &put(series), &values(f64::from(minute)));
                history.add(minute, &put(series), &values(1e9));
            }
        }
        assert!(history.bytes > 0);
        history.prune(u32::MAX);
        assert_eq!((history.bytes, minutes(&history).len()), (0, 0));
    }

    #[test]
    fn names_are_bounded_and_those_that_are_used_stay() {
        let mut history = History::default();
        for series in 0..METRIC_SERIES_MAX {
            assert!(history.add((series % 2) as u32, &put(series), &values(1.0)));
        }
        assert!(!history.add(0, &put(METRIC_SERIES_MAX), &values(1.0)), "all are in use");
        history.minutes.remove(&0);
        assert!(history.add(1, &put(METRIC_SERIES_MAX), &values(1.0)), "half are not");
        assert!(history.add(1, &put(1), &values(1.0)));
        let mut found = 0;
        history.visit(
            0..2,
            |series| *series == put(1),
            |_, _, counts| {
                let Counts::Put(values) = counts else { panic!("it was put") };
                assert_eq!(values.count, 2.0);
                found += 1;
            },
        );
        assert_eq!(found, 1);
    }

    #[test]
    fn long_names_are_bounded_as_well() {
        let mut history = History::default();
        let long = |metric: usize| match put(metric) {
            Series::Put(mut put) => {
                put.namespace = "n".repeat(METRIC_NAMES_BYTES_MAX / 10);
                Series::Put(put)
            }
            series @ Series::Api(_) => series,
        };
        let known = (0..20).filter(|metric| history.add(1, &long(*metric), &values(1.0))).count();
        assert_eq!(known, 9);
        history.prune(u32::MAX);
        assert!(history.add(1, &long(20), &values(1.0)), "the others are not used any more");
    }

    #[test]
    fn an_idle_minute_costs_nothing() {
        let history = History::default();
        assert_eq!(history.bytes, 0);
        let series = ApiSeries {
            api_id: "a".to_owned(),
            api_name: "a".to_owned(),
            stage: "s".to_owned(),
            method: None,
        };
        let mut found = 0;
        history.visit(
            0..u32::MAX,
            |known| *known == Series::Api(series.clone()),
            |_, _, _| found += 1,
        );
        assert_eq!(found, 0);
        assert!(Counts::Api(Box::default()).bytes() < 256);
    }
}
