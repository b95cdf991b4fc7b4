//! Every bound of this crate, with its source.

/// Addresses of one name that a single call tries. Ours: all of a usual round-robin set.
pub const ADDRESSES_MAX: usize = 8;
