//! The cases of mapping-templates §14, by their numbers.

use serde_json::json;

use super::{Api, ask, http, mock, post, text};
use crate::support::{Answer, Backend};

/// Renders a response template over what a backend answers.
#[track_caller]
fn check_responses(cases: &[(&str, &str, &str, &str)]) {
    let backend = Backend::start(|received| Answer::ok("application/json", &received.body));
    let mut api = Api::new();
    for (index, (_, template, _, _)) in cases.iter().enumerate() {
        let integration = http(
            "POST",
            &backend.url(),
            json!({ "IntegrationResponses": [
            { "StatusCode": "200", "ResponseTemplates": { "application/json": template } },
        ] }),
        );
        api = api.method(&format!("POST /c{index}"), integration);
    }
    let gateway = api.start();
    for (index, (name, _, body, expected)) in cases.iter().enumerate() {
        let answer = post(&gateway, &format!("/s/c{index}"), body);
        assert_eq!(answer, (200, (*expected).to_owned()), "{name}");
    }
}

#[test]
fn values_print_as_java_prints_them() {
    const RESULT: &str = r#"#set($result = $input.path("$.json"))$result"#;
    const NESTED: &str = r#"#set($result = $input.path("$.json"))$result.nested"#;
    const FIRST: &str = r#"#set($result = $input.path("$.json"))$result[0]"#;
    const TEXT: &str = r#"#set($result = $input.path("$.json"))$result.toString()"#;
    const EMPTY: &str = concat!(
        r#"#set($r = $input.path("$.json")){"b": $r, "n": $r.nested, "#,
        r##""isNull": #if($r == $null)"true"#else"false"#end, "##,
        r##""isEmpty": #if($r == "")"true"#else"false"#end}"##,
    );
    let nothing = r#"{"b": , "n": , "isNull": "true", "isEmpty": "true"}"#;
    let three = r#"{"json":{"bigger":"dict","to":"test","with":"separators"}}"#;
    check_responses(&[
        ("C1", RESULT, r#"{"json":{"foo":"bar"}}"#, "{foo=bar}"),
        ("C2", RESULT, r#"{"json":[{"foo":"bar"}]}"#, r#"[{"foo":"bar"}]"#),
        ("C3", NESTED, r#"{"json":{"nested":[{"foo":"bar"}]}}"#, r#"[{"foo":"bar"}]"#),
        ("C4", FIRST, r#"{"json":[{"foo":"bar"}]}"#, "{foo=bar}"),
        ("C5", FIRST, r#"{"json":[[{"foo":"bar"}]]}"#, r#"[{"foo":"bar"}]"#),
        ("C6", RESULT, r#"{"json":{"foo":[{"nested":"bar"}]}}"#, r#"{foo=[{"nested":"bar"}]}"#),
        ("C7", RESULT, three, "{bigger=dict, to=test, with=separators}"),
        ("C8", TEXT, r#"{"json":{"list":[{"foo":"bar"}]}}"#, r#"{list=[{"foo":"bar"}]}"#),
        ("C9", EMPTY, "{}", nothing),
        (
            "C10",
            EMPTY,
            r#"{"json":[]}"#,
            r#"{"b": [], "n": , "isNull": "false", "isEmpty": "false"}"#,
        ),
        ("C11", EMPTY, r#"{"json":null}"#, nothing),
        (
            "C30",
            "[#set($in = $input.path('$'))#foreach($e in $in.Items){\"id\":\"$e.id.S\"}\
             #if($foreach.hasNext),#end#end]",
            r#"{"Items":[{"id":{"S":"a"}},{"id":{"S":"b"}}]}"#,
            r#"[{"id":"a"},{"id":"b"}]"#,
        ),
    ]);
}

/// Renders a request template and gives the backend's body back as it came.
#[test]
fn bodies_are_what_came() {
    let backend = Backend::start(|received| {
        Answer::status(200, &[("Content-Type", "text/plain")], &received.body)
    });
    let encoded = "E=$util.urlEncode($input.body)&A=$util.urlEncode($input.body.x)";
    let cases = [
        ("C12", "$input.body", "", "{}"),
        ("C12", "$input.body", r#"{"some": "value"}"#, r#"{"some": "value"}"#),
        ("C12", "$input.body", "some raw data", "some raw data"),
        (
            "C13",
            "Action=SendMessage&MessageBody=$input.body",
            "",
            "Action=SendMessage&MessageBody={}",
        ),
        ("C14", encoded, r#"{"some": "value"}"#, "E=%7B%22some%22%3A+%22value%22%7D&A="),
        ("C15", encoded, "some raw data", "E=some+raw+data&A="),
        ("C16", encoded, "", "E=%7B%7D&A="),
        ("C17", "$input.body.x", "anything", "{}"),
    ];
    let mut api = Api::new();
    for (index, (_, template, _, _)) in cases.iter().enumerate() {
        let integration = http(
            "POST",
            &backend.url(),
            json!({
                "RequestTemplates": { "application/json": template },
                "IntegrationResponses": [
                    { "StatusCode": "200", "ResponseTemplates": { "application/json": "$input.body" } },
                ],
            }),
        );
        api = api.method(&format!("POST /c{index}"), integration);
    }
    let gateway = api.start();
    for (index, (name, _, body, expected)) in cases.iter().enumerate() {
        let answer = post(&gateway, &format!("/s/c{index}"), body);
        assert_eq!(answer, (200, (*expected).to_owned()), "{name} {body}");
    }
    let sent = backend.requests();
    assert_eq!(sent[0].body, b"{}", "C12");
    assert_eq!(sent[0].header("content-length").as_deref(), Some("2"));
    assert_eq!(sent[7].header("content-length").as_deref(), Some("0"), "C17");
}

const OK: &str = r#"{"statusCode": 200}"#;

#[test]
fn the_request_s_context() {
    let objects = "$context.get('identity')|$context.get('requestOverride')|\
                   $context.requestOverride.get('path')|";
    let keys = "#foreach($k in $context.authorizer.keySet())x#end|";
    let params =
        "$input.params().path.id|$input.params('id')|$stageVariables.nope|$stageVariables.v";
    let escaped = "$util.escapeJavaScript(\"$input.params().header.get('Accept')\")";
    let order = "#foreach($h in $input.params().header.keySet())$h,#end";
    let gateway = Api::new()
        .stage(json!({ "Variables": { "v": "value" } }))
        .method("GET /a", mock(OK, &format!("{objects}{keys}")))
        .method("GET /things/{id}", mock(OK, params))
        .method("GET /accept", mock(OK, escaped))
        .method("GET /order", mock(OK, order))
        .method("GET /canary", mock(OK, "[$context.isCanaryRequest]"))
        .start();
    let get = |target: &str, lines: &[&str]| {
        let response = ask(&gateway, "GET", target, lines, b"");
        assert_eq!(response.status, 200, "{target}");
        text(&response)
    };
    assert_eq!(get("/s/a", &[]), "||||", "C18, C19");
    assert_eq!(get("/s/things/abc", &[]), "abc|abc||value", "C25, C26");
    assert_eq!(get("/s/accept", &["Accept: */*"]), r"*\/*", "C28");
    let lines = ["cache-control: no-cache", "User-Agent: x", "accept-language: en", "sec-fetch: y"];
    let order = get("/s/order", &lines);
    let expected = "accept-language,cache-control,Host,sec-fetch,User-Agent,X-Amzn-Trace-Id,\
                    X-Forwarded-For,X-Forwarded-Port,X-Forwarded-Proto,";
    assert_eq!(order, expected, "C29");
    assert_eq!(get("/s/canary", &[]), "[]", "no canary");
}

#[test]
fn a_canary_says_so() {
    let check = |percent: f64, expected: &str| {
        let canary = json!({ "CanarySetting": { "PercentTraffic": percent } });
        let gateway =
            Api::new().stage(canary).method("GET /c", mock(OK, "$context.isCanaryRequest")).start();
        assert_eq!(text(&ask(&gateway, "GET", "/s/c", &[], b"")), expected, "C27 {percent}");
    };
    check(100.0, "true");
    check(0.0, "false");
}

#[test]
fn overrides_are_storage_between_the_templates() {
    let header =
        "#set($context.requestOverride.header.foo = $input.params('foo')){\"statusCode\": 200}";
    let path = "#set($context.requestOverride.path.body = $input.body){\"statusCode\": 200}";
    let status = "#set($context.responseOverride.status = 444)\
                  #set($context.responseOverride.header.foo = \"bar\"){\"statusCode\": 200}";
    let mut bare = mock(status, "");
    bare["IntegrationResponses"] = json!([{ "StatusCode": "200" }]);
    let gateway = Api::new()
        .method("POST /header", mock(header, "$context.requestOverride.header.foo"))
        .method("POST /path", mock(path, "$input.body / $context.requestOverride.path.body"))
        .method("POST /status", bare)
        .start();
    assert_eq!(post(&gateway, "/s/header?foo=bar", "").1, "bar", "C20");
    assert_eq!(post(&gateway, "/s/path", r#"{"x":1}"#).1, r#"{} / {"x":1}"#, "C21");
    let response = ask(&gateway, "POST", "/s/status", &[], b"");
    assert_eq!((response.status, response.header("foo")), (444, Some("bar")), "C22");
    assert!(response.body.is_empty());
}

#[test]
fn overrides_reach_the_backend() {
    let backend = Backend::canned(Answer::ok("text/plain", b"done"));
    let with = |template: &str| {
        http(
            "POST",
            &backend.url(),
            json!({ "RequestTemplates": { "application/json": template } }),
        )
    };
    let gateway = Api::new()
        .method("POST /h", with("#set($context.requestOverride.header.multi = [\"a\",\"b\"])x"))
        .method("POST /q", with("#set($context.requestOverride.querystring[\"k\"] = \"v\")x"))
        .start();
    assert_eq!(post(&gateway, "/s/h", "").0, 200);
    assert_eq!(post(&gateway, "/s/q", "").0, 200);
    let sent = backend.requests();
    assert_eq!(sent[0].header("multi").as_deref(), Some("a,b"), "C23");
    assert_eq!(sent[1].target(), "/?k=v", "C24");
}
