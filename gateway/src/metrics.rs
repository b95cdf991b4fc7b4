//! Metrics by the minute for CloudWatch: what shards count, sampled by a thread of its own, and kept in the state directory.

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};
use gateway_control::metrics::{ApiCounts, ApiSeries, Durations, Metrics};
use gateway_store::{MinuteStore, StoreError};
use gateway_telemetry::{HistogramSnapshot, Registry, SeriesSample, StageLabels, WHOLE_STAGE};

use crate::settings::Settings;

/// Metrics with those that earlier processes kept. A disk that refuses is no reason not to serve: they are in memory then.
pub(crate) fn open(settings: &Settings) -> Metrics {
    let metrics = Metrics::new(gateway_rt::clock::unix_ms);
    if let Some(directory) = &settings.state.directory
        && let Err(error) = keep(directory, &metrics)
    {
        let error = format!("{:#}", anyhow::Error::from(error));
        tracing::error!(error, "Metrics are kept in memory only");
    }
    metrics
}

fn keep(directory: &Path, metrics: &Metrics) -> Result<(), StoreError> {
    let mut spoilt = 0_u64;
    let mut store = MinuteStore::open(directory, |record| {
        spoilt += u64::from(!metrics.restore(record));
    })?;
    if spoilt > 0 {
        tracing::warn!(minutes = spoilt, "Metrics that another version kept are left out");
    }
    metrics.keep_with(Box::new(move |record| {
        store.append(record).map_err(|error| format!("{:#}", anyhow::Error::from(error)))
    }));
    Ok(())
}

/// The thread that ends each minute with a sample.
pub(crate) struct Sampler {
    /// Dropped to stop it.
    stop: SyncSender<()>,
    stopped: Receiver<()>,
}

impl Sampler {
    /// Samples the registry from now on.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub(crate) fn start(metrics: Metrics, registry: &Arc<Registry>) -> Result<Self> {
        let registry = registry.clone();
        metrics.collect_with(Box::new(move |unix_ms, tell| {
            registry.sample(unix_ms, |labels, sample| tell(series(labels), counts(sample)));
        }));
        let (stop, stopping) = mpsc::sync_channel(0);
        let (ended, stopped) = mpsc::sync_channel(1);
        let sample = move || {
            loop {
                // The clock shows the kernel's last tick: one millisecond more, so as not to come before the end.
                let wait = Duration::from_millis(metrics.sample() + 1);
                match stopping.recv_timeout(wait) {
                    Err(RecvTimeoutError::Timeout) => {}
                    Ok(()) | Err(RecvTimeoutError::Disconnected) => break,
                }
            }
            metrics.finish();
            // Nobody listens any more where `stop` ran out of patience.
            ended.send(()).ok();
        };
        let thread = thread::Builder::new().name("metrics".into());
        thread.spawn(sample).context("cannot start the thread that samples metrics")?;
        Ok(Self { stop, stopped })
    }

    /// Keeps what was counted so far and ends the thread; whether that was done within `timeout`.
    pub(crate) fn stop(self, timeout: Duration) -> bool {
        drop(self.stop);
        self.stopped.recv_timeout(timeout).is_ok()
    }
}

fn series(labels: &StageLabels) -> ApiSeries {
    let StageLabels { api_id, api_name, stage, method, route } = labels.clone();
    let method = (method != WHOLE_STAGE || route != WHOLE_STAGE).then_some((method, route));
    ApiSeries { api_id, api_name, stage, method }
}

fn counts(sample: &SeriesSample) -> ApiCounts {
    let requests = sample.requests.iter().sum();
    let [_, _, _, client_errors, server_errors] = sample.requests;
    let (cache_hits, cache_misses) = (sample.cache_hits, sample.cache_misses);
    ApiCounts {
        requests,
        client_errors,
        server_errors,
        cached_requests: if sample.has_cache { requests } else { cache_hits + cache_misses },
        cache_hits,
        cache_misses,
        latency: durations(&sample.latency),
        integration_latency: durations(&sample.integration_latency),
    }
}

fn durations(histogram: &HistogramSnapshot) -> Durations {
    let parts = histogram.parts().map(|(_, longest_micros, count)| (longest_micros, count));
    Durations::new(histogram.sum_micros(), parts)
}
