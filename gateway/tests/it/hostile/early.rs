//! Rows 4 and 5: bodies that nobody reads, `Expect`, answers before the end of a request, upgrades.

use std::io::{Read, Write};

use super::{Hostile, get};
use crate::support::{Answer, Backend, Client};

/// The head of a POST to a path with these lines.
fn head(path: &str, lines: &str) -> Vec<u8> {
    format!("POST {path} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n{lines}\r\n\r\n")
        .into_bytes()
}

/// The gateway answers these without the body. `/nope` reaches no stage, `/s/` no method.
const UNREAD: [(&str, u16); 3] = [("/s/mock", 200), ("/nope", 403), ("/s/", 403)];

#[test]
fn a_small_body_that_nobody_reads_is_skipped() {
    let backend = Backend::echo();
    let hostile = Hostile::start(&backend, "");
    let smuggled = get("/s/smuggled");
    let length = format!("Content-Length: {}", smuggled.len());
    for (path, status) in UNREAD {
        for pause in [false, true] {
            let mut client = hostile.client();
            client.send(&head(path, &length));
            if pause {
                assert_eq!(client.response().status, status, "{path}");
            }
            client.send(&[&smuggled[..], &get("/s/next")].concat());
            if !pause {
                assert_eq!(client.response().status, status, "{path}");
            }
            let next = client.response();
            assert!(next.text().contains("/next"), "{path}: {next:?}");
            // A whole chunked body with the head is as good.
            let body = format!("{:x}\r\n{}\r\n0\r\n\r\n", smuggled.len(), "GET ".repeat(50));
            let body = body.replace(&"GET ".repeat(50), std::str::from_utf8(&smuggled).unwrap());
            let chunked = head(path, "Transfer-Encoding: chunked");
            client.send(&[&chunked, body.as_bytes(), &get("/s/next")].concat());
            assert_eq!(client.response().status, status, "{path}");
            assert!(client.response().text().contains("/next"), "{path}");
        }
    }
    assert!(backend.requests().iter().all(|r| r.target() == "/next"), "{:?}", backend.requests());
}

#[test]
fn a_large_or_endless_body_that_nobody_reads_closes() {
    let backend = Backend::echo();
    let hostile = Hostile::start(&backend, "");
    for (path, status) in UNREAD {
        for lines in [
            "Content-Length: 1000000",
            "Transfer-Encoding: chunked",
            "Content-Length: 10\r\nExpect: 100-continue",
        ] {
            let mut client = hostile.client();
            client.send(&head(path, lines));
            let response = client.response();
            assert_eq!(response.status, status, "{path} {lines}");
            assert_eq!(response.header("connection"), Some("close"), "{path} {lines}");
            let _ = client.try_send(&get("/s/smuggled").repeat(10));
            assert!(client.is_closed(), "{path} {lines}");
        }
    }
    assert!(backend.requests().is_empty(), "{:?}", backend.requests());
    hostile.assert_serves();
}

#[test]
fn expectations() {
    let backend = Backend::echo();
    let hostile = Hostile::start(&backend, "");
    // The client reads interim answers as part of the response.
    let mut client = hostile.client();
    client.send(&head("/s/a", "Content-Length: 5\r\nExpect: 100-continue"));
    let mut interim = [0; 25];
    client.stream().read_exact(&mut interim).unwrap();
    assert_eq!(&interim, b"HTTP/1.1 100 Continue\r\n\r\n");
    client.send(b"hello");
    assert!(client.response().text().contains("hello"));
    // The body did not wait: nothing is to be continued.
    client
        .send(&[&head("/s/a", "Content-Length: 5\r\nExpect: 100-continue")[..], b"hello"].concat());
    let mut version = [0; 12];
    client.stream().read_exact(&mut version).unwrap();
    assert_eq!(&version, b"HTTP/1.1 200");
    for lines in ["Expect: 200-ok", "Expect: 100-continue, x"] {
        let mut client = hostile.client();
        client.send(&head("/s/a", &format!("Content-Length: 5\r\n{lines}")));
        let response = client.response();
        assert_eq!(response.status, 417, "{lines}: {response:?}");
        assert!(response.text().contains(r#"{"message":"Expectation Failed"}"#), "{response:?}");
        assert!(client.is_closed(), "{lines}");
    }
    // RFC 9110 section 10.1.1: an HTTP/1.0 client is not told to continue.
    let mut client = hostile.client();
    client.send(
        b"POST /s/a HTTP/1.0\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n",
    );
    std::thread::sleep(std::time::Duration::from_millis(50));
    client.send(b"hello");
    client.stream().read_exact(&mut version).unwrap();
    assert_eq!(&version, b"HTTP/1.1 200");
}

/// Answers as soon as it has a head, whatever is still to come.
fn impatient(answer: &'static [u8]) -> Backend {
    Backend::raw(move |mut stream, _| {
        let mut seen = Vec::new();
        let mut buffer = [0; 4096];
        while crate::support::find(&seen, b"\r\n\r\n").is_none() {
            match stream.read(&mut buffer) {
                Ok(count @ 1..) => seen.extend_from_slice(&buffer[..count]),
                _ => return,
            }
        }
        let _ = stream.write_all(answer);
        while matches!(stream.read(&mut buffer), Ok(1..)) {}
    })
}

#[test]
fn an_answer_during_an_upload_is_the_last() {
    for (answer, status) in [
        (&b"HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nbig"[..], 413),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nbig\r\n0\r\n\r\n", 200),
        (b"garbage\r\n\r\n", 504),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", 504),
    ] {
        let backend = impatient(answer);
        let hostile = Hostile::start(&backend, "");
        for lines in
            ["Content-Length: 1000", "Content-Length: 1000000", "Transfer-Encoding: chunked"]
        {
            let mut client = hostile.client();
            client.send(&head("/s/a", lines));
            let response = client.response();
            assert_eq!(response.status, status, "{lines}: {response:?}");
            assert_eq!(response.header("connection"), Some("close"), "{lines}");
            let _ = client.try_send(&get("/s/mock").repeat(50));
            assert!(client.is_closed(), "{lines}: a body's bytes were taken for a request");
        }
        hostile.assert_serves();
    }
}

#[test]
fn an_upgrade_is_a_plain_request() {
    let backend = Backend::echo();
    let hostile = Hostile::start(&backend, "");
    let mut client = hostile.client();
    let upgrade = "GET /s/up HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\n";
    for protocol in ["websocket", "h2c", "TLS/1.2, websocket"] {
        let head = format!("{upgrade}Upgrade: {protocol}\r\nHTTP2-Settings: AAMAAABk\r\n\r\n");
        client.send(&[head.as_bytes(), &get("/s/next")].concat());
        let response = client.response();
        assert_eq!(response.status, 200);
        assert!(!response.text().to_lowercase().contains("\"upgrade"), "{}", response.text());
        assert!(client.response().text().contains("/next"), "the bytes behind are a request");
    }
}

#[test]
fn a_backend_that_switches_protocols_is_refused() {
    let switch = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n";
    let backend = Backend::canned(Answer::Bytes(switch.to_vec()));
    let hostile = Hostile::start(&backend, "");
    let mut client: Client = hostile.client();
    client.send(b"GET /s/a HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n");
    client.send(&get("/s/a"));
    for _ in 0..2 {
        assert_eq!(client.response().status, 504);
    }
    assert_eq!(backend.connections(), 2, "the connection is not used again");
}
