use std::fs;
use std::path::Path;

use proptest::prelude::Rng as _;
use proptest::test_runner::{RngAlgorithm, TestRng};
use tempfile::TempDir;

use super::*;
use crate::Period;

fn home() -> TempDir {
    tempfile::tempdir().expect("a temporary directory")
}

fn row(key_id: &str, used: u64, days: [(u32, u64); 2]) -> UsageRow {
    let record = UsageRecord { period: Some((Period::Day, 7)), used: used as i64, days };
    UsageRow { plan_id: "p".into(), key_id: key_id.into(), record }
}

fn rows(count: u64, day: u32) -> Vec<UsageRow> {
    (0..count).map(|key| row(&format!("{key:05}"), key, [(day, key + 1), (0, 0)])).collect()
}

fn open(dir: &Path) -> (UsageStore, Vec<UsageRow>) {
    UsageStore::open(dir).expect("it opens")
}

#[test]
fn a_second_store_on_the_directory_is_refused_until_the_first_ends() {
    let home = home();
    let (store, _) = open(home.path());
    let error = UsageStore::open(home.path()).expect_err("it is in use");
    assert!(matches!(error, StoreError::InUse { .. }), "{error:?}");
    assert!(error.to_string().contains("another process holds"), "{error}");
    store.close().expect("it closes");
    open(home.path());
}

#[test]
fn a_directory_that_cannot_be_made_is_named() {
    let home = home();
    let file = home.path().join("file");
    fs::write(&file, "").expect("a file");
    for dir in [file.clone(), file.join("below")] {
        let error = UsageStore::open(&dir).expect_err("a file is in the way");
        assert!(matches!(error, StoreError::Directory { .. }), "{error:?}");
        assert!(error.to_string().contains(&*dir.to_string_lossy()), "{error}");
    }
}

#[test]
fn a_file_left_half_made_is_made_again() {
    let home = home();
    fs::write(home.path().join("usage.redb.new"), [0; 8192]).expect("a file");
    let (mut store, rows) = open(home.path());
    assert!(rows.is_empty());
    store.write(&[row("a", 1, [(1, 1), (0, 0)])]).expect("the disk takes it");
}

#[test]
fn a_damaged_file_is_named_and_left_as_it_is_or_tells_the_truth() {
    let home = home();
    let path = home.path().join(FILE_NAME);
    let written = rows(2_000, 3);
    let (mut store, _) = open(home.path());
    store.write(&written).expect("the disk takes it");
    store.close().expect("it closes");
    let sound = fs::read(&path).expect("the file");
    let mut random = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut refused = 0;
    for round in 0..150 {
        let mut bytes = sound.clone();
        let at = |random: &mut TestRng| {
            let range = if round % 3 == 0 { 4096 } else { bytes.len() };
            usize::try_from(random.next_u64()).expect("64 bits") % range
        };
        let start = at(&mut random);
        if round % 5 == 4 {
            bytes.truncate(start);
        } else {
            let end = (start + 1 + round % 600).min(bytes.len());
            for byte in &mut bytes[start..end] {
                *byte ^= u8::try_from(random.next_u64() % 255).expect("small") + 1;
            }
        }
        fs::write(&path, &bytes).expect("the damage");
        match UsageStore::open(home.path()) {
            Ok((_, rows)) => assert!(rows == written, "round {round} at {start}: other counts"),
            Err(error) => {
                let text = error.to_string();
                assert!(text.contains(FILE_NAME), "round {round} at {start}: {text}");
                let named =
                    matches!(error, StoreError::Damaged { .. } | StoreError::Version { .. });
                assert!(named, "round {round} at {start}: {error:?}");
                let left = fs::read(&path).expect("the file");
                assert!(left == bytes, "round {round} at {start}: the file was changed");
                refused += 1;
            }
        }
    }
    assert!(refused > 50, "only {refused} of 150 were noticed");
}

#[test]
fn an_empty_file_is_damaged_and_not_a_beginning() {
    let home = home();
    fs::write(home.path().join(FILE_NAME), "").expect("a file");
    for _ in 0..2 {
        let error = UsageStore::open(home.path()).expect_err("nobody wrote that");
        assert!(matches!(error, StoreError::Damaged { .. }), "{error:?}");
    }
}

#[test]
fn a_table_of_another_shape_is_another_version() {
    let home = home();
    let other: TableDefinition<'_, &str, u64> = TableDefinition::new("usage");
    let database = Database::create(home.path().join(FILE_NAME)).expect("a file");
    let transaction = database.begin_write().expect("a transaction");
    transaction.open_table(other).expect("a table");
    transaction.commit().expect("it commits");
    database.close().expect("it closes");
    let error = UsageStore::open(home.path()).expect_err("not our table");
    assert!(matches!(error, StoreError::Version { .. }), "{error:?}");
}

#[test]
fn a_file_that_vanishes_is_said_once_and_then_begun_anew() {
    let home = home();
    let dir = home.path().join("state");
    let (mut store, _) = open(&dir);
    store.write(&rows(10, 1)).expect("the disk takes it");
    fs::remove_dir_all(&dir).expect("it is removed");
    let error = store.write(&rows(1, 1)).expect_err("it is gone");
    assert!(matches!(error, StoreError::Vanished { .. }), "{error:?}");
    store.write(&rows(10, 1)).expect("a new file");
    drop(store);
    assert_eq!(open(&dir).1, rows(10, 1));
}

#[test]
fn a_file_that_is_replaced_is_said() {
    let home = home();
    let (dir, other) = (home.path().join("state"), home.path().join("other"));
    let (mut store, _) = open(&dir);
    store.write(&rows(10, 1)).expect("the disk takes it");
    drop(open(&other));
    fs::rename(other.join(FILE_NAME), dir.join(FILE_NAME)).expect("it is replaced");
    let error = store.write(&rows(1, 1)).expect_err("it is another");
    assert!(matches!(error, StoreError::Vanished { .. }), "{error:?}");
    store.write(&rows(10, 1)).expect("into the other");
    drop(store);
    assert_eq!(open(&dir).1, rows(10, 1));
}

#[test]
fn a_day_that_leaves_its_row_stays_in_the_reports() {
    let home = home();
    let (mut store, _) = open(home.path());
    for day in 1..=95 {
        let yesterday = (day - 1, u64::from(day - 1) * 10);
        for count in [1, 5, u64::from(day) * 10] {
            store.write(&[row("a", 1, [(day, count), yesterday])]).expect("the disk takes it");
        }
    }
    let expected: Vec<_> = (6..=95).map(|day| (day, u64::from(day) * 10)).collect();
    assert_eq!(store.reader().days("p", "a", 6, 95).expect("open"), expected);
    assert_eq!(store.reader().days("p", "b", 0, 95).expect("open"), []);
    assert_eq!(store.reader().days("p", "a", 96, u32::MAX).expect("open"), []);
}

#[test]
fn the_oldest_days_go_and_a_clock_that_jumps_costs_one() {
    let home = home();
    let (mut store, _) = open(home.path());
    let days = u32::try_from(HISTORY_DAYS_MAX).expect("few") + 20;
    for day in (1..=days).chain([40_000]) {
        store.write(&[row("a", 1, [(day, 3), (0, 0)])]).expect("the disk takes it");
    }
    let kept = store.reader().days("p", "a", 0, u32::MAX).expect("open");
    assert_eq!(kept.len(), HISTORY_DAYS_MAX + 1, "the history and the current day");
    assert_eq!(kept.first(), Some(&(21, 3)));
    assert_eq!(kept.last(), Some(&(40_000, 3)));
}

#[test]
fn an_outdated_day_of_many_counters_goes_a_part_at_a_time() {
    let home = home();
    let (mut store, _) = open(home.path());
    let counters = u64::try_from(PRUNED_ROWS_MAX).expect("64 bits") + 10;
    store.write(&rows(counters, 1)).expect("the disk takes it");
    store.write(&rows(counters, 2)).expect("the disk takes it");
    let days = u32::try_from(HISTORY_DAYS_MAX).expect("few") + 2;
    let first = |store: &UsageStore| {
        let gone = store.reader().days("p", "00000", 1, 1).expect("open").is_empty();
        (gone, store.reader().days("p", "10009", 1, 1).expect("open").is_empty())
    };
    for day in 3..=days {
        assert_eq!(first(&store), (false, false), "day {day}");
        store.write(&[row("00000", 1, [(day, 1), (0, 0)])]).expect("the disk takes it");
    }
    assert_eq!(first(&store), (true, false));
    store.write(&[row("00000", 2, [(days, 2), (0, 0)])]).expect("the disk takes it");
    assert_eq!(first(&store), (true, true));
    assert_eq!(store.known.history.len(), HISTORY_DAYS_MAX);
}

#[test]
fn a_counter_that_was_long_not_used_is_forgotten_at_a_start() {
    let home = home();
    let (mut store, _) = open(home.path());
    let old = [row("old", 1, [(1_000, 1), (0, 0)]), row("older", 1, [(1_000, 1), (0, 0)])];
    store.write(&old).expect("the disk takes it");
    store.write(&[row("new", 1, [(1_000 + ROW_DAYS_MAX, 1), (0, 0)])]).expect("it takes it");
    store.close().expect("it closes");
    assert_eq!(open(home.path()).1.len(), 3, "at the limit it is kept");
    let (mut store, _) = open(home.path());
    // An extension granted to a counter without requests is news of it.
    store.write(&[old[0].clone()]).expect("the disk takes it");
    store.write(&[row("new", 1, [(1_001 + ROW_DAYS_MAX, 1), (0, 0)])]).expect("it takes it");
    store.close().expect("it closes");
    for _ in 0..2 {
        let kept = open(home.path()).1;
        let kept: Vec<&str> = kept.iter().map(|row| &*row.key_id).collect();
        assert_eq!(kept, ["new", "old"]);
    }
}

#[test]
fn of_two_rows_of_one_counter_the_last_holds() {
    let home = home();
    let (mut store, _) = open(home.path());
    let (first, last) = (row("a", 1, [(1, 1), (0, 0)]), row("a", 2, [(2, 1), (0, 0)]));
    store.write(&[first, last.clone()]).expect("the disk takes it");
    assert_eq!(store.reader().days("p", "a", 0, 9).expect("open"), [(1, 1), (2, 1)]);
    drop(store);
    assert_eq!(open(home.path()).1, [last]);
}
