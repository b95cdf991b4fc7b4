//! `AWS_PROXY` integrations, and `AWS` integrations with a function.
//!
//! | module | does |
//! | --- | --- |
//! | `proxy` | an event of the whole request, and a response that the function makes itself |
//! | `custom` | the body is the event, and the integration responses make the response |
//! | [`reply`], `response` | what a proxy function answers, read and written |
//! | `url` | function URLs: an event of the whole request in another format, and access |
//! | [`answer`] | what the function of a function URL answers |
//! | `remote` | functions that somebody else runs |
//!
//! Cost of a warm call besides the invocation: the event is written in one pass over the head, the result is
//! read in one pass and copied once, behind its head, into the buffer that is sent.

use std::rc::Rc;
use std::time::Duration;

use gateway_compile::{
    Failure, FunctionIndex, FunctionTarget, LambdaMapping, LambdaPlan, StagePlan,
};
use gateway_functions::{Invocation, InvokeError, Outcome};
use gateway_integration::UpstreamError;
use gateway_rt::Moment;
use gateway_telemetry::UpstreamFailure;

use crate::connection::Client;
use crate::exchange::Refusal;
use crate::ids;
use crate::journal::Invoked;
use crate::limits::FUNCTION_EVENT_BYTES_MAX;
use crate::request::Exchange;
use crate::shard::{Shard, ShardStage};

pub mod answer;
mod custom;
pub(crate) mod direct;
mod proxy;
pub(crate) mod remote;
pub mod reply;
mod response;
mod url;

pub(crate) use custom::refusal;
pub use direct::{Direct, DirectReply, NoOutcome};

/// Invokes the function and answers the client.
pub(crate) async fn call(
    shard: &Shard,
    client: &Client,
    x: &mut Exchange,
    stage: &Rc<ShardStage>,
    plan: &LambdaPlan,
) -> Result<(), Refusal> {
    match &plan.mapping {
        LambdaMapping::Proxy => proxy::call(shard, client, x, stage, plan).await,
        LambdaMapping::Url => Box::pin(url::call(shard, client, x, stage, plan)).await,
        LambdaMapping::Custom(mapping) => {
            Box::pin(custom::call(shard, client, x, stage, plan, mapping)).await
        }
    }
}

/// Invokes a function, here or wherever it runs, and waits for its result until `deadline`.
///
/// `trace` is the value of `X-Amzn-Trace-Id`. The invocation has an id of its own, which is written over
/// `request_id`.
///
/// # Errors
/// [`InvokeError`]. Only the caller's own deadline is [`InvokeError::Deadline`]; a function that takes
/// longer than its own timeout has an outcome that says so.
pub(crate) async fn invoke(
    shard: &Shard,
    stage: &ShardStage,
    function: FunctionIndex,
    payload: Vec<u8>,
    request_id: &mut [u8; 36],
    deadline: Moment,
    trace: &[u8],
) -> Result<Outcome, InvokeError> {
    *request_id = ids::uuid(&shard.random);
    let order = Order { payload, request_id, deadline, trace, is_event: false };
    carry_out(shard, stage, function, order).await.map_err(|error| match error {
        CallError::Invoke(error) => error,
        CallError::Upstream(UpstreamError::Timeout) => InvokeError::Deadline,
        CallError::Upstream(error) => InvokeError::Unavailable(error.to_string()),
    })
}

/// An invocation, whoever carries it out.
struct Order<'o> {
    payload: Vec<u8>,
    request_id: &'o mut [u8; 36],
    deadline: Moment,
    trace: &'o [u8],
    /// Nobody waits for its result.
    is_event: bool,
}

/// Why an invocation has no outcome.
#[derive(Debug)]
enum CallError {
    Invoke(InvokeError),
    /// Whoever runs the function cannot be reached.
    Upstream(UpstreamError),
}

impl From<InvokeError> for CallError {
    fn from(error: InvokeError) -> Self {
        Self::Invoke(error)
    }
}

impl From<UpstreamError> for CallError {
    fn from(error: UpstreamError) -> Self {
        Self::Upstream(error)
    }
}

async fn carry_out(
    shard: &Shard,
    stage: &ShardStage,
    function: FunctionIndex,
    order: Order<'_>,
) -> Result<Outcome, CallError> {
    let unavailable = |reason: &str| InvokeError::Unavailable(reason.to_owned());
    match stage.plan.function(function) {
        FunctionTarget::Local(_) => {
            let Some(local) = &stage.functions[usize::from(function.0)] else {
                return Err(unavailable("the function is not prepared").into());
            };
            let Order { payload, request_id, deadline, trace, is_event } = order;
            let trace_id = trace.to_vec();
            let invocation = Invocation { request_id: *request_id, payload, trace_id, deadline };
            if is_event {
                local.invoke_event(invocation)?;
                return Ok(Outcome { payload: Vec::new(), is_error: false });
            }
            Ok(local.invoke(invocation).await?)
        }
        FunctionTarget::Remote(remote) => {
            Box::pin(remote::invoke(shard, stage, remote, order)).await
        }
        FunctionTarget::Missing => Err(unavailable("no such function is defined here").into()),
    }
}

/// Calls the function of an integration; what becomes of the call is noted for logs and counters.
async fn call_function(
    shard: &Shard,
    x: &mut Exchange,
    stage: &ShardStage,
    plan: &LambdaPlan,
    payload: Vec<u8>,
    is_event: bool,
) -> Result<Outcome, Refusal> {
    let started = Moment::now();
    x.facts.integration.started = Some(started);
    if payload.len() > FUNCTION_EVENT_BYTES_MAX {
        // Lambda's 413. What a client then sees is not documented.
        x.facts.integration.error = Some("The event is larger than Lambda takes");
        return Err(Failure::integration_failure(500).into());
    }
    if x.journal.is_some() {
        note_invocation(x, stage, plan.function, &payload, false);
    }
    // Of a function URL the invocation and the request are one.
    let mut request_id = match plan.mapping {
        LambdaMapping::Url => x.facts.request_id,
        LambdaMapping::Proxy | LambdaMapping::Custom(_) => ids::uuid(&shard.random),
    };
    let deadline = started + Duration::from_millis(u64::from(plan.timeout_ms));
    let order = Order { payload, request_id: &mut request_id, deadline, trace: &x.trace, is_event };
    let result = carry_out(shard, stage, plan.function, order).await;
    let latency = Duration::from_micros(Moment::now().micros_since(started));
    x.facts.integration.latency = Some(latency);
    x.backend_request_id.clear();
    x.backend_request_id.extend_from_slice(&request_id);
    match result {
        Ok(outcome) => {
            let status = if is_event { 202 } else { 200 };
            x.facts.integration.time_to_head = Some(latency);
            x.facts.integration.service_status = Some(status);
            x.facts.integration.status = Some(status);
            x.note_result(status, &outcome.payload, outcome.is_error);
            Ok(outcome)
        }
        Err(error) => Err(note_failure(shard, x, stage, plan.function, &error).into()),
    }
}

#[cold]
pub(crate) fn note_invocation(
    x: &mut Exchange,
    stage: &ShardStage,
    function: FunctionIndex,
    payload: &[u8],
    is_authorizer: bool,
) {
    let function = match stage.plan.function(function) {
        FunctionTarget::Local(plan) => plan.arn.to_string(),
        FunctionTarget::Remote(remote) => remote_arn(&remote.path),
        FunctionTarget::Missing => "missing".to_owned(),
    };
    let StagePlan { region, api_id, .. } = &*stage.plan;
    let at = Invoked { region, function: &function, api_id, is_authorizer };
    x.note_invocation(&at, payload);
}

/// The function that a path of `Invoke` names.
fn remote_arn(path: &str) -> String {
    let name = path.split("/functions/").nth(1).and_then(|rest| rest.split('/').next());
    name.unwrap_or(path).replace("%3A", ":")
}

/// What a client is told of a call that came to nothing. Source: recorded behaviour, "Failures while calling
/// the backend".
fn note_failure(
    shard: &Shard,
    x: &mut Exchange,
    stage: &ShardStage,
    function: FunctionIndex,
    error: &CallError,
) -> Failure {
    let (failure, counter, text) = match error {
        CallError::Invoke(InvokeError::Throttled) => {
            x.facts.integration.service_status = Some(429);
            (Failure::integration_failure(500), UpstreamFailure::Pool, "Rate Exceeded.")
        }
        CallError::Invoke(InvokeError::Deadline) => (
            Failure::integration_timeout(),
            UpstreamFailure::Timeout,
            "Execution failed due to a timeout error",
        ),
        CallError::Invoke(InvokeError::Unavailable(_)) => (
            Failure::integration_failure(500),
            UpstreamFailure::Connect,
            "The function cannot be invoked",
        ),
        CallError::Upstream(error) => {
            let text = match error {
                UpstreamError::Timeout => "Execution failed due to a timeout error",
                _ => "Execution failed due to a network error",
            };
            (error.failure(), error.counter(), text)
        }
    };
    shard.metrics.upstream_failures.increment(counter);
    x.facts.integration.error = Some(text);
    let (api, name) = (&*stage.plan.api_id, &*stage.plan.stage);
    let function = function_name(stage.plan.function(function));
    match error {
        // Ours to mend, and it stays until it is.
        CallError::Invoke(InvokeError::Unavailable(reason)) => {
            tracing::warn!(api, stage = name, function, reason, "Function cannot be invoked");
        }
        error => tracing::debug!(api, stage = name, function, ?error, "Invocation failed"),
    }
    failure
}

/// What a function is called in logs.
pub(crate) fn function_name(target: &FunctionTarget) -> &str {
    match target {
        FunctionTarget::Local(plan) => &plan.name,
        FunctionTarget::Remote(remote) => &remote.path,
        FunctionTarget::Missing => "missing",
    }
}
