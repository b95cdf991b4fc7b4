//! Every bound of this crate, with its source.

use std::time::Duration;

use gateway_proto::{ChunkLimits, HeadLimits};

/// A function's result or error document, in bytes. Source: Lambda quotas, "Invocation payload (request and
/// response)", 6 MB each for synchronous calls; the runtime API of Lambda's own emulator grants 100 bytes more.
pub const RESPONSE_BYTES_MAX: usize = 6 * 1024 * 1024 + 100;

/// Fields of one request to the runtime API, in bytes. Source: the official clients send
/// `Lambda-Runtime-Function-XRay-Error-Cause` with up to 1 MiB; the rest is for everything else.
pub const FIELDS_BYTES_MAX: usize = 1024 * 1024 + 64 * 1024;

/// The head of a request to the runtime API.
pub const RUNTIME_API_HEAD: HeadLimits =
    HeadLimits { fields_bytes_max: FIELDS_BYTES_MAX, ..HeadLimits::DEFAULT };

/// The framing of a streamed result. Source: its trailers may hold the whole error document.
pub const RUNTIME_API_CHUNKS: ChunkLimits =
    ChunkLimits { trailers_bytes_max: FIELDS_BYTES_MAX, ..ChunkLimits::DEFAULT };

/// Connections to the runtime API of one environment at once; more are closed when they are accepted.
/// Ours: clients have one or two.
pub const CONNECTIONS_MAX: usize = 8;

/// Connections to one runtime API that wait to be accepted. Ours.
pub const BACKLOG: u32 = 16;

/// How often a shard looks whether an invocation or a start takes too long. Ours: the shortest timeout is a second.
pub const WATCH_INTERVAL: Duration = Duration::from_millis(20);

/// How long after its answer an environment is expected to ask for the next invocation. Ours: a runtime does so at
/// once; one that has work left then takes its time, and who waits gets another environment.
pub const SETTLE_MAX: Duration = Duration::from_millis(20);

/// How long what a process said last is waited for once it has ended. Ours: its bytes are in this machine's
/// sockets already, and only have to be read.
pub const EXIT_GRACE: Duration = Duration::from_millis(20);

const _: () = assert!(RUNTIME_API_HEAD.head_bytes_max() < u32::MAX as usize, "a span is two u32");

/// An order to a launcher, in bytes. Source: Linux, `MAX_ARG_STRLEN` for a path or a variable; Lambda quotas grant
/// 4 KB of variables, and the operator's come on top.
pub const ORDER_BYTES_MAX: usize = 1024 * 1024;

/// Open files of a process of a function's. Source: Lambda quotas, "File descriptors" (1,024).
pub const FILES_MAX: u64 = 1024;

/// Processes and threads of one environment. Source: Lambda quotas, "Execution processes/threads" (1,024).
pub const PROCESSES_MAX: u64 = 1024;

/// Processes and threads of the user that functions run as. Ours: a backstop between two looks at an environment's
/// processes, for many environments of one user, and without effect on root.
pub const PROCESSES_OF_USER_MAX: u64 = 16 * 1024;

/// A file in an environment's `/tmp`, in bytes. Source: Lambda quotas, "/tmp directory storage" (512 MB by default).
pub const FILE_BYTES_MAX: u64 = 512 * 1024 * 1024;

/// Data of a process beyond twice `MemorySize`, in bytes. Ours: a backstop between two looks at its memory; engines
/// with garbage collection map more than they touch.
pub const DATA_BYTES_SPARE: u64 = 2 * 1024 * 1024 * 1024;

/// How long processes that were killed are waited for. Ours: a second look is for those stuck in the kernel.
pub const END_MAX: Duration = Duration::from_secs(10);

/// Between two looks at processes while a function does something. Ours: twice the time an invocation may exceed its
/// memory by much.
pub const SAMPLE_BUSY: Duration = Duration::from_millis(100);

/// Between two looks at processes while no function does anything. Ours.
pub const SAMPLE_IDLE: Duration = Duration::from_secs(1);

/// The part of its time that the supervisor looks at processes, at most: one in so many. Ours.
pub const SAMPLE_SHARE: u32 = 20;

/// One line of a function's log, in bytes; longer ones are cut in pieces. Source: CloudWatch Logs quotas, "Event size".
pub const LINE_BYTES_MAX: usize = 256 * 1024;

/// What is taken of a function's output at once, in bytes, before others have their turn. Source: a pipe holds as much.
pub const OUTPUT_BYTES: usize = 64 * 1024;

/// What is taken of a function's output before a platform line, or behind its end, in bytes. Ours: what it wrote
/// before is at most a full pipe.
pub const OUTPUT_DRAIN_BYTES: usize = 1024 * 1024;

/// How long the log may take for [`OUTPUT_BYTES`] before lines are dropped. Ours.
pub const SINK_SLOW: Duration = Duration::from_millis(500);

/// How long lines are dropped then. Ours.
pub const SINK_PAUSE: Duration = Duration::from_secs(1);

/// Environments that have ended and may still get platform lines. Ours: shards send them within a turn.
pub const ENDED_KEPT_MAX: usize = 1024;

/// Code that is unpacked and not in use. Ours.
pub const CODE_KEPT_MAX: usize = 16;

/// An unpacked deployment package, in bytes. Source: Lambda quotas, "Deployment package (.zip file archive) size",
/// 250 MB unzipped.
pub const CODE_BYTES_MAX: u64 = 250 * 1024 * 1024;

/// Files and directories of a deployment package. Ours: `node_modules` of large applications have some ten thousand.
pub const CODE_FILES_MAX: usize = 200_000;

/// How long an interpreter may take to say where and what it is. Ours: a version manager's shim takes 100 ms.
pub const INTERPRETER_MAX: Duration = Duration::from_secs(10);

/// How long a launcher may take to end its processes before the supervisor does. Ours.
pub const LAUNCHER_END_MAX: Duration = Duration::from_secs(2);

/// What is added to the niceness of a function's processes (nice(2)): the gateway goes first where both want a CPU. Ours:
/// about a tenth of its weight, so that a function still gets on beside a gateway that has all hands full.
pub const NICE: i32 = 10;

/// How long after the start the removal of what dead gateways left begins. Ours: by then this one listens.
pub const SWEEP_DELAY: Duration = Duration::from_secs(1);

/// Between two directories of that. Ours: the disk does something else in between.
pub const SWEEP_PAUSE: Duration = Duration::from_millis(1);

/// The niceness of the thread that removes it. Source: setpriority(2), the highest.
pub const SWEEP_NICENESS: i32 = 19;
