//! Logs of functions: what was said last, in memory and on disk.
//!
//! A group (`/aws/lambda/NAME`) keeps at most a number of bytes. In memory that is a queue from which the oldest
//! line goes first. On disk it is two files of half as much each, one JSON object a line:
//! `current.log` takes lines until it is full and becomes `previous.log` then. Opening reads both back.
//!
//! Lines are in the kernel's hands when [`LogStore::append`] returns, so that they outlive a `kill -9`; a power
//! loss may take the last ones. A line that a crash cut in two is left out when it is read. A disk that refuses is
//! said once and costs nothing but what it does not take.

use std::collections::{BTreeMap, VecDeque};
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::error::StoreError;
use crate::limits::{LOG_GROUPS_MAX, LOG_LINE_OVERHEAD_BYTES};

const CURRENT: &str = "current.log";
const PREVIOUS: &str = "previous.log";

/// One line of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogEntry {
    /// When it was written, in milliseconds since 1970.
    pub unix_ms: u64,
    /// The log stream, e.g. of one environment.
    pub stream: Arc<str>,
    /// The line, without its end.
    pub text: Box<str>,
}

/// All groups. Shared by whoever writes and whoever reads; each call holds its lock for one line or one
/// copy.
#[derive(Debug)]
pub struct LogStore {
    directory: Option<PathBuf>,
    bytes_max: usize,
    groups: Mutex<BTreeMap<Box<str>, Group>>,
}

#[derive(Debug, Default)]
struct Group {
    entries: VecDeque<LogEntry>,
    bytes: usize,
    /// Lines that went because there were too many.
    dropped: u64,
    disk: Option<Disk>,
}

#[derive(Debug)]
struct Disk {
    directory: PathBuf,
    current: Option<File>,
    current_bytes: usize,
    has_failed: bool,
}

impl LogStore {
    /// A store of logs in memory, `bytes_max` for each group.
    pub fn in_memory(bytes_max: usize) -> Self {
        Self { directory: None, bytes_max, groups: Mutex::default() }
    }

    /// A store of logs under `directory`, with what is there already.
    ///
    /// # Errors
    /// [`StoreError::Directory`] when it cannot be made or read.
    pub fn open(directory: &Path, bytes_max: usize) -> Result<Self, StoreError> {
        let refused = |source| StoreError::Directory { path: directory.to_owned(), source };
        fs::create_dir_all(directory).map_err(refused)?;
        let mut groups = BTreeMap::new();
        for entry in fs::read_dir(directory).map_err(refused)? {
            let path = entry.map_err(refused)?.path();
            let name = path.file_name().and_then(|name| name.to_str()).and_then(group_of);
            let Some(name) = name.filter(|_| groups.len() < LOG_GROUPS_MAX) else { continue };
            groups.insert(name.into(), Group::open(path, bytes_max));
        }
        let directory = Some(directory.to_owned());
        Ok(Self { directory, bytes_max, groups: Mutex::new(groups) })
    }

    /// Adds a line to a group, which is made if need be.
    pub fn append(&self, group: &str, stream: &str, unix_ms: u64, text: &[u8]) {
        let mut groups = self.groups();
        if !groups.contains_key(group) {
            if groups.len() >= LOG_GROUPS_MAX {
                return;
            }
            let disk = self.directory.as_ref().map(|path| Disk::new(path.join(name_of(group))));
            groups.insert(group.into(), Group { disk, ..Group::default() });
        }
        let Some(group) = groups.get_mut(group) else { return };
        // Lines of one stream come in a row: they share its name.
        let stream = match group.entries.back() {
            Some(last) if &*last.stream == stream => last.stream.clone(),
            _ => stream.into(),
        };
        let text = String::from_utf8_lossy(text).into_owned().into_boxed_str();
        let entry = LogEntry { unix_ms, stream, text };
        if let Some(disk) = &mut group.disk {
            disk.write(&entry, self.bytes_max / 2);
        }
        group.push(entry, self.bytes_max);
    }

    /// The last `count` lines of a group, oldest first; `None` when there is no such group.
    pub fn tail(&self, group: &str, count: usize) -> Option<Vec<LogEntry>> {
        let groups = self.groups();
        let entries = &groups.get(group)?.entries;
        Some(entries.range(entries.len().saturating_sub(count)..).cloned().collect())
    }

    /// The names of all groups.
    pub fn names(&self) -> Vec<String> {
        self.groups().keys().map(|name| name.to_string()).collect()
    }

    /// Lines of a group that went because there were too many; of this process.
    pub fn dropped(&self, group: &str) -> u64 {
        self.groups().get(group).map_or(0, |group| group.dropped)
    }

    fn groups(&self) -> MutexGuard<'_, BTreeMap<Box<str>, Group>> {
        self.groups.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Group {
    fn open(directory: PathBuf, bytes_max: usize) -> Self {
        let mut group = Self::default();
        for name in [PREVIOUS, CURRENT] {
            let Ok(file) = File::open(directory.join(name)) else { continue };
            let mut reader = BufReader::new(file);
            let mut line = Vec::new();
            while matches!(reader.read_until(b'\n', &mut line), Ok(read) if read > 0) {
                if let Some(entry) = parse(&line) {
                    group.push(entry, bytes_max);
                }
                line.clear();
            }
        }
        group.dropped = 0;
        group.disk = Some(Disk::new(directory));
        group
    }

    fn push(&mut self, entry: LogEntry, bytes_max: usize) {
        self.bytes += cost(&entry);
        self.entries.push_back(entry);
        while self.bytes > bytes_max && self.entries.len() > 1 {
            let Some(oldest) = self.entries.pop_front() else { break };
            self.bytes -= cost(&oldest);
            self.dropped += 1;
        }
    }
}

fn cost(entry: &LogEntry) -> usize {
    entry.text.len() + LOG_LINE_OVERHEAD_BYTES
}

impl Disk {
    fn new(directory: PathBuf) -> Self {
        Self { directory, current: None, current_bytes: 0, has_failed: false }
    }

    fn write(&mut self, entry: &LogEntry, bytes_max: usize) {
        if self.has_failed {
            return;
        }
        let mut line = serde_json::json!({
            "timestamp": entry.unix_ms,
            "stream": &*entry.stream,
            "message": &*entry.text,
        })
        .to_string();
        line.push('\n');
        if let Err(error) = self.try_write(line.as_bytes(), bytes_max) {
            self.has_failed = true;
            let path = self.directory.display();
            tracing::error!(%path, %error, "A function's log is kept in memory only from now on");
        }
    }

    fn try_write(&mut self, line: &[u8], bytes_max: usize) -> io::Result<()> {
        let path = self.directory.join(CURRENT);
        if self.current.is_some() && self.current_bytes + line.len() > bytes_max {
            self.current = None;
            fs::rename(&path, self.directory.join(PREVIOUS))?;
        }
        let file = match &mut self.current {
            Some(file) => file,
            None => {
                fs::create_dir_all(&self.directory)?;
                let mut file = OpenOptions::new().append(true).create(true).open(&path)?;
                self.current_bytes = usize::try_from(file.metadata()?.len()).unwrap_or(usize::MAX);
                // What a crash cut in two must not swallow the line behind it.
                if self.current_bytes > 0 && !ends_with_newline(&path)? {
                    file.write_all(b"\n")?;
                    self.current_bytes += 1;
                }
                self.current.insert(file)
            }
        };
        file.write_all(line)?;
        self.current_bytes = self.current_bytes.saturating_add(line.len());
        Ok(())
    }
}

fn ends_with_newline(path: &Path) -> io::Result<bool> {
    use std::io::{Read, Seek, SeekFrom};
    let mut file = File::open(path)?;
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    Ok(last == *b"\n")
}

fn parse(line: &[u8]) -> Option<LogEntry> {
    let value: serde_json::Value = serde_json::from_slice(line).ok()?;
    Some(LogEntry {
        unix_ms: value.get("timestamp")?.as_u64()?,
        stream: value.get("stream")?.as_str()?.into(),
        text: value.get("message")?.as_str()?.into(),
    })
}

/// A directory's name for a group: what is not a letter, digit, `-` or `_` is `%XX`.
fn name_of(group: &str) -> String {
    let mut name = String::with_capacity(group.len());
    for byte in group.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' => name.push(char::from(byte)),
            _ => name.push_str(&format!("%{byte:02X}")),
        }
    }
    name
}

/// The group of a directory's name, if it is one of ours.
fn group_of(name: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(name.len());
    let mut rest = name.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        match first {
            b'%' => {
                let digits = std::str::from_utf8(after.get(..2)?).ok()?;
                bytes.push(u8::from_str_radix(digits, 16).ok()?);
                rest = &after[2..];
            }
            byte => bytes.push(*byte),
        }
    }
    String::from_utf8(bytes).ok().filter(|group| name_of(group) == name)
}

#[cfg(test)]
mod tests;
