//! Paths of requests to AWS.

/// Whether a path may lead elsewhere than it says: a segment `.` or `..` in any spelling, or a NUL.
///
/// As the door judges a request's own path: `%2F`, `\` and `%5C` end a segment too, since a back end may decode them, and
/// what follows a `;` is no part of it.
pub(crate) fn leads_astray(path: &[u8]) -> bool {
    let (mut dots, mut has_other, mut has_parameters) = (0_usize, false, false);
    let is_dots = |dots: usize, has_other: bool| !has_other && matches!(dots, 1 | 2);
    for byte in decoded(path) {
        match byte {
            0 => return true,
            b'/' | b'\\' => {
                if is_dots(dots, has_other) {
                    return true;
                }
                (dots, has_other, has_parameters) = (0, false, false);
            }
            b';' => has_parameters = true,
            _ if has_parameters => {}
            b'.' => dots += 1,
            _ => has_other = true,
        }
    }
    is_dots(dots, has_other)
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
    use super::{canonical, leads_astray};

    #[test]
    fn dots_are_seen_however_they_are_written() {
        for path in [
            "/b/..",
            "/b/../x",
            "/b/%2e%2E/x",
            "/./x",
            "/b/.%2E",
            "..",
            "/b%2f..%2fx",
            "/b%5c..%5Cx",
            "/b/..;a=1/x",
            "/b%00",
        ] {
            assert!(leads_astray(path.as_bytes()), "{path}");
        }
        for path in ["/b/...", "/b/.x", "/b/x..", "/", "", "/b/%252e%252e/x", "/..a", "/b/;../x"] {
            assert!(!leads_astray(path.as_bytes()), "{path}");
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
