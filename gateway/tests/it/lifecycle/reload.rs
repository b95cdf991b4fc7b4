//! `SIGHUP` and changed files: a new definition serves, a bad one does not, and no request is lost.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::{answering, metric, replace};
use crate::hostile::{Hostile, get};
use crate::support::{Answer, Backend, Client, Gateway, PATIENCE};

const SUCCESSFUL: &str = "gateway_config_last_reload_successful";

/// Waits until `/s/mock` answers `text`.
#[track_caller]
fn wait_for(gateway: &Gateway, text: &str) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let response = Client::get(gateway.addr(), "/s/mock");
        assert_eq!(response.status, 200, "{response:?}");
        if response.text() == text {
            return;
        }
        assert!(Instant::now() < deadline, "still {}:\n{}", response.text(), gateway.stderr());
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// What a bad definition must not do, and what it says, however it is noticed.
#[track_caller]
fn check(notice: impl Fn(&Gateway), config: &str) {
    let backend = Backend::echo();
    let hostile = Hostile::start(&backend, config);
    let gateway = &hostile.gateway;
    wait_for(gateway, "ok");
    assert_eq!(metric(gateway.ops_addr(), SUCCESSFUL), 1.0);
    let mut kept = hostile.client();
    kept.send(&get("/s/mock"));
    assert_eq!(kept.response().text(), "ok");

    replace(gateway.template(), &answering(&backend.url(), "second"));
    notice(gateway);
    wait_for(gateway, "second");
    kept.send(&get("/s/mock"));
    assert_eq!(kept.response().text(), "second", "also on a connection that was there");

    // A wrong word, text that is no YAML, no file at all: the last good definition stays.
    let wrong = answering(&backend.url(), "third").replace("HttpMethod: ANY", "HttpMethodd: ANY");
    for (count, text) in [(1, Some(&*wrong)), (2, Some("Resources: [")), (3, None)] {
        match text {
            Some(text) => replace(gateway.template(), text),
            None => std::fs::remove_file(gateway.template()).unwrap(),
        }
        notice(gateway);
        gateway.wait_for_stderr("Not reloaded", count);
        assert_eq!(metric(gateway.ops_addr(), SUCCESSFUL), 0.0);
        wait_for(gateway, "second");
    }
    let log = gateway.stderr();
    assert!(log.contains("HttpMethodd"), "{log}");
    assert!(log.contains("template.yaml:"), "with its place:\n{log}");

    replace(gateway.template(), &answering(&backend.url(), "fourth"));
    notice(gateway);
    wait_for(gateway, "fourth");
    assert_eq!(metric(gateway.ops_addr(), SUCCESSFUL), 1.0);
}

#[test]
fn a_hangup_reloads() {
    check(|gateway| gateway.signal(Signal::HUP), "[reload]\nwatch = false\n");
}

#[test]
fn a_changed_file_reloads() {
    check(|_| {}, "[reload]\ndebounce = \"50ms\"\n");
}

#[test]
fn a_request_in_flight_keeps_its_snapshot() {
    let (go, wait) = mpsc::channel::<()>();
    let wait = Mutex::new(wait);
    let backend = Backend::start(move |received| {
        if received.target() == "/slow" {
            let _ = wait.lock().unwrap().recv_timeout(PATIENCE);
        }
        Answer::ok("text/plain", b"done")
    });
    let hostile = Hostile::start(&backend, "[reload]\nwatch = false\n");
    let mut client = hostile.client();
    client.send(&get("/s/slow"));
    backend.wait_requests(1);
    // Afterwards no route leads to the backend.
    let text = answering(&backend.url(), "new").replace("{proxy+}", "{proxy}x");
    let text = text.replace("PathPart: \"{proxy}x\"", "PathPart: \"gone\"");
    let text = text.replace("method.request.path.proxy: true", "method.request.path.proxy: false");
    let text = text.replace(
        "integration.request.path.proxy: method.request.path.proxy",
        "integration.request.path.proxy: \"'x'\"",
    );
    replace(hostile.gateway.template(), &text);
    hostile.gateway.signal(Signal::HUP);
    wait_for(&hostile.gateway, "new");
    assert_eq!(hostile.ask(&get("/s/slow")).status, 403);
    go.send(()).unwrap();
    let response = client.response();
    assert_eq!((response.status, response.text()), (200, "done"));
    client.send(&get("/s/slow"));
    assert_eq!(client.response().status, 403, "the next request sees the new definition");
}

#[test]
fn reloads_under_load_lose_nothing() {
    const RELOADS: usize = 15;
    let backend = Backend::canned(Answer::ok("text/plain", b"proxied"));
    let hostile = Hostile::start_with(&backend, "[reload]\nwatch = false\n", &["--shards", "2"]);
    let is_over = AtomicBool::new(false);
    let (sent, received) = (AtomicU64::new(0), AtomicU64::new(0));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut client = hostile.client();
                while !is_over.load(Ordering::SeqCst) {
                    sent.fetch_add(3, Ordering::SeqCst);
                    client.send(&[get("/s/mock"), get("/s/a"), get("/s/mock")].concat());
                    for _ in 0..3 {
                        let response = client.response();
                        assert_eq!(response.status, 200, "{response:?}");
                        assert_eq!(response.header("connection"), Some("keep-alive"));
                        received.fetch_add(1, Ordering::SeqCst);
                    }
                }
            });
        }
        for count in 1..=RELOADS {
            let text = answering(&backend.url(), &format!("v{count}"));
            replace(hostile.gateway.template(), &text);
            hostile.gateway.signal(Signal::HUP);
            std::thread::sleep(Duration::from_millis(200));
        }
        is_over.store(true, Ordering::SeqCst);
    });
    wait_for(&hostile.gateway, &format!("v{RELOADS}"));
    let (sent, received) = (sent.into_inner(), received.into_inner());
    let log = hostile.gateway.stderr();
    let reloads = log.matches("Reloaded").count();
    println!("{received} responses to {sent} requests over {reloads} reloads");
    assert_eq!(sent, received);
    assert!(sent > 100, "{sent}");
    // Signals that come while one is worked off are one; most do not.
    assert!(reloads > RELOADS / 3, "{log}");
    assert!(!log.contains("Not reloaded"), "{log}");
}
