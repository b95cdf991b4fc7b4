//! What would become of a request, for people.
//!
//! A [`Trail`] is the list of decisions that a request meets, in their order, up to the one that
//! refuses it. Making one spends nothing: no token, no quota, no draw of a canary, no call of a
//! backend, no use of a cached entry. Levels are those of the moment.
//!
//! There are two ways to one. A request with the operator's secret in `X-Gateway-Explain` is answered
//! as ever, with its trail in `X-Gateway-Explain-Trail`: what the decisions saw when it came. And
//! [`Command::Explain`](crate::Command::Explain) asks a shard about a request that is not served.
//!
//! Values of `X-Api-Key`, `Authorization` and `Cookie` never get into a trail, wherever a mapping or a
//! cache key puts them.
//!
//! Cost for a request that does not ask: nothing without a secret, else one look for a well-known name.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use gateway_proto::h1::Parsed;
use gateway_proto::{FieldName, HeadLimits};
use gateway_rt::{Buf, Moment};

use crate::connection::Peer;
use crate::exchange::find_stage;
use crate::request::Exchange;
use crate::shard::Shard;

mod examine;
mod integration;
mod json;
mod nearest;
mod question;
mod render;
mod shown;
mod trail;

pub use question::{Question, QuestionError};
pub use trail::{
    ApiKeyFacts, Asked, Bucket, CacheFacts, CacheState, Canary, Decision, KeyState, Misses,
    QuotaFacts, Refused, StageFacts, Trail, Verdict,
};

/// Carries a trail on a response.
pub(crate) const EXPLANATION_FIELD: &[u8] = b"X-Gateway-Explain-Trail";

/// Takes what a shard says of a request.
pub type Reply = Box<dyn FnOnce(Result<Trail, Unparsable>) + Send>;

/// A head that is no request: it is answered `status`, and its connection closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unparsable {
    /// The status of the answer.
    pub status: u16,
    /// What is wrong with it, as `gateway_requests_refused_total` has it.
    pub reason: &'static str,
}

impl std::fmt::Display for Unparsable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { status, reason } = self;
        write!(f, "no request: {reason}; it is answered {status} and its connection closed")
    }
}

impl std::error::Error for Unparsable {}

/// Says what would become of the request with this head.
pub(crate) fn explain(shard: &Shard, head: &[u8]) -> Result<Trail, Unparsable> {
    let mut x = shard.take_exchange();
    let trail = explain_in(shard, &mut x, head);
    x.rx = None;
    x.serving = None;
    x.stage = None;
    shard.give_back(x);
    trail
}

fn explain_in(shard: &Shard, x: &mut Exchange, head: &[u8]) -> Result<Trail, Unparsable> {
    let too_large = Unparsable { status: 431, reason: "head-too-large" };
    let mut rx = Buf::take();
    if !rx.extend(head) {
        return Err(too_large);
    }
    let parsed = x.head.parse(rx.filled(), &HeadLimits::DEFAULT);
    x.rx = Some(rx);
    match parsed {
        Ok(Parsed::Complete) => {}
        Ok(Parsed::Partial) => return Err(Unparsable { status: 400, reason: "head-incomplete" }),
        Err(error) => return Err(Unparsable { status: error.status(), reason: error.reason() }),
    }
    x.begin(shard, Moment::now());
    // No body came with the head, so there is nothing wrong with it.
    let _ = x.begin_body();
    let found = find_stage(shard, x, |stage| stage);
    let peer = Peer::new(([127, 0, 0, 1], 0).into(), 0);
    Ok(examine::examine(shard, &peer, x, found.err(), false))
}

/// Notes the trail of a request that asks for it with the operator's secret. Its stage is found, or
/// not, and nothing else is decided yet.
#[inline]
pub(crate) fn explain_if_asked(shard: &Shard, peer: &Peer, x: &mut Exchange) {
    if let Some(secret) = &shard.explain_secret
        && let Some(value) = x.known_field(FieldName::XGatewayExplain)
        && verify_slices_are_equal(value, secret).is_ok()
    {
        note(shard, peer, x);
    }
}

#[cold]
fn note(shard: &Shard, peer: &Peer, x: &mut Exchange) {
    let unreached = x.stage.is_none().then_some(gateway_compile::FORBIDDEN);
    x.explanation = examine::examine(shard, peer, x, unreached, true).line();
}

#[cfg(test)]
mod tests;
