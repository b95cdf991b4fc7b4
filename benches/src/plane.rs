//! One shard of the data plane, in this process.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use gateway_compile::{CompileOptions, Snapshot};
use gateway_dataplane::{Command, Event, Report, Settings, Shard, ShardParts, StageSeries};
use gateway_definition::{Options, Source};
use gateway_functions::{Functions, Host, HostSettings};
use gateway_integration::{Resolver, UpstreamSettings, Upstreams};
use gateway_rt::{
    Backend, BoundListener, ClientTls, Driver, DriverChoice, RootStore, Sender, ShardConfig,
};
use gateway_telemetry::{
    AccessLog, BuildInfo, Registry, ShardLog, ShardMetrics, SinkConfig, StageLabels,
};

/// How long the shard may take to do what it was told.
const PATIENCE: Duration = Duration::from_secs(20);

/// Commands that wait for the shard. Ours: there are four.
const MAILBOX_MAX: usize = 16;

/// Connections that wait to be accepted. Ours: a bench has few.
const BACKLOG: u32 = 128;

/// A running shard.
pub struct Plane {
    /// Where it listens.
    pub address: SocketAddr,
    /// How it talks to the kernel.
    pub driver: Driver,
    /// Its counters.
    pub metrics: Arc<ShardMetrics>,
    mailbox: Sender<Command>,
    events: Receiver<Event>,
    thread: JoinHandle<std::io::Result<()>>,
    log: AccessLog,
}

/// The snapshot of a CloudFormation template.
///
/// # Errors
/// With the diagnostics, when there is any.
pub fn snapshot(template: &str) -> Result<Snapshot> {
    let source = Source { name: "bench.yaml".to_owned(), text: template.to_owned() };
    let loaded = gateway_definition::load(&[source], &Options::default());
    let options = CompileOptions::default();
    let compiled = gateway_compile::compile(&loaded.definitions, &options, None);
    let diagnostics = || loaded.diagnostics.iter().chain(&compiled.diagnostics);
    if diagnostics().next().is_some() {
        let texts: Vec<_> = diagnostics().map(|d| format!("{}: {}", d.place, d.text)).collect();
        bail!("{}", texts.join("\n"));
    }
    compiled.snapshot.context("a template without diagnostics has a snapshot")
}

impl Plane {
    /// Serves `template` on a free port of the loopback. `on_thread` runs first on the shard's
    /// thread.
    ///
    /// # Errors
    /// When the template does not compile or the shard does not start.
    pub fn start(
        template: &str,
        access_log: PathBuf,
        on_thread: impl FnOnce() + Send + 'static,
    ) -> Result<Self> {
        let snapshot = Arc::new(snapshot(template)?);
        let driver = Driver::probe(DriverChoice::Auto)?;
        let listener = BoundListener::bind((Ipv4Addr::LOCALHOST, 0).into(), BACKLOG)?;
        let address = listener.local_addr()?;
        let build = BuildInfo { version: "", os: "", arch: "" };
        let registry = Registry::new(build, 1, gateway_dataplane::REFUSAL_REASONS);
        let metrics = registry.shards()[0].clone();
        let log = AccessLog::new(vec![SinkConfig::File(access_log)])?;
        let shard_log = log.shard(metrics.clone());
        let (sender, events) = mpsc::channel();
        let report: Report = Arc::new(move |_, event| {
            // Nobody listens to a shard that is not stopped but dropped.
            let _ = sender.send(event);
        });
        let (mailbox, commands) = gateway_rt::mailbox(MAILBOX_MAX)?;
        let shard_metrics = metrics.clone();
        let main = move || async move {
            on_thread();
            let parts = match shard_parts(shard_metrics, shard_log, report) {
                Ok(parts) => parts,
                Err(error) => return eprintln!("the shard does not start: {error}"),
            };
            if let Err(error) =
                gateway_dataplane::run(Shard::new(parts), vec![listener], commands).await
            {
                eprintln!("the shard does not start: {error}");
            }
        };
        let config = ShardConfig {
            index: 0,
            cpu: None,
            backend: Backend::Monoio,
            driver,
            ring_entries: 1024,
        };
        let thread = gateway_rt::spawn_shard(config, main)?;
        let plane = Self { address, driver, metrics, mailbox, events, thread, log };
        plane.publish(&registry, &snapshot)?;
        Ok(plane)
    }

    fn publish(&self, registry: &Registry, snapshot: &Arc<Snapshot>) -> Result<()> {
        let generation = snapshot.generation;
        let series = |labels: &StageLabels| registry.stage(0, labels);
        let metrics = snapshot.stages.iter().map(|stage| StageSeries::of(stage, series));
        let metrics = metrics.collect();
        self.wait_for(Event::Listening)?;
        self.tell(Command::Prepare { snapshot: snapshot.clone(), metrics })?;
        self.wait_for(Event::Prepared(generation))?;
        self.tell(Command::Commit { generation })?;
        self.wait_for(Event::Committed(generation))
    }

    /// Drains the shard and writes the access log out.
    ///
    /// # Errors
    /// When that takes too long, or connections had to be cut.
    pub fn stop(self) -> Result<()> {
        self.tell(Command::Drain { timeout: PATIENCE / 2 })?;
        self.wait_for(Event::Drained(0))?;
        let ended = self.thread.join();
        ended.map_err(|_| anyhow::anyhow!("the shard panicked"))??;
        self.log.shutdown(PATIENCE)?;
        Ok(())
    }

    fn tell(&self, command: Command) -> Result<()> {
        self.mailbox.try_send(command).map_err(|_| anyhow::anyhow!("the mailbox is full"))
    }

    fn wait_for(&self, expected: Event) -> Result<()> {
        let event = self.events.recv_timeout(PATIENCE).context("the shard is silent")?;
        if event != expected {
            bail!("the shard says {event:?} and not {expected:?}");
        }
        Ok(())
    }
}

/// What a shard is made of. Backends of benches are addresses, so no name is ever asked for.
///
/// # Errors
/// When TLS cannot be set up.
pub fn shard_parts(
    metrics: Arc<ShardMetrics>,
    log: ShardLog,
    report: Report,
) -> std::io::Result<ShardParts> {
    let tls = ClientTls::new(RootStore::empty(), false)?;
    let resolver = Rc::new(Resolver::new(Rc::new(|_| false), Duration::ZERO, PATIENCE));
    let upstreams =
        Upstreams::new(upstream_settings(), resolver, tls.clone(), tls, metrics.clone());
    // A shard alone has nobody to tell of an answer that is there.
    let (peer, _) = gateway_rt::mailbox(MAILBOX_MAX)?;
    let settings = data_settings();
    let peers = Arc::new([peer]);
    let functions = functions();
    let explain_secret = None;
    Ok(ShardParts {
        index: 0,
        settings,
        metrics,
        log,
        upstreams,
        functions,
        report,
        peers,
        explain_secret,
    })
}

/// No function runs in a bench of the data plane alone.
fn functions() -> Host {
    let settings = HostSettings {
        concurrency_max: 0,
        environments_max: 0,
        wait_max: Duration::ZERO,
        waiting_max: 0,
        idle_max: PATIENCE,
        init_max: PATIENCE,
    };
    let (orders, _) = gateway_functions::orders();
    Host::new(0, Arc::new(Functions::new(settings)), orders, Rc::new(|_| {}))
}

fn data_settings() -> Settings {
    Settings {
        client_header: PATIENCE,
        client_body: PATIENCE,
        keep_alive: PATIENCE,
        send: PATIENCE,
        connections_max: 1_000,
        payload_bytes_max: 10 * 1024 * 1024,
        response_bytes_max: 10 * 1024 * 1024,
        rate_limit_headers: false,
        aws_credentials: None,
    }
}

fn upstream_settings() -> UpstreamSettings {
    UpstreamSettings {
        connections_max: 100,
        idle_max: 100,
        // A pool that is swept while requests are counted would be counted with them.
        idle_timeout: 100 * PATIENCE,
        connect_timeout: PATIENCE,
    }
}
