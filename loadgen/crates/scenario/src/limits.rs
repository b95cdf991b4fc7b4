//! Every bound of this crate, with its source.

use std::time::Duration;

/// Bytes of a scenario's file. Ours: a thousand requests with bodies of a kilobyte.
pub const FILE_BYTES_MAX: usize = 1 << 20;

/// Bytes of a body taken from a file. Source: API Gateway quotas, payload of 10 MB.
pub const BODY_BYTES_MAX: u64 = 10 << 20;

/// Requests of a scenario. Ours: a row each in the report's table.
pub const REQUESTS_MAX: usize = 256;

/// Kinds of users of a scenario. Ours: as many as one page lists.
pub const KINDS_MAX: usize = 64;

/// Steps of a kind of users. Ours: a journey longer than this is two.
pub const STEPS_MAX: usize = 256;

/// Stages of a load, repeats counted. Ours: a soak of a day by minutes.
pub const STAGES_MAX: usize = 1_440;

/// Largest weight. Source: goose allocates users from a list with an entry for each unit of weight.
pub const WEIGHT_MAX: u32 = 1_000;

/// Users at a time. Ours: each has a task, a client and a connection; 28,000 ports are free to one address.
pub const USERS_MAX: usize = 10_000;

/// Users of an arrival rate where the scenario gives none: 256 requests in flight.
/// Ours: 2,560 requests per second at 100 ms each.
pub const ARRIVAL_USERS: usize = 256;

/// Requests per second on goose. Ours: the process is a whole machine's bottleneck well before; see the uring engine.
pub const RATE_RPS_MAX: f64 = 1_000_000.0;

/// Longest run. Ours: a soak of a week.
pub const DURATION_MAX: Duration = Duration::from_secs(7 * 24 * 3600);

/// Length of a run where the scenario gives none. Ours: long enough for p99 of a few users, short enough to wait for.
pub const DURATION: Duration = Duration::from_secs(30);

/// Longest that a request may take. Ours: an hour for slow clients.
pub const TIMEOUT_MAX: Duration = Duration::from_secs(3600);

/// The time that a request may take where the scenario gives none. Source: API Gateway quotas, integration
/// timeout of 29 s; and a second for the way.
pub const TIMEOUT: Duration = Duration::from_secs(30);

/// API keys or tokens of a kind of users. Ours: a list in a file that people write.
pub const CREDENTIALS_MAX: usize = 1_000;

/// Headers and query parameters of a request. Source: the gateway's own limit of headers is 100.
pub const PAIRS_MAX: usize = 100;

/// Characters of a name. Ours: a cell of a table.
pub const NAME_CHARS_MAX: usize = 128;

/// Requests of one burst. Ours: all of them wait in one queue.
pub const BURST_MAX: u64 = 1_000_000;

/// Bytes of a baseline's file. Ours: [`REQUESTS_MAX`] requests of a few hundred bytes.
pub const BASELINE_BYTES_MAX: u64 = 1 << 20;

/// Intervals that wait to be written to the log. Ours: a disk that is a minute behind slows the run's last seconds.
pub const LOG_WAITING_MAX: usize = 60;

/// Requests of one run, sent or intended. Ours: counts stay exact in a double, and a run ends.
pub const COUNT_MAX: u64 = 10_000_000_000;

/// Problems that are told at once. Ours: a screen.
pub const PROBLEMS_MAX: usize = 20;

/// Latency that histograms keep apart; a longer one counts as this. Source: [`TIMEOUT_MAX`], in microseconds.
pub const LATENCY_US_MAX: u64 = TIMEOUT_MAX.as_micros() as u64;

/// Significant digits of histograms. Source: HdrHistogram's usual three, 0.1 %.
pub const DIGITS: u8 = 3;

/// Seconds that a run keeps one by one, and puts into its plots. Ours: [`DURATION_MAX`] and a drain.
pub const SECONDS_MAX: usize = DURATION_MAX.as_secs() as usize + 3_600;
