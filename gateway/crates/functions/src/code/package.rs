//! Deployment packages: zip files, which nobody has checked.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Component, Path, PathBuf};

use zip::ZipArchive;
use zip::result::ZipError;

use super::make_directory;
use crate::limits::{CODE_BYTES_MAX, CODE_FILES_MAX};

/// Why a package is refused.
#[derive(Debug)]
pub enum PackageError {
    /// It is no zip file, or uses what Lambda does not take.
    Zip(ZipError),
    /// It cannot be read, or what is in it cannot be written.
    Io(io::Error),
    /// The entry's name leads out of the directory.
    Outside(String),
    /// The entry is a symbolic link, a device or the like.
    Special(String),
    /// There is more in it than [`CODE_BYTES_MAX`].
    Large,
    /// There are more than [`CODE_FILES_MAX`] files in it.
    Many(usize),
}

impl std::fmt::Display for PackageError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Zip(error) => write!(f, "not a zip file that can be read: {error}"),
            Self::Io(error) => write!(f, "{error}"),
            Self::Outside(name) => write!(f, "entry {name:?} lies outside the package"),
            Self::Special(name) => {
                write!(
                    f,
                    "entry {name:?} is neither a file nor a directory: put a copy in its place"
                )
            }
            Self::Large => write!(f, "unpacked it has more than {CODE_BYTES_MAX} bytes"),
            Self::Many(count) => write!(f, "it has {count} entries, more than {CODE_FILES_MAX}"),
        }
    }
}

impl std::error::Error for PackageError {}

impl From<io::Error> for PackageError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<ZipError> for PackageError {
    fn from(error: ZipError) -> Self {
        match error {
            ZipError::Io(error) => Self::Io(error),
            error => Self::Zip(error),
        }
    }
}

/// Unpacks the zip file `package` into the empty directory `into`.
///
/// # Errors
/// [`PackageError`]; some of it may have been written then.
pub fn unpack(package: &Path, into: &Path) -> Result<(), PackageError> {
    let mut archive = ZipArchive::new(io::BufReader::new(File::open(package)?))?;
    if archive.len() > CODE_FILES_MAX {
        return Err(PackageError::Many(archive.len()));
    }
    let mut bytes_left = CODE_BYTES_MAX;
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index)?;
        let name = entry.name()?.into_owned();
        let path = into.join(inside(&name)?);
        let mode = entry.unix_mode().unwrap_or(0);
        if entry.is_dir() {
            make_directory(&path)?;
        } else if is_special(mode) {
            return Err(PackageError::Special(name));
        } else {
            path.parent().map_or(Ok(()), make_directory)?;
            // What the entry says of its size is not asked: it may be wrong.
            bytes_left -= write(&mut entry, &path, mode, bytes_left)?;
        }
    }
    Ok(())
}

/// The path of an entry, below the directory.
fn inside(name: &str) -> Result<PathBuf, PackageError> {
    let outside = || PackageError::Outside(name.to_owned());
    if name.contains(['\0', '\\']) {
        return Err(outside());
    }
    let mut path = PathBuf::new();
    for component in Path::new(name).components() {
        match component {
            Component::Normal(part) => path.push(part),
            Component::CurDir => {}
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => {
                return Err(outside());
            }
        }
    }
    Ok(path)
}

/// Whether the file type in a Unix mode, where there is one, is not that of a file or directory.
fn is_special(mode: u32) -> bool {
    const KIND: u32 = 0o170_000;
    const FILE: u32 = 0o100_000;
    !matches!(mode & KIND, 0 | FILE)
}

/// Writes at most `bytes_max` bytes, and says how many. Of an entry that is there twice the last counts.
fn write(
    entry: &mut impl Read,
    path: &Path,
    mode: u32,
    bytes_max: u64,
) -> Result<u64, PackageError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
        _ => {}
    }
    // Functions of another user read it, and nobody writes there.
    let mode = if mode & 0o111 == 0 { 0o644 } else { 0o755 };
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
    let written = io::copy(&mut entry.take(bytes_max + 1), &mut file)?;
    if written > bytes_max { Err(PackageError::Large) } else { Ok(written) }
}
