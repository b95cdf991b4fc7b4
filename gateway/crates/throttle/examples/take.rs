//! Prints what a take costs, in nanoseconds: `cargo run --release --example take`.
#![forbid(unsafe_code)]

use std::hint::black_box;
use std::sync::Arc;
use std::time;

use gateway_throttle::{Bucket, Instant, Leases, Limit, Period, Quota, Settings, Throttle};
use gateway_throttle::{Split, Usage};

const COUNT: u64 = 5_000_000;

fn main() {
    let plenty = || throttle(Settings { rate_rps: 1e9, burst: 1 << 40 });
    let cold: Vec<Throttle> = (0..4_096).map(|_| plenty()).collect();
    let hot: Vec<Throttle> = (0..4).map(|_| plenty()).collect();
    let hot: Vec<&Throttle> = hot.iter().collect();
    let empty = throttle(Settings { rate_rps: 1e-6, burst: 1 });
    let mut leases = Leases::new(4);
    let mut take = |buckets: &[&Throttle], count: u64| {
        let now = Instant((1 << 33) + count * 100);
        if let Ok(taken) = leases.take(black_box(buckets), now) {
            leases.settle(buckets, taken);
        }
    };
    time("take/1_bucket/cold", |count| take(&[&cold[count as usize % 4_096]], count));
    time("take/1_bucket/leased", |count| take(&hot[..1], count + COUNT));
    time("take/4_buckets/leased", |count| take(&hot, count + 2 * COUNT));
    time("take/4_buckets/cold", |count| {
        let first = count as usize * 4 % 4_096;
        let four = [&cold[first], &cold[first + 1], &cold[first + 2], &cold[first + 3]];
        take(&four, count + 3 * COUNT);
    });
    time("take/1_bucket/refused", |count| take(&[&empty], count + 4 * COUNT));
    let (usage, split) = (Usage::new(), Split::new(12.5));
    let quota = Quota { limit: 1 << 39, offset: 0, period: Period::Month, since: 0 };
    time("usage/count", |_| _ = black_box(usage.count(Some(&quota), 1_767_225_600)));
    time("split/draw", |_| _ = black_box(split.draw()));
}

fn throttle(settings: Settings) -> Throttle {
    let limit = Arc::new(Limit::new(settings));
    let bucket = Arc::new(Bucket::full(&limit));
    Throttle { limit, bucket }
}

/// The best of ten rounds, since others may use the machine.
fn time(name: &str, mut run: impl FnMut(u64)) {
    let round = COUNT / 10;
    let best = (0..10).map(|index| {
        let start = time::Instant::now();
        (index * round..(index + 1) * round).for_each(&mut run);
        start.elapsed()
    });
    let best = best.min().unwrap_or_default();
    println!("{name:24} {:6.1} ns", best.as_nanos() as f64 / round as f64);
}
