//! Rows 1 to 3, 5 to 8, 10 to 13, 15 and 16 of the table of attacks: doubtful requests are answered with
//! a 4xx or 5xx, the connection is closed, and neither they nor what is pipelined behind them reaches
//! the backend.

use super::{Hostile, get};
use crate::support::Backend;

/// A request that must be refused.
struct Case {
    row: u8,
    input: Vec<u8>,
    /// The statuses that are documented for it.
    statuses: &'static [u16],
}

fn case(row: u8, statuses: &'static [u16], input: impl AsRef<[u8]>) -> Case {
    Case { row, input: input.as_ref().to_vec(), statuses }
}

/// A POST with these lines and body.
fn post(lines: &str, body: &str) -> String {
    format!("POST /s/a HTTP/1.1\r\nHost: a\r\n{lines}\r\n\r\n{body}")
}

fn chunked(body: &str) -> String {
    post("Transfer-Encoding: chunked", body)
}

fn target(target: &str) -> String {
    format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n")
}

fn field(line: &str) -> String {
    format!("GET /s/a HTTP/1.1\r\nHost: a\r\n{line}\r\n\r\n")
}

#[track_caller]
fn check(cases: Vec<Case>) {
    let backend = Backend::echo();
    let hostile = Hostile::start(&backend, "");
    let baseline = hostile.descriptors();
    for case in &cases {
        let name = String::from_utf8_lossy(&case.input[..case.input.len().min(200)]).into_owned();
        // In one piece, and cut in the middle: the second half meets a parser under way.
        for cut in [case.input.len(), case.input.len() / 2] {
            let mut client = hostile.client();
            let (first, second) = case.input.split_at(cut);
            // What is refused may be closed before all of it is sent: the gateway reads on only so far.
            let _ = client.try_send(first);
            if !second.is_empty() {
                std::thread::sleep(std::time::Duration::from_millis(2));
            }
            let _ = client.try_send(&[second, &get("/s/smuggled")].concat());
            let response = match client.try_response_to("GET") {
                Ok(Some(response)) => response,
                other => panic!("row {}: {other:?} for {name:?}", case.row),
            };
            assert!(
                case.statuses.contains(&response.status),
                "row {}: {} for {name:?}",
                case.row,
                response.status
            );
            assert_eq!(response.header("connection"), Some("close"), "row {}: {name:?}", case.row);
            assert!(client.is_closed(), "row {}: open after {name:?}", case.row);
        }
    }
    // What was refused half way may have shown the backend a request that broke off.
    let whole: Vec<_> = backend.requests().into_iter().filter(|r| r.is_whole).collect();
    assert!(whole.is_empty(), "forwarded: {whole:?}");
    assert!(!backend.requests().iter().any(|r| r.target().contains("smuggled")));
    assert_eq!(hostile.ask(&get("/s/fine")).status, 200);
    assert_eq!(backend.requests().last().unwrap().target(), "/fine");
    hostile.wait_descriptors(baseline + 2);
}

#[test]
fn length_and_coding_that_two_servers_read_differently() {
    let te_and_cl = [
        "Content-Length: 5\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: 5",
        "Transfer-Encoding: identity\r\nContent-Length: 5",
        "Transfer-Encoding: chunked\r\nContent-Length: 0",
    ];
    let mut cases: Vec<_> =
        te_and_cl.iter().map(|lines| case(1, &[400, 501], post(lines, "0\r\n\r\n"))).collect();
    for value in [
        "xchunked",
        "chunked, identity",
        "identity, chunked",
        "identity",
        "chunked;q=1",
        "chunked,",
        ",chunked",
        "chunked chunked",
        "\"chunked\"",
        "gzip, chunked",
        "\u{b}chunked",
        "chunked\u{c}",
        "",
        "x",
        "chunk",
    ] {
        let lines = format!("Transfer-Encoding: {value}");
        cases.push(case(2, &[400, 501], post(&lines, "0\r\n\r\n")));
    }
    for lines in [
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding : chunked",
        "Transfer-Encoding\t: chunked",
        " Transfer-Encoding: chunked",
        "X: y\r\n Transfer-Encoding: chunked",
        "Transfer-Encoding:\r\n chunked",
    ] {
        cases.push(case(2, &[400, 501], post(lines, "0\r\n\r\n")));
    }
    let old = "POST /s/a HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    cases.push(case(2, &[400], old));
    for value in [
        "+5",
        "5, 5",
        "5,6",
        "0x5",
        "5 5",
        "-1",
        "-0",
        "",
        " ",
        "5;",
        "5.0",
        "1e1",
        "five",
        "٥",
        "\"5\"",
        "99999999999999999999",
        "18446744073709551621",
        "9223372036854775808",
    ] {
        cases.push(case(3, &[400], post(&format!("Content-Length: {value}"), "AAAAA")));
    }
    for lines in [
        "Content-Length: 5\r\nContent-Length: 5",
        "Content-Length: 5\r\nContent-Length: 6",
        "Content-Length: 0\r\ncontent-length: 5",
    ] {
        cases.push(case(3, &[400], post(lines, "AAAAA")));
    }
    check(cases);
}

#[test]
fn tunnels_and_other_protocols() {
    check(vec![
        case(5, &[501], "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n"),
        case(5, &[400, 501], "CONNECT /s/a HTTP/1.1\r\nHost: a\r\n\r\n"),
        case(5, &[400, 505], "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
        case(5, &[400, 505], "GET /s/a HTTP/3.0\r\nHost: a\r\n\r\n"),
        case(5, &[400, 505], "GET /s/a HTTP/0.9\r\nHost: a\r\n\r\n"),
        case(5, &[400], "GET /s/a\r\n"),
        case(5, &[400], b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"),
    ]);
}

#[test]
fn line_ends_and_header_grammar() {
    let mut cases = vec![
        case(6, &[400], "GET /s/a HTTP/1.1\nHost: a\n\n"),
        case(6, &[400], "GET /s/a HTTP/1.1\r\nHost: a\n\r\n"),
        case(6, &[400], "GET /s/a HTTP/1.1\r\nHost: a\r\n\n"),
        case(6, &[400], "GET /s/a HTTP/1.1\rHost: a\r\r"),
        case(6, &[400], "GET /s/a HTTP/1.1\r\r\nHost: a\r\n\r\n"),
        case(6, &[400], "GET /s/a HTTP/1.1\r\nHost: a\r\r\n\r\n"),
        case(6, &[400], "GET\t/s/a\tHTTP/1.1\r\nHost: a\r\n\r\n"),
        case(6, &[400], "GET  /s/a HTTP/1.1\r\nHost: a\r\n\r\n"),
        case(6, &[400], "GET /s/a  HTTP/1.1\r\nHost: a\r\n\r\n"),
        case(6, &[400], "GET /s/a HTTP/1.1 \r\nHost: a\r\n\r\n"),
        case(6, &[400], "G\0T /s/a HTTP/1.1\r\nHost: a\r\n\r\n"),
    ];
    for byte in ['\0', '\u{b}', '\u{c}', '\u{1}', '\u{7f}', '\r', '\n'] {
        cases.push(case(6, &[400], field(&format!("X-A: b{byte}c"))));
        cases.push(case(6, &[400], field(&format!("X-A{byte}: b"))));
    }
    for line in [
        "X-A : b",
        "X-A\t: b",
        "X-A: b\r\n folded",
        "X-A: b\r\n\tfolded",
        ": b",
        " : b",
        "X A: b",
        "X(A): b",
        "X-A",
        "\"X\": b",
        "X/A: b",
        "X[0]: b",
        "X-Ä: b",
        "X{}: b",
        "X@: b",
        "X=: b",
    ] {
        cases.push(case(10, &[400], field(line)));
    }
    cases.push(case(10, &[400], "GET /s/a HTTP/1.1\r\n Host: a\r\n\r\n"));
    check(cases);
}

#[test]
fn chunked_framing() {
    let extension = format!("1;{}\r\nA\r\n", "a".repeat(2_000));
    let many = format!("{}0\r\n\r\n", format!("1;{}\r\nA\r\n", "a".repeat(500)).repeat(20));
    let trailers = format!("0\r\n{}\r\n", "X-T: v\r\n".repeat(10_000));
    let mut cases = vec![
        case(7, &[400], chunked("1;a\nX\r\n0\r\n\r\n")),
        case(7, &[400], chunked("1;a\rX\r\n0\r\n\r\n")),
        case(7, &[400], chunked("1;a\0\r\nX\r\n0\r\n\r\n")),
        case(7, &[400], chunked("1\nX\r\n0\r\n\r\n")),
        case(7, &[400, 413, 431], chunked(&extension)),
        case(7, &[400, 413, 431], chunked(&many)),
        case(9, &[400, 413, 431], chunked(&trailers)),
        case(9, &[400], chunked("0\r\nX : y\r\n\r\n")),
        case(9, &[400], chunked("0\r\nX: y\n\r\n")),
        case(9, &[400], chunked("0\r\nX: y\r\n folded\r\n\r\n")),
    ];
    for body in [
        "0x5\r\nAAAAA\r\n0\r\n\r\n",
        "10000000000000000\r\nA",
        "FFFFFFFFFFFFFFFF1\r\nA",
        "\r\nAAAAA\r\n",
        "5 \r\nAAAAA\r\n0\r\n\r\n",
        " 5\r\nAAAAA\r\n0\r\n\r\n",
        "5\t\r\nAAAAA\r\n0\r\n\r\n",
        "5\r\nAAAAAA\r\n0\r\n\r\n",
        "5\r\nAAAAA0\r\n\r\n",
        "5\r\nAAAAA\n0\r\n\r\n",
        "5\r\nAAAAA\r0\r\n\r\n",
        "-1\r\nA\r\n",
        "+1\r\nA\r\n",
        "g\r\nA\r\n",
        "5,\r\nAAAAA\r\n",
        ";a\r\n\r\n",
        "0\r\n\n",
        "1_0\r\nA\r\n",
    ] {
        cases.push(case(8, &[400, 413], chunked(body)));
    }
    check(cases);
}

#[test]
fn sizes() {
    let many = "X-Header-Number: value\r\n".repeat(100_000);
    let head = format!("GET /s/a HTTP/1.1\r\nHost: a\r\n{many}\r\n");
    let short = format!("GET /s/a HTTP/1.1\r\nHost: a\r\n{}\r\n", "a:\r\n".repeat(1_000));
    check(vec![
        case(11, &[431], head),
        case(11, &[431], short),
        case(11, &[431], field(&format!("X-Long: {}", "v".repeat(1 << 20)))),
        case(11, &[431], field(&format!("{}: v", "X".repeat(64 << 10)))),
        case(11, &[414], target(&format!("/s/{}", "a".repeat(64 << 10)))),
        case(11, &[414], target(&format!("/s/a?{}", "q=1&".repeat(16 << 10)))),
        case(11, &[501], format!("{} /s/a HTTP/1.1\r\nHost: a\r\n\r\n", "M".repeat(10 << 10))),
        case(11, &[413], post("Content-Length: 10485761", "A")),
    ]);
}

#[test]
fn authority_and_hop_by_hop_names() {
    let mut cases = vec![
        case(12, &[400], "GET /s/a HTTP/1.1\r\n\r\n"),
        case(12, &[400], "GET /s/a HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"),
        case(12, &[400], "GET /s/a HTTP/1.1\r\nHost: a\r\nhost: b\r\n\r\n"),
        case(12, &[400], "GET http://b/s/a HTTP/1.1\r\nHost: a\r\n\r\n"),
        case(12, &[400], "GET http://a@b/s/a HTTP/1.1\r\nHost: b\r\n\r\n"),
        case(12, &[400], "GET ftp://a/s/a HTTP/1.1\r\nHost: a\r\n\r\n"),
        case(12, &[400], "GET //a/s/a\u{0} HTTP/1.1\r\nHost: a\r\n\r\n"),
        case(12, &[400], "GET s/a HTTP/1.1\r\nHost: a\r\n\r\n"),
    ];
    for host in [
        "user@a", "a:b", "a:", "a:99999", "a:80:80", "a b", "a,b", "a/b", "a?b", "a#b", "a\\b",
        "[::1", "a%00b", "http://a", "",
    ] {
        let head = format!("GET /s/a HTTP/1.1\r\nHost: {host}\r\n\r\n");
        // RFC 3986 lets a port be empty, and RFC 9112 lets `Host` be empty when there is no authority.
        if host != "a:" && !host.is_empty() {
            cases.push(case(12, &[400], head));
        }
    }
    for value in [
        "X-Api-Key, Authorization, Host",
        "authorization",
        "close, Cookie",
        "Content-Length",
        "keep-alive, X-Forwarded-For",
        "x-amz-date",
    ] {
        cases.push(case(13, &[400], field(&format!("Connection: {value}"))));
    }
    check(cases);
}

#[test]
fn paths() {
    let mut cases = Vec::new();
    for path in [
        "/s/a/%2e%2e/b",
        "/s/a/../b",
        "/s/a/./b",
        "/s/a/%2E%2e",
        "/s/a/.%2e/b",
        "/s/a;x=/../b",
        "/s/a\\..\\b",
        "/s/a\\b",
        "/s/.",
        "/s/..",
        "/s/a%00b",
        "/s/a\u{0}b",
        "/s/a#b",
        "/s/a\u{7f}",
        "/s/a b",
    ] {
        cases.push(case(15, &[400], target(path)));
    }
    for path in [
        "/s/%",
        "/s/%2",
        "/s/%zz",
        "/s/a%c0%ae%c0%ae/b",
        "/s/%ff",
        "/s/%ed%a0%80",
        "/s/%f8%a1%a1%a1%a1",
        "/s/a%",
        "/s/%u002e",
    ] {
        cases.push(case(16, &[400], target(path)));
    }
    check(cases);
}

/// Rows 15 and 16: what is not refused is forwarded as it was routed, decoded by nobody in between.
#[test]
fn what_is_encoded_stays_encoded() {
    let backend = Backend::echo();
    let hostile = Hostile::start(&backend, "");
    for (index, (path, forwarded)) in [
        ("/s/a%2Fb", "/a%2Fb"),
        ("/s/%252e%252e/b", "/%252e%252e/b"),
        ("/s/a%3Fq=1", "/a%3Fq=1"),
        ("/s/a%23b", "/a%23b"),
        ("/s/a%5Cb", "/a%5Cb"),
        ("/s/a?x=%2e%2e%2f&y=%26", "/a?x=%2e%2e%2f&y=%26"),
    ]
    .into_iter()
    .enumerate()
    {
        let response = hostile.ask(&get(path));
        assert_eq!(response.status, 200, "{path}: {response:?}");
        let seen = backend.wait_requests(index + 1)[index].target();
        assert!(seen.eq_ignore_ascii_case(forwarded), "{path} arrived as {seen}");
    }
}

/// Row 15, by the other road: what a mapping puts into the backend's path.
#[test]
fn a_mapped_value_leads_out_of_no_path() {
    let backend = Backend::echo();
    let hostile = Hostile::start(&backend, "");
    let ask = |query: &str, header: &str| {
        let head = format!("GET /s/mapped?q={query} HTTP/1.1\r\nHost: a\r\nX-V: {header}\r\n\r\n");
        hostile.ask(head.as_bytes())
    };
    for (query, header) in [
        ("../../z", "v"),
        ("..%2f..%2fz", "v"),
        ("%2e%2e", "v"),
        (".", "v"),
        ("a/..", "v"),
        ("..%5cz", "v"),
        ("..%3bx", "v"),
        ("a%00", "v"),
        ("a", "../../../z"),
        ("a", ".."),
        ("a", "b/./c"),
    ] {
        let answer = ask(query, header);
        assert_eq!(answer.status, 400, "{query} {header}: {}", answer.text());
    }
    assert!(backend.requests().is_empty(), "{:?}", backend.requests());
    for (query, header, path) in [
        ("a", "v", "/mapped/a/v/end"),
        ("a%2Fb", "..c", "/mapped/a/b/..c/end"),
        ("...", "v.", "/mapped/.../v./end"),
        // Decoded once: what it means to who decodes it twice is not known.
        ("%252e%252e", "v", "/mapped/%252e%252e/v/end"),
    ] {
        assert_eq!(ask(query, header).status, 200, "{query} {header}");
        let target = backend.requests().last().unwrap().target();
        assert_eq!(target.split('?').next(), Some(path));
    }
}
