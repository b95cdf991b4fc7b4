//! The closed model: users, their order, thoughts, credentials and slowness.

use std::collections::BTreeMap;
use std::time::Duration;

use loadgen_report::Verdict;
use loadgen_scenario::{RunError, RunSettings, run_goose};

use crate::server::Server;
use crate::{run, scenario};

fn counted(
    server: &Server,
    of: impl Fn(&crate::server::Seen) -> String,
) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for seen in server.seen() {
        *counts.entry(of(&seen)).or_default() += 1;
    }
    counts
}

#[test]
fn users_take_turns_in_sequence_and_every_request_is_counted() {
    let server = Server::start();
    let result = run(
        "name: s
requests:
  - {name: first, path: /a}
  - {name: second, method: POST, path: /b, body: hello}
users:
  - {name: walkers, order: sequence, think: 20ms, steps: [first, second, second]}
load: {users: 3}
duration: 500ms
",
        &server,
    );
    let paths = counted(&server, |seen| seen.line.clone());
    let (first, second) = (paths["GET /prod/a HTTP/1.1"], paths["POST /prod/b HTTP/1.1"]);
    assert_eq!(result.by_request[0].requests, first as u64);
    assert_eq!(result.by_request[1].requests, second as u64);
    assert_eq!(result.requests, (first + second) as u64);
    assert_eq!((result.failed(), result.statuses[&200]), (0, result.requests));
    assert_eq!(result.latency_us.len(), result.requests);
    // Each user's turns are whole but for its last: second is twice first, up to two a user.
    assert!((2 * first).abs_diff(second) <= 6, "{paths:?}");
    // 20 ms of thought let at most 25 requests of a user into half a second.
    assert!((6..=78).contains(&result.requests), "{}", result.requests);
    assert!(server.seen().iter().filter(|s| s.path() == "/prod/b").all(|s| s.body == b"hello"));
    assert_eq!(server.connections(), 3, "a user has its own connection and keeps it");
}

#[test]
fn weights_ramp_and_stages_are_kept() {
    let server = Server::start();
    run(
        "name: s
requests: [{path: /a, weight: 3}, {path: /b}]
users: [{name: u, think: 10ms}]
load:
  stages:
    - {users: 8, ramp: 800ms}
    - {users: 2, for: 400ms}
",
        &server,
    );
    let seen = server.seen();
    let share = seen.iter().filter(|s| s.path() == "/prod/a").count() as f64 / seen.len() as f64;
    // 0.75 expected; more than 150 draws stay within 0.18 but once in a million runs.
    assert!(seen.len() > 150, "{}", seen.len());
    assert!((0.57..0.93).contains(&share), "{share}");
    let zero = seen[0].at;
    let within = |from: u64, to: u64| {
        let range = Duration::from_millis(from)..Duration::from_millis(to);
        seen.iter().filter(|s| range.contains(&(s.at - zero))).count()
    };
    // A ramp sends little in its first quarter and most in its last; then two users remain.
    assert!(within(0, 200) * 2 < within(600, 800), "{} {}", within(0, 200), within(600, 800));
    assert!(within(850, 1150) < within(500, 800), "{} {}", within(850, 1150), within(500, 800));
    assert!(within(1_500, 10_000) == 0, "the run ends with its stages");
}

#[test]
fn credentials_go_round_and_kinds_differ() {
    let server = Server::start();
    run(
        "name: s
requests: [{path: /a}]
users:
  - {name: partners, weight: 2, think: 10ms, api_keys: [k1, k2]}
  - {name: members, think: 10ms, bearer_tokens: [t1]}
  - {name: guests, think: 10ms}
load: {users: 8}
duration: 300ms
",
        &server,
    );
    let auth = counted(&server, |seen| {
        format!("{:?} {:?}", seen.header("x-api-key"), seen.header("authorization"))
    });
    let kinds: Vec<&str> = auth.keys().map(String::as_str).collect();
    let expected =
        ["None None", "None Some(\"Bearer t1\")", "Some(\"k1\") None", "Some(\"k2\") None"];
    assert_eq!(kinds, expected);
    // Four of eight users are partners, two of each key: all four callers have as many users.
    let (least, most) = (auth.values().min(), auth.values().max());
    assert!(most.unwrap() < &(least.unwrap() * 3), "{auth:?}");
}

#[test]
fn variables_are_filled_in_for_each_request() {
    let server = Server::start();
    run(
        r#"name: s
requests:
  - method: POST
    path: /orders/{{random 5..7}}
    query: {q: "a b&{{counter}}"}
    headers: {x-id: "{{uuid}}", content-type: application/json}
    body: '{"n":{{counter}}}'
load: {users: 2}
duration: 200ms
"#,
        &server,
    );
    let seen = server.seen();
    let mut counters: Vec<u64> = Vec::new();
    let mut ids = std::collections::BTreeSet::new();
    for seen in &seen {
        let (path, query) = seen.path().split_once('?').expect("a query");
        assert!(["/prod/orders/5", "/prod/orders/6", "/prod/orders/7"].contains(&path), "{path}");
        let counter: u64 =
            query.strip_prefix("q=a%20b%26").expect("encoded").parse().expect("a number");
        assert_eq!(seen.body, format!("{{\"n\":{counter}}}").as_bytes());
        counters.push(counter);
        let id = seen.header("x-id").expect("sent").to_string();
        let is_v4 = id.len() == 36 && &id[14..15] == "4" && "89ab".contains(&id[19..20]);
        assert!(is_v4 && ids.insert(id.clone()), "{id}");
    }
    counters.sort_unstable();
    assert_eq!(counters, (1..=seen.len() as u64).collect::<Vec<_>>());
}

#[test]
fn slow_clients_are_slow_and_others_are_not() {
    let server = Server::answering(|seen| match seen.path() {
        "/prod/big" => (200, vec![b'x'; 4096]),
        _ => (200, b"ok".to_vec()),
    });
    let result = run(
        "name: s
requests:
  - {name: fast, path: /fast}
  - {name: trickle, method: POST, path: /up, body: 0123456789012345678901234567890123456789}
  - {name: sip, path: /big}
users:
  - {name: ordinary, think: 20ms, steps: [fast]}
  - {name: trickling, steps: [trickle], slow: {send: {bytes: 10, every: 50ms}}}
  - {name: dawdling, steps: [sip], slow: {receive: {bytes: 1024, every: 50ms}}}
load: {users: 3}
duration: 700ms
",
        &server,
    );
    let seen = server.seen();
    let bodies: Vec<_> = seen.iter().filter(|s| s.path() == "/prod/up").collect();
    assert!(bodies.len() >= 2, "{}", bodies.len());
    for body in &bodies {
        // Four parts have three pauses.
        assert!(body.body_took >= Duration::from_millis(145), "{:?}", body.body_took);
        assert_eq!(body.header("content-length"), Some("40"), "its length is told, not chunked");
        assert_eq!(body.body.len(), 40);
    }
    let of = |name: &str| {
        result.by_request.iter().find(|r| r.name == name).expect("there").latency_us.clone()
    };
    assert!(of("trickle").min() >= 145_000, "{}", of("trickle").min());
    assert!(of("sip").min() >= 195_000, "4 KiB at 1 KiB per 50 ms: {}", of("sip").min());
    assert!(of("fast").value_at_quantile(0.5) < 100_000, "{}", of("fast").value_at_quantile(0.5));
}

#[test]
fn errors_are_told_apart_and_thresholds_judge_them() {
    let server = Server::answering(|seen| match seen.path() {
        "/prod/bad" => (503, Vec::new()),
        "/prod/slow" => {
            std::thread::sleep(Duration::from_millis(600));
            (200, Vec::new())
        }
        _ => (404, Vec::new()),
    });
    let text = "name: s
requests:
  - {name: bad, path: /bad}
  - {name: slow, path: /slow}
  - {name: missing, path: /missing, expect: [2xx, 404]}
users: [{name: u, think: 5ms, order: sequence}]
load: {users: 2}
duration: 800ms
timeout: 250ms
thresholds: [errors<50%, errors<=0% for missing, p99<60s, max<1us for missing]
";
    let result = run(text, &server);
    let by_name = |name: &str| result.by_request.iter().find(|r| r.name == name).expect("there");
    assert_eq!(by_name("bad").errors, Some(by_name("bad").requests));
    assert_eq!(by_name("slow").errors, Some(by_name("slow").requests));
    assert_eq!(by_name("missing").errors, Some(0));
    assert_eq!(result.errors["status 503"], by_name("bad").requests);
    assert_eq!(result.errors["timeout"], by_name("slow").requests);
    assert!(by_name("missing").requests > 0 && by_name("slow").latency_us.is_empty());
    let report = result.to_report(&scenario(text), &server.target());
    let verdicts: Vec<bool> = report.checks.iter().map(|c| c.verdict == Verdict::Passed).collect();
    assert_eq!(verdicts[..4], [false, true, true, false], "{:?}", report.checks);
    assert_eq!(report.tables[0].rows.len(), 4, "three requests and all");
    assert!(report.tables.iter().all(|t| t.rows.iter().all(|r| r.len() == t.columns.len())));
    let answers: Vec<&str> = report.tables[1].rows.iter().map(|row| row[0].as_str()).collect();
    assert_eq!(answers, ["404", "503", "timeout"]);
}

#[test]
fn a_bound_of_requests_ends_the_run() {
    let server = Server::start();
    let scenario = scenario("name: s\nrequests: [{path: /a}]\nload: {users: 4}\nduration: 60s\n");
    let host = Some("api.example.com".to_string());
    let settings = RunSettings { count_max: 57, host, ..RunSettings::new(server.target()) };
    let result = run_goose(&scenario, &settings, &mut |_| {}).expect("a result");
    assert_eq!((result.requests, server.seen().len()), (57, 57));
    assert!(result.took < Duration::from_secs(5));
    let is_named = |host: Option<&str>| host == Some("api.example.com");
    assert!(server.seen().iter().all(|seen| is_named(seen.header("host"))));
}

#[test]
fn a_target_that_is_not_there_is_counted_and_one_that_is_none_refused() {
    let closed =
        std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("bound");
    let scenario = scenario(
        "name: s\nrequests: [{path: /a}]\nusers: [{name: u, think: 20ms}]\nload: {users: 2}\nduration: 200ms\n",
    );
    let result = run_goose(&scenario, &RunSettings::new(format!("http://{closed}")), &mut |_| {})
        .expect("a result");
    assert!(result.requests > 0);
    assert_eq!(result.errors["connect"], result.requests);
    assert!(result.latency_us.is_empty());
    for target in ["127.0.0.1:80", "ftp://a/", "http://user:secret@a/", "http://a/?b", ""] {
        let refused = run_goose(&scenario, &RunSettings::new(target), &mut |_| {});
        assert!(matches!(refused, Err(RunError::Target(_))), "{target}");
    }
}

#[test]
fn goose_writes_its_own_report_with_thresholds_in_its_words() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("goose.html");
    let server = Server::start();
    let scenario = scenario(
        "name: s\nrequests: [{path: /a}]\nusers: [{name: u, think: 10ms}]\nload: {users: 2}\nduration: 300ms
thresholds: [p99<1us, errors<1% for GET /a, min>1us]\n",
    );
    let settings =
        RunSettings { goose_report: Some(path.clone()), ..RunSettings::new(server.target()) };
    let result =
        run_goose(&scenario, &settings, &mut |_| {}).expect("a broken threshold is a result");
    assert!(result.requests > 0);
    let html = std::fs::read_to_string(path).expect("a report");
    assert!(html.contains("/a") && html.contains("p99&lt;1us"), "{}", html.len());
}
