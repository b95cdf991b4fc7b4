//! `AWS` integrations with a function: templates around the invocation.

use serde_json::{Value, json};

use super::{BROKEN, ask, text};
use crate::functions::stack::{Route, Stack};
use crate::support::Gateway;

const ECHO: &str = "
    def handler(event, context):
        if 'raise' in event:
            raise Exception(event['raise'])
        return {'got': event, 'list': [1, {'a': 'b/c'}]}
";

fn start() -> Gateway {
    let request = "#set($context.requestOverride.path.kept = \"kept\")\
        {\"name\": $input.json('$.name'), \"stage\": \"$context.stage\"\
        #if($input.path('$.fail') != \"\"), \"raise\": $input.json('$.fail')#end}";
    let integration = json!({
        "Type": "AWS",
        "RequestTemplates": { "application/json": request, "text/broken": "$x.get(", "text/plain": "{no json $x" },
        "PassthroughBehavior": "NEVER",
        "IntegrationResponses": [
            {
                "StatusCode": "200",
                "ResponseTemplates": {
                    "application/json": "$input.path('$.got.name') $input.path('$.list') \
                        $input.json('$.got.stage') $context.requestOverride.path.kept $input.body",
                },
            },
            {
                "StatusCode": "404",
                "SelectionPattern": "Not found: (.|\\n)*",
                "ResponseParameters": {
                    "method.response.header.X-Type": "integration.response.body.errorType",
                },
                "ResponseTemplates": {
                    "application/json": "#set($context.responseOverride.header.X-Why = $input.path('$.errorMessage'))\
                        {\"sorry\": $input.json('$.errorMessage')}",
                },
            },
        ],
    });
    let method = json!({ "MethodResponses": [
        { "StatusCode": "200" },
        { "StatusCode": "404", "ResponseParameters": { "method.response.header.X-Type": false } },
    ] });
    let route = Route { integration: Some(integration), method: Some(method), ..Route::default() };
    let stack = Stack::new().python("echo", ECHO).route_with("POST", "f", "echo", route);
    Gateway::start(&stack.template(), &[])
}

#[test]
fn templates_make_the_event_and_the_answer() {
    let gateway = start();
    let json = ["Content-Type: application/json"];
    let response = ask(&gateway, "POST", "/s/f", &json, br#"{"name": "Ada"}"#);
    assert_eq!(response.status, 200);
    let body = text(&response);
    let expected = r#"Ada [1,{"a":"b\/c"}] "s" kept {"got":"#;
    assert!(body.starts_with(expected), "{body}");
    let payload: Value = serde_json::from_str(&body[body.find("{\"got\"").unwrap()..]).unwrap();
    assert_eq!(payload["got"], json!({ "name": "Ada", "stage": "s" }));

    let missing = ask(&gateway, "POST", "/s/f", &json, br#"{"name": "x", "fail": "Not found: 7"}"#);
    assert_eq!((missing.status, text(&missing).as_str()), (404, r#"{"sorry": "Not found: 7"}"#));
    assert_eq!(missing.header("x-type"), Some("Exception"));
    assert_eq!(missing.header("x-why"), Some("Not found: 7"));
}

#[test]
fn what_is_no_event_and_what_does_not_render() {
    let gateway = start();
    let asked = |content_type: &str| {
        let response =
            ask(&gateway, "POST", "/s/f", &[&format!("Content-Type: {content_type}")], b"");
        (response.status, text(&response))
    };
    assert_eq!(asked("text/broken"), (500, BROKEN.to_owned()));
    assert_eq!(asked("text/xml").0, 415);
    // Lambda's own 400 is a result without an errorMessage: the default response.
    let (status, body) = asked("text/plain");
    assert_eq!(status, 200);
    assert!(body.contains("Could not parse request body into json"), "{body}");
}
