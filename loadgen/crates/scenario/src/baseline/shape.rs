//! What was offered and where, in words that can be compared.

use super::Machine;
use crate::scenario::{Engine, Load, Order, Scenario};

/// What was offered: what must be the same for two runs to be compared. Credentials are no part of it.
pub(super) fn shape(scenario: &Scenario, engine: Engine) -> Vec<String> {
    let engine = match engine {
        Engine::Goose => "goose",
        Engine::Uring => "uring",
    };
    let mut shape = vec![format!("engine {engine}")];
    match &scenario.load {
        Load::Users(stages) => shape.extend(
            stages
                .iter()
                .map(|stage| format!("{} to {} users in {:?}", stage.from, stage.to, stage.lasts)),
        ),
        Load::Arrivals(arrivals) => {
            shape.extend(
                arrivals.steps.iter().map(|step| {
                    format!("{} to {}/s in {:?}", step.from_rps, step.to_rps, step.lasts)
                }),
            );
            shape.extend(
                arrivals
                    .burst
                    .map(|burst| format!("bursts of {} every {:?}", burst.count, burst.every)),
            );
            shape.push(format!("{} in flight at most", arrivals.users_max));
        }
    }
    for kind in &scenario.users {
        let order = if kind.order == Order::Sequence { "in sequence" } else { "at random" };
        let steps: Vec<&str> =
            kind.steps.iter().map(|&step| scenario.requests[step].name.as_str()).collect();
        let think =
            kind.think.map(|(from, to)| format!(", think {from:?} to {to:?}")).unwrap_or_default();
        let slow = if kind.slow == crate::scenario::Slow::default() { "" } else { ", slow" };
        shape.push(format!(
            "users {} × {}: {} {order}{think}{slow}",
            kind.weight,
            kind.name,
            steps.join(", ")
        ));
    }
    shape.extend(scenario.requests.iter().map(|request| {
        format!("request {} × {}: {}", request.weight, request.name, request.method)
    }));
    shape
}

pub(super) fn machine() -> Machine {
    let line = |file: &str, key: &str| {
        let text = std::fs::read_to_string(file).ok()?;
        let line = text.lines().find(|line| line.starts_with(key))?;
        Some(line.split_once(':')?.1.trim().to_string())
    };
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    Machine {
        cpu: line("/proc/cpuinfo", "model name").unwrap_or_else(|| "unknown".into()),
        cpus: std::thread::available_parallelism().map_or(1, usize::from),
        kernel: kernel.trim().into(),
    }
}
