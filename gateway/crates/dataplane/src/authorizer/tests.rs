use gateway_compile::gateway_responses::GatewayResponses;
use gateway_compile::{ApiKeySource, BinaryMediaTypes, Policy, RequestMethod, Routes, Source};
use gateway_model::EndpointType;
use gateway_proto::HeadLimits;
use gateway_proto::h1::Parsed;
use gateway_rt::Buf;
use gateway_telemetry::{LogFormat, Variable};

use super::identity::{Identified, write};
use super::*;

/// A request as it is when its authorizer's turn comes; the stage takes `offset` bytes of the path.
fn exchange(head: &str, offset: usize) -> Box<Exchange> {
    let mut x = Box::<Exchange>::default();
    let mut rx = Buf::take();
    assert!(rx.extend(head.as_bytes()));
    assert_eq!(x.head.parse(rx.filled(), &HeadLimits::DEFAULT), Ok(Parsed::Complete));
    x.rx = Some(rx);
    x.facts.path_offset = offset;
    x.facts.method = RequestMethod::parse(x.text(x.head.method));
    x
}

fn get(target: &str, fields: &str) -> Box<Exchange> {
    exchange(&format!("GET {target} HTTP/1.1\r\nHost: h\r\n{fields}\r\n"), "/dev".len())
}

fn peer() -> Peer {
    Peer::new(([203, 0, 113, 9], 40_000).into(), 8080)
}

fn stage(region: &str) -> StagePlan {
    StagePlan {
        api_id: "abc".into(),
        api_name: "pets".into(),
        stage: "dev".into(),
        account_id: "123456789012".into(),
        region: region.into(),
        deployment_id: "d".into(),
        endpoint_type: EndpointType::Regional,
        user_agent: Box::default(),
        routes: Routes::default(),
        methods: Vec::new(),
        endpoints: Vec::new(),
        gateway_responses: Arc::new(GatewayResponses::built_in()),
        access_log: None,
        execution_log_group: None,
        stage_variables: Vec::new(),
        policy: Policy::None,
        payload_bytes_max: 0,
        api_key_source: ApiKeySource::Header,
        functions: Vec::new(),
        authorizers: Vec::new(),
        binary_media_types: BinaryMediaTypes::default(),
        minimum_compression_size: None,
        cache: None,
        canary: None,
        is_canary: false,
        function_url: None,
    }
}

#[track_caller]
fn check_arn(x: &Exchange, region: &str, expected: &str) {
    let mut arn = b"of the request before".to_vec();
    assert_eq!(write_arn(x, &stage(region), &mut arn), Ok(()));
    assert_eq!(String::from_utf8(arn).expect("UTF-8"), expected);
}

#[test]
fn an_arn_names_the_verb_and_the_path_as_they_are() {
    let of = |path: &str| format!("arn:aws:execute-api:us-east-1:123456789012:abc/dev/GET/{path}");
    check_arn(&get("/dev/pets/17?q=1", ""), "us-east-1", &of("pets/17"));
    check_arn(&get("/dev/", ""), "us-east-1", &of(""));
    check_arn(&get("/dev", ""), "us-east-1", &of(""));
    check_arn(&get("/dev//pets//17/", ""), "us-east-1", &of("pets//17/"));
    check_arn(&get("/dev/a%2Fb%20", ""), "us-east-1", &of("a%2Fb%20"));
    let mut post = get("/dev/x", "");
    post.facts.method = RequestMethod::Post;
    let arn = "arn:aws-cn:execute-api:cn-north-1:123456789012:abc/dev/POST/x";
    check_arn(&post, "cn-north-1", arn);
}

#[test]
fn an_arn_that_is_too_long_is_answered_414() {
    let empty = "arn:aws:execute-api:us-east-1:123456789012:abc/dev/GET/".len();
    let longest = "x".repeat(METHOD_ARN_BYTES_MAX - empty);
    let mut arn = Vec::new();
    let fits = get(&format!("/dev/{longest}"), "");
    assert_eq!(write_arn(&fits, &stage("us-east-1"), &mut arn), Ok(()));
    let over = get(&format!("/dev/{longest}x"), "");
    assert_eq!(write_arn(&over, &stage("us-east-1"), &mut arn), Err(Failure::uri_too_long()));
}

#[test]
fn a_token_is_the_last_field_of_its_name_whatever_the_case() {
    let of = |fields: &str| {
        let x = get("/dev/", fields);
        token(&x, b"Authorization").map(<[u8]>::to_vec)
    };
    assert_eq!(of("authorization: Bearer a b\r\n").as_deref(), Some(&b"Bearer a b"[..]));
    assert_eq!(of("Authorization: a\r\nAUTHORIZATION: b\r\n").as_deref(), Some(&b"b"[..]));
    assert_eq!(of("Authorization:  \r\n"), None);
    assert_eq!(of("X-Authorization: a\r\n"), None);
    // What is dropped at the door identifies nobody.
    let x = get("/dev/", "Proxy-Authorization: a\r\n");
    assert_eq!(token(&x, b"Proxy-Authorization"), None);
}

fn header(name: &str) -> Source {
    Source::Header(name.as_bytes().into())
}

fn query(name: &str) -> Source {
    Source::Query(name.as_bytes().into())
}

/// The key of a request, if it says whose it is.
fn key(sources: Vec<Source>, target: &str, fields: &str) -> Option<Vec<u8>> {
    let mut key = b"before".to_vec();
    let identity = Identity::Request(sources);
    match write(&get(target, fields), &peer(), &identity, &mut key) {
        Identified::Yes => Some(key),
        Identified::No => None,
        Identified::Anybody => panic!("there are sources"),
    }
}

#[test]
fn every_source_is_there_and_not_empty() {
    let sources = || vec![header("X-A"), query("q"), Source::Literal(b"v"[..].into())];
    assert!(key(sources(), "/dev/?q=1", "x-a: 1\r\n").is_some());
    for (target, fields) in [
        ("/dev/", "X-A: 1\r\n"),
        ("/dev/?q=", "X-A: 1\r\n"),
        ("/dev/?q=1", ""),
        ("/dev/?q=1", "X-A:\r\n"),
        ("/dev/?q=1&q=", "X-A: 1\r\n"),
        ("/dev/?Q=1", "X-A: 1\r\n"),
    ] {
        assert_eq!(key(sources(), target, fields), None, "{target} {fields}");
    }
    assert_eq!(key(vec![Source::Missing], "/dev/", ""), None);
    let nobody = Identity::Request(Vec::new());
    let anybody = write(&get("/dev/", ""), &peer(), &nobody, &mut Vec::new());
    assert_eq!(anybody, Identified::Anybody);
}

#[test]
fn two_callers_never_share_a_key() {
    let sources = || vec![header("A"), header("B"), query("q")];
    let callers = [
        ("/dev/?q=1", "A: x\r\nB: yz\r\n"),
        ("/dev/?q=1", "A: xy\r\nB: z\r\n"),
        ("/dev/?q=1", "A: yz\r\nB: x\r\n"),
        ("/dev/?q=2", "A: x\r\nB: yz\r\n"),
        ("/dev/?q=2&q=1", "A: x\r\nB: yz\r\n"),
        ("/dev/?q=1", "A: w\r\nA: x\r\nB: yz\r\n"),
        ("/dev/?q=1", "A: w\r\na: x\r\nB: yz\r\n"),
    ];
    let keys = callers.map(|(target, fields)| key(sources(), target, fields).expect("a caller"));
    for (at, one) in keys.iter().enumerate() {
        for other in &keys[..at] {
            assert_ne!(one, other, "{:?}", callers[at]);
        }
    }
    // What no source names makes no other caller: neither the path nor another header.
    let same = key(sources(), "/dev/other?q=1", "A: x\r\nB: yz\r\nC: c\r\n");
    assert_eq!(same.as_ref(), Some(&keys[0]));
}

fn decision(effect: &str, resource: &str, condition: &str) -> Decision {
    let answer = format!(
        r#"{{"principalId":"u","policyDocument":{{"Version":"2012-10-17","Statement":[{{
            "Effect":"{effect}","Action":"execute-api:Invoke","Resource":"{resource}",
            "Condition":{condition}}}]}}}}"#
    );
    Decision::parse(answer.as_bytes()).expect("a decision")
}

#[test]
fn a_decision_holds_for_the_arns_that_its_policy_names() {
    let x = get("/dev/a", "");
    let allow = decision("Allow", "arn:aws:execute-api:*:*:abc/dev/GET/a", "{}");
    let arn = |path: &str| format!("arn:aws:execute-api:us-east-1:1:abc/dev/{path}").into_bytes();
    let verdict =
        |decision: &Decision, path: &str| denial(evaluate(&x, &peer(), decision, &arn(path)));
    assert_eq!(verdict(&allow, "GET/a"), Ok(()));
    assert_eq!(verdict(&allow, "POST/a"), Err(Failure::implicit_deny()));
    assert_eq!(verdict(&allow, "GET/b"), Err(Failure::implicit_deny()));
    let deny = decision("Deny", "*", "{}");
    assert_eq!(verdict(&deny, "GET/a"), Err(Failure::explicit_deny()));
}

#[test]
fn what_the_authorizer_said_is_in_the_context() {
    let answer = r#"{"principalId":"u","policyDocument":{"Statement":[]},"usageIdentifierKey":"k",
        "context":{"tenant":"t","n":7,"status":"gold"}}"#;
    let mut x = get("/dev/a", "");
    assert_eq!(x.api_key(ApiKeySource::Authorizer), None);
    x.authorizer = Some(Arc::new(Decision::parse(answer.as_bytes()).expect("a decision")));
    x.facts.authorizer.status = Some(200);
    x.facts.authorizer_latency_ms = 12;
    assert_eq!(x.api_key(ApiKeySource::Authorizer), Some(&b"k"[..]));
    assert_eq!(x.api_key(ApiKeySource::Header), None);
    let peer = peer();
    let mapped = |variable: Variable| {
        let mut out = Vec::new();
        let values = crate::values::Values::of_request(&x, &peer);
        let has_value = values.write(&Source::Context(variable), &mut out);
        has_value.then(|| String::from_utf8(out).expect("UTF-8"))
    };
    let of = |key: &str| Variable::AuthorizerContext(key.into());
    assert_eq!(mapped(Variable::AuthorizerPrincipalId).as_deref(), Some("u"));
    assert_eq!(mapped(of("tenant")).as_deref(), Some("t"));
    assert_eq!(mapped(of("n")).as_deref(), Some("7"));
    assert_eq!(mapped(of("other")), None);
    assert_eq!(mapped(Variable::AuthorizerStatus).as_deref(), Some("gold"), "the function's own");
    assert_eq!(mapped(Variable::AuthorizerLatency), None, "only a log knows it");
    assert_eq!(mapped(Variable::AuthorizerIntegrationLatency), None, "a number is not mapped");
    let (format, _) = LogFormat::parse(
        "$context.requestId $context.authorizer.tenant $context.authorizer.status \
         $context.authorizer.integrationLatency $context.authorizer.error $context.authorize.status",
    )
    .expect("a format");
    let context = crate::context::Context { x: &x, peer: &peer, now: Moment::NEVER };
    let mut line = Vec::new();
    format.render(&context, &mut line);
    let line = String::from_utf8(line).expect("UTF-8");
    assert_eq!(line.split_once(' ').expect("an id").1, "t 200 12 - -\n");
}

#[test]
fn conditions_see_the_request_and_the_clock() {
    let mut x = get("/dev/a", "User-Agent: curl/8\r\nReferer: https://x/\r\n");
    x.facts.started_unix_ms = 1_795_377_600_123;
    let check = |condition: &str, is_met: bool| {
        let decision = decision("Allow", "*", condition);
        let verdict = evaluate(&x, &peer(), &decision, b"arn:aws:execute-api:r:1:a/b/GET/");
        assert_eq!(verdict == Verdict::Allow, is_met, "{condition}");
    };
    check(r#"{"IpAddress":{"aws:SourceIp":"203.0.113.0/24"}}"#, true);
    check(r#"{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}"#, false);
    check(r#"{"StringLike":{"AWS:useragent":"curl/*"}}"#, true);
    check(r#"{"StringEquals":{"aws:Referer":"https://x/"}}"#, true);
    check(r#"{"Bool":{"aws:SecureTransport":"false"}}"#, true);
    check(r#"{"DateEquals":{"aws:CurrentTime":"2026-11-22T20:00:00.123Z"}}"#, true);
    check(r#"{"DateGreaterThan":{"aws:CurrentTime":"2027-01-01"}}"#, false);
    check(r#"{"NumericEquals":{"aws:EpochTime":"1795377600"}}"#, true);
    check(r#"{"Null":{"aws:PrincipalArn":"true","aws:SourceVpc":"true"}}"#, true);
    check(r#"{"StringNotEquals":{"aws:PrincipalOrgPaths":"x"}}"#, false);
}
