use super::*;
use crate::evidence::Span;
use crate::simulated::{Noise, World};

/// A burst in a millisecond, then as the check offers it.
fn due(limit: &Limit) -> Vec<u64> {
    let count = limit.burst + BEYOND_BURST;
    let mut due: Vec<u64> = (0..count).map(|at| at * 1_000 / count).collect();
    let rate = refill_rps(limit);
    let more = (rate * watched(limit).as_secs_f64()) as u64;
    due.extend((0..more).map(|at| 1_000 + (at as f64 * 1e6 / rate) as u64));
    due
}

fn found(promised: &[Limit], actual: &[Limit], seed: u64, stall_us: u64) -> Found {
    let mut noise = Noise::new(seed);
    let world = World {
        limits: actual.to_vec(),
        shards: 1 + noise.below(3) as usize,
        is_per_shard: false,
        delay_us: 300,
        stall_us,
        lost: 0,
    };
    let mut found = Found::NOTHING;
    for round in 0..BURST_ROUNDS as u64 {
        let spans = world.run(&due(&promised[0]), 1, 1_024, seed * 10 + round);
        assert!(actual != promised || judge::over(promised, &spans).is_none(), "seed {seed}");
        found.add(promised, 0, &spans);
    }
    found
}

fn limit(seed: u64) -> Limit {
    let mut noise = Noise::new(seed ^ 0x77);
    Limit { rate_rps: 5.0 + noise.below(300) as f64, burst: 1 + noise.below(100) }
}

#[test]
fn a_right_burst_is_found_and_never_called_wrong() {
    let mut exact = 0;
    for seed in 0..1_000 {
        let limits = [limit(seed), Limit { rate_rps: 1_000.0, burst: 200 }];
        let found = found(&limits, &limits, seed, [500, 20_000, 150_000][seed as usize % 3]);
        assert!(!found.is_short, "seed {seed}: {found:?}");
        assert!(found.least <= limits[0].burst as f64 + ROUNDING_TOKENS, "seed {seed}: {found:?}");
        exact += usize::from(found.text() == format!("holds {} tokens", limits[0].burst));
    }
    assert!(exact > 800, "{exact} of 1000 were known exactly");
}

#[test]
fn one_token_more_or_less_is_caught() {
    for seed in 0..300 {
        let promised = limit(seed);
        let more = Limit { burst: promised.burst + 1, ..promised };
        let over = found(&[promised], &[more], seed, 2_000);
        assert!(over.least > promised.burst as f64 + ROUNDING_TOKENS, "seed {seed}: {over:?}");
        if promised.burst > 1 {
            let fewer = Limit { burst: promised.burst - 1, ..promised };
            let short = found(&[promised], &[fewer], seed, 2_000);
            assert!(short.is_short, "seed {seed}: {short:?}");
        }
    }
}

#[test]
fn what_is_found_reads_well() {
    let found = |least, below| Found { least, below, is_short: false }.text();
    assert_eq!(found(19.2, 20.7), "holds 20 tokens");
    assert_eq!(found(18.2, 21.7), "holds 19 to 21 tokens");
    assert_eq!(found(20.0, 20.5), "holds 20 tokens");
    assert_eq!(found(3.0, f64::INFINITY), "holds 3 tokens or more");
    assert_eq!(found(10.0, 8.5), "holds 10 tokens or more");
}

#[test]
fn what_others_take_meanwhile_is_told_from_too_small_a_bucket() {
    let limit = Limit { rate_rps: 1.0, burst: 5 };
    let span = |at_us: u64| Span { sent_us: at_us, received_us: at_us + 100 };
    // Five pass at once; five seconds later, the bucket is full again, and others have used it.
    let spans = Spans {
        admitted: (0..5).map(|at| span(at * 200)).collect(),
        refused: vec![span(1_000), span(6_000_000)],
        ..Spans::default()
    };
    let mut found = Found::NOTHING;
    found.add(&[limit], 0, &spans);
    assert!(found.is_short && found.is_contradictory(), "{found:?}");
    let small = Spans { admitted: spans.admitted[..4].to_vec(), ..spans };
    let small = Spans { refused: vec![span(900)], ..small };
    let mut found = Found::NOTHING;
    found.add(&[limit], 0, &small);
    assert!(found.is_short && !found.is_contradictory(), "{found:?}");
}
