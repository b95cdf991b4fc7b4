//! A writer of documents that is killed at any moment leaves every acknowledged transaction, and none by halves.

mod common;

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use gateway_store::{ObjectChange, ObjectStore};
use proptest::prelude::Rng as _;
use proptest::test_runner::{RngAlgorithm, TestRng};

const KILLS: u32 = 60;

/// Documents of one transaction.
const DOCUMENTS: u64 = 12;

/// All that the store holds after `round`: each transaction removes the one before and writes its own.
fn documents_of(round: u64) -> Vec<(String, Vec<u8>)> {
    let text = format!("{round} ").repeat((round % 300) as usize + 1);
    (0..DOCUMENTS)
        .map(|index| (format!("restapis/{round}/{index:02}"), text.clone().into_bytes()))
        .collect()
}

fn changes_of(round: u64) -> Vec<ObjectChange> {
    let mut changes = vec![ObjectChange::RemoveAll { prefix: "restapis/".to_owned() }];
    let documents = documents_of(round).into_iter();
    changes.extend(documents.map(|(key, document)| ObjectChange::Put { key, document }));
    changes
}

/// The child: goes on where the file ends, and says each round that is durable.
#[test]
fn child_writes_documents_until_it_is_killed() {
    let Some(dir) = common::child_directory() else { return };
    let mut store = ObjectStore::open(&dir).expect("what a killed process left");
    let mut round = round_of(&store.all().expect("readable"));
    loop {
        round += 1;
        store.write(&changes_of(round)).expect("the disk takes it");
        println!("\ndurable {round}");
    }
}

#[test]
fn a_kill_at_any_moment_keeps_what_was_acknowledged_and_no_half() {
    let home = tempfile::tempdir().expect("a temporary directory");
    let mut random = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut durable = 0;
    for kill in 0..KILLS {
        let told = run_and_kill(home.path(), random.next_u64() % 6, &mut random).max(durable);
        let mut store = ObjectStore::open(home.path()).expect("what a killed process left");
        let found = store.all().expect("readable");
        let round = round_of(&found);
        assert!((told..=told + 1).contains(&round), "kill {kill}: {round}, {told} was durable");
        let expect = if round == 0 { Vec::new() } else { documents_of(round) };
        assert_eq!(found, expect, "kill {kill}: one transaction is whole");
        durable = round;
    }
    assert!(durable > u64::from(KILLS), "the writers wrote: {durable}");
    println!("{KILLS} kills, {durable} transactions");
}

fn round_of(documents: &[(String, Vec<u8>)]) -> u64 {
    let key = documents.first().map(|(key, _)| &**key);
    key.map_or(0, |key| key.split('/').nth(1).and_then(|text| text.parse().ok()).expect("a round"))
}

/// Runs a writer until it has said `lines` rounds, kills it a moment later, and gives back the last round that it said.
fn run_and_kill(dir: &Path, lines: u64, random: &mut TestRng) -> u64 {
    let mut command = common::child(&[], "child_writes_documents_until_it_is_killed", dir);
    let mut child = command.stdout(Stdio::piped()).spawn().expect("the test runs itself");
    let mut output = BufReader::new(child.stdout.take().expect("piped"));
    let (mut told, mut said) = (0, 0);
    let mut line = String::new();
    while said < lines {
        line.clear();
        assert!(output.read_line(&mut line).expect("text") > 0, "the writer ended early");
        if let Some(round) = round_in(&line) {
            (told, said) = (round, said + 1);
        }
    }
    // Busy, because a sleep is too coarse.
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
