//! Strings. Java counts UTF-16 units, so do indexes here.

use crate::program::Prepared;
use crate::render::{Rendered, Renderer};
use crate::{ListKind, RenderError, Text, Value};

use super::{Object, format, new_list, strings_regex, text};

fn truth(value: bool) -> Option<Value> {
    Some(Value::Bool(value))
}

fn integer(value: usize) -> Option<Value> {
    Some(Value::Integer(i32::try_from(value).unwrap_or(i32::MAX)))
}

/// How many UTF-16 units a text has.
fn length(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.encode_utf16().count() }
}

/// The units from `from` to before `to`.
fn slice(text: &str, from: usize, to: usize) -> String {
    if text.is_ascii() {
        return text[from..to].to_owned();
    }
    let units = text.encode_utf16().skip(from).take(to - from);
    // Half a surrogate pair becomes `?` when Java writes it as UTF-8.
    char::decode_utf16(units).map(|unit| unit.unwrap_or('?')).collect()
}

/// The index in units of a byte of `text`.
fn units(text: &str, byte: usize) -> usize {
    length(&text[..byte])
}

/// The byte at which unit `index` begins; the end where there are fewer.
fn byte(text: &str, index: usize) -> usize {
    if text.is_ascii() {
        return index.min(text.len());
    }
    let mut unit = 0;
    for (at, character) in text.char_indices() {
        if unit >= index {
            return at;
        }
        unit += character.len_utf16();
    }
    text.len()
}

fn range(text: &str, from: i32, to: i32) -> Result<(usize, usize), RenderError> {
    let length = length(text);
    match (usize::try_from(from), usize::try_from(to)) {
        (Ok(from), Ok(to)) if from <= to && to <= length => Ok((from, to)),
        _ => Err(RenderError::thrown(format!(
            "substring({from}, {to}) of a text of {length} characters"
        ))),
    }
}

/// What is looked for: a string, or a character by its number.
fn needle(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.to_string()),
        Value::Integer(code) => Some(
            u32::try_from(*code)
                .ok()
                .and_then(char::from_u32)
                .map_or_else(String::new, String::from),
        ),
        Value::Object(Object::Char(character)) => Some(character.to_string()),
        _ => None,
    }
}

/// What Java's `trim()` takes away.
fn is_trimmed(character: char) -> bool {
    character <= ' '
}

/// `Character.isWhitespace`
pub(super) fn is_white(character: char) -> bool {
    let breaks_not = matches!(character, '\u{A0}' | '\u{2007}' | '\u{202F}' | '\u{85}');
    character.is_whitespace() && !breaks_not || ('\u{1C}'..='\u{1F}').contains(&character)
}

pub(super) fn bytes(text: &str) -> Value {
    let bytes = text.bytes().map(|byte| Value::Integer(byte.cast_signed().into())).collect();
    Value::List(crate::List::new(ListKind::StringArray, bytes))
}

/// `text.name(arguments)`
pub(super) fn call(
    renderer: &mut Renderer<'_>,
    receiver: &Text,
    name: &str,
    arguments: &[Value],
    prepared: &Prepared,
) -> Rendered<Option<Value>> {
    renderer.budget.bytes_moved(receiver.len())?;
    let found = match arguments {
        [] => plain(receiver, name)?,
        [Value::Integer(index)] => match at_index(renderer, receiver, name, *index)? {
            Some(found) => Some(found),
            None => with_text(receiver, name, arguments)?,
        },
        [Value::Integer(from), Value::Integer(to)] => match name {
            "substring" | "subSequence" => {
                let (from, to) = range(receiver, *from, *to)?;
                text(slice(receiver, from, to))
            }
            "indexOf" | "lastIndexOf" => index_of(receiver, name, arguments),
            _ => None,
        },
        _ => match strings_regex::call(renderer, receiver, name, arguments, prepared)? {
            Some(found) => Some(found),
            None => with_text(receiver, name, arguments)?,
        },
    };
    let found = match found {
        Some(found) => Some(found),
        None => static_method(renderer, name, arguments)?,
    };
    if let Some(Value::String(made)) = &found
        && !made.is_same(receiver)
    {
        renderer.budget.bytes(made.len())?;
    }
    Ok(found)
}

fn plain(receiver: &Text, name: &str) -> Rendered<Option<Value>> {
    Ok(match name {
        "length" => integer(length(receiver)),
        "isEmpty" => truth(receiver.is_empty()),
        "isBlank" => truth(receiver.chars().all(is_white)),
        "trim" => text(receiver.trim_matches(is_trimmed)),
        "strip" => text(receiver.trim_matches(is_white)),
        "stripLeading" => text(receiver.trim_start_matches(is_white)),
        "stripTrailing" => text(receiver.trim_end_matches(is_white)),
        "toUpperCase" => text(receiver.to_uppercase()),
        "toLowerCase" => text(receiver.to_lowercase()),
        "intern" => Some(Value::String(receiver.clone())),
        "getBytes" => Some(bytes(receiver)),
        "toCharArray" => new_list(
            ListKind::StringArray,
            receiver.chars().map(|character| Value::Object(Object::Char(character))).collect(),
        ),
        _ => None,
    })
}

fn at_index(
    renderer: &mut Renderer<'_>,
    receiver: &Text,
    name: &str,
    index: i32,
) -> Rendered<Option<Value>> {
    let length = length(receiver);
    Ok(match name {
        "charAt" | "codePointAt" => {
            let at = usize::try_from(index).ok().filter(|at| *at < length);
            let at = at.ok_or_else(|| {
                RenderError::thrown(format!("{name}({index}) of a text of {length} characters"))
            })?;
            let unit = receiver.encode_utf16().nth(at).unwrap_or_default();
            if name == "charAt" {
                Some(Value::Object(Object::Char(char::from_u32(unit.into()).unwrap_or('?'))))
            } else {
                let character = receiver[byte(receiver, at)..].chars().next().unwrap_or_default();
                Some(Value::Integer((character as u32).cast_signed()))
            }
        }
        "substring" => {
            let (from, to) = range(receiver, index, i32::try_from(length).unwrap_or(i32::MAX))?;
            text(slice(receiver, from, to))
        }
        "repeat" => {
            let count = usize::try_from(index)
                .map_err(|_| RenderError::thrown("`repeat` of a negative count"))?;
            renderer.budget.bytes(receiver.len().saturating_mul(count))?;
            text(receiver.repeat(count))
        }
        "indexOf" | "lastIndexOf" => index_of(receiver, name, &[Value::Integer(index)]),
        _ => None,
    })
}

fn index_of(receiver: &str, name: &str, arguments: &[Value]) -> Option<Value> {
    let needle = needle(arguments.first()?)?;
    let from = match arguments.get(1) {
        None => None,
        Some(Value::Integer(from)) => Some(*from),
        Some(_) => return None,
    };
    let found = if name == "indexOf" {
        let start = byte(receiver, usize::try_from(from.unwrap_or(0)).unwrap_or(0));
        receiver[start..].find(&needle).map(|at| start + at)
    } else {
        match from {
            None => receiver.rfind(&needle),
            Some(..0) => None,
            Some(from) => {
                let last = byte(receiver, usize::try_from(from).unwrap_or(0));
                let end = (last + needle.len()).min(receiver.len());
                let end = (end..=receiver.len())
                    .find(|end| receiver.is_char_boundary(*end))
                    .unwrap_or(receiver.len());
                receiver[..end].rfind(&needle)
            }
        }
    };
    Some(Value::Integer(
        found.map_or(-1, |at| i32::try_from(units(receiver, at)).unwrap_or(i32::MAX)),
    ))
}

fn with_text(receiver: &Text, name: &str, arguments: &[Value]) -> Rendered<Option<Value>> {
    Ok(match (name, arguments) {
        ("contains", [Value::String(part)]) => truth(receiver.contains(&**part)),
        ("startsWith", [Value::String(part)]) => truth(receiver.starts_with(&**part)),
        ("startsWith", [Value::String(part), Value::Integer(from)]) => {
            let at = usize::try_from(*from).ok().filter(|from| *from <= length(receiver));
            truth(at.is_some_and(|at| receiver[byte(receiver, at)..].starts_with(&**part)))
        }
        ("endsWith", [Value::String(part)]) => truth(receiver.ends_with(&**part)),
        ("equalsIgnoreCase", [Value::String(other)]) => truth(folded(receiver).eq(folded(other))),
        ("equalsIgnoreCase", [Value::Null]) => truth(false),
        ("contentEquals", [Value::String(other)]) => truth(receiver == other),
        ("compareTo", [Value::String(other)]) => {
            Some(Value::Integer(compare(receiver.encode_utf16(), other.encode_utf16())))
        }
        ("compareToIgnoreCase", [Value::String(other)]) => {
            let units = |text: &str| {
                text.chars()
                    .flat_map(char::to_uppercase)
                    .flat_map(char::to_lowercase)
                    .collect::<String>()
            };
            Some(Value::Integer(compare(
                units(receiver).encode_utf16(),
                units(other).encode_utf16(),
            )))
        }
        ("compareTo", [_]) => {
            return Err(RenderError::thrown("`compareTo` of values of different classes").into());
        }
        ("concat", [Value::String(other)]) => text([&**receiver, other].concat()),
        ("indexOf" | "lastIndexOf", [_] | [_, _]) => index_of(receiver, name, arguments),
        ("contains" | "concat" | "startsWith" | "endsWith", [Value::Null]) => {
            return Err(RenderError::thrown(format!("`{name}` of nothing")).into());
        }
        _ => None,
    })
}

fn folded(text: &str) -> impl Iterator<Item = char> + '_ {
    text.chars().flat_map(char::to_uppercase).flat_map(char::to_lowercase)
}

fn compare(
    left: impl Iterator<Item = u16> + Clone,
    right: impl Iterator<Item = u16> + Clone,
) -> i32 {
    let differ = left.clone().zip(right.clone()).find(|(left, right)| left != right);
    match differ {
        Some((left, right)) => i32::from(left) - i32::from(right),
        None => {
            i32::try_from(left.count()).unwrap_or(i32::MAX)
                - i32::try_from(right.count()).unwrap_or(i32::MAX)
        }
    }
}

/// Static methods, which Java lets be called on any string.
fn static_method(
    renderer: &mut Renderer<'_>,
    name: &str,
    arguments: &[Value],
) -> Rendered<Option<Value>> {
    Ok(match (name, arguments) {
        ("format", [Value::String(pattern), rest @ ..]) => {
            let formatted = format::format(renderer, pattern, rest)?;
            text(formatted)
        }
        ("valueOf" | "copyValueOf", [value])
            if name == "valueOf" || matches!(value, Value::List(_)) =>
        {
            match value {
                Value::List(list) if list.kind == ListKind::StringArray => {
                    let items = list.items.borrow().to_vec();
                    let mut all = String::new();
                    for item in items {
                        all.push_str(&renderer.text(&item)?);
                    }
                    text(all)
                }
                value => Some(Value::String(renderer.text(value)?)),
            }
        }
        ("join", [Value::String(between), rest @ ..]) if !rest.is_empty() => {
            let parts = match rest {
                [Value::List(list)] => list.items.borrow().to_vec(),
                parts
                    if parts.iter().all(|part| matches!(part, Value::String(_) | Value::Null)) =>
                {
                    parts.to_vec()
                }
                _ => return Ok(None),
            };
            let mut all = String::new();
            for (index, part) in parts.iter().enumerate() {
                if !matches!(part, Value::String(_) | Value::Null) {
                    return Err(RenderError::thrown("`join` of what is no string").into());
                }
                if index > 0 {
                    all.push_str(between);
                }
                all.push_str(&renderer.text(part)?);
                if all.len() > renderer.budget.bytes_left() {
                    return Err(RenderError::spent(crate::Reason::Values).into());
                }
            }
            text(all)
        }
        _ => None,
    })
}
