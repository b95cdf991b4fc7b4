use crate::request::fake::Fake;
use crate::{Overrides, Root, Value, World};

fn call(method: &str, argument: Value) -> Result<Option<Value>, crate::RenderError> {
    let request = Fake::default();
    let mut overrides = Overrides::default();
    let mut world = World::new(&request, &mut overrides);
    Root::Util.call(&mut world, method, &[argument])
}

#[track_caller]
fn check(method: &str, argument: &str, expected: &str) {
    let value = call(method, argument.into()).unwrap_or_else(|error| panic!("{argument}: {error}"));
    assert_eq!(
        value.map(|value| value.to_string()).as_deref(),
        Some(expected),
        "{method} {argument}"
    );
}

#[test]
fn java_script_is_escaped_as_commons_lang_does() {
    check("escapeJavaScript", r#"a"b'c/d\e"#, r#"a\"b\'c\/d\\e"#);
    check("escapeJavaScript", "l1\nl2\tt\r\u{8}\u{c}", r"l1\nl2\tt\r\b\f");
    check("escapeJavaScript", "é€<&>\u{1}\u{7f}", "\\u00E9\\u20AC<&>\\u0001\u{7f}");
    check("escapeJavaScript", "😀", r"\uD83D\uDE00");
    check("escapeJavaScript", "", "");
    let number = call("escapeJavaScript", Value::Integer(3)).expect("it prints");
    assert_eq!(number.expect("a text").to_string(), "3");
}

#[test]
fn urls_are_encoded_as_java_does() {
    check("urlEncode", "a b/é?&~*-._!", "a+b%2F%C3%A9%3F%26%7E*-._%21");
    check("urlEncode", "{\"some\": \"value\"}", "%7B%22some%22%3A+%22value%22%7D");
    check("urlDecode", "a+b%2Fc%C3%A9", "a b/cé");
    check("urlDecode", "%ff", "\u{fffd}");
    for malformed in ["%zz", "%", "%4", "%-1"] {
        assert!(call("urlDecode", malformed.into()).is_err(), "{malformed}");
    }
}

#[test]
fn base64_goes_both_ways() {
    for (text, encoded) in
        [("", ""), ("h", "aA=="), ("hé", "aMOp"), ("hello", "aGVsbG8="), ("hell", "aGVsbA==")]
    {
        check("base64Encode", text, encoded);
        check("base64Decode", encoded, text);
    }
    check("base64Decode", "aGVsbG8", "hello");
    assert!(call("base64Decode", "a b".into()).is_err());
}

#[test]
fn json_is_parsed_permissively() {
    check("parseJson", r#"[1,{"a":"b/c"}]"#, r#"[1,{"a":"b\/c"}]"#);
    check("parseJson", "{a:b}", "{a=b}");
    check("parseJson", "\"s\"", "s");
    check("parseJson", "1.0", "1.0");
    assert!(call("parseJson", "{".into()).is_err());
}

#[test]
fn what_does_not_exist_is_nothing() {
    for (method, argument) in
        [("toJson", Value::from("x")), ("urlEncode", Value::Integer(1)), ("error", Value::from(""))]
    {
        assert!(call(method, argument).expect("it reads").is_none(), "{method}");
    }
}
