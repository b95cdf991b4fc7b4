//! The files of a state directory: buckets with their objects, and the code of functions.
//!
//! A file with data or code is never written to again once something names it, so all of it can be read while a gateway runs: an
//! object that is replaced meanwhile is asked for again.

use std::fs::{self, File};
use std::io::{self, BufReader, ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use gateway_control::backup::archive::{self, Counts, Entry, Writer};

/// Times that an object is asked for while it is replaced. Ours.
const TRIES_MAX: u32 = 10;

/// Adds all files below `root` to a backup.
pub(super) fn add(root: &Path, out: &mut Writer<impl io::Write>) -> Result<()> {
    for name in names(&root.join("code"))? {
        let file = format!("code/{name}");
        // What is being written has no final name yet.
        if name.ends_with(".zip") && archive::is_file_name(&file) {
            add_file(root, &file, out)?;
        }
    }
    for bucket in names(&root.join("s3"))? {
        let facts = format!("s3/{bucket}/bucket.json");
        if !archive::is_file_name(&facts) || !add_file(root, &facts, out)? {
            continue;
        }
        let objects = format!("s3/{bucket}/objects");
        for name in names(&root.join(&objects))? {
            if name.ends_with(".json") {
                add_object(root, &objects, &name, out)?;
            }
        }
    }
    Ok(())
}

/// Adds an object: its facts, and the data that they name. One that is removed meanwhile is left out.
fn add_object(
    root: &Path,
    objects: &str,
    name: &str,
    out: &mut Writer<impl io::Write>,
) -> Result<()> {
    let path = root.join(objects).join(name);
    for _ in 0..TRIES_MAX {
        let Some(facts) = opened(fs::read(&path), &path)? else { return Ok(()) };
        let read: serde_json::Value = serde_json::from_slice(&facts)
            .with_context(|| format!("{} is damaged", path.display()))?;
        let data = format!("{objects}/{}", read["file"].as_str().unwrap_or_default());
        if archive::is_file_name(&data) && add_file(root, &data, out)? {
            out.file(&format!("{objects}/{name}"), &facts[..])?;
            return Ok(());
        }
    }
    anyhow::bail!("{} names data that is not there", path.display())
}

/// Adds a file, if it is there.
fn add_file(root: &Path, name: &str, out: &mut Writer<impl io::Write>) -> Result<bool> {
    let path = root.join(name);
    let Some(file) = opened(File::open(&path), &path)? else { return Ok(false) };
    out.file(name, file).with_context(|| format!("cannot copy {}", path.display()))?;
    Ok(true)
}

/// `None` for what is not there.
fn opened<T>(result: io::Result<T>, path: &Path) -> Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
}

/// What a directory has, in order; nothing when it is not there.
fn names(directory: &Path) -> Result<Vec<String>> {
    let Some(entries) = opened(fs::read_dir(directory), directory)? else { return Ok(Vec::new()) };
    let mut names = Vec::new();
    for entry in entries {
        names.extend(entry?.file_name().into_string().ok());
    }
    names.sort();
    Ok(names)
}

/// Files of a backup on their way into a state directory.
pub(super) struct Restored {
    state: PathBuf,
    file: Option<File>,
}

impl Restored {
    /// Begins in a directory of its own, beside the one that is in use.
    pub(super) fn begin(state: &Path) -> io::Result<Self> {
        let this = Self { state: state.to_owned(), file: None };
        remove(&this.staged())?;
        make_directory(&this.staged())?;
        Ok(this)
    }

    fn staged(&self) -> PathBuf {
        self.state.join("files.restored")
    }

    fn current(&self) -> PathBuf {
        self.state.join("files")
    }

    fn old(&self) -> PathBuf {
        self.state.join("files.replaced")
    }

    /// Takes what the backup holds; documents are not for it.
    pub(super) fn take(&mut self, entry: &Entry) -> io::Result<()> {
        match entry {
            Entry::Document(..) => Ok(()),
            Entry::File(name) => {
                self.finish_file()?;
                let path = self.staged().join(name);
                make_directory(path.parent().unwrap_or(&self.state))?;
                let mut options = File::options();
                self.file = Some(options.write(true).create_new(true).mode(0o600).open(path)?);
                Ok(())
            }
            Entry::Data(bytes) => match &mut self.file {
                Some(file) => file.write_all(bytes),
                None => Ok(()),
            },
        }
    }

    fn finish_file(&mut self) -> io::Result<()> {
        self.file.take().map_or(Ok(()), |file| file.sync_data())
    }

    /// Puts the files in the place of those that there are, does the rest, and puts those back when that fails.
    pub(super) fn replace(mut self, rest: impl FnOnce() -> Result<()>) -> Result<()> {
        self.finish_file()?;
        remove(&self.old())?;
        let had = opened(fs::rename(self.current(), self.old()), &self.current())?.is_some();
        fs::rename(self.staged(), self.current())?;
        if let Err(error) = rest() {
            fs::rename(self.current(), self.staged())?;
            if had {
                fs::rename(self.old(), self.current())?;
            }
            return Err(error);
        }
        remove(&self.old())?;
        Ok(())
    }
}

/// Empty buckets have no files in their directories, which belong to them all the same.
pub(super) fn complete(state: &Path) -> Result<()> {
    let buckets = state.join("files").join("s3");
    for bucket in names(&buckets)? {
        make_directory(&buckets.join(bucket).join("objects"))?;
    }
    Ok(())
}

/// Whether there are files already.
pub(super) fn is_empty(state: &Path) -> Result<bool> {
    let root = state.join("files");
    Ok(names(&root.join("code"))?.is_empty() && names(&root.join("s3"))?.is_empty())
}

/// Reads a backup from its beginning.
pub(super) fn read(file: &Path, each: impl FnMut(Entry) -> io::Result<()>) -> Result<Counts> {
    let failed = || format!("cannot read {}", file.display());
    let input = BufReader::new(File::open(file).with_context(failed)?);
    archive::read(input, each).with_context(failed)
}

fn make_directory(path: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
