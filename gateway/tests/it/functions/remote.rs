//! Functions that run elsewhere: any endpoint that speaks `Invoke`, signed with SigV4.

use serde_json::{Value, json};

use super::stack::Stack;
use super::{ask, get};
use crate::support::{Answer, Backend, Gateway};

const ARN: &str = "arn:aws:lambda:eu-west-1:111122223333:function:orders:live";

/// A route to a function that no template here defines.
fn template(more: &[(&str, Value)]) -> String {
    let uri =
        format!("arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/{ARN}/invocations");
    let route =
        super::stack::Route { integration: Some(json!({ "Uri": uri })), ..Default::default() };
    let stack = Stack::new().route_with("ANY", "{proxy+}", "orders", route);
    more.iter().fold(stack, |stack, (id, value)| stack.resource(id, value.clone())).template()
}

fn lambda(status: u16, headers: &[(&str, &str)], body: &str) -> Backend {
    Backend::canned(Answer::status(status, headers, body.as_bytes()))
}

fn start(backend: &Backend, signed: bool) -> Gateway {
    let endpoint = format!("lambda={}", backend.url());
    let mut args = vec!["--aws-endpoint", &endpoint];
    let directory = tempfile::tempdir().unwrap();
    let config = directory.path().join("gateway.toml");
    let keys = "[aws]\naccess_key_id = \"AKIDEXAMPLE\"\nsecret_access_key = \"wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY\"\nsession_token = \"token\"\n";
    std::fs::write(&config, if signed { keys } else { "" }).unwrap();
    args.extend(["-c", config.to_str().unwrap()]);
    Gateway::start(&template(&[]), &args)
}

#[test]
fn a_remote_function_is_invoked_with_a_signature() {
    let backend = lambda(
        200,
        &[("Content-Type", "application/json")],
        r#"{"statusCode": 201, "body": "made"}"#,
    );
    let gateway = start(&backend, true);
    let response =
        ask(&gateway, "POST", "/s/orders?x=1", &["Content-Type: application/json"], b"{}");
    assert_eq!((response.status, response.text()), (201, "made"));
    let request = &backend.wait_requests(1)[0];
    assert_eq!(request.method(), "POST");
    let target = request.target();
    assert!(
        target.starts_with("/2015-03-31/functions/") && target.ends_with("/invocations"),
        "{target}"
    );
    assert!(target.replace("%3A", ":").contains(ARN) || target.contains("orders"), "{target}");
    let authorization = request.header("authorization").unwrap();
    assert!(
        authorization.starts_with("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/"),
        "{authorization}"
    );
    assert!(authorization.contains("/eu-west-1/lambda/aws4_request"), "{authorization}");
    assert_eq!(request.header("x-amz-security-token").as_deref(), Some("token"));
    assert_eq!(request.header("x-amz-date").unwrap().len(), 16);
    let event: Value = serde_json::from_slice(&request.body).unwrap();
    assert_eq!((&event["path"], &event["body"]), (&json!("/orders"), &json!("{}")));
    // Connections are kept.
    for _ in 0..10 {
        assert_eq!(get(&gateway, "/s/orders").status, 201);
    }
    assert_eq!(backend.connections(), 1);
}

#[test]
fn without_credentials_an_endpoint_of_one_s_own_is_called_unsigned() {
    let backend = lambda(200, &[], r#"{"body": "ok"}"#);
    let gateway = start(&backend, false);
    assert_eq!(get(&gateway, "/s/x").status, 200);
    assert_eq!(backend.wait_requests(1)[0].header("authorization"), None);
}

#[test]
fn what_lambda_refuses_is_answered_as_api_gateway_does() {
    let error = [("X-Amz-Function-Error", "Unhandled")];
    for (status, headers, body, expected) in [
        (200, &error[..], r#"{"errorMessage": "as asked"}"#, 502),
        (200, &[], "not json", 502),
        (429, &[], r#"{"Type":"User","message":"Rate Exceeded."}"#, 500),
        (403, &[], r#"{"Message":"not authorized"}"#, 500),
        (404, &[], r#"{"Message":"Function not found"}"#, 500),
        (500, &[], r#"{"Message":"broken"}"#, 500),
    ] {
        let backend = lambda(status, headers, body);
        let gateway = start(&backend, true);
        let response = get(&gateway, "/s/x");
        assert_eq!(response.status, expected, "Lambda says {status} {body}");
        assert_eq!(response.text(), r#"{"message": "Internal server error"}"#);
    }
}

#[test]
fn a_function_that_nobody_runs_is_said_by_check_and_answers_500() {
    let gateway = Gateway::start(&template(&[]), &[]);
    assert_eq!(get(&gateway, "/s/x").status, 500);
    gateway.wait_for_stderr("orders", 1);
}
