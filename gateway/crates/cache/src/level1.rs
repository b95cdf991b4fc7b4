use std::sync::Arc;

use crate::budget::Account;
use crate::entry::Entry;
use crate::limits::{LEVEL1_SETS, LEVEL1_WAYS, SWEEP_SETS};

/// A shard's first level, in front of every cache of the process: entries that the shard served
/// lately. A fixed number of slots; a hit takes no lock, allocates nothing and writes one byte
/// that belongs to the shard.
///
/// An entry that lies here is in use for its cache's eviction, which so learns what shards serve
/// without being asked. [`Level1::sweep`] lets go of what was not served since the sweep before.
pub struct Level1 {
    sets: Box<[Set]>,
    /// For each set a bit per way: served since the last sweep.
    used: Box<[u8]>,
    /// The set that the next sweep starts at.
    hand: usize,
}

/// One cache line.
#[derive(Default)]
#[repr(align(64))]
struct Set {
    hashes: [u64; LEVEL1_WAYS],
    entries: [Option<Arc<Entry>>; LEVEL1_WAYS],
}

const _: () = assert!(size_of::<Set>() == 64, "a look at a set is a look at one line");
const _: () = assert!(LEVEL1_WAYS <= u8::BITS as usize, "a byte has a bit for each way");

/// A slot of a [`Level1`].
#[derive(Clone, Copy)]
pub(crate) struct Slot {
    set: usize,
    way: usize,
}

impl Level1 {
    /// An empty first level.
    #[must_use]
    pub fn new() -> Self {
        let sets = std::iter::repeat_with(Set::default).take(LEVEL1_SETS).collect();
        Self { sets, used: vec![0; LEVEL1_SETS].into_boxed_slice(), hand: 0 }
    }

    /// Entries held.
    #[must_use]
    pub fn len(&self) -> usize {
        self.sets.iter().flat_map(|set| &set.entries).flatten().count()
    }

    /// Whether no entry is held.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Lets go of entries that are dead, expired, or were not served since the sweep before, in
    /// the next quarter of the slots.
    ///
    /// Called by the shard some four times a second: the memory of an evicted or flushed entry
    /// goes back within a second, and what is not in use within two.
    pub fn sweep(&mut self, now_us: u64) {
        let sets = self.hand..self.hand + SWEEP_SETS;
        self.hand = sets.end % LEVEL1_SETS;
        for (set, used) in self.sets[sets.clone()].iter_mut().zip(&mut self.used[sets]) {
            for (way, slot) in set.entries.iter_mut().enumerate() {
                let is_kept = |entry: &Arc<Entry>| {
                    *used & (1 << way) != 0 && now_us < entry.expires_us() && !entry.is_dead()
                };
                if slot.as_ref().is_some_and(|entry| !is_kept(entry)) {
                    *slot = None;
                }
            }
            *used = 0;
        }
    }

    /// Lets go of every entry.
    pub fn clear(&mut self) {
        self.sets.fill_with(Set::default);
        self.used.fill(0);
    }

    /// The slot of the entry of `key`, if it may be served. One that may not is let go.
    #[inline]
    pub(crate) fn find(
        &mut self,
        account: &Arc<Account>,
        (hash, key): (u64, &[u8]),
        epoch: u64,
        now_us: u64,
    ) -> Option<Slot> {
        let index = set_of(hash);
        let set = &mut self.sets[index];
        for way in 0..LEVEL1_WAYS {
            if set.hashes[way] != hash {
                continue;
            }
            let Some(entry) = &set.entries[way] else { continue };
            if !entry.is_for(account, key) {
                continue;
            }
            if entry.is_served(epoch, now_us) {
                self.used[index] |= 1 << way;
                return Some(Slot { set: index, way });
            }
            set.entries[way] = None;
        }
        None
    }

    #[inline]
    pub(crate) fn entry(&self, slot: Slot) -> &Arc<Entry> {
        self.sets[slot.set].entries[slot.way].as_ref().expect("`find` found an entry there")
    }

    /// Puts `entry` in place of the least useful one of its set.
    pub(crate) fn insert(&mut self, entry: Arc<Entry>, now_us: u64) -> &Arc<Entry> {
        let index = set_of(entry.hash());
        let (set, used) = (&mut self.sets[index], &mut self.used[index]);
        let way = (0..LEVEL1_WAYS)
            .min_by_key(|&way| match &set.entries[way] {
                None => 0,
                Some(held) if held.is_dead() || held.expires_us() <= now_us => 1,
                Some(_) if *used & (1 << way) == 0 => 2,
                Some(_) => 3,
            })
            .unwrap_or(0);
        if *used & (1 << way) != 0 {
            // Every way is in use: the others must show again that they are.
            *used = 0;
        }
        *used |= 1 << way;
        set.hashes[way] = entry.hash();
        set.entries[way].insert(entry)
    }
}

impl Default for Level1 {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for Level1 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Level1").field("len", &self.len()).finish_non_exhaustive()
    }
}

/// The low bits: the index's map takes the high ones.
fn set_of(hash: u64) -> usize {
    hash as usize & (LEVEL1_SETS - 1)
}
