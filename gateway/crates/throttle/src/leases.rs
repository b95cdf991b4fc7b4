//! The shard's side of the token buckets: leases, and who gets one.

use std::sync::Arc;

use crate::bucket::{Bucket, Report};
use crate::limit::Limit;
use crate::limits::{
    HOT_TAKES, HOT_US, LEASE_MS, LEASE_TOKENS_MAX, LEASE_TOKENS_MIN, SLOTS_MAX, TAKES_MAX,
    UNITS_PER_NS, WAYS,
};
use crate::{Instant, Throttled};

const HOT_UNITS: u64 = HOT_US * 1_000 * UNITS_PER_NS;
const LEASE_UNITS: u64 = LEASE_MS * 1_000_000 * UNITS_PER_NS;
const SETS: usize = SLOTS_MAX / WAYS;

/// A bucket and its settings.
#[derive(Debug, Clone)]
pub struct Throttle {
    /// The settings, which other buckets may share.
    pub limit: Arc<Limit>,
    /// The bucket. It goes with one limit for life.
    pub bucket: Arc<Bucket>,
}

/// One shard's leases. Its memory is fixed; nothing is allocated after [`Leases::new`].
///
/// Stamps given to one shard do not go backwards; those of two shards may differ as they like.
#[derive(Debug)]
pub struct Leases {
    shards: u64,
    slots: Box<[Slot]>,
    /// A bit for each slot that has a lease.
    leased: [u64; SLOTS_MAX / 64],
    leased_count: usize,
    generation: u32,
}

/// Tokens that a request has taken and may still give back. Goes to [`Leases::settle`] or
/// [`Leases::undo`] of the shard it came from; dropped, its tokens lie leased for ever.
#[derive(Debug)]
#[must_use = "a request that is admitted settles what it took, one that is refused undoes it"]
pub struct Taken {
    tickets: [Ticket; TAKES_MAX],
}

/// How one token was taken.
#[derive(Debug, Clone, Copy)]
struct Ticket {
    /// Slot of the lease it came from, or [`DIRECT`].
    slot: u16,
    /// Tokens left in the lease after it.
    left: u16,
    generation: u32,
}

const DIRECT: Ticket = Ticket { slot: u16::MAX, left: 0, generation: 0 };

/// A bucket that this shard takes from, and its lease of it if there is one.
#[derive(Debug, Default)]
struct Slot {
    /// The bucket's address; 0 if the slot is free. Only a lease keeps the bucket alive, so without
    /// one this is a guess at which bucket it is, good enough to tell hot from cold.
    key: usize,
    version: u32,
    unspent: u32,
    interval: u64,
    floor: u64,
    last: u64,
    /// Of the lease while there is one; else 0.
    generation: u32,
    granted: u32,
    /// When the lease was granted; without a lease, when the takes began to be counted.
    since: u64,
    /// Tokens that the next lease asks for; 0 while the bucket is cold.
    size: u32,
    takes: u32,
    held: Option<Throttle>,
}

impl Leases {
    /// The leases of one of `shards` shards.
    pub fn new(shards: usize) -> Self {
        Self {
            shards: shards.max(1) as u64,
            slots: (0..SLOTS_MAX).map(|_| Slot::default()).collect(),
            leased: [0; SLOTS_MAX / 64],
            leased_count: 0,
            generation: 0,
        }
    }

    /// Takes one token of each bucket for a request at `now`, or none at all.
    ///
    /// The buckets are asked in their order, [`TAKES_MAX`] at most. A refused request takes nothing:
    /// what earlier buckets gave is put back as if it had never been taken.
    ///
    /// # Errors
    /// [`Throttled`]: which bucket refused, and when it will have a token.
    pub fn take(&mut self, buckets: &[&Throttle], now: Instant) -> Result<Taken, Throttled> {
        let units = now.units();
        let mut tickets = [DIRECT; TAKES_MAX];
        for (index, throttle) in buckets.iter().enumerate() {
            match self.take_one(throttle, units, &tickets[..index]) {
                Ok(ticket) => tickets[index] = ticket,
                Err(wait_ns) => {
                    self.undo(&buckets[..index], Taken { tickets }, now);
                    return Err(Throttled { index, wait_ns });
                }
            }
        }
        Ok(Taken { tickets })
    }

    /// Gives back what a request took which is refused after all: by a quota, for instance.
    ///
    /// `buckets` are those of the take. The level is then what it was; only a lease that has been
    /// handed back in between has counted its token as spent.
    pub fn undo(&mut self, buckets: &[&Throttle], taken: Taken, _now: Instant) {
        for (throttle, ticket) in buckets.iter().zip(taken.tickets).rev() {
            if ticket.slot == DIRECT.slot {
                let report = Report { granted: 1, unspent: 1, floor: 0, version: 0, last: 0 };
                throttle.bucket.report(&throttle.limit, report);
                continue;
            }
            let slot = &mut self.slots[usize::from(ticket.slot)];
            if slot.generation == ticket.generation {
                if slot.unspent != u32::from(ticket.left) {
                    // Spends after this one had a token more in the lease than they counted.
                    slot.floor = slot.floor.saturating_add(slot.interval);
                }
                slot.unspent += 1;
            }
        }
    }

    /// Admits a request for good: what [`Leases::undo`] would have needed is let go.
    pub fn settle(&mut self, buckets: &[&Throttle], taken: Taken) {
        for (throttle, ticket) in buckets.iter().zip(taken.tickets) {
            if ticket.slot == DIRECT.slot {
                throttle.bucket.keep(1);
            }
        }
    }

    /// Hands back the leases that are [`LEASE_MS`] old.
    ///
    /// Called at most that far apart while [`Leases::has_leases`], it leaves no token in a lease for
    /// more than twice as long, used or not.
    pub fn expire(&mut self, now: Instant) {
        let now = now.units();
        self.hand_back(|slot| now.saturating_sub(slot.since) >= LEASE_UNITS);
    }

    /// Hands back all leases: the shard takes no more.
    pub fn release_all(&mut self, _now: Instant) {
        self.hand_back(|_| true);
    }

    /// Whether there is a lease that [`Leases::expire`] would have to hand back one day.
    pub fn has_leases(&self) -> bool {
        self.leased_count > 0
    }

    fn take_one(
        &mut self,
        throttle: &Throttle,
        now: u64,
        earlier: &[Ticket],
    ) -> Result<Ticket, u64> {
        let key = Arc::as_ptr(&throttle.bucket).addr();
        let first = set_of(key) * WAYS;
        for index in first..first + WAYS {
            let slot = &mut self.slots[index];
            if slot.key == key {
                if slot.unspent > 0 && slot.version == throttle.limit.version() {
                    return Ok(slot.spend(index, now));
                }
                if earlier.iter().any(|ticket| usize::from(ticket.slot) == index) {
                    break;
                }
                return self.take_tracked(index, throttle, now);
            }
        }
        let ways = &mut self.slots[first..first + WAYS];
        let coldest = ways.iter_mut().filter(|slot| slot.granted == 0).min_by_key(|slot| slot.last);
        if let Some(slot) = coldest {
            *slot = Slot { key, since: now, last: now, takes: 1, ..Slot::default() };
        }
        throttle.bucket.grant(&throttle.limit, 1, self.shards, now).map(|_| DIRECT)
    }

    /// Takes from a bucket whose slot has no token for it: directly while it is cold, else by a lease.
    fn take_tracked(&mut self, index: usize, throttle: &Throttle, now: u64) -> Result<Ticket, u64> {
        let slot = &mut self.slots[index];
        if slot.granted > 0 {
            if slot.unspent == 0 && now.saturating_sub(slot.since) <= HOT_UNITS {
                slot.size = (slot.size * 2).min(LEASE_TOKENS_MAX);
            }
            slot.report();
        } else {
            slot.heat(now);
        }
        slot.last = now;
        let granted = throttle.bucket.grant(&throttle.limit, slot.size, self.shards, now);
        let ticket = match granted {
            Ok(grant) if grant.count > 1 => {
                self.generation = self.generation.wrapping_add(1).max(1);
                slot.generation = self.generation;
                slot.version = grant.version;
                slot.interval = grant.interval;
                slot.granted = grant.count;
                slot.unspent = grant.count;
                slot.floor = 0;
                slot.since = now;
                slot.held.get_or_insert_with(|| throttle.clone());
                Ok(slot.spend(index, now))
            }
            Ok(_) => Ok(DIRECT),
            Err(wait_ns) => Err(wait_ns),
        };
        self.mark(index);
        ticket
    }

    fn hand_back(&mut self, is_due: impl Fn(&Slot) -> bool) {
        for word in 0..self.leased.len() {
            let mut left = self.leased[word];
            while left != 0 {
                let index = word * 64 + left.trailing_zeros() as usize;
                left &= left - 1;
                let slot = &mut self.slots[index];
                if is_due(slot) {
                    let spent = slot.granted - slot.unspent;
                    slot.report();
                    slot.size = if spent < LEASE_TOKENS_MIN { 0 } else { 1 << spent.ilog2() };
                    slot.takes = 0;
                    self.mark(index);
                }
            }
        }
    }

    /// Keeps the bit set true to the slot, and lets go of the bucket of a slot that has no lease.
    fn mark(&mut self, index: usize) {
        let slot = &mut self.slots[index];
        let (word, bit) = (&mut self.leased[index / 64], 1 << (index % 64));
        let (was, is) = (*word & bit != 0, slot.granted > 0);
        if is && !was {
            *word |= bit;
            self.leased_count += 1;
        } else if was && !is {
            *word &= !bit;
            self.leased_count -= 1;
            slot.held = None;
        }
    }
}

impl Drop for Leases {
    fn drop(&mut self) {
        self.hand_back(|_| true);
    }
}

impl Slot {
    fn spend(&mut self, index: usize, now: u64) -> Ticket {
        self.floor = self.floor.max(now + u64::from(self.unspent) * self.interval);
        self.unspent -= 1;
        self.last = now;
        Ticket { slot: index as u16, left: self.unspent as u16, generation: self.generation }
    }

    /// Hands the lease back. The bucket stays held, for the next lease or [`Leases::mark`].
    fn report(&mut self) {
        if let Some(held) = &self.held {
            held.bucket.report(
                &held.limit,
                Report {
                    granted: self.granted,
                    unspent: self.unspent,
                    floor: self.floor,
                    version: self.version,
                    last: self.last,
                },
            );
        }
        self.granted = 0;
        self.unspent = 0;
        self.generation = 0;
    }

    /// Counts a take without a lease, and decides how large a lease it asks for.
    fn heat(&mut self, now: u64) {
        if now.saturating_sub(self.last) > HOT_UNITS {
            self.size = 0;
        }
        if now.saturating_sub(self.since) > HOT_UNITS {
            self.since = now;
            self.takes = 0;
        }
        self.takes = self.takes.saturating_add(1);
        if self.size == 0 && self.takes >= HOT_TAKES {
            self.size = LEASE_TOKENS_MIN;
        }
    }
}

/// Spreads addresses, whose low bits are alike.
fn set_of(key: usize) -> usize {
    const _: () = assert!(SETS.is_power_of_two());
    ((key as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (64 - SETS.ilog2())) as usize
}

const _: () = assert!(size_of::<Slot>() <= 128, "a slot is two cache lines");
