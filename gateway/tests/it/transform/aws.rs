//! What API Gateway rendered, through a `MOCK` as it was recorded: the shared `vtl-aws.jsonl`.

use serde_json::{Value, json};

use super::{Api, ask, mock, text};
use crate::conformance;

/// Source: the README of the recordings; the trailing comma is theirs.
const REQUEST: &str =
    "#set($context.requestOverride.path.body = $input.body)\n{\n  \"statusCode\": 200,\n}\n";

#[test]
fn templates_render_as_aws_renders_them() {
    let Some(path) = conformance::data("vtl-aws.jsonl") else { return };
    let recorded = std::fs::read_to_string(path).unwrap();
    let cases: Vec<Value> =
        recorded.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(!cases.is_empty(), "the recordings are empty");
    let mut api = Api::new();
    for (index, case) in cases.iter().enumerate() {
        let template = case["responseTemplate"].as_str().unwrap();
        api = api.method(&format!("POST /c{index}"), mock(REQUEST, template));
    }
    let gateway = api.start();
    let mut wrong = Vec::new();
    for (index, case) in cases.iter().enumerate() {
        let body = case["body"].as_str().unwrap();
        let lines = ["Content-Type: application/json"];
        let response = ask(&gateway, "POST", &format!("/s/c{index}"), &lines, body.as_bytes());
        if response.status != 200 || !is_expected(case, &text(&response)) {
            let expected = case.get("aws").unwrap_or_else(|| &case["awsJson"]);
            wrong.push(format!(
                "{}: {} {:?}, expected {expected}",
                case["id"],
                response.status,
                text(&response)
            ));
        }
    }
    println!("{} of {} as recorded", cases.len() - wrong.len(), cases.len());
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}

fn is_expected(case: &Value, body: &str) -> bool {
    if let Some(expected) = case.get("awsJson") {
        return serde_json::from_str::<Value>(body).is_ok_and(|body| body == *expected);
    }
    let expected = case["aws"].as_str().unwrap();
    match case.get("collapseWhitespace") == Some(&json!(true)) {
        true => collapsed(body) == collapsed(expected),
        false => body == expected,
    }
}

fn collapsed(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
