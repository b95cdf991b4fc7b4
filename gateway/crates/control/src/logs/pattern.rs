//! Filter patterns: terms, JSON and columns.
//!
//! | form | matches |
//! | --- | --- |
//! | `one "two three" -four` | all terms, each anywhere in the message, and none of those behind a `-` |
//! | `?one ?two` | one of the terms; beside terms without a `?` those with one say nothing |
//! | `%regex%` | a regular expression, also where a term or a value may stand |
//! | `{ $.a.b[0] = 5 && ($.c = "x*" \|\| $.d IS NULL) }` | a JSON document; `=`, `!=`, `<`, `<=`, `>`, `>=`, `IS NULL`, `IS TRUE`, `IS FALSE`, `NOT EXISTS` |
//! | `[ip, ..., status = 5*, size]` | columns, separated by blanks, those in quotes or brackets whole |
//!
//! Pure, and bounded: in the pattern's length and depth, in expressions, and in what a regular expression may cost.
//!
//! Source: CloudWatch Logs User Guide, "Filter pattern syntax".

use std::fmt;

use regex::Regex;
use serde_json::Value;

mod expression;
mod parse;

use expression::Expression;

/// What is wrong with a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Malformed(pub(crate) String);

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Malformed {}

/// A pattern that is in order.
#[derive(Debug)]
pub struct Pattern(Form);

#[derive(Debug)]
enum Form {
    Terms(Terms),
    Json(Expression),
    Columns(Vec<Column>),
}

#[derive(Debug, Default)]
struct Terms {
    all: Vec<Term>,
    any: Vec<Term>,
    none: Vec<Term>,
}

#[derive(Debug)]
enum Term {
    Text(String),
    Regex(Regex),
}

#[derive(Debug)]
enum Column {
    /// One column, perhaps with what it has to be.
    One(Option<Expression>),
    /// `...`: any number of columns.
    Rest,
}

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// [`Malformed`] with what is wrong.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        parse::pattern(text).map(Self)
    }

    /// Whether a message is one that is looked for.
    pub fn matches(&self, message: &str) -> bool {
        match &self.0 {
            Form::Terms(terms) => terms.matches(message),
            Form::Json(expression) => match serde_json::from_str::<Value>(message) {
                Ok(document) if document.is_object() || document.is_array() => {
                    expression.matches_document(&document)
                }
                _ => false,
            },
            Form::Columns(wanted) => columns_match(wanted, &columns(message)),
        }
    }
}

impl Terms {
    fn matches(&self, message: &str) -> bool {
        let has = |term: &Term| match term {
            Term::Text(text) => message.contains(text.as_str()),
            Term::Regex(regex) => regex.is_match(message),
        };
        let is_optional = self.all.is_empty() && !self.any.is_empty();
        self.all.iter().all(has)
            && !self.none.iter().any(has)
            && (!is_optional || self.any.iter().any(has))
    }
}

/// As many columns as are wanted, or at least as many around the rest.
fn columns_match(wanted: &[Column], there: &[&str]) -> bool {
    let is_it = |(wanted, there): (&Column, &&str)| match wanted {
        Column::One(Some(expression)) => expression.matches_column(there),
        Column::One(None) | Column::Rest => true,
    };
    match wanted.iter().position(|column| matches!(column, Column::Rest)) {
        None => wanted.len() == there.len() && wanted.iter().zip(there).all(is_it),
        Some(at) => {
            let behind = wanted.len() - at - 1;
            there.len() >= at + behind
                && wanted[..at].iter().zip(there).all(is_it)
                && wanted[at + 1..].iter().zip(&there[there.len() - behind..]).all(is_it)
        }
    }
}

/// The columns of a message.
fn columns(message: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = message.trim_start();
    while let Some(first) = rest.chars().next() {
        let closing = match first {
            '"' => Some('"'),
            '[' => Some(']'),
            _ => None,
        };
        let enclosed = closing.and_then(|closing| {
            let end = rest[1..].find(closing)?;
            Some((&rest[1..1 + end], &rest[end + 2..]))
        });
        let (column, behind) = enclosed
            .unwrap_or_else(|| rest.split_at(rest.find(char::is_whitespace).unwrap_or(rest.len())));
        found.push(column);
        rest = behind.trim_start();
    }
    found
}

#[cfg(test)]
mod tests;
