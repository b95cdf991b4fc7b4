//! Every bound of this crate, with its source.

/// Samples kept of one run. Ours: 48 bytes each, so 480 MB at the most.
pub const SAMPLES_MAX: usize = 10_000_000;
