//! Shard counters, histograms and access log; merged and written elsewhere.
//!
//! A shard writes its own numbers ([`ShardMetrics`], [`StageMetrics`]) and its own log buffers
//! ([`ShardLog`]); no request takes a lock, a locked instruction or memory from the allocator. The
//! [`Registry`] reads the numbers of all shards when somebody scrapes, and one thread behind
//! [`AccessLog`] writes the buffers out. Nothing here asks the time but that thread, for its warnings,
//! and its sinks are the only I/O.
//!
//! Cost of one request, as a sketch: two histogram records (three relaxed load-add-stores each), two
//! or three counters, and one pass over the log format that copies its text and values once.
//!
//! **Architecture invariant:** a label value comes from the configuration or from a closed set, never
//! from the wire, so that no client can make the metrics grow.
#![forbid(unsafe_code)]

pub mod access_log;
pub mod clock;
pub mod limits;
pub mod names;

mod cell;
mod encode;
mod functions;
mod histogram;
mod liveness;
pub mod log_format;
mod process;
mod registry;
mod series;
mod shard;
mod stage;
mod usage;

pub use access_log::{AccessLog, Groups, Record, ShardLog, SinkConfig, SinkMetrics};
pub use cell::{Counter, Gauge};
pub use encode::Exposition;
pub use functions::FunctionNumbers;
pub use histogram::{BOUNDS_MICROS, BOUNDS_SECONDS, Histogram, HistogramSnapshot};
pub use liveness::Liveness;
pub use log_format::{
    FormatError, FormatWarning, LogFormat, LogRecord, ValueWriter, Variable, write_decimal,
};
pub use process::{ProcFiles, ProcessStats};
pub use registry::{BuildInfo, ConfigMetrics, Registry};
pub use series::SeriesSample;
pub use shard::{
    REASON_OTHER, RefusalCounters, STATUS_CLASSES, ShardMetrics, StatusCounters, UpstreamFailure,
    UpstreamFailures,
};
pub use stage::{StageLabels, StageMetrics, ThrottleScope, ThrottledCounters, WHOLE_STAGE};
pub use usage::UsageMetrics;
