//! The built binary as a child process.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use super::PATIENCE;

/// A running `gateway run`, killed when dropped.
pub(crate) struct Gateway {
    child: Child,
    addr: SocketAddr,
    ops: SocketAddr,
    template: PathBuf,
    stderr: Arc<Stderr>,
    directory: TempDir,
}

/// How a gateway ended.
#[derive(Debug)]
pub(crate) struct Stopped {
    /// The exit status; `None` when a signal ended it.
    pub(crate) code: Option<i32>,
    /// All that it wrote to standard error.
    pub(crate) stderr: String,
}

impl Gateway {
    /// Starts the gateway on free ports and waits until it serves.
    ///
    /// `template` is a path, relative to the package, or a template's text (whatever has a line
    /// break), which is written to a file of its own: [`Gateway::template`].
    /// `args` follow the defaults, one shard and no control plane, on the command line.
    #[track_caller]
    pub(crate) fn start(template: &str, args: &[&str]) -> Self {
        let directory = TempDir::new().unwrap();
        let template = if template.contains('\n') {
            let name = if template.starts_with('{') { "template.json" } else { "template.yaml" };
            let path = directory.path().join(name);
            std::fs::write(&path, template).unwrap();
            path
        } else {
            in_package(template)
        };
        let port_file = directory.path().join("ports");
        let mut command = gateway();
        command
            .arg("run")
            .arg(&template)
            .args(["--listen", "127.0.0.1:0", "--ops", "127.0.0.1:0"])
            .arg("--port-file")
            .arg(&port_file)
            .args(args)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        for (flag, default) in [("--shards", "1"), ("--control", "none")] {
            if !args.contains(&flag) {
                command.args([flag, default]);
            }
        }
        let mut child = command.spawn().unwrap();
        let stderr = Stderr::of(&mut child);
        let mut this = Self { child, addr: NOWHERE, ops: NOWHERE, template, stderr, directory };
        // The port file is there before the line that announces the addresses.
        this.stderr.wait(|_| port_file.exists());
        let Ok(ports) = std::fs::read_to_string(&port_file) else {
            panic!("the gateway does not serve:\n{}", this.stderr())
        };
        for line in ports.lines() {
            let (what, address) = line.split_once(' ').unwrap();
            match what {
                // The first `listen` is the one asked for above.
                "listen" if this.addr == NOWHERE => this.addr = address.parse().unwrap(),
                "ops" => this.ops = address.parse().unwrap(),
                _ => {}
            }
        }
        this
    }

    /// Where the data plane listens.
    pub(crate) fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Where metrics and health are.
    pub(crate) fn ops_addr(&self) -> SocketAddr {
        self.ops
    }

    /// The process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The definition that it was started with.
    pub(crate) fn template(&self) -> &Path {
        &self.template
    }

    /// A directory that lives as long as the gateway.
    pub(crate) fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// What it has written to standard error so far.
    pub(crate) fn stderr(&self) -> String {
        self.stderr.text.lock().unwrap().written.clone()
    }

    /// Waits until standard error holds `text` `count` times.
    #[track_caller]
    pub(crate) fn wait_for_stderr(&self, text: &str, count: usize) {
        let found = self.stderr.wait(|written| written.matches(text).count() >= count);
        assert!(found, "{text:?} is not {count} times in:\n{}", self.stderr());
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(i32::try_from(self.pid()).unwrap()).unwrap();
        kill_process(pid, signal).unwrap();
    }

    /// Waits, for [`PATIENCE`], until the process has ended.
    #[track_caller]
    pub(crate) fn ended(mut self) -> Stopped {
        // The pipe ends with the process; nothing inherits it.
        self.stderr.wait(|_| false);
        let status = self.reap();
        Stopped { code: status.code(), stderr: self.stderr() }
    }

    /// `SIGTERM`, and waits until the process has ended.
    #[track_caller]
    pub(crate) fn stop(self) -> Stopped {
        self.signal(Signal::TERM);
        self.ended()
    }

    #[track_caller]
    fn reap(&mut self) -> ExitStatus {
        let is_over = self.stderr.text.lock().unwrap().is_over;
        assert!(is_over, "still running after {PATIENCE:?}:\n{}", self.stderr());
        self.child.wait().unwrap()
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        // Both fail only for a process that has ended and was waited for.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("standard error of the gateway:\n{}", self.stderr());
        }
    }
}

/// Runs `gateway check` with these arguments.
pub(crate) fn check(args: &[&std::ffi::OsStr]) -> Output {
    gateway().arg("check").args(args).output().unwrap()
}

/// Runs `gateway explain` with these arguments.
pub(crate) fn explain(args: &[&str]) -> Output {
    gateway().arg("explain").args(args).output().unwrap()
}

/// A path of this package.
pub(crate) fn in_package(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn gateway() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gateway"));
    for (name, _) in std::env::vars_os() {
        let name_text = name.to_string_lossy();
        if name_text.starts_with("GATEWAY_") || name_text.starts_with("AWS_") {
            command.env_remove(&name);
        }
    }
    // Huge pages would count 2 MiB for every byte that is touched; tests ask what is really used.
    command.env("MIMALLOC_ALLOW_THP", "0");
    command.env_remove("NOTIFY_SOCKET").env_remove("LISTEN_FDS").env_remove("RUST_LOG");
    command
}

const NOWHERE: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED), 0);

/// Standard error of the child, gathered by a thread.
struct Stderr {
    text: Mutex<Written>,
    grown: Condvar,
}

#[derive(Default)]
struct Written {
    written: String,
    is_over: bool,
}

impl Stderr {
    fn of(child: &mut Child) -> Arc<Self> {
        let this = Arc::new(Self { text: Mutex::default(), grown: Condvar::new() });
        let pipe = child.stderr.take().unwrap();
        let shared = this.clone();
        std::thread::spawn(move || {
            let mut reader = BufReader::new(pipe);
            let mut line = Vec::new();
            while reader.read_until(b'\n', &mut line).is_ok_and(|count| count > 0) {
                let text = String::from_utf8_lossy(&line);
                shared.text.lock().unwrap().written.push_str(&text);
                shared.grown.notify_all();
                line.clear();
            }
            shared.text.lock().unwrap().is_over = true;
            shared.grown.notify_all();
        });
        this
    }

    /// Waits until `is_there` holds of what was written, or there is nothing more to come.
    fn wait(&self, is_there: impl Fn(&str) -> bool) -> bool {
        let deadline = Instant::now() + PATIENCE;
        let mut text = self.text.lock().unwrap();
        loop {
            if is_there(&text.written) {
                return true;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if text.is_over || left.is_zero() {
                return false;
            }
            // What is waited for may be beside the text, as the port file is: look now and then.
            let nap = left.min(Duration::from_millis(50));
            text = self.grown.wait_timeout(text, nap).unwrap().0;
        }
    }
}
