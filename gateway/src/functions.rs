//! Functions: their supervisor, and what shards share of them.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use gateway_dataplane::Command;
use gateway_functions::{
    Functions, HostSettings, LogLine, LogSink, Notice, OrderSender, Supervisor, SupervisorSettings,
};
use gateway_rt::Sender;

use crate::settings::Settings;

/// Functions while the gateway runs. Dropping it ends all environments.
pub(crate) struct Running {
    functions: Arc<Functions>,
    orders: OrderSender,
    _supervisor: Supervisor,
}

impl Running {
    /// Starts the supervisor, which tells shards what becomes of their environments.
    ///
    /// # Errors
    /// When the directory of the functions cannot be made.
    pub(crate) fn start(settings: &Settings, mailboxes: &Arc<[Sender<Command>]>) -> Result<Self> {
        let (orders, ordered) = gateway_functions::orders();
        let mailboxes = mailboxes.clone();
        let notify = Arc::new(move |shard: usize, notice: Notice| {
            if mailboxes[shard].try_send(Command::Function(notice)).is_err() {
                tracing::error!(shard, "Mailbox is full, the end of an environment is not heard");
            }
        });
        let supervisor = supervisor_settings(settings)?;
        let supervisor = Supervisor::start(supervisor, ordered, notify, Arc::new(Console))
            .context("cannot start the supervisor of functions")?;
        let functions = Arc::new(Functions::new(host_settings(settings)));
        Ok(Self { functions, orders, _supervisor: supervisor })
    }

    /// What a shard has of it.
    pub(crate) fn shared(&self) -> (Arc<Functions>, OrderSender) {
        (self.functions.clone(), self.orders.clone())
    }
}

/// Where lines go that are not kept.
struct Console;

impl LogSink for Console {
    fn line(&self, line: LogLine<'_>) {
        tracing::debug!(group = line.group, "{}", String::from_utf8_lossy(line.text));
    }
}

fn supervisor_settings(_settings: &Settings) -> Result<SupervisorSettings> {
    Ok(SupervisorSettings {
        launcher: std::env::current_exe().context("cannot find this program")?,
        directory: std::env::temp_dir().join(format!("gateway-functions-{}", std::process::id())),
        user: None,
        environment: Vec::new(),
    })
}

fn host_settings(_settings: &Settings) -> HostSettings {
    HostSettings {
        concurrency_max: 10,
        environments_max: 1000,
        wait_max: Duration::from_secs(29),
        waiting_max: 1000,
        idle_max: Duration::from_secs(300),
        init_max: Duration::from_secs(10),
    }
}
