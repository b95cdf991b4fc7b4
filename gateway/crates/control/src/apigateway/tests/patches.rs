//! Patch operations, and how each family of resources refuses them.

use super::Account;
use serde_json::{Value, json};

fn patch(op: &str, path: &str, value: &str) -> Value {
    json!({ "patchOperations": [{ "op": op, "path": path, "value": value }] })
}

#[test]
fn a_listed_family_lists_the_paths_of_the_operation() {
    let mut account = Account::new();
    let id = account.call("POST", "/apikeys", json!({}))["id"].as_str().unwrap().to_owned();
    let path = format!("/apikeys/{id}");
    let text = "Invalid patch path  '/id' specified for op 'replace'. Must be one of: [/description, /enabled, /name, /customerId]";
    account.refused("PATCH", &path, patch("replace", "/id", "x"), "BadRequestException", text);
    let text =
        "Invalid patch path  '/name' specified for op 'move'. Please choose supported operations";
    account.refused("PATCH", &path, patch("move", "/name", "x"), "BadRequestException", text);
}

#[test]
fn a_plain_family_names_the_path_or_lists_the_operations() {
    let mut account = Account::new();
    let (id, root) = account.api();
    let api = format!("/restapis/{id}");
    let refused = |account: &mut Account, path: &str, body: Value, text: &str| {
        account.refused("PATCH", path, body, "BadRequestException", text);
    };
    refused(&mut account, &api, patch("replace", "/id", "x"), "Invalid patch path /id");
    let body = json!({ "patchOperations": [{ "op": "replace" }] });
    refused(&mut account, &api, body, "Invalid patch path null");
    let ops = "Invalid patch operation specified. Must be one of: [replace]";
    refused(&mut account, &api, patch("add", "/name", "x"), ops);
    let method = format!("{root}/methods/GET");
    let unescaped = "Invalid patch path /requestModels/application/json";
    refused(
        &mut account,
        &method,
        patch("add", "/requestModels/application/json", "Empty"),
        unescaped,
    );
    let answer =
        account.call("PATCH", &method, patch("add", "/requestModels/application~1json", "Empty"));
    assert_eq!(answer["requestModels"], json!({ "application/json": "Empty" }));
    let answer =
        account.call("PATCH", &method, patch("remove", "/requestModels/application~1json", ""));
    assert_eq!(answer.get("requestModels"), None);
}

#[test]
fn a_list_element_is_in_the_path_or_in_the_value() {
    let mut account = Account::new();
    let (id, _) = account.api();
    let api = format!("/restapis/{id}");
    let types = |account: &mut Account, body: Value| {
        account.call("PATCH", &api, body)["binaryMediaTypes"].clone()
    };
    assert_eq!(
        types(&mut account, patch("add", "/binaryMediaTypes/image~1png", "")),
        json!(["image/png"])
    );
    assert_eq!(
        types(&mut account, patch("replace", "/binaryMediaTypes/image~1png", "a/b")),
        json!(["a/b"])
    );
    assert_eq!(types(&mut account, patch("remove", "/binaryMediaTypes/a~1b", "")), Value::Null);
}

#[test]
fn a_method_setting_starts_from_the_one_for_all() {
    let mut account = Account::new();
    let (id, _) = account.api();
    account.deploy(&id, "prod");
    let stage = format!("/restapis/{id}/stages/prod");
    account.call("PATCH", &stage, patch("replace", "/*/*/caching/ttlInSeconds", "60"));
    let answer = account.call("PATCH", &stage, patch("replace", "/~1/GET/metrics/enabled", "true"));
    let setting = &answer["methodSettings"]["~1/GET"];
    assert_eq!(
        (&setting["cacheTtlInSeconds"], &setting["metricsEnabled"]),
        (&json!(60), &json!(true))
    );
    assert_eq!(setting.get("loggingLevel"), None);
    account.call("PATCH", &stage, patch("replace", "/*/*/caching/ttlInSeconds", "90"));
    let answer = account.call("PATCH", &stage, patch("remove", "/*/*", ""));
    assert_eq!(answer["methodSettings"]["~1/GET"]["cacheTtlInSeconds"], json!(60));
    // The trailing space is AWS's.
    let text =
        "Cannot remove method setting */* because there is no method setting for this method ";
    account.refused("PATCH", &stage, patch("remove", "/*/*", ""), "BadRequestException", text);
    let keys =
        account.state.definitions().apis[0].stages.values().next().unwrap().method_settings.len();
    assert_eq!(keys, 1);
}

#[test]
fn a_canary_is_promoted_by_copies_and_stays() {
    let mut account = Account::new();
    let (id, _) = account.api();
    let first = account.deploy(&id, "prod");
    let stage = format!("/restapis/{id}/stages/prod");
    let copy = json!({ "patchOperations": [
        { "op": "copy", "path": "/deploymentId", "from": "/canarySettings/deploymentId" },
        { "op": "copy", "path": "/variables", "from": "/canarySettings/stageVariableOverrides" },
    ] });
    let text = "Promotion not available. Canary does not exist.";
    account.refused("PATCH", &stage, copy.clone(), "BadRequestException", text);
    let canary = json!({ "percentTraffic": 20, "stageVariableOverrides": { "a": "b" } });
    let body = json!({ "stageName": "prod", "canarySettings": canary });
    let second = account.call("POST", &format!("/restapis/{id}/deployments"), body)["id"].clone();
    assert_eq!(account.call("GET", &stage, Value::Null)["deploymentId"], json!(first));
    assert_eq!(account.state.definitions().apis.len(), 2, "the canary's deployment is served too");
    let answer = account.call("PATCH", &stage, copy);
    assert_eq!((&answer["deploymentId"], &answer["variables"]), (&second, &json!({ "a": "b" })));
    assert_eq!(answer["canarySettings"]["percentTraffic"], json!(20.0));
}

#[test]
fn a_usage_plan_has_limits_by_method() {
    let mut account = Account::new();
    let (id, _) = account.api();
    account.deploy(&id, "prod");
    let plan = account.call("POST", "/usageplans", json!({ "name": "p" }))["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let path = format!("/usageplans/{plan}");
    let text = format!("Invalid API Stage {{api: {id}, stage: x}} specified for usageplan {plan}");
    account.refused(
        "PATCH",
        &path,
        patch("add", "/apiStages", &format!("{id}:x")),
        "NotFoundException",
        &text,
    );
    account.refused(
        "PATCH",
        &path,
        patch("add", "/apiStages", "x"),
        "BadRequestException",
        "Invalid API Stage specified",
    );
    account.call("PATCH", &path, patch("add", "/apiStages", &format!("{id}:prod")));
    let limit = format!("/apiStages/{id}:prod/throttle/~1pets/GET");
    let answer = account.call("PATCH", &path, patch("replace", &format!("{limit}/rateLimit"), "2"));
    let throttle = &answer["apiStages"][0]["throttle"];
    assert_eq!(throttle, &json!({ "/pets/GET": { "rateLimit": 2.0 } }));
    let answer = account.call("PATCH", &path, patch("remove", &limit, ""));
    assert_eq!(answer["apiStages"][0].get("throttle"), None);
}
