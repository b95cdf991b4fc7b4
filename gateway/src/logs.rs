//! Log groups of this process: where they are kept, who writes to them, and how old ones go.

use std::sync::Arc;
use std::time::Duration;

use gateway_compile::{Snapshot, StagePlan};
use gateway_store::{LogBytes, LogStore};
use gateway_telemetry::Groups;

use crate::settings::Settings;

/// Between two looks for events that are older than their groups keep them. Ours: a retention is whole days.
const SWEEP_INTERVAL: Duration = Duration::from_secs(60);

/// Log groups, with those of earlier processes where there is a state directory.
pub(crate) fn open(settings: &Settings) -> Arc<LogStore> {
    let bytes = LogBytes {
        function: settings.functions.log_bytes_max,
        group: settings.logs.group_bytes_max,
    };
    let Some(state) = &settings.state.directory else {
        return Arc::new(LogStore::in_memory(bytes));
    };
    Arc::new(LogStore::open(&state.join("logs"), bytes).unwrap_or_else(|error| {
        let error = format!("{:#}", anyhow::Error::from(error));
        tracing::error!(error, "Log groups are kept in memory only");
        LogStore::in_memory(bytes)
    }))
}

/// What takes shards' records.
pub(crate) fn groups(logs: &Arc<LogStore>) -> Groups {
    let logs = logs.clone();
    Groups::new(move |stream, records| {
        let Some(first) = records.first() else { return true };
        let lines = records.iter().map(|record| (record.unix_ms, record.text));
        logs.put(first.group, stream, gateway_rt::clock::unix_ms(), lines)
    })
}

/// The log stream of a shard: 32 hexadecimal digits, others after each start.
pub(crate) fn stream_name() -> String {
    let mut random = [0; 16];
    // No secret: where the system has no randomness, all shards share a stream.
    let _ = getrandom::fill(&mut random);
    random.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Makes the groups that stages write to, so that they are there before the first request.
pub(crate) fn make_groups(logs: &LogStore, snapshot: &Snapshot) {
    let now_ms = gateway_rt::clock::unix_ms();
    let of = |plan: &StagePlan| {
        let access = plan.access_log.as_ref().and_then(|log| log.group.as_deref());
        for name in [access, plan.execution_log_group.as_deref()].into_iter().flatten() {
            logs.ensure_group(name, now_ms);
        }
    };
    for stage in &snapshot.stages {
        of(stage);
        if let Some(canary) = &stage.canary {
            of(&canary.plan);
        }
    }
}

/// Lets old events go, for as long as the process lives.
pub(crate) async fn sweep(logs: Arc<LogStore>) {
    let mut interval = tokio::time::interval(SWEEP_INTERVAL);
    loop {
        interval.tick().await;
        let logs = logs.clone();
        let sweeping = move || logs.sweep(gateway_rt::clock::unix_ms());
        if let Err(error) = tokio::task::spawn_blocking(sweeping).await {
            tracing::error!(%error, "Old log events are not removed");
        }
    }
}
