//! What a gateway response has to look like.

use std::fmt;

use gateway_model::{GatewayResponse, GatewayResponseType, Place};
use loadgen_engine::Answer;

use crate::probe::{error_type, variable_of};
use crate::route::Route;

/// One gateway response as the definition has it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Promise {
    kind: GatewayResponseType,
    status: u16,
    error_type: &'static str,
    /// Name, and the value if it is known.
    headers: Vec<(String, Option<String>)>,
    /// Content type and body; `None` where they depend on what a client accepts.
    body: Option<(String, Vec<Part>)>,
    /// Where it was customised.
    pub(super) place: Option<Place>,
}

/// A part of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    /// What the definition does not say.
    Any,
}

/// One way in which an answer is not what was promised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    Status { expected: u16, found: u16 },
    ErrorType { expected: &'static str, found: String },
    Header { name: String, expected: Option<String>, found: Option<String> },
    Body { expected: String, found: String },
}

impl Promise {
    /// The promise for `kind` on the route's API and stage.
    pub(super) fn of(route: &Route<'_>, kind: GatewayResponseType) -> Self {
        let responses = &route.api.gateway_responses;
        let custom = responses.get(&kind).or_else(|| responses.get(&kind.family()));
        let (message, error_type) = built_in(kind);
        let body = match custom {
            Some(custom) if !custom.response_templates.is_empty() => {
                let json = |t: &&gateway_model::Template| t.content_type == "application/json";
                custom.response_templates.iter().find(json).map(|template| {
                    let parts = parts(&template.body.value, route, kind, message);
                    (template.content_type.clone(), parts)
                })
            }
            // The built-in text of a denial depends on the policy that denies.
            _ if kind == GatewayResponseType::AccessDenied => None,
            _ => {
                let text = format!("{{\"message\":\"{message}\"}}");
                Some(("application/json".to_owned(), vec![Part::Text(text)]))
            }
        };
        Self {
            kind,
            status: custom
                .and_then(|custom| custom.status_code)
                .map(gateway_model::StatusCode::as_u16)
                .or_else(|| kind.default_status())
                .unwrap_or(500),
            error_type,
            headers: custom.map(|custom| headers(custom, route)).unwrap_or_default(),
            body,
            place: custom.map(|custom| custom.place.clone()),
        }
    }

    /// `403 ForbiddenException (INVALID_API_KEY)`.
    pub(super) fn describe(&self) -> String {
        format!("{} {} ({})", self.status, self.error_type, self.kind.as_str())
    }

    /// What is wrong with an answer.
    pub(super) fn faults(&self, answer: &Answer) -> Vec<Fault> {
        let mut faults = Vec::new();
        if answer.status != self.status {
            faults.push(Fault::Status { expected: self.status, found: answer.status });
        }
        let found = error_type(answer);
        if found != self.error_type {
            faults.push(Fault::ErrorType { expected: self.error_type, found: found.to_owned() });
        }
        for (name, expected) in &self.headers {
            let found = answer.header(&name.to_ascii_lowercase());
            let is_right = match expected {
                Some(expected) => found == Some(expected),
                None => found.is_some(),
            };
            if !is_right {
                let (name, expected) = (name.clone(), expected.clone());
                faults.push(Fault::Header { name, expected, found: found.map(str::to_owned) });
            }
        }
        if let Some((content_type, parts)) = &self.body {
            let sets_type =
                self.headers.iter().any(|(n, _)| n.eq_ignore_ascii_case("content-type"));
            let found = answer.header("content-type");
            if !sets_type && !found.is_some_and(|found| found.starts_with(content_type.as_str())) {
                faults.push(Fault::Header {
                    name: "Content-Type".to_owned(),
                    expected: Some(content_type.clone()),
                    found: found.map(str::to_owned),
                });
            }
            let text = String::from_utf8_lossy(&answer.body);
            if !is_match(parts, &text) {
                let expected = parts.iter().map(|part| match part {
                    Part::Text(text) => text.as_str(),
                    Part::Any => "…",
                });
                let (expected, found) = (expected.collect(), text.chars().take(200).collect());
                faults.push(Fault::Body { expected, found });
            }
        }
        faults
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status { expected, found } => write!(f, "status {found} instead of {expected}"),
            Self::ErrorType { expected, found } if found.is_empty() => {
                write!(f, "no x-amzn-errortype, which is {expected}")
            }
            Self::ErrorType { expected, found } => {
                write!(f, "x-amzn-errortype {found} instead of {expected}")
            }
            Self::Header { name, expected, found } => {
                let expected = expected.as_deref().unwrap_or("a value");
                match found {
                    Some(found) => write!(f, "header {name} is {found:?} instead of {expected:?}"),
                    None => write!(f, "no header {name}, which is {expected:?}"),
                }
            }
            Self::Body { expected, found } => write!(f, "body {found:?} instead of {expected:?}"),
        }
    }
}

/// Message and error type that API Gateway has by itself. Source: `GetGatewayResponses`, and recordings of its answers.
fn built_in(kind: GatewayResponseType) -> (&'static str, &'static str) {
    use GatewayResponseType as Type;
    match kind {
        Type::MissingAuthenticationToken => {
            ("Missing Authentication Token", "MissingAuthenticationTokenException")
        }
        Type::InvalidApiKey => ("Forbidden", "ForbiddenException"),
        Type::AccessDenied => ("Forbidden", "AccessDeniedException"),
        Type::Unauthorized => ("Unauthorized", "UnauthorizedException"),
        // No check asks for others.
        _ => ("", ""),
    }
}

/// Headers that a gateway response sets, as far as the definition says their values.
fn headers(custom: &GatewayResponse, route: &Route<'_>) -> Vec<(String, Option<String>)> {
    // What the gateway sends itself goes out under another name, or not at all.
    const OWN: [&str; 7] = [
        "connection",
        "content-length",
        "content-type",
        "date",
        "server",
        "transfer-encoding",
        "www-authenticate",
    ];
    let mut headers: Vec<(String, Option<String>)> = Vec::new();
    for mapping in &custom.response_parameters {
        let Some(name) = mapping.target.value.strip_prefix("gatewayresponse.header.") else {
            continue;
        };
        let is_known = |known: &(String, Option<String>)| known.0.eq_ignore_ascii_case(name);
        if OWN.iter().any(|own| own.eq_ignore_ascii_case(name)) || headers.iter().any(is_known) {
            continue;
        }
        let source = mapping.source.value.as_str();
        let value = if let Some(text) = source.strip_prefix('\'').and_then(|s| s.strip_suffix('\''))
        {
            Some(text.trim().to_owned())
        } else if let Some(name) = source.strip_prefix("stageVariables.") {
            match variable_of(route.stage, name) {
                Some(value) if route.stage.canary.is_none() => Some(value.to_owned()),
                _ => continue,
            }
        } else if matches!(source, "context.requestId" | "context.extendedRequestId") {
            None
        } else {
            continue;
        };
        headers.push((name.to_owned(), value));
    }
    headers
}

/// How variables begin.
const VARIABLES: [&str; 3] = ["$context.", "$stageVariables.", "method.request."];

/// A template in parts: what is known of it, and what is not.
fn parts(text: &str, route: &Route<'_>, kind: GatewayResponseType, message: &str) -> Vec<Part> {
    let mut parts = vec![Part::Text(String::new())];
    let push = |parts: &mut Vec<Part>, more: &str| match parts.last_mut() {
        Some(Part::Text(text)) => text.push_str(more),
        _ => parts.push(Part::Text(more.to_owned())),
    };
    let mut rest = text;
    while let Some(at) = VARIABLES.iter().filter_map(|begin| rest.find(begin)).min() {
        push(&mut parts, &rest[..at]);
        let token = &rest[at..];
        let in_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.' || c == '-';
        let end = token[1..].find(|c: char| !in_name(c)).map_or(token.len(), |end| end + 1);
        let name = token[..end].trim_end_matches('.');
        rest = &token[name.len().max(1)..];
        match name {
            "$context.error.messageString" => push(&mut parts, &format!("\"{message}\"")),
            "$context.error.message" => push(&mut parts, message),
            "$context.error.responseType" => push(&mut parts, kind.as_str()),
            "$context.stage" => push(&mut parts, route.stage.name.as_str()),
            _ => parts.push(Part::Any),
        }
    }
    push(&mut parts, rest);
    // A denial's message depends on the policy that denies.
    if kind == GatewayResponseType::AccessDenied && text.contains("$context.error.message") {
        return vec![Part::Any];
    }
    parts
}

/// Whether `text` is the parts one after the other, with anything for those that are not known.
fn is_match(parts: &[Part], text: &str) -> bool {
    match parts {
        [] => text.is_empty(),
        [Part::Text(only)] => text == only,
        [Part::Text(first), rest @ ..] => {
            text.strip_prefix(first.as_str()).is_some_and(|behind| is_match(rest, behind))
        }
        [Part::Any] => true,
        [Part::Any, rest @ ..] => {
            // The last part ends the text; those before it may stand where they stand first.
            match rest {
                [Part::Text(last)] => text.ends_with(last.as_str()),
                [Part::Text(next), rest @ ..] => text
                    .find(next.as_str())
                    .is_some_and(|at| is_match(rest, &text[at + next.len()..])),
                _ => is_match(rest, text),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_that_are_not_known_match_anything() {
        let text = |text: &str| Part::Text(text.to_owned());
        let parts = [text("{\"id\":\""), Part::Any, text("\",\"x\":"), Part::Any, text("}")];
        for (found, expected) in [
            ("{\"id\":\"abc\",\"x\":1}", true),
            ("{\"id\":\"\",\"x\":}", true),
            ("{\"id\":\"a}\",\"x\":2}}", true),
            ("{\"id\":\"abc\",\"y\":1}", false),
            ("{\"id\":\"abc\",\"x\":1", false),
            ("", false),
        ] {
            assert_eq!(is_match(&parts, found), expected, "{found}");
        }
        assert!(is_match(&[text("a")], "a") && !is_match(&[text("a")], "ab"));
    }
}
