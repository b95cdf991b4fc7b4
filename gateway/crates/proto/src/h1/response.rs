//! The head of a response, as a client reads it from an upstream.

use std::fmt;

use crate::bytes::is_field_value;
use crate::h1::connection::ConnectionOptions;
use crate::h1::length::{Coding, content_length, transfer_encoding};
use crate::h1::line::{FieldError, Line, StartLine, next_line, start_line};
use crate::h1::request::{Parsed, Version, raw_value};
use crate::{Field, FieldName, HeadLimits, Span};

/// How the body of a response is framed.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub enum ResponseBody {
    /// There is none, whatever the fields say: `HEAD`, 1xx, 204, 304.
    #[default]
    None,
    /// `Content-Length`, which may be 0.
    Length(u64),
    /// `Transfer-Encoding: chunked`.
    Chunked,
    /// All that comes until the upstream closes; a reset in its place means it was cut short.
    UntilClose,
}

/// The head of one response. Made once per connection and parsed into again and again.
///
/// All spans refer to the buffer that [`parse`](Self::parse) was given.
#[derive(Clone, Default, Debug)]
pub struct ResponseHead {
    /// The status, 100 to 599, never 101.
    pub status: u16,
    /// The reason phrase; may be empty.
    pub reason: Span,
    /// The version of the status line.
    pub version: Version,
    /// The fields in order, duplicates and hop-by-hop fields included.
    pub fields: Vec<Field>,
    /// How the body is framed.
    pub body: ResponseBody,
    /// Whether the upstream lets the connection outlive this exchange.
    pub keep_alive: bool,
    /// Bytes of the head, from the start of the buffer.
    pub len: usize,
}

/// Why a response head is refused: the upstream cannot be trusted to frame what follows, so its
/// connection is closed and the exchange fails as a bad gateway.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ResponseError {
    /// The status line is not `version SP status [SP reason]` and CRLF.
    StatusLineMalformed,
    /// The status line is longer than the limit.
    StatusLineTooLong,
    /// A version of HTTP that is neither 1.0 nor 1.1.
    VersionUnsupported,
    /// A status outside 100 to 599.
    StatusInvalid,
    /// 101, which we never asked for.
    SwitchingProtocols,
    /// A field line.
    Field(FieldError),
    /// `Content-Length` is not digits that fit 63 bits.
    ContentLengthInvalid,
    /// More than one `Content-Length`, alike or not.
    ContentLengthRepeated,
    /// Both `Transfer-Encoding` and `Content-Length`.
    TeAndCl,
    /// `Transfer-Encoding` in an HTTP/1.0 response.
    TeInHttp10,
    /// More than one `Transfer-Encoding`, an unknown coding, or one that is malformed.
    TransferCodingUnknown,
    /// 1xx or 204 that announces a body (RFC 9112 section 6.3 forbids it).
    BodyForbidden,
}

impl ResponseHead {
    /// An empty head that holds no memory yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Parses the head at the start of `buf`.
    ///
    /// A 1xx head is reported like any other; see [`is_interim`](Self::is_interim). Call it with the
    /// same bytes and more behind them until it is not [`Parsed::Partial`].
    ///
    /// # Errors
    /// [`ResponseError`]: close the connection to the upstream and never reuse it.
    pub fn parse(
        &mut self,
        buf: &[u8],
        request_method_is_head: bool,
        limits: &HeadLimits,
    ) -> Result<Parsed, ResponseError> {
        // Nothing behind the longest head is looked at, so offsets fit a span whatever `buf` holds.
        let buf = &buf[..buf.len().min(limits.head_bytes_max() + 1)];
        let Some(fields_start) = self.status_line(buf, limits)? else { return Ok(Parsed::Partial) };
        self.fields.clear();
        let mut seen = Seen::default();
        let mut at = fields_start;
        loop {
            match next_line(buf, fields_start, at, limits)? {
                Line::Partial => return Ok(Parsed::Partial),
                Line::End { end } => {
                    self.len = end;
                    self.decide(buf, &seen, request_method_is_head)?;
                    return Ok(Parsed::Complete);
                }
                Line::Field { field, next } => {
                    if self.fields.len() >= limits.fields_count_max {
                        return Err(ResponseError::Field(FieldError::TooMany));
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

    /// Whether this head announces that the real one is still to come (1xx).
    pub fn is_interim(&self) -> bool {
        (100..200).contains(&self.status)
    }

    /// The first field of that name, if there is one.
    pub fn field(&self, known: FieldName) -> Option<&Field> {
        self.fields.iter().find(|field| field.known == known)
    }

    /// Parses the status line; where the fields start, if it is whole.
    fn status_line(
        &mut self,
        buf: &[u8],
        limits: &HeadLimits,
    ) -> Result<Option<usize>, ResponseError> {
        const PREFIX: &[u8] = b"HTTP/";
        let shared = buf.len().min(PREFIX.len());
        if buf[..shared] != PREFIX[..shared] {
            return Err(ResponseError::StatusLineMalformed);
        }
        let end = match start_line(buf, 0, limits) {
            StartLine::Whole { end } => end,
            StartLine::Partial => return Ok(None),
            StartLine::TooLong => return Err(ResponseError::StatusLineTooLong),
            StartLine::BareLf => return Err(ResponseError::StatusLineMalformed),
        };
        let (version, rest) = match &buf[PREFIX.len()..end] {
            [major, b'.', minor, b' ', rest @ ..] => ([*major, *minor], rest),
            _ => return Err(ResponseError::StatusLineMalformed),
        };
        self.version = match &version {
            b"11" => Version::Http11,
            b"10" => Version::Http10,
            [b'0'..=b'9', b'0'..=b'9'] => return Err(ResponseError::VersionUnsupported),
            _ => return Err(ResponseError::StatusLineMalformed),
        };
        let (digits, reason) = match rest {
            // Many servers leave the space out when the phrase is empty; nothing is doubtful in it.
            [a, b, c] => ([*a, *b, *c], &[][..]),
            [a, b, c, b' ', reason @ ..] => ([*a, *b, *c], reason),
            _ => return Err(ResponseError::StatusLineMalformed),
        };
        if !digits.iter().all(u8::is_ascii_digit) || !is_field_value(reason) {
            return Err(ResponseError::StatusLineMalformed);
        }
        self.status = digits.iter().fold(0, |status, &b| status * 10 + u16::from(b - b'0'));
        self.reason = Span::new(end - reason.len(), end);
        match self.status {
            101 => Err(ResponseError::SwitchingProtocols),
            100..=599 => Ok(Some(end + 2)),
            _ => Err(ResponseError::StatusInvalid),
        }
    }

    /// Decides body and persistence. Source: RFC 9112 section 6.3, in its order.
    fn decide(&mut self, buf: &[u8], seen: &Seen, is_head: bool) -> Result<(), ResponseError> {
        let is_http_11 = self.version == Version::Http11;
        let announced = match (seen.transfer_encoding, seen.content_length) {
            (None, None) => ResponseBody::UntilClose,
            (None, Some(length)) => ResponseBody::Length(length),
            (Some(_), Some(_)) => return Err(ResponseError::TeAndCl),
            (Some(_), None) if !is_http_11 => return Err(ResponseError::TeInHttp10),
            (Some(field), None) => match transfer_encoding(raw_value(buf, &field)) {
                Coding::Chunked => ResponseBody::Chunked,
                Coding::Unknown | Coding::Malformed => {
                    return Err(ResponseError::TransferCodingUnknown);
                }
            },
        };
        let never_has_body = self.is_interim() || self.status == 204;
        // `Content-Length: 0` with 204 is common and says the same thing twice.
        let announces_none =
            matches!(announced, ResponseBody::UntilClose | ResponseBody::Length(0));
        if never_has_body && !announces_none {
            return Err(ResponseError::BodyForbidden);
        }
        self.body = if never_has_body || is_head || self.status == 304 {
            ResponseBody::None
        } else {
            announced
        };
        self.keep_alive =
            self.body != ResponseBody::UntilClose && seen.connection.keeps_alive(is_http_11);
        Ok(())
    }
}

impl ResponseError {
    /// The reason as a kebab-case code, for logs and metrics.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::StatusLineMalformed => "status-line-malformed",
            Self::StatusLineTooLong => "status-line-too-long",
            Self::VersionUnsupported => "version-unsupported",
            Self::StatusInvalid => "status-invalid",
            Self::SwitchingProtocols => "switching-protocols",
            Self::Field(error) => error.reason(),
            Self::ContentLengthInvalid => "content-length-invalid",
            Self::ContentLengthRepeated => "content-length-repeated",
            Self::TeAndCl => "te-and-cl",
            Self::TeInHttp10 => "te-in-http10",
            Self::TransferCodingUnknown => "transfer-coding-unknown",
            Self::BodyForbidden => "body-forbidden",
        }
    }
}

impl From<FieldError> for ResponseError {
    fn from(error: FieldError) -> Self {
        Self::Field(error)
    }
}

impl fmt::Display for ResponseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "response head refused: {}", self.reason())
    }
}

impl std::error::Error for ResponseError {}

/// What the fields seen so far say about the message.
#[derive(Default)]
struct Seen {
    content_length: Option<u64>,
    transfer_encoding: Option<Field>,
    connection: ConnectionOptions,
}

impl Seen {
    fn note(&mut self, buf: &[u8], field: &Field) -> Result<(), ResponseError> {
        match field.known {
            FieldName::ContentLength => {
                let length = content_length(field.value.of(buf));
                let length = length.ok_or(ResponseError::ContentLengthInvalid)?;
                if self.content_length.replace(length).is_some() {
                    return Err(ResponseError::ContentLengthRepeated);
                }
            }
            FieldName::TransferEncoding if self.transfer_encoding.is_some() => {
                return Err(ResponseError::TransferCodingUnknown);
            }
            FieldName::TransferEncoding => self.transfer_encoding = Some(*field),
            // Nothing is stripped by option here, so what an upstream names in it does no harm.
            FieldName::Connection => _ = self.connection.add(field.value.of(buf)),
            _ => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
