//! How many shards and connections to set, and why.

use crate::bound::Bound;
use crate::{StepFacts, limits};

/// What to set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Advice {
    /// For the gateway's `--shards`; `None` without its process.
    pub shards: Option<usize>,
    /// Why.
    pub shards_why: String,
    /// Connections to offer; `None` if none were tried.
    pub connections: Option<usize>,
    /// Why.
    pub connections_why: String,
}

/// One number of connections, tried with the closed model.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Trial {
    /// Connections.
    pub connections: usize,
    /// Answers with an expected status per second.
    pub rate_rps: f64,
    /// Median of what an answer took, in milliseconds.
    pub p50_ms: f64,
}

/// From the step at the knee, what bounds it, the CPUs that the gateway may use, and the trials.
#[must_use]
pub fn advise(
    knee: Option<&StepFacts>,
    bound: Bound,
    cpus: Option<usize>,
    trials: &[Trial],
) -> Advice {
    let mut advice = Advice::default();
    let shards = knee.and_then(|knee| knee.gateway.as_ref()).map_or(0, |g| g.shards.len());
    if let (Some(knee), Some(cpus)) = (knee, cpus)
        && shards > 0
    {
        let (count, why) = suggest_shards(knee, bound, cpus.max(1), shards);
        (advice.shards, advice.shards_why) = (Some(count), why);
    }
    if let Some(best) = fewest(trials) {
        let even = shards * limits::CONNECTIONS_PER_SHARD;
        let count = best.connections.max(even);
        advice.connections = Some(count);
        advice.connections_why = if count > best.connections {
            format!(
                "{} for each of {shards} shards, to share out evenly",
                limits::CONNECTIONS_PER_SHARD
            )
        } else {
            format!("{count} carried {:.0}/s, and more carried hardly more", best.rate_rps)
        };
    }
    advice
}

/// The fewest connections that are nearly as good as the best.
#[must_use]
pub fn fewest(trials: &[Trial]) -> Option<&Trial> {
    let best_rps = trials.iter().map(|trial| trial.rate_rps).fold(0.0, f64::max);
    let enough = trials.iter().filter(|t| t.rate_rps >= best_rps * (1.0 - limits::TRIAL_SLACK));
    enough.min_by_key(|trial| trial.connections)
}

fn suggest_shards(knee: &StepFacts, bound: Bound, cpus: usize, shards: usize) -> (usize, String) {
    let busy = knee.gateway.as_ref().map_or(0.0, crate::GatewayFacts::shard_cores);
    let free = knee.machine.map_or(0.0, |m| m.cpus as f64 - m.busy_cores);
    if shards > cpus {
        return (
            cpus,
            format!("{shards} shards share {cpus} CPUs; more shards than CPUs only wait"),
        );
    }
    match bound {
        Bound::Gateway if free >= 1.0 && shards < cpus => {
            let more = (shards + free.floor() as usize).min(cpus);
            (more, format!("all {shards} are busy, and {free:.1} CPUs have no work"))
        }
        Bound::Gateway => {
            (shards, format!("all {shards} are busy, and no CPU is free for another"))
        }
        Bound::Machine => (
            shards,
            format!("all CPUs are busy, {busy:.1} with shards; another shard would find no CPU"),
        ),
        Bound::HotShard => (shards, "more connections will keep them equally busy".to_owned()),
        _ => {
            let enough = ((busy / limits::SHARD_AIM).ceil() as usize).max(1);
            if enough < shards {
                let aim = limits::SHARD_AIM * 100.0;
                (enough, format!("{busy:.2} cores of work fit {enough} at {aim:.0} %"))
            } else {
                (shards, format!("{shards} are enough: they do {busy:.2} cores of work"))
            }
        }
    }
}

#[cfg(test)]
mod tests;
