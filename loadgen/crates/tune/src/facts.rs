//! What one step measured.

use std::collections::BTreeMap;

use hdrhistogram::Histogram;

use crate::proc::{ProcessTimes, SystemTimes};

/// What one step measured, warm-up excluded.
#[derive(Clone, Debug)]
pub struct StepFacts {
    /// Requests per second that were offered; of a closed model, what came of it.
    pub offered_rps: f64,
    /// Answers with an expected status per second, within the step.
    pub achieved_rps: f64,
    /// Connections.
    pub connections: usize,
    /// Requests that were due.
    pub requests: u64,
    /// Those without an answer, or with an unexpected status.
    pub errors: u64,
    /// Answers by status code.
    pub statuses: BTreeMap<u16, u64>,
    /// Requests without an answer, or never sent.
    pub unanswered: u64,
    /// Latencies of answers from their intended time, in microseconds.
    pub latency_us: Histogram<u64>,
    /// The same by request, by name.
    pub by_request: Vec<(String, Histogram<u64>, u64, u64)>,
    /// The generator's own lateness at its 99th percentile, in microseconds.
    pub late_us: u64,
    /// Cores that the generator used.
    pub generator_cores: f64,
    /// Threads of the generator.
    pub generator_threads: usize,
    /// What the gateway's process used.
    pub gateway: Option<GatewayFacts>,
    /// What the machine used.
    pub machine: Option<MachineFacts>,
    /// Whether the service level was held.
    pub holds: bool,
    /// What was not, in one clause; empty if all was.
    pub broken: String,
}

/// What the gateway's process used in a step.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GatewayFacts {
    /// Cores, all threads together.
    pub cores: f64,
    /// CPU time per request, in microseconds.
    pub cpu_us_per_request: f64,
    /// Share of it in the kernel, 0 to 1.
    pub system_share: f64,
    /// Its threads `shard-N`, in order of N.
    pub shards: Vec<ShardFacts>,
    /// How often a thread was made to wait for another, per second.
    pub involuntary_per_s: f64,
}

/// What one shard used in a step.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ShardFacts {
    /// N of its name.
    pub index: usize,
    /// Share of a core that it ran.
    pub busy: f64,
    /// Share of the time that it was ready and had no core.
    pub waiting: f64,
}

/// What the machine used in a step, everything on it together.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct MachineFacts {
    /// Cores at work.
    pub busy_cores: f64,
    /// CPUs that are online.
    pub cpus: usize,
}

impl StepFacts {
    /// Answers with status 429.
    #[must_use]
    pub fn throttled(&self) -> u64 {
        self.statuses.get(&429).copied().unwrap_or_default()
    }

    /// A latency percentile, in milliseconds; `None` without answers.
    #[must_use]
    pub fn latency_ms(&self, percentile: f64) -> Option<f64> {
        let latency_us = &self.latency_us;
        let us = latency_us.value_at_quantile(percentile / 100.0);
        (!latency_us.is_empty()).then_some(us as f64 / 1e3)
    }
}

impl GatewayFacts {
    /// Cores of all shards together.
    #[must_use]
    pub fn shard_cores(&self) -> f64 {
        self.shards.iter().map(|shard| shard.busy).sum()
    }

    /// Between two readings of a process that answered `requests` in between.
    #[must_use]
    pub fn between(before: &ProcessTimes, after: &ProcessTimes, requests: u64) -> Self {
        let seconds = after.at.saturating_duration_since(before.at).as_secs_f64().max(1e-3);
        let ran = |us: u64| us as f64 / 1e6 / seconds;
        let (mut run_us, mut involuntary, mut shards) = (0_u64, 0_u64, Vec::new());
        for (id, thread) in &after.threads {
            let was = before.threads.get(id).cloned().unwrap_or_default();
            let thread_us = thread.run_us.saturating_sub(was.run_us);
            run_us = run_us.saturating_add(thread_us);
            involuntary += thread.involuntary.saturating_sub(was.involuntary);
            let index = thread.name.strip_prefix("shard-").and_then(|n| n.parse().ok());
            if let Some(index) = index {
                let waiting = ran(thread.wait_us.saturating_sub(was.wait_us));
                shards.push(ShardFacts { index, busy: ran(thread_us), waiting });
            }
        }
        shards.sort_by_key(|shard| shard.index);
        let user_us = after.user_us.saturating_sub(before.user_us);
        let system_us = after.system_us.saturating_sub(before.system_us);
        // Threads that ended are in the process's sum only, which counts in ticks.
        let run_us = run_us.max((user_us + system_us).saturating_sub(20_000));
        Self {
            cores: ran(run_us),
            cpu_us_per_request: run_us as f64 / requests.max(1) as f64,
            system_share: system_us as f64 / (user_us + system_us).max(1) as f64,
            shards,
            involuntary_per_s: involuntary as f64 / seconds,
        }
    }
}

impl MachineFacts {
    /// Between two readings.
    #[must_use]
    pub fn between(before: &SystemTimes, after: &SystemTimes) -> Self {
        let busy_us = after.busy_us.saturating_sub(before.busy_us) as f64;
        let idle_us = after.idle_us.saturating_sub(before.idle_us) as f64;
        let share = busy_us / (busy_us + idle_us).max(1.0);
        Self { busy_cores: share * after.cpus as f64, cpus: after.cpus }
    }

    /// Share of all CPUs at work.
    #[must_use]
    pub fn share(&self) -> f64 {
        self.busy_cores / self.cpus.max(1) as f64
    }
}

#[cfg(test)]
mod tests;
