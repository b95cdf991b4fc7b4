//! Shard counters, histograms and access log; merged and written elsewhere.
#![forbid(unsafe_code)]

pub mod access_log;
pub mod clock;
pub mod limits;
pub mod names;

mod cell;
mod encode;
mod histogram;
mod liveness;
pub mod log_format;
mod process;
mod registry;
mod shard;
mod stage;

pub use access_log::{AccessLog, ShardLog, SinkConfig, SinkMetrics};
pub use cell::{Counter, Gauge};
pub use encode::Exposition;
pub use histogram::{BOUNDS_MICROS, BOUNDS_SECONDS, Histogram, HistogramSnapshot};
pub use liveness::Liveness;
pub use log_format::{FormatError, FormatWarning, LogFormat, LogRecord, ValueWriter, Variable};
pub use process::{ProcFiles, ProcessStats};
pub use registry::{BuildInfo, ConfigMetrics, Registry};
pub use shard::{
    REASON_OTHER, RefusalCounters, STATUS_CLASSES, ShardMetrics, StatusCounters, UpstreamFailure,
    UpstreamFailures,
};
pub use stage::{StageLabels, StageMetrics, WHOLE_STAGE};
