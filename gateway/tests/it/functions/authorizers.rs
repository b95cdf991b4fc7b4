//! Lambda authorizers: whom they see, what their answers lead to, what is remembered. Judge: auth §6.

use serde_json::{Value, json};

use super::stack::{Route, Stack};
use super::{ask, get, serve, wait_until};
use crate::support::{Gateway, Response};

/// Answers as its token says; counts its own calls.
const GUARD: &str = r#"
    import json, time

    calls = 0

    def handler(event, context):
        global calls
        calls += 1
        print('called', json.dumps(event))
        token = event.get('authorizationToken') or (event.get('headers') or {}).get('X-Token', '')
        if token == 'unauthorized':
            raise Exception('Unauthorized')
        if token == 'expired':
            raise Exception('Unauthorized: token expired')
        if token == 'nothing':
            return None
        if token == 'nested':
            return {'principalId': 'u', 'policyDocument': allow('*'), 'context': {'a': {'b': 1}}}
        if token == 'nobody':
            return {'principalId': 'u', 'policyDocument': {'Version': '2012-10-17', 'Statement': []}}
        if token == 'deny':
            policy = allow('*')
            policy['Statement'][0]['Effect'] = 'Deny'
            return {'principalId': 'u', 'policyDocument': policy}
        if token == 'slow':
            time.sleep(0.3)
        resource = event['methodArn'] if token == 'this' else '*'
        context = {'calls': calls, 'text': 'ü', 'half': 1.5, 'yes': True}
        key = 'key-of-the-caller-000000' if token == 'keyed' else None
        return {
            'principalId': 'user-' + token,
            'policyDocument': allow(resource),
            'context': context,
            'usageIdentifierKey': key,
        }

    def allow(resource):
        statement = {'Action': 'execute-api:Invoke', 'Effect': 'Allow', 'Resource': resource}
        return {'Version': '2012-10-17', 'Statement': [statement]}
"#;

const BEHIND: &str = "
    import json

    def handler(event, context):
        return {'body': json.dumps(event['requestContext'].get('authorizer'))}
";

/// `/a` and `/b` behind the authorizer, which has these properties beside its function.
fn stack(properties: Value) -> Stack {
    let by = || Route { authorizer: Some("Guard"), ..Route::default() };
    Stack::new()
        .python_with("guard", GUARD, json!({ "ReservedConcurrentExecutions": 1, "Timeout": 10 }))
        .python("behind", BEHIND)
        .authorizer("Guard", "guard", properties)
        .route_with("GET", "a", "behind", by())
        .route_with("POST", "a", "behind", by())
        .route_with("GET", "b", "behind", by())
}

fn token(ttl: u32) -> Value {
    json!({
        "Type": "TOKEN",
        "IdentitySource": "method.request.header.Auth",
        "AuthorizerResultTtlInSeconds": ttl,
    })
}

fn with_token(gateway: &Gateway, verb: &str, target: &str, token: &str) -> Response {
    ask(gateway, verb, target, &[&format!("auth: {token}")], b"")
}

fn calls(response: &Response) -> String {
    let authorizer: Value = serde_json::from_slice(&response.body).unwrap();
    authorizer["calls"].as_str().unwrap().to_owned()
}

#[test]
fn every_outcome_has_its_answer() {
    let gateway = serve(stack(token(0)), &[]);
    let explicit = r#"{"Message":"User is not authorized to access this resource with an explicit deny in an identity-based policy"}"#;
    let implicit = r#"{"Message":"User is not authorized to access this resource because no identity-based policy allows the execute-api:Invoke action"}"#;
    for (token, status, kind, body) in [
        ("unauthorized", 401, "UnauthorizedException", r#"{"message":"Unauthorized"}"#),
        ("deny", 403, "AccessDeniedException", explicit),
        ("nobody", 403, "AccessDeniedException", implicit),
        ("nothing", 500, "AuthorizerConfigurationException", r#"{"message":null}"#),
        ("nested", 500, "AuthorizerConfigurationException", r#"{"message":null}"#),
        ("expired", 500, "AuthorizerConfigurationException", r#"{"message":null}"#),
    ] {
        let response = with_token(&gateway, "GET", "/s/a", token);
        assert_eq!((response.status, response.text()), (status, body), "{token}");
        assert_eq!(response.header("x-amzn-errortype"), Some(kind), "{token}");
    }
    let missing = get(&gateway, "/s/a");
    assert_eq!((missing.status, missing.text()), (401, r#"{"message":"Unauthorized"}"#));
    let allowed = with_token(&gateway, "GET", "/s/a", "all");
    assert_eq!(allowed.status, 200, "{}", gateway.stderr());
    let authorizer: Value = serde_json::from_slice(&allowed.body).unwrap();
    assert_eq!(authorizer["principalId"], "user-all");
    assert_eq!(
        (&authorizer["text"], &authorizer["half"], &authorizer["yes"]),
        (&json!("ü"), &json!("1.5"), &json!("true"))
    );
    assert!(authorizer["integrationLatency"].is_u64(), "{authorizer}");
}

#[test]
fn the_function_sees_the_token_and_the_method_s_arn() {
    let gateway = serve(stack(token(0)), &[]);
    with_token(&gateway, "GET", "/s/a", "Bearer x");
    let arn = "arn:aws:execute-api:us-east-1:000000000000:f/s/GET/a";
    let event = format!(
        r#"called {{"type": "TOKEN", "methodArn": "{arn}", "authorizationToken": "Bearer x"}}"#
    );
    wait_until("the event is logged", || super::logs::log(&gateway, "guard").contains(&event));
}

#[test]
fn a_token_that_does_not_match_is_not_asked_about() {
    let mut properties = token(300);
    properties["IdentityValidationExpression"] = "Bearer [a-z]+".into();
    let gateway = serve(stack(properties), &[]);
    for wrong in ["Bearer 1", "xBearer a", "Bearer a1", "bearer a"] {
        assert_eq!(with_token(&gateway, "GET", "/s/a", wrong).status, 401, "{wrong}");
    }
    assert_eq!(super::environments(&gateway, "guard"), 0);
    assert_eq!(with_token(&gateway, "GET", "/s/a", "Bearer abc").status, 200);
}

/// Acceptance: what is remembered of one method never lets another in.
#[test]
fn a_cached_allow_for_one_method_never_allows_another() {
    for shards in ["1", "2"] {
        let gateway = serve(stack(token(300)), &["--shards", shards]);
        for _ in 0..10 {
            assert_eq!(with_token(&gateway, "GET", "/s/a", "this").status, 200);
            assert_eq!(with_token(&gateway, "POST", "/s/a", "this").status, 403);
            assert_eq!(with_token(&gateway, "GET", "/s/b", "this").status, 403);
        }
        let first = calls(&with_token(&gateway, "GET", "/s/a", "all"));
        for target in ["/s/a", "/s/b", "/s/a"] {
            let response = with_token(&gateway, "GET", target, "all");
            assert_eq!(calls(&response), first, "one call for all of them");
            let authorizer: Value = serde_json::from_slice(&response.body).unwrap();
            assert_eq!(authorizer["integrationLatency"], 0, "of a hit");
        }
        assert_eq!(first, "2", "two tokens, two calls, over {shards} shards");
    }
}

#[test]
fn errors_are_not_remembered_and_denials_are() {
    let gateway = serve(stack(token(300)), &[]);
    let called = || super::logs::log(&gateway, "guard").matches("called ").count();
    for _ in 0..3 {
        assert_eq!(with_token(&gateway, "GET", "/s/a", "unauthorized").status, 401);
    }
    wait_until("three calls are logged", || called() == 3);
    for _ in 0..3 {
        assert_eq!(with_token(&gateway, "GET", "/s/a", "deny").status, 403);
    }
    assert_eq!(calls(&with_token(&gateway, "GET", "/s/a", "all")), "5");
    wait_until("five calls are logged", || called() == 5);
}

#[test]
fn after_a_flush_nothing_is_remembered() {
    let gateway = serve(stack(token(300)), &["--shards", "2"]);
    for _ in 0..4 {
        assert_eq!(calls(&with_token(&gateway, "GET", "/s/a", "all")), "1");
    }
    let mut ops = crate::support::Client::connect(gateway.ops_addr());
    ops.send(b"DELETE /restapis/f/stages/s/cache/authorizers HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(ops.response().status, 202);
    for _ in 0..4 {
        assert_eq!(calls(&with_token(&gateway, "GET", "/s/b", "all")), "2");
    }
}

/// A method's ARN is at most 1,600 bytes long where somebody is asked who may call.
#[test]
fn a_path_that_is_too_long_for_an_arn_is_414() {
    let by = Route { authorizer: Some("Guard"), ..Route::default() };
    let gateway = serve(stack(token(300)).route_with("GET", "{proxy+}", "behind", by), &[]);
    let target = format!("/s/{}", "x".repeat(1_600));
    let response = with_token(&gateway, "GET", &target, "all");
    assert_eq!(response.status, 414);
    assert!(response.text().contains("Request URI too long"), "{}", response.text());
}

#[test]
fn concurrent_misses_of_one_caller_are_one_call() {
    for shards in ["1", "2"] {
        let gateway = serve(stack(token(300)), &["--shards", shards]);
        let answers: Vec<_> = std::thread::scope(|scope| {
            let asked: Vec<_> = (0..30)
                .map(|_| scope.spawn(|| with_token(&gateway, "GET", "/s/a", "slow")))
                .collect();
            asked.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        for response in &answers {
            assert_eq!(response.status, 200);
            assert_eq!(calls(response), "1", "over {shards} shards");
        }
    }
}

#[test]
fn a_request_authorizer_sees_the_request_and_wants_every_source() {
    let properties = json!({
        "Type": "REQUEST",
        "IdentitySource": "method.request.header.X-Token, method.request.querystring.q",
        "AuthorizerResultTtlInSeconds": 300,
    });
    let gateway = serve(stack(properties), &[]);
    let with = |target: &str, lines: &[&str]| ask(&gateway, "GET", target, lines, b"");
    assert_eq!(with("/s/a?q=1", &[]).status, 401);
    assert_eq!(with("/s/a", &["X-Token: all"]).status, 401);
    assert_eq!(with("/s/a?q=", &["X-Token: all"]).status, 401, "an empty one");
    let first = with("/s/a?q=1", &["X-Token: all", "Accept: text/html"]);
    assert_eq!(first.status, 200, "{}\n{}", first.text(), gateway.stderr());
    assert_eq!(calls(&first), "1");
    assert_eq!(calls(&with("/s/b?q=1", &["X-Token: all"])), "1", "from the cache");
    assert_eq!(calls(&with("/s/a?q=2", &["X-Token: all"])), "2", "another value is another caller");
    assert_eq!(calls(&with("/s/a?q=al", &["X-Token: l1"])), "3");
    wait_until("the event is logged", || super::logs::log(&gateway, "guard").contains("called {"));
    let log = super::logs::log(&gateway, "guard");
    let line = log.lines().find(|line| line.contains("called {")).unwrap();
    let event: Value = serde_json::from_str(&line[line.find("called ").unwrap() + 7..]).unwrap();
    assert_eq!(event["type"], "REQUEST");
    assert_eq!(event["methodArn"], "arn:aws:execute-api:us-east-1:000000000000:f/s/GET/a");
    assert_eq!((&event["resource"], &event["path"]), (&json!("/a"), &json!("/a")));
    assert_eq!(event["headers"]["Accept"], "text/html");
    assert_eq!(event["queryStringParameters"], json!({ "q": "1" }));
    assert_eq!((&event["pathParameters"], &event["stageVariables"]), (&json!({}), &json!({})));
    assert_eq!(event["requestContext"]["path"], "/s/a");
    for absent in ["body", "isBase64Encoded", "version"] {
        assert!(event.get(absent).is_none(), "{absent}");
    }
}

#[test]
fn the_authorizer_may_say_whose_key_it_is() {
    let by = Route { authorizer: Some("Guard"), needs_key: true, ..Route::default() };
    let plan = json!({
        "Type": "AWS::ApiGateway::UsagePlan",
        "Properties": { "ApiStages": [{ "ApiId": { "Ref": "Api" }, "Stage": { "Ref": "Stage" } }] },
    });
    let key = json!({
        "Type": "AWS::ApiGateway::ApiKey",
        "Properties": { "Value": "key-of-the-caller-000000", "Enabled": true },
    });
    let plan_key = json!({
        "Type": "AWS::ApiGateway::UsagePlanKey",
        "Properties": { "KeyId": { "Ref": "Key" }, "KeyType": "API_KEY", "UsagePlanId": { "Ref": "Plan" } },
    });
    let stack = stack(token(300))
        .api(json!({ "ApiKeySourceType": "AUTHORIZER" }))
        .route_with("GET", "keyed", "behind", by)
        .resource("Plan", plan)
        .resource("Key", key)
        .resource("PlanKey", plan_key);
    let gateway = serve(stack, &[]);
    assert_eq!(with_token(&gateway, "GET", "/s/keyed", "keyed").status, 200);
    let without = with_token(&gateway, "GET", "/s/keyed", "all");
    assert_eq!((without.status, without.text()), (403, r#"{"message":"Forbidden"}"#));
}

#[test]
fn an_authorizer_whose_function_fails_to_load_is_a_500() {
    let stack = Stack::new()
        .python("guard", "import nothing_of_that_name\n")
        .python("behind", BEHIND)
        .authorizer("Guard", "guard", token(300))
        .route_with("GET", "a", "behind", Route { authorizer: Some("Guard"), ..Route::default() });
    let gateway = serve(stack, &[]);
    let response = with_token(&gateway, "GET", "/s/a", "x");
    assert_eq!((response.status, response.text()), (500, r#"{"message":null}"#));
}
