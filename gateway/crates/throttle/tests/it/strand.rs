//! No token lies in a lease for more than ten milliseconds.

use std::sync::Arc;

use gateway_throttle::{Bucket, Instant, Leases, Limit, Settings, Throttle};

use crate::oracle::Random;

const MS: u64 = 1_000_000;

/// Shards take from a bucket that hardly refills, and stop. Each goes on calling `expire` every 5 ms,
/// from a phase of its own. Ten milliseconds after the last take, one shard gets all that is left.
#[test]
fn ten_milliseconds_after_the_last_take_one_shard_gets_all_the_rest() {
    let mut most_leased = 0;
    for seed in 0..400 {
        let random = &mut Random(0x57A4_0000 + seed);
        let shard_count = 2 + random.below(15) as usize;
        let burst = 1 + random.skewed(13);
        let limit = Arc::new(Limit::new(Settings { rate_rps: 0.01, burst }));
        let bucket = Arc::new(Bucket::full(&limit));
        let throttle = Throttle { limit, bucket };
        let mut shards: Vec<Leases> = (0..shard_count).map(|_| Leases::new(shard_count)).collect();
        let phases: Vec<u64> = (0..shard_count).map(|_| random.below(5 * MS)).collect();
        let mut now = 1 << 33;
        let (mut taken_count, mut last) = (0, now);
        for _ in 0..random.skewed(12) {
            let before = now;
            now += random.below(50_000);
            turn(&mut shards, &phases, before, now);
            let shard = &mut shards[random.below(shard_count as u64) as usize];
            for _ in 0..=random.below(8) {
                if let Ok(taken) = shard.take(&[&throttle], Instant(now)) {
                    shard.settle(&[&throttle], taken);
                    (taken_count, last) = (taken_count + 1, now);
                }
            }
        }
        let level = throttle.bucket.level(&throttle.limit, Instant(now));
        most_leased = most_leased.max(level.leased);
        turn(&mut shards, &phases, now, now.max(last + 10 * MS));
        let now = Instant(now.max(last + 10 * MS));
        let level = throttle.bucket.level(&throttle.limit, now);
        assert_eq!(level.leased, 0, "seed {seed}");
        let mut rest = 0;
        while let Ok(taken) = shards[0].take(&[&throttle], now) {
            shards[0].settle(&[&throttle], taken);
            rest += 1;
        }
        assert_eq!(taken_count + rest, burst, "seed {seed}: {shard_count} shards");
    }
    assert!(most_leased > 100, "leases were out: {most_leased}");
}

/// Lets each shard call `expire` at the instants of its phase after `from` and until `to`.
fn turn(shards: &mut [Leases], phases: &[u64], from: u64, to: u64) {
    for (leases, phase) in shards.iter_mut().zip(phases) {
        let mut at = (from - phase) / (5 * MS) * (5 * MS) + phase;
        while at <= to {
            if at > from {
                leases.expire(Instant(at));
            }
            at += 5 * MS;
        }
    }
}

/// A shard that takes slowly from a lease hands it back all the same.
#[test]
fn a_lease_in_slow_use_is_handed_back_too() {
    let limit = Arc::new(Limit::new(Settings { rate_rps: 0.01, burst: 10_000 }));
    let bucket = Arc::new(Bucket::full(&limit));
    let throttle = Throttle { limit, bucket };
    let mut leases = Leases::new(2);
    let mut now = 1 << 33;
    let take = |leases: &mut Leases, now| {
        let taken = leases.take(&[&throttle], Instant(now)).expect("there are plenty");
        leases.settle(&[&throttle], taken);
    };
    (0..300).for_each(|_| take(&mut leases, now));
    assert!(leases.has_leases());
    for _ in 0..5 {
        now += MS;
        take(&mut leases, now);
    }
    leases.expire(Instant(now));
    assert!(!leases.has_leases());
}
