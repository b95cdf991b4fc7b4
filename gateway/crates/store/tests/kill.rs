//! A writer killed at any moment leaves what it was told to be durable, whole, and nothing that it had
//! not counted.

mod common;

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::Stdio;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use common::row;
use gateway_store::{UsageRow, UsageStore};
use proptest::prelude::Rng as _;
use proptest::test_runner::{RngAlgorithm, TestRng};

const KEYS: u64 = 40;
const ROUNDS_PER_DAY: u64 = 5;
const KILLS: u32 = 60;
const KILLS_AT_START: u32 = 30;

/// Held by each test: a process being started holds its parent's locks for a moment, also that of a store
/// which another test is about to open again.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// All counters as they are after `round`: each is used once a round.
fn rows_of(round: u64) -> Vec<UsageRow> {
    let (day, counted) = (day_of(round), (round - 1) % ROUNDS_PER_DAY + 1);
    let yesterday = if day == 0 { (0, 0) } else { (day - 1, ROUNDS_PER_DAY) };
    (0..KEYS).map(|key| row(key, round, [(day, counted), yesterday])).collect()
}

fn day_of(round: u64) -> u32 {
    u32::try_from((round - 1) / ROUNDS_PER_DAY).expect("few rounds")
}

/// The child: goes on where the file ends, and says each round that is durable.
#[test]
fn child_writes_until_it_is_killed() {
    let Some(dir) = common::child_directory() else { return };
    let (mut store, rows) = UsageStore::open(&dir).expect("what a killed process left");
    let mut round = rows.first().map_or(0, |row| row.record.used as u64);
    loop {
        round += 1;
        store.write(&rows_of(round)).expect("the disk takes it");
        println!("\ndurable {round}");
    }
}

#[test]
fn a_kill_at_any_moment_keeps_what_was_durable_and_adds_nothing() {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let home = tempfile::tempdir().expect("a temporary directory");
    let mut random = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut durable = 0;
    for kill in 0..KILLS {
        let told = run_and_kill(home.path(), random.next_u64() % 8 + 1, &mut random).max(durable);
        let found = check(home.path());
        assert!(
            (told..=told + 1).contains(&found),
            "kill {kill}: found round {found}, {told} was durable"
        );
        durable = found;
    }
    assert!(durable > u64::from(KILLS), "the writers wrote: {durable}");
    println!("{KILLS} kills, {durable} rounds of {KEYS} counters");
}

#[test]
fn a_kill_while_the_file_begins_leaves_one_that_opens() {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let mut random = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    for _ in 0..KILLS_AT_START {
        let home = tempfile::tempdir().expect("a temporary directory");
        run_and_kill(home.path(), 0, &mut random);
        check(home.path());
        check(home.path());
    }
}

/// Runs a writer until it has said `lines` rounds, kills it a moment later, and gives back the last round
/// that it said.
fn run_and_kill(dir: &Path, lines: u64, random: &mut TestRng) -> u64 {
    let mut command = common::child(&[], "child_writes_until_it_is_killed", dir);
    let mut child = command.stdout(Stdio::piped()).spawn().expect("the test runs itself");
    let mut output = BufReader::new(child.stdout.take().expect("piped"));
    let mut told = 0;
    let mut said = 0;
    let mut line = String::new();
    while said < lines {
        line.clear();
        assert!(output.read_line(&mut line).expect("text") > 0, "the writer ended early");
        if let Some(round) = round_in(&line) {
            told = round;
            said += 1;
        }
    }
    // A moment anywhere in the next rounds, or in the start; busy, because a sleep is too coarse.
    let until = Instant::now() + Duration::from_micros(random.next_u64() % 20_000);
    while Instant::now() < until {
        std::hint::spin_loop();
    }
    child.kill().expect("it is ours");
    child.wait().expect("it was started");
    let mut rest = String::new();
    output.read_to_string(&mut rest).expect("text");
    // A line that was cut short is not one that was said.
    let whole = rest.rsplit_once('\n').map_or("", |(whole, _)| whole);
    whole.lines().filter_map(round_in).fold(told, u64::max)
}

fn round_in(line: &str) -> Option<u64> {
    line.trim().strip_prefix("durable ")?.parse().ok()
}

/// Opens what is there; all counters are at the same round, and every day before is exact.
fn check(dir: &Path) -> u64 {
    let (store, rows) = UsageStore::open(dir).expect("what a killed process left");
    let Some(round) = rows.first().map(|row| row.record.used as u64) else { return 0 };
    assert_eq!(rows, rows_of(round), "one transaction is whole");
    let today = day_of(round);
    let history = store.reader().days("p", "key-000007", 0, today).expect("it is open");
    let first = history.first().expect("a round was written").0;
    assert!(first <= today.saturating_sub(90), "90 days are kept");
    for (day, (found, count)) in (first..).zip(history) {
        assert_eq!(found, day, "no day is missing");
        if day < today {
            assert_eq!(count, ROUNDS_PER_DAY, "day {day}");
        }
    }
    round
}
