use std::sync::Arc;

use gateway_throttle::{Bucket, Instant, Leases, Throttle};
use proptest::prelude::*;

use super::*;

fn limit() -> impl Strategy<Value = Limit> {
    (1_u32..20_000, 1_u64..40)
        .prop_map(|(rate, burst)| Limit { rate_rps: f64::from(rate) / 4.0, burst })
}

fn arrivals() -> impl Strategy<Value = Vec<u64>> {
    prop::collection::vec(0_u64..20_000, 1..200).prop_map(|gaps| {
        let mut now = 0;
        gaps.into_iter()
            .map(|gap| {
                now += gap * gap / 20_000;
                now
            })
            .collect()
    })
}

proptest! {
    /// The same in whole numbers: a token is a million parts times four.
    #[test]
    fn the_paper_is_the_bucket_in_whole_numbers(limit in limit(), arrivals in arrivals()) {
        const TOKEN: u128 = 4_000_000;
        let rate = (limit.rate_rps * 4.0) as u128;
        let full = u128::from(limit.burst) * TOKEN;
        let (mut level, mut last) = (full, arrivals[0]);
        let counted: Vec<bool> = arrivals.iter().map(|at| {
            level = full.min(level + u128::from(at - last) * rate);
            last = *at;
            let is_admitted = level >= TOKEN;
            level -= if is_admitted { TOKEN } else { 0 };
            is_admitted
        }).collect();
        prop_assert_eq!(run(&[limit], &arrivals).is_admitted, counted);
    }

    /// The gateway's own bucket, on one shard, admits as many: its interval is rounded up by less than a nanosecond.
    #[test]
    fn the_gateways_bucket_is_the_one_on_paper(limits in prop::collection::vec(limit(), 1..4), arrivals in arrivals()) {
        let throttles: Vec<Throttle> = limits.iter().map(|limit| {
            let settings = gateway_throttle::Settings { rate_rps: limit.rate_rps, burst: limit.burst };
            let limit = Arc::new(gateway_throttle::Limit::new(settings));
            let bucket = Arc::new(Bucket::full(&limit));
            Throttle { limit, bucket }
        }).collect();
        let throttles: Vec<&Throttle> = throttles.iter().collect();
        let mut leases = Leases::new(1);
        let count = arrivals.iter().filter(|at| {
            match leases.take(&throttles, Instant(1_000_000_000 + **at * 1_000)) {
                Ok(taken) => { leases.settle(&throttles, taken); true }
                Err(_) => false,
            }
        }).count() as u64;
        let on_paper = run(&limits, &arrivals).count();
        prop_assert!(on_paper.abs_diff(count) <= 1, "{on_paper} {count}");
    }
}

#[test]
fn a_refused_request_takes_nothing_from_any_bucket() {
    let narrow = Limit { rate_rps: 1.0, burst: 1 };
    let wide = Limit { rate_rps: 0.001, burst: 3 };
    let arrivals: Vec<u64> = (0..30).map(|at| at * 100_000).collect();
    let run = run(&[narrow, wide], &arrivals);
    assert_eq!(run.count(), 3, "one a second, until the wide bucket is empty");
    assert_eq!(run.lowest.len(), 2);
}

#[test]
fn nothing_passes_what_is_shut() {
    for shut in [Limit { rate_rps: 0.0, burst: 5 }, Limit { rate_rps: 5.0, burst: 0 }] {
        assert_eq!(run(&[shut], &[0, 1_000_000]).count(), 0);
        assert_eq!((shut.most(1e9), shut.refill_s()), (0.0, 0.0));
    }
}
