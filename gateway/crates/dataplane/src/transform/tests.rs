use std::sync::Arc;

use gateway_compile::{IntegrationPlan, Snapshot};
use gateway_vtl::Request;

use super::*;
use crate::testing::{Fixture, snapshot};

const API: &str = "
Resources:
  Api:
    Type: AWS::ApiGateway::RestApi
    Properties: {Name: Pets}
  Pets:
    Type: AWS::ApiGateway::Resource
    Properties: {RestApiId: !Ref Api, ParentId: !GetAtt Api.RootResourceId, PathPart: '{pet}'}
  Get:
    Type: AWS::ApiGateway::Method
    Properties:
      RestApiId: !Ref Api
      ResourceId: !Ref Pets
      HttpMethod: ANY
      AuthorizationType: NONE
      Integration:
        Type: MOCK
        RequestTemplates: {application/json: '$input.body'}
        IntegrationResponses: [{StatusCode: 200}]
      MethodResponses: [{StatusCode: 200}]
  Deployment:
    Type: AWS::ApiGateway::Deployment
    DependsOn: [Get]
    Properties: {RestApiId: !Ref Api}
  Stage:
    Type: AWS::ApiGateway::Stage
    Properties: {RestApiId: !Ref Api, DeploymentId: !Ref Deployment, StageName: dev, Variables: {b: B, a: A}}
";

fn api() -> Arc<Snapshot> {
    snapshot(API)
}

fn pairs(ask: impl FnOnce(&mut dyn FnMut(&str, &str))) -> Vec<String> {
    let mut all = Vec::new();
    ask(&mut |name, value| all.push(format!("{name}={value}")));
    all
}

#[test]
fn a_template_sees_the_request_as_the_client_sent_it() {
    let api = api();
    let request =
        b"GET /dev/a%20b?q=1&p=%C3%A9+x&q=2&flag HTTP/1.1\r\nhost: x.example\r\nX-Two: 1\r\n\
        Connection: close\r\nX-Two: 2\r\nAuthorization: AWS4-HMAC-SHA256 x\r\n\r\n";
    let fixture = Fixture::parse(&api, request).expect("reaches the method");
    let view = View { x: &fixture.x, peer: &fixture.peer, body: "text" };
    assert_eq!(view.body(), "text");
    assert_eq!(pairs(|each| view.path_parameters(each)), ["pet=a%20b"]);
    assert_eq!(pairs(|each| view.query_parameters(each)), ["q=1", "p=é x", "q=2", "flag="]);
    let headers = pairs(|each| view.headers(each));
    assert_eq!(headers[..3], ["Host=x.example", "X-Two=1", "X-Two=2"]);
    assert!(headers[3].starts_with("X-Amzn-Trace-Id=Root=1-"), "{headers:?}");
    assert_eq!(
        headers[4..],
        ["X-Forwarded-For=192.0.2.7", "X-Forwarded-Port=8080", "X-Forwarded-Proto=http"]
    );
    assert_eq!(pairs(|each| view.stage_variables(each)), ["a=A", "b=B"]);
}

#[test]
fn context_has_what_templates_may_see() {
    let api = api();
    let request = b"GET /dev/a HTTP/1.1\r\nHost: x.example\r\nX-Api-Key: secret\r\n\r\n";
    let fixture = Fixture::parse(&api, request).expect("reaches the method");
    let view = View { x: &fixture.x, peer: &fixture.peer, body: "" };
    let check = |name: &str, expected: Option<&str>| {
        assert_eq!(view.context(name).as_deref(), expected, "{name}");
    };
    check("stage", Some("dev"));
    check("resourcePath", Some("/{pet}"));
    check("httpMethod", Some("GET"));
    check("identity.sourceIp", Some("192.0.2.7"));
    check("requestTimeEpoch", Some("1583798639428"));
    check("requestTime", Some("10/Mar/2020:00:03:59 +0000"));
    check("protocol", Some("HTTP/1.1"));
    check("domainPrefix", Some("x"));
    check("identity.userAgent", None);
    check("isCanaryRequest", None);
    // A key that the method does not ask for, and what only logs have.
    check("identity.apiKey", None);
    check("status", None);
    check("integrationLatency", None);
    check("nope", None);
    assert!(!view.authorizer(&mut |_, _| panic!("nobody was asked")));
}

#[test]
fn what_a_body_is_converted_to() {
    let check = |body: &[u8], conversion, expected: Option<&[u8]>| {
        let converted = convert(body, conversion);
        assert_eq!(converted.as_deref().ok(), expected, "{body:?} {conversion:?}");
    };
    check(b"a\xffb", Conversion::Text, Some("a\u{fffd}b".as_bytes()));
    check(b"a\xffb", Conversion::Raw, Some(b"a\xffb"));
    check(b"a\xffb", Conversion::Encode, Some(b"Yf9i"));
    check(b"Yf9i", Conversion::Decode, Some(b"a\xffb"));
    check(b"no base64", Conversion::Decode, None);
    check(b"", Conversion::Decode, Some(b""));
}

#[test]
fn a_binary_body_has_no_template() {
    let api = api();
    let fixture =
        Fixture::parse(&api, b"GET /dev/a HTTP/1.1\r\nHost: x\r\n\r\n").expect("a method");
    let IntegrationPlan::Mock(_) = &fixture.method().integration else { panic!("a MOCK") };
    let template = gateway_vtl::Template::parse("<$input.body>").expect("a template");
    let mut made = Transform::default();
    let mut render = |body: &[u8]| {
        render(&mut made, &fixture.x, &fixture.peer, &template, body, "request").is_ok()
    };
    assert!(render("é".as_bytes()));
    assert!(!render(b"\xff"));
}
