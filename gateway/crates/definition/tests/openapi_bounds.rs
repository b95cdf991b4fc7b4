//! Small documents and templates that say large things are refused soon.

use gateway_definition::{Options, Source, load};
use std::fmt::Write;
use std::time::{Duration, Instant};

/// Far above what these take in a debug build on a busy machine.
const SOON: Duration = Duration::from_secs(60);

#[track_caller]
fn refused(text: String, why: &str) {
    let started = Instant::now();
    let loaded = load(&[Source { name: "t.yaml".to_owned(), text }], &Options::default());
    let said: Vec<_> = loaded.diagnostics.iter().filter(|d| d.is_error()).collect();
    assert!(said.iter().any(|d| d.text.contains(why)), "{:?}", said.first());
    assert!(started.elapsed() < SOON, "took {:?}", started.elapsed());
}

/// Ten thousand operations, each with this member.
fn operations(member: &str) -> String {
    (0..10_000).fold("paths:\n".to_owned(), |mut text, n| {
        let _ = writeln!(text, "  /p{n}: {{get: {{{member}}}}}");
        text
    })
}

fn many(count: usize, one: impl Fn(usize) -> String) -> String {
    (0..count).map(one).collect::<Vec<_>>().join(", ")
}

#[test]
fn references_do_not_multiply_what_they_name() {
    let headers = many(10_000, |n| format!("h{n}: {{}}"));
    let paths = operations("responses: {200: {$ref: '#/components/responses/R'}}");
    let text = format!(
        "openapi: 3.0.1\ninfo: {{title: t}}\n{paths}components: {{responses: {{R: {{headers: {{{headers}}}}}}}}}\n"
    );
    refused(text, "what is referred to time and again");
}

#[test]
fn requirements_of_the_document_are_not_multiplied() {
    let security = many(2_000, |n| format!("{{s{n}: []}}"));
    let paths = operations("responses: {}");
    let text = format!("openapi: 3.0.1\ninfo: {{title: t}}\n{paths}security: [{security}]\n");
    refused(text, "more than 1000 diagnostics");
}

#[test]
fn a_path_has_an_end() {
    let path = "/{a}".repeat(1_000);
    refused(
        format!("openapi: 3.0.1\ninfo: {{title: t}}\npaths: {{'{path}': {{}}}}\n"),
        "more than 128 parts",
    );
}

#[test]
fn globals_are_not_multiplied() {
    let tags = many(10_000, |n| format!("t{n}: v"));
    let mut text = format!("Globals: {{Api: {{Tags: {{{tags}}}}}}}\nResources:\n");
    for n in 0..1_000 {
        let _ =
            writeln!(text, "  A{n}: {{Type: AWS::Serverless::Api, Properties: {{StageName: s}}}}");
    }
    refused(text, "Globals make more than");
}

#[test]
fn cors_of_an_api_is_not_multiplied() {
    let origin = many(10_000, |n| format!("o{n}"));
    let mut text = String::from("Resources:\n");
    let _ = writeln!(
        text,
        "  A: {{Type: AWS::Serverless::Api, Properties: {{StageName: s, Cors: {{'Fn::Join': [',', [{origin}]]}}}}}}"
    );
    text.push_str(
        "  F:\n    Type: AWS::Serverless::Function\n    Properties:\n      InlineCode: a\n",
    );
    text.push_str("      Runtime: python3.12\n      Handler: a.b\n      Events:\n");
    for n in 0..1_000 {
        let _ = writeln!(
            text,
            "        E{n}: {{Type: Api, Properties: {{Path: /p{n}, Method: get, RestApiId: !Ref A}}}}"
        );
    }
    refused(text, "Auth and Cors make more than");
}
