//! Paths of requests to AWS.

/// Whether a segment is `.` or `..`, also where it is percent-encoded.
pub(super) fn has_dot_segment(path: &[u8]) -> bool {
    let mut segment = Vec::new();
    let is_dots = |segment: &[u8]| matches!(segment, b"." | b"..");
    for byte in decoded(path) {
        if byte == b'/' {
            if is_dots(&segment) {
                return true;
            }
            segment.clear();
        } else if segment.len() < 3 {
            segment.push(byte);
        }
    }
    is_dots(&segment)
}

/// The path decoded and encoded again, all but unreserved characters and slashes: what S3 makes of it to check a
/// signature.
pub(super) fn canonical(path: &[u8]) -> Vec<u8> {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let mut out = Vec::with_capacity(path.len());
    for byte in decoded(path) {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            out.push(byte);
        } else {
            out.push(b'%');
            out.push(HEX[usize::from(byte >> 4)]);
            out.push(HEX[usize::from(byte & 15)]);
        }
    }
    out
}

/// Without escapes. What looks like one and is none stays.
fn decoded(path: &[u8]) -> impl Iterator<Item = u8> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let byte = *path.get(at)?;
        at += 1;
        let digit = |at: usize| path.get(at).and_then(|digit| (*digit as char).to_digit(16));
        if byte == b'%'
            && let (Some(high), Some(low)) = (digit(at), digit(at + 1))
        {
            at += 2;
            return Some((high * 16 + low) as u8);
        }
        Some(byte)
    })
}

#[cfg(test)]
mod tests {
    use super::{canonical, has_dot_segment};

    #[test]
    fn dots_are_seen_however_they_are_written() {
        for path in ["/b/..", "/b/../x", "/b/%2e%2E/x", "/./x", "/b/.%2E", "..", "/b%2f..%2fx"] {
            assert!(has_dot_segment(path.as_bytes()), "{path}");
        }
        for path in ["/b/...", "/b/.x", "/b/x..", "/", "", "/b/%252e%252e/x", "/..a"] {
            assert!(!has_dot_segment(path.as_bytes()), "{path}");
        }
    }

    #[test]
    fn a_canonical_path_is_encoded_once() {
        for (path, expect) in [
            ("/b/a%20b", "/b/a%20b"),
            ("/b/a b", "/b/a%20b"),
            ("/b/a+(1)%2bc", "/b/a%2B%281%29%2Bc"),
            ("/b/%c3%bc%2Fx", "/b/%C3%BC/x"),
            ("/b/100%", "/b/100%25"),
            ("/b/%7e~", "/b/~~"),
        ] {
            assert_eq!(String::from_utf8_lossy(&canonical(path.as_bytes())), expect, "{path}");
        }
    }
}
