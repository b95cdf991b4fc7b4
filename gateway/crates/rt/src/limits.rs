//! Every bound of this crate, with its source.

/// One receive or send buffer, in bytes.
///
/// Ours: any head fits one buffer, and a body of 64 KiB takes one receive and one send: each
/// operation on a socket costs more than the pages. Pages that a small message never touches are
/// never resident.
pub const BUF_BYTES: usize = 128 * 1024;

/// Free buffers a shard keeps for reuse. More are given back to the allocator at once.
///
/// Ours: 1,024 buffers of which a small message touches one page each.
pub const POOL_FREE_MAX: usize = 1024;

/// Entries of each of glommio's three rings. Ours: glommio's default of 128 is for storage.
#[cfg(feature = "glommio")]
pub(crate) const GLOMMIO_RING_ENTRIES: usize = 1024;

/// Memory that glommio registers for storage, which a proxy does not use, in bytes.
/// Source: glommio, the least that it accepts.
#[cfg(feature = "glommio")]
pub(crate) const GLOMMIO_IO_BYTES: usize = 64 * 1024;

/// How often a shard looks at its deadlines, in milliseconds.
///
/// Ours: the shortest integration timeout that API Gateway accepts is 50 ms.
pub const TICK_MS: u64 = 20;

/// How long a connection may wait for its next request with a buffer in hand, in milliseconds,
/// before it gives the buffer back and waits with a poll. Ours.
pub const IDLE_RELEASE_MS: u64 = 200;

/// How long accepting pauses when the process is out of file descriptors, in milliseconds.
/// Source: attacks, "Connection exhaustion": pause with back-off, never spin.
pub const ACCEPT_PAUSE_MS: u64 = 50;

/// Ciphertext that a TLS stream buffers before its sender must wait, in bytes.
/// Ours: one buffer of plaintext with room for record overhead.
pub const TLS_BUFFER_BYTES: usize = 2 * BUF_BYTES;

/// TLS sessions that are remembered for resumption, over all backends. Ours; rustls keeps 256.
pub const TLS_SESSIONS: usize = 1024;

/// Connections of a [`Ring`](crate::ring::Ring). Ours: a completion has 24 bits for the slot.
pub const RING_SLOTS_MAX: usize = 1 << 24;

/// Submission queue entries of a [`Ring`](crate::ring::Ring); its completion queue has four times as many.
/// Ours: in steady state it submits nothing, and a full queue is submitted early.
pub const RING_SUBMISSIONS: u32 = 1024;

/// One of the buffers that a [`Ring`](crate::ring::Ring) receives into, in bytes.
/// Ours: most answers fit one, and pages that a small one never touches are never resident.
pub const STOCK_BUF_BYTES: usize = 16 * 1024;

/// From the start of one such buffer to the next, in bytes. Ours: starts that are whole pages apart would share a
/// few lines of the first-level cache.
pub const STOCK_STRIDE_BYTES: usize = STOCK_BUF_BYTES + 320;

/// The fewest such buffers of one ring. Ours: a connection's next bytes find one while its last are looked at.
pub const STOCK_BUFS_MIN: usize = 16;

/// The most such buffers of one ring. Ours: each is given back before the next is looked at, so they only have to hold
/// what comes at once; when none is left, receiving is started anew.
pub const STOCK_BUFS_MAX: usize = 2048;

const _: () =
    assert!(STOCK_BUFS_MAX.is_power_of_two() && STOCK_BUFS_MAX <= 1 << 15, "the kernel's bound");

const _: () = assert!(BUF_BYTES >= 2 * 10_240, "a request head fits one buffer");
const _: () = assert!(TICK_MS * 2 <= 50, "the shortest timeout is seen in time");

/// How far the clock may be [advanced](crate::clock::advance) in all.
///
/// Ours: 100 years, so that no date, period or sum of times comes near the end of its type.
pub const ADVANCED_MAX: std::time::Duration = std::time::Duration::from_secs(100 * 365 * 86_400);
