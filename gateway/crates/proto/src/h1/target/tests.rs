use super::{TargetError, TargetForm};
use crate::h1::AuthorityError;

/// Parses `target` of a `GET` and compares path, query and authority.
#[track_caller]
fn check(target: &str, path: &str, query: Option<&str>, authority: &str) {
    let buf = target.as_bytes();
    let (parsed, host) = super::parse(buf, 0, buf.len(), b"GET").expect(target);
    assert_eq!(parsed.path.of(buf), path.as_bytes(), "{target}");
    assert_eq!(parsed.has_query, query.is_some(), "{target}");
    assert_eq!(parsed.query.of(buf), query.unwrap_or_default().as_bytes(), "{target}");
    assert_eq!(host.of(buf), authority.as_bytes(), "{target}");
}

#[track_caller]
fn check_refused(target: &[u8], expect: TargetError) {
    let parsed = super::parse(target, 0, target.len(), b"GET");
    assert_eq!(parsed.err(), Some(expect), "{}", target.escape_ascii());
}

#[test]
fn origin_form_splits_at_the_first_question_mark() {
    check("/", "/", None, "");
    check("/a/b", "/a/b", None, "");
    check("/a?", "/a", Some(""), "");
    check("/a?b=c?d", "/a", Some("b=c?d"), "");
    check("/?/../x", "/", Some("/../x"), "");
}

#[test]
fn absolute_form_has_an_authority_and_never_an_empty_path() {
    check("http://h", "/", None, "h");
    check("http://h?q", "/", Some("q"), "h");
    check("HTTPS://H.example:8443/a?b", "/a", Some("b"), "H.example:8443");
    check("http://[::1]:80/", "/", None, "[::1]:80");
}

#[test]
fn other_forms_are_refused() {
    check_refused(b"*", TargetError::Asterisk);
    for target in [&b"a"[..], b"example.com:443", b"ftp://h/", b"http:/h", b"\\a", b"?q", b"%2Fa"] {
        check_refused(target, TargetError::FormInvalid);
    }
    check_refused(b"http:///a", TargetError::Authority(AuthorityError::Empty));
    check_refused(b"http://u:p@h/", TargetError::Authority(AuthorityError::UserInfo));
    let options = super::parse(b"*", 0, 1, b"OPTIONS").expect("OPTIONS *").0;
    assert_eq!(options.form, TargetForm::Asterisk);
}

#[test]
fn path_bytes_outside_rfc_3986_are_refused() {
    for b in 0..=u8::MAX {
        let target = [b'/', b, b'a'];
        let is_plain = b.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/?".contains(&b);
        let parsed = super::parse(&target, 0, 3, b"GET");
        assert_eq!(parsed.is_ok(), is_plain, "{}", target.escape_ascii());
    }
    check_refused(b"/a#b", TargetError::Fragment);
    check_refused(b"/a\\..\\b", TargetError::PathByte);
    check_refused("/δ".as_bytes(), TargetError::PathByte);
}

#[test]
fn query_bytes_are_visible_ascii() {
    for b in 0..=u8::MAX {
        let target = [b'/', b'?', b];
        let is_visible = (b'!'..=b'~').contains(&b) && b != b'#' && b != b'%';
        let parsed = super::parse(&target, 0, 3, b"GET");
        assert_eq!(parsed.is_ok(), is_visible, "{}", target.escape_ascii());
    }
    check_refused(b"/?a#b", TargetError::Fragment);
    check_refused(b"/?a b", TargetError::QueryByte);
}

#[test]
fn percent_encoding_is_well_formed_in_path_and_query() {
    check("/%41%7e%25?%00%ff%C3", "/%41%7e%25", Some("%00%ff%C3"), "");
    for target in [&b"/%"[..], b"/%4", b"/%4g", b"/%%41", b"/%u0041", b"/?%", b"/?%zz", b"/?a=%1"] {
        check_refused(target, TargetError::Percent);
    }
    check_refused(b"/a%00b", TargetError::Nul);
}

#[test]
fn dot_segments_are_refused_in_every_spelling() {
    for target in [
        "/.",
        "/..",
        "/./",
        "/../",
        "/a/.",
        "/a/..",
        "/a/../b",
        "/a/./b",
        "/%2e",
        "/%2E%2e",
        "/.%2e",
        "/%2e.",
        "/a/%2e%2e/b",
        "/..;x=1/b",
        "/a;x=/../b",
        "/.;",
        "/%2e%2e;x",
        "/..%3bx/b",
        "/..?q",
        "/..%2fetc",
        "/a%2f..%2fb",
        "/a%5c..",
        "/..%5Cb",
        "http://h/../a",
    ] {
        check_refused(target.as_bytes(), TargetError::DotSegment);
    }
    for target in
        ["/...", "/.a", "/a.", "/..a", "/a..", "/.well-known", "/a;..", "/a;x=..", "/%2e%2e%2e"]
    {
        check(target, target, None, "");
    }
}

#[test]
fn decoding_happens_once() {
    check("/%252e%252e/a", "/%252e%252e/a", None, "");
    check("/%2500", "/%2500", None, "");
}

#[test]
fn empty_segments_and_encoded_separators_stay_as_sent() {
    check("/a//b", "/a//b", None, "");
    check("//a/", "//a/", None, "");
    check("/a%2Fb%5Cc", "/a%2Fb%5Cc", None, "");
}

#[test]
fn the_decoded_path_is_utf8() {
    check("/%C3%BC/%e2%82%ac/%F0%9F%A6%80", "/%C3%BC/%e2%82%ac/%F0%9F%A6%80", None, "");
    for target in [
        "/%80",
        "/%c0%ae",
        "/%c0%af",
        "/%e0%80%ae",
        "/%f0%80%80%ae",
        "/%c3",
        "/%c3a",
        "/%c3%28",
        "/%ed%a0%80",
        "/%f4%90%80%80",
        "/%f5%80%80%80",
        "/%ff",
        "/%e2%82/%ac",
        "/%c1%9c",
    ] {
        check_refused(target.as_bytes(), TargetError::Utf8);
    }
}
