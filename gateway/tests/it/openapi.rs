//! OpenAPI documents as definitions, at the front door.

use serde_json::Value;

use crate::support::{Backend, Client, Gateway, check, in_package};

/// A document with one proxy; `SERVERS` is a line or nothing.
const DOCUMENT: &str = r#"openapi: 3.0.1
info: {title: hello, version: "1"}
SERVERS
paths:
  /hello/{name}:
    get:
      responses: {}
      x-amazon-apigateway-integration:
        type: http_proxy
        httpMethod: GET
        uri: BACKEND/greet/{name}
        requestParameters: {integration.request.path.name: method.request.path.name}
  /any/{proxy+}:
    x-amazon-apigateway-any-method:
      parameters: [{name: proxy, in: path, required: true, schema: {type: string}}]
      x-amazon-apigateway-integration:
        type: http_proxy
        httpMethod: ANY
        uri: BACKEND/{proxy}
        requestParameters: {integration.request.path.proxy: method.request.path.proxy}
x-amazon-apigateway-gateway-responses:
  MISSING_AUTHENTICATION_TOKEN: {statusCode: 404}
"#;

fn document(servers: &str, backend: &Backend) -> String {
    DOCUMENT.replace("SERVERS", servers).replace("BACKEND", &backend.url())
}

fn echoed(response: &crate::support::Response) -> (String, String) {
    assert_eq!(response.status, 200, "{response:?}");
    let echo: Value = serde_json::from_slice(&response.body).unwrap();
    let text = |name: &str| echo[name].as_str().unwrap_or_default().to_owned();
    (text("method"), text("path"))
}

#[test]
fn a_document_is_an_api_with_a_stage() {
    let backend = Backend::echo();
    let gateway = Gateway::start(&document("", &backend), &[]);
    let response = Client::get(gateway.addr(), "/default/hello/you");
    assert_eq!(echoed(&response), ("GET".to_owned(), "/greet/you".to_owned()));
    let response = Client::get(gateway.addr(), "/default/any/a/b");
    assert_eq!(echoed(&response), ("GET".to_owned(), "/a/b".to_owned()));
    let missing = Client::get(gateway.addr(), "/default/nothing");
    assert_eq!(missing.status, 404, "{missing:?}");
}

#[test]
fn the_base_path_names_the_stage() {
    let backend = Backend::echo();
    let servers =
        "servers: [{url: 'https://x/{basePath}', variables: {basePath: {default: live}}}]";
    let gateway = Gateway::start(&document(servers, &backend), &[]);
    let response = Client::get(gateway.addr(), "/live/hello/you");
    assert_eq!(echoed(&response), ("GET".to_owned(), "/greet/you".to_owned()));
}

#[test]
fn a_template_imports_a_document_of_a_bucket() {
    let backend = Backend::echo();
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("api.yaml"), document("", &backend)).unwrap();
    let template = "\
Resources:
  Api:
    Type: AWS::ApiGateway::RestApi
    Properties: {BodyS3Location: {Bucket: documents, Key: api.yaml}}
  Deployment:
    Type: AWS::ApiGateway::Deployment
    Properties: {RestApiId: !Ref Api, StageName: dev}
";
    let bucket = format!("documents={}", directory.path().display());
    let gateway = Gateway::start(template, &["--bucket", &bucket]);
    let response = Client::get(gateway.addr(), "/dev/hello/you");
    assert_eq!(echoed(&response), ("GET".to_owned(), "/greet/you".to_owned()));
}

#[test]
fn a_serverless_api_is_served() {
    let backend = Backend::echo();
    let template = "\
Transform: AWS::Serverless-2016-10-31
Globals: {Api: {OpenApiVersion: 3.0.1}}
Resources:
  Api:
    Type: AWS::Serverless::Api
    Properties:
      StageName: dev
      DefinitionBody:
        openapi: 3.0.1
        info: {title: sam, version: '1'}
        paths:
          /hello:
            get:
              responses: {}
              x-amazon-apigateway-integration: {type: http_proxy, httpMethod: GET, uri: BACKEND/greet}
"
    .replace("BACKEND", &backend.url());
    let gateway = Gateway::start(&template, &[]);
    let response = Client::get(gateway.addr(), "/dev/hello");
    assert_eq!(echoed(&response), ("GET".to_owned(), "/greet".to_owned()));
}

#[test]
fn a_serverless_api_includes_its_document() {
    let backend = Backend::echo();
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("api.yaml"), document("", &backend)).unwrap();
    let template = "\
Transform: AWS::Serverless-2016-10-31
Globals: {Api: {OpenApiVersion: 3.0.1}}
Resources:
  Api:
    Type: AWS::Serverless::Api
    Properties:
      StageName: dev
      DefinitionBody:
        Fn::Transform: {Name: AWS::Include, Parameters: {Location: 's3://documents/api.yaml'}}
";
    let bucket = format!("documents={}", directory.path().display());
    let gateway = Gateway::start(template, &["--bucket", &bucket]);
    let response = Client::get(gateway.addr(), "/dev/hello/you");
    assert_eq!(echoed(&response), ("GET".to_owned(), "/greet/you".to_owned()));
}

#[test]
fn a_mistake_is_told_with_its_place_and_its_pointer() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("api.yaml");
    let text = document("", &Backend::echo()).replace("http_proxy", "htp_proxy");
    std::fs::write(&path, text).unwrap();
    let output = check(&[path.as_os_str()]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    let expect = ":9:15: error: \"htp_proxy\" is none of http, http_proxy, aws, aws_proxy, mock \
                  (#/paths/~1hello~1{name}/get/x-amazon-apigateway-integration/type); did you mean \
                  \"http_proxy\"?";
    assert!(said.contains(expect), "{said}");
}

#[test]
fn the_example_loads() {
    let path = in_package("../config/examples/petstore.yaml");
    let output = check(&[path.as_os_str()]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(!said.contains("error"), "{said}");
}
