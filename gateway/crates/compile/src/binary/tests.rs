use super::*;

fn of(entries: &[&str]) -> BinaryMediaTypes {
    BinaryMediaTypes::new(entries.iter().copied())
}

#[test]
fn an_entry_names_itself_its_type_or_everything() {
    for (entry, value, expect) in [
        ("image/png", "image/png", true),
        ("image/png", "IMAGE/Png; q=1", true),
        ("image/png", "image/jpeg", false),
        ("image/*", "image/jpeg", true),
        ("image/*", "imagery/jpeg", false),
        ("*/*", "application/json", true),
        ("*/png", "image/png", false),
        ("*/png", "*/png", false),
        ("*/*", "nonsense", false),
        ("*/*", "", false),
        ("*/*", "a/b/c", false),
        ("nonsense", "nonsense", false),
    ] {
        assert_eq!(of(&[entry]).matches(value.as_bytes()), expect, "{entry} {value}");
    }
    assert!(of(&["text/plain", "image/*"]).matches(b"image/gif"));
    assert!(!of(&[]).matches(b"image/gif"));
}

#[test]
fn a_request_without_a_content_type_is_json() {
    assert!(of(&["*/*"]).is_binary_request(None));
    assert!(of(&["application/json"]).is_binary_request(None));
    assert!(!of(&["image/*"]).is_binary_request(None));
    assert!(of(&["image/*"]).is_binary_request(Some(b"image/png; charset=x")));
    assert!(!of(&[]).is_binary_request(None));
}

#[test]
fn only_the_first_type_of_accept_counts_and_its_wildcards_are_text() {
    for (entry, accept, expect) in [
        ("image/png", Some("image/png, text/html"), true),
        ("image/png", Some("text/html, image/png"), false),
        ("image/png", Some("image/png;q=0.5"), true),
        ("image/png", Some("image/*"), false),
        ("image/*", Some("image/*"), true),
        ("image/*", Some("*/*"), false),
        ("*/*", Some("*/*"), true),
        ("*/*", Some("image/*"), true),
        ("*/*", None, false),
        ("*/*", Some(""), false),
        ("*/*", Some("image"), false),
        ("*/*", Some(",image/png"), false),
    ] {
        let got = of(&[entry]).is_binary_response(accept.map(str::as_bytes));
        assert_eq!(got, expect, "{entry} {accept:?}");
    }
}
