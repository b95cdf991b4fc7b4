//! `AWS` with a function: the body is the event, and the integration responses make the response.

use std::borrow::Cow;
use std::rc::Rc;

use gateway_compile::templates::Conversion;
use gateway_compile::{CustomMapping, Failure, LambdaPlan, StagePlan};
use gateway_functions::Outcome;
use gateway_proto::h1::ResponseHead;
use serde::de::IgnoredAny;

use super::call_function;
use crate::cached;
use crate::connection::Client;
use crate::event::json;
use crate::exchange::{Refusal, decide_keep_alive};
use crate::http::{await_body, parse_json};
use crate::relay::send_whole;
use crate::request::Exchange;
use crate::shard::{Shard, ShardStage};
use crate::transform::{self, Outgoing};
use crate::values::{Reply, Values};

pub(super) async fn call(
    shard: &Shard,
    client: &Client,
    x: &mut Exchange,
    stage: &Rc<ShardStage>,
    plan: &LambdaPlan,
    mapping: &CustomMapping,
) -> Result<(), Refusal> {
    let (templates, reads_json) = (&mapping.request_templates, mapping.needs_request_body);
    let sends = transform::request(shard, client, x, &stage.plan, templates, reads_json).await?;
    if mapping.needs_request_body || sends == Outgoing::Client {
        if !x.body.is_whole() || mapping.needs_request_body {
            Box::pin(await_body(shard, client, x)).await?;
        }
    } else {
        decide_keep_alive(x);
    }
    let request_json = match mapping.needs_request_body {
        true => parse_json(&x.request_body).map_err(|()| Failure::invalid_json())?,
        false => None,
    };
    if x.trace.is_empty() {
        x.make_trace(shard);
    }
    let kind = invocation_type(client, x, mapping, request_json.as_ref());
    let event = match sends {
        Outgoing::Literal(text) => text.to_vec(),
        Outgoing::Made => x.transform.body.clone(),
        Outgoing::Client => {
            if x.body_prefix().is_empty() {
                x.note_no_body();
            }
            client_event(x)
        }
    };
    let outcome = match refusal_of_event(&event) {
        Some(payload) => refused(x, payload),
        None if kind == InvocationType::DryRun => Outcome { payload: Vec::new(), is_error: false },
        None => {
            let is_event = kind == InvocationType::Event;
            call_function(shard, x, stage, plan, event, is_event).await?
        }
    };
    if outcome.is_error {
        x.facts.integration.error = Some("The function returned an error");
    }
    let selected = mapping.responses.select_error(&error_message(&outcome.payload));
    let selected = selected.inspect_err(|_| x.note_unmatched(&200))?;
    // What Lambda's `Invoke` answers with.
    let content_type = Some(&b"application/json"[..]);
    let types = &stage.plan.binary_media_types;
    let handling = selected.plan.content_handling;
    let conversion = transform::response_conversion(x, types, handling, content_type, false);
    let head = ResponseHead::new();
    let reply = Reply { head: &head, bytes: &[], body: Some(&outcome.payload) };
    let mut made = std::mem::take(&mut x.transform);
    let mut out = std::mem::take(&mut x.out);
    out.clear();
    let values = Values {
        reply: Some(reply),
        request_json: request_json.as_ref(),
        ..Values::of_request(x, &client.peer)
    };
    let payload = match conversion {
        Conversion::Decode => unquoted(&outcome.payload),
        _ => &outcome.payload,
    };
    let answer = transform::response(&mut made, &values, selected, conversion, payload, &mut out);
    let result = match answer {
        Ok((status, body)) => {
            cached::keep(shard, x, status, &out, body);
            cached::finish(x, true, &mut out);
            send_whole(shard, client, x, status, &mut out, body).await.map_err(Refusal::from)
        }
        Err(failure) => Err(failure.into()),
    };
    x.out = out;
    x.transform = made;
    result
}

/// The text of a result that is a JSON string without escapes, as base64 is. Choice: what API Gateway decodes of a
/// function that returns a string is not recorded; with its quotes it would never be base64.
fn unquoted(payload: &[u8]) -> &[u8] {
    let payload = payload.trim_ascii();
    let inner = payload.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\""));
    inner.unwrap_or(payload)
}

/// Why the function is not invoked, as far as the request's head tells.
pub(crate) fn refusal(x: &Exchange, stage: &StagePlan, mapping: &CustomMapping) -> Option<Failure> {
    transform::refusal(x, stage, &mapping.request_templates)
}

/// The client's body as text; `{}` when there is none.
fn client_event(x: &Exchange) -> Vec<u8> {
    match x.body_prefix() {
        b"" => b"{}".to_vec(),
        body => match String::from_utf8_lossy(body) {
            Cow::Borrowed(text) => text.as_bytes().to_vec(),
            Cow::Owned(text) => text.into_bytes(),
        },
    }
}

/// `X-Amz-Invocation-Type`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum InvocationType {
    RequestResponse,
    Event,
    DryRun,
}

/// The invocation type that a mapping asks for; the function is waited for where it is none of Lambda's.
fn invocation_type(
    client: &Client,
    x: &Exchange,
    mapping: &CustomMapping,
    request_json: Option<&serde_json::Value>,
) -> InvocationType {
    let values = Values { request_json, ..Values::of_request(x, &client.peer) };
    let mut headers = mapping.headers.iter();
    let header = headers.rfind(|h| h.name.eq_ignore_ascii_case(b"x-amz-invocation-type"));
    let mut value = Vec::new();
    if let Some(header) = header {
        values.write(&header.source, &mut value);
    }
    match &value[..] {
        b"Event" => InvocationType::Event,
        b"DryRun" => InvocationType::DryRun,
        _ => InvocationType::RequestResponse,
    }
}

/// What Lambda answers, with status 400, to a payload that is not JSON. That document is the result.
fn refusal_of_event(event: &[u8]) -> Option<Vec<u8>> {
    let error = serde_json::from_slice::<IgnoredAny>(event).err()?;
    let text = format!(
        "Could not parse request body into json: Could not parse payload into json: {error}"
    );
    let mut document = b"{\"Type\":\"User\",\"message\":".to_vec();
    json::string(text.as_bytes(), &mut document);
    document.push(b'}');
    Some(document)
}

fn refused(x: &mut Exchange, payload: Vec<u8>) -> Outcome {
    x.facts.integration.status = Some(400);
    x.facts.integration.service_status = Some(400);
    Outcome { payload, is_error: false }
}

/// The `errorMessage` of a result, which selects the integration response; empty where there is none.
fn error_message(payload: &[u8]) -> Cow<'_, str> {
    #[derive(serde::Deserialize)]
    struct Result<'p> {
        #[serde(borrow, default, rename = "errorMessage")]
        error_message: Option<Cow<'p, str>>,
    }
    if payload.trim_ascii_start().first() != Some(&b'{') {
        return Cow::Borrowed("");
    }
    let result = serde_json::from_slice::<Result<'_>>(payload);
    result.ok().and_then(|result| result.error_message).unwrap_or_default()
}

#[cfg(test)]
mod tests;
