use super::*;

const ID: &[u8; 36] = b"8476a536-e9f4-11e8-9739-2dfe598c3fcd";

/// All that a connection's bytes read as, fed in pieces of `step` bytes.
fn read_all(bytes: &[u8], step: usize) -> Vec<Read> {
    let mut reader = Reader::new();
    let mut all = Vec::new();
    for piece in bytes.chunks(step) {
        reader.feed(piece);
        loop {
            match reader.read() {
                Read::More => break,
                refused @ Read::Refused { .. } => {
                    all.push(refused);
                    return all;
                }
                read => all.push(read),
            }
        }
    }
    all
}

#[track_caller]
fn one(bytes: &str) -> Request {
    let whole = read_all(bytes.as_bytes(), usize::MAX);
    for step in [1, 2, 7] {
        let split = read_all(bytes.as_bytes(), step);
        let split: Vec<_> = split.into_iter().filter(|read| *read != Read::Continue).collect();
        assert_eq!(split, whole, "in pieces of {step}");
    }
    match <[Read; 1]>::try_from(whole) {
        Ok([Read::Request(request)]) => request,
        other => panic!("{other:?}"),
    }
}

#[test]
fn routes_are_those_of_the_runtime_api() {
    let id = || Some(*ID);
    for (line, expect) in [
        ("GET /2018-06-01/runtime/invocation/next", Route::Next),
        (
            "POST /2018-06-01/runtime/invocation/8476a536-e9f4-11e8-9739-2dfe598c3fcd/response",
            Route::Response(id()),
        ),
        (
            "POST /2018-06-01/runtime/invocation/8476a536-e9f4-11e8-9739-2dfe598c3fcd/error",
            Route::Error(id()),
        ),
        ("POST /2018-06-01/runtime/invocation/short/error", Route::Error(None)),
        ("POST /2018-06-01/runtime/init/error", Route::InitError),
        ("POST /2018-06-01/runtime/invocation/next", Route::OtherMethod("GET")),
        ("GET /2018-06-01/runtime/init/error", Route::OtherMethod("POST")),
        ("GET /2018-06-01/runtime/invocation/", Route::Unknown),
        ("GET /2018-06-01/runtime/invocation/x/y", Route::Unknown),
        ("GET /2015-03-31/runtime/invocation/next", Route::Unknown),
        ("GET /", Route::Unknown),
    ] {
        let request = one(&format!("{line} HTTP/1.1\r\nHost: 127.0.0.1:1\r\n\r\n"));
        assert_eq!(request.route, expect, "{line}");
    }
}

#[test]
fn a_result_has_its_length() {
    let request = one("POST /2018-06-01/runtime/init/error HTTP/1.1\r\nHost: h\r\n\
         lambda-runtime-function-error-type: Runtime.X\r\nContent-Length: 5\r\n\r\nhello");
    assert_eq!(request.body, Body::Whole(b"hello".to_vec()));
    assert_eq!(request.error_type.as_deref(), Some("Runtime.X"));
    assert_eq!(request.error_body, None);
    assert!(request.keep_alive && request.is_mode_known);
}

#[test]
fn a_streamed_result_may_end_in_an_error() {
    let request = one("POST /2018-06-01/runtime/init/error HTTP/1.1\r\nHost: h\r\n\
         Lambda-Runtime-Function-Response-Mode: streaming\r\nTransfer-Encoding: chunked\r\n\
         Trailer: Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body\r\n\r\n\
         5\r\nhello\r\n0\r\nLambda-Runtime-Function-Error-Type: Oops\r\n\
         Lambda-Runtime-Function-Error-Body: eyJhIjoxfQ==\r\n\r\n");
    assert_eq!(request.body, Body::Whole(b"hello".to_vec()));
    assert_eq!(request.error_type.as_deref(), Some("Oops"));
    assert_eq!(request.error_body.as_deref(), Some(&b"{\"a\":1}"[..]));
    assert!(request.is_mode_known);
}

#[test]
fn an_unknown_response_mode_is_seen() {
    let request = one("POST /2018-06-01/runtime/init/error HTTP/1.1\r\nHost: h\r\n\
         Lambda-Runtime-Function-Response-Mode: sideways\r\n\r\n");
    assert!(!request.is_mode_known);
}

#[test]
fn requests_follow_each_other() {
    let bytes =
        b"POST /2018-06-01/runtime/init/error HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n{}\
        GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
    for step in [1, 13, usize::MAX] {
        let all = read_all(bytes, step);
        let [Read::Request(first), Read::Request(second)] = &all[..] else { panic!("{all:?}") };
        assert_eq!(first.body, Body::Whole(b"{}".to_vec()));
        assert_eq!((second.route, second.keep_alive), (Route::Next, false));
    }
}

#[test]
fn a_client_that_waits_for_continue_is_told_once() {
    let mut reader = Reader::new();
    reader.feed(
        b"POST /2018-06-01/runtime/init/error HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n\
        Content-Length: 2\r\n\r\n",
    );
    assert_eq!(reader.read(), Read::Continue);
    assert_eq!(reader.read(), Read::More);
    reader.feed(b"{}");
    assert!(matches!(reader.read(), Read::Request(_)));
}

#[test]
fn a_body_over_the_limit_is_counted_and_dropped() {
    let len = RESPONSE_BYTES_MAX + 1;
    let mut reader = Reader::new();
    let head = "POST /2018-06-01/runtime/init/error HTTP/1.1\r\nHost: h\r\n";
    reader.feed(format!("{head}Content-Length: {len}\r\n\r\n").as_bytes());
    let piece = vec![b'x'; 65_536];
    let mut left = len;
    let request = loop {
        match reader.read() {
            Read::More => {
                let n = left.min(piece.len());
                assert!(n > 0, "the request is whole");
                reader.feed(&piece[..n]);
                left -= n;
            }
            Read::Request(request) => break request,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(request.body, Body::TooLarge(len as u64));
    assert!(reader.input.is_empty() && reader.input.capacity() < 4 * piece.len());
}

#[test]
fn error_causes_of_a_mebibyte_fit_a_head() {
    let cause = "x".repeat(1024 * 1024);
    let head = "POST /2018-06-01/runtime/init/error HTTP/1.1\r\nHost: h\r\n";
    let bytes = format!("{head}Lambda-Runtime-Function-XRay-Error-Cause: {cause}\r\n\r\n");
    let all = read_all(bytes.as_bytes(), 16_384);
    assert!(matches!(&all[..], [Read::Request(_)]));
    let bytes = format!("{head}A: {cause}\r\nB: {cause}\r\n\r\n");
    let all = read_all(bytes.as_bytes(), 16_384);
    assert!(matches!(&all[..], [Read::Refused { status: 431, .. }]), "{:?}", all.len());
}

#[test]
fn what_is_not_http_is_refused_for_good() {
    let mut reader = Reader::new();
    reader.feed(b"\x16\x03\x01 hello\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n");
    for _ in 0..2 {
        assert_eq!(reader.read(), Read::Refused { status: 400, reason: "method-invalid" });
    }
    let chunk = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n";
    let all = read_all(chunk.as_bytes(), usize::MAX);
    assert!(matches!(&all[..], [Read::Refused { status: 400, .. }]), "{all:?}");
}
