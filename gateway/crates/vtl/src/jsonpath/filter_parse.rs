//! Compiling filters.

use super::PathError;
use super::filter::{Filter, Operand, Operator, Pattern};
use super::parse::Cursor;
use crate::limits::{PATTERN_STEPS_MAX, REGEX_BYTES_MAX};
use crate::{Value, json};

/// `a || b && c`, up to the closing parenthesis.
pub(super) fn expression(cursor: &mut Cursor<'_>) -> Result<Filter, PathError> {
    let mut alternatives = vec![conjunction(cursor)?];
    while has(cursor, "||") {
        alternatives.push(conjunction(cursor)?);
    }
    Ok(match alternatives.len() {
        1 => alternatives.remove(0),
        _ => Filter::Or(alternatives),
    })
}

fn conjunction(cursor: &mut Cursor<'_>) -> Result<Filter, PathError> {
    let mut parts = vec![term(cursor)?];
    while has(cursor, "&&") {
        parts.push(term(cursor)?);
    }
    Ok(match parts.len() {
        1 => parts.remove(0),
        _ => Filter::And(parts),
    })
}

/// `(…)`, `!…`, a comparison, or a path that has to exist.
fn term(cursor: &mut Cursor<'_>) -> Result<Filter, PathError> {
    cursor.skip_blanks();
    let mut is_negated = false;
    if cursor.peek() == Some(b'!') {
        cursor.at += 1;
        cursor.skip_blanks();
        if !matches!(cursor.peek(), Some(b'@' | b'$')) {
            cursor.nest()?;
            let negated = term(cursor)?;
            cursor.nesting -= 1;
            return Ok(Filter::Not(Box::new(negated)));
        }
        is_negated = true;
    }
    if cursor.peek() == Some(b'(') {
        cursor.nest()?;
        cursor.at += 1;
        let inner = expression(cursor)?;
        cursor.skip_blanks();
        cursor.expect(b')', "`)` was expected")?;
        cursor.nesting -= 1;
        return Ok(inner);
    }
    let left = operand(cursor)?;
    cursor.skip_blanks();
    if let Some(operator) = operator(cursor) {
        let right = operand(cursor)?;
        cursor.skip_blanks();
        return Ok(Filter::Compare { left, operator, right });
    }
    match left {
        Operand::Path(path) => Ok(Filter::Exists { path, expected: !is_negated }),
        _ => Err(cursor.error("an operator was expected")),
    }
}

fn has(cursor: &mut Cursor<'_>, operator: &str) -> bool {
    cursor.skip_blanks();
    let has = cursor.rest().starts_with(operator);
    if has {
        cursor.at += operator.len();
    }
    has
}

fn operator(cursor: &mut Cursor<'_>) -> Option<Operator> {
    let rest = cursor.rest();
    for (sign, operator) in Operator::SIGNS {
        if rest.starts_with(sign) {
            cursor.at += sign.len();
            return Some(operator);
        }
    }
    let word = rest.split(|char: char| !char.is_ascii_alphabetic()).next().unwrap_or_default();
    let operator = Operator::named(word)?;
    cursor.at += word.len();
    Some(operator)
}

fn operand(cursor: &mut Cursor<'_>) -> Result<Operand, PathError> {
    cursor.skip_blanks();
    match cursor.peek() {
        Some(b'@' | b'$') => {
            let was_in_filter = std::mem::replace(&mut cursor.in_filter, true);
            let path = cursor.path();
            cursor.in_filter = was_in_filter;
            path.map(Operand::Path)
        }
        Some(b'\'' | b'"') => Ok(Operand::Text(cursor.quoted()?.into())),
        Some(b'/') => pattern(cursor),
        Some(b'[' | b'{') => json_literal(cursor),
        _ => word(cursor),
    }
}

/// A number, `true`, `false` or `null`.
fn word(cursor: &mut Cursor<'_>) -> Result<Operand, PathError> {
    let rest = cursor.rest();
    let ends = |char: char| !(char.is_ascii_alphanumeric() || matches!(char, '-' | '+' | '.'));
    let text = rest.split(ends).next().unwrap_or_default();
    let literal = match text {
        "true" => Operand::Bool(true),
        "false" => Operand::Bool(false),
        "null" => Operand::Null,
        _ => match (text.parse(), text.parse()) {
            (Ok(integer), _) => Operand::Integer(integer),
            (_, Ok(float))
                if text.starts_with(|char: char| char == '-' || char.is_ascii_digit()) =>
            {
                Operand::Float(float)
            }
            _ => return Err(cursor.error("a path, a number, a text or a pattern was expected")),
        },
    };
    cursor.at += text.len();
    Ok(literal)
}

/// `/re/flags`
fn pattern(cursor: &mut Cursor<'_>) -> Result<Operand, PathError> {
    let start = cursor.at + 1;
    let bytes = cursor.text.as_bytes();
    let mut end = start;
    loop {
        match bytes.get(end) {
            Some(b'/') => break,
            Some(b'\\') => end += 2,
            Some(_) => end += 1,
            None => return Err(cursor.error("the pattern is not closed")),
        }
    }
    let source = &cursor.text[start..end];
    cursor.at = end + 1;
    let mut flags = String::new();
    while let Some(flag @ (b'd' | b'i' | b'x' | b'm' | b's' | b'u' | b'U')) = cursor.peek() {
        cursor.at += 1;
        // `d`, `u` and `U` are about line ends and letters beyond ASCII, which are ours already.
        if matches!(flag, b'i' | b'x' | b'm' | b's') && !flags.contains(char::from(flag)) {
            flags.push(char::from(flag));
        }
    }
    let flags = if flags.is_empty() { flags } else { format!("(?{flags})") };
    let whole = format!("{flags}\\A(?:{source})\\z");
    if let Ok(regex) = regex::RegexBuilder::new(&whole).size_limit(REGEX_BYTES_MAX).build() {
        return Ok(Operand::Pattern(Box::new(Pattern::Linear(regex))));
    }
    let mut builder = fancy_regex::RegexBuilder::new(&whole);
    builder.backtrack_limit(PATTERN_STEPS_MAX).delegate_size_limit(REGEX_BYTES_MAX);
    match builder.build() {
        Ok(regex) => Ok(Operand::Pattern(Box::new(Pattern::Backtracking(regex)))),
        Err(_) => Err(PathError { offset: start, message: "a regular expression was expected" }),
    }
}

/// `['a','b']` or `{'a':1}`
fn json_literal(cursor: &mut Cursor<'_>) -> Result<Operand, PathError> {
    let start = cursor.at;
    let bytes = cursor.text.as_bytes();
    let (mut depth, mut quote, mut end) = (0_usize, None, start);
    while let Some(byte) = bytes.get(end) {
        end += 1;
        match (quote, byte) {
            (Some(_), b'\\') => end += 1,
            (Some(open), byte) if open == *byte => quote = None,
            (Some(_), _) => {}
            (None, b'\'' | b'"') => quote = Some(*byte),
            (None, b'[' | b'{') => depth += 1,
            (None, b']' | b'}') => {
                depth -= 1;
                if depth == 0 {
                    break;
                }
            }
            _ => {}
        }
    }
    let text = cursor.text.get(start..end).filter(|_| depth == 0);
    let value = text.and_then(|text| json::parse(text).ok());
    let Some(operand) = value.and_then(|value| literal(&value)) else {
        return Err(cursor.error("a list or an object was expected"));
    };
    cursor.at = end;
    Ok(operand)
}

fn literal(value: &Value) -> Option<Operand> {
    Some(match value {
        Value::Null => Operand::Null,
        Value::Bool(value) => Operand::Bool(*value),
        Value::Integer(value) => Operand::Integer(i64::from(*value)),
        Value::Long(value) => Operand::Integer(*value),
        Value::Double(value) => Operand::Float(*value),
        Value::Big(_) | Value::Decimal(_) => Operand::Float(value.to_string().parse().ok()?),
        Value::String(text) => Operand::Text((**text).into()),
        Value::List(list) => {
            Operand::List(list.items.borrow().iter().map(literal).collect::<Option<_>>()?)
        }
        _ => {
            let mut text = String::new();
            json::write(value, json::Style::Plain, &mut text).ok()?;
            Operand::Object(text.into())
        }
    })
}
