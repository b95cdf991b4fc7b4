//! The file: its lock, its beginning, and how it is opened.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use redb::{Builder, Database};

use crate::StoreError;
use crate::limits::{CACHE_BYTES_MAX, CHECKED_BYTES_MAX};
use crate::usage::{PANICKED, make_tables};

/// The file's name in the state directory.
pub const FILE_NAME: &str = "usage.redb";

const LOCK_NAME: &str = "usage.lock";
const NEW_NAME: &str = "usage.redb.new";

/// Holds the state directory for this process, also while the file is closed after a failure.
#[derive(Debug)]
pub(crate) struct DirectoryLock {
    _file: File,
}

/// Makes the directory where it is missing, and takes it for this process.
pub(crate) fn lock(dir: &Path) -> Result<DirectoryLock, StoreError> {
    let directory = |source| StoreError::Directory { path: dir.to_owned(), source };
    DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(directory)?;
    let path = dir.join(LOCK_NAME);
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(0o600);
    let file = options.open(&path).map_err(directory)?;
    match file.try_lock() {
        Ok(()) => Ok(DirectoryLock { _file: file }),
        Err(TryLockError::WouldBlock) => Err(StoreError::InUse { path }),
        Err(TryLockError::Error(source)) => Err(StoreError::io(&path, "lock", source)),
    }
}

/// Which file it is, whatever its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    device: u64,
    inode: u64,
}

/// Opens the file, or begins an empty one where there is none.
pub(crate) fn open(dir: &Path) -> Result<(Database, Identity), StoreError> {
    let path = dir.join(FILE_NAME);
    if identity(&path)?.is_none() {
        begin(dir, &path)?;
    }
    let opened = catch_unwind(AssertUnwindSafe(|| {
        let is_checked = fs::metadata(&path)?.len() <= CHECKED_BYTES_MAX;
        builder().set_check_integrity_on_open(is_checked).open(&path)
    }));
    let database = match opened {
        Ok(Ok(database)) => database,
        Ok(Err(cause)) => return Err(StoreError::new(&path, "open", cause)),
        Err(_) => return Err(StoreError::damaged(&path, PANICKED)),
    };
    let identity = identity(&path)?.ok_or(StoreError::Vanished { path })?;
    Ok((database, identity))
}

/// Which file is at `path`, if there is one.
pub(crate) fn identity(path: &Path) -> Result<Option<Identity>, StoreError> {
    match fs::metadata(path) {
        Ok(found) => Ok(Some(Identity { device: found.dev(), inode: found.ino() })),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(StoreError::io(path, "find", source)),
    }
}

fn builder() -> Builder {
    let mut builder = Builder::new();
    builder.set_cache_size(CACHE_BYTES_MAX);
    builder
}

/// Makes an empty file under another name first: a process that dies half way must not leave something
/// that looks like a damaged file.
fn begin(dir: &Path, path: &Path) -> Result<(), StoreError> {
    let new = dir.join(NEW_NAME);
    match fs::remove_file(&new) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(StoreError::io(&new, "remove", error));
        }
        _ => {}
    }
    make(&new).map_err(|cause| StoreError::new(&new, "create", cause))?;
    let create = |source| StoreError::io(path, "create", source);
    fs::rename(&new, path).map_err(create)?;
    sync_directory(dir).map_err(create)
}

fn make(path: &Path) -> Result<(), redb::Error> {
    let database = builder().create(path)?;
    make_tables(&database)?;
    Ok(database.close()?)
}

fn sync_directory(dir: &Path) -> io::Result<()> {
    let dir: PathBuf = if dir.as_os_str().is_empty() { ".".into() } else { dir.into() };
    File::open(dir)?.sync_all()
}
