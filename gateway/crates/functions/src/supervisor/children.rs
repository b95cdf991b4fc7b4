//! The processes that this one has started itself, as against those that came to it when their parents ended.

use std::collections::BTreeSet;
use std::io;
use std::sync::{Mutex, PoisonError};

static KNOWN: Mutex<BTreeSet<i32>> = Mutex::new(BTreeSet::new());

/// A process that was started, until this is dropped: after it was waited for.
#[derive(Debug)]
pub(crate) struct Known(i32);

impl Known {
    /// Starts a process. Who asks meanwhile waits, and then knows of it.
    pub(crate) fn spawn<T>(
        spawn: impl FnOnce() -> io::Result<T>,
        id: impl FnOnce(&T) -> Option<u32>,
    ) -> io::Result<(T, Option<Self>)> {
        let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
        let child = spawn()?;
        let pid = id(&child).map(u32::cast_signed);
        known.extend(pid);
        Ok((child, pid.map(Self)))
    }
}

impl Drop for Known {
    fn drop(&mut self) {
        KNOWN.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.0);
    }
}

/// Whether this process has started the one of an id.
pub(crate) fn has(pid: i32) -> bool {
    KNOWN.lock().unwrap_or_else(PoisonError::into_inner).contains(&pid)
}
