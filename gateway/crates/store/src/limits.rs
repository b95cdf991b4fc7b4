//! Every bound of the store, with its source.

/// Distinct days kept in the history of one file; the oldest goes when another comes. A day counts only if
/// something was counted on it, so a clock that jumps ahead costs one day and not the whole history.
/// Source: usage reports reach back about 90 days; 10 more for two clocks that disagree.
pub const HISTORY_DAYS_MAX: usize = 100;
const _: () = assert!(HISTORY_DAYS_MAX >= 90, "a report's whole range is kept");

/// Rows of an outdated day removed in one write, so that a day's end does not hold up the counts of
/// the next. Source: our own; some ten milliseconds.
pub const PRUNED_ROWS_MAX: usize = 10_000;

/// Days after which a counter that was never written again is forgotten, seen from the newest day in the
/// file. Source: our own; longer than any quota's period and than the history, by far.
pub const ROW_DAYS_MAX: u32 = 400;
const _: () = assert!(ROW_DAYS_MAX > 31 && ROW_DAYS_MAX as usize > HISTORY_DAYS_MAX);

/// Memory for pages of the file, bytes. Source: our own; the pages that 10,000 counters in a million
/// touch are about 40 MB.
pub const CACHE_BYTES_MAX: usize = 64 << 20;

/// Size of a file whose every checksum is verified when it is opened, bytes. A larger one is verified only as
/// far as it is read, so that a long history does not hold up a start. Source: our own; 272 MiB, a million
/// counters, take half a second.
pub const CHECKED_BYTES_MAX: u64 = 1 << 30;

/// Groups of logs. Ours: each has memory of its own.
pub const LOG_GROUPS_MAX: usize = 1_000;

/// Memory of the events of all groups together, bytes. Ours: 64 groups that are full with the default of 16 MiB.
pub const LOG_BYTES_MAX: usize = 1 << 30;

/// What a line of a log costs beside its text, in bytes. Ours: an entry of the map that is two thirds full, and the
/// text's own header, rounded.
pub const LOG_LINE_OVERHEAD_BYTES: usize = 128;

/// Streams that are made by name in one group. Ours: their names are written whole at each change.
pub const LOG_STREAMS_MAX: usize = 1_000;

/// Streams of a group that are remembered as deleted before its events are written anew. Ours.
pub const LOG_DELETED_STREAMS_MAX: usize = 100;

/// Bytes of a group's metadata. Source: [`LOG_STREAMS_MAX`] names of 512 characters of up to 6 bytes, and tags.
pub const LOG_METADATA_BYTES_MAX: u64 = 16 << 20;
const _: () = assert!(
    LOG_METADATA_BYTES_MAX > (LOG_STREAMS_MAX + LOG_DELETED_STREAMS_MAX) as u64 * 512 * 6 * 2
);

/// Memory for pages of the control plane's documents, bytes. Source: our own; ten APIs of 10,000 resources.
pub const OBJECTS_CACHE_BYTES_MAX: usize = 32 << 20;

/// Bytes of one file of minutes of metrics; then the next begins. Source: our own; a day and a half of sixty busy series.
pub const MINUTE_FILE_BYTES_MAX: u64 = 16 << 20;

/// Files of minutes of metrics; the oldest goes. Source: our own; 256 MiB, more than memory has room for.
pub const MINUTE_FILES_MAX: usize = 16;

/// Bytes of one record of a minute. Source: our own; a hundred rows of 60 KB.
pub const MINUTE_RECORD_BYTES_MAX: usize = 8 << 20;
const _: () =
    assert!((MINUTE_RECORD_BYTES_MAX as u64) < MINUTE_FILE_BYTES_MAX, "a record fits a file");
