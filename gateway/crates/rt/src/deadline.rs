//! Deadlines: a peer that is too slow has its socket shut down.
//!
//! A stream waits in one operation at a time, and the operation stays where it is: on expiry the
//! socket is shut down, which completes the operation with an end of file or an error. No future
//! is dropped half way, so no byte is lost and no buffer is freed under the kernel.
//!
//! Cost: setting a deadline is one store. Every [`TICK_MS`] the shard scans all slots, 8 bytes
//! each: 15,000 connections are 120 KB, some 10 µs.

use std::cell::{Cell, RefCell};
use std::os::fd::RawFd;
use std::rc::Rc;

use crate::clock::Moment;
use crate::stream::{IdleWait, is_quiet};

thread_local! {
    static SLOTS: RefCell<Slots> = const { RefCell::new(Slots::new()) };
}

struct Slots {
    /// When each slot expires. Apart from the rest, since the scan reads nothing else.
    at: Vec<Moment>,
    slots: Vec<Slot>,
    free: Vec<u32>,
}

struct Slot {
    fd: RawFd,
    idle: Option<Rc<IdleWait>>,
    has_expired: Rc<Cell<bool>>,
}

/// The deadline of one stream. Dropping it forgets the deadline.
pub(crate) struct Deadline {
    index: u32,
    has_expired: Rc<Cell<bool>>,
}

impl Slots {
    const fn new() -> Self {
        Self { at: Vec::new(), slots: Vec::new(), free: Vec::new() }
    }
}

impl Deadline {
    /// Registers the stream behind `fd`, with no deadline yet. The caller keeps `fd` open for as
    /// long as the deadline lives.
    pub(crate) fn new(fd: RawFd, idle: Option<Rc<IdleWait>>) -> Self {
        let has_expired = Rc::new(Cell::new(false));
        let slot = Slot { fd, idle, has_expired: has_expired.clone() };
        let index = SLOTS.with_borrow_mut(|slots| match slots.free.pop() {
            Some(index) => {
                slots.slots[index as usize] = slot;
                index
            }
            None => {
                slots.at.push(Moment::NEVER);
                slots.slots.push(slot);
                (slots.slots.len() - 1) as u32
            }
        });
        Self { index, has_expired }
    }

    /// Expires at `at`, whatever was set before. [`Moment::NEVER`] clears it.
    #[inline]
    pub(crate) fn set(&self, at: Moment) {
        SLOTS.with_borrow_mut(|slots| slots.at[self.index as usize] = at);
    }

    /// Whether the deadline passed and the socket was shut down for it.
    #[inline]
    pub(crate) fn has_expired(&self) -> bool {
        self.has_expired.get()
    }
}

impl Drop for Deadline {
    fn drop(&mut self) {
        let _ = SLOTS.try_with(|slots| {
            let slots = &mut *slots.borrow_mut();
            slots.at[self.index as usize] = Moment::NEVER;
            slots.slots[self.index as usize].fd = -1;
            slots.slots[self.index as usize].idle = None;
            slots.free.push(self.index);
        });
    }
}

/// Acts on every deadline that has passed. Called by the shard's tick.
pub(crate) fn expire(now: Moment) {
    SLOTS.with_borrow_mut(|slots| {
        for index in 0..slots.at.len() {
            if slots.at[index] > now {
                continue;
            }
            slots.at[index] = Moment::NEVER;
            let slot = &slots.slots[index];
            // A connection that waits idle is asked for its buffer; any other is too slow.
            if slot.idle.as_ref().is_some_and(|idle| idle.release()) {
                continue;
            }
            slot.has_expired.set(true);
            // SAFETY: shutting down is defined for any number; the stream that owns this
            // deadline keeps the descriptor open, so it is still the same socket.
            unsafe { libc::shutdown(slot.fd, libc::SHUT_RDWR) };
        }
    });
}

/// Ends every connection that waits for its next message without a buffer since before `since`, for
/// draining. One whose next message is there already is about to be served.
pub(crate) fn end_parked(since: Moment) {
    SLOTS.with_borrow(|slots| {
        let parked = |slot: &&Slot| {
            slot.idle.as_ref().is_some_and(|idle| idle.is_parked(since)) && is_quiet(slot.fd)
        };
        for slot in slots.slots.iter().filter(parked) {
            // SAFETY: as in `expire`; a slot whose stream is gone has no `idle`.
            unsafe { libc::shutdown(slot.fd, libc::SHUT_RDWR) };
        }
    });
}
