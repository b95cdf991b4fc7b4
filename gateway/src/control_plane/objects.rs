//! The control plane's documents in the store.

use std::path::Path;

use gateway_control::{Change, Objects, ObjectsError};
use gateway_store::{ObjectChange, ObjectStore, StoreError};

/// Documents on the disk. What is committed waits in memory for the sync that writes it, so that all that came together is one
/// transaction.
pub(crate) struct DiskObjects {
    store: ObjectStore,
    pending: Vec<ObjectChange>,
}

impl DiskObjects {
    /// Opens the documents of a state directory.
    ///
    /// # Errors
    /// As [`ObjectStore::open`].
    pub(crate) fn open(directory: &Path) -> Result<Self, StoreError> {
        Ok(Self { store: ObjectStore::open(directory)?, pending: Vec::new() })
    }
}

impl Objects for DiskObjects {
    fn all(&mut self) -> Result<Vec<(String, Vec<u8>)>, ObjectsError> {
        self.sync()?;
        self.store.all().map_err(told)
    }

    fn commit(&mut self, changes: &[Change]) -> Result<(), ObjectsError> {
        self.pending.extend(changes.iter().map(change_of));
        Ok(())
    }

    fn sync(&mut self) -> Result<(), ObjectsError> {
        // Whatever comes of it: who is told of a failure takes the state as it is stored.
        let pending = std::mem::take(&mut self.pending);
        self.store.write(&pending).map_err(told)
    }
}

/// The disk's twin of a change.
pub(crate) fn change_of(change: &Change) -> ObjectChange {
    match change.clone() {
        Change::Put { key, document } => ObjectChange::Put { key, document },
        Change::Remove { key } => ObjectChange::Remove { key },
        Change::RemoveAll { prefix } => ObjectChange::RemoveAll { prefix },
    }
}

fn told(error: StoreError) -> ObjectsError {
    ObjectsError(format!("{:#}", anyhow::Error::from(error)))
}
