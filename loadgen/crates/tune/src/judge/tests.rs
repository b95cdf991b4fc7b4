use super::*;
use crate::measure::histogram;

fn step(latency_us: impl IntoIterator<Item = u64>, errors: u64, achieved: f64) -> StepFacts {
    let mut values = histogram();
    for value in latency_us {
        values += value;
    }
    let requests = values.len() + errors;
    StepFacts {
        offered_rps: 1_000.0,
        achieved_rps: 1_000.0 * achieved,
        connections: 1,
        requests,
        errors,
        statuses: [(200, values.len())].into(),
        unanswered: errors,
        by_request: vec![("GET /".to_owned(), values.clone(), requests, errors)],
        latency_us: values,
        late_us: 0,
        generator_cores: 0.0,
        generator_threads: 1,
        gateway: None,
        machine: None,
        holds: false,
        broken: String::new(),
    }
}

#[track_caller]
fn check(slo: &[&str], mut facts: StepFacts, expect: Judgement, broken: &str) {
    let asked: Vec<Threshold> = slo.iter().map(|text| text.parse().expect("a threshold")).collect();
    let slo = service_level(&asked).expect("no throughput");
    assert_eq!(judge(&slo, &mut facts), expect, "{}", facts.broken);
    assert!(facts.broken.contains(broken), "{}", facts.broken);
    assert_eq!(facts.holds, broken.is_empty());
}

#[test]
fn the_default_is_p99_below_10_ms_and_few_errors() {
    check(&[], step(vec![5_000; 10_000], 0, 1.0), Judgement::Held, "");
    check(&[], step(vec![9_000; 10_000], 0, 1.0), Judgement::HeldBarely, "");
    check(&[], step(vec![11_000; 10_000], 0, 1.0), Judgement::Failed, "p99<10ms: it is 11.0 ms");
    check(&[], step(vec![5_000; 10_000], 20, 1.0), Judgement::Failed, "errors<0.1%: it is 0.20 %");
}

#[test]
fn what_is_not_answered_in_time_does_not_hold() {
    check(&[], step(vec![5_000; 100], 0, 0.9), Judgement::Failed, "90.0 % of the rate");
    check(&[], step(vec![5_000; 100], 0, 0.5), Judgement::Hopeless, "50.0 % of the rate");
}

#[test]
fn thresholds_of_one_request_look_at_it_alone() {
    check(&["p50<1ms for GET /"], step(vec![500; 100], 0, 1.0), Judgement::Held, "");
    let other = &["p50<1ms for GET /other"];
    check(other, step(vec![500; 100], 0, 1.0), Judgement::Failed, "nothing was measured");
    check(&["max<1ms", "avg<1ms"], step([1, 5_000], 0, 1.0), Judgement::Failed, "max<1ms");
}

#[test]
fn no_answers_do_not_hold() {
    check(&[], step([], 0, 0.0), Judgement::Hopeless, "nothing was measured");
}

#[test]
fn the_strictest_limits_are_found() {
    let slo: Vec<Threshold> = ["p99<10ms", "p99.9<50ms", "max<5ms", "errors<1%"]
        .iter()
        .map(|text| text.parse().expect("a threshold"))
        .collect();
    assert_eq!(latency_limit_us(&slo), Some(5_000.0));
    assert!((percentile_max(&slo) - 99.9).abs() < 1e-9);
    assert_eq!(latency_limit_us(&slo[3..]), None);
}
