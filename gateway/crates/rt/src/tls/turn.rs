//! Whose turn it is to write to the socket: the sender's, or the receiver's that has an answer to
//! flush. There are never more than these two, so there is at most one waiter.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::task::{Poll, Waker};

#[derive(Default)]
pub(super) struct Turn {
    is_taken: Cell<bool>,
    waiter: RefCell<Option<Waker>>,
}

/// The turn; dropping it passes it on.
pub(super) struct Held<'a>(&'a Turn);

impl Turn {
    pub(super) fn try_take(&self) -> Option<Held<'_>> {
        if self.is_taken.replace(true) { None } else { Some(Held(self)) }
    }

    pub(super) async fn take(&self) -> Held<'_> {
        poll_fn(|cx| match self.try_take() {
            Some(held) => Poll::Ready(held),
            None => {
                self.waiter.replace(Some(cx.waker().clone()));
                Poll::Pending
            }
        })
        .await
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.0.is_taken.set(false);
        let waiter = self.0.waiter.take();
        if let Some(waiter) = waiter {
            waiter.wake();
        }
    }
}
