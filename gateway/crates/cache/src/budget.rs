use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Bytes for all caches of the process.
///
/// Strict: an entry counts from before its memory is asked for until that memory is given back,
/// also while a shard's first level or a response on its way still holds it.
#[derive(Debug)]
pub struct Budget {
    meter: Meter,
}

impl Budget {
    /// A budget of `bytes_max` bytes.
    #[must_use]
    pub const fn new(bytes_max: u64) -> Self {
        Self { meter: Meter::new(bytes_max) }
    }

    /// Bytes in use.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.meter.bytes()
    }

    /// The most bytes in use at any time.
    #[must_use]
    pub fn bytes_max(&self) -> u64 {
        self.meter.bytes_max
    }
}

/// One cache's share of a [`Budget`]. Entries hold it, so that it outlives the cache.
#[derive(Debug)]
pub(crate) struct Account {
    meter: Meter,
    budget: Arc<Budget>,
}

impl Account {
    pub(crate) fn new(bytes_max: u64, budget: Arc<Budget>) -> Arc<Self> {
        Arc::new(Self { meter: Meter::new(bytes_max), budget })
    }

    /// Takes `bytes` from the cache's share and from the budget, or from neither.
    pub(crate) fn reserve(self: &Arc<Self>, bytes: u64) -> Option<Ticket> {
        if !self.meter.take(bytes) {
            return None;
        }
        if !self.budget.meter.take(bytes) {
            self.meter.give(bytes);
            return None;
        }
        Some(Ticket { account: Arc::clone(self), bytes })
    }

    /// A reservation of no bytes, to merge others into.
    pub(crate) fn nothing(self: &Arc<Self>) -> Ticket {
        Ticket { account: Arc::clone(self), bytes: 0 }
    }

    /// Bytes that could be reserved now.
    pub(crate) fn free(&self) -> u64 {
        self.meter.free().min(self.budget.meter.free())
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.meter.bytes()
    }

    pub(crate) fn bytes_max(&self) -> u64 {
        self.meter.bytes_max
    }
}

/// Bytes reserved; given back when dropped.
#[derive(Debug)]
pub(crate) struct Ticket {
    account: Arc<Account>,
    bytes: u64,
}

impl Ticket {
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(crate) fn is_of(&self, account: &Arc<Account>) -> bool {
        Arc::ptr_eq(&self.account, account)
    }

    /// Adds the bytes of `other`, which is of the same account.
    pub(crate) fn merge(&mut self, mut other: Self) {
        debug_assert!(other.is_of(&self.account));
        self.bytes += std::mem::take(&mut other.bytes);
    }

    /// Splits `bytes` off, which this ticket has.
    pub(crate) fn split(&mut self, bytes: u64) -> Self {
        debug_assert!(bytes <= self.bytes);
        self.bytes -= bytes;
        Self { account: Arc::clone(&self.account), bytes }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.account.meter.give(self.bytes);
        self.account.budget.meter.give(self.bytes);
    }
}

/// A count of bytes with a bound that no interleaving exceeds.
#[derive(Debug)]
struct Meter {
    bytes: AtomicU64,
    bytes_max: u64,
}

impl Meter {
    const fn new(bytes_max: u64) -> Self {
        Self { bytes: AtomicU64::new(0), bytes_max }
    }

    fn take(&self, bytes: u64) -> bool {
        self.bytes
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |used| {
                used.checked_add(bytes).filter(|sum| *sum <= self.bytes_max)
            })
            .is_ok()
    }

    fn give(&self, bytes: u64) {
        let before = self.bytes.fetch_sub(bytes, Ordering::AcqRel);
        debug_assert!(before >= bytes, "no more is given back than was taken");
    }

    fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Acquire)
    }

    fn free(&self) -> u64 {
        self.bytes_max - self.bytes()
    }
}
