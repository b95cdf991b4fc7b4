use super::{HeadScanner, Scan};
use crate::HeadLimits;
use crate::limits::EARLY_PARSE_BYTES;

/// Feeds `bytes` one by one behind an unremarkable start; the offsets at which a parse is advised.
#[track_caller]
fn check(bytes: &[u8], expect: &[usize]) {
    let mut scanner = HeadScanner::new(HeadLimits::DEFAULT);
    let mut buf = START.to_vec();
    assert_eq!(scanner.push(&buf), Scan::Parse, "the first look is always worth it");
    let mut seen = Vec::new();
    for (at, &b) in bytes.iter().enumerate() {
        buf.push(b);
        if scanner.push(&buf) == Scan::Parse {
            seen.push(at);
        }
    }
    assert_eq!(seen, expect, "{}", bytes.escape_ascii());
}

const START: &[u8] = b"GET /a/path/that/is/long/enough/to/wait HTTP/1.1";

#[test]
fn only_the_end_of_the_head_is_worth_a_parse() {
    const { assert!(START.len() > EARLY_PARSE_BYTES) };
    check(b"\r\nHost: a\r\nAccept: b\r\n\r\n", &[23]);
    check(b"\r\n\r\n", &[3]);
}

#[test]
fn a_wrong_line_end_is_worth_a_parse_at_once() {
    check(b"\r\nHost: a\n", &[9]);
    check(b"\r\nHost: a\r\n b", &[11, 12]);
    check(b"\r\nHost: a\r\n\rb", &[12]);
    check(b"\n", &[0]);
}

#[test]
fn the_first_bytes_are_parsed_as_they_come() {
    let mut scanner = HeadScanner::new(HeadLimits::DEFAULT);
    for len in 1..=EARLY_PARSE_BYTES {
        assert_eq!(scanner.push(&START[..len]), Scan::Parse);
    }
    assert_eq!(scanner.push(START), Scan::Wait);
}

#[test]
fn a_crossed_limit_is_worth_a_parse() {
    let limits =
        HeadLimits { request_line_bytes_max: 60, fields_bytes_max: 20, fields_count_max: 9 };
    let mut scanner = HeadScanner::new(limits);
    assert_eq!(scanner.push(START), Scan::Parse);
    assert_eq!(scanner.push(&[b'a'; 65]), Scan::Wait);
    assert_eq!(scanner.push(&[b'a'; 66]), Scan::Parse);

    let mut scanner = HeadScanner::new(limits);
    assert_eq!(scanner.push(START), Scan::Parse);
    let head = [START, b"\r\n", &[b'a'; 22]].concat();
    assert_eq!(scanner.push(&head[..head.len() - 1]), Scan::Wait);
    assert_eq!(scanner.push(&head), Scan::Parse);
}

#[test]
fn empty_lines_before_the_head_do_not_end_it() {
    let mut scanner = HeadScanner::new(HeadLimits::DEFAULT);
    let head = [b"\r\n\r\n", START, b"\r\nHost: a\r\n\r\n"].concat();
    assert_eq!(scanner.push(&head[..EARLY_PARSE_BYTES]), Scan::Parse);
    for len in EARLY_PARSE_BYTES + 1..head.len() {
        assert_eq!(scanner.push(&head[..len]), Scan::Wait, "{len}");
    }
    assert_eq!(scanner.push(&head), Scan::Parse);
}

#[test]
fn a_reset_scanner_starts_over() {
    let mut scanner = HeadScanner::new(HeadLimits::DEFAULT);
    let head = [START, b"\r\n\r\n"].concat();
    assert_eq!(scanner.push(START), Scan::Parse);
    assert_eq!(scanner.push(&head), Scan::Parse);
    scanner.reset();
    assert_eq!(scanner.push(START), Scan::Parse);
    assert_eq!(scanner.push(START), Scan::Wait);
}
