//! The `Connection` field: which options it names, and which it must not.

use crate::FieldName;

/// What the `Connection` fields of one head say.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(crate) struct ConnectionOptions {
    pub(crate) close: bool,
    pub(crate) keep_alive: bool,
    pub(crate) upgrade: bool,
}

impl ConnectionOptions {
    /// Adds the options of one field; whether it names a field that is end to end.
    ///
    /// Such a field routes, frames or authenticates, and a proxy that obeyed would strip it (hop-by-hop
    /// abuse). Unknown options are ignored: no option ever strips a field here.
    #[inline]
    pub(crate) fn add(&mut self, value: &[u8]) -> bool {
        let mut names_end_to_end = false;
        for option in value.split(|&b| b == b',').map(<[u8]>::trim_ascii) {
            match option.len() {
                5 if option.eq_ignore_ascii_case(b"close") => self.close = true,
                7 if option.eq_ignore_ascii_case(b"upgrade") => self.upgrade = true,
                10 if option.eq_ignore_ascii_case(b"keep-alive") => self.keep_alive = true,
                _ => names_end_to_end |= is_end_to_end(option),
            }
        }
        names_end_to_end
    }

    /// Whether the connection outlives the message. Source: RFC 9112 section 9.3.
    pub(crate) fn keeps_alive(&self, is_http_11: bool) -> bool {
        !self.close && (is_http_11 || self.keep_alive)
    }
}

fn is_end_to_end(option: &[u8]) -> bool {
    use FieldName::*;
    matches!(
        FieldName::of(option),
        Authorization
            | ContentEncoding
            | ContentLength
            | ContentMd5
            | ContentType
            | Cookie
            | Expect
            | Forwarded
            | Host
            | Origin
            | SetCookie
            | Via
            | XApiKey
            | XHttpMethodOverride
            | XRealIp
    ) || starts_with(option, b"x-forwarded-")
        || starts_with(option, b"x-amz")
}

fn starts_with(option: &[u8], prefix: &[u8]) -> bool {
    option.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

#[cfg(test)]
mod tests {
    use super::ConnectionOptions;

    #[track_caller]
    fn check(value: &str, close: bool, keep_alive: bool, upgrade: bool) {
        let mut options = ConnectionOptions::default();
        options.add(value.as_bytes());
        assert_eq!(options, ConnectionOptions { close, keep_alive, upgrade }, "{value}");
    }

    #[test]
    fn options_are_whole_tokens_in_any_case() {
        check("Close", true, false, false);
        check("keep-alive,\tUPGRADE", false, true, true);
        check(" , close ,, token", true, false, false);
        check("closed, keepalive, upgrades", false, false, false);
        check("", false, false, false);
    }

    #[test]
    fn close_wins_and_only_http_11_persists_by_default() {
        let none = ConnectionOptions::default();
        let keep = ConnectionOptions { keep_alive: true, ..none };
        let both = ConnectionOptions { close: true, ..keep };
        assert!(none.keeps_alive(true) && !none.keeps_alive(false));
        assert!(keep.keeps_alive(true) && keep.keeps_alive(false));
        assert!(!both.keeps_alive(true) && !both.keeps_alive(false));
    }

    fn names_end_to_end(value: &[u8]) -> bool {
        ConnectionOptions::default().add(value)
    }

    #[test]
    fn end_to_end_names_are_noticed() {
        for value in [
            "Authorization",
            "close, HOST",
            "keep-alive,x-api-key",
            "cookie",
            "content-length",
            "X-Forwarded-For",
            "x-forwarded-anything",
            "X-Amz-Date",
            "x-amzn-trace-id",
        ] {
            assert!(names_end_to_end(value.as_bytes()), "{value}");
        }
        for value in
            ["close", "TE, trailer, trailers, transfer-encoding", "http2-settings", "x-foo", ""]
        {
            assert!(!names_end_to_end(value.as_bytes()), "{value}");
        }
    }
}
