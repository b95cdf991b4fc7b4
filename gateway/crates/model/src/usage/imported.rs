//! API keys that were imported from files: too many for one allocation each.

use crate::Place;
use crate::limits::{IMPORTED_PLANS_MAX, IMPORTED_TEXT_BYTES_MAX, PLANS_PER_KEY_MAX};
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

/// Imported API keys, in the order of their files.
///
/// A key takes 24 bytes, those of its texts, and 2 bytes for each of its plans.
#[derive(Clone, Default)]
pub struct ImportedKeys {
    /// Value, id and name of each key, one after the other.
    texts: String,
    rows: Vec<Row>,
    /// The plans of each key, one after the other, as indexes into `plans`.
    memberships: Vec<u16>,
    plans: Vec<Box<str>>,
    plan_index: HashMap<Box<str>, u16>,
    files: Vec<Arc<str>>,
}

/// One imported API key.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ImportedKey<'k> {
    /// Its id.
    pub id: &'k str,
    /// Its name.
    pub name: &'k str,
    /// The secret that callers send.
    pub value: &'k str,
    /// Whether it is accepted.
    pub enabled: bool,
    /// The usage plans that it is in, each once, as indexes into [`ImportedKeys::plans`].
    pub plans: &'k [u16],
    /// The file that it was written in, as [`ImportedKeys::add_file`] gave it.
    pub file: u32,
    /// The line on which it was written, from 1.
    pub line: u32,
}

#[derive(Clone, Copy)]
struct Row {
    text: u32,
    membership: u32,
    file: u32,
    line: u32,
    value_len: u16,
    id_len: u16,
    name_len: u16,
    plan_count: u8,
    enabled: bool,
}

const _: () = assert!(size_of::<Row>() == 24);

impl ImportedKeys {
    /// How many keys there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is no key.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The key of this index, in the order of the files.
    #[must_use]
    pub fn key(&self, index: usize) -> Option<ImportedKey<'_>> {
        self.rows.get(index).map(|row| self.read(row))
    }

    /// All keys, in the order of their files.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = ImportedKey<'_>> {
        self.rows.iter().map(|row| self.read(row))
    }

    /// The usage plans that keys name, by id or by name, as written; each once.
    #[must_use]
    pub fn plans(&self) -> &[Box<str>] {
        &self.plans
    }

    /// Where a key of this table was written.
    #[must_use]
    pub fn place(&self, key: &ImportedKey<'_>) -> Place {
        let file = self.files.get(key.file as usize);
        file.map_or_else(Place::nowhere, |file| Place::new(file, key.line, 1))
    }

    /// The memory that the keys take, in bytes.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        size_of::<Self>()
            + self.texts.capacity()
            + self.rows.capacity() * size_of::<Row>()
            + self.memberships.capacity() * size_of::<u16>()
            + self.plans.iter().map(|plan| 2 * (plan.len() + size_of::<Box<str>>())).sum::<usize>()
    }

    /// Adds a file, for [`ImportedKey::file`].
    ///
    /// # Errors
    /// [`ImportedKeysFull`] after four thousand million files.
    pub fn add_file(&mut self, name: &str) -> Result<u32, ImportedKeysFull> {
        let file = u32::try_from(self.files.len()).map_err(|_| ImportedKeysFull)?;
        self.files.push(Arc::from(name));
        Ok(file)
    }

    /// The index of a plan in [`Self::plans`], added when it is new.
    ///
    /// # Errors
    /// [`ImportedKeysFull`] with [`IMPORTED_PLANS_MAX`] plans.
    pub fn add_plan(&mut self, reference: &str) -> Result<u16, ImportedKeysFull> {
        if let Some(index) = self.plan_index.get(reference) {
            return Ok(*index);
        }
        let count = self.plans.len();
        let index = u16::try_from(count).ok().filter(|_| count < IMPORTED_PLANS_MAX);
        let index = index.ok_or(ImportedKeysFull)?;
        self.plans.push(reference.into());
        self.plan_index.insert(reference.into(), index);
        Ok(index)
    }

    /// Adds a key after the others. Its plans are indexes that [`Self::add_plan`] gave.
    ///
    /// # Errors
    /// [`ImportedKeysFull`] when it does not fit; nothing has changed.
    pub fn push(&mut self, key: ImportedKey<'_>) -> Result<(), ImportedKeysFull> {
        u32::try_from(self.rows.len()).map_err(|_| ImportedKeysFull)?;
        let row = self.write(key)?;
        self.rows.push(row);
        Ok(())
    }

    /// Puts a key in the place of another.
    ///
    /// # Errors
    /// [`ImportedKeysFull`] when it does not fit; nothing has changed.
    ///
    /// # Panics
    /// When there is no key of this index.
    pub fn replace(&mut self, index: usize, key: ImportedKey<'_>) -> Result<(), ImportedKeysFull> {
        self.rows[index] = self.write(key)?;
        Ok(())
    }

    /// Gives back memory that more keys would have used.
    pub fn shrink(&mut self) {
        self.texts.shrink_to_fit();
        self.rows.shrink_to_fit();
        self.memberships.shrink_to_fit();
    }

    /// Writes a key's texts and plans, and says where they are.
    fn write(&mut self, key: ImportedKey<'_>) -> Result<Row, ImportedKeysFull> {
        debug_assert!(key.plans.iter().all(|plan| usize::from(*plan) < self.plans.len()));
        let full = |_| ImportedKeysFull;
        let bytes = key.value.len() + key.id.len() + key.name.len();
        let room = IMPORTED_TEXT_BYTES_MAX - self.texts.len();
        if bytes > room || key.plans.len() > PLANS_PER_KEY_MAX {
            return Err(ImportedKeysFull);
        }
        let row = Row {
            text: u32::try_from(self.texts.len()).map_err(full)?,
            membership: u32::try_from(self.memberships.len()).map_err(full)?,
            file: key.file,
            line: key.line,
            value_len: u16::try_from(key.value.len()).map_err(full)?,
            id_len: u16::try_from(key.id.len()).map_err(full)?,
            name_len: u16::try_from(key.name.len()).map_err(full)?,
            plan_count: u8::try_from(key.plans.len()).map_err(full)?,
            enabled: key.enabled,
        };
        self.texts.extend([key.value, key.id, key.name]);
        self.memberships.extend_from_slice(key.plans);
        Ok(row)
    }

    fn read(&self, row: &Row) -> ImportedKey<'_> {
        let rest = &self.texts[row.text as usize..];
        let (value, rest) = rest.split_at(usize::from(row.value_len));
        let (id, rest) = rest.split_at(usize::from(row.id_len));
        ImportedKey {
            id,
            name: &rest[..usize::from(row.name_len)],
            value,
            enabled: row.enabled,
            plans: &self.memberships[row.membership as usize..][..usize::from(row.plan_count)],
            file: row.file,
            line: row.line,
        }
    }
}

/// Tells how many keys there are and none of their values.
impl fmt::Debug for ImportedKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ImportedKeys").field("len", &self.len()).finish_non_exhaustive()
    }
}

/// Leaves out the value.
impl fmt::Debug for ImportedKey<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, name, value: _, enabled, plans, file, line } = self;
        f.debug_struct("ImportedKey")
            .field("id", id)
            .field("name", name)
            .field("enabled", enabled)
            .field("plans", plans)
            .field("file", file)
            .field("line", line)
            .finish_non_exhaustive()
    }
}

/// Imported keys are more or longer than [`crate::limits`] allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ImportedKeysFull;

impl fmt::Display for ImportedKeysFull {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "imported API keys hold at most {IMPORTED_TEXT_BYTES_MAX} bytes of text and name at \
             most {IMPORTED_PLANS_MAX} usage plans, {PLANS_PER_KEY_MAX} a key"
        )
    }
}

impl std::error::Error for ImportedKeysFull {}

#[cfg(test)]
mod tests {
    use super::*;

    fn key<'k>(id: &'k str, value: &'k str, plans: &'k [u16], line: u32) -> ImportedKey<'k> {
        ImportedKey { id, name: "n", value, enabled: line.is_multiple_of(2), plans, file: 0, line }
    }

    #[test]
    fn keys_come_out_as_they_went_in() {
        let mut keys = ImportedKeys::default();
        assert_eq!(keys.add_file("keys.csv"), Ok(0));
        assert_eq!((keys.add_plan("gold"), keys.add_plan("free")), (Ok(0), Ok(1)));
        assert_eq!(keys.add_plan("gold"), Ok(0));
        let written =
            [key("a", "value-a", &[0, 1], 2), key("", "", &[], 3), key("é", "ü", &[1], 4)];
        for row in written {
            assert_eq!(keys.push(row), Ok(()));
        }
        assert!(keys.iter().eq(written));
        assert_eq!((keys.len(), keys.key(2), keys.key(3)), (3, Some(written[2]), None));
        assert_eq!(keys.place(&written[2]).to_string(), "keys.csv:4:1");
        assert_eq!(keys.plans(), [Box::from("gold"), Box::from("free")]);
        let other = key("b", "longer than before", &[1], 9);
        assert_eq!(keys.replace(0, other), Ok(()));
        keys.shrink();
        assert!(keys.iter().eq([other, written[1], written[2]]));
    }

    #[test]
    fn what_does_not_fit_changes_nothing() {
        let mut keys = ImportedKeys::default();
        let long = "x".repeat(usize::from(u16::MAX) + 1);
        assert_eq!(keys.push(key("a", &long, &[], 1)), Err(ImportedKeysFull));
        for index in 0..IMPORTED_PLANS_MAX {
            assert_eq!(keys.add_plan(&index.to_string()).map(usize::from), Ok(index));
        }
        assert_eq!(keys.add_plan("one more"), Err(ImportedKeysFull));
        assert_eq!(keys.push(key("a", "v", &[0; PLANS_PER_KEY_MAX + 1], 1)), Err(ImportedKeysFull));
        assert!(keys.is_empty());
        assert_eq!(keys.plans().len(), IMPORTED_PLANS_MAX);
    }

    #[test]
    fn debug_text_holds_no_value() {
        let mut keys = ImportedKeys::default();
        assert_eq!(keys.push(key("a", "the-secret-value", &[], 1)), Ok(()));
        assert_eq!(format!("{keys:?}"), "ImportedKeys { len: 1, .. }");
        assert!(!format!("{:?}", keys.key(0)).contains("secret"));
    }
}
