//! Request validation: required parameters, then the body.
//!
//! Source: API Gateway Developer Guide, "Request validation", and recorded behaviour: a missing parameter is
//! told also where the body is wrong, too; what has no model passes.

use gateway_compile::validators::listed;
use gateway_compile::{Failure, Source, Validation};
use gateway_proto::FieldName;

use crate::connection::{Client, Peer};
use crate::exchange::Refusal;
use crate::http::await_body;
use crate::request::Exchange;
use crate::shard::Shard;
use crate::values::Values;

/// Refuses a request that is not what its method's validator asks for.
pub(crate) async fn validate(
    shard: &Shard,
    client: &Client,
    x: &mut Exchange,
    validation: &Validation,
) -> Result<(), Refusal> {
    parameters(x, &client.peer, validation)?;
    let models = &validation.models;
    let Some(Some(schema)) = models.of_request(x.known_field(FieldName::ContentType)) else {
        return Ok(());
    };
    await_body(shard, client, x).await?;
    if schema.accepts(&x.request_body) {
        return Ok(());
    }
    if validation.is_described || x.journal.is_some() {
        x.problem = schema.problems(&x.request_body);
    }
    Err(Failure::invalid_request_body().into())
}

/// Refuses a request that lacks a required parameter; the answer names all of them.
pub(crate) fn parameters(
    x: &mut Exchange,
    peer: &Peer,
    validation: &Validation,
) -> Result<(), Failure> {
    let mut value = Vec::new();
    let mut missing = Vec::new();
    for parameter in &validation.parameters {
        value.clear();
        let values = Values::of_request(x, peer);
        let is_there = values.write(&parameter.source, &mut value) && !is_blank(&value);
        if !is_there || matches!(parameter.source, Source::Missing) {
            missing.push(parameter);
        }
    }
    if missing.is_empty() {
        return Ok(());
    }
    x.problem = listed(&missing);
    Err(Failure::missing_request_parameters())
}

fn is_blank(value: &[u8]) -> bool {
    value.trim_ascii().is_empty()
}
