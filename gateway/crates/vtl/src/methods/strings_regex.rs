//! Methods of strings that replace and split.

use crate::program::Prepared;
use crate::regex::{Match, Pattern};
use crate::render::{Rendered, Renderer};
use crate::{ListKind, Reason, RenderError, Text, Value};

use super::{Object, new_list, text};

/// `text.name(arguments)`; `None` where it is none of these.
pub(super) fn call(
    renderer: &mut Renderer<'_>,
    receiver: &Text,
    name: &str,
    arguments: &[Value],
    prepared: &Prepared,
) -> Rendered<Option<Value>> {
    if name == "replace" {
        return replace(renderer, receiver, arguments);
    }
    let (source, rest) = match (name, arguments) {
        ("matches", [Value::String(source)])
        | ("split", [Value::String(source)] | [Value::String(source), Value::Integer(_)]) => {
            (source, &arguments[1..])
        }
        ("replaceAll" | "replaceFirst", [Value::String(source), Value::String(_)]) => {
            (source, &arguments[1..])
        }
        _ => return Ok(None),
    };
    let made;
    let pattern = match prepared {
        Prepared::Pattern(pattern) => pattern,
        _ => {
            made = renderer.pattern(source)?;
            &*made
        }
    };
    Ok(match (name, rest) {
        ("matches", _) => Some(Value::Bool(pattern.matches(receiver, &mut renderer.budget)?)),
        ("split", [Value::Integer(limit)]) => split(renderer, receiver, pattern, *limit)?,
        ("split", _) => split(renderer, receiver, pattern, 0)?,
        (_, [Value::String(replacement)]) => {
            text(substitute(renderer, receiver, pattern, replacement, name == "replaceFirst")?)
        }
        _ => None,
    })
}

/// `replace`: not a regular expression.
fn replace(
    renderer: &mut Renderer<'_>,
    receiver: &Text,
    arguments: &[Value],
) -> Rendered<Option<Value>> {
    let (from, to) = match arguments {
        [Value::String(from), Value::String(to)] => (from.to_string(), to.to_string()),
        [Value::Object(Object::Char(from)), Value::Object(Object::Char(to))] => {
            (from.to_string(), to.to_string())
        }
        _ => return Ok(None),
    };
    let count = receiver.matches(&from).count();
    let len = receiver
        .len()
        .saturating_sub(count.saturating_mul(from.len()))
        .saturating_add(count.saturating_mul(to.len()));
    if len > renderer.budget.bytes_left() {
        return Err(RenderError::spent(Reason::Values).into());
    }
    Ok(text(receiver.replace(&from, &to)))
}

fn split(
    renderer: &mut Renderer<'_>,
    receiver: &Text,
    pattern: &Pattern,
    limit: i32,
) -> Rendered<Option<Value>> {
    let mut parts: Vec<Value> = Vec::new();
    let mut start = 0;
    let pieces_max = usize::try_from(limit).ok().filter(|limit| *limit > 0).unwrap_or(usize::MAX);
    pattern.each(receiver, &mut renderer.budget, |_, found| {
        let (from, to) = found.range();
        if parts.len() + 1 >= pieces_max {
            return Ok(false);
        }
        // A match without width at the beginning splits nothing off.
        if to > 0 || from > 0 {
            parts.push(Value::from(&receiver[start..from]));
            start = to;
        }
        Ok(true)
    })?;
    if parts.is_empty() {
        parts.push(Value::String(receiver.clone()));
    } else {
        parts.push(Value::from(&receiver[start..]));
        if limit == 0 {
            while matches!(parts.last(), Some(Value::String(part)) if part.is_empty()) {
                parts.pop();
            }
        }
    }
    renderer.budget.values(parts.len())?;
    renderer.budget.bytes(receiver.len())?;
    Ok(new_list(ListKind::StringArray, parts))
}

fn substitute(
    renderer: &mut Renderer<'_>,
    receiver: &str,
    pattern: &Pattern,
    replacement: &str,
    only_first: bool,
) -> Rendered<String> {
    let mut out = String::new();
    let mut copied = 0;
    let bytes_max = renderer.budget.bytes_left();
    pattern.each(receiver, &mut renderer.budget, |_, found| {
        let (start, end) = found.range();
        out.push_str(&receiver[copied..start]);
        expand(&mut out, receiver, pattern, &found, replacement)?;
        copied = end;
        if out.len() > bytes_max {
            return Err(RenderError::spent(Reason::Values));
        }
        Ok(!only_first)
    })?;
    out.push_str(&receiver[copied..]);
    Ok(out)
}

/// Adds a replacement: `$1` and `${name}` are groups, `\` takes what follows as it is.
fn expand(
    out: &mut String,
    receiver: &str,
    pattern: &Pattern,
    found: &Match,
    replacement: &str,
) -> Result<(), RenderError> {
    let illegal =
        |what: &str| RenderError::thrown(format!("the replacement `{replacement}` {what}"));
    let mut rest = replacement.chars().peekable();
    while let Some(character) = rest.next() {
        match character {
            '\\' => out.push(rest.next().ok_or_else(|| illegal("ends with `\\`"))?),
            '$' => {
                let group = if rest.next_if_eq(&'{').is_some() {
                    let mut name = String::new();
                    loop {
                        match rest.next() {
                            Some('}') => break,
                            Some(letter) => name.push(letter),
                            None => return Err(illegal("has a `${` without `}`")),
                        }
                    }
                    pattern
                        .group(&name)
                        .ok_or_else(|| illegal("names a group that is not there"))?
                } else {
                    let first = rest.next().and_then(|digit| digit.to_digit(10));
                    let mut group = first
                        .ok_or_else(|| illegal("has a `$` without a group; `\\$` is a dollar"))?
                        as usize;
                    if group >= found.groups.len() {
                        return Err(illegal("refers to a group that is not there"));
                    }
                    while let Some(digit) = rest.peek().and_then(|digit| digit.to_digit(10)) {
                        let longer = group * 10 + digit as usize;
                        if longer >= found.groups.len() {
                            break;
                        }
                        group = longer;
                        rest.next();
                    }
                    group
                };
                if let Some((start, end)) = found.groups.get(group).copied().flatten() {
                    out.push_str(&receiver[start..end]);
                }
            }
            other => out.push(other),
        }
    }
    Ok(())
}
