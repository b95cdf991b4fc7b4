//! `MOCK` integrations with templates: rest-execution §10.6.

use serde_json::json;

use super::{Api, BROKEN, ask, mock, post, text};

#[test]
fn a_template_names_the_status() {
    let mut integration = mock("{\"statusCode\": $input.params('status')}", "two hundred");
    integration["IntegrationResponses"] = json!([
        { "StatusCode": "200" },
        {
            "StatusCode": "404", "SelectionPattern": "404",
            "ResponseTemplates": { "application/json": "{\"id\": \"$context.requestId\"}" },
        },
    ]);
    let gateway = Api::new().method("GET /m", integration).start();
    let get = |status: &str| ask(&gateway, "GET", &format!("/s/m?status={status}"), &[], b"");
    assert_eq!(get("200").status, 200);
    assert_eq!(get("-1000").status, 200, "any integer falls to the default");
    let response = get("404");
    let id = response.header("x-amzn-requestid").unwrap();
    assert_eq!((response.status, text(&response)), (404, format!("{{\"id\": \"{id}\"}}")));
    assert_eq!(response.header("x-amzn-trace-id"), None);
    for wrong in ["%22200%22", "2.5", "", "{", "x"] {
        let response = get(wrong);
        assert_eq!((response.status, text(&response).as_str()), (500, BROKEN), "{wrong}");
    }
}

#[test]
fn the_client_s_body_ends_at_the_request_template() {
    let request = "{\"statusCode\": $input.path('$.status'),}";
    let gateway =
        Api::new().method("POST /m", mock(request, "$input.body|$input.json('$')")).start();
    assert_eq!(post(&gateway, "/s/m", r#"{"status": 200}"#), (200, "{}|{}".to_owned()));
    assert_eq!(post(&gateway, "/s/m", r#"{"status": "x"}"#).0, 500);
    assert_eq!(post(&gateway, "/s/m", "{\"status\": ").0, 500, "no JSON");
}

#[test]
fn accept_chooses_the_template_and_not_the_content_type() {
    let mut integration = mock("{\"statusCode\": 200}", "");
    integration["IntegrationResponses"] = json!([{
        "StatusCode": "200",
        "ResponseTemplates": { "text/html": "<p>$context.stage</p>", "application/json": "{}" },
    }]);
    let gateway = Api::new().method("GET /m", integration).start();
    let html = ask(&gateway, "GET", "/s/m", &["Accept: text/html"], b"");
    assert_eq!(
        (text(&html).as_str(), html.header("content-type")),
        ("<p>s</p>", Some("application/json"))
    );
    assert_eq!(text(&ask(&gateway, "GET", "/s/m", &["Accept: a/b"], b"")), "{}");
}

#[test]
fn head_and_a_status_without_a_body() {
    let gateway = Api::new()
        .method("HEAD /h", mock("{\"statusCode\": 200}", "$context.stage"))
        .method(
            "GET /n",
            mock(
                "#set($context.responseOverride.status = 204){\"statusCode\": 200}",
                "$context.stage",
            ),
        )
        .start();
    let head = ask(&gateway, "HEAD", "/s/h", &[], b"");
    assert_eq!((head.status, head.header("content-length")), (200, Some("1")));
    assert_eq!(ask(&gateway, "GET", "/s/n", &[], b"").status, 204);
}
