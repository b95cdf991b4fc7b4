//! From the text of a pattern to what it means.

use regex::{Regex, RegexBuilder};

use super::expression::{Expression, Operand, Operator, Selector, Step, Test};
use super::{Column, Form, Malformed, Term, Terms};
use crate::limits::{
    FILTER_DEPTH_MAX, FILTER_PATTERN_CHARS_MAX, FILTER_REGEX_BYTES_MAX, FILTER_REGEXES_MAX,
};

type Result<T> = std::result::Result<T, Malformed>;

pub(super) fn pattern(text: &str) -> Result<Form> {
    if text.chars().count() > FILTER_PATTERN_CHARS_MAX {
        return Err(malformed(format!("it has more than {FILTER_PATTERN_CHARS_MAX} characters")));
    }
    let text = text.trim();
    let mut parser = Parser { rest: text, depth: 0, regexes: 0, is_document: false };
    match text.as_bytes() {
        [b'{', ..] => {
            parser.is_document = true;
            parser.take("{")?;
            let expression = parser.any()?;
            parser.take("}")?;
            parser.end()?;
            Ok(Form::Json(expression))
        }
        [b'[', ..] => {
            parser.take("[")?;
            let columns = parser.columns()?;
            parser.end()?;
            Ok(Form::Columns(columns))
        }
        _ => parser.terms().map(Form::Terms),
    }
}

fn malformed(text: impl Into<String>) -> Malformed {
    Malformed(text.into())
}

struct Parser<'p> {
    rest: &'p str,
    depth: usize,
    regexes: usize,
    /// Fields of a document are compared, rather than columns.
    is_document: bool,
}

impl<'p> Parser<'p> {
    fn terms(&mut self) -> Result<Terms> {
        let mut terms = Terms::default();
        loop {
            self.skip_blanks();
            let into = match self.rest.as_bytes() {
                [] => return Ok(terms),
                [b'?', ..] => {
                    self.take("?")?;
                    &mut terms.any
                }
                [b'-', ..] => {
                    self.take("-")?;
                    &mut terms.none
                }
                _ => &mut terms.all,
            };
            into.push(match self.rest.as_bytes() {
                [b'"', ..] => Term::Text(self.quoted()?),
                [b'%', ..] => Term::Regex(self.regex()?),
                _ => {
                    let end = self.rest.find(char::is_whitespace).unwrap_or(self.rest.len());
                    let word = self.advance(end);
                    if word.is_empty() {
                        return Err(malformed("a ? or - stands before no term"));
                    }
                    Term::Text(word.to_owned())
                }
            });
        }
    }

    fn columns(&mut self) -> Result<Vec<Column>> {
        let mut columns = Vec::new();
        let mut has_rest = false;
        loop {
            self.skip_blanks();
            if self.took("...") {
                if has_rest {
                    return Err(malformed("... may stand once"));
                }
                has_rest = true;
                columns.push(Column::Rest);
            } else {
                let is_bare = self.is_bare_column();
                columns.push(Column::One(match is_bare {
                    true => {
                        self.word()?;
                        None
                    }
                    false => Some(self.any()?),
                }));
            }
            self.skip_blanks();
            if self.took("]") {
                return Ok(columns);
            }
            self.take(",")?;
        }
    }

    /// Whether the column that follows has a name and nothing else.
    fn is_bare_column(&self) -> bool {
        let end = self.rest.find(|c: char| !is_word(c)).unwrap_or(self.rest.len());
        end > 0 && self.rest[end..].trim_start().starts_with([',', ']'])
    }

    /// `a || b`
    fn any(&mut self) -> Result<Expression> {
        self.depth += 1;
        if self.depth > FILTER_DEPTH_MAX {
            return Err(malformed(format!(
                "parentheses are nested deeper than {FILTER_DEPTH_MAX}"
            )));
        }
        let mut any = vec![self.all()?];
        while self.took("||") {
            any.push(self.all()?);
        }
        self.depth -= 1;
        Ok(one_or(any, Expression::Any))
    }

    /// `a && b`
    fn all(&mut self) -> Result<Expression> {
        let mut all = vec![self.test()?];
        while self.took("&&") {
            all.push(self.test()?);
        }
        Ok(one_or(all, Expression::All))
    }

    fn test(&mut self) -> Result<Expression> {
        if self.took("(") {
            let inner = self.any()?;
            self.take(")")?;
            return Ok(inner);
        }
        let selector = self.selector()?;
        self.skip_blanks();
        if self.is_document {
            for (words, test) in [
                (["IS", "NULL"], Test::IsNull),
                (["IS", "TRUE"], Test::Is(true)),
                (["IS", "FALSE"], Test::Is(false)),
                (["NOT", "EXISTS"], Test::NotExists),
            ] {
                if self.took_words(words) {
                    return Ok(Expression::Test(selector, test));
                }
            }
        }
        let operator = self.operator()?;
        let operand = self.operand()?;
        Ok(Expression::Test(selector, Test::Compare(operator, operand)))
    }

    fn selector(&mut self) -> Result<Selector> {
        self.skip_blanks();
        if !self.is_document {
            self.word()?;
            return Ok(Selector::Column);
        }
        self.take("$")?;
        let mut steps = Vec::new();
        loop {
            if let Some(rest) = self.rest.strip_prefix('.') {
                self.rest = rest;
                steps.push(match self.rest.strip_prefix('*') {
                    Some(rest) => {
                        self.rest = rest;
                        Step::Each
                    }
                    None => Step::Member(self.word()?.to_owned()),
                });
            } else if let Some(rest) = self.rest.strip_prefix('[') {
                self.rest = rest;
                steps.push(match self.rest.as_bytes() {
                    [b'*', ..] => {
                        self.take("*")?;
                        Step::Each
                    }
                    [b'"' | b'\'', ..] => Step::Member(self.quoted()?),
                    _ => {
                        let index = self.word()?;
                        let index = index.parse();
                        Step::Index(index.map_err(|_| malformed("an index is a whole number"))?)
                    }
                });
                self.take("]")?;
            } else {
                return Ok(Selector::Path(steps));
            }
        }
    }

    fn operator(&mut self) -> Result<Operator> {
        for (text, operator) in [
            ("!=", Operator::NotEqual),
            ("<=", Operator::LessOrEqual),
            (">=", Operator::GreaterOrEqual),
            ("=", Operator::Equal),
            ("<", Operator::Less),
            (">", Operator::Greater),
        ] {
            if self.took(text) {
                return Ok(operator);
            }
        }
        Err(self.unexpected("=, !=, <, <=, > or >="))
    }

    fn operand(&mut self) -> Result<Operand> {
        self.skip_blanks();
        match self.rest.as_bytes() {
            [b'"' | b'\'', ..] => Ok(Operand::Text(self.quoted()?, None)),
            [b'%', ..] => Ok(Operand::Regex(self.regex()?)),
            _ => {
                let is_end = |c: char| {
                    c.is_whitespace() || matches!(c, ',' | ']' | ')' | '(' | '}' | '&' | '|' | '"')
                };
                let word = self.advance(self.rest.find(is_end).unwrap_or(self.rest.len()));
                if word.is_empty() {
                    return Err(self.unexpected("a value"));
                }
                let number = word.parse().ok().filter(|number: &f64| number.is_finite());
                Ok(Operand::Text(word.to_owned(), number))
            }
        }
    }

    fn regex(&mut self) -> Result<Regex> {
        self.take("%")?;
        let end = self.rest.find('%').ok_or_else(|| malformed("a % has no other"))?;
        let text = self.advance(end);
        self.take("%")?;
        self.regexes += 1;
        if self.regexes > FILTER_REGEXES_MAX {
            let text = format!("it has more than {FILTER_REGEXES_MAX} regular expressions");
            return Err(malformed(text));
        }
        let is_taken =
            |c: char| c.is_ascii_alphanumeric() || " :_#=@/;,-^$?[]{}|\\*+.'\"<>".contains(c);
        if let Some(other) = text.chars().find(|c| !is_taken(*c)) {
            return Err(malformed(format!("`{other}` is not supported in regular expressions")));
        }
        let mut builder = RegexBuilder::new(text);
        let built =
            builder.size_limit(FILTER_REGEX_BYTES_MAX).dfa_size_limit(FILTER_REGEX_BYTES_MAX);
        built.build().map_err(|error| malformed(format!("{error}")))
    }

    /// A text in quotes, in which `\` stands before a quote.
    fn quoted(&mut self) -> Result<String> {
        let mut chars = self.rest.char_indices();
        let Some((_, quote)) = chars.next() else { return Err(self.unexpected("a quote")) };
        let mut text = String::new();
        while let Some((at, c)) = chars.next() {
            match c {
                '\\' => match chars.next() {
                    Some((_, c)) if c == quote || c == '\\' => text.push(c),
                    Some((_, c)) => text.extend(['\\', c]),
                    None => break,
                },
                c if c == quote => {
                    self.rest = &self.rest[at + 1..];
                    return Ok(text);
                }
                c => text.push(c),
            }
        }
        Err(malformed("a quote has no other"))
    }

    fn word(&mut self) -> Result<&'p str> {
        let end = self.rest.find(|c: char| !is_word(c)).unwrap_or(self.rest.len());
        if end == 0 {
            return Err(self.unexpected("a name"));
        }
        Ok(self.advance(end))
    }

    fn took_words(&mut self, words: [&str; 2]) -> bool {
        let mut rest = self.rest;
        for word in words {
            rest = rest.trim_start();
            match rest.get(..word.len()) {
                Some(text) if text.eq_ignore_ascii_case(word) => rest = &rest[word.len()..],
                _ => return false,
            }
        }
        if rest.starts_with(is_word) {
            return false;
        }
        self.rest = rest;
        true
    }

    /// What comes next, if it is this.
    fn took(&mut self, text: &str) -> bool {
        self.skip_blanks();
        match self.rest.strip_prefix(text) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn take(&mut self, text: &str) -> Result<()> {
        if self.took(text) { Ok(()) } else { Err(self.unexpected(text)) }
    }

    fn end(&mut self) -> Result<()> {
        self.skip_blanks();
        if self.rest.is_empty() { Ok(()) } else { Err(self.unexpected("the end")) }
    }

    fn advance(&mut self, len: usize) -> &'p str {
        let (taken, rest) = self.rest.split_at(len);
        self.rest = rest;
        taken
    }

    fn skip_blanks(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn unexpected(&self, expected: &str) -> Malformed {
        match self.rest.chars().next() {
            Some(found) => malformed(format!("`{found}` stands where {expected} is expected")),
            None => malformed(format!("it ends where {expected} is expected")),
        }
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-' | ':' | '@')
}

fn one_or(mut several: Vec<Expression>, or: fn(Vec<Expression>) -> Expression) -> Expression {
    match several.len() {
        1 => several.swap_remove(0),
        _ => or(several),
    }
}
