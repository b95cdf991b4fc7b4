//! Runs operations on caches and, step by step, on a naive model of what they may answer.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Weak};

use gateway_cache::limits::INDEX_SLOT_BYTES;
use gateway_cache::{Budget, Cache, ENTRY_BYTES_MAX, Entry, Fill, Level1, Lookup, Outcome};

const CACHES: usize = 2;
const SHARDS: usize = 3;
const KEYS: u8 = 12;

/// How much there is for the caches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Room {
    /// All that the operations can store: nothing may be evicted or refused.
    Ample,
    /// A few entries; the budget is less than both caches together.
    Scarce,
}

/// How often something happened, so that a test can tell that it tested it.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Seen {
    pub(crate) hits: u64,
    pub(crate) waits: u64,
    pub(crate) stored: u64,
    pub(crate) refused: u64,
    pub(crate) outdated: u64,
}

/// Runs the operations that `code` spells, four bytes each.
pub(crate) fn run(room: Room, code: &[[u8; 4]]) -> Seen {
    let mut world = World::new(room);
    for op in code {
        world.step(*op);
        world.check_bytes();
    }
    world.end()
}

struct World {
    room: Room,
    now_us: u64,
    budget: Arc<Budget>,
    caches: Vec<Arc<Cache>>,
    shards: Vec<Level1>,
    held: Vec<Arc<Entry>>,
    fills: Vec<Open>,
    /// What the caches may answer, by cache and key.
    model: HashMap<(usize, u8), Stored>,
    /// Every entry there ever was, by cache.
    entries: Vec<(usize, Weak<Entry>)>,
    seen: Seen,
}

struct Stored {
    flight_id: u64,
    expires_us: u64,
}

struct Open {
    cache: usize,
    key: u8,
    fill: Fill,
    is_joinable: bool,
    may_store: bool,
    shards: BTreeSet<usize>,
}

impl World {
    fn new(room: Room) -> Self {
        let (each, all) = match room {
            Room::Ample => (64 << 20, 128 << 20),
            Room::Scarce => (9_000, 14_000),
        };
        let budget = Arc::new(Budget::new(all));
        Self {
            room,
            now_us: 1,
            caches: (0..CACHES).map(|_| Cache::new(each, Arc::clone(&budget))).collect(),
            budget,
            shards: (0..SHARDS).map(|_| Level1::new()).collect(),
            held: Vec::new(),
            fills: Vec::new(),
            model: HashMap::new(),
            entries: Vec::new(),
            seen: Seen::default(),
        }
    }

    fn step(&mut self, [op, a, b, c]: [u8; 4]) {
        let cache = usize::from(a) % CACHES;
        let key = (a / 2) % KEYS;
        let shard = usize::from(b) % SHARDS;
        match op % 16 {
            0..=5 => self.lookup(cache, key, shard, c.is_multiple_of(8)),
            6 => self.refill(cache, key),
            7..=10 if !self.fills.is_empty() => {
                let open = self.fills.remove(usize::from(a) % self.fills.len());
                self.store(open, b, c);
            }
            11 if !self.fills.is_empty() => {
                let open = self.fills.remove(usize::from(a) % self.fills.len());
                self.abandon(open, b.is_multiple_of(2));
            }
            12 if b.is_multiple_of(8) => self.flush(cache),
            13 => self.now_us += u64::from(a) * u64::from(b),
            14 => self.shards[shard].sweep(self.now_us),
            15 if c.is_multiple_of(2) => drop(self.held.pop()),
            15 if c.is_multiple_of(15) => self.shards[shard].clear(),
            _ => {}
        }
    }

    fn lookup(&mut self, cache: usize, key: u8, shard: usize, is_held: bool) {
        let stored = self.model.get(&(cache, key)).filter(|s| self.now_us < s.expires_us);
        let flying = self.fills.iter_mut().find(|open| open.is_for(cache, key) && open.is_joinable);
        let bytes = key_bytes(key);
        match self.caches[cache].lookup(&mut self.shards[shard], &bytes, self.now_us, shard) {
            Lookup::Hit(entry) => {
                let stored = stored.expect("nothing is served that is not stored, or is stale");
                assert_eq!(entry.head(), stored.flight_id.to_be_bytes());
                assert!(entry.body().iter().all(|b| *b == stored.flight_id as u8));
                assert_eq!((entry.key(), entry.status()), (&bytes[..], 200 + u16::from(key)));
                if is_held {
                    self.held.push(Arc::clone(entry));
                }
                self.seen.hits += 1;
            }
            Lookup::Wait(flight) => {
                let open = flying.expect("one waits only for a fill under way");
                assert_eq!(flight.id(), open.fill.flight().id());
                assert_eq!(flight.outcome(), Outcome::Pending);
                open.shards.insert(shard);
                self.seen.waits += 1;
            }
            Lookup::Fill(fill) => {
                assert!(flying.is_none(), "one fill per key");
                assert!(stored.is_none() || self.room == Room::Scarce, "what is stored is found");
                self.model.remove(&(cache, key));
                self.fills.push(Open::new(cache, key, fill, true));
            }
        }
    }

    fn refill(&mut self, cache: usize, key: u8) {
        let fill = self.caches[cache].refill(&key_bytes(key));
        assert_eq!(fill.key(), key_bytes(key));
        self.fills.push(Open::new(cache, key, fill, false));
    }

    fn store(&mut self, open: Open, b: u8, c: u8) {
        let Open { cache, key, fill, may_store, shards, .. } = open;
        let flight = Arc::clone(fill.flight());
        let ttl_us = u64::from(c % 8) * 500;
        let body_len = match b {
            255 => ENTRY_BYTES_MAX + 1,
            b => usize::from(b) * 8,
        };
        let body = vec![flight.id() as u8; body_len];
        let head = flight.id().to_be_bytes();
        let (entry, waiters) = fill.store(200 + u16::from(key), &head, &body, ttl_us, self.now_us);
        assert_eq!(waiters.flight_id(), flight.id());
        assert!(waiters.shards().eq(shards), "whoever waits is woken");
        let Some(entry) = entry else {
            if may_store {
                let is_storable = ttl_us > 0 && body_len <= ENTRY_BYTES_MAX;
                assert!(!is_storable || self.room == Room::Scarce, "there is room");
                assert_eq!(flight.outcome(), Outcome::CallAlone);
                self.model.remove(&(cache, key));
                self.seen.refused += 1;
            } else {
                assert_eq!(flight.outcome(), Outcome::LookAgain);
                self.seen.outdated += 1;
            }
            return;
        };
        assert!(may_store && ttl_us > 0 && body_len <= ENTRY_BYTES_MAX);
        assert_eq!(flight.outcome(), Outcome::LookAgain);
        assert_eq!((entry.head(), entry.body()), (&head[..], &body[..]));
        for older in self.fills.iter_mut().filter(|open| open.is_for(cache, key)) {
            if older.fill.flight().id() < flight.id() {
                (older.may_store, older.is_joinable) = (false, false);
            }
        }
        let stored = Stored { flight_id: flight.id(), expires_us: self.now_us + ttl_us };
        self.model.insert((cache, key), stored);
        self.entries.push((cache, Arc::downgrade(&entry)));
        self.seen.stored += 1;
    }

    fn abandon(&mut self, open: Open, is_dropped: bool) {
        let flight = Arc::clone(open.fill.flight());
        if is_dropped {
            drop(open.fill);
        } else {
            let waiters = open.fill.abandon();
            assert!(waiters.shards().eq(open.shards), "whoever waits is woken");
        }
        assert_eq!(flight.outcome(), Outcome::CallAlone);
    }

    fn flush(&mut self, cache: usize) {
        self.caches[cache].flush();
        assert_eq!(self.caches[cache].entries(), 0);
        self.model.retain(|(of, _), _| *of != cache);
        for open in self.fills.iter_mut().filter(|open| open.cache == cache) {
            (open.may_store, open.is_joinable) = (false, false);
        }
    }

    /// What is in memory is what is counted, and neither is more than there may be.
    fn check_bytes(&mut self) {
        self.entries.retain(|(_, entry)| entry.strong_count() > 0);
        let counted: Vec<u64> = self.caches.iter().map(|cache| cache.bytes()).collect();
        assert_eq!(self.budget.bytes(), counted.iter().sum::<u64>());
        assert!(self.budget.bytes() <= self.budget.bytes_max());
        for (index, cache) in self.caches.iter().enumerate() {
            let of_cache = self.entries.iter().filter(|(of, _)| *of == index);
            let alive = of_cache.filter_map(|(_, entry)| entry.upgrade());
            let bytes: u64 = alive.map(|entry| entry.bytes()).sum();
            assert!(bytes <= counted[index] && counted[index] <= cache.bytes_max());
            assert_eq!((counted[index] - bytes) % INDEX_SLOT_BYTES, 0, "the rest is the index");
        }
    }

    fn end(mut self) -> Seen {
        while let Some(open) = self.fills.pop() {
            self.abandon(open, false);
        }
        self.held.clear();
        self.shards.clear();
        self.caches.iter().for_each(|cache| cache.flush());
        self.check_bytes();
        assert_eq!(self.entries.len(), 0);
        assert_eq!(self.budget.bytes(), 0, "all is given back");
        self.seen
    }
}

impl Open {
    fn new(cache: usize, key: u8, fill: Fill, is_joinable: bool) -> Self {
        Self { cache, key, fill, is_joinable, may_store: true, shards: BTreeSet::new() }
    }

    fn is_for(&self, cache: usize, key: u8) -> bool {
        (self.cache, self.key) == (cache, key)
    }
}

/// Both caches use the same keys; some keys are others' prefixes.
fn key_bytes(key: u8) -> Vec<u8> {
    b"pets\0dogs\0id=".iter().copied().cycle().take(usize::from(key) * 3).collect()
}
