//! All numbers of the process in one place, merged when somebody asks.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use crate::access_log::SinkMetrics;
use crate::cell::{Counter, Gauge};
use crate::encode::{Encoder, Exposition};
use crate::functions::{self, FunctionNumbers, FunctionSource};
use crate::histogram::HistogramSnapshot;
use crate::names::{self, Metric};
use crate::process::ProcessStats;
use crate::series::{Series, SeriesSample};
use crate::shard::{STATUS_CLASSES, ShardMetrics, UpstreamFailure};
use crate::stage::{StageLabels, StageMetrics, ThrottleScope};
use crate::usage::UsageMetrics;

/// What runs, for `gateway_build_info`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BuildInfo {
    /// The version of the gateway.
    pub version: &'static str,
    /// The operating system.
    pub os: &'static str,
    /// The processor's architecture.
    pub arch: &'static str,
}

/// Loads of the configuration. Only the control thread writes them.
#[derive(Debug, Default)]
pub struct ConfigMetrics {
    successes: Counter,
    failures: Counter,
    last_successful: Gauge,
    last_success_unix_seconds: Gauge,
}

impl ConfigMetrics {
    /// The configuration was loaded at this time, in seconds since the epoch.
    pub fn loaded(&self, unix_seconds: u64) {
        self.successes.increment();
        self.last_successful.set(1);
        self.last_success_unix_seconds.set(unix_seconds);
    }

    /// The configuration was not loaded; the last good one stays.
    pub fn failed(&self) {
        self.failures.increment();
        self.last_successful.set(0);
    }
}

type Stages = BTreeMap<StageLabels, Series>;

/// Owns the counters of all shards and of the process, and writes them out.
///
/// Nothing here is on a request's path: a shard keeps `Arc`s to its own counters.
#[derive(Debug)]
pub struct Registry {
    build: BuildInfo,
    shards: Box<[Arc<ShardMetrics>]>,
    config: ConfigMetrics,
    usage: UsageMetrics,
    ring: OnceLock<(String, String)>,
    sinks: OnceLock<Arc<[SinkMetrics]>>,
    functions: OnceLock<FunctionSource>,
    stages: Mutex<Stages>,
    /// Whether somebody samples: a series is kept until its last counts were.
    is_sampled: AtomicBool,
}

impl Registry {
    /// Makes the counters of `shard_count` shards; `refusal_reasons` is the closed set of the label
    /// `reason` of `gateway_requests_refused_total`.
    pub fn new(
        build: BuildInfo,
        shard_count: usize,
        refusal_reasons: &'static [&'static str],
    ) -> Self {
        let shards = (0..shard_count).map(|_| Arc::new(ShardMetrics::new(refusal_reasons)));
        Self {
            build,
            shards: shards.collect(),
            config: ConfigMetrics::default(),
            usage: UsageMetrics::default(),
            ring: OnceLock::new(),
            sinks: OnceLock::new(),
            functions: OnceLock::new(),
            stages: Mutex::default(),
            is_sampled: AtomicBool::new(false),
        }
    }

    /// The counters of each shard, by index.
    pub fn shards(&self) -> &[Arc<ShardMetrics>] {
        &self.shards
    }

    /// The counters of configuration loads, for the control thread.
    pub fn config(&self) -> &ConfigMetrics {
        &self.config
    }

    /// The counters of writes of usage counts, for the thread that writes them.
    pub fn usage(&self) -> &UsageMetrics {
        &self.usage
    }

    /// Tells which I/O driver the shards chose and with which ring flags. The first call counts.
    pub fn describe_ring(&self, driver: impl Into<String>, flags: impl Into<String>) {
        // Every shard chooses alike, so a second call says the same.
        let _ = self.ring.set((driver.into(), flags.into()));
    }

    /// Shows the counts of the access log's sinks. The first call counts.
    pub fn add_sinks(&self, sinks: Arc<[SinkMetrics]>) {
        // There is one access log.
        let _ = self.sinks.set(sinks);
    }

    /// The counters of one series on one shard, made on first use.
    ///
    /// Called when a snapshot is prepared. A stage that a reload leaves as it is keeps counting where
    /// it was; one that no snapshot names any more disappears after the next scrape, and not before its last counts
    /// were sampled where [`Registry::sample`] is called.
    pub fn stage(&self, shard: usize, labels: &StageLabels) -> Arc<StageMetrics> {
        debug_assert!(shard < self.shards.len(), "shards are counted at start");
        let mut stages = self.stages();
        if let Some(series) = stages.get_mut(labels) {
            return series.of_shard(shard);
        }
        let mut series = Series::new(self.shards.len());
        let found = series.of_shard(shard);
        stages.insert(labels.clone(), series);
        found
    }

    /// Tells `visit` what each series has counted since the call before; a series that counted nothing is left out.
    /// `unix_ms` is the present. One caller samples.
    ///
    /// All calls together tell each request once: a series ends only when its last counts have been told.
    pub fn sample(&self, unix_ms: u64, mut visit: impl FnMut(&StageLabels, &SeriesSample)) {
        self.is_sampled.store(true, Relaxed);
        self.stages().retain(|labels, series| {
            if let Some(sample) = series.sample(unix_ms) {
                visit(labels, &sample);
            }
            !series.is_told(unix_ms)
        });
    }

    /// Writes out everything.
    pub fn render(&self, exposition: Exposition, process: &ProcessStats) -> String {
        let mut encoder = Encoder::new(exposition);
        self.render_build(&mut encoder);
        self.render_stages(&mut encoder);
        let functions = self.functions.get().map(|source| (source.0)());
        functions::render(&mut encoder, &functions.unwrap_or_default());
        self.render_downstream(&mut encoder);
        self.render_upstream(&mut encoder);
        self.render_shards(&mut encoder);
        self.render_access_log(&mut encoder);
        self.render_usage(&mut encoder);
        self.render_config(&mut encoder);
        render_process(&mut encoder, process);
        encoder.finish()
    }

    /// Who is asked for the numbers of functions; the first one given stays.
    pub fn add_functions(
        &self,
        numbers: impl Fn() -> Vec<FunctionNumbers> + Send + Sync + 'static,
    ) {
        self.functions.set(FunctionSource(Box::new(numbers))).ok();
    }

    fn render_build(&self, encoder: &mut Encoder) {
        let BuildInfo { version, os, arch } = self.build;
        encoder.family(&names::BUILD_INFO);
        encoder.sample(&names::BUILD_INFO, &[version, os, arch], 1);
        encoder.family(&names::RING_INFO);
        if let Some((driver, flags)) = self.ring.get() {
            encoder.sample(&names::RING_INFO, &[driver, flags], 1);
        }
        single(encoder, &names::SHARDS, self.shards.len());
    }

    fn render_stages(&self, encoder: &mut Encoder) {
        let mut stages = self.stages();
        // Asked before their counts are read: what ends meanwhile is shown once more.
        stages.values_mut().for_each(Series::note_end);
        encoder.family(&names::REQUESTS);
        for (labels, series) in stages.iter() {
            let metrics = series.shards();
            let [api_id, api_name, stage, method, route] = values(labels);
            for (class, class_name) in STATUS_CLASSES.iter().enumerate() {
                let count: u64 = metrics.iter().map(|m| m.requests.values()[class]).sum();
                let values = [api_id, api_name, stage, method, route, class_name];
                encoder.sample(&names::REQUESTS, &values, count);
            }
        }
        encoder.family(&names::THROTTLED_REQUESTS);
        for (labels, series) in stages.iter() {
            let metrics = series.shards();
            let [api_id, api_name, stage, method, route] = values(labels);
            for scope in ThrottleScope::ALL {
                let count: u64 = metrics.iter().map(|m| m.throttled.value(scope)).sum();
                let values = [api_id, api_name, stage, method, route, scope.label()];
                encoder.sample(&names::THROTTLED_REQUESTS, &values, count);
            }
        }
        encoder.family(&names::CACHE_REQUESTS);
        for (labels, series) in stages.iter() {
            let metrics = series.shards();
            let [api_id, api_name, stage, method, route] = values(labels);
            let hits: u64 = metrics.iter().map(|m| m.cache_hits.value()).sum();
            let misses: u64 = metrics.iter().map(|m| m.cache_misses.value()).sum();
            for (result, count) in [("hit", hits), ("miss", misses)] {
                let values = [api_id, api_name, stage, method, route, result];
                encoder.sample(&names::CACHE_REQUESTS, &values, count);
            }
        }
        for metric in [&names::REQUEST_DURATION, &names::INTEGRATION_DURATION] {
            encoder.family(metric);
            for (labels, series) in stages.iter() {
                let metrics = series.shards();
                let mut total = HistogramSnapshot::default();
                for metrics in metrics.iter() {
                    let is_whole = *metric == names::REQUEST_DURATION;
                    let part =
                        if is_whole { &metrics.latency } else { &metrics.integration_latency };
                    part.merge_into(&mut total);
                }
                encoder.histogram(metric, &values(labels), &total);
            }
        }
        // Their last counts are written; nobody holds them who could count more.
        let is_sampled = self.is_sampled.load(Relaxed);
        stages.retain(|_, series| !series.is_shown_last(is_sampled));
    }

    fn render_downstream(&self, encoder: &mut Encoder) {
        self.by_shard(encoder, &names::CONNECTIONS_ACCEPTED, |m| m.connections_accepted.value());
        self.by_shard(encoder, &names::CONNECTIONS_ACTIVE, |m| m.connections_active.value());
        self.by_shard(encoder, &names::CONNECTIONS_IDLE, |m| m.connections_idle.value());
        self.by_shard(encoder, &names::CONNECTIONS_REFUSED, |m| m.connections_refused.value());
        encoder.family(&names::RESPONSES);
        for (class, class_name) in STATUS_CLASSES.iter().enumerate() {
            let count = self.sum(|m| m.responses.values()[class]);
            encoder.sample(&names::RESPONSES, &[class_name], count);
        }
        encoder.family(&names::REQUESTS_REFUSED);
        for (reason, count) in self.refusals() {
            encoder.sample(&names::REQUESTS_REFUSED, &[reason], count);
        }
        self.total(encoder, &names::DOWNSTREAM_RECEIVED, |m| m.downstream_received_bytes.value());
        self.total(encoder, &names::DOWNSTREAM_SENT, |m| m.downstream_sent_bytes.value());
    }

    fn render_upstream(&self, encoder: &mut Encoder) {
        self.total(encoder, &names::UPSTREAM_CONNECTS, |m| m.upstream_connects.value());
        self.total(encoder, &names::UPSTREAM_REUSES, |m| m.upstream_reuses.value());
        self.total(encoder, &names::UPSTREAM_RETRIES, |m| m.upstream_retries.value());
        encoder.family(&names::UPSTREAM_FAILURES);
        for failure in UpstreamFailure::ALL {
            let count = self.sum(|m| m.upstream_failures.value(failure));
            encoder.sample(&names::UPSTREAM_FAILURES, &[failure.label()], count);
        }
        self.total(encoder, &names::UPSTREAM_IDLE, |m| m.upstream_idle.value());
        self.total(encoder, &names::UPSTREAM_RECEIVED, |m| m.upstream_received_bytes.value());
        self.total(encoder, &names::UPSTREAM_SENT, |m| m.upstream_sent_bytes.value());
        self.total(encoder, &names::DNS_LOOKUPS, |m| m.dns_lookups.value());
        self.total(encoder, &names::DNS_FAILURES, |m| m.dns_failures.value());
    }

    fn render_shards(&self, encoder: &mut Encoder) {
        self.total(encoder, &names::BUFFERS_IN_USE, |m| m.buffers_in_use.value());
        self.total(encoder, &names::BUFFERS_POOLED, |m| m.buffers_pooled.value());
        self.by_shard(encoder, &names::LOOP_TICKS, |m| m.loop_ticks.value());
    }

    fn render_access_log(&self, encoder: &mut Encoder) {
        let sinks = self.sinks.get().map_or(&[][..], |sinks| &sinks[..]);
        self.total(encoder, &names::ACCESS_LOG_LINES, |m| m.access_log_lines.value());
        encoder.family(&names::ACCESS_LOG_WRITTEN);
        // Two destinations may have one name, but a sample must be unique.
        let mut written = BTreeMap::<&str, u64>::new();
        for sink in sinks {
            *written.entry(&sink.name).or_default() += sink.written.value();
        }
        for (name, count) in written {
            encoder.sample(&names::ACCESS_LOG_WRITTEN, &[name], count);
        }
        encoder.family(&names::ACCESS_LOG_DROPPED);
        let dropped = self.sum(|m| m.access_log_dropped.value());
        encoder.sample(&names::ACCESS_LOG_DROPPED, &["queue_full"], dropped);
        let failed: u64 = sinks.iter().map(|sink| sink.failed.value()).sum();
        encoder.sample(&names::ACCESS_LOG_DROPPED, &["sink_failed"], failed);
    }

    fn render_usage(&self, encoder: &mut Encoder) {
        let usage = &self.usage;
        encoder.family(&names::USAGE_WRITES);
        for (result, count) in [("success", &usage.successes), ("failure", &usage.failures)] {
            encoder.sample(&names::USAGE_WRITES, &[result], count.value());
        }
        let time = usage.last_success_unix_seconds.value();
        single(encoder, &names::USAGE_LAST_WRITE_TIME, time);
    }

    fn render_config(&self, encoder: &mut Encoder) {
        let config = &self.config;
        encoder.family(&names::CONFIG_RELOADS);
        for (result, count) in [("success", &config.successes), ("failure", &config.failures)] {
            encoder.sample(&names::CONFIG_RELOADS, &[result], count.value());
        }
        let last = config.last_successful.value();
        single(encoder, &names::CONFIG_LAST_SUCCESSFUL, last);
        let time = config.last_success_unix_seconds.value();
        single(encoder, &names::CONFIG_LAST_SUCCESS_TIME, time);
    }

    /// Refusals of all shards by reason; every shard has the same reasons in the same order.
    fn refusals(&self) -> Vec<(&'static str, u64)> {
        let mut shards = self.shards.iter();
        let first = shards.next().into_iter();
        let mut total: Vec<_> = first.flat_map(|m| m.refusals.iter()).collect();
        for shard in shards {
            for (sum, (_, count)) in total.iter_mut().zip(shard.refusals.iter()) {
                sum.1 += count;
            }
        }
        total
    }

    fn sum(&self, value: impl Fn(&ShardMetrics) -> u64) -> u64 {
        self.shards.iter().map(|shard| value(shard)).sum()
    }

    fn total(&self, encoder: &mut Encoder, metric: &Metric, value: impl Fn(&ShardMetrics) -> u64) {
        single(encoder, metric, self.sum(value));
    }

    fn by_shard(
        &self,
        encoder: &mut Encoder,
        metric: &Metric,
        value: impl Fn(&ShardMetrics) -> u64,
    ) {
        encoder.family(metric);
        for (index, shard) in self.shards.iter().enumerate() {
            encoder.sample(metric, &[&index.to_string()], value(shard));
        }
    }

    fn stages(&self) -> MutexGuard<'_, Stages> {
        // A panic while it was held left whole entries: the map is changed by one call at a time.
        self.stages.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn values(labels: &StageLabels) -> [&str; 5] {
    let StageLabels { api_id, api_name, stage, method, route } = labels;
    [api_id, api_name, stage, method, route]
}

fn single(encoder: &mut Encoder, metric: &Metric, value: impl std::fmt::Display) {
    encoder.family(metric);
    encoder.sample(metric, &[], value);
}

fn render_process(encoder: &mut Encoder, process: &ProcessStats) {
    let mut optional = |metric: &Metric, value: Option<String>| {
        encoder.family(metric);
        if let Some(value) = value {
            encoder.sample(metric, &[], value);
        }
    };
    let whole = |value: Option<u64>| value.map(|value| value.to_string());
    let real = |value: Option<f64>| value.map(|value| value.to_string());
    optional(&names::PROCESS_CPU, real(process.cpu_seconds));
    optional(&names::PROCESS_RESIDENT, whole(process.resident_bytes));
    optional(&names::PROCESS_VIRTUAL, whole(process.virtual_bytes));
    optional(&names::PROCESS_START_TIME, real(process.start_time_seconds));
    optional(&names::PROCESS_OPEN_FDS, whole(process.open_fds));
    optional(&names::PROCESS_MAX_FDS, whole(process.max_fds));
    optional(&names::PROCESS_THREADS, whole(process.threads));
}
