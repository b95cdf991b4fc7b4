//! What the control plane creates, in a file of its own: documents under keys.
//!
//! One table, `objects`, from a key to a document. A [`ObjectStore::write`] is one transaction: all of its changes or none, on the
//! disk when the call returns. Whoever has many callers writes for all of them at once, because a sync costs the same for one
//! change as for a thousand.
//!
//! The file says which version wrote it. A newer one is refused and left as it is.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use redb::{Database, ReadableDatabase as _, ReadableTable as _, TableDefinition};

use crate::StoreError;
use crate::usage::PANICKED;
use file::{Identity, Lock};

mod file;

pub use file::FILE_NAME as OBJECTS_FILE_NAME;

/// key → document
const OBJECTS: TableDefinition<&str, &[u8]> = TableDefinition::new("objects");

/// Facts about the file itself.
const FILE: TableDefinition<&str, u64> = TableDefinition::new("file");

/// The key of the version in [`FILE`].
const VERSION_KEY: &str = "version";

/// What this program writes. It reads every version up to it.
const VERSION: u64 = 1;

/// One change of a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ObjectChange {
    /// Creates or replaces a document.
    Put {
        /// Its key.
        key: String,
        /// What it holds.
        document: Vec<u8>,
    },
    /// Removes a document, if it is there.
    Remove {
        /// Its key.
        key: String,
    },
    /// Removes every document whose key starts so.
    RemoveAll {
        /// The start.
        prefix: String,
    },
}

/// Durable documents. One process at a time has a directory's.
#[derive(Debug)]
pub struct ObjectStore {
    dir: PathBuf,
    path: PathBuf,
    _lock: Lock,
    identity: Identity,
    /// Nothing after a failure, until the next call opens it anew.
    database: Option<Database>,
}

impl ObjectStore {
    /// Takes the documents of the state directory `dir` for this process, and makes what is missing.
    ///
    /// # Errors
    /// Any [`StoreError`] but `Vanished`. What was found is left as it is.
    pub fn open(dir: &Path) -> Result<Self, StoreError> {
        let lock = file::lock(dir)?;
        let (database, identity) = file::open(dir)?;
        let path = dir.join(OBJECTS_FILE_NAME);
        Ok(Self { dir: dir.to_owned(), path, _lock: lock, identity, database: Some(database) })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// All documents in the order of their keys.
    ///
    /// # Errors
    /// Where the disk refuses, or the file is damaged.
    pub fn all(&mut self) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        self.with("read", read)
    }

    /// Carries out `changes` in order, as one transaction. They are on the disk when this returns.
    ///
    /// After an error nothing of them has happened, and the next call opens the file anew.
    ///
    /// # Errors
    /// Any [`StoreError`].
    pub fn write(&mut self, changes: &[ObjectChange]) -> Result<(), StoreError> {
        if changes.is_empty() {
            return Ok(());
        }
        self.with("write to", |database| write(database, changes))
    }

    /// Closes the file, so that the next start need not repair it.
    ///
    /// # Errors
    /// Where the disk refuses. Every successful write is durable all the same.
    pub fn close(mut self) -> Result<(), StoreError> {
        match self.database.take() {
            Some(database) => {
                database.close().map_err(|cause| StoreError::new(&self.path, "close", cause))
            }
            None => Ok(()),
        }
    }

    /// Works with the open file; after an error it is closed, since the library trusts it no more.
    fn with<T>(
        &mut self,
        action: &'static str,
        work: impl FnOnce(&Database) -> Result<T, redb::Error>,
    ) -> Result<T, StoreError> {
        // What was removed behind our back would take every write and keep none.
        if file::identity(&self.path)? != Some(self.identity) {
            return Err(StoreError::Vanished { path: self.path.clone() });
        }
        let database = match self.database.take() {
            Some(database) => database,
            None => file::open(&self.dir)?.0,
        };
        match catch_unwind(AssertUnwindSafe(|| work(&database))) {
            Ok(Ok(done)) => {
                self.database = Some(database);
                Ok(done)
            }
            Ok(Err(cause)) => Err(StoreError::new(&self.path, action, cause)),
            Err(_) => Err(StoreError::damaged(&self.path, PANICKED)),
        }
    }
}

/// The tables of an empty file.
fn make(database: &Database) -> Result<(), redb::Error> {
    let mut transaction = database.begin_write()?;
    transaction.set_quick_repair(true);
    transaction.open_table(OBJECTS)?;
    transaction.open_table(FILE)?.insert(VERSION_KEY, VERSION)?;
    Ok(transaction.commit()?)
}

/// Which version wrote the file.
fn version(database: &Database) -> Result<u64, redb::Error> {
    let table = database.begin_read()?.open_table(FILE)?;
    let version = table.get(VERSION_KEY)?;
    Ok(version.map_or(0, |version| version.value()))
}

fn read(database: &Database) -> Result<Vec<(String, Vec<u8>)>, redb::Error> {
    let mut documents = Vec::new();
    for entry in database.begin_read()?.open_table(OBJECTS)?.iter()? {
        let (key, document) = entry?;
        documents.push((key.value().to_owned(), document.value().to_owned()));
    }
    Ok(documents)
}

fn write(database: &Database, changes: &[ObjectChange]) -> Result<(), redb::Error> {
    let mut transaction = database.begin_write()?;
    // Two phases: a commit that was cut is never taken for a whole one, and opening after a crash is quick.
    transaction.set_quick_repair(true);
    {
        let mut table = transaction.open_table(OBJECTS)?;
        for change in changes {
            match change {
                ObjectChange::Put { key, document } => {
                    table.insert(&**key, &**document)?;
                }
                ObjectChange::Remove { key } => {
                    table.remove(&**key)?;
                }
                ObjectChange::RemoveAll { prefix } => {
                    let mut keys = Vec::new();
                    for entry in table.range::<&str>(&**prefix..)? {
                        let key = entry?.0.value().to_owned();
                        if !key.starts_with(&**prefix) {
                            break;
                        }
                        keys.push(key);
                    }
                    for key in keys {
                        table.remove(&*key)?;
                    }
                }
            }
        }
    }
    Ok(transaction.commit()?)
}

#[cfg(test)]
mod tests;
