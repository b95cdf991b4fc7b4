use super::*;
use crate::simulated::Noise;

#[test]
fn chance_is_the_binomial_distributions() {
    // 1,000 requests, of which 1 % may be slower: 21 or more come about once in 641 runs, 22 once in 1,421.
    assert_eq!(exceeding(1_000, 0.01), 22);
    assert_eq!(exceeding(10, 0.5), 10, "ten of ten come once in 1,024 runs");
    assert!(exceeding(50_000, 0.001) > 50);
    assert!((50_450..50_530).contains(&exceeding(100_000, 0.5)));
}

#[test]
fn a_kept_percentile_seems_broken_no_more_often_than_stated() {
    let (mut noise, mut broken) = (Noise::new(7), 0);
    let most = exceeding(1_000, 0.01);
    for _ in 0..4_000 {
        let slower = (0..1_000).filter(|_| noise.below(100) == 0).count() as u64;
        broken += u64::from(slower >= most);
    }
    assert!(broken <= 14, "{broken} of 4000");
}

#[test]
fn what_is_above_is_counted() {
    let mut latency_us = Histogram::new(3).unwrap();
    for us in [10, 20, 30, 1_000] {
        latency_us.record(us).unwrap();
    }
    assert_eq!(above(&latency_us, 20.0), 2);
    assert_eq!(above(&latency_us, 5_000.0), 0);
    assert_eq!(above(&latency_us, 0.5), 4);
}

#[test]
fn percentiles_need_enough_requests() {
    let metric = |text: &str| text.parse::<Threshold>().unwrap().metric();
    assert_eq!(samples_min(metric("p99<5ms")), 1_000.0);
    assert_eq!(samples_min(metric("p99.9<5ms")), 10_000.0);
    assert_eq!(samples_min(metric("errors<1%")), 1.0);
}
