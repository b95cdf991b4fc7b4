//! Processes: started, watched, ended.

mod cgroup;
pub(crate) mod children;
mod directory;
mod environment;
mod journal;
mod lines;
mod memory;
mod orders;
mod spawn;
mod thread;
mod user;
mod variables;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use gateway_compile::FunctionPlan;
use tokio::sync::oneshot;

use crate::launcher::Containment;

pub use orders::{Closed, OrderReceiver, OrderSender, orders};

/// Names an environment of this process; counts from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EnvironmentId(pub u64);

/// What a shard wants.
#[derive(Debug)]
pub enum Order {
    /// Start an environment.
    Start {
        /// Its id, chosen by the shard with [`crate::Functions::next_environment`].
        environment: EnvironmentId,
        /// Whom to tell of its end.
        shard: usize,
        /// What it runs.
        function: Arc<FunctionPlan>,
        /// `AWS_LAMBDA_RUNTIME_API`.
        runtime_api: SocketAddr,
    },
    /// End an environment with all its processes. Its [`NoticeKind::Exited`] follows.
    Kill {
        /// Which.
        environment: EnvironmentId,
    },
    /// A line of the platform's, among the function's own.
    Log {
        /// Whose.
        environment: EnvironmentId,
        /// What happened.
        event: PlatformEvent,
        /// When, in milliseconds since 1970.
        unix_ms: u64,
    },
}

/// What the platform writes into a function's log.
#[derive(Debug, Clone, PartialEq)]
pub enum PlatformEvent {
    /// `START RequestId: … Version: …`
    Start {
        /// Of the invocation.
        request_id: [u8; 36],
    },
    /// `END RequestId: …`, then Lambda's `REPORT` line: duration, billed duration, memory size, memory used, init
    /// duration.
    End {
        /// Of the invocation.
        request_id: [u8; 36],
        /// What it took.
        duration: Duration,
        /// What the environment's start took, for its first invocation.
        init: Option<Duration>,
        /// What went wrong, as Lambda's log has it, e.g. `Task timed out after 3.00 seconds`.
        error: Option<String>,
    },
}

/// What a shard learns of an environment.
#[derive(Debug)]
pub struct Notice {
    /// Which.
    pub environment: EnvironmentId,
    /// What.
    pub kind: NoticeKind,
}

/// What there is to learn.
#[derive(Debug)]
pub enum NoticeKind {
    /// It could not be started; says why.
    StartFailed(String),
    /// Its process has ended, and all processes that it had started.
    Exited(Exit),
}

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// With this status.
    Status(i32),
    /// By this signal.
    Signal(i32),
}

/// A line of a function's log.
#[derive(Debug, Clone, Copy)]
pub struct LogLine<'l> {
    /// `/aws/lambda/NAME`
    pub group: &'l str,
    /// `2026/11/22/[VERSION]` and 32 hexadecimal digits.
    pub stream: &'l str,
    /// When it was written.
    pub unix_ms: u64,
    /// Without its line end; not necessarily UTF-8.
    pub text: &'l [u8],
}

/// Takes the lines of functions' logs; called on the supervisor's thread.
pub trait LogSink: Send + Sync {
    /// Takes a line.
    fn line(&self, line: LogLine<'_>);
}

/// What the operator decides.
#[derive(Debug, Clone)]
pub struct SupervisorSettings {
    /// The program that starts environments, with the hidden command [`crate::launcher::COMMAND`]; the gateway
    /// itself.
    pub launcher: PathBuf,
    /// Where code is unpacked and environments have their `/tmp` and working directories. Made when it is not there.
    pub directory: PathBuf,
    /// Names or ids of the user and group that functions run as, when the gateway may change them.
    pub user: Option<String>,
    /// `AWS_ENDPOINT_URL*`, credentials and the like, for every function.
    pub environment: Vec<(String, String)>,
}

/// Takes notices; called on the supervisor's thread with the shard that they are for. Never blocks.
pub type Notify = Arc<dyn Fn(usize, Notice) + Send + Sync>;

/// The supervisor's thread. Dropping it ends all environments and waits for that.
pub struct Supervisor {
    end: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Supervisor {
    /// Starts the thread. Processes are held together as well as this machine permits.
    ///
    /// # Errors
    /// When the directory cannot be made, the user is not known, or there is no thread.
    pub fn start(
        settings: SupervisorSettings,
        orders: OrderReceiver,
        notify: Notify,
        sink: Arc<dyn LogSink>,
    ) -> std::io::Result<Self> {
        Self::start_with(settings, None, orders, notify, sink)
    }

    /// Starts the thread, with processes held together in one way.
    ///
    /// # Errors
    /// As above, and when this machine does not permit that way.
    pub fn start_with(
        settings: SupervisorSettings,
        containment: Option<Containment>,
        orders: OrderReceiver,
        notify: Notify,
        sink: Arc<dyn LogSink>,
    ) -> std::io::Result<Self> {
        let user = settings.user.as_deref().map(user::resolve).transpose()?.flatten();
        let (own, left) = directory::Own::new(&settings.directory)?;
        let (end, ended) = oneshot::channel();
        let (started, start) = std::sync::mpsc::channel();
        let run = move || {
            thread::run(thread::Start {
                settings,
                user,
                own,
                containment,
                orders,
                notify,
                sink,
                ended,
                started,
            })
        };
        let thread = std::thread::Builder::new().name("functions".to_owned()).spawn(run)?;
        let supervisor = Self { end: Some(end), thread: Some(thread) };
        // The thread says whether it could begin.
        start.recv().unwrap_or_else(|gone| Err(std::io::Error::other(gone)))?;
        left.remove_later();
        Ok(supervisor)
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        drop(self.end.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("The supervisor of functions panicked");
        }
    }
}
