//! What compiling is given beside definitions and options: what exists already.

use std::sync::Arc;

use gateway_model::ImportedKeys;
use gateway_throttle::{Period, UsageRecord};

/// What is remembered from earlier processes. The default remembers nothing.
pub trait Records {
    /// What a key has used of a plan.
    fn usage(&self, plan_id: &str, key_id: &str) -> Option<UsageRecord> {
        let _ = (plan_id, key_id);
        None
    }

    /// The period in which a plan's quota was set: its kind and its index.
    fn quota_since(&self, plan_id: &str) -> Option<(Period, u32)> {
        let _ = plan_id;
        None
    }

    /// A value for a key that is defined without one. Asked once for each key of a process.
    fn key_value(&self, key_id: &str) -> Option<String> {
        let _ = key_id;
        None
    }
}

/// Nothing is remembered.
impl Records for () {}

/// What [`crate::compile_with`] is given beside definitions and options.
#[derive(Clone, Copy)]
pub struct Surroundings<'s> {
    /// Keys of files. While it is the same object, what was compiled from it is kept; nothing of it is
    /// held beyond the call.
    pub imported: Option<&'s Arc<ImportedKeys>>,
    /// Keys of files are those that the previous snapshot was compiled from, and nobody holds them any
    /// more: `imported` is ignored. Where they are needed all the same, there is no snapshot and
    /// [`crate::Compiled::wants_imported`] says so.
    pub is_imported_unchanged: bool,
    /// Now, in seconds since 1970-01-01 UTC. A quota that nobody has seen before is set now.
    pub unix_s: u64,
    /// What earlier processes left.
    pub records: &'s dyn Records,
}

impl Default for Surroundings<'_> {
    fn default() -> Self {
        Self { imported: None, is_imported_unchanged: false, unix_s: 0, records: &() }
    }
}
