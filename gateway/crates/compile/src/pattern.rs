//! Selection patterns: Java regular expressions that must match a whole text.

use regex::{Regex, RegexBuilder};

use crate::limits::PATTERN_BYTES_MAX;

/// Compiles a Java expression that has to match a whole text, in linear time; the text of an error is one
/// line.
pub(crate) fn whole(text: &str) -> Result<Regex, String> {
    let whole = format!(r"\A(?:{})\z", translate(text)?);
    let built = RegexBuilder::new(&whole).size_limit(PATTERN_BYTES_MAX).build();
    built.map_err(|error| {
        let text = error.to_string();
        text.lines().last().unwrap_or(&text).trim_start_matches("error: ").to_owned()
    })
}

/// Java's expression in the engine's syntax, where the two read one text in two ways: Java's `\d`, `\w` and
/// `\s` are ASCII, and `++`, `*+`, `?+`, `{…}+` take all they can and give nothing back, which the engine
/// would read as a repetition of a repetition. What the engine does not know it refuses itself.
fn translate(text: &str) -> Result<String, String> {
    let mut out = String::with_capacity(text.len());
    let mut depth = 0_usize; // of character classes
    let mut is_repeated = false; // what comes before is a quantifier
    let mut is_counted = false; // within `{…}`
    let mut chars = text.chars();
    let mut before = None;
    while let Some(c) = chars.next() {
        let was_repeated = std::mem::take(&mut is_repeated);
        match c {
            '\\' => {
                let Some(escaped) = chars.next() else {
                    return Err("it ends in a backslash".into());
                };
                match escaped {
                    'd' => out.push_str("[0-9]"),
                    'D' => out.push_str("[^0-9]"),
                    'w' => out.push_str("[0-9A-Za-z_]"),
                    'W' => out.push_str("[^0-9A-Za-z_]"),
                    's' => out.push_str(r"[ \t-\r]"),
                    'S' => out.push_str(r"[^ \t-\r]"),
                    _ => out.extend([c, escaped]),
                }
                before = None;
                continue;
            }
            '[' => depth += 1,
            ']' => depth = depth.saturating_sub(1),
            '+' if depth == 0 && was_repeated => {
                return Err("possessive quantifiers are not supported".into());
            }
            '*' | '+' if depth == 0 => is_repeated = true,
            // `(?` begins a group.
            '?' if depth == 0 => is_repeated = before != Some('('),
            '{' if depth == 0 => is_counted = true,
            '}' if depth == 0 => is_repeated = std::mem::take(&mut is_counted),
            _ => {}
        }
        before = Some(c);
        out.push(c);
    }
    Ok(out)
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
        whole(text).map(Self::Regex)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_java_reads_otherwise_is_translated() {
        for (java, text, expect) in [
            (r"\d+", "12", true),
            (r"\d+", "١٢", false),
            (r"[\d.]+", "1.2", true),
            (r"[^\d]+", "a١", true),
            (r"\w\s\S", "a\tb", true),
            (r"\w", "é", false),
            (r"\W", "é", true),
            (r"\\d", r"\d", true),
            (r"a\++", "a++", true),
            (r"[*+]+", "*+", true),
            (r"(?:a+)+", "aaa", true),
            (r"a+?", "aa", true),
            (r"a{2}", "aa", true),
            ("a|b", "b", true),
            ("a|b", "ab", false),
        ] {
            assert_eq!(whole(java).map(|regex| regex.is_match(text)), Ok(expect), "{java} {text}");
        }
        for java in ["a++", "a*+", "a?+", "a{2}+", "(a)+b{1,3}+", "a\\"] {
            assert!(whole(java).is_err(), "{java}");
        }
    }
}
