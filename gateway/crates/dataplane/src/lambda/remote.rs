//! Functions that somebody else runs: Lambda's `Invoke`, signed.
//!
//! Without credentials a call is not signed, for endpoints that do not ask for a signature.

use gateway_auth::sigv4::PathForm;
use gateway_compile::RemoteFunction;
use gateway_functions::{InvokeError, Outcome};

use super::{CallError, Order};
use crate::limits::{FUNCTION_RESULT_BYTES_MAX, REMOTE_ERROR_BYTES_MAX};
use crate::service::sign::Signed;
use crate::service::wire::{Answer, Call};
use crate::shard::{Shard, ShardStage};

const SERVICE: &str = "lambda";

/// Invokes a function by HTTP.
pub(super) async fn invoke(
    shard: &Shard,
    stage: &ShardStage,
    remote: &RemoteFunction,
    order: Order<'_>,
) -> Result<Outcome, CallError> {
    let unix_ms = gateway_rt::clock::unix_ms();
    let mut head = Vec::with_capacity(1_024);
    write_head(shard, stage, remote, &order, unix_ms, &mut head);
    let pool = &stage.pools[usize::from(remote.endpoint.0)];
    let call = Call {
        shard,
        pool,
        deadline: order.deadline,
        body_bytes_max: FUNCTION_RESULT_BYTES_MAX,
        is_head: false,
        is_idempotent: false,
    };
    let answer = call.run(&head, &order.payload).await?;
    if let Some(id) = answer.field(b"x-amzn-requestid").and_then(|id| id.try_into().ok()) {
        *order.request_id = id;
    }
    outcome(answer)
}

/// What an answer of `Invoke` means.
fn outcome(answer: Answer) -> Result<Outcome, CallError> {
    let is_error = answer.field(b"x-amz-function-error").is_some();
    match answer.head.status {
        200 | 202 | 204 => Ok(Outcome { payload: answer.body, is_error }),
        429 => Err(InvokeError::Throttled.into()),
        400 if is_content_refused(&answer) => Ok(Outcome { payload: answer.body, is_error: true }),
        status => {
            let body = &answer.body[..answer.body.len().min(REMOTE_ERROR_BYTES_MAX)];
            let kind = answer.field(b"x-amzn-errortype").unwrap_or_default();
            let (kind, body) = (String::from_utf8_lossy(kind), String::from_utf8_lossy(body));
            Err(InvokeError::Unavailable(format!("Invoke answered {status} {kind}: {body}")).into())
        }
    }
}

/// The payload was no JSON, or too large: a function's caller gets to see that.
fn is_content_refused(answer: &Answer) -> bool {
    let kind = answer.field(b"x-amzn-errortype").unwrap_or_default();
    kind.starts_with(b"InvalidRequestContentException")
}

/// Writes the head of the request.
fn write_head(
    shard: &Shard,
    stage: &ShardStage,
    remote: &RemoteFunction,
    order: &Order<'_>,
    unix_ms: u64,
    out: &mut Vec<u8>,
) {
    let kind: &[u8] = if order.is_event { b"Event" } else { b"RequestResponse" };
    let (path, query) = remote.path.split_once('?').unwrap_or((&remote.path, ""));
    let outgoing = Signed {
        method: b"POST",
        path: path.as_bytes(),
        query: query.as_bytes(),
        path_form: PathForm::Normalized,
        signed: &[
            (b"Host", &remote.host_header),
            (b"Content-Type", b"application/json"),
            (b"X-Amz-Invocation-Type", kind),
        ],
        unsigned: &[(b"User-Agent", &stage.plan.user_agent), (b"X-Amzn-Trace-Id", order.trace)],
        body: &order.payload,
        region: &remote.region,
        service: SERVICE,
        unix_ms,
    };
    let credentials = shard.settings.aws_credentials.as_ref();
    outgoing.write(credentials, &mut shard.signing_keys.borrow_mut(), out);
}

#[cfg(test)]
mod tests;
