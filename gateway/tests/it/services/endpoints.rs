//! Where services are, and what is said when they cannot be called.

use super::{TEMPLATE, ask};
use crate::support::{Backend, Gateway, check, in_package};

#[test]
fn each_service_has_its_endpoint() {
    let (all, states) = (Backend::echo(), Backend::echo());
    let directory = tempfile::tempdir().unwrap();
    let config = directory.path().join("gateway.toml");
    std::fs::write(&config, "[aws]\naccess_key_id = \"A\"\nsecret_access_key = \"B\"\n").unwrap();
    let (all_url, states_url) = (all.url(), format!("sfn={}/base/", states.url()));
    let args =
        ["--aws-endpoint", &all_url, "--aws-endpoint", &states_url, "-c", config.to_str().unwrap()];
    let gateway = Gateway::start(TEMPLATE, &args);
    ask(&gateway, "POST", "/s/executions?machine=m", &[], b"{}");
    assert_eq!(states.wait_requests(1)[0].target(), "/base/?Action=StartExecution");
    assert_eq!(all.connections(), 0);
    ask(&gateway, "GET", "/s/items/ann?table=t", &[], b"");
    assert_eq!(all.wait_requests(1)[0].target(), "/?Action=Query");
    assert_eq!(states.requests().len(), 1);
}

#[test]
fn without_credentials_an_endpoint_of_one_s_own_is_called_unsigned() {
    let backend = Backend::echo();
    let gateway = Gateway::start(TEMPLATE, &["--aws-endpoint", &backend.url()]);
    ask(&gateway, "GET", "/s/items/ann?table=t", &[], b"");
    let received = &backend.wait_requests(1)[0];
    assert_eq!(
        (received.header("authorization"), received.header("x-amz-security-token")),
        (None, None)
    );
    assert!(gateway.stderr().contains("calls of dynamodb are not signed"), "{}", gateway.stderr());
}

#[test]
fn without_credentials_aws_is_not_called_and_the_log_says_what_to_do() {
    let gateway = Gateway::start(TEMPLATE, &[]);
    assert!(
        gateway.stderr().contains("there are no credentials to sign calls of sqs with"),
        "{}",
        gateway.stderr()
    );
    let response = ask(&gateway, "POST", "/s/queues/q", &[], b"{}");
    assert_eq!(
        (response.status, response.text()),
        (500, r#"{"message": "Internal server error"}"#)
    );
    gateway.wait_for_stderr("AWS cannot be called without credentials", 1);
    assert!(gateway.stderr().matches("AWS_ACCESS_KEY_ID").count() >= 2, "{}", gateway.stderr());
}

#[test]
fn check_names_the_fix() {
    let output = check(&[in_package(TEMPLATE).as_os_str()]);
    assert_eq!(output.status.code(), Some(1), "warnings are problems");
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(said.contains("--aws-endpoint sqs=URL"), "{said}");
    assert!(said.contains("AWS_ACCESS_KEY_ID"), "{said}");
}
