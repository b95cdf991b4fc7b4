//! Flushing a stage's cache on the ops address.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::channel;

use serde_json::json;

use super::api::{Api, Served, mock, ok_response, proxy, request};
use crate::support::{Answer, Backend, PATIENCE};

fn cached(backend: &Backend) -> Api {
    let integration = proxy(&format!("{}/x", backend.url()), "GET", &[]);
    Api::new().method("GET /a", integration, json!({})).cached(&[])
}

#[test]
fn after_a_flush_no_shard_answers_what_was_before() {
    const FLUSHES: u64 = 40;
    let version = Arc::new(AtomicU64::new(0));
    let of_backend = version.clone();
    let backend = Backend::start(move |_| {
        Answer::ok("text/plain", of_backend.load(Ordering::SeqCst).to_string().as_bytes())
    });
    let served = Served::on_shards(&cached(&backend));
    let (flushed, is_over) = (AtomicU64::new(0), AtomicBool::new(false));
    let answered = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for _ in 0..12 {
            scope.spawn(|| {
                let mut client = served.client();
                while !is_over.load(Ordering::SeqCst) {
                    let oldest = flushed.load(Ordering::SeqCst);
                    client.send(&request("GET", "/s/a", ""));
                    let response = client.response();
                    let seen: u64 = response.text().parse().unwrap();
                    if seen < oldest {
                        is_over.store(true, Ordering::SeqCst);
                        panic!("{seen} after the flush of {oldest}");
                    }
                    answered.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
        for count in 1..=FLUSHES {
            // Some answers between two flushes, so that all shards have the entry.
            let before = answered.load(Ordering::SeqCst);
            super::api::wait_until("answers", || {
                is_over.load(Ordering::SeqCst) || answered.load(Ordering::SeqCst) > before + 50
            });
            version.store(count, Ordering::SeqCst);
            served.flush();
            flushed.store(count, Ordering::SeqCst);
        }
        is_over.store(true, Ordering::SeqCst);
    });
    let calls = backend.requests().len() as u64;
    assert!(calls > FLUSHES, "{calls}");
    assert!(calls < answered.into_inner(), "most are hits");
}

#[test]
fn a_call_begun_before_a_flush_is_not_kept() {
    let (go, wait) = channel::<()>();
    let wait = Mutex::new(wait);
    let backend = Backend::start(move |received| {
        if received.header("x-first").is_none() {
            return Answer::ok("text/plain", b"new");
        }
        let _ = wait.lock().unwrap().recv_timeout(PATIENCE);
        Answer::ok("text/plain", b"old")
    });
    let served = Served::on_shards(&cached(&backend));
    let mut first = served.client();
    first.send(&request("GET", "/s/a", "X-First: 1\r\n"));
    backend.wait_requests(1);
    let mut waiting: Vec<_> = (0..20).map(|_| served.client()).collect();
    waiting.iter_mut().for_each(|client| client.send(&request("GET", "/s/a", "")));
    served.flush();
    // Whoever comes after the flush does not wait for a call that began before it.
    assert_eq!(served.get("/s/a", "").text(), "new");
    go.send(()).unwrap();
    assert_eq!(first.response().text(), "old");
    for client in &mut waiting {
        let response = client.response();
        assert_eq!((response.status, response.text()), (200, "new"));
    }
    assert_eq!(served.get("/s/a", "").text(), "new");
}

#[test]
fn what_cannot_be_flushed_says_why() {
    let api = Api::new().method("GET /m", mock("x"), ok_response());
    let served = Served::start(&api);
    let check = |verb: &str, path: &str, status: u16, text: &str| {
        let response = served.ops(verb, path);
        assert_eq!(response.status, status, "{verb} {path}: {response:?}");
        assert!(response.text().contains(text), "{verb} {path}: {response:?}");
        response
    };
    let whole = "/restapis/api/stages/s/cache/data";
    // A stage without a cache: there is nothing that could be stale.
    check("DELETE", whole, 202, "");
    let response = check("GET", whole, 405, "use DELETE");
    assert_eq!(response.header("allow"), Some("DELETE"));
    check("POST", whole, 405, "use DELETE");
    check("DELETE", "/restapis/nope/stages/s/cache/data", 404, "Invalid API identifier specified");
    check(
        "DELETE",
        "/restapis/api/stages/nope/cache/data",
        404,
        "Invalid stage identifier specified",
    );
    for path in [
        "/restapis/",
        "/restapis/api",
        "/restapis/api/stages/s/cache",
        "/restapis/api/stages/s/cache/data/",
        "/restapis/api/stages/s/cache/other",
    ] {
        check("DELETE", path, 404, "DELETE /restapis/{id}/stages/{stage}/cache/data");
    }
}
