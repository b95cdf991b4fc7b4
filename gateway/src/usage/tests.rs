use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard};

use gateway_store::{Period, UsageRecord};
use gateway_telemetry::{BuildInfo, Exposition, ProcessStats};
use tempfile::TempDir;

use super::*;

/// Far longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// Counters and quotas, as the control thread would have them.
#[derive(Debug, Default)]
struct Source {
    changed: Vec<UsageRow>,
    all: Vec<UsageRow>,
    plans: Vec<PlanRow>,
}

/// A running writer and what it tells.
struct Fixture {
    home: TempDir,
    writer: UsageWriter,
    registry: Arc<Registry>,
    source: Arc<Mutex<Source>>,
    collected: Receiver<Collect>,
    states: Receiver<Option<String>>,
}

impl Fixture {
    fn start() -> Self {
        let home = tempfile::tempdir().expect("a temporary directory");
        let build = BuildInfo { version: "1", os: "linux", arch: "any" };
        let registry = Arc::new(Registry::new(build, 1, &[]));
        let source = Arc::<Mutex<Source>>::default();
        let (collecting, collected) = mpsc::channel();
        let (telling, states) = mpsc::channel();
        let from = Arc::clone(&source);
        let collect = move |what, batch: &mut Batch| {
            let mut source = lock(&from);
            if what == Collect::All {
                batch.rows = source.all.clone();
                batch.plans = Some(source.plans.clone());
            }
            batch.rows.append(&mut source.changed);
            collecting.send(what).ok();
        };
        let on_state = move |cause: Option<&str>| {
            telling.send(cause.map(str::to_owned)).ok();
        };
        let (store, rows) = UsageStore::open(&home.path().join("state")).expect("it opens");
        assert!(rows.is_empty());
        let writer = UsageWriter::start(store, Arc::clone(&registry), collect, on_state);
        let writer = writer.expect("a thread");
        Self { home, writer, registry, source, collected, states }
    }

    fn dir(&self) -> PathBuf {
        self.home.path().join("state")
    }

    fn count(&self, key: u64, used: u64) {
        let mut source = lock(&self.source);
        source.changed.push(row(key, used));
        source.all.retain(|row| row.key_id != key_id(key));
        source.all.push(row(key, used));
    }

    /// Waits until everything that was counted before this call was given to the store.
    fn settle(&self) {
        while self.collected.try_recv().is_ok() {}
        for _ in 0..2 {
            self.collected.recv_timeout(PATIENCE).expect("it goes on");
        }
    }

    fn state(&self) -> Option<String> {
        self.states.recv_timeout(PATIENCE).expect("it says its state")
    }

    fn metric(&self, line: &str) -> bool {
        let text = self.registry.render(Exposition::Text, &ProcessStats::default());
        text.lines().any(|found| found == line)
    }

    /// Stops, and gives back what is on the disk.
    fn stop(self) -> Vec<UsageRow> {
        let dir = self.dir();
        assert!(self.writer.stop(PATIENCE), "it stops");
        read(&dir)
    }
}

fn lock(source: &Mutex<Source>) -> MutexGuard<'_, Source> {
    source.lock().expect("no test thread panicked")
}

fn read(dir: &Path) -> Vec<UsageRow> {
    UsageStore::open(dir).expect("it was closed").1
}

fn key_id(key: u64) -> Box<str> {
    format!("{key:04}").into()
}

fn row(key: u64, used: u64) -> UsageRow {
    on_day(key, used, 7)
}

fn on_day(key: u64, used: u64, day: u32) -> UsageRow {
    let days = [(day, used), (0, 0)];
    let record = UsageRecord { period: Some((Period::Day, day)), used: used as i64, days };
    UsageRow { plan_id: "p".into(), key_id: key_id(key), record }
}

/// Makes the state directory unusable, until [`restore`].
fn break_directory(dir: &Path) {
    fs::rename(dir, dir.with_extension("away")).expect("it is moved");
    fs::write(dir, "").expect("something else is there");
}

fn restore(dir: &Path) {
    fs::remove_file(dir).expect("it goes");
    fs::rename(dir.with_extension("away"), dir).expect("it comes back");
}

#[test]
fn changes_are_written_while_it_runs_and_when_it_stops() {
    let fixture = Fixture::start();
    fixture.count(1, 5);
    fixture.settle();
    assert!(fixture.metric("gateway_usage_writes_total{result=\"success\"} 1"));
    assert!(!fixture.metric("gateway_usage_last_write_timestamp_seconds 0"));
    fixture.settle();
    assert!(fixture.metric("gateway_usage_writes_total{result=\"success\"} 1"), "nothing changed");
    fixture.count(1, 6);
    fixture.count(2, 1);
    assert_eq!(fixture.stop(), [row(1, 6), row(2, 1)]);
}

#[test]
fn a_failure_is_said_once_and_everything_is_written_after_it() {
    let fixture = Fixture::start();
    fixture.count(1, 1);
    fixture.settle();
    break_directory(&fixture.dir());
    fixture.count(1, 2);
    let cause = fixture.state().expect("it fails");
    assert!(cause.contains("usage.redb") && cause.contains("Not a directory"), "{cause}");
    fixture.count(2, 1);
    fixture.settle();
    fixture.count(1, 3);
    fixture.settle();
    assert!(fixture.states.try_recv().is_err(), "nothing changed");
    assert!(!fixture.metric("gateway_usage_writes_total{result=\"failure\"} 0"));
    restore(&fixture.dir());
    assert_eq!(fixture.state(), None);
    assert!(fixture.metric("gateway_usage_writes_total{result=\"success\"} 2"));
    assert_eq!(fixture.stop(), [row(1, 3), row(2, 1)]);
}

#[test]
fn a_file_that_is_gone_is_written_again_with_every_counter() {
    let fixture = Fixture::start();
    let plan = PlanRow { plan_id: "p".into(), period: Period::Day, limit: 9, offset: 1, since: 7 };
    lock(&fixture.source).plans.push(plan.clone());
    fixture.count(1, 1);
    fixture.count(2, 1);
    fixture.settle();
    fs::remove_dir_all(fixture.dir()).expect("it is removed");
    fixture.count(2, 2);
    assert!(fixture.state().is_some_and(|cause| cause.contains("was removed or replaced")));
    assert_eq!(fixture.state(), None);
    let dir = fixture.dir();
    assert!(fixture.collected.try_iter().any(|what| what == Collect::All));
    let (home, writer) = (fixture.home, fixture.writer);
    assert!(writer.stop(PATIENCE), "it stops");
    let (store, rows) = UsageStore::open(&dir).expect("it was closed");
    assert_eq!(rows, [row(1, 1), row(2, 2)]);
    assert_eq!(store.plans().expect("it is open"), [plan]);
    drop(home);
}

#[test]
fn a_stop_that_takes_too_long_is_not_waited_for() {
    let home = tempfile::tempdir().expect("a temporary directory");
    let (store, _) = UsageStore::open(home.path()).expect("it opens");
    let build = BuildInfo { version: "1", os: "linux", arch: "any" };
    let registry = Arc::new(Registry::new(build, 1, &[]));
    let (release, held) = mpsc::channel::<()>();
    let collect = move |_, _: &mut Batch| {
        held.recv().ok();
    };
    let writer = UsageWriter::start(store, registry, collect, |_| {}).expect("a thread");
    assert!(!writer.stop(Duration::from_millis(20)));
    drop(release);
}

#[test]
fn days_that_could_not_be_written_are_kept_until_they_can() {
    let home = tempfile::tempdir().expect("a temporary directory");
    let dir = home.path().join("state");
    let (mut store, _) = UsageStore::open(&dir).expect("it opens");
    let mut pending = Pending::default();
    let mut write = |store: &mut UsageStore, used, day| {
        pending.add(Batch { rows: vec![on_day(1, used, day)], plans: None });
        (pending.write(store).is_ok(), pending.failed.values().map(Vec::len).sum::<usize>())
    };
    assert_eq!(write(&mut store, 1, 1), (true, 0));
    break_directory(&dir);
    assert_eq!(write(&mut store, 1, 2), (false, 1));
    assert_eq!(write(&mut store, 2, 2), (false, 1), "the same day takes no more room");
    for day in 3..200 {
        let kept = usize::try_from(day - 1).expect("small").min(HISTORY_DAYS_MAX);
        assert_eq!(write(&mut store, 3, day), (false, kept));
    }
    restore(&dir);
    assert_eq!(write(&mut store, 4, 199), (true, 0));
    let days = store.reader().days("p", &key_id(1), 0, 300).expect("it is open");
    let kept = u32::try_from(HISTORY_DAYS_MAX).expect("small");
    let expected: Vec<_> = (200 - kept..199).map(|day| (day, 3)).collect();
    assert!(days.ends_with(&[&expected[..], &[(199, 4)]].concat()), "{days:?}");
    assert_eq!(days.first(), Some(&(1, 1)), "what was durable before stays");
}
