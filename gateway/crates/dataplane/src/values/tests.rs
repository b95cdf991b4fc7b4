use super::*;
use proptest::prelude::*;

fn values_of(query: &str, name: &str) -> Vec<String> {
    let found = queries(query.as_bytes(), name.as_bytes()).map(|value| {
        let mut out = Vec::new();
        decode_query(value, &mut out);
        String::from_utf8(out).expect("text")
    });
    found.collect()
}

#[test]
fn query_parameters_are_found_by_their_decoded_name() {
    assert_eq!(values_of("q=1&q=2&r=3", "q"), ["1", "2"]);
    assert_eq!(values_of("a%20b=x+y%2Fz", "a b"), ["x y/z"]);
    assert_eq!(values_of("a&b=&a=", "a"), ["", ""]);
    assert_eq!(values_of("Q=1", "q"), [""; 0]);
    assert_eq!(values_of("a=1=2;b=3", "a"), ["1=2"]);
    assert_eq!(values_of("p=100%", "p"), ["100%"]);
}

#[test]
fn field_values_cannot_end_their_line() {
    let mut value = b"a\r\nX: b\0c\td".to_vec();
    clean_field_value(&mut value);
    assert_eq!(value, b"a  X: b c\td");
}

#[test]
fn path_values_keep_slashes_and_triplets_only_where_they_belong() {
    let encoded = |text: &str, is_encoded| {
        let mut out = Vec::new();
        encode_path(text.as_bytes(), is_encoded, &mut out);
        String::from_utf8(out).expect("ASCII")
    };
    assert_eq!(encoded("a%2Fb/c", true), "a%2Fb/c");
    assert_eq!(encoded("50% /?#", false), "50%25%20/%3F%23");
}

proptest! {
    #[test]
    fn encoding_a_query_value_is_undone_by_decoding(text in proptest::collection::vec(any::<u8>(), 0..64)) {
        let (mut encoded, mut out) = (Vec::new(), Vec::new());
        encode_query(&text, &mut encoded);
        decode_query(&encoded, &mut out);
        prop_assert_eq!(out, text);
        prop_assert!(encoded.iter().all(|b| b.is_ascii_alphanumeric() || b"-._~%".contains(b)));
    }
}
