//! Every bound of thresholds, with its source.

/// Characters of one threshold. Ours: the longest metric, value and unit, and a request's name of 128 characters.
pub const TEXT_CHARS_MAX: usize = 160;

/// Thresholds of one run. Ours: a report of more is not read; the search through them is linear.
pub const THRESHOLDS_MAX: usize = 256;

/// Decimals that numbers are kept with: a percentile of five nines, a nanosecond as a part of a microsecond.
/// Ours: exact integers, so that what is printed reads back as the same.
pub const DECIMALS: u32 = 3;

/// Largest number in a threshold. Ours: 31 years in milliseconds, or a trillion requests a second.
pub const NUMBER_MAX: u64 = 1_000_000_000_000;
