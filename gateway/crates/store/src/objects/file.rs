//! The documents' file: its lock, its beginning, and how it is opened.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use redb::backends::FileBackend;
use redb::{Builder, Database};

use super::{VERSION, make, version};
use crate::StoreError;
use crate::limits::{CHECKED_BYTES_MAX, OBJECTS_CACHE_BYTES_MAX};
use crate::usage::PANICKED;

/// The file's name in the state directory.
pub const FILE_NAME: &str = "control.redb";

const LOCK_NAME: &str = "control.lock";
const NEW_NAME: &str = "control.redb.new";

/// Holds the documents for this process, also while the file is closed after a failure.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
}

/// Which file it is, whatever its name.
pub(super) type Identity = (u64, u64);

/// Makes the directory where it is missing, and takes its documents for this process.
pub(super) fn lock(dir: &Path) -> Result<Lock, StoreError> {
    let directory = |source| StoreError::Directory { path: dir.to_owned(), source };
    DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(directory)?;
    let path = dir.join(LOCK_NAME);
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(0o600);
    let file = options.open(&path).map_err(directory)?;
    match file.try_lock() {
        Ok(()) => Ok(Lock { _file: file }),
        Err(TryLockError::WouldBlock) => Err(StoreError::InUse { path }),
        Err(TryLockError::Error(source)) => Err(StoreError::io(&path, "lock", source)),
    }
}

/// Opens the file, or begins an empty one where there is none.
pub(super) fn open(dir: &Path) -> Result<(Database, Identity), StoreError> {
    let path = dir.join(FILE_NAME);
    if identity(&path)?.is_none() {
        begin(dir, &path)?;
    }
    let opened = catch_unwind(AssertUnwindSafe(|| {
        let is_checked = fs::metadata(&path)?.len() <= CHECKED_BYTES_MAX;
        let database = builder().set_check_integrity_on_open(is_checked).open(&path)?;
        let found = version(&database)?;
        Ok::<_, redb::Error>((database, found))
    }));
    let (database, found) = match opened {
        Ok(Ok(opened)) => opened,
        Ok(Err(cause)) => return Err(StoreError::new(&path, "open", cause)),
        Err(_) => return Err(StoreError::damaged(&path, PANICKED)),
    };
    if !(1..=VERSION).contains(&found) {
        let source = format!("it has version {found}, this program reads up to {VERSION}").into();
        return Err(StoreError::Version { path, source });
    }
    let identity = identity(&path)?.ok_or(StoreError::Vanished { path })?;
    Ok((database, identity))
}

/// Which file is at `path`, if there is one.
pub(super) fn identity(path: &Path) -> Result<Option<Identity>, StoreError> {
    match fs::metadata(path) {
        Ok(found) => Ok(Some((found.dev(), found.ino()))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(StoreError::io(path, "find", source)),
    }
}

pub(super) fn builder() -> Builder {
    let mut builder = Builder::new();
    builder.set_cache_size(OBJECTS_CACHE_BYTES_MAX);
    builder
}

/// Makes an empty file under another name first: a process that dies half way must not leave something that
/// looks like a damaged file. It holds secrets, so only its owner may read it.
fn begin(dir: &Path, path: &Path) -> Result<(), StoreError> {
    let new = dir.join(NEW_NAME);
    let failed = |source| StoreError::io(&new, "create", source);
    match fs::remove_file(&new) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
        _ => {}
    }
    let mut options = OpenOptions::new();
    let options = options.read(true).write(true).create_new(true).mode(0o600);
    let file = options.open(&new).map_err(failed)?;
    fill(file).map_err(|cause| StoreError::new(&new, "create", cause))?;
    fs::rename(&new, path).map_err(failed)?;
    let dir = if dir.as_os_str().is_empty() { Path::new(".") } else { dir };
    File::open(dir).and_then(|dir| dir.sync_all()).map_err(failed)
}

fn fill(file: File) -> Result<(), redb::Error> {
    let database = builder().create_with_backend(FileBackend::new(file)?)?;
    make(&database)?;
    Ok(database.close()?)
}
