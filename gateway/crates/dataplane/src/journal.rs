//! What becomes of one exchange, line by line, as API Gateway's execution log says it.
//!
//! A trial has all lines whole; the execution log of a stage those that its settings ask for, and of bodies the piece that is at
//! hand (see `execution_log`). An exchange that nobody listens to has no `Journal`, and pays a look at an `Option` where
//! a line would be written.
//!
//! Source: observability §4.2 and §4.3, control-plane §10.1.

use std::fmt::Write as _;

use gateway_compile::{ExecutionLog, Failure, GatewayResponseType, Message};
use gateway_proto::is_name;

use crate::limits::{JOURNAL_HEADERS_BYTES_MAX as HEADERS_BYTES_MAX, LOG_LINE_BYTES_MAX};
use crate::request::Exchange;

mod method_request;

/// What follows a line that was cut off.
pub(crate) const TRUNCATED: &str = " [TRUNCATED]";

/// How much of a secret is shown.
const SHOWN_CHARS: usize = 6;

/// Header fields whose values nobody is shown.
const SECRETS: [&[u8]; 3] = [b"authorization", b"x-amz-security-token", b"x-api-key"];

/// A line, and when it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// In milliseconds since 1970.
    pub unix_ms: u64,
    /// Without the time and the request's id.
    pub text: String,
}

/// Who reads the lines, and which of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Reader {
    /// An operator who tries the request: all.
    #[default]
    Trial,
    /// The stage's execution log: what its settings say.
    Stage(ExecutionLog),
}

/// The lines of one exchange, and what only they tell.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    pub(crate) reader: Reader,
    pub(crate) lines: Vec<Line>,
    /// A line says already why the exchange fails.
    pub(crate) has_error: bool,
    /// Head and body of the integration's answer as the client gets it, as far as it is at hand.
    pub(crate) answer: Option<(Vec<u8>, Vec<u8>)>,
    /// Why the exchange fails, where the failure itself does not say it.
    cause: Option<String>,
    /// Whether a function gets an event although there is no body.
    has_no_body: bool,
    /// What the authorizer's function said.
    pub(crate) decision: Option<Vec<u8>>,
}

impl Journal {
    /// An empty one, for a stage's execution log.
    pub(crate) fn of(log: ExecutionLog) -> Self {
        Self { reader: Reader::Stage(log), ..Self::default() }
    }

    /// Whether it has more than errors.
    pub(crate) fn is_info(&self) -> bool {
        match self.reader {
            Reader::Trial => true,
            Reader::Stage(log) => log.is_info,
        }
    }

    /// Whether it has headers, parameters and bodies.
    pub(crate) fn has_data(&self) -> bool {
        match self.reader {
            Reader::Trial => true,
            Reader::Stage(log) => log.is_info && log.has_data,
        }
    }

    /// Bytes of a body that it takes; a line that has them all is cut off.
    pub(crate) fn body_bytes_max(&self) -> usize {
        match self.reader {
            Reader::Trial => usize::MAX,
            Reader::Stage(_) => LOG_LINE_BYTES_MAX,
        }
    }

    pub(crate) fn push(&mut self, text: String) {
        self.lines.push(Line { unix_ms: gateway_rt::clock::unix_ms(), text });
    }
}

impl Exchange {
    /// Writes a line, if anybody listens.
    #[inline]
    pub(crate) fn note(&mut self, text: impl FnOnce() -> String) {
        if let Some(journal) = &mut self.journal
            && journal.is_info()
        {
            journal.push(text());
        }
    }

    /// Writes a line of what the request and its answers have in them.
    #[inline]
    pub(crate) fn note_data(&mut self, text: impl FnOnce() -> String) {
        if let Some(journal) = &mut self.journal
            && journal.has_data()
        {
            journal.push(text());
        }
    }

    /// Writes a line that says why the exchange fails.
    #[inline]
    pub(crate) fn note_error(&mut self, text: impl FnOnce() -> String) {
        if let Some(journal) = &mut self.journal {
            journal.has_error = true;
            journal.push(text());
        }
    }

    /// The answer of an integration, with what of its body is at hand: before what every response has is written.
    #[inline]
    pub(crate) fn note_answer(&mut self, head: &[u8], body: &[u8]) {
        if let Some(journal) = &mut self.journal
            && matches!(journal.reader, Reader::Stage(_))
            && journal.has_data()
        {
            let piece = &body[..body.len().min(journal.body_bytes_max())];
            journal.answer.get_or_insert_with(|| (head.to_vec(), piece.to_vec()));
        }
    }

    /// Says why the exchange fails, where the failure itself will not; the first reason is the one.
    #[inline]
    pub(crate) fn note_cause(&mut self, text: impl FnOnce() -> String) {
        if let Some(journal) = &mut self.journal {
            journal.cause.get_or_insert_with(text);
        }
    }

    /// No integration response is for this status.
    #[cold]
    pub(crate) fn note_unmatched(&mut self, status: &dyn std::fmt::Display) {
        self.note_cause(|| {
            format!(
                "No match for output mapping and no default output mapping configured. Endpoint Response Status Code: {status}"
            )
        });
    }

    /// What an authorizer's function said.
    pub(crate) fn note_decision(&mut self, payload: &[u8]) {
        if let Some(journal) = &mut self.journal {
            journal.decision = Some(payload.to_vec());
        }
    }

    /// A request that leaves for an endpoint. `head` is as it is sent.
    #[inline]
    pub(crate) fn note_request(
        &mut self,
        origin: impl FnOnce() -> String,
        head: &[u8],
        body: &[u8],
    ) {
        let Some(journal) = self.journal.as_deref().filter(|journal| journal.is_info()) else {
            return;
        };
        let uri = format!("{}{}", origin(), target(head));
        let body_bytes_max = journal.body_bytes_max();
        self.note_data(|| format!("Endpoint request URI: {uri}"));
        self.note_data(|| format!("Endpoint request headers: {}", headers(head)));
        self.note_data(|| {
            let body = text(body, body_bytes_max);
            format!("Endpoint request body after transformations: {body}")
        });
        self.note(|| format!("Sending request to {uri}"));
    }

    /// An invocation of a function, in the words of the call that it is on AWS.
    pub(crate) fn note_invocation(&mut self, at: &Invoked<'_>, payload: &[u8]) {
        let request_id = String::from_utf8_lossy(&self.facts.request_id).into_owned();
        let Invoked { region, function, api_id, is_authorizer } = at;
        let uri = format!(
            "https://lambda.{region}.amazonaws.com/2015-03-31/functions/{function}/invocations"
        );
        let Some(journal) = self.journal.as_deref_mut() else { return };
        let body_bytes_max = journal.body_bytes_max();
        if journal.has_data() {
            let date = gateway_telemetry::clock::rfc3339(gateway_rt::clock::unix_ms());
            let date: String = String::from_utf8_lossy(&date[..19])
                .chars()
                .filter(|c| c.is_ascii_alphanumeric())
                .collect();
            let (masked, hidden) = ("*".repeat(80), "*".repeat(24));
            journal.push(format!("Endpoint request URI: {uri}"));
            journal.push(format!(
                "Endpoint request headers: {{x-amzn-lambda-integration-tag={request_id}, Authorization={masked}, \
                 X-Amz-Date={date}Z, x-amzn-apigateway-api-id={api_id}, Accept=application/json, \
                 User-Agent=AmazonAPIGateway_{api_id}, X-Amz-Security-Token={hidden}{TRUNCATED}"
            ));
            let body =
                if journal.has_no_body { String::new() } else { text(payload, body_bytes_max) };
            journal.push(format!("Endpoint request body after transformations: {body}"));
        }
        match is_authorizer {
            true => self.note_data(|| format!("Sending request to {uri}")),
            false => self.note(|| format!("Sending request to {uri}")),
        }
    }

    /// A function's event is made up, since there is no body.
    pub(crate) fn note_no_body(&mut self) {
        if let Some(journal) = &mut self.journal {
            journal.has_no_body = true;
        }
    }

    /// What a function answers, as Lambda would.
    pub(crate) fn note_result(&mut self, status: u16, payload: &[u8], is_error: bool) {
        let Some(journal) = &self.journal else { return };
        let body_bytes_max = journal.body_bytes_max();
        let latency = self.facts.integration.latency.unwrap_or_default().as_millis();
        let id = String::from_utf8_lossy(&self.backend_request_id).into_owned();
        let root = crate::ids::field(&self.trace, b"Root").unwrap_or_default();
        let root = String::from_utf8_lossy(root).into_owned();
        let date = crate::date::Date::new().at(gateway_rt::clock::unix_ms());
        let date = String::from_utf8_lossy(&date).into_owned();
        let len = payload.len();
        let error = if is_error { ", X-Amz-Function-Error=Unhandled" } else { "" };
        self.note(|| {
            format!("Received response. Status: {status}, Integration latency: {latency} ms")
        });
        self.note_data(|| {
            format!(
                "Endpoint response headers: {{Date={date}, Content-Type=application/json, Content-Length={len}, \
                 Connection=keep-alive, x-amzn-RequestId={id}, x-amzn-Remapped-Content-Length=0{error}, \
                 X-Amz-Executed-Version=$LATEST, X-Amzn-Trace-Id=Root={root}}}"
            )
        });
        self.note_data(|| {
            let body = text(payload, body_bytes_max);
            format!("Endpoint response body before transformations: {body}")
        });
        if is_error {
            let message = error_message(payload);
            self.note_cause(|| {
                format!(
                    "Lambda execution failed with status 200 due to customer function error: {message}. Lambda request id: {id}"
                )
            });
        }
    }

    /// The head of an endpoint's answer.
    pub(crate) fn note_response(&mut self, status: u16, latency_ms: u128, head: &[u8]) {
        self.note(|| {
            format!("Received response. Status: {status}, Integration latency: {latency_ms} ms")
        });
        self.note_data(|| format!("Endpoint response headers: {}", headers(head)));
    }

    /// The body of an endpoint's answer, as far as it is at hand.
    #[inline]
    pub(crate) fn note_response_body(&mut self, body: &[u8]) {
        let Some(journal) = &self.journal else { return };
        let body_bytes_max = journal.body_bytes_max();
        self.note_data(|| {
            let body = text(body, body_bytes_max);
            format!("Endpoint response body before transformations: {body}")
        });
    }

    /// Why there is no answer of an integration.
    #[cold]
    pub(crate) fn note_failure(&mut self, failure: &Failure) {
        let Some(journal) = &self.journal else { return };
        let is_told = journal.has_error && journal.reader != Reader::Trial;
        if !is_told {
            let text = cause(self, failure, journal.cause.as_deref());
            self.note_error(|| text);
        }
    }
}

/// What a function's call is about.
pub(crate) struct Invoked<'i> {
    pub(crate) region: &'i str,
    /// Its ARN.
    pub(crate) function: &'i str,
    pub(crate) api_id: &'i str,
    /// It is an authorizer that is asked.
    pub(crate) is_authorizer: bool,
}

/// The line that says why an exchange failed.
fn cause(x: &Exchange, failure: &Failure, noted: Option<&str>) -> String {
    use GatewayResponseType as Type;
    let configuration = |text: &str| format!("Execution failed due to configuration error: {text}");
    match (failure.kind, noted) {
        (Type::ApiConfigurationError, Some(text)) => configuration(text),
        (_, Some(text)) => text.to_owned(),
        (Type::BadRequestParameters, None) => {
            format!("Missing required request parameters: [{}]", x.problem)
        }
        (Type::BadRequestBody, None) => {
            let content_type = x.known_field(gateway_proto::FieldName::ContentType);
            let content_type = String::from_utf8_lossy(content_type.unwrap_or(b"application/json"));
            format!(
                "Request body does not match model schema for content type {content_type}: {}",
                x.problem
            )
        }
        (Type::UnsupportedMediaType, None) => configuration("Unsupported Media Type"),
        (Type::IntegrationTimeout, None) => "Execution failed due to a timeout error".to_owned(),
        (Type::IntegrationFailure, None) if failure.message == Message::NetworkError => {
            "Execution failed due to a network error communicating with endpoint".to_owned()
        }
        (Type::IntegrationFailure, None) => match x.facts.integration.error {
            Some(text) => configuration(text),
            None => "Execution failed due to an internal error".to_owned(),
        },
        (Type::Unauthorized, None) => "Unauthorized".to_owned(),
        (Type::AccessDenied, None) if x.trial.is_none() => {
            "The client is not authorized to perform this operation.".to_owned()
        }
        (Type::ApiConfigurationError, None) if x.facts.integration.status.is_some() => {
            configuration("Unable to transform response")
        }
        // What cannot be called: a name that does not resolve, a variable that is not set.
        (Type::ApiConfigurationError, None) => configuration("Invalid endpoint address"),
        _ => {
            let pieces = failure.message.text(&x.problem);
            let text: Vec<u8> = pieces.into_iter().flatten().copied().collect();
            format!("Execution failed: {}", String::from_utf8_lossy(&text))
        }
    }
}

/// The target of a request's head.
fn target(head: &[u8]) -> String {
    let line = head.split(|byte| *byte == b'\r').next().unwrap_or_default();
    let mut parts = line.split(|byte| *byte == b' ');
    String::from_utf8_lossy(parts.nth(1).unwrap_or_default()).into_owned()
}

/// The fields of a head, `{name=value, …}`, with secrets hidden.
pub(crate) fn headers(head: &[u8]) -> String {
    let mut out = String::from("{");
    let lines = head.split(|byte| *byte == b'\n').skip(1);
    for line in lines {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
        let (name, value) = (&line[..colon], line[colon + 1..].trim_ascii());
        let is_secret = SECRETS.iter().any(|s| s.len() == name.len() && is_name(name, s));
        let value = String::from_utf8_lossy(value);
        let value = if is_secret { masked(&value) } else { value.into_owned() };
        let comma = if out.len() > 1 { ", " } else { "" };
        // Writing to a string does not fail.
        let _ = write!(out, "{comma}{}={value}", String::from_utf8_lossy(name));
    }
    if out.len() > HEADERS_BYTES_MAX {
        let mut end = HEADERS_BYTES_MAX;
        while !out.is_char_boundary(end) {
            end -= 1;
        }
        out.truncate(end);
        out.push_str(TRUNCATED);
        return out;
    }
    out.push('}');
    out
}

/// A secret, all but its end.
pub(crate) fn masked(secret: &str) -> String {
    let chars = secret.chars().count();
    let hidden = chars.saturating_sub(SHOWN_CHARS);
    // A short value is hidden whole.
    let shown: String =
        if hidden < SHOWN_CHARS { String::new() } else { secret.chars().skip(hidden).collect() };
    format!("{}{shown}", "*".repeat(chars - shown.chars().count()))
}

/// A body as a line has it, its first bytes.
pub(crate) fn text(body: &[u8], bytes_max: usize) -> String {
    let piece = &body[..body.len().min(bytes_max)];
    match std::str::from_utf8(piece) {
        Ok(text) => text.to_owned(),
        // The end of the piece may lie within a character.
        Err(error) if error.error_len().is_none() && piece.len() < body.len() => {
            String::from_utf8_lossy(&piece[..error.valid_up_to()]).into_owned()
        }
        Err(_) => "[Binary Data]".to_owned(),
    }
}

/// The message of a function's error.
fn error_message(payload: &[u8]) -> String {
    let document: Option<serde_json::Value> = serde_json::from_slice(payload).ok();
    let message = document.as_ref().and_then(|document| document.get("errorMessage"));
    match message.and_then(serde_json::Value::as_str) {
        Some(message) => message.to_owned(),
        None => text(payload, usize::MAX),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_hidden_but_for_their_end() {
        assert_eq!(masked("abcdefghijklmnop"), "**********klmnop");
        assert_eq!(masked("short"), "*****");
        assert_eq!(masked(""), "");
        let head = b"GET /x?y=1 HTTP/1.1\r\nHost: h\r\nauthorization: abcdefghijklmnop\r\n\r\n";
        assert_eq!(headers(head), "{Host=h, authorization=**********klmnop}");
        assert_eq!(target(head), "/x?y=1");
    }

    #[test]
    fn long_headers_are_cut_off_where_a_character_ends() {
        let head = format!("GET / HTTP/1.1\r\nx: {}\r\n\r\n", "é".repeat(2_000));
        let shown = headers(head.as_bytes());
        assert!(shown.ends_with(" [TRUNCATED]"), "{shown}");
        assert!(shown.len() <= HEADERS_BYTES_MAX + TRUNCATED.len());
    }
}
