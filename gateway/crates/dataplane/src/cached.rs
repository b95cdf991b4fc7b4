//! The stage cache: answering from it, filling it, waiting for somebody who fills it.
//!
//! Cost of a hit: the key is put together in a vector that keeps its memory, looked up in the
//! shard's own first level, and head and body are copied into one send buffer. No allocation, no
//! lock, no call of a backend.
//!
//! Two choices where API Gateway's behaviour is not documented: HEAD is never answered from the
//! cache, and what a response says it is (for one client, or a part) keeps it out, see
//! [`is_storable`].

use std::io::ErrorKind;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use gateway_cache::{Cache, ENTRY_BYTES_MAX, Entry, Fill, Flight, Lookup, Outcome};
use gateway_compile::{
    CachePlan, Failure, GatewayResponseType, IntegrationPlan, Invalidation, Message, MethodPlan,
    Source,
};
use gateway_proto::{FieldName, is_name};
use gateway_rt::{Buf, Moment};

use crate::compress::{self, Coding};
use crate::connection::{Client, Peer};
use crate::exchange::{Refusal, decide_keep_alive, integrate};
use crate::flights::tell;
use crate::http::{await_body, parse_json};
use crate::limits::CACHED_COPY_BYTES_MAX;
use crate::request::Exchange;
use crate::respond::{self, Framing, finish_head, write_trace};
use crate::shard::{Shard, ShardStage};
use crate::status::has_no_body;
use crate::values::{Values, with_length};

/// What a client learns whose wish for a fresh response was not granted. The text is ours: API
/// Gateway documents the field and not its value.
const WARNING: &[u8] = b"Warning: 199 Cache-invalidation-unauthorized\r\n";

/// `FAIL_WITH_403`. API Gateway's text for it is not documented; this is the one of its 403s.
pub(crate) const INVALIDATION_DENIED: Failure = Failure {
    kind: GatewayResponseType::AccessDenied,
    message: Message::Forbidden,
    status: Some(403),
};

/// A response on its way into the cache.
pub(crate) struct Storing {
    fill: Fill,
    ttl_us: u64,
}

/// Answers from the cache, or calls the integration and keeps its answer.
pub(crate) async fn answer(
    shard: &Shard,
    client: &Client,
    x: &mut Exchange,
    stage: &Rc<ShardStage>,
    method: &MethodPlan,
    plan: &CachePlan,
    cache: &Arc<Cache>,
) -> Result<(), Refusal> {
    if x.is_head() {
        return integrate(shard, client, x, stage, method).await;
    }
    let mut is_fresh_wanted = wants_fresh(x);
    if is_fresh_wanted {
        match plan.invalidation {
            Invalidation::Anyone => {}
            Invalidation::Fail403 => return Err(INVALIDATION_DENIED.into()),
            Invalidation::Warn => x.facts.cache_warning = true,
            Invalidation::Ignore => {}
        }
        is_fresh_wanted = plan.invalidation == Invalidation::Anyone;
    }
    write_whole_key(shard, client, x, plan).await?;
    let deadline = x.facts.started + Duration::from_millis(u64::from(timeout_ms(method)));
    let fill = loop {
        if is_fresh_wanted {
            break Some(cache.refill(&x.cache_key));
        }
        match look_up(shard, x, method, cache) {
            Found::Hit(answer) => {
                stage.series.of(x.facts.plan).cache_hits.increment();
                return send(shard, client, x, answer).await;
            }
            // Nobody is to wait for a client that has yet to send its body.
            Found::Fill(fill) if !x.body.is_whole() => {
                tell(shard, fill.abandon());
                break Some(cache.refill(&x.cache_key));
            }
            Found::Fill(fill) => break Some(fill),
            Found::Wait(flight) => {
                // Too late, or nothing came of it: this request is on its own.
                Box::pin(shard.flights.landed(&flight, deadline)).await;
                if flight.outcome() != Outcome::LookAgain {
                    break None;
                }
            }
        }
    };
    stage.series.of(x.facts.plan).cache_misses.increment();
    x.storing = fill.map(|fill| Box::new(Storing { fill, ttl_us: plan.ttl_us }));
    let result = integrate(shard, client, x, stage, method).await;
    abandon(shard, x);
    result
}

/// Ends a fill that nothing came of, so that those who wait for it go on.
pub(crate) fn abandon(shard: &Shard, x: &mut Exchange) {
    if let Some(storing) = x.storing.take() {
        tell(shard, storing.fill.abandon());
    }
}

/// Gives the fill up where the backend's answer is not for others, also where a mapping makes
/// another status of its own or leaves out the field that says so. An encoded body is for those who
/// accept the encoding: it is for others only if the key has what they accept.
pub(crate) fn heed_backend(shard: &Shard, x: &mut Exchange, bytes: &[u8]) {
    if x.storing.is_some() {
        let mut fields = x.upstream.fields.iter();
        let is_unfit = fields.any(|field| match field.known {
            FieldName::ContentEncoding => !is_encoding_keyed(x),
            known => is_for_one(known, field.value.of(bytes)),
        });
        if is_unfit || is_conditional(x.upstream.status) {
            abandon(shard, x);
        }
    }
}

/// As [`heed_backend`], for an answer that is known to be encoded.
pub(crate) fn heed_encoding(shard: &Shard, x: &mut Exchange) {
    if x.storing.is_some() && !is_encoding_keyed(x) {
        abandon(shard, x);
    }
}

/// Whether the backend is to answer without an encoding: what it says is for everybody, also for
/// those who cannot read one.
pub(crate) fn wants_plain(x: &Exchange) -> bool {
    x.storing.is_some() && !is_encoding_keyed(x)
}

fn is_encoding_keyed(x: &Exchange) -> bool {
    let plan = x.plan().and_then(|method| method.cache.as_ref());
    let mut key = plan.into_iter().flat_map(|plan| &plan.key);
    key.any(|source| match source {
        Source::Header(name) | Source::MultiHeader(name) => is_name(name, b"accept-encoding"),
        _ => false,
    })
}

/// How long the integration may take, and with it the wait for somebody else's call of it.
fn timeout_ms(method: &MethodPlan) -> u32 {
    match &method.integration {
        IntegrationPlan::Http(plan) => plan.timeout_ms,
        IntegrationPlan::Lambda(plan) => plan.timeout_ms,
        IntegrationPlan::Service(plan) => plan.timeout_ms,
        _ => gateway_compile::limits::TIMEOUT_MS_DEFAULT,
    }
}

/// `Cache-Control: max-age=0` asks for a fresh response. Other directives say nothing to us.
pub(crate) fn wants_fresh(x: &Exchange) -> bool {
    let mut fields = x.head.fields.iter().filter(|f| f.known == FieldName::CacheControl);
    fields.any(|field| {
        let mut directives = x.text(field.value).split(|byte| *byte == b',');
        directives.any(|directive| directive.trim_ascii().eq_ignore_ascii_case(b"max-age=0"))
    })
}

/// Writes the key, for which a mapped parameter may need the whole body.
async fn write_whole_key(
    shard: &Shard,
    client: &Client,
    x: &mut Exchange,
    plan: &CachePlan,
) -> Result<(), Refusal> {
    if !plan.key.iter().any(Source::reads_request_body) {
        write_key(&client.peer, x, plan, None);
        return Ok(());
    }
    Box::pin(await_body(shard, client, x)).await?;
    let json = parse_json(&x.request_body).map_err(|()| Failure::invalid_json())?;
    write_key(&client.peer, x, plan, json.as_ref());
    Ok(())
}

/// What a response varies by: deployment, namespace and verb, then each parameter with its length,
/// so that no two requests share a key by accident. An absent value is none, not an empty one. How a
/// value is spelled is part of the key where the spelling is unusual.
pub(crate) fn write_key(
    peer: &Peer,
    x: &mut Exchange,
    plan: &CachePlan,
    request_json: Option<&serde_json::Value>,
) {
    let mut key = std::mem::take(&mut x.cache_key);
    key.clear();
    key.extend_from_slice(&plan.prefix);
    key.extend_from_slice(x.text(x.head.method));
    for source in &plan.key {
        let at = key.len();
        key.extend_from_slice(&[0; 5]);
        let values = Values { request_json, ..Values::of_request(x, peer) };
        let has_value = values.write_key(source, &mut key);
        let len = (key.len() - at - 5) as u32;
        key[at] = u8::from(has_value);
        key[at + 1..at + 5].copy_from_slice(&len.to_le_bytes());
        with_length(&mut key, |key| values.write_spelling(source, key));
    }
    x.cache_key = key;
}

/// What a look-up came to.
enum Found {
    Hit(Answer),
    Fill(Fill),
    Wait(Arc<Flight>),
}

/// An answer from the cache, as far as it can be made while the first level lends the entry.
enum Answer {
    /// Head and body, copied.
    Whole { tx: Buf, body_len: usize },
    /// The head is in [`Exchange::out`]; the body is sent from where it lies.
    Large(Arc<Entry>),
    /// The head up to its common fields is in [`Exchange::out`]; the body is to be compressed.
    Packed(Arc<Entry>, Coding),
}

fn look_up(shard: &Shard, x: &mut Exchange, method: &MethodPlan, cache: &Arc<Cache>) -> Found {
    let now_us = Moment::now().aged_micros();
    let mut level1 = shard.level1.borrow_mut();
    match cache.lookup(&mut level1, &x.cache_key, now_us, shard.index) {
        Lookup::Hit(entry) => Found::Hit(compose(shard, x, method, entry)),
        Lookup::Fill(fill) => Found::Fill(fill),
        Lookup::Wait(flight) => Found::Wait(flight),
    }
}

fn compose(shard: &Shard, x: &mut Exchange, method: &MethodPlan, entry: &Arc<Entry>) -> Answer {
    decide_keep_alive(x);
    if is_traced(method) {
        x.make_trace(shard);
    }
    let mut out = std::mem::take(&mut x.out);
    out.clear();
    out.extend_from_slice(entry.head());
    finish(x, is_traced(method), &mut out);
    let is_bare = has_no_body(entry.status());
    let body = entry.body();
    x.note_answer(&out, body);
    let coding = compress::wanted(x, entry.status(), &out, body.len()).filter(|_| !is_bare);
    if let Some(coding) = coding {
        x.out = out;
        return Answer::Packed(Arc::clone(entry), coding);
    }
    let framing = if is_bare { Framing::None } else { Framing::Length(body.len() as u64) };
    finish_head(shard, x, framing, &mut out);
    x.facts.status = entry.status();
    let answer = if body.len() > CACHED_COPY_BYTES_MAX {
        Answer::Large(Arc::clone(entry))
    } else {
        let mut tx = Buf::take();
        if tx.extend(&out) && tx.extend(body) {
            Answer::Whole { tx, body_len: body.len() }
        } else {
            Answer::Large(Arc::clone(entry))
        }
    };
    x.out = out;
    answer
}

async fn send(
    shard: &Shard,
    client: &Client,
    x: &mut Exchange,
    answer: Answer,
) -> Result<(), Refusal> {
    match answer {
        Answer::Whole { tx, body_len } => {
            respond::send_buf(shard, &client.stream, tx).await?;
            x.facts.sent_body_bytes += body_len as u64;
            Ok(())
        }
        Answer::Packed(entry, coding) => {
            let mut out = std::mem::take(&mut x.out);
            let (status, body) = (entry.status(), entry.body());
            let sent = compress::send(shard, client, x, status, &mut out, body, coding);
            let sent = Box::pin(sent).await;
            x.out = out;
            Ok(sent?)
        }
        Answer::Large(entry) => {
            let out = std::mem::take(&mut x.out);
            let sent = send_large(shard, client, x, &out, entry.body()).await;
            x.out = out;
            sent
        }
    }
}

/// Sends a body from where it lies, as far as the socket takes it at once; copies only the rest.
async fn send_large(
    shard: &Shard,
    client: &Client,
    x: &mut Exchange,
    head: &[u8],
    body: &[u8],
) -> Result<(), Refusal> {
    let sent = match client.stream.try_send_parts(head, body) {
        Ok(sent) => sent,
        Err(error) if error.kind() == ErrorKind::WouldBlock => 0,
        Err(_) => return Err(Refusal::Broken),
    };
    shard.metrics.downstream_sent_bytes.add(sent as u64);
    let of_head = sent.min(head.len());
    let of_body = sent - of_head;
    x.facts.sent_body_bytes += of_body as u64;
    if of_body == body.len() {
        return Ok(());
    }
    // A client that reads slowly: the rest goes as bodies do, within the time limit.
    let rest = respond::send(shard, client, x, &head[of_head..], &body[of_body..]);
    Ok(Box::pin(rest).await?)
}

/// Whether answers of the method carry the request's trace id: those of `HTTP` and of functions do.
fn is_traced(method: &MethodPlan) -> bool {
    match &method.integration {
        IntegrationPlan::Http(plan) => !plan.proxy,
        IntegrationPlan::Lambda(_) | IntegrationPlan::Service(_) => true,
        _ => false,
    }
}

/// Writes what each client gets of its own, behind what the cache keeps of a head.
pub(crate) fn finish(x: &Exchange, is_traced: bool, out: &mut Vec<u8>) {
    if is_traced {
        write_trace(x, out);
    }
    if x.facts.cache_warning {
        out.extend_from_slice(WARNING);
    }
}

/// Keeps a response that is whole, if the request is to fill the cache. `head` ends before the
/// fields that each client gets of its own.
pub(crate) fn keep(shard: &Shard, x: &mut Exchange, status: u16, head: &[u8], body: &[u8]) {
    let Some(storing) = x.storing.take() else { return };
    let Storing { fill, ttl_us } = *storing;
    if !is_storable(status, head) || body.len() > ENTRY_BYTES_MAX {
        return tell(shard, fill.abandon());
    }
    let body = if has_no_body(status) { &[] } else { body };
    let (_, waiters) = fill.store(status, head, body, ttl_us, Moment::now().aged_micros());
    tell(shard, waiters);
}

/// Whether a response may be given to others.
///
/// API Gateway keeps every status that an integration answers; `Set-Cookie` and `private` are for one
/// client (attacks, "Cache poisoning": never stored).
fn is_storable(status: u16, head: &[u8]) -> bool {
    let mut lines = head.split(|byte| *byte == b'\n');
    !is_conditional(status)
        && !lines.any(|line| {
            let Some(colon) = line.iter().position(|byte| *byte == b':') else { return false };
            is_for_one(FieldName::of(&line[..colon]), &line[colon + 1..])
        })
}

/// A part of a representation, or an answer to a condition that only one client set: both would be
/// wrong for the next.
fn is_conditional(status: u16) -> bool {
    matches!(status, 100..=199 | 206 | 304 | 412 | 416)
}

/// Whether a response with this field is for one client.
fn is_for_one(name: FieldName, value: &[u8]) -> bool {
    match name {
        FieldName::SetCookie => true,
        FieldName::CacheControl => {
            let mut directives = value.split(|byte| *byte == b',');
            directives.any(|directive| {
                let name = directive.split(|byte| *byte == b'=').next().unwrap_or_default();
                name.trim_ascii().eq_ignore_ascii_case(b"private")
            })
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::is_storable;

    #[test]
    fn what_is_for_one_client_is_not_kept() {
        let head = |fields: &str| format!("HTTP/1.1 200 OK\r\n{fields}");
        let check = |status, fields: &str, expected| {
            assert_eq!(is_storable(status, head(fields).as_bytes()), expected, "{status} {fields}");
        };
        check(200, "Content-Type: text/plain\r\n", true);
        check(404, "", true);
        check(503, "Cache-Control: no-store\r\n", true);
        check(200, "set-cookie: a=b\r\n", false);
        check(200, "Cache-Control: max-age=60, Private\r\n", false);
        check(200, "Cache-Control: private=\"x\"\r\n", false);
        check(200, "X-Cache-Control: private\r\n", true);
        for status in [206, 304, 412, 416] {
            check(status, "", false);
        }
    }
}
