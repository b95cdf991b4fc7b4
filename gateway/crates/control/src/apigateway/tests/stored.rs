//! What is written is what is read.

use super::Account;
use crate::apigateway::{Ids, State};
use crate::{MemoryObjects, Objects};
use serde_json::{Value, json};

/// All that a state holds, as text; ids to come are not part of it.
fn contents(state: &State) -> String {
    format!(
        "{:?}",
        (
            (
                &state.apis,
                &state.api_keys,
                &state.usage_plans,
                &state.domain_names,
                &state.access_associations
            ),
            (&state.vpc_links, &state.client_certificates, &state.account,),
        )
    )
}

#[track_caller]
fn check(account: &Account) {
    let mut objects = MemoryObjects::default();
    objects.commit(&account.changes).unwrap();
    let mut loaded = State::load(&objects.all().unwrap(), Ids::seeded(2)).unwrap();
    assert_eq!(contents(&loaded), contents(&account.state));
    assert_eq!(loaded.key_values, account.state.key_values);
    assert_eq!(loaded.definitions(), account.state.clone().definitions());
}

#[test]
fn the_store_holds_all_that_operations_did() {
    let mut account = Account::new();
    let (id, root) = account.api();
    let api = format!("/restapis/{id}");
    account.call("POST", &root, json!({ "pathPart": "pets" }));
    account.call(
        "POST",
        &format!("{api}/models"),
        json!({ "name": "A", "contentType": "application/json", "schema": "{\"a\":1}" }),
    );
    account.call("POST", &format!("{api}/requestvalidators"), json!({ "name": "v" }));
    account.call(
        "POST",
        &format!("{api}/authorizers"),
        json!({
            "name": "g", "type": "COGNITO_USER_POOLS", "providerARNs": ["arn:aws:cognito-idp:us-east-1:000000000000:userpool/us-east-1_a"]
        }),
    );
    account.call(
        "PUT",
        &format!("{api}/gatewayresponses/THROTTLED"),
        json!({ "statusCode": "430" }),
    );
    account.call(
        "POST",
        &format!("{api}/documentation/parts"),
        json!({ "location": { "type": "API" }, "properties": "{\"a\":1}" }),
    );
    account.call(
        "POST",
        &format!("{api}/documentation/versions"),
        json!({ "documentationVersion": "a/b" }),
    );
    account.deploy(&id, "prod");
    let first = account.deploy(&id, "prod");
    account.call(
        "PATCH",
        &format!("{api}/stages/prod"),
        json!({ "patchOperations": [
        { "op": "replace", "path": "/~1pets/GET/caching/enabled", "value": "true" },
        { "op": "replace", "path": "/canarySettings/percentTraffic", "value": "1.5" },
    ] }),
    );
    assert_eq!(
        account.state.definitions().apis[0].deployments.keys().next().unwrap().as_str(),
        first
    );
    let key = account.call("POST", "/apikeys", json!({ "enabled": true }))["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let plan = account.call("POST", "/usageplans", json!({
        "name": "p", "apiStages": [{ "apiId": id, "stage": "prod", "throttle": { "/pets/GET": { "rateLimit": 0.5, "burstLimit": 1 } } }]
    }));
    let plan = format!("/usageplans/{}", plan["id"].as_str().unwrap());
    account.call("POST", &format!("{plan}/keys"), json!({ "keyId": key, "keyType": "API_KEY" }));
    account.call("POST", "/domainnames", json!({ "domainName": "a.example.com" }));
    account.call(
        "POST",
        "/domainnames/a.example.com/basepathmappings",
        json!({ "restApiId": id, "stage": "prod" }),
    );
    account.call(
        "POST",
        "/vpclinks",
        json!({ "name": "l", "targetArns": ["arn:aws:elb:us-east-1:1:x"] }),
    );
    account.call("PATCH", "/account", json!({ "patchOperations": [{ "op": "replace", "path": "/cloudwatchRoleArn", "value": "r" }] }));
    account.call(
        "PUT",
        &format!("/tags/arn:aws:apigateway:us-east-1::%2Fapikeys%2F{key}"),
        json!({ "tags": { "a": "b" } }),
    );
    check(&account);

    account.call("DELETE", &format!("/apikeys/{key}"), Value::Null);
    account.call("DELETE", "/domainnames/a.example.com", Value::Null);
    account.call("DELETE", &api, Value::Null);
    check(&account);
    assert_eq!(account.call("GET", &plan, Value::Null)["apiStages"], json!([]));
}

#[test]
fn a_document_that_cannot_be_read_is_named() {
    let documents = [("restapis/a".to_owned(), b"{".to_vec())];
    let error = State::load(&documents, Ids::seeded(1)).unwrap_err();
    assert_eq!(error.key, "restapis/a");
    let foreign = [("functions/a".to_owned(), b"{".to_vec())];
    assert!(State::load(&foreign, Ids::seeded(1)).is_ok());
}

#[test]
fn what_fails_changes_nothing() {
    let mut account = Account::new();
    let (id, root) = account.api();
    account.deploy(&id, "prod");
    let (before, writes) = (contents(&account.state), account.changes.len());
    let api = format!("/restapis/{id}");
    let patch = |operations: Value| json!({ "patchOperations": operations });
    for (method, path, body) in [
        ("POST", "/restapis".to_owned(), json!({ "name": "a", "description": "" })),
        ("POST", root.clone(), json!({ "pathPart": "a/b" })),
        ("PUT", format!("{root}/methods/GET"), json!({ "authorizationType": "NONE" })),
        (
            "PUT",
            format!("{root}/methods/GET/integration"),
            json!({ "type": "HTTP", "httpMethod": "GET", "uri": "x" }),
        ),
        ("POST", format!("{api}/stages"), json!({ "stageName": "prod", "deploymentId": "x" })),
        ("POST", format!("{api}/deployments"), json!({ "stageName": "a b" })),
        (
            "PATCH",
            api.clone(),
            patch(json!([
                { "op": "replace", "path": "/name", "value": "b" }, { "op": "replace", "path": "/id", "value": "b" }
            ])),
        ),
        (
            "PATCH",
            format!("{api}/stages/prod"),
            patch(json!([
                { "op": "replace", "path": "/variables/a", "value": "b" }, { "op": "replace", "path": "/deploymentId", "value": "b" }
            ])),
        ),
        ("POST", "/apikeys".to_owned(), json!({ "value": "short" })),
        (
            "POST",
            "/usageplans".to_owned(),
            json!({ "name": "p", "apiStages": [{ "apiId": id, "stage": "x" }] }),
        ),
        ("POST", "/domainnames".to_owned(), json!({ "domainName": "nodots" })),
    ] {
        assert!(account.try_call(method, &path, &body).is_err(), "{method} {path} {body}");
        assert_eq!(
            (contents(&account.state), account.changes.len()),
            (before.clone(), writes),
            "{method} {path}"
        );
    }
}
