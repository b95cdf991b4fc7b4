//! Baselines: kept, read back, compared, refused.

use std::collections::BTreeMap;
use std::time::Duration;

use loadgen_report::Verdict;
use loadgen_scenario::{
    Baseline, BaselineError, Engine, RequestResult, RunResult, Scenario, Tolerance, histogram,
};

use crate::scenario;

const TEXT: &str =
    "name: s\nrequests: [{path: /a}]\nload: {arrival: {rate: 1000/s}}\nduration: 20s\n";

/// 20,000 answers of 1 to 20 ms, `times` as slow; and errors.
fn result(times: f64, errors: u64) -> RunResult {
    let mut latency_us = histogram();
    for us in 1_000..=20_000_u64 {
        latency_us.record((us as f64 * times) as u64).expect("in range");
    }
    let requests = latency_us.len();
    RunResult {
        scenario: "s".into(),
        engine: Engine::Goose,
        started_unix_us: 1,
        took: Duration::from_secs(20),
        requests,
        unsent: 0,
        statuses: BTreeMap::from([(200, requests)]),
        errors: if errors > 0 {
            BTreeMap::from([("status 500".into(), errors)])
        } else {
            BTreeMap::new()
        },
        by_request: vec![RequestResult {
            name: "GET /a".into(),
            requests,
            errors: Some(errors),
            latency_us: latency_us.clone(),
        }],
        latency_us,
        seconds: Vec::new(),
        late_us: histogram(),
        users_max: 1,
        cpu_us: None,
    }
}

fn kept(scenario: &Scenario, result: &RunResult) -> Baseline {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("base.json");
    let baseline = Baseline::new(scenario, result);
    baseline.save(&path).expect("written");
    let read = Baseline::load(&path).expect("read");
    assert_eq!(read, baseline);
    read
}

fn failed(baseline: &Baseline, now: &RunResult) -> Vec<String> {
    let (checks, table) =
        baseline.compare(&scenario(TEXT), now, Tolerance::default()).expect("alike");
    assert_eq!(checks.len(), table.rows.len());
    assert!(table.rows.iter().all(|row| row.len() == table.columns.len()));
    checks.into_iter().filter(|c| matches!(c.verdict, Verdict::Failed(_))).map(|c| c.id).collect()
}

#[test]
fn what_is_worse_beyond_the_tolerance_fails_by_name() {
    let baseline = kept(&scenario(TEXT), &result(1.0, 0));
    assert!(failed(&baseline, &result(1.0, 0)).is_empty());
    assert!(failed(&baseline, &result(1.1, 0)).is_empty(), "within 15 %");
    assert!(failed(&baseline, &result(0.5, 0)).is_empty(), "better");
    let slower = failed(&baseline, &result(1.3, 0));
    // 19,001 answers are too few for p99.99.
    assert_eq!(
        slower,
        ["baseline/p50/all", "baseline/p90/all", "baseline/p99/all", "baseline/p99.9/all"]
    );
    assert_eq!(failed(&baseline, &result(1.0, 100)), ["baseline/errors/all"]);
    let (checks, _) =
        baseline.compare(&scenario(TEXT), &result(1.0, 0), Tolerance::default()).expect("alike");
    let unsure: Vec<_> =
        checks.iter().filter(|c| matches!(c.verdict, Verdict::NotChecked(_))).collect();
    assert_eq!(unsure.len(), 1);
    assert_eq!(unsure[0].id, "baseline/p99.99/all");
    let half = RunResult { took: Duration::from_secs(40), ..result(1.0, 0) };
    assert_eq!(failed(&baseline, &half), ["baseline/throughput"]);
}

#[test]
fn another_load_is_refused_by_its_differences() {
    let baseline = kept(&scenario(TEXT), &result(1.0, 0));
    let other = scenario(&TEXT.replace("1000/s", "900/s"));
    let Err(BaselineError::Unlike(what)) =
        baseline.compare(&other, &result(1.0, 0), Tolerance::default())
    else {
        panic!("compared")
    };
    assert_eq!(what.len(), 2);
    assert!(what[0].contains("1000/s") && what[1].contains("900/s"), "{what:?}");
    let uring = RunResult { engine: Engine::Uring, ..result(1.0, 0) };
    let refused = baseline.compare(&scenario(TEXT), &uring, Tolerance::default());
    assert!(matches!(refused, Err(BaselineError::Unlike(_))));
}

#[test]
fn files_that_are_none_say_so() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("base.json");
    let error = |text: &str| {
        std::fs::write(&path, text).expect("written");
        Baseline::load(&path).expect_err("refused").to_string()
    };
    assert!(error("{").contains("is no baseline"));
    assert!(error("{}").contains("its format is not"));
    assert!(
        error(r#"{"format":"loadgen-baseline","version":2}"#)
            .contains("its version is 2, and 1 is read")
    );
    assert!(error(r#"{"format":"loadgen-baseline","version":1}"#).contains("missing field"));
    assert!(matches!(Baseline::load(&folder.path().join("none")), Err(BaselineError::Read { .. })));
}
