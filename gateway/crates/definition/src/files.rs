//! Code of functions on this machine: whether it is there, and whether it changed.
//!
//! This is the one place of the crate that does I/O of its own, and only where
//! [`crate::Options::reads_function_code`] lets it. It looks at names, sizes and times; it reads no code but
//! the four bytes that tell a zip file.

use crate::limits::{CODE_DEPTH_MAX, CODE_FILES_MAX};
use std::fmt;
use std::fs::{self, Metadata};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

/// Why code cannot be used.
#[derive(Debug)]
pub(crate) enum CodeError {
    /// There is no such file or directory, or it may not be read.
    Io(io::Error),
    /// A file that is no zip file, a pipe …
    NotCode,
    /// More than [`CODE_FILES_MAX`] files.
    TooMany,
    /// Directories in directories, more than [`CODE_DEPTH_MAX`].
    TooDeep,
}

impl fmt::Display for CodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) if error.kind() == io::ErrorKind::NotFound => {
                f.write_str("there is no such directory or zip file")
            }
            Self::Io(error) => write!(f, "it cannot be read ({error})"),
            Self::NotCode => f.write_str("it is neither a directory nor a zip file"),
            Self::TooMany => write!(f, "it has more than {CODE_FILES_MAX} files"),
            Self::TooDeep => {
                write!(f, "its directories are nested more than {CODE_DEPTH_MAX} deep")
            }
        }
    }
}

/// A number that changes when a file of the code comes, goes, or changes its size or its time.
///
/// Files count in the order of their names, so that the order of a directory does not matter. Symbolic
/// links to files are followed; links to directories count as what they are, so that no loop is walked.
pub(crate) fn fingerprint(path: &Path) -> Result<u64, CodeError> {
    let metadata = fs::metadata(path).map_err(CodeError::Io)?;
    let mut hash = Fnv::default();
    if metadata.is_file() {
        if !is_zip(path).map_err(CodeError::Io)? {
            return Err(CodeError::NotCode);
        }
        hash.file(Path::new(""), &metadata);
        return Ok(hash.0);
    }
    if !metadata.is_dir() {
        return Err(CodeError::NotCode);
    }
    let mut count = 0;
    let mut waiting: Vec<(PathBuf, usize)> = vec![(PathBuf::new(), 0)];
    let mut files = Vec::new();
    while let Some((below, depth)) = waiting.pop() {
        if depth > CODE_DEPTH_MAX {
            return Err(CodeError::TooDeep);
        }
        for entry in fs::read_dir(path.join(&below)).map_err(CodeError::Io)? {
            let entry = entry.map_err(CodeError::Io)?;
            count += 1;
            if count > CODE_FILES_MAX {
                return Err(CodeError::TooMany);
            }
            let name = below.join(entry.file_name());
            let kind = entry.file_type().map_err(CodeError::Io)?;
            if kind.is_dir() {
                waiting.push((name, depth + 1));
                continue;
            }
            // A link that leads nowhere counts as the link, and a file that has gone counts as nothing.
            let metadata = fs::metadata(entry.path()).or_else(|_| entry.metadata());
            if let Ok(metadata) = metadata {
                files.push((name, metadata));
            }
        }
    }
    files.sort_by(|(a, _), (b, _)| a.cmp(b));
    for (name, metadata) in &files {
        hash.file(name, metadata);
    }
    Ok(hash.0)
}

fn is_zip(path: &Path) -> io::Result<bool> {
    let mut first = [0; 4];
    let mut file = fs::File::open(path)?;
    match file.read_exact(&mut first) {
        // The second is a zip file without entries.
        Ok(()) => Ok(first == *b"PK\x03\x04" || first == *b"PK\x05\x06"),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

/// FNV-1a of 64 bits.
struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Fnv {
    fn bytes(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }

    fn file(&mut self, name: &Path, metadata: &Metadata) {
        let modified = metadata.modified().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
        let modified_ns = modified.map_or(0, |since| since.as_nanos());
        self.bytes(name.as_os_str().as_encoded_bytes());
        self.bytes(&[0]);
        self.bytes(&metadata.len().to_le_bytes());
        self.bytes(&modified_ns.to_le_bytes());
        self.bytes(&[u8::from(metadata.is_dir())]);
    }
}

#[cfg(test)]
mod tests;
