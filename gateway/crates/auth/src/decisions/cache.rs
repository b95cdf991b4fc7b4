//! What is kept of an authorizer's decisions.
//!
//! Cost of a hit: one keyed hash of the key, one short lock that only requests with a key of the same
//! stripe take, one comparison, one count up. Nothing is allocated.

use std::collections::hash_map::RandomState;
use std::collections::{HashMap, VecDeque};
use std::hash::BuildHasher;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use gateway_cache::Waiters;

use super::flight::{Flight, Landing, Lead};
use super::{Decision, Refused};
use crate::limits::{DECISION_BYTES_MAX, DECISIONS_MAX, STRIPES};

/// Decisions of one authorizer, shared by all shards.
///
/// Bounded in number and in bytes: the oldest go first, which are also the first to expire.
#[derive(Debug)]
pub struct DecisionCache {
    /// Keyed by the system's random numbers: who chooses keys cannot choose where they collide.
    hasher: RandomState,
    stripes: [Stripe; STRIPES],
}

/// A part of the keys, on cache lines of its own.
#[derive(Debug, Default)]
#[repr(align(64))]
struct Stripe(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    /// By the key's hash. Of two keys with the same hash only one is kept.
    kept: HashMap<u64, Kept>,
    /// Hash and number of what was kept, oldest first; some are replaced since.
    order: VecDeque<(u64, u64)>,
    bytes: usize,
    /// Calls under way that lookups may wait for, by the key's hash.
    flights: HashMap<u64, Open>,
    /// Who waits for a call that began before a flush, by the flight's id.
    grounded: HashMap<u64, Waiters>,
}

#[derive(Debug)]
struct Kept {
    /// The id of the flight that brought it.
    number: u64,
    key: Box<[u8]>,
    decision: Arc<Decision>,
    expires_us: u64,
    bytes: usize,
}

#[derive(Debug)]
struct Open {
    flight: Arc<Flight>,
    waiters: Waiters,
}

/// What a lookup came to.
#[derive(Debug)]
pub enum Lookup {
    /// The decision that is kept.
    Hit(Arc<Decision>),
    /// Call the authorizer, and end the flight with what comes of it.
    Lead(Lead),
    /// Another request calls it: wait for its flight and do what its [`Landing`] says.
    Wait(Arc<Flight>),
}

impl Default for DecisionCache {
    fn default() -> Self {
        Self { hasher: RandomState::new(), stripes: Default::default() }
    }
}

impl DecisionCache {
    /// Looks up what the authorizer said of these identity values, for a request on `shard`.
    ///
    /// # Panics
    /// If it is to wait and `shard` is not below [`gateway_cache::limits::SHARDS_MAX`].
    pub fn lookup(self: &Arc<Self>, key: &[u8], now_us: u64, shard: usize) -> Lookup {
        let hash = self.hasher.hash_one(key);
        let mut inner = self.stripe(hash);
        if let Some(kept) = inner.find(hash, key, now_us) {
            return Lookup::Hit(Arc::clone(&kept.decision));
        }
        match inner.flights.get_mut(&hash) {
            Some(open) if open.flight.key() == key => {
                open.waiters.add(shard);
                Lookup::Wait(Arc::clone(&open.flight))
            }
            other => {
                let is_alone = other.is_some();
                let flight = Flight::new(next_id(), hash, key);
                if !is_alone {
                    let waiters = Waiters::new(flight.id());
                    inner.flights.insert(hash, Open { flight: Arc::clone(&flight), waiters });
                }
                Lookup::Lead(Lead::new(Arc::clone(self), flight))
            }
        }
    }

    /// What a lookup would hit, and for how long from `now_us` on, in microseconds. For those who ask about
    /// a request without being one: it begins no call.
    #[must_use]
    pub fn peek(&self, key: &[u8], now_us: u64) -> Option<(Arc<Decision>, u64)> {
        let hash = self.hasher.hash_one(key);
        let inner = self.stripe(hash);
        let kept = inner.find(hash, key, now_us)?;
        Some((Arc::clone(&kept.decision), kept.expires_us - now_us))
    }

    /// Forgets all decisions. When it returns no shard can hit one that was kept before, and what a call
    /// says that began before will not be kept; those who wait for it still take it.
    pub fn flush(&self) {
        for stripe in &self.stripes {
            let mut inner = stripe.lock();
            let flights = std::mem::take(&mut inner.flights).into_values();
            inner.grounded.extend(flights.map(|open| (open.flight.id(), open.waiters)));
            let kept = std::mem::take(&mut inner.kept);
            inner.order.clear();
            inner.bytes = 0;
            drop(inner);
            drop(kept);
        }
    }

    /// Decisions kept, with those expired and not yet gone.
    #[must_use]
    pub fn count(&self) -> usize {
        self.stripes.iter().map(|stripe| stripe.lock().kept.len()).sum()
    }

    /// Bytes that decisions take, with their keys.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.stripes.iter().map(|stripe| stripe.lock().bytes).sum()
    }
}

impl DecisionCache {
    /// Ends a flight; keeps what it brought.
    pub(super) fn finish(
        &self,
        flight: &Arc<Flight>,
        outcome: Result<Arc<Decision>, Refused>,
        expires_us: u64,
        now_us: u64,
    ) -> Waiters {
        let mut inner = self.stripe(flight.hash());
        let (waiters, may_keep) = inner.take(flight);
        let landing = match outcome {
            Ok(decision) => {
                if may_keep && expires_us > now_us {
                    inner.keep(flight, Arc::clone(&decision), expires_us, now_us);
                }
                Landing::Decided(decision)
            }
            Err(refused) => Landing::Refused(refused),
        };
        flight.land(landing);
        waiters
    }

    pub(super) fn abandon(&self, flight: &Arc<Flight>) -> Waiters {
        let (waiters, _) = self.stripe(flight.hash()).take(flight);
        flight.land(Landing::LookAgain);
        waiters
    }

    fn stripe(&self, hash: u64) -> MutexGuard<'_, Inner> {
        // The low bits tell the tables' buckets apart.
        self.stripes[(hash >> 32) as usize % STRIPES].lock()
    }
}

impl Stripe {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Nothing here panics half-way through a change.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn find(&self, hash: u64, key: &[u8], now_us: u64) -> Option<&Kept> {
        self.kept.get(&hash).filter(|kept| *kept.key == *key && now_us < kept.expires_us)
    }

    /// Takes a flight out; says who waits, and whether what it brings is the newest there is.
    fn take(&mut self, flight: &Flight) -> (Waiters, bool) {
        match self.flights.get(&flight.hash()) {
            Some(open) if open.flight.id() == flight.id() => {
                let open = self.flights.remove(&flight.hash());
                (open.map_or_else(|| Waiters::new(flight.id()), |open| open.waiters), true)
            }
            _ => {
                let waiters = self.grounded.remove(&flight.id());
                (waiters.unwrap_or_else(|| Waiters::new(flight.id())), false)
            }
        }
    }

    fn keep(&mut self, flight: &Flight, decision: Arc<Decision>, expires_us: u64, now_us: u64) {
        let bytes = flight.key().len() + decision.bytes() + size_of::<Kept>();
        if bytes > STRIPE_BYTES_MAX {
            return;
        }
        while let Some(&(hash, number)) = self.order.front() {
            let oldest = self.kept.get(&hash).filter(|kept| kept.number == number);
            let is_full =
                self.order.len() >= STRIPE_COUNT_MAX || self.bytes + bytes > STRIPE_BYTES_MAX;
            if !is_full && oldest.is_some_and(|kept| now_us < kept.expires_us) {
                break;
            }
            self.order.pop_front();
            if oldest.is_some() {
                self.remove(hash);
            }
        }
        self.remove(flight.hash());
        self.bytes += bytes;
        self.order.push_back((flight.hash(), flight.id()));
        let (number, key) = (flight.id(), flight.key().into());
        self.kept.insert(flight.hash(), Kept { number, key, decision, expires_us, bytes });
    }

    fn remove(&mut self, hash: u64) {
        if let Some(kept) = self.kept.remove(&hash) {
            self.bytes -= kept.bytes;
        }
    }
}

const STRIPE_COUNT_MAX: usize = DECISIONS_MAX / STRIPES;
const STRIPE_BYTES_MAX: usize = DECISION_BYTES_MAX / STRIPES;

fn next_id() -> u64 {
    static NEXT_ID: AtomicU64 = AtomicU64::new(1);
    NEXT_ID.fetch_add(1, Ordering::Relaxed)
}
