//! The thread that makes usage counts durable.
//!
//! Shards count in memory and mark what changed. Every [`FLUSH_MS`] this thread collects the changed counters and
//! writes them in one transaction. Rows are absolute counts, so a write that fails is made good by any later one:
//! what could not be written is kept, one row a counter, and tried again.
//!
//! **Bound on what a crash loses:** the counts of the last second. A request counted just after a collection
//! waits for the next one and then for its write; see [`LOSS_MS_MAX`]. What is on the disk was really counted, so
//! a loss is always in the client's favour. While writes fail the bound does not hold, which the log, the metric and
//! readiness say.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write as _;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender};
use std::thread;
use std::time::{Duration, Instant};

use gateway_store::{PlanRow, StoreError, UsageRow, UsageStore, limits::HISTORY_DAYS_MAX};
use gateway_telemetry::Registry;
use tracing::{error, info, warn};

/// Time from one collection of changed counters to the next, in milliseconds. Source: our own, from
/// [`LOSS_MS_MAX`].
pub(crate) const FLUSH_MS: u64 = 250;

/// Time that a collection and its write may take before the log warns, in milliseconds. Source: our own, from
/// [`LOSS_MS_MAX`]; 10,000 counters spread over a million take about 100.
pub(crate) const WRITE_MS_MAX: u64 = 500;

/// What a crash may lose of the counts, in milliseconds of traffic. Source: our own promise.
pub(crate) const LOSS_MS_MAX: u64 = 1_000;

// A write that outlasts the flush period holds up the next collection, so it counts twice.
const _: () = assert!(FLUSH_MS + WRITE_MS_MAX <= LOSS_MS_MAX && 2 * WRITE_MS_MAX <= LOSS_MS_MAX);

/// Pause after a failed write, in milliseconds: opening the file anew reads all of it. Source: our own.
const RETRY_MS: u64 = 1_000;

/// Why the gateway is not ready while writes fail.
pub(crate) const NOT_DURABLE: &str = "usage counts are not durable";

/// What to collect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Collect {
    /// The counters that changed since they were last collected, and the quotas if they changed.
    Changed,
    /// Every counter and all quotas, because the file that had them is gone.
    All,
}

/// What is to become durable.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    /// Counters, as absolute counts.
    pub(crate) rows: Vec<UsageRow>,
    /// All quotas in force, if they changed.
    pub(crate) plans: Option<Vec<PlanRow>>,
}

/// The running thread.
#[derive(Debug)]
pub(crate) struct UsageWriter {
    /// Dropped to stop it.
    stop: SyncSender<()>,
    stopped: Receiver<()>,
}

impl UsageWriter {
    /// Starts the thread. `collect` adds to an empty batch; `on_state` is told the cause when writes begin to fail
    /// or fail for another cause, and nothing (`None`) when counts are durable again.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub(crate) fn start(
        store: UsageStore,
        registry: Arc<Registry>,
        collect: impl FnMut(Collect, &mut Batch) + Send + 'static,
        on_state: impl FnMut(Option<&str>) + Send + 'static,
    ) -> io::Result<Self> {
        let (stop, stopping) = mpsc::sync_channel(0);
        let (ended, stopped) = mpsc::sync_channel(1);
        let mut flusher = Flusher {
            store,
            registry,
            collect,
            on_state,
            next: Collect::Changed,
            pending: Pending::default(),
            failing: None,
            is_slow: false,
        };
        thread::Builder::new().name("usage".into()).spawn(move || {
            flusher.run(&stopping);
            flusher.finish();
            // Nobody listens any more where `stop` ran out of patience.
            ended.send(()).ok();
        })?;
        Ok(Self { stop, stopped })
    }

    /// Writes what changed since the last time and ends the thread. Whether that was done within `timeout`; the
    /// thread goes on alone where it was not.
    pub(crate) fn stop(self, timeout: Duration) -> bool {
        drop(self.stop);
        self.stopped.recv_timeout(timeout).is_ok()
    }
}

struct Flusher<C, S> {
    store: UsageStore,
    registry: Arc<Registry>,
    collect: C,
    on_state: S,
    next: Collect,
    pending: Pending,
    /// The cause that was last said.
    failing: Option<String>,
    is_slow: bool,
}

impl<C: FnMut(Collect, &mut Batch), S: FnMut(Option<&str>)> Flusher<C, S> {
    fn run(&mut self, stopping: &Receiver<()>) {
        let mut due = Instant::now();
        loop {
            let wait = due.saturating_duration_since(Instant::now());
            match stopping.recv_timeout(wait) {
                Err(RecvTimeoutError::Timeout) => {}
                Ok(()) | Err(RecvTimeoutError::Disconnected) => return,
            }
            let started = Instant::now();
            due = if self.flush() {
                started + Duration::from_millis(FLUSH_MS)
            } else {
                Instant::now() + Duration::from_millis(RETRY_MS)
            };
            self.watch(started.elapsed());
        }
    }

    /// The last write, and the end of the store.
    fn finish(mut self) {
        if !self.flush() {
            // The file was just opened anew; what could not be written then may be now.
            self.flush();
        }
        if let Err(cause) = self.store.close() {
            warn!(path = %cause.path().display(), error = %chain(&cause), "Usage counts were not closed");
        }
    }

    /// Whether everything that was counted before this call is durable.
    fn flush(&mut self) -> bool {
        let mut batch = Batch::default();
        (self.collect)(self.next, &mut batch);
        self.next = Collect::Changed;
        self.pending.add(batch);
        if self.pending.is_empty() {
            return true;
        }
        match self.pending.write(&mut self.store) {
            Ok(()) => self.succeed(),
            Err(cause) => {
                self.fail(&cause);
                return false;
            }
        }
        true
    }

    fn succeed(&mut self) {
        self.registry.usage().written(gateway_rt::clock::unix_ms() / 1_000);
        if self.failing.take().is_some() {
            info!(path = %self.store.path().display(), "Usage counts are durable again");
            (self.on_state)(None);
        }
    }

    fn fail(&mut self, cause: &StoreError) {
        self.registry.usage().failed();
        if matches!(cause, StoreError::Vanished { .. }) {
            self.next = Collect::All;
        }
        let text = chain(cause);
        if self.failing.as_ref() != Some(&text) {
            error!(path = %cause.path().display(), error = %text, "Usage counts are not durable");
            (self.on_state)(Some(&text));
            self.failing = Some(text);
        }
    }

    fn watch(&mut self, took: Duration) {
        let is_slow = took > Duration::from_millis(WRITE_MS_MAX);
        if is_slow && !self.is_slow && self.failing.is_none() {
            let bound_ms = LOSS_MS_MAX;
            warn!(?took, bound_ms, "Usage counts are written too slowly for their bound");
        }
        self.is_slow = is_slow;
    }
}

/// What is not durable yet. Bounded by the counters that there are.
#[derive(Debug, Default)]
struct Pending {
    /// What was collected last; all there is while writes succeed.
    fresh: Vec<UsageRow>,
    /// What a failed write left, oldest first: more than one row where a newer one no longer has a day.
    failed: BTreeMap<(Box<str>, Box<str>), Vec<UsageRow>>,
    plans: Option<Vec<PlanRow>>,
}

impl Pending {
    fn add(&mut self, batch: Batch) {
        debug_assert!(self.fresh.is_empty(), "a write takes them");
        self.fresh = batch.rows;
        if batch.plans.is_some() {
            self.plans = batch.plans;
        }
    }

    fn is_empty(&self) -> bool {
        self.fresh.is_empty() && self.failed.is_empty() && self.plans.is_none()
    }

    fn write(&mut self, store: &mut UsageStore) -> Result<(), StoreError> {
        if !self.failed.is_empty() {
            self.keep_fresh();
        }
        let written = self.try_write(store);
        match written {
            Ok(()) => self.failed.clear(),
            Err(_) => self.keep_fresh(),
        }
        self.fresh.clear();
        written
    }

    fn try_write(&mut self, store: &mut UsageStore) -> Result<(), StoreError> {
        if let Some(plans) = &self.plans {
            store.write_plans(plans)?;
            self.plans = None;
        }
        if self.failed.is_empty() {
            return store.write(&self.fresh);
        }
        let rows: Vec<UsageRow> = self.failed.values().flatten().cloned().collect();
        store.write(&rows)
    }

    fn keep_fresh(&mut self) {
        for row in self.fresh.drain(..) {
            let key = (row.plan_id.clone(), row.key_id.clone());
            let rows = self.failed.entry(key).or_default();
            if rows.last().is_some_and(|last| has_days_of(&row, last)) {
                rows.pop();
            }
            if rows.len() >= HISTORY_DAYS_MAX {
                rows.remove(0);
            }
            rows.push(row);
        }
    }
}

/// Whether `newer` still tells of each day that `older` counted.
fn has_days_of(newer: &UsageRow, older: &UsageRow) -> bool {
    let mut days = older.record.days.iter().filter(|(_, count)| *count > 0);
    days.all(|(day, _)| newer.record.day(*day).is_some())
}

/// An error and its causes, on one line.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        // A `String` takes everything.
        write!(text, ": {error}").ok();
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests;
