//! Bounds of resolving names.

use std::time::Duration;

/// Names that a shard remembers; the one not used for longest makes room. Ours: a name in an
/// integration's URI may come from a request, so the table must have an end.
pub const HOSTS_MAX: usize = 1024;

/// Requests of a shard that may wait for names at a time. Ours.
pub const WAITERS_MAX: usize = 4096;

/// Addresses kept of one name. Ours: more than anybody tries before a connect timeout.
pub const ADDRESSES_MAX: usize = 16;

/// How long a name stays unknown before it is asked for again. Source: RFC 9520, section 3.2:
/// failures are remembered for at least 1 second.
pub const NEGATIVE_TTL: Duration = Duration::from_secs(1);

/// How long after their end addresses are used at once while they are asked for again. Ours.
pub const REFRESH_AHEAD: Duration = Duration::from_secs(1);

/// How long after their end addresses are used when asking fails. Source: RFC 8767 allows days;
/// ours is shorter, since a backend's address may be given to somebody else.
pub const STALE_MAX: Duration = Duration::from_secs(300);

/// When an unanswered question counts as lost and is asked again. Ours: longer than the resolver
/// takes at most.
pub const ANSWER_MAX: Duration = Duration::from_secs(10);

/// Characters of a name. Source: RFC 1035, section 2.3.4, without the root's dot.
pub const NAME_CHARS_MAX: usize = 253;

const _: () = assert!(NEGATIVE_TTL.as_secs() < STALE_MAX.as_secs(), "a failure is retried in time");
