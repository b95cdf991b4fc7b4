//! The reader: json-smart in its permissive mode.
//!
//! It takes much that is no JSON (quotes of both kinds or none, commas too many) and ignores what comes after the document.
//! Where it is lenient and where not is its own; every branch here has its counterpart there.

use std::ops::Range;
use std::rc::Rc;

use num_bigint::BigInt;

use super::JsonError;
use crate::limits::{DOCUMENT_BYTES_MAX, DOCUMENT_DEPTH_MAX, NUMBER_LEN_MAX};
use crate::value::{Entries, SCANNED_MAX};
use crate::{List, ListKind, Text, Value};

/// What things take in memory, about. What grows is copied to twice its room: for a moment it takes three times what is in it.
const ITEM_BYTES: usize = 64;
/// Objects have room for four entries as soon as they have one.
const FIRST_ENTRIES: usize = 4;
const FIRST_ENTRIES_BYTES: usize = FIRST_ENTRIES * size_of::<(Text, Value)>();
/// A key that comes again takes nothing; it is charged for its time.
const REPEATED_BYTES: usize = 64;
const ENTRY_BYTES: usize = 2 * size_of::<(Text, Value)>();
/// What an entry of an object with an index takes beside, and for the time of two look-ups.
const INDEXED_BYTES: usize = 320;
const ALLOCATION_BYTES: usize = 32;
const CONTAINER_BYTES: usize = 112;

/// Strings up to this length are looked through eight bytes at a time; a wide search takes longer to start.
const SHORT_STRING_LEN: usize = 32;

/// What stands for the end of the text; json-smart takes the character itself for it as well.
const END: u8 = 0x1a;

/// Reads a document.
///
/// # Errors
///
/// Where the text is no JSON even to this reader, nests too deeply or takes too much memory.
pub fn parse(text: &str) -> Result<Value, JsonError> {
    parse_text(text, None)
}

/// As [`parse`]; the strings of the document are pieces of `text` and keep it alive.
pub(crate) fn parse_pieces(text: &Text) -> Result<Value, JsonError> {
    parse_text(text, Some(text))
}

fn parse_text(text: &str, whole: Option<&Text>) -> Result<Value, JsonError> {
    let bytes = text.as_bytes();
    let mut reader = Reader { text, whole, bytes, at: 0, room: DOCUMENT_BYTES_MAX };
    reader.skip_blanks();
    reader.value(&[], 0)
}

struct Reader<'a> {
    text: &'a str,
    /// The same, where strings may be pieces of it.
    whole: Option<&'a Text>,
    bytes: &'a [u8],
    at: usize,
    /// How much memory the document may still take.
    room: usize,
}

impl<'a> Reader<'a> {
    /// A value, from its first character on. Text without quotes ends before one of `stops`.
    fn value(&mut self, stops: &[u8], depth: usize) -> Result<Value, JsonError> {
        match self.peek() {
            b':' | b'}' | b']' => Err(self.error("a value was expected")),
            b'{' => self.object(depth + 1),
            b'[' => self.array(depth + 1),
            quote @ (b'"' | b'\'') => self.quoted(quote).map(Value::String),
            b'0'..=b'9' | b'-' => self.number(stops),
            first => {
                let range = self.unquoted(stops);
                match (first, &self.text[range.clone()]) {
                    (b'n', "null") => Ok(Value::Null),
                    (b't', "true") => Ok(Value::Bool(true)),
                    (b'f', "false") => Ok(Value::Bool(false)),
                    (b'N', "NaN") => Ok(Value::Double(f64::NAN)),
                    _ => self.piece(range).map(Value::String),
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
                    self.take(ITEM_BYTES)?;
                    items.push(self.value(b",]", depth)?);
                }
            }
        }
    }

    fn object(&mut self, depth: usize) -> Result<Value, JsonError> {
        self.enter(depth)?;
        self.at += 1;
        let mut entries = Entries::default();
        loop {
            match self.peek() {
                b' ' | b'\r' | b'\n' | b'\t' | b',' => self.at += 1,
                b'}' => {
                    self.at += 1;
                    return Ok(Value::Map(entries.into()));
                }
                b':' | b']' | b'[' | b'{' => return Err(self.error("a key or `}` was expected")),
                first => {
                    let key = match first {
                        b'"' | b'\'' => self.quoted(first)?,
                        _ => {
                            let range = self.unquoted(b":");
                            self.piece(range)?
                        }
                    };
                    self.skip_space();
                    if self.peek() != b':' {
                        return Err(self.error("`:` was expected after a key"));
                    }
                    self.at += 1;
                    self.skip_blanks();
                    let value = self.value(b",}", depth)?;
                    self.take(match entries.len() {
                        0 => FIRST_ENTRIES_BYTES,
                        1..FIRST_ENTRIES => 0,
                        FIRST_ENTRIES..=SCANNED_MAX => ENTRY_BYTES,
                        _ => ENTRY_BYTES + INDEXED_BYTES,
                    })?;
                    let count = entries.len();
                    entries.set(key, value);
                    if entries.len() == count {
                        self.take(REPEATED_BYTES)?;
                    }
                    self.skip_space();
                    if !matches!(self.peek(), b',' | b'}') {
                        return Err(self.error("`,` or `}` was expected"));
                    }
                }
            }
        }
    }

    /// A string's or a key's text, which is in the document at `range`.
    #[inline]
    fn piece(&mut self, range: Range<usize>) -> Result<Text, JsonError> {
        match self.whole {
            Some(whole) => Ok(whole.piece(range)),
            None => self.own(self.text[range].to_owned()),
        }
    }

    /// Text with memory of its own.
    #[cold]
    fn own(&mut self, text: String) -> Result<Text, JsonError> {
        self.take(ALLOCATION_BYTES + text.len())?;
        Ok(text.into())
    }

    /// Text in quotes, from its opening one on.
    fn quoted(&mut self, quote: u8) -> Result<Text, JsonError> {
        let start = self.at + 1;
        let rest = &self.bytes[start..];
        match end_of_string(rest, quote) {
            Some(len) if rest[len] == quote => {
                self.at = start + len + 1;
                self.piece(start..start + len)
            }
            Some(_) => {
                let (text, after) = super::read_escaped(self.text, start, quote)?;
                self.at = after;
                self.own(text)
            }
            None => Err(JsonError { offset: self.bytes.len(), message: "a string is not closed" }),
        }
    }

    /// Text without quotes up to one of `stops`, without the blanks around it.
    fn unquoted(&mut self, stops: &[u8]) -> Range<usize> {
        let start = self.at;
        self.skip_to(stops);
        self.trimmed(start)
    }

    /// Where the text since `start` is, without blanks and control characters around it.
    fn trimmed(&self, start: usize) -> Range<usize> {
        let text = self.text[start..self.at].trim_end_matches(is_blank);
        let end = start + text.len();
        end - text.trim_start_matches(is_blank).len()..end
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
                return self.piece(self.trimmed(start)).map(Value::String);
            }
            self.at += 1;
            self.skip_digits();
        }
        self.skip_space();
        let next = self.peek();
        if next != END && next < 126 && !stops.contains(&next) {
            self.skip_to(stops);
            return self.piece(self.trimmed(start)).map(Value::String);
        }
        let text = &self.text[self.trimmed(start)];
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

/// Where the first quote or backslash is.
fn end_of_string(bytes: &[u8], quote: u8) -> Option<usize> {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    const HIGH: u64 = ONES << 7;
    let (quotes, backslashes) = (ONES * u64::from(quote), ONES * u64::from(b'\\'));
    let mut at = 0;
    while at < SHORT_STRING_LEN
        && let Some(chunk) = bytes[at..].first_chunk()
    {
        let word = u64::from_le_bytes(*chunk);
        // The lowest bit that is set stands for a byte that is zero; higher ones may not.
        let zeros = |word: u64| word.wrapping_sub(ONES) & !word & HIGH;
        let found = zeros(word ^ quotes) | zeros(word ^ backslashes);
        if found != 0 {
            return Some(at + found.trailing_zeros() as usize / 8);
        }
        at += 8;
    }
    memchr::memchr2(quote, b'\\', &bytes[at..]).map(|len| at + len)
}

fn is_blank(char: char) -> bool {
    char <= ' '
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
