//! Real threads on one bucket, one quota and one split.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time;

use gateway_throttle::{
    Bucket, Instant, Leases, Limit, Period, Quota, Settings, Split, Throttle, Usage,
};

use crate::oracle::{Era, RATE_PARTS, excess};

const THREADS: u64 = 6;

/// Takes until every thread has asked often enough, by a clock; the bound holds on the sum.
fn hammer(rate_rps: u64, burst: u64, clock: impl Fn() -> u64 + Sync) -> usize {
    let rate_parts = rate_rps * RATE_PARTS as u64;
    let limit = Arc::new(Limit::new(Settings { rate_rps: rate_rps as f64, burst }));
    let bucket = Arc::new(Bucket::full(&limit));
    let throttle = Throttle { limit, bucket };
    let run = |thread: u64| {
        let mut leases = Leases::new(THREADS as usize);
        let mut admitted = Vec::new();
        for count in 0..60_000u64 {
            let now = clock();
            if let Ok(taken) = leases.take(&[&throttle], Instant(now)) {
                if (count + thread).is_multiple_of(7) {
                    leases.undo(&[&throttle], taken, Instant(now));
                } else {
                    leases.settle(&[&throttle], taken);
                    admitted.push(now);
                }
            }
            if count.is_multiple_of(1_000) {
                leases.expire(Instant(now));
            }
        }
        admitted
    };
    let mut admitted: Vec<u64> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|t| scope.spawn(move || run(t))).collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("no panic")).collect()
    });
    assert_eq!(throttle.bucket.level(&throttle.limit, Instant(clock())).leased, 0);
    let eras = [Era { from_ns: 0, rate_parts, burst }];
    assert_eq!(excess(&eras, 0, &mut admitted), None, "{rate_rps} rps, burst {burst}");
    admitted.len()
}

#[test]
fn bound_holds_for_threads() {
    for (rate_rps, burst) in [(1, 5_000), (20_000, 1), (1_000_000, 64), (50_000_000, 100_000)] {
        let start = time::Instant::now();
        let admitted = hammer(rate_rps, burst, || start.elapsed().as_nanos() as u64);
        assert!(admitted as u64 >= burst.min(10_000) / 2, "{admitted}");
    }
}

/// Time that moves by a nanosecond a take keeps the word where everything happens at once.
#[test]
fn bound_holds_for_threads_in_slow_time() {
    for (rate_rps, burst) in [(1_000_000_000, 1), (100_000_000, 10), (500_000_000, 300)] {
        let time = AtomicU64::new(1);
        hammer(rate_rps, burst, || time.fetch_add(1, Ordering::Relaxed));
    }
}

/// The settings change under the threads; at the end they are those of the last change.
#[test]
fn a_kill_switch_stops_all_threads() {
    let limit = Arc::new(Limit::new(Settings { rate_rps: 1e9, burst: 1_000 }));
    let bucket = Arc::new(Bucket::full(&limit));
    let throttle = Throttle { limit, bucket };
    let is_off = AtomicBool::new(false);
    let start = time::Instant::now();
    let now = || Instant(start.elapsed().as_nanos() as u64);
    let run = || {
        let mut leases = Leases::new(THREADS as usize);
        let mut after = 0;
        for _ in 0..200_000 {
            let was_off = is_off.load(Ordering::SeqCst);
            if let Ok(taken) = leases.take(&[&throttle], now()) {
                leases.settle(&[&throttle], taken);
                after += u64::from(was_off);
            }
        }
        after
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(run)).collect();
        for count in 1..=9u64 {
            let rate_rps = if count == 9 { 0.0 } else { 1e6 * count as f64 };
            throttle.limit.change(Settings { rate_rps, burst: count * 100 });
            throttle.bucket.settle(&throttle.limit, now());
        }
        is_off.store(true, Ordering::SeqCst);
        for thread in threads {
            assert_eq!(thread.join().expect("no panic"), 0, "none is admitted after the switch");
        }
    });
    let level = throttle.bucket.level(&throttle.limit, now());
    assert_eq!((level.leased, level.next_token_ns), (0, u64::MAX));
}

#[test]
fn exactly_the_quota_is_admitted() {
    let quota = Quota { limit: 100_003, offset: 3, period: Period::Day, since: 19_000 };
    let usage = Usage::new();
    let unix_s = 19_000 * 86_400 + 5;
    let run = || (0..30_000).filter(|_| usage.count(Some(&quota), unix_s).is_ok()).count();
    let admitted: usize = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(run)).collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).sum()
    });
    assert_eq!(admitted, 100_000);
    assert_eq!(usage.record().used, 100_000);
    assert_eq!(usage.record().days[0], (19_000, 100_000));
}

#[test]
fn the_share_is_exact_over_threads() {
    let split = Split::new(12.3);
    let run = || (0..50_000).filter(|_| split.draw()).count();
    let drawn: usize = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(run)).collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).sum()
    });
    assert_eq!(drawn, 200 * 123);
}
