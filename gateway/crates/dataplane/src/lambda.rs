//! `AWS_PROXY` integrations, and `AWS` integrations with a function.

use std::rc::Rc;

use gateway_compile::{Failure, LambdaPlan};

use crate::connection::Client;
use crate::exchange::Refusal;
use crate::request::Exchange;
use crate::shard::{Shard, ShardStage};

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
