//! What bounds the rate: a reasoned verdict from what was measured at the knee and beyond it.

use crate::{ShardFacts, StepFacts, limits};

/// What bounds the rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// A limit of the gateway's definition: requests are refused with 429.
    Throttling,
    /// All shards of the gateway are busy.
    Gateway,
    /// One shard is busy while others are not: connections are shared out unevenly.
    HotShard,
    /// All CPUs of the machine are busy, with the gateway, the generator and others.
    Machine,
    /// The generator itself: the figure is a lower bound.
    Generator,
    /// Too few connections for the rate and the latency.
    Connections,
    /// What is behind the gateway: the gateway has time left while latency grows.
    Backend,
    /// Errors, before anything is busy.
    Errors,
    /// Nothing did: the highest rate that may be offered held.
    Nothing,
    /// It cannot be told from what was measured.
    Unknown,
}

/// A verdict with its reasons.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// What bounds the rate.
    pub bound: Bound,
    /// What was measured that says so.
    pub evidence: Vec<String>,
    /// What to do about it.
    pub advice: String,
}

/// What the verdict is made from.
#[derive(Clone, Copy, Debug)]
pub struct Case<'a> {
    /// The step at the knee, if one held.
    pub knee: Option<&'a StepFacts>,
    /// The lowest step beyond it that did not hold.
    pub beyond: Option<&'a StepFacts>,
    /// What the closed model carried most with: a queue may break a latency limit before anything is busy, and
    /// what is busy here is what it queues for.
    pub ceiling: Option<&'a StepFacts>,
    /// The strictest latency limit, in microseconds.
    pub latency_limit_us: Option<f64>,
    /// What a connection took for one request at the least load, in microseconds.
    pub unloaded_us: Option<f64>,
    /// Which limit an answer with 429 named.
    pub throttled_by: Option<&'a str>,
}

impl Bound {
    /// In one clause.
    #[must_use]
    pub fn clause(self) -> &'static str {
        match self {
            Self::Throttling => "a limit of the definition: requests are refused with 429",
            Self::Gateway => "the gateway's shards, which are all busy",
            Self::HotShard => "one busy shard, while others have time left",
            Self::Machine => "the machine's CPUs, which gateway, generator and backend share",
            Self::Generator => "the generator, so that the rate is a lower bound",
            Self::Connections => "too few connections",
            Self::Backend => "what is behind the gateway, which has time left itself",
            Self::Errors => "errors, before anything is busy",
            Self::Nothing => "nothing: the highest rate that was allowed held",
            Self::Unknown => "unknown",
        }
    }
}

/// Reasons from the first step that broke the service level, or without one from the knee.
#[must_use]
pub fn find(case: &Case) -> Finding {
    let Some(step) = case.beyond.or(case.knee) else {
        return Finding {
            bound: Bound::Unknown,
            evidence: vec!["no rate was measured".to_owned()],
            advice: "allow more time or steps".to_owned(),
        };
    };
    let rules = [throttling, shards, machine, generator, connections, errors, ceiling, backend];
    let found = rules.iter().find_map(|rule| rule(case, step));
    let mut finding = match (found, case.beyond) {
        // A machine may be busy and yet hold all it was offered.
        (Some(found), Some(_)) => found,
        (_, None) => nothing(),
        (None, Some(_)) => unknown(step),
    };
    let rate = step.offered_rps;
    let broken = if step.holds { "the service level holds" } else { step.broken.as_str() };
    finding.evidence.insert(0, format!("at {rate:.0}/s: {broken}"));
    finding
}

fn throttling(case: &Case, step: &StepFacts) -> Option<Finding> {
    let share = step.throttled() as f64 / step.requests.max(1) as f64;
    let mut evidence =
        vec![format!("{:.1} % of the requests were refused with 429", share * 100.0)];
    let advice = match case.throttled_by {
        Some(limit) => {
            evidence.push(format!("the refusals say {limit:?}"));
            format!("lift {}", limit_to_lift(limit))
        }
        None => format!("lift {}", limit_to_lift("")),
    };
    (share > limits::THROTTLED).then_some(Finding { bound: Bound::Throttling, evidence, advice })
}

/// API Gateway answers "Limit Exceeded" for a used-up quota, "Too Many Requests" for rate and burst.
fn limit_to_lift(message: &str) -> &'static str {
    match message {
        "Limit Exceeded" => "the quota of the key's usage plan",
        "Too Many Requests" => {
            "rate and burst of the strictest of: the usage plan's method, the usage plan, the stage's method \
             settings, the account"
        }
        _ => "the rate, burst or quota that refuses them (usage plan, stage, or account)",
    }
}

fn shards(_: &Case, step: &StepFacts) -> Option<Finding> {
    let gateway = step.gateway.as_ref()?;
    let by_load = |a: &&ShardFacts, b: &&ShardFacts| a.busy.total_cmp(&b.busy);
    let hottest = gateway.shards.iter().max_by(by_load)?;
    let coolest = gateway.shards.iter().min_by(by_load)?;
    let of_each = shares(&gateway.shards);
    if coolest.busy >= limits::BUSY {
        return Some(Finding {
            bound: Bound::Gateway,
            evidence: vec![
                format!("shards ran {of_each}"),
                format!("a request took {:.1} µs of CPU", gateway.cpu_us_per_request),
            ],
            advice:
                "give it more shards, if there are CPUs; else cheaper requests, or another machine"
                    .to_owned(),
        });
    }
    (hottest.busy >= limits::BUSY && coolest.busy < limits::IDLE).then(|| Finding {
        bound: Bound::HotShard,
        evidence: vec![
            format!("shards ran {of_each}"),
            format!("{} connections over {} shards", step.connections, gateway.shards.len()),
        ],
        advice: format!(
            "offer more connections: {} share out more evenly",
            (gateway.shards.len() * limits::CONNECTIONS_PER_SHARD).max(step.connections * 2)
        ),
    })
}

fn machine(_: &Case, step: &StepFacts) -> Option<Finding> {
    let machine = step.machine?;
    let waiting = step.gateway.as_ref().map_or(0.0, |gateway| {
        let hungry = gateway.shards.iter().map(|s| s.waiting).fold(0.0, f64::max);
        let starved = gateway.shards.iter().any(|s| s.busy + s.waiting >= limits::BUSY);
        if starved { hungry } else { 0.0 }
    });
    if machine.share() < limits::MACHINE_BUSY && waiting < 0.2 {
        return None;
    }
    let mut evidence =
        vec![format!("{:.2} of {} CPUs were busy", machine.busy_cores, machine.cpus)];
    let generator = step.generator_cores;
    let mut advice = "run generator and backend on another machine, or pin them to CPUs that the gateway does not use; \
         until then the rate is a lower bound of the gateway's";
    if let Some(gateway) = &step.gateway {
        let others = (machine.busy_cores - gateway.cores - generator).max(0.0);
        evidence.push(format!(
            "cores of the gateway {:.2}, of the generator {generator:.2}, of all others {others:.2}",
            gateway.cores
        ));
        if others > gateway.cores + generator {
            advice = "stop what else runs on this machine, or the backend if it is here, and repeat; until then the \
                 rate is a lower bound of the gateway's";
        }
        if waiting > 0.05 {
            evidence.push(format!(
                "a shard was ready {:.0} % of the time without a CPU",
                waiting * 100.0
            ));
        }
    } else {
        evidence.push(format!("the generator used {generator:.2} cores"));
    }
    Some(Finding { bound: Bound::Machine, evidence, advice: advice.to_owned() })
}

fn generator(case: &Case, step: &StepFacts) -> Option<Finding> {
    let busy = step.generator_cores / step.generator_threads.max(1) as f64;
    let late =
        case.latency_limit_us.is_some_and(|us| step.late_us as f64 >= us * limits::LATE_SHARE);
    (busy >= limits::BUSY || late).then(|| Finding {
        bound: Bound::Generator,
        evidence: vec![
            format!(
                "it sent 1 % of the requests {} late or later",
                loadgen_report::micros(step.late_us)
            ),
            format!("its {} threads ran {:.0} % each", step.generator_threads, busy * 100.0),
        ],
        advice: "give it more threads, or another machine".to_owned(),
    })
}

/// One request at a time on each: what N connections can carry is N ÷ latency.
fn connections(case: &Case, step: &StepFacts) -> Option<Finding> {
    let unloaded_us = case.unloaded_us.filter(|us| *us > 0.0)?;
    let carried_rps = step.connections as f64 * 1e6 / unloaded_us;
    let busiest = step.gateway.as_ref()?.shards.iter().map(|s| s.busy).fold(0.0, f64::max);
    (carried_rps < step.offered_rps && busiest < limits::IDLE).then(|| Finding {
        bound: Bound::Connections,
        evidence: vec![format!(
            "{} connections carry {carried_rps:.0}/s at best, at {} for each request",
            step.connections,
            loadgen_report::micros(unloaded_us as u64)
        )],
        advice: format!("offer {} connections", step.connections * 4),
    })
}

fn errors(_: &Case, step: &StepFacts) -> Option<Finding> {
    let share = step.errors as f64 / step.requests.max(1) as f64;
    let unexpected: Vec<String> = step
        .statuses
        .iter()
        .filter(|(status, _)| **status >= 400)
        .map(|(status, count)| format!("{count} × {status}"))
        .collect();
    (share > 0.01).then(|| Finding {
        bound: Bound::Errors,
        evidence: vec![
            format!("{:.1} % of the requests failed", share * 100.0),
            format!(
                "statuses: {}; without an answer: {}",
                or_none(&unexpected.join(", ")),
                step.unanswered
            ),
        ],
        advice: "look at the gateway's execution log and at the backend for these answers"
            .to_owned(),
    })
}

fn ceiling(case: &Case, _: &StepFacts) -> Option<Finding> {
    let ceiling = case.ceiling?;
    let mut finding = shards(case, ceiling).or_else(|| machine(case, ceiling))?;
    let rate = ceiling.achieved_rps;
    finding.evidence.insert(0, format!("as fast as it answers, {rate:.0}/s, it is that"));
    Some(finding)
}

fn backend(_: &Case, step: &StepFacts) -> Option<Finding> {
    let gateway = step.gateway.as_ref()?;
    let busiest = gateway.shards.iter().map(|s| s.busy).fold(0.0, f64::max);
    (!gateway.shards.is_empty() && busiest < limits::IDLE).then(|| Finding {
        bound: Bound::Backend,
        evidence: vec![
            format!("shards ran {}, so the gateway has time left", shares(&gateway.shards)),
            "latency grew all the same".to_owned(),
        ],
        advice: "look at the backend's own latency at this rate; the gateway can do more"
            .to_owned(),
    })
}

fn nothing() -> Finding {
    Finding {
        bound: Bound::Nothing,
        evidence: Vec::new(),
        advice: "allow a higher rate, or more time and steps, to find the knee".to_owned(),
    }
}

fn unknown(step: &StepFacts) -> Finding {
    let (evidence, advice) = match &step.gateway {
        None => (
            "the gateway's CPU time was not measured",
            "give --gateway-pid on the gateway's machine",
        ),
        Some(_) => ("nothing was busy throughout, and nothing idle", "repeat it with longer steps"),
    };
    Finding {
        bound: Bound::Unknown,
        evidence: vec![evidence.to_owned()],
        advice: advice.to_owned(),
    }
}

fn shares(shards: &[ShardFacts]) -> String {
    let shares: Vec<String> = shards.iter().map(|s| format!("{:.0} %", s.busy * 100.0)).collect();
    format!("{} of a core", or_none(&shares.join(", ")))
}

fn or_none(list: &str) -> &str {
    if list.is_empty() { "none" } else { list }
}

#[cfg(test)]
mod tests;
