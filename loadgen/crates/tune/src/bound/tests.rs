use std::collections::BTreeMap;

use super::*;
use crate::measure::histogram;
use crate::{GatewayFacts, MachineFacts};

/// A step that broke the service level while nothing was busy.
fn step(shards: &[f64]) -> StepFacts {
    let shards = shards.iter().enumerate();
    StepFacts {
        offered_rps: 10_000.0,
        achieved_rps: 10_000.0,
        connections: 16,
        requests: 30_000,
        errors: 0,
        statuses: BTreeMap::from([(200, 30_000)]),
        unanswered: 0,
        latency_us: histogram(),
        by_request: Vec::new(),
        late_us: 20,
        generator_cores: 0.3,
        generator_threads: 1,
        gateway: Some(GatewayFacts {
            cores: 1.0,
            cpu_us_per_request: 40.0,
            system_share: 0.6,
            shards: shards
                .map(|(index, busy)| ShardFacts { index, busy: *busy, waiting: 0.0 })
                .collect(),
            involuntary_per_s: 10.0,
        }),
        machine: Some(MachineFacts { busy_cores: 2.0, cpus: 8 }),
        holds: false,
        broken: "p99<10ms: it is 20.0 ms".to_owned(),
    }
}

#[track_caller]
fn check(beyond: &StepFacts, expect: Bound, evidence: &str) {
    let finding = find(&Case {
        knee: None,
        beyond: Some(beyond),
        ceiling: None,
        latency_limit_us: Some(10_000.0),
        unloaded_us: Some(100.0),
        throttled_by: Some("Limit Exceeded"),
    });
    assert_eq!(finding.bound, expect, "{finding:?}");
    assert!(finding.evidence.join("; ").contains(evidence), "{finding:?}");
    assert!(!finding.advice.is_empty());
}

fn advice(step: &StepFacts) -> String {
    let case = Case {
        knee: None,
        beyond: Some(step),
        ceiling: None,
        latency_limit_us: None,
        unloaded_us: None,
        throttled_by: None,
    };
    find(&case).advice
}

#[test]
fn busy_shards_are_the_gateway() {
    check(&step(&[0.97, 0.99]), Bound::Gateway, "97 %, 99 % of a core");
}

#[test]
fn one_busy_shard_asks_for_more_connections() {
    check(&step(&[0.98, 0.31]), Bound::HotShard, "16 connections over 2 shards");
}

#[test]
fn a_busy_machine_is_shared() {
    let mut step = step(&[0.55, 0.6]);
    step.machine = Some(MachineFacts { busy_cores: 1.97, cpus: 2 });
    check(&step, Bound::Machine, "of the generator 0.30, of all others 0.67");
    assert!(advice(&step).starts_with("run generator and backend"));
    step.gateway.iter_mut().for_each(|gateway| gateway.cores = 0.1);
    assert!(advice(&step).starts_with("stop what else runs"));
}

#[test]
fn a_shard_that_waits_for_a_cpu_shares_it() {
    let mut step = step(&[0.55, 0.6]);
    for shard in step.gateway.iter_mut().flat_map(|g| &mut g.shards) {
        shard.waiting = 0.42;
    }
    check(&step, Bound::Machine, "42 % of the time without a CPU");
}

#[test]
fn a_late_or_busy_generator_is_at_fault() {
    let mut late = step(&[0.2, 0.3]);
    late.late_us = 6_000;
    check(&late, Bound::Generator, "6.00 ms late");
    let mut busy = step(&[0.2, 0.3]);
    busy.generator_cores = 0.96;
    check(&busy, Bound::Generator, "ran 96 % each");
}

#[test]
fn refusals_speak_before_all_else() {
    let mut step = step(&[0.99, 0.99]);
    step.statuses.insert(429, 600);
    check(&step, Bound::Throttling, "2.0 % of the requests");
    let finding = find(&Case {
        knee: None,
        beyond: Some(&step),
        ceiling: None,
        latency_limit_us: None,
        unloaded_us: None,
        throttled_by: Some("Limit Exceeded"),
    });
    assert!(finding.advice.contains("quota"));
}

#[test]
fn too_few_connections_cannot_carry_the_rate() {
    let mut few = step(&[0.2, 0.3]);
    few.connections = 1;
    few.offered_rps = 20_000.0;
    check(&few, Bound::Connections, "1 connections carry 10000/s");
}

#[test]
fn errors_without_load_are_errors() {
    let mut step = step(&[0.2, 0.3]);
    step.errors = 3_000;
    step.statuses.insert(502, 3_000);
    check(&step, Bound::Errors, "3000 × 502");
}

#[test]
fn an_idle_gateway_waits_for_its_backend() {
    check(&step(&[0.2, 0.3]), Bound::Backend, "20 %, 30 % of a core");
}

#[test]
fn a_queue_before_a_shard_that_is_busy_at_the_ceiling_is_the_gateway() {
    let (beyond, ceiling) = (step(&[0.6, 0.55]), step(&[0.99, 0.97]));
    let finding = find(&Case {
        knee: None,
        beyond: Some(&beyond),
        ceiling: Some(&ceiling),
        latency_limit_us: None,
        unloaded_us: None,
        throttled_by: None,
    });
    assert_eq!(finding.bound, Bound::Gateway);
    assert!(finding.evidence[1].contains("as fast as it answers"), "{finding:?}");
}

#[test]
fn without_the_process_it_is_unknown_and_says_what_to_give() {
    let mut step = step(&[]);
    step.gateway = None;
    check(&step, Bound::Unknown, "not measured");
    check(&self::step(&[0.8, 0.85]), Bound::Unknown, "nothing was busy throughout");
}

#[test]
fn a_knee_without_a_failure_beyond_is_bounded_by_nothing() {
    let mut knee = step(&[0.99]);
    knee.holds = true;
    let case = Case {
        knee: Some(&knee),
        beyond: None,
        ceiling: None,
        latency_limit_us: None,
        unloaded_us: None,
        throttled_by: None,
    };
    assert_eq!(find(&case).bound, Bound::Nothing);
    assert_eq!(find(&Case { knee: None, ..case }).bound, Bound::Unknown);
}
