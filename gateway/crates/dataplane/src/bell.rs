//! Waking one task of this shard from another: no allocation, no descriptor.

use std::cell::RefCell;
use std::future::poll_fn;
use std::task::{Poll, Waker};

/// Wakes the one task that waits.
#[derive(Default)]
pub(crate) struct Bell {
    waiting: RefCell<Option<Waker>>,
}

impl Bell {
    /// Waits until `is_so`; asked again whenever the bell rings.
    pub(crate) async fn wait_until(&self, is_so: impl Fn() -> bool) {
        poll_fn(|cx| {
            if is_so() {
                return Poll::Ready(());
            }
            *self.waiting.borrow_mut() = Some(cx.waker().clone());
            Poll::Pending
        })
        .await;
    }

    /// Wakes who waits, if anybody does.
    #[inline]
    pub(crate) fn ring(&self) {
        let waiting = self.waiting.borrow_mut().take();
        if let Some(waker) = waiting {
            waker.wake();
        }
    }
}
