//! Operations through [`answer`], as the wire calls them.

mod patches;
mod refused;
mod stored;

use super::{Deploy, Ids, State, answer};
use crate::{ApiError, Call, Change};
use serde_json::{Value, json};

/// A state, and the documents that a store would have of it.
struct Account {
    state: State,
    changes: Vec<Change>,
    deploys: Vec<Deploy>,
}

impl Account {
    fn new() -> Self {
        let state = State::load(&[], Ids::seeded(1)).unwrap();
        Self { state, changes: Vec::new(), deploys: Vec::new() }
    }

    fn try_call(&mut self, method: &str, path: &str, body: &Value) -> Result<Value, ApiError> {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let pairs = query.split('&').filter(|pair| !pair.is_empty());
        let call = Call {
            method: method.to_owned(),
            path: path.split('/').skip(1).map(|segment| segment.replace("%2F", "/")).collect(),
            query: pairs
                .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
            headers: Vec::new(),
            body: if body.is_null() { Vec::new() } else { body.to_string().into_bytes() },
            account_id: "000000000000".to_owned(),
            region: "us-east-1".to_owned(),
            request_id: "r".to_owned(),
            unix_ms: 1_700_000_000_000,
        };
        let (answer, changes, deploy) = answer(&mut self.state, &call)?;
        self.changes.extend(changes);
        self.deploys.extend(deploy);
        let body = if answer.body.is_empty() { "null".into() } else { answer.body };
        Ok(serde_json::from_slice(&body).unwrap())
    }

    #[track_caller]
    fn call(&mut self, method: &str, path: &str, body: Value) -> Value {
        match self.try_call(method, path, &body) {
            Ok(answer) => answer,
            Err(error) => panic!("{method} {path}: {error}"),
        }
    }

    #[track_caller]
    fn refused(&mut self, method: &str, path: &str, body: Value, code: &str, text: &str) {
        let error = self.try_call(method, path, &body).unwrap_err();
        assert_eq!((error.code, &*error.message), (code, text));
    }

    /// An API with `GET /` on a mock; its id and its root's path.
    fn api(&mut self) -> (String, String) {
        let api = self.call("POST", "/restapis", json!({ "name": "a" }));
        let id = api["id"].as_str().unwrap().to_owned();
        let root = format!("/restapis/{id}/resources/{}", api["rootResourceId"].as_str().unwrap());
        self.call("PUT", &format!("{root}/methods/GET"), json!({ "authorizationType": "NONE" }));
        self.call("PUT", &format!("{root}/methods/GET/integration"), json!({ "type": "MOCK" }));
        (id, root)
    }

    fn deploy(&mut self, id: &str, stage: &str) -> String {
        let path = format!("/restapis/{id}/deployments");
        let deployment = self.call("POST", &path, json!({ "stageName": stage }));
        deployment["id"].as_str().unwrap().to_owned()
    }
}

#[test]
fn a_deployment_is_what_the_api_was_then() {
    let mut account = Account::new();
    let (id, root) = account.api();
    let first = account.deploy(&id, "prod");
    account.call("PUT", &format!("{root}/methods/POST"), json!({ "authorizationType": "NONE" }));
    account.call("PUT", &format!("{root}/methods/POST/integration"), json!({ "type": "MOCK" }));
    let second = account.deploy(&id, "beta");
    let apis = account.state.definitions().apis;
    let shown: Vec<_> = apis
        .iter()
        .map(|api| {
            let stages: Vec<_> = api.stages.keys().map(|name| name.as_str()).collect();
            let deployment = api.deployments.keys().next().unwrap().as_str();
            (deployment, stages, api.resources[&api.root].methods.len())
        })
        .collect();
    let mut expected = vec![(&*first, vec!["prod"], 1), (&*second, vec!["beta"], 2)];
    expected.sort();
    assert_eq!(shown, expected);
}

#[test]
fn only_what_is_served_is_published() {
    let mut account = Account::new();
    let (id, root) = account.api();
    assert_eq!(account.deploys, []);
    account.deploy(&id, "prod");
    assert_eq!(account.deploys, [Deploy::Publish]);
    account.call("DELETE", &format!("{root}/methods/GET"), Value::Null);
    assert_eq!(account.deploys.len(), 1);
    let stage = format!("/restapis/{id}/stages/prod");
    account.call("DELETE", &format!("{stage}/cache/data"), Value::Null);
    let flush = Deploy::FlushCache { api_id: id, stage: "prod".to_owned() };
    assert_eq!(account.deploys.last(), Some(&flush));
    account.call("DELETE", &stage, Value::Null);
    assert_eq!(account.deploys.last(), Some(&Deploy::Publish));
    assert!(account.state.definitions().apis.is_empty());
}

#[test]
fn the_framework_names_every_member_that_is_wrong() {
    let mut account = Account::new();
    let check = |account: &mut Account, body: Value, code: &str, text: &str| {
        account.refused("POST", "/restapis", body, code, text);
    };
    let none = "1 validation error detected: Value null at 'createRestApiInput.name' failed to satisfy constraint: \
                Member must not be null";
    check(&mut account, json!({}), "ValidationException", none);
    check(&mut account, json!({ "name": null }), "ValidationException", none);
    let flag = "class java.lang.Boolean can not be converted to an String";
    check(&mut account, json!({ "name": true }), "SerializationException", flag);
    let both = "2 validation errors detected: Value '[x]' at 'createRestApiInput.endpointConfiguration.types' failed \
                to satisfy constraint: Member must satisfy constraint: [Member must satisfy enum value set: [PRIVATE, \
                EDGE, REGIONAL]]; Value 'y' at 'createRestApiInput.endpointConfiguration.ipAddressType' failed to \
                satisfy constraint: Member must satisfy enum value set: [ipv4, dualstack]";
    let body =
        json!({ "name": "a", "endpointConfiguration": { "ipAddressType": "y", "types": ["x"] } });
    check(&mut account, body, "ValidationException", both);
}

#[test]
fn pages_go_on_where_the_last_one_ended_even_when_its_last_item_has_gone() {
    let mut account = Account::new();
    let ids: Vec<String> = (0..3)
        .map(|_| account.call("POST", "/apikeys", json!({}))["id"].as_str().unwrap().to_owned())
        .collect();
    let first = account.call("GET", "/apikeys?limit=2", Value::Null);
    let listed: Vec<_> =
        first["item"].as_array().unwrap().iter().map(|key| key["id"].as_str().unwrap()).collect();
    assert_eq!(listed, [&*ids[2], &*ids[1]]);
    account.call("DELETE", &format!("/apikeys/{}", ids[1]), Value::Null);
    let position = first["position"].as_str().unwrap();
    let second = account.call("GET", &format!("/apikeys?limit=2&position={position}"), Value::Null);
    assert_eq!(second["item"][0]["id"], json!(ids[0]));
    assert_eq!(second.get("position"), None);
}

#[test]
fn all_operations_are_done_and_no_other_is_known() {
    let missing = super::operations().iter().filter(|operation| !operation.is_implemented());
    assert_eq!(missing.map(|operation| operation.name).collect::<Vec<_>>(), [""; 0]);
    let error = Account::new().try_call("GET", "/nothing", &Value::Null).unwrap_err();
    assert_eq!((error.status, error.code), (403, "MissingAuthenticationTokenException"));
}

#[test]
fn what_lies_below_an_api_names_what_is_missing() {
    let mut account = Account::new();
    let (id, root) = account.api();
    let get = |account: &mut Account, path: &str, text: &str| {
        account.refused("GET", path, Value::Null, "NotFoundException", text);
    };
    get(&mut account, "/restapis/x", "Invalid API identifier specified 000000000000:x");
    get(
        &mut account,
        &format!("/restapis/{}", id.to_uppercase()),
        &format!("Invalid API identifier specified 000000000000:{}", id.to_uppercase()),
    );
    get(
        &mut account,
        "/restapis/x/resources/y/methods/GET",
        "Invalid Resource identifier specified",
    );
    get(
        &mut account,
        &format!("{root}/methods/PUT/integration"),
        "Invalid Method identifier specified",
    );
    account.call("PUT", &format!("{root}/methods/PUT"), json!({ "authorizationType": "NONE" }));
    get(
        &mut account,
        &format!("{root}/methods/PUT/integration"),
        "Invalid Integration identifier specified",
    );
    get(
        &mut account,
        &format!("{root}/methods/GET/responses/200"),
        "Invalid Response status code specified",
    );
    get(&mut account, &format!("/restapis/{id}/stages/x"), "Invalid stage identifier specified");
}
