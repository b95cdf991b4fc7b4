//! Metrics by the minute, in plain files: records that are only ever appended.
//!
//! A record is a mark, its length, a checksum and its bytes. Files are numbered; the newest takes records until it is full,
//! then the next begins and the oldest goes. A record that a crash cut in two, or that the disk spoilt, is left out when it
//! is read: the next mark begins the next record.
//!
//! A record is on the disk when [`MinuteStore::append`] returns.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use crate::StoreError;
use crate::limits::{MINUTE_FILE_BYTES_MAX, MINUTE_FILES_MAX, MINUTE_RECORD_BYTES_MAX};

/// The directory in the state directory.
pub const MINUTES_DIRECTORY_NAME: &str = "metrics";

/// What begins a record.
const MARK: [u8; 4] = [0xf5, b'm', b'i', b'n'];

/// A record's mark, length and checksum.
const HEAD_BYTES: usize = MARK.len() + 8;

/// Appends records of minutes.
#[derive(Debug)]
pub struct MinuteStore {
    directory: PathBuf,
    /// The number of the newest file.
    number: u64,
    /// Nothing before the first record, and after a failure.
    file: Option<File>,
    bytes: u64,
}

impl MinuteStore {
    /// Opens the records of a state directory; `visit` is told of each that is whole, oldest first.
    ///
    /// # Errors
    /// When the directory cannot be made or read.
    pub fn open(state: &Path, mut visit: impl FnMut(&[u8])) -> Result<Self, StoreError> {
        let directory = state.join(MINUTES_DIRECTORY_NAME);
        let refused = |source| StoreError::Directory { path: directory.clone(), source };
        DirBuilder::new().recursive(true).mode(0o700).create(&directory).map_err(refused)?;
        let numbers = numbers(&directory).map_err(refused)?;
        for number in &numbers {
            let path = directory.join(name_of(*number));
            let bytes = fs::read(&path).map_err(|source| StoreError::io(&path, "read", source))?;
            for_each_record(&bytes, &mut visit);
        }
        let number = numbers.last().copied().unwrap_or(1);
        Ok(Self { directory, number, file: None, bytes: 0 })
    }

    /// Appends a record.
    ///
    /// # Errors
    /// When the disk refuses; the next call tries anew.
    pub fn append(&mut self, record: &[u8]) -> Result<(), StoreError> {
        let appended = self.try_append(record);
        if appended.is_err() {
            self.file = None;
        }
        appended.map_err(|source| StoreError::io(&self.path(), "write", source))
    }

    fn try_append(&mut self, record: &[u8]) -> io::Result<()> {
        if record.len() > MINUTE_RECORD_BYTES_MAX {
            return Err(io::Error::other("the record of a minute is too long"));
        }
        let framed = framed(record);
        let (mut file, bytes) = self.current()?;
        if bytes > 0 && bytes + framed.len() as u64 > MINUTE_FILE_BYTES_MAX {
            self.number += 1;
            (file, self.bytes) = open(&self.path())?;
            File::open(&self.directory)?.sync_all()?;
            self.forget_oldest()?;
        }
        file.write_all(&framed)?;
        file.sync_data()?;
        self.bytes += framed.len() as u64;
        self.file = Some(file);
        Ok(())
    }

    /// The newest file and its length.
    fn current(&mut self) -> io::Result<(File, u64)> {
        if let Some(file) = self.file.take() {
            return Ok((file, self.bytes));
        }
        let (file, bytes) = open(&self.path())?;
        self.bytes = bytes;
        Ok((file, bytes))
    }

    fn forget_oldest(&self) -> io::Result<()> {
        let numbers = numbers(&self.directory)?;
        let surplus = numbers.len().saturating_sub(MINUTE_FILES_MAX);
        numbers
            .iter()
            .take(surplus)
            .try_for_each(|number| fs::remove_file(self.directory.join(name_of(*number))))
    }

    fn path(&self) -> PathBuf {
        self.directory.join(name_of(self.number))
    }
}

fn open(path: &Path) -> io::Result<(File, u64)> {
    let file = OpenOptions::new().append(true).create(true).mode(0o600).open(path)?;
    let bytes = file.metadata()?.len();
    Ok((file, bytes))
}

fn name_of(number: u64) -> String {
    format!("{number:010}.minutes")
}

/// The numbers of all files, ascending.
fn numbers(directory: &Path) -> io::Result<Vec<u64>> {
    let mut numbers = Vec::new();
    for entry in fs::read_dir(directory)? {
        let name = entry?.file_name();
        let number =
            name.to_str().and_then(|name| name.strip_suffix(".minutes")?.parse::<u64>().ok());
        numbers.extend(number);
    }
    numbers.sort_unstable();
    Ok(numbers)
}

fn framed(record: &[u8]) -> Vec<u8> {
    let mut framed = Vec::with_capacity(HEAD_BYTES + record.len());
    framed.extend_from_slice(&MARK);
    framed.extend_from_slice(&(record.len() as u32).to_le_bytes());
    framed.extend_from_slice(&checksum(record).to_le_bytes());
    framed.extend_from_slice(record);
    framed
}

/// Tells `visit` of each whole record in the bytes of a file.
pub fn for_each_record(bytes: &[u8], mut visit: impl FnMut(&[u8])) {
    let mut rest = bytes;
    while let Some(at) = rest.windows(MARK.len()).position(|window| window == MARK) {
        rest = &rest[at..];
        match record(rest) {
            Some(record) => {
                visit(record);
                rest = &rest[HEAD_BYTES + record.len()..];
            }
            // No record after all, or a spoilt one: it ends where the next begins.
            None => rest = &rest[MARK.len()..],
        }
    }
}

/// The record that begins here, if it is whole.
fn record(bytes: &[u8]) -> Option<&[u8]> {
    let word = |at: usize| Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
    let (len, sum) = (word(MARK.len())? as usize, word(MARK.len() + 4)?);
    if len > MINUTE_RECORD_BYTES_MAX {
        return None;
    }
    let record = bytes.get(HEAD_BYTES..HEAD_BYTES + len)?;
    (checksum(record) == sum).then_some(record)
}

const TABLE: [u32; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut value = byte as u32;
        let mut bit = 0;
        while bit < 8 {
            value = if value & 1 == 1 { 0xedb8_8320 ^ (value >> 1) } else { value >> 1 };
            bit += 1;
        }
        table[byte] = value;
        byte += 1;
    }
    table
};

/// CRC-32 as in zip files.
fn checksum(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |sum, byte| TABLE[usize::from(sum as u8 ^ byte)] ^ (sum >> 8))
}

#[cfg(test)]
mod tests;
