//! `gateway explain` and the trail on responses: what is said is what happens, and saying it spends
//! nothing.

use std::net::SocketAddr;
use std::process::Output;

use gateway_dataplane::explain::Question;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use serde_json::Value;

use crate::support::{Answer, Backend, Client, Gateway, Response, explain};

const TEMPLATE: &str = "tests/it/explain/template.yaml";
const HOST: &str = "Host: zoo.execute-api.local";
const KEY: &str = "keeper-0000000000/000000";
const SECRET: &str = "an-operator's-secret";

/// The zoo, with a secret and a backend that answers what it is asked.
struct Zoo {
    backend: Backend,
    gateway: Gateway,
}

impl Zoo {
    fn open() -> Self {
        let backend = Backend::echo();
        let config = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(config.path(), format!("[explain]\nsecret = \"{SECRET}\"\n")).unwrap();
        let config = config.path().to_str().unwrap();
        let parameter = format!("BackendUrl={}", backend.url());
        let gateway = Gateway::start(TEMPLATE, &["--config", config, "--param", &parameter]);
        Self { backend, gateway }
    }

    fn explain(&self, args: &[&str]) -> Output {
        let ops = self.gateway.ops_addr().to_string();
        let mut args = [&["--ops", &*ops], args].concat();
        // A path alone is for the API.
        if args.iter().all(|arg| !arg.starts_with("Host:") && !arg.starts_with("http:")) {
            args.extend(["-H", HOST]);
        }
        explain(&args)
    }

    /// The text of a trail, with times, ids and ports of this run replaced.
    #[track_caller]
    fn text(&self, args: &[&str], code: i32) -> String {
        let output = self.explain(args);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!((output.status.code(), &*stderr), (Some(code), ""), "{args:?}");
        let text = String::from_utf8(output.stdout).unwrap();
        self.normal(&text)
    }

    fn normal(&self, text: &str) -> String {
        let backend = self.backend.url().replace("http://", "");
        let mut text = text.replace(&backend, "BACKEND");
        for before in ["full in ", "a token in ", "lives ", " ends ", "hit, "] {
            text = masked(&text, before, &[',', '\n', ';']);
        }
        for before in ["deployment ", "resource ", ", key ", "usage plan ", "key "] {
            text = masked_ids(&text, before);
        }
        text
    }

    #[track_caller]
    fn json(&self, args: &[&str]) -> Value {
        let output = self.explain(&[&["--json"], args].concat());
        serde_json::from_slice(&output.stdout).unwrap()
    }

    fn get(&self, target: &str, headers: &[&str]) -> Response {
        request(self.gateway.addr(), "GET", target, headers)
    }
}

fn request(address: SocketAddr, method: &str, target: &str, headers: &[&str]) -> Response {
    let mut client = Client::connect(address);
    let headers: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
    let head = format!("{method} {target} HTTP/1.1\r\n{HOST}\r\n{headers}\r\n");
    client.send(head.as_bytes());
    client.response_to(method)
}

/// `text` with what follows each `before`, up to one of `ends`, replaced.
fn masked(text: &str, before: &str, ends: &[char]) -> String {
    let mut parts = text.split(before);
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find(ends).unwrap_or(part.len());
        out = out + before + "~" + &part[end..];
    }
    out
}

/// As [`masked`], for generated ids: six or ten letters and digits.
fn masked_ids(text: &str, before: &str) -> String {
    let mut parts = text.split(before);
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(part.len());
        let is_id = matches!(end, 6 | 10) && !part[end..].starts_with(':');
        out = out + before + if is_id { "ID" } else { &part[..end] } + &part[end..];
    }
    out
}

#[track_caller]
fn decision<'t>(trail: &'t Value, name: &str, at: usize) -> &'t Value {
    let decisions = trail["decisions"].as_array().unwrap();
    let mut named = decisions.iter().filter(|decision| decision["decision"] == name);
    named.nth(at).unwrap_or_else(|| panic!("no {name} {at} in {trail:#}"))
}

#[test]
fn every_decision_of_a_limited_request_is_shown() {
    let zoo = Zoo::open();
    let key = format!("X-Api-Key: {KEY}");
    let args = [
        "GET",
        "http://zoo.execute-api.local/dev/pets/7?secret=keeper-0000000000%2F000000",
        "-H",
        &key,
    ];
    let expected = "\
GET zoo.execute-api.local/dev/pets/7

stage           dev of API zoo (zoo), deployment ID
                the host is the API's default endpoint
canary          none
route           GET /pets/{id}, resource ID
authorizer      NONE
API key         required, key ID (keeper), enabled, usage plan ID (keepers)
throttle        usage plan method: 2.00 of 2 tokens, 0.001 a second, full
throttle        usage plan: 5.00 of 5 tokens, 0.002 a second, full
throttle        method: 7.00 of 7 tokens, 0.001 a second, full
quota           100 of 100 left, 0 used, MONTH ends ~
cache           off
integration     HTTP_PROXY GET http://BACKEND/animals/7?fixed=1&secret=***&key=***
                connects to BACKEND
                timeout 5000 ms
verdict         answered by the integration
";
    assert_eq!(zoo.text(&args, 0), expected);
    // Asking spends nothing, however often.
    for _ in 0..50 {
        assert_eq!(zoo.text(&args, 0), expected);
    }
    assert_eq!(zoo.get("/dev/pets/7", &[&key]).status, 200);
    let trail = zoo.json(&args);
    let tokens = |at| decision(&trail, "throttle", at)["tokens"].as_f64().unwrap().floor();
    assert_eq!([tokens(0), tokens(1), tokens(2)], [1.0, 4.0, 6.0]);
    assert_eq!(decision(&trail, "quota", 0)["quota"]["remaining"], 99);
    assert_eq!(zoo.get("/dev/pets/7", &[&key]).status, 200);
    // What is said comes true.
    let refused = zoo.text(&args, 1);
    let throttle = "throttle        usage plan method: 0.00 of 2 tokens, 0.001 a second, \
                    a token in ~, full in ~\n";
    assert!(refused.contains(throttle), "{refused}");
    let verdict = "\nverdict         refused: 429 Too Many Requests, gateway response THROTTLED\n";
    assert!(refused.ends_with(verdict), "{refused}");
    assert_eq!(zoo.get("/dev/pets/7", &[&key]).status, 429);
    assert_eq!(zoo.backend.wait_requests(2).len(), 2, "and no backend was called for a trail");
    let log = zoo.gateway.stop().stderr;
    assert!(!log.contains("keeper-0"), "keys are not logged: {log}");
}

#[test]
fn keys_that_do_not_admit_say_why() {
    let zoo = Zoo::open();
    let check = |headers: &[&str], says: &str| {
        let mut args = vec!["GET", "/dev/pets/7"];
        args.extend(headers.iter().flat_map(|header| ["-H", header]));
        let text = zoo.text(&args, 1);
        assert!(text.contains(&format!("\nAPI key         required, {says}\n")), "{text}");
        let verdict =
            "\nverdict         refused: 403 Forbidden, gateway response INVALID_API_KEY\n";
        assert!(text.ends_with(verdict), "{text}");
        assert_eq!(zoo.get("/dev/pets/7", headers).status, 403);
    };
    check(&[], "no X-Api-Key");
    check(&["X-Api-Key: nobody's"], "the X-Api-Key is nobody's");
    let stray = "key ID (stray), enabled, in no usage plan of this stage";
    check(&["X-Api-Key: stray-000000000000000000"], stray);
    let off = "key ID (off), disabled, usage plan ID (keepers)";
    check(&["X-Api-Key: off-00000000000000000000"], off);
}

#[test]
fn a_cached_answer_is_told_from_one_that_is_not() {
    let zoo = Zoo::open();
    let args = ["GET", "/dev/cached?q=a&q=b&other=1", "-H", "X-Tenant: t1"];
    let miss = zoo.text(&args, 0);
    let expected = "\
cache           miss, ttl 50 min, namespace animals
                method.request.querystring.q = \"a, b\"
                method.request.header.X-Tenant = \"t1\"
                key ";
    assert!(miss.contains(expected), "{miss}");
    assert!(miss.ends_with("\nverdict         answered by the integration\n"), "{miss}");
    assert_eq!(zoo.text(&args, 0), miss, "asking does not fill the cache");
    assert_eq!(zoo.get("/dev/cached?q=a&q=b", &["X-Tenant: t1"]).status, 200);
    let hit = zoo.text(&args, 0);
    assert!(
        hit.contains("\ncache           hit, ~, lives ~, ttl 50 min, namespace animals\n"),
        "{hit}"
    );
    assert!(hit.ends_with("\nverdict         answered from the cache\n"), "{hit}");
    let other = zoo.text(&["GET", "/dev/cached"], 0);
    assert!(other.contains("method.request.querystring.q = none\n"), "{other}");
    assert!(other.contains("\ncache           miss,"), "{other}");
    let head = zoo.text(&["HEAD", "/dev/cached", "-H", "X-HTTP-Method-Override: GET"], 0);
    assert!(head.starts_with("HEAD zoo.execute-api.local/dev/cached, routed as GET\n"), "{head}");
    assert!(head.contains("\ncache           not used for HEAD,"), "{head}");
}

#[test]
fn where_there_is_no_route_near_ones_are_named() {
    let zoo = Zoo::open();
    let verbs = zoo.text(&["DELETE", "/dev/pets/7"], 1);
    assert!(verbs.contains("\nroute           none, this path has GET, PUT\n"), "{verbs}");
    let path = zoo.text(&["GET", "/dev/pet/7"], 1);
    let nearest =
        "\nroute           none, no resource has this path\n                nearest: /pets/{id}";
    assert!(path.contains(nearest), "{path}");
    let verdict = "\nverdict         refused: 403 Missing Authentication Token, \
                   gateway response MISSING_AUTHENTICATION_TOKEN\n";
    assert!(path.ends_with(verdict), "{path}");
    let stage = zoo.text(&["GET", "/prod/pets/7"], 1);
    assert!(stage.contains("none of its stages: dev, half\n"), "{stage}");
    assert!(stage.ends_with("\nverdict         refused: 403 Forbidden\n"), "{stage}");
    let host = zoo.text(&["GET", "http://nope.execute-api.here/dev"], 1);
    let unknown = "\nstage           none, nope.execute-api.here is no custom domain name";
    assert!(host.contains(unknown) && host.contains(", APIs: zoo\n"), "{host}");
    let iam = zoo.text(&["PUT", "/dev/pets/7"], 1);
    assert!(iam.contains("\nauthorizer      AWS_IAM, which is not served yet\n"), "{iam}");
}

#[test]
fn a_canary_is_shown_and_not_drawn() {
    let zoo = Zoo::open();
    let text = zoo.text(&["GET", "/half/mock"], 0);
    let canary = "\ncanary          50 % of requests, deployment ID\n                \
                  the stage is shown here\n";
    assert!(text.contains(canary), "{text}");
    // 1,000 draws hold 500 canaries, whatever was asked in between.
    let mut client = Client::connect(zoo.gateway.addr());
    let mut drawn = 0;
    for index in 0..1_000 {
        if index % 100 == 0 {
            zoo.text(&["GET", "/half/mock"], 0);
        }
        let head =
            format!("GET /half/mock HTTP/1.1\r\n{HOST}\r\nX-Gateway-Explain: {SECRET}\r\n\r\n");
        client.send(head.as_bytes());
        let trail = client.response().header("X-Gateway-Explain-Trail").unwrap().to_owned();
        drawn += usize::from(trail.contains("this request is one of them"));
    }
    assert_eq!(drawn, 500);
}

#[test]
fn a_response_carries_the_trail_for_the_operator_only() {
    let zoo = Zoo::open();
    let secret = format!("x-gateway-explain: {SECRET}");
    let key = format!("X-Api-Key: {KEY}");
    let trail = |response: &Response| response.header("X-Gateway-Explain-Trail").map(str::to_owned);
    let cases: [(&str, &[&str], u16, &str); 6] = [
        ("/dev/pets/7", &[&key], 200, "verdict answered by the integration"),
        ("/dev/cached", &[], 200, "verdict answered by the integration"),
        ("/dev/cached", &[], 200, "verdict answered from the cache"),
        (
            "/dev/mock",
            &[],
            202,
            "integration MOCK, answers 202; verdict answered by the integration",
        ),
        ("/dev/pets/7", &[], 403, "required, no X-Api-Key; verdict refused: 403 Forbidden"),
        ("/nowhere", &[], 403, "verdict refused: 403 Forbidden"),
    ];
    for (target, headers, status, says) in cases {
        let response = zoo.get(target, &[headers, &[&*secret]].concat());
        let line = trail(&response).unwrap_or_else(|| panic!("{target}: {response:?}"));
        assert_eq!(response.status, status, "{line}");
        assert!(line.starts_with("stage ") && line.contains(says), "{target}: {line}");
        assert!(line.bytes().all(|byte| matches!(byte, b' '..=b'~')), "{line}");
        assert!(!line.contains("keeper-0"), "{line}");
        // Anybody else gets the same response without it.
        for wrong in ["x-gateway-explain: an-operator's-secreT", "x-gateway-explain:", "x-other: 1"]
        {
            let other = zoo.get(target, &[headers, &[wrong]].concat());
            assert_eq!(trail(&other), None, "{wrong}");
            let names = |response: &Response| -> Vec<String> {
                let names = response.headers.iter().map(|(name, _)| name.clone());
                names.filter(|name| name != "X-Gateway-Explain-Trail").collect()
            };
            if other.status == status {
                assert_eq!(names(&other), names(&response), "{target} {wrong}");
            }
        }
    }
    for received in zoo.backend.requests() {
        let head = received.head_text().to_ascii_lowercase();
        assert!(!head.contains("x-gateway-explain"), "{head}");
    }
}

#[test]
fn without_a_secret_nobody_is_answered() {
    let backend = Backend::canned(Answer::ok("text/plain", b"ok"));
    let parameter = format!("BackendUrl={}", backend.url());
    let gateway = Gateway::start(TEMPLATE, &["--param", &parameter]);
    for value in ["", SECRET] {
        let header = format!("X-Gateway-Explain: {value}");
        let response = request(gateway.addr(), "GET", "/dev/mock", &[&header]);
        assert_eq!(response.status, 202);
        assert_eq!(response.header("X-Gateway-Explain-Trail"), None);
    }
}

#[test]
fn what_cannot_be_asked_says_why() {
    let zoo = Zoo::open();
    #[track_caller]
    fn check(output: &Output, code: i32, says: &str) {
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{stderr}");
        assert!(output.stdout.is_empty() && stderr.contains(says), "{stderr}");
    }
    check(&zoo.explain(&["GET", "pets"]), 2, "expected http://HOST/PATH or /PATH");
    check(&zoo.explain(&["GET", "/x", "-H", "no colon"]), 2, "NAME: VALUE");
    check(&zoo.explain(&["GET"]), 2, "URL");
    check(&zoo.explain(&["GET", "/a b"]), 1, "it is answered 400 and its connection closed");
    check(&zoo.explain(&["GET", "/x", "-H", "Host: a, b"]), 1, "no request: ");
    let long = "/".to_owned() + &"x".repeat(20_000);
    check(&zoo.explain(&["GET", &long]), 2, "too long to be asked about");
    // The data plane's address is no ops address, and after its end there is none.
    let data = zoo.gateway.addr().to_string();
    check(&explain(&["--ops", &data, "GET", "/x"]), 2, "--ops ADDR");
    let ops = zoo.gateway.ops_addr().to_string();
    assert_eq!(zoo.gateway.stop().code, Some(0));
    let unreachable = explain(&["--ops", &ops, "GET", "/x"]);
    check(&unreachable, 2, &format!("no gateway at {ops}"));
    check(&unreachable, 2, "gateway run TEMPLATE");
}

#[test]
fn an_address_that_says_nothing_is_not_waited_for_forever() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let ops = listener.local_addr().unwrap().to_string();
    let output = explain(&["--ops", &ops, "GET", "/x"]);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert!(stderr.contains(&format!("{ops} gives no whole answer within 5 s")), "{stderr}");
}

#[test]
fn the_ops_address_answers_a_question() {
    let zoo = Zoo::open();
    let ops = zoo.gateway.ops_addr();
    let ask = |method: &str, query: &str, headers: &[&str]| {
        request(ops, method, &format!("/explain{query}"), headers)
    };
    let response =
        ask("GET", "?method=GET&url=http%3A%2F%2Fzoo.execute-api.local%2Fdev%2Fmock", &[]);
    assert_eq!(response.status, 200);
    assert_eq!(response.header("X-Gateway-Explain-Verdict"), Some("answered"));
    assert!(
        response.text().starts_with("GET zoo.execute-api.local/dev/mock\n\n"),
        "{}",
        response.text()
    );
    let json = ask(
        "GET",
        "?method=GET&url=/dev/no&header=Host:zoo.execute-api.x",
        &["Accept: application/json"],
    );
    assert_eq!(json.header("X-Gateway-Explain-Verdict"), Some("refused"));
    let json: Value = serde_json::from_slice(&json.body).unwrap();
    assert_eq!(json["verdict"]["responseType"], "MISSING_AUTHENTICATION_TOKEN");
    assert_eq!(ask("GET", "", &[]).status, 400);
    assert_eq!(ask("GET", "?method=GET&url=/&what=1", &[]).status, 400);
    assert_eq!(ask("GET", "?method=G%20T&url=/", &[]).status, 422);
    assert_eq!(ask("POST", "?method=GET&url=/", &[]).status, 405);
}

/// Questions that are often almost right.
fn question() -> impl Strategy<Value = String> {
    let method = prop_oneof!["GET|PUT|HEAD|OPTIONS|DELETE|BREW", "[ -~]{0,8}"];
    let host =
        prop_oneof!["", "http://localhost", "http://zoo.execute-api.x:80", "http://[ -~]{0,12}"];
    let path = prop_oneof![
        "/(dev|half|nope)/(pets|pet|mock|cached|pets/[a-z]{1,9})(/|[?]q=[ -~]{0,9})?",
        "/_aws/execute-api/(zoo|no)/(dev|no)(/[a-z{}+]{0,9}){0,20}",
        "\\PC{0,40}",
    ];
    let header = prop_oneof![
        "X-Api-Key: (keeper-0000000000/000000|off-00000000000000000000|.{0,9})",
        "(Host|X-Tenant|Cache-Control|Content-Type|Expect|X-HTTP-Method-Override): [ -~]{0,20}",
        "Content-Length: [0-9]{0,12}",
        "\\PC{0,20}",
    ];
    (method, host, path, prop::collection::vec(header, 0..4)).prop_map(
        |(method, host, path, headers)| {
            let url = (host + &path).into_bytes();
            let headers = headers.into_iter().map(String::into_bytes).collect();
            Question { method: method.into_bytes(), url, headers }.query()
        },
    )
}

#[test]
fn any_question_is_answered() {
    let zoo = Zoo::open();
    let ops = zoo.gateway.ops_addr();
    let mut runner = TestRunner::new(ProptestConfig { cases: 500, ..ProptestConfig::default() });
    let asked = runner.run(&question(), |query| {
        let response = request(ops, "GET", &format!("/explain?{query}"), &[]);
        let is_said = matches!(response.status, 200 | 400 | 422 | 431);
        prop_assert!(is_said, "{query}: {response:?}");
        prop_assert!(!response.text().contains("keeper-0"), "{}", response.text());
        Ok(())
    });
    asked.unwrap();
    assert_eq!(zoo.get("/dev/mock", &[]).status, 202, "and the shard serves on");
}
