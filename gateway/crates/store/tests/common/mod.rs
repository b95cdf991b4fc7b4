//! Rows for tests, and tests that run themselves again as another process.

#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::path::{Path, PathBuf};
use std::process::Command;

use gateway_store::{Period, UsageRecord, UsageRow};

const DIRECTORY: &str = "GATEWAY_STORE_TEST_DIRECTORY";

/// A row of plan `p`.
pub(crate) fn row(key: u64, used: u64, days: [(u32, u64); 2]) -> UsageRow {
    UsageRow {
        plan_id: "p".into(),
        key_id: format!("key-{key:06}").into(),
        record: UsageRecord { period: Some((Period::Month, 600)), used: used as i64, days },
    }
}

/// The directory given to this process if it is a child that a test started.
pub(crate) fn child_directory() -> Option<PathBuf> {
    std::env::var_os(DIRECTORY).map(PathBuf::from)
}

/// The arguments that run `test` of this binary alone.
pub(crate) fn child_arguments(test: &str) -> Vec<String> {
    let exe = std::env::current_exe().expect("a test knows its own path");
    let exe = exe.to_str().expect("the path is text").to_owned();
    vec![exe, "--exact".into(), test.into(), "--nocapture".into(), "--test-threads=1".into()]
}

/// A command that runs `test` of this binary as a child with `dir`, behind `prefix`.
pub(crate) fn child(prefix: &[&str], test: &str, dir: &Path) -> Command {
    let arguments = child_arguments(test);
    let mut words = prefix.iter().map(|word| (*word).to_owned()).chain(arguments);
    let mut command = Command::new(words.next().expect("a command has a name"));
    command.args(words).env(DIRECTORY, dir);
    command
}
