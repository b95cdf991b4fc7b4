//! What a shard wants of the supervisor, and how soon.
//!
//! Waking the supervisor costs a system call and often another CPU's attention, which callers of functions would wait for.
//! So what an invocation leaves for the log goes when callers have their answers, and what only begins one goes with
//! the next thing that wakes the supervisor: what the function writes, the end, or the next look at deadlines.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use gateway_rt::clock;

use crate::supervisor::{Closed, EnvironmentId, Order, OrderSender, PlatformEvent};

/// A shard's way to the supervisor. Orders arrive in the order in which they are given here.
pub(super) struct Errands {
    orders: OrderSender,
    later: RefCell<Vec<Order>>,
    is_quiet: Cell<bool>,
}

impl Errands {
    pub(super) fn new(orders: OrderSender) -> Rc<Self> {
        Rc::new(Self { orders, later: RefCell::default(), is_quiet: Cell::new(false) })
    }

    /// Gives an order at once.
    pub(super) fn send(&self, order: Order) -> Result<(), Closed> {
        self.flush();
        self.orders.send(order)
    }

    /// Has a line written at some time, before what the function writes from now on.
    pub(super) fn note(&self, environment: EnvironmentId, event: PlatformEvent) {
        self.flush();
        self.is_quiet.set(true);
        // Without a supervisor there is no log either; so below.
        let _ = self.orders.send_quietly(log(environment, event));
    }

    /// Has a line written as soon as this turn's other work is done.
    pub(super) fn note_end(self: &Rc<Self>, environment: EnvironmentId, event: PlatformEvent) {
        let was_empty = self.later.borrow().is_empty();
        self.later.borrow_mut().push(log(environment, event));
        if was_empty {
            let errands = self.clone();
            gateway_rt::spawn(async move { errands.flush() });
        }
    }

    /// Gives what waits.
    pub(super) fn flush(&self) {
        let later = self.later.take();
        if !later.is_empty() {
            for order in later {
                let _ = self.orders.send_quietly(order);
            }
            self.ring();
        }
    }

    /// Has the supervisor look at what was only noted.
    pub(super) fn remind(&self) {
        if self.is_quiet.get() {
            self.ring();
        }
    }

    fn ring(&self) {
        self.is_quiet.set(false);
        self.orders.ring();
    }
}

impl Drop for Errands {
    fn drop(&mut self) {
        self.flush();
    }
}

fn log(environment: EnvironmentId, event: PlatformEvent) -> Order {
    Order::Log { environment, event, unix_ms: clock::unix_ms() }
}
