//! The bounds of this crate.

/// The longest API key value that is ever known, in bytes. Source: API Gateway, "API Key value
/// exceeds maximum size of 128 characters", each of at most four bytes of UTF-8.
pub const KEY_VALUE_BYTES_MAX: usize = 128 * 4;

/// The longest id of an API key, in bytes. Source: ours; ids that API Gateway makes have 10.
pub const KEY_ID_BYTES_MAX: usize = 1_024;

/// The longest name of an API key, in bytes. Source: API Gateway, "Invalid API Key name, can be at
/// most 1024 characters.", each of at most four bytes of UTF-8.
pub const KEY_NAME_BYTES_MAX: usize = 1_024 * 4;

/// The most bytes of all values, ids and names together. Source: ours; offsets are 32 bits wide,
/// and 60 million keys of 62 bytes fit.
pub const ARENA_BYTES_MAX: usize = u32::MAX as usize;

/// Room for the value, id and name of one key, before they are known. Source: ours; a value and an
/// id as API Gateway makes them, and a short name.
pub const TEXT_BYTES_USUAL: usize = 64;

/// How many times a table is seeded anew when two keyed hashes of different keys agree. Source:
/// ours; with a million keys the first seed is enough but once in a thousand times, and `n` seeds
/// fail together once in a thousand to the power of `n`.
pub const SEEDS_MAX: usize = 32;

const _: () = assert!(KEY_VALUE_BYTES_MAX <= u16::MAX as usize, "a length fits its field");
const _: () = assert!(KEY_ID_BYTES_MAX <= u16::MAX as usize, "a length fits its field");
const _: () = assert!(KEY_NAME_BYTES_MAX <= u16::MAX as usize, "a length fits its field");

/// A policy document, in bytes. Source: ours; API Gateway takes 8,192 for an API's resource policy unless
/// that is raised, and says nothing of authorizers' policies. Bounds what one evaluation costs.
pub const POLICY_BYTES_MAX: usize = 32 * 1024;

/// Arrays and objects inside each other, in a policy. Source: ours; a condition's list is the deepest place
/// of a policy, at 6.
pub const POLICY_DEPTH_MAX: usize = 8;

/// Statements of a policy. Source: ours; 8,192 characters have room for fewer.
pub const STATEMENTS_MAX: usize = 256;

/// A value of a condition, in characters. Source: ours, as for resources.
pub const CONDITION_VALUE_CHARS_MAX: usize = 1_024;

/// Digits of a date in seconds since 1970. Source: ours; milliseconds fit 64 bits.
pub const EPOCH_DIGITS_MAX: usize = 14;

/// Signing keys that a signer keeps. Source: ours; one a day for each region that functions are called in.
pub const SIGNING_KEYS_MAX: usize = 8;

const _: () = assert!(10_i64.pow(EPOCH_DIGITS_MAX as u32) < i64::MAX / 1_000 - 1, "dates fit");

/// What an authorizer's function may return, in bytes. Source: ours; API Gateway documents 8 KiB for
/// WebSocket APIs and nothing for REST APIs.
pub const RESULT_BYTES_MAX: usize = 64 * 1024;

/// Arrays and objects inside each other, in a function's error document. Source: ours; stack traces are lists
/// of lists.
pub const ERROR_DEPTH_MAX: usize = 32;

/// A resource in an authorizer's policy, in characters. Source: API Gateway quotas, "authorizer result's
/// Resource".
pub const RESOURCE_CHARS_MAX: usize = 512;

/// Members of an authorizer's context. Source: ours.
pub const CONTEXT_MEMBERS_MAX: usize = 256;

/// Decisions of one authorizer that are kept. Source: ours; 65,536 callers within one TTL.
pub const DECISIONS_MAX: usize = 65_536;

/// Memory of one authorizer's decisions with their keys, in bytes. Source: ours; 1 KiB for each of
/// [`DECISIONS_MAX`].
pub const DECISION_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Parts of a table of decisions, each under a lock of its own. Source: ours; more than there are shards on
/// most machines.
pub(crate) const STRIPES: usize = 16;

const _: () = assert!(DECISION_BYTES_MAX / STRIPES >= 8 * RESULT_BYTES_MAX, "a decision fits");
