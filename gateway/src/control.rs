//! The control thread's loop: signals, changed files, the watchdog, the end.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use gateway_compile::Snapshot;
use gateway_model::{Definitions, Diagnostic, Place};
use gateway_store::LogStore;
use gateway_telemetry::{AccessLog, Registry};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::Instant;

use crate::control_plane::{Orders, Served};
use crate::counts::Usage;
use crate::load::Loader;
use crate::metrics::Sampler;
use crate::ops::Ops;
use crate::settings::Settings;
use crate::shards::Shards;
use crate::systemd::{self, Notifier};
use crate::watch::{self, Watch};

/// How long the access log may take to write its last lines.
const LOG_TIMEOUT: Duration = Duration::from_secs(2);

/// How long the last usage counts may take to become durable.
const USAGE_TIMEOUT: Duration = Duration::from_secs(5);

/// How long the metrics of the last minute may take to become durable.
const METRICS_TIMEOUT: Duration = Duration::from_secs(2);

/// What the control thread works with.
pub(crate) struct Control {
    pub(crate) settings: Arc<Settings>,
    pub(crate) loader: Arc<Loader>,
    pub(crate) usage: Usage,
    pub(crate) shards: Shards,
    pub(crate) registry: Arc<Registry>,
    pub(crate) ops: Arc<Ops>,
    pub(crate) log: AccessLog,
    pub(crate) logs: Arc<LogStore>,
    pub(crate) notifier: Notifier,
    pub(crate) snapshot: Arc<Snapshot>,
    pub(crate) watch: Watch,
    /// What the control plane wants published.
    pub(crate) orders: Orders,
    /// What it sees of what serves.
    pub(crate) served: Served,
    /// Ends the minutes of metrics; nothing without a control plane.
    pub(crate) sampler: Option<Sampler>,
}

/// The signals that are obeyed. From their making on none of them ends the process by itself.
pub(crate) struct Signals {
    hangup: Signal,
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// Catches them.
    ///
    /// # Errors
    /// When the system does not let us.
    pub(crate) fn new() -> Result<Self> {
        Ok(Self {
            hangup: signal(SignalKind::hangup())?,
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }
}

/// Why the loop ended.
enum End {
    Stop,
    ShardDied,
}

impl Control {
    /// Serves until SIGTERM or SIGINT, then drains.
    ///
    /// # Errors
    /// When a shard ended by itself.
    pub(crate) async fn serve(mut self, signals: Signals) -> Result<()> {
        let end = self.obey(signals).await;
        self.ops.readiness().set("draining", true);
        let status = "Draining";
        self.notify(|notifier| notifier.stopping(status));
        tracing::info!(timeout = ?self.settings.timeouts.drain_timeout, "Draining");
        let cut = self.shards.drain(self.settings.timeouts.drain_timeout).await;
        if !self.usage.stop(USAGE_TIMEOUT) {
            tracing::warn!("Usage counts were not written in time");
        }
        if self.sampler.take().is_some_and(|sampler| !sampler.stop(METRICS_TIMEOUT)) {
            tracing::warn!("The last metrics were not written in time");
        }
        if self.log.shutdown(LOG_TIMEOUT).is_err() {
            tracing::warn!("The access log did not take its last lines in time");
        }
        tracing::info!(connections_cut = cut, "Stopped");
        match end {
            End::Stop => Ok(()),
            End::ShardDied => anyhow::bail!("a shard has ended; see the log above"),
        }
    }

    async fn obey(&mut self, signals: Signals) -> End {
        let Signals { mut hangup, mut terminate, mut interrupt } = signals;
        let is_watching = self.settings.reload.watch && !self.watch.is_empty();
        let mut looks = tokio::time::interval(watch::INTERVAL);
        let every = systemd::watchdog_interval(systemd::process_variable, std::process::id());
        // Without a watchdog the loop still notices a shard that died.
        let mut pulses = tokio::time::interval(every.unwrap_or(Duration::from_secs(1)));
        loop {
            tokio::select! {
                _ = terminate.recv() => return End::Stop,
                _ = interrupt.recv() => return End::Stop,
                _ = hangup.recv() => {
                    self.notify(Notifier::reloading);
                    self.log.reopen();
                    self.watch.forget_changes();
                    self.reload().await;
                    let status = self.status();
                    self.notify(|notifier| notifier.ready(&status));
                }
                Some(order) = self.orders.recv() => {
                    let published = self.deploy(order.deployed).await;
                    // Nobody waits any more once the server has stopped.
                    let _ = order.reply.send(published);
                }
                _ = looks.tick(), if is_watching => {
                    if self.watch.has_changed(Instant::now()) {
                        self.reload().await;
                        let status = self.status();
                        self.notify(|notifier| notifier.status(&status));
                    }
                }
                _ = pulses.tick() => {
                    if self.shards.has_died() {
                        return End::ShardDied;
                    }
                    let stalled = self.ops.stalled_shards();
                    if stalled.is_empty() {
                        self.notify(Notifier::watchdog);
                    } else {
                        tracing::error!(shards = ?stalled, "Shards stand still");
                    }
                }
            }
        }
    }

    /// Loads the definitions beside the ones that serve, and publishes them if nothing is wrong;
    /// else the last good ones stay.
    async fn reload(&mut self) {
        let (loader, previous) = (self.loader.clone(), self.snapshot.clone());
        let started = Instant::now();
        let loading = move || loader.load(Some(&previous));
        // Beside the control thread, so that it goes on answering.
        let loaded = tokio::task::spawn_blocking(loading).await;
        let outcome = match loaded {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(unreadable)) => {
                for error in unreadable {
                    tracing::error!(error = %format!("{:#}", anyhow::Error::from(error)), "Unreadable");
                }
                return self.reload_failed();
            }
            Err(error) => {
                tracing::error!(%error, "Loading broke off");
                return self.reload_failed();
            }
        };
        log_diagnostics(&outcome.diagnostics);
        self.watch.follow_code(outcome.code);
        let Some(snapshot) = outcome.snapshot else { return self.reload_failed() };
        let snapshot = Arc::new(snapshot);
        if let Err(error) = self.shards.publish(&snapshot).await {
            tracing::error!(error = format!("{error:#}"), "Publishing failed");
            return self.reload_failed();
        }
        self.serves(snapshot);
        self.registry.config().loaded(gateway_rt::clock::unix_ms() / 1000);
        self.ops.readiness().set("last reload failed", false);
        tracing::info!(
            generation = self.snapshot.generation,
            stages = self.snapshot.stages.len(),
            took_ms = started.elapsed().as_millis() as u64,
            "Reloaded"
        );
    }

    /// Publishes what the control plane has deployed, beside what files define.
    async fn deploy(&mut self, deployed: Definitions) -> Result<(), Vec<Diagnostic>> {
        let started = Instant::now();
        let failed = |text: String| vec![Diagnostic::error(&Place::nowhere(), text)];
        let (loader, previous) = (self.loader.clone(), self.snapshot.clone());
        let definitions = deployed.clone();
        let compiling = move || loader.compile_deployed(definitions, Some(&previous));
        let outcome = match tokio::task::spawn_blocking(compiling).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(unreadable)) => {
                let texts =
                    unreadable.into_iter().map(|error| format!("{:#}", anyhow::Error::from(error)));
                return Err(failed(texts.collect::<Vec<_>>().join("; ")));
            }
            Err(error) => return Err(failed(format!("compiling broke off: {error}"))),
        };
        let Some(snapshot) = outcome.snapshot else { return Err(outcome.diagnostics) };
        let snapshot = Arc::new(snapshot);
        if let Err(error) = self.shards.publish(&snapshot).await {
            tracing::error!(error = format!("{error:#}"), "Publishing failed");
            return Err(failed(format!("{error:#}")));
        }
        self.loader.deployed(deployed);
        self.serves(snapshot);
        tracing::debug!(
            generation = self.snapshot.generation,
            stages = self.snapshot.stages.len(),
            took_ms = started.elapsed().as_millis() as u64,
            "Deployed"
        );
        Ok(())
    }

    /// This snapshot serves now: all who look at it from outside the shards do so from now on.
    pub(crate) fn serves(&mut self, snapshot: Arc<Snapshot>) {
        self.loader.published(&snapshot.usage);
        self.usage.published(&snapshot.usage);
        self.ops.publish(snapshot.clone());
        crate::logs::make_groups(&self.logs, &snapshot);
        self.served.set(snapshot.clone());
        self.snapshot = snapshot;
    }

    fn reload_failed(&self) {
        self.registry.config().failed();
        tracing::error!(
            generation = self.snapshot.generation,
            "Not reloaded: the last good definitions still serve"
        );
    }

    fn status(&self) -> String {
        format!("Serving {} stages", self.snapshot.stages.len())
    }

    fn notify(&self, tell: impl FnOnce(&Notifier) -> std::io::Result<()>) {
        if let Err(error) = tell(&self.notifier) {
            tracing::warn!(%error, "The service manager does not listen");
        }
    }
}

/// Puts diagnostics into the log, each with its place.
pub(crate) fn log_diagnostics(diagnostics: &[Diagnostic]) {
    for diagnostic in diagnostics {
        let help = diagnostic.help.as_deref().unwrap_or_default();
        if diagnostic.is_error() {
            tracing::error!(place = %diagnostic.place, help, "{}", diagnostic.text);
        } else {
            tracing::warn!(place = %diagnostic.place, help, "{}", diagnostic.text);
        }
    }
}
