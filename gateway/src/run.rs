//! `gateway run`: each step says what must come before it.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context, Result};
use gateway_compile::Snapshot;
use gateway_control::metrics::Metrics;
use gateway_dataplane::{Event, REFUSAL_REASONS};
use gateway_store::LogStore;
use gateway_telemetry::access_log::JOURNAL_SOCKET;
use gateway_telemetry::{AccessLog, BuildInfo, Registry, SinkConfig};

use crate::cli::{EXIT_INTERNAL, EXIT_OK, EXIT_PROBLEMS, EXIT_USAGE, RunArgs};
use crate::control::{Control, Signals, log_diagnostics};
use crate::control_plane::{ControlPlane, Invocations, Orders, Served};
use crate::counts::Counts;
use crate::load::Loader;
use crate::metrics::{self, Sampler};
use crate::ops::{self, Ops};
use crate::settings::{self, AccessLogDestination, Settings, process_environment};
use crate::shards;
use crate::systemd::{self, Notifier};
use crate::watch::Watch;
use crate::{logging, logs, resolver};

/// How much nicer than the shards the control thread is, and those that it starts. Source: our own; beside it the shards of as many cores have
/// three quarters of the time when there is work for both (sched(7), each step is a tenth).
const CONTROL_NICENESS: i32 = 5;
/// The highest niceness. Source: setpriority(2).
const NICENESS_MAX: i32 = 19;

/// Runs the command; says the exit status.
pub(crate) fn run(args: &RunArgs) -> u8 {
    let mut settings = match Settings::for_run(args, process_environment()) {
        Ok(settings) => settings,
        Err(error) => {
            eprintln!("{error}");
            return EXIT_USAGE;
        }
    };
    logging::start(&settings.log);
    let early = match bind_early(&mut settings) {
        Ok(early) => early,
        Err(error) => return failed(&error),
    };
    let settings = Arc::new(settings);
    let (counts, remembered) = match Counts::open(settings.state.directory.as_deref()) {
        Ok(opened) => opened,
        Err(error) => {
            eprintln!("error: {:#}", anyhow::Error::from(error));
            return EXIT_USAGE;
        }
    };
    let logs = logs::open(&settings);
    // Definitions come first: nothing is bound for a definition that does not load.
    let loader = Arc::new(Loader::new(settings.clone(), remembered));
    let served = Served::default();
    let invocations = Invocations::default();
    let metrics = settings.control.address.0.map(|_| metrics::open(&settings));
    let opened =
        ControlPlane::open(&settings, &loader, &served, &invocations, metrics.as_ref(), &logs);
    let (mut control_plane, orders) = match opened {
        Ok(opened) => opened,
        Err(error) => {
            eprintln!("error: {error:#}");
            return EXIT_USAGE;
        }
    };
    if let Some(control_plane) = &mut control_plane {
        loader.deployed(control_plane.definitions());
    }
    let mut watch = Watch::of(&settings);
    let outcome = match loader.load(None) {
        Ok(outcome) => outcome,
        Err(unreadable) => {
            for error in unreadable {
                eprintln!("error: {:#}", anyhow::Error::from(error));
            }
            return EXIT_USAGE;
        }
    };
    log_diagnostics(&outcome.diagnostics);
    watch.follow_code(outcome.code);
    let Some(snapshot) = outcome.snapshot else {
        eprintln!("error: the definitions above cannot be served; `gateway check` lists them all");
        return EXIT_PROBLEMS;
    };
    let opened = Opened { early, control_plane, orders, served, invocations, metrics, logs };
    match serve(settings, loader, counts, snapshot, watch, opened) {
        Ok(()) => EXIT_OK,
        Err(error) => failed(&error),
    }
}

fn failed(error: &anyhow::Error) -> u8 {
    tracing::error!(error = format!("{error:#}"), "Gateway failed");
    EXIT_INTERNAL
}

/// Sockets for every shard, and their addresses.
type Bound = (Vec<Vec<gateway_rt::BoundListener>>, Vec<SocketAddr>);

/// Takes the sockets of the data plane before definitions are read, where only they say at which port it is: function URLs
/// have it in them. Nobody can have been told of such a port, so nobody connects before it serves.
fn bind_early(settings: &mut Settings) -> Result<Option<Bound>> {
    let is_named = settings.listen.addresses.first().is_some_and(|address| address.port() != 0);
    let is_given = systemd::process_variable("LISTEN_FDS").is_some();
    if !settings.functions.urls.is_empty() || (is_named && !is_given) {
        return Ok(None);
    }
    let bound = listeners(settings, shards::layout(settings)?.cpus.len())?;
    let port = bound.1.first().map_or(80, SocketAddr::port);
    settings.functions.urls = settings.function_urls_at(port);
    Ok(Some(bound))
}

/// The control plane before it serves.
struct Opened {
    early: Option<Bound>,
    control_plane: Option<ControlPlane>,
    orders: Orders,
    served: Served,
    invocations: Invocations,
    metrics: Option<Metrics>,
    logs: Arc<LogStore>,
}

/// Starts everything and serves until told to stop.
fn serve(
    settings: Arc<Settings>,
    loader: Arc<Loader>,
    counts: Counts,
    snapshot: Snapshot,
    watch: Watch,
    opened: Opened,
) -> Result<()> {
    let nofile = settings::nofile::raise().unwrap_or_else(|error| {
        tracing::warn!(%error, "The limit of open files is not raised");
        settings::nofile::current()
    });
    let notifier = Notifier::from_environment(systemd::process_variable)
        .context("NOTIFY_SOCKET is set and of no use")?;
    let layout = shards::layout(&settings)?;
    tracing::info!(
        backend = settings.shards.backend.name(),
        driver = %layout.driver,
        flags = layout.driver.flags(),
        shards = layout.cpus.len(),
        cpus = ?layout.cpus.iter().flatten().collect::<Vec<_>>(),
        "Driver chosen"
    );
    let Opened { early, control_plane, orders, served, invocations, metrics, logs } = opened;
    let bound = match early {
        Some(bound) => bound,
        None => listeners(&settings, layout.cpus.len())?,
    };
    let (listeners, addresses) = bound;
    let build = BuildInfo {
        version: env!("CARGO_PKG_VERSION"),
        os: std::env::consts::OS,
        arch: std::env::consts::ARCH,
    };
    let registry = Arc::new(Registry::new(build, layout.cpus.len(), REFUSAL_REASONS));
    registry.describe_ring(layout.driver.to_string(), layout.driver.flags());
    let log = AccessLog::new(vec![sink(&settings), SinkConfig::Groups(logs::groups(&logs))])
        .context("cannot open the access log")?;
    registry.add_sinks(log.sinks());
    let ops = Arc::new(Ops::new(registry.clone()));
    ops.readiness().set("starting", true);
    if settings.ops.test_clock {
        tracing::warn!("Test clock: whoever reaches the ops address can move the gateway's time");
        ops.moves_the_clock();
    }
    let shards = shards::start(&settings, &layout, listeners, &registry, (&log, &logs), nofile)?;
    let (functions, of_functions) = shards.functions();
    ops.shows_functions(functions.clone(), of_functions);
    registry.add_functions(move || crate::functions::numbers(&functions));
    if let Some(explainer) = shards.explainer() {
        ops.explains_with(explainer);
    }
    if let Some(trier) = shards.trier() {
        served.asks(trier, ops.clone());
    }
    let snapshot = Arc::new(snapshot);
    let usage = counts.start(&registry, &ops)?;
    shards.open(&invocations);
    let sampler = match metrics {
        Some(metrics) => {
            ops.samples(metrics.clone());
            Some(Sampler::start(metrics, &registry)?)
        }
        None => None,
    };
    let control = Control {
        settings,
        loader,
        usage,
        shards,
        registry,
        ops,
        log,
        logs,
        notifier,
        snapshot,
        watch,
        orders,
        served,
        sampler,
    };
    give_way(&layout.cpus);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(4)
        .thread_name("control-blocking")
        .build()
        .context("cannot start the control thread")?;
    runtime.block_on(control_main(control, control_plane, &addresses))
}

/// The control thread, from the first snapshot to the end.
async fn control_main(
    mut control: Control,
    control_plane: Option<ControlPlane>,
    addresses: &[SocketAddr],
) -> Result<()> {
    // Before anybody can know that we are there: a signal that is not caught ends the process.
    let signals = Signals::new()?;
    if let Some(questions) = control.shards.take_questions() {
        tokio::spawn(resolver::serve(questions, control.shards.answerer()));
    }
    tokio::spawn(logs::sweep(control.logs.clone()));
    control.shards.wait_for(Event::Listening).await?;
    // Bound sockets come before the first snapshot: a request that is early waits in the queue of
    // its socket for the few milliseconds that publishing takes.
    let snapshot = control.snapshot.clone();
    control.shards.publish(&snapshot).await?;
    control.serves(snapshot.clone());
    control.registry.config().loaded(gateway_rt::clock::unix_ms() / 1000);
    let ops_address = start_ops(&control).await?;
    let control_address = match control_plane {
        Some(control_plane) => Some(control_plane.serve().await?),
        None => None,
    };
    let others = [("ops", ops_address), ("control", control_address)];
    write_port_file(&control.settings, addresses, others)?;
    control.ops.readiness().set("starting", false);
    announce(&control, addresses, ops_address);
    let status = format!("Serving {} stages", snapshot.stages.len());
    if let Err(error) = control.notifier.ready(&status) {
        tracing::warn!(%error, "The service manager does not listen");
    }
    control.serve(signals).await
}

/// Has the control thread, and the threads that it starts, go behind the shards: on other cores where there are any, and with
/// less of a claim on those of the shards where there are none.
fn give_way(shards: &[Option<usize>]) {
    let taken: Vec<usize> = shards.iter().flatten().copied().collect();
    let free = gateway_rt::cpu::allowed().unwrap_or_default();
    let free: Vec<usize> = free.into_iter().filter(|cpu| !taken.contains(cpu)).collect();
    // Shards without cores of their own may be anywhere.
    if taken.len() == shards.len()
        && !free.is_empty()
        && let Err(error) = gateway_rt::cpu::keep_on(&free)
    {
        tracing::warn!(%error, "The control thread shares its cores with the shards");
    }
    let before = rustix::process::getpriority_process(None).unwrap_or_default();
    let niceness = before.saturating_add(CONTROL_NICENESS).min(NICENESS_MAX);
    if let Err(error) = rustix::process::setpriority_process(None, niceness) {
        tracing::warn!(%error, "The control thread has as much of a claim as the shards");
    }
}

fn listeners(settings: &Settings, shards: usize) -> Result<Bound> {
    let activated = systemd::activated_sockets(systemd::process_variable, std::process::id())
        .map_err(anyhow::Error::msg)?;
    if activated.is_empty() {
        return shards::bind(settings, shards);
    }
    let descriptors: Vec<_> = activated.iter().map(|socket| socket.fd).collect();
    tracing::info!(sockets = activated.len(), "Sockets of the service manager are used");
    shards::adopt(settings, &descriptors, shards)
}

fn sink(settings: &Settings) -> SinkConfig {
    match &settings.access_log.destination {
        AccessLogDestination::Off => SinkConfig::Null,
        AccessLogDestination::Stdout => SinkConfig::Stdout,
        AccessLogDestination::Journald => SinkConfig::Journal(JOURNAL_SOCKET.into()),
        AccessLogDestination::File(path) => SinkConfig::File(path.clone()),
    }
}

async fn start_ops(control: &Control) -> Result<Option<SocketAddr>> {
    let Some(address) = control.settings.ops.address.0 else { return Ok(None) };
    let listener = tokio::net::TcpListener::bind(address)
        .await
        .with_context(|| format!("cannot listen on {address} for metrics and health (--ops)"))?;
    let bound = listener.local_addr().context("a bound socket has an address")?;
    tokio::spawn(ops::serve(listener, control.ops.clone(), std::future::pending::<()>()));
    Ok(Some(bound))
}

/// Writes the bound addresses beside their final name, then moves them there: who waits for the
/// file never reads half of it.
fn write_port_file(
    settings: &Settings,
    addresses: &[SocketAddr],
    others: [(&str, Option<SocketAddr>); 2],
) -> Result<()> {
    let Some(path) = &settings.port_file else { return Ok(()) };
    let mut text = String::new();
    for address in addresses {
        writeln!(text, "listen {address}")?;
    }
    for (what, address) in others {
        if let Some(address) = address {
            writeln!(text, "{what} {address}")?;
        }
    }
    let beside = path.with_extension("new");
    std::fs::write(&beside, text)
        .and_then(|()| std::fs::rename(&beside, path))
        .with_context(|| format!("cannot write the port file {}", path.display()))
}

/// Prints where each stage is to be called.
fn announce(control: &Control, addresses: &[SocketAddr], ops: Option<SocketAddr>) {
    let snapshot = &control.snapshot;
    let has_functions = snapshot.stages.iter().any(|stage| !stage.functions.is_empty());
    let keeps_user = control.settings.functions.user.is_empty() && !control.settings.dev;
    if has_functions && keeps_user && rustix::process::geteuid().is_root() {
        tracing::warn!("Functions run as root: set `user` in [functions] to change that");
    }
    for address in addresses {
        for url in snapshot.hosts.invoke_urls() {
            let path = if url.is_on_any_host {
                format!("http://{address}/{}", url.stage)
            } else {
                format!("http://{address}/_aws/execute-api/{}/{}", url.api_id, url.stage)
            };
            let api = &snapshot.stage(url.index).api_name;
            tracing::info!(api = url.api_id, name = &**api, stage = url.stage, "Serving {path}");
        }
    }
    let urls = control.settings.function_urls();
    for (id, index) in snapshot.hosts.function_urls() {
        let stage = snapshot.stage(index);
        let url = urls.replace("{id}", id).replace("{region}", &stage.region);
        tracing::info!(function = &*stage.api_name, "Serving {url}");
    }
    if snapshot.stages.is_empty() {
        tracing::warn!("No stage is served: name a definition, or `definitions` in gateway.toml");
    }
    if let Some(address) = ops {
        tracing::info!("Metrics and health on http://{address}");
    }
}
