//! What a function answers for its URL: format 2.0, which says how to answer or is the answer.
//!
//! Source: Lambda Developer Guide, "Response payload format" of function URLs. Recorded: a result that is a string is the body
//! without its quotes, and a `body` that is no string is sent as JSON. Where nothing is recorded: a member that is `null` is
//! absent, a status is an integer or digits in a string, numbers and booleans are values of headers, and what is none of this is
//! the function's fault.

use std::fmt;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Map, Value};

use crate::limits::REPLY_FIELDS_MAX;

/// The answer of a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// `statusCode`, from 200 to 599.
    pub status: u16,
    /// Names, which are tokens, with values that have no control characters; `cookies` among them.
    pub fields: Vec<(String, String)>,
    /// The body.
    pub body: Body,
    /// `isBase64Encoded`
    pub is_base64_encoded: bool,
}

/// The body of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// The result as it is.
    Result,
    /// This text.
    Text(String),
}

/// Why a result is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unusable(pub &'static str);

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for Unusable {}

/// A result that says how to answer, if it has a status.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Structured {
    status_code: Option<Value>,
    headers: Option<Value>,
    cookies: Option<Value>,
    body: Option<Value>,
    is_base64_encoded: Option<Value>,
}

/// Reads the result of a function.
///
/// # Errors
/// [`Unusable`]: the answer is 502.
pub fn read(result: &[u8]) -> Result<Answer, Unusable> {
    const NOT_JSON: Unusable = Unusable("the result is not JSON");
    let inferred =
        |body| Answer { status: 200, fields: Vec::new(), body, is_base64_encoded: false };
    // What is passed over is not looked into.
    if std::str::from_utf8(result).is_err() {
        return Err(NOT_JSON);
    }
    match result.trim_ascii_start().first() {
        Some(b'"') => {
            let text = serde_json::from_slice(result).map_err(|_| NOT_JSON)?;
            Ok(inferred(Body::Text(text)))
        }
        Some(b'{') => {
            let read: Structured = serde_json::from_slice(result).map_err(|_| NOT_JSON)?;
            match &read.status_code {
                None => Ok(inferred(Body::Result)),
                Some(status) => structured(status_of(status)?, read),
            }
        }
        _ => {
            serde_json::from_slice::<IgnoredAny>(result).map_err(|_| NOT_JSON)?;
            Ok(inferred(Body::Result))
        }
    }
}

fn structured(status: u16, read: Structured) -> Result<Answer, Unusable> {
    let mut fields = Vec::new();
    match read.headers {
        None => {}
        Some(Value::Object(headers)) => add_headers(headers, &mut fields)?,
        Some(_) => return Err(Unusable("headers is not an object")),
    }
    match read.cookies {
        None => {}
        Some(Value::Array(cookies)) => add_cookies(cookies, &mut fields)?,
        Some(_) => return Err(Unusable("cookies is not a list")),
    }
    let is_base64_encoded = match read.is_base64_encoded {
        None => false,
        Some(Value::Bool(is_encoded)) => is_encoded,
        Some(_) => return Err(Unusable("isBase64Encoded is neither true nor false")),
    };
    let body = match read.body {
        None => String::new(),
        Some(Value::String(text)) => text,
        Some(other) => other.to_string(),
    };
    Ok(Answer { status, fields, body: Body::Text(body), is_base64_encoded })
}

/// What is not final cannot end a response.
fn status_of(value: &Value) -> Result<u16, Unusable> {
    let text = match value {
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.clone(),
        _ => String::new(),
    };
    let is_decimal = text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_digit());
    let status = text.parse().ok().filter(|status| is_decimal && (200..=599).contains(status));
    status.ok_or(Unusable("statusCode is not an integer from 200 to 599"))
}

fn add_headers(
    headers: Map<String, Value>,
    fields: &mut Vec<(String, String)>,
) -> Result<(), Unusable> {
    for (name, value) in headers {
        let value = match value {
            Value::Null => continue,
            Value::String(text) => text,
            Value::Bool(_) | Value::Number(_) => value.to_string(),
            Value::Array(_) | Value::Object(_) => {
                return Err(Unusable("a value of headers is not a string"));
            }
        };
        add(name, value, fields)?;
    }
    Ok(())
}

fn add_cookies(cookies: Vec<Value>, fields: &mut Vec<(String, String)>) -> Result<(), Unusable> {
    for cookie in cookies {
        let Value::String(cookie) = cookie else {
            return Err(Unusable("an item of cookies is not a string"));
        };
        add("Set-Cookie".to_owned(), cookie, fields)?;
    }
    Ok(())
}

fn add(name: String, value: String, fields: &mut Vec<(String, String)>) -> Result<(), Unusable> {
    if fields.len() == REPLY_FIELDS_MAX {
        return Err(Unusable("the result has too many headers"));
    }
    if name.is_empty() || !name.bytes().all(super::reply::is_token_byte) {
        return Err(Unusable("a header's name is not a token"));
    }
    if value.bytes().any(|byte| (byte < 0x20 && byte != b'\t') || byte == 0x7f) {
        return Err(Unusable("a header's value has a control character"));
    }
    fields.push((name, value));
    Ok(())
}

#[cfg(test)]
mod tests;
