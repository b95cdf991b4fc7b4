//! Numbers and booleans.

use num_bigint::BigInt;

use crate::render::{Number, Rendered, compare_numbers};
use crate::{RenderError, Value};

use super::text;

fn parsed<T: std::str::FromStr>(text: &str) -> Result<T, RenderError> {
    text.parse().map_err(|_| RenderError::thrown(format!("`{text}` is no such number")))
}

/// `receiver.name(arguments)`
pub(super) fn call(receiver: &Value, name: &str, arguments: &[Value]) -> Rendered<Option<Value>> {
    if let Value::Bool(value) = receiver {
        return boolean(*value, name, arguments);
    }
    let Some(number) = Number::of(receiver) else { return Ok(None) };
    Ok(match (name, arguments) {
        ("intValue", []) => Some(Value::Integer(number.int_value())),
        ("shortValue", []) => Some(Value::Integer((number.int_value() as i16).into())),
        ("byteValue", []) => Some(Value::Integer((number.int_value() as i8).into())),
        ("longValue", []) => Some(Value::Long(number.long_value())),
        ("doubleValue", []) => Some(Value::Double(number.double_value())),
        ("floatValue", []) => text(float_text(number.double_value() as f32)),
        ("compareTo", [other]) => {
            if super::class(receiver) != super::class(other) {
                return Err(
                    RenderError::thrown("`compareTo` of values of different classes").into()
                );
            }
            let other = Number::of(other);
            other.map(|other| Value::Integer(compare_numbers(&number, &other) as i32))
        }
        _ => return of_class(receiver, name, arguments),
    })
}

/// Static methods, which Java lets be called on a value, and what only one class has.
fn of_class(receiver: &Value, name: &str, arguments: &[Value]) -> Rendered<Option<Value>> {
    Ok(match (receiver, name, arguments) {
        (Value::Integer(_), "parseInt" | "valueOf", [Value::String(text)]) => {
            Some(Value::Integer(parsed(text)?))
        }
        (
            Value::Integer(_),
            "parseInt" | "valueOf",
            [Value::String(text), Value::Integer(radix)],
        ) => Some(Value::Integer(in_radix(text, *radix)?)),
        (Value::Integer(_), "valueOf", [Value::Integer(value)]) => Some(Value::Integer(*value)),
        (Value::Integer(_), "toString", [Value::Integer(value)]) => text(value.to_string()),
        (Value::Integer(_), "toHexString", [Value::Integer(value)]) => text(format!("{value:x}")),
        (Value::Integer(_), "toBinaryString", [Value::Integer(value)]) => {
            text(format!("{value:b}"))
        }
        (Value::Integer(_), "toOctalString", [Value::Integer(value)]) => text(format!("{value:o}")),
        (Value::Integer(_), "max", [Value::Integer(a), Value::Integer(b)]) => {
            Some(Value::Integer(*a.max(b)))
        }
        (Value::Integer(_), "min", [Value::Integer(a), Value::Integer(b)]) => {
            Some(Value::Integer(*a.min(b)))
        }
        (Value::Integer(_), "sum", [Value::Integer(a), Value::Integer(b)]) => {
            Some(Value::Integer(a.wrapping_add(*b)))
        }
        (Value::Integer(_), "signum", [Value::Integer(value)]) => {
            Some(Value::Integer(value.signum()))
        }
        (Value::Integer(_), "compare", [Value::Integer(a), Value::Integer(b)]) => {
            Some(Value::Integer(a.cmp(b) as i32))
        }
        (Value::Long(_), "parseLong" | "valueOf", [Value::String(text)]) => {
            Some(Value::Long(parsed(text)?))
        }
        (Value::Long(_), "valueOf", [Value::Integer(value)]) => Some(Value::Long((*value).into())),
        (Value::Long(_), "valueOf", [Value::Long(value)]) => Some(Value::Long(*value)),
        (Value::Double(_), "parseDouble" | "valueOf", [Value::String(text)]) => {
            Some(Value::Double(parsed(text.trim().trim_end_matches(['d', 'D', 'f', 'F']))?))
        }
        (Value::Double(_), "valueOf", [value]) => {
            Number::of(value).map(|value| Value::Double(value.double_value()))
        }
        (Value::Double(value), "isNaN", []) => Some(Value::Bool(value.is_nan())),
        (Value::Double(value), "isInfinite", []) => Some(Value::Bool(value.is_infinite())),
        (Value::Big(value), "negate", []) => Some(Value::Big((-(**value).clone()).into())),
        (Value::Big(value), "add", [Value::Big(other)]) => {
            Some(Value::Big((&**value + &**other).into()))
        }
        (Value::Big(_), "valueOf", [value]) => match value {
            Value::Integer(_) | Value::Long(_) => {
                Number::of(value).map(|value| Value::Big(BigInt::from(value.long_value()).into()))
            }
            _ => None,
        },
        _ => None,
    })
}

fn in_radix(text: &str, radix: i32) -> Result<i32, RenderError> {
    let radix = u32::try_from(radix).ok().filter(|radix| (2..=36).contains(radix));
    let radix = radix.ok_or_else(|| RenderError::thrown("a radix is from 2 to 36"))?;
    i32::from_str_radix(text, radix)
        .map_err(|_| RenderError::thrown(format!("`{text}` is no such number")))
}

fn float_text(value: f32) -> String {
    let mut text = String::new();
    let shortest: f64 = value.to_string().parse().unwrap_or(f64::NAN);
    // Writing to a string does not fail.
    let _ = crate::value::double_text(shortest, &mut text);
    text
}

fn boolean(value: bool, name: &str, arguments: &[Value]) -> Rendered<Option<Value>> {
    Ok(match (name, arguments) {
        ("booleanValue", []) => Some(Value::Bool(value)),
        ("compareTo", [Value::Bool(other)]) => Some(Value::Integer(value.cmp(other) as i32)),
        ("compareTo", [_]) => {
            return Err(RenderError::thrown("`compareTo` of values of different classes").into());
        }
        ("parseBoolean" | "valueOf", [Value::String(text)]) => {
            Some(Value::Bool(text.eq_ignore_ascii_case("true")))
        }
        ("valueOf", [Value::Bool(value)]) => Some(Value::Bool(*value)),
        ("toString", [Value::Bool(value)]) => text(value.to_string()),
        ("logicalAnd", [Value::Bool(a), Value::Bool(b)]) => Some(Value::Bool(*a && *b)),
        ("logicalOr", [Value::Bool(a), Value::Bool(b)]) => Some(Value::Bool(*a || *b)),
        ("logicalXor", [Value::Bool(a), Value::Bool(b)]) => Some(Value::Bool(a != b)),
        _ => None,
    })
}
