//! A plan from start to end, on the caller's thread.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use gateway_rt::Moment;

use crate::ledger::{Board, Ledger, outcome};
use crate::limits::{
    CONNECTIONS_MAX, MARK_BYTES_MAX, MARKS_MAX, PIPELINE_MAX, PROGRESS_MS, RATE_RPS_MAX,
    REQUESTS_MAX, SCHEDULE_COUNT_MAX, START_LEAD_US, THREADS_MAX,
};
use crate::schedule::Schedule;
use crate::shard::{self, Run};
use crate::turns::Turns;
use crate::workers::Worker;
use crate::{Arrivals, EngineError, Outcome, Plan, Progress};

/// Ends runs early, from any thread.
#[derive(Clone, Debug, Default)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Ends the run: nothing more is sent, and what is under way is cut short and not counted.
    pub fn stop(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether [`Stop::stop`] was called.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Runs `plan` and waits for its end. `told` learns how far it is, five times a second.
///
/// # Errors
/// [`EngineError::Plan`] for a plan that cannot be run, before anything is sent; else what the system refused.
pub fn run(plan: &Plan, told: &mut dyn FnMut(&Progress)) -> Result<Outcome, EngineError> {
    run_until(plan, &Stop::default(), told)
}

/// As [`run`], until `stop` says so.
///
/// # Errors
/// Those of [`run`]. A run that was stopped has an outcome like any other.
pub fn run_until(
    plan: &Plan,
    stop: &Stop,
    told: &mut dyn FnMut(&Progress),
) -> Result<Outcome, EngineError> {
    let turns = Turns::new(&plan.requests);
    check(plan, &turns).map_err(EngineError::Plan)?;
    let run = Arc::new(Run {
        schedule: Schedule::new(&plan.arrivals),
        plan: plan.clone(),
        turns,
        stop: stop.clone(),
        ready: AtomicUsize::new(0),
        zero_us: AtomicU64::new(0),
        is_given_up: AtomicBool::new(false),
    });
    let boards: Vec<Arc<Board>> = (0..plan.threads).map(|_| Arc::default()).collect();
    let workers: Result<Vec<Worker>, EngineError> = boards.iter().map(|_| Worker::take()).collect();
    let workers = workers?;
    let (sender, ended) = channel();
    for (index, (worker, board)) in workers.iter().zip(&boards).enumerate() {
        let (run, board, sender) = (run.clone(), board.clone(), sender.clone());
        worker.run(move || async move {
            let ledger = Ledger::new(&run.plan, board);
            let ledger = shard::work(run, index, ledger).await;
            // Nobody listens any more when another thread died.
            let _ = sender.send(ledger);
        });
    }
    drop(sender);
    let result = attend(&run, &boards, &ended, told);
    if result.is_err() {
        // A thread that died takes no more jobs, and nobody knows which one it was.
        run.is_given_up.store(true, Ordering::Relaxed);
        workers.into_iter().for_each(Worker::discard);
    }
    let (started_unix_us, ledgers) = result?;
    Ok(outcome(plan, started_unix_us, ledgers))
}

/// Gives the start signal, tells progress, gathers what the threads saw.
fn attend(
    run: &Run,
    boards: &[Arc<Board>],
    ended: &Receiver<Ledger>,
    told: &mut dyn FnMut(&Progress),
) -> Result<(u64, Vec<Ledger>), EngineError> {
    let mut ledgers = Vec::with_capacity(boards.len());
    let mut zero: Option<(Moment, u64)> = None;
    while ledgers.len() < boards.len() {
        if zero.is_none() && run.ready.load(Ordering::Acquire) == boards.len() {
            zero = Some(start(run));
        }
        let wait = if zero.is_some() { PROGRESS_MS } else { 1 };
        match ended.recv_timeout(Duration::from_millis(wait)) {
            Ok(ledger) => ledgers.push(ledger),
            Err(RecvTimeoutError::Timeout) => {
                if let Some((zero, _)) = zero {
                    told(&progress(zero, boards));
                }
            }
            Err(RecvTimeoutError::Disconnected) => return Err(EngineError::Died),
        }
    }
    let (zero, unix_us) = zero.unwrap_or_else(|| start(run));
    told(&progress(zero, boards));
    Ok((unix_us, ledgers))
}

/// Sets time zero; the moment, and its wall time.
fn start(run: &Run) -> (Moment, u64) {
    let now = Moment::now();
    let unix = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let zero = now + Duration::from_micros(START_LEAD_US);
    run.zero_us.store(zero.micros(), Ordering::Release);
    (zero, u64::try_from(unix.as_micros()).unwrap_or(u64::MAX).saturating_add(START_LEAD_US))
}

fn progress(zero: Moment, boards: &[Arc<Board>]) -> Progress {
    let sum = |of: fn(&Board) -> &AtomicU64| -> u64 {
        boards.iter().map(|board| of(board).load(Ordering::Relaxed)).sum()
    };
    Progress {
        elapsed_ms: Moment::now().micros_since(zero) / 1000,
        sent: sum(|board| &board.sent),
        answered: sum(|board| &board.answered),
        failed: sum(|board| &board.failed),
        open: usize::try_from(sum(|board| &board.open)).unwrap_or(usize::MAX),
    }
}

/// What is wrong with `plan`, and what to do about it.
fn check(plan: &Plan, turns: &Turns) -> Result<(), String> {
    let within = |what: &str, is: usize, max: usize| {
        if (1..=max).contains(&is) {
            Ok(())
        } else {
            Err(format!("a plan has 1 to {max} {what}, not {is}"))
        }
    };
    within("requests", plan.requests.len(), REQUESTS_MAX)?;
    within("connections", plan.connections, CONNECTIONS_MAX)?;
    within("threads", plan.threads, THREADS_MAX.min(plan.connections))?;
    within("requests in flight on one connection", plan.pipeline, PIPELINE_MAX)?;
    if turns.is_empty() {
        return Err("no request has a weight: give one of them a weight of 1 or more".to_owned());
    }
    if let Some(empty) = plan.requests.iter().find(|request| request.bytes.is_empty()) {
        return Err(format!(
            "request {:?} is empty: give it a request line and a head",
            empty.name
        ));
    }
    if !plan.keep_alive && plan.pipeline > 1 {
        return Err("several requests in flight need connections that are kept".to_owned());
    }
    if plan.timeout.is_zero() {
        return Err("a timeout of zero leaves no time for an answer".to_owned());
    }
    if plan.marks.len() > MARKS_MAX {
        return Err(format!("at most {MARKS_MAX} marks are looked for, not {}", plan.marks.len()));
    }
    if plan.marks.iter().any(|mark| !(1..=MARK_BYTES_MAX).contains(&mark.len())) {
        return Err(format!("a mark has 1 to {MARK_BYTES_MAX} bytes"));
    }
    check_arrivals(&plan.arrivals)
}

fn check_arrivals(arrivals: &Arrivals) -> Result<(), String> {
    let Arrivals::Steps(steps) = arrivals else { return Ok(()) };
    let is_rate = |rps: f64| (0.0..=RATE_RPS_MAX).contains(&rps);
    if let Some(step) = steps.iter().find(|step| !is_rate(step.from_rps) || !is_rate(step.to_rps)) {
        return Err(format!(
            "a rate is 0 to {RATE_RPS_MAX} requests per second, not {} to {}",
            step.from_rps, step.to_rps
        ));
    }
    let sum = |step: &crate::Step| (step.from_rps + step.to_rps) / 2.0 * step.lasts.as_secs_f64();
    if steps.iter().map(sum).sum::<f64>() > SCHEDULE_COUNT_MAX as f64 {
        return Err(format!("a schedule has at most {SCHEDULE_COUNT_MAX} requests"));
    }
    Ok(())
}
