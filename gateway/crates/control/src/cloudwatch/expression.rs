//! Expressions of GetMetricData: `100 * errors / requests`, `SUM(METRICS("e"))`, `FILL(m1, 0)`.

use crate::limits::{METRIC_EXPRESSION_CHARS_MAX, METRIC_EXPRESSION_DEPTH_MAX};

/// An expression, parsed.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Expression {
    Number(f64),
    /// The result of another query.
    Id(String),
    Negated(Box<Expression>),
    Binary(Operator, Box<Expression>, Box<Expression>),
    /// All metrics of the request, or those whose id has this text.
    Metrics(Option<String>),
    List(Vec<Expression>),
    Call(Function, Box<Expression>),
    Fill(Box<Expression>, Filler),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Power,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Function {
    Sum,
    Average,
    Minimum,
    Maximum,
    Absolute,
    Ceiling,
    Floor,
    Period,
}

/// What stands where there is no value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Filler {
    Value(f64),
    /// The value before.
    Repeat,
    /// A line from the value before to the value after.
    Linear,
}

impl Function {
    const ALL: [(&'static str, Self); 8] = [
        ("SUM", Self::Sum),
        ("AVG", Self::Average),
        ("MIN", Self::Minimum),
        ("MAX", Self::Maximum),
        ("ABS", Self::Absolute),
        ("CEIL", Self::Ceiling),
        ("FLOOR", Self::Floor),
        ("PERIOD", Self::Period),
    ];
}

/// Parses an expression; the text says what is wrong with it.
pub(crate) fn parse(text: &str) -> Result<Expression, String> {
    if text.chars().count() > METRIC_EXPRESSION_CHARS_MAX {
        return Err(format!("Longer than {METRIC_EXPRESSION_CHARS_MAX} characters"));
    }
    let mut parser = Parser { text, at: 0, depth: 0 };
    let expression = parser.sum()?;
    match parser.peek() {
        None => Ok(expression),
        Some(_) => Err(parser.unexpected()),
    }
}

struct Parser<'t> {
    text: &'t str,
    at: usize,
    depth: usize,
}

impl Parser<'_> {
    /// What comes after blanks.
    fn peek(&mut self) -> Option<char> {
        let rest = &self.text[self.at..];
        let trimmed = rest.trim_start();
        self.at += rest.len() - trimmed.len();
        trimmed.chars().next()
    }

    fn take(&mut self, wanted: char) -> bool {
        let is_there = self.peek() == Some(wanted);
        if is_there {
            self.at += wanted.len_utf8();
        }
        is_there
    }

    fn need(&mut self, wanted: char) -> Result<(), String> {
        if self.take(wanted) { Ok(()) } else { Err(self.unexpected()) }
    }

    fn unexpected(&mut self) -> String {
        match self.peek() {
            None => "Invalid syntax: it ends too early".to_owned(),
            Some(found) => {
                let at = self.text[..self.at].chars().count() + 1;
                format!("Invalid syntax: '{found}' at character {at} is not supported there")
            }
        }
    }

    fn sum(&mut self) -> Result<Expression, String> {
        let mut left = self.product()?;
        loop {
            let operator = match self.peek() {
                Some('+') => Operator::Add,
                Some('-') => Operator::Subtract,
                _ => return Ok(left),
            };
            self.at += 1;
            left = Expression::Binary(operator, Box::new(left), Box::new(self.product()?));
        }
    }

    fn product(&mut self) -> Result<Expression, String> {
        let mut left = self.signed()?;
        loop {
            let operator = match self.peek() {
                Some('*') => Operator::Multiply,
                Some('/') => Operator::Divide,
                _ => return Ok(left),
            };
            self.at += 1;
            left = Expression::Binary(operator, Box::new(left), Box::new(self.signed()?));
        }
    }

    fn signed(&mut self) -> Result<Expression, String> {
        self.nested(|parser| {
            if parser.take('-') {
                return Ok(Expression::Negated(Box::new(parser.signed()?)));
            }
            let base = parser.operand()?;
            if !parser.take('^') {
                return Ok(base);
            }
            let power = parser.signed()?;
            Ok(Expression::Binary(Operator::Power, Box::new(base), Box::new(power)))
        })
    }

    fn nested(
        &mut self,
        parse: impl FnOnce(&mut Self) -> Result<Expression, String>,
    ) -> Result<Expression, String> {
        if self.depth >= METRIC_EXPRESSION_DEPTH_MAX {
            return Err(format!("Nested deeper than {METRIC_EXPRESSION_DEPTH_MAX}"));
        }
        self.depth += 1;
        let parsed = parse(self);
        self.depth -= 1;
        parsed
    }

    fn operand(&mut self) -> Result<Expression, String> {
        match self.peek() {
            Some('(') => {
                self.at += 1;
                let inside = self.sum()?;
                self.need(')')?;
                Ok(inside)
            }
            Some('[') => {
                self.at += 1;
                let mut members = vec![self.sum()?];
                while self.take(',') {
                    members.push(self.sum()?);
                }
                self.need(']')?;
                Ok(Expression::List(members))
            }
            Some(c) if c.is_ascii_digit() || c == '.' => self.number().map(Expression::Number),
            Some(c) if c.is_ascii_lowercase() => Ok(Expression::Id(self.word())),
            Some(c) if c.is_ascii_uppercase() => {
                let name = self.word();
                self.function(&name)
            }
            _ => Err(self.unexpected()),
        }
    }

    fn word(&mut self) -> String {
        let rest = &self.text[self.at..];
        let len = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
        self.at += len;
        rest[..len].to_owned()
    }

    fn number(&mut self) -> Result<f64, String> {
        let rest = &self.text[self.at..];
        let bytes = rest.as_bytes();
        let digits =
            |from: usize| bytes[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        let mut len = digits(0);
        if bytes.get(len) == Some(&b'.') {
            len += 1 + digits(len + 1);
        }
        if matches!(bytes.get(len), Some(b'e' | b'E')) {
            let sign = usize::from(matches!(bytes.get(len + 1), Some(b'+' | b'-')));
            if let count @ 1.. = digits((len + 1 + sign).min(bytes.len())) {
                len += 1 + sign + count;
            }
        }
        let number = rest[..len].parse().ok().filter(|number: &f64| number.is_finite());
        let number = number.ok_or_else(|| self.unexpected())?;
        self.at += len;
        Ok(number)
    }

    fn function(&mut self, name: &str) -> Result<Expression, String> {
        self.need('(')?;
        let called = match name {
            "METRICS" => {
                let filter = match self.peek() {
                    Some(')') => None,
                    _ => Some(self.quoted()?),
                };
                Expression::Metrics(filter)
            }
            "FILL" => {
                let filled = self.sum()?;
                self.need(',')?;
                Expression::Fill(Box::new(filled), self.filler()?)
            }
            name => {
                let known = Function::ALL.into_iter().find(|(known, _)| *known == name);
                let Some((_, function)) = known else {
                    return Err(format!("The function {name} is not supported by this gateway"));
                };
                Expression::Call(function, Box::new(self.sum()?))
            }
        };
        self.need(')')?;
        Ok(called)
    }

    fn filler(&mut self) -> Result<Filler, String> {
        if self.peek().is_some_and(|c| c.is_ascii_uppercase()) {
            return match &*self.word() {
                "REPEAT" => Ok(Filler::Repeat),
                "LINEAR" => Ok(Filler::Linear),
                other => Err(format!("FILL has no {other}")),
            };
        }
        let is_negative = self.take('-');
        match self.peek() {
            Some(c) if c.is_ascii_digit() || c == '.' => {
                let value = self.number()?;
                Ok(Filler::Value(if is_negative { -value } else { value }))
            }
            _ => Err(self.unexpected()),
        }
    }

    fn quoted(&mut self) -> Result<String, String> {
        let quote = match self.peek() {
            Some(quote @ ('"' | '\'')) => quote,
            _ => return Err(self.unexpected()),
        };
        let rest = &self.text[self.at + 1..];
        let Some(len) = rest.find(quote) else {
            return Err("Invalid syntax: a quote is not closed".to_owned());
        };
        self.at += len + 2;
        Ok(rest[..len].to_owned())
    }
}
