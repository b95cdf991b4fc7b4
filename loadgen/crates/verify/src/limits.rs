//! Every bound of this crate, with its source.

use std::time::Duration;

/// Connections that the origin serves at once; more are closed. Ours: a gateway's pools and a load of thousands of
/// requests per second stay well below it.
pub(crate) const ORIGIN_CONNECTIONS_MAX: usize = 1_024;

/// Calls that the origin remembers. Ours: more than any check sends before it looks.
pub(crate) const ORIGIN_CALLS_MAX: usize = 16_384;

/// An origin's connection without a request is closed after this long. Ours: longer than gateways keep idle ones.
pub(crate) const ORIGIN_IDLE_MAX: Duration = Duration::from_secs(300);

/// Bytes of an origin's receive buffer. Ours: a whole head fits.
pub(crate) const ORIGIN_BUFFER_BYTES: usize = 32 * 1024;
const _: () = assert!(gateway_proto::HeadLimits::DEFAULT.head_bytes_max() <= ORIGIN_BUFFER_BYTES);

/// Bytes of a file of expectations. Ours: some thousands of lines.
pub(crate) const EXPECTATIONS_BYTES_MAX: usize = 256 * 1024;

/// Nodes of its YAML, references followed. Ours: a file of this size that is written by hand has fewer.
pub(crate) const EXPECTATIONS_NODES_MAX: usize = 20_000;

/// Depth of its YAML. Ours: the format needs 4.
pub(crate) const EXPECTATIONS_DEPTH_MAX: usize = 16;

/// Bytes of a token. Source: API Gateway quotas, "Total combined size of request line and header values" (10,240),
/// less room for the other headers.
pub(crate) const TOKEN_BYTES_MAX: usize = 8 * 1024;

/// The rate at which latency promises are held when nothing else is said, in requests per second. Ours: little enough
/// for any machine, and a p99 of 3 s has 3 requests above it.
pub(crate) const SLO_RATE_RPS: f64 = 100.0;

/// The highest such rate. Ours: what one machine can offer at all.
pub(crate) const SLO_RATE_RPS_MAX: f64 = 1e6;

/// What the engine's times may miss of a moment, in microseconds. Ours: both ends of a span are cut to whole ones.
pub(crate) const CLOCK_GRAIN_US: f64 = 2.0;

/// How far apart two machines' clocks may run, in millionths. Source: adjtimex(2), the most that the kernel slews a
/// clock for NTP.
pub(crate) const CLOCK_PPM: f64 = 500.0;

/// The share of what the bucket on paper admits that has to be admitted. Source: what loadgen promises.
pub(crate) const ADMITTED_SHARE_MIN: f64 = 0.98;

/// Tokens of one lease of a shard. Source: `gateway_throttle::limits::LEASE_TOKENS_MAX`; a test compares.
pub(crate) const LEASE_TOKENS_MAX: u64 = 64;

/// How long a token lies in a lease that nobody uses, in seconds. Source: the gateway's design, "an unused lease
/// expires back in ≤ 10 ms".
pub(crate) const LEASE_S_MAX: f64 = 0.010;

/// What rounding may add to a count of tokens. Ours: far below one, far above what a double loses of a million.
pub(crate) const ROUNDING_TOKENS: f64 = 1e-4;

/// Runs of a check that noise may have spoiled. Ours: noise does not come back every time, a wrong limit does.
pub(crate) const RUNS_MAX: usize = 3;

/// The share of answers that may be failures before they count. Ours: one in twenty.
pub(crate) const TROUBLED_SHARE_MAX: f64 = 0.05;

/// How much longer than a bucket takes to fill is waited for it. Ours: ten times what leases take to come back.
pub(crate) const FULL_MARGIN: Duration = Duration::from_millis(100);

/// The longest wait for a bucket to fill. Ours: nobody watches for longer.
pub(crate) const FULL_WAIT_MAX: Duration = Duration::from_secs(60);

/// Requests beyond a burst that are sent with it. Ours: enough to see the refusals begin.
pub(crate) const BEYOND_BURST: u64 = 10;

/// Rounds of a burst check, whose bounds are put together. Ours.
pub(crate) const BURST_ROUNDS: usize = 3;

/// How long the refill after a burst is watched. Ours: at most; ten tokens are enough.
pub(crate) const REFILL_MAX: Duration = Duration::from_secs(2);

/// How much more than the limit under check another limit on the same way has to admit. Ours: a tenth more shows.
pub(crate) const OTHERS_SHARE_MIN: f64 = 1.1;

/// How many times the settings' duration a rate is offered, where it takes that long to say something. Ours.
pub(crate) const LONGER_MAX: f64 = 5.0;

/// Tokens that have to come while a rate is offered. Ours: a doubled rate brings as many again.
pub(crate) const TOKENS_MIN: f64 = 4.0;

/// Requests per second that are offered at least. Ours: a token is taken soon after it came.
pub(crate) const OFFERED_RPS_MIN: f64 = 20.0;

/// Points of a line in a plot. Ours: more than a screen has columns for.
pub(crate) const PLOT_POINTS_MAX: usize = 1_000;

/// Requests beyond a quota that are sent. Ours: enough to see that refusals go on.
pub(crate) const BEYOND_QUOTA: u64 = 20;

/// The share of the lowest rate on the way at which a quota is used up. Ours: no throttle refuses.
pub(crate) const QUOTA_SHARE_OF_RATE: f64 = 0.8;

/// The rate at which a quota is used up, in requests per second. Ours: no backend is hurt.
pub(crate) const QUOTA_RATE_RPS: f64 = 500.0;

/// How long using up a quota may take. Ours: nobody watches for longer.
pub(crate) const QUOTA_LASTS_MAX: Duration = Duration::from_secs(300);

/// What has to be left of a period beyond the time that using up its quota takes, in seconds. Ours: two machines' clocks
/// may differ.
pub(crate) const PERIOD_MARGIN_S: u64 = 60;

/// How often a throttled request of a check that looks at something else is sent again. Ours.
pub(crate) const PATIENCE_COUNT: usize = 20;

/// The pause before it. Ours: together 10 s, in which a rate of one request in ten seconds brings a token.
pub(crate) const PATIENCE_PAUSE: Duration = Duration::from_millis(500);

/// How often a check is begun anew that this machine was too slow for. Ours.
pub(crate) const CACHE_ATTEMPTS: usize = 4;

/// Requests that should be answered from the cache. Ours: several connections, so several shards.
pub(crate) const CACHE_HITS: usize = 4;

/// Connections that look for stale answers after a flush, at least. Ours: with 8 shards, one is missed once in 50 runs
/// of 32 connections, and what is stale on the others is seen.
pub(crate) const CACHE_CONNECTIONS_MIN: usize = 32;

/// The longest time to live that is waited for. Ours: nobody watches for longer.
pub(crate) const TTL_WAIT_MAX: Duration = Duration::from_secs(10);

/// How far from the end of an entry it is looked at. Ours: the test clock moves by whole seconds.
pub(crate) const TTL_MARGIN: Duration = Duration::from_secs(1);

/// How often a right gateway may fail a check of a canary. Ours: not in a lifetime of nightly runs.
pub(crate) const CANARY_FALSE_ALARM: f64 = 1e-6;

/// The difference from a promised share that is seen 99 times in 100. Ours: five points.
pub(crate) const CANARY_OFF: f64 = 0.05;

/// Requests for the check of one canary, at most. Ours: a share of one half needs some 5,300. The origin remembers as
/// many.
pub(crate) const CANARY_COUNT_MAX: u64 = 10_000;
const _: () = assert!(CANARY_COUNT_MAX as usize <= ORIGIN_CALLS_MAX);

/// The rate at which they are sent, in requests per second. Ours: no backend is hurt.
pub(crate) const CANARY_RATE_RPS: f64 = 1_000.0;

/// The share of a limit on the way at which they are sent. Ours: none of them is refused.
pub(crate) const CANARY_SHARE_OF_RATE: f64 = 0.8;

/// Requests of a canary's check that are sent on one connection in a row. Ours.
pub(crate) const CANARY_BATCH: u64 = 50;

/// The longest time that a canary is checked for. Ours: nobody watches for longer.
pub(crate) const CANARY_LASTS_MAX: Duration = Duration::from_secs(60);

/// How often allowed and denied methods are asked for in turn. Ours.
pub(crate) const LEAK_ROUNDS: usize = 5;

/// Connections on which that happens at a time. Ours: several shards.
pub(crate) const LEAK_CONNECTIONS: usize = 4;

/// Answers slower than a percentile that a run has to expect for a verdict on it. Ours: 1,000 requests for p99, 10,000 for
/// p99.9.
pub(crate) const SLOWER_MIN: f64 = 10.0;

/// How often a gateway that keeps a latency promise may seem not to, in one run. Ours; three runs have to.
pub(crate) const SLO_CHANCE: f64 = 0.001;

/// The share of a latency promise by which requests may have been sent late. Ours: a tenth is not what breaks it.
pub(crate) const LATE_SHARE_MAX: f64 = 0.1;

/// An answer that takes longer than this, in microseconds, and than so many times the median, was held up by something.
/// Ours: a scheduler's slice, and well beyond what a busy gateway's answers differ by.
pub(crate) const STALL_US_MIN: u64 = 2_000;

/// Medians beyond which an answer was held up. Ours; see [`STALL_US_MIN`].
pub(crate) const STALL_MEDIANS: u64 = 4;

/// The longest sleep between two looks at whether the run was stopped. Ours: a keypress feels immediate.
pub(crate) const STOP_LOOK: Duration = Duration::from_millis(50);
