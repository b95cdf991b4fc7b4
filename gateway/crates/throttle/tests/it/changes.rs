//! Settings that change while buckets are in use.

use std::sync::Arc;

use gateway_throttle::{Bucket, Instant, Leases, Limit, Settings, Throttle};

const S: u64 = 1_000_000_000;

fn throttle(rate_rps: f64, burst: u64) -> Throttle {
    let limit = Arc::new(Limit::new(Settings { rate_rps, burst }));
    let bucket = Arc::new(Bucket::full(&limit));
    Throttle { limit, bucket }
}

fn take(leases: &mut Leases, throttle: &Throttle, count: u64, now: u64) -> u64 {
    let mut taken_count = 0;
    for _ in 0..count {
        if let Ok(taken) = leases.take(&[throttle], Instant(now)) {
            leases.settle(&[throttle], taken);
            taken_count += 1;
        }
    }
    taken_count
}

fn change(throttle: &Throttle, rate_rps: f64, burst: u64, now: u64) {
    throttle.limit.change(Settings { rate_rps, burst });
    throttle.bucket.settle(&throttle.limit, Instant(now));
}

#[track_caller]
fn check(throttle: &Throttle, now: u64, tokens: f64) {
    let level = throttle.bucket.level(&throttle.limit, Instant(now));
    assert!((level.tokens - tokens).abs() < 1e-6, "{level:?}, expected {tokens}");
}

#[test]
fn a_change_keeps_the_tokens_as_far_as_they_fit() {
    let throttle = throttle(1.0, 10);
    let mut leases = Leases::new(1);
    assert_eq!(take(&mut leases, &throttle, 3, 100 * S), 3);
    change(&throttle, 0.25, 40, 100 * S);
    check(&throttle, 100 * S, 7.0);
    check(&throttle, 108 * S, 9.0);
    change(&throttle, 2.0, 5, 108 * S);
    check(&throttle, 108 * S, 5.0);
    assert_eq!(take(&mut leases, &throttle, 9, 108 * S), 5);
    change(&throttle, 1_000.0, 1_000, 109 * S);
    check(&throttle, 109 * S, 2.0);
    check(&throttle, 109 * S + S / 10, 102.0);
}

#[test]
fn nothing_passes_a_kill_switch_and_tokens_come_back_after_it() {
    for off in [(0.0, 100), (100.0, 0), (0.0, 0)] {
        let throttle = throttle(100.0, 100);
        let mut leases = Leases::new(1);
        assert_eq!(take(&mut leases, &throttle, 20, 100 * S), 20);
        assert!(leases.has_leases(), "a lease is out when the switch is thrown");
        change(&throttle, off.0, off.1, 100 * S);
        assert_eq!(take(&mut leases, &throttle, 20, 100 * S), 0);
        assert_eq!(take(&mut leases, &throttle, 20, 200 * S), 0);
        let refused = leases.take(&[&throttle], Instant(200 * S)).expect_err("nothing passes");
        assert_eq!(refused.wait_ns, u64::MAX);
        change(&throttle, 10.0, 100, 200 * S);
        assert_eq!(take(&mut leases, &throttle, 1, 200 * S), 0);
        assert_eq!(take(&mut leases, &throttle, 99, 201 * S), 10);
    }
}

/// A bucket that nobody touches for many changes is converted as of each of them, which another bucket
/// of the same limit has met.
#[test]
fn an_idle_bucket_is_converted_as_of_each_change() {
    let throttle = throttle(1.0, 100);
    let bucket = Arc::new(Bucket::full(&throttle.limit));
    let idle = Throttle { limit: throttle.limit.clone(), bucket };
    let mut leases = Leases::new(1);
    assert_eq!(take(&mut leases, &idle, 100, 1_000 * S), 100);
    leases.release_all(Instant(1_000 * S));
    for step in 0..14 {
        change(&throttle, 1.0 + (step % 3) as f64, 1_000, (1_010 + 10 * step) * S);
    }
    // Ten seconds at one a second; then 1, 2, 3 a second in turn, ten seconds each.
    check(&idle, 1_150 * S, 10.0 + 4.0 * 60.0 + 10.0 + 20.0);
}

#[test]
fn leased_tokens_come_back_under_the_new_settings() {
    let throttle = throttle(1e-4, 1_000);
    let mut leases = Leases::new(1);
    assert_eq!(take(&mut leases, &throttle, 100, 100 * S), 100);
    change(&throttle, 1e-4, 950, 100 * S);
    leases.release_all(Instant(100 * S));
    check(&throttle, 100 * S, 900.0);
}
