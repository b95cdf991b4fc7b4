//! `HTTP` integrations: templates and overrides over mappings, both ways.

use serde_json::{Value, json};

use super::{Api, BROKEN, ask, http, post, text};
use crate::support::{Answer, Backend};

fn requests(template: &str, more: Value) -> Value {
    let mut all = json!({ "RequestTemplates": { "application/json": template } });
    super::merge(&mut all, more);
    all
}

#[test]
fn an_override_takes_the_place_of_a_mapping() {
    let backend = Backend::canned(Answer::ok("text/plain", b"done"));
    let template = "#set($context.requestOverride.header.x-mapped = \"template\")\
        #set($context.requestOverride.header.Accept = \"text/plain\")\
        #set($context.requestOverride.header.User-Agent = \"own\")\
        #set($context.requestOverride.header.Content-Type = \"text/x\")\
        #set($context.requestOverride.header.Via = \"dropped\")\
        #set($context.requestOverride.header.Broken = \"a\nb\")\
        #set($context.requestOverride.header[\"no token\"] = \"x\")\
        #set($context.requestOverride.header.empty = \"\")\
        #set($context.requestOverride.querystring.mapped = \"t&1\")\
        #set($context.requestOverride.querystring.list = [\"1\", \"2\"])\
        #set($context.requestOverride.path.id = \"a/b c\")\
        #set($context.requestOverride.path.kept = 7)body";
    let mapped = json!({ "RequestParameters": {
        "integration.request.header.X-Mapped": "'mapping'",
        "integration.request.header.X-Other": "'other'",
        "integration.request.header.empty": "'gone'",
        "integration.request.querystring.mapped": "'mapping'",
        "integration.request.querystring.other": "'o'",
        "integration.request.path.id": "method.request.querystring.id",
    } });
    let url = format!("{}/x/{{id}}/{{kept}}/{{nope}}?u={{kept}}", backend.url());
    let gateway =
        Api::new().method("POST /o", http("POST", &url, requests(template, mapped))).start();
    assert_eq!(post(&gateway, "/s/o?id=mapped", "{}"), (200, "done".to_owned()));
    let sent = &backend.requests()[0];
    assert_eq!(sent.target(), "/x/a/b%20c/7/{nope}?u=7&other=o&mapped=t%261&list=1&list=2");
    let named = |name: &str| {
        let headers = sent.headers().into_iter();
        let values = headers.filter(|(known, _)| known.eq_ignore_ascii_case(name));
        values.map(|(_, value)| value).collect::<Vec<_>>()
    };
    assert_eq!(named("x-mapped"), ["template"]);
    assert_eq!(named("x-other"), ["other"]);
    assert_eq!(named("accept"), ["text/plain"]);
    assert_eq!(named("user-agent"), ["own"]);
    assert_eq!(named("content-type"), ["text/x"]);
    assert_eq!(named("broken"), ["a b"]);
    for none in ["via", "empty", "no token"] {
        assert!(named(none).is_empty(), "{none}: {}", sent.head_text());
    }
    assert_eq!(sent.body, b"body");
}

#[test]
fn the_host_can_be_overridden_once() {
    let backend = Backend::canned(Answer::ok("text/plain", b"done"));
    let template = "#set($context.requestOverride.header.HOST = \"a.example\")\
        #set($context.requestOverride.header.host = \"b.example\")x";
    let gateway = Api::new()
        .method("POST /o", http("POST", &backend.url(), requests(template, json!({}))))
        .start();
    assert_eq!(post(&gateway, "/s/o", "{}").0, 200);
    let hosts = backend.requests()[0].headers().into_iter();
    let hosts: Vec<_> = hosts.filter(|(name, _)| name.eq_ignore_ascii_case("host")).collect();
    assert_eq!(hosts, [("host".to_owned(), "b.example".to_owned())]);
}

#[test]
fn a_forbidden_header_is_a_500_before_the_call() {
    let backend = Backend::canned(Answer::ok("text/plain", b"done"));
    let mut api = Api::new();
    let names = ["Content-Length", "transfer-encoding", "X-Amzn-Trace-Id"];
    for (index, name) in names.iter().enumerate() {
        let template = format!("#set($context.requestOverride.header.{name} = \"1\")x");
        let integration = http("POST", &backend.url(), requests(&template, json!({})));
        api = api.method(&format!("POST /f{index}"), integration);
    }
    let gateway = api.start();
    for (index, name) in names.iter().enumerate() {
        let response = ask(&gateway, "POST", &format!("/s/f{index}"), &[], b"");
        assert_eq!((response.status, text(&response).as_str()), (500, BROKEN), "{name}");
        let kind = response.header("x-amzn-errortype");
        assert_eq!(kind, Some("InternalServerErrorException"));
        assert_eq!(response.header("x-amzn-trace-id"), None, "the backend was not called");
    }
    assert!(backend.requests().is_empty());
}

#[test]
fn a_template_renders_also_where_no_body_is_sent() {
    let backend = Backend::canned(Answer::ok("text/plain", b"done"));
    let template = "#set($context.requestOverride.querystring.n = $input.params('n'))body";
    let gateway = Api::new()
        .method("GET /g", http("GET", &backend.url(), requests(template, json!({}))))
        .start();
    assert_eq!(ask(&gateway, "GET", "/s/g?n=%C3%A9", &[], b"").status, 200);
    let sent = &backend.requests()[0];
    assert_eq!((sent.target().as_str(), sent.body.len()), ("/?n=%C3%A9", 0));
    assert_eq!(sent.header("content-length"), None);
}

#[test]
fn response_templates_see_both_sides() {
    let backend = Backend::start(|_| {
        let headers = [("Content-Type", "application/json"), ("X-From", "backend")];
        Answer::status(404, &headers, br#"{"why": "no"}"#)
    });
    let template = "#set($context.responseOverride.header.X-Both = \"$input.path('$.why')\")\
        #set($context.responseOverride.header.X-List = [\"1\", \"2\"])\
        #set($context.responseOverride.header.Date = \"remapped\")\
        #set($context.responseOverride.header.Transfer-Encoding = \"gone\")\
        #set($context.responseOverride.header.x-mapped = \"template\")\
        #set($context.responseOverride.status = 418)\
        $input.params('q') $input.json('$') $context.requestOverride.path.kept";
    let request = "#set($context.requestOverride.path.kept = \"kept\")$input.body";
    let responses = json!({ "IntegrationResponses": [
        { "StatusCode": "200" },
        {
            "StatusCode": "404",
            "SelectionPattern": "404",
            "ResponseParameters": {
                "method.response.header.X-Mapped": "integration.response.header.X-From",
                "method.response.header.X-Kept": "integration.response.header.X-From",
                "method.response.header.X-Why": "integration.response.body.why",
            },
            "ResponseTemplates": { "application/json": template },
        },
    ] });
    let gateway = Api::new()
        .method("POST /r", http("POST", &backend.url(), requests(request, responses)))
        .start();
    let response = ask(&gateway, "POST", "/s/r?q=asked", &[], b"{}");
    assert_eq!(response.status, 418);
    assert_eq!(text(&response), r#"asked {"why":"no"} kept"#);
    let named = |name: &str| {
        let headers = response.headers.iter();
        let values = headers.filter(|(known, _)| known.eq_ignore_ascii_case(name));
        values.map(|(_, value)| value.as_str()).collect::<Vec<_>>()
    };
    assert_eq!(named("x-both"), ["no"]);
    assert_eq!(named("x-list"), ["1", "2"]);
    assert_eq!(named("x-mapped"), ["template"]);
    assert_eq!(named("x-kept"), ["backend"]);
    assert_eq!(named("x-why"), ["no"]);
    assert_eq!(named("x-amzn-remapped-date"), ["remapped"]);
    assert_eq!(named("content-type"), ["application/json"]);
    assert_eq!(named("transfer-encoding"), [""; 0]);
    assert!(named("x-amzn-trace-id")[0].starts_with("Root="));
}

#[test]
fn an_override_of_the_request_s_template_needs_no_response_template() {
    let backend = Backend::canned(Answer::ok("text/plain", b"as it came"));
    let template = "#set($context.responseOverride.status = 299)\
        #set($context.responseOverride.header.Content-Type = \"text/own\")x";
    let gateway = Api::new()
        .method("POST /r", http("POST", &backend.url(), requests(template, json!({}))))
        .start();
    let response = ask(&gateway, "POST", "/s/r", &[], b"");
    assert_eq!((response.status, text(&response).as_str()), (299, "as it came"));
    assert_eq!(response.header("content-type"), Some("text/own"));
}

#[test]
fn a_status_that_is_none_is_ignored() {
    let backend = Backend::canned(Answer::ok("text/plain", b"x"));
    let cases =
        [("600", 200), ("99", 200), ("\"no\"", 200), ("\"404\"", 404), ("503", 503), ("101", 500)];
    let mut api = Api::new();
    for (index, (status, _)) in cases.iter().enumerate() {
        let template = format!("#set($context.responseOverride.status = {status})x");
        let integration = http("POST", &backend.url(), requests(&template, json!({})));
        api = api.method(&format!("POST /s{index}"), integration);
    }
    let gateway = api.start();
    for (index, (status, expected)) in cases.iter().enumerate() {
        assert_eq!(post(&gateway, &format!("/s/s{index}"), "").0, *expected, "{status}");
    }
}

#[test]
fn an_exchange_s_overrides_end_with_it() {
    let backend = Backend::canned(Answer::ok("text/plain", b"x"));
    let template = "#if($input.params('set') == '1')#set($context.requestOverride.header.X-Set = \"1\")\
        #set($context.responseOverride.status = 299)#{end}x";
    let gateway = Api::new()
        .method("POST /r", http("POST", &backend.url(), requests(template, json!({}))))
        .start();
    let mut client = crate::support::Client::connect(gateway.addr());
    for (target, expected) in [("/s/r?set=1", 299), ("/s/r", 200)] {
        let head = format!("POST {target} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n");
        client.send(head.as_bytes());
        assert_eq!(client.response_to("POST").status, expected);
    }
    let sent: Vec<_> =
        backend.requests().iter().map(|request| request.header("x-set").is_some()).collect();
    assert_eq!(sent, [true, false]);
}

#[test]
fn head_computes_the_answer_and_sends_none() {
    let backend = Backend::start(|received| match received.method().as_str() {
        "HEAD" => Answer::Bytes(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n".to_vec()),
        _ => Answer::ok("text/plain", b"something"),
    });
    let responses = json!({ "IntegrationResponses": [{
        "StatusCode": "200",
        "ResponseTemplates": {
            "application/json":
                "#set($context.responseOverride.header.X-Seen = \"yes\")<$input.body>",
        },
    }] });
    let gateway = Api::new()
        .method("HEAD /get", http("GET", &backend.url(), responses.clone()))
        .method("HEAD /head", http("HEAD", &backend.url(), responses))
        .start();
    for (target, length) in [("/s/get", "11"), ("/s/head", "4")] {
        let response = ask(&gateway, "HEAD", target, &[], b"");
        assert_eq!((response.status, response.header("x-seen")), (200, Some("yes")), "{target}");
        assert_eq!(response.header("content-length"), Some(length), "{target}");
    }
}

#[test]
fn a_long_chunked_body_is_whole_before_its_template() {
    let backend = Backend::start(|received| Answer::ok("text/plain", &received.body));
    let template = "$input.body.length() $input.path('$.last')";
    let gateway = Api::new()
        .method("POST /r", http("POST", &backend.url(), requests(template, json!({}))))
        .start();
    let filler = "x".repeat(300_000);
    let body = format!(r#"{{"filler":"{filler}","last":"end"}}"#);
    let mut client = crate::support::Client::connect(gateway.addr());
    client.send(b"POST /s/r HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
    for piece in body.as_bytes().chunks(100_000) {
        client.send(format!("{:x}\r\n", piece.len()).as_bytes());
        client.send(&[piece, b"\r\n"].concat());
    }
    client.send(b"0\r\n\r\n");
    let response = client.response_to("POST");
    assert_eq!(text(&response), format!("{} end", body.len()));
}

#[test]
fn passthrough_behaviours_stay_as_they_were() {
    let backend = Backend::start(|received| Answer::ok("text/plain", &received.body));
    let with = |behaviour: &str| {
        let more = json!({ "PassthroughBehavior": behaviour });
        http("POST", &backend.url(), requests("<$input.body>", more))
    };
    let gateway = Api::new()
        .method("POST /match", with("WHEN_NO_MATCH"))
        .method("POST /templates", with("WHEN_NO_TEMPLATES"))
        .method("POST /never", with("NEVER"))
        .start();
    for (target, status) in [("/s/match", 200), ("/s/templates", 415), ("/s/never", 415)] {
        assert_eq!(post(&gateway, target, "b"), (200, "<b>".to_owned()));
        let response = ask(&gateway, "POST", target, &["Content-Type: text/xml"], b"b");
        let body = if status == 200 { "b" } else { r#"{"message": "Unsupported Media Type"}"# };
        assert_eq!((response.status, text(&response).as_str()), (status, body), "{target}");
    }
}

#[test]
fn a_transformed_answer_is_cached() {
    let backend = Backend::canned(Answer::ok("application/json", br#"{"n": 1}"#));
    let responses = json!({ "IntegrationResponses": [{
        "StatusCode": "200",
        "ResponseTemplates": {
            "application/json": "#set($context.responseOverride.header.X-N = $input.path('$.n'))\
                #set($context.responseOverride.status = 203)n is $input.path('$.n')",
        },
    }] });
    let all = json!({
        "ResourcePath": "/*", "HttpMethod": "*", "CachingEnabled": true, "CacheTtlInSeconds": 60,
    });
    let gateway = Api::new()
        .stage(json!({ "CacheClusterEnabled": true, "MethodSettings": [all] }))
        .method("GET /c", http("GET", &backend.url(), responses))
        .start();
    for _ in 0..3 {
        let response = ask(&gateway, "GET", "/s/c", &[], b"");
        assert_eq!((response.status, text(&response).as_str()), (203, "n is 1"));
        assert_eq!(response.header("x-n"), Some("1"));
        assert!(response.header("x-amzn-trace-id").is_some());
    }
    assert_eq!(backend.requests().len(), 1, "the others came from the cache");
}

#[test]
fn what_does_not_render_is_a_500() {
    let backend = Backend::canned(Answer::ok("application/json", b"{no json"));
    let response = |template: &str| {
        json!({ "IntegrationResponses": [
            { "StatusCode": "200", "ResponseTemplates": { "application/json": template } },
        ] })
    };
    let request = |template: &str| requests(template, json!({}));
    let gateway = Api::new()
        .method("POST /index", http("POST", &backend.url(), request("$input.path('$.l').get(5)")))
        .method("POST /json", http("POST", &backend.url(), response("$input.json('$.a')")))
        .method("POST /malformed", http("POST", &backend.url(), request("#if($x")))
        .method("POST /broken", http("POST", &backend.url(), response("$x[")))
        .start();
    for target in ["/s/index", "/s/json", "/s/malformed", "/s/broken"] {
        let answer = post(&gateway, target, r#"{"l": [1]}"#);
        assert_eq!(answer, (500, BROKEN.to_owned()), "{target}");
    }
    let called: Vec<_> = backend.requests().iter().map(|request| request.body.len()).collect();
    assert_eq!(called.len(), 2, "only those whose request could be made");
}

#[test]
fn a_bomb_is_cut() {
    let backend = Backend::canned(Answer::ok("text/plain", b"x"));
    let loops =
        "#foreach($a in [1..1000])#foreach($b in [1..1000])#foreach($c in [1..1000])x#end#end#end";
    let doubled = "#set($s = \"xxxxxxxxxxxxxxxx\")#foreach($i in [1..40])#set($s = \"$s$s\")#end$s";
    let with = |template: &str| http("POST", &backend.url(), requests(template, json!({})));
    let gateway = Api::new()
        .method("POST /loops", with(loops))
        .method("POST /doubled", with(doubled))
        .start();
    for target in ["/s/loops", "/s/doubled"] {
        assert_eq!(post(&gateway, target, "{}"), (500, BROKEN.to_owned()), "{target}");
    }
    assert!(backend.requests().is_empty());
}
