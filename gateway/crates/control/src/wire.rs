//! Requests taken apart, and answers put together, in each of AWS's wire protocols.
//!
//! Paths are split while they are still encoded and each segment is decoded by itself, because clients encode whole ARNs into
//! one segment.

use std::fmt::Write as _;

use crate::{Answer, ApiError};

pub(crate) mod cbor;
pub(crate) mod form;
pub(crate) mod xml;

/// How a service's requests and answers are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// API Gateway, Lambda.
    RestJson,
    /// CloudWatch Logs; `X-Amz-Target`.
    AwsJson,
    /// CloudWatch in JSON; `X-Amz-Target`.
    AwsJson10,
    /// CloudFormation, STS, IAM; `Action=`.
    Query,
    /// Amazon S3.
    RestXml,
    /// CloudWatch in CBOR.
    Cbor,
}

impl Protocol {
    /// An error as this protocol's clients read it.
    pub(crate) fn error(self, error: &ApiError, request_id: &str) -> Answer {
        let mut answer = match self {
            Self::RestJson => Answer::json(error.status, &message(&error.message)),
            Self::AwsJson => {
                let document =
                    serde_json::json!({ "__type": error.code, "message": error.message });
                let mut answer = Answer::json(error.status, &document);
                answer.content_type = Some("application/x-amz-json-1.1");
                answer
            }
            Self::AwsJson10 => {
                let shape = cbor::shape(error.code);
                let document = serde_json::json!({ "__type": shape, "message": error.message });
                let mut answer = Answer::json(error.status, &document);
                answer.content_type = Some("application/x-amz-json-1.0");
                answer.headers.push(cbor::query_error(error));
                answer
            }
            Self::Query => xml::error(error, request_id),
            Self::RestXml => xml::rest_error(error, request_id),
            Self::Cbor => cbor::error(error),
        };
        if matches!(self, Self::RestJson | Self::AwsJson | Self::AwsJson10) {
            answer.headers.push(("x-amzn-ErrorType", error.code.to_owned()));
        }
        if error.status == 429 || error.status == 503 {
            answer.headers.push(("Retry-After", "1".to_owned()));
        }
        answer
    }
}

fn message(text: &str) -> serde_json::Value {
    serde_json::json!({ "message": text })
}

/// The segments of a path, each decoded by itself; a slash at the end does not count.
pub(crate) fn path(raw: &str) -> Result<Vec<String>, ApiError> {
    let Some(rest) = raw.strip_prefix('/') else {
        return Err(ApiError::bad_request("The path of a request begins with /"));
    };
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    if rest.is_empty() {
        return Ok(Vec::new());
    }
    let mut depth = 0_i32;
    rest.split('/')
        .map(|segment| {
            depth += match segment {
                ".." => -1,
                "." | "" => 0,
                _ => 1,
            };
            if depth < 0 {
                return Err(ApiError::bad_request("The path of a request climbs above its root"));
            }
            decode(segment, false)
        })
        .collect()
}

/// Parameters of a query string or of a form, decoded, in order.
pub(crate) fn query(raw: &str) -> Result<Vec<(String, String)>, ApiError> {
    let pairs = raw.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Ok((decode(name, true)?, decode(value, true)?))
        })
        .collect()
}

/// Percent decoding; in queries a `+` is a blank.
pub(crate) fn decode(text: &str, is_query: bool) -> Result<String, ApiError> {
    let malformed = |text: String| Err(ApiError::new(400, "MalformedQueryString", text));
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'%' => {
                let Some(digits) = bytes.get(at + 1..at + 3) else {
                    return malformed("Incomplete trailing escape % sequence".to_owned());
                };
                let hex = |digit: u8| (digit as char).to_digit(16);
                let (Some(high), Some(low)) = (hex(digits[0]), hex(digits[1])) else {
                    let digits = String::from_utf8_lossy(digits).into_owned();
                    return malformed(format!(
                        "Illegal hex character in escape % pattern: %{digits}"
                    ));
                };
                out.push((high * 16 + low) as u8);
                at += 2;
            }
            b'+' if is_query => out.push(b' '),
            byte => out.push(byte),
        }
        at += 1;
    }
    String::from_utf8(out).or_else(|_| malformed("What is escaped is not text in UTF-8".to_owned()))
}

/// Standard base64 with padding.
pub(crate) fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let word = chunk.iter().fold(0_u32, |word, byte| word << 8 | u32::from(*byte));
        let word = word << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let is_padding = place > chunk.len();
            let index = (word >> (18 - 6 * place) & 63) as usize;
            text.push(if is_padding { '=' } else { char::from(ALPHABET[index]) });
        }
    }
    text
}

/// What standard base64 says; none when it is not that.
pub(crate) fn from_base64(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| {
        Some(u32::from(match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        }))
    };
    let text = text.trim_end_matches('=').as_bytes();
    if text.len() % 4 == 1 {
        return None;
    }
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3 + 2);
    for chunk in text.chunks(4) {
        let mut word = 0;
        for &byte in chunk {
            word = word << 6 | digit(byte)?;
        }
        word <<= 6 * (4 - chunk.len());
        bytes.extend_from_slice(&word.to_be_bytes()[1..chunk.len()]);
    }
    Some(bytes)
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// A random UUID, version 4.
pub(crate) fn uuid(random: [u8; 16]) -> String {
    let mut bytes = random;
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex = hex(&bytes);
    let parts = [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]];
    parts.join("-")
}

#[cfg(test)]
mod tests;
