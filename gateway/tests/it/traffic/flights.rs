//! Many requests for one thing that is not cached yet: one call of the backend, whoever goes away.

use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

use serde_json::json;
use socket2::SockRef;

use super::api::{Api, Served, proxy, request, setting, wait_until};
use crate::support::{Answer, Backend, Client, PATIENCE};

/// A backend whose first answer waits for a word.
fn gated(answer: impl Fn(usize) -> Answer + Send + Sync + 'static) -> (Backend, Sender<()>) {
    let (go, wait) = channel();
    let state = Mutex::new((Some(wait), 0));
    let backend = Backend::start(move |_| {
        let (wait, count) = {
            let mut state = state.lock().unwrap();
            state.1 += 1;
            (state.0.take(), state.1)
        };
        if let Some(wait) = wait {
            // Gone, when the test is over: then it does not matter.
            let _ = wait.recv_timeout(PATIENCE);
        }
        answer(count)
    });
    (backend, go)
}

fn cached(backend: &Backend) -> Api {
    let integration = |verb| proxy(&format!("{}/x", backend.url()), verb, &[]);
    Api::new()
        .method("GET /a", integration("GET"), json!({}))
        .method("POST /a", integration("POST"), json!({}))
        .cached(&[setting("/a", "POST", json!({"CachingEnabled": true}))])
}

/// Connections that have all sent the request.
fn crowd(addr: SocketAddr, count: usize, verb: &str) -> Vec<Client> {
    let mut clients: Vec<Client> = (0..count).map(|_| Client::connect(addr)).collect();
    for client in &mut clients {
        client.send(&request(verb, "/s/a", ""));
    }
    clients
}

/// What each got, sorted, without repetition.
fn answers(clients: Vec<Client>) -> Vec<(u16, Vec<u8>)> {
    let responses = clients.into_iter().map(|mut client| client.response());
    let mut answers: Vec<_> = responses.map(|response| (response.status, response.body)).collect();
    answers.sort();
    answers.dedup();
    answers
}

#[test]
fn a_thousand_misses_are_one_call() {
    // Larger than one buffer, so that it is not sent with its head.
    let body: Vec<u8> = (0..50_000).map(|at| b'a' + (at % 23) as u8).collect();
    let text = body.clone();
    let (backend, go) = gated(move |_| Answer::ok("text/plain", &text));
    let served = Served::on_shards(&cached(&backend));
    let clients = crowd(served.addr(), 1_000, "GET");
    backend.wait_requests(1);
    // Slow for a second, while they wait.
    std::thread::sleep(Duration::from_secs(1));
    assert_eq!(backend.requests().len(), 1);
    go.send(()).unwrap();
    assert_eq!(answers(clients), [(200, body)]);
    assert_eq!(backend.requests().len(), 1);
    let hits = served.metric(&["gateway_cache_requests_total", "hit"]);
    assert_eq!((hits, served.metric(&["gateway_cache_requests_total", "miss"])), (999.0, 1.0));
}

#[test]
fn the_one_that_calls_may_go_away() {
    for is_reset in [false, true] {
        let (backend, go) = gated(|count| Answer::ok("text/plain", count.to_string().as_bytes()));
        let served = Served::on_shards(&cached(&backend));
        let mut first = served.client();
        first.send(&request("GET", "/s/a", ""));
        backend.wait_requests(1);
        let clients = crowd(served.addr(), 200, "GET");
        if is_reset {
            SockRef::from(first.stream()).set_linger(Some(Duration::ZERO)).unwrap();
        }
        drop(first);
        std::thread::sleep(Duration::from_millis(50));
        go.send(()).unwrap();
        assert_eq!(answers(clients), [(200, b"1".to_vec())]);
        assert_eq!(backend.requests().len(), 1);
    }
}

#[test]
fn the_one_that_calls_may_break_off_its_body() {
    let backend = Backend::canned(Answer::ok("text/plain", b"whole"));
    let served = Served::on_shards(&cached(&backend));
    let mut first = served.client();
    first.send(&request("POST", "/s/a", "Content-Length: 100000\r\n"));
    first.send(b"only the start");
    backend.wait_connections(1);
    let clients = crowd(served.addr(), 100, "POST");
    drop(first);
    assert_eq!(answers(clients), [(200, b"whole".to_vec())]);
    assert_eq!(served.ask("POST", "/s/a", "").text(), "whole");
}

#[test]
fn nobody_waits_for_a_client_that_is_slow_to_send_its_body() {
    // It answers whole requests only.
    let backend = Backend::canned(Answer::ok("text/plain", b"whole"));
    let served = Served::on_shards(&cached(&backend));
    for (verb, lines) in [
        ("POST", "Content-Length: 100000\r\n"),
        ("GET", "Content-Length: 5\r\n"),
        ("GET", "Transfer-Encoding: chunked\r\n"),
    ] {
        served.flush();
        let misses = || served.metric(&["gateway_cache_requests_total", "miss"]);
        let before = misses();
        let mut first = served.client();
        first.send(&request(verb, "/s/a", lines));
        wait_until("the call", || misses() > before);
        let started = std::time::Instant::now();
        let clients = crowd(served.addr(), 50, verb);
        assert_eq!(answers(clients), [(200, b"whole".to_vec())]);
        // Far less than the integration may take, which is 29 s.
        assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
        drop(first);
    }
}

#[test]
fn nobody_hangs_when_the_backend_fails() {
    let (backend, go) =
        gated(|_| Answer::Close(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc".to_vec()));
    let served = Served::on_shards(&cached(&backend));
    let clients = crowd(served.addr(), 200, "GET");
    backend.wait_requests(1);
    go.send(()).unwrap();
    let text = br#"{"message": "Network error communicating with endpoint"}"#;
    assert_eq!(answers(clients), [(504, text.to_vec())]);
}

#[test]
fn nobody_waits_longer_than_the_integration_may_take() {
    let backend = Backend::canned(Answer::Never);
    let mut integration = proxy(&format!("{}/x", backend.url()), "GET", &[]);
    integration["TimeoutInMillis"] = json!(300);
    let api = Api::new().method("GET /a", integration, json!({})).cached(&[]);
    let served = Served::on_shards(&api);
    let text = br#"{"message": "Endpoint request timed out"}"#;
    assert_eq!(answers(crowd(served.addr(), 100, "GET")), [(504, text.to_vec())]);
}

#[test]
fn what_is_for_one_client_is_asked_for_by_each() {
    let (backend, go) =
        gated(|count| Answer::status(200, &[("Set-Cookie", "id=1")], count.to_string().as_bytes()));
    let served = Served::on_shards(&cached(&backend));
    let clients = crowd(served.addr(), 100, "GET");
    backend.wait_requests(1);
    go.send(()).unwrap();
    assert_eq!(answers(clients).len(), 100, "each its own");
}

#[test]
fn waiting_requests_survive_a_stop() {
    let (backend, go) = gated(|_| Answer::ok("text/plain", b"late"));
    let served = Served::on_shards(&cached(&backend));
    let mut first = served.client();
    first.send(&request("GET", "/s/a", ""));
    backend.wait_requests(1);
    let clients = crowd(served.addr(), 100, "GET");
    // Each has been read, and waits.
    wait_until("101 busy connections", || {
        served.metric(&["gateway_connections_accepted_total"]) == 101.0
            && served.metric(&["gateway_connections_idle"]) == 0.0
    });
    served.gateway.signal(rustix::process::Signal::TERM);
    served.gateway.wait_for_stderr("Draining", 1);
    go.send(()).unwrap();
    assert_eq!(first.response().text(), "late");
    assert_eq!(answers(clients), [(200, b"late".to_vec())]);
}

#[test]
fn waiting_requests_survive_a_reload() {
    let (backend, go) = gated(|count| Answer::ok("text/plain", count.to_string().as_bytes()));
    let served = Served::on_shards(&cached(&backend));
    let mut first = served.client();
    first.send(&request("GET", "/s/a", ""));
    backend.wait_requests(1);
    let clients = crowd(served.addr(), 100, "GET");
    std::thread::sleep(Duration::from_millis(100));
    served.reload(&cached(&backend).deployment("Other"));
    assert_eq!(served.get("/s/a", "").text(), "2", "another deployment's");
    served.reload(&cached(&backend).stage(json!({"CacheClusterEnabled": false})));
    go.send(()).unwrap();
    assert_eq!(first.response().text(), "1");
    let answers = answers(clients);
    // One that was read after the first reload has that deployment's.
    assert!(answers.iter().all(|(status, body)| *status == 200 && body.len() == 1), "{answers:?}");
}
