//! `GET /explain`: what would become of a request, said by a shard that serves. Asking spends nothing.
//!
//! What is asked may hold an API key: it is never logged.

use std::time::Duration;

use gateway_dataplane::explain::Question;
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, StatusCode, Uri};

use super::{Answer, JSON, Ops, TEXT, respond};

/// Where it is.
pub(crate) const PATH: &str = "/explain";

/// Says in a response's head what the verdict is.
pub(crate) const VERDICT: &str = "x-gateway-explain-verdict";
/// A cache or an integration answers.
pub(crate) const VERDICT_ANSWERED: &str = "answered";
/// The gateway itself answers.
const VERDICT_REFUSED: &str = "refused";

/// How long the shard may take. Source: our own; shorter than `gateway explain` waits.
const TIMEOUT: Duration = Duration::from_secs(4);

/// `GET /explain?method=…&url=…&header=…`: text, or JSON for who accepts it. 400 when nothing is
/// asked, 422 for what the parser of requests refuses, 503 while no shard answers.
pub(super) async fn answer(ops: &Ops, method: &Method, uri: &Uri, headers: &HeaderMap) -> Answer {
    if *method != Method::GET {
        let mut response = text(StatusCode::METHOD_NOT_ALLOWED, "method not allowed, use GET");
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET"));
        return response;
    }
    let query = uri.query().unwrap_or_default().as_bytes();
    let head = match Question::of_query(query).and_then(|question| question.head()) {
        Ok(head) => head,
        Err(error) => return text(StatusCode::BAD_REQUEST, &error.to_string()),
    };
    let Some(explainer) = ops.explainer.get() else {
        return text(StatusCode::SERVICE_UNAVAILABLE, "the gateway is starting");
    };
    let (sender, receiver) = tokio::sync::oneshot::channel();
    let reply = Box::new(move |said| {
        // Nobody waits any more: the client is gone.
        let _ = sender.send(said);
    });
    if !explainer.explain(head, reply) {
        return text(StatusCode::SERVICE_UNAVAILABLE, "the mailbox of shard 0 is full");
    }
    match tokio::time::timeout(TIMEOUT, receiver).await {
        Ok(Ok(Ok(trail))) => {
            let accept = headers.get(header::ACCEPT);
            let is_json =
                accept.is_some_and(|accept| accept.as_bytes().starts_with(JSON.as_bytes()));
            let mut response = match is_json {
                true => respond(StatusCode::OK, JSON, trail.json() + "\n"),
                false => respond(StatusCode::OK, TEXT, trail.text()),
            };
            let verdict = if trail.is_answered() { VERDICT_ANSWERED } else { VERDICT_REFUSED };
            let name = HeaderName::from_static(VERDICT);
            response.headers_mut().insert(name, HeaderValue::from_static(verdict));
            response
        }
        Ok(Ok(Err(unparsable))) => text(StatusCode::UNPROCESSABLE_ENTITY, &unparsable.to_string()),
        Ok(Err(_)) => text(StatusCode::SERVICE_UNAVAILABLE, "the gateway is draining"),
        Err(_) => text(StatusCode::SERVICE_UNAVAILABLE, "shard 0 does not answer, see /livez"),
    }
}

fn text(status: StatusCode, message: &str) -> Answer {
    respond(status, TEXT, format!("{message}\n"))
}
