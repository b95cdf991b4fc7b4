//! Numbers and strings.

use num_bigint::BigInt;

use crate::SyntaxError;
use crate::lexer::Place;
use crate::program::{Expression, Interpolated};

use super::Parser;

/// An integer: the smallest of Java's types that holds it. A `$` or `#` in front of it that begins nothing is part of it, and no
/// number.
pub(super) fn integer(
    parser: &Parser<'_, '_>,
    image: &str,
    at: usize,
) -> Result<Expression, SyntaxError> {
    if let Ok(integer) = image.parse() {
        return Ok(Expression::Integer(integer));
    }
    if let Ok(long) = image.parse() {
        return Ok(Expression::Long(long));
    }
    let big = image.parse::<BigInt>().map(Expression::Big);
    big.map_err(|_| parser.error_at(at, &format!("`{image}` is no number")))
}

/// A number with a fraction or an exponent.
pub(super) fn float(
    parser: &Parser<'_, '_>,
    image: &str,
    at: usize,
) -> Result<Expression, SyntaxError> {
    let number = image.parse().map(Expression::Double);
    number.map_err(|_| parser.error_at(at, &format!("`{image}` is no number")))
}

/// A quoted string. In double quotes, `\uXXXX` is a character, and what has a `$` or `#` is a template itself.
pub(super) fn string(
    parser: &mut Parser<'_, '_>,
    image: &str,
    at: usize,
) -> Result<Expression, SyntaxError> {
    let quote = if image.starts_with('"') { "\"" } else { "'" };
    let inner = &image[1..image.len() - 1];
    let doubled = format!("{quote}{quote}");
    if quote == "'" {
        return Ok(Expression::Text(inner.replace(&doubled, quote).into()));
    }
    let Some(text) = unescape(inner) else {
        return Err(parser.error_at(at, "`\\u` in a string needs four hexadecimal digits"));
    };
    let mut text = text.replace(&doubled, quote);
    if !inner.contains(['$', '#']) {
        return Ok(Expression::Text(text.into()));
    }
    let padded = !text.contains("##");
    if padded {
        text.push(' ');
    }
    let position = parser.position(at);
    let place = Place::starting(position.line, position.column + 1);
    let body = Parser::new(&text, place, parser.shared).template()?;
    Ok(Expression::Interpolated(Box::new(Interpolated { body, padded })))
}

/// Replaces `\uXXXX`. `None` where the digits are none.
fn unescape(text: &str) -> Option<String> {
    let Some(first) = text.find("\\u") else { return Some(text.to_owned()) };
    let mut units: Vec<u16> = text[..first].encode_utf16().collect();
    let mut rest = &text[first..];
    while let Some(found) = rest.find("\\u") {
        units.extend(rest[..found].encode_utf16());
        let digits = rest.get(found + 2..found + 6)?;
        units.push(u16::from_str_radix(digits, 16).ok()?);
        rest = &rest[found + 6..];
    }
    units.extend(rest.encode_utf16());
    // Half a surrogate pair becomes `?` when Java writes it as UTF-8.
    Some(char::decode_utf16(units).map(|unit| unit.unwrap_or('?')).collect())
}
