//! Every bound of this crate, with its source.

/// An unused connection that waited at least this long is looked at before it is used again, in
/// milliseconds. Ours: a server that closes idle connections does so after seconds; within a
/// second the look would cost more than the retry it saves.
pub const QUIET_CHECK_MS: u64 = 1_000;

/// Addresses of one name that a single call tries. Ours: all of a usual round-robin set.
pub const ADDRESSES_MAX: usize = 8;
