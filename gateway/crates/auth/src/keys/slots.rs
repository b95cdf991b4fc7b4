//! Open addressing with linear probing, three quarters full at most, and no deletion.
//!
//! A slot is a tag above an index. The position comes from the upper half of a hash, the tag from
//! the lower half, so that a slot is passed without a look at its key. Without deletion, every slot
//! between a key's own position and its slot was taken when the key was put there; so where
//! [`Slots::probe`] found no equal tag before a key was put, [`Slots::first`] leads to that key and
//! to no other.

use super::KeyIndex;

/// Slots that lead from hashes to keys.
#[derive(Debug)]
pub(super) struct Slots {
    slots: Box<[u64]>,
    count: usize,
}

/// What lies on a hash's way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Probe {
    /// Nothing of its tag; this slot is free.
    Free(usize),
    /// A key of its tag.
    Taken(KeyIndex),
}

const FREE: u64 = u64::MAX; // no key has the index u32::MAX
const TAG: u64 = 0xffff_ffff;

impl Slots {
    /// Room for this many keys.
    pub(super) fn for_keys(count: usize) -> Self {
        Self { slots: vec![FREE; slots_for(count)].into(), count: 0 }
    }

    /// Whether another key makes it more than three quarters full.
    pub(super) fn is_full(&self) -> bool {
        slots_for(self.count + 1) > self.slots.len()
    }

    /// Whether there are as many slots as this many keys need, and no more.
    pub(super) fn is_tight(&self, count: usize) -> bool {
        self.slots.len() == slots_for(count)
    }

    pub(super) fn memory_bytes(&self) -> usize {
        size_of_val(&*self.slots)
    }

    /// The first key of this hash's tag on its way.
    pub(super) fn first(&self, hash: u64) -> Option<KeyIndex> {
        self.find(hash, |_| true)
    }

    /// The first key of this hash's tag on its way that is the one.
    pub(super) fn find(
        &self,
        hash: u64,
        mut is_the_one: impl FnMut(KeyIndex) -> bool,
    ) -> Option<KeyIndex> {
        let way = self.way(hash).map(|slot| self.slots[slot]);
        let taken = way.take_while(|slot| *slot != FREE);
        let mut same = taken.filter(|slot| slot >> 32 == hash & TAG).map(index_of);
        same.find(|index| is_the_one(*index))
    }

    /// The first slot on a hash's way that is free or of its tag.
    pub(super) fn probe(&self, hash: u64) -> Probe {
        for slot in self.way(hash) {
            match self.slots[slot] {
                FREE => return Probe::Free(slot),
                taken if taken >> 32 == hash & TAG => return Probe::Taken(index_of(taken)),
                _ => {}
            }
        }
        unreachable!("a quarter of the slots is free")
    }

    /// Takes a free slot on the hash's way.
    pub(super) fn put(&mut self, slot: usize, hash: u64, index: KeyIndex) {
        debug_assert!(self.slots[slot] == FREE && !self.is_full());
        self.slots[slot] = (hash & TAG) << 32 | u64::from(index.0);
        self.count += 1;
    }

    /// Takes the first free slot on the hash's way, past others of its tag.
    pub(super) fn insert(&mut self, hash: u64, index: KeyIndex) {
        let free = self.way(hash).find(|slot| self.slots[*slot] == FREE);
        self.put(free.expect("a quarter of the slots is free"), hash, index);
    }

    /// Every slot once, from the hash's own position on.
    fn way(&self, hash: u64) -> impl Iterator<Item = usize> + use<> {
        let count = self.slots.len();
        let own = ((hash >> 32) * count as u64) >> 32;
        let own = own as usize; // below `count`
        (own..count).chain(0..own)
    }
}

/// Four for every three keys, and at least one that stays free.
const fn slots_for(count: usize) -> usize {
    count + count.div_ceil(3) + 1
}

/// The lower half of a slot.
const fn index_of(slot: u64) -> KeyIndex {
    KeyIndex((slot & TAG) as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A hash whose own position and tag are chosen.
    fn hash(slots: &Slots, position: u64, tag: u64) -> u64 {
        let hash = (position * (1 << 32)).div_ceil(slots.slots.len() as u64) << 32 | tag;
        assert_eq!(slots.way(hash).next(), Some(position as usize));
        hash
    }

    #[test]
    fn a_probe_stops_at_an_equal_tag_of_another_position() {
        let mut slots = Slots::for_keys(6);
        let last = slots.slots.len() as u64 - 1;
        let first = hash(&slots, last, 7);
        assert_eq!(slots.probe(first), Probe::Free(last as usize));
        slots.put(last as usize, first, KeyIndex(0));
        let second = hash(&slots, last, 8); // goes around the end
        assert_eq!(slots.probe(second), Probe::Free(0));
        slots.put(0, second, KeyIndex(1));
        assert_eq!(
            (slots.first(first), slots.first(second)),
            (Some(KeyIndex(0)), Some(KeyIndex(1)))
        );
        assert_eq!(slots.probe(hash(&slots, 0, 8)), Probe::Taken(KeyIndex(1)));
        assert_eq!(slots.probe(hash(&slots, last, 8)), Probe::Taken(KeyIndex(1)));
        assert_eq!(slots.first(hash(&slots, 1, 8)), None);
        assert_eq!(slots.first(hash(&slots, last, 9)), None);
    }

    #[test]
    fn it_is_full_before_the_last_slot_is_taken() {
        for room in 0..40 {
            let mut slots = Slots::for_keys(room);
            assert!(slots.is_tight(room) && !slots.is_tight(room + 1));
            for index in 0..room as u32 {
                assert!(!slots.is_full(), "{index} of {room}");
                slots.insert(hash(&slots, 0, 3), KeyIndex(index)); // all the same
            }
            assert!(slots.is_full());
            let found = slots.find(hash(&slots, 0, 3), |index| index.0 + 1 == room as u32);
            assert_eq!(found, (room as u32).checked_sub(1).map(KeyIndex));
            assert_eq!(slots.find(hash(&slots, 0, 4), |_| true), None);
        }
    }
}
