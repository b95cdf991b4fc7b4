//! Selection patterns: Java regular expressions that must match a whole text.

use regex::{Regex, RegexBuilder};

use crate::limits::PATTERN_BYTES_MAX;

/// What is wrong with an expression, without the picture of it.
pub(crate) fn one_line(error: &regex::Error) -> String {
    let text = error.to_string();
    text.lines().last().unwrap_or(&text).trim_start_matches("error: ").to_owned()
}

/// A compiled `selectionPattern`.
#[derive(Debug, Clone)]
pub(crate) enum Pattern {
    /// Letters and digits only: compared, not matched.
    Plain(Box<str>),
    Regex(Regex),
    /// Java syntax that the engine lacks (look-around, back-references, possessive quantifiers).
    Unserved,
}

impl Pattern {
    /// Compiles a pattern; the text of an error is one line.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        if text.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return Ok(Self::Plain(text.into()));
        }
        let whole = format!(r"\A(?:{text})\z");
        let built = RegexBuilder::new(&whole).size_limit(PATTERN_BYTES_MAX).build();
        built.map(Self::Regex).map_err(|error| one_line(&error))
    }

    /// Whether the pattern matches the whole text; `None` when it cannot be told.
    pub(crate) fn matches(&self, text: &str) -> Option<bool> {
        match self {
            Self::Plain(plain) => Some(**plain == *text),
            Self::Regex(regex) => Some(regex.is_match(text)),
            Self::Unserved => None,
        }
    }
}
