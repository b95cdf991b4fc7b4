use super::*;

/// `tls host port host-header path ? query`, a placeholder in angle brackets.
fn show(uri: &BackendUri) -> String {
    let text = |pieces: &[Piece]| -> String {
        pieces
            .iter()
            .map(|piece| match piece {
                Piece::Text(text) => text.clone(),
                Piece::Placeholder(name) => format!("<{name}>"),
            })
            .collect()
    };
    let scheme = if uri.is_tls { "tls" } else { "tcp" };
    let (path, query) = (text(&uri.path), text(&uri.query));
    format!("{scheme} {} {} {} {path} ? {query}", uri.host, uri.port, uri.host_header)
}

#[track_caller]
fn check(text: &str, expect: &str) {
    let said = match BackendUri::parse(text) {
        Ok(uri) => show(&uri),
        Err(error) => format!("{error}"),
    };
    assert_eq!(said, expect, "{text}");
}

#[test]
fn parts_of_a_uri() {
    check("http://a.b/c/{d}?e={f}&g", "tcp a.b 80 a.b /c/<d> ? e=<f>&g");
    check("https://A.b", "tls a.b 443 a.b / ? ");
    check("https://a.b:443/x", "tls a.b 443 a.b /x ? ");
    check("http://a.b:443?q", "tcp a.b 443 a.b:443 / ? q");
    check("HTTP://a:/x", "tcp a 80 a /x ? ");
    check("http://[::1]:8080/x#f?y", "tcp ::1 8080 [::1]:8080 /x ? ");
    check("https://[2001:db8::1]", "tls 2001:db8::1 443 [2001:db8::1] / ? ");
    check("http://a_b/x?y?z", "tcp a_b 80 a_b /x ? y?z");
}

#[test]
fn what_a_request_line_cannot_carry_is_encoded() {
    check("http://a/b c/é\"<>", "tcp a 80 a /b%20c/%C3%A9%22%3C%3E ? ");
    check("http://a/%41%zz", "tcp a 80 a /%41%zz ? ");
    check("http://a/{b c}/{}/{d", "tcp a 80 a /{b%20c}/{}/{d ? ");
}

#[test]
fn invalid_addresses_are_refused() {
    check("ftp://a", "it starts with neither http:// nor https://");
    check("a.b/c", "it starts with neither http:// nor https://");
    check("https://", "\"\" is no host");
    check("https:///x", "\"\" is no host");
    check("http://u:p@a/", "\"u:p@a\" is no host");
    check("http://u@a/", "\"u@a\" is no host");
    check("http://a:0", "\"0\" is no port");
    check("http://a:65536", "\"65536\" is no port");
    check("http://a:+80", "\"+80\" is no port");
    check("http://a..b", "\"a..b\" is no host");
    check("http://.a", "\".a\" is no host");
    check("http://[::1", "\"[::1\" is no host");
    check("http://[nope]", "\"[nope]\" is no host");
    check("http://[::1]x", "\"[::1]x\" is no host");
    check("http://a b/", "\"a b\" is no host");
    check("http://a\r\nX: y/", "it has a control character");
    check("http://a/\0", "it has a control character");
}

#[test]
fn a_request_never_chooses_the_host() {
    for text in ["http://{h}/x", "http://a.{h}", "https://a:{p}/", "http://${x}/"] {
        assert!(
            matches!(BackendUri::parse(text), Err(InvalidUri::PlaceholderInAuthority(_))),
            "{text}"
        );
    }
}

#[test]
fn stage_variables_are_resolved_anywhere() {
    let resolve = |text: &str| {
        resolve_stage_variables(text, |name| match name {
            "host" => Some("a.b:81"),
            "v" => Some("1"),
            _ => None,
        })
    };
    assert_eq!(
        resolve("http://${stageVariables.host}/${stageVariables.v}?x=${stageVariables.nope}"),
        "http://a.b:81/1?x="
    );
    for text in
        ["${other}", "${stageVariables.", "${stageVariables.a b}", "$stageVariables.v", "{v}"]
    {
        assert_eq!(resolve(text), text);
    }
    assert_eq!(resolve("${stageVariables.${stageVariables.v}}"), "${stageVariables.1}");
}

#[test]
fn query_names_are_encoded_whole() {
    assert_eq!(encode_query_name("a.b-c_d~$"), "a.b-c_d~%24");
}
