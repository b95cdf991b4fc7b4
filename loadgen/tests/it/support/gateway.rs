//! The gateway as a child process.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::{PATIENCE, example, free_address};

/// A running `gateway run` on two shards, killed when dropped.
pub(crate) struct Gateway {
    child: Child,
    directory: TempDir,
    address: SocketAddr,
    ops: SocketAddr,
    origin: SocketAddr,
}

impl Gateway {
    /// Serves `limits.yaml` as it is.
    #[track_caller]
    pub(crate) fn limits() -> Self {
        Self::serving("limits.yaml", &std::fs::read_to_string(example("limits.yaml")).unwrap())
    }

    /// Serves this template, whose backend is where [`Gateway::origin`] says. The ids of what it defines are made from
    /// the file's name, so it is that of the definition that the gateway is held to.
    #[track_caller]
    pub(crate) fn serving(name: &str, template: &str) -> Self {
        let directory = TempDir::new().unwrap();
        let file = directory.path().join(name);
        std::fs::write(&file, template).unwrap();
        let ports = directory.path().join("ports");
        let origin = free_address();
        let mut command = Command::new(gateway());
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            if text.starts_with("GATEWAY_") || text.starts_with("AWS_") || text == "RUST_LOG" {
                command.env_remove(&name);
            }
        }
        let log = std::fs::File::create(directory.path().join("log")).unwrap();
        let child = command
            .arg("run")
            .arg(&file)
            .args(["--param", &format!("BackendUrl=http://{origin}"), "--shards", "2"])
            .args(["--listen", "127.0.0.1:0", "--ops", "127.0.0.1:0", "--control", "none"])
            .args(["--access-log", "off"])
            .arg("--port-file")
            .arg(&ports)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut this = Self { child, directory, address: origin, ops: origin, origin };
        this.read_ports(&ports);
        this
    }

    /// Where requests go.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The ops address.
    pub(crate) fn ops(&self) -> SocketAddr {
        self.ops
    }

    /// Its process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Where it looks for the backend.
    pub(crate) fn origin(&self) -> SocketAddr {
        self.origin
    }

    #[track_caller]
    fn read_ports(&mut self, ports: &Path) {
        let deadline = Instant::now() + PATIENCE;
        let text = loop {
            match std::fs::read_to_string(ports) {
                Ok(text) if text.ends_with('\n') => break text,
                _ if self.child.try_wait().unwrap().is_some() || Instant::now() > deadline => {
                    panic!("the gateway does not serve:\n{}", self.log());
                }
                _ => std::thread::sleep(Duration::from_millis(10)),
            }
        };
        for line in text.lines() {
            match line.split_once(' ') {
                Some(("listen", address)) => self.address = address.parse().unwrap(),
                Some(("ops", address)) => self.ops = address.parse().unwrap(),
                _ => {}
            }
        }
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.directory.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        // Both fail only for a process that has ended and was waited for.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("log of the gateway:\n{}", self.log());
        }
    }
}

/// The gateway's binary, built if it is missing.
fn gateway() -> &'static Path {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(|| {
        let beside = Path::new(env!("CARGO_BIN_EXE_loadgen")).with_file_name("gateway");
        if !beside.exists() {
            let profile = beside.parent().unwrap();
            let mut build = Command::new(env!("CARGO"));
            build.args(["build", "-p", "gateway", "--bin", "gateway"]);
            build.arg("--target-dir").arg(profile.parent().unwrap());
            if profile.ends_with("release") {
                build.arg("--release");
            }
            let status = build.current_dir(env!("CARGO_MANIFEST_DIR")).status().unwrap();
            assert!(
                status.success() && beside.exists(),
                "no {}: build the gateway",
                beside.display()
            );
        }
        beside
    })
}
