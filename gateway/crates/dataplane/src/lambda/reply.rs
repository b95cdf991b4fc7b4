//! What a function answers for `AWS_PROXY`, read strictly.
//!
//! Source: recorded behaviour, "Response contract". A result is an object of five members at most; anything
//! else is malformed, and the client gets 502. Where nothing is recorded: a number is no header value, as
//! emulators have it; a status is an integer or decimal digits in a string; a member that is `null` is absent;
//! of two members of one name the last one counts.
//!
//! Strings are unescaped in place, which never makes them longer: reading allocates only the list of fields.

use std::fmt;

use crate::limits::REPLY_FIELDS_MAX;

/// A part of the payload that was parsed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Text {
    start: usize,
    end: usize,
}

/// One header of the result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReplyField {
    /// Its name, a token.
    pub name: Text,
    /// Its value, without control characters.
    pub value: Text,
    /// Whether it is of `multiValueHeaders`.
    pub is_multi: bool,
}

/// The result of a proxy function. Its texts lie in the payload, which parsing has changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reply {
    /// `statusCode`; 200 when it is absent.
    pub status: u16,
    /// Headers in their order, those of `multiValueHeaders` possibly behind those of `headers`.
    pub fields: Vec<ReplyField>,
    /// `body`; empty when it is absent.
    pub body: Text,
    /// `isBase64Encoded`
    pub is_base64_encoded: bool,
}

/// Why a result is no response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Malformed(pub &'static str);

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for Malformed {}

impl Text {
    /// The text, in the payload that was parsed.
    pub fn of(self, payload: &[u8]) -> &[u8] {
        &payload[self.start..self.end]
    }

    /// Its first `len` bytes.
    pub(crate) fn first(self, len: usize) -> Self {
        Self { end: self.end.min(self.start + len), ..self }
    }

    pub(crate) fn of_mut(self, payload: &mut [u8]) -> &mut [u8] {
        &mut payload[self.start..self.end]
    }
}

/// Reads the result of a proxy function, unescaping its strings in place.
///
/// # Errors
/// [`Malformed`]: the answer is 502.
pub fn parse(payload: &mut [u8]) -> Result<Reply, Malformed> {
    if std::str::from_utf8(payload).is_err() {
        return Err(Malformed("the result is not UTF-8"));
    }
    let mut scanner = Scanner { payload, at: 0 };
    let mut reply = Reply { status: 200, ..Reply::default() };
    scanner.object("the result is not an object", |scanner, key| {
        match key.of(scanner.payload) {
            b"statusCode" => reply.status = scanner.status()?,
            b"headers" => {
                reply.fields.retain(|field| field.is_multi);
                scanner.headers(&mut reply.fields)?;
            }
            b"multiValueHeaders" => {
                reply.fields.retain(|field| !field.is_multi);
                scanner.multi_value_headers(&mut reply.fields)?;
            }
            b"body" => reply.body = scanner.body()?,
            b"isBase64Encoded" => reply.is_base64_encoded = scanner.flag()?,
            _ => return Err(Malformed("the result has a member that is none of the five")),
        }
        Ok(())
    })?;
    scanner.skip_blanks();
    if scanner.at < scanner.payload.len() {
        return Err(Malformed("something follows the result"));
    }
    Ok(reply)
}

const NOT_JSON: Malformed = Malformed("the result is not JSON");

struct Scanner<'p> {
    payload: &'p mut [u8],
    at: usize,
}

impl Scanner<'_> {
    fn peek(&mut self) -> Option<u8> {
        self.skip_blanks();
        self.payload.get(self.at).copied()
    }

    fn skip_blanks(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.payload.get(self.at) {
            self.at += 1;
        }
    }

    /// Takes `byte`, if it is what comes next.
    fn take(&mut self, byte: u8) -> bool {
        let is_next = self.peek() == Some(byte);
        self.at += usize::from(is_next);
        is_next
    }

    /// Takes a literal, if it is what comes next.
    fn take_word(&mut self, word: &'static str) -> Option<Text> {
        self.skip_blanks();
        let start = self.at;
        self.payload[start..].starts_with(word.as_bytes()).then(|| {
            self.at += word.len();
            Text { start, end: self.at }
        })
    }

    fn take_null(&mut self) -> bool {
        self.take_word("null").is_some()
    }

    /// Reads an object, member by member; `member` reads the value.
    fn object(
        &mut self,
        otherwise: &'static str,
        mut member: impl FnMut(&mut Self, Text) -> Result<(), Malformed>,
    ) -> Result<(), Malformed> {
        if !self.take(b'{') {
            return Err(Malformed(otherwise));
        }
        if self.take(b'}') {
            return Ok(());
        }
        loop {
            let key = self.string("the result is not JSON")?;
            if !self.take(b':') {
                return Err(NOT_JSON);
            }
            member(self, key)?;
            if self.take(b'}') {
                return Ok(());
            }
            if !self.take(b',') {
                return Err(NOT_JSON);
            }
        }
    }

    fn status(&mut self) -> Result<u16, Malformed> {
        const WRONG: Malformed = Malformed("statusCode is not an integer from 200 to 599");
        if self.take_null() {
            return Ok(200);
        }
        let text = match self.peek() {
            Some(b'"') => self.string("statusCode is not an integer")?,
            _ => self.number(),
        };
        let digits = text.of(self.payload);
        let is_decimal = (1..=5).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit);
        if !is_decimal {
            return Err(WRONG);
        }
        let status = digits.iter().fold(0, |status, digit| status * 10 + u32::from(digit - b'0'));
        // What is not final cannot end a response.
        match status {
            200..=599 => Ok(status as u16),
            _ => Err(WRONG),
        }
    }

    /// What could be a number, up to what cannot be one.
    fn number(&mut self) -> Text {
        self.skip_blanks();
        let start = self.at;
        let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || b"+-.".contains(byte);
        self.at += self.payload[start..].iter().take_while(|byte| is_part(byte)).count();
        let text = Text { start, end: self.at };
        // JSON has no leading zeros.
        match text.of(self.payload) {
            [b'0', _, ..] => Text::default(),
            _ => text,
        }
    }

    fn flag(&mut self) -> Result<bool, Malformed> {
        if self.take_word("true").is_some() {
            return Ok(true);
        }
        match self.take_word("false").is_some() || self.take_null() {
            true => Ok(false),
            false => Err(Malformed("isBase64Encoded is neither true nor false")),
        }
    }

    fn body(&mut self) -> Result<Text, Malformed> {
        if self.take_null() {
            return Ok(Text::default());
        }
        self.string("body is not a string")
    }

    fn headers(&mut self, fields: &mut Vec<ReplyField>) -> Result<(), Malformed> {
        if self.take_null() {
            return Ok(());
        }
        self.object("headers is not an object", |scanner, name| {
            let value = scanner.field_value("a value of headers is not a string")?;
            // A map: of two members of one name the last one counts.
            let text = name.of(scanner.payload);
            let same =
                fields.iter().position(|f| !f.is_multi && f.name.of(scanner.payload) == text);
            if let Some(index) = same {
                fields.remove(index);
            }
            scanner.push(ReplyField { name, value, is_multi: false }, fields)
        })
    }

    fn multi_value_headers(&mut self, fields: &mut Vec<ReplyField>) -> Result<(), Malformed> {
        if self.take_null() {
            return Ok(());
        }
        self.object("multiValueHeaders is not an object", |scanner, name| {
            let text = name.of(scanner.payload);
            fields.retain(|f| !f.is_multi || f.name.of(scanner.payload) != text);
            if !scanner.take(b'[') {
                return Err(Malformed("a value of multiValueHeaders is not a list"));
            }
            if scanner.take(b']') {
                return Ok(());
            }
            loop {
                let value = scanner.field_value("an item of multiValueHeaders is not a string")?;
                scanner.push(ReplyField { name, value, is_multi: true }, fields)?;
                if scanner.take(b']') {
                    return Ok(());
                }
                if !scanner.take(b',') {
                    return Err(NOT_JSON);
                }
            }
        })
    }

    fn push(&self, field: ReplyField, fields: &mut Vec<ReplyField>) -> Result<(), Malformed> {
        if fields.len() == REPLY_FIELDS_MAX {
            return Err(Malformed("the result has too many headers"));
        }
        let name = field.name.of(self.payload);
        if name.is_empty() || !name.iter().all(|byte| is_token_byte(*byte)) {
            return Err(Malformed("a header's name is not a token"));
        }
        let is_control = |byte: &u8| (*byte < 0x20 && *byte != b'\t') || *byte == 0x7f;
        if field.value.of(self.payload).iter().any(is_control) {
            return Err(Malformed("a header's value has a control character"));
        }
        fields.push(field);
        Ok(())
    }

    /// A string, or a boolean as text.
    fn field_value(&mut self, otherwise: &'static str) -> Result<Text, Malformed> {
        match self.peek() {
            Some(b't') => self.take_word("true").ok_or(Malformed(otherwise)),
            Some(b'f') => self.take_word("false").ok_or(Malformed(otherwise)),
            _ => self.string(otherwise),
        }
    }

    /// A string, unescaped in place.
    fn string(&mut self, otherwise: &'static str) -> Result<Text, Malformed> {
        if !self.take(b'"') {
            return Err(Malformed(otherwise));
        }
        let start = self.at;
        let mut end = start;
        loop {
            let rest = &self.payload[self.at..];
            let is_end = |byte: &u8| *byte < 0x20 || matches!(byte, b'"' | b'\\');
            let run = rest.iter().position(is_end).ok_or(NOT_JSON)?;
            if end < self.at {
                self.payload.copy_within(self.at..self.at + run, end);
            }
            (self.at, end) = (self.at + run, end + run);
            match self.payload[self.at] {
                b'"' => {
                    self.at += 1;
                    return Ok(Text { start, end });
                }
                b'\\' => {
                    let unescaped = self.escape()?;
                    let len = unescaped.len_utf8();
                    unescaped.encode_utf8(&mut self.payload[end..end + len]);
                    end += len;
                }
                _ => return Err(NOT_JSON),
            }
        }
    }

    /// The character of an escape sequence, which is at least as long as the character.
    fn escape(&mut self) -> Result<char, Malformed> {
        let byte = *self.payload.get(self.at + 1).ok_or(NOT_JSON)?;
        self.at += 2;
        Ok(match byte {
            b'"' | b'\\' | b'/' => byte as char,
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let first = self.hex4()?;
                let code = match first {
                    0xd800..=0xdbff => {
                        if !self.payload[self.at..].starts_with(b"\\u") {
                            return Err(NOT_JSON);
                        }
                        self.at += 2;
                        let second = self.hex4()?;
                        if !(0xdc00..=0xdfff).contains(&second) {
                            return Err(NOT_JSON);
                        }
                        0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00)
                    }
                    code => code,
                };
                char::from_u32(code).ok_or(NOT_JSON)?
            }
            _ => return Err(NOT_JSON),
        })
    }

    fn hex4(&mut self) -> Result<u32, Malformed> {
        let digits = self.payload.get(self.at..self.at + 4).ok_or(NOT_JSON)?;
        let mut code = 0;
        for digit in digits {
            code = code * 16 + (*digit as char).to_digit(16).ok_or(NOT_JSON)?;
        }
        self.at += 4;
        Ok(code)
    }
}

/// RFC 9110 section 5.6.2.
pub(super) fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

#[cfg(test)]
mod tests;
