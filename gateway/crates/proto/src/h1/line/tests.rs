use super::{FieldError, Line, next_line};
use crate::{FieldName, HeadLimits};

/// Reads the first line of `bytes`: name and value, `None` while there is no whole line.
#[track_caller]
fn check(bytes: &[u8], expect: Result<Option<(&str, &str)>, FieldError>) {
    let line = next_line(bytes, 0, 0, &HeadLimits::DEFAULT);
    let seen = line.map(|line| match line {
        Line::Field { field, .. } => Some((
            str::from_utf8(field.name.of(bytes)).unwrap(),
            str::from_utf8(field.value.of(bytes)).unwrap(),
        )),
        Line::End { .. } => Some(("", "")),
        Line::Partial => None,
    });
    assert_eq!(seen, expect, "{}", bytes.escape_ascii());
}

#[test]
fn a_field_is_a_token_a_colon_and_a_trimmed_value() {
    check(b"Host: a\r\n", Ok(Some(("Host", "a"))));
    check(b"a:b\r\n", Ok(Some(("a", "b"))));
    check(b"a: \t b c \t \r\n", Ok(Some(("a", "b c"))));
    check(b"a:\r\n", Ok(Some(("a", ""))));
    check(b"a: \t\r\n", Ok(Some(("a", ""))));
    check(b"a_b!#$%&'*+-.^`|~9: b:c\r\n", Ok(Some(("a_b!#$%&'*+-.^`|~9", "b:c"))));
    check("a: ü\r\n".as_bytes(), Ok(Some(("a", "ü"))));
    check(b"\r\n", Ok(Some(("", ""))));
}

#[test]
fn a_line_is_judged_when_its_end_is_there() {
    for bytes in [&b""[..], b"\r", b"H", b"Host", b"Host:", b"Host: a\r", b"bad name: a"] {
        check(bytes, Ok(None));
    }
}

#[test]
fn line_ends_are_crlf_and_nothing_else() {
    check(b"a: b\n", Err(FieldError::BareLf));
    check(b"\n", Err(FieldError::BareLf));
    check(b"a: b\rc: d\r\n", Err(FieldError::BareCr));
    check(b"a: b\r\r\n", Err(FieldError::BareCr));
    check(b"\ra", Err(FieldError::BareCr));
    check(b"\r\r\n", Err(FieldError::BareCr));
}

#[test]
fn names_are_tokens_right_before_the_colon() {
    check(b": a\r\n", Err(FieldError::NameEmpty));
    check(b"a : b\r\n", Err(FieldError::SpaceBeforeColon));
    check(b"a\t: b\r\n", Err(FieldError::SpaceBeforeColon));
    check(b" a: b\r\n", Err(FieldError::ObsFold));
    check(b"\ta: b", Err(FieldError::ObsFold));
    for bytes in [&b"a\r\n"[..], b"a(b): c\r\n", b"a\0: c\r\n", b"a@: c\r\n", "ä: c\r\n".as_bytes()]
    {
        check(bytes, Err(FieldError::NameInvalid));
    }
}

#[test]
fn values_hold_no_control_bytes_but_tab() {
    for b in (0..0x20u8).chain([0x7f]).filter(|b| !b"\t\r\n".contains(b)) {
        check(&[b'a', b':', b'x', b, b'y', b'\r', b'\n'], Err(FieldError::ValueInvalid));
    }
    check(b"a: b\tc\r\n", Ok(Some(("a", "b\tc"))));
}

#[test]
fn fields_are_bounded_before_they_are_whole() {
    let limits = HeadLimits { fields_bytes_max: 8, ..HeadLimits::DEFAULT };
    let at_limit = next_line(b"a: bcd\r\n", 0, 0, &limits);
    assert!(matches!(at_limit, Ok(Line::Field { next: 8, .. })));
    let end = next_line(b"a: bcd\r\n\r\n", 0, 8, &limits);
    assert!(matches!(end, Ok(Line::End { end: 10 })));
    assert!(matches!(next_line(b"a: bcde", 0, 0, &limits), Ok(Line::Partial)));
    for over in [&b"a: bcdef"[..], b"a: bcde\r\n", b"a: bcd\r\nx"] {
        let at = if over.len() == 9 && over[7] == b'\n' { 8 } else { 0 };
        assert!(matches!(next_line(over, 0, at, &limits), Err(FieldError::TooLarge)));
    }
}

#[test]
fn the_name_is_recognised_whatever_its_case() {
    let Ok(Line::Field { field, .. }) = next_line(b"hOsT: a\r\n", 0, 0, &HeadLimits::DEFAULT)
    else {
        panic!("a field");
    };
    assert_eq!(field.known, FieldName::Host);
}
