//! What API Gateway made of documents, as recorded: the same document gives the same API here.

mod recorded;

use gateway_definition::{Loaded, Options, Source, load};
use gateway_model::{IntegrationType, Method, RestApi};
use recorded::{Script, matches};
use serde_json::{Map, Value, json};
use std::collections::HashMap;

#[test]
fn a_document_imports_as_it_did_at_aws() {
    let Some(scripts) = recorded::scripts("import-") else { return };
    let mut cases = 0;
    let mut failures = Vec::new();
    for script in &scripts {
        let (count, mut wrong) = replay(script);
        cases += count;
        failures.append(&mut wrong);
    }
    assert!(failures.is_empty(), "{} of {cases}:\n{}", failures.len(), failures.join("\n"));
    assert!(cases >= 50, "only {cases} recorded answers were there");
}

/// The answers of a script about the API that its last import made.
fn replay(script: &Script) -> (usize, Vec<String>) {
    let mut cases = 0;
    let mut failures = Vec::new();
    let mut loaded = None;
    let mut existing = Value::Null;
    // `<id:3>` stands for the resource of a path.
    let mut paths: HashMap<String, String> = HashMap::new();
    for step in script.steps() {
        let expect = &step["expect"];
        let mut compare = |what: &str, got: Value, expect: &Value| {
            cases += 1;
            if !matches(expect, &got) {
                failures
                    .push(format!("{} {what}\n  expected {expect}\n  got      {got}", script.name));
            }
        };
        let call = step["call"].as_str().unwrap_or_default();
        match call {
            "apigateway.CreateRestApi" => existing = step["params"].clone(),
            "apigateway.ImportRestApi" | "apigateway.PutRestApi" => {
                let Some(text) = script.body(&step["params"]["body"]) else { continue };
                let now = import(&text, &step["params"], &existing);
                if let Some(message) = expect["Error"]["Message"].as_str() {
                    assert_eq!(message, "Invalid OpenAPI input.");
                    compare("refused", json!(now.has_errors()), &json!(true));
                    continue;
                }
                if expect.is_object() {
                    let api = now.definitions.apis.first();
                    let mut got = api.map_or(Value::Null, |api| described(api));
                    let warnings: Vec<_> = now
                        .diagnostics
                        .iter()
                        .filter(|d| d.text.contains("Invalid format"))
                        .collect();
                    if !warnings.is_empty() {
                        let text = |d: &&gateway_model::Diagnostic| {
                            d.text.split(" (#").next().unwrap_or_default().to_owned()
                        };
                        got["warnings"] = json!(warnings.iter().map(text).collect::<Vec<_>>());
                    }
                    if call == "apigateway.PutRestApi" {
                        got["tags"] = json!({});
                    }
                    if expect["id"].is_string() {
                        compare("import", got, expect);
                    }
                }
                loaded = Some(now);
            }
            "apigateway.GetResources" => {
                for item in expect["items"].as_array().into_iter().flatten() {
                    let id = item["id"].as_str().unwrap_or_default();
                    let path = item["path"].as_str().unwrap_or_default();
                    paths.insert(id.to_owned(), path.to_owned());
                }
                let api = loaded.as_ref().and_then(|loaded| loaded.definitions.apis.first());
                if let (Some(api), Some(items)) = (api, expect["items"].as_array()) {
                    compare("resources", resources(api), &Value::Array(items.clone()));
                }
            }
            "apigateway.GetMethod" => {
                let namespace = expect["methodIntegration"]["cacheNamespace"].as_str();
                let path = namespace.and_then(|id| paths.get(id)).cloned().or_else(|| {
                    let id = step["params"]["resourceId"].as_str()?;
                    id.contains("rootResourceId").then(|| "/".to_owned())
                });
                let verb = step["params"]["httpMethod"].as_str().unwrap_or_default();
                let api = loaded.as_ref().and_then(|loaded| loaded.definitions.apis.first());
                let (Some(api), Some(path)) = (api, path) else { continue };
                let resource = api.resource_at(&path).expect("the resource is there");
                let verb = gateway_model::HttpMethod::parse(verb).expect("a verb");
                let got = resource.methods.get(&verb).map_or(Value::Null, |m| method(api, m));
                compare(&format!("{verb} {path}"), got, expect);
            }
            "apigateway.GetModels" => {
                let api = loaded.as_ref().and_then(|loaded| loaded.definitions.apis.first());
                if let (Some(api), Some(items)) = (api, expect["items"].as_array()) {
                    compare("models", models(api), &Value::Array(items.clone()));
                }
            }
            _ => {}
        }
        // Lists that were recorded in no order are checked by steps of their own.
        let Some(check) = step.get("check") else { continue };
        let api = loaded.as_ref().and_then(|loaded| loaded.definitions.apis.first());
        let Some(api) = api else { continue };
        let label = step["label"].as_str().unwrap_or_default();
        if check.is_object() && label.contains("models") && expect["items"].is_array() {
            compare("models", models(api), &expect["items"]);
        } else if label.contains("authorizers") && expect.is_array() {
            compare("authorizers", authorizers(api), expect);
        }
    }
    (cases, failures)
}

/// Merging lays the document over what the API had, as a template's properties and its document meet.
fn import(text: &str, params: &Value, existing: &Value) -> Loaded {
    let mut properties = Map::new();
    properties.insert("Body".to_owned(), json!(text));
    if let Some(parameters) = params["parameters"].as_object() {
        let known = parameters.iter().filter(|(name, _)| *name != "mode");
        let known: Map<_, _> = known.map(|(name, value)| (name.clone(), value.clone())).collect();
        properties.insert("Parameters".to_owned(), json!(known));
    }
    if params["mode"] == "merge" && existing["binaryMediaTypes"].is_array() {
        properties.insert("BinaryMediaTypes".to_owned(), existing["binaryMediaTypes"].clone());
    }
    if params["failOnWarnings"] == json!(true) {
        properties.insert("FailOnWarnings".to_owned(), json!(true));
    }
    let template = json!({"Resources": {"Api": {"Type": "AWS::ApiGateway::RestApi", "Properties": properties}}});
    load(&[Source { name: "t.json".to_owned(), text: template.to_string() }], &Options::default())
}

fn described(api: &RestApi) -> Value {
    let types: Vec<_> = api.endpoint.types.iter().map(|kind| kind.as_str()).collect();
    let types = if types.is_empty() { vec!["EDGE"] } else { types };
    let mut got = json!({
        "id": api.id.as_str(),
        "name": api.name,
        "createdDate": "now",
        "apiKeySource": api.api_key_source.as_str(),
        "disableExecuteApiEndpoint": api.disable_execute_api_endpoint,
        "endpointConfiguration": {
            "types": types,
            "ipAddressType": api.endpoint.ip_address_type.as_deref().unwrap_or("ipv4"),
        },
        "rootResourceId": api.root.as_str(),
    });
    let mut set = |name: &str, value: Value| {
        if !value.is_null() {
            got[name] = value;
        }
    };
    set("description", json!(api.description));
    set("version", json!(api.version));
    if !api.binary_media_types.is_empty() {
        set("binaryMediaTypes", json!(api.binary_media_types));
    }
    set("minimumCompressionSize", json!(api.minimum_compression_size));
    got
}

fn resources(api: &RestApi) -> Value {
    let mut items = Vec::new();
    for resource in api.resources.values() {
        let mut item = json!({"id": resource.id.as_str(), "path": resource.path});
        if let Some(parent) = &resource.parent {
            item["parentId"] = json!(parent.as_str());
            item["pathPart"] = json!(resource.path_part.to_string());
        }
        if !resource.methods.is_empty() {
            let methods: Map<_, _> =
                resource.methods.keys().map(|verb| (verb.to_string(), json!({}))).collect();
            item["resourceMethods"] = Value::Object(methods);
        }
        items.push(item);
    }
    Value::Array(items)
}

fn models(api: &RestApi) -> Value {
    let mut items = Vec::new();
    for model in api.models.values() {
        let schema = model.schema.as_ref().map(|schema| schema.value.to_string());
        let mut item = json!({
            "id": model.id.as_str(),
            "name": model.name,
            "contentType": model.content_type,
            "schema": schema,
        });
        if let Some(description) = &model.description {
            item["description"] = json!(description);
        }
        items.push(item);
    }
    Value::Array(items)
}

fn authorizers(api: &RestApi) -> Value {
    let mut items = Vec::new();
    for authorizer in api.authorizers.values() {
        let mut item = json!({
            "id": authorizer.id.as_str(),
            "name": authorizer.name,
            "type": authorizer.kind.as_str(),
        });
        if !authorizer.provider_arns.is_empty() {
            item["providerARNs"] = json!(authorizer.provider_arns);
        }
        if let Some(label) = &authorizer.auth_type {
            item["authType"] = json!(label);
        }
        if let Some(source) = &authorizer.identity_source {
            item["identitySource"] = json!(source.value);
        }
        items.push(item);
    }
    Value::Array(items)
}

fn method(api: &RestApi, method: &Method) -> Value {
    let mut got = json!({
        "httpMethod": method.http_method.as_str(),
        "authorizationType": method.authorization_type.as_str(),
        "apiKeyRequired": method.api_key_required,
    });
    let mut set = |name: &str, value: Value| {
        let is_empty = value.as_object().is_some_and(Map::is_empty)
            || value.as_array().is_some_and(Vec::is_empty);
        if !value.is_null() && !is_empty {
            got[name] = value;
        }
    };
    set("authorizerId", json!(method.authorizer_id.as_ref().map(|id| id.as_str())));
    set("authorizationScopes", json!(method.authorization_scopes));
    set("operationName", json!(method.operation_name));
    set("requestParameters", json!(method.request_parameters));
    set("requestModels", json!(method.request_models));
    set("requestValidatorId", json!(method.request_validator_id.as_ref().map(|id| id.as_str())));
    let mut responses = Map::new();
    for (code, response) in &method.method_responses {
        let mut item = json!({"statusCode": code.to_string()});
        if !response.response_parameters.is_empty() {
            item["responseParameters"] = json!(response.response_parameters);
        }
        if !response.response_models.is_empty() {
            item["responseModels"] = json!(response.response_models);
        }
        responses.insert(code.to_string(), item);
    }
    set("methodResponses", Value::Object(responses));
    let namespace = api
        .resources
        .values()
        .find(|r| r.methods.get(&method.http_method).is_some_and(|m| m.place == method.place));
    let namespace = namespace.map_or("", |resource| resource.id.as_str());
    set("methodIntegration", integration(method, namespace));
    got
}

fn integration(method: &Method, namespace: &str) -> Value {
    let Some(integration) = &method.integration else { return Value::Null };
    let texts = |mappings: &[gateway_model::ParameterMapping]| -> Map<String, Value> {
        mappings.iter().map(|m| (m.target.value.clone(), json!(m.source.value))).collect()
    };
    let bodies = |templates: &[gateway_model::Template]| -> Map<String, Value> {
        templates.iter().map(|t| (t.content_type.clone(), json!(t.body.value))).collect()
    };
    let mut got = json!({
        "type": integration.kind.as_str(),
        "timeoutInMillis": integration.timeout_ms.unwrap_or(29_000),
        "cacheNamespace": integration.cache_namespace.as_deref().unwrap_or(namespace),
        "cacheKeyParameters":
            integration.cache_key_parameters.iter().map(|p| p.value.clone()).collect::<Vec<_>>(),
        "passthroughBehavior":
            integration.passthrough_behavior.map_or("WHEN_NO_MATCH", |behavior| behavior.as_str()),
    });
    let mut set = |name: &str, value: Value| {
        if !value.is_null() && !value.as_object().is_some_and(Map::is_empty) {
            got[name] = value;
        }
    };
    let is_http = matches!(integration.kind, IntegrationType::Http | IntegrationType::HttpProxy);
    let connection = integration.connection_type.map(|connection| connection.as_str());
    set("connectionType", json!(connection.or_else(|| is_http.then_some("INTERNET"))));
    if integration.kind != IntegrationType::Mock {
        set("httpMethod", json!(integration.http_method.as_ref().map(|verb| verb.value.clone())));
    }
    set("uri", json!(integration.uri.as_ref().map(|uri| uri.value.clone())));
    set("credentials", json!(integration.credentials.as_ref().map(|c| c.value.clone())));
    set("contentHandling", json!(integration.content_handling.map(|c| c.as_str())));
    set("requestParameters", json!(texts(&integration.request_parameters)));
    set("requestTemplates", json!(bodies(&integration.request_templates)));
    let mut responses = Map::new();
    for response in &integration.integration_responses {
        let mut item = json!({"statusCode": response.status_code.to_string()});
        if let Some(pattern) = &response.selection_pattern {
            item["selectionPattern"] = json!(pattern.value);
        }
        if !response.response_parameters.is_empty() {
            item["responseParameters"] = json!(texts(&response.response_parameters));
        }
        if !response.response_templates.is_empty() {
            item["responseTemplates"] = json!(bodies(&response.response_templates));
        }
        responses.insert(response.status_code.to_string(), item);
    }
    set("integrationResponses", Value::Object(responses));
    got
}
