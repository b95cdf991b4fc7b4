//! `RLIMIT_NOFILE`, the bound on descriptors, and the connections that it leaves room for.

use std::io;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::limits::{
    CONNECTIONS_PER_SHARD_MIN, FD_RESERVE, FD_RESERVE_PER_SHARD, FDS_PER_CONNECTION,
};

/// Raises the soft limit to the hard limit and returns it; `u64::MAX` when there is none.
///
/// The low soft limit of most systems (1024) protects programs that use select(2); we do not.
///
/// # Errors
/// What setrlimit(2) says. The limit is then unchanged.
pub(crate) fn raise() -> io::Result<u64> {
    let limit = getrlimit(Resource::Nofile);
    if limit.current != limit.maximum {
        setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum })?;
    }
    Ok(limit.maximum.unwrap_or(u64::MAX))
}

/// The soft limit as it is; `u64::MAX` when there is none.
pub(crate) fn current() -> u64 {
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}

/// Shares `nofile` descriptors among `shards`, after what is kept back for everything else.
pub(crate) fn connections_per_shard(nofile: u64, shards: usize) -> u32 {
    let shards = (shards as u64).max(1);
    let reserved = FD_RESERVE + FD_RESERVE_PER_SHARD * shards;
    let connections = nofile.saturating_sub(reserved) / shards / FDS_PER_CONNECTION;
    u32::try_from(connections).unwrap_or(u32::MAX).max(CONNECTIONS_PER_SHARD_MIN)
}
