//! What outlives the process: usage counts and what the control plane created ([`ObjectStore`]), each in an embedded
//! database file, and in plain files log groups ([`LogStore`]) and metrics by the minute ([`MinuteStore`]).
//!
//! [`UsageStore`] is opened once, gives back every count at the start, and then only takes counts: each
//! [`UsageStore::write`] is one transaction that is on the disk when the call returns. A second handle,
//! [`UsageReader`], answers reports meanwhile. The types here are the disk's twins of the counters that
//! shards use; whoever wires them converts by hand, so that the file pins nobody's internals.
//!
//! **Architecture invariant:** no request reads or waits for this crate. **Architecture invariant:** what
//! is on the disk was really counted, so that a client is never refused a request that it had left.
#![forbid(unsafe_code)]

pub mod limits;

mod error;
mod file;
mod logs;
mod minutes;
mod objects;
mod record;
mod usage;

pub use error::StoreError;
pub use file::FILE_NAME;
pub use logs::{
    LogBytes, LogEntry, LogError, LogGroup, LogPage, LogPosition, LogQuery, LogStore, LogStream,
    LogStreams,
};
pub use minutes::{MINUTES_DIRECTORY_NAME, MinuteStore, for_each_record};
pub use objects::{OBJECTS_FILE_NAME, ObjectChange, ObjectStore};
pub use record::{Period, PlanRow, UsageRecord, UsageRow};
pub use usage::{UsageReader, UsageStore};
