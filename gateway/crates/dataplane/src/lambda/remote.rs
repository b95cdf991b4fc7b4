//! Functions that somebody else runs: Lambda's `Invoke`, signed.
//!
//! Without credentials a call is not signed, for endpoints that do not ask for a signature.

use std::rc::Rc;

use gateway_auth::sigv4::{self, PathForm, Request, Scope};
use gateway_compile::RemoteFunction;
use gateway_functions::{InvokeError, Outcome};
use gateway_integration::{Pool, Upstream, UpstreamError};
use gateway_proto::h1::{Parsed, ResponseHead};
use gateway_proto::{HeadLimits, is_name};
use gateway_rt::{Buf, Moment, Stream};
use gateway_telemetry::clock::rfc3339;
use gateway_telemetry::write_decimal;

use super::{CallError, Order};
use crate::limits::{FUNCTION_RESULT_BYTES_MAX, INTERIM_RESPONSES_MAX, REMOTE_ERROR_BYTES_MAX};
use crate::relay::BodyReader;
use crate::shard::{Shard, ShardStage};

const SERVICE: &str = "lambda";

/// Invokes a function by HTTP.
pub(super) async fn invoke(
    shard: &Shard,
    stage: &ShardStage,
    remote: &RemoteFunction,
    order: Order<'_>,
) -> Result<Outcome, CallError> {
    let unix_ms = gateway_rt::clock::unix_ms();
    let mut head = Vec::with_capacity(1_024);
    write_head(shard, stage, remote, &order, unix_ms, &mut head);
    let pool = &stage.pools[usize::from(remote.endpoint.0)];
    let call = Call { shard, pool, deadline: order.deadline };
    let answer = call.run(&head, &order.payload).await?;
    if let Some(id) = answer.field(b"x-amzn-requestid").and_then(|id| id.try_into().ok()) {
        *order.request_id = id;
    }
    outcome(answer)
}

/// What an answer of `Invoke` means.
fn outcome(answer: Answer) -> Result<Outcome, CallError> {
    let is_error = answer.field(b"x-amz-function-error").is_some();
    match answer.head.status {
        200 | 202 | 204 => Ok(Outcome { payload: answer.body, is_error }),
        429 => Err(InvokeError::Throttled.into()),
        400 if is_content_refused(&answer) => Ok(Outcome { payload: answer.body, is_error: true }),
        status => {
            let body = &answer.body[..answer.body.len().min(REMOTE_ERROR_BYTES_MAX)];
            let kind = answer.field(b"x-amzn-errortype").unwrap_or_default();
            let (kind, body) = (String::from_utf8_lossy(kind), String::from_utf8_lossy(body));
            Err(InvokeError::Unavailable(format!("Invoke answered {status} {kind}: {body}")).into())
        }
    }
}

/// The payload was no JSON, or too large: a function's caller gets to see that.
fn is_content_refused(answer: &Answer) -> bool {
    let kind = answer.field(b"x-amzn-errortype").unwrap_or_default();
    kind.starts_with(b"InvalidRequestContentException")
}

/// Writes the head of the request.
fn write_head(
    shard: &Shard,
    stage: &ShardStage,
    remote: &RemoteFunction,
    order: &Order<'_>,
    unix_ms: u64,
    out: &mut Vec<u8>,
) {
    let timestamp = timestamp(unix_ms);
    let credentials = shard.settings.aws_credentials.as_ref();
    let kind: &[u8] = if order.is_event { b"Event" } else { b"RequestResponse" };
    let mut headers: Vec<(&[u8], &[u8])> = vec![
        (b"Host", &remote.host_header),
        (b"Content-Type", b"application/json"),
        (b"X-Amz-Date", &timestamp),
        (b"X-Amz-Invocation-Type", kind),
    ];
    if let Some(token) = credentials.and_then(|credentials| credentials.session_token.as_ref()) {
        headers.push((b"X-Amz-Security-Token", token.as_bytes()));
    }
    out.extend_from_slice(b"POST ");
    out.extend_from_slice(remote.path.as_bytes());
    out.extend_from_slice(b" HTTP/1.1\r\n");
    let field = |name: &[u8], value: &[u8], out: &mut Vec<u8>| {
        for part in [name, b": ", value, b"\r\n"] {
            out.extend_from_slice(part);
        }
    };
    for (name, value) in &headers {
        field(name, value, out);
    }
    if let Some(credentials) = credentials {
        let (path, query) = remote.path.split_once('?').unwrap_or((&remote.path, ""));
        let request = Request {
            method: b"POST",
            path: path.as_bytes(),
            path_form: PathForm::Normalized,
            query: query.as_bytes(),
            headers: &headers,
            payload_hash: &sigv4::payload_hash(&order.payload),
        };
        let scope = Scope { timestamp, region: &remote.region, service: SERVICE };
        out.extend_from_slice(b"Authorization: ");
        let mut keys = shard.signing_keys.borrow_mut();
        sigv4::write_authorization(credentials, &mut keys, &scope, &request, out);
        out.extend_from_slice(b"\r\n");
    }
    field(b"User-Agent", &stage.plan.user_agent, out);
    field(b"X-Amzn-Trace-Id", order.trace, out);
    out.extend_from_slice(b"Content-Length: ");
    write_decimal(order.payload.len() as u64, out);
    out.extend_from_slice(b"\r\nConnection: keep-alive\r\n\r\n");
}

/// `20260102T030405Z`
fn timestamp(unix_ms: u64) -> [u8; 16] {
    let text = rfc3339(unix_ms);
    let mut timestamp = *b"00000000T000000Z";
    timestamp[..4].copy_from_slice(&text[..4]);
    timestamp[4..6].copy_from_slice(&text[5..7]);
    timestamp[6..8].copy_from_slice(&text[8..10]);
    timestamp[9..11].copy_from_slice(&text[11..13]);
    timestamp[11..13].copy_from_slice(&text[14..16]);
    timestamp[13..15].copy_from_slice(&text[17..19]);
    timestamp
}

/// A whole answer.
struct Answer {
    head: ResponseHead,
    /// Holds the head's bytes.
    bytes: Buf,
    body: Vec<u8>,
}

impl Answer {
    fn field(&self, name: &[u8]) -> Option<&[u8]> {
        let bytes = self.bytes.filled();
        let field = self.head.fields.iter().find(|field| {
            let other = field.name.of(bytes);
            other.len() == name.len() && is_name(other, name)
        });
        field.map(|field| field.value.of(bytes))
    }
}

struct Call<'c> {
    shard: &'c Shard,
    pool: &'c Rc<Pool>,
    deadline: Moment,
}

impl Call<'_> {
    /// Sends the request and waits for the whole answer.
    ///
    /// A call of a function is not repeated once it may have been heard: only where a pooled connection did not
    /// take the request whole is it sent again, on a new one.
    async fn run(&self, head: &[u8], body: &[u8]) -> Result<Answer, UpstreamError> {
        if let Some(upstream) = self.pool.take_idle() {
            match self.send(upstream.stream(), head, body).await {
                Ok(()) => return self.receive(upstream).await,
                Err(UpstreamError::Reset) => self.shard.metrics.upstream_retries.increment(),
                Err(error) => return Err(error),
            }
        }
        let upstream = self.shard.upstreams.connect(self.pool, self.deadline).await?;
        self.send(upstream.stream(), head, body).await?;
        self.receive(upstream).await
    }

    async fn send(&self, stream: &Stream, head: &[u8], body: &[u8]) -> Result<(), UpstreamError> {
        let mut tx = Buf::take();
        for mut piece in [head, body] {
            while !piece.is_empty() {
                if tx.spare() == 0 {
                    tx = self.send_piece(stream, tx).await?;
                }
                let taken = piece.len().min(tx.spare());
                tx.extend(&piece[..taken]);
                piece = &piece[taken..];
            }
        }
        self.send_piece(stream, tx).await.map(drop)
    }

    async fn send_piece(&self, stream: &Stream, tx: Buf) -> Result<Buf, UpstreamError> {
        let len = tx.len();
        self.watch(stream)?;
        let (result, mut tx) = stream.send(tx).await;
        self.shard.metrics.upstream_sent_bytes.add((len - tx.len()) as u64);
        tx.reset(0);
        match result {
            Ok(()) => Ok(tx),
            Err(_) if stream.has_expired() => Err(UpstreamError::Timeout),
            Err(_) => Err(UpstreamError::Reset),
        }
    }

    async fn receive(&self, upstream: Upstream) -> Result<Answer, UpstreamError> {
        let stream = upstream.stream();
        let mut head = ResponseHead::new();
        let mut rx = Buf::take();
        let mut interim = 0;
        'head: loop {
            let received;
            (rx, received) = self.receive_piece(stream, rx).await?;
            if received == 0 {
                return Err(UpstreamError::Reset);
            }
            loop {
                let parsed = head.parse(rx.filled(), false, &HeadLimits::DEFAULT);
                match parsed.map_err(|e| UpstreamError::Protocol(e.reason()))? {
                    Parsed::Partial => break,
                    Parsed::Complete if !head.is_interim() => break 'head,
                    Parsed::Complete => {
                        interim += 1;
                        if interim > INTERIM_RESPONSES_MAX {
                            return Err(UpstreamError::Protocol("too-many-interim-responses"));
                        }
                        rx.consume(head.len);
                        rx.compact();
                    }
                }
                if rx.is_empty() {
                    break;
                }
            }
        }
        let mut reader = BodyReader::new(head.body);
        let len = reader.take(&mut rx.filled_mut()[head.len..])?;
        let mut body = rx.filled()[head.len..head.len + len].to_vec();
        let mut piece = Buf::take();
        while !reader.is_whole() {
            if body.len() > FUNCTION_RESULT_BYTES_MAX {
                return Err(UpstreamError::Protocol("result-too-large"));
            }
            piece.reset(0);
            let received;
            (piece, received) = self.receive_piece(stream, piece).await?;
            if received == 0 {
                // Only a body without a length ends with its connection.
                reader.close()?;
                break;
            }
            let len = reader.take(piece.filled_mut())?;
            body.extend_from_slice(&piece.filled()[..len]);
        }
        if head.keep_alive && reader.is_reusable() {
            upstream.give_back(Moment::recent());
        }
        Ok(Answer { head, bytes: rx, body })
    }

    /// Receives something; 0 bytes are the end of the connection.
    async fn receive_piece(&self, stream: &Stream, rx: Buf) -> Result<(Buf, usize), UpstreamError> {
        self.watch(stream)?;
        let (result, rx) = stream.recv(rx).await;
        match result {
            Ok(received) if received > 0 => {
                self.shard.metrics.upstream_received_bytes.add(received as u64);
                Ok((rx, received))
            }
            _ if stream.has_expired() => Err(UpstreamError::Timeout),
            Ok(_) => Ok((rx, 0)),
            Err(_) => Err(UpstreamError::Reset),
        }
    }

    fn watch(&self, stream: &Stream) -> Result<(), UpstreamError> {
        if Moment::now() >= self.deadline {
            return Err(UpstreamError::Timeout);
        }
        stream.set_deadline(self.deadline);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
