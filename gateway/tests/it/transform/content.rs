//! `contentHandling` and binary media types: the tables of rest-execution §16.

use serde_json::{Value, json};

use super::{Api, BROKEN, ask, http};
use crate::support::{Answer, Backend};

/// No UTF-8, and base64 of it.
const BYTES: &[u8] = b"\x89PNG\xff";
const BASE64: &[u8] = b"iVBOR/8=";
const LOSSY: &[u8] = "\u{fffd}PNG\u{fffd}".as_bytes();

const HANDLINGS: [Option<&str>; 3] = [None, Some("CONVERT_TO_TEXT"), Some("CONVERT_TO_BINARY")];

fn binary(api: Api) -> Api {
    api.with(json!({ "BinaryMediaTypes": ["image~1png", "application~1x"] }))
}

#[test]
fn requests() {
    let backend = Backend::canned(Answer::ok("text/plain", b"done"));
    let mut api = binary(Api::new());
    for (index, handling) in HANDLINGS.iter().enumerate() {
        let more = handling.map_or(json!({}), |handling| json!({ "ContentHandling": handling }));
        api = api.method(&format!("POST /r{index}"), http("POST", &backend.url(), more));
    }
    let gateway = api.start();
    let mut seen = 0;
    let mut check = |column: usize, content_type: &str, body: &[u8], expected: Option<&[u8]>| {
        let lines = [format!("Content-Type: {content_type}")];
        let lines: Vec<_> = lines.iter().map(String::as_str).collect();
        let response = ask(&gateway, "POST", &format!("/s/r{column}"), &lines, body);
        let requests = backend.requests();
        let sent = requests.get(seen).map(|request| &request.body[..]);
        seen = requests.len();
        assert_eq!(sent, expected, "{content_type} {:?}", HANDLINGS[column]);
        match expected {
            Some(_) => assert_eq!(response.status, 200),
            None => assert_eq!((response.status, &*response.body), (500, BROKEN.as_bytes())),
        }
    };
    // | Content-Type is binary? | unset | CONVERT_TO_TEXT | CONVERT_TO_BINARY |
    check(0, "text/plain", BYTES, Some(LOSSY));
    check(1, "text/plain", BYTES, Some(LOSSY));
    check(2, "text/plain", BASE64, Some(BYTES));
    check(2, "text/plain", b"no base64!", None);
    check(0, "image/png", BYTES, Some(BYTES));
    check(1, "image/png; q=1", BYTES, Some(BASE64));
    check(2, "image/png", BYTES, Some(BYTES));
}

#[test]
fn templates_read_what_was_converted() {
    let backend = Backend::canned(Answer::ok("text/plain", b"done"));
    let with = |handling: Option<&str>| {
        let mut more = json!({ "RequestTemplates": { "$default": "<$input.body>" } });
        if let Some(handling) = handling {
            more["ContentHandling"] = json!(handling);
        }
        http("POST", &backend.url(), more)
    };
    let gateway = binary(Api::new())
        .method("POST /unset", with(None))
        .method("POST /text", with(Some("CONVERT_TO_TEXT")))
        .method("POST /binary", with(Some("CONVERT_TO_BINARY")))
        .start();
    let ask = |target: &str, content_type: &str, body: &[u8]| {
        let lines = format!("Content-Type: {content_type}");
        ask(&gateway, "POST", target, &[&lines], body).status
    };
    assert_eq!(ask("/s/unset", "image/png", BYTES), 500, "a template needs text");
    assert_eq!(ask("/s/unset", "image/png", "é".as_bytes()), 200);
    assert_eq!(ask("/s/text", "image/png", BYTES), 200);
    assert_eq!(ask("/s/unset", "text/plain", BYTES), 200);
    assert_eq!(ask("/s/binary", "text/plain", b"w6k="), 200);
    assert_eq!(ask("/s/binary", "text/plain", BASE64), 500, "decoded, it is no text");
    let sent: Vec<_> = backend.requests().into_iter().map(|request| request.body).collect();
    let quoted = |body: &[u8]| [b"<", body, b">"].concat();
    let expected = ["é".as_bytes(), BASE64, LOSSY, "é".as_bytes()].map(quoted);
    assert_eq!(sent, expected);
}

fn responses(url: &str, handling: Option<&str>, more: Value) -> Value {
    let mut response = json!({ "StatusCode": "200" });
    if let Some(handling) = handling {
        response["ContentHandling"] = json!(handling);
    }
    super::merge(&mut response, more);
    http("GET", url, json!({ "IntegrationResponses": [response] }))
}

/// A backend that sends what the path asks for, as a type that is binary or one that is not.
fn backend() -> Backend {
    Backend::start(|received| {
        let target = received.target();
        let content_type = if target.contains("png") { "image/png" } else { "text/plain" };
        let body: &[u8] = match target.contains("base64") {
            true => BASE64,
            false => BYTES,
        };
        Answer::ok(content_type, body)
    })
}

#[test]
fn the_twelve_cells_of_responses() {
    let backend = backend();
    let mut api = binary(Api::new());
    for (index, handling) in HANDLINGS.iter().enumerate() {
        for what in ["png", "bytes", "base64"] {
            let url = format!("{}/{what}", backend.url());
            api =
                api.method(&format!("GET /{what}/c{index}"), responses(&url, *handling, json!({})));
        }
    }
    let gateway = api.start();
    let check = |what: &str, accept: &str, expected: [Option<&[u8]>; 3]| {
        for (index, expected) in expected.into_iter().enumerate() {
            let accept = format!("Accept: {accept}");
            let target = format!("/s/{what}/c{index}");
            let response = ask(&gateway, "GET", &target, &[&accept], b"");
            let body = expected.unwrap_or(BROKEN.as_bytes());
            let status = if expected.is_some() { 200 } else { 500 };
            let seen = (response.status, &*response.body);
            assert_eq!(seen, (status, body), "{what} {accept} {:?}", HANDLINGS[index]);
        }
    };
    // The rows: is the backend's body binary, and does the client want binary?
    check("bytes", "text/plain", [Some(LOSSY), Some(LOSSY), None]);
    check("base64", "text/plain", [Some(BASE64), Some(BASE64), Some(BYTES)]);
    check("base64", "image/png", [Some(BYTES), Some(BASE64), Some(BYTES)]);
    check("bytes", "image/png", [None, Some(LOSSY), None]);
    check("png", "text/plain", [Some(BASE64), Some(BASE64), Some(BYTES)]);
    check("png", "*/*", [Some(BASE64), Some(BASE64), Some(BYTES)]);
    check("png", "text/html,image/png", [Some(BASE64), Some(BASE64), Some(BYTES)]);
    check("png", "image/png, text/html", [Some(BYTES), Some(BASE64), Some(BYTES)]);
}

#[test]
fn response_templates_and_proxies() {
    let backend = backend();
    let template = json!({ "ResponseTemplates": { "application/json": "<$input.body>" } });
    let url = format!("{}/png", backend.url());
    let proxy = |what: &str| {
        let uri = format!("{}/{what}", backend.url());
        json!({ "Type": "HTTP_PROXY", "IntegrationHttpMethod": "GET", "Uri": uri })
    };
    let gateway = binary(Api::new())
        .method("GET /template", responses(&url, None, template.clone()))
        .method("GET /raw", responses(&url, Some("CONVERT_TO_BINARY"), template))
        .method("GET /png", proxy("png"))
        .method("GET /base64", proxy("base64"))
        .start();
    let get = |target: &str, accept: &str| {
        let response = ask(&gateway, "GET", target, &[&format!("Accept: {accept}")], b"");
        (response.status, response.body)
    };
    assert_eq!(get("/s/template", "text/plain"), (200, [b"<", BASE64, b">"].concat()));
    assert_eq!(get("/s/raw", "text/plain").0, 500, "a template needs text");
    assert_eq!(get("/s/png", "image/png"), (200, BYTES.to_vec()));
    assert_eq!(get("/s/png", "text/plain"), (200, BASE64.to_vec()));
    assert_eq!(get("/s/base64", "image/png"), (200, BYTES.to_vec()));
    assert_eq!(get("/s/base64", "text/plain"), (200, BASE64.to_vec()));
}

#[test]
fn without_binary_media_types_bytes_pass() {
    let backend = Backend::start(|received| {
        Answer::ok("image/png", if received.body.is_empty() { BYTES } else { &received.body })
    });
    let gateway = Api::new().method("POST /r", http("POST", &backend.url(), json!({}))).start();
    let response = ask(&gateway, "POST", "/s/r", &["Accept: image/png"], BYTES);
    assert_eq!((response.status, &*response.body), (200, BYTES));
    assert_eq!(backend.requests()[0].body, BYTES);
}
