//! The runtimes that are not in the code: an interpreter of this machine, and a client of the runtime API that the
//! gateway brings along.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::Instant;

use gateway_compile::Runtime;

use crate::code::make_directory;
use crate::limits::INTERPRETER_MAX;
use crate::supervisor::children::Known;

const PYTHON_CLIENT: (&str, &str) = ("bootstrap.py", include_str!("runtimes/python.py"));
const NODE_CLIENT: (&str, &str) = ("bootstrap.cjs", include_str!("runtimes/node.cjs"));

/// There is no interpreter for a runtime.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingInterpreter {
    /// The runtime, as a template names it.
    pub runtime: String,
    /// Programs that were looked for on `PATH`, the best first.
    pub looked_for: Vec<String>,
}

impl std::fmt::Display for MissingInterpreter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let fix = self.looked_for.last().map_or("it", String::as_str);
        write!(
            f,
            "no interpreter for {}: no working {} on PATH; install {fix}, or put it on PATH",
            self.runtime,
            self.looked_for.join(" or "),
        )
    }
}

impl std::error::Error for MissingInterpreter {}

/// The program that runs a function of `runtime`; an empty path for `provided`, which brings its own.
///
/// A script that stands for it, as those of version managers do, is asked once for the interpreter it would start:
/// such a script takes longer than the function. Any version is taken where the named one is not there, with a warning.
///
/// # Errors
/// [`MissingInterpreter`].
pub fn interpreter(runtime: &Runtime) -> Result<PathBuf, MissingInterpreter> {
    static FOUND: LazyLock<Mutex<HashMap<String, PathBuf>>> = LazyLock::new(Mutex::default);
    let programs = programs(runtime);
    if programs.is_empty() {
        return Ok(PathBuf::new());
    }
    let name = name(runtime);
    let mut found = FOUND.lock().unwrap_or_else(PoisonError::into_inner);
    // A path found once may have been uninstalled.
    if let Some(path) = found.get(&name).filter(|path| path.exists()) {
        return Ok(path.clone());
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let directories: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let Some(path) = programs.iter().find_map(|program| find(&directories, program, runtime))
    else {
        return Err(MissingInterpreter { runtime: name, looked_for: programs });
    };
    warn_of_version(&name, runtime, &path);
    found.insert(name, path.clone());
    Ok(path)
}

/// The name of a runtime in a template and in `AWS_EXECUTION_ENV`.
pub(crate) fn name(runtime: &Runtime) -> String {
    match runtime {
        Runtime::Provided => "provided".to_owned(),
        Runtime::Python { version } => format!("python{version}"),
        Runtime::NodeJs { version } => format!("nodejs{}.x", version.trim_end_matches(".x")),
    }
}

/// Writes the clients of the runtime API to `directory`, for all environments.
pub(crate) fn write_clients(directory: &Path) -> io::Result<()> {
    make_directory(directory)?;
    for (name, text) in [PYTHON_CLIENT, NODE_CLIENT] {
        fs::write(directory.join(name), text)?;
        fs::set_permissions(directory.join(name), fs::Permissions::from_mode(0o644))?;
    }
    Ok(())
}

/// What is started for a runtime: a program and its arguments.
pub(crate) fn command(
    runtime: &Runtime,
    clients: &Path,
    task_root: &Path,
) -> Result<(PathBuf, Vec<OsString>), MissingInterpreter> {
    let program = interpreter(runtime)?;
    Ok(match runtime {
        Runtime::Provided => (task_root.join("bootstrap"), Vec::new()),
        // Without `site`, which takes longer than all the rest where there are many packages; the client adds their
        // directories itself. Without compiled files, for which there is no place.
        Runtime::Python { .. } => {
            (program, vec!["-S".into(), "-B".into(), clients.join(PYTHON_CLIENT.0).into()])
        }
        Runtime::NodeJs { .. } => (program, vec![clients.join(NODE_CLIENT.0).into()]),
    })
}

fn programs(runtime: &Runtime) -> Vec<String> {
    match runtime {
        Runtime::Provided => Vec::new(),
        Runtime::Python { version } => vec![format!("python{version}"), "python3".to_owned()],
        Runtime::NodeJs { .. } => vec!["node".to_owned()],
    }
}

fn find(directories: &[PathBuf], program: &str, runtime: &Runtime) -> Option<PathBuf> {
    directories.iter().filter(|directory| directory.is_absolute()).find_map(|directory| {
        let path = directory.join(program);
        let metadata = fs::metadata(&path).ok()?;
        if !metadata.is_file() || metadata.permissions().mode() & 0o111 == 0 {
            return None;
        }
        if is_script(&path) { behind_script(&path, runtime) } else { Some(path) }
    })
}

fn is_script(path: &Path) -> bool {
    let mut start = [0; 2];
    File::open(path).and_then(|mut file| file.read_exact(&mut start)).is_ok() && start == *b"#!"
}

/// The interpreter that a script starts, as that says itself.
fn behind_script(script: &Path, runtime: &Runtime) -> Option<PathBuf> {
    let path = ask(script, runtime, "import sys; print(sys.executable)", "process.execPath")?;
    Some(PathBuf::from(path)).filter(|path| path.is_absolute() && path.exists())
}

/// Says so when an interpreter is not of the version that a runtime names. Beside: nobody waits for that.
fn warn_of_version(name: &str, runtime: &Runtime, path: &Path) {
    let wanted = match runtime {
        Runtime::Provided => return,
        Runtime::Python { version } => version.clone(),
        Runtime::NodeJs { version } => version.trim_end_matches(".x").into(),
    };
    let (name, runtime, path) = (name.to_owned(), runtime.clone(), path.to_owned());
    let look = move || {
        let python = "import sys; print('%d.%d' % sys.version_info[:2])";
        let version = ask(&path, &runtime, python, "process.versions.node.split('.')[0]");
        if version.as_deref() != Some(&*wanted) {
            let version = version.unwrap_or_else(|| "unknown".to_owned());
            tracing::warn!(
                runtime = name,
                version,
                program = %path.display(),
                "Functions run on another version of their runtime"
            );
        }
    };
    // Without a thread there is no warning.
    drop(std::thread::Builder::new().spawn(look));
}

/// What an interpreter answers to a line of Python, or an expression of JavaScript.
fn ask(program: &Path, runtime: &Runtime, python: &str, node: &str) -> Option<String> {
    let arguments = match runtime {
        Runtime::Provided => return None,
        Runtime::Python { .. } => ["-c", python],
        Runtime::NodeJs { .. } => ["-p", node],
    };
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let (mut child, _known) = Known::spawn(|| command.spawn(), |child| Some(child.id())).ok()?;
    let since = Instant::now();
    let is_ended = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status.success(),
            Ok(None) if since.elapsed() < INTERPRETER_MAX => {
                std::thread::sleep(std::time::Duration::from_millis(2));
            }
            _ => {
                let _ = child.kill();
                let _ = child.wait();
                break false;
            }
        }
    };
    let mut answer = String::new();
    let stdout = child.stdout.take()?;
    stdout.take(4096).read_to_string(&mut answer).ok()?;
    is_ended.then(|| answer.trim().to_owned())
}

#[cfg(test)]
mod tests;
