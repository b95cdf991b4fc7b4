//! The head of a request, as a server reads it.

mod error;

use crate::bytes::is_token;
use crate::h1::authority;
use crate::h1::connection::ConnectionOptions;
use crate::h1::length::{Coding, content_length, transfer_encoding};
use crate::h1::line::{Line, StartLine, next_line, start_line};
use crate::h1::target::{self, Target, TargetForm};
use crate::limits::{EMPTY_LINES_MAX, METHOD_BYTES_MAX};
use crate::{Field, FieldName, HeadLimits, Span};

pub use error::RequestError;

/// The protocol versions we speak.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub enum Version {
    /// HTTP/1.0
    Http10,
    /// HTTP/1.1
    #[default]
    Http11,
}

/// How the body of a request is framed.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub enum BodyLength {
    /// Neither `Content-Length` nor `Transfer-Encoding`: there is no body.
    #[default]
    None,
    /// `Content-Length`, which may be 0.
    Length(u64),
    /// `Transfer-Encoding: chunked`.
    Chunked,
}

/// Whether a head is whole.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Parsed {
    /// The head is in its struct, and its bytes are `buf[..len]`.
    Complete,
    /// More bytes are needed; the struct's content means nothing yet.
    Partial,
}

/// The head of one request. Made once per connection and parsed into again and again.
///
/// All spans refer to the buffer that [`parse`](Self::parse) was given.
#[derive(Clone, Default, Debug)]
pub struct RequestHead {
    /// The method: a token of at most [`METHOD_BYTES_MAX`] bytes, never `CONNECT`.
    pub method: Span,
    /// What is asked for.
    pub target: Target,
    /// The version of the request line.
    pub version: Version,
    /// The fields in order, duplicates and hop-by-hop fields included.
    pub fields: Vec<Field>,
    /// How the body is framed.
    pub body: BodyLength,
    /// Whether the client lets the connection outlive this exchange.
    pub keep_alive: bool,
    /// Whether the client waits for `100 Continue` before it sends the body it announced.
    pub expect_continue: bool,
    /// Whether the client asks for another protocol (`Connection: upgrade` and an `Upgrade` field).
    pub upgrade: bool,
    /// The one authority, `host[:port]` as sent: of the absolute-form target, or else of `Host`.
    /// Empty only for an HTTP/1.0 request that names none.
    pub authority: Span,
    /// Bytes of the head, from the start of the buffer: empty lines before it are included.
    pub len: usize,
}

impl RequestHead {
    /// An empty head that holds no memory yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Parses the head at the start of `buf`.
    ///
    /// Call it with the same bytes and more behind them until it is not [`Parsed::Partial`];
    /// [`HeadScanner`](crate::h1::HeadScanner) says when that is worth the while. What a head is
    /// refused for does not depend on how many bytes were there at each call. Up to
    /// [`EMPTY_LINES_MAX`] empty lines before the request line are
    /// skipped.
    ///
    /// # Errors
    /// [`RequestError`]: answer its status, close the connection, forward nothing.
    pub fn parse(&mut self, buf: &[u8], limits: &HeadLimits) -> Result<Parsed, RequestError> {
        // Nothing behind the longest head is looked at, so offsets fit a span whatever `buf` holds.
        let buf = &buf[..buf.len().min(limits.head_bytes_max() + 1)];
        let start = 2 * empty_lines(buf);
        let Some(fields_start) = self.request_line(buf, start, limits)? else {
            return Ok(Parsed::Partial);
        };
        self.fields(buf, fields_start, limits)
    }

    /// The host of [`authority`](Self::authority), without the port; an IPv6 address keeps its
    /// brackets.
    pub fn host<'a>(&self, buf: &'a [u8]) -> &'a [u8] {
        let authority = self.authority.of(buf);
        &authority[..authority::host_len(authority)]
    }

    /// The first field of that name, if there is one.
    pub fn field(&self, known: FieldName) -> Option<&Field> {
        self.fields.iter().find(|field| field.known == known)
    }

    /// Parses the request line at `start`; where the fields start, if it is whole.
    #[inline]
    fn request_line(
        &mut self,
        buf: &[u8],
        start: usize,
        limits: &HeadLimits,
    ) -> Result<Option<usize>, RequestError> {
        let line = &buf[start..];
        let method_len =
            line.iter().take(METHOD_BYTES_MAX + 1).take_while(|&&b| is_token(b)).count();
        if method_len > METHOD_BYTES_MAX {
            return Err(RequestError::MethodTooLong);
        }
        match line.get(method_len) {
            None => return Ok(None),
            Some(b'\r') if line.len() == 1 && start < 2 * EMPTY_LINES_MAX => return Ok(None),
            Some(b' ') if method_len > 0 => {}
            Some(_) => return Err(RequestError::MethodInvalid),
        }
        let end = match start_line(buf, start, limits) {
            StartLine::Whole { end } => end,
            StartLine::Partial => return Ok(None),
            StartLine::TooLong => return Err(RequestError::RequestLineTooLong),
            StartLine::BareLf => return Err(RequestError::RequestLineEnd),
        };
        self.method = Span::new(start, start + method_len);
        let target_start = self.method.end as usize + 1;
        let target_end = end.checked_sub(b" HTTP/1.1".len()).filter(|&at| at > target_start);
        let target_end = target_end.ok_or(RequestError::RequestLineMalformed)?;
        self.version = match &buf[target_end..end] {
            b" HTTP/1.1" => Version::Http11,
            b" HTTP/1.0" => Version::Http10,
            [b' ', b'H', b'T', b'T', b'P', b'/', b'0'..=b'9', b'.', b'0'..=b'9'] => {
                return Err(RequestError::VersionUnsupported);
            }
            _ => return Err(RequestError::RequestLineMalformed),
        };
        let method = self.method.of(buf);
        if method == b"CONNECT" {
            return Err(RequestError::MethodConnect);
        }
        (self.target, self.authority) = target::parse(buf, target_start, target_end, method)?;
        Ok(Some(end + 2))
    }

    /// Parses the fields from `fields_start` on, and decides the framing when they are whole.
    #[inline]
    fn fields(
        &mut self,
        buf: &[u8],
        fields_start: usize,
        limits: &HeadLimits,
    ) -> Result<Parsed, RequestError> {
        self.fields.clear();
        let mut seen = Seen::default();
        let mut at = fields_start;
        loop {
            match next_line(buf, fields_start, at, limits)? {
                Line::Partial => return Ok(Parsed::Partial),
                Line::End { end } => {
                    self.len = end;
                    self.decide(buf, &seen)?;
                    return Ok(Parsed::Complete);
                }
                Line::Field { field, next } => {
                    if self.fields.len() >= limits.fields_count_max {
                        return Err(RequestError::Field(crate::h1::FieldError::TooMany));
                    }
                    if field.known != FieldName::Other {
                        seen.note(buf, &field)?;
                    }
                    self.fields.push(field);
                    at = next;
                }
            }
        }
    }

    /// Decides what only the whole head can tell: authority, body, persistence.
    #[inline]
    fn decide(&mut self, buf: &[u8], seen: &Seen) -> Result<(), RequestError> {
        let is_http_11 = self.version == Version::Http11;
        self.authority = match (seen.host, self.target.form) {
            (None, _) if is_http_11 => return Err(RequestError::HostMissing),
            (None, _) => self.authority,
            (Some(host), TargetForm::Absolute) => {
                if !host.of(buf).eq_ignore_ascii_case(self.authority.of(buf)) {
                    return Err(RequestError::HostMismatch);
                }
                self.authority
            }
            (Some(host), _) => host,
        };
        self.body = match (seen.transfer_encoding, seen.content_length) {
            (None, None) => BodyLength::None,
            (None, Some(length)) => BodyLength::Length(length),
            (Some(_), Some(_)) => return Err(RequestError::TeAndCl),
            (Some(_), None) if !is_http_11 => return Err(RequestError::TeInHttp10),
            (Some(field), None) => match transfer_encoding(raw_value(buf, &field)) {
                Coding::Chunked => BodyLength::Chunked,
                Coding::Unknown => return Err(RequestError::TransferCodingUnknown),
                Coding::Malformed => return Err(RequestError::TeMalformed),
            },
        };
        if seen.expects_other && is_http_11 {
            return Err(RequestError::ExpectationUnknown);
        }
        let has_body = !matches!(self.body, BodyLength::None | BodyLength::Length(0));
        self.expect_continue = seen.expects_continue && is_http_11 && has_body;
        self.upgrade = seen.connection.upgrade && seen.has_upgrade && is_http_11;
        self.keep_alive = seen.connection.keeps_alive(is_http_11);
        Ok(())
    }
}

/// How many empty lines, of those we skip, `buf` starts with.
pub(crate) fn empty_lines(buf: &[u8]) -> usize {
    buf.chunks_exact(2).take(EMPTY_LINES_MAX).take_while(|line| *line == b"\r\n").count()
}

/// What the fields seen so far say about the message.
#[derive(Default)]
struct Seen {
    host: Option<Span>,
    content_length: Option<u64>,
    transfer_encoding: Option<Field>,
    connection: ConnectionOptions,
    has_upgrade: bool,
    expects_continue: bool,
    expects_other: bool,
}

impl Seen {
    /// Takes note of one field, if it matters to framing.
    #[inline]
    fn note(&mut self, buf: &[u8], field: &Field) -> Result<(), RequestError> {
        match field.known {
            FieldName::Host => {
                if self.host.replace(field.value).is_some() {
                    return Err(RequestError::HostRepeated);
                }
                authority::check(field.value.of(buf))?;
            }
            FieldName::ContentLength => {
                let length = content_length(field.value.of(buf));
                let length = length.ok_or(RequestError::ContentLengthInvalid)?;
                if self.content_length.replace(length).is_some() {
                    return Err(RequestError::ContentLengthRepeated);
                }
            }
            FieldName::TransferEncoding if self.transfer_encoding.is_some() => {
                return Err(RequestError::TeRepeated);
            }
            FieldName::TransferEncoding => self.transfer_encoding = Some(*field),
            FieldName::Connection => {
                let value = field.value.of(buf);
                if self.connection.add(value) {
                    return Err(RequestError::ConnectionNamesEndToEnd);
                }
            }
            FieldName::Upgrade => self.has_upgrade = true,
            // RFC 9110 section 10.1.1: 417 for what we cannot meet. An empty field expects nothing.
            FieldName::Expect => {
                let value = field.value.of(buf);
                let is_continue = value.eq_ignore_ascii_case(b"100-continue");
                self.expects_continue |= is_continue;
                self.expects_other |= !is_continue && !value.is_empty();
            }
            _ => {}
        }
        Ok(())
    }
}

/// All between the colon of `field` and its CR, white space included.
pub(crate) fn raw_value<'a>(buf: &'a [u8], field: &Field) -> &'a [u8] {
    let start = field.name.end as usize + 1;
    let rest = buf.get(start..).unwrap_or_default();
    &rest[..memchr::memchr(b'\r', rest).unwrap_or(rest.len())]
}

#[cfg(test)]
mod tests;
