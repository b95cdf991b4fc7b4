//! Where something was written, and what is wrong with it.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

/// A position in a definition file. `line` and `col` count from 1; 0 means "the whole file".
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The file's name, as it was given.
    pub file: Arc<str>,
    /// The line, from 1.
    pub line: u32,
    /// The column in characters, from 1.
    pub col: u32,
}

impl Place {
    /// A position in a file.
    #[must_use]
    pub fn new(file: &Arc<str>, line: u32, col: u32) -> Self {
        Self { file: Arc::clone(file), line, col }
    }

    /// A place for what no file holds: something made by a program or by a test.
    #[must_use]
    pub fn nowhere() -> Self {
        Self { file: Arc::from("-"), line: 0, col: 0 }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.col)
    }
}

/// A value and where it was written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// Where it was written.
    pub place: Place,
}

impl<T> Spanned<T> {
    /// Ties a value to its place.
    pub const fn new(value: T, place: Place) -> Self {
        Self { value, place }
    }

    /// A value that no file holds.
    pub fn nowhere(value: impl Into<T>) -> Self {
        Self { value: value.into(), place: Place::nowhere() }
    }
}

impl<T> Deref for Spanned<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

/// How much a diagnostic weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The definition cannot be used.
    Error,
    /// The definition can be used; this part of it has no effect, or a surprising one.
    Warning,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Error => "error",
            Self::Warning => "warning",
        })
    }
}

/// One thing to say about a definition. Displays as `file:line:col: severity: text; help`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Diagnostic {
    /// Where.
    pub place: Place,
    /// How bad.
    pub severity: Severity,
    /// What, in one line.
    pub text: String,
    /// What to do about it, when that is known.
    pub help: Option<String>,
}

impl Diagnostic {
    /// Something that must be changed before the definition can be used.
    pub fn error(place: &Place, text: impl Into<String>) -> Self {
        Self { place: place.clone(), severity: Severity::Error, text: text.into(), help: None }
    }

    /// Something that the author should know.
    pub fn warning(place: &Place, text: impl Into<String>) -> Self {
        Self { place: place.clone(), severity: Severity::Warning, text: text.into(), help: None }
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Whether the definition cannot be used.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.place, self.severity, self.text)?;
        match &self.help {
            // AWS's own texts end with a full stop.
            Some(help) if self.text.ends_with('.') => write!(f, " {help}"),
            Some(help) => write!(f, "; {help}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_diagnostic_displays_as_compilers_do() {
        let file: Arc<str> = Arc::from("t.yaml");
        let at = Place::new(&file, 12, 7);
        let diagnostic = Diagnostic::error(&at, "unknown property \"A\"").with_help("remove it");
        assert_eq!(diagnostic.to_string(), "t.yaml:12:7: error: unknown property \"A\"; remove it");
        let sentence = Diagnostic::error(&at, "No export.").with_help("make one");
        assert_eq!(sentence.to_string(), "t.yaml:12:7: error: No export. make one");
        assert_eq!(Diagnostic::warning(&at, "x").to_string(), "t.yaml:12:7: warning: x");
    }
}
