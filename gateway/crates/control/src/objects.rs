//! What operations create, as documents under keys.

use std::collections::BTreeMap;
use std::fmt;

/// One write of a transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Creates or replaces a document.
    Put {
        /// Its key, as `restapis/a1b2c3d4e5/resources/ab12cd`.
        key: String,
        /// JSON.
        document: Vec<u8>,
    },
    /// Removes a document, if it is there.
    Remove {
        /// Its key.
        key: String,
    },
    /// Removes all documents whose key starts so.
    RemoveAll {
        /// The beginning, up to and with a `/`.
        prefix: String,
    },
}

/// The store failed; nothing of the transaction has happened.
#[derive(Debug)]
pub struct ObjectsError(pub String);

impl fmt::Display for ObjectsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ObjectsError {}

/// Documents that outlive the process. All are read once at the start; then there are only transactions.
pub trait Objects: Send {
    /// All documents in the order of their keys.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn all(&mut self) -> Result<Vec<(String, Vec<u8>)>, ObjectsError>;

    /// Carries out `changes` as one transaction: all of them or none, in order. It may be on the disk only when [`Objects::sync`]
    /// returns, so that several callers share one sync.
    ///
    /// # Errors
    /// When the store cannot be written.
    fn commit(&mut self, changes: &[Change]) -> Result<(), ObjectsError>;

    /// Returns when every transaction before is on the disk. No call is answered before.
    ///
    /// # Errors
    /// When the store cannot be written.
    fn sync(&mut self) -> Result<(), ObjectsError>;
}

/// Documents that end with the process.
#[derive(Debug, Default)]
pub struct MemoryObjects(BTreeMap<String, Vec<u8>>);

impl Objects for MemoryObjects {
    fn all(&mut self) -> Result<Vec<(String, Vec<u8>)>, ObjectsError> {
        Ok(self.0.iter().map(|(key, document)| (key.clone(), document.clone())).collect())
    }

    fn commit(&mut self, changes: &[Change]) -> Result<(), ObjectsError> {
        for change in changes {
            match change {
                Change::Put { key, document } => {
                    self.0.insert(key.clone(), document.clone());
                }
                Change::Remove { key } => {
                    self.0.remove(key);
                }
                Change::RemoveAll { prefix } => self.0.retain(|key, _| !key.starts_with(prefix)),
            }
        }
        Ok(())
    }

    fn sync(&mut self) -> Result<(), ObjectsError> {
        Ok(())
    }
}

impl<T: Objects + ?Sized> Objects for Box<T> {
    fn all(&mut self) -> Result<Vec<(String, Vec<u8>)>, ObjectsError> {
        (**self).all()
    }

    fn commit(&mut self, changes: &[Change]) -> Result<(), ObjectsError> {
        (**self).commit(changes)
    }

    fn sync(&mut self) -> Result<(), ObjectsError> {
        (**self).sync()
    }
}
