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
/// for any machine, and a p99 of 10 s has 5 requests above it.
pub(crate) const SLO_RATE_RPS: f64 = 50.0;

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
