use super::*;

#[track_caller]
fn check(rate_rps: f64, expect: Option<u64>) {
    assert_eq!(interval(rate_rps), expect, "{rate_rps}");
}

#[test]
fn interval_is_the_exact_quotient_rounded_up() {
    check(1.0, Some(4_000_000_000));
    check(10_000.0, Some(400_000));
    check(3.0, Some(1_333_333_334));
    check(0.5, Some(8_000_000_000));
    check(3e9, Some(2));
    check(4e9, Some(1));
    check(1e300, Some(1));
    check(f64::INFINITY, Some(1));
    // One tenth is a little more in binary, so its interval is a little less than 4e10.
    check(0.1, Some(40_000_000_000));
    // The next number below 1 needs a little more than 4e9: a rounded quotient would miss it.
    check(1.0f64.next_down(), Some(4_000_000_001));
}

#[test]
fn nothing_comes_of_no_rate() {
    for rate in [0.0, -0.0, -1.0, f64::NAN, f64::NEG_INFINITY, 5e-324, 1e-13, 1e-9] {
        check(rate, None);
    }
    assert_eq!(Pace::of(Settings { rate_rps: 1.0, burst: 0 }), Pace::NOTHING);
    assert_eq!(Pace::of(Settings { rate_rps: 0.0, burst: 9 }), Pace::NOTHING);
}

#[test]
fn burst_is_cut_to_what_the_word_counts() {
    for rate_rps in [1e-7, 1e-3, 1.0, 333.3, 1e6, 1e12] {
        let pace = Pace::of(Settings { rate_rps, burst: u64::MAX });
        assert!(pace.burst > 0 && pace.capacity() <= CAPACITY_UNITS_MAX, "{rate_rps}");
        assert!(pace.capacity() + pace.interval > CAPACITY_UNITS_MAX, "{rate_rps}");
    }
}

#[test]
fn versions_begin_when_first_met_and_in_order() {
    let limit = Limit::new(Settings { rate_rps: 1.0, burst: 1 });
    limit.change(Settings { rate_rps: 2.0, burst: 2 });
    limit.change(Settings { rate_rps: 3.0, burst: 3 });
    assert_eq!(limit.since(1, 70), 70);
    assert_eq!(limit.since(1, 50), 70, "the first to meet it decides");
    assert_eq!(limit.since(2, 60), 70, "not before the one before");
    assert_eq!(limit.settings(), Settings { rate_rps: 3.0, burst: 3 });
}
