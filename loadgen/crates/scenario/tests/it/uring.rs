//! Runs on the io_uring engine, and what it refuses.

use loadgen_scenario::{Engine, RunError, RunSettings, run_uring};

use crate::scenario;
use crate::server::Server;

#[test]
fn fixed_requests_run_at_their_rate() {
    let server = Server::answering(|seen| {
        if seen.path() == "/prod/bad" { (500, Vec::new()) } else { (200, b"ok".to_vec()) }
    });
    let scenario = scenario(
        "name: s
requests:
  - {path: /a, weight: 3, query: {q: a b}}
  - {name: post, method: POST, path: /bad, body: hello, headers: {x-a: b}}
users: [{name: u, api_keys: [k]}]
load: {arrival: {rate: 100/s}, users_max: 4}
duration: 1s
thresholds: [errors<30%, p99<10s]
engine: uring
",
    );
    let settings = RunSettings {
        threads: 1,
        host: Some("api.example.com".into()),
        ..RunSettings::new(server.target())
    };
    let result = match run_uring(&scenario, &settings, &mut |_| {}) {
        Ok(result) => result,
        Err(RunError::Engine(error)) if error.to_string().contains("io_uring") => {
            eprintln!("left out: no io_uring here: {error}");
            return;
        }
        Err(error) => panic!("{error}: {error:?}"),
    };
    assert_eq!((result.engine, result.requests, result.unsent), (Engine::Uring, 100, 0));
    let (lists, posts) = (result.by_request[0].requests, result.by_request[1].requests);
    assert_eq!((lists, posts), (75, 25));
    assert_eq!(result.by_request[0].errors, None, "not told apart, and not said to be none");
    assert_eq!((result.statuses[&200], result.statuses[&500]), (75, 25));
    assert_eq!((result.errors["status 500"], result.failed()), (25, 25));
    let seen = server.seen();
    let list = seen.iter().find(|s| s.path() == "/prod/a?q=a%20b").expect("sent");
    assert_eq!(list.header("x-api-key"), Some("k"));
    assert_eq!(list.header("host"), Some("api.example.com"));
    let post = seen.iter().find(|s| s.path() == "/prod/bad").expect("sent");
    assert_eq!((post.body.as_slice(), post.header("x-a")), (b"hello".as_slice(), Some("b")));
    let report = result.to_report(&scenario, &server.target());
    assert_eq!(report.failed().count(), 0, "{:?}", report.checks);
}

#[test]
fn what_the_engine_cannot_do_is_refused_by_name() {
    let scenario = scenario(
        "name: s
requests:
  - {name: one, path: '/a/{{counter}}'}
  - {name: two, path: /b, expect: [404]}
users:
  - {name: slowpokes, think: 1s, slow: {receive: {bytes: 1, every: 1s}}}
  - {name: walkers, order: sequence, api_keys: [a, b]}
load: {users: 4, ramp: 1s}
thresholds: [errors<1% for two, p99<1s for two, errors<1%]
",
    );
    let Err(RunError::Unsupported(what)) =
        run_uring(&scenario, &RunSettings::new("http://127.0.0.1:1"), &mut |_| {})
    else {
        panic!("it runs")
    };
    let expected = [
        "several kinds of users",
        "think times of \"slowpokes\"",
        "the slow connections of \"slowpokes\"",
        "the sequence of steps of \"walkers\"",
        "more than one API key or token of \"walkers\"",
        "variables in \"one\"",
        "different expected statuses by request, as statuses are counted together",
        "the threshold errors<1% for two, as errors are counted together",
        "users that come or go",
    ];
    assert_eq!(what, expected);
}
