use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use crate::limits::{SHARD_WORDS, SHARDS_MAX};

/// One call to the backend that other requests for the same key may wait for.
#[derive(Debug)]
pub struct Flight {
    id: u64,
    hash: u64,
    epoch: u64,
    key: Box<[u8]>,
    outcome: AtomicU8,
}

/// How a flight ended, for those who wait for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The call goes on.
    Pending,
    /// Look up again: the response is stored, or the cache was flushed or the entry replaced
    /// meanwhile, and then one of those who look up again makes the next call for all.
    LookAgain,
    /// There is nothing to share (the call failed, or its response is not to be stored): call the
    /// backend, each on its own and without another lookup.
    CallAlone,
}

impl Flight {
    pub(crate) fn new(id: u64, hash: u64, epoch: u64, key: &[u8]) -> Arc<Self> {
        let outcome = AtomicU8::new(Outcome::Pending as u8);
        Arc::new(Self { id, hash, epoch, key: key.into(), outcome })
    }

    /// Number of the flight; no other one of the process has it.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.id
    }

    /// Whether the flight has ended.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.outcome() != Outcome::Pending
    }

    /// How the flight ended.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        match self.outcome.load(Ordering::Acquire) {
            0 => Outcome::Pending,
            1 => Outcome::LookAgain,
            _ => Outcome::CallAlone,
        }
    }

    pub(crate) fn hash(&self) -> u64 {
        self.hash
    }

    pub(crate) fn epoch(&self) -> u64 {
        self.epoch
    }

    pub(crate) fn key(&self) -> &[u8] {
        &self.key
    }

    pub(crate) fn finish(&self, outcome: Outcome) {
        debug_assert!(!self.is_done() && outcome != Outcome::Pending);
        self.outcome.store(outcome as u8, Ordering::Release);
    }
}

/// Whom to wake when a flight has ended: the shards with requests that wait for it.
///
/// The shard that made the call is among them when requests of its own wait.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "the requests that wait for the flight must be woken"]
pub struct Waiters {
    flight_id: u64,
    shards: [u64; SHARD_WORDS],
}

impl Waiters {
    /// Nobody yet.
    pub fn new(flight_id: u64) -> Self {
        Self { flight_id, shards: [0; SHARD_WORDS] }
    }

    /// Adds a shard.
    ///
    /// # Panics
    /// If `shard` is not below [`SHARDS_MAX`].
    pub fn add(&mut self, shard: usize) {
        assert!(shard < SHARDS_MAX, "shards are numbered from 0, at most {SHARDS_MAX}");
        self.shards[shard / 64] |= 1 << (shard % 64);
    }

    /// The flight that has ended.
    #[must_use]
    pub fn flight_id(&self) -> u64 {
        self.flight_id
    }

    /// Whether nobody waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.shards == [0; SHARD_WORDS]
    }

    /// The shards to wake, each once, in order.
    pub fn shards(&self) -> impl Iterator<Item = usize> + '_ {
        self.shards.iter().enumerate().flat_map(|(word, &bits)| {
            let below = |bits: &u64| Some(bits & (bits - 1)).filter(|rest| *rest != 0);
            std::iter::successors(Some(bits).filter(|bits| *bits != 0), below)
                .map(move |bits| word * 64 + bits.trailing_zeros() as usize)
        })
    }
}
