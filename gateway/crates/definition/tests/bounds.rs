//! Hostile definitions of megabytes cost bounded time, and 10,000 methods load.

use gateway_definition::{Loaded, Options, Source, load};
use std::fmt::Write;
use std::time::{Duration, Instant};

/// Far above what any of these takes in a debug build on a busy machine.
const SOON: Duration = Duration::from_secs(60);

#[track_caller]
fn check(name: &str, text: String) -> Loaded {
    let started = Instant::now();
    let loaded = load(&[Source { name: name.to_owned(), text }], &Options::default());
    let took = started.elapsed();
    assert!(took < SOON, "took {took:?}");
    loaded
}

#[test]
fn repeated_openers_are_refused_soon() {
    for opener in
        ["[", "{", "- ", "? ", "&a ", "*a ", "!Ref ", "a: ", "\"", "'", "{a: ", "[[],", "%", "|\n"]
    {
        let text = opener.repeat(1_000_000 / opener.len());
        for name in ["t.yaml", "t.json"] {
            let loaded = check(name, text.clone());
            assert!(loaded.has_errors(), "{opener:?} in {name}");
        }
    }
}

#[test]
fn many_mistakes_are_told_soon_and_not_all_of_them() {
    let mut text = "Resources:\n".to_owned();
    for index in 0..20_000 {
        let _ = writeln!(text, "  R{index}: {{Type: AWS::ApiGateway::Rest, Foo: !Ref Bar}}");
    }
    let loaded = check("t.yaml", text);
    assert_eq!(loaded.diagnostics.len(), gateway_definition::limits::DIAGNOSTICS_MAX + 1);
}

#[test]
fn ten_thousand_methods_load() {
    let mut text =
        "Resources:\n  Api: {Type: AWS::ApiGateway::RestApi, Properties: {Name: a}}\n".to_owned();
    for index in 0..10_000 {
        let _ = writeln!(
            text,
            "  R{index}:\n    Type: AWS::ApiGateway::Resource\n    Properties: {{RestApiId: !Ref Api, \
             ParentId: !GetAtt Api.RootResourceId, PathPart: p{index}}}\n  M{index}:\n    \
             Type: AWS::ApiGateway::Method\n    Properties: {{RestApiId: !Ref Api, ResourceId: !Ref R{index}, \
             HttpMethod: GET, AuthorizationType: NONE, Integration: {{Type: HTTP_PROXY, \
             IntegrationHttpMethod: GET, Uri: 'http://127.0.0.1:9000/'}}}}"
        );
    }
    let loaded = check("t.yaml", text);
    assert_eq!(loaded.diagnostics, []);
    assert_eq!(loaded.definitions.apis[0].resources.len(), 10_001);
}
