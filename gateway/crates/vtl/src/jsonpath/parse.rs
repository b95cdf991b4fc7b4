//! Compiling paths.

use super::functions::Function;
use super::{Path, PathError, Token, filter_parse};
use crate::limits::{PATH_BYTES_MAX, PATH_NESTING_MAX};

/// A whole text as a path; a leading `$.` may be missing.
pub(super) fn path(text: &str) -> Result<Path, PathError> {
    if text.len() > PATH_BYTES_MAX {
        return Err(PathError { offset: PATH_BYTES_MAX, message: "a shorter path was expected" });
    }
    let text = text.trim_matches(' ');
    if text.is_empty() {
        return Err(PathError { offset: 0, message: "a path was expected" });
    }
    let prefixed;
    let text = if text.starts_with(['$', '@']) {
        text
    } else {
        prefixed = format!("$.{text}");
        &prefixed
    };
    let mut cursor = Cursor { text, at: 0, nesting: 0, in_filter: false };
    let path = cursor.path()?;
    if cursor.at < text.len() {
        return Err(cursor.error("`.`, `[` or the end was expected"));
    }
    Ok(path)
}

/// Where reading is in the text of a path.
pub(super) struct Cursor<'a> {
    pub(super) text: &'a str,
    pub(super) at: usize,
    pub(super) nesting: usize,
    /// Whether this is a path in a filter, which ends before an operator.
    pub(super) in_filter: bool,
}

impl<'a> Cursor<'a> {
    /// A path, from its `$` or `@` on.
    pub(super) fn path(&mut self) -> Result<Path, PathError> {
        let is_relative = self.peek() == Some(b'@');
        self.at += 1;
        let mut path = Path { is_relative, tokens: Vec::new(), function: None };
        if !self.is_at_end() && !matches!(self.peek(), Some(b'.' | b'[')) {
            return Err(self.error("`.` or `[` was expected"));
        }
        while !self.is_at_end() {
            if path.function.is_some() {
                return Err(self.error("a function ends a path"));
            }
            match self.peek() {
                Some(b'.') => self.dot(&mut path)?,
                Some(b'[') => path.tokens.push(self.bracket()?),
                _ => self.name(&mut path)?,
            }
        }
        Ok(path)
    }

    /// `.name`, `.*`, `..`, or a `.` in front of a bracket.
    fn dot(&mut self, path: &mut Path) -> Result<(), PathError> {
        self.at += 1;
        if self.peek() == Some(b'.') {
            self.at += 1;
            path.tokens.push(Token::Scan);
        }
        if self.is_at_end() || self.peek() == Some(b'.') {
            return Err(self.error("a name, `*` or `[` was expected after `.`"));
        }
        if self.peek() == Some(b'[') { Ok(()) } else { self.name(path) }
    }

    /// A name without quotes, a function, or `*`.
    fn name(&mut self, path: &mut Path) -> Result<(), PathError> {
        if self.peek() == Some(b'*') {
            self.at += 1;
            path.tokens.push(Token::Wildcard);
            return Ok(());
        }
        let start = self.at;
        while let Some(byte) = self.peek()
            && !matches!(byte, b'.' | b'[' | b'(')
            && !self.is_at_end()
        {
            if byte == b' ' {
                return Err(self.error("names with blanks are written `['my name']`"));
            }
            self.at += 1;
        }
        let name = &self.text[start..self.at];
        if self.peek() != Some(b'(') {
            path.tokens.push(Token::Property(name.into()));
            return Ok(());
        }
        let Some(function) = Function::named(name) else {
            self.at = start;
            return Err(self.error("a function that does not exist"));
        };
        self.at += 1;
        self.skip_blanks();
        self.expect(b')', "`)` was expected: functions of paths take nothing")?;
        path.function = Some(function);
        Ok(())
    }

    /// `[…]`
    fn bracket(&mut self) -> Result<Token, PathError> {
        self.at += 1;
        self.skip_blanks();
        let token = match self.peek() {
            Some(b'\'' | b'"') => self.quoted_names()?,
            Some(b'*') => {
                self.at += 1;
                Token::Wildcard
            }
            Some(b'?') => {
                self.at += 1;
                self.skip_blanks();
                self.nest()?;
                self.expect(b'(', "`(` was expected after `?`")?;
                let filter = filter_parse::expression(self)?;
                self.expect(b')', "`)` was expected")?;
                self.nesting -= 1;
                Token::Filter(Box::new(filter))
            }
            Some(b'0'..=b'9' | b'-' | b':') => self.positions()?,
            _ => return Err(self.error("a quoted name, a number, `*` or `?` was expected")),
        };
        self.skip_blanks();
        self.expect(b']', "`]` was expected")?;
        Ok(token)
    }

    /// `'a'` or `'a','b'`, in either kind of quotes.
    fn quoted_names(&mut self) -> Result<Token, PathError> {
        let mut names = vec![self.quoted()?.into_boxed_str()];
        loop {
            self.skip_blanks();
            if self.peek() != Some(b',') {
                break;
            }
            self.at += 1;
            self.skip_blanks();
            if !matches!(self.peek(), Some(b'\'' | b'"')) {
                return Err(self.error("a quoted name was expected after `,`"));
            }
            names.push(self.quoted()?.into_boxed_str());
        }
        Ok(match names.len() {
            1 => Token::Property(names.remove(0)),
            _ => Token::Properties(names),
        })
    }

    /// Text in quotes, its escapes resolved.
    pub(super) fn quoted(&mut self) -> Result<String, PathError> {
        let start = self.at;
        let quote = self.text[start..].chars().next().unwrap_or('\'');
        let mut out = String::new();
        let mut chars = self.text[start + 1..].chars();
        while let Some(char) = chars.next() {
            match char {
                _ if char == quote => {
                    self.at = self.text.len() - chars.as_str().len();
                    return Ok(out);
                }
                '\\' => match chars.next() {
                    Some('n') => out.push('\n'),
                    Some('t') => out.push('\t'),
                    Some('r') => out.push('\r'),
                    Some('b') => out.push('\u{8}'),
                    Some('f') => out.push('\u{c}'),
                    Some('u') => {
                        let rest = chars.as_str();
                        let digits =
                            rest.get(..4).and_then(|hex| u32::from_str_radix(hex, 16).ok());
                        let Some(code) = digits else {
                            return Err(self.error("an escape lacks hex digits"));
                        };
                        out.push(char::from_u32(code).unwrap_or('?'));
                        chars = rest[4..].chars();
                    }
                    Some(other) => out.push(other),
                    None => break,
                },
                _ => out.push(char),
            }
        }
        Err(self.error("the name or text is not closed"))
    }

    /// `1`, `0,2`, `1:`, `:2`, `-2:` or `0:2`.
    fn positions(&mut self) -> Result<Token, PathError> {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9' | b'-' | b':' | b',' | b' ')) {
            self.at += 1;
        }
        let text = &self.text[start..self.at];
        let number = |text: &str| text.trim().parse::<i32>().map(i64::from);
        let wrong =
            PathError { offset: start, message: "numbers, or two around `:`, were expected" };
        if let Some((from, rest)) = text.split_once(':') {
            let to = rest.split(':').next().unwrap_or_default();
            let end = |text: &str| match text.trim() {
                "" => Ok(None),
                text => number(text).map(Some).map_err(|_| wrong.clone()),
            };
            return match (end(from)?, end(to)?) {
                (None, None) => Err(wrong),
                (from, to) => Ok(Token::Slice { from, to }),
            };
        }
        let numbers: Result<Vec<i64>, _> = text.split(',').map(number).collect();
        match numbers.map_err(|_| wrong)?.as_slice() {
            [index] => Ok(Token::Index(*index)),
            indexes => Ok(Token::Indexes(indexes.to_vec())),
        }
    }

    pub(super) fn nest(&mut self) -> Result<(), PathError> {
        self.nesting += 1;
        if self.nesting > PATH_NESTING_MAX {
            return Err(self.error("filters are nested too deeply"));
        }
        Ok(())
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    pub(super) fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    pub(super) fn skip_blanks(&mut self) {
        while self.peek() == Some(b' ') {
            self.at += 1;
        }
    }

    pub(super) fn expect(&mut self, byte: u8, message: &'static str) -> Result<(), PathError> {
        if self.peek() != Some(byte) {
            return Err(self.error(message));
        }
        self.at += 1;
        Ok(())
    }

    pub(super) fn error(&self, message: &'static str) -> PathError {
        PathError { offset: self.at, message }
    }

    /// Whether the path ends here.
    fn is_at_end(&self) -> bool {
        match self.peek() {
            None => true,
            Some(b' ' | b')' | b'<' | b'>' | b'=' | b'~' | b'!') => self.in_filter,
            Some(b'&') => self.in_filter && self.rest().starts_with("&&"),
            Some(b'|') => self.in_filter && self.rest().starts_with("||"),
            _ => false,
        }
    }
}
