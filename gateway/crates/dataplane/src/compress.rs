//! Compression of responses: `minimumCompressionSize`.
//!
//! Source: API Gateway Developer Guide, "Payload compression". A body is compressed if the API sets a size, the body has at
//! least that many bytes, what the integration sent has no `Content-Encoding`, and the client names a coding
//! that we have. `*` names none. No `Vary` is added. Gateway responses are sent as they are.

use std::future::poll_fn;
use std::io::Write;
use std::task::Poll;

use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use gateway_proto::FieldName;
use gateway_proto::h1::ResponseBody;

use crate::connection::Client;
use crate::limits::{CODING_SLICE_BYTES, COMPRESSION_LEVEL};
use crate::request::Exchange;
use crate::respond::{self, ClientGone, Framing, finish_head, write_field};
use crate::shard::Shard;

/// A content coding (RFC 9110 section 8.4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    /// RFC 1952.
    Gzip,
    /// RFC 1950: with the frame of zlib.
    Deflate,
}

impl Coding {
    /// The coding of that name, whatever its case.
    pub fn parse(name: &[u8]) -> Option<Self> {
        match name {
            _ if name.eq_ignore_ascii_case(b"gzip") => Some(Self::Gzip),
            _ if name.eq_ignore_ascii_case(b"deflate") => Some(Self::Deflate),
            _ => None,
        }
    }

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Deflate => "deflate",
        }
    }
}

/// The coding that `Accept-Encoding` asks for: of those that we have and it names, the one with the highest
/// weight, the first of equals. `None` where that is `identity`, or there is none.
pub fn accepted<'v>(values: impl Iterator<Item = &'v [u8]>) -> Option<Coding> {
    let mut best: Option<(u16, Option<Coding>)> = None;
    for item in values.flat_map(|value| value.split(|byte| *byte == b',')) {
        let mut parts = item.split(|byte| *byte == b';');
        let name = parts.next().unwrap_or_default().trim_ascii();
        let coding = match Coding::parse(name) {
            None if !name.eq_ignore_ascii_case(b"identity") => continue,
            coding => coding,
        };
        let weight = match (parts.next(), parts.next()) {
            (None, _) => Some(1000),
            (Some(parameter), None) => weight(parameter.trim_ascii()),
            (Some(_), Some(_)) => None,
        };
        // What is malformed names nothing.
        let Some(weight @ 1..) = weight else { continue };
        if best.is_none_or(|(known, _)| weight > known) {
            best = Some((weight, coding));
        }
    }
    best?.1
}

/// `q=0.5` in thousandths (RFC 9110 section 12.4.2).
fn weight(parameter: &[u8]) -> Option<u16> {
    let value = match parameter {
        [b'q' | b'Q', b'=', value @ ..] => value,
        _ => return None,
    };
    let (whole, digits) = match value {
        [whole @ (b'0' | b'1')] => (*whole, &[][..]),
        [whole @ (b'0' | b'1'), b'.', digits @ ..] if digits.len() <= 3 => (*whole, digits),
        _ => return None,
    };
    let mut thousandths = 0;
    for at in 0..3 {
        let digit = digits.get(at).copied().unwrap_or(b'0');
        if !digit.is_ascii_digit() {
            return None;
        }
        thousandths = thousandths * 10 + u16::from(digit - b'0');
    }
    match whole {
        b'0' => Some(thousandths),
        _ if thousandths == 0 => Some(1000),
        _ => None,
    }
}

/// Notes whether the backend's body has a coding of its own. Says nothing of APIs that compress nothing.
pub(crate) fn heed_backend(x: &mut Exchange) {
    if size_min(x).is_some() {
        let mut fields = x.upstream.fields.iter();
        x.facts.is_coded = fields.any(|field| field.known == FieldName::ContentEncoding);
    }
}

fn size_min(x: &Exchange) -> Option<usize> {
    let size = x.stage.as_ref()?.plan.minimum_compression_size?;
    Some(size as usize)
}

/// Whether a backend's body of that framing may be compressed once it is whole.
pub(crate) fn may_need_whole(x: &Exchange, body: ResponseBody) -> bool {
    let Some(size_min) = size_min(x) else { return false };
    let is_long = match body {
        ResponseBody::None => false,
        ResponseBody::Length(length) => length >= size_min as u64,
        ResponseBody::Chunked | ResponseBody::UntilClose => true,
    };
    is_long && !x.facts.is_coded && coding_for(x).is_some()
}

/// The coding that a response gets, its head so far in `out`.
pub(crate) fn wanted(x: &Exchange, status: u16, out: &[u8], len: usize) -> Option<Coding> {
    let size_min = size_min(x)?;
    let is_short = len < size_min || len == 0;
    // A part of a representation stays one: `Content-Range` counts the bytes of what is not compressed.
    if is_short || status == 206 || x.facts.is_coded || x.is_head() || is_coded(out) {
        return None;
    }
    coding_for(x)
}

fn coding_for(x: &Exchange) -> Option<Coding> {
    let fields = x.head.fields.iter().filter(|field| field.known == FieldName::AcceptEncoding);
    accepted(fields.map(|field| x.text(field.value)))
}

/// Whether a head names a coding, or a part.
fn is_coded(head: &[u8]) -> bool {
    head.split(|byte| *byte == b'\n').any(|line| {
        let name = line.split(|byte| *byte == b':').next().unwrap_or_default();
        FieldName::of(name) == FieldName::ContentEncoding
            || name.eq_ignore_ascii_case(b"content-range")
    })
}

/// Sends a body compressed; `out` has the head up to its common fields.
pub(crate) async fn send(
    shard: &Shard,
    client: &Client,
    x: &mut Exchange,
    status: u16,
    out: &mut Vec<u8>,
    body: &[u8],
    coding: Coding,
) -> Result<(), ClientGone> {
    let packed = pack(body, coding).await;
    write_field(b"Content-Encoding", coding.as_str().as_bytes(), out);
    finish_head(shard, x, Framing::Length(packed.len() as u64), out);
    x.facts.status = status;
    respond::send(shard, client, x, out, &packed).await
}

/// Compresses a body. The shard's other connections have their turn in between.
async fn pack(body: &[u8], coding: Coding) -> Vec<u8> {
    let mut encoder = Encoder::new(coding, body.len());
    for (index, piece) in body.chunks(CODING_SLICE_BYTES).enumerate() {
        if index > 0 {
            yield_now().await;
        }
        encoder.write(piece);
    }
    encoder.finish()
}

enum Encoder {
    Gzip(GzEncoder<Vec<u8>>),
    Deflate(ZlibEncoder<Vec<u8>>),
}

/// Writing to a vector cannot fail.
const INFALLIBLE: &str = "a vector takes everything";

impl Encoder {
    fn new(coding: Coding, body_len: usize) -> Self {
        let level = Compression::new(COMPRESSION_LEVEL);
        let out = Vec::with_capacity(body_len / 4 + 64);
        match coding {
            Coding::Gzip => Self::Gzip(GzEncoder::new(out, level)),
            Coding::Deflate => Self::Deflate(ZlibEncoder::new(out, level)),
        }
    }

    fn write(&mut self, piece: &[u8]) {
        match self {
            Self::Gzip(encoder) => encoder.write_all(piece),
            Self::Deflate(encoder) => encoder.write_all(piece),
        }
        .expect(INFALLIBLE);
    }

    fn finish(self) -> Vec<u8> {
        match self {
            Self::Gzip(encoder) => encoder.finish(),
            Self::Deflate(encoder) => encoder.finish(),
        }
        .expect(INFALLIBLE)
    }
}

/// Lets the shard do something else.
pub(crate) async fn yield_now() {
    let mut has_yielded = false;
    poll_fn(|cx| {
        if has_yielded {
            return Poll::Ready(());
        }
        has_yielded = true;
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

#[cfg(test)]
mod tests;
