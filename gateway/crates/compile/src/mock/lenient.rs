//! The permissive JSON reader of `MOCK` requests: one pass, no tree, no heap.
//!
//! Keys and strings take `"` or `'`; an unquoted key runs to its `:`, an unquoted value to `,`, `}` or `]`;
//! repeated and trailing commas are skipped; control characters are fine in strings; the last of two equal
//! keys wins; text after the root is ignored. Refused: an unterminated string, object or array, a bracket
//! or a brace where a key is expected, a key without `:`, and anything but a comma between two members.

use crate::limits::JSON_DEPTH_MAX;

/// The integer member `statusCode` of the object in `text`, if it has one.
///
/// Any integer that fits 64 bits will do, also 0 and -1000. A string `"200"`, a fraction and an exponent
/// are no integers.
pub fn status_code(text: &[u8]) -> Option<i64> {
    let mut reader = Reader { text, at: 0 };
    reader.skip_blanks();
    if reader.peek() != Some(b'{') {
        return None;
    }
    reader.object(0).ok().flatten()
}

/// The document is no JSON, even leniently.
struct Malformed;

struct Reader<'t> {
    text: &'t [u8],
    at: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn skip_blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    /// Reads an object from its `{`; yields its own `statusCode`.
    fn object(&mut self, depth: usize) -> Result<Option<i64>, Malformed> {
        if depth == JSON_DEPTH_MAX {
            return Err(Malformed);
        }
        self.at += 1;
        let mut found = None;
        loop {
            self.skip_blanks();
            match self.peek() {
                None | Some(b':' | b'[' | b']' | b'{') => return Err(Malformed),
                Some(b'}') => {
                    self.at += 1;
                    return Ok(found);
                }
                Some(b',') => self.at += 1,
                Some(_) => {
                    let is_status_code = self.key()?;
                    let value = self.value(depth)?;
                    if is_status_code {
                        found = value;
                    }
                    self.skip_blanks();
                    if !matches!(self.peek(), Some(b',' | b'}')) {
                        return Err(Malformed);
                    }
                }
            }
        }
    }

    /// Reads a key with its `:`; tells whether it is `statusCode`.
    fn key(&mut self) -> Result<bool, Malformed> {
        let is_status_code = match self.peek() {
            Some(quote @ (b'"' | b'\'')) => self.string(quote)?,
            _ => {
                let start = self.at;
                while self.peek().ok_or(Malformed)? != b':' {
                    self.at += 1;
                }
                self.text[start..self.at].trim_ascii() == STATUS_CODE
            }
        };
        self.skip_blanks();
        if self.peek() != Some(b':') {
            return Err(Malformed);
        }
        self.at += 1;
        Ok(is_status_code)
    }

    /// Reads a value; yields it if it is an integer.
    fn value(&mut self, depth: usize) -> Result<Option<i64>, Malformed> {
        self.skip_blanks();
        match self.peek().ok_or(Malformed)? {
            b':' | b'}' | b']' => Err(Malformed),
            b'{' => self.object(depth + 1).map(|_| None),
            b'[' => self.array(depth + 1).map(|()| None),
            quote @ (b'"' | b'\'') => self.string(quote).map(|_| None),
            _ => {
                let start = self.at;
                while !matches!(self.peek().ok_or(Malformed)?, b',' | b'}' | b']') {
                    self.at += 1;
                }
                Ok(integer(self.text[start..self.at].trim_ascii()))
            }
        }
    }

    fn array(&mut self, depth: usize) -> Result<(), Malformed> {
        if depth == JSON_DEPTH_MAX {
            return Err(Malformed);
        }
        self.at += 1;
        loop {
            self.skip_blanks();
            match self.peek().ok_or(Malformed)? {
                b']' => {
                    self.at += 1;
                    return Ok(());
                }
                b',' => self.at += 1,
                b':' | b'}' => return Err(Malformed),
                _ => {
                    self.value(depth)?;
                    self.skip_blanks();
                    if !matches!(self.peek(), Some(b',' | b']')) {
                        return Err(Malformed);
                    }
                }
            }
        }
    }

    /// Reads a quoted string from its quote; tells whether it is `statusCode`.
    fn string(&mut self, quote: u8) -> Result<bool, Malformed> {
        let mut rest = Some(STATUS_CODE);
        loop {
            self.at += 1;
            let byte = match self.peek().ok_or(Malformed)? {
                b'\\' => self.escape()?,
                byte if byte == quote => {
                    self.at += 1;
                    return Ok(rest == Some(b""));
                }
                byte => byte,
            };
            rest = rest.and_then(|rest| rest.strip_prefix(&[byte]));
        }
    }

    /// Reads an escape from its backslash to its last byte; what is not ASCII reads as NUL, which no name
    /// of interest has.
    fn escape(&mut self) -> Result<u8, Malformed> {
        self.at += 1;
        Ok(match self.peek().ok_or(Malformed)? {
            b'u' => {
                let digits = self.text.get(self.at + 1..self.at + 5).ok_or(Malformed)?;
                let digits = std::str::from_utf8(digits).map_err(|_| Malformed)?;
                let code = u32::from_str_radix(digits, 16).map_err(|_| Malformed)?;
                self.at += 4;
                u8::try_from(code).unwrap_or(0)
            }
            b'b' => 8,
            b'f' => 12,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            other => other,
        })
    }
}

const STATUS_CODE: &[u8] = b"statusCode";

/// An optional minus and digits, leading zeros allowed.
fn integer(text: &[u8]) -> Option<i64> {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(text).ok()?.parse().ok()
}
