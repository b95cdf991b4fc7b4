//! Every bound of this crate, with its source.

/// Longest access-log format, in bytes, without its final newline. Source: API Gateway Developer
/// Guide, "Set up CloudWatch logging for REST APIs": at most 3 KB.
pub const FORMAT_BYTES_MAX: usize = 3 * 1024;

/// Longest rendered access-log line, in bytes with its newline; a longer one is cut. Source: our own;
/// fits one journald datagram (the default `net.core.wmem_default` is 208 KiB) with room for fields.
pub const LINE_BYTES_MAX: usize = 64 * 1024;

/// A shard hands its lines to the writer when this many bytes are waiting, or on its tick. Source: our
/// own; about 200 lines a system call.
pub const FLUSH_BYTES: usize = 64 * 1024;

/// Capacity with which a batch buffer is born: a full batch and the line that filled it. Source: our
/// own.
pub const BATCH_BYTES_CAPACITY: usize = FLUSH_BYTES + 16 * 1024;

/// A returned batch buffer that grew past this is freed instead of reused. Source: our own.
pub const BATCH_BYTES_KEPT_MAX: usize = FLUSH_BYTES + LINE_BYTES_MAX;

/// Batches of one shard that may wait in the writer's queue. Source: our own; 16 × 80 KiB bounds the
/// memory of a shard whose disk stands still.
pub const SHARD_BATCHES_MAX: usize = 16;

/// Batches of all shards that may wait in the writer's queue. Source: our own; beyond it they are
/// dropped and their lines counted.
pub const QUEUE_BATCHES_MAX: usize = 256;

/// Seconds between two warnings about one failing log sink. Source: our own.
pub const SINK_WARNING_SECONDS: u64 = 60;

/// Longest time that one journald datagram may wait for room, in milliseconds. Source: our own; the
/// queue in front of the writer absorbs about this much at full rate.
pub const JOURNAL_SEND_MS_MAX: u64 = 1_000;

/// Sub-buckets of a power of two in a [`crate::Histogram`], as a power of two. Source: our own; bounds
/// the relative error of a quantile to 1/16.
pub const HISTOGRAM_SUB_BITS: u32 = 4;

/// Highest duration that a [`crate::Histogram`] tells apart, in microseconds; longer ones count as
/// this. Source: API Gateway quotas, the longest integration timeout of a streamed response is 15 min.
pub const HISTOGRAM_MICROS_MAX: u64 = 900 * 1_000_000;

/// How long a series that ended and was sampled waits to be scraped, in milliseconds. Source: Prometheus takes a series
/// for gone after five minutes without a sample.
pub const SERIES_ENDED_MS_MAX: u64 = 5 * 60_000;

/// A shard whose loop did not turn for this long is reported as stalled, in seconds. Source: our own;
/// five times the longest interval between two ticks of an idle shard.
pub const SHARD_STALL_SECONDS: u64 = 5;

/// Shortest and longest log line fit one batch buffer that is kept.
const _: () = assert!(FLUSH_BYTES + LINE_BYTES_MAX <= BATCH_BYTES_KEPT_MAX);
