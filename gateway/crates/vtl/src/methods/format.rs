//! `String.format`.

use crate::render::{Number, Rendered, Renderer};
use crate::{Reason, RenderError, Value};

use super::Object;

/// The widest field. Java has no bound; what is wider than this is no text.
const WIDTH_MAX: usize = 4096;

/// `%[index$][flags][width][.precision]conversion`
#[derive(Default)]
struct Field {
    index: Option<usize>,
    left: bool,
    zero: bool,
    plus: bool,
    space: bool,
    group: bool,
    alternate: bool,
    parentheses: bool,
    width: usize,
    precision: Option<usize>,
    conversion: char,
}

fn illegal(pattern: &str, what: &str) -> RenderError {
    RenderError::thrown(format!("the format `{pattern}` {what}"))
}

/// Formats `arguments` as `pattern` says.
pub(super) fn format(
    renderer: &mut Renderer<'_>,
    pattern: &str,
    arguments: &[Value],
) -> Rendered<String> {
    let mut out = String::new();
    let mut rest = pattern.chars().peekable();
    let mut next = 0;
    while let Some(character) = rest.next() {
        if character != '%' {
            out.push(character);
            continue;
        }
        let field = field(pattern, &mut rest)?;
        let text = match field.conversion {
            'n' => "\n".to_owned(),
            '%' => "%".to_owned(),
            _ => {
                let index = field.index.unwrap_or_else(|| {
                    next += 1;
                    next - 1
                });
                let argument = arguments
                    .get(index)
                    .ok_or_else(|| illegal(pattern, "has more fields than arguments"))?;
                convert(renderer, pattern, &field, argument)?
            }
        };
        pad(&mut out, &field, &text);
        if out.len() > renderer.budget.bytes_left() {
            return Err(Reason::Values.into());
        }
    }
    Ok(out)
}

fn field(
    pattern: &str,
    rest: &mut std::iter::Peekable<std::str::Chars<'_>>,
) -> Result<Field, RenderError> {
    let mut field = Field::default();
    let mut number = None;
    while let Some(character) = rest.next() {
        match character {
            '-' => field.left = true,
            '0' if number.is_none() => field.zero = true,
            '+' => field.plus = true,
            ' ' => field.space = true,
            ',' => field.group = true,
            '#' => field.alternate = true,
            '(' => field.parentheses = true,
            '0'..='9' => {
                let digit = character.to_digit(10).unwrap_or(0) as usize;
                number = Some((number.unwrap_or(0usize) * 10 + digit).min(WIDTH_MAX));
            }
            '$' => field.index = number.take().and_then(|index: usize| index.checked_sub(1)),
            '.' => {
                let mut precision = 0usize;
                while let Some(digit) = rest.peek().and_then(|digit| digit.to_digit(10)) {
                    precision = (precision * 10 + digit as usize).min(WIDTH_MAX);
                    rest.next();
                }
                field.precision = Some(precision);
            }
            conversion if conversion.is_ascii_alphabetic() || conversion == '%' => {
                field.width = number.unwrap_or(0);
                field.conversion = conversion;
                return Ok(field);
            }
            _ => return Err(illegal(pattern, "has a field that is none")),
        }
    }
    Err(illegal(pattern, "ends with a `%`"))
}

fn convert(
    renderer: &mut Renderer<'_>,
    pattern: &str,
    field: &Field,
    argument: &Value,
) -> Rendered<String> {
    let mismatch =
        || illegal(pattern, &format!("has `%{}` for another kind of value", field.conversion));
    let number = Number::of(argument);
    let text = match (field.conversion.to_ascii_lowercase(), argument) {
        ('s', _) => limited(&renderer.text(argument)?, field.precision),
        ('b', Value::Bool(value)) => limited(&value.to_string(), field.precision),
        ('b', Value::Null) | ('h', Value::Null) => "null".to_owned(),
        ('b', _) => limited("true", field.precision),
        (_, Value::Null) => "null".to_owned(),
        ('h', _) => {
            let hash = super::hash_code(renderer, argument)?.unwrap_or(0);
            format!("{hash:x}")
        }
        ('c', Value::Object(Object::Char(character))) => character.to_string(),
        ('c', Value::Integer(code)) => {
            u32::try_from(*code).ok().and_then(char::from_u32).ok_or_else(mismatch)?.to_string()
        }
        ('d', Value::Integer(_) | Value::Long(_) | Value::Big(_)) => {
            let digits = renderer.text(argument)?;
            signed(field, digits.trim_start_matches('-'), digits.starts_with('-'))
        }
        ('x', Value::Integer(value)) => prefixed(field, "0x", format!("{value:x}")),
        ('x', Value::Long(value)) => prefixed(field, "0x", format!("{value:x}")),
        ('o', Value::Integer(value)) => prefixed(field, "0", format!("{value:o}")),
        ('o', Value::Long(value)) => prefixed(field, "0", format!("{value:o}")),
        ('f' | 'e' | 'g', Value::Double(_) | Value::Decimal(_)) => {
            let value = number.ok_or_else(mismatch)?.double_value();
            if !value.is_finite() {
                let name = if value.is_nan() { "NaN" } else { "Infinity" };
                return Ok(signed(&Field { zero: false, ..Field::default() }, name, value < 0.0));
            }
            let digits = real(field, value.abs());
            signed(field, &digits, value.is_sign_negative())
        }
        ('d' | 'x' | 'o' | 'c' | 'f' | 'e' | 'g', _) => return Err(mismatch().into()),
        _ => return Err(illegal(pattern, "has a conversion that is not known").into()),
    };
    Ok(if field.conversion.is_ascii_uppercase() { text.to_uppercase() } else { text })
}

fn limited(text: &str, precision: Option<usize>) -> String {
    precision.map_or_else(|| text.to_owned(), |precision| text.chars().take(precision).collect())
}

fn prefixed(field: &Field, prefix: &str, digits: String) -> String {
    let digits = if field.alternate { format!("{prefix}{digits}") } else { digits };
    if field.zero { format!("{:0>1$}", digits, field.width) } else { digits }
}

fn real(field: &Field, value: f64) -> String {
    let precision = field.precision.unwrap_or(6);
    match field.conversion.to_ascii_lowercase() {
        'f' => half_up(value, precision),
        'e' => scientific(value, precision),
        _ => {
            let precision = precision.max(1);
            if value != 0.0
                && !(1e-4..10f64.powi(i32::try_from(precision).unwrap_or(i32::MAX)))
                    .contains(&value)
            {
                return scientific(value, precision - 1);
            }
            let whole = if value < 1.0 { 1 } else { value.log10() as usize + 1 };
            half_up(value, precision.saturating_sub(whole))
        }
    }
}

/// Java rounds the decimal that `Double.toString` shows, half up.
fn half_up(value: f64, precision: usize) -> String {
    let shown = format!("{value}");
    let (whole, fraction) = shown.split_once('.').unwrap_or((&shown, ""));
    if fraction.len() <= precision {
        let point = if precision > 0 { "." } else { "" };
        return format!("{whole}{point}{fraction:0<precision$}");
    }
    let up = fraction.as_bytes()[precision] >= b'5';
    let kept: String = [whole, &fraction[..precision]].concat();
    let mut digits: num_bigint::BigUint = kept.parse().unwrap_or_default();
    if up {
        digits += 1u32;
    }
    let digits = format!("{:0>1$}", digits.to_string(), precision + 1);
    let (whole, fraction) = digits.split_at(digits.len() - precision);
    if precision > 0 { format!("{whole}.{fraction}") } else { whole.to_owned() }
}

fn scientific(value: f64, precision: usize) -> String {
    let text = format!("{value:.precision$e}");
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", exponent.abs())
}

fn signed(field: &Field, digits: &str, negative: bool) -> String {
    let digits = if field.group { grouped(digits) } else { digits.to_owned() };
    let (before, behind) = match (negative, field.parentheses) {
        (true, true) => ("(", ")"),
        (true, false) => ("-", ""),
        _ if field.plus => ("+", ""),
        _ if field.space => (" ", ""),
        _ => ("", ""),
    };
    let width = field.width.saturating_sub(before.len() + behind.len());
    let digits = if field.zero { format!("{digits:0>width$}") } else { digits };
    format!("{before}{digits}{behind}")
}

fn grouped(digits: &str) -> String {
    let (whole, fraction) = digits.split_at(digits.find('.').unwrap_or(digits.len()));
    let mut out = String::new();
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    out + fraction
}

fn pad(out: &mut String, field: &Field, text: &str) {
    let missing = field.width.saturating_sub(text.chars().count());
    if !field.left {
        out.push_str(&" ".repeat(missing));
    }
    out.push_str(text);
    if field.left {
        out.push_str(&" ".repeat(missing));
    }
}
