//! Runs on the io_uring engine.

use std::net::ToSocketAddrs;
use std::sync::Arc;

use loadgen_engine::{Arrivals, Failure, Outcome, Plan, Progress, Record, Step, Stop};
use loadgen_report::threshold::Threshold;

use super::target::{Target, encode_query};
use super::{RunError, RunSettings};
use crate::result::{RequestResult, RunResult, SecondResult};
use crate::scenario::{Body, Engine, Load, Order, Request, Scenario};
use crate::template::Draw;

/// Runs a scenario on the io_uring engine and reports progress to `told`: fixed requests, in turn by their weights,
/// as fast as `users` connections go, or at an arrival rate.
///
/// # Errors
/// A target that is none, what the scenario asks for and the engine cannot do, and the engine's own.
pub fn run_uring(
    scenario: &Scenario,
    settings: &RunSettings,
    told: &mut dyn FnMut(&Progress),
) -> Result<RunResult, RunError> {
    run_uring_until(scenario, settings, &Stop::default(), told)
}

/// As [`run_uring`], until `stop` says so: what was found until then is a result like any other.
///
/// # Errors
/// Those of [`run_uring`].
pub fn run_uring_until(
    scenario: &Scenario,
    settings: &RunSettings,
    stop: &Stop,
    told: &mut dyn FnMut(&Progress),
) -> Result<RunResult, RunError> {
    let plan = plan(scenario, settings)?;
    let outcome = loadgen_engine::run_until(&plan, stop, told)
        .map_err(|error| RunError::Engine(Box::new(error)))?;
    Ok(RunResult::from((scenario, outcome)))
}

/// The engine's plan for a scenario.
pub(super) fn plan(scenario: &Scenario, settings: &RunSettings) -> Result<Plan, RunError> {
    let target = Target::parse(&settings.target)?;
    let unsupported = unsupported(scenario, settings);
    if !unsupported.is_empty() {
        return Err(RunError::Unsupported(unsupported));
    }
    let address = (target.host.as_str(), target.port)
        .to_socket_addrs()
        .ok()
        .and_then(|mut addresses| addresses.next())
        .ok_or_else(|| RunError::Target(format!("{} has no address", target.host)))?;
    let kind = &scenario.users[0];
    let mut requests = Vec::new();
    for &step in &kind.steps {
        let request = &scenario.requests[step];
        requests.push(loadgen_engine::Request {
            name: request.name.clone(),
            bytes: Arc::from(message(request, scenario, settings, &target)),
            is_head: request.method == "HEAD",
            weight: request.weight,
        });
    }
    let (arrivals, connections) = match &scenario.load {
        Load::Users(stages) => {
            let users = stages.iter().map(|stage| stage.to).max().unwrap_or(1);
            (Arrivals::Closed, users.max(1))
        }
        Load::Arrivals(open) => {
            let steps = open.steps.iter().map(|step| Step {
                from_rps: step.from_rps,
                to_rps: step.to_rps,
                lasts: step.lasts,
            });
            (Arrivals::Steps(steps.collect()), open.users_max)
        }
    };
    let lasts = scenario.load.lasts();
    let is_closed = arrivals == Arrivals::Closed;
    Ok(Plan {
        target: loadgen_engine::Target { address, tls: target.is_tls.then(|| target.host.clone()) },
        requests,
        arrivals,
        connections,
        threads: settings.threads.clamp(1, connections),
        lasts_max: if is_closed { lasts } else { lasts + scenario.timeout },
        count_max: settings.count_max,
        timeout: scenario.timeout,
        keep_alive: true,
        pipeline: 1,
        record: Record::Counts,
        marks: Vec::new(),
    })
}

/// What of the scenario the engine cannot do.
fn unsupported(scenario: &Scenario, settings: &RunSettings) -> Vec<String> {
    let mut what = Vec::new();
    if scenario.users.len() > 1 {
        what.push("several kinds of users".to_string());
    }
    for kind in &scenario.users {
        let name = &kind.name;
        if kind.think.is_some() {
            what.push(format!("think times of {name:?}"));
        }
        if kind.order == Order::Sequence && kind.steps.len() > 1 {
            what.push(format!("the sequence of steps of {name:?}"));
        }
        if kind.slow != crate::scenario::Slow::default() {
            what.push(format!("the slow connections of {name:?}"));
        }
        if kind.auth.api_keys.len() > 1 || kind.auth.bearer_tokens.len() > 1 {
            what.push(format!("more than one API key or token of {name:?}"));
        }
    }
    for request in &scenario.requests {
        if !is_fixed(request) {
            what.push(format!("variables in {:?}", request.name));
        }
    }
    if scenario.requests.iter().any(|request| request.expect != scenario.requests[0].expect) {
        what.push(
            "different expected statuses by request, as statuses are counted together".into(),
        );
    }
    let counts_errors = |threshold: &&Threshold| !threshold.metric().is_latency();
    let by_request =
        scenario.thresholds.iter().filter(counts_errors).filter(|t| t.request().is_some());
    if scenario.requests.len() > 1 {
        what.extend(
            by_request.map(|threshold| {
                format!("the threshold {threshold}, as errors are counted together")
            }),
        );
    }
    match &scenario.load {
        Load::Users(stages) if stages.iter().any(|stage| stage.from != stage.to) => {
            what.push("users that come or go".into());
        }
        Load::Arrivals(arrivals) if arrivals.burst.is_some() => {
            what.push("bursts beside a rate".into())
        }
        _ => {}
    }
    if settings.goose_report.is_some() {
        what.push("goose's report".into());
    }
    if settings.hdr_log.is_some() {
        what.push("the log of histograms".into());
    }
    what
}

fn is_fixed(request: &Request) -> bool {
    let body = match &request.body {
        Body::Text(text) => text.fixed().is_some(),
        Body::None | Body::Bytes(_) => true,
    };
    let pairs = request.query.iter().chain(&request.headers);
    body && request.path.fixed().is_some()
        && pairs.into_iter().all(|(_, value)| value.fixed().is_some())
}

/// The whole message, head and body.
fn message(
    request: &Request,
    scenario: &Scenario,
    settings: &RunSettings,
    target: &Target,
) -> Vec<u8> {
    // Nothing is drawn: all templates are fixed.
    let mut draw = Draw::new(0);
    let body = match &request.body {
        Body::None => None,
        Body::Text(text) => Some(text.render(&mut draw).into_owned().into_bytes()),
        Body::Bytes(bytes) => Some(bytes.clone()),
    };
    let pairs = request
        .query
        .iter()
        .map(|(name, value)| (name.as_str(), value.render(&mut draw).into_owned()));
    let query = encode_query(pairs);
    let path = request.path.render(&mut draw).into_owned();
    let mut head = format!("{} {}{path}{query} HTTP/1.1\r\n", request.method, target.prefix);
    let has = |name: &str| request.headers.iter().any(|(other, _)| other == name);
    if !has("host") {
        let host = settings.host.as_deref().unwrap_or(&target.authority);
        head.push_str(&format!("host: {host}\r\n"));
    }
    for (name, value) in &request.headers {
        head.push_str(&format!("{name}: {}\r\n", value.render(&mut draw)));
    }
    let auth = &scenario.users[0].auth;
    if let Some(key) = auth.api_keys.first() {
        head.push_str(&format!("x-api-key: {key}\r\n"));
    }
    if let Some(token) = auth.bearer_tokens.first() {
        head.push_str(&format!("authorization: Bearer {token}\r\n"));
    }
    if let Some(body) = &body {
        head.push_str(&format!("content-length: {}\r\n", body.len()));
    }
    head.push_str("\r\n");
    let mut message = head.into_bytes();
    message.extend(body.unwrap_or_default());
    message
}

impl From<(&Scenario, Outcome)> for RunResult {
    fn from((scenario, outcome): (&Scenario, Outcome)) -> Self {
        let steps = &scenario.users[0].steps;
        let expect =
            steps.first().map(|&step| scenario.requests[step].expect.clone()).unwrap_or_default();
        let mut errors: std::collections::BTreeMap<String, u64> = outcome
            .errors
            .iter()
            .map(|(failure, count)| (failure_name(*failure).to_string(), *count))
            .collect();
        for (status, count) in &outcome.statuses {
            if !expect.has(*status) {
                errors.insert(format!("status {status}"), *count);
            }
        }
        // The engine counts errors of all requests together: they are told by request where there is only one.
        let failed = (steps.len() == 1).then(|| errors.values().sum());
        let by_request = steps.iter().zip(outcome.by_request_us).map(|(&step, latency_us)| {
            let lost: u64 = if steps.len() == 1 { outcome.errors.values().sum() } else { 0 };
            RequestResult {
                name: scenario.requests[step].name.clone(),
                requests: latency_us.len() + lost,
                errors: failed,
                latency_us,
            }
        });
        let seconds = outcome.seconds.iter().map(|second| SecondResult {
            answered: second.answered,
            failed: second.failed,
            p99_us: None,
            max_us: second.latency_max_us,
        });
        Self {
            scenario: scenario.name.clone(),
            engine: Engine::Uring,
            started_unix_us: outcome.started_unix_us,
            took: outcome.took,
            requests: outcome
                .sent
                .max(outcome.latency_us.len() + outcome.errors.values().sum::<u64>()),
            unsent: outcome.unsent,
            statuses: outcome.statuses,
            errors,
            latency_us: outcome.latency_us,
            by_request: by_request.collect(),
            seconds: seconds.collect(),
            late_us: outcome.late_us,
            users_max: scenario.load.users_max(),
            cpu_us: Some(outcome.cpu_us),
        }
    }
}

fn failure_name(failure: Failure) -> &'static str {
    match failure {
        Failure::Connect => "connect",
        Failure::Closed => "no answer",
        Failure::Timeout => "timeout",
        Failure::Malformed => "broken answer",
    }
}
