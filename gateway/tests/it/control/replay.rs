//! What AWS itself answered, replayed: scripts of calls with the recorded answers, run by the shared replayer.
//!
//! moto stands in for the services that the gateway is not, the replayer's own backend for HTTP. A case that we answer otherwise
//! than AWS did is listed by its name in `docs/compatibility.md`, with the reason.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::client::ControlGateway as _;
use crate::conformance::data;
use crate::services::moto::Moto;
use crate::support::{Gateway, in_package};

/// Scripts that there are. Source: the README beside them.
const CASES: usize = 124;

/// Scripts that are answered as AWS did, at least.
const PASSED_MIN: usize = 117;

/// The section of the document that lists the others.
const HEADING: &str = "## Recorded answers that differ";

const KEYS: &str = "[aws]\naccess_key_id = \"test\"\nsecret_access_key = \"test\"\n";

#[test]
fn recorded_answers_are_ours_or_listed() {
    let (Some(recorded), Some(replayer)) = (data("aws-recorded"), data("replay.py")) else {
        return;
    };
    let Some(moto) = Moto::start() else { return };
    let directory = tempfile::tempdir().unwrap();
    let config = directory.path().join("gateway.toml");
    std::fs::write(&config, KEYS).unwrap();
    let config = config.to_str().unwrap();
    let args = ["--control", "127.0.0.1:0", "--dev", "--aws-endpoint", &moto.url(), "-c", config];
    let gateway = Gateway::start(super::EMPTY, &args);
    let problems = replay(&gateway, &moto, &replayer, scripts(&recorded));
    assert_eq!(problems.len(), CASES, "the replayer went through all scripts");
    let failing: BTreeSet<&str> =
        problems.iter().filter(|(_, found)| !found.is_empty()).map(|(name, _)| &**name).collect();
    let passed = CASES - failing.len();
    println!("{passed} of {CASES} recorded scripts are answered as AWS did");
    let document = std::fs::read_to_string(in_package("docs/compatibility.md")).unwrap();
    let listed = listed(&document);
    for name in failing.difference(&listed) {
        println!("{name} is not listed under \"{HEADING}\":\n  {}", problems[*name].join("\n  "));
    }
    for name in listed.difference(&failing) {
        println!("{name} is listed under \"{HEADING}\" and passes: take it out");
    }
    assert_eq!(failing, listed, "docs/compatibility.md lists the scripts that differ");
    assert!(passed >= PASSED_MIN, "{passed} passed, {PASSED_MIN} did before");
}

fn scripts(directory: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory).unwrap();
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    paths.sort();
    paths
}

/// The differences of each script.
fn replay(
    gateway: &Gateway,
    moto: &Moto,
    replayer: &Path,
    scripts: Vec<PathBuf>,
) -> BTreeMap<String, Vec<String>> {
    let venv = PathBuf::from(std::env::var_os("GATEWAY_TEST_VENV").unwrap());
    let results = gateway.directory().join("results.json");
    let output = Command::new(venv.join("bin/python"))
        // The data may lie where nobody can write.
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .arg(replayer)
        .args(["--control", &format!("http://{}", gateway.control_addr())])
        .args(["--invoke", &gateway.addr().to_string()])
        .args(["--default-endpoint", &moto.url(), "--reset", "--json"])
        .arg(&results)
        .args(scripts)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    let text = std::fs::read_to_string(&results).unwrap_or_else(|error| panic!("{error}: {said}"));
    let by_path: BTreeMap<PathBuf, Vec<String>> = serde_json::from_str(&text).unwrap();
    let name = |path: &Path| path.file_stem().unwrap().to_string_lossy().into_owned();
    by_path.iter().map(|(path, found)| (name(path), found.clone())).collect()
}

/// The names in the first column of the section's tables.
fn listed(document: &str) -> BTreeSet<&str> {
    let section = document.split_once(HEADING).map_or("", |(_, rest)| rest);
    let section = section.split("\n## ").next().unwrap_or_default();
    let rows = section.lines().filter_map(|line| line.strip_prefix("| `"));
    rows.filter_map(|row| row.split_once('`')).map(|(name, _)| name).collect()
}
