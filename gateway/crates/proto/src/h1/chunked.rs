//! The chunked transfer coding: a strict decoder that works in place, and the encoder's few bytes.
//!
//! Every byte of framing goes through one small state machine; payload is moved in one piece per
//! chunk. Extensions and trailers are checked, counted against their limits, and dropped.

mod error;

use crate::ChunkLimits;
use crate::bytes::{hex, is_field_value_byte, is_token};
use crate::limits::{BODY_BYTES_MAX, CHUNK_SIZE_DIGITS_MAX};

pub use error::ChunkError;

/// What ends the payload of a chunk.
pub const CHUNK_TAIL: &[u8] = b"\r\n";

/// The last chunk, without trailers: what ends a chunked body.
pub const LAST_CHUNK: &[u8] = b"0\r\n\r\n";

/// Writes the head of a chunk of `len` bytes (`hex CRLF`) to the start of `out`; says how long it is.
///
/// `len` must not be 0, which would end the body; use [`LAST_CHUNK`] for that.
#[inline]
pub fn write_chunk_head(len: usize, out: &mut [u8; 18]) -> usize {
    debug_assert!(len > 0, "a chunk of 0 bytes ends the body");
    let digits = (usize::BITS - len.leading_zeros()).div_ceil(4).max(1) as usize;
    for (index, slot) in out[..digits].iter_mut().enumerate() {
        *slot = b"0123456789abcdef"[len >> (4 * (digits - 1 - index)) & 0xf];
    }
    out[digits..digits + 2].copy_from_slice(b"\r\n");
    digits + 2
}

/// What one call of [`ChunkedDecoder::decode_in_place`] did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Decoded {
    /// Bytes of the buffer that are done with: all of them, unless the body ended before.
    pub consumed: usize,
    /// Payload bytes, now at the start of the buffer.
    pub written: usize,
    /// Whether the body is whole; `buf[consumed..]` belongs to the next message.
    pub done: bool,
}

/// Decodes one chunked body, in pieces of any size.
#[derive(Clone, Debug)]
pub struct ChunkedDecoder {
    limits: ChunkLimits,
    state: State,
    /// Size of the chunk being announced, then what is left of it.
    size: u64,
    line_bytes: usize,
    extension_bytes: usize,
    trailers_bytes: usize,
    trailers_count: usize,
}

/// What the next byte has to be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    SizeStart,
    Size,
    ExtensionName { is_first: bool },
    ExtensionValueStart,
    ExtensionToken,
    ExtensionQuoted,
    ExtensionEscaped,
    ExtensionQuotedEnd,
    SizeLf,
    Data,
    DataCr,
    DataLf,
    TrailerStart,
    TrailerName,
    TrailerValue,
    TrailerLf,
    EndLf,
    Done,
}

impl ChunkedDecoder {
    /// A decoder at the start of a body.
    pub const fn new(limits: ChunkLimits) -> Self {
        Self {
            limits,
            state: State::SizeStart,
            size: 0,
            line_bytes: 0,
            extension_bytes: 0,
            trailers_bytes: 0,
            trailers_count: 0,
        }
    }

    /// Whether the body is whole.
    pub fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// Decodes `buf`, the bytes that follow those of the last call, moving payload to its start.
    ///
    /// # Errors
    /// [`ChunkError`]: nothing behind it can be framed, so close the connection.
    pub fn decode_in_place(&mut self, buf: &mut [u8]) -> Result<Decoded, ChunkError> {
        let mut at = 0;
        let mut written = 0;
        while at < buf.len() && self.state != State::Done {
            if self.state == State::Data {
                let left = usize::try_from(self.size).unwrap_or(usize::MAX);
                let len = left.min(buf.len() - at);
                if at != written {
                    buf.copy_within(at..at + len, written);
                }
                at += len;
                written += len;
                self.size -= len as u64;
                if self.size == 0 {
                    self.state = State::DataCr;
                }
            } else {
                self.state = self.framing(buf[at])?;
                at += 1;
            }
        }
        Ok(Decoded { consumed: at, written, done: self.state == State::Done })
    }

    /// Takes one byte of framing; what comes next.
    #[inline]
    fn framing(&mut self, b: u8) -> Result<State, ChunkError> {
        match self.state {
            State::SizeStart | State::Size => self.size_digit(b),
            State::ExtensionName { .. }
            | State::ExtensionValueStart
            | State::ExtensionToken
            | State::ExtensionQuoted
            | State::ExtensionEscaped
            | State::ExtensionQuotedEnd => self.extension(b),
            State::SizeLf => match (b, self.size) {
                (b'\n', 0) => Ok(State::TrailerStart),
                (b'\n', _) => Ok(State::Data),
                _ => Err(ChunkError::BareCr),
            },
            State::DataCr => expect(b, b'\r', State::DataLf, ChunkError::DataEnd),
            State::DataLf => {
                self.line_bytes = 0;
                expect(b, b'\n', State::SizeStart, ChunkError::DataEnd)
            }
            State::TrailerStart | State::TrailerName | State::TrailerValue | State::TrailerLf => {
                self.trailer(b)
            }
            State::EndLf => expect(b, b'\n', State::Done, ChunkError::BareCr),
            // The caller moves payload itself and stops at the end.
            State::Data | State::Done => Ok(self.state),
        }
    }

    fn size_digit(&mut self, b: u8) -> Result<State, ChunkError> {
        if let Some(digit) = hex(b) {
            if self.state == State::SizeStart {
                self.size = 0;
            }
            self.line_bytes += 1;
            if self.line_bytes > CHUNK_SIZE_DIGITS_MAX {
                return Err(ChunkError::SizeTooLong);
            }
            // 16 digits shift nothing out of 64 bits.
            self.size = self.size << 4 | u64::from(digit);
            return Ok(State::Size);
        }
        if self.state == State::SizeStart {
            return Err(ChunkError::SizeInvalid);
        }
        if self.size > BODY_BYTES_MAX {
            return Err(ChunkError::SizeTooLong);
        }
        match b {
            b'\r' => Ok(State::SizeLf),
            b';' => {
                self.count_extension_byte()?;
                Ok(State::ExtensionName { is_first: true })
            }
            b'\n' => Err(ChunkError::BareLf),
            _ => Err(ChunkError::SizeInvalid),
        }
    }

    /// `*( ";" name [ "=" ( token / quoted-string ) ] )`, less the "bad" white space that RFC 9112
    /// section 7.1.1 lets a recipient take.
    fn extension(&mut self, b: u8) -> Result<State, ChunkError> {
        let may_end = matches!(
            self.state,
            State::ExtensionName { is_first: false }
                | State::ExtensionToken
                | State::ExtensionQuotedEnd
        );
        if b == b'\r' && may_end {
            return Ok(State::SizeLf);
        }
        self.count_extension_byte()?;
        match (self.state, b) {
            (_, b'\n') => Err(ChunkError::BareLf),
            (State::ExtensionQuoted, b'"') => Ok(State::ExtensionQuotedEnd),
            (State::ExtensionQuoted, b'\\') => Ok(State::ExtensionEscaped),
            (State::ExtensionQuoted | State::ExtensionEscaped, b) if is_field_value_byte(b) => {
                Ok(State::ExtensionQuoted)
            }
            (_, b';') if may_end => Ok(State::ExtensionName { is_first: true }),
            (State::ExtensionName { is_first: false }, b'=') => Ok(State::ExtensionValueStart),
            (State::ExtensionName { .. }, b) if is_token(b) => {
                Ok(State::ExtensionName { is_first: false })
            }
            (State::ExtensionValueStart, b'"') => Ok(State::ExtensionQuoted),
            (State::ExtensionValueStart | State::ExtensionToken, b) if is_token(b) => {
                Ok(State::ExtensionToken)
            }
            _ => Err(ChunkError::ExtensionInvalid),
        }
    }

    fn count_extension_byte(&mut self) -> Result<(), ChunkError> {
        self.line_bytes += 1;
        self.extension_bytes += 1;
        let is_over = self.line_bytes > self.limits.line_bytes_max
            || self.extension_bytes > self.limits.extension_bytes_max;
        if is_over { Err(ChunkError::ExtensionsTooLarge) } else { Ok(()) }
    }

    /// Field lines with the grammar of a head. They are dropped, whatever they say.
    fn trailer(&mut self, b: u8) -> Result<State, ChunkError> {
        if self.state == State::TrailerStart && b == b'\r' {
            return Ok(State::EndLf);
        }
        self.trailers_bytes += 1;
        if self.trailers_bytes > self.limits.trailers_bytes_max {
            return Err(ChunkError::TrailersTooLarge);
        }
        match (self.state, b) {
            (State::TrailerLf, b'\n') => Ok(State::TrailerStart),
            (State::TrailerLf, _) => Err(ChunkError::BareCr),
            (_, b'\n') => Err(ChunkError::BareLf),
            (State::TrailerStart, b) if is_token(b) => {
                self.trailers_count += 1;
                if self.trailers_count > self.limits.trailers_count_max {
                    return Err(ChunkError::TrailersTooLarge);
                }
                Ok(State::TrailerName)
            }
            (State::TrailerName, b':') => Ok(State::TrailerValue),
            (State::TrailerName, b) if is_token(b) => Ok(State::TrailerName),
            (State::TrailerValue, b'\r') => Ok(State::TrailerLf),
            (State::TrailerValue, b) if is_field_value_byte(b) => Ok(State::TrailerValue),
            _ => Err(ChunkError::TrailerInvalid),
        }
    }
}

fn expect(b: u8, wanted: u8, next: State, error: ChunkError) -> Result<State, ChunkError> {
    if b == wanted { Ok(next) } else { Err(error) }
}

#[cfg(test)]
mod tests;
