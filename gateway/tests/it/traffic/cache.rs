//! What the stage cache keeps, for how long, and under which key.

use std::collections::HashMap;
use std::sync::Mutex;

use serde_json::{Value, json};

use super::api::{Api, Served, mock, ok_response, proxy, request, setting};
use crate::hostile::resident_kib;
use crate::support::{Answer, Backend, Client, Response};

/// A backend that answers each request with its number, from 1.
pub(super) fn counting() -> Backend {
    let count = Mutex::new(0);
    Backend::start(move |_| {
        let mut count = count.lock().unwrap();
        *count += 1;
        Answer::ok("text/plain", count.to_string().as_bytes())
    })
}

/// `GET /k/{p}`, whose key is what `parameters` name.
fn keyed(backend: &Backend, parameters: &[&str]) -> Api {
    let mut integration = proxy(
        &format!("{}/{{p}}", backend.url()),
        "GET",
        &[("path.p", "method.request.path.p"), ("header.X-Mapped", "method.request.header.X-From")],
    );
    integration["CacheKeyParameters"] = json!(parameters);
    let declared = json!({"RequestParameters": {
        "method.request.path.p": true, "method.request.querystring.q": false,
        "method.request.header.X-H": false, "method.request.header.X-From": false,
    }});
    Api::new().method("GET /k/{p}", integration, declared).cached(&[])
}

/// Whether the answer to the second request is that to the first.
#[track_caller]
fn check_key(served: &Served, first: (&str, &str), second: (&str, &str), is_shared: bool) {
    let [a, b] = [first, second].map(|(path, lines)| served.get(path, lines));
    assert_eq!((a.status, b.status), (200, 200), "{first:?} {second:?}");
    assert_eq!(a.text() == b.text(), is_shared, "{first:?} {second:?}");
    assert_eq!(served.get(first.0, first.1).text(), a.text(), "{first:?} is kept");
}

#[test]
fn listed_parameters_make_the_key() {
    let backend = counting();
    let all =
        ["path.p", "querystring.q", "header.X-H"].map(|name| format!("method.request.{name}"));
    let api = keyed(&backend, &all.each_ref().map(String::as_str));
    let served = Served::start(&api);
    let check = |first, second, is_shared| check_key(&served, first, second, is_shared);
    check(("/s/k/1", ""), ("/s/k/1", ""), true);
    check(("/s/k/1", ""), ("/s/k/2", ""), false);
    check(("/s/k/3?q=a", ""), ("/s/k/3?q=b", ""), false);
    check(("/s/k/4", ""), ("/s/k/4?q=", ""), false);
    check(("/s/k/5", ""), ("/s/k/5", "X-H:\r\n"), false);
    check(("/s/k/6", "X-H: v\r\n"), ("/s/k/6", "X-h: w\r\n"), false);
    check(("/s/k/7", "X-H: v\r\n"), ("/s/k/7", "X-H: V\r\n"), false);
    check(("/s/k/8?q=a&q=b", ""), ("/s/k/8?q=b&q=a", ""), false);
    check(("/s/k/9?q=a&q=b", ""), ("/s/k/9?q=a", ""), false);
    check(("/s/k/10?q=a&q=b", ""), ("/s/k/10?q=a&other=1&q=b", ""), true);
    // What two values are together is none of them.
    check(("/s/k/11?q=a&q=b", ""), ("/s/k/11?q=a,b", ""), false);
    check(("/s/k/12?q=a&q=b", ""), ("/s/k/12?q=ab", ""), false);
    check(("/s/k/13?q=x", "X-H: y\r\n"), ("/s/k/13?q=xy", ""), false);
    check(("/s/k/14", "X-H: a\r\nX-H: b\r\n"), ("/s/k/14", "X-H: b\r\nX-H: a\r\n"), false);
    // Nothing else does.
    check(("/s/k/15", "Accept: a\r\n"), ("/s/k/15?z=1", "Accept: b\r\nCookie: c\r\n"), true);
    check(("/s/k/16", ""), ("/s/k/16", "Host2: x\r\nUser-Agent: y\r\n"), true);
}

#[test]
fn an_integration_parameter_stands_for_what_is_mapped_to_it() {
    let backend = counting();
    let served = Served::start(&keyed(&backend, &["integration.request.header.X-Mapped"]));
    let check = |first, second, is_shared| check_key(&served, first, second, is_shared);
    check(("/s/k/1", "X-From: a\r\n"), ("/s/k/1", "X-From: b\r\n"), false);
    check(("/s/k/1", "X-From: c\r\n"), ("/s/k/2", "X-From: c\r\nX-Mapped: d\r\n"), true);
}

#[test]
fn one_spelling_does_not_fill_what_answers_another() {
    let backend = counting();
    let all = ["querystring.q", "header.X-H"].map(|name| format!("method.request.{name}"));
    let served = Served::start(&keyed(&backend, &all.each_ref().map(String::as_str)));
    let check = |first, second, is_shared| check_key(&served, first, second, is_shared);
    // Mappings take a field by the case of its name.
    check(("/s/k/1", "X-H: v\r\n"), ("/s/k/1", "x-h: v\r\n"), false);
    check(("/s/k/1", "x-H: v\r\n"), ("/s/k/1", "x-h: v\r\n"), true);
    check(("/s/k/1", "X-H: a\r\nx-h: b\r\n"), ("/s/k/1", "x-h: a\r\nX-H: b\r\n"), false);
    check(("/s/k/1", "x-h: v\r\n"), ("/s/k/1", ""), false);
    // To a backend that splits at `&` alone, `q` has another value, or none.
    check(("/s/k/1?q=a", ""), ("/s/k/1?q=a;x=1", ""), false);
    check(("/s/k/1?q=b", ""), ("/s/k/1?x=1;q=b", ""), false);
    check(("/s/k/1?q=c&x=1", ""), ("/s/k/1?q=c&y=2&x=3", ""), true);
    // What one backend decodes, another takes as it is.
    check(("/s/k/1?q=d%20d", ""), ("/s/k/1?q=d+d", ""), false);
    check(("/s/k/1?q=%ff", ""), ("/s/k/1?q=%fe", ""), false);
    check(("/s/k/1?%71=e", ""), ("/s/k/1?q=e", ""), false);
    check(("/s/k/1?q", ""), ("/s/k/1?q=", ""), false);
    check(("/s/k/1?q=%66", ""), ("/s/k/1?x&q=%66", ""), true);
}

#[test]
fn methods_of_one_namespace_share_entries_and_verbs_do_not() {
    let backend = counting();
    let integration = |verb: &str, namespace: Option<&str>| {
        let mut integration = proxy(&format!("{}/x", backend.url()), verb, &[]);
        if let Some(namespace) = namespace {
            integration["CacheNamespace"] = json!(namespace);
        }
        integration
    };
    let api = Api::new()
        .method("GET /a", integration("GET", Some("one")), json!({}))
        .method("GET /b", integration("GET", Some("one")), json!({}))
        .method("GET /c", integration("GET", None), json!({}))
        .method("POST /a", integration("POST", Some("one")), json!({}))
        .cached(&[setting("/a", "POST", json!({"CachingEnabled": true}))]);
    let served = Served::start(&api);
    let texts = ["/s/a", "/s/b", "/s/c"].map(|path| served.get(path, "").text().to_owned());
    assert_eq!(texts, ["1", "1", "2"]);
    assert_eq!(served.ask("POST", "/s/a", "").text(), "3", "POST by its own setting");
    assert_eq!(served.ask("POST", "/s/b", "").status, 403);
    // A body is no part of the key, and one that an entry answers is read past.
    let mut client = served.client();
    for _ in 0..2 {
        client.send(&request("POST", "/s/a", "Content-Length: 5\r\n"));
        client.send(b"other");
        assert_eq!(client.response().text(), "3");
    }
}

#[test]
fn a_method_for_any_verb_keeps_verbs_apart() {
    let backend = counting();
    let integration = proxy(&format!("{}/x", backend.url()), "ANY", &[]);
    let api = Api::new().method("ANY /a", integration, json!({}));
    let served = Served::start(&api.clone().cached(&[]));
    assert_ne!(served.get("/s/a", "").text(), served.get("/s/a", "").text(), "`*/*` is GET alone");
    served.reload(&api.cached(&[setting("/a", "ANY", json!({"CachingEnabled": true}))]));
    let get = served.get("/s/a", "").text().to_owned();
    let post = served.ask("POST", "/s/a", "").text().to_owned();
    assert_ne!(get, post);
    assert_eq!(served.get("/s/a", "").text(), get);
    assert_eq!(served.ask("POST", "/s/a", "").text(), post);
    // The verb that routes is not the one that the backend gets.
    let overridden = served.ask("GET", "/s/a", "X-HTTP-Method-Override: POST\r\n");
    assert_eq!(overridden.text(), get);
}

/// A response with these lines and this body, by its `Content-Length`.
pub(super) fn answer(status: u16, lines: &[(&str, &str)], body: &str) -> Answer {
    Answer::status(status, lines, body.as_bytes())
}

#[test]
fn what_is_kept_and_what_is_not() {
    let chunked =
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n";
    let until_close = b"HTTP/1.1 200 OK\r\n\r\nuntil close";
    let cases: Vec<(&str, Answer, bool, u16)> = vec![
        ("ok", answer(200, &[], "ok"), true, 200),
        ("created", answer(201, &[("X-A", "b")], "made"), true, 201),
        ("empty", Answer::Bytes(b"HTTP/1.1 204 None\r\n\r\n".to_vec()), true, 204),
        ("moved", answer(301, &[("Location", "/x")], ""), true, 301),
        ("missing", answer(404, &[], "no"), true, 404),
        ("busy", answer(429, &[("Retry-After", "1")], "busy"), true, 429),
        ("broken", answer(503, &[], "broken"), true, 503),
        ("no-store", answer(200, &[("Cache-Control", "no-store, max-age=0")], "x"), true, 200),
        ("chunked", Answer::Bytes(chunked.to_vec()), true, 200),
        ("until-close", Answer::Close(until_close.to_vec()), true, 200),
        ("cookie", answer(200, &[("sEt-cookie", "a=b")], "x"), false, 200),
        ("private", answer(200, &[("Cache-Control", "max-age=9, Private")], "x"), false, 200),
        ("part", answer(206, &[("Content-Range", "bytes 0-0/9")], "x"), false, 206),
        ("unmodified", Answer::Bytes(b"HTTP/1.1 304 Same\r\n\r\n".to_vec()), false, 304),
        ("closes", Answer::Close(Vec::new()), false, 504),
        (
            "short",
            Answer::Close(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc".to_vec()),
            false,
            504,
        ),
        ("nonsense", Answer::Close(b"HTTP/1.1 2x0 OK\r\n\r\n".to_vec()), false, 504),
        ("cut", Answer::Close(chunked[..chunked.len() - 9].to_vec()), false, 504),
    ];
    let answers: HashMap<String, Answer> =
        cases.iter().map(|(path, answer, ..)| (format!("/{path}"), answer.clone())).collect();
    let backend = Backend::start(move |received| answers[&received.target()].clone());
    let served = Served::start(&keyed(&backend, &["method.request.path.p"]));
    for (path, _, is_kept, status) in &cases {
        let responses = [(); 3].map(|()| served.get(&format!("/s/k/{path}"), ""));
        let parts =
            |r: &Response| (r.status, r.header("content-type").map(str::to_owned), r.body.clone());
        assert_eq!(responses[0].status, *status, "{path}");
        assert!(
            responses.iter().all(|r| parts(r) == parts(&responses[0])),
            "{path}: {responses:?}"
        );
        let target = format!("/{path}");
        let calls = backend.requests().iter().filter(|r| r.target() == target).count();
        assert_eq!(calls == 1, *is_kept, "{path}: {calls} calls");
    }
    assert_eq!(served.metric(&["gateway_cache_requests_total", "hit"]), 20.0, "two of each kept");
}

/// Largest body that is kept, in bytes.
const KEPT_BYTES_MAX: usize = 1_048_576;

#[test]
fn a_mebibyte_is_kept_and_more_passes_through() {
    // A body in one of three framings, with its size in the path.
    let backend = Backend::start(|received| {
        let target = received.target();
        let (framing, size) = target[1..].split_once('-').unwrap();
        let body = body_of(size.parse().unwrap());
        let head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n";
        let chunks = || {
            let chunks = body.chunks(70_001);
            chunks.flat_map(|c| [format!("{:x}\r\n", c.len()).as_bytes(), c, b"\r\n"].concat())
        };
        match framing {
            "length" => Answer::ok("text/plain", &body),
            "chunked" => {
                let head = format!("{head}Transfer-Encoding: chunked\r\n\r\n");
                Answer::Bytes(
                    head.into_bytes().into_iter().chain(chunks()).chain(*b"0\r\n\r\n").collect(),
                )
            }
            _ => Answer::Close([head.as_bytes(), b"\r\n", &body].concat()),
        }
    });
    let served = Served::start(&keyed(&backend, &["method.request.path.p"]));
    for framing in ["length", "chunked", "close"] {
        for size in [40_000, KEPT_BYTES_MAX, KEPT_BYTES_MAX + 1, 3 * KEPT_BYTES_MAX] {
            let path = format!("{framing}-{size}");
            let before = backend.requests().len();
            for version in ["1.1", "1.0", "1.1"] {
                let mut client = served.client();
                let line = format!("GET /s/k/{path} HTTP/{version}\r\nHost: a\r\n\r\n");
                client.send(line.as_bytes());
                let response = client.response();
                assert_eq!(response.status, 200, "{path} {version}");
                assert!(
                    response.body == body_of(size),
                    "{path} {version}: {}",
                    response.body.len()
                );
                if version == "1.1" {
                    // The connection is where it should be.
                    client.send(line.as_bytes());
                    assert!(client.response().body == body_of(size), "{path} again");
                }
            }
            let calls = backend.requests().len() - before;
            assert_eq!(calls, if size <= KEPT_BYTES_MAX { 1 } else { 5 }, "{path}");
        }
    }
}

/// Bytes that show where they belong.
fn body_of(size: usize) -> Vec<u8> {
    (0..size).map(|at| b'a' + (at / 7 % 26) as u8).collect()
}

#[test]
fn a_large_answer_that_is_mapped_to_204_has_no_body() {
    // With a length, and without one; within what is kept, and beyond it.
    let backend = Backend::start(|received| {
        let target = received.target();
        let (framing, size) = target[1..].split_once('-').unwrap();
        let body = vec![b'x'; size.parse().unwrap()];
        match framing {
            "length" => Answer::ok("text/plain", &body),
            _ => Answer::Close([b"HTTP/1.1 200 OK\r\n\r\n", &*body].concat()),
        }
    });
    let integration = json!({
        "Type": "HTTP", "IntegrationHttpMethod": "GET", "Uri": format!("{}/{{p}}", backend.url()),
        "RequestParameters": {"integration.request.path.p": "method.request.path.p"},
        "CacheKeyParameters": ["method.request.path.p"],
        "IntegrationResponses": [{"StatusCode": "204"}],
    });
    let declared = json!({
        "RequestParameters": {"method.request.path.p": true},
        "MethodResponses": [{"StatusCode": "204"}],
    });
    let served = Served::start(&Api::new().method("GET /k/{p}", integration, declared).cached(&[]));
    for path in ["length-60000", "length-2000000", "close-60000", "close-2000000"] {
        let mut client = served.client();
        for _ in 0..3 {
            client.send(&request("GET", &format!("/s/k/{path}"), ""));
            let response = client.response();
            assert_eq!(response.status, 204, "{path}");
            assert!(response.header("content-length").is_none(), "{path}: {response:?}");
            assert!(response.header("transfer-encoding").is_none(), "{path}: {response:?}");
            if response.header("connection") == Some("close") {
                assert!(client.rest().is_empty(), "{path}");
                client = served.client();
            }
        }
    }
}

#[test]
fn entries_expire_and_a_ttl_of_zero_keeps_nothing() {
    let backend = counting();
    let ttl = |path: &str, seconds: u32| {
        setting(path, "GET", json!({"CachingEnabled": true, "CacheTtlInSeconds": seconds}))
    };
    let integration = || proxy(&format!("{}/x", backend.url()), "GET", &[]);
    let api = Api::new()
        .method("GET /short", integration(), json!({}))
        .method("GET /none", integration(), json!({}))
        .method("GET /off", integration(), json!({}))
        .cached(&[
            ttl("/short", 1),
            ttl("/none", 0),
            setting("/off", "GET", json!({"CachingEnabled": false})),
        ]);
    let served = Served::on_shards(&api);
    for path in ["/s/none", "/s/off"] {
        assert_ne!(served.get(path, "").text(), served.get(path, "").text(), "{path}");
    }
    let started = std::time::Instant::now();
    let first = served.get("/s/short", "").text().to_owned();
    let mut hits = 0;
    while served.get("/s/short", "").text() == first {
        hits += 1;
        assert!(started.elapsed() < crate::support::PATIENCE, "it never expires");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    assert!(started.elapsed().as_millis() >= 1_000, "{:?}", started.elapsed());
    assert!(hits > 0);
}

#[test]
fn mock_answers_are_kept_as_they_were() {
    let api = Api::new().method("GET /m", mock("before"), ok_response());
    let served = Served::start(&api.clone().cached(&[]));
    let first = served.get("/s/m", "");
    let second = served.get("/s/m", "");
    assert_eq!((first.text(), second.text()), ("before", "before"));
    for name in ["x-amzn-requestid", "x-amz-apigw-id"] {
        assert_ne!(first.header(name), second.header(name), "{name} is the request's own");
    }
    assert_eq!(served.metric(&["gateway_cache_requests_total", "hit"]), 1.0);
    assert_eq!(served.metric(&["gateway_cache_requests_total", "miss"]), 1.0);
}

#[test]
fn memory_is_bounded_and_hits_go_on() {
    const BODY_BYTES: usize = 64 * 1024;
    const KEYS: usize = 400;
    let backend = Backend::canned(Answer::ok("text/plain", &[b'x'; BODY_BYTES]));
    let api = keyed(&backend, &["method.request.path.p"]);
    let args = ["--shards", "2"];
    let served = Served::start_with(&api, "[cache]\nbytes_max = \"2MiB\"\n", &args);
    let mut client = served.client();
    let mut get = |path: &str| {
        client.send(&request("GET", path, ""));
        assert_eq!(client.response().body.len(), BODY_BYTES);
    };
    for key in 0..50 {
        get(&format!("/s/k/warm{key}"));
    }
    let before = resident_kib(served.gateway.pid());
    for key in 0..KEYS {
        get(&format!("/s/k/{key}"));
        get("/s/k/hot");
    }
    let grown = resident_kib(served.gateway.pid()).saturating_sub(before);
    assert!(grown < 8 * 1024, "{grown} KiB more for {} KiB of answers", KEYS * BODY_BYTES / 1024);
    let hot = backend.requests().iter().filter(|r| r.target() == "/hot").count();
    assert!(hot < KEYS / 4, "{hot} calls for an entry that is always in use");
    let calls = backend.requests().len();
    get("/s/k/hot");
    get("/s/k/hot");
    assert!(backend.requests().len() <= calls + 1);
}

#[test]
fn without_authorization_required_a_client_replaces_the_entry_for_all() {
    let backend = counting();
    let anyone = json!({"CachingEnabled": true, "RequireAuthorizationForCacheControl": false});
    let integration = proxy(&format!("{}/x", backend.url()), "GET", &[]);
    let api = Api::new().method("GET /a", integration, json!({}));
    let served = Served::on_shards(&api.cached(&[setting("/a", "GET", anyone)]));
    let mut others: Vec<Client> = (0..16).map(|_| served.client()).collect();
    let mut all = |expected: &str| {
        for client in &mut others {
            client.send(&request("GET", "/s/a", ""));
            assert_eq!(client.response().text(), expected);
        }
    };
    all("1");
    assert_eq!(served.get("/s/a", "Cache-Control: max-age=0\r\n").text(), "2");
    all("2");
    assert_eq!(served.get("/s/a", "Cache-Control: no-cache\r\n").text(), "2", "says nothing to us");
    assert_eq!(served.get("/s/a", "Pragma: x\r\nCache-Control: a, MAX-AGE=0 ,b\r\n").text(), "3");
    all("3");
}

#[test]
fn a_failed_refill_leaves_the_entry() {
    let answers = Mutex::new(vec![Answer::Close(Vec::new()), Answer::ok("text/plain", b"first")]);
    let backend =
        Backend::start(move |_| answers.lock().unwrap().pop().unwrap_or(Answer::Close(Vec::new())));
    let anyone = json!({"CachingEnabled": true, "RequireAuthorizationForCacheControl": false});
    let integration = proxy(&format!("{}/x", backend.url()), "GET", &[]);
    let api = Api::new().method("GET /a", integration, json!({}));
    let served = Served::start(&api.cached(&[setting("/a", "GET", anyone)]));
    assert_eq!(served.get("/s/a", "").text(), "first");
    assert_eq!(served.get("/s/a", "Cache-Control: max-age=0\r\n").status, 504);
    assert_eq!(served.get("/s/a", "").text(), "first");
}

#[test]
fn entries_outlive_a_reload_but_not_a_deployment_or_another_size() {
    let backend = counting();
    let integration = proxy(&format!("{}/x", backend.url()), "GET", &[]);
    let api = Api::new().method("GET /a", integration, json!({})).cached(&[]);
    let served = Served::on_shards(&api);
    let text = || served.get("/s/a", "").text().to_owned();
    assert_eq!(text(), "1");
    let more = api.clone().method("GET /m", mock("x"), ok_response());
    served.reload(&more);
    assert_eq!((served.get("/s/m", "").text(), &*text()), ("x", "1"));
    let settings: Vec<Value> = vec![setting(
        "/a",
        "GET",
        json!({"CachingEnabled": true, "ThrottlingRateLimit": 99.0, "ThrottlingBurstLimit": 99}),
    )];
    served.reload(&more.clone().cached(&settings));
    assert_eq!(text(), "1");
    served.reload(&more.clone().deployment("Other"));
    assert_eq!(text(), "2", "another deployment");
    served.reload(&more);
    assert_eq!(text(), "1", "and back");
    served.reload(&more.clone().stage(json!({"CacheClusterSize": "1.6"})));
    let texts = (text(), text());
    // The bound of the process is below both sizes: the cache is the same.
    assert_eq!(texts, ("1".into(), "1".into()));
    served.reload(&more.stage(json!({"CacheClusterEnabled": false})));
    assert_ne!(text(), text());
}
