//! Strict JSON (RFC 8259) with the line and column of every value.

use super::ReadError;
use super::build::Builder;
use crate::node::{Kind, Node};
use crate::report::Report;
use gateway_model::Place;
use std::sync::Arc;

/// Reads one JSON text.
pub(super) fn read(file: &Arc<str>, text: &str, report: &Report) -> Result<Node, ReadError> {
    let mut reader =
        Reader { file, text, at: 0, line: 1, line_start: 0, column_base: 0, column_chars: 0 };
    let mut builder = Builder::new(report);
    reader.document(&mut builder)?;
    let end = reader.place();
    builder.finish().ok_or_else(|| reader.error_at(end, "the file is empty"))
}

struct Reader<'t> {
    file: &'t Arc<str>,
    text: &'t str,
    /// Byte offset of the next character.
    at: usize,
    line: u32,
    /// Byte offset of the line's first character.
    line_start: usize,
    /// Characters of this line counted so far, up to the byte `column_base`.
    column_base: usize,
    column_chars: u32,
}

impl Reader<'_> {
    /// Lists and objects are kept open in the builder, not on the stack of calls.
    fn document(&mut self, builder: &mut Builder<'_>) -> Result<(), ReadError> {
        let mut open: Vec<u8> = Vec::new();
        loop {
            self.space();
            let place = self.place();
            let mut is_complete = true;
            match self.peek() {
                Some(b'{') => {
                    self.at += 1;
                    builder.start_map(place)?;
                    self.space();
                    if self.peek() == Some(b'}') {
                        self.at += 1;
                        end(builder)?;
                    } else {
                        open.push(b'}');
                        self.name(builder)?;
                        is_complete = false;
                    }
                }
                Some(b'[') => {
                    self.at += 1;
                    builder.start_seq(place)?;
                    self.space();
                    if self.peek() == Some(b']') {
                        self.at += 1;
                        end(builder)?;
                    } else {
                        open.push(b']');
                        is_complete = false;
                    }
                }
                _ => {
                    let kind = self.scalar()?;
                    builder.value(Node { place, kind }, 1)?;
                }
            }
            while is_complete {
                self.space();
                let Some(closer) = open.last().copied() else {
                    return match self.peek() {
                        None => Ok(()),
                        Some(_) => Err(self.error("expected the end of the file")),
                    };
                };
                match self.peek() {
                    Some(b',') => {
                        self.at += 1;
                        self.space();
                        if closer == b'}' {
                            self.name(builder)?;
                        }
                        is_complete = false;
                    }
                    Some(byte) if byte == closer => {
                        self.at += 1;
                        open.pop();
                        end(builder)?;
                    }
                    _ => {
                        let closer = char::from(closer);
                        return Err(self.error(&format!("expected ',' or '{closer}'")));
                    }
                }
            }
        }
    }

    fn name(&mut self, builder: &mut Builder<'_>) -> Result<(), ReadError> {
        let place = self.place();
        if self.peek() != Some(b'"') {
            return Err(self.error("expected a name in double quotes"));
        }
        let text = self.string()?;
        builder.key(place, text)?;
        self.space();
        if self.peek() != Some(b':') {
            return Err(self.error("expected ':'"));
        }
        self.at += 1;
        Ok(())
    }

    fn scalar(&mut self) -> Result<Kind, ReadError> {
        match self.peek() {
            Some(b'"') => Ok(Kind::String(self.string()?)),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => {
                for (word, kind) in
                    [("true", Kind::Bool(true)), ("false", Kind::Bool(false)), ("null", Kind::Null)]
                {
                    if self.text.as_bytes()[self.at..].starts_with(word.as_bytes()) {
                        self.at += word.len();
                        return Ok(kind);
                    }
                }
                Err(self.error("expected a value"))
            }
        }
    }

    fn number(&mut self) -> Result<Kind, ReadError> {
        let bytes = &self.text.as_bytes()[self.at..];
        let len = bytes
            .iter()
            .take_while(|b| matches!(b, b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9'))
            .count();
        let text = &self.text[self.at..self.at + len];
        if !is_json_number(text) {
            return Err(self.error("expected a number"));
        }
        self.at += len;
        Ok(Kind::Number(text.to_owned()))
    }

    fn string(&mut self) -> Result<String, ReadError> {
        self.at += 1;
        let mut out = String::new();
        loop {
            let rest = &self.text[self.at..];
            let plain = rest.find(|c| c == '"' || c == '\\' || c < ' ').unwrap_or(rest.len());
            out.push_str(&rest[..plain]);
            self.at += plain;
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(out);
                }
                Some(b'\\') => out.push(self.escape()?),
                Some(_) => return Err(self.error("a control character must be escaped")),
                None => return Err(self.error("a string does not end")),
            }
        }
    }

    fn escape(&mut self) -> Result<char, ReadError> {
        let c = match self.text.as_bytes().get(self.at + 1) {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode(),
            _ => return Err(self.error("unknown escape")),
        };
        self.at += 2;
        Ok(c)
    }

    fn unicode(&mut self) -> Result<char, ReadError> {
        let bad = "expected \\u and four hexadecimal digits of a character";
        let high = self.hex(self.at).ok_or_else(|| self.error(bad))?;
        let (code, len) = match high {
            0xd800..=0xdbff => {
                let low = self.hex(self.at + 6).filter(|low| (0xdc00..=0xdfff).contains(low));
                let low = low.ok_or_else(|| self.error("half of a surrogate pair"))?;
                (0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00), 12)
            }
            _ => (high, 6),
        };
        let c = char::from_u32(code).ok_or_else(|| self.error("half of a surrogate pair"))?;
        self.at += len;
        Ok(c)
    }

    /// The code of `\uXXXX` at a byte offset.
    fn hex(&self, at: usize) -> Option<u32> {
        let digits = self.text.get(at..at + 6)?.strip_prefix("\\u")?;
        let is_hex = digits.bytes().all(|b| b.is_ascii_hexdigit());
        is_hex.then(|| u32::from_str_radix(digits, 16).ok()).flatten()
    }

    fn space(&mut self) {
        while let Some(byte @ (b' ' | b'\t' | b'\n' | b'\r')) = self.peek() {
            self.at += 1;
            if byte == b'\n' {
                self.line = self.line.saturating_add(1);
                (self.line_start, self.column_base, self.column_chars) = (self.at, self.at, 0);
            }
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Where the next character is. Counts each character of a line once.
    fn place(&mut self) -> Place {
        let new = &self.text[self.column_base..self.at];
        let chars = u32::try_from(new.chars().count()).unwrap_or(u32::MAX);
        self.column_chars = self.column_chars.saturating_add(chars);
        self.column_base = self.at;
        Place::new(self.file, self.line, self.column_chars.saturating_add(1))
    }

    fn error(&self, help: &str) -> ReadError {
        let chars = self.text[self.line_start..self.at].chars().count();
        let col = u32::try_from(chars).unwrap_or(u32::MAX).saturating_add(1);
        self.error_at(Place::new(self.file, self.line, col), help)
    }

    fn error_at(&self, place: Place, help: &str) -> ReadError {
        let (line, col) = (place.line, place.col);
        let text =
            format!("Template format error: JSON not well-formed. (line {line}, column {col})");
        ReadError { place, text, help: Some(help.to_owned()) }
    }
}

fn end(builder: &mut Builder<'_>) -> Result<(), ReadError> {
    match builder.end() {
        Some((node, _)) => builder.value(node, 0),
        None => Ok(()),
    }
}

/// Whether a text is a number by RFC 8259's grammar.
fn is_json_number(text: &str) -> bool {
    let digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    let text = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    digits(whole)
        && (whole.len() == 1 || !whole.starts_with('0'))
        && fraction.is_none_or(digits)
        && exponent.is_none_or(|e| digits(e.strip_prefix(['+', '-']).unwrap_or(e)))
}
