//! Requests that wait for somebody else's call: of a backend, of an authorizer.

use std::cell::RefCell;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Poll, Waker};

use gateway_auth::decisions;
use gateway_cache::Waiters;
use gateway_rt::Moment;

use crate::shard::{Command, Shard};

/// A call that others wait for.
pub(crate) trait Flight {
    /// Tells it from others of its kind.
    fn id(&self) -> u64;

    /// Whether it has ended.
    fn is_done(&self) -> bool;
}

impl Flight for gateway_cache::Flight {
    fn id(&self) -> u64 {
        self.id()
    }

    fn is_done(&self) -> bool {
        self.is_done()
    }
}

impl Flight for decisions::Flight {
    fn id(&self) -> u64 {
        self.id()
    }

    fn is_done(&self) -> bool {
        self.is_done()
    }
}

/// Tells everybody who waits for a flight that it has landed.
pub(crate) fn tell(shard: &Shard, waiters: Waiters) {
    for index in waiters.shards() {
        if index == shard.index {
            shard.flights.landed_on(waiters.flight_id());
        } else if let Some(peer) = shard.peers.get(index) {
            // Full: those who wait look by themselves, see `Flights::look`.
            let _ = peer.try_send(Command::Landed { flight: waiters.flight_id() });
        }
    }
}

/// The requests of this shard that wait for somebody else's call.
#[derive(Default)]
pub(crate) struct Flights {
    waiting: RefCell<Vec<Waiting>>,
}

struct Waiting {
    flight: Arc<dyn Flight>,
    deadline: Moment,
    waker: Waker,
}

impl Flights {
    /// Waits for a flight, until `deadline` at most.
    pub(crate) async fn landed<F: Flight + 'static>(&self, flight: &Arc<F>, deadline: Moment) {
        poll_fn(|cx| {
            if flight.is_done() || Moment::recent() >= deadline {
                return Poll::Ready(());
            }
            let waker = cx.waker().clone();
            let waiting = Waiting { flight: flight.clone(), deadline, waker };
            self.waiting.borrow_mut().push(waiting);
            Poll::Pending
        })
        .await
    }

    /// Wakes those who wait for this flight. Flights of two kinds may have the same id: who is woken looks
    /// again, and waits on if it was not meant.
    pub(crate) fn landed_on(&self, flight: u64) {
        self.wake(|waiting| waiting.flight.id() == flight);
    }

    /// Wakes those whose flight has landed without a word, and those who have waited long enough.
    pub(crate) fn look(&self, now: Moment) {
        self.wake(|waiting| waiting.flight.is_done() || now >= waiting.deadline);
    }

    fn wake(&self, is_due: impl Fn(&Waiting) -> bool) {
        let mut waiting = self.waiting.borrow_mut();
        let mut index = 0;
        while index < waiting.len() {
            if is_due(&waiting[index]) {
                // A waker only queues its task: nobody is polled before the borrow ends.
                waiting.swap_remove(index).waker.wake();
            } else {
                index += 1;
            }
        }
    }
}
