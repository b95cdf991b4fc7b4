use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::budget::{Account, Ticket};
use crate::limits::ENTRY_OVERHEAD_BYTES;

/// A stored response. Immutable, but for the mark that it is dead.
///
/// Key, head and body lie one after the other in one allocation: comparing the key brings in the
/// lines that the head is copied from.
pub struct Entry {
    hash: u64,
    expires_us: u64,
    epoch: u64,
    data: Box<[u8]>,
    key_len: u32,
    body_at: u32,
    status: u16,
    is_dead: AtomicBool,
    ticket: Ticket,
}

const _: () = assert!(
    size_of::<Entry>() + 2 * size_of::<usize>() <= ENTRY_OVERHEAD_BYTES as usize,
    "an entry and its two counts are what it is charged"
);

/// What decides whether an entry may be served, and under which key.
pub(crate) struct Terms {
    pub(crate) hash: u64,
    pub(crate) epoch: u64,
    pub(crate) expires_us: u64,
}

impl Entry {
    /// What an entry with these lengths is charged, in bytes.
    pub(crate) fn charge(key_len: usize, head_len: usize, body_len: usize) -> u64 {
        ENTRY_OVERHEAD_BYTES + (key_len + head_len + body_len) as u64
    }

    /// An entry, paid for by `ticket`.
    pub(crate) fn new(
        terms: Terms,
        status: u16,
        [key, head, body]: [&[u8]; 3],
        ticket: Ticket,
    ) -> Self {
        debug_assert_eq!(ticket.bytes(), Self::charge(key.len(), head.len(), body.len()));
        let mut data = Vec::with_capacity(key.len() + head.len() + body.len());
        for part in [key, head, body] {
            data.extend_from_slice(part);
        }
        let Terms { hash, epoch, expires_us } = terms;
        Self {
            hash,
            expires_us,
            epoch,
            data: data.into_boxed_slice(),
            key_len: offset(key.len()),
            body_at: offset(key.len() + head.len()),
            status,
            is_dead: AtomicBool::new(false),
            ticket,
        }
    }

    /// Status code of the response.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The head as it was given to `Fill::store`.
    #[must_use]
    pub fn head(&self) -> &[u8] {
        &self.data[self.key_len as usize..self.body_at as usize]
    }

    /// The body.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.data[self.body_at as usize..]
    }

    /// The key that the response is stored under.
    #[must_use]
    pub fn key(&self) -> &[u8] {
        &self.data[..self.key_len as usize]
    }

    /// When the entry is no longer served, in microseconds of the caller's clock.
    #[must_use]
    pub fn expires_us(&self) -> u64 {
        self.expires_us
    }

    /// What the entry counts in its budget, in bytes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.ticket.bytes()
    }

    pub(crate) fn hash(&self) -> u64 {
        self.hash
    }

    /// Whether this is the entry of `key` in the cache with `account`.
    pub(crate) fn is_for(&self, account: &Arc<Account>, key: &[u8]) -> bool {
        self.ticket.is_of(account) && self.key() == key
    }

    pub(crate) fn is_served(&self, epoch: u64, now_us: u64) -> bool {
        self.epoch == epoch && now_us < self.expires_us && !self.is_dead()
    }

    pub(crate) fn is_dead(&self) -> bool {
        self.is_dead.load(Ordering::Acquire)
    }

    /// No shard serves the entry from here on.
    pub(crate) fn kill(&self) {
        // A locked instruction: the mark is visible everywhere before this returns.
        self.is_dead.swap(true, Ordering::SeqCst);
    }
}

fn offset(len: usize) -> u32 {
    u32::try_from(len).expect("`limits` asserts that the parts of an entry fit 32 bits")
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry")
            .field("status", &self.status)
            .field("bytes", &self.bytes())
            .field("expires_us", &self.expires_us)
            .finish_non_exhaustive()
    }
}
