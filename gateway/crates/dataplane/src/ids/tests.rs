use super::*;

#[test]
fn a_uuid_is_version_4_and_fresh() {
    let random = Random::new();
    let (a, b) = (uuid(&random), uuid(&random));
    assert_ne!(a, b);
    assert!(is_uuid(&a) && is_uuid(&b));
    assert_eq!(a[14], b'4');
    assert!(matches!(a[19], b'8' | b'9' | b'a' | b'b'));
}

#[test]
fn an_extended_id_looks_like_base64() {
    let id = extended_request_id(&Random::new());
    assert_eq!(id[15], b'=');
    assert!(id[..15].iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/')));
}

#[test]
fn only_uuids_are_taken_over() {
    assert!(is_uuid(b"0f8fad5b-d9cb-469f-a165-70867728950e"));
    for text in
        ["", "abc", "0f8fad5b-d9cb-469f-a165-70867728950", "0f8fad5b_d9cb-469f-a165-70867728950e"]
    {
        assert!(!is_uuid(text.as_bytes()), "{text}");
    }
}

#[track_caller]
fn check(client: Option<&str>, expect: impl Fn(&str) -> bool) {
    let mut out = Vec::new();
    trace_header(client.map(str::as_bytes), &Random::new(), 0x5bb1_32b1, &mut out);
    let text = String::from_utf8(out).expect("ASCII");
    assert!(expect(&text), "{client:?} became {text}");
}

#[test]
fn trace_headers_are_kept_completed_or_made() {
    let whole = "Root=1-5bb132b1-0123456789abcdef01234567;Parent=0123456789abcdef;Sampled=1";
    check(Some(whole), |text| text == whole);
    check(Some("Root=1-a-b;Parent=c"), |text| text == "Root=1-a-b;Parent=c;Sampled=1");
    check(Some("Root=1-a-b"), |text| {
        text.starts_with("Root=1-a-b;Parent=") && text.ends_with(";Sampled=0") && text.len() == 44
    });
    for none in [None, Some(""), Some("Self=1-a"), Some("Root=")] {
        check(none, |text| {
            text.starts_with("Root=1-5bb132b1-") && text.len() == 5 + 35 + 8 + 16 + 10
        });
    }
}

#[test]
fn hexadecimal_is_what_the_standard_library_says() {
    let random = Random::new();
    for value in (0..1000).map(|_| random.next()).chain([0, u64::MAX, 0x0123_4567_89ab_cdef]) {
        assert_eq!(hex(value), format!("{value:016x}").as_bytes());
    }
}
