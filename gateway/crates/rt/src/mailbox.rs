//! Bounded mailboxes into a shard, from the control thread or another shard.
//!
//! For what happens seldom (a snapshot, a resolved name, the order to drain), never per request:
//! sending takes a lock. A full mailbox refuses, and the sender counts that.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::signal::Signal;

struct Shared<T> {
    queue: Mutex<VecDeque<T>>,
    capacity: usize,
}

/// Sends into a shard's mailbox, from any thread.
pub struct Sender<T> {
    shared: Arc<Shared<T>>,
    wake: Arc<UnixStream>,
}

/// The shard's end, to be brought onto it with [`Receiver::attach`].
pub struct Receiver<T> {
    shared: Arc<Shared<T>>,
    wake: UnixStream,
}

/// The shard's end on the shard.
pub struct Inbox<T> {
    shared: Arc<Shared<T>>,
    signal: Signal,
}

/// The mailbox was full; the message comes back.
#[derive(Debug)]
pub struct Full<T>(pub T);

/// A mailbox for at most `capacity` messages.
///
/// # Errors
/// When the process is out of file descriptors.
pub fn mailbox<T>(capacity: usize) -> io::Result<(Sender<T>, Receiver<T>)> {
    let (theirs, ours) = UnixStream::pair()?;
    theirs.set_nonblocking(true)?;
    let queue = Mutex::new(VecDeque::with_capacity(capacity.min(64)));
    let shared = Arc::new(Shared { queue, capacity });
    let sender = Sender { shared: shared.clone(), wake: Arc::new(theirs) };
    Ok((sender, Receiver { shared, wake: ours }))
}

impl<T> Sender<T> {
    /// Leaves `message`, and wakes the shard if it was the first.
    ///
    /// # Errors
    /// [`Full`] with the message; nothing waits.
    pub fn try_send(&self, message: T) -> Result<(), Full<T>> {
        let mut queue = self.shared.lock();
        if queue.len() >= self.shared.capacity {
            return Err(Full(message));
        }
        queue.push_back(message);
        let is_first = queue.len() == 1;
        drop(queue);
        if is_first {
            // A full socket buffer means that a wake-up is on its way already.
            let _ = (&*self.wake).write(&[1]);
        }
        Ok(())
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        Self { shared: self.shared.clone(), wake: self.wake.clone() }
    }
}

impl<T> Receiver<T> {
    /// Brings the mailbox onto the calling shard.
    ///
    /// # Errors
    /// What the driver says when it registers the wake-up socket.
    pub fn attach(self) -> io::Result<Inbox<T>> {
        Ok(Inbox { shared: self.shared, signal: Signal::new(self.wake)? })
    }
}

impl<T> Inbox<T> {
    /// The next message; `None` when every sender is gone.
    pub async fn recv(&mut self) -> Option<T> {
        loop {
            let message = self.shared.lock().pop_front();
            if message.is_some() {
                return message;
            }
            if !self.signal.wait().await {
                return self.shared.lock().pop_front();
            }
        }
    }
}

impl<T> Shared<T> {
    fn lock(&self) -> MutexGuard<'_, VecDeque<T>> {
        // A panic while the lock was held leaves a queue that is still whole.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
