//! Models and request validators through real sockets: what golden cases cannot hold, sizes and times.

use std::time::Instant;

use crate::hostile::resident_kib;
use crate::support::{Backend, Client, Gateway, Response};

/// `POST /` with a body that has this schema, in front of a backend.
fn template(backend: &Backend, schema: &str, more: &str) -> String {
    format!(
        r#"
Resources:
  Api: {{Type: AWS::ApiGateway::RestApi, Properties: {{Name: v}}}}
  Validator: {{Type: AWS::ApiGateway::RequestValidator, Properties: {{RestApiId: !Ref Api, ValidateRequestBody: true}}}}
  M: {{Type: AWS::ApiGateway::Model, Properties: {{RestApiId: !Ref Api, Name: M, Schema: {schema}}}}}
  Post:
    Type: AWS::ApiGateway::Method
    Properties:
      RestApiId: !Ref Api
      ResourceId: !GetAtt Api.RootResourceId
      HttpMethod: POST
      AuthorizationType: NONE
      RequestValidatorId: !Ref Validator
      RequestModels: {{application/json: M}}
      Integration: {{Type: HTTP_PROXY, IntegrationHttpMethod: POST, Uri: "{}"}}
  Deployment: {{Type: AWS::ApiGateway::Deployment, DependsOn: Post, Properties: {{RestApiId: !Ref Api}}}}
  Stage:
    Type: AWS::ApiGateway::Stage
    Properties: {{RestApiId: !Ref Api, DeploymentId: !Ref Deployment, StageName: s{more}}}
"#,
        backend.url()
    )
}

fn post(gateway: &Gateway, body: &[u8]) -> Response {
    let mut client = Client::connect(gateway.addr());
    let head = format!("POST /s HTTP/1.1\r\nHost: h\r\nContent-Length: {}\r\n\r\n", body.len());
    client.send(&[head.as_bytes(), body].concat());
    client.response()
}

#[track_caller]
fn refused(response: &Response) {
    assert_eq!(response.status, 400);
    assert_eq!(response.text(), r#"{"message": "Invalid request body"}"#);
    assert_eq!(response.header("x-amzn-ErrorType"), Some("BadRequestException"));
}

#[test]
fn a_body_reaches_the_backend_as_it_was_checked() {
    let backend = Backend::echo();
    let schema = r#"{type: object, required: [id], properties: {id: {type: integer, minimum: 1}}}"#;
    let gateway = Gateway::start(&template(&backend, schema, ""), &[]);
    let long = format!("{{\"text\":\"{}\",\"id\":7}}", "x".repeat(500_000));
    assert_eq!(post(&gateway, long.as_bytes()).status, 200);
    assert_eq!(backend.requests()[0].body, long.as_bytes());
    for bad in
        ["", "{", "[]", r#"{"id":0}"#, r#"{"id":"1"}"#, r#"{"id":1,"id":0}"#, "\u{feff}{\"id\":1}"]
    {
        refused(&post(&gateway, bad.as_bytes()));
    }
    refused(&post(&gateway, b"{\"id\":1,\"x\":\"\xff\"}"));
    assert_eq!(backend.requests().len(), 1, "what is refused reaches no backend");
}

#[test]
fn a_refused_request_leaves_its_connection_usable() {
    let backend = Backend::echo();
    let gateway = Gateway::start(&template(&backend, "{required: [a]}", ""), &[]);
    let mut client = Client::connect(gateway.addr());
    client
        .send(b"POST /s HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
    assert_eq!(client.response().status, 100, "the body is needed to decide");
    client.send(b"{}POST /s HTTP/1.1\r\nHost: h\r\nContent-Length: 7\r\n\r\n{\"a\":1}");
    refused(&client.response());
    assert_eq!(client.response().status, 200);
}

/// Attacks, "JSON depth/size/number bombs", "ReDoS" and "Schema bombs".
#[test]
fn bombs_end_in_time_and_memory() {
    let backend = Backend::echo();
    let schema = r##"{definitions: {node: {anyOf: [{$ref: "#/definitions/a"}, {$ref: "#/definitions/b"}]},
      a: {type: object, required: [n], properties: {n: {$ref: "#/definitions/node"}, t: {pattern: "^(a+)+$"}}},
      b: {type: object, required: [n], properties: {n: {$ref: "#/definitions/node"}, k: {type: integer}}}},
      properties: {n: {$ref: "#/definitions/node"}, u: {uniqueItems: true}, t: {pattern: "^(a+)+$"},
      m: {multipleOf: 0.01, maximum: 10}}}"##;
    let gateway = Gateway::start(&template(&backend, &schema.replace('\n', " "), ""), &[]);
    assert_eq!(post(&gateway, b"{}").status, 200);
    let before = resident_kib(gateway.pid());
    let items = |count: usize| (0..count).map(|n| n.to_string()).collect::<Vec<_>>().join(",");
    for (name, bomb) in [
        ("depth", "[".repeat(10_000_000)),
        ("alternatives", format!("{}1{}", "{\"n\":".repeat(120), "}".repeat(120))),
        ("items", format!("{{\"u\":[{}]}}", "0,".repeat(5_000_000) + "0")),
        ("unique", format!("{{\"u\":[{},1]}}", items(100_000))),
        ("pattern", format!("{{\"t\":\"{}b\"}}", "a".repeat(1_000_000))),
        ("number", "{\"m\":1e999999999}".to_owned()),
        ("digits", format!("{{\"m\":{}}}", "9".repeat(1_000_000))),
    ] {
        let started = Instant::now();
        let response = post(&gateway, bomb.as_bytes());
        assert_eq!(response.status, 400, "{name}");
        println!("{name}: {:?}", started.elapsed());
        assert!(started.elapsed().as_secs() < 5, "{name}: {:?}", started.elapsed());
    }
    let grown = resident_kib(gateway.pid()).saturating_sub(before);
    assert!(grown < 64 * 1024, "{grown} KiB more than before");
    assert_eq!(post(&gateway, b"{}").status, 200);
}

#[test]
fn the_access_log_has_the_problems() {
    let backend = Backend::echo();
    let format =
        r#"{"why":"$context.error.validationErrorString","type":"$context.error.responseType"}"#;
    let setting = format!(", AccessLogSetting: {{Format: '{format}'}}");
    let template = template(&backend, "{required: [b, a]}", &setting);
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("log");
    let log = format!("--access-log={}", file.display());
    let gateway = Gateway::start(&template, &[&log]);
    refused(&post(&gateway, b"{}"));
    assert_eq!(post(&gateway, br#"{"a":1,"b":2}"#).status, 200);
    gateway.stop();
    let text = std::fs::read_to_string(file).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let first: serde_json::Value = serde_json::from_str(lines[0]).unwrap();
    assert_eq!(first["why"], r#"[object has missing required properties (["a","b"])]"#);
    assert_eq!(first["type"], "BAD_REQUEST_BODY");
    let second: serde_json::Value = serde_json::from_str(lines[1]).unwrap();
    assert_eq!(second["why"], "-");
}
