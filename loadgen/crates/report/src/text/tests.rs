use super::*;

#[test]
fn instants_are_those_of_the_calendar() {
    for (unix_ms, expect) in [
        (0, "1970-01-01 00:00:00 UTC"),
        (951_827_696_000, "2000-02-29 12:34:56 UTC"),
        (1_709_251_199_999, "2024-02-29 23:59:59 UTC"),
        (1_709_251_200_000, "2024-03-01 00:00:00 UTC"),
        (4_102_444_799_000, "2099-12-31 23:59:59 UTC"),
    ] {
        assert_eq!(instant(unix_ms), expect);
    }
}

#[test]
fn no_instant_panics() {
    assert!(instant(u64::MAX).ends_with("UTC"));
}

#[test]
fn a_terminal_gets_no_escape_and_no_second_line() {
    assert_eq!(terminal("a\u{1b}[2Jb\nc\u{202e}d\u{9b}"), "a\\u{1b}[2Jb c\\u{202e}d\\u{9b}");
}

#[test]
fn numbers_with_units_are_numbers_and_names_are_not() {
    for cell in ["1", "1,234", "-0.5", "1.5 ms", "99.9 %", "12k", "–", "≤ 10 ms", "3/s"] {
        assert!(is_number(cell), "{cell}");
    }
    for cell in ["", "GET /orders", "p99", "127.0.0.1:80", "2026-11-22", "3 connections", "ms"] {
        assert!(!is_number(cell), "{cell}");
    }
}

#[test]
fn spans_have_units() {
    assert_eq!(span(999), "999 ms");
    assert_eq!(span(59_999), "59.9 s");
    assert_eq!(span(125_000), "2 min 05 s");
}
