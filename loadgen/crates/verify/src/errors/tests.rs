use super::*;
use crate::testing::{answer, api, definitions, route, settings};

const MOCK: &str = "Type: MOCK";

fn faults(promise: &Promise, status: u16, headers: &[&str], body: &str) -> Vec<String> {
    promise.faults(&answer(status, headers, body)).iter().map(ToString::to_string).collect()
}

#[test]
fn without_a_customisation_the_answer_is_api_gateways() {
    let definitions = api(&[("GET /a", "", MOCK)], "", "");
    let promise = Promise::of(&route(&definitions, "GET /a"), GatewayResponseType::InvalidApiKey);
    let right = ["x-amzn-ErrorType: ForbiddenException", "Content-Type: application/json"];
    let body = r#"{"message":"Forbidden"}"#;
    assert_eq!(faults(&promise, 403, &right, body), [""; 0]);
    assert_eq!(faults(&promise, 401, &right, body), ["status 401 instead of 403"]);
    assert_eq!(
        faults(&promise, 403, &right[1..], body),
        ["no x-amzn-errortype, which is ForbiddenException"]
    );
    assert_eq!(
        faults(&promise, 403, &right[..1], r#"{"message": "Forbidden"}"#),
        [
            "no header Content-Type, which is \"application/json\"",
            r#"body "{\"message\": \"Forbidden\"}" instead of "{\"message\":\"Forbidden\"}""#
        ]
    );
}

#[test]
fn a_customisation_says_status_headers_and_body() {
    let more = r#"
  G:
    Type: AWS::ApiGateway::GatewayResponse
    Properties:
      RestApiId: !Ref Api
      ResponseType: MISSING_AUTHENTICATION_TOKEN
      StatusCode: "404"
      ResponseParameters:
        gatewayresponse.header.X-Static: "'here'"
        gatewayresponse.header.X-Id: context.requestId
        gatewayresponse.header.X-Stage: stageVariables.v
        gatewayresponse.header.X-From: method.request.header.From
        gatewayresponse.header.Date: "'never'"
      ResponseTemplates:
        application/json: '{"m":$context.error.messageString,"t":"$context.error.responseType","id":"$context.requestId"}'
  F:
    Type: AWS::ApiGateway::GatewayResponse
    Properties: {RestApiId: !Ref Api, ResponseType: DEFAULT_4XX, StatusCode: "418"}
"#;
    let definitions = api(&[("GET /a", "", MOCK)], "Variables: {v: w}", more);
    let route = route(&definitions, "GET /a");
    let promise = Promise::of(&route, GatewayResponseType::MissingAuthenticationToken);
    let right = [
        "x-amzn-ErrorType: MissingAuthenticationTokenException",
        "Content-Type: application/json",
        "X-Static: here",
        "X-Id: 123",
        "X-Stage: w",
    ];
    let body =
        r#"{"m":"Missing Authentication Token","t":"MISSING_AUTHENTICATION_TOKEN","id":"1-2"}"#;
    assert_eq!(faults(&promise, 404, &right, body), [""; 0]);
    assert_eq!(faults(&promise, 404, &right[..2], body).len(), 3, "three headers are missing");
    assert_eq!(faults(&promise, 404, &right, &body.replace("Token\"", "token\"")).len(), 1);
    // What is not customised itself takes its family's status, and API Gateway's body.
    let family = Promise::of(&route, GatewayResponseType::InvalidApiKey);
    let right = ["x-amzn-ErrorType: ForbiddenException", "Content-Type: application/json"];
    assert_eq!(faults(&family, 418, &right, r#"{"message":"Forbidden"}"#), [""; 0]);
}

#[test]
fn one_check_of_each_kind_stands_for_a_stage() {
    let text = include_str!("../../../../../config/examples/limits.yaml");
    let (definitions, settings) = (definitions(text), settings());
    let session = Session::new(&definitions, &settings);
    let mut ids: Vec<_> = plan(&session).into_iter().map(|planned| planned.id).collect();
    ids.sort_unstable();
    let kinds = ["key-missing", "key-wrong", "route"];
    let expected = kinds
        .iter()
        .flat_map(|kind| ["preview", "prod"].map(|s| format!("errors/{kind}/limits/{s}")));
    assert_eq!(ids, expected.collect::<Vec<_>>());
}

#[test]
fn an_api_without_an_unknown_route_or_keys_promises_neither() {
    let definitions = api(&[("ANY /{proxy+}", "", MOCK), ("ANY /", "", MOCK)], "", "");
    let settings = settings();
    assert!(plan(&Session::new(&definitions, &settings)).is_empty());
}
