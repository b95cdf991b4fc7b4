//! From CreateDeployment to a request that is answered.

use std::time::Instant;

use super::client::{Control, ControlGateway as _};
use super::dev;
use crate::support::{Client, Gateway};

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

/// A new deployment of an API, on a stage if there is one; its id.
#[track_caller]
fn deploy(control: &mut Control, id: &str, body: &str) -> String {
    let made = control.json("POST", &format!("/restapis/{id}/deployments"), body, 201);
    made["id"].as_str().unwrap().to_owned()
}

#[track_caller]
fn patch(control: &mut Control, id: &str, stage: &str, operations: &str) {
    let body = format!(r#"{{"patchOperations":[{operations}]}}"#);
    control.json("PATCH", &format!("/restapis/{id}/stages/{stage}"), &body, 200);
}

fn status_of(gateway: &Gateway, id: &str, stage: &str) -> u16 {
    Client::get(gateway.addr(), &format!("/_aws/execute-api/{id}/{stage}/")).status
}

#[test]
fn stages_show_their_own_deployments() {
    let gateway = dev(&[]);
    let mut control = Control::dev(gateway.control_addr());
    let (id, root) = mock_api(&mut control, "stages");
    let first = deploy(&mut control, &id, r#"{"stageName":"one"}"#);
    answer_with(&mut control, &id, &root, 201, 202);
    let second = deploy(&mut control, &id, r#"{"stageName":"two"}"#);
    let check = |one: u16, two: u16| {
        let stages = ["one", "two"].map(|stage| status_of(&gateway, &id, stage));
        assert_eq!(stages, [one, two]);
    };
    check(200, 202);
    let to = |deployment: &str| {
        format!(r#"{{"op":"replace","path":"/deploymentId","value":"{deployment}"}}"#)
    };
    // Forward, back, and the other one back as well.
    patch(&mut control, &id, "one", &to(&second));
    check(202, 202);
    patch(&mut control, &id, "one", &to(&first));
    check(200, 202);
    patch(&mut control, &id, "two", &to(&first));
    check(200, 200);
    // A third stage of the second deployment leaves the two.
    let body = format!(r#"{{"stageName":"three","deploymentId":"{second}"}}"#);
    control.json("POST", &format!("/restapis/{id}/stages"), &body, 201);
    check(200, 200);
    assert_eq!(status_of(&gateway, &id, "three"), 202);
    control.json("DELETE", &format!("/restapis/{id}/stages/one"), "", 202);
    check(403, 200);
}

#[test]
fn a_canary_serves_its_own_deployment_until_it_is_promoted_or_gone() {
    let gateway = dev(&[]);
    let mut control = Control::dev(gateway.control_addr());
    let (id, root) = mock_api(&mut control, "canary");
    let first = deploy(&mut control, &id, r#"{"stageName":"prod"}"#);
    answer_with(&mut control, &id, &root, 201, 202);
    let body = r#"{"stageName":"prod","canarySettings":{"percentTraffic":0}}"#;
    let second = deploy(&mut control, &id, body);
    let all = |status: u16| {
        let found: Vec<u16> = (0..20).map(|_| status_of(&gateway, &id, "prod")).collect();
        assert_eq!(found, [status; 20]);
    };
    all(200);
    let percent = |percent: u8| {
        format!(r#"{{"op":"replace","path":"/canarySettings/percentTraffic","value":"{percent}"}}"#)
    };
    patch(&mut control, &id, "prod", &percent(100));
    all(202);
    patch(&mut control, &id, "prod", &percent(50));
    // The share of every thousand is exact.
    let mut counts = [0; 2];
    let mut client = Client::connect(gateway.addr());
    for _ in 0..1000 {
        let path = format!("/_aws/execute-api/{id}/prod/");
        client.send(format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n").as_bytes());
        counts[usize::from(client.response().status == 202)] += 1;
    }
    assert_eq!(counts, [500, 500]);
    // Promoted: all of it, with the canary gone.
    let promote = r#"{"op":"copy","path":"/deploymentId","from":"/canarySettings/deploymentId"},
        {"op":"remove","path":"/canarySettings"}"#;
    patch(&mut control, &id, "prod", promote);
    all(202);
    let stage = control.json("GET", &format!("/restapis/{id}/stages/prod"), "", 200);
    assert_eq!((&stage["deploymentId"], stage.get("canarySettings")), (&second.into(), None));
    // A canary that fails is taken away.
    let body = format!(
        r#"{{"op":"replace","path":"/canarySettings/deploymentId","value":"{first}"}},{}"#,
        percent(100)
    );
    patch(&mut control, &id, "prod", &body);
    all(200);
    patch(&mut control, &id, "prod", r#"{"op":"remove","path":"/canarySettings"}"#);
    all(202);
}

#[test]
fn a_stage_goes_although_a_plan_names_it_and_not_while_a_mapping_does() {
    let gateway = dev(&[]);
    let mut control = Control::dev(gateway.control_addr());
    let (id, _) = mock_api(&mut control, "named");
    control.json("POST", "/domainnames", r#"{"domainName":"named.example.com"}"#, 201);
    let mappings = "/domainnames/named.example.com/basepathmappings";
    // Before anything is deployed: nobody is served by it yet.
    control.json("POST", mappings, &format!(r#"{{"restApiId":"{id}","basePath":"all"}}"#), 201);
    deploy(&mut control, &id, r#"{"stageName":"s"}"#);
    let mapping = format!(r#"{{"restApiId":"{id}","basePath":"one","stage":"s"}}"#);
    control.json("POST", mappings, &mapping, 201);
    let plan = format!(r#"{{"name":"p","apiStages":[{{"apiId":"{id}","stage":"s"}}]}}"#);
    control.json("POST", "/usageplans", &plan, 201);
    let get = |path: &str| {
        let mut client = Client::connect(gateway.addr());
        let host = "named.example.com";
        client.send(format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n").as_bytes());
        client.response().status
    };
    assert_eq!([get("/one"), get("/all/s")], [200, 200]);
    let stage = format!("/restapis/{id}/stages/s");
    let answer = control.json("DELETE", &stage, "", 400);
    let text = "Deleting stage s failed. Please remove all base path mappings related to the stage in your domains: \
                named.example.com";
    assert_eq!(answer["message"], text);
    assert_eq!([get("/one"), get("/all/s")], [200, 200]);
    control.json("DELETE", &format!("{mappings}/one"), "", 202);
    control.json("DELETE", &stage, "", 202);
    assert_eq!([get("/one"), get("/all/s")], [403, 403]);
    let plans = control.json("GET", "/usageplans", "", 200);
    assert_eq!(plans["item"][0]["apiStages"], serde_json::json!([]));
    deploy(&mut control, &id, r#"{"stageName":"s"}"#);
    control.json("POST", mappings, &mapping, 201);
    assert_eq!([get("/one"), get("/all/s")], [200, 200]);
}
