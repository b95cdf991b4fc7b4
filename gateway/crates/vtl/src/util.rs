//! `$util`.

#[cfg(test)]
mod tests;

use crate::world::World;
use crate::{RenderError, Value, json};

/// `$util.method(arguments)`.
pub(crate) fn call(
    world: &mut World<'_>,
    method: &str,
    arguments: &[Value],
) -> Result<Option<Value>, RenderError> {
    let [argument] = arguments else { return Ok(None) };
    let text = match argument {
        Value::String(text) => text,
        other if method == "escapeJavaScript" => return Ok(Some(other.to_string().into())),
        _ => return Ok(None),
    };
    world.charge(text.len());
    Ok(Some(match method {
        "parseJson" => json::parse(text).map_err(|error| RenderError::thrown(error.to_string()))?,
        "escapeJavaScript" => escape_java_script(text).into(),
        "urlEncode" => url_encode(text).into(),
        "urlDecode" => url_decode(text)?.into(),
        "base64Encode" => base64_encode(text.as_bytes()).into(),
        "base64Decode" => base64_decode(text)?.into(),
        _ => return Ok(None),
    }))
}

/// As commons-lang 2 does, slashes included.
fn escape_java_script(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    for char in text.chars() {
        match char {
            '"' | '\'' | '\\' | '/' => {
                out.push('\\');
                out.push(char);
            }
            '\u{8}' => out.push_str("\\b"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\u{c}' => out.push_str("\\f"),
            '\r' => out.push_str("\\r"),
            ' '..='\u{7f}' => out.push(char),
            _ => {
                for unit in char.encode_utf16(&mut [0; 2]) {
                    json::push_unicode_escape(*unit, &mut out);
                }
            }
        }
    }
    out
}

/// As Java's `URLEncoder` with UTF-8.
fn url_encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' | b'*' | b'_' => {
                out.push(char::from(byte));
            }
            b' ' => out.push('+'),
            _ => {
                out.push('%');
                out.push(char::from(UPPER_HEX[usize::from(byte >> 4)]));
                out.push(char::from(UPPER_HEX[usize::from(byte & 15)]));
            }
        }
    }
    out
}

/// As Java's `URLDecoder` with UTF-8: bytes that are no UTF-8 become U+FFFD, a malformed `%` throws.
fn url_decode(text: &str) -> Result<String, RenderError> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        out.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digits = (bytes.next().and_then(hex), bytes.next().and_then(hex));
                let (Some(high), Some(low)) = digits else {
                    return Err(RenderError::thrown("urlDecode: `%` without two hex digits"));
                };
                high << 4 | low
            }
            byte => byte,
        });
    }
    Ok(String::from_utf8_lossy(&out).into_owned())
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).map(|digit| digit as u8)
}

const UPPER_HEX: &[u8; 16] = b"0123456789ABCDEF";

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

fn base64_encode(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let bits = chunk
            .iter()
            .enumerate()
            .fold(0_u32, |bits, (index, byte)| bits | u32::from(*byte) << (16 - 8 * index));
        for index in 0..4 {
            let sextet = (bits >> (18 - 6 * index) & 63) as usize;
            out.push(if index <= chunk.len() { char::from(BASE64[sextet]) } else { '=' });
        }
    }
    out
}

/// Standard alphabet; padding may be missing, and bytes that are no UTF-8 become U+FFFD.
fn base64_decode(text: &str) -> Result<String, RenderError> {
    let text = text.trim_end_matches('=');
    let mut out = Vec::with_capacity(text.len() / 4 * 3 + 2);
    let (mut bits, mut count) = (0_u32, 0);
    for byte in text.bytes() {
        let sextet = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return Err(RenderError::thrown("base64Decode: text that is no base64")),
        };
        bits = bits << 6 | u32::from(sextet);
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push((bits >> count) as u8);
        }
    }
    Ok(String::from_utf8_lossy(&out).into_owned())
}
