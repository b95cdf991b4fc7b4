//! Whole events, byte by byte, for each shape of a request.

use std::sync::Arc;

use gateway_auth::decisions::Decision;
use serde_json::Value;

use super::*;
use crate::testing::{Fixture, snapshot};

mod published;

const TEMPLATE: &str = include_str!("tests/template.yaml");

const HOST: &str = "f.execute-api.us-east-1.amazonaws.com";

const TRACE: &str = "Root=1-5e66d96f-7491f09xmpl79d18acf3d050;Parent=11b1;Sampled=0";

/// What differs from event to event.
struct Expected<'e> {
    resource: &'e str,
    path: &'e str,
    verb: &'e str,
    /// Headers before and behind `Host`, which each event has.
    before_host: &'e [(&'e str, &'e [&'e str])],
    after_host: &'e [(&'e str, &'e [&'e str])],
    host: &'e str,
    query: (&'e str, &'e str),
    path_parameters: &'e str,
    stage_variables: &'e str,
    authorizer: &'e str,
    operation: &'e str,
    context_path: &'e str,
    stage: &'e str,
    user_agent: &'e str,
    body: &'e str,
    is_base64: bool,
}

impl Default for Expected<'_> {
    fn default() -> Self {
        Self {
            resource: "/pets",
            path: "/pets",
            verb: "GET",
            before_host: &[],
            after_host: &[],
            host: HOST,
            query: ("null", "null"),
            path_parameters: "null",
            stage_variables: "null",
            authorizer: "",
            operation: "",
            context_path: "/s/pets",
            stage: "s",
            user_agent: "null",
            body: "null",
            is_base64: false,
        }
    }
}

impl Expected<'_> {
    fn headers(&self) -> (String, String) {
        let host = ("Host", &[self.host][..]);
        let own: [(&str, &[&str]); 4] = [
            ("X-Amzn-Trace-Id", &[TRACE]),
            ("X-Forwarded-For", &["192.0.2.7"]),
            ("X-Forwarded-Port", &["8080"]),
            ("X-Forwarded-Proto", &["http"]),
        ];
        let all: Vec<_> =
            self.before_host.iter().chain([&host]).chain(self.after_host).chain(&own).collect();
        let quoted = |text: &str| serde_json::to_string(text).expect("a string");
        let last = |(name, values): &&(&str, &[&str])| {
            format!("{}:{}", quoted(name), quoted(values[values.len() - 1]))
        };
        let list = |(name, values): &&(&str, &[&str])| {
            let values: Vec<_> = values.iter().map(|value| quoted(value)).collect();
            format!("{}:[{}]", quoted(name), values.join(","))
        };
        let single: Vec<_> = all.iter().map(last).collect();
        let multi: Vec<_> = all.iter().map(list).collect();
        (format!("{{{}}}", single.join(",")), format!("{{{}}}", multi.join(",")))
    }

    fn text(&self) -> String {
        let Self { resource, path, verb, host, query, path_parameters, stage_variables, .. } = self;
        let Self {
            authorizer, operation, context_path, stage, user_agent, body, is_base64, ..
        } = self;
        let (headers, multi) = self.headers();
        let (single_query, multi_query) = query;
        let prefix = host.split('.').next().unwrap_or("");
        format!(
            "{{\"resource\":\"{resource}\",\"path\":\"{path}\",\"httpMethod\":\"{verb}\",\
             \"headers\":{headers},\"multiValueHeaders\":{multi},\
             \"queryStringParameters\":{single_query},\
             \"multiValueQueryStringParameters\":{multi_query},\
             \"pathParameters\":{path_parameters},\"stageVariables\":{stage_variables},\
             \"requestContext\":{{\"resourceId\":\"RESOURCE\"{authorizer},\
             \"resourcePath\":\"{resource}\"{operation},\"httpMethod\":\"{verb}\",\
             \"extendedRequestId\":\"JJbxabcdHYosFVY=\",\
             \"requestTime\":\"10/Mar/2020:00:03:59 +0000\",\"path\":\"{context_path}\",\
             \"accountId\":\"000000000000\",\"protocol\":\"HTTP/1.1\",\"stage\":\"{stage}\",\
             \"domainPrefix\":\"{prefix}\",\"requestTimeEpoch\":1583798639428,\
             \"requestId\":\"77375676-1111-4b79-853a-f982474efe18\",\
             \"identity\":{{\"cognitoIdentityPoolId\":null,\"accountId\":null,\
             \"cognitoIdentityId\":null,\"caller\":null,\"sourceIp\":\"192.0.2.7\",\
             \"principalOrgId\":null,\"accessKey\":null,\"cognitoAuthenticationType\":null,\
             \"cognitoAuthenticationProvider\":null,\"userArn\":null,\"userAgent\":{user_agent},\
             \"user\":null}},\"domainName\":\"{host}\",\"deploymentId\":\"DEPLOYMENT\",\
             \"apiId\":\"f\"}},\"body\":{body},\"isBase64Encoded\":{is_base64}}}"
        )
    }
}

/// The event with ids that the compiler made up under fixed names.
#[track_caller]
fn named(fixture: &Fixture, event: Vec<u8>) -> String {
    let text = String::from_utf8(event).expect("an event is UTF-8");
    serde_json::from_str::<Value>(&text).expect("an event is JSON");
    let resource = format!("\"resourceId\":\"{}\"", fixture.method().resource_id);
    let deployment = format!("\"deploymentId\":\"{}\"", fixture.stage.plan.deployment_id);
    text.replace(&resource, "\"resourceId\":\"RESOURCE\"")
        .replace(&deployment, "\"deploymentId\":\"DEPLOYMENT\"")
}

fn event_of(fixture: &Fixture) -> Vec<u8> {
    let content_type = fixture.x.known_field(FieldName::ContentType);
    let is_binary = fixture.stage.plan.binary_media_types.is_binary_request(content_type);
    let mut out = Vec::new();
    proxy(&fixture.x, &fixture.peer, &fixture.stage.plan, fixture.method(), is_binary, &mut out);
    out
}

#[track_caller]
fn fixture(request: &[u8]) -> Fixture {
    Fixture::parse(&snapshot(TEMPLATE), request).expect("the request is served")
}

#[track_caller]
fn check(request: &[u8], expected: &Expected<'_>) {
    let fixture = fixture(request);
    assert_eq!(named(&fixture, event_of(&fixture)), expected.text());
}

/// A request of the host that most tests use.
fn request(line: &str, fields: &str, body: &[u8]) -> Vec<u8> {
    let length =
        if body.is_empty() { String::new() } else { format!("Content-Length: {}\r\n", body.len()) };
    let head = format!("{line} HTTP/1.1\r\nHost: {HOST}\r\n{fields}{length}\r\n");
    [head.as_bytes(), body].concat()
}

#[test]
fn a_request_without_anything() {
    check(&request("GET /s/pets", "", b""), &Expected::default());
}

#[test]
fn headers_are_sorted_renamed_and_listed() {
    let fields = "user-agent: curl/8\r\nx-B: 1\r\nAuthorization: t\r\nX-a: \r\nX-b: 2\r\nTE: x\r\n\
                  Connection: keep-alive\r\nX-Amzn-Trace-Id: Root=1-a\r\nX-Forwarded-Port: 1\r\n";
    let expected = Expected {
        before_host: &[("Authorization", &["t"])],
        after_host: &[("User-Agent", &["curl/8"]), ("X-a", &[""])],
        user_agent: "\"curl/8\"",
        ..Expected::default()
    };
    // `X-a` comes before the names of our own, `x-B` behind it and the trace header.
    let text = expected.text();
    let text = text
        .replace(
            &format!("\"X-Amzn-Trace-Id\":\"{TRACE}\""),
            &format!("\"X-Amzn-Trace-Id\":\"{TRACE}\",\"x-B\":\"2\""),
        )
        .replace(
            &format!("\"X-Amzn-Trace-Id\":[\"{TRACE}\"]"),
            &format!("\"X-Amzn-Trace-Id\":[\"{TRACE}\"],\"x-B\":[\"1\",\"2\"]"),
        );
    let fixture = fixture(&request("GET /s/pets", fields, b""));
    assert_eq!(named(&fixture, event_of(&fixture)), text);
}

#[test]
fn a_signature_is_not_for_the_function() {
    let fields = "Authorization: AWS4-HMAC-SHA256 Credential=x\r\n";
    check(&request("GET /s/pets", fields, b""), &Expected::default());
}

#[test]
fn the_address_joins_those_before_it() {
    let fields = "X-Forwarded-For: 203.0.113.9\r\nx-forwarded-for: 203.0.113.8\r\n";
    let text = Expected::default().text();
    let text = text.replace(
        "\"X-Forwarded-For\":\"192.0.2.7\"",
        "\"X-Forwarded-For\":\"203.0.113.9, 203.0.113.8, 192.0.2.7\"",
    );
    let text = text.replace(
        "\"X-Forwarded-For\":[\"192.0.2.7\"]",
        "\"X-Forwarded-For\":[\"203.0.113.9, 203.0.113.8, 192.0.2.7\"]",
    );
    let fixture = fixture(&request("GET /s/pets", fields, b""));
    assert_eq!(named(&fixture, event_of(&fixture)), text);
}

#[test]
fn query_parameters_are_decoded_and_listed() {
    let line = "GET /s/pets?b=1&a=x%20y+z&b=%C3%A9%22&c&;d=&A=1";
    let expected = Expected {
        query: (
            "{\"b\":\"\u{e9}\\\"\",\"a\":\"x y z\",\"c\":\"\",\"d\":\"\",\"A\":\"1\"}",
            "{\"b\":[\"1\",\"\u{e9}\\\"\"],\"a\":[\"x y z\"],\"c\":[\"\"],\"d\":[\"\"],\"A\":[\"1\"]}",
        ),
        ..Expected::default()
    };
    check(&request(line, "", b""), &expected);
}

#[test]
fn a_body_of_text() {
    let body = "{\"a\":\"h\u{e9}\n\"}".as_bytes();
    let expected = Expected {
        verb: "POST",
        before_host: &[("Content-Type", &["application/json; charset=utf-8"])],
        body: "\"{\\\"a\\\":\\\"h\u{e9}\\n\\\"}\"",
        ..Expected::default()
    };
    let fields = "Content-Type: application/json; charset=utf-8\r\n";
    check(&request("POST /s/pets", fields, body), &expected);
}

#[test]
fn a_body_that_is_no_text_is_made_one() {
    let expected = Expected { verb: "POST", body: "\"a\u{fffd}b\"", ..Expected::default() };
    check(&request("POST /s/pets", "", b"a\xffb"), &expected);
}

#[test]
fn a_binary_body() {
    let expected = Expected {
        verb: "PUT",
        before_host: &[("Content-Type", &["image/png"])],
        body: "\"iVBO/w==\"",
        is_base64: true,
        ..Expected::default()
    };
    check(&request("PUT /s/pets", "Content-Type: image/png\r\n", b"\x89PN\xff"), &expected);
    let empty = Expected {
        verb: "PUT",
        before_host: &[("Content-Type", &["image/png"])],
        ..Expected::default()
    };
    check(&request("PUT /s/pets", "Content-Type: image/png\r\n", b""), &empty);
}

#[test]
fn a_chunked_body() {
    let head =
        format!("POST /s/pets HTTP/1.1\r\nHost: {HOST}\r\nTransfer-Encoding: chunked\r\n\r\n");
    let expected = Expected { verb: "POST", body: "\"abc\"", ..Expected::default() };
    check(&[head.as_bytes(), b"1\r\na\r\n2\r\nbc\r\n0\r\n\r\n"].concat(), &expected);
}

#[test]
fn a_path_parameter_stays_encoded() {
    let expected = Expected {
        resource: "/pets/{id}",
        path: "/pets/test%2Balias@x.com",
        path_parameters: "{\"id\":\"test%2Balias@x.com\"}",
        context_path: "/s/pets/test%2Balias@x.com",
        ..Expected::default()
    };
    check(&request("GET /s/pets/test%2Balias@x.com", "", b""), &expected);
}

#[test]
fn a_greedy_path_with_slashes() {
    let expected = Expected {
        resource: "/{proxy+}",
        path: "/a//b/",
        path_parameters: "{\"proxy\":\"a//b\"}",
        context_path: "/s/a//b/",
        ..Expected::default()
    };
    check(&request("GET /s/a//b/", "", b""), &expected);
}

#[test]
fn slashes_before_the_path_are_one() {
    let expected = Expected {
        resource: "/{proxy+}",
        path: "/a",
        path_parameters: "{\"proxy\":\"a\"}",
        context_path: "/s//a",
        ..Expected::default()
    };
    check(&request("GET //s//a", "", b""), &expected);
}

#[test]
fn a_head_request() {
    let expected = Expected { verb: "HEAD", ..Expected::default() };
    check(&request("HEAD /s/pets", "", b""), &expected);
}

#[test]
fn a_custom_domain_keeps_its_base_path() {
    let expected = Expected {
        path: "/base/pets/",
        context_path: "/base/pets/",
        host: "api.example.com",
        ..Expected::default()
    };
    check(b"GET /base/pets/ HTTP/1.1\r\nHost: api.example.com\r\n\r\n", &expected);
}

#[test]
fn stage_variables_and_an_operation() {
    let expected = Expected {
        resource: "/named",
        path: "/named",
        stage_variables: "{\"color\":\"blue\",\"url\":\"a?b=c\"}",
        operation: ",\"operationName\":\"GetNamed\"",
        context_path: "/v/named",
        stage: "v",
        ..Expected::default()
    };
    check(&request("GET /v/named", "", b""), &expected);
}

fn decision() -> Decision {
    let policy =
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;
    let result = format!(
        r#"{{"principalId":"u|1","policyDocument":{policy},"context":{{"k":"v\"","n":1.5,"b":false,"principalId":"no"}}}}"#
    );
    Decision::parse(result.as_bytes()).expect("a decision")
}

#[test]
fn what_an_authorizer_said() {
    let mut fixture = fixture(&request("GET /s/pets", "", b""));
    fixture.x.authorizer = Some(Arc::new(decision()));
    fixture.x.facts.authorizer_latency_ms = 12;
    let expected = Expected {
        authorizer: ",\"authorizer\":{\"k\":\"v\\\"\",\"n\":\"1.5\",\"b\":\"false\",\
                     \"principalId\":\"u|1\",\"integrationLatency\":12}",
        ..Expected::default()
    };
    assert_eq!(named(&fixture, event_of(&fixture)), expected.text());
}

const KEY: &str = "abcdefghijklmnopqrstuvwxyz";

#[test]
fn an_api_key_that_is_asked_for_is_seen() {
    let fixture = fixture(&request("GET /s/keyed", &format!("X-Api-Key: {KEY}\r\n"), b""));
    let event: Value = serde_json::from_slice(&event_of(&fixture)).expect("JSON");
    let text = event["requestContext"]["identity"].to_string();
    let id = event["requestContext"]["identity"]["apiKeyId"].as_str().expect("an id");
    assert!(!id.is_empty());
    assert_eq!(
        text,
        format!(
            "{{\"cognitoIdentityPoolId\":null,\"cognitoIdentityId\":null,\"apiKey\":\"{KEY}\",\
             \"principalOrgId\":null,\"cognitoAuthenticationType\":null,\"userArn\":null,\
             \"apiKeyId\":\"{id}\",\"userAgent\":null,\"accountId\":null,\"caller\":null,\
             \"sourceIp\":\"192.0.2.7\",\"accessKey\":null,\
             \"cognitoAuthenticationProvider\":null,\"user\":null}}"
        )
    );
}

#[test]
fn a_key_that_nobody_asks_for_is_not_shown_to_integrations() {
    let fixture = fixture(&request("GET /s/pets", &format!("X-Api-Key: {KEY}\r\n"), b""));
    let event: Value = serde_json::from_slice(&event_of(&fixture)).expect("JSON");
    assert!(event["requestContext"]["identity"].get("apiKey").is_none());
}

fn authorizer_event(fixture: &Fixture) -> Vec<u8> {
    let (x, plan) = (&fixture.x, &fixture.stage.plan);
    let mut out = Vec::new();
    request_authorizer(x, &fixture.peer, plan, fixture.method(), b"arn:x/s/GET/pets", &mut out);
    out
}

#[test]
fn a_request_authorizer_gets_empty_maps_and_the_signature() {
    let fields = "Authorization: AWS4-HMAC-SHA256 Credential=x\r\n";
    let fixture = fixture(&request("GET /s/pets", fields, b""));
    let value = "AWS4-HMAC-SHA256 Credential=x";
    let expected = Expected {
        before_host: &[("Authorization", &[value])],
        query: ("{}", "{}"),
        path_parameters: "{}",
        stage_variables: "{}",
        ..Expected::default()
    };
    let text = expected.text();
    let text = text.strip_suffix(",\"body\":null,\"isBase64Encoded\":false}").expect("a body");
    let text = text.strip_prefix('{').expect("an object");
    let text = format!("{{\"type\":\"REQUEST\",\"methodArn\":\"arn:x/s/GET/pets\",{text}}}");
    assert_eq!(named(&fixture, authorizer_event(&fixture)), text);
}

#[test]
fn a_request_authorizer_sees_a_key_that_is_known() {
    let identity = |key: &str| {
        let fixture = fixture(&request("GET /s/pets", &format!("x-api-key: {key}\r\n"), b""));
        let event: Value = serde_json::from_slice(&authorizer_event(&fixture)).expect("JSON");
        event["requestContext"]["identity"].clone()
    };
    assert_eq!(identity(KEY)["apiKey"], KEY);
    assert!(identity(KEY)["apiKeyId"].is_string());
    assert!(identity("nobodys").get("apiKey").is_none());
}

#[test]
fn a_token_authorizer_gets_three_members() {
    let mut out = Vec::new();
    token_authorizer(b"arn:x", b"Bearer \"t\"", &mut out);
    assert_eq!(
        String::from_utf8_lossy(&out),
        "{\"type\":\"TOKEN\",\"methodArn\":\"arn:x\",\"authorizationToken\":\"Bearer \\\"t\\\"\"}"
    );
}
