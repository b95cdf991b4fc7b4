//! One segment of a resource's path.

use std::fmt;

/// What a resource adds to its parent's path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PathPart {
    /// The root resource, `/`.
    Root,
    /// A fixed segment.
    Literal(String),
    /// `{name}`: one whole segment.
    Parameter(String),
    /// `{name+}`: the rest of the path, one segment or more.
    Greedy(String),
}

impl PathPart {
    /// Reads a `PathPart`: a literal of `a-z A-Z 0-9 . _ - : ,`, `{name}` or `{name+}`.
    ///
    /// # Errors
    /// [`InvalidPathPart`] when braces are not around the whole part, or a character is not allowed.
    pub fn parse(text: &str) -> Result<Self, InvalidPathPart> {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b"._-:,".contains(&b);
        let named = |s: &str| !s.is_empty() && s.bytes().all(allowed);
        let invalid = || InvalidPathPart(text.to_owned());
        match text.strip_prefix('{') {
            None if named(text) => Ok(Self::Literal(text.to_owned())),
            None => Err(invalid()),
            Some(rest) => {
                let inner = rest.strip_suffix('}').ok_or_else(invalid)?;
                match inner.strip_suffix('+') {
                    Some(name) if named(name) => Ok(Self::Greedy(name.to_owned())),
                    None if named(inner) => Ok(Self::Parameter(inner.to_owned())),
                    _ => Err(invalid()),
                }
            }
        }
    }

    /// Whether it stands for text that the request gives.
    #[must_use]
    pub const fn is_variable(&self) -> bool {
        matches!(self, Self::Parameter(_) | Self::Greedy(_))
    }
}

impl fmt::Display for PathPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root => Ok(()),
            Self::Literal(text) => f.write_str(text),
            Self::Parameter(name) => write!(f, "{{{name}}}"),
            Self::Greedy(name) => write!(f, "{{{name}+}}"),
        }
    }
}

/// A text that cannot be a path part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidPathPart(pub String);

impl fmt::Display for InvalidPathPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "Resource's path part only allow a-zA-Z0-9._-: or a valid greedy path variable \
             and curly braces at the beginning and the end.",
        )
    }
}

impl std::error::Error for InvalidPathPart {}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expect: Option<PathPart>) {
        let got = PathPart::parse(text).ok();
        assert_eq!(got, expect, "{text:?}");
        if let Some(part) = got {
            assert_eq!(part.to_string(), text);
        }
    }

    #[test]
    fn braces_hold_a_whole_part_or_none() {
        check("pets", Some(PathPart::Literal("pets".into())));
        check("v1.2:list", Some(PathPart::Literal("v1.2:list".into())));
        check("{id}", Some(PathPart::Parameter("id".into())));
        check("{proxy+}", Some(PathPart::Greedy("proxy".into())));
        for bad in ["", "x{id}", "{id}x", "{}", "{+}", "{a", "a}", "a/b", "a b", "{a+b}", "{{a}}"] {
            check(bad, None);
        }
    }
}
