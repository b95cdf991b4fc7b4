//! A call of AWS over the pools of HTTP backends: request and answer are whole, and bounded.

use std::rc::Rc;

use gateway_integration::{Pool, Upstream, UpstreamError};
use gateway_proto::h1::{Parsed, ResponseHead};
use gateway_proto::{HeadLimits, is_name};
use gateway_rt::{Buf, Moment, Stream};

use crate::limits::INTERIM_RESPONSES_MAX;
use crate::relay::BodyReader;
use crate::shard::Shard;

/// Why an answer that is longer than [`Call::body_bytes_max`] is refused, as [`UpstreamError::Protocol`] says it.
pub(crate) const TOO_LARGE: &str = "result-too-large";

/// A whole answer.
pub(crate) struct Answer {
    pub(crate) head: ResponseHead,
    /// Holds the head's bytes.
    pub(crate) bytes: Buf,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// The first field of that name; names compare without case.
    pub(crate) fn field(&self, name: &[u8]) -> Option<&[u8]> {
        let bytes = self.bytes.filled();
        let field = self.head.fields.iter().find(|field| {
            let other = field.name.of(bytes);
            other.len() == name.len() && is_name(other, name)
        });
        field.map(|field| field.value.of(bytes))
    }
}

/// One call.
pub(crate) struct Call<'c> {
    pub(crate) shard: &'c Shard,
    pub(crate) pool: &'c Rc<Pool>,
    pub(crate) deadline: Moment,
    /// Of the answer's body.
    pub(crate) body_bytes_max: usize,
    /// The method is `HEAD`, whose answer has no body.
    pub(crate) is_head: bool,
    /// Doing it twice does what doing it once does.
    pub(crate) is_idempotent: bool,
}

impl Call<'_> {
    /// Sends the request and waits for the whole answer.
    ///
    /// It is repeated, on a new connection, where a pooled one did not take it whole; and where a pooled one ended
    /// without an answer, if it is idempotent. Anything else may have been heard.
    pub(crate) async fn run(&self, head: &[u8], body: &[u8]) -> Result<Answer, UpstreamError> {
        if let Some(upstream) = self.pool.take_idle() {
            match self.send(upstream.stream(), head, body).await {
                Ok(()) => match self.receive(upstream).await {
                    Err(UpstreamError::Reset) if self.is_idempotent => {}
                    result => return result,
                },
                Err(UpstreamError::Reset) => {}
                Err(error) => return Err(error),
            }
            self.shard.metrics.upstream_retries.increment();
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
                let parsed = head.parse(rx.filled(), self.is_head, &HeadLimits::DEFAULT);
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
        if len > self.body_bytes_max {
            return Err(UpstreamError::Protocol(TOO_LARGE));
        }
        let mut body = rx.filled()[head.len..head.len + len].to_vec();
        let mut piece = Buf::take();
        while !reader.is_whole() {
            piece.reset(0);
            let received;
            (piece, received) = self.receive_piece(stream, piece).await?;
            if received == 0 {
                // Only a body without a length ends with its connection.
                reader.close()?;
                break;
            }
            let len = reader.take(piece.filled_mut())?;
            if body.len() + len > self.body_bytes_max {
                return Err(UpstreamError::Protocol(TOO_LARGE));
            }
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
