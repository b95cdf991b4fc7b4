use super::{Parsed, ResponseBody, ResponseHead, Version};
use crate::HeadLimits;

#[track_caller]
fn parse(head: &str, is_head: bool) -> ResponseHead {
    let mut parsed = ResponseHead::new();
    let result = parsed.parse(head.as_bytes(), is_head, &HeadLimits::DEFAULT);
    assert_eq!(result, Ok(Parsed::Complete), "{head:?}");
    assert_eq!(parsed.len, head.find("\r\n\r\n").unwrap() + 4);
    parsed
}

/// Compares body and persistence of a response with this status and these fields.
#[track_caller]
fn check(status: &str, fields: &str, body: ResponseBody, keep_alive: bool) {
    let head = parse(&format!("HTTP/1.1 {status}\r\n{fields}\r\n"), false);
    assert_eq!((head.body, head.keep_alive), (body, keep_alive), "{status} {fields}");
}

/// Parses `head` whole and in every prefix: all are refused for the same, or not whole.
#[track_caller]
fn check_refused(head: &str, reason: &str) {
    let mut parsed = ResponseHead::new();
    for len in 0..head.len() {
        match parsed.parse(&head.as_bytes()[..len], false, &HeadLimits::DEFAULT) {
            Ok(Parsed::Partial) => {}
            Err(error) => assert_eq!(error.reason(), reason, "{head:?}"),
            Ok(Parsed::Complete) => panic!("accepted {head:?}"),
        }
    }
    let error = parsed.parse(head.as_bytes(), false, &HeadLimits::DEFAULT);
    assert_eq!(error.expect_err(reason).reason(), reason, "{head:?}");
}

#[test]
fn a_status_line_is_version_status_and_reason() {
    let text = "HTTP/1.0 404 Not \tFound\r\nA: b\r\n\r\nrest";
    let head = parse(text, false);
    assert_eq!((head.status, head.version), (404, Version::Http10));
    assert_eq!(head.reason.of(text.as_bytes()), b"Not \tFound");
    assert_eq!(head.fields.len(), 1);
    assert!(parse("HTTP/1.1 200 \r\n\r\n", false).reason.is_empty());
    assert!(parse("HTTP/1.1 200\r\n\r\n", false).reason.is_empty());
}

#[test]
fn a_doubtful_status_line_is_refused() {
    for line in [
        "HTTP/1.1",
        "HTTP/1.1 ",
        "HTTP/1.1 20",
        "HTTP/1.1 2000 OK",
        "HTTP/1.1  200 OK",
        "HTTP/1.1 200OK",
        "HTTP/1.1 +20 OK",
        "HTTP/1.1 2x0 OK",
        "http/1.1 200 OK",
        "HTTP 200 OK",
        "ICY 200 OK",
        "200 OK",
        "HTTP/1.1\t200 OK",
        "HTTP/1.1 200 O\0K",
        "HTTP/1.1 200 OK\r",
        " HTTP/1.1 200 OK",
        "\r\nHTTP/1.1 200 OK",
        "HTTP/x.1 200 OK",
        "HTTP/1.1 200 OK\nA: b",
    ] {
        check_refused(&format!("{line}\r\n\r\n"), "status-line-malformed");
    }
    check_refused("HTTP/2.0 200 OK\r\n\r\n", "version-unsupported");
    check_refused("HTTP/1.1 099 No\r\n\r\n", "status-invalid");
    check_refused("HTTP/1.1 600 No\r\n\r\n", "status-invalid");
    check_refused("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", "switching-protocols");
    check_refused(&format!("HTTP/1.1 200 {}", "a".repeat(10_240)), "status-line-too-long");
}

#[test]
fn the_body_is_framed_in_the_order_of_the_rfc() {
    use ResponseBody::{Chunked, Length, None, UntilClose};
    check("200 OK", "Content-Length: 5\r\n", Length(5), true);
    check("200 OK", "Content-Length: 0\r\n", Length(0), true);
    check("200 OK", "Transfer-Encoding: chunked\r\n", Chunked, true);
    check("200 OK", "", UntilClose, false);
    check("200 OK", "Connection: keep-alive\r\n", UntilClose, false);
    check("204 No Content", "", None, true);
    check("204 No Content", "Content-Length: 0\r\n", None, true);
    check("304 Not Modified", "Content-Length: 5\r\n", None, true);
    check("304 Not Modified", "Transfer-Encoding: chunked\r\n", None, true);
    check("100 Continue", "", None, true);
    check("103 Early Hints", "Link: x\r\n", None, true);
    check("205 Reset Content", "Content-Length: 0\r\n", Length(0), true);
}

#[test]
fn a_response_to_head_has_no_body_whatever_it_announces() {
    for fields in ["Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n", ""] {
        let head = parse(&format!("HTTP/1.1 200 OK\r\n{fields}\r\n"), true);
        assert_eq!((head.body, head.keep_alive), (ResponseBody::None, true));
    }
}

#[test]
fn doubtful_framing_is_refused() {
    let refused = |fields: &str, reason| {
        check_refused(&format!("HTTP/1.1 200 OK\r\n{fields}\r\n"), reason);
    };
    refused("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "te-and-cl");
    refused("Content-Length: 5\r\nContent-Length: 5\r\n", "content-length-repeated");
    refused("Content-Length: 5, 5\r\n", "content-length-invalid");
    refused("Content-Length: \r\n", "content-length-invalid");
    refused("Transfer-Encoding: gzip, chunked\r\n", "transfer-coding-unknown");
    refused(
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        "transfer-coding-unknown",
    );
    refused("Transfer-Encoding:\tchunked\r\n", "transfer-coding-unknown");
    refused("A: b\r\n c\r\n", "obs-fold");
    refused("A: b\n", "bare-lf");
    refused("A : b\r\n", "space-before-colon");
    refused("A: b\0\r\n", "field-value-invalid");
    refused(&"a:\r\n".repeat(129), "too-many-fields");
    refused(&format!("a: {}\r\n", "b".repeat(10_240)), "fields-too-large");
    check_refused("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "te-in-http10");
    check_refused("HTTP/1.1 204 No\r\nContent-Length: 5\r\n\r\n", "body-forbidden");
    check_refused("HTTP/1.1 204 No\r\nTransfer-Encoding: chunked\r\n\r\n", "body-forbidden");
    check_refused("HTTP/1.1 100 Go\r\nContent-Length: 5\r\n\r\n", "body-forbidden");
}

#[test]
fn a_framing_that_is_refused_is_refused_for_head_too() {
    let text = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n";
    let mut head = ResponseHead::new();
    assert!(head.parse(text, true, &HeadLimits::DEFAULT).is_err());
}

#[test]
fn persistence_follows_version_and_connection() {
    let keeps = |text: &str| parse(text, false).keep_alive;
    assert!(!keeps("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"));
    assert!(!keeps("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n"));
    assert!(keeps("HTTP/1.0 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n"));
}

#[test]
fn interim_heads_are_reported() {
    assert!(parse("HTTP/1.1 100 Continue\r\n\r\n", false).is_interim());
    assert!(!parse("HTTP/1.1 200 OK\r\n\r\n", false).is_interim());
}
