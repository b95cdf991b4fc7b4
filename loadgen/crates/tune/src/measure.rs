//! One step with the engine: a plan, the machine's accounts around its middle, and what its samples say.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use loadgen_engine::{Arrivals, Outcome, Plan, Progress, Record, Sample, Step, run_until};

use crate::proc::{self, ProcessTimes, SystemTimes};
use crate::{GatewayFacts, MachineFacts, Settings, StepFacts, TuneError, limits};

/// Where steps are measured: the engine, or a model of a gateway in tests.
pub(crate) trait Rig {
    /// Since the tune began.
    fn elapsed(&self) -> Duration;
    /// Requests sent so far.
    fn sent(&self) -> u64;
    /// Whether somebody asked for the end.
    fn is_stopped(&self) -> bool;
    /// Measures one load.
    fn measure(
        &mut self,
        load: &Load,
        told: &mut dyn FnMut(&Progress),
    ) -> Result<StepFacts, TuneError>;
    /// Which limit refuses requests at this load.
    fn throttled_by(&mut self, load: &Load) -> Result<Option<String>, TuneError>;
    /// The CPUs that the gateway may use.
    fn gateway_cpus(&self) -> Option<usize>;
}

/// What to offer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Load {
    /// Requests per second; `None` is the closed model.
    pub(crate) rate_rps: Option<f64>,
    pub(crate) connections: usize,
    /// Before what is measured.
    pub(crate) warm_up: Duration,
    pub(crate) lasts: Duration,
}

/// The engine.
pub(crate) struct Engine<'a> {
    settings: &'a Settings,
    started: Instant,
    sent: u64,
}

/// Messages by which API Gateway's refusals differ.
const REFUSALS: [&str; 2] = ["Limit Exceeded", "Too Many Requests"];

impl<'a> Engine<'a> {
    pub(crate) fn new(settings: &'a Settings) -> Self {
        Self { settings, started: Instant::now(), sent: 0 }
    }

    fn plan(&self, load: &Load) -> Plan {
        let settings = self.settings;
        let whole = load.warm_up + load.lasts;
        let arrivals = match load.rate_rps {
            None => Arrivals::Closed,
            Some(rps) => Arrivals::Steps(vec![Step { from_rps: rps, to_rps: rps, lasts: whole }]),
        };
        // A closed plan ends by this; an open one has so long after its schedule for late answers.
        let lasts_max = if load.rate_rps.is_none() { whole } else { settings.timeout.min(GRACE) };
        let left = settings.count_max.saturating_sub(self.sent);
        Plan {
            target: settings.target.clone(),
            requests: settings.requests.clone(),
            arrivals,
            connections: load.connections,
            threads: settings.threads.clamp(1, load.connections.max(1)),
            lasts_max,
            count_max: left.min(limits::SAMPLES_MAX as u64),
            timeout: settings.timeout,
            keep_alive: true,
            pipeline: 1,
            record: Record::Samples,
            marks: Vec::new(),
        }
    }
}

/// How long after a step's schedule its late answers are waited for.
const GRACE: Duration = Duration::from_millis(500);

impl Rig for Engine<'_> {
    fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    fn sent(&self) -> u64 {
        self.sent
    }

    fn is_stopped(&self) -> bool {
        self.settings.stop.is_stopped()
    }

    fn measure(
        &mut self,
        load: &Load,
        told: &mut dyn FnMut(&Progress),
    ) -> Result<StepFacts, TuneError> {
        let plan = self.plan(load);
        let mut accounts = Accounts::new(self.settings.gateway_pid, load);
        let outcome = run_until(&plan, &self.settings.stop, &mut |progress| {
            accounts.look(progress);
            told(progress);
        })?;
        self.sent = self.sent.saturating_add(outcome.sent);
        let mut facts = facts(self.settings, load, &plan, &outcome);
        (facts.gateway, facts.machine) = accounts.facts();
        Ok(facts)
    }

    fn throttled_by(&mut self, load: &Load) -> Result<Option<String>, TuneError> {
        let mut plan = self.plan(&Load { warm_up: Duration::ZERO, lasts: GRACE, ..*load });
        plan.marks = REFUSALS.map(|message| message.as_bytes().to_vec()).to_vec();
        let outcome = run_until(&plan, &self.settings.stop, &mut |_| {})?;
        self.sent = self.sent.saturating_add(outcome.sent);
        let refused = outcome.samples.iter().filter(|sample| sample.status == 429);
        let mut counts = [0_usize; REFUSALS.len()];
        for mark in refused.filter_map(|sample| sample.mark) {
            if let Some(count) = counts.get_mut(usize::from(mark)) {
                *count += 1;
            }
        }
        let most = REFUSALS.iter().zip(counts).max_by_key(|(_, count)| *count);
        Ok(most.filter(|(_, count)| *count > 0).map(|(message, _)| (*message).to_owned()))
    }

    fn gateway_cpus(&self) -> Option<usize> {
        let allowed = proc::cpus_allowed(self.settings.gateway_pid?).ok()?.len();
        let online = proc::system().map_or(allowed, |system| system.cpus);
        Some(allowed.min(online))
    }
}

/// The accounts of process and machine, read after the warm-up and last within the step.
struct Accounts {
    pid: Option<u32>,
    from_ms: u64,
    to_ms: u64,
    first: Option<Reading>,
    last: Option<Reading>,
}

struct Reading {
    process: Option<ProcessTimes>,
    system: Option<SystemTimes>,
    answered: u64,
}

impl Accounts {
    fn new(pid: Option<u32>, load: &Load) -> Self {
        let ms = |lasts: Duration| u64::try_from(lasts.as_millis()).unwrap_or(u64::MAX);
        let (from_ms, to_ms) = (ms(load.warm_up), ms(load.warm_up + load.lasts));
        Self { pid, from_ms, to_ms, first: None, last: None }
    }

    fn look(&mut self, progress: &Progress) {
        // A step's last reading may be a little late, for the last progress comes when all is answered.
        if progress.elapsed_ms < self.from_ms || progress.elapsed_ms > self.to_ms.saturating_add(50)
        {
            return;
        }
        let reading = Reading {
            process: self.pid.and_then(|pid| proc::process(pid).ok()),
            system: proc::system().ok(),
            answered: progress.answered,
        };
        if self.first.is_none() {
            self.first = Some(reading);
        } else {
            self.last = Some(reading);
        }
    }

    fn facts(&self) -> (Option<GatewayFacts>, Option<MachineFacts>) {
        let (Some(first), Some(last)) = (&self.first, &self.last) else { return (None, None) };
        let answered = last.answered.saturating_sub(first.answered);
        let process = first.process.as_ref().zip(last.process.as_ref());
        let system = first.system.as_ref().zip(last.system.as_ref());
        (
            process.map(|(before, after)| GatewayFacts::between(before, after, answered)),
            system.map(|(before, after)| MachineFacts::between(before, after)),
        )
    }
}

fn facts(settings: &Settings, load: &Load, plan: &Plan, outcome: &Outcome) -> StepFacts {
    let from_us = u64::try_from(load.warm_up.as_micros()).unwrap_or(u64::MAX);
    let lasts = match load.rate_rps {
        Some(_) => load.lasts,
        // A closed plan may end before, by its count.
        None => outcome.took.saturating_sub(load.warm_up).min(load.lasts),
    };
    let to_us = from_us.saturating_add(u64::try_from(lasts.as_micros()).unwrap_or(u64::MAX));
    let names = settings.requests.iter().map(|request| request.name.clone());
    let mut tallies: Vec<Tally> = names.map(|_| Tally::default()).collect();
    let mut all = Tally::default();
    let mut statuses = BTreeMap::new();
    let (mut unanswered, mut in_time) = (0_u64, 0_u64);
    for sample in outcome.samples.iter().filter(|sample| sample.intended_us >= from_us) {
        let expected = settings.expects(sample.status);
        all.take(sample, expected);
        if let Some(tally) = tallies.get_mut(usize::from(sample.request)) {
            tally.take(sample, expected);
        }
        match sample.status {
            0 => unanswered += 1,
            status => *statuses.entry(status).or_default() += 1,
        }
        in_time += u64::from(expected && sample.received_us <= to_us.saturating_add(LATE_US));
    }
    // What was due and never sent is an error of the rate that was offered.
    let unsent = if load.rate_rps.is_some() { outcome.unsent } else { 0 };
    let achieved_rps = in_time as f64 / lasts.as_secs_f64().max(1e-3);
    let took_us = outcome.took.as_micros().max(1) as f64;
    let (user_us, system_us) = outcome.cpu_us;
    let by_request = settings.requests.iter().zip(tallies);
    StepFacts {
        offered_rps: load.rate_rps.unwrap_or(achieved_rps),
        achieved_rps,
        connections: load.connections,
        requests: all.requests + unsent,
        errors: all.errors + unsent,
        statuses,
        unanswered: unanswered + unsent,
        latency_us: all.latency_us,
        by_request: by_request
            .map(|(r, t)| (r.name.clone(), t.latency_us, t.requests, t.errors))
            .collect(),
        late_us: outcome.late_us.value_at_quantile(0.99),
        generator_cores: user_us.saturating_add(system_us) as f64 / took_us,
        generator_threads: plan.threads,
        gateway: None,
        machine: None,
        holds: false,
        broken: String::new(),
    }
}

/// An answer is in time for the achieved rate so long after the step's end: as much came late from before.
const LATE_US: u64 = 20_000;

struct Tally {
    latency_us: Histogram<u64>,
    requests: u64,
    errors: u64,
}

impl Default for Tally {
    fn default() -> Self {
        Self { latency_us: histogram(), requests: 0, errors: 0 }
    }
}

impl Tally {
    fn take(&mut self, sample: &Sample, expected: bool) {
        self.requests += 1;
        self.errors += u64::from(!expected);
        if sample.status != 0 {
            self.latency_us += sample.received_us.saturating_sub(sample.intended_us).max(1);
        }
    }
}

/// Three digits, growing with its values.
pub(crate) fn histogram() -> Histogram<u64> {
    Histogram::new(3).expect("three digits are in the range of 0 to 5")
}

#[cfg(test)]
mod tests;
