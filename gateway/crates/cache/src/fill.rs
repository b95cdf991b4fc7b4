use std::sync::Arc;

use crate::cache::{Cache, Inner};
use crate::entry::{Entry, Terms};
use crate::flight::{Flight, Outcome, Waiters};
use crate::limits::{ENTRY_BYTES_MAX, PART_BYTES_MAX};

/// The task to call the backend for a key.
///
/// It ends with [`Fill::store`] or [`Fill::abandon`], which say whom to wake. Dropping it abandons
/// it as well, but then nobody is told: who waits sees it only by asking the
/// [`Flight`], so a caller that may be cancelled drops it through a guard that abandons and wakes.
#[derive(Debug)]
#[must_use = "others may wait for it"]
pub struct Fill {
    cache: Arc<Cache>,
    flight: Arc<Flight>,
    is_done: bool,
}

impl Fill {
    pub(crate) fn new(cache: Arc<Cache>, flight: Arc<Flight>) -> Self {
        Self { cache, flight, is_done: false }
    }

    /// The flight that others wait for.
    #[must_use]
    pub fn flight(&self) -> &Arc<Flight> {
        &self.flight
    }

    /// The key to fill.
    #[must_use]
    pub fn key(&self) -> &[u8] {
        self.flight.key()
    }

    /// Stores the response for `ttl_us`, in place of the entry there is.
    ///
    /// Not stored (`None`) is a response
    /// * whose body is longer than [`ENTRY_BYTES_MAX`], whose head or key is longer than
    ///   [`PART_BYTES_MAX`], or whose `ttl_us` is 0, or for which there is no room even after
    ///   evicting: an entry there is goes, since it is known to be out of date, and those who wait
    ///   call on their own;
    /// * whose call began before a flush, or before the call whose response was stored meanwhile:
    ///   those who wait look up again.
    pub fn store(
        mut self,
        status: u16,
        head: &[u8],
        body: &[u8],
        ttl_us: u64,
        now_us: u64,
    ) -> (Option<Arc<Entry>>, Waiters) {
        let Self { cache, flight, is_done } = &mut self;
        *is_done = true;
        let mut inner = cache.lock();
        if !inner.flights.may_store(flight) {
            return (None, inner.flights.finish(flight, Outcome::LookAgain));
        }
        let parts = [flight.key(), head, body];
        let is_storable = ttl_us > 0
            && body.len() <= ENTRY_BYTES_MAX
            && head.len() <= PART_BYTES_MAX
            && flight.key().len() <= PART_BYTES_MAX;
        let ticket = is_storable.then(|| reserve(&mut inner, parts)).flatten();
        let Some(ticket) = ticket else {
            inner.index.remove(flight.hash(), flight.key());
            return (None, inner.flights.finish(flight, Outcome::CallAlone));
        };
        inner.storing += 1;
        drop(inner);

        // The copy, of up to a mebibyte, is made while others use the cache.
        let terms = Terms {
            hash: flight.hash(),
            epoch: flight.epoch(),
            expires_us: now_us.saturating_add(ttl_us),
        };
        let entry = Arc::new(Entry::new(terms, status, parts, ticket));

        let mut inner = cache.lock();
        inner.storing -= 1;
        let entry = inner.flights.may_store(flight).then_some(entry);
        if let Some(entry) = &entry {
            inner.index.insert(entry);
            inner.flights.supersede(flight);
        }
        (entry, inner.flights.finish(flight, Outcome::LookAgain))
    }

    /// Ends the fill without a response to store; those who wait call on their own.
    pub fn abandon(mut self) -> Waiters {
        self.is_done = true;
        self.cache.lock().flights.finish(&self.flight, Outcome::CallAlone)
    }
}

impl Drop for Fill {
    fn drop(&mut self) {
        if !self.is_done {
            let mut inner = self.cache.lock();
            let _told_nobody = inner.flights.finish(&self.flight, Outcome::CallAlone);
        }
    }
}

fn reserve(inner: &mut Inner, parts: [&[u8]; 3]) -> Option<crate::budget::Ticket> {
    let [key, head, body] = parts.map(<[u8]>::len);
    let storing = inner.storing + 1;
    inner.index.make_room(Entry::charge(key, head, body), storing)
}
