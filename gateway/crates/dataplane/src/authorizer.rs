//! Lambda authorizers: whom they see, what they say, how long that is remembered.

use std::rc::Rc;

use gateway_compile::{AuthorizerIndex, Failure, MethodPlan};

use crate::connection::Client;
use crate::exchange::Refusal;
use crate::request::Exchange;
use crate::shard::{Shard, ShardStage};

/// Lets the request on if its authorizer allows it.
pub(crate) async fn ask(
    _shard: &Shard,
    _client: &Client,
    _x: &mut Exchange,
    _stage: &Rc<ShardStage>,
    _method: &MethodPlan,
    _index: AuthorizerIndex,
) -> Result<(), Refusal> {
    Err(Failure::authorizer_configuration_error().into())
}
