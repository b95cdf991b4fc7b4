//! Runs on goose: its users, its clients, its report.

use std::os::fd::{AsFd, OwnedFd};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use goose::config::GooseConfiguration;
use goose::goose::{Scenario as GooseScenario, Transaction};
use goose::threshold::Threshold as GooseThreshold;
use goose::{GooseAttack, GooseError};
use loadgen_engine::Progress;
use loadgen_report::threshold::{Metric, Threshold};
use tokio::runtime::Runtime;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::dispatch::{Queue, dispatch};
use super::session::{Shared, goose_name, is_stopped, session};
use super::tally::Tally;
use super::target::Target;
use super::{RunError, RunSettings};
use crate::hdr_log::HdrLog;
use crate::result::RunResult;
use crate::scenario::{Load, Scenario};
use crate::schedule::Schedule;

/// Between two reports of progress. Source: a table redrawn five times a second.
const TELL: Duration = Duration::from_millis(200);

/// Between two looks at whether users are there, or the run is over.
const LOOK: Duration = Duration::from_millis(10);

/// What users get to come up, besides [`USER_START`] for each.
const USERS_START: Duration = Duration::from_secs(30);

/// A user's share of it. Ours: ten times what a client takes to build.
const USER_START: Duration = Duration::from_millis(20);

/// From the moment all users are there to time zero.
const HEAD_START: Duration = Duration::from_millis(10);

/// Users that goose starts in a second: all at once, as far as it can.
const START_RATE: &str = "100000";

/// goose's warnings would stand between a report's lines on standard output.
struct Silence;

impl log::Log for Silence {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        false
    }

    fn log(&self, _: &log::Record<'_>) {}

    fn flush(&self) {}
}

/// Standard output as it was, while it goes nowhere.
struct Silenced(OwnedFd);

impl Silenced {
    /// `None` where the process has no standard output, or no more descriptors.
    fn start() -> Option<Self> {
        let nowhere = std::fs::OpenOptions::new().write(true).open("/dev/null").ok()?;
        let stdout = std::io::stdout().as_fd().try_clone_to_owned().ok()?;
        rustix::stdio::dup2_stdout(nowhere).ok()?;
        Some(Self(stdout))
    }
}

impl Drop for Silenced {
    fn drop(&mut self) {
        // Nothing can be said of it, least of all here.
        let _ = rustix::stdio::dup2_stdout(&self.0);
    }
}

/// goose keeps what it needs to know of a run for the whole process: its killswitch and its log.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// Runs a scenario with goose's users and reports progress to `told`.
///
/// Every user is one goose user with one transaction, its session. All are started before time zero.
///
/// # Errors
/// A target that is none, goose's refusal, files that cannot be written. A broken threshold is none: it is in the
/// report's checks.
pub fn run_goose(
    scenario: &Scenario,
    settings: &RunSettings,
    told: &mut dyn FnMut(&Progress),
) -> Result<RunResult, RunError> {
    let target = Target::parse(&settings.target)?;
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    // Where the program has a logger of its own, goose takes that one.
    let _ = log::set_logger(&Silence);
    let _silence = if settings.silences_stdout { Silenced::start() } else { None };
    let unix = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let started_unix_us = u64::try_from(unix.as_micros()).unwrap_or(u64::MAX);
    let log = match &settings.hdr_log {
        None => None,
        Some(path) => Some(
            HdrLog::create(path, started_unix_us, &scenario.name)
                .map_err(|source| RunError::Write { path: path.clone(), source })?,
        ),
    };
    let (start, zero) = watch::channel(None);
    let shared = Arc::new(Shared {
        scenario: scenario.clone(),
        target,
        host: settings.host.clone(),
        tally: Tally::new(scenario, log),
        queue: Queue::new(),
        count_max: settings.count_max,
        seed: unix.as_nanos() as u64,
        insecure: settings.insecure,
        ready: AtomicUsize::new(0),
        of_kind: scenario.users.iter().map(|_| AtomicUsize::new(0)).collect(),
        zero,
    });
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(settings.threads.max(1))
        .thread_name("goose")
        .enable_all()
        .build()
        .map_err(RunError::Thread)?;
    let attack = attack(&shared, settings).map_err(|error| RunError::Goose(Box::new(error)))?;
    let mut attack = runtime.spawn(async move {
        match attack.execute().await {
            // They are judged again, by us, with all digits.
            Ok(_) | Err(GooseError::ThresholdsFailed { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    });
    let users = scenario.load.users_max();
    if !come_up(&shared, users, &attack) {
        return give_up(&runtime, attack, users, &shared);
    }
    let zero = Instant::now() + HEAD_START;
    let due = match &scenario.load {
        Load::Users(_) => None,
        Load::Arrivals(arrivals) => {
            let schedule = Schedule::new(arrivals);
            let count = schedule.total();
            let shared = Arc::clone(&shared);
            std::thread::Builder::new()
                .name("dispatch".into())
                .spawn(move || {
                    dispatch(
                        &shared.scenario,
                        schedule,
                        &shared.queue,
                        zero,
                        shared.seed,
                        &is_stopped,
                    );
                })
                .map_err(RunError::Thread)?;
            Some(count)
        }
    };
    let started_unix_us = started_unix_us
        + u64::try_from((zero - Instant::now() + unix_since(unix)).as_micros()).unwrap_or(0);
    // Every session holds a receiver.
    let _ = start.send(Some(zero));
    let mut tell_at = Instant::now();
    while !attack.is_finished() {
        std::thread::sleep(LOOK);
        if Instant::now() >= tell_at {
            tell_at += TELL;
            told(&shared.tally.progress(zero.elapsed()));
        }
    }
    let ended = runtime.block_on(&mut attack);
    told(&shared.tally.progress(zero.elapsed()));
    let (result, log) = shared.tally.result(scenario, started_unix_us, due);
    if let Some(log) = log {
        let path = settings.hdr_log.clone().unwrap_or_default();
        log.close().map_err(|source| RunError::Write { path, source })?;
    }
    runtime.shutdown_background();
    match ended {
        Ok(Ok(())) => Ok(result),
        Ok(Err(error)) => Err(RunError::Goose(Box::new(error))),
        Err(_) => Err(RunError::Died),
    }
}

/// The time since `unix`.
fn unix_since(unix: Duration) -> Duration {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    now.saturating_sub(unix)
}

/// Waits until all users are there; false when they do not come.
fn come_up(shared: &Shared, users: usize, attack: &JoinHandle<Result<(), GooseError>>) -> bool {
    let patience = USERS_START + USER_START * u32::try_from(users).unwrap_or(u32::MAX);
    let until = Instant::now() + patience;
    while shared.ready.load(Ordering::Acquire) < users {
        if attack.is_finished() || Instant::now() > until {
            return false;
        }
        std::thread::sleep(LOOK);
    }
    true
}

fn give_up(
    runtime: &Runtime,
    attack: JoinHandle<Result<(), GooseError>>,
    users: usize,
    shared: &Shared,
) -> Result<RunResult, RunError> {
    if attack.is_finished()
        && let Ok(Err(error)) = runtime.block_on(attack)
    {
        return Err(RunError::Goose(Box::new(error)));
    }
    Err(RunError::Slow { users, ready: shared.ready.load(Ordering::Acquire) })
}

/// goose's side of the run: quiet, without controllers, each user with one session.
fn attack(shared: &Arc<Shared>, settings: &RunSettings) -> Result<GooseAttack, GooseError> {
    let scenario = &shared.scenario;
    let mut configuration = GooseConfiguration::parse_args_default::<&str>(&[])?;
    configuration.host = Some(settings.target.clone());
    configuration.users = Some(scenario.load.users_max());
    configuration.increase_rate = Some(START_RATE.into());
    configuration.iterations = Some(1);
    configuration.quiet = 1;
    configuration.no_print_metrics = true;
    configuration.no_telnet = true;
    configuration.no_threshold_abort = true;
    if let Some(path) = &settings.goose_report {
        configuration.report_file = vec![path.to_string_lossy().into_owned()];
        configuration.threshold = thresholds(scenario);
    }
    let mut attack = GooseAttack::initialize_with_config(configuration)?
        .set_client_builder_without_cookies(
            goose::client::GooseClientBuilder::new().without_cookies(),
        )?;
    let is_open = matches!(scenario.load, Load::Arrivals(_));
    // With an arrival rate, what a user sends is decided as it is due: one kind of goose users is enough.
    let kinds = if is_open { &scenario.users[..1] } else { &scenario.users[..] };
    let pool = if is_open { Some(shared.client()?) } else { None };
    for (index, kind) in kinds.iter().enumerate() {
        let (shared, pool) = (Arc::clone(shared), pool.clone());
        let transaction = Transaction::new(Arc::new(move |user| {
            let (shared, pool) = (Arc::clone(&shared), pool.clone());
            Box::pin(async move {
                user.client = match pool {
                    Some(pool) => pool,
                    None => shared.client().map_err(goose::goose::TransactionError::from)?,
                };
                session(shared, index, user).await
            })
        }));
        let name = if is_open { &scenario.name } else { &kind.name };
        attack = attack.register_scenario(
            GooseScenario::new(name)
                .set_weight(kind.weight as usize)?
                .register_transaction(transaction.set_name("session")),
        );
    }
    Ok(attack)
}

/// The thresholds that goose can express, in its words.
fn thresholds(scenario: &Scenario) -> Vec<String> {
    let rules = scenario.thresholds.iter().filter_map(|threshold| goose_rule(scenario, threshold));
    rules.filter(|rule| rule.parse::<GooseThreshold>().is_ok()).collect()
}

fn goose_rule(scenario: &Scenario, threshold: &Threshold) -> Option<String> {
    let limit = threshold.limit();
    let (metric, value) = match threshold.metric() {
        Metric::Percentile(_) => (threshold.metric().to_string(), format!("{limit}us")),
        Metric::Average => ("avg".into(), format!("{limit}us")),
        Metric::Maximum => ("max".into(), format!("{limit}us")),
        Metric::Errors => ("error-rate".into(), format!("{limit}%")),
        Metric::Throughput => ("rps".into(), format!("{limit}")),
        Metric::Minimum => return None,
    };
    let of = match threshold.request() {
        None => String::new(),
        Some(name) => {
            let request = scenario.requests.iter().find(|request| request.name == name)?;
            format!(" for {} {}", request.method, goose_name(request))
        }
    };
    Some(format!("{metric}{}{value}{of}", threshold.operator()))
}
