//! `AWS_PROXY` integrations, and `AWS` integrations with a function.

use std::rc::Rc;

use gateway_compile::{Failure, FunctionIndex, FunctionTarget, LambdaPlan};
use gateway_functions::{Invocation, InvokeError, Outcome};
use gateway_rt::Moment;

use crate::connection::Client;
use crate::exchange::Refusal;
use crate::ids;
use crate::request::Exchange;
use crate::shard::{Shard, ShardStage};

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
    match stage.plan.function(function) {
        FunctionTarget::Local(_) => {
            let Some(function) = &stage.functions[usize::from(function.0)] else {
                return Err(InvokeError::Unavailable("the function is not prepared".to_owned()));
            };
            let trace_id = trace.to_vec();
            let invocation = Invocation { request_id: *request_id, payload, trace_id, deadline };
            function.invoke(invocation).await
        }
        FunctionTarget::Remote(_) => {
            Err(InvokeError::Unavailable("remote functions are not called yet".to_owned()))
        }
        FunctionTarget::Missing => {
            Err(InvokeError::Unavailable("no such function is defined here".to_owned()))
        }
    }
}

/// Invokes the function and answers the client.
pub(crate) async fn call(
    _shard: &Shard,
    _client: &Client,
    _x: &mut Exchange,
    stage: &Rc<ShardStage>,
    plan: &LambdaPlan,
) -> Result<(), Refusal> {
    let _function = &stage.functions[usize::from(plan.function.0)];
    Err(Failure::api_configuration_error().into())
}
