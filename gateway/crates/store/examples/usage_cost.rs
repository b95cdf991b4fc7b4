//! Prints what the store costs on this machine: `cargo run --release -p gateway-store --example usage_cost
//! -- DIRECTORY [COUNTERS]`. The directory must be empty or missing; it is left behind.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use gateway_store::{FILE_NAME, Period, UsageRecord, UsageRow, UsageStore};

type Failure = Box<dyn std::error::Error>;

const BATCHES: u32 = 10;

fn main() -> Result<(), Failure> {
    let mut args = std::env::args().skip(1);
    let dir = PathBuf::from(args.next().ok_or("usage: usage_cost DIRECTORY [COUNTERS]")?);
    let counters: u64 = args.next().map_or(Ok(1_000_000), |count| count.parse())?;
    let day = 20_000;
    let (mut store, found) = UsageStore::open(&dir)?;
    if !found.is_empty() {
        return Err("the directory has counts already".into());
    }
    let all: Vec<UsageRow> = (0..counters).map(|key| row(key, day, 1)).collect();
    let started = Instant::now();
    for rows in all.chunks(100_000) {
        store.write(rows)?;
    }
    report("first write of all counters", started.elapsed(), counters);
    for rows in [1, 100, 1_000, 10_000, 100_000] {
        if rows <= counters {
            writes(&mut store, counters, rows, day, "counters spread")?;
        }
    }
    let rows = counters.min(10_000);
    let started = Instant::now();
    store.write(&spread(counters, rows, day + 2, 0))?;
    report("write at a day's end, counters spread", started.elapsed(), rows);
    store.close()?;
    open(&dir, "open after a clean stop")?;
    let (store, _) = UsageStore::open(&dir)?;
    let copy = dir.join("copy");
    std::fs::create_dir(&copy)?;
    std::fs::copy(dir.join(FILE_NAME), copy.join(FILE_NAME))?;
    drop(store);
    open(&copy, "open after a crash")
}

fn writes(
    store: &mut UsageStore,
    counters: u64,
    rows: u64,
    day: u32,
    what: &str,
) -> Result<(), Failure> {
    let mut times = Vec::new();
    for batch in 0..BATCHES {
        let rows = spread(counters, rows, day, u64::from(batch));
        let started = Instant::now();
        store.write(&rows)?;
        times.push(started.elapsed());
    }
    times.sort();
    let (median, worst) = (times[times.len() / 2], times[times.len() - 1]);
    println!("write, {what}: {rows} rows, median {median:.1?}, worst {worst:.1?}");
    Ok(())
}

fn open(dir: &std::path::Path, what: &str) -> Result<(), Failure> {
    let bytes = std::fs::metadata(dir.join(FILE_NAME))?.len();
    let started = Instant::now();
    let (_store, rows) = UsageStore::open(dir)?;
    report(what, started.elapsed(), rows.len() as u64);
    println!("  file {} MiB", bytes >> 20);
    Ok(())
}

fn report(what: &str, took: Duration, rows: u64) {
    println!("{what}: {rows} rows, {took:.1?}");
}

/// Counters as far apart from each other as they can be.
fn spread(counters: u64, rows: u64, day: u32, batch: u64) -> Vec<UsageRow> {
    let step = (counters / rows).max(1);
    (0..rows).map(|index| row((index * step + batch) % counters, day, 2 + batch)).collect()
}

fn row(key: u64, day: u32, count: u64) -> UsageRow {
    // Ids have no order that follows their age.
    let id = key.wrapping_mul(0x9e37_79b9_7f4a_7c15) % 3_656_158_440_062_976;
    UsageRow {
        plan_id: format!("plan{:02}", key % 10).into(),
        key_id: format!("{id:010x}").into(),
        record: UsageRecord {
            period: Some((Period::Day, day)),
            used: count as i64,
            days: [(day, count), (day - 1, 7)],
        },
    }
}
