//! `HTTP` and `HTTP_PROXY` integrations.
//!
//! A request whose body came with its head takes four operations: send and receive at the backend,
//! send and receive at the client. A longer body is pumped beside the waiting for the answer, so
//! that a backend may answer early, or while it reads.

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use gateway_compile::{Endpoint, Failure, HttpPlan, RequestMethod, StagePlan};
use gateway_integration::{Upstream, UpstreamError};
use gateway_proto::h1::{CHUNK_TAIL, LAST_CHUNK, write_chunk_head};
use gateway_rt::{Buf, Moment, Stream};

use crate::body::{Body, BodyError};
use crate::connection::Client;
use crate::exchange::{Refusal, decide_keep_alive};
use crate::relay::{self, RelayError, Target};
use crate::request::Exchange;
use crate::respond;
use crate::shard::{Shard, ShardStage};
use crate::transform::{self, Outgoing};
use crate::upstream_head::{self, Payload};
use crate::values::Values;

/// Calls the backend and answers the client.
pub(crate) async fn call(
    shard: &Shard,
    client: &Client,
    x: &mut Exchange,
    stage: &Rc<ShardStage>,
    plan: &HttpPlan,
) -> Result<(), Refusal> {
    let sends = match plan.proxy {
        true => Sends::Body(Outgoing::Client),
        false => transformed(shard, client, x, stage, plan).await?,
    };
    if plan.needs_request_body || x.trial.is_some() {
        Box::pin(await_body(shard, client, x)).await?;
    } else if !matches!(sends, Sends::Body(Outgoing::Client)) {
        decide_keep_alive(x);
    }
    let payload = match sends {
        Sends::Nothing => Payload::None,
        Sends::Body(Outgoing::Literal(text)) => Payload::Length(text.len() as u64),
        Sends::Body(Outgoing::Made) => Payload::Length(x.transform.body.len() as u64),
        Sends::Body(Outgoing::Client) => match x.body.length {
            _ if x.body_is_absent() => Payload::None,
            Some(length) => Payload::Length(length),
            None => Payload::Chunked,
        },
    };
    x.make_trace(shard);
    write_head(client, x, stage, plan, payload)?;
    if x.journal.is_some() {
        note_request(x, stage, plan, sends);
    }
    // A body that had to be whole first was the client's time.
    let is_made = matches!(sends, Sends::Body(Outgoing::Made));
    let is_late = plan.needs_request_body || is_made || x.body.is_buffered();
    let started = if is_late { Moment::now() } else { x.facts.started };
    x.facts.integration.started = Some(started);
    let mut call = Call { shard, client, stage, plan, sends };
    let result = call.run(x).await;
    let ended = Moment::now();
    let latency = ended.micros_since(started);
    x.facts.ended = Some(ended);
    x.facts.integration.latency = Some(Duration::from_micros(latency));
    match result {
        Ok(()) => Ok(()),
        Err(CallError::Client(refusal)) => Err(refusal),
        Err(CallError::Upstream(error)) => {
            shard.metrics.upstream_failures.increment(error.counter());
            tracing::debug!(
                api = &*stage.plan.api_id,
                stage = &*stage.plan.stage,
                host = &*stage.plan.endpoint(plan.endpoint).host,
                %error,
                "Integration failed"
            );
            let failure = error.failure();
            x.facts.integration.error = Some("Execution failed due to a network error");
            if matches!(error, UpstreamError::Timeout) {
                x.facts.integration.error = Some("Execution failed due to a timeout error");
            }
            // Once a response has begun, breaking it off is all that can be told.
            if x.facts.status != 0 { Err(Refusal::Broken) } else { Err(failure.into()) }
        }
        Err(CallError::Configuration(failure)) => Err(failure.into()),
    }
}

#[cold]
fn note_request(x: &mut Exchange, stage: &ShardStage, plan: &HttpPlan, sends: Sends<'_>) {
    let (head, body) = (
        x.out.clone(),
        match sends {
            Sends::Nothing => Vec::new(),
            Sends::Body(Outgoing::Literal(text)) => text.to_vec(),
            Sends::Body(Outgoing::Made) => x.transform.body.clone(),
            Sends::Body(Outgoing::Client) => x.body_prefix().to_vec(),
        },
    );
    x.note_request(|| origin(stage.plan.endpoint(plan.endpoint)), &head, &body);
}

/// Scheme and authority of a backend.
pub(crate) fn origin(endpoint: &Endpoint) -> String {
    let (scheme, default) = if endpoint.tls { ("https", 443) } else { ("http", 80) };
    match endpoint.port {
        port if port == default => format!("{scheme}://{}", endpoint.server_name),
        port => format!("{scheme}://{}:{port}", endpoint.server_name),
    }
}

/// What goes to the backend behind the head.
#[derive(Clone, Copy)]
enum Sends<'p> {
    Nothing,
    Body(Outgoing<'p>),
}

/// What an `HTTP` integration sends. A template renders also where nothing of it is sent: it may override
/// parameters.
async fn transformed<'p>(
    shard: &Shard,
    client: &Client,
    x: &mut Exchange,
    stage: &ShardStage,
    plan: &'p HttpPlan,
) -> Result<Sends<'p>, Refusal> {
    let (templates, reads_json) = (&plan.request_templates, plan.needs_request_body);
    let body = transform::request(shard, client, x, &stage.plan, templates, reads_json).await?;
    // The method that the backend gets, which an override does not change.
    let method = RequestMethod::parse(upstream_head::method(x, plan));
    let takes_none =
        matches!(method, RequestMethod::Get | RequestMethod::Head | RequestMethod::Options);
    Ok(if takes_none { Sends::Nothing } else { Sends::Body(body) })
}

/// Why the integration is not called, as far as the request's head tells.
pub(crate) fn refusal(x: &Exchange, stage: &StagePlan, plan: &HttpPlan) -> Option<Failure> {
    if plan.proxy { None } else { transform::refusal(x, stage, &plan.request_templates) }
}

/// Reads the whole body, telling a client that waits for it to go on.
pub(crate) async fn await_body(
    shard: &Shard,
    client: &Client,
    x: &mut Exchange,
) -> Result<(), Refusal> {
    say_continue(shard, client, x).await?;
    Ok(x.buffer_body(shard, &client.stream).await?)
}

/// `100 Continue`, if the client waits for it.
async fn say_continue(shard: &Shard, client: &Client, x: &mut Exchange) -> Result<(), Refusal> {
    if x.head.expect_continue && !x.body.is_whole() {
        let mut tx = Buf::take();
        tx.extend(b"HTTP/1.1 100 Continue\r\n\r\n");
        respond::send_buf(shard, &client.stream, tx).await?;
    }
    Ok(())
}

/// Reads a body as JSON where it looks like it. Source: "Parameter mapping expressions": it is
/// parsed only if its first non-blank character is one of four.
pub(crate) fn parse_json(body: &[u8]) -> Result<Option<serde_json::Value>, ()> {
    match body.trim_ascii_start().first() {
        Some(b'{' | b'[' | b'"' | b'\'') => serde_json::from_slice(body).map(Some).map_err(|_| ()),
        _ => Ok(None),
    }
}

fn write_head(
    client: &Client,
    x: &mut Exchange,
    stage: &ShardStage,
    plan: &HttpPlan,
    payload: Payload,
) -> Result<(), Failure> {
    let json = match plan.needs_request_body {
        true => parse_json(&x.request_body).map_err(|()| Failure::invalid_json())?,
        false => None,
    };
    let mut out = std::mem::take(&mut x.out);
    out.clear();
    let values = Values { request_json: json.as_ref(), ..Values::of_request(x, &client.peer) };
    let written = upstream_head::write(&values, plan, &stage.plan, payload, &mut out);
    x.out = out;
    written
}

struct Call<'c> {
    shard: &'c Shard,
    client: &'c Client,
    stage: &'c Rc<ShardStage>,
    plan: &'c HttpPlan,
    sends: Sends<'c>,
}

/// Why a call has no answer.
pub(crate) enum CallError {
    Upstream(UpstreamError),
    /// The integration response cannot be made.
    Configuration(Failure),
    Client(Refusal),
}

impl From<UpstreamError> for CallError {
    fn from(error: UpstreamError) -> Self {
        Self::Upstream(error)
    }
}

impl From<RelayError> for CallError {
    fn from(error: RelayError) -> Self {
        match error {
            RelayError::Upstream(error) => Self::Upstream(error),
            RelayError::Configuration(failure) => Self::Configuration(failure),
            RelayError::ClientGone => Self::Client(Refusal::Broken),
        }
    }
}

impl Call<'_> {
    /// Sends the request on a connection from the pool or a new one; a second time, on a new one,
    /// when a pooled connection turns out to be dead and sending again is safe.
    async fn run(&mut self, x: &mut Exchange) -> Result<(), CallError> {
        let (shard, plan) = (self.shard, self.plan);
        let now = Moment::recent();
        let timeout = Duration::from_millis(u64::from(plan.timeout_ms));
        let pool = &self.stage.pools[usize::from(plan.endpoint.0)];
        let is_idempotent = self.is_idempotent(x);
        let is_streamed = matches!(self.sends, Sends::Body(Outgoing::Client));
        let is_pumped = is_streamed && !x.body.is_whole();
        let can_repeat = is_idempotent && !is_pumped;
        let mut upstream = match pool.take_idle() {
            Some(upstream) => upstream,
            None => self.connect(now + timeout).await?,
        };
        loop {
            let budget = Budget::until(now + timeout);
            let sent = self.attempt(x, &upstream, &budget, is_pumped).await;
            match sent {
                Ok(is_reusable) => {
                    if is_reusable {
                        upstream.give_back(Moment::recent());
                    }
                    return Ok(());
                }
                Err(CallError::Upstream(UpstreamError::Reset))
                    if upstream.is_reused() && can_repeat && !budget.has_answer.get() =>
                {
                    shard.metrics.upstream_retries.increment();
                    upstream = self.connect(now + timeout).await?;
                }
                Err(error) => return Err(error),
            }
        }
    }

    fn target(&self) -> Target<'_> {
        Target { stage: &self.stage.plan, plan: self.plan }
    }

    /// Makes a connection. Boxed, like all that is rare: what every request waits in stays small,
    /// and with it the memory that a wake-up has to fetch.
    async fn connect(&self, deadline: Moment) -> Result<Upstream, UpstreamError> {
        let pool = &self.stage.pools[usize::from(self.plan.endpoint.0)];
        Box::pin(self.shard.upstreams.connect(pool, deadline)).await
    }

    /// RFC 9110 section 9.2.2: sending such a request twice does what sending it once does.
    fn is_idempotent(&self, x: &Exchange) -> bool {
        use RequestMethod as M;
        let method = self.plan.method.as_deref().map_or(x.facts.method, RequestMethod::parse);
        matches!(method, M::Get | M::Head | M::Options | M::Put | M::Delete)
    }

    /// One try on one connection. Says whether the connection can be used again.
    async fn attempt(
        &self,
        x: &mut Exchange,
        upstream: &Upstream,
        budget: &Budget,
        is_pumped: bool,
    ) -> Result<bool, CallError> {
        let stream = upstream.stream();
        let tx = self.send_request(x, stream, budget, is_pumped).await?;
        if is_pumped {
            return Box::pin(self.pump_and_relay(x, stream, tx, budget)).await;
        }
        let reply = relay::relay(self.shard, self.client, x, self.target(), stream, tx, budget);
        Ok(reply.await?)
    }

    /// Sends the rest of a long body while the answer is waited for.
    async fn pump_and_relay(
        &self,
        x: &mut Exchange,
        stream: &Stream,
        tx: Buf,
        budget: &Budget,
    ) -> Result<bool, CallError> {
        say_continue(self.shard, self.client, x).await.map_err(CallError::Client)?;
        let mut body = std::mem::take(&mut x.body);
        budget.begin_upload();
        let (pumped, replied) = {
            let pump = async {
                let client = &self.client.stream;
                let pumped = pump(self.shard, client, stream, &mut body, budget).await;
                budget.end_upload(stream, pumped.is_ok());
                pumped
            };
            let reply = relay::relay(self.shard, self.client, x, self.target(), stream, tx, budget);
            both(pump, reply, stream).await
        };
        x.body = body;
        let is_sent = matches!(pumped, Some(Ok(())));
        if !is_sent {
            // A receive was broken off, and bytes of the body may be lost with it: where the next
            // request starts is not known any more, whatever the answer is.
            x.facts.keep_alive = false;
        }
        match (pumped, replied) {
            (Some(Err(PumpError::Client(error))), _) => {
                Err(CallError::Client(Refusal::Body(error)))
            }
            (_, Ok(is_reusable)) => Ok(is_reusable && is_sent),
            (_, Err(error)) => Err(error.into()),
        }
    }

    /// Sends the head, and with it what there is of the body.
    async fn send_request(
        &self,
        x: &Exchange,
        stream: &Stream,
        budget: &Budget,
        is_pumped: bool,
    ) -> Result<Buf, UpstreamError> {
        let mut tx = Buf::take();
        let mut size = [0; 18];
        let body: &[u8] = match self.sends {
            Sends::Nothing => &[],
            Sends::Body(Outgoing::Literal(text)) => text,
            Sends::Body(Outgoing::Made) => &x.transform.body,
            Sends::Body(Outgoing::Client) => x.body_prefix(),
        };
        let is_chunked = is_pumped && x.body.length.is_none() && !body.is_empty();
        let size_len = if is_chunked { write_chunk_head(body.len(), &mut size) } else { 0 };
        let tail = if is_chunked { CHUNK_TAIL } else { &[] };
        for mut piece in [&x.out[..], &size[..size_len], body, tail] {
            while !piece.is_empty() {
                if tx.spare() == 0 {
                    tx = self.send_piece(stream, tx, budget).await?;
                }
                let taken = piece.len().min(tx.spare());
                tx.extend(&piece[..taken]);
                piece = &piece[taken..];
            }
        }
        self.send_piece(stream, tx, budget).await
    }

    async fn send_piece(
        &self,
        stream: &Stream,
        tx: Buf,
        budget: &Budget,
    ) -> Result<Buf, UpstreamError> {
        let len = tx.len();
        budget.start(stream)?;
        let (result, mut tx) = stream.send(tx).await;
        budget.stop(stream);
        self.shard.metrics.upstream_sent_bytes.add((len - tx.len()) as u64);
        tx.reset(0);
        match result {
            Ok(()) => Ok(tx),
            Err(_) if stream.has_expired() => Err(UpstreamError::Timeout),
            Err(_) => Err(UpstreamError::Reset),
        }
    }
}

/// The integration timeout: only what is spent waiting for the backend counts, so that a slow
/// client, sending or receiving, does not use it up.
pub(crate) struct Budget {
    left_us: Cell<u64>,
    since: Cell<Moment>,
    is_waiting: Cell<bool>,
    upload: Cell<Upload>,
    /// Whether a byte of an answer has come.
    has_answer: Cell<bool>,
}

/// How far a body is that is pumped beside the reply.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Upload {
    Done,
    UnderWay,
    BrokenOff,
}

impl Budget {
    fn until(deadline: Moment) -> Self {
        let now = Moment::recent();
        Self {
            left_us: Cell::new(deadline.micros_since(now)),
            since: Cell::new(now),
            is_waiting: Cell::new(false),
            upload: Cell::new(Upload::Done),
            has_answer: Cell::new(false),
        }
    }

    /// Whether the whole request is at the backend.
    pub(crate) fn is_sent(&self) -> bool {
        self.upload.get() == Upload::Done
    }

    /// Whether waiting counts. Until the body is at the backend or an answer begins it does not:
    /// the pump has time limits of its own.
    fn is_timed(&self) -> bool {
        self.upload.get() != Upload::UnderWay || self.has_answer.get()
    }

    /// Begins to wait for the backend.
    pub(crate) fn start(&self, stream: &Stream) -> Result<(), UpstreamError> {
        if self.left_us.get() == 0 {
            return Err(UpstreamError::Timeout);
        }
        self.since.set(Moment::recent());
        self.is_waiting.set(true);
        if self.is_timed() {
            stream.set_deadline(self.deadline());
        }
        Ok(())
    }

    /// Ends to wait. The stream has no deadline while the client is waited for.
    pub(crate) fn stop(&self, stream: &Stream) {
        self.is_waiting.set(false);
        if !self.is_timed() {
            return;
        }
        stream.set_deadline(Moment::NEVER);
        let spent = Moment::recent().micros_since(self.since.get());
        self.left_us.set(self.left_us.get().saturating_sub(spent));
    }

    /// A byte of the answer has come. From here on the backend need not take the rest of the body.
    pub(crate) fn note_answer(&self, stream: &Stream) {
        if !self.has_answer.replace(true) && self.upload.get() == Upload::UnderWay {
            stream.set_deadline(Moment::NEVER);
        }
    }

    fn begin_upload(&self) {
        self.upload.set(Upload::UnderWay);
    }

    /// The pump has ended: what is still waited for is the answer.
    fn end_upload(&self, stream: &Stream, is_whole: bool) {
        self.upload.set(if is_whole { Upload::Done } else { Upload::BrokenOff });
        if self.is_waiting.get() && !self.has_answer.get() {
            self.since.set(Moment::recent());
            stream.set_deadline(self.deadline());
        }
    }

    fn deadline(&self) -> Moment {
        self.since.get() + self.left()
    }

    fn left(&self) -> Duration {
        Duration::from_micros(self.left_us.get())
    }
}

/// Why a body stopped on its way.
enum PumpError {
    Client(BodyError),
    Upstream,
}

/// Moves the rest of the client's body to the backend, piece by piece: one buffer is all that is
/// ever held, so that a slow backend slows the client down.
async fn pump(
    shard: &Shard,
    client: &Stream,
    upstream: &Stream,
    body: &mut Body,
    budget: &Budget,
) -> Result<(), PumpError> {
    let is_chunked = body.length.is_none();
    let mut buf = Buf::take();
    let mut framed = None;
    while !body.is_whole() {
        buf = body.receive(shard, client, buf).await.map_err(PumpError::Client)?;
        // Once an answer has begun, the deadline may be the one to take it.
        if !budget.has_answer.get() {
            client.set_deadline(Moment::NEVER);
        }
        if buf.is_empty() {
            continue;
        }
        if is_chunked {
            let mut out = framed.take().unwrap_or_else(Buf::take);
            out.reset(0);
            let mut payload = buf.filled();
            while !payload.is_empty() {
                let mut size = [0; 18];
                let taken = payload.len().min(out.spare().saturating_sub(size.len() + 2));
                if taken == 0 {
                    out = forward(shard, upstream, out, budget).await?;
                    continue;
                }
                let size_len = write_chunk_head(taken, &mut size);
                out.extend(&size[..size_len]);
                out.extend(&payload[..taken]);
                out.extend(CHUNK_TAIL);
                payload = &payload[taken..];
            }
            framed = Some(forward(shard, upstream, out, budget).await?);
        } else {
            buf = forward(shard, upstream, buf, budget).await?;
        }
    }
    if is_chunked {
        buf.reset(0);
        buf.extend(LAST_CHUNK);
        forward(shard, upstream, buf, budget).await?;
    }
    Ok(())
}

/// Sends a piece of the body. The backend has the integration timeout to take it.
async fn forward(
    shard: &Shard,
    upstream: &Stream,
    buf: Buf,
    budget: &Budget,
) -> Result<Buf, PumpError> {
    let len = buf.len() as u64;
    let is_answered = || budget.has_answer.get();
    if !is_answered() {
        upstream.set_deadline(Moment::recent() + budget.left());
    }
    let (result, mut buf) = upstream.send(buf).await;
    if !is_answered() {
        upstream.set_deadline(Moment::NEVER);
    }
    shard.metrics.upstream_sent_bytes.add(len - buf.len() as u64);
    buf.reset(0);
    result.map(|()| buf).map_err(|_| PumpError::Upstream)
}

/// Runs a pump beside a reply until the reply is done.
///
/// A body that the client spoils ends the call: the backend's connection is shut, so that the
/// reply ends too. A backend that no longer takes the body may still answer, so the reply goes on.
/// A pump that is not done when the reply is gets dropped: both its connections are closed then.
async fn both<R, E>(
    pump: impl Future<Output = Result<(), PumpError>>,
    reply: impl Future<Output = Result<R, E>>,
    upstream: &Stream,
) -> (Option<Result<(), PumpError>>, Result<R, E>) {
    let mut pump = pin!(pump);
    let mut reply = pin!(reply);
    let mut pumped = None;
    let replied = poll_fn(|cx| {
        if pumped.is_none()
            && let Poll::Ready(result) = pump.as_mut().poll(cx)
        {
            if matches!(result, Err(PumpError::Client(_))) {
                upstream.shutdown();
            }
            pumped = Some(result);
        }
        reply.as_mut().poll(cx)
    })
    .await;
    (pumped, replied)
}
