//! One group: its events by time, and what follows from them for its streams.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use super::disk::{Disk, Line};
use super::metadata::Metadata;
use super::query::oldest_ms;
use super::{LogEntry, LogError, LogGroup, LogPosition, LogStream};
use crate::limits::{LOG_DELETED_STREAMS_MAX, LOG_LINE_OVERHEAD_BYTES};

#[derive(Debug, Default)]
pub(super) struct Group {
    pub(super) entries: BTreeMap<LogPosition, Kept>,
    streams: BTreeMap<Arc<str>, Stream>,
    pub(super) metadata: Metadata,
    /// What the events cost.
    pub(super) bytes: usize,
    /// Lines that went because there were too many.
    pub(super) dropped: u64,
    disk: Option<Disk>,
}

/// An event that is kept, but for its position.
#[derive(Debug)]
pub(super) struct Kept {
    ingestion_ms: u64,
    pub(super) stream: Arc<str>,
    text: Arc<str>,
}

impl Kept {
    pub(super) fn entry(&self, position: LogPosition) -> LogEntry {
        let Self { ingestion_ms, stream, text } = self;
        LogEntry {
            position,
            unix_ms: position.unix_ms,
            ingestion_ms: *ingestion_ms,
            stream: stream.clone(),
            text: text.clone(),
        }
    }

    fn cost(&self) -> usize {
        self.text.len() + LOG_LINE_OVERHEAD_BYTES
    }
}

#[derive(Debug)]
struct Stream {
    created_ms: u64,
    first_ms: Option<u64>,
    last_ms: Option<u64>,
    ingestion_ms: Option<u64>,
    /// Events that are kept.
    count: usize,
}

impl Group {
    /// An empty group; nothing is on the disk yet.
    pub(super) fn new(directory: Option<PathBuf>, now_ms: u64) -> Self {
        let metadata = Metadata { created_ms: now_ms, ..Metadata::default() };
        Self { metadata, disk: directory.map(Disk::new), ..Self::default() }
    }

    /// A group as it is on the disk.
    pub(super) fn open(directory: PathBuf, bytes_max: usize, next_sequence: &mut u64) -> Self {
        let mut disk = Disk::new(directory);
        let metadata = disk.metadata();
        let has_metadata = metadata.is_some();
        let mut group = Self { metadata: metadata.unwrap_or_default(), ..Self::default() };
        // Streams without lines count as well.
        for sequence in group.metadata.deleted.values() {
            *next_sequence = (*next_sequence).max(*sequence);
        }
        // Lines of older versions are counted from the start, which is before all that have a sequence.
        let mut unnumbered = 0;
        disk.read(|line| {
            let sequence = line.sequence.unwrap_or_else(|| {
                unnumbered += 1;
                unnumbered - 1
            });
            *next_sequence = (*next_sequence).max(sequence + 1);
            if group.metadata.is_deleted(&line.stream, sequence) {
                return;
            }
            let position = LogPosition { unix_ms: line.unix_ms, sequence };
            let Line { ingestion_ms, stream, text, .. } = line;
            let stream = group.know_stream(&stream, ingestion_ms);
            group.keep(position, Kept { ingestion_ms, stream, text: text.into() });
            group.keep_within(bytes_max);
        });
        if !has_metadata {
            let oldest = group.entries.values().map(|kept| kept.ingestion_ms).min();
            group.metadata.created_ms = oldest.unwrap_or_default();
        }
        let made = group.metadata.streams.clone();
        for (name, created_ms) in made {
            group.know_stream(&name, created_ms);
        }
        group.dropped = 0;
        group.disk = Some(disk);
        group
    }

    /// The time of a stream's latest event.
    pub(super) fn last_ms(&self, stream: &str) -> Option<u64> {
        self.streams.get(stream).and_then(|stream| stream.last_ms)
    }

    /// Adds lines to a stream.
    pub(super) fn put<'l>(
        &mut self,
        stream: &str,
        now_ms: u64,
        bytes_max: usize,
        next_sequence: &mut u64,
        lines: impl IntoIterator<Item = (u64, &'l [u8])>,
    ) -> Result<(), LogError> {
        let stream = self.know_stream(stream, now_ms);
        let mut written = Vec::new();
        let mut newest_ms = 0;
        for (unix_ms, text) in lines {
            let position = LogPosition { unix_ms, sequence: *next_sequence };
            *next_sequence += 1;
            let text: Arc<str> = String::from_utf8_lossy(text).into();
            let kept = Kept { ingestion_ms: now_ms, stream: stream.clone(), text };
            if self.disk.is_some() {
                Line::write(&kept.entry(position), &mut written);
            }
            newest_ms = newest_ms.max(unix_ms);
            self.keep(position, kept);
        }
        let put = match &mut self.disk {
            Some(disk) => disk.append(&written, newest_ms, bytes_max / 2).map_err(LogError::Disk),
            None => Ok(()),
        };
        self.keep_within(bytes_max);
        put
    }

    /// Takes an event up.
    fn keep(&mut self, position: LogPosition, kept: Kept) {
        if let Some(stream) = self.streams.get_mut(&kept.stream) {
            let at = position.unix_ms;
            stream.first_ms = Some(stream.first_ms.map_or(at, |first| first.min(at)));
            stream.last_ms = Some(stream.last_ms.map_or(at, |last| last.max(at)));
            stream.ingestion_ms = stream.ingestion_ms.max(Some(kept.ingestion_ms));
            stream.count += 1;
        }
        self.bytes += kept.cost();
        // A line that is on the disk twice counts once.
        if let Some(before) = self.entries.insert(position, kept) {
            self.forget(&before);
        }
    }

    /// Lets the oldest events go until the rest fits, all but one; says what that frees.
    pub(super) fn keep_within(&mut self, bytes_max: usize) -> usize {
        let before = self.bytes;
        while self.bytes > bytes_max && self.entries.len() > 1 {
            let Some((_, oldest)) = self.entries.pop_first() else { break };
            self.forget(&oldest);
            self.dropped += 1;
        }
        before - self.bytes
    }

    /// Lets events go that are too old; says what that frees.
    pub(super) fn sweep(&mut self, now_ms: u64) -> usize {
        let before = self.bytes;
        let oldest_ms = oldest_ms(self.metadata.retention_days, now_ms);
        while self.entries.first_key_value().is_some_and(|(at, _)| at.unix_ms < oldest_ms) {
            let Some((_, oldest)) = self.entries.pop_first() else { break };
            self.forget(&oldest);
        }
        if let Some(disk) = &mut self.disk {
            disk.sweep(oldest_ms);
        }
        before - self.bytes
    }

    /// An event is gone. A stream goes with its last one, unless it was made by name.
    fn forget(&mut self, kept: &Kept) {
        self.bytes -= kept.cost();
        if let Some(stream) = self.streams.get_mut(&kept.stream) {
            stream.count -= 1;
            if stream.count == 0 && !self.metadata.streams.contains_key(&*kept.stream) {
                self.streams.remove(&kept.stream);
            }
        }
    }

    /// A stream of this name, which is made if need be; its name, shared.
    pub(super) fn know_stream(&mut self, name: &str, now_ms: u64) -> Arc<str> {
        if let Some((known, _)) = self.streams.get_key_value(name) {
            return known.clone();
        }
        let name: Arc<str> = name.into();
        let created_ms = self.metadata.streams.get(&*name).copied().unwrap_or(now_ms);
        let stream =
            Stream { created_ms, first_ms: None, last_ms: None, ingestion_ms: None, count: 0 };
        self.streams.insert(name.clone(), stream);
        name
    }

    pub(super) fn has_stream(&self, name: &str) -> bool {
        self.streams.contains_key(name)
    }

    pub(super) fn delete_stream(&mut self, name: &str, next_sequence: u64) -> Result<(), LogError> {
        if !self.has_stream(name) {
            return Err(LogError::NoStream);
        }
        self.change(|metadata| {
            metadata.streams.remove(name);
            metadata.deleted.insert(name.to_owned(), next_sequence);
        })?;
        let of_stream = self.entries.extract_if(.., |_, kept| &*kept.stream == name);
        let gone: Vec<Kept> = of_stream.map(|(_, kept)| kept).collect();
        gone.iter().for_each(|kept| self.forget(kept));
        self.streams.remove(name);
        if self.metadata.deleted.len() > LOG_DELETED_STREAMS_MAX {
            self.compact()?;
        }
        Ok(())
    }

    /// Writes the events anew, so that streams that were deleted need not be remembered.
    fn compact(&mut self) -> Result<(), LogError> {
        if let Some(disk) = &mut self.disk {
            let mut lines = Vec::new();
            for (position, kept) in &self.entries {
                Line::write(&kept.entry(*position), &mut lines);
            }
            let newest_ms = self.entries.last_key_value().map_or(0, |(at, _)| at.unix_ms);
            disk.rewrite(&lines, newest_ms).map_err(LogError::Disk)?;
        }
        self.change(|metadata| metadata.deleted.clear())
    }

    /// Changes the metadata once the disk has them.
    pub(super) fn change(&mut self, change: impl FnOnce(&mut Metadata)) -> Result<(), LogError> {
        let before = self.metadata.clone();
        change(&mut self.metadata);
        self.save(true).inspect_err(|_| self.metadata = before)
    }

    /// Puts the metadata on the disk, perhaps for good.
    pub(super) fn save(&self, is_synced: bool) -> Result<(), LogError> {
        let Some(disk) = &self.disk else { return Ok(()) };
        disk.save(&self.metadata, is_synced).map_err(LogError::Disk)
    }

    pub(super) fn tail(&self, count: usize) -> Vec<LogEntry> {
        let newest = self.entries.iter().rev().take(count);
        let mut entries: Vec<_> = newest.map(|(at, kept)| kept.entry(*at)).collect();
        entries.reverse();
        entries
    }

    pub(super) fn shown(&self, name: &str) -> LogGroup {
        let overhead = self.entries.len() * LOG_LINE_OVERHEAD_BYTES;
        LogGroup {
            name: name.to_owned(),
            created_ms: self.metadata.created_ms,
            retention_days: self.metadata.retention_days,
            bytes: (self.bytes - overhead) as u64,
            tags: self.metadata.tags.clone(),
        }
    }

    pub(super) fn streams(&self) -> Vec<LogStream> {
        let shown = |(name, stream): (&Arc<str>, &Stream)| LogStream {
            name: name.clone(),
            created_ms: stream.created_ms,
            first_ms: stream.first_ms,
            last_ms: stream.last_ms,
            ingestion_ms: stream.ingestion_ms,
        };
        self.streams.iter().map(shown).collect()
    }
}
