//! Functions: their supervisor, and what shards share of them.

use std::sync::Arc;

use anyhow::{Context, Result};
use gateway_dataplane::Command;
use gateway_functions::{
    FunctionStats, Functions, HostSettings, LogLine, LogSink, Notice, NoticeKind, Notify, Order,
    OrderReceiver, OrderSender, Supervisor, SupervisorSettings,
};
use gateway_rt::Sender;
use gateway_store::LogStore;
use gateway_telemetry::FunctionNumbers;

use crate::settings::{AWS_ENDPOINT_DEFAULT, AWS_ENDPOINT_URL, Settings};

/// Functions while the gateway runs. Dropping it ends all environments.
pub(crate) struct Running {
    functions: Arc<Functions>,
    orders: OrderSender,
    logs: Arc<LogStore>,
    _supervisor: Option<Supervisor>,
}

impl Running {
    /// Starts the supervisor, which tells shards what becomes of their environments.
    ///
    /// # Errors
    /// When the directory of the functions cannot be made.
    pub(crate) fn start(
        settings: &Settings,
        mailboxes: &Arc<[Sender<Command>]>,
        logs: Arc<LogStore>,
    ) -> Result<Self> {
        let (orders, ordered) = gateway_functions::orders();
        let mailboxes = mailboxes.clone();
        let notify: Notify = Arc::new(move |shard: usize, notice: Notice| {
            if mailboxes[shard].try_send(Command::Function(notice)).is_err() {
                tracing::error!(shard, "Mailbox is full, the end of an environment is not heard");
            }
        });
        let sink = Logs { store: logs.clone(), shows: settings.dev };
        let supervisor = supervisor_settings(settings)?;
        let directory = supervisor.directory.display().to_string();
        // A gateway without functions has no use for the directory, so that it is no reason not to serve.
        let supervisor = match std::fs::create_dir_all(&supervisor.directory) {
            Ok(()) => {
                Some(Supervisor::start(supervisor, ordered, notify, Arc::new(sink)).with_context(
                    || format!("cannot use {directory} for functions (functions.directory)"),
                )?)
            }
            Err(error) => {
                tracing::error!(%error, directory, "No function runs here (functions.directory)");
                refuse_all(ordered, notify, &format!("cannot make {directory}: {error}"))?;
                None
            }
        };
        let functions = Arc::new(Functions::new(host_settings(settings)));
        Ok(Self { functions, orders, logs, _supervisor: supervisor })
    }

    /// What functions have said.
    pub(crate) fn logs(&self) -> Arc<LogStore> {
        self.logs.clone()
    }

    /// What a shard has of it.
    pub(crate) fn shared(&self) -> (Arc<Functions>, OrderSender) {
        (self.functions.clone(), self.orders.clone())
    }
}

/// Answers every order to start an environment with the reason why that cannot be.
fn refuse_all(orders: OrderReceiver, notify: Notify, reason: &str) -> Result<()> {
    let reason = reason.to_owned();
    let refuse = move || {
        while let Some(order) = orders.blocking_recv() {
            if let Order::Start { environment, shard, .. } = order {
                let kind = NoticeKind::StartFailed(reason.clone());
                notify(shard, Notice { environment, kind });
            }
        }
    };
    let thread = std::thread::Builder::new().name("functions".to_owned());
    thread.spawn(refuse).context("cannot start a thread").map(drop)
}

/// What metrics tell of functions.
pub(crate) fn numbers(functions: &Functions) -> Vec<FunctionNumbers> {
    let numbers = |stats: FunctionStats| FunctionNumbers {
        function: stats.name.into(),
        starting: stats.starting.into(),
        idle: stats.idle.into(),
        busy: stats.environments.saturating_sub(stats.starting + stats.idle).into(),
        waiting: stats.waiting as u64,
        invocations: stats.invocations,
        errors: stats.errors,
        timeouts: stats.timeouts,
        throttles: stats.throttles,
        cold_starts: stats.cold_starts,
    };
    functions.stats().into_iter().map(numbers).collect()
}

/// Keeps the lines of functions' logs, and shows them on the console in development.
struct Logs {
    store: Arc<LogStore>,
    shows: bool,
}

impl LogSink for Logs {
    fn line(&self, line: LogLine<'_>) {
        if self.shows {
            let function = line.group.rsplit('/').next().unwrap_or_default();
            tracing::info!(target: "function", name = function, "{}", String::from_utf8_lossy(line.text));
        }
        self.store.append(line.group, line.stream, line.unix_ms, line.text);
    }
}

fn supervisor_settings(settings: &Settings) -> Result<SupervisorSettings> {
    let functions = &settings.functions;
    // One for all gateways of a user: who starts next removes what a killed one left. Never under state.directory,
    // whose disk may be full.
    let own = || {
        let user = rustix::process::geteuid().as_raw();
        std::env::temp_dir().join(format!("gateway-functions-{user}"))
    };
    let mut environment: Vec<_> = endpoint_variables(settings).collect();
    environment.extend(functions.environment.clone());
    Ok(SupervisorSettings {
        launcher: std::env::current_exe().context("cannot find this program")?,
        directory: functions.directory.clone().unwrap_or_else(own),
        user: (!functions.user.is_empty()).then(|| functions.user.clone()),
        environment,
    })
}

/// `AWS_ENDPOINT_URL*`, so that SDKs in functions find the services that the gateway was told of.
fn endpoint_variables(settings: &Settings) -> impl Iterator<Item = (String, String)> {
    settings.aws.endpoints.iter().map(|(service, url)| {
        let name = match &**service {
            AWS_ENDPOINT_DEFAULT => AWS_ENDPOINT_URL.to_owned(),
            service => format!("{AWS_ENDPOINT_URL}_{}", service.to_ascii_uppercase()),
        };
        (name, url.clone())
    })
}

fn host_settings(settings: &Settings) -> HostSettings {
    let functions = &settings.functions;
    HostSettings {
        concurrency_max: functions.concurrency_max,
        environments_max: functions.environments_max,
        wait_max: functions.wait,
        waiting_max: functions.waiting_max as usize,
        idle_max: functions.idle_timeout,
        init_max: functions.init_timeout,
    }
}
