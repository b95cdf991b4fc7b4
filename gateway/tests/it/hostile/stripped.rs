//! Rows 7, 9, 10, 13 and 14: what does not reach the backend, and what is not believed.

use super::Hostile;
use crate::support::{Backend, Received};

#[track_caller]
fn arrives(backend: &Backend, hostile: &Hostile, request: &str) -> Received {
    let count = backend.requests().len();
    assert_eq!(hostile.ask(request.as_bytes()).status, 200, "{request:?}");
    backend.wait_requests(count + 1).swap_remove(count)
}

#[test]
fn trailers_and_chunk_extensions() {
    let backend = Backend::echo();
    let hostile = Hostile::start(&backend, "");
    let head = "POST /s/a HTTP/1.1\r\nHost: a\r\nTrailer: Authorization\r\nTransfer-Encoding: chunked\r\n\r\n";
    let trailers =
        "Authorization: Basic eDp4\r\nContent-Length: 3\r\nHost: evil\r\nX-Any: 1\r\n\r\n";
    let seen =
        arrives(&backend, &hostile, &format!("{head}5;a=b;c=\"d\"\r\nhello\r\n0;e\r\n{trailers}"));
    assert_eq!(seen.body, b"hello");
    for text in [&seen.head, &seen.raw_body] {
        let text = String::from_utf8_lossy(text).to_lowercase();
        for part in ["authorization", "evil", "x-any", "trailer", ";a", ";e"] {
            assert!(!text.contains(part), "{part} in {text:?}");
        }
    }
    // The same, piece by piece: now the body is pumped.
    let mut client = hostile.client();
    client.send(head.as_bytes());
    for piece in [
        "5;a=b\r\nhel",
        "lo\r\n",
        "6\r\n world\r\n0;e\r\n",
        "Authorization: Basic eDp4\r\nX-Any: 1\r\n\r\n",
    ] {
        client.send(piece.as_bytes());
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    assert_eq!(client.response().status, 200);
    let seen = backend.wait_requests(2).swap_remove(1);
    assert_eq!(seen.body, b"hello world");
    let text = String::from_utf8_lossy(&seen.raw_body).to_lowercase();
    assert!(!text.contains("authorization") && !text.contains(';'), "{text:?}");
    assert!(text.ends_with("0\r\n\r\n"), "{text:?}");
}

#[test]
fn hop_by_hop_fields_stay_and_no_option_strips_another() {
    let backend = Backend::echo();
    let hostile = Hostile::start(&backend, "");
    let seen = arrives(
        &backend,
        &hostile,
        "GET /s/a HTTP/1.1\r\nHost: a\r\nConnection: X-Mine, close\r\nKeep-Alive: timeout=9\r\nTE: trailers\r\n\
         Proxy-Authorization: Basic eA==\r\nProxy-Connection: keep-alive\r\nUpgrade: x\r\nX-Mine: stays\r\n\r\n",
    );
    assert_eq!(seen.header("x-mine").as_deref(), Some("stays"));
    for name in ["keep-alive", "te", "proxy-authorization", "proxy-connection", "upgrade"] {
        assert_eq!(seen.header(name), None, "{name}");
    }
    assert_eq!(seen.header("connection").as_deref(), Some("keep-alive"), "ours, not the client's");
}

#[test]
fn underscores_are_passed_and_never_merged() {
    let backend = Backend::echo();
    let hostile = Hostile::start(&backend, "");
    let seen = arrives(
        &backend,
        &hostile,
        "GET /s/a HTTP/1.1\r\nHost: a\r\nX-Api-User: hyphen\r\nX_Api_User: underscore\r\n\r\n",
    );
    assert_eq!(seen.header("x-api-user").as_deref(), Some("hyphen"));
    assert_eq!(seen.header("x_api_user").as_deref(), Some("underscore"));
    // One that looks like framing is no framing.
    let seen = arrives(
        &backend,
        &hostile,
        "POST /s/a HTTP/1.1\r\nHost: a\r\nContent_Length: 3\r\nContent-Length: 5\r\n\r\nhello",
    );
    assert_eq!(seen.body, b"hello");
}

#[test]
fn forwarded_addresses_are_appended_to_and_not_trusted() {
    let backend = Backend::echo();
    let hostile = Hostile::start(&backend, "");
    let seen = arrives(
        &backend,
        &hostile,
        "GET /s/a HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 10.9.8.7\r\nX-Forwarded-For: 1.2.3.4, 5.6.7.8\r\n\
         X-Forwarded-Proto: https\r\nX-Forwarded-Port: 443\r\n\r\n",
    );
    let values: Vec<_> = seen
        .headers()
        .into_iter()
        .filter(|(n, _)| n.eq_ignore_ascii_case("x-forwarded-for"))
        .collect();
    assert_eq!(values.len(), 1, "{values:?}");
    assert_eq!(values[0].1, "10.9.8.7, 1.2.3.4, 5.6.7.8, 127.0.0.1");
    assert_eq!(seen.header("x-forwarded-proto").as_deref(), Some("http"));
    let port = hostile.gateway.addr().port().to_string();
    assert_eq!(seen.header("x-forwarded-port"), Some(port));
}
