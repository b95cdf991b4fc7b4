//! Every bound of this crate, with its source.

use gateway_proto::HeadLimits;

/// Samples kept of one run. Ours: 48 bytes each, so 480 MB at the most.
pub const SAMPLES_MAX: usize = 10_000_000;

/// Connections of one plan. Ours: a sample has 16 bits for the index.
pub const CONNECTIONS_MAX: usize = u16::MAX as usize;

/// Threads of one plan. Ours.
pub const THREADS_MAX: usize = 256;

/// Different requests of one plan. Ours: a sample has 16 bits for the index.
pub const REQUESTS_MAX: usize = u16::MAX as usize;

/// Requests in flight on one connection. Ours.
pub const PIPELINE_MAX: usize = 1024;

/// Byte strings that are looked for. Ours: a sample has 8 bits for the index.
pub const MARKS_MAX: usize = u8::MAX as usize;

/// The longest byte string that is looked for, in bytes. Ours: so much of each answer is kept for a find across
/// two pieces of it.
pub const MARK_BYTES_MAX: usize = 4096;

/// Requests per second of one step. Ours: a schedule in microseconds.
pub const RATE_RPS_MAX: f64 = 1_000_000.0;

/// Requests of one schedule. Ours: twelve days at the highest rate; all are exact in a floating-point number.
pub const SCHEDULE_COUNT_MAX: u64 = 1 << 40;

/// Entries of the table in which requests take turns. Ours: weights beyond it are scaled down.
pub const TURNS_MAX: u64 = 1 << 20;

/// Seconds of a timeline. Ours: four days, at 32 bytes each; later ones count into the last.
pub const SECONDS_MAX: usize = 4 * 86_400;

/// Bounds of an answer's head. Ours: what curl takes per header (100 KB) would not fit a receive buffer.
pub const HEAD_LIMITS: HeadLimits = HeadLimits {
    request_line_bytes_max: 8 * 1024,
    fields_bytes_max: 64 * 1024,
    fields_count_max: 512,
};

/// Interim answers (1xx) before an answer. Ours: servers send one.
pub const INTERIM_MAX: u32 = 16;

/// The longest head that is recognised by its bytes instead of parsed, in bytes. Ours: memory per connection.
pub const MEMO_BYTES_MAX: usize = 1024;

/// Body of an answer that is kept whole, in bytes. Ours: API Gateway's largest is 10 MB.
pub const ANSWER_BODY_BYTES_MAX: usize = 64 << 20;

/// Bytes of requests that are sent before the first answer is looked for. Ours: below the smallest send buffer of
/// the kernel's, so that such a send never waits for the peer to read.
pub const SEND_ALONE_BYTES: usize = 16 * 1024;

/// How long a connection that could not be made waits before the next attempt, in milliseconds. Ours.
pub const CONNECT_PAUSE_MS: u64 = 10;

/// How long a kept connection may lie unused before it is looked at for its end, in microseconds. Ours: a look
/// is a system call.
pub const UNUSED_US: u64 = 1_000;

/// Between "all connections are there" and time zero, in microseconds. Ours: threads look every millisecond.
pub const START_LEAD_US: u64 = 5_000;

/// How often a running plan looks at its clock and its [`crate::Stop`], in milliseconds. Ours.
pub const WATCH_MS: u64 = 5;

/// How often progress is told, in milliseconds. Ours: five times a second.
pub const PROGRESS_MS: u64 = 200;

/// Submission queue entries of an engine thread's ring. Ours: a burst of a thousand sends is one call.
pub const RING_ENTRIES: u32 = 1024;

/// Jobs that wait for one engine thread. Ours: it has one, and the next may be given before it ended.
pub const JOBS_MAX: usize = 4;

/// How far apart received bytes start in the buffers of two connections, in bytes. Ours: four lines of cache.
pub const LEAD_BYTES: usize = 256;

/// How many different starts there are. Ours: with an answer of a kilobyte they stay in a buffer's first page.
pub const LEADS: usize = 12;

const _: () = assert!(
    LEADS * LEAD_BYTES + HEAD_LIMITS.head_bytes_max() < gateway_rt::limits::BUF_BYTES,
    "the longest head fits a receive buffer"
);
