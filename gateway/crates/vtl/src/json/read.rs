//! The reader: json-smart in its permissive mode.
//!
//! It takes much that is no JSON (quotes of both kinds or none, commas too many) and ignores what comes after the document.
//! Where it is lenient and where not is its own; every branch here has its counterpart there.

use std::rc::Rc;

use num_bigint::BigInt;

use super::JsonError;
use crate::limits::{DOCUMENT_BYTES_MAX, DOCUMENT_DEPTH_MAX, NUMBER_LEN_MAX};
use crate::{List, ListKind, Map, Value};

/// What a value takes in memory beside its text, about: in a list, and where it has an allocation of its own.
const VALUE_BYTES: usize = size_of::<Value>();
const ENTRY_BYTES: usize = size_of::<(Rc<str>, Value)>() + 40; // with its place in an index
const ALLOCATION_BYTES: usize = 32;
const CONTAINER_BYTES: usize = 112;

/// What stands for the end of the text; json-smart takes the character itself for it as well.
const END: u8 = 0x1a;

/// How many recent keys are remembered, to share one allocation between the objects of a list.
const KEYS_REMEMBERED: usize = 32;

/// Reads a document.
///
/// # Errors
///
/// Where the text is no JSON even to this reader, nests too deeply or takes too much memory.
pub fn parse(text: &str) -> Result<Value, JsonError> {
    let mut reader = Reader {
        text,
        bytes: text.as_bytes(),
        at: 0,
        room: DOCUMENT_BYTES_MAX,
        keys: Default::default(),
    };
    reader.skip_blanks();
    reader.value(&[], 0)
}

struct Reader<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    /// How much memory the document may still take.
    room: usize,
    keys: [Option<Rc<str>>; KEYS_REMEMBERED],
}

impl<'a> Reader<'a> {
    /// A value, from its first character on. Text without quotes ends before one of `stops`.
    fn value(&mut self, stops: &[u8], depth: usize) -> Result<Value, JsonError> {
        match self.peek() {
            b':' | b'}' | b']' => Err(self.error("a value was expected")),
            b'{' => self.object(depth + 1),
            b'[' => self.array(depth + 1),
            quote @ (b'"' | b'\'') => {
                let text = self.quoted(quote)?;
                self.string(&text)
            }
            b'0'..=b'9' | b'-' => self.number(stops),
            first => {
                let text = self.unquoted(stops);
                match (first, text) {
                    (b'n', "null") => Ok(Value::Null),
                    (b't', "true") => Ok(Value::Bool(true)),
                    (b'f', "false") => Ok(Value::Bool(false)),
                    (b'N', "NaN") => Ok(Value::Double(f64::NAN)),
                    _ => self.string(text),
                }
            }
        }
    }

    fn array(&mut self, depth: usize) -> Result<Value, JsonError> {
        self.enter(depth)?;
        self.at += 1;
        let mut items = Vec::new();
        loop {
            match self.peek() {
                b' ' | b'\r' | b'\n' | b'\t' | b',' => self.at += 1,
                b']' => {
                    self.at += 1;
                    return Ok(Value::List(List::new(ListKind::JsonArray, items)));
                }
                b':' | b'}' => return Err(self.error("an element or `]` was expected")),
                END => return Err(self.error("a list is not closed")),
                _ => {
                    self.take(VALUE_BYTES)?;
                    items.push(self.value(b",]", depth)?);
                }
            }
        }
    }

    fn object(&mut self, depth: usize) -> Result<Value, JsonError> {
        self.enter(depth)?;
        self.at += 1;
        let map = Map::default();
        loop {
            match self.peek() {
                b' ' | b'\r' | b'\n' | b'\t' | b',' => self.at += 1,
                b'}' => {
                    self.at += 1;
                    return Ok(Value::Map(map));
                }
                b':' | b']' | b'[' | b'{' => return Err(self.error("a key or `}` was expected")),
                first => {
                    let key = match first {
                        b'"' | b'\'' => self.quoted(first)?,
                        _ => self.unquoted(b":").into(),
                    };
                    self.skip_space();
                    if self.peek() != b':' {
                        return Err(self.error("`:` was expected after a key"));
                    }
                    self.at += 1;
                    self.skip_blanks();
                    let key = self.key(&key)?;
                    let value = self.value(b",}", depth)?;
                    self.take(ENTRY_BYTES)?;
                    map.set(key, value);
                    self.skip_space();
                    if !matches!(self.peek(), b',' | b'}') {
                        return Err(self.error("`,` or `}` was expected"));
                    }
                }
            }
        }
    }

    /// The key as shared text: most objects have the keys of one before.
    fn key(&mut self, key: &str) -> Result<Rc<str>, JsonError> {
        let bytes = key.as_bytes();
        let ends = bytes.first().zip(bytes.last());
        let mixed = ends.map_or(0, |(first, last)| usize::from(*first) * 7 + usize::from(*last));
        let slot = (mixed + key.len() * 31) % KEYS_REMEMBERED;
        if let Some(known) = &self.keys[slot]
            && **known == *key
        {
            return Ok(known.clone());
        }
        self.take(ALLOCATION_BYTES + key.len())?;
        Ok(self.keys[slot].insert(key.into()).clone())
    }

    fn string(&mut self, text: &str) -> Result<Value, JsonError> {
        self.take(ALLOCATION_BYTES + text.len())?;
        Ok(Value::from(text))
    }

    /// Text in quotes, from its opening one on.
    fn quoted(&mut self, quote: u8) -> Result<std::borrow::Cow<'a, str>, JsonError> {
        let start = self.at + 1;
        let rest = &self.bytes[start..];
        match memchr::memchr2(quote, b'\\', rest) {
            Some(len) if rest[len] == quote => {
                self.at = start + len + 1;
                Ok(self.text[start..start + len].into())
            }
            Some(_) => super::read_escaped(self.text, start, quote).map(|(text, after)| {
                self.at = after;
                text.into()
            }),
            None => Err(JsonError { offset: self.bytes.len(), message: "a string is not closed" }),
        }
    }

    /// Text without quotes up to one of `stops`, without the blanks around it.
    fn unquoted(&mut self, stops: &[u8]) -> &'a str {
        let start = self.at;
        self.skip_to(stops);
        trimmed(&self.text[start..self.at])
    }

    /// A number; or text, if something follows that belongs to none.
    fn number(&mut self, stops: &[u8]) -> Result<Value, JsonError> {
        let start = self.at;
        self.at += 1;
        self.skip_digits();
        let mut is_integer = true;
        if self.peek() == b'.' {
            is_integer = false;
            self.at += 1;
            self.skip_digits();
        }
        if matches!(self.peek(), b'e' | b'E') {
            is_integer = false;
            self.at += 1;
            if !matches!(self.peek(), b'+' | b'-' | b'0'..=b'9') {
                self.skip_to(stops);
                return self.string(trimmed(&self.text[start..self.at]));
            }
            self.at += 1;
            self.skip_digits();
        }
        self.skip_space();
        let next = self.peek();
        if next != END && next < 126 && !stops.contains(&next) {
            self.skip_to(stops);
            return self.string(trimmed(&self.text[start..self.at]));
        }
        let text = trimmed(&self.text[start..self.at]);
        if text.len() > NUMBER_LEN_MAX {
            return Err(JsonError { offset: start, message: "a number has too many digits" });
        }
        let number = if is_integer { integer(text) } else { super::decimal(text) };
        number.ok_or(JsonError { offset: start, message: "a number was expected" })
    }

    fn peek(&self) -> u8 {
        self.bytes.get(self.at).copied().unwrap_or(END)
    }

    /// Skips what is white space between tokens.
    fn skip_blanks(&mut self) {
        while matches!(self.peek(), b' ' | b'\r' | b'\n' | b'\t') {
            self.at += 1;
        }
    }

    /// Skips what is white space after a token: control characters as well.
    fn skip_space(&mut self) {
        while matches!(self.peek(), 0..=b' ') && self.peek() != END {
            self.at += 1;
        }
    }

    fn skip_digits(&mut self) {
        while self.peek().is_ascii_digit() {
            self.at += 1;
        }
    }

    fn skip_to(&mut self, stops: &[u8]) {
        let rest = &self.bytes[self.at..];
        let len = rest.iter().position(|byte| *byte == END || stops.contains(byte));
        self.at += len.unwrap_or(rest.len());
    }

    fn enter(&mut self, depth: usize) -> Result<(), JsonError> {
        if depth > DOCUMENT_DEPTH_MAX {
            return Err(self.error("lists and objects are nested too deeply"));
        }
        self.take(CONTAINER_BYTES)
    }

    fn take(&mut self, bytes: usize) -> Result<(), JsonError> {
        match self.room.checked_sub(bytes) {
            Some(room) => {
                self.room = room;
                Ok(())
            }
            None => Err(self.error("the document takes too much memory")),
        }
    }

    fn error(&self, message: &'static str) -> JsonError {
        JsonError { offset: self.at.min(self.bytes.len()), message }
    }
}

/// Without blanks and control characters around it.
fn trimmed(text: &str) -> &str {
    text.trim_matches(|char: char| char <= ' ')
}

/// An `Integer`, else a `Long`, else a `BigInteger`. A minus without digits is 0, as json-smart has it.
fn integer(text: &str) -> Option<Value> {
    if text == "-" {
        return Some(Value::Integer(0));
    }
    match text.parse::<i64>() {
        Ok(number) => Some(i32::try_from(number).map_or(Value::Long(number), Value::Integer)),
        Err(_) => text.parse::<BigInt>().ok().map(|number| Value::Big(Rc::new(number))),
    }
}
