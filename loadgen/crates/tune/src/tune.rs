//! The run: connections are tried, a rate is stepped, and what was found is explained.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use loadgen_engine::{Progress, Request, Stop, Target};
use loadgen_report::threshold::Threshold;

use crate::advice::{Advice, Trial, advise, fewest};
use crate::bound::{Bound, Case, Finding, find};
use crate::measure::{Engine, Load, Rig};
use crate::search::{End, Next, Range, Search};
use crate::{StepFacts, TuneError, judge, limits};

/// What to tune, and how long.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where to.
    pub target: Target,
    /// The target as reports name it.
    pub target_name: String,
    /// What is sent.
    pub requests: Vec<Request>,
    /// The service level. Empty is `p99<10ms` and `errors<0.1%`.
    pub thresholds: Vec<Threshold>,
    /// Statuses that are expected. Empty is all below 400.
    pub statuses: Vec<u16>,
    /// The gateway's process, if it is on this machine.
    pub gateway_pid: Option<u32>,
    /// Connections; `None` tries some numbers and takes the best.
    pub connections: Option<usize>,
    /// Threads of the generator.
    pub threads: usize,
    /// The highest rate that may be offered.
    pub rate_rps_max: f64,
    /// Offered at each rate before it is measured.
    pub warm_up: Duration,
    /// How long a rate is measured; longer where its percentiles need it.
    pub step_lasts: Duration,
    /// The whole run, at most.
    pub lasts_max: Duration,
    /// Steps, at most.
    pub steps_max: usize,
    /// Requests, at most.
    pub count_max: u64,
    /// An answer that takes longer is an error.
    pub timeout: Duration,
    /// Ends the run early; what was found until then is kept.
    pub stop: Stop,
}

/// What happens, as it happens.
#[derive(Clone, Debug)]
pub enum Event<'a> {
    /// Within a measurement, several times a second.
    Progress(&'a Progress),
    /// A number of connections was tried.
    Tried(Trial),
    /// A rate was measured.
    Measured(&'a StepFacts),
}

/// What was found.
#[derive(Clone, Debug)]
pub struct Found {
    /// The knee: the highest rate that held, and the lowest beyond that did not.
    pub end: End,
    /// The service level.
    pub thresholds: Vec<Threshold>,
    /// Connections that the rates were offered over.
    pub connections: usize,
    /// The closed model with different numbers of connections.
    pub trials: Vec<Trial>,
    /// What the closed model carried most with.
    pub ceiling: Option<StepFacts>,
    /// All steps in their order.
    pub steps: Vec<StepFacts>,
    /// What bounds the rate.
    pub finding: Finding,
    /// What to set.
    pub advice: Advice,
    /// CPUs that the gateway may use.
    pub gateway_cpus: Option<usize>,
    /// The target as reports name it.
    pub target_name: String,
    /// When the run started, in milliseconds since 1970-01-01 UTC.
    pub started_unix_ms: u64,
    /// How long it took.
    pub took: Duration,
}

impl Settings {
    /// Settings for a run of a minute or two at the most.
    #[must_use]
    pub fn new(target: Target, target_name: String, requests: Vec<Request>) -> Self {
        Self {
            target,
            target_name,
            requests,
            thresholds: Vec::new(),
            statuses: Vec::new(),
            gateway_pid: None,
            connections: None,
            threads: 1,
            rate_rps_max: loadgen_engine::limits::RATE_RPS_MAX,
            warm_up: Duration::from_millis(500),
            step_lasts: Duration::from_secs(3),
            lasts_max: Duration::from_secs(120),
            steps_max: 40,
            count_max: 100_000_000,
            timeout: Duration::from_secs(5),
            stop: Stop::default(),
        }
    }

    /// Whether an answer's status is an expected one; 0 is no answer.
    #[must_use]
    pub fn expects(&self, status: u16) -> bool {
        if self.statuses.is_empty() {
            (100..400).contains(&status)
        } else {
            self.statuses.contains(&status)
        }
    }
}

/// Finds the highest constant rate that holds the service level, and what bounds it.
///
/// # Errors
///
/// Settings that cannot be, a target that does not answer as expected, or an engine that does not start.
pub fn tune(settings: &Settings, told: &mut dyn FnMut(&Event)) -> Result<Found, TuneError> {
    if let Some(pid) = settings.gateway_pid {
        crate::proc::process(pid).map_err(|error| {
            TuneError::Setting(format!("gateway-pid {pid} cannot be looked at: {error}"))
        })?;
    }
    tune_on(settings, &mut Engine::new(settings), told)
}

pub(crate) fn tune_on(
    settings: &Settings,
    rig: &mut dyn Rig,
    told: &mut dyn FnMut(&Event),
) -> Result<Found, TuneError> {
    let thresholds = judge::service_level(&settings.thresholds)?;
    if settings.step_lasts.is_zero() {
        return Err(TuneError::Setting("a step of no length measures nothing".to_owned()));
    }
    if !(settings.rate_rps_max.is_finite() && settings.rate_rps_max > 0.0) {
        let problem =
            format!("the highest rate is above 0 requests/s, not {}", settings.rate_rps_max);
        return Err(TuneError::Setting(problem));
    }
    let started_unix = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let mut run = Run {
        settings,
        thresholds,
        rig,
        told,
        steps: Vec::new(),
        ceiling: None,
        throttled_by: None,
    };

    let trials = run.trials()?;
    let connections = run.connections(&trials);
    let ceiling_rps = trials.iter().map(|trial| trial.rate_rps).fold(0.0, f64::max);
    let end = run.search(connections, ceiling_rps)?;

    let (knee, beyond) = (run.at(end.holds_rps, true), run.at(end.fails_rps, false));
    let unloaded = trials.iter().min_by_key(|trial| trial.connections);
    let finding = find(&Case {
        knee,
        beyond,
        ceiling: run.ceiling.as_ref(),
        latency_limit_us: judge::latency_limit_us(&run.thresholds),
        unloaded_us: unloaded.map(|trial| trial.p50_ms * 1e3),
        throttled_by: run.throttled_by.as_deref(),
    });
    let gateway_cpus = run.rig.gateway_cpus();
    let advice = advise(knee, finding.bound, gateway_cpus, &trials);
    let took = run.rig.elapsed();
    Ok(Found {
        end,
        connections,
        trials,
        finding,
        advice,
        gateway_cpus,
        target_name: settings.target_name.clone(),
        started_unix_ms: u64::try_from(started_unix.as_millis()).unwrap_or(u64::MAX),
        took,
        thresholds: run.thresholds,
        ceiling: run.ceiling,
        steps: run.steps,
    })
}

struct Run<'a> {
    settings: &'a Settings,
    thresholds: Vec<Threshold>,
    rig: &'a mut dyn Rig,
    told: &'a mut dyn FnMut(&Event),
    steps: Vec<StepFacts>,
    /// The trial that carried most.
    ceiling: Option<StepFacts>,
    throttled_by: Option<String>,
}

impl Run<'_> {
    /// The closed model, with the connections that were asked for or with several numbers of them.
    fn trials(&mut self) -> Result<Vec<Trial>, TuneError> {
        let asked = self.settings.connections.map(|count| vec![count.max(1)]);
        let mut trials = Vec::new();
        for connections in asked.unwrap_or_else(|| limits::CONNECTIONS_TRIED.to_vec()) {
            let (warm_up, lasts) = (limits::TRIAL_LASTS / 4, limits::TRIAL_LASTS);
            // At most a quarter of the time goes to trials, the first excepted.
            let is_late = self.rig.elapsed() + warm_up + lasts > self.settings.lasts_max / 4;
            if !trials.is_empty() && (is_late || self.rig.is_stopped()) {
                break;
            }
            // As fast as they go, unless somebody says how fast they may.
            let most_rps = self.settings.rate_rps_max;
            let is_bounded = most_rps < loadgen_engine::limits::RATE_RPS_MAX;
            let load =
                Load { rate_rps: is_bounded.then_some(most_rps), connections, warm_up, lasts };
            let facts = self.measure(&load)?;
            if facts.achieved_rps == 0.0 && trials.is_empty() {
                return Err(nothing_expected(&facts));
            }
            let p50_ms = facts.latency_ms(50.0).unwrap_or_default();
            let trial = Trial { connections, rate_rps: facts.achieved_rps, p50_ms };
            (self.told)(&Event::Tried(trial));
            trials.push(trial);
            if self.ceiling.as_ref().is_none_or(|best| best.achieved_rps < facts.achieved_rps) {
                self.ceiling = Some(facts);
            }
        }
        Ok(trials)
    }

    fn connections(&self, trials: &[Trial]) -> usize {
        let best = fewest(trials).map_or(1, |trial| trial.connections);
        self.settings.connections.unwrap_or_else(|| best.max(limits::CONNECTIONS_MIN)).max(1)
    }

    fn search(&mut self, connections: usize, ceiling_rps: f64) -> Result<End, TuneError> {
        let mut search = Search::new(Range {
            start_rps: ceiling_rps * limits::START_SHARE,
            min_rps: limits::RATE_RPS_MIN,
            max_rps: self.settings.rate_rps_max,
            steps_max: self.settings.steps_max,
        });
        loop {
            let rate_rps = match search.next() {
                Next::Done(end) => return Ok(end),
                Next::Offer(rate_rps) => rate_rps,
            };
            let load = self.load(rate_rps, connections);
            if !self.has_room(&load) {
                search.out_of_time();
                continue;
            }
            let mut facts = self.measure(&load)?;
            if self.rig.is_stopped() {
                // Cut short, so that it says nothing.
                search.out_of_time();
                continue;
            }
            let judgement = judge::judge(&self.thresholds, &mut facts);
            let share = facts.throttled() as f64 / facts.requests.max(1) as f64;
            (self.told)(&Event::Measured(&facts));
            self.steps.push(facts);
            search.judge(judgement);
            if share > limits::THROTTLED && self.throttled_by.is_none() && self.has_room(&load) {
                self.throttled_by = self.rig.throttled_by(&load)?;
            }
        }
    }

    /// A load long enough for the tail of the service level, and short enough for the engine's samples.
    fn load(&self, rate_rps: f64, connections: usize) -> Load {
        let beyond = 1.0 - judge::percentile_max(&self.thresholds) / 100.0;
        let asked_s = self.settings.step_lasts.as_secs_f64();
        let wanted_s = limits::TAIL_COUNT / (rate_rps * beyond).max(1e-6);
        let lasts_s = wanted_s.clamp(asked_s, asked_s * limits::LENGTHEN_MAX);
        let warm_up = self.settings.warm_up;
        let room_s = limits::SAMPLES_MAX as f64 / rate_rps - warm_up.as_secs_f64();
        let lasts = Duration::from_secs_f64(lasts_s.min(room_s.max(0.2)));
        Load { rate_rps: Some(rate_rps), connections, warm_up, lasts }
    }

    fn has_room(&self, load: &Load) -> bool {
        let whole = load.warm_up + load.lasts;
        let count = load.rate_rps.unwrap_or_default() * whole.as_secs_f64();
        !self.rig.is_stopped()
            && self.rig.elapsed() + whole <= self.settings.lasts_max
            && self.rig.sent() as f64 + count <= self.settings.count_max as f64
    }

    fn measure(&mut self, load: &Load) -> Result<StepFacts, TuneError> {
        let Self { rig, told, .. } = self;
        rig.measure(load, &mut |progress| told(&Event::Progress(progress)))
    }

    /// The last step at this rate that went this way.
    fn at(&self, rate_rps: Option<f64>, holds: bool) -> Option<&StepFacts> {
        let rate_rps = rate_rps?;
        self.steps.iter().rev().find(|step| step.offered_rps == rate_rps && step.holds == holds)
    }
}

fn nothing_expected(facts: &StepFacts) -> TuneError {
    let statuses: Vec<String> =
        facts.statuses.iter().map(|(status, count)| format!("{count} × {status}")).collect();
    if statuses.is_empty() {
        return TuneError::Silent(format!("{} had no answer", facts.unanswered));
    }
    TuneError::Refused(statuses.join(", "))
}

impl Found {
    /// The step at the knee.
    #[must_use]
    pub fn knee(&self) -> Option<&StepFacts> {
        let rate_rps = self.end.holds_rps?;
        self.steps.iter().rev().find(|step| step.holds && step.offered_rps == rate_rps)
    }

    /// Requests per second for each core that the shards used, at the knee; `None` too where they were hardly used,
    /// for what an idle gateway does weighs there.
    #[must_use]
    pub fn rate_per_core(&self) -> Option<f64> {
        let knee = self.knee()?;
        let cores = knee.gateway.as_ref()?.shard_cores();
        (cores > limits::CORES_MIN).then(|| knee.achieved_rps / cores)
    }

    /// Whether the rate is a lower bound of what the gateway can do.
    #[must_use]
    pub fn is_lower_bound(&self) -> bool {
        matches!(self.finding.bound, Bound::Generator | Bound::Machine | Bound::Nothing)
    }
}

#[cfg(test)]
mod tests;
