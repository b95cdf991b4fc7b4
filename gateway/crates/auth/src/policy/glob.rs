//! Texts of policies: wildcards and policy variables.
//!
//! Cost of a match: at most the pattern's length times the value's, both bounded; the usual pattern, with
//! one `*` at its end, is compared once. Nothing is allocated unless the value is not ASCII or the text
//! has variables.

use std::borrow::Cow;

use super::{ConditionKeys, KeyValue};

/// One step of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token {
    /// This UTF-16 unit.
    Unit(u16),
    /// `?`: any one UTF-16 unit. Source: recorded behaviour, "a supplementary character needs `??`".
    One,
    /// `*`: any run, also an empty one.
    Run,
}

/// A text of a policy, with what in it is not literal.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Template {
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq)]
enum Part {
    Tokens(Vec<Token>),
    Variable { key: Box<str>, default: Option<Box<str>> },
}

/// A `${` that is no policy variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BadVariable;

/// What of a text is not literal.
#[derive(Debug, Clone, Copy)]
pub(super) struct Syntax {
    /// `*` and `?`.
    pub(super) wildcards: bool,
    /// `${…}`.
    pub(super) variables: bool,
}

impl Template {
    pub(super) fn parse(text: &str, syntax: Syntax) -> Result<Self, BadVariable> {
        let mut parts = Vec::new();
        let mut tokens = Vec::new();
        let mut rest = text;
        while let Some(character) = rest.chars().next() {
            if syntax.variables
                && let Some(inner) = rest.strip_prefix("${")
            {
                rest = match variable(inner).ok_or(BadVariable)? {
                    (Variable::Literal(character), rest) => {
                        push(&mut tokens, character);
                        rest
                    }
                    (Variable::Key { key, default }, rest) => {
                        parts.push(Part::Tokens(std::mem::take(&mut tokens)));
                        let (key, default) = (key.to_lowercase().into(), default.map(Box::from));
                        parts.push(Part::Variable { key, default });
                        rest
                    }
                };
                continue;
            }
            match character {
                '*' if syntax.wildcards => tokens.push(Token::Run),
                '?' if syntax.wildcards => tokens.push(Token::One),
                character => push(&mut tokens, character),
            }
            rest = &rest[character.len_utf8()..];
        }
        parts.push(Part::Tokens(tokens));
        Ok(Self { parts })
    }

    /// The steps, with variables replaced by what they stand for, which is literal; `None` when one of
    /// them has no value.
    pub(super) fn resolve(&self, keys: &dyn ConditionKeys) -> Option<Cow<'_, [Token]>> {
        if let [Part::Tokens(tokens)] = &self.parts[..] {
            return Some(Cow::Borrowed(tokens));
        }
        let mut all = Vec::new();
        for part in &self.parts {
            match part {
                Part::Tokens(tokens) => all.extend_from_slice(tokens),
                Part::Variable { key, default } => match (keys.value(key), default) {
                    (KeyValue::One(value), _) => literal(&mut all, &value),
                    (KeyValue::Absent, Some(default)) => literal(&mut all, default),
                    (KeyValue::Absent, None) | (KeyValue::Many(_), _) => return None,
                },
            }
        }
        Some(Cow::Owned(all))
    }

    /// What it takes in memory, roughly.
    pub(super) fn bytes(&self) -> usize {
        let parts = self.parts.iter().map(|part| match part {
            Part::Tokens(tokens) => size_of_val(&tokens[..]),
            Part::Variable { key, default } => {
                key.len() + default.as_ref().map_or(0, |default| default.len())
            }
        });
        size_of_val(&self.parts[..]) + parts.sum::<usize>()
    }

    /// Whether a variable stands before the fifth colon, where resources have none.
    pub(super) fn has_early_variable(&self) -> bool {
        let mut colons = 0;
        self.parts.iter().any(|part| match part {
            Part::Variable { .. } => colons < 5,
            Part::Tokens(tokens) => {
                colons += tokens.iter().filter(|token| **token == COLON).count();
                false
            }
        })
    }
}

pub(super) const COLON: Token = Token::Unit(b':' as u16);

fn push(tokens: &mut Vec<Token>, character: char) {
    tokens.extend(character.encode_utf16(&mut [0; 2]).iter().copied().map(Token::Unit));
}

fn literal(tokens: &mut Vec<Token>, text: &str) {
    tokens.extend(text.encode_utf16().map(Token::Unit));
}

enum Variable<'t> {
    /// `${*}`, `${?}`, `${$}`.
    Literal(char),
    /// `${key}`, `${key, 'default'}`.
    Key { key: &'t str, default: Option<&'t str> },
}

/// What stands behind `${`, and what follows it.
fn variable(inner: &str) -> Option<(Variable<'_>, &str)> {
    let end = inner.find([',', '}'])?;
    let (name, rest) = (inner[..end].trim(), &inner[end..]);
    if let Some(rest) = rest.strip_prefix('}') {
        let variable = match name {
            "*" | "?" | "$" => Variable::Literal(name.chars().next()?),
            "" => return None,
            key => Variable::Key { key, default: None },
        };
        return Some((variable, rest));
    }
    let rest = rest[1..].trim_start().strip_prefix('\'')?;
    let end = rest.find('\'')?;
    let (default, rest) = (&rest[..end], rest[end + 1..].trim_start().strip_prefix('}')?);
    (!name.is_empty()).then_some((Variable::Key { key: name, default: Some(default) }, rest))
}

/// A value to match, in UTF-16 units: its bytes where it is ASCII.
pub(super) enum Units<'v> {
    Ascii(&'v [u8]),
    Wide(Vec<u16>),
}

impl<'v> Units<'v> {
    pub(super) fn of(value: &'v str) -> Self {
        match value.is_ascii() {
            true => Self::Ascii(value.as_bytes()),
            false => Self::Wide(value.encode_utf16().collect()),
        }
    }

    /// Whether the whole value matches.
    pub(super) fn matches(&self, pattern: &[Token]) -> bool {
        match self {
            Self::Ascii(units) => matches(pattern, units, u16::from),
            Self::Wide(units) => matches(pattern, units, |unit| unit),
        }
    }

    /// Whether the whole value matches a pattern in lower case, whatever its own case. ASCII only: names
    /// of actions are.
    pub(super) fn matches_lower(&self, pattern: &[Token]) -> bool {
        match self {
            Self::Ascii(units) => matches(pattern, units, |unit| unit.to_ascii_lowercase().into()),
            Self::Wide(units) => matches(pattern, units, |unit| unit),
        }
    }
}

/// On a mismatch only the last `*` takes one unit more: what stood before it has matched as early as it
/// can, so that no other way could match where this one does not.
fn matches<U: Copy>(pattern: &[Token], value: &[U], unit: impl Fn(U) -> u16) -> bool {
    let (mut p, mut v) = (0, 0);
    let mut retry = None;
    loop {
        let is_step = match (pattern.get(p), value.get(v)) {
            (None, None) => return true,
            (Some(Token::Run), _) => {
                if p + 1 == pattern.len() {
                    return true;
                }
                retry = Some((p + 1, v));
                p += 1;
                continue;
            }
            (Some(Token::One), Some(_)) => true,
            (Some(Token::Unit(wanted)), Some(&is)) => *wanted == unit(is),
            (None, Some(_)) => false,
            (Some(_), None) => return false,
        };
        if is_step {
            (p, v) = (p + 1, v + 1);
            continue;
        }
        let Some((after, from)) = retry else { return false };
        retry = Some((after, from + 1));
        (p, v) = (after, from + 1);
    }
}
