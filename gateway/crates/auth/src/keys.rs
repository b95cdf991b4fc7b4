//! The table of API keys: by secret value, and by id.
//!
//! A value is found by a keyed hash (SipHash with a key that is random for each table), so that
//! neither the time of a look-up nor crafted values tell anything about other values. Then it is
//! compared with one candidate in constant time. A value that nobody has is compared too, with some
//! other key or, where that has another length, with a stand-in: [`KeyTable::find`] compares exactly
//! once, over exactly as many bytes as were presented, whatever comes out. That there is never more
//! than one candidate is made sure when a key is added: where a different key has the same hash in
//! its way, the table takes another hash key.
//!
//! Cost: one hash, one probe run in a table of 8-byte slots (one or two cache lines), one compare.
//! Memory of a key: 12 bytes, its texts, and 4/3 of 8 bytes in each of two tables; 96 bytes with a
//! value of 40, an id of 10 and a name of 12 bytes.

mod slots;

use crate::limits::{
    ARENA_BYTES_MAX, KEY_ID_BYTES_MAX, KEY_NAME_BYTES_MAX, KEY_VALUE_BYTES_MAX, SEEDS_MAX,
    TEXT_BYTES_USUAL,
};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use slots::{Probe, Slots};
use std::fmt;
use std::hash::{BuildHasher, RandomState};

/// Which key of a [`KeyTable`]; counts from 0 in the order added.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyIndex(pub u32);

/// All API keys. Immutable; made by [`KeyTableBuilder`].
pub struct KeyTable {
    /// Value, id and name of each key, one after the other.
    texts: String,
    keys: Vec<Key>,
    values: Slots,
    ids: Slots,
    seed: RandomState,
}

/// Where a key's texts lie, and whether it is accepted.
#[derive(Clone, Copy)]
struct Key {
    start: u32,
    value_len: u16,
    id_len: u16,
    name_len: u16,
    is_enabled: bool,
}

const _: () = assert!(size_of::<Key>() == 12);

/// What a value is compared with when there is no key of its length to compare it with.
static STAND_IN: [u8; KEY_VALUE_BYTES_MAX] = [0; KEY_VALUE_BYTES_MAX];

impl KeyTable {
    /// A table without keys.
    #[must_use]
    pub fn empty() -> Self {
        KeyTableBuilder::with_capacity(0).build()
    }

    /// The key with this secret value, enabled or not.
    ///
    /// Takes the time of one hash and one compare over the bytes presented, whether or not there
    /// is such a key; bytes beyond [`KEY_VALUE_BYTES_MAX`] cost nothing.
    #[must_use]
    pub fn find(&self, value: &[u8]) -> Option<KeyIndex> {
        self.find_by(value, |presented, stored| verify_slices_are_equal(presented, stored).is_ok())
    }

    /// [`Self::find`] with the comparison that it uses: consumed, so never twice; called on every
    /// path, with slices of one length.
    fn find_by(
        &self,
        value: &[u8],
        is_equal: impl FnOnce(&[u8], &[u8]) -> bool,
    ) -> Option<KeyIndex> {
        let presented = &value[..value.len().min(KEY_VALUE_BYTES_MAX)];
        let hash = self.seed.hash_one(presented);
        let found = self.values.first(hash);
        let stored = found.or_else(|| self.decoy(hash)).map(|index| self.value(index).as_bytes());
        let is_possible = stored.is_some_and(|stored| stored.len() == value.len());
        let other = stored.filter(|_| is_possible).unwrap_or(&STAND_IN[..presented.len()]);
        let is_found = is_equal(presented, other) & is_possible;
        found.filter(|_| is_found)
    }

    /// Some key, so that an unknown value reads as much memory as a known one does.
    fn decoy(&self, hash: u64) -> Option<KeyIndex> {
        let index = ((hash >> 32) * self.keys.len() as u64) >> 32;
        (!self.keys.is_empty()).then_some(KeyIndex(index as u32)) // below the count of keys
    }

    /// The key with this id. Ids are no secrets.
    #[must_use]
    pub fn by_id(&self, id: &str) -> Option<KeyIndex> {
        self.ids.find(self.seed.hash_one(id.as_bytes()), |index| self.id(index) == id)
    }

    /// A key's id.
    ///
    /// # Panics
    /// When the index is not of this table; as [`Self::name`] and [`Self::is_enabled`] do.
    #[must_use]
    pub fn id(&self, index: KeyIndex) -> &str {
        let key = self.key(index);
        let start = key.start as usize + usize::from(key.value_len);
        &self.texts[start..start + usize::from(key.id_len)]
    }

    /// A key's name.
    #[must_use]
    pub fn name(&self, index: KeyIndex) -> &str {
        let key = self.key(index);
        let start = key.start as usize + usize::from(key.value_len) + usize::from(key.id_len);
        &self.texts[start..start + usize::from(key.name_len)]
    }

    /// Whether a key is accepted where one is required.
    #[must_use]
    pub fn is_enabled(&self, index: KeyIndex) -> bool {
        self.key(index).is_enabled
    }

    /// How many keys there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether there is no key.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The memory that the table takes, in bytes.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        size_of::<Self>()
            + self.texts.capacity()
            + self.keys.capacity() * size_of::<Key>()
            + self.values.memory_bytes()
            + self.ids.memory_bytes()
    }

    fn key(&self, index: KeyIndex) -> &Key {
        &self.keys[index.0 as usize]
    }

    fn value(&self, index: KeyIndex) -> &str {
        let key = self.key(index);
        &self.texts[key.start as usize..][..usize::from(key.value_len)]
    }
}

impl Default for KeyTable {
    fn default() -> Self {
        Self::empty()
    }
}

/// Tells how many keys there are and none of their values.
impl fmt::Debug for KeyTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyTable").field("len", &self.len()).finish_non_exhaustive()
    }
}

/// Gathers the keys of a [`KeyTable`].
#[derive(Debug)]
pub struct KeyTableBuilder {
    table: KeyTable,
}

impl KeyTableBuilder {
    /// A builder that has room for this many keys; more may come.
    #[must_use]
    pub fn with_capacity(keys: usize) -> Self {
        Self {
            table: KeyTable {
                texts: String::with_capacity(keys.saturating_mul(TEXT_BYTES_USUAL)),
                keys: Vec::with_capacity(keys),
                values: Slots::for_keys(keys),
                ids: Slots::for_keys(keys),
                seed: RandomState::new(),
            },
        }
    }

    /// Adds a key; the n-th call that succeeds makes index n.
    ///
    /// # Errors
    /// [`KeyError`]; the table is as before.
    pub fn add(
        &mut self,
        id: &str,
        name: &str,
        value: &str,
        is_enabled: bool,
    ) -> Result<KeyIndex, KeyError> {
        let table = &mut self.table;
        let too_long = |what| KeyError::TooLong { id: id.into(), what };
        let length = |text: &str, max: usize, what| match u16::try_from(text.len()) {
            Ok(len) if text.len() <= max => Ok(len),
            _ => Err(too_long(what)),
        };
        let key = Key {
            start: u32::try_from(table.texts.len()).map_err(|_| KeyError::Full)?,
            value_len: length(value, KEY_VALUE_BYTES_MAX, "value")?,
            id_len: length(id, KEY_ID_BYTES_MAX, "id")?,
            name_len: length(name, KEY_NAME_BYTES_MAX, "name")?,
            is_enabled,
        };
        let bytes = value.len() + id.len() + name.len();
        let index = u32::try_from(table.keys.len()).map_err(|_| KeyError::Full)?;
        if index == u32::MAX || bytes > ARENA_BYTES_MAX - table.texts.len() {
            return Err(KeyError::Full);
        }
        let index = KeyIndex(index);
        if table.values.is_full() {
            table.reseat(2 * table.keys.len() + 8);
        }
        if table.by_id(id).is_some() {
            return Err(KeyError::DuplicateId { id: id.into() });
        }
        loop {
            let hash = table.seed.hash_one(value.as_bytes());
            match table.values.probe(hash) {
                Probe::Free(slot) => {
                    table.values.put(slot, hash, index);
                    break;
                }
                // Of this value or, once in four thousand million times, of another.
                Probe::Taken(other) if table.value(other) == value => {
                    let other = table.id(other).into();
                    return Err(KeyError::DuplicateValue { id: id.into(), other });
                }
                Probe::Taken(_) => table.reseat(table.keys.capacity().max(table.keys.len() + 1)),
            }
        }
        let hash = table.seed.hash_one(id.as_bytes());
        table.ids.insert(hash, index);
        table.texts.extend([value, id, name]);
        table.keys.push(key);
        Ok(index)
    }

    /// The table, with no more memory than its keys need.
    #[must_use]
    pub fn build(mut self) -> KeyTable {
        let table = &mut self.table;
        table.texts.shrink_to_fit();
        table.keys.shrink_to_fit();
        if !table.values.is_tight(table.keys.len()) {
            table.reseat(table.keys.len());
        }
        self.table
    }
}

impl KeyTable {
    /// Makes both tables anew, for `count` keys, with a new hash key.
    ///
    /// # Panics
    /// When [`SEEDS_MAX`] random hash keys in a row give two keys one hash, which is less likely
    /// than any fault of the machine.
    fn reseat(&mut self, count: usize) {
        let is_done = (0..SEEDS_MAX).any(|_| self.try_reseat(count.max(self.keys.len())));
        assert!(is_done, "a random hash key that tells the keys apart");
    }

    fn try_reseat(&mut self, count: usize) -> bool {
        self.seed = RandomState::new();
        self.values = Slots::for_keys(count);
        self.ids = Slots::for_keys(count);
        for index in (0..self.keys.len() as u32).map(KeyIndex) {
            let hash = self.seed.hash_one(self.value(index).as_bytes());
            match self.values.probe(hash) {
                Probe::Free(slot) => self.values.put(slot, hash, index),
                Probe::Taken(_) => return false,
            }
            let hash = self.seed.hash_one(self.id(index).as_bytes());
            self.ids.insert(hash, index);
        }
        true
    }
}

/// Why a key cannot be added. Displays without the value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyError {
    /// Another key has its value.
    DuplicateValue {
        /// The key.
        id: Box<str>,
        /// The key that has the value.
        other: Box<str>,
    },
    /// Another key has its id.
    DuplicateId {
        /// The id of both.
        id: Box<str>,
    },
    /// One of its texts is longer than [`crate::limits`] allow.
    TooLong {
        /// The key.
        id: Box<str>,
        /// Which text.
        what: &'static str,
    },
    /// No more keys fit.
    Full,
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DuplicateValue { id, other } => {
                write!(f, "API key {id} has the same value as API key {other}")
            }
            Self::DuplicateId { id } => write!(f, "there are two API keys of id {id}"),
            Self::TooLong { id, what } => write!(f, "the {what} of API key {id} is too long"),
            Self::Full => write!(f, "more than {ARENA_BYTES_MAX} bytes of API keys"),
        }
    }
}

impl std::error::Error for KeyError {}

#[cfg(test)]
mod tests;
