//! Every bound on a setting, with its source.

use std::time::Duration;

/// Shards in one process. A shard is a pinned thread; the largest single-socket servers have fewer.
pub(crate) const SHARDS_MAX: u16 = 1024;

/// The largest CPU index: `CPU_SETSIZE` of sched_setaffinity(2) is 1024.
pub(crate) const CPU_INDEX_MAX: usize = 1023;

/// Addresses in one `listen` list; each costs every shard one descriptor.
pub(crate) const LISTEN_ADDRESSES_MAX: usize = 64;

/// Waiting connections in one listener's accept queue. The kernel cuts it to `net.core.somaxconn`.
pub(crate) const BACKLOG_MAX: u32 = 65_535;

/// Submission queue entries; `IORING_MAX_ENTRIES` of the kernel is 32,768.
pub(crate) const RING_ENTRIES_MIN: u32 = 64;
/// See [`RING_ENTRIES_MIN`].
pub(crate) const RING_ENTRIES_MAX: u32 = 32_768;

/// Request payload, bytes. Source: API Gateway quotas, "Payload size" (10 MB, fixed).
pub(crate) const PAYLOAD_BYTES_DEFAULT: usize = 10 << 20;
/// Upper end of the payload settings: a buffered body is held in memory once.
pub(crate) const PAYLOAD_BYTES_MAX: usize = 1 << 30;
/// Lower end of the payload settings.
pub(crate) const PAYLOAD_BYTES_MIN: usize = 1024;

/// Memory of all stage caches. Ours: API Gateway's smallest cache has 0.5 GB.
pub(crate) const CACHE_BYTES_DEFAULT: usize = 512 << 20;
/// The largest: API Gateway's largest cache has 237 GB.
pub(crate) const CACHE_BYTES_MAX: usize = 237 << 30;
/// The least: one response of the largest size that is cached, twice.
pub(crate) const CACHE_BYTES_MIN: usize = 2 << 20;

/// Requests a second, or at once, of the account. Ours: more than any machine serves.
pub(crate) const ACCOUNT_RATE_MAX: u64 = 1_000_000_000;

/// The shortest secret. Ours: 16 random letters cannot be guessed over a network.
pub(crate) const SECRET_BYTES_MIN: usize = 16;

/// Idle client connection. Source: API Gateway quotas, "Idle connection timeout" (310 seconds).
pub(crate) const KEEP_ALIVE_DEFAULT: Duration = Duration::from_secs(310);

/// The least span that any timeout may have; shorter ones are typing errors.
pub(crate) const TIMEOUT_MIN: Duration = Duration::from_millis(10);
/// The greatest span that any timeout may have.
pub(crate) const TIMEOUT_MAX: Duration = Duration::from_secs(3600);

/// Upstream connections to one endpoint from one shard.
pub(crate) const UPSTREAM_CONNECTIONS_MAX: u32 = 65_535;

/// How long a resolved address may be used; a day.
pub(crate) const DNS_TTL_MAX: Duration = Duration::from_secs(86_400);

/// Environments at once. Ours: a process each; AWS gives an account 1,000 to begin with.
pub(crate) const ENVIRONMENTS_MAX: u32 = 10_000;
/// Invocations that wait for one function's environments. Ours: each holds its event, up to 6 MB.
pub(crate) const WAITING_MAX: u32 = 100_000;
/// The least of a function's log that is kept: one line of the longest.
pub(crate) const FUNCTION_LOG_BYTES_MIN: usize = 256 << 10;
/// The most of a function's log that is kept. Ours.
pub(crate) const FUNCTION_LOG_BYTES_MAX: usize = 1 << 30;

/// Length of an access-log format. Source: API Gateway developer guide, "3 KB".
pub(crate) const ACCESS_LOG_FORMAT_BYTES_MAX: usize = 3 * 1024;

/// A definition file settles for this long, at most, before it is read again.
pub(crate) const DEBOUNCE_MAX: Duration = Duration::from_secs(60);

/// Descriptors kept back for what is not a client or upstream connection: listeners, rings, log
/// files, definitions being read, the ops and control sockets.
pub(crate) const FD_RESERVE: u64 = 128;
/// The same, for each shard.
pub(crate) const FD_RESERVE_PER_SHARD: u64 = 32;
/// A client connection may use one upstream connection at a time, so it counts twice.
pub(crate) const FDS_PER_CONNECTION: u64 = 2;
/// The least connections a shard is given, however few descriptors there are.
pub(crate) const CONNECTIONS_PER_SHARD_MIN: u32 = 16;

const _: () = assert!(PAYLOAD_BYTES_MIN < PAYLOAD_BYTES_DEFAULT);
const _: () = assert!(PAYLOAD_BYTES_DEFAULT < PAYLOAD_BYTES_MAX);
const _: () = assert!(CPU_INDEX_MAX + 1 >= SHARDS_MAX as usize, "every shard can have its CPU");
