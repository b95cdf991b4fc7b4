//! The example in `config/examples` does what its own comment says.

use super::{ask, get};
use crate::support::Gateway;

#[test]
fn the_example_works_as_its_comment_says() {
    let gateway = Gateway::start("../config/examples/functions.yaml", &["--dev"]);
    let hello = get(&gateway, "/dev/hello?name=you");
    assert_eq!((hello.status, hello.text()), (200, "Hello, you!\n"));
    let refused = get(&gateway, "/dev/secret");
    assert_eq!((refused.status, refused.text()), (401, r#"{"message":"Unauthorized"}"#));
    let wrong = ask(&gateway, "GET", "/dev/secret", &["Authorization: close sesame"], b"");
    assert_eq!((wrong.status, wrong.text()), (401, r#"{"message":"Unauthorized"}"#));
    let secret = ask(&gateway, "GET", "/dev/secret", &["Authorization: open sesame"], b"");
    assert_eq!((secret.status, secret.text()), (200, r#"{"answer":"42","caller":"ali"}"#));
    gateway.wait_for_stderr("greeting you", 1);
}

#[test]
fn the_example_has_nothing_to_complain_of() {
    let path = crate::support::in_package("../config/examples/functions.yaml");
    let output = crate::support::check(&[path.as_os_str()]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    // The machine may have other versions of the interpreters: that is all there may be.
    let others: Vec<_> = said.lines().filter(|line| !line.contains("version")).collect();
    assert!(others.is_empty(), "{others:?}");
}

#[test]
fn what_a_function_starts_with_is_looked_for_before_anybody_calls() {
    let directory = tempfile::tempdir().expect("a directory");
    let at = directory.path();
    std::fs::create_dir(at.join("code")).expect("written");
    let template = "\
Resources:
  F:
    Type: AWS::Lambda::Function
    Properties:
      Runtime: provided.al2023
      Handler: bootstrap
      Role: arn:aws:iam::123456789012:role/r
      Code: ./code
  Api:
    Type: AWS::ApiGateway::RestApi
    Properties: { Name: a }
  Method:
    Type: AWS::ApiGateway::Method
    Properties:
      RestApiId: !Ref Api
      ResourceId: !GetAtt Api.RootResourceId
      HttpMethod: GET
      AuthorizationType: NONE
      Integration:
        Type: AWS_PROXY
        IntegrationHttpMethod: POST
        Uri: !Sub arn:aws:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${F.Arn}/invocations
  Deployment:
    Type: AWS::ApiGateway::Deployment
    DependsOn: Method
    Properties: { RestApiId: !Ref Api, StageName: dev }
";
    let path = at.join("template.yaml");
    std::fs::write(&path, template).expect("written");
    let said = || {
        let output = crate::support::check(&[path.as_os_str()]);
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let first = said();
    let line = first.lines().find(|line| line.contains("bootstrap")).expect("it is told");
    assert!(line.contains("template.yaml:6:16: warning: no file bootstrap in "), "{first}");
    std::fs::write(at.join("code/bootstrap"), "#!/bin/sh\n").expect("written");
    assert!(!said().contains("bootstrap"), "{}", said());
}
