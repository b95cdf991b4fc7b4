//! Peers that misbehave: each request has an outcome, and memory a bound.

use std::time::Duration;

use loadgen_engine::{Arrivals, Failure, Outcome, Plan, Target, run};

use crate::backend::{OK, Reply, both_ways, nobody, plan, request, start};

fn outcome(plan: &Plan) -> Outcome {
    run(plan, &mut |_| {}).expect("a plan that can be run")
}

/// Sends ten requests to a backend that gives `reply` to all; how many failed, and of what.
fn errors(reply: impl Fn() -> Reply + Send + Sync + 'static) -> Vec<(Failure, u64)> {
    let target = start(move |_| reply());
    let timeout = Duration::from_millis(150);
    let plan = Plan { count_max: 10, timeout, ..plan(&target, Arrivals::Closed) };
    let [errors, others] = both_ways(plan).map(|plan| {
        let outcome = outcome(&plan);
        assert_eq!(outcome.samples.len(), 10);
        assert!(outcome.samples.iter().all(|sample| sample.status == 0));
        outcome.errors.into_iter().collect::<Vec<_>>()
    });
    assert_eq!(errors, others, "both ways of the closed model see the same");
    errors
}

#[test]
fn silence_is_a_timeout() {
    assert_eq!(errors(|| Reply::Silence), [(Failure::Timeout, 10)]);
}

#[test]
fn an_end_within_an_answer_is_no_answer() {
    assert_eq!(errors(|| Reply::Close(Vec::new())), [(Failure::Closed, 10)]);
    assert_eq!(errors(|| Reply::Close(OK[..OK.len() - 1].to_vec())), [(Failure::Closed, 10)]);
    assert_eq!(errors(|| Reply::Close(OK[..9].to_vec())), [(Failure::Closed, 10)]);
}

#[test]
fn what_is_no_http_is_malformed() {
    let malformed = [(Failure::Malformed, 10)];
    assert_eq!(errors(|| Reply::Keep(b"SSH-2.0-OpenSSH_9.9\r\n".to_vec())), malformed);
    let chunk = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff1\r\n";
    assert_eq!(errors(|| Reply::Keep(chunk.to_vec())), malformed);
    let endless = || {
        let mut head = b"HTTP/1.1 200 OK\r\n".to_vec();
        while head.len() < 100_000 {
            head.extend_from_slice(b"X-Filler: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n");
        }
        Reply::Keep(head)
    };
    assert_eq!(errors(endless), malformed);
    let interim = || Reply::Keep(b"HTTP/1.1 103 Early Hints\r\n\r\n".repeat(20));
    assert_eq!(errors(interim), malformed);
    let two_lengths = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok";
    assert_eq!(errors(|| Reply::Keep(two_lengths.to_vec())), malformed);
}

#[test]
fn a_body_without_end_is_a_timeout() {
    let endless = || {
        let head = b"HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775807\r\n\r\n".to_vec();
        Reply::Pieces(vec![head, vec![b'x'; 1 << 20], vec![b'x'; 1 << 20]])
    };
    assert_eq!(errors(endless), [(Failure::Timeout, 10)]);
}

#[test]
fn nobody_there_is_a_failure_to_connect() {
    let target = Target { address: nobody(), tls: None };
    for plan in both_ways(Plan { count_max: 10, ..plan(&target, Arrivals::Closed) }) {
        let outcome = outcome(&plan);
        assert_eq!(outcome.errors.into_iter().collect::<Vec<_>>(), [(Failure::Connect, 10)]);
        assert_eq!(outcome.sent, 0);
    }
}

#[test]
fn connections_that_are_closed_after_an_answer_are_made_anew() {
    let reply = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok";
    let until_close = b"HTTP/1.0 200 OK\r\n\r\nall of it";
    let target = start(|head| {
        Reply::Close(if head.starts_with("GET /a") { reply.to_vec() } else { until_close.to_vec() })
    });
    let mut plan = Plan { count_max: 20, ..plan(&target, Arrivals::Closed) };
    plan.requests = vec![request("GET", "/a"), request("GET", "/b")];
    for plan in both_ways(plan) {
        let outcome = outcome(&plan);
        assert_eq!(outcome.statuses.get(&200), Some(&20), "{:?}", outcome.errors);
    }
}

#[test]
fn more_bytes_than_were_asked_for_do_not_become_the_next_answer() {
    let target =
        start(|_| Reply::Keep([OK, b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n"].concat()));
    for plan in both_ways(Plan { count_max: 20, ..plan(&target, Arrivals::Closed) }) {
        let outcome = outcome(&plan);
        assert_eq!(outcome.statuses.get(&200), Some(&20), "{:?}", outcome.statuses);
    }
}

#[test]
fn what_fails_does_not_stop_what_comes_after_it() {
    let target = start(|head| match head.split(' ').nth(1) {
        Some("/cut") => Reply::Close(OK[..OK.len() - 1].to_vec()),
        Some("/silent") => Reply::Silence,
        Some("/wrong") => Reply::Keep(b"220 smtp\r\n".to_vec()),
        _ => Reply::Keep(OK.to_vec()),
    });
    let timeout = Duration::from_millis(100);
    let mut plan = Plan { count_max: 40, timeout, ..plan(&target, Arrivals::Closed) };
    plan.requests =
        ["/", "/cut", "/silent", "/wrong"].map(|path| request("GET", path)).into_iter().collect();
    for plan in both_ways(plan) {
        let outcome = outcome(&plan);
        assert_eq!(outcome.statuses.into_iter().collect::<Vec<_>>(), [(200, 10)]);
        let errors = [(Failure::Closed, 10), (Failure::Timeout, 10), (Failure::Malformed, 10)];
        assert_eq!(outcome.errors.into_iter().collect::<Vec<_>>(), errors);
        assert_eq!(outcome.sent, 40);
        let mut waits = outcome.samples.iter().filter(|sample| sample.request == 2);
        // The clock of a timeout starts with the sending, which may be a moment before it is noted.
        assert!(waits.all(|sample| sample.received_us - sample.sent_us >= 90_000));
    }
}
