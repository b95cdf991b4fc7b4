//! Every bound of this crate, with its source.

use std::time::Duration;

/// How near the rate that held and the rate that did not must come. Ours: runs on one machine differ by as much.
pub const RESOLUTION: f64 = 0.05;

/// How much the rate grows from step to step before one fails. Ours: with [`RESOLUTION`], four halvings follow.
pub const GROWTH: f64 = 1.5;

/// How much the rate falls until one holds. Ours: from the start to the lowest rate in five steps or six.
pub const FALL: f64 = 4.0;

/// Where stepping starts, as a share of what the closed model reached. Ours: below most knees, two steps off.
pub const START_SHARE: f64 = 0.4;

/// Measurements of one rate at most: two that agree decide. Ours.
pub const OPINIONS_MAX: usize = 3;

/// A value within this factor of its limit might be on the other side the next time. Ours: percentiles of a few
/// thousand answers differ by as much from run to run.
pub const CLOSE_FACTOR: f64 = 1.25;

/// Least share of the offered rate that must be answered in time. Ours: the rest is answers under way at the end.
pub const ACHIEVED_MIN: f64 = 0.95;

/// Below this share of the offered rate no second measurement is made. Ours: noise does not take a fifth.
pub const HOPELESS_BELOW: f64 = 0.8;

/// Steps of one run at most, repetitions included. Ours.
pub const STEPS_MAX: usize = 200;

/// Lowest rate that is tried, in requests per second. Ours: a step has a few answers at least.
pub const RATE_RPS_MIN: f64 = 5.0;

/// Requests beyond the highest percentile of the service level that a step should have. Ours.
pub const TAIL_COUNT: f64 = 20.0;

/// A step is at most this many times as long as asked for, so that its tail has [`TAIL_COUNT`] requests. Ours.
pub const LENGTHEN_MAX: f64 = 4.0;

/// Samples that a step's schedule makes at the most. Source: half of the engine's
/// [`loadgen_engine::limits::SAMPLES_MAX`].
pub const SAMPLES_MAX: usize = loadgen_engine::limits::SAMPLES_MAX / 2;

/// Connections that are tried one after the other. Ours: one, a pool, many, very many.
pub const CONNECTIONS_TRIED: [usize; 4] = [1, 8, 64, 256];

/// Least number of connections that a rate is offered over, if none is asked for. Ours: two for each shard of a
/// small machine.
pub const CONNECTIONS_MIN: usize = 8;

/// How long each number of connections is tried. Ours.
pub const TRIAL_LASTS: Duration = Duration::from_millis(700);

/// How many answers may lack of the best trial's, so that fewer connections are as good. Ours.
pub const TRIAL_SLACK: f64 = 0.05;

/// Connections for each shard that share out evenly, mostly. Ours: the kernel's choice among listeners is by
/// hash; with eight, the fullest of a few shards seldom has twice its share.
pub const CONNECTIONS_PER_SHARD: usize = 8;

/// Share of a core from which a thread is busy all the time. Ours: the rest is noise of the accounts.
pub const BUSY: f64 = 0.9;

/// Share of a core below which a thread has time left. Ours.
pub const IDLE: f64 = 0.7;

/// Share of all CPUs from which the machine is busy. Ours.
pub const MACHINE_BUSY: f64 = 0.93;

/// Share of answers with status 429 from which a limit is at work. Ours: the default for errors, 0.1 %.
pub const THROTTLED: f64 = 0.001;

/// The generator is at fault if its lateness is this share of a latency limit. Ours.
pub const LATE_SHARE: f64 = 0.5;

/// Least work of shards, in cores, from which requests per core are told. Ours.
pub const CORES_MIN: f64 = 0.1;

/// Utilisation that suggested shards aim for. Ours: room for a peak.
pub const SHARD_AIM: f64 = 0.7;

/// Threads of a process that are looked at. Source: more than `loadgen` and the gateway can be told to start.
pub const THREADS_MAX: usize = 4096;

/// Bytes of one file under `/proc` that are read. Source: the longest, `/proc/stat`, has 11 numbers for each of
/// 8,192 CPUs.
pub const PROC_BYTES_MAX: u64 = 4 << 20;

/// CPU numbers of an affinity list. Source: `CONFIG_NR_CPUS` of Linux, 8,192 at the most.
pub const CPUS_MAX: usize = 8192;

const _: () = assert!(SAMPLES_MAX > 100_000, "a second at 100,000 requests fits");
const _: () = assert!(GROWTH > 1.0 + RESOLUTION, "steps grow by more than they resolve");
