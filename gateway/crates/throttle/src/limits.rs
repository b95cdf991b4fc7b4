//! Every bound of this crate, with its source.

/// Parts of a nanosecond that the bucket's word counts in: a quarter, so that an interval is rounded
/// up by less than 0.25 ns (2.5 parts in a million at 10,000 requests per second). Source: 60 bits.
pub const UNITS_PER_NS: u64 = 4;

/// Units in a second.
pub(crate) const UNITS_PER_S: u64 = UNITS_PER_NS * 1_000_000_000;

/// Low bits of the bucket's word that name the settings it was written under.
pub(crate) const VERSION_BITS: u32 = 4;

/// Settings that a [`Limit`](crate::Limit) remembers, the current ones included. Source: the 4 bits.
pub const VERSIONS_MAX: usize = 1 << VERSION_BITS;

/// Latest stamp that is told apart, in nanoseconds after the clock's origin: 4.5 years. A later stamp
/// is read as this one, which can only refuse. Source: half of the word's 60 bits is for the clock.
pub const INSTANT_NS_MAX: u64 = 1 << 57;

/// A bucket holds at most what refills in this many units (2.2 years). A burst that would need longer
/// is cut to fit, and a rate below one token in 2.2 years is none. Source: a quarter of the 60 bits.
pub(crate) const CAPACITY_UNITS_MAX: u64 = 1 << 58;

/// Buckets that one request takes from at most: account, stage method, plan, plan method is four.
/// Source: API Gateway Developer Guide, "Throttle requests to your REST APIs", layers; doubled.
pub const TAKES_MAX: usize = 8;

/// Slots for leases and their candidates in one shard. Source: a shard that has more than a thousand
/// buckets hot within a millisecond takes a token at a time from the rest, which is as right.
pub const SLOTS_MAX: usize = 1024;

/// Slots that one bucket may be found in.
pub(crate) const WAYS: usize = 2;

/// Largest lease, in tokens. Source: 64 takes for one report, which makes it a small part of a take's
/// cost; a bigger lease only strands more.
pub const LEASE_TOKENS_MAX: u32 = 64;

/// First lease of a bucket that has become hot, in tokens.
pub(crate) const LEASE_TOKENS_MIN: u32 = 2;

/// Takes within [`HOT_US`] that make a bucket hot.
pub(crate) const HOT_TAKES: u32 = 4;

/// Span that tells a hot bucket from a cold one, in microseconds.
pub const HOT_US: u64 = 1_000;

/// Age at which a lease is handed back by [`Leases::expire`](crate::Leases::expire), in milliseconds.
/// Called as often as that, no token lies in a lease for more than twice as long. Source: DESIGN §6,
/// "an unused lease expires back in ≤ 10 ms".
pub const LEASE_MS: u64 = 5;

/// A lease takes at most one in this many of the free tokens, for each shard: all the shards together
/// can lease half of what there is, so that a bucket that is nearly empty gives single tokens.
pub(crate) const FREE_PER_LEASE: u64 = 2;

/// Draws of a [`Split`](crate::Split) over which it is exact. Source: `canarySettings.percentTraffic`
/// has one decimal, so a thousand draws hold a whole number.
pub const SPLIT_BLOCK_DRAWS: u64 = 1_000;

/// Parts of one per cent that a [`Split`](crate::Split) tells apart.
pub(crate) const SPLIT_UNITS_PER_PERCENT: u64 = 1_000_000;

/// Bits of a count of requests. Source: 22 bits of period and 2 of its kind are the others of a word.
pub(crate) const USED_BITS: u32 = 40;

/// Requests counted in one period at most: 39 bits. A member that has made more of them is no longer
/// counted, and refused only if its limit is as small. Source: [`USED_BITS`], of which one is a sign.
pub const USED_MAX: u64 = (1 << (USED_BITS - 1)) - 1;

/// Requests that may be granted beyond a quota. Source: as [`USED_MAX`].
pub const GRANTED_MAX: u64 = 1 << (USED_BITS - 1);

/// Latest period that is told apart: days up to the year 13,453. Source: 22 bits.
pub const PERIOD_INDEX_MAX: u32 = (1 << 22) - 1;

const _: () = assert!(
    INSTANT_NS_MAX * UNITS_PER_NS + CAPACITY_UNITS_MAX < 1 << (64 - VERSION_BITS),
    "the last instant and a whole bucket after it fit the word"
);
const _: () = assert!(SLOTS_MAX.is_multiple_of(64 * WAYS), "slots fill their bit set and ways");
const _: () = assert!(SLOTS_MAX < u16::MAX as usize, "a ticket names a slot in 16 bits");
