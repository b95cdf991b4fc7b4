//! What serves on io_uring serves on epoll.

use std::time::Duration;

use rustix::process::Signal;

use crate::hostile::{Hostile, get};
use crate::support::{Answer, Backend};

#[track_caller]
fn check(driver: &str) {
    let large = vec![b'x'; 4 << 20];
    let length = large.len();
    let large = Answer::ok("text/plain", &large);
    let backend = Backend::start(move |received| match &*received.target() {
        "/large" => large.clone(),
        "/short" => Answer::Never,
        "/garbage" => Answer::Close(b"garbage\r\n\r\n".to_vec()),
        _ => Answer::ok("text/plain", &received.body),
    });
    let config = "[timeouts]\nclient_header = \"400ms\"\n";
    let hostile = Hostile::start_with(&backend, config, &["--driver", driver]);
    assert!(
        hostile.gateway.stderr().contains(&format!("driver={driver}")),
        "{}",
        hostile.gateway.stderr()
    );
    let mut client = hostile.client();
    let body = "b".repeat(100_000);
    let head = "POST /s/a HTTP/1.1\r\nHost: a\r\n";
    client.send(format!("{head}Content-Length: {}\r\n\r\n{body}", body.len()).as_bytes());
    assert_eq!(client.response().text(), body);
    client.send(format!("{head}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n").as_bytes());
    std::thread::sleep(Duration::from_millis(20));
    client.send(b"2\r\nde\r\n0\r\n\r\n");
    assert_eq!(client.response().text(), "abcde");
    client.send(b"HEAD /s/a HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(client.response_to("HEAD").status, 200);
    client.send(&[get("/s/mock"), get("/s/a"), get("/nope"), get("/s/mock")].concat());
    for status in [200, 200, 403, 200] {
        assert_eq!(client.response().status, status);
    }
    client.send(&get("/s/large"));
    assert_eq!(client.response().body.len(), length);
    for path in ["/s/short", "/s/garbage"] {
        client.send(&get(path));
        assert_eq!(client.response().status, 504, "{path}");
    }
    // Longer than a buffer is held for a connection that may have another request.
    for pause_ms in [100, 190, 200, 210, 500] {
        std::thread::sleep(Duration::from_millis(pause_ms));
        client.send(&get("/s/a"));
        assert_eq!(client.response().status, 200, "after {pause_ms} ms");
    }
    let mut slow = hostile.client();
    slow.send(b"GET /s/a HT");
    assert!(slow.is_closed());
    let mut wrong = hostile.client();
    wrong.send(b"GET /s/a HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\n");
    assert_eq!(wrong.response().status, 400);
    assert!(wrong.is_closed());
    hostile.gateway.signal(Signal::TERM);
    assert!(client.is_closed());
    let stopped = hostile.gateway.ended();
    assert_eq!(stopped.code, Some(0), "{}", stopped.stderr);
}

#[test]
fn epoll_serves() {
    check("epoll");
}

/// Where the kernel forbids io_uring this test says so: `auto` is then epoll, which is tested above.
#[test]
fn io_uring_serves() {
    let probe = crate::support::Backend::echo();
    let hostile = Hostile::start(&probe, "");
    let log = hostile.gateway.stderr();
    drop(hostile);
    if log.contains("io_uring is not available") {
        println!("left out: io_uring is not available here");
        return;
    }
    check("io_uring");
}
