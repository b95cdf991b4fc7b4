//! boto3 against the built gateway: its response parser is the judge, and what it deploys has to compile.

use std::path::PathBuf;
use std::process::Command;

use super::client::ControlGateway as _;
use super::dev;
use crate::support::{Gateway, in_package};

/// Runs a script with these arguments; left out by name where boto3 is not installed.
#[track_caller]
fn run(script: &str, arguments: impl Fn(&Gateway) -> Vec<String>) {
    let Some(venv) = std::env::var_os("GATEWAY_TEST_VENV").map(PathBuf::from) else {
        eprintln!("left out: GATEWAY_TEST_VENV does not say where boto3 is; scripts/test does");
        return;
    };
    let gateway = dev(&[]);
    let mut command = Command::new(venv.join("bin/python"));
    command.arg(in_package(script)).args(arguments(&gateway));
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn control(gateway: &Gateway) -> String {
    format!("http://{}", gateway.control_addr())
}

#[test]
fn every_operation_is_answered_and_what_is_deployed_is_served() {
    run("tests/control/apigateway.py", |gateway| vec![control(gateway)]);
}

#[test]
fn an_api_is_made_changed_rolled_back_and_deleted() {
    let both = |gateway: &Gateway| vec![control(gateway), gateway.addr().to_string()];
    run("tests/control/lifecycle.py", both);
}
