//! Why a text is no JSON, even to a permissive reader.

use std::error::Error;
use std::fmt;

/// Text that is no JSON, and where reading it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonError {
    /// The byte at which reading ended.
    pub offset: usize,
    /// What is wrong there: one lower-case clause.
    pub message: &'static str,
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no JSON: {} at byte {}", self.message, self.offset)
    }
}

impl Error for JsonError {}
