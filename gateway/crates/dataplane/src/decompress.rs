//! Decoding of requests: `Content-Encoding: gzip` and `deflate`, before anything reads the body.
//!
//! Source: API Gateway Developer Guide, "Payload compression": it is done whatever the API's settings; a coding
//! that we do not have, or a body that does not decode, is 415. That both the coded and the decoded body keep
//! the payload limit, and that more than that is 413, is our choice (attacks, "Decompression bomb").

use std::io::Read;

use flate2::bufread::{GzDecoder, ZlibDecoder};
use gateway_compile::Failure;
use gateway_proto::FieldName;

use crate::compress::{Coding, yield_now};
use crate::connection::Client;
use crate::exchange::Refusal;
use crate::http::await_body;
use crate::limits::{
    CODING_SLICE_BYTES, GZIP_MEMBERS_MAX, INFLATION_FREE_BYTES, INFLATION_RATIO_MAX,
};
use crate::request::Exchange;
use crate::shard::Shard;

/// Whether the request's body has a coding. A request without a body has none, whatever it says.
#[inline]
pub(crate) fn is_coded(x: &Exchange) -> bool {
    !x.body_is_absent() && x.head.field(FieldName::ContentEncoding).is_some()
}

/// Replaces the body by what it decodes to.
pub(crate) async fn decode(
    shard: &Shard,
    client: &Client,
    x: &mut Exchange,
    bytes_max: usize,
) -> Result<(), Refusal> {
    let fields = x.head.fields.iter().filter(|field| field.known == FieldName::ContentEncoding);
    let coding = coding(fields.map(|field| x.text(field.value)));
    let Some(coding) = coding.map_err(|UnknownCoding| Failure::unsupported_media_type())? else {
        return Ok(());
    };
    await_body(shard, client, x).await?;
    if x.request_body.is_empty() {
        return Ok(());
    }
    let coded = std::mem::take(&mut x.request_body);
    let mut inflation = Inflation::new(coding, &coded, bytes_max);
    loop {
        match inflation.step() {
            Ok(true) => break,
            Ok(false) => yield_now().await,
            Err(InflateError::Corrupt) => return Err(Failure::unsupported_media_type().into()),
            Err(InflateError::TooLarge) => return Err(Failure::request_too_large().into()),
        }
    }
    x.replace_body(inflation.into_body());
    Ok(())
}

/// A content coding that we do not have, or more than one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownCoding;

/// The one coding that `Content-Encoding` names; `identity` is none.
///
/// # Errors
/// [`UnknownCoding`].
pub fn coding<'v>(values: impl Iterator<Item = &'v [u8]>) -> Result<Option<Coding>, UnknownCoding> {
    let mut found = None;
    for name in values.flat_map(|value| value.split(|byte| *byte == b',')) {
        let name = name.trim_ascii();
        if name.is_empty() || name.eq_ignore_ascii_case(b"identity") {
            continue;
        }
        let coding = Coding::parse(name).ok_or(UnknownCoding)?;
        if found.replace(coding).is_some() {
            return Err(UnknownCoding);
        }
    }
    Ok(found)
}

/// Why a body does not decode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InflateError {
    /// It is not of that coding, or ends too early, or something follows it.
    Corrupt,
    /// It decodes to more than it may, or to more than [`INFLATION_RATIO_MAX`] times its own length.
    TooLarge,
}

/// A body on its way to what it decodes to, slice by slice.
pub struct Inflation<'b> {
    decoder: Decoder<'b>,
    body: Vec<u8>,
    coded_len: usize,
    bytes_max: usize,
    members: usize,
}

enum Decoder<'b> {
    Gzip(GzDecoder<&'b [u8]>),
    Deflate(ZlibDecoder<&'b [u8]>),
}

impl<'b> Inflation<'b> {
    /// Starts with the coded bytes. The decoded body may have `bytes_max`.
    pub fn new(coding: Coding, coded: &'b [u8], bytes_max: usize) -> Self {
        let decoder = match coding {
            Coding::Gzip => Decoder::Gzip(GzDecoder::new(coded)),
            Coding::Deflate => Decoder::Deflate(ZlibDecoder::new(coded)),
        };
        Self { decoder, body: Vec::new(), coded_len: coded.len(), bytes_max, members: 1 }
    }

    /// Decodes one slice; says whether the body is whole.
    ///
    /// # Errors
    /// [`InflateError`].
    pub fn step(&mut self) -> Result<bool, InflateError> {
        let start = self.body.len();
        self.make_room();
        self.body.resize(start + CODING_SLICE_BYTES, 0);
        let slice = &mut self.body[start..];
        let read = match &mut self.decoder {
            Decoder::Gzip(decoder) => decoder.read(slice),
            Decoder::Deflate(decoder) => decoder.read(slice),
        };
        let len = read.map_err(|_| InflateError::Corrupt)?;
        self.body.truncate(start + len);
        let is_steep = self.body.len() > INFLATION_FREE_BYTES
            && self.body.len() / INFLATION_RATIO_MAX > self.coded_len;
        if self.body.len() > self.bytes_max || is_steep {
            return Err(InflateError::TooLarge);
        }
        if len > 0 { Ok(false) } else { self.next_member() }
    }

    /// What it decoded to.
    pub fn into_body(mut self) -> Vec<u8> {
        self.body.shrink_to_fit();
        self.body
    }

    /// Room for a slice. What is long gets all that it may ever need at once: memory that is not written to
    /// is not taken, and nothing is copied on the way.
    fn make_room(&mut self) {
        let len = self.body.len();
        if self.body.capacity() - len >= CODING_SLICE_BYTES {
            return;
        }
        let wanted = match len < INFLATION_FREE_BYTES {
            true => 2 * len,
            false => self.bytes_max + CODING_SLICE_BYTES,
        };
        self.body.reserve_exact(wanted.max(len + CODING_SLICE_BYTES) - len);
    }

    /// Behind the end: nothing, or another member of a gzip file (RFC 1952 section 2.2).
    fn next_member(&mut self) -> Result<bool, InflateError> {
        let rest = match &self.decoder {
            Decoder::Gzip(decoder) => *decoder.get_ref(),
            Decoder::Deflate(decoder) => *decoder.get_ref(),
        };
        if rest.is_empty() {
            return Ok(true);
        }
        if matches!(self.decoder, Decoder::Deflate(_)) || self.members == GZIP_MEMBERS_MAX {
            return Err(InflateError::Corrupt);
        }
        self.members += 1;
        self.decoder = Decoder::Gzip(GzDecoder::new(rest));
        Ok(false)
    }
}

#[cfg(test)]
mod tests;
