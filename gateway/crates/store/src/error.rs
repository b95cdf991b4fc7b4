//! What can go wrong, where, and what to do about it.

use std::error::Error;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// Why counts could not be read or made durable. After each of them the store can be used on; the next
/// write opens the file anew.
#[derive(Debug)]
pub enum StoreError {
    /// The state directory cannot be created, or is not ours to write in.
    Directory {
        /// The directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Another process uses the state directory.
    InUse {
        /// The file that it holds locked.
        path: PathBuf,
    },
    /// The file is there and is not what was written. It is left as it is.
    Damaged {
        /// The file.
        path: PathBuf,
        /// What was found.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The file was written by another version of this program. It is left as it is.
    Version {
        /// The file.
        path: PathBuf,
        /// What was found.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The file was removed or replaced while it was open. What it held is gone; the next write begins a
    /// new file, into which every counter must be written again.
    Vanished {
        /// Where the file was.
        path: PathBuf,
    },
    /// The disk refused: full, read-only, broken.
    Io {
        /// The file.
        path: PathBuf,
        /// What was being done.
        action: &'static str,
        /// Why it failed.
        source: io::Error,
    },
}

impl StoreError {
    /// The file or directory that it is about.
    pub fn path(&self) -> &Path {
        match self {
            Self::Directory { path, .. }
            | Self::InUse { path }
            | Self::Damaged { path, .. }
            | Self::Version { path, .. }
            | Self::Vanished { path }
            | Self::Io { path, .. } => path,
        }
    }

    pub(crate) fn new(path: &Path, action: &'static str, source: impl Into<redb::Error>) -> Self {
        let path = path.to_owned();
        match source.into() {
            redb::Error::DatabaseAlreadyOpen | redb::Error::LockProtocolMismatch => {
                Self::InUse { path }
            }
            source @ redb::Error::Corrupted(_) => Self::Damaged { path, source: source.into() },
            source @ (redb::Error::UpgradeRequired(_)
            | redb::Error::TableTypeMismatch { .. }
            | redb::Error::TableIsMultimap(_)
            | redb::Error::TableDoesNotExist(_)
            | redb::Error::TypeDefinitionChanged { .. }) => {
                Self::Version { path, source: source.into() }
            }
            redb::Error::Io(source) if is_content(&source) => {
                Self::Damaged { path, source: source.into() }
            }
            redb::Error::Io(source) => Self::Io { path, action, source },
            source => Self::Io { path, action, source: io::Error::other(source) },
        }
    }

    pub(crate) fn io(path: &Path, action: &'static str, source: io::Error) -> Self {
        Self::Io { path: path.to_owned(), action, source }
    }

    pub(crate) fn damaged(path: &Path, found: &'static str) -> Self {
        Self::Damaged { path: path.to_owned(), source: found.into() }
    }
}

/// Whether it is about what the file holds, and not about the disk.
fn is_content(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof)
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path().display();
        match self {
            Self::Directory { .. } => write!(
                f,
                "cannot use the state directory {path}; let the gateway's user write there, or choose another with --state"
            ),
            Self::InUse { .. } => write!(
                f,
                "another process holds {path}; stop it, or choose another directory with --state"
            ),
            Self::Damaged { .. } => write!(
                f,
                "{path} is damaged; put a copy in its place, or move it away to begin with empty counts"
            ),
            Self::Version { .. } => write!(
                f,
                "{path} was written by another version; run that version, or move the file away to begin with empty counts"
            ),
            Self::Vanished { .. } => {
                write!(
                    f,
                    "{path} was removed or replaced while in use; all counts are written anew"
                )
            }
            Self::Io { action, .. } => write!(f, "cannot {action} {path}"),
        }
    }
}

impl Error for StoreError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Directory { source, .. } | Self::Io { source, .. } => Some(source),
            Self::Damaged { source, .. } | Self::Version { source, .. } => Some(&**source),
            Self::InUse { .. } | Self::Vanished { .. } => None,
        }
    }
}
