//! Watching the definition files.
//!
//! Looks at each file's identity and times twice a second: that follows a file through editors that
//! replace it and through the symbolic links that configuration volumes swap, which a watch on the
//! inode would lose, and costs a few system calls.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::Instant;

use gateway_definition::code_fingerprint;

use crate::settings::Settings;

/// How often files are looked at. Ours.
pub(crate) const INTERVAL: Duration = Duration::from_millis(250);

/// Looks at definitions for one at the code of functions, which may be thousands of files. Ours.
const CODE_LOOKS: u32 = 4;

/// What tells one state of a file from another.
pub(crate) type Mark = Option<(u64, u64, u64, i64, i64)>;

/// The files and how they looked last.
pub(crate) struct Watch {
    paths: Vec<PathBuf>,
    marks: Vec<Mark>,
    /// Code of functions: directories and zip files, and what they looked like.
    code: Vec<(PathBuf, Option<u64>)>,
    /// Looks since code was looked at.
    looks: u32,
    /// When a change was seen that is not reported yet.
    changed_at: Option<Instant>,
    debounce: Duration,
}

impl Watch {
    /// The files that the settings name, as they are now. Made before they are read for the first time:
    /// a change after that is a change.
    pub(crate) fn of(settings: &Settings) -> Self {
        let mut paths = settings.definitions.clone();
        paths.extend_from_slice(&settings.api_keys);
        Self::new(paths, settings.reload.debounce)
    }

    /// From now on these are the functions' code, as it was when it was read.
    pub(crate) fn follow_code(&mut self, code: Vec<(PathBuf, u64)>) {
        self.code = code.into_iter().map(|(path, mark)| (path, Some(mark))).collect();
    }

    /// Whether there is nothing to watch.
    pub(crate) fn is_empty(&self) -> bool {
        self.paths.is_empty()
    }

    /// Starts from the files as they are now.
    fn new(paths: Vec<PathBuf>, debounce: Duration) -> Self {
        let marks = paths.iter().map(|path| mark(path)).collect();
        Self { paths, marks, code: Vec::new(), looks: 0, changed_at: None, debounce }
    }

    /// Whether a file changed and has been quiet for the debounce time since. Says so once.
    pub(crate) fn has_changed(&mut self, now: Instant) -> bool {
        let marks: Vec<Mark> = self.paths.iter().map(|path| mark(path)).collect();
        if marks != self.marks {
            self.marks = marks;
            self.changed_at = Some(now);
        }
        self.looks += 1;
        if self.looks >= CODE_LOOKS {
            self.looks = 0;
            for (path, mark) in &mut self.code {
                let now_mark = code_fingerprint(path);
                if now_mark != *mark {
                    *mark = now_mark;
                    self.changed_at = Some(now);
                }
            }
        }
        let is_quiet = |at: Instant| now.duration_since(at) >= self.debounce;
        if self.changed_at.is_some_and(is_quiet) {
            self.changed_at = None;
            return true;
        }
        false
    }

    /// Takes the files as they are now: they are about to be read.
    pub(crate) fn forget_changes(&mut self) {
        self.marks = self.paths.iter().map(|path| mark(path)).collect();
        for (path, mark) in &mut self.code {
            *mark = code_fingerprint(path);
        }
        self.changed_at = None;
    }
}

pub(crate) fn mark(path: &Path) -> Mark {
    let m = std::fs::metadata(path).ok()?;
    Some((m.dev(), m.ino(), m.len(), m.mtime(), m.mtime_nsec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(flavor = "current_thread")]
    async fn a_change_is_reported_once_when_it_is_quiet() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("a.yaml");
        std::fs::write(&path, "one").expect("written");
        let debounce = Duration::from_millis(100);
        let mut watch = Watch::new(vec![path.clone()], debounce);
        let now = Instant::now();
        assert!(!watch.has_changed(now));
        std::fs::write(&path, "three").expect("written");
        assert!(!watch.has_changed(now), "it has just changed");
        assert!(!watch.has_changed(now + debounce / 2));
        assert!(watch.has_changed(now + debounce));
        assert!(!watch.has_changed(now + 2 * debounce), "said already");
        let replacement = dir.path().join("b.yaml");
        std::fs::write(&replacement, "three").expect("written");
        std::fs::rename(&replacement, &path).expect("replaced");
        watch.has_changed(now);
        assert!(watch.has_changed(now + debounce), "a file of the same size took its place");
    }
}
