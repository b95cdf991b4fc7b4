//! A strict reader of JSON (RFC 8259), bounded in depth and in the number of values.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use super::{Document, Extent, Unreadable};
use crate::limits::{BODY_DEPTH_MAX, BODY_VALUES_MAX};

pub(super) struct Reader<'b> {
    pub(super) text: &'b str,
    pub(super) at: usize,
    pub(super) extent: Extent,
}

impl<'b> Reader<'b> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    pub(super) fn skip_blanks(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    /// Skips blanks, then takes the next byte.
    fn token(&mut self) -> Result<u8, Unreadable> {
        self.skip_blanks();
        let byte = self.peek().ok_or(Unreadable::Malformed)?;
        self.at += 1;
        Ok(byte)
    }

    pub(super) fn value(&mut self, depth: usize) -> Result<Document<'b>, Unreadable> {
        self.extent.values += 1;
        self.extent.depth = self.extent.depth.max(depth);
        if self.extent.values > BODY_VALUES_MAX || depth > BODY_DEPTH_MAX {
            return Err(Unreadable::TooComplex);
        }
        match self.token()? {
            b'{' => self.object(depth),
            b'[' => self.array(depth),
            b'"' => self.string().map(Document::String),
            b't' => self.word("rue", Document::Bool(true)),
            b'f' => self.word("alse", Document::Bool(false)),
            b'n' => self.word("ull", Document::Null),
            b'-' | b'0'..=b'9' => self.number(),
            _ => Err(Unreadable::Malformed),
        }
    }

    fn word(&mut self, rest: &str, value: Document<'b>) -> Result<Document<'b>, Unreadable> {
        if !self.text.as_bytes()[self.at..].starts_with(rest.as_bytes()) {
            return Err(Unreadable::Malformed);
        }
        self.at += rest.len();
        Ok(value)
    }

    fn array(&mut self, depth: usize) -> Result<Document<'b>, Unreadable> {
        let mut items = Vec::new();
        self.skip_blanks();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(Document::Array(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            match self.token()? {
                b',' => {}
                b']' => return Ok(Document::Array(items)),
                _ => return Err(Unreadable::Malformed),
            }
        }
    }

    fn object(&mut self, depth: usize) -> Result<Document<'b>, Unreadable> {
        let mut members: Vec<(Cow<'b, str>, Document<'b>)> = Vec::new();
        self.skip_blanks();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(Document::Object(members));
        }
        loop {
            if self.token()? != b'"' {
                return Err(Unreadable::Malformed);
            }
            let name = self.string()?;
            if self.token()? != b':' {
                return Err(Unreadable::Malformed);
            }
            members.push((name, self.value(depth + 1)?));
            match self.token()? {
                b',' => {}
                b'}' => return Ok(Document::Object(last_of_each(members))),
                _ => return Err(Unreadable::Malformed),
            }
        }
    }

    /// A string behind its opening quote.
    fn string(&mut self) -> Result<Cow<'b, str>, Unreadable> {
        let start = self.at;
        loop {
            match self.peek() {
                Some(b'"') => {
                    let text = &self.text[start..self.at];
                    self.at += 1;
                    return Ok(Cow::Borrowed(text));
                }
                Some(b'\\') => return self.escaped(start).map(Cow::Owned),
                Some(0x20..) => self.at += 1,
                _ => return Err(Unreadable::Malformed),
            }
        }
    }

    /// A string with escapes, from its first one on.
    fn escaped(&mut self, start: usize) -> Result<String, Unreadable> {
        let mut text = self.text[start..self.at].to_owned();
        loop {
            let from = self.at;
            while self.peek().is_some_and(|byte| byte >= 0x20 && byte != b'"' && byte != b'\\') {
                self.at += 1;
            }
            text.push_str(&self.text[from..self.at]);
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(text);
                }
                Some(b'\\') => {
                    self.at += 1;
                    text.push(self.escape()?);
                }
                _ => return Err(Unreadable::Malformed),
            }
        }
    }

    fn escape(&mut self) -> Result<char, Unreadable> {
        let byte = self.peek().ok_or(Unreadable::Malformed)?;
        self.at += 1;
        Ok(match byte {
            b'"' | b'\\' | b'/' => char::from(byte),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let first = self.hex()?;
                let is_high = (0xd800..0xdc00).contains(&first);
                let rest = &self.text.as_bytes()[self.at..];
                if !is_high || !rest.starts_with(b"\\u") {
                    // Half of a pair is no character; Java keeps it, a string of ours cannot.
                    return Ok(char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER));
                }
                let back = self.at;
                self.at += 2;
                let second = self.hex()?;
                if !(0xdc00..0xe000).contains(&second) {
                    self.at = back;
                    return Ok(char::REPLACEMENT_CHARACTER);
                }
                let code = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
                char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER)
            }
            _ => return Err(Unreadable::Malformed),
        })
    }

    fn hex(&mut self) -> Result<u32, Unreadable> {
        let digits = self.text.as_bytes().get(self.at..self.at + 4).ok_or(Unreadable::Malformed)?;
        self.at += 4;
        digits.iter().try_fold(0, |code, digit| {
            let digit = char::from(*digit).to_digit(16).ok_or(Unreadable::Malformed)?;
            Ok(code << 4 | digit)
        })
    }

    fn digits(&mut self) -> Result<(), Unreadable> {
        let from = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        if self.at == from { Err(Unreadable::Malformed) } else { Ok(()) }
    }

    /// A number, its first byte taken.
    fn number(&mut self) -> Result<Document<'b>, Unreadable> {
        let start = self.at - 1;
        if self.text.as_bytes()[start] != b'-' {
            self.at = start;
        }
        if self.peek() == Some(b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.at += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(Document::Number(&self.text[start..self.at]))
    }
}

/// Of members with equal names the last one, at the place of the first.
fn last_of_each<'b>(
    members: Vec<(Cow<'b, str>, Document<'b>)>,
) -> Vec<(Cow<'b, str>, Document<'b>)> {
    /// From here on a table is cheaper than comparing each with each.
    const COMPARED_MAX: usize = 16;
    let is_repeated = if members.len() <= COMPARED_MAX {
        (1..members.len()).any(|at| members[..at].iter().any(|(name, _)| *name == members[at].0))
    } else {
        let names: HashSet<&str> = members.iter().map(|(name, _)| &**name).collect();
        names.len() < members.len()
    };
    if !is_repeated {
        return members;
    }
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut kept: Vec<(Cow<'b, str>, Document<'b>)> = Vec::new();
    for (name, value) in members {
        if let Some(at) = places.get(&*name) {
            kept[*at].1 = value;
        } else {
            places.insert(name.to_string(), kept.len());
            kept.push((name, value));
        }
    }
    kept
}
