//! Bodies that make a key, and answers that are not for everybody.

use std::collections::HashMap;
use std::sync::Mutex;

use serde_json::json;

use super::api::{Api, Served, ok_response, proxy, request, setting};
use super::cache::{answer, counting};
use crate::support::{Answer, Backend, Client};

/// Sends `POST /s/a` with the body behind its head, or when the gateway waits for it.
fn send(client: &mut Client, body: &[u8], is_late: bool, lines: &str) {
    if !is_late || body.is_empty() {
        return client.send(&[request("POST", "/s/a", lines), body.to_vec()].concat());
    }
    client.send(&request("POST", "/s/a", &format!("Expect: 100-continue\r\n{lines}")));
    assert_eq!(client.response().status, 100);
    let (first, rest) = body.split_at(body.len() / 2);
    client.send(first);
    client.send(rest);
}

#[test]
fn a_body_that_a_mapping_reads_reaches_the_backend_whole() {
    let backend = Backend::echo();
    for kind in ["HTTP_PROXY", "HTTP"] {
        let mapped = [("header.X-Id", "method.request.body.id")];
        let mut integration = proxy(&format!("{}/x", backend.url()), "POST", &mapped);
        integration["Type"] = json!(kind);
        integration["IntegrationResponses"] = json!([{"StatusCode": "200"}]);
        let served = Served::start(&Api::new().method("POST /a", integration, ok_response()));
        let mut client = served.client();
        // The content looks like framing, in case that it is taken for it.
        let text = r#"{"id":"7","x":"5 hello 0 GET /other HTTP/1.1"}"#.to_owned();
        for is_late in [false, true] {
            let length = format!("Content-Length: {}\r\n", text.len());
            let (first, rest) = text.split_at(9);
            let chunked =
                format!("{:x}\r\n{first}\r\n{:x}\r\n{rest}\r\n0\r\n\r\n", first.len(), rest.len());
            for (lines, body) in [(&*length, &text), ("Transfer-Encoding: chunked\r\n", &chunked)] {
                let before = backend.requests().len();
                send(&mut client, body.as_bytes(), is_late, lines);
                let response = client.response();
                assert_eq!(response.status, 200, "{kind} {is_late} {lines}: {response:?}");
                let requests = backend.requests();
                assert_eq!(requests.len(), before + 1, "{kind} {is_late} {lines}");
                let last = &requests[before];
                assert!(last.is_whole && last.body == text.as_bytes(), "{last:?}");
                assert_eq!(last.header("x-id").as_deref(), Some("7"));
            }
        }
    }
}

#[test]
fn a_mapping_of_the_body_makes_the_key() {
    let backend = counting();
    let mut integration = proxy(
        &format!("{}/x", backend.url()),
        "POST",
        &[("header.X-Id", "method.request.body.id")],
    );
    integration["CacheKeyParameters"] = json!(["integration.request.header.X-Id"]);
    let api = Api::new().method("POST /a", integration, json!({}));
    let served =
        Served::start(&api.cached(&[setting("/a", "POST", json!({"CachingEnabled": true}))]));
    let texts =
        [r#"{"id":"1"}"#, r#"{"id":"2"}"#, r#"{"x":0,"id":"1"}"#, "{}", "", r#"{"id":"2"}"#];
    for is_late in [false, true] {
        let mut client = served.client();
        let answers = texts.map(|body| {
            send(
                &mut client,
                body.as_bytes(),
                is_late,
                &format!("Content-Length: {}\r\n", body.len()),
            );
            client.response().text().to_owned()
        });
        assert_eq!(answers, ["1", "2", "1", "3", "3", "2"]);
    }
}

#[test]
fn a_mapping_does_not_hide_that_an_answer_is_for_one_client() {
    let answers = [
        ("ok", answer(200, &[], "ok"), true),
        ("cookie", answer(200, &[("Set-Cookie", "a=b")], "x"), false),
        ("private", answer(200, &[("Cache-Control", "private")], "x"), false),
        ("part", answer(206, &[], "x"), false),
        ("large", answer(200, &[("Set-Cookie", "a=b")], &"x".repeat(200_000)), false),
    ];
    let by_path: HashMap<String, Answer> =
        answers.iter().map(|(path, answer, _)| (format!("/{path}"), answer.clone())).collect();
    let backend = Backend::start(move |received| by_path[&received.target()].clone());
    let mut integration =
        proxy(&format!("{}/{{p}}", backend.url()), "GET", &[("path.p", "method.request.path.p")]);
    integration["Type"] = json!("HTTP");
    integration["CacheKeyParameters"] = json!(["method.request.path.p"]);
    integration["IntegrationResponses"] = json!([{"StatusCode": "200"}]);
    let mut more = ok_response();
    more["RequestParameters"] = json!({"method.request.path.p": true});
    let served = Served::start(&Api::new().method("GET /k/{p}", integration, more).cached(&[]));
    for (path, _, is_kept) in &answers {
        for _ in 0..3 {
            let response = served.get(&format!("/s/k/{path}"), "");
            assert_eq!((response.status, response.header("set-cookie")), (200, None), "{path}");
        }
        let target = format!("/{path}");
        let calls = backend.requests().iter().filter(|r| r.target() == target).count();
        assert_eq!(calls, if *is_kept { 1 } else { 3 }, "{path}");
    }
}

#[test]
fn an_encoded_answer_is_for_those_who_accept_it() {
    let count = Mutex::new(0);
    let backend = Backend::start(move |received| {
        let mut count = count.lock().unwrap();
        *count += 1;
        let text = count.to_string();
        let is_forced = received.target() == "/forced";
        match received.header("accept-encoding") {
            None if !is_forced => answer(200, &[], &text),
            _ => answer(200, &[("Content-Encoding", "gzip")], &text),
        }
    });
    let integration = |path: &str, key: &[&str]| {
        let mut integration = proxy(&format!("{}/{path}", backend.url()), "GET", &[]);
        integration["CacheKeyParameters"] = json!(key);
        integration
    };
    let keyed = "method.request.header.Accept-Encoding";
    let declared = json!({"RequestParameters": {keyed: false}});
    let api = Api::new()
        .method("GET /a", integration("x", &[]), json!({}))
        .method("GET /b", integration("x", &[keyed]), declared)
        .method("GET /c", integration("forced", &[]), json!({}));
    let served = Served::start(&api.cached(&[]));
    let get = |path: &str, lines: &str| served.get(path, lines).text().to_owned();
    let gzip = "Accept-Encoding: gzip\r\n";
    let first = served.get("/s/a", gzip);
    assert_eq!((first.text(), first.header("content-encoding")), ("1", None), "asked for plainly");
    assert_eq!([get("/s/a", gzip), get("/s/a", "")], ["1", "1"]);
    assert_eq!([get("/s/b", gzip), get("/s/b", gzip)], ["2", "2"]);
    assert_eq!([get("/s/b", ""), get("/s/b", "")], ["3", "3"]);
    assert_eq!(
        [get("/s/c", gzip), get("/s/c", gzip)],
        ["4", "5"],
        "encoded all the same: not kept"
    );
}
