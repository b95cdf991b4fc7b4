//! Definite JSONPaths of parameter mappings: `method.request.body.a.b[0]['c']`.
//!
//! Only paths that name at most one node are served: `.name`, `['name']`, `[n]`. What can name several
//! (`*`, `..`, slices, unions, filters) is told apart from what is no path at all, so that the compiler can
//! warn about the one and refuse the other.

use std::fmt;

use serde_json::Value;

use crate::limits::BODY_PATH_STEPS_MAX;

/// A path that names at most one node of a JSON document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BodyPath {
    steps: Box<[Step]>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Member(Box<str>),
    /// From the end when negative: -1 is the last.
    Item(i64),
}

/// Why a text is no [`BodyPath`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyPathError {
    /// It is not a JSONPath.
    Malformed,
    /// It is a JSONPath that can name several nodes; not served yet.
    Indefinite,
}

impl BodyPath {
    /// Reads what follows `method.request.body`: empty, or steps such as `.a.b[0]['c']`.
    ///
    /// # Errors
    /// [`BodyPathError`], which tells a path that is not served from a text that is none.
    pub fn parse(text: &str) -> Result<Self, BodyPathError> {
        let mut steps = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            if steps.len() == BODY_PATH_STEPS_MAX {
                return Err(BodyPathError::Malformed);
            }
            let (step, after) = match rest.as_bytes()[0] {
                b'.' => member(&rest[1..])?,
                b'[' => bracket(&rest[1..])?,
                _ => return Err(BodyPathError::Malformed),
            };
            steps.push(step);
            rest = after;
        }
        Ok(Self { steps: steps.into() })
    }

    /// The node that this path names, if the document has it.
    pub fn evaluate<'v>(&self, document: &'v Value) -> Option<&'v Value> {
        let mut node = document;
        for step in &self.steps {
            node = match (step, node) {
                (Step::Member(name), Value::Object(members)) => members.get(&**name)?,
                (Step::Item(index), Value::Array(items)) => {
                    let at = if *index < 0 { items.len() as i64 + index } else { *index };
                    items.get(usize::try_from(at).ok()?)?
                }
                _ => return None,
            };
        }
        Some(node)
    }
}

/// As it is written after `body`; member names that need it are quoted.
impl fmt::Display for BodyPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for step in &self.steps {
            match step {
                Step::Member(name) if !name.is_empty() && name.bytes().all(is_plain) => {
                    write!(f, ".{name}")?;
                }
                Step::Member(name) => write!(f, "['{name}']")?,
                Step::Item(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}

fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$' | b'-') || byte >= 0x80
}

fn member(rest: &str) -> Result<(Step, &str), BodyPathError> {
    if rest.starts_with(['.', '*']) {
        return Err(BodyPathError::Indefinite);
    }
    let end = rest.bytes().position(|b| !is_plain(b)).unwrap_or(rest.len());
    if end == 0 {
        return Err(BodyPathError::Malformed);
    }
    if rest[end..].starts_with('(') {
        return Err(BodyPathError::Indefinite); // `.length()` and its like: functions, not served yet.
    }
    Ok((Step::Member(rest[..end].into()), &rest[end..]))
}

fn bracket(rest: &str) -> Result<(Step, &str), BodyPathError> {
    match rest.as_bytes().first() {
        Some(quote @ (b'\'' | b'"')) => {
            let inner = &rest[1..];
            let end = inner.bytes().position(|b| b == *quote).ok_or(BodyPathError::Malformed)?;
            let (name, after) = (&inner[..end], inner[end + 1..].trim_start_matches(' '));
            match after.as_bytes().first() {
                Some(b']') => Ok((Step::Member(name.into()), &after[1..])),
                Some(b',') if after.contains(']') => Err(BodyPathError::Indefinite),
                _ => Err(BodyPathError::Malformed),
            }
        }
        Some(b'-' | b'0'..=b'9' | b'*' | b'?' | b':') => {
            let end = rest.find(']').ok_or(BodyPathError::Malformed)?;
            match rest[..end].parse() {
                Ok(index) => Ok((Step::Item(index), &rest[end + 1..])),
                Err(_) if rest[..end].contains(['*', '?', ':', ',']) => {
                    Err(BodyPathError::Indefinite)
                }
                Err(_) => Err(BodyPathError::Malformed),
            }
        }
        _ => Err(BodyPathError::Malformed),
    }
}

#[cfg(test)]
mod tests;
