//! What goes wrong with a template: when it is parsed, and when it renders.

use std::error::Error;
use std::fmt;

/// A template that does not follow the grammar, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// The line, from 1.
    pub line: u32,
    /// The column, from 1, in characters.
    pub column: u32,
    /// What is wrong and what was expected: one lower-case clause.
    pub message: String,
}

impl fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.line, self.column, self.message)
    }
}

impl Error for SyntaxError {}

/// A template that failed while it rendered: what it had put out is void, and the call ends with `API_CONFIGURATION_ERROR`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RenderError {
    /// The line of the reference or directive that failed, from 1; 0 where it is not known.
    pub line: u32,
    /// Its column, from 1, in characters; 0 where it is not known.
    pub column: u32,
    /// What happened.
    pub reason: Reason,
}

/// Why a render failed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// A method threw, as Java's does: an index out of range, a regular expression that is none, a body that is no JSON.
    Thrown(String),
    /// More steps than [`Limits::steps_max`](crate::Limits::steps_max).
    Steps,
    /// Nested deeper than [`Limits::depth_max`](crate::Limits::depth_max).
    Depth,
    /// More output than [`Limits::output_bytes_max`](crate::Limits::output_bytes_max).
    Output,
    /// Values that take more than [`Limits::value_bytes_max`](crate::Limits::value_bytes_max).
    Values,
}

impl RenderError {
    /// A method that threw `what`. The renderer adds the place.
    pub fn thrown(what: impl Into<String>) -> Self {
        Self { line: 0, column: 0, reason: Reason::Thrown(what.into()) }
    }

    /// A budget that is spent. The renderer adds the place.
    #[must_use]
    pub fn spent(reason: Reason) -> Self {
        Self { line: 0, column: 0, reason }
    }

    /// The same at `line` and `column`, unless it has a place already.
    #[must_use]
    pub(crate) fn at(mut self, line: u32, column: u32) -> Self {
        if self.line == 0 {
            (self.line, self.column) = (line, column);
        }
        self
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Thrown(what) => f.write_str(what),
            Self::Steps => f.write_str("the template takes too many steps"),
            Self::Depth => f.write_str("the template or a value is nested too deeply"),
            Self::Output => f.write_str("the template puts out too much"),
            Self::Values => f.write_str("the template's values take too much memory"),
        }
    }
}

impl fmt::Display for RenderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line > 0 {
            write!(f, "{}:{}: ", self.line, self.column)?;
        }
        self.reason.fmt(f)
    }
}

impl Error for RenderError {}
