//! `SIGTERM`, `SIGINT` and `kill -9`.

use std::net::TcpListener;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, mpsc};
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::hostile::{Hostile, get, template};
use crate::support::{Answer, Backend, Client, Gateway, PATIENCE};

/// One request after the other, until nobody listens; every one that was sent on a connection that had
/// been busy gets its whole response.
fn busy(hostile: &Hostile, path: &str, is_stopping: &AtomicBool, served: &AtomicU64) {
    while let Ok(mut client) = Client::try_connect(hostile.gateway.addr()) {
        for count in 0_u64.. {
            let is_sent = client.try_send(&get(path));
            match client.try_response_to("GET") {
                Ok(Some(response)) => {
                    assert_eq!(response.status, 200, "{response:?}");
                    served.fetch_add(1, Ordering::SeqCst);
                    if response.header("connection") == Some("close") {
                        assert!(is_stopping.load(Ordering::SeqCst), "closed without a reason");
                        assert!(client.is_closed());
                        break;
                    }
                }
                // A connection that the gateway has never taken from the kernel's queue.
                Ok(None) | Err(_) if count == 0 && is_stopping.load(Ordering::SeqCst) => break,
                other => panic!("request {count}, {is_sent:?}: {other:?}"),
            }
        }
    }
}

#[test]
fn a_stop_under_load_fails_no_request() {
    for signal in [Signal::TERM, Signal::INT] {
        let backend = Backend::start(|received| {
            if received.target() == "/slow" {
                std::thread::sleep(Duration::from_millis(30));
            }
            Answer::ok("text/plain", b"proxied")
        });
        let hostile = Hostile::start_with(&backend, "", &["--shards", "2"]);
        let (is_stopping, served) = (AtomicBool::new(false), AtomicU64::new(0));
        let started = Instant::now();
        std::thread::scope(|scope| {
            for path in ["/s/mock", "/s/a", "/s/a", "/s/slow", "/s/slow"] {
                let (hostile, is_stopping, served) = (&hostile, &is_stopping, &served);
                scope.spawn(move || busy(hostile, path, is_stopping, served));
            }
            std::thread::sleep(Duration::from_millis(500));
            is_stopping.store(true, Ordering::SeqCst);
            hostile.gateway.signal(signal);
        });
        let stopped = hostile.gateway.ended();
        assert_eq!(stopped.code, Some(0), "{}", stopped.stderr);
        assert!(stopped.stderr.contains("connections_cut=0"), "{}", stopped.stderr);
        println!(
            "{} responses, stopped after {:?}",
            served.load(Ordering::SeqCst),
            started.elapsed()
        );
        assert!(served.into_inner() > 20);
    }
}

#[test]
fn what_is_in_flight_finishes_and_what_is_idle_is_closed() {
    let (go, wait) = mpsc::channel::<()>();
    let wait = Mutex::new(wait);
    let backend = Backend::start(move |received| {
        if received.target() == "/slow" {
            let _ = wait.lock().unwrap().recv_timeout(PATIENCE);
        }
        if received.target() == "/late" {
            std::thread::sleep(Duration::from_millis(1_500));
        }
        Answer::ok("text/plain", b"done")
    });
    let hostile = Hostile::start(&backend, "");
    let (mut idle, mut fresh, mut slow) = (hostile.client(), hostile.client(), hostile.client());
    let mut upload = hostile.client();
    idle.send(&get("/s/a"));
    assert_eq!(idle.response().status, 200);
    slow.send(&get("/s/slow"));
    upload.send(b"POST /s/a HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n12345");
    backend.wait_requests(2);
    std::thread::sleep(Duration::from_millis(50));
    hostile.gateway.signal(Signal::TERM);
    hostile.gateway.wait_for_stderr("Draining", 1);
    // Not ready, and alive, for as long as it takes.
    let ops = hostile.gateway.ops_addr();
    let ready = Client::get(ops, "/readyz");
    assert_eq!(ready.status, 503, "{ready:?}");
    assert!(ready.text().contains("draining"), "{}", ready.text());
    assert_eq!(Client::get(ops, "/livez").status, 200);
    // One that was made a moment ago is served once more, for as long as that takes.
    fresh.send(&get("/s/late"));
    let response = fresh.response();
    assert_eq!((response.status, response.header("connection")), (200, Some("close")));
    assert!(fresh.is_closed());
    assert!(idle.is_closed());
    upload.send(b"67890");
    assert_eq!(upload.response().status, 200);
    assert!(upload.is_closed());
    go.send(()).unwrap();
    let response = slow.response();
    assert_eq!((response.status, response.text()), (200, "done"));
    assert!(slow.is_closed());
    let stopped = hostile.gateway.ended();
    assert_eq!(stopped.code, Some(0), "{}", stopped.stderr);
    assert!(stopped.stderr.contains("connections_cut=0"), "{}", stopped.stderr);
}

#[test]
fn the_drain_timeout_cuts_off() {
    let backend = Backend::canned(Answer::Never);
    let hostile = Hostile::start(&backend, "[timeouts]\ndrain_timeout = \"1s\"\n");
    let mut client = hostile.client();
    client.send(&get("/s/a"));
    backend.wait_requests(1);
    let started = Instant::now();
    hostile.gateway.signal(Signal::TERM);
    assert!(client.try_response_to("GET").is_ok_and(|r| r.is_none()) || client.is_closed());
    let stopped = hostile.gateway.ended();
    assert_eq!(stopped.code, Some(0), "{}", stopped.stderr);
    assert!(stopped.stderr.contains("connections_cut=1"), "{}", stopped.stderr);
    assert!(started.elapsed() >= Duration::from_millis(900), "{:?}", started.elapsed());
}

#[test]
fn killed_and_started_again_on_the_same_port() {
    let backend = Backend::echo();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let text = template(&backend.url());
    let start = || Gateway::start(&text, &["--listen", &port.to_string()]);
    let mut gateway = start();
    for _ in 0..3 {
        // Connections that the kill leaves in every state.
        let mut clients: Vec<_> = (0..20).map(|_| Client::connect(port)).collect();
        for client in &mut clients[10..] {
            client.send(&get("/s/a"));
            assert_eq!(client.response().status, 200);
        }
        gateway.signal(Signal::KILL);
        assert_eq!(gateway.ended().code, None);
        gateway = start();
        assert_eq!(Client::get(port, "/s/a").status, 200);
    }
}
