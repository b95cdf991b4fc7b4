//! The upper bound: never more than `burst + rate * T` in any interval, whatever shards and clocks do.

use std::sync::Arc;

use gateway_throttle::{Bucket, Instant, Leases, Limit, Settings, Taken, Throttle};
use proptest::prelude::*;

use crate::oracle::{Era, RATE_PARTS, Random, excess};

/// What a simulated run may do.
#[derive(Debug, Clone, Copy)]
struct Plan {
    seed: u64,
    steps: u32,
    changes: bool,
    skew: bool,
}

struct Shard {
    leases: Leases,
    stamp: u64,
    ahead_ns: i64,
    pending: Vec<(Taken, u64)>,
}

/// Plays a run, and returns how many were admitted.
#[track_caller]
fn play(plan: Plan) -> usize {
    let random = &mut Random(plan.seed);
    let shard_count = 1 + random.below(16);
    let mut eras = vec![era(random, 0)];
    let limit = Arc::new(Limit::new(settings(eras[0])));
    let bucket = Arc::new(Bucket::full(&limit));
    let throttle = Throttle { limit, bucket };
    let buckets = [&throttle];
    let skew_bits = random.below(28);
    let mut shards: Vec<Shard> = (0..shard_count)
        .map(|_| Shard {
            leases: Leases::new(shard_count as usize),
            stamp: 0,
            ahead_ns: if plan.skew { random.below(1 << skew_bits) as i64 } else { 0 },
            pending: Vec::new(),
        })
        .collect();
    let step_bits = random.below(24);
    let mut now = 1 << 40;
    let mut skew_ns = 0;
    let mut admitted = Vec::new();
    for _ in 0..plan.steps {
        now += random.below(1 << step_bits);
        if random.one_in(500) {
            now += random.skewed(34);
        }
        if plan.changes && random.one_in(400) {
            let era = era(random, now);
            throttle.limit.change(settings(era));
            if random.one_in(2) {
                throttle.bucket.settle(&throttle.limit, Instant(now));
            } else {
                throttle.bucket.level(&throttle.limit, Instant(now));
            }
            eras.push(era);
        }
        let shard_index = random.below(shard_count) as usize;
        let shard = &mut shards[shard_index];
        if plan.skew && random.one_in(100) {
            shard.ahead_ns = random.below(1 << skew_bits) as i64 - ((1 << skew_bits) >> 1);
        }
        let is_stale = plan.skew && random.one_in(3);
        if !is_stale {
            shard.stamp = shard.stamp.max(now.saturating_add_signed(shard.ahead_ns));
        }
        if shard.stamp == 0 {
            continue;
        }
        skew_ns = skew_ns.max(shard.stamp.abs_diff(now));
        let stamp = shard.stamp;
        match random.below(64) {
            0 => shard.leases.expire(Instant(stamp)),
            1 if random.one_in(8) => shard.leases.release_all(Instant(stamp)),
            2..=4 => {
                if !shard.pending.is_empty() {
                    let index = random.below(shard.pending.len() as u64) as usize;
                    let (taken, taken_at) = shard.pending.swap_remove(index);
                    if random.one_in(2) {
                        shard.leases.undo(&buckets, taken, Instant(stamp));
                    } else {
                        shard.leases.settle(&buckets, taken);
                        admitted.push(taken_at);
                    }
                }
            }
            what => {
                let Ok(taken) = shard.leases.take(&buckets, Instant(stamp)) else { continue };
                match what {
                    5..=7 => shard.pending.push((taken, stamp)),
                    8..=11 => shard.leases.undo(&buckets, taken, Instant(stamp)),
                    _ => {
                        shard.leases.settle(&buckets, taken);
                        admitted.push(stamp);
                    }
                }
            }
        }
    }
    for shard in &mut shards {
        for (taken, taken_at) in shard.pending.drain(..) {
            shard.leases.settle(&buckets, taken);
            admitted.push(taken_at);
        }
        shard.leases.release_all(Instant(now));
        assert!(!shard.leases.has_leases());
    }
    let leased = throttle.bucket.level(&throttle.limit, Instant(now)).leased;
    assert_eq!(leased, 0, "{plan:?}: all leases are handed back");
    let skew_ns = if plan.changes { skew_ns } else { 0 };
    if let Some(excess) = excess(&eras, skew_ns, &mut admitted) {
        panic!("{plan:?}, {shard_count} shards, {skew_ns} ns of skew: {excess}; {eras:?}");
    }
    admitted.len()
}

/// Rates from one token in two minutes to 4e12 a second, and none; bursts from 1 to 2^40, and none.
fn era(random: &mut Random, from_ns: u64) -> Era {
    let rate_parts = match random.below(16) {
        0 => 0,
        1 => 1 + random.below(1 << 20),
        2 => (1 + random.below(4_000)) * RATE_PARTS as u64 * 1_000_000_000,
        3..=6 => (1 + random.below(10_000)) * RATE_PARTS as u64,
        _ => 1 + random.skewed(40),
    };
    let burst = match random.below(16) {
        0 => random.below(2),
        1 => random.skewed(40),
        2..=4 => 1,
        _ => 1 + random.skewed(10),
    };
    Era { from_ns: i128::from(from_ns), rate_parts: rate_parts.min(1 << 62), burst }
}

fn settings(era: Era) -> Settings {
    let rate_rps = era.rate_parts as f64 / RATE_PARTS as f64;
    Settings { rate_rps, burst: era.burst }
}

fn play_many(runs: u64, changes: bool, skew: bool) {
    let first = 0x7EA5_0000;
    println!("seeds {first:#x}..{:#x}, 5000 steps each", first + runs);
    let played: usize =
        (first..first + runs).map(|seed| play(Plan { seed, steps: 5_000, changes, skew })).sum();
    println!("{played} admitted");
    assert!(played as u64 > runs * 100, "the runs admit enough to mean something: {played}");
}

#[test]
fn bound_holds_with_one_clock() {
    play_many(150, false, false);
}

#[test]
fn bound_holds_with_skewed_and_stale_clocks() {
    play_many(200, false, true);
}

#[test]
fn bound_holds_with_changing_settings() {
    play_many(150, true, false);
}

#[test]
fn bound_holds_with_changing_settings_and_skewed_clocks() {
    play_many(200, true, true);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn bound_holds_for_any_seed(seed: u64, changes: bool, skew: bool) {
        play(Plan { seed, steps: 2_000, changes, skew });
    }
}
