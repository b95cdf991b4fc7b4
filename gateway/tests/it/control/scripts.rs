//! boto3 against the built gateway: its response parser is the judge. What it called is compared with AWS's own list.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::client::ControlGateway as _;
use super::dev;
use crate::support::{Gateway, in_package};

/// A new operation without a test, or one whose test is gone, changes this file.
const UNTESTED: &str = "tests/control/untested.txt";

/// How many operations API Gateway v1 has. Source: botocore's service model.
const OPERATIONS: usize = 124;

/// Python with boto3; nothing, said aloud, where there is none.
fn python() -> Option<PathBuf> {
    let Some(venv) = std::env::var_os("GATEWAY_TEST_VENV").map(PathBuf::from) else {
        eprintln!("left out: GATEWAY_TEST_VENV does not say where boto3 is; scripts/test does");
        return None;
    };
    Some(venv.join("bin/python"))
}

/// Runs a script of `tests/control` to its end; what it called is added to `calls`.
#[track_caller]
fn run(python: &Path, script: &str, args: &[&str], calls: &Path) {
    let output = Command::new(python)
        .arg(in_package(&format!("tests/control/{script}")))
        .args(args)
        .env("GATEWAY_TEST_OPERATIONS", calls)
        .output()
        .unwrap();
    let (out, err) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{script}: {err}\n{out}");
    print!("{out}");
}

fn url(gateway: &Gateway) -> String {
    format!("http://{}", gateway.control_addr())
}

fn trials() -> Gateway {
    let args = ["--control", "127.0.0.1:0", "--dev"];
    Gateway::start("tests/it/control/trials.yaml", &args)
}

#[test]
fn documents_go_in_and_out() {
    let Some(python) = python() else { return };
    let gateway = dev(&[]);
    let calls = gateway.directory().join("calls");
    run(&python, "imports.py", &[&url(&gateway), &gateway.addr().to_string()], &calls);
}

#[test]
fn methods_and_authorizers_are_tried_before_they_are_deployed() {
    let Some(python) = python() else { return };
    let gateway = trials();
    let calls = gateway.directory().join("calls");
    run(&python, "trials.py", &[&url(&gateway)], &calls);
}

/// Counts what boto3 called and was answered, of all that its service model has.
#[test]
fn the_golden_list_names_what_boto3_never_called() {
    let Some(python) = python() else { return };
    let gateway = trials();
    let calls = gateway.directory().join("calls");
    run(&python, "apigateway.py", &[&url(&gateway)], &calls);
    run(&python, "imports.py", &[&url(&gateway), &gateway.addr().to_string()], &calls);
    run(&python, "trials.py", &[&url(&gateway)], &calls);
    let script = in_package("tests/control/operations.py");
    let output = Command::new(&python).arg(script).arg(&calls).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let (counts, untested) = text.split_once('\n').unwrap();
    let (all, called) = counts.split_once(' ').unwrap();
    assert_eq!(all.parse(), Ok(OPERATIONS), "botocore's model has changed");
    println!("{called} of {all} operations were called");
    let path = in_package(UNTESTED);
    let untested = untested.trim_end();
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        let end = if untested.is_empty() { "" } else { "\n" };
        std::fs::write(&path, format!("{untested}{end}")).unwrap();
    }
    let golden = std::fs::read_to_string(&path).unwrap();
    assert_eq!(untested, golden.trim_end(), "UPDATE_EXPECT=1 writes {}", path.display());
}
