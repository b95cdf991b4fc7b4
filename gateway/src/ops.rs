//! The ops address: metrics, liveness, readiness, version. Served by the control thread, so it answers
//! even when every shard is busy, and nothing on a request's path waits for it.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::fmt::Write as _;
use std::future::Future;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use gateway_compile::Snapshot;
use gateway_control::metrics::Metrics;
use gateway_functions::Functions;
use gateway_store::{LogStore, UsageReader};
use gateway_telemetry::{Exposition, Liveness, ProcFiles, ProcessStats, Registry, ValueWriter};
use http_body_util::Full;
use hyper::body::{Body as _, Bytes, Incoming};
use hyper::header::{self, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tracing::{debug, warn};

use crate::shards::Explainer;

mod caches;
mod clock;
pub(crate) mod explain;
mod functions;
pub(crate) mod usage;

/// Connections served at once; more wait in the listener's backlog. Source: our own; scrapers and
/// probes need a handful.
const CONNECTIONS_MAX: usize = 64;

/// Time for a client to send a request's head, idle time before it included, in seconds. Source: our
/// own; longer than Prometheus' usual scrape interval of 15 s, so that it keeps its connection.
const HEAD_SECONDS_MAX: u64 = 30;

/// Life of a connection, in seconds, so that no client keeps its place for good. Source: our own.
const CONNECTION_SECONDS_MAX: u64 = 600;

/// Bytes of a request's head. Source: our own; twice the least that hyper allows.
const HEAD_BYTES_MAX: usize = 16 * 1024;

/// Pause after a failed accept (out of descriptors), in milliseconds. Source: our own.
const ACCEPT_PAUSE_MS: u64 = 100;

/// Interval at which the shards' ticks are looked at, in milliseconds. Source: our own; well below
/// the time after which a shard counts as stalled.
const LIVENESS_SAMPLE_MS: u64 = 500;

const TEXT: &str = "text/plain; charset=utf-8";
const JSON: &str = "application/json";

/// What the ops address tells about.
#[derive(Debug)]
pub(crate) struct Ops {
    registry: Arc<Registry>,
    readiness: Readiness,
    started_at: Instant,
    liveness: Mutex<Liveness>,
    snapshot: Mutex<Arc<Snapshot>>,
    /// Usage of earlier days, where it is kept.
    usage_reader: OnceLock<UsageReader>,
    /// Who says what would become of a request.
    explainer: OnceLock<Explainer>,
    /// Functions that run here, and what they said.
    functions: OnceLock<functions::Shown>,
    /// Set once the clock may be moved.
    test_clock: OnceLock<()>,
    /// Sampled whenever the clock is moved, so that each minute has what was counted in it.
    metrics: OnceLock<Metrics>,
}

impl Ops {
    /// Ready from the start; set a reason on [`Ops::readiness`] before serving to say otherwise.
    pub(crate) fn new(registry: Arc<Registry>) -> Self {
        let liveness = Liveness::new(registry.shards().len(), Duration::ZERO);
        Self {
            registry,
            readiness: Readiness::default(),
            started_at: Instant::now(),
            liveness: Mutex::new(liveness),
            snapshot: Mutex::new(Arc::new(Snapshot::empty())),
            usage_reader: OnceLock::new(),
            explainer: OnceLock::new(),
            functions: OnceLock::new(),
            test_clock: OnceLock::new(),
            metrics: OnceLock::new(),
        }
    }

    /// Who explains requests; the first one given stays.
    pub(crate) fn explains_with(&self, explainer: Explainer) {
        self.explainer.set(explainer).ok();
    }

    /// Whose functions and logs are shown; the first ones given stay.
    pub(crate) fn shows_functions(&self, functions: Arc<Functions>, logs: Arc<LogStore>) {
        self.functions.set(functions::Shown { functions, logs }).ok();
    }

    /// Where reports find usage of earlier days; the first one given stays.
    pub(crate) fn reads_usage_from(&self, reader: UsageReader) {
        self.usage_reader.set(reader).ok();
    }

    /// From now on `/clock` moves the time.
    pub(crate) fn moves_the_clock(&self) {
        self.test_clock.set(()).ok();
    }

    /// What goes by minutes of that time; the first one given stays.
    pub(crate) fn samples(&self, metrics: Metrics) {
        self.metrics.set(metrics).ok();
    }

    /// What is served from now on.
    pub(crate) fn publish(&self, snapshot: Arc<Snapshot>) {
        *self.snapshot.lock().unwrap_or_else(PoisonError::into_inner) = snapshot;
    }

    fn snapshot(&self) -> Arc<Snapshot> {
        self.snapshot.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Why the gateway is not ready, if it is not.
    pub(crate) fn readiness(&self) -> &Readiness {
        &self.readiness
    }

    /// The shards whose loop stands still, by index. Also what feeds the watchdog of systemd.
    pub(crate) fn stalled_shards(&self) -> Vec<usize> {
        let now = self.started_at.elapsed();
        let mut liveness = self.liveness();
        liveness.sample(now, self.ticks());
        liveness.stalled(now).collect()
    }

    fn sample(&self) {
        let now = self.started_at.elapsed();
        self.liveness().sample(now, self.ticks());
    }

    fn ticks(&self) -> impl Iterator<Item = u64> + '_ {
        let shards = self.registry.shards().iter();
        shards.map(|shard| shard.loop_ticks.value())
    }

    fn liveness(&self) -> MutexGuard<'_, Liveness> {
        self.liveness.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The reasons why no request should be sent here now. None of them: ready.
#[derive(Debug, Default)]
pub(crate) struct Readiness {
    reasons: Mutex<BTreeSet<&'static str>>,
    /// What does not work as it should while requests are served all the same.
    degraded: Mutex<BTreeMap<&'static str, String>>,
}

impl Readiness {
    /// Raises (`true`) or withdraws (`false`) a reason against readiness, such as `starting` or
    /// `draining`.
    pub(crate) fn set(&self, reason: &'static str, stands: bool) {
        let mut reasons = self.lock();
        if stands {
            reasons.insert(reason);
        } else {
            reasons.remove(reason);
        }
    }

    /// The reasons that stand, in order of the alphabet.
    pub(crate) fn reasons(&self) -> Vec<&'static str> {
        self.lock().iter().copied().collect()
    }

    /// Says (`Some`, with the cause) or takes back that something does not work as it should.
    /// Requests are to be sent here all the same: the other nodes may fare no better.
    pub(crate) fn degrade(&self, what: &'static str, cause: Option<String>) {
        let mut degraded = self.degraded.lock().unwrap_or_else(PoisonError::into_inner);
        match cause {
            Some(cause) => degraded.insert(what, cause),
            None => degraded.remove(what),
        };
    }

    /// What does not work as it should, each with its cause.
    pub(crate) fn degraded(&self) -> Vec<String> {
        let degraded = self.degraded.lock().unwrap_or_else(PoisonError::into_inner);
        degraded.iter().map(|(what, cause)| format!("{what}: {cause}")).collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeSet<&'static str>> {
        self.reasons.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Serves the ops address until `shutdown` is ready; open connections are closed then.
pub(crate) async fn serve(listener: TcpListener, ops: Arc<Ops>, shutdown: impl Future) {
    let permits = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let mut connections = JoinSet::new();
    let mut samples = tokio::time::interval(Duration::from_millis(LIVENESS_SAMPLE_MS));
    let accept = async || {
        // The semaphore is never closed.
        let permit = Arc::clone(&permits).acquire_owned().await.ok();
        (listener.accept().await, permit)
    };
    tokio::pin!(shutdown);
    loop {
        tokio::select! {
            _ = &mut shutdown => return,
            _ = samples.tick() => ops.sample(),
            Some(_) = connections.join_next() => {}
            (accepted, permit) = accept() => match accepted {
                Ok((stream, peer)) => {
                    let ops = Arc::clone(&ops);
                    connections.spawn(async move {
                        let _permit = permit;
                        let head = Duration::from_secs(HEAD_SECONDS_MAX);
                        let life = Duration::from_secs(CONNECTION_SECONDS_MAX);
                        match tokio::time::timeout(life, serve_connection(stream, ops, head)).await {
                            Ok(Ok(())) => {}
                            Ok(Err(error)) => debug!(%peer, %error, "Ops connection failed"),
                            Err(_) => debug!(%peer, "Ops connection closed for its age"),
                        }
                    });
                }
                Err(error) => {
                    warn!(%error, "Ops connection not accepted");
                    tokio::time::sleep(Duration::from_millis(ACCEPT_PAUSE_MS)).await;
                }
            },
        }
    }
}

async fn serve_connection(
    stream: tokio::net::TcpStream,
    ops: Arc<Ops>,
    head_timeout: Duration,
) -> Result<(), hyper::Error> {
    let service = hyper::service::service_fn(move |request: Request<Incoming>| {
        let ops = Arc::clone(&ops);
        async move {
            let response = if !request.body().is_end_stream() {
                body_refused()
            } else if usage::plan_of(request.uri().path()).is_some() {
                usage::answer(&ops, request.method(), request.uri()).await
            } else if request.uri().path() == explain::PATH {
                explain::answer(&ops, request.method(), request.uri(), request.headers()).await
            } else {
                answer(&ops, &request)
            };
            Ok::<_, Infallible>(response)
        }
    });
    hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(head_timeout)
        .max_buf_size(HEAD_BYTES_MAX)
        .serve_connection(TokioIo::new(stream), service)
        .await
}

type Answer = Response<Full<Bytes>>;

/// Answers one request; hyper leaves the body out for HEAD.
fn answer<B>(ops: &Ops, request: &Request<B>) -> Answer {
    if let Some(rest) = request.uri().path().strip_prefix("/restapis/") {
        return caches::answer(ops, request.method(), rest);
    }
    if request.uri().path().starts_with(functions::PATH) {
        return functions::answer(ops, request.method(), request.uri());
    }
    if request.uri().path() == clock::PATH {
        return clock::answer(ops, request.method(), request.uri());
    }
    let route = match request.uri().path() {
        "/metrics" => metrics,
        "/livez" => livez,
        "/readyz" => readyz,
        "/version" => version,
        _ => {
            let hint = "not found, try /metrics, /livez, /readyz or /version\n";
            return respond(StatusCode::NOT_FOUND, TEXT, hint.into());
        }
    };
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let hint = "method not allowed, use GET or HEAD\n";
        let mut response = respond(StatusCode::METHOD_NOT_ALLOWED, TEXT, hint.into());
        let allow = HeaderValue::from_static("GET, HEAD");
        response.headers_mut().insert(header::ALLOW, allow);
        return response;
    }
    let accept = request.headers().get(header::ACCEPT);
    route(ops, accept.and_then(|accept| accept.to_str().ok()))
}

fn metrics(ops: &Ops, accept: Option<&str>) -> Answer {
    let exposition = Exposition::negotiate(accept);
    let text = ops.registry.render(exposition, &process_stats());
    respond(StatusCode::OK, exposition.content_type(), text)
}

fn livez(ops: &Ops, _: Option<&str>) -> Answer {
    let stalled = ops.stalled_shards();
    if stalled.is_empty() {
        return respond(StatusCode::OK, TEXT, "ok\n".into());
    }
    let mut text = String::new();
    for shard in stalled {
        // Writing to a string does not fail.
        let _ = writeln!(text, "shard {shard} is stalled");
    }
    respond(StatusCode::SERVICE_UNAVAILABLE, TEXT, text)
}

fn readyz(ops: &Ops, _: Option<&str>) -> Answer {
    let reasons = ops.readiness.reasons();
    let (status, ready) = match reasons.is_empty() {
        true => (StatusCode::OK, true),
        false => (StatusCode::SERVICE_UNAVAILABLE, false),
    };
    let reasons: Vec<_> = reasons.into_iter().map(json_string).collect();
    let reasons = reasons.join(",");
    let degraded: Vec<_> = ops.readiness.degraded().iter().map(|text| json_string(text)).collect();
    let degraded = match degraded.is_empty() {
        true => String::new(),
        false => format!(",\"degraded\":[{}]", degraded.join(",")),
    };
    let json = format!("{{\"ready\":{ready},\"reasons\":[{reasons}]{degraded}}}\n");
    respond(status, JSON, json)
}

fn version(_: &Ops, _: Option<&str>) -> Answer {
    let facts = [
        ("name", Some(env!("CARGO_PKG_NAME"))),
        ("version", Some(env!("CARGO_PKG_VERSION"))),
        ("os", Some(std::env::consts::OS)),
        ("arch", Some(std::env::consts::ARCH)),
        // The build may tell more.
        ("target", option_env!("GATEWAY_BUILD_TARGET")),
        ("rustc", option_env!("GATEWAY_BUILD_RUSTC")),
        ("commit", option_env!("GATEWAY_BUILD_COMMIT")),
    ];
    let facts = facts.into_iter().filter_map(|(name, value)| {
        let value = json_string(value?);
        Some(format!("\"{name}\":{value}"))
    });
    let facts: Vec<_> = facts.collect();
    respond(StatusCode::OK, JSON, format!("{{{}}}\n", facts.join(",")))
}

fn body_refused() -> Answer {
    let hint = "this address takes no request body\n";
    let mut response = respond(StatusCode::PAYLOAD_TOO_LARGE, TEXT, hint.into());
    let close = HeaderValue::from_static("close");
    response.headers_mut().insert(header::CONNECTION, close);
    response
}

fn respond(status: StatusCode, content_type: &'static str, body: String) -> Answer {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    let content_type = HeaderValue::from_static(content_type);
    headers.insert(header::CONTENT_TYPE, content_type);
    let no_store = HeaderValue::from_static("no-store");
    headers.insert(header::CACHE_CONTROL, no_store);
    response
}

fn json_string(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len() + 2);
    ValueWriter::new(&mut out).json_string(text);
    String::from_utf8_lossy(&out).into_owned()
}

/// Reads procfs: memory of the kernel, so it does not keep the control thread waiting.
fn process_stats() -> ProcessStats {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let open_fds = std::fs::read_dir(Path::new("/proc/self/fd")).ok();
    // One of them is the directory that is being read.
    let open_fds = open_fds.map(|fds| (fds.count() as u64).saturating_sub(1));
    let files = ProcFiles {
        stat: &read("/proc/self/stat"),
        status: &read("/proc/self/status"),
        limits: &read("/proc/self/limits"),
        system: &read("/proc/stat"),
    };
    ProcessStats::parse(files, open_fds)
}

#[cfg(test)]
mod tests;
