use std::collections::HashMap;
use std::sync::Arc;

use crate::flight::{Flight, Outcome, Waiters};
use crate::hash::Hashed;

/// The calls that are under way for one cache, by the hash of their key. There are as many as
/// [`Fill`](crate::Fill)s: each belongs to a request that is being served.
#[derive(Debug, Default)]
pub(crate) struct Flights {
    by_hash: HashMap<u64, Vec<Open>, Hashed>,
}

#[derive(Debug)]
struct Open {
    flight: Arc<Flight>,
    waiters: Waiters,
    /// Lookups that miss wait for it.
    is_joinable: bool,
    /// Nothing newer has been stored or flushed since the call began.
    may_store: bool,
}

impl Open {
    fn ground(&mut self) {
        self.is_joinable = false;
        self.may_store = false;
    }
}

impl Flights {
    /// Lets `shard` wait for the flight that fills `key`, if there is one.
    pub(crate) fn join(&mut self, hash: u64, key: &[u8], shard: usize) -> Option<Arc<Flight>> {
        let mut open = self.by_hash.get_mut(&hash)?.iter_mut();
        let open = open.find(|open| open.is_joinable && open.flight.key() == key)?;
        open.waiters.add(shard);
        Some(Arc::clone(&open.flight))
    }

    pub(crate) fn begin(&mut self, flight: Arc<Flight>, is_joinable: bool) {
        let waiters = Waiters::new(flight.id());
        let open = Open { flight, waiters, is_joinable, may_store: true };
        self.by_hash.entry(open.flight.hash()).or_default().push(open);
    }

    /// Whether the response of `flight` is the newest there is for its key.
    pub(crate) fn may_store(&self, flight: &Flight) -> bool {
        let open = self.by_hash.get(&flight.hash()).into_iter().flatten();
        open.into_iter().any(|open| open.flight.id() == flight.id() && open.may_store)
    }

    /// The response of `flight` is stored: calls for its key that began before are too old.
    pub(crate) fn supersede(&mut self, flight: &Flight) {
        let open = self.by_hash.get_mut(&flight.hash()).into_iter().flatten();
        let is_older =
            |open: &&mut Open| open.flight.id() < flight.id() && open.flight.key() == flight.key();
        open.filter(is_older).for_each(Open::ground);
    }

    /// No call that began before now may store.
    pub(crate) fn ground_all(&mut self) {
        self.by_hash.values_mut().flatten().for_each(Open::ground);
    }

    /// Ends `flight`.
    pub(crate) fn finish(&mut self, flight: &Flight, outcome: Outcome) -> Waiters {
        let mut waiters = Waiters::new(flight.id());
        if let Some(open) = self.by_hash.get_mut(&flight.hash()) {
            if let Some(at) = open.iter().position(|open| open.flight.id() == flight.id()) {
                waiters = open.swap_remove(at).waiters;
            }
            if open.is_empty() {
                self.by_hash.remove(&flight.hash());
            }
        }
        flight.finish(outcome);
        waiters
    }
}
