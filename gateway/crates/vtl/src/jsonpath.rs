//! JSONPath in Jayway's dialect: compiled once, evaluated over a [`Value`].
//!
//! A path is definite if it can find one value at most: then it finds that value or nothing. Every other path finds a list,
//! which may be empty. Filters compare as Jayway does: text with a number as whatever the left side is.

mod compare;
mod evaluate;
mod filter;
mod filter_parse;
mod functions;
mod parse;
#[cfg(test)]
mod tests;

use std::error::Error;
use std::fmt;

use crate::Value;
use filter::Filter;
use functions::Function;

/// A compiled path.
#[derive(Clone, Debug)]
pub struct Path {
    /// Whether it starts at the value a filter looks at (`@`), and not at the document.
    is_relative: bool,
    tokens: Vec<Token>,
    /// What is done with what the tokens find.
    function: Option<Function>,
}

/// One step from a value to others.
#[derive(Clone, Debug)]
enum Token {
    /// `.name` or `['name']`
    Property(Box<str>),
    /// `['a','b']`: at the end an object of these, elsewhere one after the other.
    Properties(Vec<Box<str>>),
    /// `[n]`; from the end where negative.
    Index(i64),
    /// `[n,m]`
    Indexes(Vec<i64>),
    /// `[from:to]`
    Slice { from: Option<i64>, to: Option<i64> },
    /// `*` or `[*]`
    Wildcard,
    /// `..`: the tokens behind it, at every value in the value.
    Scan,
    /// `[?(…)]`
    Filter(Box<Filter>),
}

/// Text that is no path, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathError {
    /// The byte at which reading ended.
    pub offset: usize,
    /// What is wrong there: one lower-case clause.
    pub message: &'static str,
}

impl fmt::Display for PathError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no JSONPath: {} at byte {}", self.message, self.offset)
    }
}

impl Error for PathError {}

/// Why an evaluation ended without a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EvaluationError {
    /// It looked at too many values, or went too deep.
    TooMuch,
    /// A minimum or a mean of no numbers.
    NoNumbers,
}

impl fmt::Display for EvaluationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooMuch => "the path looks at too many values",
            Self::NoNumbers => "the path's function has no numbers",
        })
    }
}

impl Error for EvaluationError {}

impl Path {
    /// Compiles `text`; a leading `$.` may be missing.
    ///
    /// # Errors
    ///
    /// Where `text` is no path.
    pub fn parse(text: &str) -> Result<Self, PathError> {
        parse::path(text)
    }

    /// Whether it finds one value at most, and no list of what it found.
    #[must_use]
    pub fn is_definite(&self) -> bool {
        self.function.is_some() || self.tokens_are_definite()
    }

    /// What the path finds in `document`; `None` where a definite path finds nothing. `work` grows by the values looked at.
    ///
    /// # Errors
    ///
    /// Where it looks at too much.
    pub fn evaluate(
        &self,
        document: &Value,
        work: &mut u64,
    ) -> Result<Option<Value>, EvaluationError> {
        let mut visits = 0;
        let found = evaluate::evaluate(self, document, document, &mut visits);
        *work += visits;
        found
    }

    fn tokens_are_definite(&self) -> bool {
        let last = self.tokens.len().saturating_sub(1);
        self.tokens.iter().enumerate().all(|(index, token)| match token {
            Token::Property(_) | Token::Index(_) => true,
            Token::Properties(_) => index == last,
            _ => false,
        })
    }
}
