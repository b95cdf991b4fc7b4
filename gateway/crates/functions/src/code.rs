//! Functions' code on disk: text and zip files become directories, directories are used where they are.

mod entry;
mod package;

use std::cell::RefCell;
use std::collections::HashMap;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use gateway_compile::{Code, FunctionPlan, Runtime};
use tokio::sync::OnceCell;

use crate::limits::CODE_KEPT_MAX;

pub use entry::missing_entry;
pub use package::{PackageError, unpack};

/// Why a function's code is not there.
#[derive(Debug)]
pub enum CodeError {
    /// Nothing is at the path.
    Missing(PathBuf, io::Error),
    /// It is a file, but no zip file that can be unpacked.
    Package(PathBuf, PackageError),
    /// It cannot be written to the supervisor's directory.
    Write(PathBuf, io::Error),
    /// There is no `bootstrap`.
    NoBootstrap(PathBuf),
    /// There is one that cannot be executed.
    BootstrapMode(PathBuf),
    /// A `provided` runtime has text.
    InlineProvided,
}

impl std::fmt::Display for CodeError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Missing(path, error) => {
                write!(f, "cannot read the code at {}: {error}", path.display())
            }
            Self::Package(path, error) => write!(f, "cannot unpack {}: {error}", path.display()),
            Self::Write(path, error) => write!(f, "cannot write {}: {error}", path.display()),
            Self::NoBootstrap(directory) => write!(
                f,
                "no file `bootstrap` in {}: a provided runtime starts that program; build it there, or name a runtime that has its own",
                directory.display()
            ),
            Self::BootstrapMode(path) => {
                write!(f, "{} is not executable: run `chmod +x` on it", path.display())
            }
            Self::InlineProvided => f.write_str(
                "inline code needs a python or nodejs runtime: put a `bootstrap` in a directory and name that",
            ),
        }
    }
}

impl std::error::Error for CodeError {}

/// Code that is ready to run.
#[derive(Debug)]
pub(crate) struct CodeDirectory {
    /// `LAMBDA_TASK_ROOT`
    pub(crate) path: PathBuf,
    /// Made here, and removed when it is not needed any more.
    is_own: bool,
}

/// All code that is ready to run. The same code is made ready once.
pub(crate) struct CodeStore {
    directory: PathBuf,
    ready: RefCell<Ready>,
}

type Slot = Rc<OnceCell<Rc<CodeDirectory>>>;

#[derive(Default)]
struct Ready {
    slots: HashMap<Key, (Slot, u64)>,
    uses: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Key {
    Inline { text: u128, file: &'static str },
    Path { path: PathBuf, fingerprint: u64 },
}

impl CodeStore {
    /// Keeps what it makes in `directory`.
    pub(crate) fn new(directory: PathBuf) -> io::Result<Self> {
        make_directory(&directory)?;
        Ok(Self { directory, ready: RefCell::default() })
    }

    /// The directory of a function's code.
    pub(crate) async fn ready(&self, plan: &FunctionPlan) -> Result<Rc<CodeDirectory>, CodeError> {
        let key = key(plan)?;
        let slot = self.slot(&key);
        let code = slot.get_or_try_init(|| self.make(&key, plan)).await?.clone();
        self.forget_old();
        if plan.runtime == Runtime::Provided {
            check_bootstrap(&code.path)?;
        }
        Ok(code)
    }

    fn slot(&self, key: &Key) -> Slot {
        let ready = &mut *self.ready.borrow_mut();
        ready.uses += 1;
        let slot = ready.slots.entry(key.clone()).or_default();
        slot.1 = ready.uses;
        slot.0.clone()
    }

    async fn make(&self, key: &Key, plan: &FunctionPlan) -> Result<Rc<CodeDirectory>, CodeError> {
        let place = self.directory.join(key.directory_name());
        let code = plan.code.clone();
        let file = key.file();
        // Not on this thread: a package of 250 MB takes a second, which nobody else's output shall wait.
        let made = tokio::task::spawn_blocking(move || make(&code, file, place)).await;
        made.unwrap_or_else(|panic| {
            Err(CodeError::Write(self.directory.clone(), io::Error::other(panic)))
        })
        .map(Rc::new)
    }

    /// Removes the code that was not used for longest, of what nobody uses, while there is too much of it.
    fn forget_old(&self) {
        let ready = &mut *self.ready.borrow_mut();
        while ready.slots.len() > CODE_KEPT_MAX {
            // The slot has one owner, and so has what is in it.
            let is_idle = |slot: &Slot| {
                Rc::strong_count(slot) == 1
                    && slot.get().is_some_and(|code| Rc::strong_count(code) == 1)
            };
            let idle = ready.slots.iter().filter(|(_, (slot, _))| is_idle(slot));
            let Some(key) = idle.min_by_key(|(_, (_, used))| *used).map(|(key, _)| key.clone())
            else {
                return;
            };
            let removed = ready.slots.remove(&key).and_then(|(slot, _)| slot.get().cloned());
            if let Some(code) = removed.filter(|code| code.is_own) {
                let path = code.path.clone();
                drop(tokio::task::spawn_blocking(move || fs::remove_dir_all(path)));
            }
        }
    }
}

impl Key {
    fn directory_name(&self) -> String {
        match self {
            Self::Inline { text, .. } => format!("inline-{text:032x}"),
            Self::Path { path, fingerprint } => {
                format!("package-{:016x}-{fingerprint:016x}", hash(path, 0))
            }
        }
    }

    fn file(&self) -> &'static str {
        match self {
            Self::Inline { file, .. } => file,
            Self::Path { .. } => "",
        }
    }
}

fn key(plan: &FunctionPlan) -> Result<Key, CodeError> {
    match &plan.code {
        Code::Inline(text) => {
            let file = inline_file(&plan.runtime, text).ok_or(CodeError::InlineProvided)?;
            let text =
                u128::from(hash(&(text, file), 1)) << 64 | u128::from(hash(&(text, file), 2));
            Ok(Key::Inline { text, file })
        }
        Code::Path { path, fingerprint } => {
            Ok(Key::Path { path: path.clone(), fingerprint: *fingerprint })
        }
    }
}

/// What CloudFormation calls the file that it makes of `ZipFile`.
///
/// An ES module of Node.js becomes `index.mjs`: in `index.js` only later versions than some of those in use take it.
///
/// Source: CloudFormation, `AWS::Lambda::Function Code`, "places it in a file named index".
fn inline_file(runtime: &Runtime, text: &str) -> Option<&'static str> {
    match runtime {
        Runtime::Provided => None,
        Runtime::Python { .. } => Some("index.py"),
        Runtime::NodeJs { .. } if is_es_module(text) => Some("index.mjs"),
        Runtime::NodeJs { .. } => Some("index.js"),
    }
}

/// Whether a line begins with a static import or export.
fn is_es_module(text: &str) -> bool {
    text.lines().any(|line| {
        let word = |word: &str| {
            let rest = line.strip_prefix(word).and_then(|rest| rest.chars().next());
            rest.is_some_and(|next| matches!(next, ' ' | '{' | '*' | '"' | '\''))
        };
        word("import") || word("export")
    })
}

fn hash(value: &impl Hash, seed: u8) -> u64 {
    let mut hasher = DefaultHasher::new();
    seed.hash(&mut hasher);
    value.hash(&mut hasher);
    hasher.finish()
}

fn make(code: &Code, file: &str, place: PathBuf) -> Result<CodeDirectory, CodeError> {
    let path = match code {
        Code::Inline(text) => {
            let write = |partial: &Path| {
                fs::write(partial.join(file), &**text)?;
                fs::set_permissions(partial.join(file), fs::Permissions::from_mode(0o644))
            };
            publish(&place, |partial| {
                write(partial).map_err(|e| CodeError::Write(place.clone(), e))
            })?;
            return Ok(CodeDirectory { path: place, is_own: true });
        }
        Code::Path { path, .. } => path,
    };
    // Without links, so that it is found behind the mounts of an environment.
    let path = fs::canonicalize(path).map_err(|error| CodeError::Missing(path.clone(), error))?;
    if path.is_dir() {
        return Ok(CodeDirectory { path, is_own: false });
    }
    publish(&place, |partial| {
        unpack(&path, partial).map_err(|error| CodeError::Package(path.clone(), error))
    })?;
    Ok(CodeDirectory { path: place, is_own: true })
}

/// Fills a directory beside `place` and then gives it its name, so that no half of it is ever used.
fn publish(
    place: &Path,
    fill: impl FnOnce(&Path) -> Result<(), CodeError>,
) -> Result<(), CodeError> {
    let partial = place.with_extension("partial");
    let wrong = |error| CodeError::Write(place.to_owned(), error);
    for old in [place, &partial] {
        if old.exists() {
            fs::remove_dir_all(old).map_err(wrong)?;
        }
    }
    make_directory(&partial).map_err(wrong)?;
    let filled = fill(&partial).and_then(|()| fs::rename(&partial, place).map_err(wrong));
    if filled.is_err() {
        let _ = fs::remove_dir_all(&partial);
    }
    filled
}

/// A directory, with those above it, that everybody may read.
pub(crate) fn make_directory(path: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o755).create(path)
}

fn check_bootstrap(directory: &Path) -> Result<(), CodeError> {
    let path = directory.join("bootstrap");
    let Ok(metadata) = fs::metadata(&path) else {
        return Err(CodeError::NoBootstrap(directory.to_owned()));
    };
    if metadata.is_file() && metadata.permissions().mode() & 0o111 != 0 {
        return Ok(());
    }
    Err(CodeError::BootstrapMode(path))
}

#[cfg(test)]
mod tests;
