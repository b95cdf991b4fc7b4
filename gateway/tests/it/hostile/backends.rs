//! Backends that die, lie, flood and stall.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use socket2::SockRef;

use super::{Hostile, Mortal, SHORT_MS, get};
use crate::support::{Answer, Backend, find};

/// Reads a request's head; `None` when the connection ends first.
fn head(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut seen = Vec::new();
    let mut byte = [0; 1024];
    while find(&seen, b"\r\n\r\n").is_none() {
        match stream.read(&mut byte) {
            Ok(count @ 1..) => seen.extend_from_slice(&byte[..count]),
            _ => return None,
        }
    }
    Some(seen)
}

/// A backend that answers each request with the beginning of `response`, one byte more each time, and
/// then ends the connection, in turn with an end and with a reset.
fn dying(response: &'static [u8]) -> Mortal {
    let offset = Arc::new(AtomicUsize::new(0));
    Mortal::start(move |mut stream| {
        if head(&mut stream).is_none() {
            return;
        }
        let turn = offset.fetch_add(1, Ordering::SeqCst);
        let _ = stream.write_all(&response[..(turn / 2).min(response.len())]);
        if turn % 2 == 1 {
            let _ = SockRef::from(&stream).set_linger(Some(Duration::ZERO));
        } else {
            let _ = stream.shutdown(Shutdown::Both);
        }
    })
}

/// Every offset at which `response` can break off. `body_at` is the length of its head.
#[track_caller]
fn check_dying(is_gathered: bool, response: &'static [u8]) {
    let backend = dying(response);
    let hostile = Hostile::start(&backend, "");
    let body_at = find(response, b"\r\n\r\n").unwrap() + 4;
    let baseline = hostile.descriptors();
    for turn in 0..2 * response.len() {
        let offset = turn / 2;
        let is_reset = turn % 2 == 1;
        let mut client = hostile.client();
        client.send(&get("/s/a"));
        let answer = client.try_response_to("GET");
        match answer {
            // Before the head is whole the client can still be told.
            Ok(Some(response)) => {
                assert_eq!(response.status, 504, "offset {offset}");
                // A reset may overtake the last bytes of a head.
                assert!(
                    offset < body_at || is_gathered || is_reset,
                    "offset {offset}: a body that broke off looks whole"
                );
            }
            // After it, breaking off is all there is.
            Err(error) => {
                assert!(offset >= body_at, "offset {offset}: {error}");
                assert_eq!(
                    error.kind(),
                    std::io::ErrorKind::UnexpectedEof,
                    "offset {offset}: {error}"
                );
            }
            Ok(None) => panic!("offset {offset}: closed without an answer"),
        }
    }
    let mut client = hostile.client();
    client.send(&get("/s/a"));
    assert_eq!(client.response().body, b"hello world", "the whole response passes");
    drop(client);
    hostile.assert_serves();
    // The last one's connection waits in the pool.
    hostile.wait_descriptors(baseline + 1);
}

#[test]
fn one_that_dies_at_every_byte() {
    // A small body of a known length is gathered first, so that even its loss can be told.
    check_dying(
        true,
        b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 11\r\n\r\nhello world",
    );
    check_dying(
        false,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;x\r\n world\r\n0\r\nX-T: 1\r\n\r\n",
    );
}

/// An HTTP/1.0 client learns the end of a chunked body from the end of the connection: a body that
/// broke off must not end in order.
#[test]
fn one_that_dies_under_an_old_client() {
    for (response, is_whole) in [
        (&b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"[..], false),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", true),
        (b"HTTP/1.1 200 OK\r\n\r\nhello", true),
    ] {
        let backend = Mortal::start(move |mut stream| {
            if head(&mut stream).is_some() {
                // In two pieces, so that the body is still open when the head leaves.
                let cut = find(response, b"hello").unwrap() + 2;
                let _ = stream.write_all(&response[..cut]);
                std::thread::sleep(Duration::from_millis(30));
                let _ = stream.write_all(&response[cut..]);
                std::thread::sleep(Duration::from_millis(30));
                let _ = stream.shutdown(Shutdown::Both);
            }
        });
        let hostile = Hostile::start(&backend, "");
        let client = hostile.client();
        let mut socket = client.stream();
        socket.write_all(b"GET /s/a HTTP/1.0\r\nHost: a\r\n\r\n").unwrap();
        let mut text = Vec::new();
        let ended = socket.read_to_end(&mut text);
        assert_eq!(ended.is_ok(), is_whole, "{ended:?}: {}", String::from_utf8_lossy(&text));
    }
}

#[test]
fn one_that_sends_what_is_no_response() {
    let long = format!("HTTP/1.1 200 OK\r\n{}\r\n", "X-Header: value\r\n".repeat(5_000));
    let line = format!("HTTP/1.1 200 OK\r\nX-Long: {}\r\n\r\n", "v".repeat(100_000));
    let phrase = format!("HTTP/1.1 200 {}\r\n\r\n", "v".repeat(100_000));
    let flood = format!(
        "{}HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\n".repeat(10_000)
    );
    let wide = format!(
        "{}HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        format!("HTTP/1.1 103 Early Hints\r\nLink: {}\r\n\r\n", "l".repeat(8_000)).repeat(50)
    );
    let texts: Vec<String> = [
        "garbage", "garbage\r\n\r\n", "\r\n\r\n", "HTTP/1.1\r\n\r\n", "HTTP/1.1 OK\r\n\r\n", "HTTP/1.1 99 X\r\n\r\n",
        "HTTP/1.1 600 X\r\n\r\n", "HTTP/1.1 2000 X\r\n\r\n", "HTTP/2.0 200 OK\r\n\r\n", "ICY 200 OK\r\n\r\n",
        "HTTP/1.1 200 OK\nContent-Length: 0\n\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nX-A : b\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX-A: b\r\n folded\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX-A: b\0c\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX-A: b\rSet-Cookie: c\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello",
        &long, &line, &phrase, &flood, &wide,
    ]
    .into_iter()
    .map(str::to_owned)
    .collect();
    let served = texts.clone();
    // The number of the answer is in the path.
    let backend = Backend::start(move |received| {
        let index: usize = received.target().trim_start_matches('/').parse().unwrap();
        Answer::Close(served[index].clone().into_bytes())
    });
    let hostile = Hostile::start(&backend, "");
    for (index, text) in texts.iter().enumerate() {
        let response = hostile.ask(&get(&format!("/s/{index}")));
        let name: String = text.chars().take(100).collect();
        assert_eq!(response.status, 504, "{name:?}: {response:?}");
        assert_eq!(response.header("set-cookie"), None, "{name:?}");
    }
    hostile.assert_serves();
}

#[test]
fn interim_responses_are_skipped() {
    let text = format!(
        "{}HTTP/1.1 103 Early Hints\r\nLink: {}\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
        "HTTP/1.1 100 Continue\r\n\r\n".repeat(3),
        "l".repeat(8_000)
    );
    let backend = Backend::canned(Answer::Bytes(text.into_bytes()));
    let hostile = Hostile::start(&backend, "");
    let mut client = hostile.client();
    for _ in 0..3 {
        client.send(&get("/s/a"));
        assert_eq!(client.response().body, b"ok");
    }
    assert_eq!(backend.connections(), 1, "the connection is used again");
}

#[test]
fn one_that_never_answers_and_one_that_resets() {
    let backend = Backend::canned(Answer::Never);
    let hostile = Hostile::start(&backend, "");
    let baseline = hostile.descriptors();
    let mut client = hostile.client();
    let started = std::time::Instant::now();
    client.send(&get("/s/short"));
    let response = client.response();
    assert_eq!(response.status, 504, "{response:?}");
    assert!(started.elapsed() >= Duration::from_millis(SHORT_MS - 50), "{:?}", started.elapsed());
    assert_ne!(response.header("connection"), Some("close"), "the client did nothing wrong");
    client.send(&get("/s/mock"));
    assert_eq!(client.response().status, 200);
    drop(client);
    hostile.wait_descriptors(baseline);

    let backend = Mortal::start(|stream| {
        SockRef::from(&stream).set_linger(Some(Duration::ZERO)).unwrap();
    });
    let hostile = Hostile::start(&backend, "");
    for _ in 0..20 {
        assert_eq!(hostile.ask(&get("/s/a")).status, 504);
    }
    hostile.assert_serves();
}

/// A backend that closes its keep-alive connection: whoever meets it is not the client.
#[test]
fn one_that_closes_idle_connections() {
    let backend = Mortal::start(|mut stream| {
        if head(&mut stream).is_some() {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
            std::thread::sleep(Duration::from_millis(20));
        }
    });
    let hostile = Hostile::start(&backend, "");
    let mut client = hostile.client();
    // At once, while the backend is closing, and after it has closed.
    for pause_ms in [0, 15, 20, 25, 60].repeat(8) {
        client.send(&get("/s/a"));
        assert_eq!(client.response().status, 200, "after {pause_ms} ms");
        std::thread::sleep(Duration::from_millis(pause_ms));
    }
    for _ in 0..10 {
        client.send(b"POST /s/a HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi");
        assert_eq!(client.response().status, 200, "a dead connection takes no POST");
        std::thread::sleep(Duration::from_millis(60));
    }
}

/// A request that is not idempotent and may have arrived is not sent again.
#[test]
fn one_that_dies_with_a_post_in_hand() {
    let posts = Arc::new(AtomicUsize::new(0));
    let counted = posts.clone();
    let backend = Mortal::start(move |mut stream| {
        while let Some(head) = head(&mut stream) {
            if head.starts_with(b"POST") {
                counted.fetch_add(1, Ordering::SeqCst);
                return;
            }
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        }
    });
    let hostile = Hostile::start(&backend, "");
    for count in 1..=5 {
        assert_eq!(hostile.ask(&get("/s/a")).status, 200, "a connection for the pool");
        let post = b"POST /s/a HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi";
        assert_eq!(hostile.ask(post).status, 504);
        assert_eq!(posts.load(Ordering::SeqCst), count);
    }
}

/// A second response, on a connection that nobody asked on, is not the next client's answer.
#[test]
fn one_that_answers_unasked() {
    for unasked in [
        &b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison"[..],
        b"HTTP/1.1 408 T\r\n\r\n",
        b"x",
    ] {
        for pause_ms in [0, 5, 30] {
            let backend = Mortal::start(move |mut stream| {
                while head(&mut stream).is_some() {
                    let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood");
                    std::thread::sleep(Duration::from_millis(pause_ms));
                    let _ = stream.write_all(unasked);
                }
            });
            let hostile = Hostile::start(&backend, "");
            let mut client = hostile.client();
            for _ in 0..3 {
                client.send(&get("/s/a"));
                let response = client.response();
                assert_eq!((response.status, response.text()), (200, "good"), "{pause_ms} ms");
                std::thread::sleep(Duration::from_millis(pause_ms + 40));
            }
        }
    }
}
