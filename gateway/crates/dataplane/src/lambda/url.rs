//! Function URLs: who may call, preflights, the event, and the answer of the function.
//!
//! Source: Lambda Developer Guide, "Creating and managing Lambda function URLs" and "Control access to Lambda function URLs".
//! Where it does not say: a preflight is answered before anybody is asked who calls, since browsers cannot sign one; what is
//! configured for other origins replaces what the function says of them.

use std::rc::Rc;

use gateway_compile::{
    Failure, FunctionUrlAccess, FunctionUrlCorsPlan, FunctionUrlPlan, LambdaPlan, RequestMethod,
};
use gateway_proto::{FieldName, is_name};
use gateway_telemetry::UpstreamFailure;

use super::answer::{self, Answer, Body};
use super::{call_function, response};
use crate::connection::Client;
use crate::event::{self, base64};
use crate::exchange::Refusal;
use crate::http::await_body;
use crate::limits::{EVENT_HEAD_BYTES, FUNCTION_EVENT_BYTES_MAX, FUNCTION_RESULT_BYTES_MAX};
use crate::relay::send_whole;
use crate::request::Exchange;
use crate::respond::{write_field, write_trace};
use crate::shard::{Shard, ShardStage};
use crate::status::write_line;

pub(super) async fn call(
    shard: &Shard,
    client: &Client,
    x: &mut Exchange,
    stage: &Rc<ShardStage>,
    plan: &LambdaPlan,
) -> Result<(), Refusal> {
    let Some(url) = &stage.plan.function_url else { return Err(Failure::internal_error().into()) };
    if let Some(cors) = url.cors.as_ref().filter(|_| is_preflight(x)) {
        return preflight(shard, client, x, cors).await;
    }
    match url.access {
        FunctionUrlAccess::Open => {}
        FunctionUrlAccess::NotPermitted | FunctionUrlAccess::IamUnserved => {
            return Err(Failure::function_url_forbidden().into());
        }
    }
    if !x.body.is_whole() {
        Box::pin(await_body(shard, client, x)).await?;
    }
    x.make_trace(shard);
    let mut event = Vec::with_capacity(EVENT_HEAD_BYTES + x.body_prefix().len() * 4 / 3);
    event::function_url(x, &client.peer, &stage.plan, &mut event);
    if event.len() > FUNCTION_EVENT_BYTES_MAX {
        return Err(Failure::function_url_too_large().into());
    }
    let outcome = match call_function(shard, x, stage, plan, event, false).await {
        Ok(outcome) => outcome,
        Err(Refusal::Answer(_)) if x.facts.integration.service_status == Some(429) => {
            return Err(Failure::function_url_throttled().into());
        }
        Err(Refusal::Answer(_)) => return Err(Failure::function_url_failed().into()),
        Err(other) => return Err(other),
    };
    if outcome.is_error {
        x.facts.integration.error =
            Some("Lambda execution failed with status 200 due to customer function error");
        return Err(Failure::function_url_failed().into());
    }
    let answer = read(shard, x, stage, &outcome.payload)?;
    answer_client(shard, client, x, url, answer, &outcome.payload).await
}

fn read(
    shard: &Shard,
    x: &mut Exchange,
    stage: &ShardStage,
    result: &[u8],
) -> Result<Answer, Failure> {
    let read = match result.len() > FUNCTION_RESULT_BYTES_MAX {
        true => Err(answer::Unusable("the result is larger than Lambda's limit")),
        false => answer::read(result),
    };
    read.map_err(|reason| {
        shard.metrics.upstream_failures.increment(UpstreamFailure::Protocol);
        x.facts.integration.error = Some("The function's result is no response");
        let function = &*stage.plan.api_name;
        tracing::debug!(function, %reason, "Unusable answer of a function URL's function");
        Failure::function_url_failed()
    })
}

async fn answer_client(
    shard: &Shard,
    client: &Client,
    x: &mut Exchange,
    url: &FunctionUrlPlan,
    answer: Answer,
    result: &[u8],
) -> Result<(), Refusal> {
    let Answer { status, fields, body, is_base64_encoded } = answer;
    let mut text;
    let body = match body {
        Body::Result => result,
        Body::Text(body) => {
            text = body.into_bytes();
            if is_base64_encoded {
                let len = base64::decode_in_place(&mut text);
                text.truncate(len.ok_or(Failure::function_url_failed())?);
            }
            &text
        }
    };
    x.facts.integration.status = Some(status);
    let mut out = std::mem::take(&mut x.out);
    out.clear();
    write_line(status, &mut out);
    let mut has_content_type = false;
    for (name, value) in &fields {
        has_content_type |= FieldName::of(name.as_bytes()) == FieldName::ContentType;
        if url.cors.is_none() || !is_of_cors(name.as_bytes()) {
            response::write_remapped(name.as_bytes(), value.as_bytes(), &mut out);
        }
    }
    if !has_content_type {
        write_field(b"Content-Type", b"application/json", &mut out);
    }
    if let (Some(cors), Some(origin)) = (&url.cors, x.known_field(FieldName::Origin)) {
        write_cors(cors, origin, &mut out);
        write_unless_empty(b"Access-Control-Expose-Headers", &cors.expose_headers, &mut out);
    }
    write_trace(x, &mut out);
    let sent = send_whole(shard, client, x, status, &mut out, body).await;
    x.out = out;
    Ok(sent?)
}

/// A browser that asks whether a page of another origin may.
fn is_preflight(x: &Exchange) -> bool {
    let asks = |name: &[u8]| is_name(name, b"access-control-request-method");
    x.facts.method == RequestMethod::Options
        && x.known_field(FieldName::Origin).is_some()
        && x.head.fields.iter().any(|field| asks(x.text(field.name)))
}

async fn preflight(
    shard: &Shard,
    client: &Client,
    x: &mut Exchange,
    cors: &FunctionUrlCorsPlan,
) -> Result<(), Refusal> {
    crate::exchange::decide_keep_alive(x);
    let mut out = std::mem::take(&mut x.out);
    out.clear();
    write_line(200, &mut out);
    write_field(b"Content-Type", b"application/json", &mut out);
    let origin = x.known_field(FieldName::Origin).unwrap_or_default();
    if write_cors(cors, origin, &mut out) {
        write_unless_empty(b"Access-Control-Allow-Headers", &cors.allow_headers, &mut out);
        write_unless_empty(b"Access-Control-Allow-Methods", &cors.allow_methods, &mut out);
        write_unless_empty(b"Access-Control-Max-Age", &cors.max_age, &mut out);
    }
    let sent = send_whole(shard, client, x, 200, &mut out, &[]).await;
    x.out = out;
    Ok(sent?)
}

/// Whether pages of the origin may, which they are told.
fn write_cors(cors: &FunctionUrlCorsPlan, origin: &[u8], out: &mut Vec<u8>) -> bool {
    let Some(allowed) = cors.allowed(origin) else { return false };
    write_field(b"Access-Control-Allow-Origin", allowed, out);
    if cors.allow_credentials {
        write_field(b"Access-Control-Allow-Credentials", b"true", out);
    }
    if allowed != b"*" {
        write_field(b"Vary", b"Origin", out);
    }
    true
}

fn write_unless_empty(name: &[u8], value: &[u8], out: &mut Vec<u8>) {
    if !value.is_empty() {
        write_field(name, value, out);
    }
}

fn is_of_cors(name: &[u8]) -> bool {
    const PREFIX: &[u8] = b"access-control-";
    name.len() > PREFIX.len() && name[..PREFIX.len()].eq_ignore_ascii_case(PREFIX)
}
