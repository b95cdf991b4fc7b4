use super::*;
use crate::limits::{BODY_DEPTH_MAX, BODY_VALUES_MAX};
use proptest::prelude::*;

fn read(text: &str) -> Option<Value> {
    Document::parse(text.as_bytes()).ok().map(|(document, _)| (&document).to_value().into_owned())
}

#[test]
fn reads_what_the_rfc_allows_and_nothing_else() {
    for good in [
        "{}",
        " [ ] ",
        "null",
        "-0",
        "0.5e-7",
        "1E+2",
        "\"\"",
        "\"\\u00e9\\n\\/\"",
        "[1,[2,{\"a\":{}}]]",
        "\"\\ud83d\\ude00\"",
        "123456789012345678901234567890",
    ] {
        assert_eq!(read(good), serde_json::from_str(good).ok(), "{good}");
    }
    for bad in [
        "{",
        "[1,]",
        "{\"a\":1,}",
        "{a:1}",
        "'a'",
        "01",
        "1.",
        ".5",
        "+1",
        "-",
        "1e",
        "NaN",
        "tru",
        "nul",
        "[] []",
        "\"\\x\"",
        "\"\\u12\"",
        "\"\u{1}\"",
        "\"",
        "{\"a\" 1}",
        "\u{feff}{}",
        "--1",
        "1..2",
        "\"\\",
    ] {
        assert_eq!(Document::parse(bad.as_bytes()).unwrap_err(), Unreadable::Malformed, "{bad}");
    }
    assert_eq!(Document::parse(b"\"\xff\"").unwrap_err(), Unreadable::Malformed);
}

#[test]
fn an_empty_body_is_an_empty_object() {
    for body in ["", " \r\n"] {
        assert_eq!(read(body), Some(serde_json::json!({})));
    }
}

#[test]
fn of_equal_names_the_last_value_stays() {
    assert_eq!(read(r#"{"a":1,"b":2,"a":3}"#), Some(serde_json::json!({"a":3,"b":2})));
    let many: Vec<String> = (0..40).map(|n| format!("\"k{}\":{n}", n % 20)).collect();
    let (document, _) =
        Document::parse(format!("{{{}}}", many.join(",")).leak().as_bytes()).unwrap();
    let Document::Object(members) = &document else { panic!("an object") };
    assert_eq!(members.len(), 20);
    assert_eq!(document.member("k7"), Some(&Document::Number("27")));
}

#[test]
fn depth_and_number_of_values_are_bounded() {
    let nested = |depth: usize| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
    assert!(read(&nested(BODY_DEPTH_MAX)).is_some());
    let deep = nested(BODY_DEPTH_MAX + 1);
    assert_eq!(Document::parse(deep.as_bytes()).unwrap_err(), Unreadable::TooComplex);
    let endless = "[".repeat(10 << 20);
    assert_eq!(Document::parse(endless.as_bytes()).unwrap_err(), Unreadable::TooComplex);
    let many = format!("[{}0]", "0,".repeat(BODY_VALUES_MAX - 2));
    let (_, extent) = Document::parse(many.as_bytes()).expect("just as many as may be");
    assert_eq!(extent, Extent { values: BODY_VALUES_MAX, depth: 1 });
    let more = format!("[{}0]", "0,".repeat(BODY_VALUES_MAX - 1));
    assert_eq!(Document::parse(more.as_bytes()).unwrap_err(), Unreadable::TooComplex);
}

#[test]
fn numbers_beyond_every_range_are_numbers() {
    let huge = Digits("1e999999");
    assert_eq!(huge.as_f64(), Some(f64::MAX));
    assert_eq!(Digits("-1e999999").as_f64(), Some(f64::MIN));
    assert_eq!(huge.as_u64(), None);
    assert!(!huge.is_written_as_integer());
}

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_filter("finite", |f| f.is_finite()).prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 64, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(".{0,4}", inner, 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn agrees_with_serde_json(value in json(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let text = value.to_string();
        prop_assert_eq!(read(&text), Some(value.clone()));
        let (document, _) = Document::parse(text.as_bytes()).unwrap();
        prop_assert!((&document).equals_value(&value));
        // One byte changed: both read it, or neither does.
        let mut bytes = text.into_bytes();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        let theirs = serde_json::from_slice::<Value>(&bytes);
        let ours = Document::parse(&bytes);
        if bytes.trim_ascii().is_empty() {
            prop_assert!(ours.is_ok());
        } else if !bytes.contains(&b'\\') {
            // Escapes differ on purpose: half of a surrogate pair is read.
            prop_assert_eq!(ours.is_ok(), theirs.is_ok(), "{:?}", String::from_utf8_lossy(&bytes));
        }
    }
}
