//! Every bound of this crate, with its source.

/// The longest body that is stored, in bytes.
///
/// Source: API Gateway Developer Guide, "Cache settings for REST APIs": the largest response that
/// can be cached is 1,048,576 bytes.
pub const ENTRY_BYTES_MAX: usize = 1_048_576;

/// The longest key, and the longest head, in bytes; a longer one is not stored.
///
/// Ours: a key is made of parts of a request and its prefix, a head is one response head, and both
/// have tighter bounds where they are made. Offsets into an entry are 32 bits because of it.
pub const PART_BYTES_MAX: usize = 1 << 20;
const _: () = assert!(2 * PART_BYTES_MAX + ENTRY_BYTES_MAX < u32::MAX as usize);

/// What an entry is charged besides its key, head and body, in bytes: itself with its two counts.
///
/// Ours; a compile-time assertion beside `Entry` holds it to the real size.
pub const ENTRY_OVERHEAD_BYTES: u64 = 128;

/// What each slot of a cache's index is charged, in bytes.
///
/// Ours: a slot and its links take 40 bytes; the table doubles when it grows and for a moment the
/// old one exists as well (120); the map's share is 5 bytes at a load of a half or more, twice
/// while it grows.
pub const INDEX_SLOT_BYTES: u64 = 144;

/// Bytes of cache for each key that the index remembers after evicting it. Ours: such a key costs
/// [`INDEX_SLOT_BYTES`], which comes to less than one per cent.
pub const BYTES_PER_GHOST: u64 = 16 * 1024;

/// The most evicted keys that an index remembers. Ours: 19 MB of them.
pub const GHOSTS_MAX: u64 = 131_072;

/// Entries in use by a shard that an eviction passes over before it takes one regardless.
///
/// Ours: it bounds the time that the cache is locked to tens of microseconds.
pub const PINNED_SKIPS_MAX: u32 = 256;

/// Slots of a shard's first level. Ours: 64 KiB of tags and pointers, which stays in a core's
/// second-level cache.
pub const LEVEL1_SLOTS: usize = 4096;

/// Slots that one key may lie in. Ours: four tags and four pointers are one cache line.
pub const LEVEL1_WAYS: usize = 4;

/// Sets of a shard's first level.
pub(crate) const LEVEL1_SETS: usize = LEVEL1_SLOTS / LEVEL1_WAYS;
const _: () = assert!(LEVEL1_SETS.is_power_of_two(), "a mask selects the set");

/// Slots that one sweep visits. Ours: a quarter, so that no sweep takes longer than some 100 µs
/// when every entry is cold memory.
pub const SWEEP_SLOTS: usize = LEVEL1_SLOTS / 4;
/// [`SWEEP_SLOTS`] as sets. Source: derived.
pub(crate) const SWEEP_SETS: usize = SWEEP_SLOTS / LEVEL1_WAYS;
const _: () = assert!(LEVEL1_SETS.is_multiple_of(SWEEP_SETS));

/// The most shards whose requests may wait for one flight.
///
/// Source: the setting `shards`, whose largest value this is.
pub const SHARDS_MAX: usize = 1024;
/// Words of a bit for each shard. Source: derived from [`SHARDS_MAX`].
pub(crate) const SHARD_WORDS: usize = SHARDS_MAX / u64::BITS as usize;
