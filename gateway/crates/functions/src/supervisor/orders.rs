//! The way from shards to the supervisor.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};

use tokio::sync::Notify;

use super::Order;

/// The two ends.
pub fn orders() -> (OrderSender, OrderReceiver) {
    let (sender, receiver) = channel();
    let bell = Arc::new(Notify::new());
    let bell_of_sender = Bell(bell.clone());
    (OrderSender { sender, bell: bell_of_sender }, OrderReceiver { receiver, bell })
}

/// Takes orders of all shards. Never blocks: a shard has at most a few orders for each environment under way.
#[derive(Debug, Clone)]
pub struct OrderSender {
    // Ends before the bell rings for the last time.
    sender: Sender<Order>,
    bell: Bell,
}

/// There is no supervisor any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Closed;

impl OrderSender {
    /// Sends an order and wakes the supervisor.
    ///
    /// # Errors
    /// When nobody is there to take it.
    pub fn send(&self, order: Order) -> Result<(), Closed> {
        self.send_quietly(order)?;
        self.ring();
        Ok(())
    }

    /// Sends an order that may wait for the next one, or until the supervisor is awake for another reason.
    ///
    /// # Errors
    /// As above.
    pub fn send_quietly(&self, order: Order) -> Result<(), Closed> {
        self.sender.send(order).map_err(|_| Closed)
    }

    /// Wakes the supervisor for what was sent quietly.
    pub fn ring(&self) {
        self.bell.0.notify_one();
    }
}

/// Rings when a sender goes: it may have been the last.
#[derive(Debug, Clone)]
struct Bell(Arc<Notify>);

impl Drop for Bell {
    fn drop(&mut self) {
        self.0.notify_one();
    }
}

/// The supervisor's end of [`orders`].
#[derive(Debug)]
pub struct OrderReceiver {
    receiver: Receiver<Order>,
    bell: Arc<Notify>,
}

impl OrderReceiver {
    /// The next order that is there.
    ///
    /// # Errors
    /// `Empty` before the next one is sent, `Disconnected` when there will be none.
    pub fn try_recv(&self) -> Result<Order, TryRecvError> {
        self.receiver.try_recv()
    }

    /// Waits for an order without tasks; `None` when there will be none.
    pub fn blocking_recv(&self) -> Option<Order> {
        self.receiver.recv().ok()
    }

    /// Rings after each order that does not wait, and when a sender goes.
    pub(super) fn bell(&self) -> Arc<Notify> {
        self.bell.clone()
    }
}
