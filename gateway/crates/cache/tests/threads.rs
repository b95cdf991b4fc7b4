//! Four shards on four threads that meet at a few keys.
#![forbid(unsafe_code)]

use std::array;
use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

use gateway_cache::{Budget, Cache, Entry, Fill, Flight, Level1, Lookup, Outcome, Waiters};

const SHARDS: usize = 4;
const KEYS: usize = 6;
const BYTES_MAX: u64 = 40_000;
const STEPS: u32 = if cfg!(debug_assertions) { 10_000 } else { 200_000 };

/// A lost wake-up shows as a wait of this long.
const WAIT: Duration = Duration::from_secs(20);

#[derive(Default)]
struct World {
    /// No hit may be older: numbers of flights, raised when a flush or a store has returned.
    flushed: AtomicU64,
    stored: [AtomicU64; KEYS],
    /// A joinable fill of the key is under way.
    is_filling: [AtomicBool; KEYS],
    hits: AtomicU64,
    waits: AtomicU64,
    alone: AtomicU64,
    outdated: AtomicU64,
    refused: AtomicU64,
}

struct Shard {
    number: usize,
    cache: Arc<Cache>,
    world: Arc<World>,
    level1: Level1,
    wakes: Receiver<u64>,
    peers: Vec<Sender<u64>>,
    woken: HashSet<u64>,
    random: u64,
    now_us: u64,
}

#[test]
fn nobody_sees_what_is_stale_and_nobody_waits_for_ever() {
    let world = run(true);
    for count in [&world.hits, &world.waits, &world.alone, &world.outdated, &world.refused] {
        assert!(count.load(SeqCst) > 0, "the test meets what it is about");
    }
}

#[test]
fn a_key_has_one_fill_at_a_time() {
    let world = run(false);
    assert!(world.waits.load(SeqCst) > 0 && world.hits.load(SeqCst) > 0);
}

/// `with_flushes`: with flushes and refills, after which a second fill may rightly begin.
fn run(with_flushes: bool) -> Arc<World> {
    let budget = Arc::new(Budget::new(BYTES_MAX));
    let cache = Cache::new(BYTES_MAX, Arc::clone(&budget));
    let world = Arc::new(World::default());
    let barrier = Barrier::new(SHARDS);
    let (peers, wakes): (Vec<_>, Vec<_>) = (0..SHARDS).map(|_| channel()).unzip();
    thread::scope(|scope| {
        for (number, wakes) in wakes.into_iter().enumerate() {
            let mut shard = Shard {
                number,
                cache: Arc::clone(&cache),
                world: Arc::clone(&world),
                level1: Level1::new(),
                wakes,
                peers: peers.clone(),
                woken: HashSet::new(),
                random: number as u64 + 1,
                now_us: 0,
            };
            let (barrier, budget) = (&barrier, &budget);
            scope.spawn(move || {
                barrier.wait();
                for _ in 0..STEPS {
                    shard.step(with_flushes);
                    assert!(shard.cache.bytes() <= BYTES_MAX && budget.bytes() <= BYTES_MAX);
                }
            });
        }
    });
    cache.flush();
    assert_eq!((cache.bytes(), budget.bytes()), (0, 0), "all is given back");
    world
}

impl Shard {
    fn step(&mut self, with_flushes: bool) {
        let random = self.random();
        let key = (random >> 8) as usize % KEYS;
        self.now_us += 1;
        match random % 256 {
            0..=1 => self.level1.sweep(self.now_us),
            2..=5 if with_flushes => self.flush(),
            6..=15 if with_flushes => {
                let fill = self.cache.refill(&[key as u8]);
                self.end(fill, key);
            }
            _ => self.get(key, with_flushes),
        }
    }

    fn flush(&self) {
        let before = self.cache.refill(b"number");
        let id = before.flight().id();
        self.wake(&before.abandon());
        self.cache.flush();
        self.world.flushed.fetch_max(id, SeqCst);
    }

    fn get(&mut self, key: usize, with_flushes: bool) {
        let world = Arc::clone(&self.world);
        let oldest = world.flushed.load(SeqCst).max(world.stored[key].load(SeqCst));
        let cache = Arc::clone(&self.cache);
        match cache.lookup(&mut self.level1, &[key as u8], self.now_us, self.number) {
            Lookup::Hit(entry) => {
                check(entry, key, oldest, self.now_us);
                world.hits.fetch_add(1, SeqCst);
            }
            Lookup::Fill(fill) => {
                let was_filling = world.is_filling[key].swap(true, SeqCst);
                assert!(with_flushes || !was_filling, "two fills of one key");
                for _ in 0..self.random() % 8 {
                    thread::yield_now();
                }
                world.is_filling[key].store(false, SeqCst);
                self.end(fill, key);
            }
            Lookup::Wait(flight) => self.wait(&flight),
        }
    }

    /// Ends a fill one way or the other.
    fn end(&mut self, fill: Fill, key: usize) {
        let flight = Arc::clone(fill.flight());
        let random = self.random();
        if random.is_multiple_of(16) {
            return self.wake(&fill.abandon());
        }
        let body_len = (random >> 8) as usize % 64 * 256;
        let body = vec![flight.id() as u8; body_len];
        let ttl_us = 1 + (random >> 16) % 100_000;
        let head = flight.id().to_be_bytes();
        let (entry, waiters) = fill.store(key as u16, &head, &body, ttl_us, self.now_us);
        self.wake(&waiters);
        match flight.outcome() {
            _ if entry.is_some() => self.world.stored[key].fetch_max(flight.id(), SeqCst),
            Outcome::LookAgain => self.world.outdated.fetch_add(1, SeqCst),
            _ => self.world.refused.fetch_add(1, SeqCst),
        };
    }

    fn wake(&self, waiters: &Waiters) {
        for shard in waiters.shards() {
            self.peers[shard].send(waiters.flight_id()).expect("shards end together");
        }
    }

    /// This thread is its shard's only request: it is woken by this flight and by no other.
    fn wait(&mut self, flight: &Flight) {
        let id = self.wakes.recv_timeout(WAIT).expect("who waits is woken");
        assert_eq!(id, flight.id(), "one is woken by the flight that one waits for");
        assert!(self.woken.insert(id), "once");
        assert!(flight.is_done());
        self.world.waits.fetch_add(1, SeqCst);
        if flight.outcome() == Outcome::CallAlone {
            self.world.alone.fetch_add(1, SeqCst);
        }
    }

    fn random(&mut self) -> u64 {
        // splitmix64
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = array::from_fn::<u64, 2, _>(|i| self.random >> (30 - 3 * i));
        (self.random ^ mixed[0]).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 13 ^ mixed[1]
    }
}

fn check(entry: &Entry, key: usize, oldest: u64, now_us: u64) {
    let id = u64::from_be_bytes(entry.head().try_into().expect("eight bytes were stored"));
    assert_eq!(usize::from(entry.status()), key);
    assert!(id >= oldest, "entry of flight {id} is older than {oldest}");
    assert!(now_us < entry.expires_us());
    assert!(entry.body().iter().all(|byte| *byte == id as u8), "no torn body");
}
