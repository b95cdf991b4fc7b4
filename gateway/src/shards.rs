//! Starting the shards, and talking to them.

use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::thread::JoinHandle;

use anyhow::{Context, Result, bail};
use gateway_compile::Snapshot;
use gateway_dataplane::explain::Reply;
use gateway_dataplane::trial::Trial;
use gateway_dataplane::{Command, Event, Report, Shard, ShardParts, StageSeries};
use gateway_functions::{Functions, Host};
use gateway_integration::{Answer, Question, Resolver, UpstreamSettings, Upstreams};
use gateway_rt::{
    BoundListener, ClientTls, Driver, DriverChoice, RootStore, Sender, ShardConfig, TcpOptions,
    mailbox,
};
use gateway_store::LogStore;
use gateway_telemetry::{AccessLog, Registry, StageLabels};
use tokio::sync::mpsc;

use crate::control_plane::Invocations;
use crate::functions::Running;
use crate::settings::{self, Settings, ShardCount};

/// Commands that wait in a shard's mailbox. Ours: a reload is two, a resolved name is one.
const MAILBOX_MAX: usize = 1024;

/// Questions of all shards that wait for the resolver. Ours.
const QUESTIONS_MAX: usize = 1024;

/// The running shards, as the control thread sees them.
pub(crate) struct Shards {
    mailboxes: Vec<Sender<Command>>,
    threads: Vec<JoinHandle<std::io::Result<()>>>,
    events: mpsc::UnboundedReceiver<(usize, Event)>,
    registry: Arc<Registry>,
    /// Questions for the resolver; taken once.
    questions: Option<mpsc::Receiver<(usize, Question)>>,
    /// Environments of functions; ends with the shards.
    functions: Running,
}

/// Where shards run, decided before anything is started.
pub(crate) struct Layout {
    /// The core of each shard, if it is pinned.
    pub(crate) cpus: Vec<Option<usize>>,
    /// How they talk to the kernel.
    pub(crate) driver: Driver,
}

/// Decides how many shards run where.
///
/// # Errors
/// When a core is asked for that the cpuset does not have, or the driver is not to be had.
pub(crate) fn layout(settings: &Settings) -> Result<Layout> {
    let allowed = gateway_rt::cpu::allowed().context("cannot read the CPU affinity")?;
    let wanted = settings.shards.cpus.indices();
    if let Some(cpu) = wanted.iter().find(|cpu| !allowed.contains(cpu)) {
        bail!("CPU {cpu} of `cpus` is not one this process may run on ({allowed:?})");
    }
    let cpus = if wanted.is_empty() { &allowed[..] } else { wanted };
    let count = match settings.shards.count {
        ShardCount::Auto => cpus.len(),
        ShardCount::Count(count) => usize::from(count.get()),
    };
    // With more shards than cores the scheduler places them.
    let is_pinned = count <= cpus.len();
    let cpus = (0..count).map(|index| is_pinned.then(|| cpus[index])).collect();
    let choice = match settings.shards.driver {
        settings::Driver::Auto => DriverChoice::Auto,
        settings::Driver::IoUring => DriverChoice::IoUring,
        settings::Driver::Epoll => DriverChoice::Epoll,
    };
    let driver = Driver::probe(choice).context("io_uring was asked for and cannot be had")?;
    Ok(Layout { cpus, driver })
}

/// Sockets for every shard on every address; the addresses as bound, port 0 resolved.
///
/// # Errors
/// Names the address that cannot be bound.
pub(crate) fn bind(
    settings: &Settings,
    shards: usize,
) -> Result<(Vec<Vec<BoundListener>>, Vec<SocketAddr>)> {
    let mut listeners: Vec<Vec<BoundListener>> = (0..shards).map(|_| Vec::new()).collect();
    let mut bound = Vec::new();
    let options = tcp_options(settings);
    for &address in &settings.listen.addresses {
        let mut address = address;
        for (index, own) in listeners.iter_mut().enumerate() {
            let listener = BoundListener::bind(address, settings.listen.backlog)
                .and_then(|listener| listener.set_options(options).map(|()| listener))
                .with_context(|| format!("cannot listen on {address}"))?;
            if index == 0 {
                address = listener.local_addr().context("a bound socket has an address")?;
                bound.push(address);
            }
            own.push(listener);
        }
    }
    Ok((listeners, bound))
}

/// `[listen]`: zero spans stand for what the kernel does by itself.
fn tcp_options(settings: &Settings) -> TcpOptions {
    let listen = &settings.listen;
    let unless_zero = |span: std::time::Duration| (!span.is_zero()).then_some(span);
    TcpOptions {
        nodelay: listen.tcp_nodelay,
        keepalive: unless_zero(listen.tcp_keepalive),
        user_timeout: unless_zero(listen.tcp_user_timeout),
    }
}

/// Shares the sockets that the service manager opened: every shard accepts on each.
///
/// # Errors
/// When a descriptor is not a listening TCP socket.
pub(crate) fn adopt(
    settings: &Settings,
    descriptors: &[std::os::fd::RawFd],
    shards: usize,
) -> Result<(Vec<Vec<BoundListener>>, Vec<SocketAddr>)> {
    let mut listeners: Vec<Vec<BoundListener>> = (0..shards).map(|_| Vec::new()).collect();
    let mut bound = Vec::new();
    for &fd in descriptors {
        let first = BoundListener::adopt(fd)
            .with_context(|| format!("descriptor {fd} of the socket unit is of no use"))?;
        first.set_options(tcp_options(settings))?;
        bound.push(first.local_addr()?);
        for own in &mut listeners {
            own.push(first.try_clone()?);
        }
    }
    Ok((listeners, bound))
}

/// Starts the shards. They listen when [`Shards::wait_for`] has seen [`Event::Listening`].
///
/// # Errors
/// When certificates cannot be read or a thread cannot be made.
pub(crate) fn start(
    settings: &Settings,
    layout: &Layout,
    listeners: Vec<Vec<BoundListener>>,
    registry: &Arc<Registry>,
    (log, logs): (&AccessLog, &Arc<LogStore>),
    nofile: u64,
) -> Result<Shards> {
    let roots = roots(settings)?;
    let tls = ClientTls::new(roots.clone(), false).context("cannot set TLS up")?;
    let tls_insecure = ClientTls::new(roots, true).context("cannot set TLS up")?;
    let (event_sender, events) = mpsc::unbounded_channel();
    let report: Report = Arc::new(move |shard, event| {
        // The control thread outlives the shards, but for a crash.
        let _ = event_sender.send((shard, event));
    });
    let (question_sender, questions) = mpsc::channel(QUESTIONS_MAX);
    let count = layout.cpus.len();
    let (mut mailboxes, mut receivers) = (Vec::new(), Vec::new());
    for _ in 0..count {
        let (sender, receiver) = mailbox(MAILBOX_MAX).context("cannot make a mailbox")?;
        mailboxes.push(sender);
        receivers.push(receiver);
    }
    // Shards write to each other, so every mailbox is there before the first shard is.
    let peers: Arc<[_]> = mailboxes.clone().into();
    let functions = Running::start(settings, &peers, logs.clone())?;
    let mut shards = Shards {
        mailboxes,
        threads: Vec::new(),
        events,
        registry: registry.clone(),
        questions: Some(questions),
        functions,
    };
    let secret = settings.explain.secret.0.as_bytes();
    let explain_secret: Option<Arc<[u8]>> = (!secret.is_empty()).then(|| secret.into());
    for (index, (own, receiver)) in listeners.into_iter().zip(receivers).enumerate() {
        let config = ShardConfig {
            index,
            cpu: layout.cpus[index],
            backend: match settings.shards.backend {
                settings::Backend::Monoio => gateway_rt::Backend::Monoio,
                settings::Backend::Glommio => gateway_rt::Backend::Glommio,
            },
            driver: layout.driver,
            ring_entries: settings.shards.ring_entries,
        };
        let metrics = registry.shards()[index].clone();
        let shard_log = log.shard(metrics.clone()).with_stream(&crate::logs::stream_name());
        let data = data_settings(settings, nofile, count);
        let upstream = upstream_settings(settings);
        let (ttl_min, ttl_max) = (settings.upstream.dns_ttl_min, settings.upstream.dns_ttl_max);
        let (tls, tls_insecure) = (tls.clone(), tls_insecure.clone());
        let (questions, report) = (question_sender.clone(), report.clone());
        let (peers, explain_secret) = (peers.clone(), explain_secret.clone());
        let (functions, orders) = shards.functions.shared();
        let main = move || async move {
            let counted = metrics.clone();
            let ask = Rc::new(move |question| {
                counted.dns_lookups.increment();
                let is_sent = questions.try_send((index, question)).is_ok();
                if !is_sent {
                    counted.dns_failures.increment();
                }
                is_sent
            });
            let resolver = Rc::new(Resolver::new(ask, ttl_min, ttl_max));
            let upstreams = Upstreams::new(upstream, resolver, tls, tls_insecure, metrics.clone());
            let log = shard_log;
            let others = peers.clone();
            let poke = Rc::new(move |shard: usize| {
                // A mailbox that is full is being read, and its reader looks at what waits.
                let _ = others[shard].try_send(Command::ServeWaiting);
            });
            let functions = Host::new(index, functions, orders, poke);
            let parts = ShardParts {
                index,
                settings: data,
                metrics,
                log,
                upstreams,
                functions,
                report,
                peers,
                explain_secret,
            };
            if let Err(error) = gateway_dataplane::run(Shard::new(parts), own, receiver).await {
                tracing::error!(shard = index, %error, "Shard does not start");
            }
        };
        let thread = gateway_rt::spawn_shard(config, main).context("cannot start a shard")?;
        shards.threads.push(thread);
    }
    Ok(shards)
}

/// The authorities that HTTPS backends are checked against: the operator's, or the system's.
fn roots(settings: &Settings) -> Result<RootStore> {
    let mut roots = RootStore::empty();
    match &settings.upstream.ca_file {
        Some(path) => {
            let count = roots
                .add_pem_file(path)
                .with_context(|| format!("cannot use the CA file {}", path.display()))?;
            tracing::info!(certificates = count, path = %path.display(), "CA file read");
        }
        None if roots.add_system() == 0 => {
            tracing::warn!(
                "The system has no certificate authorities: HTTPS backends will be refused; \
                 install ca-certificates or set upstream.ca_file"
            );
        }
        None => {}
    }
    Ok(roots)
}

fn data_settings(settings: &Settings, nofile: u64, shards: usize) -> gateway_dataplane::Settings {
    let timeouts = &settings.timeouts;
    gateway_dataplane::Settings {
        client_header: timeouts.client_header,
        client_body: timeouts.client_body,
        keep_alive: timeouts.keep_alive,
        send: timeouts.send,
        connections_max: settings.connections_max(nofile, shards) as usize,
        payload_bytes_max: settings.limits.payload_bytes_max as u64,
        response_bytes_max: settings.limits.response_bytes_max,
        rate_limit_headers: settings.throttle.headers,
        aws_credentials: aws_credentials(settings),
    }
}

/// Whose signature calls of AWS have; without an access key they have none.
fn aws_credentials(settings: &Settings) -> Option<gateway_dataplane::AwsCredentials> {
    let aws = &settings.aws;
    (!aws.access_key_id.is_empty()).then(|| gateway_dataplane::AwsCredentials {
        access_key_id: aws.access_key_id.clone(),
        secret_access_key: aws.secret_access_key.0.clone(),
        session_token: Some(aws.session_token.0.clone()).filter(|token| !token.is_empty()),
    })
}

fn upstream_settings(settings: &Settings) -> UpstreamSettings {
    UpstreamSettings {
        connections_max: settings.upstream.connections_max,
        idle_max: settings.upstream.idle_max as usize,
        idle_timeout: settings.timeouts.upstream_idle,
        connect_timeout: settings.timeouts.connect,
    }
}

fn now_of_buckets() -> gateway_throttle::Instant {
    gateway_throttle::Instant(gateway_rt::Moment::now().micros() * 1_000)
}

/// Asks a shard what would become of a request.
pub(crate) struct Explainer(Sender<Command>);

impl Explainer {
    /// Asks about the request with this head; `false` when the shard's mailbox is full.
    pub(crate) fn explain(&self, head: Vec<u8>, reply: Reply) -> bool {
        self.0.try_send(Command::Explain { head, reply }).is_ok()
    }
}

/// Has a shard serve a request of its own.
#[derive(Clone)]
pub(crate) struct Trier(Sender<Command>);

impl Trier {
    /// Hands a trial over; `false` when the shard's mailbox is full.
    pub(crate) fn try_out(&self, trial: Trial) -> bool {
        self.0.try_send(Command::Try(Box::new(trial))).is_ok()
    }
}

impl std::fmt::Debug for Explainer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Explainer")
    }
}

impl Shards {
    /// The questions that shards ask the resolver. There is one resolver, so this works once.
    pub(crate) fn take_questions(&mut self) -> Option<mpsc::Receiver<(usize, Question)>> {
        self.questions.take()
    }

    /// Asks a shard what would become of a request. The first one: all of them serve the same.
    pub(crate) fn explainer(&self) -> Option<Explainer> {
        self.mailboxes.first().cloned().map(Explainer)
    }

    /// Has a shard serve what an operator tries. The first one: a trial is alone on its snapshot.
    pub(crate) fn trier(&self) -> Option<Trier> {
        self.mailboxes.first().cloned().map(Trier)
    }

    /// Functions that run here, and their logs.
    pub(crate) fn functions(&self) -> (Arc<Functions>, Arc<LogStore>) {
        (self.functions.shared().0, self.functions.logs())
    }

    /// Lets the control plane invoke functions: on the first shard, whose environments all shards use.
    pub(crate) fn open(&self, invocations: &Invocations) {
        if let Some(shard) = self.mailboxes.first() {
            invocations.open(shard.clone(), self.functions.logs());
        }
    }

    /// Hands answers back to the shard that asked.
    pub(crate) fn answerer(&self) -> impl Fn(usize, Answer) + use<> {
        let mailboxes = self.mailboxes.clone();
        let registry = self.registry.clone();
        move |shard, answer| {
            if answer.result.is_err() {
                // Counted here, on behalf of the shard: it is the one cell with a second writer,
                // and a lost count of failures that come together is no harm.
                registry.shards()[shard].dns_failures.increment();
            }
            if mailboxes[shard].try_send(Command::Resolved(answer)).is_err() {
                tracing::warn!(shard, "Mailbox is full, an answer is dropped");
            }
        }
    }

    /// Waits until every shard has said `event`.
    ///
    /// # Errors
    /// When a shard's thread ended instead.
    pub(crate) async fn wait_for(&mut self, event: Event) -> Result<()> {
        let mut said = vec![false; self.threads.len()];
        while !said.iter().all(|&said| said) {
            tokio::select! {
                Some((shard, heard)) = self.events.recv() => {
                    if heard == event {
                        said[shard] = true;
                    }
                }
                () = tokio::time::sleep(std::time::Duration::from_millis(50)) => {
                    if let Some(shard) = self.threads.iter().position(JoinHandle::is_finished) {
                        bail!("shard {shard} has ended: {}", self.why(shard));
                    }
                }
            }
        }
        Ok(())
    }

    fn why(&mut self, shard: usize) -> String {
        match self.threads.swap_remove(shard).join() {
            Ok(Ok(())) => "see the log above".to_owned(),
            Ok(Err(error)) => error.to_string(),
            Err(_) => "it panicked; see the log above".to_owned(),
        }
    }

    /// Whether a shard's thread ended without being told to.
    pub(crate) fn has_died(&self) -> bool {
        self.threads.iter().any(JoinHandle::is_finished)
    }

    /// Publishes a snapshot: every shard prepares, then every shard commits.
    ///
    /// # Errors
    /// When a shard cannot; the old snapshot serves on all of them then.
    pub(crate) async fn publish(&mut self, snapshot: &Arc<Snapshot>) -> Result<()> {
        let generation = snapshot.generation;
        for (shard, mailbox) in self.mailboxes.iter().enumerate() {
            let series = |labels: &StageLabels| self.registry.stage(shard, labels);
            let metrics = snapshot.stages.iter().map(|stage| StageSeries::of(stage, series));
            let metrics = metrics.collect();
            let command = Command::Prepare { snapshot: snapshot.clone(), metrics };
            if mailbox.try_send(command).is_err() {
                self.tell_all(|| Command::Abort);
                bail!("the mailbox of shard {shard} is full");
            }
        }
        if let Err(error) = self.wait_for(Event::Prepared(generation)).await {
            self.tell_all(|| Command::Abort);
            return Err(error);
        }
        // From here on nothing can fail: limits change for all shards at one moment.
        snapshot.activate(now_of_buckets());
        self.tell_all(|| Command::Commit { generation });
        self.wait_for(Event::Committed(generation)).await
    }

    fn tell_all(&self, command: impl Fn() -> Command) {
        for (shard, mailbox) in self.mailboxes.iter().enumerate() {
            if mailbox.try_send(command()).is_err() {
                tracing::error!(shard, "Mailbox is full, a command is dropped");
            }
        }
    }

    /// Tells every shard to drain; says how many connections had to be cut.
    pub(crate) async fn drain(&mut self, timeout: std::time::Duration) -> usize {
        self.tell_all(|| Command::Drain { timeout });
        let (mut cut, mut left) = (0, self.threads.len());
        // A shard keeps its own time; the margin is for one that is stuck.
        let margin = timeout + std::time::Duration::from_secs(2);
        let ended = tokio::time::timeout(margin, async {
            while left > 0 {
                match self.events.recv().await {
                    Some((_, Event::Drained(connections))) => {
                        cut += connections;
                        left -= 1;
                    }
                    Some(_) => {}
                    None => break,
                }
            }
        });
        if ended.await.is_err() {
            tracing::warn!(shards = left, "Shards did not drain in time");
        }
        cut
    }
}
