use super::{BodyLength, Parsed, RequestError, RequestHead, Version};
use crate::h1::{AuthorityError, FieldError, TargetForm};
use crate::{FieldName, HeadLimits};

/// Parses a head that has to be whole and to pass.
#[track_caller]
fn parse(head: &str) -> RequestHead {
    let mut parsed = RequestHead::new();
    let result = parsed.parse(head.as_bytes(), &HeadLimits::DEFAULT);
    assert_eq!(result, Ok(Parsed::Complete), "{head:?}");
    parsed
}

/// Parses `head` whole, and every prefix of it: none may pass, and none may be refused for anything
/// else.
#[track_caller]
fn check_refused(head: &[u8], status: u16, reason: &str) {
    let mut parsed = RequestHead::new();
    for len in 0..head.len() {
        match parsed.parse(&head[..len], &HeadLimits::DEFAULT) {
            Ok(Parsed::Partial) => {}
            Err(error) => assert_eq!(error.reason(), reason, "{}", head[..len].escape_ascii()),
            Ok(Parsed::Complete) => panic!("accepted {}", head[..len].escape_ascii()),
        }
    }
    let error = parsed.parse(head, &HeadLimits::DEFAULT).expect_err(reason);
    assert_eq!((error.status(), error.reason()), (status, reason), "{}", head.escape_ascii());
}

/// A head of HTTP/1.1 with `Host` and `fields`, each of which ends in CRLF.
fn with(fields: &str) -> String {
    format!("POST / HTTP/1.1\r\nHost: h\r\n{fields}\r\n")
}

#[track_caller]
fn check_fields_refused(fields: &str, status: u16, reason: &str) {
    check_refused(with(fields).as_bytes(), status, reason);
}

#[test]
fn a_head_is_described_by_spans() {
    let text = "GET /a/b?c=d HTTP/1.1\r\nHost: h:80\r\nX-Y:  z \r\n\r\nbody";
    let buf = text.as_bytes();
    let head = parse(text);
    assert_eq!(head.method.of(buf), b"GET");
    assert_eq!(head.target.path.of(buf), b"/a/b");
    assert_eq!(head.target.query.of(buf), b"c=d");
    assert_eq!(head.target.form, TargetForm::Origin);
    assert_eq!(head.version, Version::Http11);
    assert_eq!(head.authority.of(buf), b"h:80");
    assert_eq!(head.host(buf), b"h");
    assert_eq!(head.body, BodyLength::None);
    assert_eq!(head.len, text.len() - 4);
    assert_eq!(head.fields.len(), 2);
    assert_eq!(head.fields[1].name.of(buf), b"X-Y");
    assert_eq!(head.fields[1].value.of(buf), b"z");
    assert_eq!(head.field(FieldName::Host), Some(&head.fields[0]));
    assert_eq!(head.field(FieldName::Cookie), None);
}

#[test]
fn a_head_parsed_into_again_keeps_nothing() {
    let mut head =
        parse(&with("Content-Length: 5\r\nExpect: 100-continue\r\nConnection: close\r\n"));
    let text = b"GET http://a/ HTTP/1.0\r\n\r\n";
    assert_eq!(head.parse(text, &HeadLimits::DEFAULT), Ok(Parsed::Complete));
    assert_eq!(head.body, BodyLength::None);
    assert!(head.fields.is_empty() && !head.expect_continue && !head.keep_alive);
    let text = b"GET / HTTP/1.0\r\n\r\n";
    assert_eq!(head.parse(text, &HeadLimits::DEFAULT), Ok(Parsed::Complete));
    assert!(head.authority.is_empty());
}

#[test]
fn row_1_both_framings_are_refused() {
    check_fields_refused("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", 400, "te-and-cl");
    check_fields_refused("Transfer-Encoding: chunked\r\nContent-Length: 0\r\n", 400, "te-and-cl");
    check_fields_refused("Transfer-Encoding: identity\r\nContent-Length: 5\r\n", 400, "te-and-cl");
}

#[test]
fn row_2_only_chunked_alone_is_a_transfer_encoding() {
    assert_eq!(parse(&with("Transfer-Encoding: ChunkeD\r\n")).body, BodyLength::Chunked);
    for value in [" xchunked", " gzip", " gzip, chunked", " identity"] {
        check_fields_refused(
            &format!("Transfer-Encoding:{value}\r\n"),
            501,
            "transfer-coding-unknown",
        );
    }
    for value in
        ["", " chunked, identity", "\tchunked", " chunked ", " chunked;q=1", " chunked,chunked"]
    {
        check_fields_refused(&format!("Transfer-Encoding:{value}\r\n"), 400, "te-malformed");
    }
    let twice = "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n";
    check_fields_refused(twice, 400, "te-repeated");
    let in_10 = b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n";
    check_refused(in_10, 400, "te-in-http10");
    check_fields_refused("Transfer-Encoding : chunked\r\n", 400, "space-before-colon");
    // Not the field: it is carried like any other, and never merged with the one it resembles.
    assert_eq!(parse(&with("Transfer_Encoding: chunked\r\n")).body, BodyLength::None);
}

#[test]
fn row_3_a_content_length_is_one_number() {
    assert_eq!(parse(&with("Content-Length: 0\r\n")).body, BodyLength::Length(0));
    assert_eq!(parse(&with("content-length:\t42  \r\n")).body, BodyLength::Length(42));
    for value in ["+5", "5, 5", "5,6", "0x5", "-1", "", "5 5", "99999999999999999999", "1;"] {
        check_fields_refused(
            &format!("Content-Length: {value}\r\n"),
            400,
            "content-length-invalid",
        );
    }
    let twice = "Content-Length: 5\r\nContent-Length: 5\r\n";
    check_fields_refused(twice, 400, "content-length-repeated");
}

#[test]
fn row_5_an_upgrade_is_a_wish_and_only_in_http_11() {
    let wish = "Connection: Upgrade\r\nUpgrade: websocket\r\n";
    assert!(parse(&with(wish)).upgrade);
    assert!(!parse(&with("Upgrade: websocket\r\n")).upgrade);
    assert!(!parse(&with("Connection: upgrade\r\n")).upgrade);
    assert!(!parse(&format!("GET / HTTP/1.0\r\n{wish}\r\n")).upgrade);
}

#[test]
fn row_6_lines_end_in_crlf_and_hold_no_control_bytes() {
    check_refused(b"GET / HTTP/1.1\nHost: h\n\n", 400, "request-line-end");
    check_refused(b"GET / HTTP/1.1\r\nHost: h\n\r\n", 400, "bare-lf");
    check_refused(b"GET / HTTP/1.1\r\nHost: h\r\n\n", 400, "bare-lf");
    check_refused(b"GET / HTTP/1.1\r\nHost: h\rX: y\r\n\r\n", 400, "bare-cr");
    check_refused(b"GET / HTTP/1.1\r\nHost: h\r\r\n\r\n", 400, "bare-cr");
    check_refused(b"GET / HTTP/1.1\r\r\nHost: h\r\n\r\n", 400, "request-line-malformed");
    for control in ["\0", "\x0b", "\x0c", "\x01", "\x7f", "\x1b"] {
        check_fields_refused(&format!("X: a{control}b\r\n"), 400, "field-value-invalid");
    }
}

#[test]
fn two_empty_lines_before_the_request_are_skipped() {
    let head = parse("\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_eq!((head.method.start, head.len), (2, 29));
    let head = parse("\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_eq!((head.method.start, head.len), (4, 31));
    check_refused(b"\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", 400, "method-invalid");
    check_refused(b"\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", 400, "method-invalid");
    check_refused(b"\rGET / HTTP/1.1\r\nHost: h\r\n\r\n", 400, "method-invalid");
}

#[test]
fn row_10_field_lines_follow_the_grammar() {
    check_refused(b"GET / HTTP/1.1\r\n Host: h\r\n\r\n", 400, "obs-fold");
    check_fields_refused("X: a\r\n b\r\n", 400, "obs-fold");
    check_fields_refused(": a\r\n", 400, "field-name-empty");
    check_fields_refused("X Y: a\r\n", 400, "space-before-colon");
    check_fields_refused("X(Y): a\r\n", 400, "field-name-invalid");
    check_fields_refused("X\r\n", 400, "field-name-invalid");
}

#[test]
fn row_11_sizes_are_refused_before_the_whole_is_there() {
    let mut head = RequestHead::new();
    let limits = HeadLimits::DEFAULT;
    let line = [b"GET /".as_slice(), &[b'a'; 10_226], b" HTTP/1.1\r\nHost: h\r\n\r\n"].concat();
    assert_eq!(head.parse(&line, &limits), Ok(Parsed::Complete));
    let line = [b"GET /".as_slice(), &[b'a'; 10_227], b" HTTP/1.1\r\nHost: h\r\n\r\n"].concat();
    assert_eq!(head.parse(&line, &limits), Err(RequestError::RequestLineTooLong));
    assert_eq!(head.parse(&line[..10_242], &limits), Err(RequestError::RequestLineTooLong));
    assert_eq!(RequestError::RequestLineTooLong.status(), 414);

    let fields = |len: usize| {
        let start = "GET / HTTP/1.1\r\nHost: h\r\nX: ";
        format!("{start}{}\r\n\r\n", "a".repeat(len - "Host: h\r\nX: \r\n".len()))
    };
    assert_eq!(head.parse(fields(10_240).as_bytes(), &limits), Ok(Parsed::Complete));
    let too_large = Err(RequestError::Field(FieldError::TooLarge));
    assert_eq!(head.parse(fields(10_241).as_bytes(), &limits), too_large);
    assert_eq!(head.parse(&fields(10_241).as_bytes()[..16 + 10_240], &limits), too_large);

    let many = with(&"a:\r\n".repeat(limits.fields_count_max - 1));
    assert_eq!(head.parse(many.as_bytes(), &limits), Ok(Parsed::Complete));
    check_fields_refused(&"a:\r\n".repeat(limits.fields_count_max), 431, "too-many-fields");
}

#[test]
fn row_12_there_is_one_authority() {
    check_refused(b"GET / HTTP/1.1\r\n\r\n", 400, "host-missing");
    check_refused(b"GET http://h/ HTTP/1.1\r\n\r\n", 400, "host-missing");
    check_fields_refused("Host: h\r\n", 400, "host-repeated");
    check_refused(b"GET / HTTP/1.0\r\nHost: a\r\nhost: b\r\n\r\n", 400, "host-repeated");
    for (host, reason) in [
        ("", "host-empty"),
        ("u@h", "host-userinfo"),
        ("h:x", "port-invalid"),
        ("h:", "port-invalid"),
        ("a b", "host-invalid"),
        ("a/b", "host-invalid"),
        ("a,b", "host-invalid"),
    ] {
        let text = format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n");
        check_refused(text.as_bytes(), 400, reason);
    }
    check_refused(b"GET http://a/ HTTP/1.1\r\nHost: b\r\n\r\n", 400, "host-mismatch");
    check_refused(b"GET http://a:80/ HTTP/1.1\r\nHost: a\r\n\r\n", 400, "host-mismatch");
    check_refused(b"GET http://u@a/ HTTP/1.1\r\nHost: a\r\n\r\n", 400, "host-userinfo");
    let text = "GET http://A.example:81/x HTTP/1.1\r\nHost: a.example:81\r\n\r\n";
    assert_eq!(parse(text).authority.of(text.as_bytes()), b"A.example:81");
    let text = "GET http://a/x HTTP/1.0\r\n\r\n";
    assert_eq!(parse(text).authority.of(text.as_bytes()), b"a");
    assert_eq!(RequestError::Host(AuthorityError::Empty).status(), 400);
}

#[test]
fn row_13_connection_never_names_an_end_to_end_field() {
    for name in
        ["X-Api-Key", "authorization", "HOST", "cookie", "x-forwarded-for", "x-amzn-trace-id"]
    {
        let fields = format!("Connection: close, {name}\r\n");
        check_fields_refused(&fields, 400, "connection-names-end-to-end");
    }
    assert_eq!(parse(&with("Connection: x-mine\r\nX-Mine: 1\r\n")).fields.len(), 3);
}

#[test]
fn row_15_paths_are_judged_once() {
    check_refused(b"GET /a/%2e%2e/b HTTP/1.1\r\nHost: h\r\n\r\n", 400, "dot-segment");
    check_refused(b"GET /a%00 HTTP/1.1\r\nHost: h\r\n\r\n", 400, "path-nul");
    check_refused(b"GET /a\\b HTTP/1.1\r\nHost: h\r\n\r\n", 400, "path-byte");
    check_refused(b"GET /a%c0%ae HTTP/1.1\r\nHost: h\r\n\r\n", 400, "path-utf8");
    check_refused(b"GET /a% HTTP/1.1\r\nHost: h\r\n\r\n", 400, "percent-encoding");
    check_refused(b"GET /a#b HTTP/1.1\r\nHost: h\r\n\r\n", 400, "target-fragment");
}

#[test]
fn request_lines_are_three_parts_with_one_space_between() {
    for line in [
        "GET /",
        "GET / ",
        "GET  / HTTP/1.1",
        "GET / HTTP/1.1 ",
        "GET /\tHTTP/1.1",
        "GET / http/1.1",
        "GET / HTTP/11",
        "GET / HTTP/1.10",
        "GET HTTP/1.1",
        "GET  HTTP/1.1",
        "GET / XTTP/1.1",
    ] {
        let text = format!("{line}\r\nHost: h\r\n\r\n");
        let error = RequestHead::new().parse(text.as_bytes(), &HeadLimits::DEFAULT);
        assert_eq!(error.expect_err(line).status(), 400, "{line}");
    }
    check_refused(b"GET /a b HTTP/1.1\r\nHost: h\r\n\r\n", 400, "path-byte");
    check_refused(b" GET / HTTP/1.1\r\nHost: h\r\n\r\n", 400, "method-invalid");
}

#[test]
fn what_is_not_http_is_refused_at_its_first_bytes() {
    check_refused(b"\x16\x03\x01", 400, "method-invalid");
    check_refused(b"{\"a\":", 400, "method-invalid");
    check_refused(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, "version-unsupported");
    for version in ["0.9", "1.2", "2.0", "3.0", "5.6"] {
        let text = format!("GET / HTTP/{version}\r\n\r\n");
        check_refused(text.as_bytes(), 505, "version-unsupported");
    }
}

#[test]
fn row_47_methods_are_tokens_of_bounded_length() {
    assert_eq!(parse("M-SEARCH!x / HTTP/1.1\r\nHost: h\r\n\r\n").method.len(), 10);
    assert_eq!(parse("OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n").target.form, TargetForm::Asterisk);
    check_refused(b"GET * HTTP/1.1\r\nHost: h\r\n\r\n", 400, "target-asterisk");
    check_refused(b"CONNECT h:1 HTTP/1.1\r\nHost: h:1\r\n\r\n", 501, "method-connect");
    check_refused(&[b'A'; 33], 501, "method-too-long");
    check_refused(b"G\xc3T / HTTP/1.1\r\n", 400, "method-invalid");
}

#[test]
fn an_expectation_is_100_continue_and_needs_a_body() {
    let expect = "Expect: 100-Continue\r\n";
    assert!(parse(&with(&format!("{expect}Content-Length: 1\r\n"))).expect_continue);
    assert!(parse(&with(&format!("{expect}Transfer-Encoding: chunked\r\n"))).expect_continue);
    assert!(!parse(&with(expect)).expect_continue);
    assert!(!parse(&with(&format!("{expect}Content-Length: 0\r\n"))).expect_continue);
    let in_10 = format!("POST / HTTP/1.0\r\n{expect}Content-Length: 1\r\n\r\n");
    assert!(!parse(&in_10).expect_continue);
    check_fields_refused("Expect: tea\r\n", 417, "expectation-unknown");
    check_fields_refused("Expect: 100-continue, tea\r\n", 417, "expectation-unknown");
}

#[test]
fn persistence_is_the_default_of_http_11_only_and_close_wins() {
    assert!(parse(&with("")).keep_alive);
    assert!(!parse(&with("Connection: keep-alive\r\nConnection: Close\r\n")).keep_alive);
    assert!(!parse("GET / HTTP/1.0\r\n\r\n").keep_alive);
    assert!(parse("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n").keep_alive);
}
