//! Runs of a scenario.

mod attack;
mod dispatch;
mod send;
mod session;
mod slow;
mod tally;
mod target;
mod uring;

use std::error::Error;
use std::fmt;
use std::path::PathBuf;

use goose::GooseError;

pub use attack::run_goose;
pub use session::is_stopped as is_goose_stopped;
pub use uring::{run_uring, run_uring_until};

/// How a scenario is run: what the command line says beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunSettings {
    /// Scheme, host, port and path in front of the scenario's paths: `http://127.0.0.1:8080/prod`.
    pub target: String,
    /// The `host` header, where it is not the target's: a custom domain name. A scenario's own goes before it.
    pub host: Option<String>,
    /// Sends no more requests than this.
    pub count_max: u64,
    /// Threads that send; at least one.
    pub threads: usize,
    /// Whether any certificate of the target is good enough.
    pub insecure: bool,
    /// Where goose writes its own report: HTML, or what the file's ending says.
    pub goose_report: Option<PathBuf>,
    /// Where the log of histograms goes, an interval each second.
    pub hdr_log: Option<PathBuf>,
    /// Whether standard output goes nowhere while goose runs, which says there how many users it launched. For whoever
    /// prints a report there; it holds for the whole process.
    pub silences_stdout: bool,
}

impl RunSettings {
    /// Settings for `target`, with all else as it comes.
    #[must_use]
    pub fn new(target: impl Into<String>) -> Self {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            target: target.into(),
            host: None,
            count_max: crate::limits::COUNT_MAX,
            threads,
            insecure: false,
            goose_report: None,
            hdr_log: None,
            silences_stdout: false,
        }
    }
}

/// Why a run has no result.
#[derive(Debug)]
pub enum RunError {
    /// The target is none: what to write instead.
    Target(String),
    /// The scenario asks for what the engine cannot do, each in a clause.
    Unsupported(Vec<String>),
    /// The users did not come up in time.
    Slow {
        /// How many there should be.
        users: usize,
        /// How many there were.
        ready: usize,
    },
    /// goose refused or broke.
    Goose(Box<GooseError>),
    /// The io_uring engine refused or broke.
    Engine(Box<dyn Error + Send + Sync>),
    /// A file could not be written.
    Write {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The machine gave no thread.
    Thread(std::io::Error),
    /// A part of the run ended before its time.
    Died,
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Target(what) => f.write_str(what),
            Self::Unsupported(what) => write!(
                f,
                "the uring engine sends fixed requests and cannot do this: {}; use --engine goose",
                what.join("; ")
            ),
            Self::Slow { users, ready } => write!(
                f,
                "only {ready} of {users} users came up; take fewer users, or a machine with more memory and CPU"
            ),
            Self::Goose(_) => f.write_str("goose could not run the scenario"),
            Self::Engine(_) => f.write_str("the uring engine could not run the scenario"),
            Self::Write { path, .. } => write!(f, "{} cannot be written", path.display()),
            Self::Thread(_) => f.write_str("no thread for the run"),
            Self::Died => f.write_str("a part of the generator ended before its time"),
        }
    }
}

impl Error for RunError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Goose(error) => Some(error),
            Self::Engine(error) => Some(error.as_ref()),
            Self::Write { source, .. } | Self::Thread(source) => Some(source),
            _ => None,
        }
    }
}
