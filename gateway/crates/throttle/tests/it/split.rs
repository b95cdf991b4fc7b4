//! The canary's share, block by block and window by window.

use gateway_throttle::Split;
use proptest::prelude::*;

fn drawn(split: &Split, count: usize) -> Vec<bool> {
    (0..count).map(|_| split.draw()).collect()
}

fn yeses(draws: &[bool]) -> usize {
    draws.iter().filter(|&&draw| draw).count()
}

#[test]
fn every_thousand_draws_hold_the_share_and_any_thousand_are_within_one() {
    for tenths in 0..=1_000 {
        let split = Split::new(tenths as f64 / 10.0);
        let draws = drawn(&split, 6_000);
        for block in draws.chunks(1_000) {
            assert_eq!(yeses(block), tenths, "{tenths} tenths of a per cent");
        }
        let mut window = yeses(&draws[..1_000]);
        for start in 0..draws.len() - 1_000 {
            assert!(window.abs_diff(tenths) <= 1, "{tenths} from {start}: {window}");
            window = window + usize::from(draws[start + 1_000]) - usize::from(draws[start]);
        }
    }
}

#[test]
fn small_shares_add_up_over_blocks() {
    for (percent, blocks, yes_count) in
        [(0.01, 30, 3), (0.05, 4, 2), (0.25, 4, 10), (99.99, 10, 9_999)]
    {
        assert_eq!(yeses(&drawn(&Split::new(percent), blocks * 1_000)), yes_count, "{percent}");
    }
}

#[test]
fn blocks_differ_and_a_client_that_asks_every_tenth_time_meets_the_share() {
    let split = Split::new(10.0);
    let draws = drawn(&split, 400_000);
    assert_ne!(draws[..1_000], draws[1_000..2_000]);
    for period in [2, 3, 5, 10, 100, 1_000] {
        for phase in [0, 1, period - 1] {
            let seen: Vec<bool> = draws.iter().copied().skip(phase).step_by(period).collect();
            let (share, count) = (yeses(&seen) as f64 / seen.len() as f64, seen.len() as f64);
            // Six standard deviations of independent draws.
            assert!(
                (share - 0.1).abs() < 6.0 * (0.09 / count).sqrt(),
                "{period}, {phase}: {share}"
            );
        }
    }
}

#[test]
fn another_share_begins_at_once_and_the_same_goes_on() {
    let split = Split::new(50.0);
    drawn(&split, 333);
    split.set_percent(0.5);
    assert_eq!(split.percent(), 0.5);
    let draws = drawn(&split, 300);
    split.set_percent(0.5);
    assert_eq!(yeses(&draws) + yeses(&drawn(&split, 700)), 5);
    for (percent, kept) in [(-1.0, 0.0), (f64::NAN, 0.0), (101.0, 100.0), (f64::INFINITY, 100.0)] {
        split.set_percent(percent);
        assert_eq!(split.percent(), kept);
        assert_eq!(yeses(&drawn(&split, 500)), kept as usize * 5);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_number_of_blocks_holds_the_share_rounded_down(millionths in 0u64..=100_000_000, blocks in 1usize..20) {
        let split = Split::new(millionths as f64 / 1e6);
        let yes_count = yeses(&drawn(&split, blocks * 1_000)) as u64;
        prop_assert_eq!(yes_count, millionths * blocks as u64 / 100_000);
    }

    #[test]
    fn any_thousand_are_within_two_of_any_share(millionths in 0u64..=100_000_000) {
        let draws = drawn(&Split::new(millionths as f64 / 1e6), 4_000);
        for window in draws.windows(1_000) {
            let share = millionths as f64 / 1e5;
            prop_assert!((yeses(window) as f64 - share).abs() < 2.0 + 1e-9);
        }
    }
}
