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
    let mut rest = text;
    // Most strings have nothing to escape, and of those that have, most of their bytes.
    while let Some(at) = rest.bytes().position(|byte| MAY_ESCAPE[usize::from(byte)]) {
        let (plain, special) = rest.split_at(at);
        out.write_str(plain)?;
        let mut chars = special.chars();
        if let Some(char) = chars.next() {
            write_char(char, style, out)?;
        }
        rest = chars.as_str();
    }
    out.write_str(rest)?;
    out.write_char('"')
}

/// The bytes that start a character that one of the styles escapes.
const MAY_ESCAPE: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = byte < 0x20
            || matches!(byte as u8, b'"' | b'\\' | b'/' | 0x7f)
            // U+0080 to U+009F, and U+2000 to U+20FF.
            || matches!(byte, 0xc2 | 0xe2);
        byte += 1;
    }
    table
};

fn write_char(char: char, style: Style, out: &mut dyn Write) -> fmt::Result {
    let escape = match char {
        '"' => "\\\"",
        '\\' => "\\\\",
        '\u{8}' => "\\b",
        '\u{c}' => "\\f",
        '\n' => "\\n",
        '\r' => "\\r",
        '\t' => "\\t",
        '/' if style == Style::Slash => "\\/",
        '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{2000}'..='\u{20ff}' => {
            return write!(out, "\\u{:04X}", u32::from(char));
        }
        char => return out.write_char(char),
    };
    out.write_str(escape)
}

/// Appends `\uXXXX`, in upper case.
pub(crate) fn push_unicode_escape(unit: u16, out: &mut String) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    out.push_str("\\u");
    for shift in [12, 8, 4, 0] {
        out.push(char::from(DIGITS[usize::from(unit >> shift & 15)]));
    }
}
