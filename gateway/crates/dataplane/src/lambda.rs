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
    _stage: &Rc<ShardStage>,
    _plan: &LambdaPlan,
) -> Result<(), Refusal> {
    Err(Failure::api_configuration_error().into())
}
