//! The supervisor's directory, which others may share.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use rustix::process::geteuid;

use crate::code::make_directory;

const LOCK: &str = "lock";
const PREFIX: &str = "gateway-";

/// One supervisor's part of the directory. Nobody else touches it while this lives.
///
/// Who holds the lock in it lives. The kernel lets go of it however a process ends, so that the next one can tell what
/// is left over, and remove it.
#[derive(Debug)]
pub(super) struct Own {
    path: PathBuf,
    _lock: File,
}

impl Own {
    /// Removes what dead supervisors left in `directory`, and makes a part of its own.
    pub(super) fn new(directory: &Path) -> io::Result<Self> {
        // One at a time: a part that has no lock yet is not left over.
        let (directory, _all) = locked(directory)?;
        for entry in fs::read_dir(&directory)?.flatten() {
            if entry.file_name().to_string_lossy().starts_with(PREFIX)
                && is_left_over(&entry.path())
            {
                let _ = fs::remove_dir_all(entry.path());
            }
        }
        let process = std::process::id();
        let mut free = (0_u32..).map(|n| directory.join(format!("{PREFIX}{process}-{n}")));
        let path = free.find(|path| !path.exists()).ok_or(io::ErrorKind::AlreadyExists)?;
        make_directory(&path)?;
        let lock = File::create(path.join(LOCK))?;
        flock(&lock, FlockOperation::LockExclusive)?;
        Ok(Self { path, _lock: lock })
    }

    /// Its path, without links.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.path);
        // When nobody else uses it, the directory goes as well; the lock keeps it there otherwise.
        if let Some(directory) = self.path.parent()
            && let Ok(all) = File::open(directory.join(LOCK))
            && flock(&all, FlockOperation::NonBlockingLockExclusive).is_ok()
            && fs::read_dir(directory).is_ok_and(|entries| entries.count() == 1)
        {
            let _ = fs::remove_file(directory.join(LOCK));
            let _ = fs::remove_dir(directory);
        }
    }
}

/// Makes the directory if need be, and locks it. Whoever was last may have removed it in between: then once more.
fn locked(directory: &Path) -> io::Result<(PathBuf, File)> {
    loop {
        match try_locked(directory) {
            Ok(Some(locked)) => return Ok(locked),
            Ok(None) => {}
            // Only of a directory that was there a moment ago.
            Err(error) if error.kind() == io::ErrorKind::NotFound && directory.exists() => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => make_directory(directory)?,
            Err(error) => return Err(error),
        }
    }
}

fn try_locked(directory: &Path) -> io::Result<Option<(PathBuf, File)>> {
    // Without links: environments see it behind their mounts.
    let path = fs::canonicalize(directory)?;
    let owner = fs::metadata(&path)?.uid();
    if owner != geteuid().as_raw() && owner != 0 {
        let text = "it belongs to another user, who could change the code of functions";
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, text));
    }
    let all = File::create(path.join(LOCK))?;
    flock(&all, FlockOperation::LockExclusive)?;
    let (ours, there) = (all.metadata()?, fs::metadata(path.join(LOCK))?);
    let is_same = (ours.dev(), ours.ino()) == (there.dev(), there.ino());
    Ok(is_same.then_some((path, all)))
}

fn is_left_over(part: &Path) -> bool {
    let lock = File::open(part.join(LOCK));
    lock.is_ok_and(|lock| flock(&lock, FlockOperation::NonBlockingLockExclusive).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_dead_left_goes_and_what_the_living_use_stays() {
        let directory = tempfile::tempdir().unwrap();
        let directory = directory.path().join("functions");
        let left = directory.join("gateway-1-0");
        fs::create_dir_all(left.join("code")).unwrap();
        fs::write(left.join(LOCK), "").unwrap();
        fs::write(directory.join("other"), "").unwrap();
        let one = Own::new(&directory).unwrap();
        let other = Own::new(&directory).unwrap();
        assert!(!left.exists(), "nobody holds its lock");
        assert!(one.path().exists() && other.path().exists() && one.path() != other.path());
        drop(one);
        assert!(other.path().exists());
        assert!(directory.join("other").exists(), "not ours to remove");
        fs::remove_file(directory.join("other")).unwrap();
        drop(other);
        assert!(!directory.exists(), "the last one leaves nothing");
    }
}
