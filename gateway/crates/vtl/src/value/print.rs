//! Printing as Java's `toString`.

use std::fmt::{self, Write};

use crate::{List, ListKind, Map, Value, json};

/// How deep a value may nest to be printed. Java's own recursion ends with a stack overflow, some thousand levels down.
pub(crate) const PRINT_DEPTH_MAX: usize = 512;

impl fmt::Display for Value {
    /// As Java's `toString`; an error where it nests too deeply, as a list that contains itself does.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_value(self, f, 0)
    }
}

pub(crate) fn write_value(value: &Value, out: &mut dyn Write, depth: usize) -> fmt::Result {
    match value {
        Value::Null => out.write_str("null"),
        Value::Bool(value) => out.write_str(if *value { "true" } else { "false" }),
        Value::Integer(value) => write!(out, "{value}"),
        Value::Long(value) => write!(out, "{value}"),
        Value::Big(value) => write!(out, "{value}"),
        Value::Double(value) => double(*value, out),
        Value::Decimal(text) | Value::String(text) => out.write_str(text),
        Value::List(_) | Value::Map(_) if depth >= PRINT_DEPTH_MAX => Err(fmt::Error),
        Value::List(list) => write_list(list, out, depth),
        Value::Map(map) => write_map(map, out, depth),
        Value::Root(_) => Ok(()),
        Value::Object(object) => object.print(out, depth),
    }
}

fn write_list(list: &List, out: &mut dyn Write, depth: usize) -> fmt::Result {
    match list.kind {
        ListKind::JsonArray => json::write_list(list, json::Style::Slash, out, depth),
        // Java prints the array's identity hash here.
        ListKind::StringArray => out.write_str("[Ljava.lang.String;@0"),
        ListKind::ArrayList | ListKind::View => {
            out.write_char('[')?;
            for (index, item) in list.items.borrow().iter().enumerate() {
                if index > 0 {
                    out.write_str(", ")?;
                }
                match item {
                    Value::List(inner) if std::rc::Rc::ptr_eq(&inner.items, &list.items) => {
                        out.write_str("(this Collection)")?;
                    }
                    item => write_value(item, out, depth + 1)?,
                }
            }
            out.write_char(']')
        }
    }
}

fn write_map(map: &Map, out: &mut dyn Write, depth: usize) -> fmt::Result {
    out.write_char('{')?;
    for (index, (key, value)) in map.entries().iter().enumerate() {
        if index > 0 {
            out.write_str(", ")?;
        }
        out.write_str(key)?;
        out.write_char('=')?;
        match value {
            Value::Map(inner) if inner.is_same(map) => out.write_str("(this Map)")?,
            value => write_value(value, out, depth + 1)?,
        }
    }
    out.write_char('}')
}

/// `Double.toString`: at least one digit after the point, and an exponent from 10^7 up and below 10^-3.
pub(crate) fn double(value: f64, out: &mut dyn Write) -> fmt::Result {
    if value.is_nan() {
        return out.write_str("NaN");
    }
    if value.is_infinite() {
        return out.write_str(if value > 0.0 { "Infinity" } else { "-Infinity" });
    }
    let size = value.abs();
    if size == 0.0 || (1e-3..1e7).contains(&size) {
        // Rust's `{:?}` has the shortest digits, and `.0` where there is no fraction.
        return write!(out, "{value:?}");
    }
    let text = format!("{value:e}");
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let point = if digits.contains('.') { "" } else { ".0" };
    write!(out, "{digits}{point}E{exponent}")
}
