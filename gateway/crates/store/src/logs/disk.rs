//! A group's directory.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::LogEntry;
use super::metadata::Metadata;
use crate::limits::LOG_METADATA_BYTES_MAX;

pub(super) const CURRENT: &str = "current.log";
pub(super) const PREVIOUS: &str = "previous.log";
pub(super) const METADATA: &str = "group.json";

/// What a group's directory is called once it is deleted. No group has such a name: a dot is written as `%2E`.
const DELETED: &str = ".deleted";

/// The largest sequence that a line may have, so that counting on never ends.
pub(super) const SEQUENCE_MAX: u64 = u64::MAX / 2;

/// A line of a file.
pub(super) struct Line {
    pub(super) unix_ms: u64,
    pub(super) ingestion_ms: u64,
    /// Lines of older versions have none.
    pub(super) sequence: Option<u64>,
    pub(super) stream: String,
    pub(super) text: String,
}

impl Line {
    fn parse(line: &[u8]) -> Option<Self> {
        let value: serde_json::Value = serde_json::from_slice(line).ok()?;
        let unix_ms = value.get("timestamp")?.as_u64()?;
        let number = |member: &str| value.get(member).and_then(serde_json::Value::as_u64);
        Some(Self {
            unix_ms,
            ingestion_ms: number("ingestion").unwrap_or(unix_ms),
            sequence: number("id").filter(|id| *id < SEQUENCE_MAX),
            stream: value.get("stream")?.as_str()?.to_owned(),
            text: value.get("message")?.as_str()?.to_owned(),
        })
    }

    pub(super) fn write(entry: &LogEntry, out: &mut Vec<u8>) {
        let line = serde_json::json!({
            "timestamp": entry.unix_ms,
            "ingestion": entry.ingestion_ms,
            "id": entry.position.sequence,
            "stream": &*entry.stream,
            "message": &*entry.text,
        });
        // Writing to memory does not fail.
        let _ = writeln!(out, "{line}");
    }
}

/// A group's directory, and the file that takes lines.
#[derive(Debug)]
pub(super) struct Disk {
    directory: PathBuf,
    current: Option<File>,
    current_bytes: usize,
    /// The newest event of each file, for knowing when it may go.
    current_newest_ms: u64,
    previous_newest_ms: Option<u64>,
    has_failed: bool,
}

impl Disk {
    pub(super) fn new(directory: PathBuf) -> Self {
        Self {
            directory,
            current: None,
            current_bytes: 0,
            current_newest_ms: 0,
            previous_newest_ms: None,
            has_failed: false,
        }
    }

    /// The metadata that are there; none of a group of an older version, or where they cannot be read.
    pub(super) fn metadata(&self) -> Option<Metadata> {
        let path = self.directory.join(METADATA);
        let mut document = Vec::new();
        let file = File::open(&path).ok()?;
        file.take(LOG_METADATA_BYTES_MAX).read_to_end(&mut document).ok()?;
        let metadata = Metadata::parse(&document);
        if metadata.is_none() {
            tracing::error!(path = %path.display(), "A log group's settings cannot be read and are the default");
        }
        metadata
    }

    /// Gives every line that is there, oldest first.
    pub(super) fn read(&mut self, mut take: impl FnMut(Line)) {
        for name in [PREVIOUS, CURRENT] {
            let Ok(file) = File::open(self.directory.join(name)) else { continue };
            let mut reader = BufReader::new(file);
            let (mut line, mut newest_ms) = (Vec::new(), 0);
            while matches!(reader.read_until(b'\n', &mut line), Ok(read) if read > 0) {
                if let Some(line) = Line::parse(&line) {
                    newest_ms = newest_ms.max(line.unix_ms);
                    take(line);
                }
                line.clear();
            }
            match name {
                CURRENT => self.current_newest_ms = newest_ms,
                _ => self.previous_newest_ms = Some(newest_ms),
            }
        }
    }

    /// Adds lines. After a failure there are none on the disk any more, until the next start.
    pub(super) fn append(
        &mut self,
        lines: &[u8],
        newest_ms: u64,
        bytes_max: usize,
    ) -> io::Result<()> {
        if self.has_failed {
            return Err(io::Error::other("the disk refused before"));
        }
        let appended = self.try_append(lines, newest_ms, bytes_max);
        if let Err(error) = &appended {
            self.has_failed = true;
            let path = self.directory.display();
            tracing::error!(%path, %error, "A log group is kept in memory only from now on");
        }
        appended
    }

    fn try_append(&mut self, lines: &[u8], newest_ms: u64, bytes_max: usize) -> io::Result<()> {
        let path = self.directory.join(CURRENT);
        if self.current.is_none() {
            fs::create_dir_all(&self.directory)?;
            self.open_current(&path)?;
        }
        if self.current_bytes > 0 && self.current_bytes.saturating_add(lines.len()) > bytes_max {
            self.rotate()?;
            self.open_current(&path)?;
        }
        if let Some(file) = &mut self.current {
            file.write_all(lines)?;
        }
        self.current_bytes = self.current_bytes.saturating_add(lines.len());
        self.current_newest_ms = self.current_newest_ms.max(newest_ms);
        Ok(())
    }

    fn open_current(&mut self, path: &Path) -> io::Result<()> {
        let mut file = OpenOptions::new().append(true).create(true).open(path)?;
        self.current_bytes = usize::try_from(file.metadata()?.len()).unwrap_or(usize::MAX);
        // What a crash cut in two must not swallow the line behind it.
        if self.current_bytes > 0 && !ends_with_newline(path)? {
            file.write_all(b"\n")?;
            self.current_bytes += 1;
        }
        self.current = Some(file);
        Ok(())
    }

    fn rotate(&mut self) -> io::Result<()> {
        self.current = None;
        fs::rename(self.directory.join(CURRENT), self.directory.join(PREVIOUS))?;
        self.previous_newest_ms = Some(std::mem::take(&mut self.current_newest_ms));
        self.current_bytes = 0;
        Ok(())
    }

    /// Removes files that have nothing newer than this. What cannot be removed is tried again later, and never shown.
    pub(super) fn sweep(&mut self, oldest_ms: u64) {
        let is_old = |newest_ms: u64| newest_ms > 0 && newest_ms < oldest_ms;
        if self.previous_newest_ms.is_some_and(is_old)
            && fs::remove_file(self.directory.join(PREVIOUS)).is_ok()
        {
            self.previous_newest_ms = None;
        }
        if is_old(self.current_newest_ms) && fs::remove_file(self.directory.join(CURRENT)).is_ok() {
            (self.current, self.current_bytes, self.current_newest_ms) = (None, 0, 0);
        }
    }

    /// Puts these lines in the place of all.
    pub(super) fn rewrite(&mut self, lines: &[u8], newest_ms: u64) -> io::Result<()> {
        self.replace(PREVIOUS, lines, true)?;
        self.current = None;
        match fs::remove_file(self.directory.join(CURRENT)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        sync(&self.directory)?;
        (self.current_bytes, self.current_newest_ms) = (0, 0);
        self.previous_newest_ms = Some(newest_ms);
        Ok(())
    }

    /// Puts the metadata on the disk; where it is synced they survive a power loss.
    pub(super) fn save(&self, metadata: &Metadata, is_synced: bool) -> io::Result<()> {
        fs::create_dir_all(&self.directory)?;
        self.replace(METADATA, &metadata.document(), is_synced)?;
        // The directory may be new.
        self.directory.parent().filter(|_| is_synced).map_or(Ok(()), sync)
    }

    fn replace(&self, name: &str, bytes: &[u8], is_synced: bool) -> io::Result<()> {
        let beside = self.directory.join(format!("{name}.new"));
        let mut file = File::create(&beside)?;
        file.write_all(bytes)?;
        if is_synced {
            file.sync_all()?;
        }
        fs::rename(&beside, self.directory.join(name))?;
        if is_synced { sync(&self.directory) } else { Ok(()) }
    }
}

/// Deletes a group's directory: at once by name, then what is in it.
pub(super) fn delete(root: &Path, name: &str) -> io::Result<()> {
    let mut number = 0_u32;
    let away = loop {
        let away = root.join(format!("{DELETED}{number}"));
        if !away.exists() {
            break away;
        }
        number += 1;
    };
    match fs::rename(root.join(name), &away) {
        // A group whose directory could never be made.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        renamed => renamed?,
    }
    sync(root)?;
    // What is left of it goes at the next start.
    let _ = fs::remove_dir_all(&away);
    Ok(())
}

/// Whether a directory is what is left of a deletion.
pub(super) fn is_deleted(name: &str) -> bool {
    name.starts_with(DELETED)
}

fn sync(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

fn ends_with_newline(path: &Path) -> io::Result<bool> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    Ok(last == *b"\n")
}
