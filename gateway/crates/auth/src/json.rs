//! JSON as policies and authorizers' answers need it: duplicate members are refused, numbers keep how they
//! are written, nesting is bounded. RFC 8259.

use std::fmt;

/// A JSON value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Json {
    Null,
    Bool(bool),
    /// As it is written.
    Number(String),
    Text(String),
    Array(Vec<Json>),
    /// In the order written, no name twice.
    Object(Vec<(String, Json)>),
}

/// What is wrong with a text, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonError {
    /// In bytes from the start.
    pub offset: usize,
    /// What is wrong there.
    pub reason: &'static str,
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {}", self.reason, self.offset)
    }
}

impl std::error::Error for JsonError {}

impl Json {
    /// Reads one value with at most `depth_max` arrays and objects inside each other.
    pub(crate) fn parse(text: &[u8], depth_max: usize) -> Result<Self, JsonError> {
        let text = std::str::from_utf8(text)
            .map_err(|error| JsonError { offset: error.valid_up_to(), reason: "not UTF-8" })?;
        let mut reader = Reader { text, at: 0, depth_left: depth_max };
        let value = reader.value()?;
        reader.skip_blanks();
        if reader.at < text.len() {
            return Err(reader.error("text after the value"));
        }
        Ok(value)
    }
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
    depth_left: usize,
}

impl Reader<'_> {
    fn error(&self, reason: &'static str) -> JsonError {
        JsonError { offset: self.at, reason }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    /// Takes `byte` behind blanks, if it is next.
    fn take(&mut self, byte: u8) -> bool {
        self.skip_blanks();
        let is_next = self.peek() == Some(byte);
        self.at += usize::from(is_next);
        is_next
    }

    fn expect(&mut self, byte: u8, reason: &'static str) -> Result<(), JsonError> {
        if self.take(byte) { Ok(()) } else { Err(self.error(reason)) }
    }

    fn value(&mut self) -> Result<Json, JsonError> {
        self.skip_blanks();
        match self.peek() {
            Some(b'{') => self.nested(Self::object),
            Some(b'[') => self.nested(Self::array),
            Some(b'"') => self.string().map(Json::Text),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => self.word(),
        }
    }

    fn nested(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<Json, JsonError>,
    ) -> Result<Json, JsonError> {
        self.depth_left =
            self.depth_left.checked_sub(1).ok_or_else(|| self.error("nested too deep"))?;
        self.at += 1;
        let value = read(self);
        self.depth_left += 1;
        value
    }

    fn object(&mut self) -> Result<Json, JsonError> {
        let mut members: Vec<(String, Json)> = Vec::new();
        if self.take(b'}') {
            return Ok(Json::Object(members));
        }
        loop {
            self.skip_blanks();
            if self.peek() != Some(b'"') {
                return Err(self.error("expected a member's name"));
            }
            let name = self.string()?;
            self.expect(b':', "expected `:`")?;
            members.push((name, self.value()?));
            if !self.take(b',') {
                break;
            }
        }
        self.expect(b'}', "expected `,` or `}`")?;
        let mut names: Vec<&str> = members.iter().map(|(name, _)| &**name).collect();
        names.sort_unstable();
        if names.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(self.error("an object has a member twice"));
        }
        Ok(Json::Object(members))
    }

    fn array(&mut self) -> Result<Json, JsonError> {
        let mut items = Vec::new();
        if self.take(b']') {
            return Ok(Json::Array(items));
        }
        loop {
            items.push(self.value()?);
            if !self.take(b',') {
                break;
            }
        }
        self.expect(b']', "expected `,` or `]`")?;
        Ok(Json::Array(items))
    }

    fn word(&mut self) -> Result<Json, JsonError> {
        let words =
            [("null", Json::Null), ("true", Json::Bool(true)), ("false", Json::Bool(false))];
        let rest = &self.text.as_bytes()[self.at..];
        let found = words.into_iter().find(|(word, _)| rest.starts_with(word.as_bytes()));
        let (word, value) = found.ok_or_else(|| self.error("expected a value"))?;
        self.at += word.len();
        Ok(value)
    }

    fn number(&mut self) -> Result<Json, JsonError> {
        let start = self.at;
        self.at += usize::from(self.peek() == Some(b'-'));
        if self.peek() == Some(b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            self.at += usize::from(matches!(self.peek(), Some(b'+' | b'-')));
            self.digits()?;
        }
        Ok(Json::Number(self.text[start..self.at].to_owned()))
    }

    fn digits(&mut self) -> Result<(), JsonError> {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        if self.at == start { Err(self.error("expected a digit")) } else { Ok(()) }
    }

    fn string(&mut self) -> Result<String, JsonError> {
        self.at += 1;
        let mut out = String::new();
        loop {
            let rest = &self.text[self.at..];
            let stop = |byte: &u8| matches!(*byte, b'"' | b'\\' | 0..=0x1f);
            let len = rest.as_bytes().iter().position(stop);
            let len = len.ok_or_else(|| self.error("a string without its end"))?;
            out.push_str(&rest[..len]);
            self.at += len;
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(out);
                }
                Some(b'\\') => out.push(self.escape()?),
                _ => return Err(self.error("a control character in a string")),
            }
        }
    }

    fn escape(&mut self) -> Result<char, JsonError> {
        self.at += 1;
        let byte = self.peek().ok_or_else(|| self.error("a string without its end"))?;
        self.at += 1;
        Ok(match byte {
            b'"' | b'\\' | b'/' => char::from(byte),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => return self.unicode(),
            _ => return Err(self.error("an unknown escape")),
        })
    }

    fn unicode(&mut self) -> Result<char, JsonError> {
        let first = self.hex()?;
        let mut units = vec![first];
        if (0xd800..0xdc00).contains(&first) && self.text[self.at..].starts_with("\\u") {
            self.at += 2;
            units.push(self.hex()?);
        }
        match char::decode_utf16(units).next() {
            Some(Ok(character)) => Ok(character),
            _ => Err(self.error("half of a surrogate pair")),
        }
    }

    fn hex(&mut self) -> Result<u16, JsonError> {
        let digits = self.text.as_bytes().get(self.at..self.at + 4);
        let digits = digits.filter(|digits| digits.iter().all(u8::is_ascii_hexdigit));
        let digits = digits.and_then(|digits| std::str::from_utf8(digits).ok());
        let unit = digits.and_then(|digits| u16::from_str_radix(digits, 16).ok());
        let unit = unit.ok_or_else(|| self.error("expected four hexadecimal digits"))?;
        self.at += 4;
        Ok(unit)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Json;

    const DEPTH: usize = 20;

    /// What serde_json makes of a text, and whether it has no member twice by our count.
    fn same(ours: &Json, theirs: &serde_json::Value) -> bool {
        use serde_json::Value as V;
        match (ours, theirs) {
            (Json::Null, V::Null) => true,
            (Json::Bool(a), V::Bool(b)) => a == b,
            (Json::Number(a), V::Number(b)) => {
                let value = a.parse::<f64>().ok().filter(|value| value.is_finite());
                a == b.as_str() || value == b.as_f64()
            }
            (Json::Text(a), V::String(b)) => a == b,
            (Json::Array(a), V::Array(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
            }
            (Json::Object(a), V::Object(b)) => {
                a.len() == b.len()
                    && a.iter().zip(b).all(|((name, a), (n, b))| name == n && same(a, b))
            }
            _ => false,
        }
    }

    #[track_caller]
    fn check(text: &str, is_valid: bool) {
        assert_eq!(Json::parse(text.as_bytes(), DEPTH).is_ok(), is_valid, "{text}");
    }

    #[test]
    fn a_member_that_is_there_already_is_refused() {
        check(r#"{"a":1,"b":2}"#, true);
        check(r#"{"a":1,"a":1}"#, false);
        check(r#"{"a":1,"\u0061":1}"#, false);
        let many: Vec<String> = (0..100).map(|at| format!("\"k{at}\":0")).collect();
        check(&format!("{{{}}}", many.join(",")), true);
        check(&format!("{{{},\"k7\":0}}", many.join(",")), false);
    }

    #[test]
    fn nesting_is_bounded() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        check(&nested(DEPTH), true);
        check(&nested(DEPTH + 1), false);
        check(&"[".repeat(1_000_000), false);
        check(&"[[],[]]".replace("[]", &nested(DEPTH - 1)), true);
    }

    #[test]
    fn escapes_and_numbers_are_those_of_the_rfc() {
        check(r#""\ud83d\ude00\/""#, true);
        check(r#""\ud83d""#, false);
        check(r#""\ud83d\u0041""#, false);
        check("\"\t\"", false);
        for number in ["0", "-0", "1.5", "1e9", "12E+3", "-0.1e-2"] {
            check(number, true);
        }
        for number in ["01", "+1", ".5", "5.", "1e", "-", "0x1", "NaN"] {
            check(number, false);
        }
        check("", false);
        check("{} {}", false);
        check("[1,]", false);
        check("{\"a\":1,}", false);
    }

    proptest! {
        #[test]
        fn what_serde_json_reads_is_read_the_same(
            text in r#"([\[\]{},: ]|"[a-c\\u0-9\n"é😀]{0,4}"|"a":|-?[0-9]{1,3}(\.[0-9])?(e[0-9])?|true|null){0,12}"#,
        ) {
            let theirs = serde_json::from_str::<serde_json::Value>(&text);
            match (Json::parse(text.as_bytes(), DEPTH), theirs) {
                (Ok(ours), Ok(theirs)) => prop_assert!(same(&ours, &theirs), "{text}"),
                (Ok(_), Err(error)) => prop_assert!(false, "{text}: {error}"),
                (Err(error), Ok(_)) => {
                    prop_assert!(error.reason.contains("member"), "{text}: {error}");
                }
                (Err(_), Err(_)) => {}
            }
        }
    }
}
