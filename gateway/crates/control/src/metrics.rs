//! Metrics by the minute: what was counted of the APIs that are served, and what somebody put.
//!
//! Shards count in sums that only grow. Once a minute, and whenever somebody asks, [`Metrics::sample`] collects what was
//! added to them. It belongs to the minute in which was last sampled: a minute ends with a sample. What has ended goes to the
//! disk in one record and stays in memory, the newest [`METRIC_MINUTES_MAX`](crate::limits::METRIC_MINUTES_MAX) minutes that
//! [`METRIC_BYTES_MAX`](crate::limits::METRIC_BYTES_MAX) have room for. A minute in which nothing was counted is no entry.
//!
//! **Bound on what a crash loses:** the minute that runs.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::limits::{METRIC_OPEN_ROWS_MAX, METRIC_RECORD_ROWS_MAX};
use crate::server::Clock;

mod history;
pub(crate) mod record;
pub(crate) mod series;
pub(crate) mod values;

use history::History;
pub use series::{ApiCounts, ApiSeries, Durations};
use series::{Counts, PutSeries, Series};
use values::Values;

/// Milliseconds of a minute.
const MINUTE_MS: u64 = 60_000;

/// Tells what was counted since it was asked before; it is given the time in milliseconds since 1970.
pub type Collect = Box<dyn FnMut(u64, &mut dyn FnMut(ApiSeries, ApiCounts)) + Send>;

/// Puts a record of a minute on the disk; the text says why it cannot.
pub type KeepMinute = Box<dyn FnMut(&[u8]) -> Result<(), String> + Send>;

/// Metrics, shared by whoever samples and whoever asks.
#[derive(Clone)]
pub struct Metrics {
    state: Arc<Mutex<State>>,
    clock: Clock,
}

struct State {
    collect: Option<Collect>,
    keep: Option<KeepMinute>,
    /// Why the last minute was not kept, once it was said.
    is_failing: bool,
    /// Minutes that are not kept yet: the one that runs, and what was put.
    open: BTreeMap<u32, BTreeMap<Series, Counts>>,
    /// At most how many rows those have.
    open_rows: usize,
    /// The minute in which was last sampled.
    minute: u32,
    history: History,
    is_full: bool,
}

impl Metrics {
    /// Nothing counted yet. `clock` is the process's.
    pub fn new(clock: Clock) -> Self {
        let state = State {
            collect: None,
            keep: None,
            is_failing: false,
            open: BTreeMap::new(),
            open_rows: 0,
            minute: minute_of(clock()),
            history: History::default(),
            is_full: false,
        };
        Self { state: Arc::new(Mutex::new(state)), clock }
    }

    /// Takes a minute that an earlier process kept; whether it was one.
    pub fn restore(&self, record: &[u8]) -> bool {
        let Some((minute, rows)) = record::read(record) else { return false };
        let mut state = self.state();
        for (series, counts) in rows {
            state.history.add(minute, &series, &counts);
        }
        let now = minute_of((self.clock)());
        state.history.prune(now);
        true
    }

    /// Keeps minutes that end from now on.
    pub fn keep_with(&self, keep: KeepMinute) {
        self.state().keep = Some(keep);
    }

    /// Collects from there from now on.
    pub fn collect_with(&self, collect: Collect) {
        self.state().collect = Some(collect);
    }

    /// Takes what was counted so far; says how many milliseconds the minute goes on.
    pub fn sample(&self) -> u64 {
        let now = (self.clock)();
        self.state().sample(now);
        MINUTE_MS - now % MINUTE_MS
    }

    /// Takes what was counted so far, and puts all that is not kept yet on the disk: before the end.
    pub fn finish(&self) {
        let mut state = self.state();
        state.sample((self.clock)());
        state.close();
    }

    pub(crate) fn put(&self, minute: u32, series: PutSeries, values: Values) {
        let mut state = self.state();
        state.count(minute, Series::Put(series), Counts::Put(Box::new(values)));
    }

    /// Tells `visit` of all that was counted in a range of minutes, up to now.
    pub(crate) fn visit(
        &self,
        minutes: Range<u32>,
        is_wanted: impl Fn(&Series) -> bool,
        mut visit: impl FnMut(u32, &Series, &Counts),
    ) {
        let mut state = self.state();
        state.sample((self.clock)());
        state.history.visit(minutes.clone(), &is_wanted, &mut visit);
        if minutes.is_empty() {
            return;
        }
        for (minute, rows) in state.open.range(minutes) {
            for (series, counts) in rows.iter().filter(|(series, _)| is_wanted(series)) {
                visit(*minute, series, counts);
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic while it was held cost what was being counted, and nothing else.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Metrics")
    }
}

impl State {
    fn sample(&mut self, unix_ms: u64) {
        let minute = self.minute;
        if let Some(mut collect) = self.collect.take() {
            collect(unix_ms, &mut |series, counts| {
                self.count(minute, Series::Api(series), Counts::Api(Box::new(counts)));
            });
            self.collect = Some(collect);
        }
        let now = minute_of(unix_ms);
        if now != minute {
            self.minute = now;
            self.close();
        }
    }

    fn count(&mut self, minute: u32, series: Series, counts: Counts) {
        if self.open_rows >= METRIC_OPEN_ROWS_MAX {
            // What comes later of the same minutes is added to them.
            self.close();
        }
        self.open_rows += 1;
        let rows = self.open.entry(minute).or_default();
        match rows.get_mut(&series) {
            Some(before) => before.merge(&counts),
            None => {
                rows.insert(series, counts);
            }
        }
    }

    /// What is open has ended: it goes to the disk and to the history.
    fn close(&mut self) {
        self.open_rows = 0;
        for (minute, rows) in std::mem::take(&mut self.open) {
            self.keep(minute, &rows);
            for (series, counts) in &rows {
                let is_known = self.history.add(minute, series, counts);
                if !is_known && !self.is_full {
                    self.is_full = true;
                    tracing::warn!("There are too many series of metrics: new ones are left out");
                }
            }
        }
        self.history.prune(self.minute);
    }

    fn keep(&mut self, minute: u32, rows: &BTreeMap<Series, Counts>) {
        let Some(keep) = &mut self.keep else { return };
        let mut rows = rows.iter().peekable();
        while rows.peek().is_some() {
            let record = record::write(minute, rows.by_ref().take(METRIC_RECORD_ROWS_MAX));
            match keep(&record) {
                Ok(()) => self.is_failing = false,
                Err(error) if !self.is_failing => {
                    self.is_failing = true;
                    tracing::error!(error, "Metrics are kept in memory only");
                }
                Err(_) => {}
            }
        }
    }
}

/// A minute's number, since 1970.
pub(crate) fn minute_of(unix_ms: u64) -> u32 {
    u32::try_from(unix_ms / MINUTE_MS).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
