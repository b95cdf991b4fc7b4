use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use quick_cache::unsync::Cache as Quick;
use quick_cache::{Equivalent, Lifecycle, OptionsBuilder, Weighter};

use crate::budget::{Account, Ticket};
use crate::entry::Entry;
use crate::hash::Hashed;
use crate::limits::{BYTES_PER_GHOST, GHOSTS_MAX, INDEX_SLOT_BYTES, PINNED_SKIPS_MAX};

/// The entries of a cache by key, and which of them to evict.
///
/// Its capacity is the cache's, and what is put in has reserved its bytes: insertion itself never
/// evicts, [`Index::make_room`] does.
pub(crate) struct Index {
    quick: Quick<Place, Held, Charges, Hashed, Eviction>,
    eviction: Eviction,
    ghosts_max: u64,
    /// Pays for the slots of the table, which does not shrink.
    slots: Ticket,
    account: Arc<Account>,
}

impl Index {
    pub(crate) fn new(account: &Arc<Account>) -> Self {
        let capacity = account.bytes_max();
        let ghosts_max = (capacity / BYTES_PER_GHOST).min(GHOSTS_MAX);
        let options = OptionsBuilder::new()
            .estimated_items_capacity(ghosts_max as usize)
            .ghost_allocation(1.0)
            .weight_capacity(capacity)
            .shards(1)
            .build()
            .expect("both capacities are set");
        let eviction = Eviction::default();
        let quick = Quick::with_options(options, Charges, Hashed::default(), eviction.clone());
        Self { quick, eviction, ghosts_max, slots: account.nothing(), account: Arc::clone(account) }
    }

    pub(crate) fn len(&self) -> usize {
        self.quick.len()
    }

    /// The entry of `key`, which counts as a use of it.
    pub(crate) fn find(&self, hash: u64, key: &[u8]) -> Option<&Arc<Entry>> {
        self.quick.get(&Probe { hash, key }).and_then(|held| held.0.as_ref())
    }

    /// The entry of `key`, which does not count as a use of it.
    pub(crate) fn peek(&self, hash: u64, key: &[u8]) -> Option<&Arc<Entry>> {
        self.quick.peek(&Probe { hash, key }).and_then(|held| held.0.as_ref())
    }

    /// Removes the entry of `key`, which no shard serves from here on.
    pub(crate) fn remove(&mut self, hash: u64, key: &[u8]) {
        if let Some((_, Held(Some(entry)))) = self.quick.remove_if(&Probe { hash, key }, |_| true) {
            entry.kill();
        }
    }

    /// Puts `entry` in, whose bytes and slot are reserved, in place of the one with its key.
    pub(crate) fn insert(&mut self, entry: &Arc<Entry>) {
        self.remove(entry.hash(), entry.key());
        self.eviction.begin();
        // The caller's reference makes the entry a pinned one, and a pinned one may be larger than
        // what quick_cache would give to hot entries.
        self.quick.insert(Place::Entry(Arc::clone(entry)), Held(Some(Arc::clone(entry))));
    }

    /// Reserves `bytes` for an entry and its slot, and evicts for it what it takes.
    ///
    /// `None` when that does not do: too much is in the hands of shards, of entries that are being
    /// made (`storing`, this one included), or of other caches.
    pub(crate) fn make_room(&mut self, bytes: u64, storing: u64) -> Option<Ticket> {
        // Evicting an entry leaves at most a ghost in its slot; one slot is for `evict`.
        let ghosts = self.eviction.evicted().min(self.ghosts_max);
        let slots = (self.len() as u64 + ghosts + storing + 1) * INDEX_SLOT_BYTES;
        let slot_bytes = slots.saturating_sub(self.slots.bytes());
        let needed = bytes + slot_bytes;
        let mut ticket = self.account.reserve(needed).or_else(|| {
            let short = needed.saturating_sub(self.account.free());
            if needed > self.account.bytes_max() || short > self.quick.weight() {
                return None;
            }
            self.evict(short);
            self.account.reserve(needed)
        })?;
        self.slots.merge(ticket.split(slot_bytes));
        Some(ticket)
    }

    /// Evicts entries of `bytes` or a little more together.
    fn evict(&mut self, bytes: u64) {
        self.eviction.begin();
        let bytes = self.quick.capacity() - (self.quick.weight() - bytes);
        self.quick.insert(Place::Room { bytes }, Held(None));
        self.quick.remove(&Room);
    }

    /// No shard serves any of the entries from here on.
    pub(crate) fn kill(mut self) {
        for (_, Held(entry)) in self.quick.drain() {
            entry.iter().for_each(|entry| entry.kill());
        }
    }
}

/// What quick_cache holds under a key.
struct Held(Option<Arc<Entry>>);

/// What quick_cache holds as a key.
enum Place {
    Entry(Arc<Entry>),
    /// A moment's entry that makes quick_cache evict others.
    Room {
        bytes: u64,
    },
}

impl Place {
    fn hash(&self) -> u64 {
        match self {
            Self::Entry(entry) => entry.hash(),
            Self::Room { .. } => ROOM_HASH,
        }
    }
}

const ROOM_HASH: u64 = 0;

impl Hash for Place {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(Self::hash(self));
    }
}

impl PartialEq for Place {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Entry(a), Self::Entry(b)) => a.hash() == b.hash() && a.key() == b.key(),
            (Self::Room { .. }, Self::Room { .. }) => true,
            (Self::Entry(_), Self::Room { .. }) | (Self::Room { .. }, Self::Entry(_)) => false,
        }
    }
}

impl Eq for Place {}

/// Finds an entry by its key.
struct Probe<'k> {
    hash: u64,
    key: &'k [u8],
}

impl Hash for Probe<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

impl Equivalent<Place> for Probe<'_> {
    fn equivalent(&self, place: &Place) -> bool {
        matches!(place, Place::Entry(entry) if entry.hash() == self.hash && entry.key() == self.key)
    }
}

/// Finds the one place of its kind.
struct Room;

impl Hash for Room {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(ROOM_HASH);
    }
}

impl Equivalent<Place> for Room {
    fn equivalent(&self, place: &Place) -> bool {
        matches!(place, Place::Room { .. })
    }
}

#[derive(Clone)]
struct Charges;

impl Weighter<Place, Held> for Charges {
    fn weight(&self, place: &Place, _: &Held) -> u64 {
        match place {
            Place::Entry(entry) => entry.bytes(),
            Place::Room { bytes } => *bytes,
        }
    }
}

/// Which entries quick_cache passes over, and what becomes of those it evicts.
#[derive(Clone, Default)]
struct Eviction {
    counts: Arc<Counts>,
}

#[derive(Default)]
struct Counts {
    skips_left: AtomicU32,
    evicted: AtomicU64,
}

impl Eviction {
    fn begin(&self) {
        self.counts.skips_left.store(PINNED_SKIPS_MAX, Ordering::Relaxed);
    }

    fn evicted(&self) -> u64 {
        self.counts.evicted.load(Ordering::Relaxed)
    }
}

impl Lifecycle<Place, Held> for Eviction {
    type RequestState = ();

    /// An entry that a shard's first level holds is in use, and evicting it would free nothing.
    fn is_pinned(&self, place: &Place, _: &Held) -> bool {
        let Place::Entry(entry) = place else { return true };
        // Two references are the index's own.
        if Arc::strong_count(entry) <= 2 {
            return false;
        }
        let take = |left: u32| left.checked_sub(1);
        let left = &self.counts.skips_left;
        left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).is_ok()
    }

    fn on_evict(&self, (): &mut (), _: Place, held: Held) {
        if let Some(entry) = &held.0 {
            entry.kill();
            self.counts.evicted.fetch_add(1, Ordering::Relaxed);
        }
    }
}
