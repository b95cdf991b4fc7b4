//! Shard counters, histograms and access log; merged and written elsewhere.
#![forbid(unsafe_code)]

pub mod clock;
pub mod limits;
pub mod names;

mod cell;
mod histogram;
mod shard;
mod stage;

pub use cell::{Counter, Gauge};
pub use histogram::{BOUNDS_MICROS, BOUNDS_SECONDS, Histogram, HistogramSnapshot};
pub use shard::{
    REASON_OTHER, RefusalCounters, STATUS_CLASSES, ShardMetrics, StatusCounters, UpstreamFailure,
    UpstreamFailures,
};
pub use stage::{StageLabels, StageMetrics, WHOLE_STAGE};
