use std::time::Duration;

use proptest::prelude::*;

use super::*;

fn steps(rates: &[(f64, f64, u64)]) -> Schedule {
    let step = |&(from_rps, to_rps, ms): &(f64, f64, u64)| Step {
        from_rps,
        to_rps,
        lasts: Duration::from_millis(ms),
    };
    Schedule::of(&rates.iter().map(step).collect::<Vec<_>>())
}

#[test]
fn a_constant_rate_is_evenly_spaced_from_the_start() {
    let schedule = steps(&[(1000.0, 1000.0, 2000)]);
    assert_eq!(schedule.count(), 2000);
    for index in 0..2000 {
        let due = schedule.due_us(index);
        assert!(due.abs_diff(index * 1000) <= 1, "{index}: {due}");
    }
}

#[test]
fn nothing_drifts_in_a_week() {
    let schedule = steps(&[(30_000.0, 30_000.0, 7 * 86_400_000)]);
    assert_eq!(schedule.count(), 30_000 * 7 * 86_400);
    let last = schedule.count() - 30_000;
    assert!(schedule.due_us(last).abs_diff((7 * 86_400 - 1) * 1_000_000) <= 1);
}

#[test]
fn a_ramp_follows_the_integral() {
    // N(t) = 50 t²: 100 of 200 requests... are due by the square root of a half of the time.
    let schedule = steps(&[(0.0, 200.0, 2000)]);
    assert_eq!(schedule.count(), 200);
    assert_eq!(schedule.due_us(0), 0);
    assert!(schedule.due_us(50).abs_diff(1_000_000) <= 1);
    let down = steps(&[(200.0, 0.0, 2000)]);
    assert_eq!(down.count(), 200);
    assert!(down.due_us(150).abs_diff(1_000_000) <= 1);
}

#[test]
fn pauses_have_no_requests() {
    let schedule = steps(&[(10.0, 10.0, 1000), (0.0, 0.0, 5000), (10.0, 10.0, 1000)]);
    assert_eq!(schedule.count(), 20);
    assert!(schedule.due_us(9) < 1_000_000);
    assert!(schedule.due_us(10).abs_diff(6_000_000) <= 1);
    assert_eq!(schedule.lasts_us(), 7_000_000);
}

#[test]
fn at_once_is_all_at_time_zero() {
    let schedule = Schedule::new(&Arrivals::AtOnce { count: 7 }).expect("an open model");
    assert_eq!((schedule.count(), schedule.lasts_us()), (7, 0));
    assert!((0..7).all(|index| schedule.due_us(index) == 0));
}

/// The integral of the rate from the start to `t`, by the formula of the trapezium.
fn integral(rates: &[(f64, f64, u64)], t: f64) -> f64 {
    let (mut sum, mut start) = (0.0, 0.0);
    for &(from, to, ms) in rates {
        let lasts = ms as f64 / 1000.0;
        let inside = (t - start).clamp(0.0, lasts);
        let at = from + (to - from) * inside / lasts;
        sum += (from + at) / 2.0 * inside;
        start += lasts;
    }
    sum
}

proptest! {
    #[test]
    fn any_window_has_the_integral_up_to_one(
        rates in proptest::collection::vec((0.0..3000.0, 0.0..3000.0, 1_u64..3000), 1..6),
        a in 0.0..12.0, b in 0.0..12.0,
    ) {
        let schedule = steps(&rates);
        let (a, b) = if a < b { (a, b) } else { (b, a) };
        let due: Vec<f64> = (0..schedule.count()).map(|index| schedule.due_s(index)).collect();
        prop_assert!(due.is_sorted());
        let inside = due.iter().filter(|&&t| a <= t && t < b).count() as f64;
        let exact = integral(&rates, b) - integral(&rates, a);
        prop_assert!((exact - 1e-6).floor() <= inside && inside <= (exact + 1e-6).ceil(),
            "{inside} requests, {exact} due");
        let total = integral(&rates, f64::INFINITY);
        prop_assert!((schedule.count() as f64 - total).abs() < 1.0 + 1e-6);
    }

    #[test]
    fn threads_share_one_schedule(count in 0_u64..500, threads in 1_u64..9) {
        let mut all: Vec<u64> =
            (0..threads).flat_map(|i| (i..count).step_by(threads as usize)).collect();
        all.sort_unstable();
        prop_assert_eq!(all, (0..count).collect::<Vec<_>>());
    }
}
