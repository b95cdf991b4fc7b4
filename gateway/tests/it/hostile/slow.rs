//! Row 23: clients that are slow on purpose are closed by a deadline, and nobody else notices.

use std::io::{Read, Write};
use std::time::{Duration, Instant};

use super::{Hostile, Mortal, get};
use crate::support::{Answer, Backend, Client, PATIENCE};

/// Deadlines short enough to wait for.
const SHORT: &str = "[timeouts]\nclient_header = \"500ms\"\nclient_body = \"500ms\"\nsend = \"500ms\"\n\
                     keep_alive = \"600ms\"\n";

/// Sends a byte at a time until the peer closes; says how long it took.
#[track_caller]
fn drip(client: &mut Client, bytes: impl Iterator<Item = u8>) -> Duration {
    let started = Instant::now();
    client.stream().set_read_timeout(Some(Duration::from_millis(25))).unwrap();
    for byte in bytes {
        let is_sent = client.try_send(&[byte]).is_ok();
        // Waits a moment for the end, which is what this is about.
        let is_over = match client.stream().read(&mut [0; 512]) {
            Ok(0) => true,
            Ok(_) => false,
            Err(error) => !matches!(
                error.kind(),
                std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut
            ),
        };
        if !is_sent || is_over {
            return started.elapsed();
        }
        assert!(started.elapsed() < PATIENCE, "still open");
    }
    panic!("all was sent in {:?}", started.elapsed())
}

#[test]
fn a_head_by_the_byte() {
    let backend = Backend::echo();
    let hostile = Hostile::start(&backend, SHORT);
    let baseline = hostile.descriptors();
    std::thread::scope(|scope| {
        for start in ["", "GET /s/a HT", "GET /s/a HTTP/1.1\r\nHost: a\r\n"] {
            let mut client = hostile.client();
            scope.spawn(move || {
                client.send(start.as_bytes());
                let endless = b"G".iter().chain(std::iter::repeat(&b'x')).copied();
                let bytes: Box<dyn Iterator<Item = u8>> = if start.is_empty() {
                    Box::new(endless)
                } else {
                    Box::new("X: y\r\n".bytes().cycle())
                };
                let took = drip(&mut client, bytes);
                assert!(took < Duration::from_secs(10), "{took:?} for {start:?}");
            });
        }
        for _ in 0..10 {
            hostile.assert_serves();
        }
    });
    assert!(backend.requests().is_empty());
    hostile.wait_descriptors(baseline);
}

#[test]
fn a_body_by_the_byte() {
    let backend = Backend::echo();
    let hostile = Hostile::start(&backend, SHORT);
    let baseline = hostile.descriptors();
    std::thread::scope(|scope| {
        // Each byte comes well within the time of one piece: it is the rate that is too low. The last
        // one's body is dropped, not forwarded.
        for (path, lines, body) in [
            ("/s/a", "Content-Length: 100000", "x"),
            ("/s/a", "Transfer-Encoding: chunked", "1\r\nx\r\n"),
            ("/s/whole", "Content-Length: 100000\r\nContent-Type: application/json", "x"),
            ("/s/mock", "Content-Length: 60000", "x"),
        ] {
            let mut client = hostile.client();
            scope.spawn(move || {
                client
                    .send(format!("POST {path} HTTP/1.1\r\nHost: a\r\n{lines}\r\n\r\n").as_bytes());
                let took = drip(&mut client, body.bytes().cycle());
                assert!(took < Duration::from_secs(10), "{took:?} for {path} {lines}");
            });
        }
        for _ in 0..10 {
            hostile.assert_serves();
        }
    });
    assert!(backend.requests().iter().all(|r| !r.is_whole), "{:?}", backend.requests());
    hostile.wait_descriptors(baseline);
}

#[test]
fn silence_before_and_between_requests() {
    let backend = Backend::echo();
    let hostile = Hostile::start(&backend, SHORT);
    let mut silent = hostile.client();
    let mut once = hostile.client();
    once.send(&get("/s/a"));
    assert_eq!(once.response().status, 200);
    assert!(silent.is_closed(), "never said a word");
    assert!(once.is_closed(), "idle");
}

#[test]
fn a_client_that_never_reads() {
    let backend = Backend::canned(Answer::ok("text/plain", &vec![b'x'; 16 << 20]));
    let hostile = Hostile::start(&backend, SHORT);
    let baseline = hostile.descriptors();
    let clients: Vec<_> = (0..20)
        .map(|_| {
            let mut client = hostile.client();
            client.send(&get("/s/a"));
            client
        })
        .collect();
    backend.wait_requests(20);
    hostile.assert_serves();
    // The deadline lets go of both sides while the clients are still there.
    hostile.wait_descriptors(baseline);
    for client in clients {
        let mut read = 0;
        let mut buffer = vec![0; 1 << 20];
        while let Ok(count @ 1..) = client.stream().read(&mut buffer) {
            read += count;
        }
        assert!(read < 16 << 20, "it is cut off, and that shows");
    }
}

/// The integration timeout is the backend's: a client that pauses for longer gets all of its response,
/// and one that uploads for longer gets its answer.
#[test]
fn a_slow_client_does_not_use_the_integration_timeout_up() {
    let body = vec![b'x'; 24 << 20];
    let length = body.len();
    let backend = Backend::canned(Answer::ok("text/plain", &body));
    let hostile = Hostile::start(&backend, "");
    let mut client = hostile.client();
    client.send(&get("/s/short"));
    std::thread::sleep(Duration::from_millis(2 * super::SHORT_MS));
    assert_eq!(client.response().body.len(), length);
    client.send(b"POST /s/short HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n");
    for _ in 0..10 {
        std::thread::sleep(Duration::from_millis(super::SHORT_MS / 4));
        client.send(b"x");
    }
    assert_eq!(client.response().status, 200);
}

/// The client's deadlines are about the client: none of them runs while the backend is waited for.
#[test]
fn a_slow_backend_does_not_use_the_client_s_time_up() {
    const PAUSE: Duration = Duration::from_millis(1_300);
    const LENGTH: usize = 8 << 20;
    let backend = Mortal::start(|mut stream| {
        let mut buffer = vec![0; 64 << 10];
        let mut seen = stream.read(&mut buffer).unwrap_or(0);
        let is_upload = buffer.starts_with(b"POST /a");
        std::thread::sleep(PAUSE);
        while is_upload && seen < LENGTH {
            seen += stream.read(&mut buffer).unwrap_or(LENGTH);
        }
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello");
        std::thread::sleep(PAUSE);
        let _ = stream.write_all(b"world");
    });
    let hostile = Hostile::start(&backend, SHORT);
    std::thread::scope(|scope| {
        // A head in two pieces has a deadline, which ends with the head.
        let mut client = hostile.client();
        scope.spawn(move || {
            client.send(b"GET /s/a HTTP/1.1\r\nHost: a\r\n");
            std::thread::sleep(Duration::from_millis(50));
            client.send(b"\r\n");
            assert_eq!(client.response().text(), "helloworld");
        });
        let mut client = hostile.client();
        scope.spawn(move || {
            let head = format!("POST /s/a HTTP/1.1\r\nHost: a\r\nContent-Length: {LENGTH}\r\n\r\n");
            client.send(head.as_bytes());
            client.send(&vec![b'x'; LENGTH]);
            assert_eq!(client.response().text(), "helloworld");
        });
        // A body that is buffered first.
        let mut client = hostile.client();
        scope.spawn(move || {
            client.send(b"POST /s/whole HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{");
            std::thread::sleep(Duration::from_millis(50));
            client.send(b"}");
            assert_eq!(client.response().status, 200);
        });
    });
}
