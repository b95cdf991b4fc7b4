//! What is wrong is refused where it is made, and changes nothing.

use super::Account;
use crate::apigateway::{Ids, State};
use crate::{ApiError, MemoryObjects, Objects};
use serde_json::{Value, json};

const INVOKE: &str = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:000000000000:function:f/invocations";
const POOL: &str = "arn:aws:cognito-idp:us-east-1:000000000000:userpool/us-east-1_a";

impl Account {
    /// The call is refused with 400 and this text, and has written nothing.
    #[track_caller]
    fn wrong(&mut self, method: &str, path: &str, body: Value, text: &str) {
        let writes = self.changes.len();
        let shown = body.to_string();
        let error = self.try_call(method, path, &body).expect_err(&shown);
        assert_eq!((error.status, &*error.message), (400, text), "{shown}");
        assert_eq!(self.changes.len(), writes, "{shown}");
    }
}

fn patch(op: &str, path: &str, value: &str) -> Value {
    json!({ "patchOperations": [{ "op": op, "path": path, "value": value }] })
}

fn named(name: &str, more: Value) -> Value {
    let mut body = json!({ "name": name });
    for (member, value) in more.as_object().unwrap() {
        body[member] = value.clone();
    }
    body
}

#[test]
fn an_id_that_is_asked_for_is_one_and_reaches_into_no_other_api() {
    let mut account = Account::new();
    let (id, _) = account.api();
    account.deploy(&id, "prod");
    let victim = format!("{id}/stages/prod");
    let long = "a".repeat(64);
    for custom in [&*victim, "", "..", "A", "a.b", "a b", "-a", "a-", "ä", "a%2Fb", "a\nb", &long]
    {
        let text =
            format!("\"{custom}\" cannot be an API's id: 1 to 63 of a-z, 0-9 and inner hyphens");
        let body = named("x", json!({ "tags": { "_custom_id_": custom } }));
        account.wrong("POST", "/restapis", body, &text);
        let document = json!({
            "openapi": "3.0.1", "info": { "title": "x", "version": "1" }, "paths": {},
            "tags": [{ "name": "_custom_id_", "x-amazon-apigateway-tag-value": custom }],
        });
        let writes = account.changes.len();
        let error = account.try_call("POST", "/restapis?mode=import", &document).unwrap_err();
        assert_eq!((error.status, account.changes.len()), (400, writes), "{custom}: {error}");
    }
    let body = named("x", json!({ "tags": { "_custom_id_": "my-api-1" } }));
    assert_eq!(account.call("POST", "/restapis", body)["id"], "my-api-1");
}

#[test]
fn a_document_under_anothers_key_is_an_error_at_the_start() {
    let mut account = Account::new();
    let (id, _) = account.api();
    account.deploy(&id, "prod");
    let mut objects = MemoryObjects::default();
    objects.commit(&account.changes).unwrap();
    let stored = objects.all().unwrap();
    let load = |documents: &[(String, Vec<u8>)]| State::load(documents, Ids::seeded(2));
    assert!(load(&stored).is_ok());
    let key = |start: &str| {
        stored.iter().map(|(key, _)| key).find(|key| key.starts_with(start)).unwrap().clone()
    };
    let api = stored.iter().find(|(key, _)| *key == format!("restapis/{id}")).unwrap().1.clone();
    for kind in ["stages", "deployments", "resources", "models"] {
        let key = key(&format!("restapis/{id}/{kind}/"));
        for text in [&*api, b"{}", b"null"] {
            let mut documents = stored.clone();
            documents.iter_mut().find(|(other, _)| *other == key).unwrap().1 = text.to_vec();
            let error = load(&documents).unwrap_err();
            assert_eq!(error.key, key, "{error}");
        }
    }
    let mut strange = stored.clone();
    strange.push((format!("restapis/{id}/strange/a"), b"{}".to_vec()));
    assert_eq!(load(&strange).unwrap_err().key, format!("restapis/{id}/strange/a"));
    let parts = stored.iter().filter(|(key, _)| key.contains("/stages/")).cloned();
    let error = load(&parts.collect::<Vec<_>>()).unwrap_err();
    assert_eq!(error.key, format!("restapis/{id}"));
}

#[test]
fn authorizers() {
    let mut account = Account::new();
    let (id, _) = account.api();
    let all = format!("/restapis/{id}/authorizers");
    let with = |changes: Value| {
        let base = json!({
            "type": "TOKEN", "authorizerUri": INVOKE, "identitySource": "method.request.header.Authorization",
        });
        let mut body = named("g", base);
        for (member, value) in changes.as_object().unwrap() {
            body[member] = value.clone();
        }
        body
    };
    let queue = "arn:aws:apigateway:us-east-1:sqs:path/000000000000/q";
    let streaming = INVOKE
        .replace("2015-03-31", "2021-11-15")
        .replace("/invocations", "/response-streaming-invocations");
    let function = "arn:aws:lambda:us-east-1:000000000000:function:f";
    for uri in ["x", "http://localhost/", queue, function, &streaming] {
        let text = format!(
            "Invalid Authorizer URI: {uri}. Authorizer URI should be a valid API Gateway ARN that represents a \
             Lambda function invocation."
        );
        account.wrong("POST", &all, with(json!({ "authorizerUri": uri })), &text);
    }
    for source in
        ["", "method.request.querystring.a", "method.request.header.a,method.request.header.b"]
    {
        let text = format!(
            "Invalid token source expression: {source}. The source must be a method request header, matching \
             'method.request.header.[a-zA-Z0-9._-]+'."
        );
        account.wrong("POST", &all, with(json!({ "identitySource": source })), &text);
    }
    for source in ["method.request.body.a", "method.request.header.a b", "context.nothing"] {
        let body = with(json!({ "type": "REQUEST", "identitySource": source }));
        let text = format!("Invalid identity source specified: {source}");
        account.wrong("POST", &all, body, &text);
    }
    for expression in ["(", "a++", "(?=a)b"] {
        let body = with(json!({ "identityValidationExpression": expression }));
        let error = account.try_call("POST", &all, &body).unwrap_err();
        let start = format!("Invalid identity validation expression specified: {expression}: ");
        assert!(error.status == 400 && error.message.starts_with(&start), "{error}");
    }
    for arn in ["x", "arn:aws:cognito-idp:a", "arn:aws:s3:::bucket", &POOL[..POOL.len() - 11]] {
        let body = with(json!({ "type": "COGNITO_USER_POOLS", "providerARNs": [POOL, arn] }));
        let text =
            format!("Invalid provider ARNs specified: {arn} is not the ARN of a Cognito user pool");
        account.wrong("POST", &all, body, &text);
    }
    let blanks = INVOKE.replace("path/", "path/  ");
    account.call("POST", &all, with(json!({ "name": "blanks", "authorizerUri": blanks })));
    let variable = INVOKE.replace("function:f", "function:${stageVariables.f}");
    let made = account.call("POST", &all, with(json!({ "authorizerUri": variable })));
    let one = format!("{all}/{}", made["id"].as_str().unwrap());
    let text = "Invalid Authorizer URI: x. Authorizer URI should be a valid API Gateway ARN that represents a \
                Lambda function invocation.";
    account.wrong("PATCH", &one, patch("replace", "/authorizerUri", "x"), text);
}

#[test]
fn parameters_of_responses() {
    let mut account = Account::new();
    let (id, root) = account.api();
    let one = format!("/restapis/{id}/gatewayresponses/DEFAULT_4XX");
    let invalid = |error: &str| {
        format!(
            "Invalid mapping expression specified: Validation Result: warnings : [], errors : [{error}]"
        )
    };
    for source in
        ["b", "'a", "'a\r\nSet-Cookie: b'", "method.request.body", "integration.response.header.a"]
    {
        let text = invalid(&format!("Invalid mapping expression specified: {source}"));
        let body = json!({ "responseParameters": { "gatewayresponse.header.X": source } });
        account.wrong("PUT", &one, body, &text);
        let patch = patch("add", "/responseParameters/gatewayresponse.header.X", source);
        account.wrong("PATCH", &one, patch, &text);
    }
    for target in
        ["gatewayresponse.header.a b", "gatewayresponse.header.", "method.response.header.a"]
    {
        let body = json!({ "responseParameters": { target: "'a'" } });
        let text = format!("Invalid response parameter specified: {target}");
        account.wrong("PUT", &one, body, &text);
    }
    account.wrong("PUT", &one, json!({ "statusCode": "100" }), "Invalid status code: 100");
    let body = json!({ "responseParameters": {
        "gatewayresponse.header.A": "'*'", "gatewayresponse.header.B": "method.request.header.Origin",
        "gatewayresponse.header.C": "context.requestId", "gatewayresponse.header.D": "stageVariables.d",
    } });
    account.call("PUT", &one, body);

    let response = json!({ "responseParameters": { "method.response.header.A": true } });
    account.call("PUT", &format!("{root}/methods/GET/responses/200"), response);
    let answer = format!("{root}/methods/GET/integration/responses/200");
    for source in ["'a\nb'", "method.request.header.a", "context."] {
        let body = json!({ "responseParameters": { "method.response.header.A": source } });
        account.wrong("PUT", &answer, body, &invalid("Invalid mapping identifier specified"));
    }
}

#[test]
fn schemas_of_models() {
    let mut account = Account::new();
    let (id, _) = account.api();
    let all = format!("/restapis/{id}/models");
    let url = |name: &str| format!("https://apigateway.amazonaws.com/restapis/{id}/models/{name}");
    let text = "Invalid model specified: Validation Result: warnings : [], errors : [Invalid model schema specified]";
    let body = |name: &str, schema: &Value| {
        named(name, json!({ "contentType": "application/json", "schema": schema.to_string() }))
    };
    let wrong = [
        json!({ "type": "nothing" }),
        json!({ "$ref": "#/definitions/a" }),
        json!({ "type": "object", "properties": { "a": { "$ref": url("Missing") } } }),
        json!({ "$ref": url("Empty").replace(&id, "other") }),
        json!({ "pattern": "(" }),
        json!({ "pattern": "(?=a)b" }),
        json!({ "minimum": "a" }),
    ];
    for schema in &wrong {
        account.wrong("POST", &all, body("A", schema), text);
    }
    account.call("POST", &all, body("A", &json!({ "items": { "$ref": url("Empty") } })));
    account.call("POST", &all, body("B", &json!({ "$ref": url("A") })));
    for schema in &wrong {
        let patch = patch("replace", "/schema", &schema.to_string());
        account.wrong("PATCH", &format!("{all}/B"), patch, text);
    }
    // What is no JSON is held against nothing.
    let xml = named("C", json!({ "contentType": "application/xml", "schema": "<a/>" }));
    account.call("POST", &all, xml);
}

#[test]
fn backends() {
    let mut account = Account::new();
    let (_, root) = account.api();
    let path = format!("{root}/methods/GET/integration");
    let body = |uri: &str| json!({ "type": "HTTP_PROXY", "httpMethod": "GET", "uri": uri });
    let text = "Invalid HTTP endpoint specified for URI";
    for uri in [
        "http://",
        "http:///x",
        "http://:80/",
        "http://a:65536/",
        "http://a:0/",
        "http://a:b/",
        "http://a b/",
        "http://a/ b",
        "http://a/\r\nX: b",
        "ftp://a/",
        "a",
        "http://u@a/",
        "http://a..b/",
    ] {
        account.wrong("PUT", &path, body(uri), text);
    }
    for uri in [
        "http://a/{p}/b?c={d}",
        "https://a.example:8443",
        "http://${stageVariables.host}:${stageVariables.port}/x",
        "${stageVariables.url}/x",
        "http://[::1]:80/",
        "https://${stageVariables.host}.example.com/{proxy}",
    ] {
        account.call("PUT", &path, body(uri));
    }
    account.wrong("PATCH", &path, patch("replace", "/uri", "http://a:99999/"), text);
}

#[test]
fn names_tags_and_numbers() {
    let mut account = Account::new();
    let (id, _) = account.api();
    let one = format!("/restapis/{id}");
    let (long, control) = ("a".repeat(1025), "a\u{7}b");
    for (name, text) in [
        ("", "Name cannot be empty"),
        (&*long, "Invalid API name specified, can be at most 1024 characters."),
        (control, "Invalid API name specified: it has a control character"),
    ] {
        account.wrong("POST", "/restapis", json!({ "name": name }), text);
        account.wrong("PATCH", &one, patch("replace", "/name", name), text);
    }
    let types = |old: &str, new: &str| {
        patch("replace", &format!("/endpointConfiguration/types/{old}"), new)
    };
    account.call("PATCH", &one, types("EDGE", "REGIONAL"));
    let text = "Invalid patch path /endpointConfiguration/types/EDGE";
    account.wrong("PATCH", &one, types("EDGE", "PRIVATE"), text);
    account.call("PATCH", &one, types("0", "PRIVATE"));
    let tags = json!({ "tags": { "aws:a": "b" } });
    let text = "Invalid tag 'aws:a': aws: prefixed tag key names are not allowed for external use.";
    account.wrong("POST", "/restapis", named("a", tags.clone()), text);
    let arn = format!("/tags/arn:aws:apigateway:us-east-1::%2Frestapis%2F{id}");
    account.wrong("PUT", &arn, tags, text);

    let policies = ["securityPolicy", "endpointAccessMode"];
    for (name, shown) in policies.into_iter().zip(["security policy", "endpoint access mode"]) {
        for path in [one.clone(), "/domainnames/a.example.com".to_owned()] {
            if path != one {
                let _ = account.try_call(
                    "POST",
                    "/domainnames",
                    &json!({ "domainName": "a.example.com" }),
                );
            }
            let body = patch("replace", &format!("/{name}"), "x");
            let error = account.try_call("PATCH", &path, &body).unwrap_err();
            assert!(
                error.message.starts_with(&format!("Invalid {shown} specified: x.")),
                "{error}"
            );
        }
        let error: ApiError =
            account.try_call("POST", "/restapis", &named("a", json!({ name: "x" }))).unwrap_err();
        assert_eq!(error.code, "ValidationException");
    }
    let throttle = |limit: Value| named("p", json!({ "throttle": limit }));
    for limit in
        [json!({ "burstLimit": 2_147_483_648_i64 }), json!({ "burstLimit": -2_147_483_649_i64 })]
    {
        let error = account.try_call("POST", "/usageplans", &throttle(limit)).unwrap_err();
        assert_eq!((error.status, error.code), (400, "SerializationException"));
    }
    let plan =
        account.call("POST", "/usageplans", throttle(json!({ "burstLimit": 2_147_483_647 })));
    let plan = format!("/usageplans/{}", plan["id"].as_str().unwrap());
    for (path, value) in [
        ("/throttle/burstLimit", "2147483648"),
        ("/throttle/rateLimit", "1e999"),
        ("/quota/limit", "99999999999"),
    ] {
        let text = format!("Invalid value '{value}' specified for path '{path}'. Must be a number");
        account.wrong("PATCH", &plan, patch("replace", path, value), &text);
    }
    for list in ["/restapis", "/apikeys", "/usageplans", "/domainnames"] {
        account.wrong(
            "GET",
            &format!("{list}?limit=abc"),
            Value::Null,
            "Invalid limit specified: abc",
        );
    }
}

#[test]
fn what_a_mapping_names_stays_and_plans_forget_what_goes() {
    let mut account = Account::new();
    let (id, _) = account.api();
    account.deploy(&id, "prod");
    account.deploy(&id, "beta");
    account.call("POST", "/domainnames", json!({ "domainName": "a.example.com" }));
    let mapping = json!({ "restApiId": id, "stage": "prod" });
    account.call("POST", "/domainnames/a.example.com/basepathmappings", mapping);
    let stages = json!([{ "apiId": id, "stage": "prod" }, { "apiId": id, "stage": "beta" }]);
    let plan = account.call("POST", "/usageplans", named("p", json!({ "apiStages": stages })));
    let plan = format!("/usageplans/{}", plan["id"].as_str().unwrap());
    let text = "Deleting stage prod failed. Please remove all base path mappings related to the stage in your domains: a.example.com";
    account.wrong("DELETE", &format!("/restapis/{id}/stages/prod"), Value::Null, text);
    let text = format!(
        "Deleting RestApi {id} failed. Please remove all base path mappings related to the RestApi in your domains: a.example.com"
    );
    account.wrong("DELETE", &format!("/restapis/{id}"), Value::Null, &text);
    account.call("DELETE", &format!("/restapis/{id}/stages/beta"), Value::Null);
    let left = account.call("GET", &plan, Value::Null)["apiStages"].clone();
    assert_eq!(left, json!([{ "apiId": id, "stage": "prod" }]));
    account.call("DELETE", "/domainnames/a.example.com/basepathmappings/(none)", Value::Null);
    account.call("DELETE", &format!("/restapis/{id}/stages/prod"), Value::Null);
    assert_eq!(account.call("GET", &plan, Value::Null)["apiStages"], json!([]));
}

#[test]
fn names_that_become_keys_are_bounded() {
    let mut account = Account::new();
    let (id, _) = account.api();
    account.call("POST", "/domainnames", json!({ "domainName": "a.example.com" }));
    let long = "a".repeat(1025);
    let text = |what: &str| {
        format!("Invalid {what} specified: at most 1024 bytes, and no control characters")
    };
    let versions = format!("/restapis/{id}/documentation/versions");
    for version in [&*long, "a\nb"] {
        let body = json!({ "documentationVersion": version });
        account.wrong("POST", &versions, body, &text("documentation version"));
    }
    let body = named(&long, json!({ "contentType": "application/json", "schema": "{\"a\":1}" }));
    account.wrong("POST", &format!("/restapis/{id}/models"), body, &text("model name"));
    let mappings = "/domainnames/a.example.com/basepathmappings";
    let body = json!({ "restApiId": id, "basePath": long });
    account.wrong("POST", mappings, body, &text("base path"));
}

#[test]
fn a_trial_has_a_bound_and_an_export_names_no_id() {
    let mut account = Account::new();
    let (_, root) = account.api();
    let body = json!({ "body": "a".repeat(11 * 1024 * 1024) });
    let error = account.try_call("POST", &format!("{root}/methods/GET"), &body).unwrap_err();
    assert_eq!((error.status, error.code), (413, "RequestEntityTooLargeException"));

    let body = named("x", json!({ "tags": { "_custom_id_": "mine", "team": "a" } }));
    let made = account.call("POST", "/restapis", body);
    let root = format!("/restapis/mine/resources/{}", made["rootResourceId"].as_str().unwrap());
    account.call("PUT", &format!("{root}/methods/GET"), json!({ "authorizationType": "NONE" }));
    account.call("PUT", &format!("{root}/methods/GET/integration"), json!({ "type": "MOCK" }));
    account.deploy("mine", "prod");
    for kind in ["oas30", "swagger"] {
        let path =
            format!("/restapis/mine/stages/prod/exports/{kind}?extensions=apigateway,integrations");
        let document = account.call("GET", &path, Value::Null);
        assert!(!document.to_string().contains("_custom_id_"), "{document}");
        let again = account.call("POST", "/restapis?mode=import", document);
        assert_ne!(again["id"], "mine");
    }
}
