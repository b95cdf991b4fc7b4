//! JSON text, written straight into bytes.
//!
//! Escapes are those of the writer that API Gateway uses: what JSON asks for and no more, `\b \t \n \f \r`
//! short, other control characters as `\u001B`. UTF-8 stays as it is; what is none becomes U+FFFD.

/// Appends `text` as a JSON string.
pub(crate) fn string(text: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    if text.is_ascii() {
        escape(text, out);
    } else {
        for chunk in text.utf8_chunks() {
            escape(chunk.valid().as_bytes(), out);
            if !chunk.invalid().is_empty() {
                out.extend_from_slice("\u{fffd}".as_bytes());
            }
        }
    }
    out.push(b'"');
}

/// Appends `"name":`, for a name that needs no escape.
#[inline]
pub(crate) fn key(name: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":");
}

/// Appends text that is UTF-8, escaped. Runs without a special byte are copied whole.
fn escape(text: &[u8], out: &mut Vec<u8>) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let mut rest = text;
    while let Some(at) = rest.iter().position(|byte| IS_SPECIAL[usize::from(*byte)]) {
        out.extend_from_slice(&rest[..at]);
        let byte = rest[at];
        let short = match byte {
            b'"' | b'\\' => byte,
            0x08 => b'b',
            b'\t' => b't',
            b'\n' => b'n',
            0x0c => b'f',
            b'\r' => b'r',
            _ => 0,
        };
        if short == 0 {
            let (high, low) = (HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]);
            out.extend_from_slice(&[b'\\', b'u', b'0', b'0', high, low]);
        } else {
            out.extend_from_slice(&[b'\\', short]);
        }
        rest = &rest[at + 1..];
    }
    out.extend_from_slice(rest);
}

/// Bytes that cannot stand in a JSON string as they are.
static IS_SPECIAL: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 0x20 {
        table[byte] = true;
        byte += 1;
    }
    table[b'"' as usize] = true;
    table[b'\\' as usize] = true;
    table
};

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    fn written(text: &[u8]) -> String {
        let mut out = Vec::new();
        super::string(text, &mut out);
        String::from_utf8(out).expect("JSON is UTF-8")
    }

    #[test]
    fn only_what_must_be_escaped_is() {
        assert_eq!(
            written(b"a/b\"c\\d\x08\t\n\x0c\r\x1b\x7f"),
            "\"a/b\\\"c\\\\d\\b\\t\\n\\f\\r\\u001B\x7f\""
        );
        assert_eq!(written("h\u{e9}\u{1f600}\u{2028}".as_bytes()), "\"h\u{e9}\u{1f600}\u{2028}\"");
        assert_eq!(written(b"a\xff\xfeb\xc3"), "\"a\u{fffd}\u{fffd}b\u{fffd}\"");
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(text in prop::collection::vec(any::<u8>(), 0..64)) {
            let read: String = serde_json::from_str(&written(&text)).expect("valid JSON");
            prop_assert_eq!(read, String::from_utf8_lossy(&text));
        }
    }
}
