//! Values that cannot leave their line or their quotes.

use std::time::Duration;

use crate::clock;

/// Appends the value of one variable to a log line, escaped.
///
/// What a JSON string cannot hold is written as a JSON string would: `\"`, `\\`, `\n`, `\r`, `\t`,
/// `\u00XX` for other control characters (C0, DEL and C1, so that no terminal obeys a log). A byte
/// that is not UTF-8 is written as `\u00XX` too, so that a line is always valid UTF-8 and its raw
/// bytes can be told from the character. Never allocates but to grow the line.
#[derive(Debug)]
pub struct ValueWriter<'a> {
    out: &'a mut Vec<u8>,
}

impl<'a> ValueWriter<'a> {
    /// Writes at the end of `out`.
    pub fn new(out: &'a mut Vec<u8>) -> Self {
        Self { out }
    }

    /// Writes text.
    pub fn str(&mut self, text: &str) {
        let bytes = text.as_bytes();
        if is_plain(bytes) {
            return self.out.extend_from_slice(bytes);
        }
        let mut plain = 0;
        let mut index = 0;
        while index < bytes.len() {
            let (code, len) = match bytes[index] {
                byte @ (b'"' | b'\\' | 0..=0x1f | 0x7f) => (byte, 1),
                // C1 controls are U+0080 to U+009F: C2 80 to C2 9F.
                0xc2 if bytes[index + 1] < 0xa0 => (bytes[index + 1], 2),
                _ => {
                    index += 1;
                    continue;
                }
            };
            self.out.extend_from_slice(&bytes[plain..index]);
            self.escape(code);
            index += len;
            plain = index;
        }
        self.out.extend_from_slice(&bytes[plain..]);
    }

    /// Writes bytes that a peer sent: text where they are UTF-8, escapes where they are not.
    pub fn bytes(&mut self, bytes: &[u8]) {
        if is_plain(bytes) {
            return self.out.extend_from_slice(bytes);
        }
        for chunk in bytes.utf8_chunks() {
            self.str(chunk.valid());
            for &byte in chunk.invalid() {
                self.escape(byte);
            }
        }
    }

    /// Writes text as a quoted JSON string, for `$context.error.messageString`.
    pub fn json_string(&mut self, text: &str) {
        self.out.push(b'"');
        self.str(text);
        self.out.push(b'"');
    }

    /// Writes a number in decimal.
    pub fn u64(&mut self, value: u64) {
        write_decimal(value, self.out);
    }

    /// Writes a duration in whole milliseconds, rounded down as AWS does.
    pub fn millis(&mut self, duration: Duration) {
        self.u64(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX));
    }

    /// Writes `true` or `false`.
    pub fn bool(&mut self, value: bool) {
        let text: &[u8] = if value { b"true" } else { b"false" };
        self.out.extend_from_slice(text);
    }

    /// Writes a time as `$context.requestTime` has it: `06/Nov/1994:08:49:37 +0000`.
    pub fn clf_time(&mut self, unix_seconds: u64) {
        self.out.extend_from_slice(&clock::clf_time(unix_seconds));
    }

    fn escape(&mut self, byte: u8) {
        const HEX: &[u8; 16] = b"0123456789abcdef";
        let short = match byte {
            b'"' | b'\\' => byte,
            b'\n' => b'n',
            b'\r' => b'r',
            b'\t' => b't',
            _ => {
                let (high, low) = (HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]);
                self.out.extend_from_slice(&[b'\\', b'u', b'0', b'0', high, low]);
                return;
            }
        };
        self.out.extend_from_slice(&[b'\\', short]);
    }
}

/// Whether a value is what nearly every value is: printable ASCII without a quote or backslash.
///
/// Looks at every byte, without a branch in between, so that the compiler takes many at a time.
fn is_plain(bytes: &[u8]) -> bool {
    let special = |byte: u8| !(0x20..0x7f).contains(&byte) | (byte == b'"') | (byte == b'\\');
    !bytes.iter().fold(false, |found, &byte| found | special(byte))
}

/// Appends a number in decimal, without memory of its own.
pub fn write_decimal(value: u64, out: &mut Vec<u8>) {
    let mut digits = [0; 20];
    let mut start = digits.len();
    let mut rest = value;
    loop {
        start -= 1;
        digits[start] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[start..]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn written(write: impl FnOnce(&mut ValueWriter<'_>)) -> String {
        let mut out = Vec::new();
        write(&mut ValueWriter::new(&mut out));
        String::from_utf8(out).expect("a line is UTF-8")
    }

    #[test]
    fn quotes_backslashes_and_controls_are_escaped() {
        let text = "a\"b\\c\nd\re\tf\u{0}g\u{1b}h\u{7f}i\u{9b}jé😀";
        let expected = r#"a\"b\\c\nd\re\tf\u0000g\u001bh\u007fi\u009bjé😀"#;
        assert_eq!(written(|out| out.str(text)), expected);
    }

    #[test]
    fn bytes_that_are_not_utf8_are_escaped_one_by_one() {
        assert_eq!(
            written(|out| out.bytes(b"ok\xff\xc3(\xe2\x82")),
            r"ok\u00ff\u00c3(\u00e2\u0082"
        );
    }

    #[test]
    fn numbers_and_times_are_plain() {
        assert_eq!(written(|out| out.u64(0)), "0");
        assert_eq!(written(|out| out.u64(u64::MAX)), u64::MAX.to_string());
        assert_eq!(written(|out| out.millis(Duration::from_micros(2_999))), "2");
        assert_eq!(written(|out| out.bool(false)), "false");
        assert_eq!(written(|out| out.clf_time(784_111_777)), "06/Nov/1994:08:49:37 +0000");
    }

    #[test]
    fn a_byte_is_plain_only_if_it_is_written_as_it_is() {
        for byte in 0..=u8::MAX {
            let value = [b'a', byte, b'z'];
            let as_it_is = written(|out| {
                for chunk in value.utf8_chunks() {
                    out.str(chunk.valid());
                    chunk.invalid().iter().for_each(|byte| out.escape(*byte));
                }
            });
            assert_eq!(is_plain(&value), as_it_is.as_bytes() == value, "{byte:#x}");
            assert_eq!(written(|out| out.bytes(&value)), as_it_is, "{byte:#x}");
        }
    }

    proptest! {
        #[test]
        fn a_json_parser_reads_back_the_text(text in any::<String>()) {
            let line = written(|out| out.json_string(&text));
            prop_assert_eq!(serde_json::from_str::<String>(&line).expect("JSON"), text);
        }

        #[test]
        fn any_bytes_stay_on_one_line_of_json(bytes in any::<Vec<u8>>()) {
            let line = written(|out| out.bytes(&bytes));
            prop_assert!(!line.contains(|c: char| c.is_control()));
            let quoted = format!("\"{line}\"");
            prop_assert!(serde_json::from_str::<String>(&quoted).is_ok());
        }
    }
}
