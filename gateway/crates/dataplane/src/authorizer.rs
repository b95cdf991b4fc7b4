//! Lambda authorizers: whom they see, what they say, how long that is remembered.
//!
//! The order is API Gateway's: the method's ARN, the identity sources, what is remembered of them, the
//! function, and always the policy, for this request's own ARN. Requests with the same identity values that
//! come while the function is asked wait for its one answer, on all shards; a failure is theirs as well,
//! and is forgotten then. When the request that asks is cut off, one of them asks anew.
//!
//! Cost of a remembered decision: ARN and key are put together in vectors that keep their memory, one hash
//! and one comparison for the key, and the policy's globs over the ARN. No allocation.

mod identity;
mod keys;

use std::borrow::Cow;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use gateway_auth::decisions::{Decision, Landing, Lead, Lookup, Refused};
pub(crate) use gateway_auth::policy::Verdict;
use gateway_auth::policy::{Caller, Request};
use gateway_compile::{
    AuthorizerIndex, AuthorizerPlan, Failure, FunctionTarget, Identity, MethodPlan, StagePlan,
};
use gateway_functions::InvokeError;
use gateway_rt::Moment;

use crate::connection::{Client, Peer};
use crate::event;
use crate::exchange::Refusal;
use crate::flights::tell;
use crate::journal;
use crate::lambda;
use crate::limits::{AUTHORIZER_TIMEOUT_MS, METHOD_ARN_BYTES_MAX};
use crate::request::Exchange;
use crate::shard::{Shard, ShardStage};
use identity::Identified;
pub(crate) use identity::token;
use keys::Keys;

/// The action that a policy has to allow.
const INVOKE: &str = "execute-api:Invoke";

/// Lets the request on if its authorizer allows it.
pub(crate) async fn ask(
    shard: &Shard,
    client: &Client,
    x: &mut Exchange,
    stage: &Rc<ShardStage>,
    method: &MethodPlan,
    index: AuthorizerIndex,
) -> Result<(), Refusal> {
    x.authorizer = None;
    let plan = stage.plan.authorizer(index);
    if x.journal.is_some() && x.trial.is_none() {
        note_start(x, plan);
    }
    let mut arn = std::mem::take(&mut x.arn);
    let mut result = write_arn(x, &stage.plan, &mut arn);
    if result.is_ok() {
        let turn = Turn { shard, peer: &client.peer, stage, method, plan, arn: &arn };
        let decided = match turn.remembered(x) {
            // Boxed: a request that is remembered has no use for the memory of one that asks.
            Ok(Remembered::No(lookup)) => Box::pin(turn.decide(x, lookup)).await,
            Ok(Remembered::Yes(decision)) => Ok(decision),
            Err(refused) => Err(refused),
        };
        result = turn.conclude(x, decided);
    }
    x.arn = arn;
    Ok(result?)
}

/// `arn:aws:execute-api:{region}:{account}:{api}/{stage}/{VERB}/{path}`, of the request as it is.
pub(crate) fn write_arn(x: &Exchange, stage: &StagePlan, arn: &mut Vec<u8>) -> Result<(), Failure> {
    let StagePlan { region, account_id, api_id, stage, .. } = stage;
    let path = x.resource_path();
    let run = path.iter().take_while(|byte| **byte == b'/').count();
    arn.clear();
    // The path is the rest: its run of slashes is the one that follows the verb.
    for (mark, text) in [
        ("arn:", partition(region)),
        (":execute-api:", region),
        (":", account_id),
        (":", api_id),
        ("/", stage),
        ("/", event::verb(x)),
        ("/", ""),
    ] {
        arn.extend_from_slice(mark.as_bytes());
        arn.extend_from_slice(text.as_bytes());
    }
    arn.extend_from_slice(&path[run..]);
    if arn.len() > METHOD_ARN_BYTES_MAX { Err(Failure::uri_too_long()) } else { Ok(()) }
}

/// Source: AWS General Reference, "Amazon Resource Names": partitions.
fn partition(region: &str) -> &'static str {
    match region {
        _ if region.starts_with("cn-") => "aws-cn",
        _ if region.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    }
}

/// What the policy says of this request.
pub(crate) fn evaluate(x: &Exchange, peer: &Peer, decision: &Decision, arn: &[u8]) -> Verdict {
    let resource: Cow<'_, str> = String::from_utf8_lossy(arn);
    decision.policy.evaluate(&Request {
        action: INVOKE,
        resource: &resource,
        caller: Caller::Anonymous,
        keys: &Keys { x, peer },
    })
}

/// The answer to what the policy says.
pub(crate) fn denial(verdict: Verdict) -> Result<(), Failure> {
    match verdict {
        Verdict::Allow => Ok(()),
        Verdict::ExplicitDeny => Err(Failure::explicit_deny()),
        Verdict::ImplicitDeny => Err(Failure::implicit_deny()),
    }
}

/// What is remembered of the caller, for those who ask about a request without being one.
pub(crate) enum Known {
    /// The caller is not known: an identity source is missing, or the token is not as it has to be.
    Unidentified,
    /// The function would be asked.
    Unknown,
    /// This was said, and for so long it will be remembered, in microseconds.
    Decided(Arc<Decision>, u64),
}

/// Looks whether a decision is remembered; asks nobody.
pub(crate) fn peek(x: &mut Exchange, peer: &Peer, plan: &AuthorizerPlan) -> Known {
    let mut key = std::mem::take(&mut x.cache_key);
    let known = match identity::write(x, peer, &plan.identity, &mut key) {
        Identified::No => Known::Unidentified,
        Identified::Anybody => Known::Unknown,
        Identified::Yes if plan.ttl_ms == 0 => Known::Unknown,
        Identified::Yes => match plan.decisions.peek(&key, x.facts.started.aged_micros()) {
            Some((decision, left_us)) => Known::Decided(decision, left_us),
            None => Known::Unknown,
        },
    };
    x.cache_key = key;
    known
}

/// What is remembered of a caller.
enum Remembered {
    Yes(Arc<Decision>),
    /// Nothing yet. With a lookup, what the function says will be.
    No(Option<Lookup>),
}

/// One request's turn with its authorizer.
struct Turn<'t> {
    shard: &'t Shard,
    peer: &'t Peer,
    stage: &'t Rc<ShardStage>,
    method: &'t MethodPlan,
    plan: &'t AuthorizerPlan,
    arn: &'t [u8],
}

impl Turn<'_> {
    fn remembered(&self, x: &mut Exchange) -> Result<Remembered, Refused> {
        let mut key = std::mem::take(&mut x.cache_key);
        let identified = identity::write(x, self.peer, &self.plan.identity, &mut key);
        x.cache_key = key;
        match identified {
            Identified::No => Err(Refused::Unauthorized),
            Identified::Yes if self.plan.ttl_ms > 0 => Ok(match self.look_up(x) {
                Lookup::Hit(decision) => Remembered::Yes(decision),
                other => Remembered::No(Some(other)),
            }),
            Identified::Yes | Identified::Anybody => Ok(Remembered::No(None)),
        }
    }

    fn look_up(&self, x: &Exchange) -> Lookup {
        let now_us = Moment::now().aged_micros();
        self.plan.decisions.lookup(&x.cache_key, now_us, self.shard.index)
    }

    /// Asks the function, or waits for somebody who does.
    async fn decide(
        &self,
        x: &mut Exchange,
        lookup: Option<Lookup>,
    ) -> Result<Arc<Decision>, Refused> {
        let started = Moment::now();
        let deadline = started + Duration::from_millis(AUTHORIZER_TIMEOUT_MS);
        let decided = match lookup {
            None => self.invoke(x, deadline).await,
            Some(lookup) => self.share(x, lookup, deadline).await,
        };
        x.facts.authorizer_latency_ms = Moment::now().micros_since(started) / 1_000;
        decided
    }

    async fn share(
        &self,
        x: &mut Exchange,
        mut lookup: Lookup,
        deadline: Moment,
    ) -> Result<Arc<Decision>, Refused> {
        loop {
            match lookup {
                Lookup::Hit(decision) => return Ok(decision),
                Lookup::Lead(lead) => {
                    let mut led = Led { shard: self.shard, lead: Some(lead) };
                    let outcome = self.invoke(x, deadline).await;
                    led.land(outcome.clone(), self.plan.ttl_ms.saturating_mul(1_000));
                    return outcome;
                }
                Lookup::Wait(flight) => {
                    self.shard.flights.landed(&flight, deadline).await;
                    match flight.landing() {
                        Some(Landing::Decided(decision)) => return Ok(decision.clone()),
                        Some(Landing::Refused(refused)) => return Err(*refused),
                        Some(Landing::LookAgain) => lookup = self.look_up(x),
                        None => return Err(Refused::Function),
                    }
                }
            }
            if Moment::now() >= deadline {
                return Err(Refused::Function);
            }
        }
    }

    /// Calls the function, and reads what it says.
    async fn invoke(&self, x: &mut Exchange, deadline: Moment) -> Result<Arc<Decision>, Refused> {
        let Turn { shard, peer, stage, method, plan, arn } = self;
        if matches!(stage.plan.function(plan.function), FunctionTarget::Missing) {
            self.complain("the function is not defined here");
            return Err(Refused::Configuration);
        }
        x.make_trace(shard);
        let mut event = Vec::new();
        match &plan.identity {
            Identity::Token { header, .. } => {
                let token = token(x, header).unwrap_or_default();
                event::token_authorizer(arn, token, &mut event);
            }
            Identity::Request(_) => {
                event::request_authorizer(x, peer, &stage.plan, method, arn, &mut event);
            }
        }
        let mut request_id = [0; 36];
        let function = plan.function;
        if x.journal.is_some() {
            lambda::note_invocation(x, stage, function, &event, true);
        }
        let call =
            lambda::invoke(shard, stage, function, event, &mut request_id, deadline, &x.trace);
        let outcome = call.await;
        x.facts.authorizer.request_id = Some(request_id);
        let outcome = outcome.map_err(|error| {
            self.complain(format_args!("{error:?}"));
            refusal(&error)
        })?;
        x.facts.authorizer.integration_status = Some(200);
        note_result(x, &outcome.payload);
        if outcome.is_error {
            let refused = Refused::of_error(&outcome.payload);
            if refused != Refused::Unauthorized {
                self.complain("the function failed");
            }
            return Err(refused);
        }
        let decision = Decision::parse(&outcome.payload);
        decision.map(Arc::new).map_err(|error| {
            match std::error::Error::source(&error) {
                Some(cause) => self.complain(format_args!("{error}: {cause}")),
                None => self.complain(&error),
            }
            Refused::Configuration
        })
    }

    /// Tells the operator why there is no decision: the client learns nothing.
    fn complain(&self, error: impl std::fmt::Display) {
        let (stage, authorizer) = (&*self.stage.plan.stage, &*self.plan.name);
        tracing::warn!(stage, authorizer, %error, "Authorizer made no decision");
    }

    /// The policy's verdict, and what is known of the caller from now on.
    fn conclude(
        &self,
        x: &mut Exchange,
        decided: Result<Arc<Decision>, Refused>,
    ) -> Result<(), Failure> {
        match decided {
            Ok(decision) => {
                let verdict = denial(evaluate(x, self.peer, &decision, self.arn));
                x.facts.authorizer.verdict = Some(verdict);
                x.authorizer = Some(decision);
                x.facts.authorizer.status = Some(200);
                note_decided(x);
                verdict
            }
            Err(refused) => {
                let (failure, error) = match refused {
                    Refused::Unauthorized => (Failure::unauthorized(), "Unauthorized"),
                    Refused::Configuration => {
                        let error = "The authorizer cannot be asked, or its result is no decision";
                        (Failure::authorizer_configuration_error(), error)
                    }
                    Refused::Function => {
                        let error = "The authorizer's function failed or took too long";
                        (Failure::authorizer_failure(), error)
                    }
                };
                x.facts.authorizer.status = Some(failure.default_status());
                x.facts.authorizer.error = Some(error);
                note_refused(x, refused);
                Err(failure)
            }
        }
    }
}

#[cold]
fn note_start(x: &mut Exchange, plan: &AuthorizerPlan) {
    let id = String::from_utf8_lossy(&x.facts.request_id).into_owned();
    x.note(|| format!("Starting authorizer: {} for request: {id}", plan.id));
    if let Identity::Token { header, .. } = &plan.identity {
        let token = token(x, header).unwrap_or_default();
        let identity = journal::masked(&String::from_utf8_lossy(token));
        x.note_data(|| format!("Incoming identity: {identity}"));
    }
}

fn note_result(x: &mut Exchange, payload: &[u8]) {
    x.note_data(|| {
        format!("Authorizer result body before parsing: {}", String::from_utf8_lossy(payload))
    });
    x.note_decision(payload);
}

fn note_decided(x: &mut Exchange) {
    let Some(decision) = x.authorizer.clone() else { return };
    x.note(|| {
        let principal = journal::masked(&decision.principal_id);
        format!("Using valid authorizer policy for principal: {principal}")
    });
    x.note(|| "Successfully completed authorizer execution".to_owned());
}

fn note_refused(x: &mut Exchange, refused: Refused) {
    let id = String::from_utf8_lossy(&x.facts.request_id).into_owned();
    x.note_error(|| match refused {
        Refused::Unauthorized => format!("Unauthorized request: {id}"),
        Refused::Configuration => {
            "Execution failed due to configuration error: Invalid JSON in response, or an authorizer that cannot be asked"
                .to_owned()
        }
        Refused::Function => "Execution failed due to an authorizer that failed or took too long".to_owned(),
    });
}

/// What a call without an outcome means: what cannot be called at all is a fault of the configuration.
fn refusal(error: &InvokeError) -> Refused {
    match error {
        InvokeError::Unavailable(_) => Refused::Configuration,
        InvokeError::Throttled | InvokeError::Deadline => Refused::Function,
    }
}

/// A call that others wait for. When its request is cut off, they are told.
struct Led<'s> {
    shard: &'s Shard,
    lead: Option<Lead>,
}

impl Led<'_> {
    fn land(&mut self, outcome: Result<Arc<Decision>, Refused>, ttl_us: u64) {
        if let Some(lead) = self.lead.take() {
            tell(self.shard, lead.land(outcome, ttl_us, Moment::now().aged_micros()));
        }
    }
}

impl Drop for Led<'_> {
    fn drop(&mut self) {
        if let Some(lead) = self.lead.take() {
            tell(self.shard, lead.abandon());
        }
    }
}

#[cfg(test)]
mod tests;
