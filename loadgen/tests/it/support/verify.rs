//! `loadgen verify` as a child process, with its report as JSON.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use serde_json::Value;
use tempfile::TempDir;

use super::example;

/// One run, put together.
pub(crate) struct Verify {
    command: Command,
    directory: TempDir,
}

/// What a run found.
pub(crate) struct Verified {
    /// The exit status.
    pub(crate) code: Option<i32>,
    /// The report.
    pub(crate) report: Value,
    /// All that was printed.
    pub(crate) printed: String,
    directory: TempDir,
}

impl Verify {
    /// Holds the gateway at `target` to `limits.yaml`.
    pub(crate) fn limits(target: SocketAddr) -> Self {
        Self::definition(&example("limits.yaml"), target)
    }

    /// Holds the gateway at `target` to a definition.
    pub(crate) fn definition(definition: &Path, target: SocketAddr) -> Self {
        let directory = TempDir::new().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_loadgen"));
        command.arg("verify").arg(definition).args(["--target", &format!("http://{target}")]);
        Self { command, directory }
    }

    /// Holds the gateway at `target` to a definition that is not in a file.
    pub(crate) fn text(definition: &str, target: SocketAddr) -> Self {
        let directory = TempDir::new().unwrap();
        let file = directory.path().join("definition.yaml");
        std::fs::write(&file, definition).unwrap();
        let mut this = Self::definition(&file, target);
        this.directory = directory;
        this
    }

    /// More arguments.
    pub(crate) fn args(mut self, args: &[&str]) -> Self {
        self.command.args(args);
        self
    }

    /// With the definition's backend served there.
    pub(crate) fn origin(self, origin: SocketAddr) -> Self {
        let param = format!("BackendUrl=http://{origin}");
        self.args(&["--origin", &origin.to_string(), "--param", &param])
    }

    /// With the ops address.
    pub(crate) fn ops(self, ops: SocketAddr) -> Self {
        self.args(&["--ops", &ops.to_string()])
    }

    /// With a file of expectations.
    pub(crate) fn expect(self, text: &str) -> Self {
        let file = self.directory.path().join("expect.yaml");
        std::fs::write(&file, text).unwrap();
        let file = file.display().to_string();
        self.args(&["--expect", &file])
    }

    /// Runs it; runs of other tests wait.
    #[track_caller]
    pub(crate) fn run(mut self) -> Verified {
        static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
        let file = |name: &str| self.directory.path().join(name);
        let json = file("report.json");
        for (flag, path) in [
            ("--json", json.clone()),
            ("--junit", file("report.xml")),
            ("--html", file("report.html")),
        ] {
            self.command.arg(flag).arg(path);
        }
        let output = {
            let _one = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
            self.command.output().unwrap()
        };
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let printed = text(&output.stdout) + &text(&output.stderr);
        let Ok(report) = std::fs::read(&json) else { panic!("no report:\n{printed}") };
        let report = serde_json::from_slice(&report).unwrap();
        Verified { code: output.status.code(), report, printed, directory: self.directory }
    }
}

impl Verified {
    /// The ids of the checks with this verdict.
    pub(crate) fn ids(&self, verdict: &str) -> Vec<&str> {
        let checks = self.report["checks"].as_array().unwrap().iter();
        checks
            .filter(|check| check["verdict"] == verdict)
            .map(|check| check["id"].as_str().unwrap())
            .collect()
    }

    /// Why checks failed or were not made, one after the other.
    pub(crate) fn reasons(&self) -> String {
        let checks = self.report["checks"].as_array().unwrap().iter();
        checks.filter_map(|check| check["reason"].as_str()).collect::<Vec<_>>().join("\n")
    }

    /// Panics unless the run failed, `failed` begin the ids of all that did, each of at least one, and something else
    /// passed where `passed` begins its id.
    #[track_caller]
    pub(crate) fn assert_failed(&self, failed: &[&str], passed: &[&str]) {
        let printed = &self.printed;
        assert_eq!(self.code, Some(1), "{printed}");
        let found = self.ids("failed");
        for id in &found {
            assert!(
                failed.iter().any(|start| id.starts_with(start)),
                "{id} failed too:\n{printed}"
            );
        }
        for start in failed {
            assert!(
                found.iter().any(|id| id.starts_with(start)),
                "{start} did not fail:\n{printed}"
            );
        }
        for start in passed {
            let is_there = self.ids("passed").iter().any(|id| id.starts_with(start));
            assert!(is_there, "{start} did not pass:\n{printed}");
        }
    }

    /// Panics unless the run passed, and something of each kind did.
    #[track_caller]
    pub(crate) fn assert_passed(&self, passed: &[&str]) {
        let printed = &self.printed;
        assert_eq!(self.code, Some(0), "{printed}");
        assert_eq!(self.ids("failed"), [""; 0], "{printed}");
        for start in passed {
            let is_there = self.ids("passed").iter().any(|id| id.starts_with(start));
            assert!(is_there, "{start} did not pass:\n{printed}");
        }
    }

    /// A file that was written: `report.xml`, `report.html`.
    #[track_caller]
    pub(crate) fn written(&self, name: &str) -> String {
        let path: PathBuf = self.directory.path().join(name);
        std::fs::read_to_string(path).unwrap()
    }
}
