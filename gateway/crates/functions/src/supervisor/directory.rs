//! The supervisor's directory, which others may share.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use rustix::process::geteuid;

use crate::code::make_directory;
use crate::limits::{SWEEP_DELAY, SWEEP_NICENESS, SWEEP_PAUSE};

const LOCK: &str = "lock";
const PREFIX: &str = "gateway-";
/// Behind the name of a part that nobody uses any more and somebody removes.
const LEFT_OVER: &str = ".left-over";

/// One supervisor's part of the directory. Nobody else touches it while this lives.
///
/// Who holds the lock in it lives. The kernel lets go of it however a process ends, so that the next one can tell what
/// is left over, and remove it.
#[derive(Debug)]
pub(super) struct Own {
    path: PathBuf,
    _lock: File,
}

/// What dead supervisors left: out of the way, and still to be removed.
#[derive(Debug)]
#[must_use = "it takes room until it is removed"]
pub(super) struct LeftOver(Vec<PathBuf>);

impl LeftOver {
    /// Removes it beside everything else, on a thread that everybody else goes before. Nobody waits for it: what it does
    /// not get to, the next one finds.
    pub(super) fn remove_later(self) {
        if self.0.is_empty() {
            return;
        }
        let sweep = move || {
            // Of this thread alone. Where it is not permitted, it goes on as it is.
            let _ = rustix::process::setpriority_process(None, SWEEP_NICENESS);
            std::thread::sleep(SWEEP_DELAY);
            self.remove();
        };
        let thread = std::thread::Builder::new().name("left-over".to_owned()).spawn(sweep);
        if let Err(error) = thread {
            tracing::warn!(%error, "What gateways before this one left of functions stays");
        }
    }

    /// In pieces, each a package's or an environment's directory.
    fn remove(&self) {
        for part in &self.0 {
            for below in directories(part).flat_map(|of_part| directories(&of_part)) {
                let _ = fs::remove_dir_all(below);
                std::thread::sleep(SWEEP_PAUSE);
            }
            // Two gateways that started one after the other may be at it together: then one of them finds nothing.
            match fs::remove_dir_all(part) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    tracing::warn!(%error, path = %part.display(), "Left over of functions, and not removed");
                }
                _ => {}
            }
        }
    }
}

/// The directories in a directory, links left out.
fn directories(path: &Path) -> impl Iterator<Item = PathBuf> + use<> {
    let entries = fs::read_dir(path).into_iter().flatten().flatten();
    let entries = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    entries.map(|entry| entry.path())
}

impl Own {
    /// Puts what dead supervisors left in `directory` out of the way, and makes a part of its own. Nothing is removed here,
    /// where others wait.
    pub(super) fn new(directory: &Path) -> io::Result<(Self, LeftOver)> {
        // One at a time: a part that has no lock yet is not left over.
        let (directory, _all) = locked(directory)?;
        let mut left = Vec::new();
        for entry in fs::read_dir(&directory)?.flatten() {
            let (name, path) = (entry.file_name(), entry.path());
            let name = name.to_string_lossy();
            if !name.starts_with(PREFIX) {
                continue;
            }
            if name.ends_with(LEFT_OVER) {
                left.push(path);
            } else if is_left_over(&path)
                && let Ok(aside) = put_aside(&path)
            {
                left.push(aside);
            }
        }
        let process = std::process::id();
        let mut free = (0_u32..).map(|n| directory.join(format!("{PREFIX}{process}-{n}")));
        let path = free.find(|path| !path.exists()).ok_or(io::ErrorKind::AlreadyExists)?;
        make_directory(&path)?;
        let lock = File::create(path.join(LOCK))?;
        flock(&lock, FlockOperation::LockExclusive)?;
        Ok((Self { path, _lock: lock }, LeftOver(left)))
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

/// Gives a part that nobody uses a name by which that is known also when its lock is gone.
fn put_aside(part: &Path) -> io::Result<PathBuf> {
    let name = part.file_name().unwrap_or_default().to_string_lossy();
    let mut names = (0_u32..).map(|n| part.with_file_name(format!("{name}.{n}{LEFT_OVER}")));
    let aside = names.find(|path| !path.exists()).ok_or(io::ErrorKind::AlreadyExists)?;
    fs::rename(part, &aside)?;
    Ok(aside)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Files of a package that somebody was killed with.
    const FILES: usize = 3_000;

    fn names(directory: &Path) -> Vec<String> {
        let entries = fs::read_dir(directory).unwrap().flatten();
        let mut names: Vec<_> =
            entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    #[test]
    fn what_the_dead_left_goes_and_what_the_living_use_stays() {
        let directory = tempfile::tempdir().unwrap();
        let directory = directory.path().join("functions");
        let left = directory.join("gateway-1-0");
        fs::create_dir_all(left.join("code")).unwrap();
        fs::write(left.join(LOCK), "").unwrap();
        fs::write(directory.join("other"), "").unwrap();
        let (one, of_one) = Own::new(&directory).unwrap();
        let (other, of_other) = Own::new(&directory).unwrap();
        assert!(!left.exists(), "nobody holds its lock");
        assert!(one.path().exists() && other.path().exists() && one.path() != other.path());
        // Both know of it, and both may be at it.
        of_one.remove();
        of_other.remove();
        assert!(!names(&directory).iter().any(|name| name.ends_with(LEFT_OVER)));
        drop(one);
        assert!(other.path().exists());
        assert!(directory.join("other").exists(), "not ours to remove");
        fs::remove_file(directory.join("other")).unwrap();
        drop(other);
        assert!(!directory.exists(), "the last one leaves nothing");
    }

    #[test]
    fn a_start_does_not_wait_for_what_the_dead_left() {
        let directory = tempfile::tempdir().unwrap();
        let directory = directory.path().join("functions");
        let package = directory.join("gateway-1-0/code/package");
        fs::create_dir_all(&package).unwrap();
        fs::write(directory.join("gateway-1-0").join(LOCK), "").unwrap();
        for file in 0..FILES {
            fs::write(package.join(file.to_string()), "").unwrap();
        }
        let (own, left) = Own::new(&directory).unwrap();
        let aside = directory.join("gateway-1-0.0.left-over");
        let there = fs::read_dir(aside.join("code/package")).unwrap().count();
        assert_eq!(there, FILES, "nothing is removed before it began");
        // Nor while it is removed does anybody wait, or does a living one's part go.
        let all = File::open(directory.join(LOCK)).unwrap();
        flock(&all, FlockOperation::NonBlockingLockExclusive).unwrap();
        left.remove();
        assert_eq!(names(&directory).len(), 2, "the lock and the living one's part");
        assert!(own.path().join(LOCK).exists());
    }

    #[test]
    fn a_removal_that_was_cut_off_is_taken_up_again() {
        let directory = tempfile::tempdir().unwrap();
        let directory = directory.path().join("functions");
        // Its lock is gone already.
        let half = directory.join("gateway-1-0.0.left-over");
        fs::create_dir_all(half.join("code/package")).unwrap();
        // Without lock and without that name it may be anybody's.
        fs::create_dir_all(directory.join("gateway-house")).unwrap();
        let (_own, left) = Own::new(&directory).unwrap();
        left.remove();
        assert!(!half.exists());
        assert!(directory.join("gateway-house").exists());
    }
}
