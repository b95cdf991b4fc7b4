//! The writer.

use std::fmt::{self, Write};

use crate::value::{PRINT_DEPTH_MAX, double_text};
use crate::{List, Value};

/// How strings are escaped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// As `$input.json` does.
    Plain,
    /// As a JSON array prints itself: with `\/` for `/`.
    Slash,
}

/// Writes `value` as compact JSON, keys in their order.
///
/// # Errors
///
/// Where it nests too deeply, as a list that contains itself does, or where `out` fails.
pub fn write(value: &Value, style: Style, out: &mut dyn Write) -> fmt::Result {
    write_value(value, style, out, 0)
}

/// Writes a list at `depth`.
pub(crate) fn write_list(
    list: &List,
    style: Style,
    out: &mut dyn Write,
    depth: usize,
) -> fmt::Result {
    out.write_char('[')?;
    for (index, item) in list.items.borrow().iter().enumerate() {
        if index > 0 {
            out.write_char(',')?;
        }
        write_value(item, style, out, depth + 1)?;
    }
    out.write_char(']')
}

fn write_value(value: &Value, style: Style, out: &mut dyn Write, depth: usize) -> fmt::Result {
    match value {
        Value::Null => out.write_str("null"),
        Value::Bool(value) => out.write_str(if *value { "true" } else { "false" }),
        Value::Integer(value) => write!(out, "{value}"),
        Value::Long(value) => write!(out, "{value}"),
        Value::Big(value) => write!(out, "{value}"),
        Value::Double(value) if value.is_infinite() => out.write_str("null"),
        Value::Double(value) => double_text(*value, out),
        Value::Decimal(text) => out.write_str(text),
        Value::String(text) => write_string(text, style, out),
        Value::List(_) | Value::Map(_) if depth >= PRINT_DEPTH_MAX => Err(fmt::Error),
        Value::List(list) => write_list(list, style, out, depth),
        Value::Map(map) => {
            out.write_char('{')?;
            for (index, (key, value)) in map.entries().iter().enumerate() {
                if index > 0 {
                    out.write_char(',')?;
                }
                write_string(key, style, out)?;
                out.write_char(':')?;
                write_value(value, style, out, depth + 1)?;
            }
            out.write_char('}')
        }
        // What is no JSON is written as its text.
        other => write_string(&other.to_string(), style, out),
    }
}

fn write_string(text: &str, style: Style, out: &mut dyn Write) -> fmt::Result {
    out.write_char('"')?;
    let mut plain = 0;
    for (at, char) in text.char_indices() {
        let escape = match char {
            '"' => "\\\"",
            '\\' => "\\\\",
            '\u{8}' => "\\b",
            '\u{c}' => "\\f",
            '\n' => "\\n",
            '\r' => "\\r",
            '\t' => "\\t",
            '/' if style == Style::Slash => "\\/",
            '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{2000}'..='\u{20ff}' => "",
            _ => continue,
        };
        out.write_str(&text[plain..at])?;
        plain = at + char.len_utf8();
        if escape.is_empty() {
            write!(out, "\\u{:04X}", u32::from(char))?;
        } else {
            out.write_str(escape)?;
        }
    }
    out.write_str(&text[plain..])?;
    out.write_char('"')
}

/// Appends `\uXXXX`, in upper case.
pub(crate) fn push_unicode_escape(unit: u16, out: &mut String) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    out.push_str("\\u");
    for shift in [12, 8, 4, 0] {
        out.push(char::from(DIGITS[usize::from(unit >> shift & 15)]));
    }
}
