//! `AWS` integrations with a function: the body is the event, the error text chooses the response.
//! Judge: rest-execution §10.4 and §11.1, and the recorded `lambda-aws-integration` cases.

use serde_json::{Value, json};

use super::stack::{Route, Stack};
use super::{ask, serve, wait_until};
use crate::support::Gateway;

const ECHO: &str = "
    import json

    def handler(event, context):
        if isinstance(event, dict) and 'raise' in event:
            raise Exception(event['raise'])
        if isinstance(event, dict) and 'print' in event:
            print('seen', event['print'])
        return {'got': event}
";

fn start(more: Value) -> Gateway {
    let mut integration = json!({
        "Type": "AWS",
        "PassthroughBehavior": "WHEN_NO_MATCH",
        "IntegrationResponses": [
            { "StatusCode": "200" },
            { "StatusCode": "404", "SelectionPattern": "Not found.*" },
            {
                "StatusCode": "400",
                "SelectionPattern": "Bad: (.|\\n)*",
                "ResponseParameters": {
                    "method.response.header.X-Why": "integration.response.body.errorMessage",
                    "method.response.header.X-Type": "integration.response.body.errorType",
                },
                "ResponseTemplates": { "application/json": "{\"sorry\": true}" },
            },
        ],
    });
    integration.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let headers = json!({
        "method.response.header.X-Why": false,
        "method.response.header.X-Type": false,
    });
    let method = json!({
        "MethodResponses": [
            { "StatusCode": "200" },
            { "StatusCode": "404" },
            { "StatusCode": "400", "ResponseParameters": headers },
        ],
    });
    let route = Route { integration: Some(integration), method: Some(method), ..Route::default() };
    serve(Stack::new().python("echo", ECHO).route_with("POST", "f", "echo", route), &[])
}

#[test]
fn the_body_is_the_event_and_the_result_the_body() {
    let gateway = start(json!({}));
    let response = ask(
        &gateway,
        "POST",
        "/s/f?q=1",
        &["Content-Type: application/json"],
        r#"{"a": [1, "ü"]}"#.as_bytes(),
    );
    assert_eq!(response.status, 200);
    assert_eq!(response.header("content-type"), Some("application/json"));
    let body: Value = serde_json::from_slice(&response.body).unwrap();
    assert_eq!(body, json!({ "got": { "a": [1, "ü"] } }));
    let empty = ask(&gateway, "POST", "/s/f", &[], b"");
    assert_eq!(serde_json::from_slice::<Value>(&empty.body).unwrap(), json!({ "got": {} }));
}

#[test]
fn a_body_that_is_no_json_is_lambda_s_own_error() {
    let gateway = start(json!({}));
    let response = ask(&gateway, "POST", "/s/f", &["Content-Type: text/plain"], b"no json");
    assert_eq!(response.status, 200, "the default response: recorded");
    let body: Value = serde_json::from_slice(&response.body).unwrap();
    assert_eq!(body["Type"], "User");
    assert!(
        body["message"].as_str().unwrap().starts_with("Could not parse request body into json")
    );
}

#[test]
fn the_error_s_text_chooses_the_response() {
    let gateway = start(json!({}));
    let fail = |text: &str| {
        let event = json!({ "raise": text }).to_string();
        ask(&gateway, "POST", "/s/f", &["Content-Type: application/json"], event.as_bytes())
    };
    let missing = fail("Not found: 7");
    assert_eq!(missing.status, 404);
    let body: Value = serde_json::from_slice(&missing.body).unwrap();
    assert_eq!(
        (&body["errorMessage"], &body["errorType"]),
        (&json!("Not found: 7"), &json!("Exception"))
    );
    let bad = fail("Bad: two\nlines");
    assert_eq!((bad.status, bad.text()), (400, r#"{"sorry": true}"#));
    assert_eq!(bad.header("x-type"), Some("Exception"));
    assert_eq!(bad.header("x-why"), Some("Bad: two lines"), "no line ends in a field");
    assert_eq!(fail("a whole match, not Not found").status, 200, "the default");
}

#[test]
fn an_event_invocation_is_not_waited_for() {
    let gateway = start(json!({
        "RequestParameters": { "integration.request.header.X-Amz-Invocation-Type": "'Event'" },
    }));
    let response =
        ask(&gateway, "POST", "/s/f", &["Content-Type: application/json"], br#"{"print": "this"}"#);
    assert_eq!((response.status, response.body.len()), (200, 0));
    wait_until("the function ran", || super::logs::log(&gateway, "echo").contains("seen this"));
}

#[test]
fn the_proxy_s_method_must_be_post() {
    let route =
        Route { integration: Some(json!({ "IntegrationHttpMethod": "GET" })), ..Route::default() };
    let gateway =
        serve(Stack::new().python("echo", ECHO).route_with("GET", "f", "echo", route), &[]);
    let response = super::get(&gateway, "/s/f");
    assert_eq!(
        (response.status, response.text()),
        (500, r#"{"message": "Internal server error"}"#)
    );
}
