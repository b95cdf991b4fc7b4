//! Strings with escapes, and numbers with a fraction.

use super::JsonError;
use crate::Value;

/// Numbers with a fraction or an exponent of more characters than this are exact. Source: json-smart.
const DOUBLE_LEN_MAX: usize = 18;

/// The text of a string that has escapes, from `start` behind its opening quote, and where it ends. Raw control characters are
/// dropped, unknown escapes as well.
pub(super) fn read_escaped(
    text: &str,
    start: usize,
    quote: u8,
) -> Result<(String, usize), JsonError> {
    let error = |offset, message| JsonError { offset, message };
    let mut out = String::new();
    // The first half of a surrogate pair that waits for its second.
    let mut high = None;
    let mut chars = text[start..].char_indices().map(|(at, char)| (start + at, char));
    while let Some((at, char)) = chars.next() {
        let unit = match char {
            '\\' => match chars.next() {
                Some((_, 'b')) => 0x08,
                Some((_, 't')) => 0x09,
                Some((_, 'n')) => 0x0a,
                Some((_, 'f')) => 0x0c,
                Some((_, 'r')) => 0x0d,
                Some((_, escaped @ ('\\' | '/' | '\'' | '"'))) => escaped as u16,
                Some((_, kind @ ('u' | 'x'))) => {
                    let mut unit = 0;
                    for _ in 0..if kind == 'u' { 4 } else { 2 } {
                        let digit = chars.next().and_then(|(_, digit)| digit.to_digit(16));
                        let Some(digit) = digit else {
                            return Err(error(at, "an escape lacks hex digits"));
                        };
                        unit = unit << 4 | digit as u16;
                    }
                    unit
                }
                _ => continue,
            },
            _ if char as u32 == u32::from(quote) => {
                out.extend(high.map(|_| '?'));
                return Ok((out, at + 1));
            }
            '\u{1a}' => return Err(error(at, "a string is not closed")),
            '\0'..='\u{1f}' | '\u{7f}' => continue,
            _ => {
                out.extend(high.take().map(|_| '?'));
                out.push(char);
                continue;
            }
        };
        match (high.take(), unit) {
            (Some(high), 0xdc00..=0xdfff) => {
                out.extend(char::decode_utf16([high, unit]).map(|char| char.unwrap_or('?')));
            }
            (before, _) => {
                // Java writes a surrogate without its other half as a question mark.
                out.extend(before.map(|_| '?'));
                match unit {
                    0xd800..=0xdbff => high = Some(unit),
                    _ => out.push(char::from_u32(u32::from(unit)).unwrap_or('?')),
                }
            }
        }
    }
    Err(error(text.len(), "a string is not closed"))
}

/// A `Double`, or a `BigDecimal` where that may be more exact.
pub(super) fn decimal(text: &str) -> Option<Value> {
    if text.len() <= DOUBLE_LEN_MAX {
        return text.parse().ok().map(Value::Double);
    }
    big_decimal(text).map(|text| Value::Decimal(text.into()))
}

/// What `BigDecimal.toString` prints for `text`.
fn big_decimal(text: &str) -> Option<String> {
    let (sign, unsigned) = match text.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", text),
    };
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (unsigned, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all = format!("{whole}{fraction}");
    if all.is_empty() {
        return None;
    }
    let stripped = all.trim_start_matches('0');
    let digits = if stripped.is_empty() { "0" } else { stripped };
    let sign = if digits == "0" { "" } else { sign };
    let scale = i32::try_from(fraction.len()).ok()?.checked_sub(exponent)?;
    let adjusted = digits.len() as i64 - 1 - i64::from(scale);
    if scale == 0 {
        return Some(format!("{sign}{digits}"));
    }
    if scale > 0 && adjusted >= -6 {
        let scale = scale as usize;
        return Some(if digits.len() > scale {
            let (whole, fraction) = digits.split_at(digits.len() - scale);
            format!("{sign}{whole}.{fraction}")
        } else {
            format!("{sign}0.{digits:0>scale$}")
        });
    }
    let (first, rest) = digits.split_at(1);
    let point = if rest.is_empty() { "" } else { "." };
    let plus = if adjusted < 0 { "" } else { "+" };
    let exponent = if adjusted == 0 { String::new() } else { format!("E{plus}{adjusted}") };
    Some(format!("{sign}{first}{point}{rest}{exponent}"))
}
