//! Every bound of this crate, with its source.

/// Points of one series that are drawn as they are. Longer series keep the least and the greatest of each
/// column. Ours: two points for each of 500 columns, which is more than a screen shows of 640 pixels.
pub const POINTS_MAX: usize = 1000;

/// Columns that a longer series is thinned to. Ours: half of [`POINTS_MAX`], for a least and a greatest each.
pub const COLUMNS_MAX: usize = POINTS_MAX / 2;

/// Series drawn in one plot; the legend counts the others. Ours: three for each of eight colours, beyond
/// which no reader tells lines apart.
pub const SERIES_MAX: usize = 24;

/// Ticks on an axis. Ours: what 640 pixels hold of labels with their gaps.
pub const TICKS_MAX: usize = 16;

/// Greatest magnitude that is drawn in its place; what lies beyond is drawn there. Ours: a thousandth of a
/// thousandth of `f64::MAX`, so that differences and steps stay finite.
pub const MAGNITUDE_MAX: f64 = 1e300;

/// Nines of the rightmost percentile. Ours: one answer in a billion, more than a run sends.
pub const NINES_MAX: f64 = 9.0;

/// Narrowest console that text is wrapped for, in columns. Ours: a label, a margin and a few words.
pub const WIDTH_MIN: usize = 40;

/// Widest console that text is wrapped for, in columns. Ours: lines beyond are hard to follow.
pub const WIDTH_MAX: usize = 160;
