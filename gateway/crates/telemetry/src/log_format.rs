//! Access-log formats: parsed once, rendered per request without allocation.
//!
//! A format is text with `$context.*` variables. Substitution is plain, except that a value cannot
//! leave its line or its quotes: see [`ValueWriter`].
//!
//! Source: API Gateway Developer Guide, "Set up CloudWatch logging for REST APIs in API Gateway".

mod parse;
pub mod presets;
mod value;
mod variable;

use std::fmt;

pub use value::{ValueWriter, write_decimal};
pub use variable::Variable;

use crate::limits::{FORMAT_BYTES_MAX, LINE_BYTES_MAX};

/// What a variable without a value is rendered as.
const UNSET: u8 = b'-';

/// Gives the values of one finished request.
pub trait LogRecord {
    /// Writes the value of `variable`, or returns `false` for "no value", which is rendered as `-`.
    ///
    /// Returning `false` takes back what was written.
    fn write(&self, variable: &Variable, out: &mut ValueWriter<'_>) -> bool;
}

/// A parsed format. Cheap to render, immutable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogFormat {
    segments: Box<[Segment]>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Segment {
    Text(Box<str>),
    Variable(Variable),
    /// A `$context` name that has no value here.
    Unset,
}

impl LogFormat {
    /// Parses a format: one line of at most [`FORMAT_BYTES_MAX`] bytes; a final newline is allowed.
    ///
    /// A variable's name is the longest one that fits: `$context.status.` is a status and a dot.
    ///
    /// # Errors
    /// [`FormatError`], when AWS would refuse the format for its shape. What AWS refuses for its
    /// content is a [`FormatWarning`]: the format works, with `-` where there is no value.
    pub fn parse(format: &str) -> Result<(Self, Vec<FormatWarning>), FormatError> {
        parse::parse(format)
    }

    /// Appends one line, with its newline, to `out`.
    ///
    /// Allocates nothing while `out` has room. A line longer than [`LINE_BYTES_MAX`] is cut.
    pub fn render(&self, record: &impl LogRecord, out: &mut Vec<u8>) {
        let start = out.len();
        for segment in &self.segments {
            match segment {
                Segment::Text(text) => out.extend_from_slice(text.as_bytes()),
                Segment::Unset => out.push(UNSET),
                Segment::Variable(variable) => {
                    let before = out.len();
                    if !record.write(variable, &mut ValueWriter::new(out)) {
                        out.truncate(before);
                        out.push(UNSET);
                    }
                }
            }
            if out.len() - start >= LINE_BYTES_MAX {
                cut(out, start + LINE_BYTES_MAX - 1);
                break;
            }
        }
        out.push(b'\n');
    }

    /// The variables that this format reads, in order, with repetitions.
    ///
    /// Lets a caller skip work for values that no one logs.
    pub fn variables(&self) -> impl Iterator<Item = &Variable> {
        self.segments.iter().filter_map(|segment| match segment {
            Segment::Variable(variable) => Some(variable),
            Segment::Text(_) | Segment::Unset => None,
        })
    }
}

/// Shortens UTF-8 to at most `len` bytes, between two characters.
fn cut(out: &mut Vec<u8>, mut len: usize) {
    let is_continuation = |byte: u8| byte & 0b1100_0000 == 0b1000_0000;
    while out.get(len).copied().is_some_and(is_continuation) {
        len -= 1;
    }
    out.truncate(len);
}

/// A format that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FormatError {
    /// There is a line break before the end.
    InnerNewline {
        /// Where, in bytes from the start.
        offset: usize,
    },
    /// The format is longer than [`FORMAT_BYTES_MAX`].
    TooLong {
        /// Its length in bytes.
        bytes: usize,
    },
    /// The format has no text.
    Empty,
}

impl fmt::Display for FormatError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InnerNewline { offset } => write!(
                f,
                "access log format must be single line, new line character is allowed only at end of \
                 the format (found one at byte {offset})"
            ),
            Self::TooLong { bytes } => write!(
                f,
                "access log format has {bytes} bytes, at most {FORMAT_BYTES_MAX} are allowed"
            ),
            Self::Empty => {
                f.write_str("access log format is empty, name at least $context.requestId")
            }
        }
    }
}

impl std::error::Error for FormatError {}

/// A part of a format that does not do what its author may expect.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FormatWarning {
    /// No such variable; it is rendered as `-`.
    UnknownVariable {
        /// Where its `$` is, in bytes from the start.
        offset: usize,
        /// The name, with `$context.`.
        name: String,
    },
    /// The variable exists only for HTTP or WebSocket APIs; it is rendered as `-`.
    OtherApiType {
        /// Where its `$` is, in bytes from the start.
        offset: usize,
        /// The name, with `$context.`.
        name: String,
    },
    /// A known variable is followed directly by a dot and more, which is rendered as text.
    TextAfterVariable {
        /// Where the variable's `$` is, in bytes from the start.
        offset: usize,
        /// The variable, with `$context.`.
        name: String,
        /// What follows it.
        text: String,
    },
    /// `$input` and `$stageVariables` mean nothing in a log; they are rendered as text.
    NotContext {
        /// Where its `$` is, in bytes from the start.
        offset: usize,
        /// The name, with its `$`.
        name: String,
    },
    /// Neither `$context.requestId` nor `$context.extendedRequestId` is there, which AWS demands.
    NoRequestId,
}

impl fmt::Display for FormatWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownVariable { offset, name } => {
                write!(f, "unknown variable {name} at byte {offset} is logged as `-`")
            }
            Self::OtherApiType { offset, name } => {
                write!(f, "{name} at byte {offset} has no value in a REST API and is logged as `-`")
            }
            Self::TextAfterVariable { offset, name, text } => {
                write!(f, "`{text}` after {name} at byte {offset} is logged as text")
            }
            Self::NotContext { offset, name } => write!(
                f,
                "{name} at byte {offset} is logged as text, only $context variables have values"
            ),
            Self::NoRequestId => f.write_str(
                "access log format has neither $context.requestId nor $context.extendedRequestId, \
                 API Gateway refuses it",
            ),
        }
    }
}

#[cfg(test)]
mod tests;
