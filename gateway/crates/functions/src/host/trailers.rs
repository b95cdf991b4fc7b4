//! Trailers of a streamed result, which the decoder checks and drops.

use gateway_proto::is_name;

use crate::limits::FIELDS_BYTES_MAX;

/// The last bytes of a chunked body, as they came.
#[derive(Default)]
pub(super) struct Trailers {
    tail: Vec<u8>,
}

/// What a tail has to hold: the longest trailers, and the lines around them.
const TAIL_BYTES: usize = FIELDS_BYTES_MAX + 2048;

impl Trailers {
    /// Takes the next bytes of the body.
    pub(super) fn remember(&mut self, bytes: &[u8]) {
        if self.tail.len() + bytes.len() > 2 * TAIL_BYTES {
            let excess = self.tail.len().saturating_sub(TAIL_BYTES);
            self.tail.drain(..excess);
        }
        self.tail.extend_from_slice(bytes);
    }

    /// The last `count` bytes were not the body's.
    pub(super) fn forget_last(&mut self, count: usize) {
        self.tail.truncate(self.tail.len().saturating_sub(count));
    }

    /// The trailers of a whole body, last one first. The decoder has found it well-formed, so from its end backwards
    /// every line with a name before its first colon is a trailer, and the first without is that of the last chunk.
    pub(super) fn lines(&self) -> Vec<(&[u8], &[u8])> {
        let mut rest = self.tail.strip_suffix(b"\r\n\r\n").unwrap_or_default();
        let mut lines = Vec::new();
        loop {
            let start = rest.windows(2).rposition(|pair| pair == b"\r\n").map_or(0, |at| at + 2);
            let line = &rest[start..];
            let Some(colon) = line.iter().position(|b| *b == b':') else { return lines };
            let name = &line[..colon];
            // The line of a chunk may have a colon in a quoted extension only, behind `;` and `"`.
            if start == 0 || name.iter().any(|b| matches!(b, b';' | b'"')) {
                return lines;
            }
            lines.push((name, line[colon + 1..].trim_ascii()));
            rest = &rest[..start - 2];
        }
    }
}

/// The value of the trailer `name`.
pub(super) fn find<'t>(lines: &[(&[u8], &'t [u8])], name: &str) -> Option<&'t [u8]> {
    lines.iter().find(|line| is_name(line.0, name.as_bytes())).map(|line| line.1)
}

/// Decodes base64 (RFC 4648, section 4); what is not base64 stays as it is.
pub(super) fn base64(text: &[u8]) -> Vec<u8> {
    let digits = text.trim_ascii_end();
    let digits = digits.strip_suffix(b"==").or_else(|| digits.strip_suffix(b"=")).unwrap_or(digits);
    let mut out = Vec::with_capacity(digits.len() / 4 * 3 + 2);
    let (mut bits, mut count) = (0_u32, 0);
    for b in digits {
        let digit = match b {
            b'A'..=b'Z' => b - b'A',
            b'a'..=b'z' => b - b'a' + 26,
            b'0'..=b'9' => b - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return text.to_vec(),
        };
        bits = bits << 6 | u32::from(digit);
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push((bits >> count) as u8);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(body: &str, expect: &[(&str, &str)]) {
        let mut trailers = Trailers::default();
        trailers.remember(body.as_bytes());
        trailers.remember(b"GET / HTTP/1.1\r\n");
        trailers.forget_last(16);
        let expect: Vec<_> = expect.iter().map(|(n, v)| (n.as_bytes(), v.as_bytes())).collect();
        assert_eq!(trailers.lines(), expect, "{body:?}");
    }

    #[test]
    fn trailers_are_found_behind_any_payload() {
        check("0\r\n\r\n", &[]);
        check("3\r\nabc\r\n0\r\n\r\n", &[]);
        check("0\r\nA: 1\r\nB:2 \r\n\r\n", &[("B", "2"), ("A", "1")]);
        check("8\r\n0\r\nC: 3\r\n\r\n0\r\nA: 1\r\n\r\n", &[("A", "1")]);
        check("0;a=\"b: c\"\r\nA: 1\r\n\r\n", &[("A", "1")]);
        check("0;a=\"b: c\"\r\n\r\n", &[]);
    }

    #[test]
    fn a_long_body_keeps_its_tail_only() {
        let mut trailers = Trailers::default();
        for _ in 0..100 {
            trailers.remember(&[b'x'; 128 * 1024]);
        }
        trailers.remember(b"\r\n0\r\nA: 1\r\n\r\n");
        assert_eq!(trailers.lines(), [(&b"A"[..], &b"1"[..])]);
        assert!(trailers.tail.len() <= 2 * TAIL_BYTES);
    }

    #[test]
    fn base64_is_decoded_and_anything_else_kept() {
        for (text, bytes) in
            [("", ""), ("Zg==", "f"), ("Zm8=", "fo"), ("Zm9v", "foo"), ("Zm9vYg", "foob")]
        {
            assert_eq!(base64(text.as_bytes()), bytes.as_bytes());
        }
        assert_eq!(base64(b"{\"errorType\":\"x\"}"), b"{\"errorType\":\"x\"}");
    }
}
