//! The stage cache: stored responses, shared by all shards.
//!
//! Two levels. Each shard has one [`Level1`] in front of all caches: a hit there hashes the key,
//! reads one line of tags, the entry, its key and the cache's epoch; it takes no lock, allocates
//! nothing and writes nothing that another shard reads. Behind it, each stage has one [`Cache`]: an
//! index with its eviction under a short mutex, which a shard asks for what it has not served
//! lately. Hits are lent, not cloned: a caller that must keep an entry over a wait clones the
//! `Arc`.
//!
//! **One call for concurrent misses.** The first lookup that misses gets a [`Fill`] and calls the
//! backend, others get to wait for its [`Flight`]. Ending the fill says whom to wake
//! ([`Waiters`]); how is the caller's business. Register the waiting request in the turn of the
//! lookup, so that the wake-up cannot come first.
//!
//! **Never stale.** An entry is served while it is not dead, its epoch is the cache's, and
//! `now < expires`; all three are looked at on every hit, on every shard. Evicting or replacing an
//! entry marks it dead, a flush raises the epoch: one write each that every shard sees. A response
//! whose call began before a flush, or before the call whose response replaced the entry, is not
//! stored.
//!
//! **Strictly bounded.** Bytes are reserved from the cache's share and from the process's
//! [`Budget`] before an entry's memory is asked for, and given back when that memory is, wherever
//! the last reference was. What the index itself may come to is reserved the same way. A response
//! that does not fit after evicting is not stored.
//!
//! The eviction is quick_cache's (a relative of S3-FIFO). It does not see hits of the first level;
//! instead it passes over entries that some shard's first level holds.
//!
//! No I/O, and the time is an argument: microseconds of any clock that all shards share.
#![forbid(unsafe_code)]

mod budget;
mod cache;
#[cfg(test)]
mod collisions;
mod entry;
mod fill;
mod flight;
mod flights;
mod hash;
mod index;
mod level1;
pub mod limits;

pub use budget::Budget;
pub use cache::{Cache, Lookup};
pub use entry::Entry;
pub use fill::Fill;
pub use flight::{Flight, Outcome, Waiters};
pub use level1::Level1;
pub use limits::ENTRY_BYTES_MAX;
