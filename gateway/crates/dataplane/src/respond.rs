//! Every answer we make up, and the fields that every answer has.

use aws_lc_rs::digest;
use gateway_compile::gateway_responses::{GatewayAnswer, GatewayTemplate, TextPart};
use gateway_compile::{Failure, IntegrationPlan};
use gateway_proto::h1::RequestError;
use gateway_proto::{FieldName, is_name};
use gateway_rt::{Buf, Moment, Stream};

use crate::connection::Client;
use crate::context::Context;
use crate::explain::EXPLANATION_FIELD;
use crate::request::Exchange;
use crate::shard::Shard;
use crate::status::{has_no_body, write_line};
use crate::values::{Values, clean_field_value};
use gateway_telemetry::write_decimal;

/// The client does not take the response.
pub(crate) struct ClientGone;

/// How the body of a response is framed for the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    /// That many bytes.
    Length(u64),
    /// Chunks.
    Chunked,
    /// Until we close: for HTTP/1.0 clients.
    UntilClose,
    /// The status has no body.
    None,
}

/// Answers with a gateway response.
pub(crate) async fn failure(
    shard: &Shard,
    client: &Client,
    x: &mut Exchange,
    failure: Failure,
) -> Result<(), ClientGone> {
    x.facts.failure = Some(failure);
    let stage = x.stage.clone();
    let responses = stage.as_ref().map_or(&shard.built_in, |s| &*s.plan.gateway_responses);
    let answer = responses.select(&failure, x.known_field(FieldName::Accept));
    let mut body = std::mem::take(&mut x.response_body);
    body.clear();
    write_body(x, client, &failure, answer, &mut body);
    let mut out = std::mem::take(&mut x.out);
    out.clear();
    write_line(answer.status, &mut out);
    let values = Values::of_request(x, &client.peer);
    let mut has_content_type = false;
    for mapping in answer.headers {
        has_content_type |= is_name(&mapping.name, b"content-type");
        write_mapping(&values, &mapping.name, &mapping.source, &mut out);
    }
    if !has_content_type {
        let content_type = answer.template.map(|template| &*template.content_type);
        let default = failure.message.default_content_type();
        write_field(b"Content-Type", content_type.unwrap_or(default), &mut out);
    }
    write_field(b"x-amzn-ErrorType", failure.error_type().as_bytes(), &mut out);
    if has_trace(x, &failure) {
        write_trace(x, &mut out);
    }
    let framing = Framing::Length(body.len() as u64);
    let framing = if has_no_body(answer.status) { Framing::None } else { framing };
    finish_head(shard, x, framing, &mut out);
    x.facts.status = answer.status;
    let is_bare = x.is_head() || framing == Framing::None;
    let result = send(shard, client, x, &out, if is_bare { &[] } else { &body }).await;
    x.out = out;
    x.response_body = body;
    result
}

/// Answers what is no request, before anything is known of it.
pub(crate) async fn refuse(shard: &Shard, client: &Client, x: &mut Exchange, error: RequestError) {
    x.begin_refused(shard);
    let answer = match error.status() {
        414 => Failure::uri_too_long(),
        417 => Failure::expectation_failed(),
        431 => Failure::header_too_large(),
        501 => Failure::not_implemented(),
        505 => Failure::version_not_supported(),
        _ => Failure::bad_request(),
    };
    // A client that is gone needs no answer.
    let _ = failure(shard, client, x, answer).await;
    shard.metrics.responses.increment(x.facts.status);
}

/// Failures after the backend was called carry the trace id; those before it do not, and nothing
/// of an `HTTP_PROXY` does. Source: recorded behaviour, "Added to every response".
fn has_trace(x: &Exchange, failure: &Failure) -> bool {
    use gateway_compile::GatewayResponseType as Type;
    let is_proxy = match x.plan().map(|plan| &plan.integration) {
        Some(IntegrationPlan::Http(plan)) => plan.proxy,
        Some(IntegrationPlan::Lambda(_) | IntegrationPlan::Service(_)) => false,
        _ => true,
    };
    let is_called = x.facts.integration.status.is_some()
        || matches!(failure.kind, Type::IntegrationFailure | Type::IntegrationTimeout);
    is_called && !is_proxy
}

fn write_body(
    x: &Exchange,
    client: &Client,
    failure: &Failure,
    answer: GatewayAnswer<'_>,
    body: &mut Vec<u8>,
) {
    match answer.template {
        Some(template) => write_template(x, client, failure, template, body),
        None => {
            failure.message.default_body(&x.problem).iter().for_each(|piece| body.extend(*piece))
        }
    }
}

/// Plain substitution; no directives, no functions.
fn write_template(
    x: &Exchange,
    client: &Client,
    failure: &Failure,
    template: &GatewayTemplate,
    body: &mut Vec<u8>,
) {
    let context = Context { x, peer: &client.peer, now: Moment::now() };
    let values = Values::of_request(x, &client.peer);
    for part in &template.parts {
        match part {
            TextPart::Literal(text) => body.extend_from_slice(text),
            TextPart::ErrorMessage => {
                failure.message.text(&x.problem).iter().for_each(|p| body.extend(*p));
            }
            TextPart::ErrorMessageString => {
                failure.message.quoted_text(&x.problem).iter().for_each(|p| body.extend(*p));
            }
            TextPart::ResponseType => body.extend_from_slice(failure.kind.as_str().as_bytes()),
            TextPart::ValidationErrorString => write_escaped(x.validation_error(), body),
            TextPart::Context(variable) => {
                context.value(variable, body);
            }
            TextPart::Source(source) => {
                values.write(source, body);
            }
        }
    }
}

/// Writes a text as it stands inside of a JSON string, which is where templates have it.
fn write_escaped(text: &str, out: &mut Vec<u8>) {
    for byte in text.bytes() {
        match byte {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
            0x20.. => out.push(byte),
            _ => out.extend_from_slice(format!("\\u{byte:04x}").as_bytes()),
        }
    }
}

/// Writes a mapped field, unless its source has no value.
pub(crate) fn write_mapping(
    values: &Values<'_>,
    name: &[u8],
    source: &gateway_compile::Source,
    out: &mut Vec<u8>,
) {
    let before = out.len();
    out.extend_from_slice(name);
    out.extend_from_slice(b": ");
    let value_at = out.len();
    if values.write(source, out) {
        clean_field_value(&mut out[value_at..]);
        out.extend_from_slice(b"\r\n");
    } else {
        out.truncate(before);
    }
}

/// Writes a field with a value that a template made.
pub(crate) fn write_override(name: &[u8], value: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(name);
    out.extend_from_slice(b": ");
    let value_at = out.len();
    out.extend_from_slice(value);
    clean_field_value(&mut out[value_at..]);
    out.extend_from_slice(b"\r\n");
}

#[inline]
pub(crate) fn write_field(name: &[u8], value: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(name);
    out.extend_from_slice(b": ");
    out.extend_from_slice(value);
    out.extend_from_slice(b"\r\n");
}

/// `X-Amzn-Trace-Id: Root=…`, as `HTTP` integrations have it.
pub(crate) fn write_trace(x: &Exchange, out: &mut Vec<u8>) {
    if let Some(root) = crate::ids::field(&x.trace, b"Root") {
        out.extend_from_slice(b"X-Amzn-Trace-Id: Root=");
        out.extend_from_slice(root);
        out.extend_from_slice(b"\r\n");
    }
}

/// Writes what every response has, and the empty line.
pub(crate) fn finish_head(shard: &Shard, x: &Exchange, framing: Framing, out: &mut Vec<u8>) {
    if let Some(rate) = &x.facts.rate {
        rate.write(out);
    }
    if !x.explanation.is_empty() {
        write_field(EXPLANATION_FIELD, x.explanation.as_bytes(), out);
    }
    // Texts of a fixed length are put together first: one copy instead of many.
    insert_date(&shard.date.at(x.facts.started_unix_ms), out);
    match framing {
        Framing::Length(length) => {
            out.extend_from_slice(b"Content-Length: ");
            write_decimal(length, out);
            out.extend_from_slice(b"\r\n");
        }
        Framing::Chunked => out.extend_from_slice(b"Transfer-Encoding: chunked\r\n"),
        Framing::UntilClose | Framing::None => {}
    }
    let keep_alive: &[u8] = b"Connection: keep-alive";
    let close: &[u8] = b"Connection: close";
    out.extend_from_slice(if x.facts.keep_alive { keep_alive } else { close });
    let mut ids = *b"\r\nx-amzn-RequestId: ....................................\
        \r\nx-amz-apigw-id: ................\r\n\r\n";
    ids[20..56].copy_from_slice(&x.facts.request_id);
    ids[74..90].copy_from_slice(&x.facts.extended_id);
    if x.is_function_url() {
        // Nothing of API Gateway's.
        out.extend_from_slice(&ids[..56]);
        out.extend_from_slice(b"\r\n\r\n");
    } else {
        out.extend_from_slice(&ids);
    }
}

/// Puts `Date` behind the status line, where API Gateway has it.
fn insert_date(date: &[u8; 29], out: &mut Vec<u8>) {
    let line = out.iter().position(|byte| *byte == b'\n').map_or(out.len(), |end| end + 1);
    let mut field = *b"Date: .............................\r\n";
    field[6..35].copy_from_slice(date);
    out.extend_from_slice(&field);
    out[line..].rotate_right(field.len());
}

/// Sends a head and a body that are there already.
pub(crate) async fn send(
    shard: &Shard,
    client: &Client,
    x: &mut Exchange,
    head: &[u8],
    body: &[u8],
) -> Result<(), ClientGone> {
    let mut tx = Buf::take();
    for mut piece in [head, body] {
        while !piece.is_empty() {
            if tx.spare() == 0 {
                tx = send_buf(shard, &client.stream, tx).await?;
            }
            let taken = piece.len().min(tx.spare());
            tx.extend(&piece[..taken]);
            piece = &piece[taken..];
        }
    }
    send_buf(shard, &client.stream, tx).await?;
    x.facts.sent_body_bytes += body.len() as u64;
    Ok(())
}

/// Sends a buffer to the client, which has a time limit to take it; comes back empty.
#[inline]
pub(crate) async fn send_buf(shard: &Shard, client: &Stream, tx: Buf) -> Result<Buf, ClientGone> {
    let len = tx.len() as u64;
    client.set_deadline(Moment::recent() + shard.settings.send);
    let (result, mut tx) = client.send(tx).await;
    // What comes next may be a wait for the backend, which is not the client's fault.
    client.set_deadline(Moment::NEVER);
    shard.metrics.downstream_sent_bytes.add(len - tx.len() as u64);
    tx.reset(0);
    result.map(|()| tx).map_err(|_| {
        if client.has_expired() {
            // The kernel would keep what is unsent for minutes, for a client that takes nothing.
            client.reset_on_close();
        }
        ClientGone
    })
}

/// The base64 of a token's SHA-256, as the error text quotes it.
pub(crate) fn token_hash(token: &[u8]) -> [u8; 44] {
    const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let hash = digest::digest(&digest::SHA256, token);
    let mut text = [b'='; 44];
    for (group, slots) in hash.as_ref().chunks(3).zip(text.chunks_mut(4)) {
        let byte = |at: usize| u32::from(group.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for (index, slot) in slots.iter_mut().take(group.len() + 1).enumerate() {
            *slot = BASE64[(bits >> (18 - 6 * index) & 63) as usize];
        }
    }
    text
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_token_hash_is_base64_of_sha_256() {
        // `printf x | openssl dgst -sha256 -binary | base64`
        assert_eq!(&super::token_hash(b"x"), b"LXEWQrcmsEQBYnyp+6wy9chTD7GQPMTbAiWHF5IaSIE=");
    }
}
