use super::*;
use crate::Value;

/// What `document` prints, and what it is as JSON.
#[track_caller]
fn check(document: &str, printed: &str, json: &str) {
    let value = parse(document).unwrap_or_else(|error| panic!("{document}: {error}"));
    assert_eq!(value.to_string(), printed, "{document} printed");
    let pieces = parse_pieces(&document.into()).expect("the same document");
    assert_eq!(pieces.to_string(), printed, "pieces of {document} printed");
    let mut text = String::new();
    write(&value, Style::Plain, &mut text).expect("a string takes everything");
    assert_eq!(text, json, "{document} as JSON");
}

#[track_caller]
fn refuse(document: &str, message: &str) {
    let error = parse(document).expect_err(document);
    assert_eq!(error.message, message, "{document}");
}

#[test]
fn strings_of_every_length_end_where_they_end() {
    for len in 0..80 {
        let text = "é".repeat(len / 2) + &"a".repeat(len % 2);
        check(&format!("['{text}',1]"), &format!("[\"{text}\",1]"), &format!("[\"{text}\",1]"));
        let escaped = format!("{text}\\n{text}");
        check(
            &format!("[\"{escaped}\"]"),
            &format!("[\"{escaped}\"]"),
            &format!("[\"{escaped}\"]"),
        );
        refuse(&format!("[\"{text}"), "a string is not closed");
    }
}

#[test]
fn quotes_may_be_single_or_missing() {
    check("{'a':'b'}", "{a=b}", r#"{"a":"b"}"#);
    check("{a:b}", "{a=b}", r#"{"a":"b"}"#);
    check("{a b : c d , e:f}", "{a b=c d, e=f}", r#"{"a b":"c d","e":"f"}"#);
    check("[it's,\"x\"]", r#"["it's","x"]"#, r#"["it's","x"]"#);
    check("not json", "not json", r#""not json""#);
}

#[test]
fn words_that_only_look_like_literals_are_text() {
    check(
        "[TRUE,True,nul,NULL]",
        r#"["TRUE","True","nul","NULL"]"#,
        r#"["TRUE","True","nul","NULL"]"#,
    );
    check("[+1,1x,1 2]", r#"["+1","1x","1 2"]"#, r#"["+1","1x","1 2"]"#);
    check(r#"{"s":200 "a": 1}"#, r#"{s=200 "a": 1}"#, r#"{"s":"200 \"a\": 1"}"#);
    check("[true,false,null]", "[true,false,null]", "[true,false,null]");
}

#[test]
fn numbers_are_of_the_smallest_type_that_holds_them() {
    for (text, is_expected) in [
        ("2147483647", (|value| matches!(value, Value::Integer(i32::MAX))) as fn(&Value) -> bool),
        ("-2147483648", |value| matches!(value, Value::Integer(i32::MIN))),
        ("2147483648", |value| matches!(value, Value::Long(2_147_483_648))),
        ("-9223372036854775808", |value| matches!(value, Value::Long(i64::MIN))),
        ("9223372036854775808", |value| matches!(value, Value::Big(_))),
        ("0200", |value| matches!(value, Value::Integer(200))),
        ("-", |value| matches!(value, Value::Integer(0))),
        ("1.50", |value| matches!(value, Value::Double(1.5))),
        ("1e3", |value| matches!(value, Value::Double(1000.0))),
        ("5.", |value| matches!(value, Value::Double(5.0))),
        ("1.2345678901234567890", |value| matches!(value, Value::Decimal(_))),
    ] {
        let value = parse(text).expect(text);
        assert!(is_expected(&value), "{text} is {value:?}");
    }
}

#[test]
fn long_decimals_print_as_big_decimals_do() {
    check("1.50000000000000000000", "1.50000000000000000000", "1.50000000000000000000");
    check("-0.00000000000000000001", "-1E-20", "-1E-20");
    check("1234567890.123456789e12", "1.234567890123456789E+21", "1.234567890123456789E+21");
    check("0.0000001234567890123", "1.234567890123E-7", "1.234567890123E-7");
    check("0.0000012345678901234", "0.0000012345678901234", "0.0000012345678901234");
}

#[test]
fn commas_too_many_are_skipped() {
    check("[1,,2,]", "[1,2]", "[1,2]");
    check("{,'a':1,,'b':2,}", "{a=1, b=2}", r#"{"a":1,"b":2}"#);
    check("[\"a\" \"b\"{}]", r#"["a","b",{}]"#, r#"["a","b",{}]"#);
    check("{a:,b:1}", "{a=, b=1}", r#"{"a":"","b":1}"#);
}

#[test]
fn the_last_of_equal_keys_counts_in_the_place_of_the_first() {
    check("{a:1,b:2,a:3}", "{a=3, b=2}", r#"{"a":3,"b":2}"#);
}

#[test]
fn what_follows_the_document_is_ignored() {
    check("{} {\"a\":", "{}", "{}");
    check("[1] and more", "[1]", "[1]");
    check("\"a\"\"b\"", "a", r#""a""#);
}

#[test]
fn escapes_are_resolved_and_controls_allowed() {
    check(r#"["\u0041\n\/\x41\q"]"#, "[\"A\\n\\/A\"]", r#"["A\n/A"]"#);
    check("[\"a\u{1}b\"]", r#"["a\u0001b"]"#, r#"["a\u0001b"]"#);
    // Where a string has an escape, controls in it vanish.
    check("[\"a\u{1}b\\t\"]", r#"["ab\t"]"#, r#"["ab\t"]"#);
    check(r#"["\ud83d\ude00"]"#, "[\"😀\"]", "[\"😀\"]");
    check(r#"["\ud83d","\ude00x","\ud83d\u0041"]"#, r#"["?","?x","?A"]"#, r#"["?","?x","?A"]"#);
}

#[test]
fn some_characters_are_written_as_escapes() {
    check(
        "[\"€ é \u{7f}\u{80}/\"]",
        r#"["\u20AC é \u007F\u0080\/"]"#,
        r#"["\u20AC é \u007F\u0080/"]"#,
    );
}

#[test]
fn what_no_reader_can_guess_is_refused() {
    refuse("\"abc", "a string is not closed");
    refuse("'abc\"", "a string is not closed");
    refuse("{\"a\":1", "`,` or `}` was expected");
    refuse("[1", "a list is not closed");
    refuse("{{}}", "a key or `}` was expected");
    refuse("{a}", "`:` was expected after a key");
    refuse("{\"a\" 1}", "`:` was expected after a key");
    refuse("}", "a value was expected");
    refuse("[1}", "a list is not closed");
    refuse("1e+", "a number was expected");
    refuse(r#""\u12g4""#, "an escape lacks hex digits");
}

#[test]
fn nested_bombs_are_refused_early() {
    let message = "lists and objects are nested too deeply";
    refuse(&"[".repeat(10_000_000), message);
    refuse(&"{a:".repeat(1_000_000), message);
    let deepest = format!("{}{}", "[".repeat(400), "]".repeat(400));
    let value = parse(&deepest).expect("400 are allowed");
    assert_eq!(value.to_string(), deepest);
    refuse(&format!("[{deepest}]"), message);
}

#[test]
fn bombs_of_small_values_stop_at_a_bound() {
    let message = "the document takes too much memory";
    refuse(&format!("[{}]", "[],".repeat(3_000_000)), message);
    refuse(&format!("[{}]", "{},".repeat(3_000_000)), message);
    refuse(&format!("[{}]", "1,".repeat(5_000_000)), message);
    let long = format!("[\"{}\"]", "x".repeat(9_000_000));
    parse(&long).expect("long text takes what it is");
}

#[test]
fn number_bombs_stay_small() {
    check("1e999999", "Infinity", "null");
    refuse(&"9".repeat(100_000), "a number has too many digits");
    refuse(&format!("1.{}", "9".repeat(100_000)), "a number has too many digits");
    refuse("1234567890.1234567890e-9999999999", "a number was expected");
    check(
        "1234567890.1234567890e-999999999",
        "1.2345678901234567890E-999999990",
        "1.2345678901234567890E-999999990",
    );
}
