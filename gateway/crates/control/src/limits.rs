//! Every bound of the control plane, with its source.

/// Connections served at once; more wait in the listener's backlog. Source: our own; a fleet of build jobs.
pub const CONNECTIONS_MAX: usize = 256;

/// Bytes of a request's head. Source: our own; four times the largest signed request of a client with session
/// token (8 KiB).
pub const HEAD_BYTES_MAX: usize = 32 * 1024;

/// Seconds for a request's head, silence before it included. Source: our own; longer than the pools of AWS's
/// clients keep a connection that they still use.
pub const HEAD_SECONDS_MAX: u64 = 60;

/// Bytes of a request's body. Source: API Gateway's limit on an imported document is 6 MB; twice that, as for
/// definition files.
pub const BODY_BYTES_MAX: usize = 12 * 1024 * 1024;

/// Bytes of all bodies that are held at once. Source: our own; who comes then waits.
pub const BODIES_BYTES_MAX: usize = 64 * 1024 * 1024;
const _: () = assert!(BODIES_BYTES_MAX >= BODY_BYTES_MAX, "one body fits");
const _: () = assert!(BODIES_BYTES_MAX / 1024 < u32::MAX as usize, "counted in KiB by a semaphore");

/// Seconds for a request's body, the wait for room included. Source: our own; 12 MiB at 400 KiB/s.
pub const BODY_SECONDS_MAX: u64 = 30;

/// Pause after a failed accept (out of descriptors), in milliseconds. Source: our own.
pub const ACCEPT_PAUSE_MS: u64 = 100;

/// Calls that wait for their turn. Source: each connection has one at a time.
pub const CALLS_MAX: usize = CONNECTIONS_MAX;

/// Calls that share one sync of the disk. Source: all that can wait.
pub const BATCH_CALLS_MAX: usize = CALLS_MAX;

/// Milliseconds by which a client's clock may differ. Source: IAM User Guide, "a request must reach AWS within
/// five minutes of the time stamp in the request".
pub const CLOCK_SKEW_MS_MAX: u64 = 5 * 60 * 1000;

/// Seconds that a presigned request may live. Source: Amazon S3, `X-Amz-Expires`, seven days.
pub const EXPIRES_SECONDS_MAX: u64 = 604_800;

/// Bytes of the file of admin credentials. Source: our own; it has three lines.
pub const CREDENTIALS_FILE_BYTES_MAX: u64 = 64 * 1024;

/// Seconds that temporary credentials live. Source: STS API Reference, `AssumeRole`, 900 to 43,200.
pub const SESSION_SECONDS_MIN: u64 = 900;
/// Source: as [`SESSION_SECONDS_MIN`].
pub const SESSION_SECONDS_MAX: u64 = 43_200;
/// Source: STS API Reference, `GetSessionToken`, 900 to 129,600.
pub const SESSION_TOKEN_SECONDS_MAX: u64 = 129_600;
/// Source: STS API Reference, `AssumeRole`, default.
pub const ASSUMED_SECONDS_DEFAULT: u64 = 3_600;
/// Source: STS API Reference, `GetSessionToken`, default.
pub const SESSION_TOKEN_SECONDS_DEFAULT: u64 = 43_200;
/// Characters of a role's session name. Source: STS API Reference, `RoleSessionName`, 2 to 64.
pub const SESSION_NAME_CHARS_MAX: usize = 64;
