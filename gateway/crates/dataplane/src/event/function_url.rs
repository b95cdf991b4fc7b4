//! The event of a function URL: payload format 2.0.
//!
//! Source: Lambda Developer Guide, "Request payload format" of function URLs; recorded behaviour, "Lambda, payload 2.0 event".
//! Where the two do not say: a run of slashes that the path starts with is one, as a recorded call of a function URL shows;
//! `Cookie` is in `cookies` alone; a body is text when its media type is one of text and it is UTF-8, and base64 otherwise.

use gateway_compile::StagePlan;
use gateway_proto::{FieldName, is_name};
use gateway_telemetry::clock::clf_time;
use gateway_telemetry::write_decimal;

use super::multimap::{Entry, Multimap};
use super::{base64, json, member, query_spans};
use crate::connection::Peer;
use crate::request::Exchange;

/// Appends the event. The request's body is whole, its trace header is made.
pub(crate) fn function_url(x: &Exchange, peer: &Peer, stage: &StagePlan, out: &mut Vec<u8>) {
    let path = super::path(x);
    let query = x.text(x.head.target.query);
    out.extend_from_slice(b"{\"version\":\"2.0\",\"routeKey\":\"$default\"");
    member("rawPath", path, out);
    member("rawQueryString", query, out);
    write_cookies(x, out);
    write_headers(x, peer, out);
    write_query(query, out);
    write_context(x, peer, stage, path, out);
    let body = x.body_prefix();
    let is_text = is_text(x, body);
    if !body.is_empty() {
        out.extend_from_slice(b",\"body\":");
        if is_text {
            json::string(body, out);
        } else {
            out.push(b'"');
            base64::encode(body, out);
            out.push(b'"');
        }
    }
    let is_encoded = !body.is_empty() && !is_text;
    out.extend_from_slice(b",\"isBase64Encoded\":");
    out.extend_from_slice(if is_encoded { b"true}" } else { b"false}" });
}

fn write_cookies(x: &Exchange, out: &mut Vec<u8>) {
    let fields = x.head.fields.iter().filter(|field| field.known == FieldName::Cookie);
    let cookies = fields.flat_map(|field| x.text(field.value).split(|byte| *byte == b';'));
    let mut before: &[u8] = b",\"cookies\":[";
    for cookie in cookies.map(<[u8]>::trim_ascii).filter(|cookie| !cookie.is_empty()) {
        out.extend_from_slice(before);
        before = b",";
        json::string(cookie, out);
    }
    if before == b"," {
        out.push(b']');
    }
}

fn write_headers(x: &Exchange, peer: &Peer, out: &mut Vec<u8>) {
    let mut forwarded_for = Vec::with_capacity(64);
    x.write_forwarded_for(peer, &mut forwarded_for);
    let mut length = Vec::with_capacity(8);
    write_decimal(x.body_prefix().len() as u64, &mut length);
    let mut entries = Vec::with_capacity(x.head.fields.len() + 5);
    for field in &x.head.fields {
        let (name, value) = (x.text(field.name), x.text(field.value));
        let is_trace = field.known == FieldName::Other && is_name(name, b"x-amzn-trace-id");
        if !is_of_connection(field.known) && !is_trace {
            entries.push(Entry { name, value });
        }
    }
    if !x.body_is_absent() {
        entries.push(Entry { name: b"content-length", value: &length });
    }
    entries.extend([
        Entry { name: b"x-amzn-trace-id", value: &x.trace },
        Entry { name: b"x-forwarded-for", value: &forwarded_for },
        Entry { name: b"x-forwarded-port", value: peer.port() },
        Entry { name: b"x-forwarded-proto", value: Peer::PROTO },
    ]);
    out.extend_from_slice(b",\"headers\":");
    Multimap::headers(entries).write_joined(<[u8]>::to_ascii_lowercase, out);
}

/// What is of this connection alone, what the event has elsewhere, and what the gateway writes itself.
const fn is_of_connection(name: FieldName) -> bool {
    matches!(
        name,
        FieldName::Connection
            | FieldName::ContentLength
            | FieldName::Cookie
            | FieldName::Expect
            | FieldName::KeepAlive
            | FieldName::ProxyAuthorization
            | FieldName::ProxyConnection
            | FieldName::Te
            | FieldName::Trailer
            | FieldName::TransferEncoding
            | FieldName::Upgrade
            | FieldName::XForwardedFor
            | FieldName::XForwardedPort
            | FieldName::XForwardedProto
            | FieldName::XGatewayExplain
    )
}

fn write_query(query: &[u8], out: &mut Vec<u8>) {
    let (decoded, spans) = query_spans(query);
    if spans.is_empty() {
        return;
    }
    let entry = |(start, middle, end): (usize, usize, usize)| Entry {
        name: &decoded[start..middle],
        value: &decoded[middle..end],
    };
    let parameters = Multimap::parameters(spans.into_iter().map(entry).collect());
    out.extend_from_slice(b",\"queryStringParameters\":");
    parameters.write_joined(<[u8]>::to_vec, out);
}

fn write_context(x: &Exchange, peer: &Peer, stage: &StagePlan, path: &[u8], out: &mut Vec<u8>) {
    let facts = &x.facts;
    let host = x.head.authority.of(x.bytes());
    out.extend_from_slice(b",\"requestContext\":{\"accountId\":\"anonymous\"");
    member("apiId", stage.api_id.as_bytes(), out);
    member("domainName", host, out);
    member("domainPrefix", stage.api_id.as_bytes(), out);
    out.extend_from_slice(b",\"http\":{\"method\":");
    json::string(x.text(x.head.method), out);
    member("path", path, out);
    out.extend_from_slice(b",\"protocol\":\"HTTP/1.1\"");
    member("sourceIp", peer.ip(), out);
    if let Some(agent) = x.known_field(FieldName::UserAgent) {
        member("userAgent", agent, out);
    }
    out.push(b'}');
    member("requestId", &facts.request_id, out);
    out.extend_from_slice(b",\"routeKey\":\"$default\",\"stage\":\"$default\"");
    member("time", &clf_time(facts.started_unix_ms / 1_000), out);
    out.extend_from_slice(b",\"timeEpoch\":");
    write_decimal(facts.started_unix_ms, out);
    out.push(b'}');
}

/// Whether the body goes into the event as it is.
fn is_text(x: &Exchange, body: &[u8]) -> bool {
    let is_coded = x
        .known_field(FieldName::ContentEncoding)
        .is_some_and(|coding| !coding.eq_ignore_ascii_case(b"identity"));
    let content_type = x.known_field(FieldName::ContentType).unwrap_or_default();
    !is_coded && is_text_type(content_type) && std::str::from_utf8(body).is_ok()
}

/// Source: recorded behaviour, "Base64 rule for request bodies".
fn is_text_type(content_type: &[u8]) -> bool {
    let end = content_type.iter().position(|byte| *byte == b';').unwrap_or(content_type.len());
    let media_type = content_type[..end].trim_ascii().to_ascii_lowercase();
    media_type.starts_with(b"text/")
        || media_type.ends_with(b"+json")
        || media_type.ends_with(b"+xml")
        || matches!(
            &media_type[..],
            b"application/json" | b"application/xml" | b"application/javascript"
        )
}

#[cfg(test)]
mod tests {
    use super::is_text_type;

    #[test]
    fn bodies_of_these_types_are_text() {
        for text in [
            "text/plain",
            "Application/JSON; charset=utf-8",
            "application/ld+json",
            "image/svg+xml",
        ] {
            assert!(is_text_type(text.as_bytes()), "{text}");
        }
        let others = [
            "",
            "application/octet-stream",
            "application/x-www-form-urlencoded",
            "multipart/form-data",
            "json",
        ];
        for other in others {
            assert!(!is_text_type(other.as_bytes()), "{other}");
        }
    }
}
