use super::*;
use crate::simulated::{Noise, World, evenly};

const LASTS_S: f64 = 1.0;

fn world(limits: &[Limit], seed: u64) -> World {
    let mut noise = Noise::new(seed ^ 0xabcd);
    World {
        limits: limits.to_vec(),
        shards: 1 + noise.below(4) as usize,
        is_per_shard: false,
        delay_us: [50, 400, 5_000][noise.below(3) as usize],
        stall_us: [1_000, 30_000, 120_000][noise.below(3) as usize],
        lost: [0, 0, 100][noise.below(3) as usize],
    }
}

fn limit(seed: u64) -> Limit {
    let mut noise = Noise::new(seed ^ 0x1234);
    Limit { rate_rps: 10.0 + noise.below(2_900) as f64 / 10.0, burst: 1 + noise.below(60) }
}

/// A run of a check against a gateway with `actual` limits, where others are promised.
fn judged(promised: &[Limit], world: &World, seed: u64) -> Judgement {
    let limit = promised[0];
    let offered = (2.0 * limit.rate_rps + limit.burst as f64 / LASTS_S).max(20.0);
    let spans = world.run(&evenly(offered, LASTS_S), 16, 1, seed);
    rate(promised, 0, 16, &spans)
}

#[test]
fn a_right_gateway_never_fails_whatever_the_noise() {
    let mut shorts = 0;
    for seed in 0..2_000 {
        let mut limits = vec![limit(seed)];
        if seed % 3 == 0 {
            limits.push(Limit { rate_rps: limits[0].rate_rps * 1.5, burst: limits[0].burst * 2 });
        }
        let world = world(&limits, seed);
        let mut in_a_row = 0;
        for run in 0..crate::limits::RUNS_MAX as u64 {
            match judged(&limits, &world, seed * 10 + run).judged {
                Judged::Over(why) => panic!("seed {seed}: {why}"),
                Judged::Short(_) => in_a_row += 1,
                Judged::Kept | Judged::Open(_) => break,
            }
        }
        shorts += usize::from(in_a_row > 0);
        assert!(in_a_row < crate::limits::RUNS_MAX, "seed {seed}: three times short");
    }
    assert!(shorts < 100, "{shorts} of 2000 were tried again");
}

#[test]
fn wrong_rates_and_buckets_of_each_shard_are_caught() {
    for seed in 0..300 {
        // Enough tokens in a second that half as many are no longer within what leases may hold.
        let mut promised = limit(seed);
        promised.rate_rps += 100.0;
        let promised = [promised];
        let [Limit { rate_rps, burst }] = promised;
        let calm = |limits: &[Limit]| World {
            delay_us: 300,
            stall_us: 20_000,
            lost: 0,
            ..world(limits, seed)
        };
        let doubled = calm(&[Limit { rate_rps: 2.0 * rate_rps, burst }]);
        let found = judged(&promised, &doubled, seed);
        assert!(matches!(found.judged, Judged::Over(_)), "seed {seed}, doubled: {found:?}");
        let halved = calm(&[Limit { rate_rps: rate_rps / 2.0, burst }]);
        let found = judged(&promised, &halved, seed);
        assert!(matches!(found.judged, Judged::Short(_)), "seed {seed}, halved: {found:?}");
        let per_shard = World { shards: 2, is_per_shard: true, ..calm(&promised) };
        let found = judged(&promised, &per_shard, seed);
        assert!(matches!(found.judged, Judged::Over(_)), "seed {seed}, per shard: {found:?}");
    }
}

#[test]
fn a_shut_limit_admits_nothing() {
    let shut = [Limit { rate_rps: 0.0, burst: 0 }];
    let open = [Limit { rate_rps: 5.0, burst: 5 }];
    let due = evenly(20.0, 1.0);
    let spans = world(&shut, 1).run(&due, 4, 1, 1);
    assert_eq!(rate(&shut, 0, 4, &spans).judged, Judged::Kept);
    let spans = world(&open, 2).run(&due, 4, 1, 1);
    assert!(matches!(rate(&shut, 0, 4, &spans).judged, Judged::Over(_)));
}

#[test]
fn the_lease_is_the_gateways() {
    assert_eq!(LEASE_TOKENS_MAX, u64::from(gateway_throttle::limits::LEASE_TOKENS_MAX));
    assert_eq!(LEASE_S_MAX, 2.0 * gateway_throttle::limits::LEASE_MS as f64 / 1e3);
}

#[test]
fn another_limit_costs_no_slack_while_it_is_far_from_empty() {
    let limits = [Limit { rate_rps: 10.0, burst: 3 }, Limit { rate_rps: 300.0, burst: 100 }];
    let spans = world(&limits, 3).run(&evenly(21.0, 3.0), 16, 1, 3);
    let found = rate(&limits, 0, 16, &spans);
    assert!(found.least >= 25, "{found:?}");
}
