use super::AuthorityError::{self, *};

#[track_caller]
fn check(authority: &str, expect: Result<(), AuthorityError>) {
    assert_eq!(super::check(authority.as_bytes()), expect, "{authority}");
}

#[test]
fn host_and_port_pass_as_sent() {
    for authority in [
        "a",
        "A.example",
        "example.com.",
        "example.com:8080",
        "home_0.x",
        "127.0.0.1:1",
        "0.0.0.0=5000",
        "[::1]",
        "[2001:db8::1]:65535",
        "abc123.execute-api.eu-west-1.amazonaws.com",
    ] {
        check(authority, Ok(()));
    }
}

#[test]
fn what_two_parsers_might_read_differently_is_refused() {
    check("", Err(Empty));
    check(":80", Err(Empty));
    check("u@h", Err(UserInfo));
    check("a@b:80", Err(UserInfo));
    for port in
        ["a:", "a:x", "a:+80", "a:80x", "a:0", "a:65536", "a:000080", "a:80:80", "a:8 0", "[::1]:"]
    {
        check(port, Err(PortInvalid));
    }
    for host in [
        "a b",
        "a,b",
        "a/b",
        "a?b",
        "a#b",
        "a\\b",
        "a%2eb",
        "ä",
        "a\"",
        "<a>",
        "[::1",
        "[::1]x",
        "[::1%25eth0]",
        "[1.2.3.4]",
        "[]",
        "[x]",
        "a\tb",
        "a[b]",
        "]",
    ] {
        check(host, Err(HostInvalid));
    }
    check("::1", Err(Empty));
    check(&"a".repeat(262), Err(TooLong));
}

#[test]
fn the_host_ends_before_its_port() {
    assert_eq!(super::host_len(b"a:80"), 1);
    assert_eq!(super::host_len(b"[::1]:80"), 5);
    assert_eq!(super::host_len(b"abc"), 3);
    assert_eq!(super::host_len(b""), 0);
}
