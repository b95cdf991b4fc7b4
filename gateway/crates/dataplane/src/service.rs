//! `AWS` integrations with services: the request is made whole, signed and sent, and the integration responses make the
//! client's response of what the service says.
//!
//! | module | does |
//! | --- | --- |
//! | `request` | URI, headers and body from mappings and templates |
//! | `path` | paths as S3 wants them, and the ones that nobody gets |
//! | [`sign`] | the head with its signature |
//! | [`wire`] | sending and receiving, for remote functions too |
//!
//! Cost of a call besides the service's own: two hashes and one HMAC, and a copy of the body each way.

use std::rc::Rc;
use std::time::Duration;

use gateway_auth::sigv4::PathForm;
use gateway_compile::{Failure, PathStyle, RequestMethod, ServicePlan};
use gateway_integration::UpstreamError;
use gateway_rt::Moment;

use crate::cached;
use crate::connection::Client;
use crate::exchange::{Refusal, decide_keep_alive};
use crate::http::{await_body, origin, parse_json};
use crate::relay::send_whole;
use crate::request::Exchange;
use crate::shard::{Shard, ShardStage};
use crate::transform::{self, Outgoing};
use crate::values::{Reply, Values};

pub(crate) mod path;
mod request;
pub(crate) mod sign;
pub(crate) mod wire;

use request::Said;
use sign::Signed;
use wire::{Answer, Call};

/// Calls the service and answers the client.
pub(crate) async fn call(
    shard: &Shard,
    client: &Client,
    x: &mut Exchange,
    stage: &Rc<ShardStage>,
    plan: &ServicePlan,
) -> Result<(), Refusal> {
    let (templates, reads_json) = (&plan.request_templates, plan.needs_request_body);
    let sends = transform::request(shard, client, x, &stage.plan, templates, reads_json).await?;
    if reads_json || sends == Outgoing::Client {
        if !x.body.is_whole() || reads_json {
            await_body(shard, client, x).await?;
        }
    } else {
        decide_keep_alive(x);
    }
    let json = match reads_json {
        true => parse_json(&x.request_body).map_err(|()| Failure::invalid_json())?,
        false => None,
    };
    x.make_trace(shard);
    let body = match sends {
        Outgoing::Literal(text) => text.to_vec(),
        Outgoing::Made => x.transform.body.clone(),
        Outgoing::Client => x.body_prefix().to_vec(),
    };
    let values = Values { request_json: json.as_ref(), ..Values::of_request(x, &client.peer) };
    let said = Said::new(&values, plan, &x.transform.overrides, body)?;
    let answer = send(shard, x, stage, plan, &said).await?;
    respond(shard, client, x, stage, plan, &answer, json.as_ref()).await
}

/// Answers the client with what the integration response makes of the service's answer.
async fn respond(
    shard: &Shard,
    client: &Client,
    x: &mut Exchange,
    stage: &ShardStage,
    plan: &ServicePlan,
    answer: &Answer,
    request_json: Option<&serde_json::Value>,
) -> Result<(), Refusal> {
    let status = answer.head.status;
    let selected = plan.responses.select(status).inspect_err(|_| x.note_unmatched(&status))?;
    let types = &stage.plan.binary_media_types;
    let handling = selected.plan.content_handling;
    let content_type = answer.field(b"content-type");
    let is_coded = answer.field(b"content-encoding").is_some_and(|coding| coding != b"identity");
    let conversion = transform::response_conversion(x, types, handling, content_type, is_coded);
    let reply =
        Reply { head: &answer.head, bytes: answer.bytes.filled(), body: Some(&answer.body) };
    let mut made = std::mem::take(&mut x.transform);
    let mut out = std::mem::take(&mut x.out);
    out.clear();
    let values = Values { reply: Some(reply), request_json, ..Values::of_request(x, &client.peer) };
    let body = &answer.body;
    let result = match transform::response(&mut made, &values, selected, conversion, body, &mut out)
    {
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

/// Sends a call, and notes what becomes of it for logs and counters.
async fn send(
    shard: &Shard,
    x: &mut Exchange,
    stage: &ShardStage,
    plan: &ServicePlan,
    said: &Said,
) -> Result<Answer, Refusal> {
    let credentials = shard.settings.aws_credentials.as_ref();
    if credentials.is_none() && plan.is_aws {
        x.facts.integration.error = Some("There are no credentials to sign the call with");
        tracing::warn!(
            api = &*stage.plan.api_id,
            stage = &*stage.plan.stage,
            service = &*plan.service,
            fix = "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or --aws-endpoint SERVICE=URL",
            "AWS cannot be called without credentials"
        );
        return Err(Failure::api_configuration_error().into());
    }
    let started = Moment::now();
    x.facts.integration.started = Some(started);
    let mut head = std::mem::take(&mut x.out);
    head.clear();
    write_head(shard, x, stage, plan, said, &mut head);
    x.note_request(|| origin(stage.plan.endpoint(plan.endpoint)), &head, &said.body);
    let method = RequestMethod::parse(&said.method);
    use RequestMethod as M;
    let call = Call {
        shard,
        pool: &stage.pools[usize::from(plan.endpoint.0)],
        deadline: started + Duration::from_millis(u64::from(plan.timeout_ms)),
        body_bytes_max: shard.settings.response_bytes_max,
        is_head: method == M::Head,
        is_idempotent: matches!(method, M::Get | M::Head | M::Options | M::Put | M::Delete),
    };
    let result = call.run(&head, &said.body).await;
    x.out = head;
    let latency = Duration::from_micros(Moment::now().micros_since(started));
    x.facts.integration.latency = Some(latency);
    match result {
        Ok(answer) => {
            x.facts.integration.time_to_head = Some(latency);
            x.facts.integration.status = Some(answer.head.status);
            let head = &answer.bytes.filled()[..answer.head.len];
            x.note_response(answer.head.status, latency.as_millis(), head);
            x.note_response_body(&answer.body);
            let id =
                answer.field(b"x-amzn-requestid").or_else(|| answer.field(b"x-amz-request-id"));
            x.backend_request_id.clear();
            x.backend_request_id.extend_from_slice(id.unwrap_or_default());
            Ok(answer)
        }
        Err(error) => Err(note_failure(shard, x, stage, plan, &error).into()),
    }
}

fn write_head(
    shard: &Shard,
    x: &Exchange,
    stage: &ShardStage,
    plan: &ServicePlan,
    said: &Said,
    out: &mut Vec<u8>,
) {
    let signed = borrowed(&said.signed);
    let mut unsigned = borrowed(&said.unsigned);
    unsigned.extend::<[(&[u8], &[u8]); 3]>([
        (b"User-Agent", &stage.plan.user_agent),
        (b"X-Amzn-Apigateway-Api-Id", stage.plan.api_id.as_bytes()),
        (b"X-Amzn-Trace-Id", &x.trace),
    ]);
    let outgoing = Signed {
        method: &said.method,
        path: &said.path,
        query: &said.query,
        path_form: match plan.path_style {
            PathStyle::Normalized => PathForm::Normalized,
            PathStyle::Canonical => PathForm::Encoded,
        },
        signed: &signed,
        unsigned: &unsigned,
        body: &said.body,
        region: &plan.region,
        service: &plan.signing_name,
        unix_ms: gateway_rt::clock::unix_ms(),
    };
    let credentials = shard.settings.aws_credentials.as_ref();
    outgoing.write(credentials, &mut shard.signing_keys.borrow_mut(), out);
}

fn borrowed(fields: &[(Vec<u8>, Vec<u8>)]) -> Vec<(&[u8], &[u8])> {
    fields.iter().map(|(name, value)| (&name[..], &value[..])).collect()
}

/// What a client is told of a call that came to nothing.
fn note_failure(
    shard: &Shard,
    x: &mut Exchange,
    stage: &ShardStage,
    plan: &ServicePlan,
    error: &UpstreamError,
) -> Failure {
    shard.metrics.upstream_failures.increment(error.counter());
    let (failure, text) = match error {
        UpstreamError::Timeout => (error.failure(), "Execution failed due to a timeout error"),
        UpstreamError::Protocol(wire::TOO_LARGE) => {
            (Failure::internal_error(), "The response is larger than the limit")
        }
        _ => (error.failure(), "Execution failed due to a network error"),
    };
    x.facts.integration.error = Some(text);
    let (api, name, service) = (&*stage.plan.api_id, &*stage.plan.stage, &*plan.service);
    tracing::debug!(api, stage = name, service, %error, "Integration failed");
    failure
}
