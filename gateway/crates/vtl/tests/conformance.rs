//! Renders of API Gateway and of the reference engine, byte for byte.

mod support;

use std::collections::HashMap;
use std::path::PathBuf;

use serde_json::Value as Json;
use support::{TestRequest, rendered, rendered_for};

/// The conformance data, or `None` where it is not there.
fn data(name: &str) -> Option<String> {
    let directory = std::env::var_os("GATEWAY_CONFORMANCE").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../../shared/conformance"),
        PathBuf::from,
    );
    let path = directory.join(name);
    match std::fs::read_to_string(&path) {
        Ok(text) => Some(text),
        Err(error) => {
            println!("left out: {name}: {}: {error}", path.display());
            None
        }
    }
}

fn cases(text: &str) -> Vec<Json> {
    text.lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| serde_json::from_str(line).expect("a case is a line of JSON"))
        .collect()
}

fn report(name: &str, count: usize, expected: usize, failures: &[String]) {
    println!("{name}: {count} cases, {} failures", failures.len());
    assert_eq!(count, expected, "{name}: the number of cases");
    assert!(failures.is_empty(), "{} of {count} fail:\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn the_reference_engines_vectors() {
    let (Some(vectors), Some(fixtures)) = (data("vtl.jsonl"), data("vtl-fixtures.json")) else {
        return;
    };
    let fixtures: HashMap<String, String> =
        serde_json::from_str(&fixtures).expect("fixtures are JSON");
    let cases = cases(&vectors);
    let mut failures = Vec::new();
    for case in &cases {
        let template = case["t"].as_str().expect("a case has a template");
        let body = case.get("b").and_then(Json::as_str).map_or("", |name| &fixtures[name]);
        let expected = if case.get("err").is_some() {
            Err(())
        } else {
            Ok(case["out"].as_str().unwrap_or_default())
        };
        let actual = rendered(template, body);
        if actual.as_deref().map_err(|_| ()) != expected {
            failures.push(format!(
                "{}: {template:?}\n  expected {expected:?}\n  actual   {actual:?}",
                case["id"]
            ));
        }
    }
    report("vtl.jsonl", cases.len(), 185, &failures);
}

#[test]
fn recorded_renders() {
    let Some(recorded) = data("vtl-aws.jsonl") else { return };
    let cases = cases(&recorded);
    let mut failures = Vec::new();
    for case in &cases {
        let text = |name: &str| case.get(name).and_then(Json::as_str);
        let template = text("responseTemplate").expect("a case has a template");
        let body = text("body").unwrap_or_default();
        let actual = match rendered_for(template, &TestRequest::default(), |overrides| {
            // What the request template of the recordings does.
            let set = "#set($context.requestOverride.path.body = $input.body)";
            support::render_into(
                set,
                &TestRequest { body: body.to_owned(), ..TestRequest::default() },
                overrides,
            )
            .expect("the request template renders");
        }) {
            Ok(actual) => actual,
            Err(error) => {
                failures.push(format!("{}: {template:?}\n  failed: {error}", case["id"]));
                continue;
            }
        };
        let collapse = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let is_same = match (text("aws"), case.get("awsJson")) {
            (Some(aws), _)
                if case
                    .get("collapseWhitespace")
                    .is_some_and(|value| value != &Json::Bool(false)) =>
            {
                collapse(aws) == collapse(&actual)
            }
            (Some(aws), _) => aws == actual,
            (None, Some(json)) => serde_json::from_str::<Json>(&actual)
                .is_ok_and(|actual| without_order(&actual) == without_order(json)),
            (None, None) => panic!("{}: nothing to compare with", case["id"]),
        };
        if !is_same {
            let expected = case.get("aws").or_else(|| case.get("awsJson"));
            failures.push(format!(
                "{}: {template:?} {body}\n  expected {expected:?}\n  actual   {actual:?}",
                case["id"]
            ));
        }
    }
    report("vtl-aws.jsonl", cases.len(), 134, &failures);
}

/// The same JSON with the members of objects in order.
fn without_order(json: &Json) -> Json {
    match json {
        Json::Object(members) => {
            let mut members: Vec<_> =
                members.iter().map(|(name, value)| (name.clone(), without_order(value))).collect();
            members.sort_by(|left, right| left.0.cmp(&right.0));
            Json::Object(members.into_iter().collect())
        }
        Json::Array(items) => Json::Array(items.iter().map(without_order).collect()),
        other => other.clone(),
    }
}
