//! What files define, through the control plane: to be seen, and not to be changed.

use rustix::process::Signal;
use serde_json::Value;

use super::client::{Control, ControlGateway as _};
use super::deploy::mock_api;
use crate::support::{Client, Gateway};

const TEMPLATE: &str = "tests/it/control/files.yaml";

/// The API that the file defines.
const API: &str = "/restapis/filed";

#[track_caller]
fn serve(name: &str) -> Gateway {
    let text = std::fs::read_to_string(crate::support::in_package(TEMPLATE)).unwrap();
    let text = text.replace("NAME", name);
    Gateway::start(&text, &["--control", "127.0.0.1:0", "--dev"])
}

/// The members of `expect` in `found`, whatever else there is.
#[track_caller]
fn has(found: &Value, expect: &Value) {
    let (Some(found), Some(expect)) = (found.as_object(), expect.as_object()) else {
        panic!("objects: {found}, {expect}")
    };
    for (name, value) in expect {
        assert_eq!(found.get(name), Some(value), "{name} of {found:?}");
    }
}

#[test]
fn all_of_it_is_shown() {
    let gateway = serve("shown");
    let mut control = Control::dev(gateway.control_addr());
    let mut get = |target: &str| control.json("GET", target, "", 200);
    let api = get(API);
    let root = &api["rootResourceId"];
    has(&api, &serde_json::json!({ "id": "filed", "name": "shown", "apiKeySource": "HEADER" }));
    assert_eq!(get("/restapis")["item"][0]["id"], "filed");
    let resources = get(&format!("{API}/resources"));
    let paths: Vec<_> =
        resources["item"].as_array().unwrap().iter().map(|found| &found["path"]).collect();
    assert_eq!(paths, ["/", "/pets"]);
    assert_eq!(resources["item"][0]["id"], *root);
    let pets = resources["item"][1]["id"].as_str().unwrap();
    let method = get(&format!("{API}/resources/{pets}/methods/GET"));
    let expect = serde_json::json!({ "httpMethod": "GET", "authorizationType": "NONE", "apiKeyRequired": true });
    has(&method, &expect);
    let integration = get(&format!("{API}/resources/{pets}/methods/GET/integration"));
    has(
        &integration,
        &serde_json::json!({ "type": "MOCK", "passthroughBehavior": "WHEN_NO_MATCH" }),
    );
    assert_eq!(integration["requestTemplates"]["application/json"], r#"{"statusCode": 200}"#);
    assert_eq!(integration["integrationResponses"]["200"]["statusCode"], "200");
    let stages = get(&format!("{API}/stages"));
    let stage = &stages["item"][0];
    has(stage, &serde_json::json!({ "stageName": "prod", "variables": { "v": "1" } }));
    let deployment = stage["deploymentId"].as_str().unwrap();
    let shown = get(&format!("{API}/deployments/{deployment}?embed=apisummary"));
    assert_eq!(shown["apiSummary"]["/pets"]["GET"]["apiKeyRequired"], true);
    assert_eq!(get(&format!("{API}/stages/prod"))["deploymentId"], deployment);
    let key = get("/apikeys?includeValues=true")["item"][0].clone();
    has(&key, &serde_json::json!({ "name": "filed-key", "value": "filed-0000000000000000000" }));
    let plan = get("/usageplans")["item"][0].clone();
    let expect = serde_json::json!({
        "name": "filed-plan",
        "apiStages": [{ "apiId": "filed", "stage": "prod" }],
        "throttle": { "burstLimit": 5, "rateLimit": 10.0 },
    });
    has(&plan, &expect);
    let plan = plan["id"].as_str().unwrap();
    let of_plan = get(&format!("/usageplans/{plan}/keys"))["item"][0].clone();
    has(&of_plan, &serde_json::json!({ "id": key["id"], "name": "filed-key" }));
    assert_eq!(get("/domainnames/filed.example.com")["domainName"], "filed.example.com");
    let mapping = get("/domainnames/filed.example.com/basepathmappings/v1");
    let expect = serde_json::json!({ "basePath": "v1", "restApiId": "filed", "stage": "prod" });
    assert_eq!(mapping, expect);
    has(
        &get(&format!("{API}/models/Pet")),
        &serde_json::json!({ "name": "Pet", "contentType": "application/json" }),
    );
    let response = get(&format!("{API}/gatewayresponses/THROTTLED"));
    has(&response, &serde_json::json!({ "statusCode": "503", "defaultResponse": false }));
    assert_eq!(get("/account")["cloudwatchRoleArn"], "arn:aws:iam::000000000000:role/logs");
}

#[test]
fn a_write_names_the_file() {
    let gateway = serve("kept");
    let mut control = Control::dev(gateway.control_addr());
    let root = control.json("GET", API, "", 200)["rootResourceId"].as_str().unwrap().to_owned();
    let key =
        control.json("GET", "/apikeys", "", 200)["item"][0]["id"].as_str().unwrap().to_owned();
    let plan =
        control.json("GET", "/usageplans", "", 200)["item"][0]["id"].as_str().unwrap().to_owned();
    let arn = "arn%3Aaws%3Aapigateway%3Aus-east-1%3A%3A%2Frestapis%2Ffiled";
    let rename = r#"{"patchOperations":[{"op":"replace","path":"/name","value":"x"}]}"#;
    let domain = "/domainnames/filed.example.com";
    let file = gateway.template().display().to_string();
    for (method, target, body, what) in [
        ("PATCH", API.to_owned(), rename, "The REST API filed"),
        ("DELETE", API.to_owned(), "", "The REST API filed"),
        ("POST", format!("{API}/resources/{root}"), r#"{"pathPart":"x"}"#, "The REST API filed"),
        (
            "PUT",
            format!("{API}/resources/{root}/methods/GET"),
            r#"{"authorizationType":"NONE"}"#,
            "The REST API filed",
        ),
        ("POST", format!("{API}/deployments"), r#"{"stageName":"x"}"#, "The REST API filed"),
        ("DELETE", format!("{API}/stages/prod"), "", "The REST API filed"),
        ("PUT", format!("/tags/{arn}"), r#"{"tags":{"a":"b"}}"#, "The REST API filed"),
        ("PATCH", format!("/apikeys/{key}"), rename, "The API key"),
        ("DELETE", format!("/apikeys/{key}"), "", "The API key"),
        ("PATCH", format!("/usageplans/{plan}"), rename, "The usage plan"),
        ("DELETE", format!("/usageplans/{plan}/keys/{key}"), "", "The usage plan"),
        ("DELETE", domain.to_owned(), "", "The domain name filed.example.com"),
        (
            "POST",
            format!("{domain}/basepathmappings"),
            r#"{"restApiId":"filed","basePath":"x"}"#,
            "The domain name filed.example.com",
        ),
        ("PATCH", "/account".to_owned(), r#"{"patchOperations":[]}"#, "The account's settings"),
    ] {
        let answer = control.call(method, &target, body);
        let text = answer.text();
        assert_eq!(answer.status, 409, "{method} {target}: {text}");
        assert_eq!(answer.header("x-amzn-errortype"), Some("ConflictException"));
        assert!(text.contains(what) && text.contains(&file), "{method} {target}: {text}");
    }
    assert_eq!(control.json("GET", API, "", 200)["name"], "kept");
    // Emptying a cache changes nothing that the file says.
    control.json("DELETE", &format!("{API}/stages/prod/cache/data"), "", 202);
    let taken = r#"{"name":"x","tags":{"_custom_id_":"filed"}}"#;
    assert_eq!(control.call("POST", "/restapis", taken).status, 409);
}

#[test]
fn what_is_made_here_is_beside_it_and_follows_the_file() {
    let gateway = serve("first");
    let mut control = Control::dev(gateway.control_addr());
    let (id, _) = mock_api(&mut control, "made");
    control.json("POST", &format!("/restapis/{id}/deployments"), r#"{"stageName":"s"}"#, 201);
    let count = |control: &mut Control| {
        control.json("GET", "/restapis", "", 200)["item"].as_array().unwrap().len()
    };
    assert_eq!(count(&mut control), 2);
    // A plan that is made here may open a stage of the file.
    let plan = r#"{"name":"p","apiStages":[{"apiId":"filed","stage":"prod"}]}"#;
    control.json("POST", "/usageplans", plan, 201);
    let text = std::fs::read_to_string(gateway.template()).unwrap();
    crate::lifecycle::replace(gateway.template(), &text.replace("Name: first", "Name: second"));
    gateway.signal(Signal::HUP);
    gateway.wait_for_stderr("Reloaded", 1);
    assert_eq!(control.json("GET", API, "", 200)["name"], "second");
    assert_eq!(count(&mut control), 2);
    let path = format!("/_aws/execute-api/{id}/s/");
    assert_eq!(Client::get(gateway.addr(), &path).status, 200);
    let path = "/_aws/execute-api/filed/prod/pets";
    assert_eq!(Client::get(gateway.addr(), path).status, 403, "it asks for a key");
    let mut client = Client::connect(gateway.addr());
    let key = "x-api-key: filed-0000000000000000000";
    client.send(format!("GET {path} HTTP/1.1\r\nHost: x\r\n{key}\r\n\r\n").as_bytes());
    assert_eq!(client.response().status, 200);
}

/// Text as a form has it.
fn escaped(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

#[test]
fn what_a_stack_has_made_is_the_stacks() {
    let gateway = super::dev(&[]);
    let mut control = Control::dev(gateway.control_addr());
    let text = std::fs::read_to_string(crate::support::in_package(TEMPLATE)).unwrap();
    let form = |action: &str, name: &str| {
        let template = escaped(&text.replace("NAME", name));
        format!("Action={action}&Version=2010-05-15&StackName=pets&TemplateBody={template}")
    };
    let answer = control.form("cloudformation", &form("CreateStack", "stacked"));
    assert_eq!(answer.status, 200, "{}", answer.text());
    let name_of = |control: &mut Control| {
        control.service("apigateway").json("GET", API, "", 200)["name"].clone()
    };
    assert_eq!(name_of(&mut control), "stacked");
    let rename = r#"{"patchOperations":[{"op":"replace","path":"/name","value":"x"}]}"#;
    let answer = control.call("PATCH", API, rename);
    assert_eq!(answer.status, 409, "{}", answer.text());
    assert!(answer.text().contains("the stack pets has made it"), "{}", answer.text());
    // A usage plan of one's own may open it, and keeps nobody from deleting it.
    let plan = r#"{"name":"p","apiStages":[{"apiId":"filed","stage":"prod"}]}"#;
    control.json("POST", "/usageplans", plan, 201);
    let answer = control.form("cloudformation", &form("UpdateStack", "renamed"));
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(name_of(&mut control), "renamed");
    let form = "Action=DeleteStack&Version=2010-05-15&StackName=pets";
    assert_eq!(control.form("cloudformation", form).status, 200);
    control.service("apigateway").json("GET", API, "", 404);
}
