//! One request, in the specification's order.

use std::rc::Rc;

use gateway_compile::{
    Access, FORBIDDEN, Failure, IntegrationPlan, MethodPlan, Policy, RequestMethod, StagePlan,
    UNKNOWN_FUNCTION_URL,
};
use gateway_proto::FieldName;
use gateway_rt::Moment;

use crate::body::BodyError;
use crate::connection::Client;
use crate::context::Context;
use crate::limits::DISCARD_BYTES_MAX;
use crate::request::Exchange;
use crate::respond::{self, ClientGone};
use crate::shard::{Shard, ShardStage};
use crate::{
    admission, authorizer, cached, decompress, execution_log, explain, http, lambda, mock, service,
    trial, validate,
};

/// The gateway's own access log among the destinations of [`gateway_telemetry::ShardLog`].
const OWN_LOG: usize = 0;

/// What is told of a function that does not let API Gateway call it. Source: observability §4.3.
const NOT_PERMITTED: &str =
    "Execution failed due to configuration error: Invalid permissions on Lambda function";

/// What becomes of the connection after an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum After {
    /// Another request may follow.
    Continue,
    /// The response is the last; the client may still be sending.
    Linger,
    /// The connection is dead.
    Close,
}

/// Why an exchange has no response from an integration.
pub(crate) enum Refusal {
    /// A gateway response is the answer.
    Answer(Failure),
    /// The request's body is wrong: answered, and the connection closed.
    Body(BodyError),
    /// The client is gone, or the response broke off: there is nobody to tell.
    Broken,
}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Self {
        Self::Answer(failure)
    }
}

impl From<BodyError> for Refusal {
    fn from(error: BodyError) -> Self {
        Self::Body(error)
    }
}

impl From<ClientGone> for Refusal {
    fn from(ClientGone: ClientGone) -> Self {
        Self::Broken
    }
}

/// Serves the request whose head was just read.
pub(crate) async fn serve(shard: &Shard, client: &Client, x: &mut Exchange) -> After {
    x.begin(shard, Moment::now());
    if x.trial.is_some() {
        trial::begin(x);
    }
    let after = match answer(shard, client, x).await {
        Ok(()) => finish_body(shard, client, x).await,
        Err(Refusal::Answer(failure)) => {
            decide_keep_alive(x);
            x.note_failure(&failure);
            match respond::failure(shard, client, x, failure).await {
                Ok(()) => finish_body(shard, client, x).await,
                Err(ClientGone) => After::Close,
            }
        }
        Err(Refusal::Body(error)) => Box::pin(refuse_body(shard, client, x, error)).await,
        Err(Refusal::Broken) => After::Close,
    };
    record(shard, client, x);
    if x.journal.is_some() {
        execution_log::close(shard, x);
    }
    if after == After::Continue {
        x.end_body();
    }
    after
}

/// The request's way to its answer. The order is the specification's, the names are the manual's.
async fn answer(shard: &Shard, client: &Client, x: &mut Exchange) -> Result<(), Refusal> {
    x.begin_body()?;
    let found = find_stage(shard, x, ShardStage::drawn);
    explain::explain_if_asked(shard, &client.peer, x);
    found?;
    let stage = x.stage.clone().ok_or(FORBIDDEN)?;
    x.limit_body(stage.plan.payload_bytes_max as u64)?;
    let method = match x.trial {
        None => {
            let method = find_method(&stage.plan, x)?;
            if let Some(log) = method.execution_log {
                execution_log::open(x, log);
            }
            method
        }
        Some(_) => {
            let found = Box::pin(trial::find_method(shard, client, x, &stage.plan));
            stage.plan.method(found.await?)
        }
    };
    authorize(&stage.plan, method)?;
    if let Access::Authorizer(index) = method.access {
        Box::pin(authorizer::ask(shard, client, x, &stage, method, index)).await?;
    }
    admission::admit(shard, x, &stage, method)?;
    if x.journal.is_some() {
        execution_log::begin(x, method);
    }
    if decompress::is_coded(x) && stage.plan.function_url.is_none() {
        let bytes_max = stage.plan.payload_bytes_max;
        Box::pin(decompress::decode(shard, client, x, bytes_max)).await?;
    }
    if let Some(validation) = &method.validation {
        Box::pin(validate::validate(shard, client, x, validation)).await?;
    }
    if let (Some(plan), Some(cache)) = (&method.cache, &stage.plan.cache) {
        return cached::answer(shard, client, x, &stage, method, plan, &cache.cache).await;
    }
    integrate(shard, client, x, &stage, method).await
}

/// Calls the integration and answers with what it says.
pub(crate) async fn integrate(
    shard: &Shard,
    client: &Client,
    x: &mut Exchange,
    stage: &Rc<ShardStage>,
    method: &MethodPlan,
) -> Result<(), Refusal> {
    match &method.integration {
        IntegrationPlan::Http(plan) => http::call(shard, client, x, stage, plan).await,
        IntegrationPlan::Mock(plan) => mock::call(shard, client, x, stage, plan).await,
        IntegrationPlan::Lambda(plan) => {
            Box::pin(lambda::call(shard, client, x, stage, plan)).await
        }
        IntegrationPlan::Service(plan) => {
            Box::pin(service::call(shard, client, x, stage, plan)).await
        }
        IntegrationPlan::Misconfigured(failure) => {
            if *failure == Failure::integration_failure(500) {
                x.note_cause(|| NOT_PERMITTED.to_owned());
            }
            Err((*failure).into())
        }
        IntegrationPlan::Unserved => Err(Failure::api_configuration_error().into()),
    }
}

/// Host and path to a stage of the snapshot that serves now, or to the stage's canary, as `draw`
/// says; the request keeps that snapshot.
pub(crate) fn find_stage(
    shard: &Shard,
    x: &mut Exchange,
    draw: impl FnOnce(&Rc<ShardStage>) -> &Rc<ShardStage>,
) -> Result<(), Failure> {
    if let Some(trial) = &x.trial {
        (x.stage, x.serving) = (Some(trial.stage().clone()), Some(trial.serving().clone()));
        return Ok(());
    }
    let serving = shard.serving();
    let authority = x.head.authority.of(x.bytes());
    let path = x.text(x.head.target.path);
    let found = serving.snapshot.hosts.resolve(authority, path);
    x.stage = found.map(|found| draw(serving.stage(found.stage)).clone());
    x.serving = Some(serving);
    let Some(found) = found else { return Err(unknown(shard, x)) };
    x.facts.stage = found.stage;
    x.facts.path_offset = found.path_offset;
    x.facts.base = found.base;
    Ok(())
}

/// The answer to a host and a path that lead nowhere.
#[cold]
fn unknown(shard: &Shard, x: &Exchange) -> Failure {
    let serving = shard.serving();
    let authority = x.head.authority.of(x.bytes());
    match serving.snapshot.hosts.is_function_url(authority, x.text(x.head.target.path)) {
        true => UNKNOWN_FUNCTION_URL,
        false => FORBIDDEN,
    }
}

/// Path and verb to a method. Nobody learns whether it was the path or the verb that is unknown.
pub(crate) fn find_method<'s>(
    stage: &'s StagePlan,
    x: &mut Exchange,
) -> Result<&'s MethodPlan, Failure> {
    let path = x.head.target.path.of(x.rx.as_ref().map_or(&[][..], |rx| rx.filled()));
    let path = &path[x.facts.path_offset..];
    x.facts.plan = match x.facts.method {
        RequestMethod::Other => None,
        method => stage.routes.find(path, method, &mut x.params),
    };
    let Some(index) = x.facts.plan else {
        if stage.function_url.is_some() {
            return Err(Failure::function_url_forbidden());
        }
        return Err(match x.known_field(FieldName::Authorization) {
            Some(value) if !value.starts_with(b"AWS4-HMAC-SHA256") => {
                Failure::incomplete_signature(respond::token_hash(value))
            }
            _ => Failure::missing_authentication_token(),
        });
    };
    Ok(stage.method(index))
}

/// Resource policy, then the method's own authorization, as far as no function has to be asked. What is not
/// served yet refuses.
pub(crate) fn authorize(stage: &StagePlan, method: &MethodPlan) -> Result<(), Failure> {
    match stage.policy {
        Policy::None => {}
        Policy::Unserved => return Err(Failure::access_denied()),
    }
    method.access.refusal().map_or(Ok(()), Err)
}

/// Before an answer that did not need the request's body: may the connection live on?
pub(crate) fn decide_keep_alive(x: &mut Exchange) {
    let is_awaited = x.head.expect_continue && !x.body.is_whole();
    let is_short = x.body.left().is_some_and(|left| left <= DISCARD_BYTES_MAX);
    if is_awaited || !is_short {
        x.facts.keep_alive = false;
    }
}

/// After the answer: drops what the client still sends of its body, if that is little.
async fn finish_body(shard: &Shard, client: &Client, x: &mut Exchange) -> After {
    if !x.facts.keep_alive {
        return After::Linger;
    }
    if x.body.is_whole() {
        return After::Continue;
    }
    match Box::pin(x.body.discard(shard, &client.stream)).await {
        Ok(()) => After::Continue,
        Err(_) => After::Close,
    }
}

async fn refuse_body(shard: &Shard, client: &Client, x: &mut Exchange, error: BodyError) -> After {
    x.facts.keep_alive = false;
    let failure = match error {
        BodyError::Gone => return After::Close,
        BodyError::TooLarge if x.is_function_url() => Failure::function_url_too_large(),
        BodyError::TooLarge => Failure::request_too_large(),
        BodyError::Framing(reason) => {
            shard.metrics.refusals.increment(reason);
            Failure::bad_request()
        }
    };
    // Once a response has begun there is no way to tell but to break it off.
    if x.facts.status != 0 {
        return After::Close;
    }
    match respond::failure(shard, client, x, failure).await {
        Ok(()) => After::Linger,
        Err(ClientGone) => After::Close,
    }
}

/// Counters and the access log, when the last byte is out.
fn record(shard: &Shard, client: &Client, x: &Exchange) {
    let status = x.facts.status;
    shard.metrics.responses.increment(status);
    let Some(stage) = &x.stage else { return };
    let now = x.facts.ended.unwrap_or_else(Moment::now);
    stage.series.of(x.facts.plan).record(status, x.age(now), x.facts.integration.latency);
    if let Some(log) = &stage.plan.access_log {
        let context = Context { x, peer: &client.peer, now };
        let mut shard_log = shard.log.borrow_mut();
        if log.is_own {
            shard_log.line(OWN_LOG, |out| log.format.render(&context, out));
        }
        if let Some(group) = &log.group {
            let unix_ms = gateway_rt::clock::unix_ms();
            shard_log.record(group, unix_ms, |out| log.format.render(&context, out));
        }
    }
}
