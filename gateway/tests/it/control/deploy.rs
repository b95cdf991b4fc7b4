//! From CreateDeployment to a request that is answered.

use std::time::Instant;

use super::client::{Control, ControlGateway as _};
use super::dev;
use crate::support::Client;

/// An API with one method that a mock answers; its id and its root resource.
#[track_caller]
pub(super) fn mock_api(control: &mut Control, name: &str) -> (String, String) {
    let api = control.json("POST", "/restapis", &format!(r#"{{"name":"{name}"}}"#), 201);
    let id = api["id"].as_str().unwrap().to_owned();
    let root = api["rootResourceId"].as_str().unwrap().to_owned();
    let method = format!("/restapis/{id}/resources/{root}/methods/GET");
    control.json("PUT", &method, r#"{"authorizationType":"NONE"}"#, 201);
    answer_with(control, &id, &root, 201, 200);
    (id, root)
}

/// What the mock answers; `code` is that of PutIntegration.
#[track_caller]
pub(super) fn answer_with(control: &mut Control, id: &str, root: &str, code: u16, status: u16) {
    let method = format!("/restapis/{id}/resources/{root}/methods/GET");
    let template = format!(r#"{{\"statusCode\":{status}}}"#);
    let integration =
        format!(r#"{{"type":"MOCK","requestTemplates":{{"application/json":"{template}"}}}}"#);
    control.json("PUT", &format!("{method}/integration"), &integration, code);
    control.json("PUT", &format!("{method}/responses/{status}"), "{}", 201);
    let pattern = format!(r#"{{"selectionPattern":"{status}"}}"#);
    control.json("PUT", &format!("{method}/integration/responses/{status}"), &pattern, 201);
}

#[test]
fn a_deployment_is_live_when_it_is_answered() {
    let gateway = dev(&[]);
    let mut control = Control::dev(gateway.control_addr());
    let (id, root) = mock_api(&mut control, "live");
    let path = format!("/_aws/execute-api/{id}/prod/");
    assert_eq!(Client::get(gateway.addr(), &path).status, 403);
    let body = r#"{"stageName":"prod"}"#;
    control.json("POST", &format!("/restapis/{id}/deployments"), body, 201);
    assert_eq!(Client::get(gateway.addr(), &path).status, 200);
    for status in [202, 203, 204, 206] {
        answer_with(&mut control, &id, &root, 201, status);
        control.json("POST", &format!("/restapis/{id}/deployments"), body, 201);
        let answered = Instant::now();
        assert_eq!(Client::get(gateway.addr(), &path).status, status);
        let took = answered.elapsed();
        println!("live {took:?} after the answer");
    }
}

#[test]
fn what_was_deployed_is_served_after_a_restart() {
    let state = tempfile::tempdir().unwrap();
    let directory = state.path().to_str().unwrap();
    let args = ["--control", "127.0.0.1:0", "--state", directory];
    let gateway = crate::support::Gateway::start(super::EMPTY, &args);
    let mut control = Control::of(gateway.control_addr(), state.path());
    let (id, _) = mock_api(&mut control, "kept");
    let body = r#"{"stageName":"prod"}"#;
    control.json("POST", &format!("/restapis/{id}/deployments"), body, 201);
    gateway.stop();
    let gateway = crate::support::Gateway::start(super::EMPTY, &args);
    let path = format!("/_aws/execute-api/{id}/prod/");
    assert_eq!(Client::get(gateway.addr(), &path).status, 200);
    let mut control = Control::of(gateway.control_addr(), state.path());
    let api = control.json("GET", &format!("/restapis/{id}"), "", 200);
    assert_eq!(api["name"], "kept");
}
