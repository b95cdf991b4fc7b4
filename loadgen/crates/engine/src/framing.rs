//! Where an answer ends: bytes in, events out.
//!
//! Pure, and as strict as the gateway's own parser, which it uses. What makes it quick is that a server's heads are
//! mostly alike: a head with the very bytes of the last one is framed like it, for the cost of one comparison.

use gateway_proto::ChunkLimits;
use gateway_proto::h1::{ChunkedDecoder, HeadScanner, Parsed, ResponseBody, ResponseHead, Scan};

use crate::limits::{HEAD_LIMITS, INTERIM_MAX, MEMO_BYTES_MAX};

/// Takes what an answer says.
pub trait Sink {
    /// Whether [`Sink::head`] wants the fields; else heads may be recognised instead of parsed.
    const WANTS_FIELDS: bool;

    /// The head, once per answer, interim answers left out. `fields` refer to `raw`.
    fn head(&mut self, raw: &[u8], fields: Option<&ResponseHead>);

    /// A piece of the body, without its framing.
    ///
    /// # Errors
    /// [`Malformed`] when it is more than the sink takes.
    fn body(&mut self, piece: &[u8]) -> Result<(), Malformed>;
}

/// Wants nothing: the answer is only counted.
pub struct Count;

impl Sink for Count {
    const WANTS_FIELDS: bool = false;

    fn head(&mut self, _: &[u8], _: Option<&ResponseHead>) {}

    fn body(&mut self, _: &[u8]) -> Result<(), Malformed> {
        Ok(())
    }
}

/// The answer is no HTTP, or goes beyond a bound: nothing behind it can be framed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed;

/// What one call of [`Framing::feed`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fed {
    /// Bytes that are done with; the others come again with more behind them.
    pub consumed: usize,
    /// Whether the answer is whole; what was not consumed belongs to the next one.
    pub is_whole: bool,
}

/// Finds the ends of the answers of one connection.
pub struct Framing {
    state: State,
    is_head_request: bool,
    interim_count: u32,
    status: u16,
    keep_alive: bool,
    head: ResponseHead,
    scanner: HeadScanner,
    memo: Memo,
}

enum State {
    Head,
    Length(u64),
    Chunked(ChunkedDecoder),
    UntilClose,
    Whole,
}

/// The last head, and how its answer is framed.
#[derive(Default)]
struct Memo {
    head: Vec<u8>,
    status: u16,
    body: ResponseBody,
}

impl Default for Framing {
    fn default() -> Self {
        Self::new()
    }
}

impl Framing {
    /// At the start of a connection.
    #[must_use]
    pub fn new() -> Self {
        Self {
            state: State::Whole,
            is_head_request: false,
            interim_count: 0,
            status: 0,
            keep_alive: true,
            head: ResponseHead::new(),
            scanner: HeadScanner::new(HEAD_LIMITS),
            memo: Memo { head: Vec::with_capacity(MEMO_BYTES_MAX), ..Memo::default() },
        }
    }

    /// Awaits the next answer; `is_head_request` says that it has no body whatever its head says.
    #[inline]
    pub fn begin(&mut self, is_head_request: bool) {
        self.state = State::Head;
        self.is_head_request = is_head_request;
        self.interim_count = 0;
        self.status = 0;
        self.keep_alive = true;
        self.scanner.reset();
    }

    /// The answer's status; 0 before its head was there.
    #[inline]
    #[must_use]
    pub fn status(&self) -> u16 {
        self.status
    }

    /// Whether the connection may be used after this answer.
    #[inline]
    #[must_use]
    pub fn keep_alive(&self) -> bool {
        self.keep_alive
    }

    /// Takes `bytes`: those not consumed before, and what came behind them.
    ///
    /// # Errors
    /// [`Malformed`]: close the connection.
    #[inline]
    pub fn feed(&mut self, bytes: &mut [u8], sink: &mut impl Sink) -> Result<Fed, Malformed> {
        let mut at = 0;
        loop {
            match &mut self.state {
                State::Head => match self.take_head(&bytes[at..], sink)? {
                    Some(len) => at += len,
                    None => return Ok(Fed { consumed: at, is_whole: false }),
                },
                State::Length(left) => {
                    let len = (bytes.len() - at).min(usize::try_from(*left).unwrap_or(usize::MAX));
                    sink.body(&bytes[at..at + len])?;
                    at += len;
                    *left -= len as u64;
                    if *left > 0 {
                        return Ok(Fed { consumed: at, is_whole: false });
                    }
                    self.state = State::Whole;
                }
                State::Chunked(decoder) => {
                    let rest = &mut bytes[at..];
                    let decoded = decoder.decode_in_place(rest).map_err(|_| Malformed)?;
                    sink.body(&rest[..decoded.written])?;
                    at += decoded.consumed;
                    if !decoded.done {
                        return Ok(Fed { consumed: at, is_whole: false });
                    }
                    self.state = State::Whole;
                }
                State::UntilClose => {
                    sink.body(&bytes[at..])?;
                    return Ok(Fed { consumed: bytes.len(), is_whole: false });
                }
                State::Whole => return Ok(Fed { consumed: at, is_whole: true }),
            }
        }
    }

    /// The peer has closed and left `rest`, which was not consumed: whether that makes the answer whole.
    ///
    /// # Errors
    /// [`Malformed`] when `rest` could not have become a head.
    pub fn close(&mut self, rest: &[u8]) -> Result<bool, Malformed> {
        match std::mem::replace(&mut self.state, State::Whole) {
            State::UntilClose | State::Whole => Ok(true),
            State::Head if !rest.is_empty() => {
                let parsed = self.head.parse(rest, self.is_head_request, &HEAD_LIMITS);
                parsed.map(|_| false).map_err(|_| Malformed)
            }
            State::Head | State::Length(_) | State::Chunked(_) => Ok(false),
        }
    }

    /// Takes a head off the start of `bytes`; its length, or nothing when more is needed.
    #[inline]
    fn take_head<S: Sink>(
        &mut self,
        bytes: &[u8],
        sink: &mut S,
    ) -> Result<Option<usize>, Malformed> {
        let memo = &self.memo;
        let is_alike = !S::WANTS_FIELDS
            && !self.is_head_request
            && !memo.head.is_empty()
            && bytes.starts_with(&memo.head);
        if is_alike {
            self.status = memo.status;
            self.state = State::of(memo.body);
            sink.head(&memo.head, None);
            return Ok(Some(memo.head.len()));
        }
        self.parse_head(bytes, sink)
    }

    fn parse_head<S: Sink>(
        &mut self,
        bytes: &[u8],
        sink: &mut S,
    ) -> Result<Option<usize>, Malformed> {
        if bytes.is_empty() || self.scanner.push(bytes) == Scan::Wait {
            return Ok(None);
        }
        let parsed = self.head.parse(bytes, self.is_head_request, &HEAD_LIMITS);
        if parsed.map_err(|_| Malformed)? == Parsed::Partial {
            return Ok(None);
        }
        let len = self.head.len;
        self.scanner.reset();
        if self.head.is_interim() {
            self.interim_count += 1;
            return if self.interim_count > INTERIM_MAX { Err(Malformed) } else { Ok(Some(len)) };
        }
        self.status = self.head.status;
        self.keep_alive = self.head.keep_alive;
        self.state = State::of(self.head.body);
        if !S::WANTS_FIELDS && self.keep_alive && !self.is_head_request && len <= MEMO_BYTES_MAX {
            self.memo.head.clear();
            self.memo.head.extend_from_slice(&bytes[..len]);
            self.memo.status = self.status;
            self.memo.body = self.head.body;
        }
        sink.head(&bytes[..len], Some(&self.head));
        Ok(Some(len))
    }
}

impl State {
    #[inline]
    fn of(body: ResponseBody) -> Self {
        match body {
            ResponseBody::None | ResponseBody::Length(0) => Self::Whole,
            ResponseBody::Length(len) => Self::Length(len),
            ResponseBody::Chunked => Self::Chunked(ChunkedDecoder::new(ChunkLimits::DEFAULT)),
            ResponseBody::UntilClose => Self::UntilClose,
        }
    }
}

#[cfg(test)]
mod tests;
