//! `AWS_PROXY`: payload format 1.0, and the strict response contract.

use std::rc::Rc;

use gateway_compile::{Failure, LambdaPlan};
use gateway_proto::FieldName;
use gateway_telemetry::UpstreamFailure;

use super::{call_function, reply, response};
use crate::cached;
use crate::connection::Client;
use crate::event::{self, base64};
use crate::exchange::Refusal;
use crate::http::await_body;
use crate::limits::{EVENT_HEAD_BYTES, FUNCTION_RESULT_BYTES_MAX};
use crate::relay::send_whole;
use crate::request::Exchange;
use crate::shard::{Shard, ShardStage};

pub(super) async fn call(
    shard: &Shard,
    client: &Client,
    x: &mut Exchange,
    stage: &Rc<ShardStage>,
    plan: &LambdaPlan,
) -> Result<(), Refusal> {
    if !x.body.is_whole() {
        Box::pin(await_body(shard, client, x)).await?;
    }
    if x.trace.is_empty() {
        x.make_trace(shard);
    }
    let event = write_event(client, x, stage)?;
    let outcome = call_function(shard, x, stage, plan, event, false).await?;
    if outcome.is_error {
        x.facts.integration.error =
            Some("Lambda execution failed with status 200 due to customer function error");
        tracing::debug!(
            api = &*stage.plan.api_id,
            stage = &*stage.plan.stage,
            error = %String::from_utf8_lossy(&outcome.payload),
            "Function failed"
        );
        return Err(Failure::integration_failure(502).into());
    }
    let mut payload = outcome.payload;
    let reply = read(shard, x, stage, &mut payload)?;
    x.facts.integration.status = Some(reply.status);
    let body = decoded_body(x, stage, &reply, &mut payload)?;
    let mut out = std::mem::take(&mut x.out);
    out.clear();
    response::write_head(&reply, &payload, &mut out);
    let body = body.of(&payload);
    if is_encoded(&reply, &payload) {
        cached::heed_encoding(shard, x);
    }
    cached::keep(shard, x, reply.status, &out, body);
    cached::finish(x, true, &mut out);
    let sent = send_whole(shard, client, x, reply.status, &mut out, body).await;
    x.out = out;
    Ok(sent?)
}

fn write_event(client: &Client, x: &Exchange, stage: &ShardStage) -> Result<Vec<u8>, Failure> {
    let method = x.plan().ok_or(Failure::internal_error())?;
    let types = &stage.plan.binary_media_types;
    let is_binary = types.is_binary_request(x.known_field(FieldName::ContentType));
    let body_len = x.body_prefix().len();
    let body_len = if is_binary { body_len.div_ceil(3) * 4 } else { body_len + body_len / 8 };
    let mut event = Vec::with_capacity(EVENT_HEAD_BYTES + body_len);
    event::proxy(x, &client.peer, &stage.plan, method, is_binary, &mut event);
    Ok(event)
}

fn read(
    shard: &Shard,
    x: &mut Exchange,
    stage: &ShardStage,
    payload: &mut [u8],
) -> Result<reply::Reply, Failure> {
    let read = match payload.len() > FUNCTION_RESULT_BYTES_MAX {
        true => Err(reply::Malformed("the result is larger than Lambda's limit")),
        false => reply::parse(payload),
    };
    read.map_err(|reason| {
        shard.metrics.upstream_failures.increment(UpstreamFailure::Protocol);
        x.facts.integration.error = Some("Malformed Lambda proxy response");
        tracing::debug!(
            api = &*stage.plan.api_id,
            stage = &*stage.plan.stage,
            %reason,
            "Malformed Lambda proxy response"
        );
        Failure::integration_failure(502)
    })
}

/// The body that the client gets: what is base64 is decoded for a client that wants a binary media type, and
/// stays text for others.
fn decoded_body(
    x: &Exchange,
    stage: &ShardStage,
    reply: &reply::Reply,
    payload: &mut [u8],
) -> Result<reply::Text, Failure> {
    let accept = x.known_field(FieldName::Accept);
    if !reply.is_base64_encoded || !stage.plan.binary_media_types.is_binary_response(accept) {
        return Ok(reply.body);
    }
    let len = base64::decode_in_place(reply.body.of_mut(payload));
    Ok(reply.body.first(len.ok_or(Failure::api_configuration_error())?))
}

/// Whether the function says that its body has a content coding.
fn is_encoded(reply: &reply::Reply, payload: &[u8]) -> bool {
    let mut names = reply.fields.iter().map(|field| field.name.of(payload));
    names.any(|name| FieldName::of(name) == FieldName::ContentEncoding)
}
