use serde_json::Value;

use super::*;
use crate::testing::conformance;

#[test]
fn only_the_message_of_an_object_selects() {
    let check = |payload: &str, expected: &str| {
        assert_eq!(error_message(payload.as_bytes()), expected, "{payload}");
    };
    check(r#"{"errorMessage":"not \"found\"","errorType":"E","stackTrace":[]}"#, "not \"found\"");
    check(r#" {"a":{"errorMessage":"inner"}}"#, "");
    check(r#"{"errorMessage":1}"#, "");
    check(r#"{"errorMessage":null}"#, "");
    check(r#"["errorMessage"]"#, "");
    check(r#""errorMessage""#, "");
    check("", "");
    check("{not json", "");
}

#[test]
fn an_event_that_is_not_json_is_answered_as_lambda_does() {
    assert_eq!(refusal_of_event(b"{}"), None);
    assert_eq!(refusal_of_event(b" [1, \"x\"] "), None);
    for event in [&b"x"[..], b"{", b"{} {}", b""] {
        let document = refusal_of_event(event).expect("a document");
        let document: Value = serde_json::from_slice(&document).expect("JSON");
        assert_eq!(document["Type"], "User");
        let message = document["message"].as_str().expect("a message");
        assert!(message.starts_with("Could not parse request body into json: "), "{message}");
    }
}

#[test]
fn base64_that_a_function_returns_has_no_quotes() {
    assert_eq!(unquoted(b"\"Zm9v\""), b"Zm9v");
    assert_eq!(unquoted(b" \"Zm9v\"\n"), b"Zm9v");
    assert_eq!(unquoted(b"Zm9v"), b"Zm9v");
    assert_eq!(unquoted(b"\""), b"\"");
}

/// The recorded function echoes its event, and the recorded client gets its own body back.
#[test]
fn a_recorded_body_is_the_event_and_the_result_the_default_response() {
    let Some(folder) = conformance("aws-recorded") else { return };
    let text =
        std::fs::read_to_string(folder.join("lambda-aws-integration.json")).expect("a recording");
    let recording: Value = serde_json::from_str(&text).expect("JSON");
    let steps = recording["steps"].as_array().expect("steps");
    let body =
        steps.iter().find_map(|step| step["http"]["body"]["$text"].as_str()).expect("a body");
    let expected = &steps.last().expect("a step")["expect"];
    assert_eq!(refusal_of_event(body.as_bytes()), None);
    assert_eq!(&serde_json::from_str::<Value>(body).expect("JSON"), expected);
    assert_eq!(error_message(body.as_bytes()), "");
}
