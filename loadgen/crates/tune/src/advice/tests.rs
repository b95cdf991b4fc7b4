use super::*;
use crate::measure::histogram;
use crate::{GatewayFacts, MachineFacts, ShardFacts};

fn knee(shards: &[f64], busy_cores: f64, cpus: usize) -> StepFacts {
    let shards = shards.iter().enumerate();
    StepFacts {
        offered_rps: 1.0,
        achieved_rps: 1.0,
        connections: 8,
        requests: 1,
        errors: 0,
        statuses: [(200, 1)].into(),
        unanswered: 0,
        latency_us: histogram(),
        by_request: Vec::new(),
        late_us: 0,
        generator_cores: 0.0,
        generator_threads: 1,
        gateway: Some(GatewayFacts {
            shards: shards
                .map(|(index, busy)| ShardFacts { index, busy: *busy, waiting: 0.0 })
                .collect(),
            ..GatewayFacts::default()
        }),
        machine: Some(MachineFacts { busy_cores, cpus }),
        holds: true,
        broken: String::new(),
    }
}

#[track_caller]
fn check(knee: &StepFacts, bound: Bound, cpus: usize, expect: usize) {
    let advice = advise(Some(knee), bound, Some(cpus), &[]);
    assert_eq!(advice.shards, Some(expect), "{advice:?}");
    assert!(!advice.shards_why.is_empty());
}

#[test]
fn shards_follow_what_bounds_the_rate_and_the_cpus() {
    check(&knee(&[1.0, 1.0], 3.0, 8), Bound::Gateway, 8, 7);
    check(&knee(&[1.0, 1.0], 3.0, 8), Bound::Gateway, 4, 4);
    check(&knee(&[1.0, 1.0], 7.6, 8), Bound::Gateway, 8, 2);
    check(&knee(&[0.6, 0.5], 2.0, 2), Bound::Machine, 2, 2);
    check(&knee(&[0.2, 0.1, 0.1, 0.1], 2.0, 8), Bound::Backend, 8, 1);
    check(&knee(&[0.6, 0.6, 0.6, 0.6], 3.0, 8), Bound::Backend, 8, 4);
    check(&knee(&[0.5; 4], 2.0, 2), Bound::Machine, 2, 2);
}

#[test]
fn the_fewest_connections_that_are_nearly_as_good_win() {
    let trial = |connections, rate_rps| Trial { connections, rate_rps, p50_ms: 1.0 };
    let trials = [trial(1, 1_000.0), trial(8, 7_700.0), trial(64, 8_000.0), trial(256, 7_000.0)];
    assert_eq!(fewest(&trials).map(|t| t.connections), Some(8));
    assert_eq!(advise(None, Bound::Unknown, None, &trials).connections, Some(8));
    let two = knee(&[0.5, 0.5], 1.0, 2);
    assert_eq!(advise(Some(&two), Bound::Backend, Some(2), &trials).connections, Some(16));
    assert_eq!(advise(None, Bound::Unknown, None, &[]), Advice::default());
}
