use std::collections::BTreeMap;
use std::sync::Arc;

use loadgen_report::Verdict;
use proptest::prelude::*;

use super::*;
use crate::measure::histogram;
use crate::search::Ended;
use crate::{GatewayFacts, MachineFacts, ShardFacts};

/// A gateway that is M/M/1 with a constant latency before it, on a clock of its own.
struct Model {
    capacity_rps: f64,
    fixed_us: f64,
    /// Refuses what is above this with 429.
    limit_rps: f64,
    /// The generator's lateness from half of the capacity on.
    late_us: u64,
    /// The status of all answers; 0 answers nothing.
    status: u16,
    noise: Vec<f64>,
    elapsed: Duration,
    sent: u64,
    measured: usize,
    stop_after: usize,
    loads: Vec<Load>,
}

impl Model {
    fn new(capacity_rps: f64) -> Self {
        Self {
            capacity_rps,
            fixed_us: 100.0,
            limit_rps: f64::INFINITY,
            late_us: 10,
            status: 200,
            noise: vec![1.0],
            elapsed: Duration::ZERO,
            sent: 0,
            measured: 0,
            stop_after: usize::MAX,
            loads: Vec::new(),
        }
    }
}

impl Rig for Model {
    fn elapsed(&self) -> Duration {
        self.elapsed
    }

    fn sent(&self) -> u64 {
        self.sent
    }

    fn is_stopped(&self) -> bool {
        self.measured >= self.stop_after
    }

    fn measure(
        &mut self,
        load: &Load,
        told: &mut dyn FnMut(&Progress),
    ) -> Result<StepFacts, TuneError> {
        told(&Progress::default());
        let noise = self.noise[self.measured % self.noise.len()];
        self.measured += 1;
        self.elapsed += load.warm_up + load.lasts;
        self.loads.push(*load);
        let most_rps = self.capacity_rps.min(load.connections as f64 * 1e6 / self.fixed_us);
        let rate_rps = load.rate_rps.unwrap_or(most_rps * 0.98);
        self.sent += (rate_rps * (load.warm_up + load.lasts).as_secs_f64()) as u64;
        let answered_rps = rate_rps.min(most_rps);
        let served_rps = answered_rps.min(self.limit_rps);
        let requests = (rate_rps * load.lasts.as_secs_f64()) as u64;
        let share = |rps: f64| (requests as f64 * rps / rate_rps) as u64;
        let mut latency_us = histogram();
        for i in 0..4_000 {
            let u = (f64::from(i) + 0.5) / 4_000.0;
            let queued_us = if load.rate_rps.is_none() || served_rps < self.capacity_rps {
                -(1.0 - u).ln() * 1e6 / (self.capacity_rps - served_rps).max(1.0)
            } else {
                u * load.lasts.as_secs_f64() * 1e6 * (1.0 - most_rps / rate_rps)
            };
            latency_us += (self.fixed_us + queued_us * noise).clamp(1.0, 1e8) as u64;
        }
        let throttled = share(answered_rps) - share(served_rps);
        let mut statuses = BTreeMap::from([(self.status, share(served_rps)), (429, throttled)]);
        statuses.retain(|status, count| *status > 0 && *count > 0);
        let good_rps = if self.status == 200 { served_rps } else { 0.0 };
        let busy = (served_rps / self.capacity_rps).min(1.0);
        Ok(StepFacts {
            offered_rps: load.rate_rps.unwrap_or(good_rps),
            achieved_rps: good_rps,
            connections: load.connections,
            requests,
            errors: requests - share(good_rps),
            statuses,
            unanswered: if self.status == 0 { requests } else { 0 },
            latency_us,
            by_request: Vec::new(),
            late_us: if rate_rps > self.capacity_rps / 2.0 { self.late_us } else { 5 },
            generator_cores: 0.2,
            generator_threads: 1,
            gateway: Some(GatewayFacts {
                cores: busy,
                cpu_us_per_request: 1e6 / self.capacity_rps,
                system_share: 0.5,
                shards: vec![ShardFacts { index: 0, busy, waiting: 0.0 }],
                involuntary_per_s: 3.0,
            }),
            machine: Some(MachineFacts { busy_cores: busy + 0.2, cpus: 4 }),
            holds: false,
            broken: String::new(),
        })
    }

    fn throttled_by(&mut self, _: &Load) -> Result<Option<String>, TuneError> {
        Ok(Some("Too Many Requests".to_owned()))
    }

    fn gateway_cpus(&self) -> Option<usize> {
        Some(4)
    }
}

fn settings() -> Settings {
    let target = Target { address: ([127, 0, 0, 1], 8080).into(), tls: None };
    let bytes: Arc<[u8]> = Arc::from(&b"GET / HTTP/1.1\r\nhost: a\r\n\r\n"[..]);
    let request = Request { name: "GET /".to_owned(), bytes, is_head: false, weight: 1 };
    Settings::new(target, "http://127.0.0.1:8080".to_owned(), vec![request])
}

fn found(settings: &Settings, model: &mut Model) -> Found {
    tune_on(settings, model, &mut |_| {}).expect("the model answers")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_knee_of_a_queue_is_found_and_explained(capacity_rps in 2_000.0..400_000.0_f64) {
        let mut model = Model::new(capacity_rps);
        let found = found(&settings(), &mut model);
        let truth_rps = capacity_rps - 100_f64.ln() * 1e6 / (10_000.0 - model.fixed_us);
        let knee_rps = found.end.holds_rps.expect("a knee");
        prop_assert!((knee_rps / truth_rps - 1.0).abs() < 0.06, "{} of {}", knee_rps, truth_rps);
        prop_assert_eq!(found.end.why, Ended::Resolved);
        prop_assert_eq!(found.finding.bound, Bound::Gateway);
        let used = found.knee().and_then(|knee| knee.machine).expect("the machine was measured");
        prop_assert_eq!(found.advice.shards, Some(1 + (4.0 - used.busy_cores) as usize));
        let per_core = found.rate_per_core().expect("shards were measured");
        prop_assert!((per_core / capacity_rps - 1.0).abs() < 0.01);
    }

    #[test]
    fn no_noise_exceeds_the_bounds(
        capacity_rps in 10.0..400_000.0_f64,
        noise in prop::collection::vec(0.01..50.0_f64, 1..60),
        lasts_s in 5_u64..200, steps_max in 0_usize..30, count_max in 0_u64..10_000_000,
    ) {
        let mut settings = settings();
        settings.lasts_max = Duration::from_secs(lasts_s);
        settings.steps_max = steps_max;
        settings.count_max = count_max;
        let mut model = Model::new(capacity_rps);
        model.noise = noise;
        let found = found(&settings, &mut model);
        prop_assert!(model.elapsed <= settings.lasts_max);
        prop_assert!(found.steps.len() <= steps_max);
        let of_trials: f64 = found.trials.iter().map(|t| t.rate_rps * 1.25).sum();
        prop_assert!(model.sent as f64 <= count_max as f64 + of_trials + 4.0);
        let report = found.report();
        prop_assert!(loadgen_report::html::render(&report).len() < 200_000);
        for load in &model.loads {
            let count = load.rate_rps.unwrap_or_default() * (load.warm_up + load.lasts).as_secs_f64();
            prop_assert!(count <= limits::SAMPLES_MAX as f64 * 1.01);
        }
    }
}

#[test]
fn a_limit_is_found_and_named() {
    let mut model = Model::new(50_000.0);
    model.limit_rps = 1_000.0;
    let found = found(&settings(), &mut model);
    assert_eq!(found.finding.bound, Bound::Throttling);
    assert!(found.finding.advice.contains("usage plan"), "{:?}", found.finding);
    let knee_rps = found.end.holds_rps.expect("a knee");
    assert!((940.0..1_000.0 * 1.002).contains(&knee_rps), "{knee_rps}");
}

#[test]
fn a_late_generator_makes_it_a_lower_bound() {
    let mut model = Model::new(50_000.0);
    model.fixed_us = 9_000.0;
    model.late_us = 20_000;
    // The connections carry 44,000/s while the shard has time left for more.
    let mut settings = settings();
    settings.connections = Some(400);
    let found = found(&settings, &mut model);
    assert_eq!(found.finding.bound, Bound::Generator, "{:?}", found.finding);
    assert!(found.is_lower_bound() && found.headline().starts_with("at least"));
}

#[test]
fn connections_are_tried_and_the_fewest_that_suffice_are_taken() {
    let mut model = Model::new(40_000.0);
    model.fixed_us = 1_000.0; // eight connections carry 8,000/s
    let found = found(&settings(), &mut model);
    assert_eq!(found.trials.len(), limits::CONNECTIONS_TRIED.len());
    assert_eq!((found.connections, found.advice.connections), (64, Some(64)));
}

#[test]
fn an_early_end_keeps_what_was_found() {
    let mut model = Model::new(10_000.0);
    model.stop_after = limits::CONNECTIONS_TRIED.len() + 2;
    let found = found(&settings(), &mut model);
    assert_eq!((found.end.why, found.steps.len()), (Ended::Time, 1));
    assert!(found.end.holds_rps.is_some());
}

#[test]
fn targets_that_do_not_answer_as_expected_are_errors() {
    let mut model = Model::new(1_000.0);
    model.status = 0;
    let error = tune_on(&settings(), &mut model, &mut |_| {}).expect_err("nothing answers");
    assert!(matches!(error, TuneError::Silent(_)), "{error}");
    model.status = 403;
    let error = tune_on(&settings(), &mut model, &mut |_| {}).expect_err("403 is not expected");
    assert!(error.to_string().contains("403"), "{error}");
    let mut settings = settings();
    settings.thresholds = vec!["throughput>5".parse().expect("a threshold")];
    let error = tune_on(&settings, &mut model, &mut |_| {}).expect_err("tune finds the throughput");
    assert!(matches!(error, TuneError::Setting(_)), "{error}");
}

#[test]
fn a_process_that_is_not_there_is_an_error() {
    let mut settings = settings();
    settings.gateway_pid = Some(u32::MAX);
    let error = tune(&settings, &mut |_| {}).expect_err("no such process");
    assert!(error.to_string().contains("gateway-pid"), "{error}");
}

#[test]
fn a_rate_that_never_holds_is_a_failed_check() {
    let mut settings = settings();
    settings.thresholds = vec!["p99<50us".parse().expect("a threshold")];
    settings.lasts_max = Duration::from_secs(600);
    let found = found(&settings, &mut Model::new(10_000.0));
    assert_eq!((found.end.why, found.end.holds_rps), (Ended::AtLeast, None));
    let report = found.report();
    assert!(matches!(report.checks[0].verdict, Verdict::Failed(_)));
}

#[test]
fn what_a_busy_machine_breaks_is_no_failure_of_the_gateway() {
    let mut settings = settings();
    settings.thresholds = vec!["p99<50us".parse().expect("a threshold")];
    settings.lasts_max = Duration::from_secs(600);
    let mut found = found(&settings, &mut Model::new(10_000.0));
    found.finding.bound = Bound::Machine;
    let report = found.report();
    assert!(matches!(report.checks[0].verdict, Verdict::NotChecked(_)), "{:?}", report.checks);
}

#[test]
fn the_report_has_the_knee_the_steps_and_plots() {
    let mut model = Model::new(10_000.0);
    let mut told = 0;
    let found = tune_on(&settings(), &mut model, &mut |event| {
        told += usize::from(matches!(event, Event::Measured(_)));
    })
    .expect("the model answers");
    assert_eq!(told, found.steps.len());
    let report = found.report();
    assert_eq!(report.checks[0].verdict, Verdict::Passed);
    assert_eq!(report.tables[1].rows.len(), found.steps.len());
    let titles: Vec<_> = report.plots.iter().map(|plot| plot.title.as_str()).collect();
    assert_eq!(titles, ["Latency over offered rate", "CPU time per request", "Busy cores"]);
    for plot in &report.plots {
        assert!(plot.series.iter().all(|series| !series.points.is_empty()), "{plot:?}");
        for series in plot.series.iter() {
            assert!(series.points.windows(2).all(|w| w[0].0 <= w[1].0));
        }
    }
    for table in &report.tables {
        assert!(table.rows.iter().all(|row| row.len() == table.columns.len()), "{table:?}");
    }
}

#[test]
fn nothing_is_offered_faster_than_allowed() {
    let mut model = Model::new(50_000.0);
    let settings = Settings { rate_rps_max: 800.0, ..settings() };
    let found = tune_on(&settings, &mut model, &mut |_| {}).unwrap();
    assert!(model.loads.len() > 1 && found.end.holds_rps.is_some(), "{:?}", found.end);
    for load in &model.loads {
        assert!(load.rate_rps.is_some_and(|rate| rate <= 800.0), "{load:?}");
    }
}
