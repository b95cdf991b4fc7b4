//! The head of an integration request.
//!
//! Source: recorded behaviour, "Headers to the backend" (the matrix, mappings) and "URI rendering".

use gateway_compile::plan::UriPart;
use gateway_compile::{Failure, HttpPlan, IntegrationType, RequestMethod, Source, StagePlan};
use gateway_proto::{Field, FieldName, is_name};

use crate::cached::wants_plain;
use crate::connection::Peer;
use crate::request::{Exchange, is_dropped_at_the_door};
use crate::respond::write_override;
use crate::service::path::leads_astray;
use crate::transform::overrides::{self, Override, Set};
use crate::values::{Values, clean_field_value, decode_query, encode_path, encode_query};
use gateway_telemetry::write_decimal;

/// The body that follows the head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Payload {
    /// None at all.
    None,
    /// That many bytes.
    Length(u64),
    /// Chunked.
    Chunked,
}

/// Writes the head of the request to the backend.
pub(crate) fn write(
    values: &Values<'_>,
    plan: &HttpPlan,
    stage: &StagePlan,
    payload: Payload,
    out: &mut Vec<u8>,
) -> Result<(), Failure> {
    let x = values.x;
    let set = set_by_template(x)?;
    let method = method(x, plan);
    out.extend_from_slice(method);
    out.push(b' ');
    let target_at = out.len();
    write_uri(values, plan, out);
    check_path(x, plan, &out[target_at..])?;
    out.extend_from_slice(b" HTTP/1.1\r\n");
    if !plan.maps_host && !set.has(b"host") {
        out.extend_from_slice(b"Host: ");
        out.extend_from_slice(&plan.host_header);
        out.extend_from_slice(b"\r\n");
    }
    let mapped = write_mapped(values, plan, &set, out);
    if plan.proxy {
        write_client_fields(values, plan, mapped, out);
    } else {
        write_defaults(x, plan, stage, &set, out);
    }
    out.extend_from_slice(b"X-Amzn-Trace-Id: ");
    out.extend_from_slice(&x.trace);
    out.extend_from_slice(b"\r\nX-Amzn-Apigateway-Api-Id: ");
    out.extend_from_slice(stage.api_id.as_bytes());
    out.extend_from_slice(b"\r\n");
    match payload {
        Payload::None if !wants_length(method) => {}
        Payload::None => out.extend_from_slice(b"Content-Length: 0\r\n"),
        Payload::Length(length) => {
            out.extend_from_slice(b"Content-Length: ");
            write_decimal(length, out);
            out.extend_from_slice(b"\r\n");
        }
        Payload::Chunked => out.extend_from_slice(b"Transfer-Encoding: chunked\r\n"),
    }
    out.extend_from_slice(b"Connection: keep-alive\r\n\r\n");
    Ok(())
}

/// The fields that the request's template set. A proxy has no template.
fn set_by_template(x: &Exchange) -> Result<Set, Failure> {
    let overrides = &x.transform.overrides;
    if overrides.is_empty() {
        return Ok(Set::default());
    }
    overrides::request_headers(overrides, IntegrationType::Http)
}

/// The method that the backend gets.
pub(crate) fn method<'x>(x: &'x Exchange, plan: &'x HttpPlan) -> &'x [u8] {
    plan.method.as_deref().unwrap_or_else(|| x.text(x.head.method))
}

/// Whether a method's request says that it has no body (RFC 9110 section 8.6).
fn wants_length(method: &[u8]) -> bool {
    matches!(method, b"POST" | b"PUT" | b"PATCH")
}

fn line(name: &[u8], value: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(name);
    out.extend_from_slice(b": ");
    out.extend_from_slice(value);
    out.extend_from_slice(b"\r\n");
}

/// Writes path and query of the integration request's URI.
pub(crate) fn write_uri(values: &Values<'_>, plan: &HttpPlan, out: &mut Vec<u8>) {
    for part in &plan.path {
        match part {
            UriPart::Literal(text) => out.extend_from_slice(text),
            UriPart::Value { name, .. } if let Some(value) = placeholder(values.x, name) => {
                encode_path(value.as_bytes(), false, out);
            }
            UriPart::Value { source, name } => {
                let is_path = matches!(source, Source::Path(_) | Source::PathName(_));
                encoded(values, source, name, out, |value, out| {
                    encode_path(value, is_path, out);
                });
            }
        }
    }
    let query_at = out.len();
    for part in &plan.query {
        match part {
            UriPart::Literal(text) => out.extend_from_slice(text),
            UriPart::Value { name, .. } if let Some(value) = placeholder(values.x, name) => {
                encode_query(value.as_bytes(), out);
            }
            UriPart::Value { source, name } => encoded(values, source, name, out, encode_query),
        }
    }
    if plan.proxy {
        // Behind the URI's own parameters and before the mapped ones, as it was sent: what was
        // decoded and encoded again would mean the same.
        let x = values.x;
        let query = x.text(x.head.target.query);
        if !query.is_empty() {
            separate(query_at, out);
            out.extend_from_slice(query);
        }
    }
    let set = match values.x.transform.overrides.is_empty() {
        true => Vec::new(),
        false => overrides::queries(&values.x.transform.overrides),
    };
    for mapping in &plan.queries {
        if set.iter().any(|set| is_encoded_name(&set.name, &mapping.name)) {
            continue;
        }
        if let Source::MultiQuery(name) = &mapping.source {
            for value in values.each_query(name) {
                separate(query_at, out);
                out.extend_from_slice(&mapping.name);
                out.push(b'=');
                reencoded(out, encode_query, |out| decode_query(value, out));
            }
            continue;
        }
        let before = out.len();
        separate(query_at, out);
        out.extend_from_slice(&mapping.name);
        out.push(b'=');
        let value_at = out.len();
        reencoded(out, encode_query, |out| {
            values.write(&mapping.source, out);
        });
        if out.len() == value_at {
            out.truncate(before);
        }
    }
    for (name, value) in set.iter().flat_map(Override::each) {
        separate(query_at, out);
        encode_query(name.as_bytes(), out);
        out.push(b'=');
        encode_query(value.as_bytes(), out);
    }
    if out.len() > query_at {
        out.insert(query_at, b'?');
    }
}

/// Refuses a target whose path leads elsewhere than its integration says. The door has refused a client's path that would;
/// what a query, a header, a body or a template has put into it nobody has looked at yet.
///
/// # Errors
/// 400, as for a path of the client's own.
pub(crate) fn check_path(x: &Exchange, plan: &HttpPlan, target: &[u8]) -> Result<(), Failure> {
    let is_open = |part: &UriPart| match part {
        UriPart::Literal(_) => false,
        UriPart::Value { source, .. } => !matches!(source, Source::Path(_) | Source::PathName(_)),
    };
    let has_overrides = !x.transform.overrides.is_empty();
    if !has_overrides && !plan.path.iter().any(is_open) {
        return Ok(());
    }
    let end = target.iter().position(|byte| *byte == b'?').unwrap_or(target.len());
    match leads_astray(&target[..end]) {
        true => Err(Failure::bad_request()),
        false => Ok(()),
    }
}

/// What a template sets for `{name}`.
fn placeholder(x: &Exchange, name: &[u8]) -> Option<String> {
    let overrides = &x.transform.overrides;
    if overrides.is_empty() {
        return None;
    }
    let name = name.strip_prefix(b"{")?.strip_suffix(b"}")?;
    overrides::path(overrides, name)
}

/// Whether a mapping's percent-encoded name is this one.
fn is_encoded_name(name: &str, encoded: &[u8]) -> bool {
    let mut decoded = Vec::new();
    decode_query(encoded, &mut decoded);
    decoded == name.as_bytes()
}

/// Between two parameters of a query that starts at `query_at`.
fn separate(query_at: usize, out: &mut Vec<u8>) {
    if out.len() > query_at && out.last() != Some(&b'&') {
        out.push(b'&');
    }
}

/// A placeholder's value, encoded; `{name}` itself when it has none.
fn encoded(
    values: &Values<'_>,
    source: &Source,
    name: &[u8],
    out: &mut Vec<u8>,
    encode: impl Fn(&[u8], &mut Vec<u8>),
) {
    let before = out.len();
    reencoded(out, encode, |out| {
        values.write(source, out);
    });
    if out.len() == before {
        out.extend_from_slice(name);
    }
}

/// Encodes what `write` appends. The plain text stands before the encoded one for a moment, so
/// that no memory is needed besides `out`; `encode` sees one byte at a time.
fn reencoded(
    out: &mut Vec<u8>,
    encode: impl Fn(&[u8], &mut Vec<u8>),
    write: impl FnOnce(&mut Vec<u8>),
) {
    let start = out.len();
    write(out);
    let needs_encoding = out[start..].iter().any(|b| !b.is_ascii_alphanumeric());
    if needs_encoding {
        let end = out.len();
        for at in start..end {
            encode(&[out[at]], out);
        }
        out.drain(start..end);
    }
}

/// Writes the headers that a template set and the mapped ones; says which of the first 64 mappings had a value, as a bit set.
fn write_mapped(values: &Values<'_>, plan: &HttpPlan, set: &Set, out: &mut Vec<u8>) -> u64 {
    for (name, value) in set.fields() {
        write_override(name.as_bytes(), value.as_bytes(), out);
    }
    let mut mapped = 0;
    for (index, mapping) in plan.headers.iter().enumerate() {
        if set.has(&mapping.name) {
            continue;
        }
        let before = out.len();
        out.extend_from_slice(&mapping.name);
        out.extend_from_slice(b": ");
        let value_at = out.len();
        if values.write(&mapping.source, out) {
            clean_field_value(&mut out[value_at..]);
            out.extend_from_slice(b"\r\n");
            mapped |= 1_u64.checked_shl(index as u32).unwrap_or(0);
        } else {
            out.truncate(before);
        }
    }
    mapped
}

/// The client's fields, as a proxy passes them on. A mapping with a value replaces the field.
fn write_client_fields(values: &Values<'_>, plan: &HttpPlan, mapped: u64, out: &mut Vec<u8>) {
    let x = values.x;
    let bytes = x.bytes();
    let wants_plain = wants_plain(x);
    for field in &x.head.fields {
        if is_dropped_at_the_door(field.known) || is_replaced(field.known) {
            continue;
        }
        if wants_plain && field.known == FieldName::AcceptEncoding {
            continue;
        }
        if mapped != 0 && is_mapped(plan, mapped, field.name.of(bytes)) {
            continue;
        }
        if field.known == FieldName::Other && is_ours(field.name.of(bytes)) {
            continue;
        }
        if field.known == FieldName::Authorization && is_sigv4(field.value.of(bytes)) {
            continue;
        }
        copy(field, bytes, out);
    }
    out.extend_from_slice(b"X-Forwarded-For: ");
    x.write_forwarded_for(values.peer, out);
    out.extend_from_slice(b"\r\nX-Forwarded-Port: ");
    out.extend_from_slice(values.peer.port());
    out.extend_from_slice(Peer::FORWARDED_PROTO);
}

/// Fields that we write ourselves, or that a proxy does not pass on: the body goes on decoded, so that it has
/// no coding any more.
const fn is_replaced(name: FieldName) -> bool {
    matches!(
        name,
        FieldName::Host
            | FieldName::ContentEncoding
            | FieldName::Via
            | FieldName::XForwardedFor
            | FieldName::XForwardedPort
            | FieldName::XForwardedProto
    )
}

fn is_mapped(plan: &HttpPlan, mapped: u64, name: &[u8]) -> bool {
    plan.headers
        .iter()
        .enumerate()
        .take(64)
        .any(|(index, mapping)| mapped & 1 << index != 0 && is_name(&mapping.name, name))
}

fn is_ours(name: &[u8]) -> bool {
    name.len() >= 15
        && name[0] | 0x20 == b'x'
        && (is_name(name, b"x-amzn-trace-id") || is_name(name, b"x-amzn-apigateway-api-id"))
}

/// Whether an `Authorization` is a signature for the gateway.
pub(crate) fn is_sigv4(value: &[u8]) -> bool {
    value.starts_with(b"AWS4-HMAC-SHA256")
}

/// Copies a field line as it was sent: parsing has made sure that it is one well-formed line.
#[inline]
pub(crate) fn copy(field: &Field, bytes: &[u8], out: &mut Vec<u8>) {
    let (start, end) = (field.name.start as usize, field.value.end as usize);
    line_from(start, end, bytes, out);
}

/// Copies `bytes[start..end]` and a line end, in one piece where the line ends right there.
#[inline]
pub(crate) fn line_from(start: usize, end: usize, bytes: &[u8], out: &mut Vec<u8>) {
    match bytes.get(start..end + 2) {
        Some(line) if line.ends_with(b"\r\n") => out.extend_from_slice(line),
        _ => {
            out.extend_from_slice(&bytes[start..end]);
            out.extend_from_slice(b"\r\n");
        }
    }
}

/// What an `HTTP` integration sends without any mapping.
fn write_defaults(x: &Exchange, plan: &HttpPlan, stage: &StagePlan, set: &Set, out: &mut Vec<u8>) {
    if !plan.maps_accept && !set.has(b"accept") {
        line(b"Accept", b"application/json", out);
    }
    if !plan.maps_user_agent && !set.has(b"user-agent") {
        line(b"User-Agent", &stage.user_agent, out);
    }
    let method = x.facts.method;
    let has_no_content =
        matches!(method, RequestMethod::Get | RequestMethod::Head | RequestMethod::Options);
    if !plan.maps_content_type && !set.has(b"content-type") && !has_no_content {
        let content_type = x.known_field(FieldName::ContentType);
        line(b"Content-Type", content_type.unwrap_or(b"application/json"), out);
    }
}
