//! A gateway whose authorizer's cache leaks, and one whose does not: a stand-in, since it is small and can be both.

use std::collections::HashSet;
use std::sync::Mutex;

use crate::support::{Proxy, Step, Verify, answer_json};

const DEFINITION: &str = r#"
AWSTemplateFormatVersion: "2010-09-09"
Resources:
  Api: {Type: AWS::ApiGateway::RestApi, Properties: {Name: guarded}}
  Things:
    Type: AWS::ApiGateway::Resource
    Properties: {RestApiId: !Ref Api, ParentId: !GetAtt Api.RootResourceId, PathPart: things}
  Guard:
    Type: AWS::ApiGateway::Authorizer
    Properties:
      RestApiId: !Ref Api
      Name: guard
      Type: TOKEN
      AuthorizerUri: arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:000000000000:function:guard/invocations
      IdentitySource: method.request.header.Authorization
      AuthorizerResultTtlInSeconds: 60
  List:
    Type: AWS::ApiGateway::Method
    Properties:
      RestApiId: !Ref Api
      ResourceId: !Ref Things
      HttpMethod: GET
      AuthorizationType: CUSTOM
      AuthorizerId: !Ref Guard
      Integration: {Type: MOCK}
  Remove:
    Type: AWS::ApiGateway::Method
    Properties:
      RestApiId: !Ref Api
      ResourceId: !Ref Things
      HttpMethod: DELETE
      AuthorizationType: CUSTOM
      AuthorizerId: !Ref Guard
      Integration: {Type: MOCK}
  Deployment:
    Type: AWS::ApiGateway::Deployment
    DependsOn: [List, Remove]
    Properties: {RestApiId: !Ref Api}
  Stage:
    Type: AWS::ApiGateway::Stage
    Properties: {RestApiId: !Ref Api, DeploymentId: !Ref Deployment, StageName: prod}
"#;

const EXPECT: &str = "tokens:
  - {authorizer: guard, value: reader, allows: [GET /things], denies: [DELETE /things]}
  - {authorizer: guard, value: owner, allows: [GET /things, DELETE /things]}
";

/// A gateway that asks `guard` and keeps what it said: its policy, or, where it `leaks`, that it allowed something.
fn stand_in(leaks: bool) -> Proxy {
    let allowed = Mutex::new(HashSet::new());
    Proxy::start(move |head, _, _| {
        let mut words = head.split(' ');
        let (verb, path) = (words.next().unwrap(), words.next().unwrap());
        let token = head.lines().find_map(|line| line.strip_prefix("Authorization: "));
        let refusal = |status, kind: &str, body: &str| {
            Step::Answer(answer_json(status, &format!("x-amzn-ErrorType: {kind}\r\n"), body))
        };
        if path != "/prod/things" {
            let body = r#"{"message":"Missing Authentication Token"}"#;
            return refusal(403, "MissingAuthenticationTokenException", body);
        }
        let is_allowed = match (token, verb) {
            (Some("reader"), "GET") | (Some("owner"), _) => true,
            (Some("reader"), _) => false,
            _ => return refusal(401, "UnauthorizedException", r#"{"message":"Unauthorized"}"#),
        };
        let mut allowed = allowed.lock().unwrap();
        let was_allowed = leaks && allowed.contains(token.unwrap_or_default());
        if is_allowed {
            allowed.insert(token.unwrap_or_default().to_owned());
        }
        if is_allowed || was_allowed {
            return Step::Answer(answer_json(200, "", "{}"));
        }
        let body =
            r#"{"Message":"User is not authorized to access this resource with an explicit deny"}"#;
        refusal(403, "AccessDeniedException", body)
    })
}

fn verify(leaks: bool) -> crate::support::Verified {
    let gateway = stand_in(leaks);
    Verify::text(DEFINITION, gateway.address())
        .expect(EXPECT)
        .args(&["--only", "authorizer", "--only", "errors"])
        .run()
}

#[test]
fn a_kept_decision_that_opens_other_methods_is_found() {
    let passed =
        ["authorizer/opens/guarded/prod/guard", "authorizer/cache/guarded/prod/guard", "errors/"];
    verify(true).assert_failed(&["authorizer/leak/guarded/prod/guard"], &passed);
}

#[test]
fn one_that_does_not_passes() {
    let leak = ["authorizer/leak/guarded/prod/guard", "authorizer/opens/", "authorizer/cache/"];
    let errors = ["errors/route/", "errors/token-missing/", "errors/token-wrong/"];
    verify(false).assert_passed(&[&leak[..], &errors[..]].concat());
}

#[test]
fn without_tokens_it_says_how_to_name_them() {
    let gateway = stand_in(false);
    let verified = Verify::text(DEFINITION, gateway.address())
        .args(&["--only", "authorizer", "--only", "errors"])
        .run();
    verified.assert_passed(&["errors/token-missing/guarded/prod"]);
    assert_eq!(verified.ids("not_checked").len(), 3, "{}", verified.printed);
    assert!(verified.reasons().contains("allows: [GET /orders]"), "{}", verified.printed);
}
