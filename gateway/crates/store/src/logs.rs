//! Log groups: what functions, stages and clients of CloudWatch Logs said last, in memory and on disk.
//!
//! A group has streams, and events of streams in the order of their time. It keeps at most a number of bytes, and all groups
//! together at most [`LOG_BYTES_MAX`]; the oldest events go first, and those that are older than the group's retention. In
//! memory that is a map by time. On disk a group is a directory: its metadata in `group.json`, written whole, and two files of
//! events of half the bytes each, one JSON object a line: `current.log` takes lines until it is full and becomes
//! `previous.log` then. Opening reads all of it back.
//!
//! Lines are in the kernel's hands when [`LogStore::put`] returns, so that they outlive a `kill -9`; a power loss may take the
//! last ones. Groups, streams and retention are on the disk when a call returns. A line that a crash cut in two is left out
//! when it is read. A disk that refuses lines is said once and costs nothing but what it does not take; only
//! [`LogStore::put_into`] says so each time, since its caller is promised durability.
//!
//! **Invariant:** an event keeps its [`LogPosition`] for good, over restarts too, and no two of a group have the same.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::error::StoreError;
use crate::limits::{LOG_BYTES_MAX, LOG_GROUPS_MAX, LOG_STREAMS_MAX};

mod disk;
mod error;
mod group;
mod metadata;
mod name;
mod query;

pub use error::LogError;
pub use query::{LogPage, LogQuery, LogStreams};

use group::Group;
use metadata::Metadata;
use name::{group_of, name_of};

/// Groups of functions have a bound of their own.
const FUNCTIONS: &str = "/aws/lambda/";

/// Where an event stands among all others: by its time, then in the order in which they came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LogPosition {
    /// The event's time, in milliseconds since 1970.
    pub unix_ms: u64,
    /// Counts the events of a store; what is written later counts higher.
    pub sequence: u64,
}

/// One event of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogEntry {
    /// Which it is.
    pub position: LogPosition,
    /// When it was written, in milliseconds since 1970.
    pub unix_ms: u64,
    /// When it came here.
    pub ingestion_ms: u64,
    /// The log stream, e.g. of one environment.
    pub stream: Arc<str>,
    /// The line, without its end.
    pub text: Arc<str>,
}

/// Bytes that a group keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogBytes {
    /// A function's.
    pub function: usize,
    /// Any other.
    pub group: usize,
}

impl From<usize> for LogBytes {
    fn from(bytes_max: usize) -> Self {
        Self { function: bytes_max, group: bytes_max }
    }
}

/// What there is to say of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogGroup {
    /// Its name.
    pub name: String,
    /// When it was made.
    pub created_ms: u64,
    /// Days after which its events go; `None` keeps them as long as there is room.
    pub retention_days: Option<u32>,
    /// Bytes of its events' texts.
    pub bytes: u64,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

/// What there is to say of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogStream {
    /// Its name.
    pub name: Arc<str>,
    /// When it was made.
    pub created_ms: u64,
    /// The time of its first event.
    pub first_ms: Option<u64>,
    /// The time of its last event.
    pub last_ms: Option<u64>,
    /// When its last event came.
    pub ingestion_ms: Option<u64>,
}

/// All groups. Shared by whoever writes and whoever reads; each call holds its lock for a few lines or one
/// copy.
#[derive(Debug)]
pub struct LogStore {
    directory: Option<PathBuf>,
    bytes: LogBytes,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    groups: BTreeMap<Box<str>, Group>,
    /// Of all groups.
    bytes: usize,
    next_sequence: u64,
}

impl LogStore {
    /// A store of logs in memory, so many bytes for each group.
    pub fn in_memory(bytes: impl Into<LogBytes>) -> Self {
        Self { directory: None, bytes: bytes.into(), state: Mutex::default() }
    }

    /// A store of logs under `directory`, with what is there already.
    ///
    /// # Errors
    /// [`StoreError::Directory`] when it cannot be made or read.
    pub fn open(directory: &Path, bytes: impl Into<LogBytes>) -> Result<Self, StoreError> {
        let refused = |source| StoreError::Directory { path: directory.to_owned(), source };
        fs::create_dir_all(directory).map_err(refused)?;
        let bytes = bytes.into();
        let mut state = State::default();
        for entry in fs::read_dir(directory).map_err(refused)? {
            let path = entry.map_err(refused)?.path();
            let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
            if disk::is_deleted(name) {
                // A deletion that a crash cut short; what is left of it is tried again at the next start.
                let _ = fs::remove_dir_all(&path);
                continue;
            }
            let name = group_of(name).filter(|_| state.groups.len() < LOG_GROUPS_MAX);
            let Some(name) = name else { continue };
            let bytes_max = bytes.of(&name);
            let group = Group::open(path, bytes_max, &mut state.next_sequence);
            state.bytes += group.bytes;
            state.groups.insert(name.into(), group);
        }
        let directory = Some(directory.to_owned());
        let this = Self { directory, bytes, state: Mutex::new(state) };
        this.state().keep_within(LOG_BYTES_MAX);
        Ok(this)
    }

    /// Adds a line to a group, which is made if need be. It came when it was written, and lines of one stream stay in the order
    /// in which they come, whatever their clocks say.
    pub fn append(&self, group: &str, stream: &str, unix_ms: u64, text: &[u8]) {
        let last_ms = self.state().groups.get(group).and_then(|group| group.last_ms(stream));
        let unix_ms = last_ms.map_or(unix_ms, |last_ms| unix_ms.max(last_ms));
        self.put(group, stream, unix_ms, [(unix_ms, text)]);
    }

    /// Adds lines, each with its time, to a stream; it and its group are made if need be. Says whether they were taken: there
    /// are only so many groups.
    pub fn put<'l>(
        &self,
        group: &str,
        stream: &str,
        now_ms: u64,
        lines: impl IntoIterator<Item = (u64, &'l [u8])>,
    ) -> bool {
        let mut state = self.state();
        if !state.groups.contains_key(group)
            && self.make_group(&mut state, group, now_ms, false).is_err()
        {
            return false;
        }
        // What the disk does not take is in memory.
        let _ = state.put(group, stream, now_ms, self.bytes.of(group), lines);
        true
    }

    /// Adds events to a stream that is there.
    ///
    /// # Errors
    /// [`LogError`] when there is no such group or stream, or the disk does not take them.
    pub fn put_into<'l>(
        &self,
        group: &str,
        stream: &str,
        now_ms: u64,
        lines: impl IntoIterator<Item = (u64, &'l [u8])>,
    ) -> Result<(), LogError> {
        let mut state = self.state();
        let known = state.groups.get(group).ok_or(LogError::NoGroup)?;
        if !known.has_stream(stream) {
            return Err(LogError::NoStream);
        }
        state.put(group, stream, now_ms, self.bytes.of(group), lines)
    }

    /// Makes a group where there is none. Nobody waits for the disk: a power loss may take its age.
    pub fn ensure_group(&self, name: &str, now_ms: u64) {
        let mut state = self.state();
        if !state.groups.contains_key(name) {
            // There is nobody to tell of one too many; what is written to it is dropped.
            let _ = self.make_group(&mut state, name, now_ms, false);
        }
    }

    /// Makes a group.
    ///
    /// # Errors
    /// [`LogError`] when it is there already, is one too many, or the disk refuses.
    pub fn create_group(
        &self,
        name: &str,
        now_ms: u64,
        tags: BTreeMap<String, String>,
    ) -> Result<(), LogError> {
        let mut state = self.state();
        if state.groups.contains_key(name) {
            return Err(LogError::GroupExists);
        }
        self.make_group(&mut state, name, now_ms, true)?;
        if tags.is_empty() {
            return Ok(());
        }
        let group = state.groups.get_mut(name).ok_or(LogError::NoGroup)?;
        group.change(|metadata| metadata.tags = tags)
    }

    /// Forgets a group and all in it. Who still writes to it makes it anew.
    ///
    /// # Errors
    /// [`LogError`] when there is none, or the disk refuses.
    pub fn delete_group(&self, name: &str) -> Result<(), LogError> {
        let mut state = self.state();
        if !state.groups.contains_key(name) {
            return Err(LogError::NoGroup);
        }
        if let Some(directory) = &self.directory {
            disk::delete(directory, &name_of(name)).map_err(LogError::Disk)?;
        }
        if let Some(group) = state.groups.remove(name) {
            state.bytes -= group.bytes;
        }
        Ok(())
    }

    /// Changes how long a group keeps its events.
    ///
    /// # Errors
    /// [`LogError`] when there is none, or the disk refuses.
    pub fn set_retention(&self, name: &str, days: Option<u32>) -> Result<(), LogError> {
        self.change(name, |metadata| metadata.retention_days = days)
    }

    /// Changes the tags of a group.
    ///
    /// # Errors
    /// [`LogError`] when there is none, or the disk refuses.
    pub fn change_tags(
        &self,
        name: &str,
        change: impl FnOnce(&mut BTreeMap<String, String>),
    ) -> Result<(), LogError> {
        self.change(name, |metadata| change(&mut metadata.tags))
    }

    /// Makes a stream.
    ///
    /// # Errors
    /// [`LogError`] when there is no such group, the stream is there already or one too many, or the disk refuses.
    pub fn create_stream(&self, group: &str, stream: &str, now_ms: u64) -> Result<(), LogError> {
        let mut state = self.state();
        let group = state.groups.get_mut(group).ok_or(LogError::NoGroup)?;
        if group.has_stream(stream) {
            return Err(LogError::StreamExists);
        }
        if group.metadata.streams.len() >= LOG_STREAMS_MAX {
            return Err(LogError::TooManyStreams);
        }
        group.change(|metadata| {
            metadata.streams.insert(stream.to_owned(), now_ms);
        })?;
        group.know_stream(stream, now_ms);
        Ok(())
    }

    /// Forgets a stream and its events.
    ///
    /// # Errors
    /// [`LogError`] when there is no such group or stream, or the disk refuses.
    pub fn delete_stream(&self, group: &str, stream: &str) -> Result<(), LogError> {
        let mut state = self.state();
        let next_sequence = state.next_sequence;
        let group = state.groups.get_mut(group).ok_or(LogError::NoGroup)?;
        let before = group.bytes;
        group.delete_stream(stream, next_sequence)?;
        let freed = before - group.bytes;
        state.bytes -= freed;
        Ok(())
    }

    /// All groups, by name.
    pub fn groups(&self) -> Vec<LogGroup> {
        let state = self.state();
        state.groups.iter().map(|(name, group)| group.shown(name)).collect()
    }

    /// A group.
    pub fn group(&self, name: &str) -> Option<LogGroup> {
        self.state().groups.get(name).map(|group| group.shown(name))
    }

    /// The streams of a group, by name.
    pub fn streams(&self, group: &str) -> Option<Vec<LogStream>> {
        self.state().groups.get(group).map(Group::streams)
    }

    /// Events of a group, as far as one call looks.
    ///
    /// # Errors
    /// [`LogError::NoGroup`], or [`LogError::NoStream`] where one stream is asked for that is not there.
    pub fn read(&self, group: &str, query: &LogQuery<'_>) -> Result<LogPage, LogError> {
        let state = self.state();
        state.groups.get(group).ok_or(LogError::NoGroup)?.read(query)
    }

    /// Lets events go that are older than their groups keep them.
    pub fn sweep(&self, now_ms: u64) {
        let mut state = self.state();
        let mut freed = 0;
        for group in state.groups.values_mut() {
            freed += group.sweep(now_ms);
        }
        state.bytes -= freed;
    }

    /// The last `count` lines of a group, oldest first; `None` when there is no such group.
    pub fn tail(&self, group: &str, count: usize) -> Option<Vec<LogEntry>> {
        let state = self.state();
        Some(state.groups.get(group)?.tail(count))
    }

    /// The names of all groups.
    pub fn names(&self) -> Vec<String> {
        self.state().groups.keys().map(|name| name.to_string()).collect()
    }

    /// Lines of a group that went because there were too many; of this process.
    pub fn dropped(&self, group: &str) -> u64 {
        self.state().groups.get(group).map_or(0, |group| group.dropped)
    }

    fn make_group(
        &self,
        state: &mut State,
        name: &str,
        now_ms: u64,
        is_synced: bool,
    ) -> Result<(), LogError> {
        if state.groups.len() >= LOG_GROUPS_MAX {
            return Err(LogError::TooManyGroups);
        }
        let path = self.directory.as_ref().map(|path| path.join(name_of(name)));
        let group = Group::new(path, now_ms);
        match group.save(is_synced) {
            Err(error) if is_synced => return Err(error),
            // A group that is made on demand is there all the same.
            _ => {}
        }
        state.groups.insert(name.into(), group);
        Ok(())
    }

    fn change(&self, name: &str, change: impl FnOnce(&mut Metadata)) -> Result<(), LogError> {
        let mut state = self.state();
        state.groups.get_mut(name).ok_or(LogError::NoGroup)?.change(change)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl LogBytes {
    fn of(self, group: &str) -> usize {
        if group.starts_with(FUNCTIONS) { self.function } else { self.group }
    }
}

impl State {
    fn put<'l>(
        &mut self,
        group: &str,
        stream: &str,
        now_ms: u64,
        bytes_max: usize,
        lines: impl IntoIterator<Item = (u64, &'l [u8])>,
    ) -> Result<(), LogError> {
        let group = self.groups.get_mut(group).ok_or(LogError::NoGroup)?;
        let before = group.bytes;
        let put = group.put(stream, now_ms, bytes_max, &mut self.next_sequence, lines);
        self.bytes = self.bytes - before + group.bytes;
        self.keep_within(LOG_BYTES_MAX);
        put
    }

    /// Takes from the largest groups what is too much for all of them.
    fn keep_within(&mut self, bytes_max: usize) {
        while self.bytes > bytes_max {
            let largest = self.groups.values_mut().max_by_key(|group| group.bytes);
            let Some(largest) = largest else { return };
            // A piece at a time, so that the largest is not looked for at each line.
            let piece = (largest.bytes / 16).max(1);
            let freed = largest.keep_within(largest.bytes - piece);
            if freed == 0 {
                return;
            }
            self.bytes -= freed;
        }
    }
}

#[cfg(test)]
mod tests;
