//! The example template, as the README runs it.

use serde_json::{Value, json};

use crate::support::{Backend, Client, Gateway, check};

#[test]
fn example_template_serves_a_backend() {
    let backend = Backend::echo();
    let parameter = format!("BackendUrl={}", backend.url());
    let gateway = Gateway::start("../config/examples/orders.yaml", &["--param", &parameter]);
    gateway.wait_for_stderr(&format!("Serving http://{}/prod", gateway.addr()), 1);
    let response = Client::get(gateway.addr(), "/prod/orders/42?q=1");
    assert_eq!(response.status, 200, "{response:?}");
    let echo: Value = serde_json::from_slice(&response.body).unwrap();
    assert_eq!((&echo["method"], &echo["path"]), (&json!("GET"), &json!("/orders/42?q=1")));
    let health = Client::get(gateway.addr(), "/prod/health");
    assert_eq!((health.status, health.text()), (200, r#"{"status":"ok"}"#));
    let ready = Client::get(gateway.ops_addr(), "/readyz");
    assert_eq!(ready.status, 200, "{ready:?}");
    assert_eq!(backend.wait_requests(1).len(), 1);
    let stopped = gateway.stop();
    assert_eq!(stopped.code, Some(0), "{}", stopped.stderr);
}

#[test]
fn clients_share_the_connections_to_a_backend() {
    let backend = Backend::echo();
    let template = TEMPLATE.replace("BACKEND", &backend.url());
    let gateway = Gateway::start(&template, &[]);
    for _ in 0..3 {
        let response = Client::get(gateway.addr(), "/dev");
        assert_eq!(response.status, 200, "{response:?}");
    }
    backend.wait_connections(1);
    let connections: Vec<_> = backend.wait_requests(3).iter().map(|r| r.connection).collect();
    assert_eq!(connections, [0, 0, 0]);
}

#[test]
fn what_runs_is_clean_when_checked() {
    let gateway = Gateway::start(&TEMPLATE.replace("BACKEND", "http://127.0.0.1:9"), &[]);
    assert!(gateway.template().starts_with(gateway.directory()));
    let output = check(&[gateway.template().as_os_str()]);
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert_eq!((output.status.code(), &*stdout), (Some(0), ""));
}

const TEMPLATE: &str = r#"Resources:
  Api:
    Type: AWS::ApiGateway::RestApi
    Properties: {Name: api}
  Get:
    Type: AWS::ApiGateway::Method
    Properties:
      RestApiId: !Ref Api
      ResourceId: !GetAtt Api.RootResourceId
      HttpMethod: GET
      AuthorizationType: NONE
      Integration: {Type: HTTP_PROXY, IntegrationHttpMethod: GET, Uri: "BACKEND/"}
  Deployment:
    Type: AWS::ApiGateway::Deployment
    DependsOn: Get
    Properties: {RestApiId: !Ref Api}
  Stage:
    Type: AWS::ApiGateway::Stage
    Properties: {RestApiId: !Ref Api, DeploymentId: !Ref Deployment, StageName: dev}
"#;
