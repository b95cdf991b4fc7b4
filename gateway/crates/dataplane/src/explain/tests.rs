use super::*;
use crate::limits::TRAIL_LINE_BYTES_MAX;

fn trail(decisions: Vec<Decision>, verdict: Verdict) -> Trail {
    let asked = Asked {
        method: "GET".to_owned(),
        override_method: None,
        host: "localhost:8080".to_owned(),
        path: "/dev/pets/7".to_owned(),
    };
    Trail { asked, decisions, verdict }
}

/// A trail with everything that can be decided about a request that is answered.
fn whole() -> Trail {
    let plan = Some(("p1".to_owned(), "gold; ünder".to_owned()));
    let known =
        KeyState::Known { id: "k1".to_owned(), name: "cli".to_owned(), is_enabled: true, plan };
    let bucket = Bucket {
        scope: "usage_plan_method",
        rate_rps: 0.5,
        burst: 5,
        tokens: 0.25,
        leased: 0,
        next_token_ns: Some(1_500_000_000),
        full_ns: 9_500_000_000,
    };
    let full =
        Bucket { scope: "method", tokens: 5.0, next_token_ns: Some(0), full_ns: 0, ..bucket };
    let leased = Bucket { scope: "account", leased: 3, ..bucket.clone() };
    let never = Bucket { scope: "usage_plan", tokens: 0.0, next_token_ns: None, ..bucket.clone() };
    trail(
        vec![
            Decision::Stage(StageFacts {
                name: "dev".to_owned(),
                api_id: "abc".to_owned(),
                api_name: "pets".to_owned(),
                deployment_id: "d1".to_owned(),
                way: "any host is for the only stage".to_owned(),
            }),
            Decision::Canary(Some(Canary {
                percent: 12.5,
                deployment_id: "d2".to_owned(),
                is_drawn: None,
            })),
            Decision::Route {
                verb: "ANY",
                path: "/pets/{id}".to_owned(),
                resource_id: "r1".to_owned(),
            },
            Decision::Authorizer(vec!["NONE".to_owned()]),
            Decision::ApiKey(ApiKeyFacts { is_required: true, source: "HEADER", state: known }),
            Decision::Throttle(bucket),
            Decision::Throttle(never),
            Decision::Throttle(full),
            Decision::Throttle(leased),
            Decision::Quota(Some(QuotaFacts {
                limit: 100,
                used: 3,
                remaining: 97,
                period: "DAY",
                ends_unix_s: 1_764_028_800,
            })),
            Decision::Cache(Some(CacheFacts {
                state: CacheState::Hit { remaining_us: 59_200_000, bytes: 400 },
                ttl_us: 300_000_000,
                namespace: "r1".to_owned(),
                parameters: vec![
                    ("method.request.querystring.q".to_owned(), Some("a".to_owned())),
                    ("method.request.header.X-T".to_owned(), None),
                ],
                key: "d1\\x00r1\\x00".to_owned(),
            })),
        ],
        Verdict::Cache,
    )
}

#[test]
fn text_is_aligned_and_says_everything() {
    let expected = "\
GET localhost:8080/dev/pets/7

stage           dev of API abc (pets), deployment d1
                any host is for the only stage
canary          12.5 % of requests, deployment d2
                the stage is shown here
route           ANY /pets/{id}, resource r1
authorizer      NONE
API key         required, key k1 (cli), enabled, usage plan p1 (gold; ünder)
throttle        usage plan method: 0.25 of 5 tokens, 0.5 a second, a token in 1.5 s, full in 9.5 s
throttle        usage plan: 0.00 of 5 tokens, 0.5 a second, never a token
throttle        method: 5.00 of 5 tokens, 0.5 a second, full
throttle        account: 0.25 of 5 tokens, 0.5 a second, 3 leased to shards, a token in 1.5 s, full in 9.5 s
quota           97 of 100 left, 3 used, DAY ends 2025-11-25T00:00:00Z
cache           hit, 400 bytes, lives 59.2 s, ttl 5 min, namespace r1
                method.request.querystring.q = \"a\"
                method.request.header.X-T = none
                key d1\\x00r1\\x00
verdict         answered from the cache
";
    assert_eq!(whole().text(), expected);
}

#[test]
fn a_line_is_printable_ascii_and_separable() {
    let whole = whole();
    let line = whole.line();
    assert!(line.bytes().all(|byte| matches!(byte, b' '..=b'~')), "{line}");
    let parts: Vec<_> = line.split("; ").collect();
    assert_eq!(parts.len(), whole.decisions.len() + 1, "{line}");
    assert_eq!(parts[3], "authorizer NONE");
    assert!(parts[4].ends_with("usage plan p1 (gold\\x3b \\xc3\\xbcnder)"), "{line}");
    assert_eq!(parts.last(), Some(&"verdict answered from the cache"));
}

#[test]
fn a_long_line_is_cut_at_the_limit() {
    let parts = vec!["x".repeat(TRAIL_LINE_BYTES_MAX)];
    let line = trail(vec![Decision::Integration(parts)], Verdict::Integration).line();
    assert_eq!(line.len(), TRAIL_LINE_BYTES_MAX);
    assert!(line.ends_with("xxx..."));
}

#[test]
fn control_characters_of_names_do_not_reach_a_terminal() {
    let text = trail(vec![Decision::NoStage("\u{1b}[31m".to_owned())], Verdict::Cache).text();
    assert!(!text.contains('\u{1b}'), "{text:?}");
}

#[test]
fn json_has_what_the_text_has() {
    let refused = Verdict::Refused(Refused {
        response_type: Some("THROTTLED"),
        status: 429,
        message: "Too Many Requests".to_owned(),
    });
    let trail = Trail { verdict: refused, ..whole() };
    assert!(!trail.is_answered());
    assert!(trail.text().ends_with(
        "\nverdict         refused: 429 Too Many Requests, gateway response THROTTLED\n"
    ));
    let json: serde_json::Value = serde_json::from_str(&trail.json()).expect("JSON");
    let decisions = json["decisions"].as_array().expect("a list");
    assert_eq!(decisions.len(), trail.decisions.len());
    assert_eq!(decisions[4]["key"]["usagePlanId"], "p1");
    assert_eq!(decisions[5]["nextTokenNs"], 1_500_000_000_u64);
    assert_eq!(decisions[10]["cache"]["parameters"][0]["value"], "a");
    assert_eq!(json["verdict"]["status"], 429);
    assert_eq!(json["verdict"]["answeredBy"], "gateway");
}

#[test]
fn misses_are_named() {
    let missed = |misses| trail(vec![Decision::NoRoute(misses)], Verdict::Integration).line();
    let verbs = missed(Misses { verbs: vec!["GET", "POST"], paths: Vec::new() });
    assert!(verbs.starts_with("route none, this path has GET, POST; "), "{verbs}");
    let paths = missed(Misses { verbs: Vec::new(), paths: vec!["/pets".to_owned()] });
    assert!(
        paths.starts_with("route none, no resource has this path, nearest: /pets; "),
        "{paths}"
    );
}

#[track_caller]
fn check_head(method: &str, url: &str, headers: &[&str], expected: Result<&str, QuestionError>) {
    let headers = headers.iter().map(|header| header.as_bytes().to_vec()).collect();
    let question = Question { method: method.into(), url: url.into(), headers };
    let again = Question::of_query(question.query().as_bytes());
    assert_eq!(again.as_ref(), Ok(&question), "{}", question.query());
    let head = question.head().map(|head| String::from_utf8(head).expect("text"));
    assert_eq!(head, expected.map(str::to_owned));
}

#[test]
fn a_question_is_a_head() {
    let get = "GET /dev/pets?q=a%20b HTTP/1.1\r\nHost: api:80\r\nX-A: b\r\n\r\n";
    check_head("GET", "http://api:80/dev/pets?q=a%20b#part", &["X-A: b"], Ok(get));
    check_head("PUT", "HTTPS://api?q", &[], Ok("PUT /?q HTTP/1.1\r\nHost: api\r\n\r\n"));
    check_head("GET", "/", &[], Ok("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    check_head("GET", "/x", &["hOST: a"], Ok("GET /x HTTP/1.1\r\nhOST: a\r\n\r\n"));
    check_head("GET", "ftp://x/", &[], Err(QuestionError::Url));
    check_head("GET", "http:///x", &[], Err(QuestionError::Url));
    check_head("GET", "pets", &[], Err(QuestionError::Url));
    check_head("", "/", &[], Err(QuestionError::MethodMissing));
    check_head("GET", "/", &["X"], Err(QuestionError::Header));
    check_head("GET", "/", &[": x"], Err(QuestionError::Header));
    check_head("GET", "/\r\nX: y", &[], Err(QuestionError::Control));
    check_head("GET", "/", &["X: y\nZ: z"], Err(QuestionError::Control));
    assert_eq!(Question::of_query(b"methods=GET"), Err(QuestionError::UnknownParameter));
}
