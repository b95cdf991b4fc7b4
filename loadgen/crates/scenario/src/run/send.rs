//! One request: from a scenario's templates to an answer's last byte.

use std::time::Duration;

use hyper::body::Bytes;
use reqwest::Client;

use super::slow::{Trickle, take};
use super::tally::End;
use super::target::{Target, encode_query};
use crate::scenario::{Auth, Body, Request, Slow};
use crate::template::Draw;

/// Who sends.
pub(super) struct Sender<'a> {
    pub(super) client: &'a Client,
    pub(super) target: &'a Target,
    /// The `host` header, where it is not the target's.
    pub(super) host: Option<&'a str>,
    pub(super) timeout: Duration,
    /// Which of the credentials it has.
    pub(super) index: usize,
}

impl Sender<'_> {
    /// Sends a request and reads its answer to the end.
    pub(super) async fn send(
        &self,
        request: &Request,
        auth: &Auth,
        slow: Slow,
        draw: &mut Draw,
    ) -> End {
        let built = match self.build(request, auth, slow, draw) {
            Ok(built) => built,
            Err(_) => return End::Failure("not a request"),
        };
        match tokio::time::timeout(self.timeout, self.exchange(built, slow)).await {
            Err(_) => End::Failure("timeout"),
            Ok(Err(error)) => End::Failure(kind(&error)),
            Ok(Ok(status)) => End::Answer { status, is_expected: request.expect.has(status) },
        }
    }

    fn build(
        &self,
        request: &Request,
        auth: &Auth,
        slow: Slow,
        draw: &mut Draw,
    ) -> reqwest::Result<reqwest::Request> {
        let path = request.path.render(draw);
        let pairs = request
            .query
            .iter()
            .map(|(name, value)| (name.as_str(), value.render(draw).into_owned()));
        let query = encode_query(pairs);
        let url = format!("{}{}{path}{query}", self.target.origin, self.target.prefix);
        let method = reqwest::Method::from_bytes(request.method.as_bytes()).unwrap_or_default();
        let mut builder = self.client.request(method, url);
        if let Some(host) = self.host
            && !request.headers.iter().any(|(name, _)| name == "host")
        {
            builder = builder.header("host", host);
        }
        for (name, value) in &request.headers {
            builder = builder.header(name.as_str(), value.render(draw).as_ref());
        }
        if let Some(key) = turn(&auth.api_keys, self.index) {
            builder = builder.header("x-api-key", key);
        }
        if let Some(token) = turn(&auth.bearer_tokens, self.index) {
            builder = builder.header("authorization", format!("Bearer {token}"));
        }
        let body = match &request.body {
            Body::None => None,
            Body::Text(text) => Some(Bytes::from(text.render(draw).into_owned())),
            Body::Bytes(bytes) => Some(Bytes::from(bytes.clone())),
        };
        if let Some(bytes) = body {
            builder = match slow.send {
                // Its length is known: no chunks.
                Some(pace) => builder
                    .header("content-length", bytes.len())
                    .body(reqwest::Body::wrap(Trickle::new(bytes, pace))),
                None => builder.body(bytes),
            };
        }
        builder.build()
    }

    async fn exchange(&self, request: reqwest::Request, slow: Slow) -> reqwest::Result<u16> {
        let mut answer = self.client.execute(request).await?;
        let status = answer.status().as_u16();
        while let Some(part) = answer.chunk().await? {
            if let Some(pace) = slow.receive {
                take(pace, part.len()).await;
            }
        }
        Ok(status)
    }
}

/// The credential of user `index`.
fn turn(credentials: &[String], index: usize) -> Option<&str> {
    let at = index.checked_rem(credentials.len())?;
    credentials.get(at).map(String::as_str)
}

fn kind(error: &reqwest::Error) -> &'static str {
    if error.is_timeout() {
        "timeout"
    } else if error.is_connect() {
        "connect"
    } else if error.is_body() || error.is_decode() {
        "broken answer"
    } else {
        "no answer"
    }
}
