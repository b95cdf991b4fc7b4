//! XML, as the query protocol and Amazon S3 have it.

use crate::{Answer, ApiError};

const XML: &str = "text/xml";

/// Appends text with what markup would take for its own escaped. For what XML cannot hold, not even escaped, stands the
/// replacement character: parsers would refuse the whole answer.
pub(crate) fn write_text(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\t' | '\n' => out.push(c),
            '\r' => out.push_str("&#xD;"),
            c if c < ' ' || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
}

/// Appends `<name>text</name>`.
pub(crate) fn write_element(name: &str, text: &str, out: &mut String) {
    out.push_str(&format!("<{name}>"));
    write_text(text, out);
    out.push_str(&format!("</{name}>"));
}

/// The answer of an operation of the query protocol; `result` is what stands inside `{operation}Result`.
pub(crate) fn answer(namespace: &str, operation: &str, result: &str, request_id: &str) -> Answer {
    let mut body = format!("<{operation}Response xmlns=\"{namespace}\">");
    // Also around nothing: clients look for it.
    body.push_str(&format!("<{operation}Result>{result}</{operation}Result>"));
    body.push_str("<ResponseMetadata>");
    write_element("RequestId", request_id, &mut body);
    body.push_str(&format!("</ResponseMetadata></{operation}Response>"));
    of(200, body)
}

/// An error of the query protocol.
pub(super) fn error(error: &ApiError, request_id: &str) -> Answer {
    let side = if error.status < 500 { "Sender" } else { "Receiver" };
    let mut body = "<ErrorResponse><Error>".to_owned();
    for (name, text) in [("Type", side), ("Code", code(error.code)), ("Message", &error.message)] {
        write_element(name, text, &mut body);
    }
    body.push_str("</Error>");
    write_element("RequestId", request_id, &mut body);
    body.push_str("</ErrorResponse>");
    of(error.status, body)
}

/// An error of Amazon S3.
pub(super) fn rest_error(error: &ApiError, request_id: &str) -> Answer {
    let mut body = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error>".to_owned();
    let parts =
        [("Code", code(error.code)), ("Message", &error.message), ("RequestId", request_id)];
    for (name, text) in parts {
        write_element(name, text, &mut body);
    }
    body.push_str("</Error>");
    let mut answer = of(error.status, body);
    answer.content_type = Some("application/xml");
    answer
}

/// The older protocols have their own names for what is wrong with a signature.
fn code(code: &'static str) -> &'static str {
    match code {
        "InvalidSignatureException" => "SignatureDoesNotMatch",
        "IncompleteSignatureException" => "IncompleteSignature",
        "MissingAuthenticationTokenException" => "MissingAuthenticationToken",
        "UnrecognizedClientException" => "InvalidClientTokenId",
        "ExpiredTokenException" => "ExpiredToken",
        "NotImplementedException" => "NotImplemented",
        code => code,
    }
}

fn of(status: u16, body: String) -> Answer {
    let body = body.into_bytes();
    Answer { status, content_type: Some(XML), headers: Vec::new(), body }
}
