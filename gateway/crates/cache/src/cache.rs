use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::budget::{Account, Budget};
use crate::entry::Entry;
use crate::fill::Fill;
use crate::flight::Flight;
use crate::flights::Flights;
use crate::hash::KeyHasher;
use crate::index::Index;
use crate::level1::Level1;

/// One stage's cache, shared by all shards.
pub struct Cache {
    shared: Shared,
    inner: Mutex<Inner>,
}

/// What every hit reads, on lines that only a flush writes.
#[repr(align(64))]
struct Shared {
    epoch: AtomicU64,
    account: Arc<Account>,
    hasher: KeyHasher,
}

/// The node level.
pub(crate) struct Inner {
    pub(crate) index: Index,
    pub(crate) flights: Flights,
    /// Entries whose bytes are reserved and that are not in the index yet.
    pub(crate) storing: u64,
}

/// What a lookup came to.
#[derive(Debug)]
pub enum Lookup<'l> {
    /// Serve this. It is lent by the shard's first level: clone it to keep it over a wait.
    Hit(&'l Arc<Entry>),
    /// Call the backend, and end the fill with what comes of it.
    Fill(Fill),
    /// Another request calls the backend: wait for its flight and then do what its
    /// [`Outcome`](crate::Outcome) says.
    Wait(Arc<Flight>),
}

impl Cache {
    /// An empty cache of at most `bytes_max` bytes, which are bytes of `budget` too.
    #[must_use]
    pub fn new(bytes_max: u64, budget: Arc<Budget>) -> Arc<Self> {
        let account = Account::new(bytes_max, budget);
        let index = Index::new(&account);
        Arc::new(Self {
            shared: Shared { epoch: AtomicU64::new(0), account, hasher: KeyHasher::new() },
            inner: Mutex::new(Inner { index, flights: Flights::default(), storing: 0 }),
        })
    }

    /// Looks `key` up for a request on `shard`, first in the shard's `level1`.
    ///
    /// # Panics
    /// If it is to wait and `shard` is not below [`SHARDS_MAX`](crate::limits::SHARDS_MAX).
    #[inline]
    pub fn lookup<'l>(
        self: &Arc<Self>,
        level1: &'l mut Level1,
        key: &[u8],
        now_us: u64,
        shard: usize,
    ) -> Lookup<'l> {
        let Shared { epoch, account, hasher } = &self.shared;
        let hash = hasher.hash(key);
        let epoch = epoch.load(Ordering::Acquire);
        match level1.find(account, (hash, key), epoch, now_us) {
            Some(slot) => Lookup::Hit(level1.entry(slot)),
            None => self.lookup_node(level1, (hash, key), now_us, shard),
        }
    }

    #[cold]
    fn lookup_node<'l>(
        self: &Arc<Self>,
        level1: &'l mut Level1,
        (hash, key): (u64, &[u8]),
        now_us: u64,
        shard: usize,
    ) -> Lookup<'l> {
        let mut inner = self.lock();
        let epoch = self.epoch();
        if let Some(entry) = inner.index.find(hash, key) {
            if entry.is_served(epoch, now_us) {
                let entry = Arc::clone(entry);
                drop(inner);
                return Lookup::Hit(level1.insert(entry, now_us));
            }
            inner.index.remove(hash, key);
        }
        if let Some(flight) = inner.flights.join(hash, key, shard) {
            return Lookup::Wait(flight);
        }
        Lookup::Fill(self.begin(&mut inner, (hash, key), true))
    }

    /// Whether a lookup of `key` would hit: how long the entry lives from `now_us` on, in
    /// microseconds, and what it counts in its budget, in bytes.
    ///
    /// For those who ask about a request without being one: it begins no fill, and is no use of the
    /// entry for the eviction.
    pub fn peek(&self, key: &[u8], now_us: u64) -> Option<(u64, u64)> {
        let hash = self.shared.hasher.hash(key);
        let inner = self.lock();
        let entry = inner.index.peek(hash, key)?;
        let is_served = entry.is_served(self.epoch(), now_us);
        is_served.then(|| (entry.expires_us() - now_us, entry.bytes()))
    }

    /// Skips the lookup: call the backend, and what is stored replaces the entry of `key`.
    ///
    /// Until then lookups hit the entry there is. Nobody waits for a refill, and each of several
    /// concurrent ones calls the backend.
    pub fn refill(self: &Arc<Self>, key: &[u8]) -> Fill {
        let hash = self.shared.hasher.hash(key);
        self.begin(&mut self.lock(), (hash, key), false)
    }

    fn begin(
        self: &Arc<Self>,
        inner: &mut Inner,
        (hash, key): (u64, &[u8]),
        is_joinable: bool,
    ) -> Fill {
        // Under the lock, so that numbers of one cache's flights are in order.
        static NEXT_ID: AtomicU64 = AtomicU64::new(1);
        let id = NEXT_ID.fetch_add(1, Ordering::Relaxed);
        let flight = Flight::new(id, hash, self.epoch(), key);
        inner.flights.begin(Arc::clone(&flight), is_joinable);
        Fill::new(Arc::clone(self), flight)
    }

    /// Empties the cache. When it returns no shard can hit an entry stored before, and no response
    /// whose call began before will be stored.
    ///
    /// Those who wait for such a call look up again when it ends.
    pub fn flush(&self) {
        let mut inner = self.lock();
        // A locked instruction: the epoch is visible everywhere before this returns.
        self.shared.epoch.fetch_add(1, Ordering::SeqCst);
        inner.flights.ground_all();
        let index = std::mem::replace(&mut inner.index, Index::new(&self.shared.account));
        drop(inner);
        // Not for the answer, which the epoch gives: for shards to let go of the memory.
        index.kill();
    }

    /// Entries stored, with those expired and not yet looked up or evicted.
    #[must_use]
    pub fn entries(&self) -> usize {
        self.lock().index.len()
    }

    /// Bytes in use, with those of entries evicted whose memory a shard still holds.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.shared.account.bytes()
    }

    /// The most bytes in use at any time.
    #[must_use]
    pub fn bytes_max(&self) -> u64 {
        self.shared.account.bytes_max()
    }

    pub(crate) fn epoch(&self) -> u64 {
        self.shared.epoch.load(Ordering::Acquire)
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Inner> {
        // Nothing here panics half-way through a change.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache")
            .field("bytes", &self.bytes())
            .field("bytes_max", &self.bytes_max())
            .finish_non_exhaustive()
    }
}
