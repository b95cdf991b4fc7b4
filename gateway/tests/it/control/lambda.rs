//! AWS Lambda, IAM and Systems Manager with boto3: functions are made, run, changed and deleted.

use super::dev;
use super::tools::{Desk, aws, said};
use crate::support::Gateway;

#[test]
fn boto3_makes_runs_and_changes_functions() {
    let Some(aws) = aws() else { return };
    let gateway = dev(&[]);
    let desk = Desk::at(&gateway);
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/control/lambda.py");
    let data = format!("http://{}", gateway.addr());
    said(&desk.run(&aws.with_file_name("python"), &[script, &data]));
}

#[test]
fn function_urls_are_served_and_versions_stay_what_they_were() {
    let Some(aws) = aws() else { return };
    let gateway = dev(&[]);
    let desk = Desk::at(&gateway);
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/control/urls.py");
    said(&desk.run(&aws.with_file_name("python"), &[script, &gateway.addr().to_string()]));
}

#[test]
fn functions_outlive_a_restart() {
    let Some(aws) = aws() else { return };
    let state = tempfile::tempdir().unwrap();
    let args = ["--control", "127.0.0.1:0", "--dev", "--state", state.path().to_str().unwrap()];
    let gateway = Gateway::start(super::EMPTY, &args);
    let desk = Desk::at(&gateway);
    let archive = "import zipfile\nwith zipfile.ZipFile('code.zip', 'w') as z:\n z.writestr('a.py', 'def h(e, c): return e')\n";
    said(&desk.run(&aws.with_file_name("python"), &["-c", archive]));
    let create =
        ["lambda", "create-function", "--function-name", "kept", "--runtime", "python3.12"];
    let rest = [
        "--handler",
        "a.h",
        "--role",
        "arn:aws:iam::000000000000:role/r",
        "--zip-file",
        "fileb://code.zip",
    ];
    said(&desk.run(&aws, &[&create[..], &rest].concat()));
    gateway.stop();
    let gateway = Gateway::start(super::EMPTY, &args);
    let desk = Desk::at(&gateway);
    let invoke =
        ["lambda", "invoke", "--function-name", "kept", "--payload", "{\"is\": \"back\"}", "out"];
    let output = desk.run(&aws, &invoke);
    said(&output);
    assert_eq!(std::fs::read_to_string(desk.path().join("out")).unwrap(), r#"{"is": "back"}"#);
}
