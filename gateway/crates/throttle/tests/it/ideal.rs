//! The lower bound: a shard that is alone is refused nothing that a bucket on paper would give.

use std::sync::Arc;

use gateway_throttle::{Bucket, Instant, Leases, Limit, Settings, Throttle};
use proptest::prelude::*;

use crate::oracle::{Ideal, RATE_PARTS, Random};

fn throttle(rate_parts: u64, burst: u64) -> Throttle {
    let rate_rps = rate_parts as f64 / RATE_PARTS as f64;
    let limit = Arc::new(Limit::new(Settings { rate_rps, burst }));
    let bucket = Arc::new(Bucket::full(&limit));
    Throttle { limit, bucket }
}

/// Many buckets, requests that take from several, undone requests, expiry: each answer is that of the
/// buckets on paper, so a refused or undone request leaves every level as it was, exactly.
#[track_caller]
fn alone(seed: u64, steps: u32, bucket_count: u64, shards: usize) -> usize {
    let random = &mut Random(seed);
    let mut ideals = Vec::new();
    let mut throttles = Vec::new();
    for _ in 0..bucket_count {
        // At most 2^58 quarter nanoseconds to fill, which is what the word can count.
        let (rate_parts, burst) = (1 + random.skewed(42), 1 + random.skewed(10));
        let burst = burst.min(rate_parts * 65).min(1 << 10);
        ideals.push(Ideal::full(rate_parts, burst));
        throttles.push(throttle(rate_parts, burst));
    }
    let mut leases = Leases::new(shards);
    let step_bits = random.below(22);
    let mut now = 1 << 33;
    let mut refused = 0;
    for step in 0..steps {
        now += random.below(1 << step_bits);
        if random.one_in(300) {
            now += random.skewed(33);
        }
        let mut picked: Vec<usize> = Vec::new();
        for _ in 0..=random.below(4) {
            let bucket = random.skewed(u64::from(bucket_count.ilog2())) as usize;
            if !picked.contains(&bucket) {
                picked.push(bucket);
            }
        }
        let buckets: Vec<&Throttle> = picked.iter().map(|&bucket| &throttles[bucket]).collect();
        let expect = picked.iter().position(|&bucket| !ideals[bucket].has_token(now));
        match (leases.take(&buckets, Instant(now)), expect) {
            (Ok(taken), None) if random.one_in(8) => {
                now += random.skewed(24);
                leases.undo(&buckets, taken, Instant(now));
            }
            (Ok(taken), None) => {
                leases.settle(&buckets, taken);
                picked.iter().for_each(|&bucket| ideals[bucket].take());
            }
            (Err(throttled), Some(index)) if throttled.index == index => {
                refused += 1;
                let ideal = &mut ideals[picked[index]];
                assert!(throttled.wait_ns > 0);
                let then = now + throttled.wait_ns;
                let missing = ideal.missing();
                let due = (missing + ideal.interval - ideal.burst * ideal.interval + 3) / 4;
                assert_eq!(i128::from(then - now), due, "seed {seed:#x}, step {step}");
            }
            (took, _) => panic!("seed {seed:#x}, step {step}: {took:?}, on paper {expect:?}"),
        }
        if random.one_in(50) {
            leases.expire(Instant(now));
        }
    }
    leases.release_all(Instant(now));
    for (throttle, ideal) in throttles.iter().zip(&mut ideals) {
        let whole = ideal.has_token(now);
        let level = throttle.bucket.level(&throttle.limit, Instant(now));
        assert_eq!(level.tokens >= 1.0, whole, "seed {seed:#x}");
        assert_eq!(i128::from(level.full_ns), (ideal.missing() + 3) / 4, "seed {seed:#x}");
        assert_eq!(level.leased, 0);
    }
    refused
}

#[test]
fn one_shard_takes_what_the_bucket_on_paper_gives() {
    let (first, runs) = (0xA10E_0000, 60);
    println!("seeds {first:#x}..{:#x}, 10000 steps each", first + runs);
    let refused: usize = (first..first + runs)
        .map(|seed| alone(seed, 10_000, 1 << (seed % 4), 1 + (seed % 16) as usize))
        .sum();
    assert!(refused > 10_000, "{refused}");
}

#[test]
fn more_buckets_than_slots_are_each_as_on_paper() {
    for seed in 0xB0C_0000..0xB0C_0004 {
        alone(seed, 40_000, 8_192, 4);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn one_shard_is_as_on_paper_for_any_seed(seed: u64, bits in 0u32..6, shards in 1usize..17) {
        alone(seed, 1_500, 1 << bits, shards);
    }
}

/// A nanosecond clock shows a steady client a whole number of nanoseconds apart: at the rate or just
/// below it, a burst of one is enough, for ever.
#[test]
fn a_steady_client_at_the_rate_is_never_refused() {
    for rate_rps in [0.1, 0.5, 1.0, 3.0, 7.0, 10.0, 99.9, 300.0, 1e3, 1e4, 123_456.7, 1e6] {
        let limit = Arc::new(Limit::new(Settings { rate_rps, burst: 1 }));
        let bucket = Arc::new(Bucket::full(&limit));
        let throttle = Throttle { limit, bucket };
        let mut leases = Leases::new(4);
        let apart_ns = (1e9 / rate_rps).ceil() as u64;
        for count in 0..20_000 {
            let now = Instant(12_345 + count * apart_ns);
            let taken = leases.take(&[&throttle], now).expect("the token is there by now");
            leases.settle(&[&throttle], taken);
            let early = leases.take(&[&throttle], Instant(now.0 + apart_ns / 2));
            assert!(early.is_err(), "{rate_rps} rps: a second one in half the time");
        }
    }
}

/// All shards ask for more than there is: together they get what one would, but for the leases out.
#[test]
fn saturating_shards_get_what_the_bucket_on_paper_gives() {
    for (seed, shard_count) in [(1, 1), (2, 2), (3, 4), (4, 8), (5, 16)] {
        for (rate_rps, burst) in [(1_000, 1), (50_000, 100), (200_000, 5_000), (10, 2_000)] {
            let throttle = throttle(rate_rps * RATE_PARTS as u64, burst);
            let mut shards: Vec<Leases> =
                (0..shard_count).map(|_| Leases::new(shard_count)).collect();
            let random = &mut Random(seed);
            let (start, mut now, mut admitted) = (1u64 << 33, 1u64 << 33, 0);
            let mut expired_at = start;
            let steps = 60_000;
            for _ in 0..steps {
                now += random.below(4_000);
                if now - expired_at > 4_000_000 {
                    expired_at = now;
                    shards.iter_mut().for_each(|leases| leases.expire(Instant(now)));
                }
                let shard = &mut shards[random.below(shard_count as u64) as usize];
                if let Ok(taken) = shard.take(&[&throttle], Instant(now)) {
                    shard.settle(&[&throttle], taken);
                    admitted += 1;
                }
            }
            let most = burst + (now - start) * rate_rps / 1_000_000_000;
            let slack = 2 + 64 * shard_count as u64;
            println!("{shard_count} shards, {rate_rps} rps: {admitted} of {most}");
            let asked_for = most.min(steps);
            assert!(admitted + slack >= asked_for, "{admitted} of {asked_for}");
            assert!(admitted <= most);
        }
    }
}
