use proptest::prelude::*;

use super::*;

fn range(start_rps: f64) -> Range {
    Range { start_rps, min_rps: 5.0, max_rps: 1e6, steps_max: 60 }
}

/// Runs a search on a gateway whose judgement is a function of the rate; the end, and the steps it took.
fn run(range: Range, mut gateway: impl FnMut(f64) -> Judgement) -> (End, usize) {
    let mut search = Search::new(range);
    for steps in 0..=range.steps_max {
        match search.next() {
            Next::Done(end) => return (end, steps),
            Next::Offer(rate) => search.judge(gateway(rate)),
        }
    }
    panic!("more steps than {}", range.steps_max);
}

/// The 99th percentile of M/M/1 against a limit, as the tune judges it; `noise` multiplies the latency.
fn queue(capacity_rps: f64, limit_ms: f64, rate_rps: f64, noise: f64) -> Judgement {
    if rate_rps > capacity_rps / limits::HOPELESS_BELOW {
        return Judgement::Hopeless;
    }
    if rate_rps >= capacity_rps {
        return Judgement::Failed;
    }
    let p99_ms = 100_f64.ln() * 1e3 / (capacity_rps - rate_rps) * noise;
    match p99_ms / limit_ms {
        ..0.8 => Judgement::Held,
        0.8..1.0 => Judgement::HeldBarely,
        _ => Judgement::Failed,
    }
}

proptest! {
    #[test]
    fn the_knee_of_a_queue_is_found_within_its_resolution(
        capacity_rps in 700.0..900_000.0_f64, limit_ms in 8.0..100.0_f64, start in 0.01..3.0_f64,
    ) {
        let truth_rps = capacity_rps - 100_f64.ln() * 1e3 / limit_ms;
        let (end, steps) =
            run(range(capacity_rps * start), |rate| queue(capacity_rps, limit_ms, rate, 1.0));
        prop_assert_eq!(end.why, Ended::Resolved);
        let holds_rps = end.holds_rps.expect("a rate holds");
        prop_assert!(holds_rps <= truth_rps, "{} of {}", holds_rps, truth_rps);
        prop_assert!(holds_rps * (1.0 + limits::RESOLUTION) >= truth_rps);
        prop_assert!(steps <= 40, "{}", steps);
    }

    #[test]
    fn noise_neither_makes_it_endless_nor_moves_the_knee_of_a_fast_gateway(
        capacity_rps in 20_000.0..200_000.0_f64, noise in prop::collection::vec(0.7..1.4_f64, 60),
    ) {
        let truth_rps = capacity_rps - 100_f64.ln() * 1e3 / 10.0;
        let mut noise = noise.into_iter().cycle();
        let (end, steps) = run(range(capacity_rps * limits::START_SHARE), |rate| {
            queue(capacity_rps, 10.0, rate, noise.next().unwrap_or(1.0))
        });
        let holds_rps = end.holds_rps.expect("a rate holds");
        prop_assert!((holds_rps / truth_rps - 1.0).abs() < 0.08, "{} of {}", holds_rps, truth_rps);
        prop_assert!(steps < 30, "{}", steps);
    }

    #[test]
    fn any_judgements_end_within_the_steps_and_rates_stay_in_range(
        judgements in prop::collection::vec(0_u8..4, 1..250),
        numbers in (any::<f64>(), any::<f64>(), any::<f64>(), 0_usize..100),
    ) {
        let (start_rps, min_rps, max_rps, steps_max) = numbers;
        let given = Range { start_rps, min_rps, max_rps, steps_max };
        let mut judgements = judgements.into_iter().cycle();
        let (end, steps) = run(given, |rate| {
            let is_rate = max_rps.is_finite() && max_rps > 0.0;
            let most_rps = loadgen_engine::limits::RATE_RPS_MAX;
            assert!(rate > 0.0 && rate <= if is_rate { max_rps.min(most_rps) } else { most_rps });
            match judgements.next() {
                Some(0) => Judgement::Held,
                Some(1) => Judgement::HeldBarely,
                Some(2) => Judgement::Failed,
                _ => Judgement::Hopeless,
            }
        });
        prop_assert!(steps <= steps_max);
        if let (Some(holds), Some(fails)) = (end.holds_rps, end.fails_rps) {
            prop_assert!(holds < fails, "{:?}", end);
        }
    }
}

#[test]
fn one_hiccup_does_not_move_the_knee() {
    let mut hiccups = 0;
    let (end, _) = run(range(400.0), |rate| {
        if hiccups == 0 && rate > 800.0 {
            hiccups += 1;
            return Judgement::Failed;
        }
        if rate < 1_000.0 { Judgement::Held } else { Judgement::Failed }
    });
    assert_eq!(hiccups, 1);
    assert!(end.holds_rps.is_some_and(|rate| rate > 950.0), "{end:?}");
}

#[test]
fn the_ends_of_the_range_are_said_as_such() {
    assert_eq!(run(range(100.0), |_| Judgement::Held).0.why, Ended::AtMost);
    let (end, _) = run(range(100.0), |_| Judgement::Failed);
    assert_eq!((end.why, end.holds_rps, end.fails_rps), (Ended::AtLeast, None, Some(5.0)));
    let few = Range { steps_max: 2, ..range(100.0) };
    let (end, steps) = run(few, |_| Judgement::Held);
    assert_eq!((end.why, steps, end.holds_rps), (Ended::Steps, 2, Some(150.0)));
}

#[test]
fn what_was_found_in_time_is_kept() {
    let mut search = Search::new(range(100.0));
    search.judge(Judgement::Held);
    search.out_of_time();
    let Next::Done(end) = search.next() else { panic!("it ended") };
    assert_eq!((end.why, end.holds_rps), (Ended::Time, Some(100.0)));
}
