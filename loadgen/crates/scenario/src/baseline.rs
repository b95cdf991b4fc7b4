//! Results that are kept, for later runs to be compared with.

mod compare;
mod shape;

use std::error::Error;
use std::fmt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::limits::BASELINE_BYTES_MAX;
use crate::result::RunResult;
use crate::scenario::Scenario;

pub use compare::Tolerance;

/// What marks a file as one.
const FORMAT: &str = "loadgen-baseline";

/// The version that is written, and the only one that is read.
const VERSION: u32 = 1;

/// Percentiles that are kept, as fractions.
const QUANTILES: [(&str, f64); 5] =
    [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p99.9", 0.999), ("p99.99", 0.999_9)];

/// A run's result, kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    format: String,
    version: u32,
    scenario: String,
    /// What was offered, in words: runs are compared where these are the same.
    shape: Vec<String>,
    machine: Machine,
    started_unix_us: u64,
    took_us: u64,
    throughput_rps: f64,
    all: Kept,
    requests: Vec<Kept>,
}

/// Where it was measured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Machine {
    cpu: String,
    cpus: usize,
    kernel: String,
}

/// What is kept of a request, or of all.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    name: String,
    count: u64,
    /// Where the engine tells them apart by request.
    errors: Option<u64>,
    mean_us: f64,
    max_us: u64,
    percentiles_us: Vec<(String, u64)>,
}

/// Why there is no baseline, or none that can be compared.
#[derive(Debug)]
pub enum BaselineError {
    /// The file could not be read.
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file could not be written.
    Write {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is no baseline: what is wrong.
    Invalid {
        /// Which.
        path: PathBuf,
        /// What is wrong, and what to do.
        what: String,
    },
    /// It was made by another load: what differs, each with the baseline's first.
    Unlike(Vec<String>),
}

impl fmt::Display for BaselineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read { path, .. } => write!(f, "baseline {} cannot be read", path.display()),
            Self::Write { path, .. } => write!(f, "baseline {} cannot be written", path.display()),
            Self::Invalid { path, what } => {
                write!(
                    f,
                    "{} is no baseline: {what}; save it again with --save-baseline",
                    path.display()
                )
            }
            Self::Unlike(differences) => write!(
                f,
                "the baseline was made by another load, and nothing follows from comparing them: {}",
                differences.join("; ")
            ),
        }
    }
}

impl Error for BaselineError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Read { source, .. } | Self::Write { source, .. } => Some(source),
            Self::Invalid { .. } | Self::Unlike(_) => None,
        }
    }
}

impl Baseline {
    /// What is kept of a run.
    #[must_use]
    pub fn new(scenario: &Scenario, result: &RunResult) -> Self {
        let kept = |name: &str,
                    count,
                    errors: Option<u64>,
                    latency_us: &hdrhistogram::Histogram<u64>| Kept {
            name: name.into(),
            count,
            errors,
            mean_us: latency_us.mean(),
            max_us: latency_us.max(),
            percentiles_us: QUANTILES
                .iter()
                .map(|(name, quantile)| ((*name).into(), latency_us.value_at_quantile(*quantile)))
                .collect(),
        };
        Self {
            format: FORMAT.into(),
            version: VERSION,
            scenario: result.scenario.clone(),
            shape: shape::shape(scenario, result.engine),
            machine: shape::machine(),
            started_unix_us: result.started_unix_us,
            took_us: u64::try_from(result.took.as_micros()).unwrap_or(u64::MAX),
            throughput_rps: result.throughput_rps(),
            all: kept("all", result.requests, Some(result.failed()), &result.latency_us),
            requests: result
                .by_request
                .iter()
                .map(|request| {
                    kept(&request.name, request.requests, request.errors, &request.latency_us)
                })
                .collect(),
        }
    }

    /// Writes it, as JSON. The file is whole or is the one from before.
    ///
    /// # Errors
    /// What the file system says.
    pub fn save(&self, path: &Path) -> Result<(), BaselineError> {
        let failed = |source| BaselineError::Write { path: path.into(), source };
        let mut text = serde_json::to_string_pretty(self).map_err(|error| failed(error.into()))?;
        text.push('\n');
        let mut beside = path.as_os_str().to_owned();
        beside.push(".new");
        std::fs::write(&beside, text).and_then(|()| std::fs::rename(&beside, path)).map_err(failed)
    }

    /// Reads one.
    ///
    /// # Errors
    /// A file that cannot be read, or is no baseline of this version.
    pub fn load(path: &Path) -> Result<Self, BaselineError> {
        let failed = |source| BaselineError::Read { path: path.into(), source };
        let invalid = |what: String| BaselineError::Invalid { path: path.into(), what };
        let bytes = std::fs::metadata(path).map_err(failed)?.len();
        if bytes > BASELINE_BYTES_MAX {
            return Err(invalid(format!("it has {bytes} bytes, more than {BASELINE_BYTES_MAX}")));
        }
        let text = std::fs::read_to_string(path).map_err(failed)?;
        // The mark and the version come first: another version may have other keys.
        #[derive(Deserialize)]
        struct Mark {
            format: Option<String>,
            version: Option<u32>,
        }
        let mark: Mark = serde_json::from_str(&text).map_err(|error| invalid(error.to_string()))?;
        if mark.format.as_deref() != Some(FORMAT) {
            return Err(invalid(format!("its format is not {FORMAT:?}")));
        }
        match mark.version {
            Some(VERSION) => {}
            version => {
                let version =
                    version.map_or_else(|| "missing".into(), |version| version.to_string());
                return Err(invalid(format!("its version is {version}, and {VERSION} is read")));
            }
        }
        serde_json::from_str(&text).map_err(|error| invalid(error.to_string()))
    }
}
