//! The request's body: what is there already, and what is still to come.
//!
//! The first bytes lie behind the head in the exchange's buffer. What comes later goes through a
//! buffer of its own, so that the head stays readable to the end.

use std::time::Duration;

use gateway_proto::ChunkLimits;
use gateway_proto::h1::{BodyLength, ChunkedDecoder};
use gateway_rt::{Buf, Moment, Stream};

use crate::limits::BODY_RATE_MIN_BPS;
use crate::request::Exchange;
use crate::shard::Shard;

/// How the rest of the body is framed.
#[derive(Default)]
enum Framing {
    /// Nothing is to come.
    #[default]
    Done,
    Length {
        left: u64,
    },
    Chunked(ChunkedDecoder),
}

/// The body of one request.
#[derive(Default)]
pub(crate) struct Body {
    framing: Framing,
    /// `Content-Length`, or `None` for a chunked body that is not whole yet.
    pub(crate) length: Option<u64>,
    /// Payload behind the head: from the head's end, this many bytes.
    pub(crate) prefix_len: usize,
    /// What follows the body in the exchange's buffer: the next request.
    rest: (usize, usize),
    /// What follows the body in the buffer that the rest of it came through.
    spill: Option<Buf>,
    /// Payload bytes seen so far.
    seen: u64,
    /// All of it is in [`Exchange::request_body`].
    is_buffered: bool,
    /// Time spent waiting for the client, in microseconds.
    waited_us: u64,
}

/// Why a body cannot be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BodyError {
    /// The client went away, or was too slow.
    Gone,
    /// The chunked framing is wrong.
    Framing(&'static str),
    /// More than the payload limit.
    TooLarge,
}

impl Exchange {
    /// Looks at what there is of the body. The head was just parsed, and nothing is decided yet:
    /// whatever the answer is, the next request starts behind this body.
    pub(crate) fn begin_body(&mut self) -> Result<(), BodyError> {
        let head_len = self.head.len;
        let Some(rx) = self.rx.as_mut() else { return Ok(()) };
        let there = rx.len() - head_len;
        let body = &mut self.body;
        *body = Body { spill: body.spill.take(), ..Body::default() };
        match self.head.body {
            BodyLength::None => {
                body.length = Some(0);
                body.rest = (head_len, rx.len());
            }
            BodyLength::Length(length) => {
                body.length = Some(length);
                body.prefix_len = usize::try_from(length).map_or(there, |l| l.min(there));
                body.rest = (head_len + body.prefix_len, rx.len());
                let left = length - body.prefix_len as u64;
                if left > 0 {
                    body.framing = Framing::Length { left };
                }
            }
            BodyLength::Chunked => {
                let mut decoder = ChunkedDecoder::new(ChunkLimits::DEFAULT);
                let piece = &mut rx.filled_mut()[head_len..];
                let decoded =
                    decoder.decode_in_place(piece).map_err(|e| BodyError::Framing(e.reason()))?;
                body.prefix_len = decoded.written;
                body.rest = (head_len + decoded.consumed, rx.len());
                if decoded.done {
                    body.length = Some(decoded.written as u64);
                } else {
                    body.framing = Framing::Chunked(decoder);
                }
            }
        }
        body.seen = body.prefix_len as u64;
        Ok(())
    }

    /// Refuses a body that is too large already, or says that it will be.
    pub(crate) fn limit_body(&self, payload_bytes_max: u64) -> Result<(), BodyError> {
        let known = self.body.length.unwrap_or(self.body.seen);
        if known > payload_bytes_max { Err(BodyError::TooLarge) } else { Ok(()) }
    }

    /// The part of the body that came with the head; all of it, once it was read whole.
    pub(crate) fn body_prefix(&self) -> &[u8] {
        if self.body.is_buffered {
            return &self.request_body;
        }
        &self.bytes()[self.head.len..self.head.len + self.body.prefix_len]
    }

    /// Makes the exchange's buffer begin with what follows the body, for the next request.
    pub(crate) fn end_body(&mut self) {
        let Some(rx) = self.rx.as_mut() else { return };
        if let Some(spill) = self.body.spill.take() {
            *rx = spill;
        } else {
            let start = rx.headroom();
            let (from, to) = self.body.rest;
            rx.set_window(start + from, start + to);
        }
        rx.compact();
    }

    /// Reads the whole body into [`Exchange::request_body`].
    pub(crate) async fn buffer_body(
        &mut self,
        shard: &Shard,
        client: &Stream,
    ) -> Result<(), BodyError> {
        if self.body.is_buffered {
            return Ok(());
        }
        self.request_body.clear();
        let prefix = self.head.len..self.head.len + self.body.prefix_len;
        let bytes = self.rx.as_ref().map_or(&[][..], Buf::filled);
        self.request_body.extend_from_slice(&bytes[prefix]);
        while !self.body.is_whole() {
            let buf = self.body.receive(shard, client, Buf::take()).await?;
            self.request_body.extend_from_slice(buf.filled());
        }
        client.set_deadline(Moment::NEVER);
        self.body.is_buffered = true;
        self.body.length = Some(self.request_body.len() as u64);
        Ok(())
    }

    /// Puts another body in the place of one that was read whole.
    pub(crate) fn replace_body(&mut self, body: Vec<u8>) {
        debug_assert!(self.body.is_buffered, "it was read whole");
        self.body.length = Some(body.len() as u64);
        self.request_body = body;
    }
}

impl Body {
    /// Whether nothing is to come.
    pub(crate) fn is_whole(&self) -> bool {
        matches!(self.framing, Framing::Done)
    }

    /// Whether it was read whole before anything was done with it.
    pub(crate) fn is_buffered(&self) -> bool {
        self.is_buffered
    }

    /// Bytes to come, if their number is known.
    pub(crate) fn left(&self) -> Option<u64> {
        match &self.framing {
            Framing::Done => Some(0),
            Framing::Length { left } => Some(*left),
            Framing::Chunked(_) => None,
        }
    }

    /// The next piece of the body, decoded, in `buf`; may be empty when only framing came. Leaves a
    /// deadline on the client, which the caller ends when it waits for something else.
    ///
    /// # Errors
    /// [`BodyError`]; the connection cannot be used any more.
    pub(crate) async fn receive(
        &mut self,
        shard: &Shard,
        client: &Stream,
        mut buf: Buf,
    ) -> Result<Buf, BodyError> {
        debug_assert!(!self.is_whole(), "there is something to receive");
        buf.reset(0);
        let started = Moment::now();
        client.set_deadline(started + self.patience(shard.settings.client_body));
        let result;
        (result, buf) = client.recv(buf).await;
        self.waited_us += Moment::now().micros_since(started);
        let received = result.map_err(|_| BodyError::Gone)?;
        if received == 0 {
            return Err(BodyError::Gone);
        }
        shard.metrics.downstream_received_bytes.add(received as u64);
        let (written, consumed) = match &mut self.framing {
            Framing::Done => (0, 0),
            Framing::Length { left } => {
                let taken = usize::try_from(*left).map_or(buf.len(), |left| left.min(buf.len()));
                *left -= taken as u64;
                if *left == 0 {
                    self.framing = Framing::Done;
                }
                (taken, taken)
            }
            Framing::Chunked(decoder) => {
                let decoded = decoder
                    .decode_in_place(buf.filled_mut())
                    .map_err(|e| BodyError::Framing(e.reason()))?;
                if decoded.done {
                    self.framing = Framing::Done;
                }
                (decoded.written, decoded.consumed)
            }
        };
        self.seen += written as u64;
        if self.seen > shard.settings.payload_bytes_max {
            return Err(BodyError::TooLarge);
        }
        if self.is_whole() {
            // What follows belongs to the next request, also when it is nothing.
            let mut spill = Buf::take();
            spill.extend(&buf.filled()[consumed..]);
            self.spill = Some(spill);
        }
        buf.truncate(written);
        Ok(buf)
    }

    /// How long the next piece may take: that of one piece, and no more than what a client at the
    /// least rate would have left.
    fn patience(&self, piece: Duration) -> Duration {
        let earned = Duration::from_secs(self.seen / BODY_RATE_MIN_BPS);
        let waited = Duration::from_micros(self.waited_us);
        piece.min((piece + earned).saturating_sub(waited))
    }

    /// Reads and drops what is to come, up to the cap the caller has checked against.
    pub(crate) async fn discard(
        &mut self,
        shard: &Shard,
        client: &Stream,
    ) -> Result<(), BodyError> {
        let mut buf = Buf::take();
        while !self.is_whole() {
            buf = self.receive(shard, client, buf).await?;
        }
        Ok(())
    }
}
