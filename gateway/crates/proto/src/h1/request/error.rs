//! Why a request is refused.

use std::fmt;

use crate::h1::{AuthorityError, FieldError, TargetError};

/// Why a request head is refused. Whatever it is: answer [`status`](Self::status), close the
/// connection, forward nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RequestError {
    /// The method is empty or holds a byte that is no token byte: mostly, this is not HTTP.
    MethodInvalid,
    /// A method longer than any that a server may know (RFC 9112 section 3).
    MethodTooLong,
    /// `CONNECT`: we are no tunnel.
    MethodConnect,
    /// The request line is longer than the limit.
    RequestLineTooLong,
    /// The request line does not end in CRLF.
    RequestLineEnd,
    /// The request line is not `method SP target SP version`.
    RequestLineMalformed,
    /// A version of HTTP that is neither 1.0 nor 1.1.
    VersionUnsupported,
    /// The target.
    Target(TargetError),
    /// A field line.
    Field(FieldError),
    /// The value of `Host`.
    Host(AuthorityError),
    /// HTTP/1.1 without `Host`.
    HostMissing,
    /// More than one `Host`, alike or not.
    HostRepeated,
    /// `Host` is not the authority of the absolute-form target.
    HostMismatch,
    /// `Content-Length` is not digits that fit 63 bits.
    ContentLengthInvalid,
    /// More than one `Content-Length`, alike or not.
    ContentLengthRepeated,
    /// Both `Transfer-Encoding` and `Content-Length`.
    TeAndCl,
    /// `Transfer-Encoding` in an HTTP/1.0 request.
    TeInHttp10,
    /// More than one `Transfer-Encoding`.
    TeRepeated,
    /// `Transfer-Encoding` that another parser might read differently.
    TeMalformed,
    /// A transfer coding other than `chunked`.
    TransferCodingUnknown,
    /// `Connection` names a field that is end to end.
    ConnectionNamesEndToEnd,
    /// `Expect` with anything but `100-continue`.
    ExpectationUnknown,
}

impl RequestError {
    /// The status to answer with.
    pub const fn status(&self) -> u16 {
        match self {
            Self::RequestLineTooLong => 414,
            Self::ExpectationUnknown => 417,
            Self::MethodTooLong | Self::MethodConnect | Self::TransferCodingUnknown => 501,
            Self::VersionUnsupported => 505,
            Self::Field(error) => error.status(),
            Self::MethodInvalid
            | Self::RequestLineEnd
            | Self::RequestLineMalformed
            | Self::Target(_)
            | Self::Host(_)
            | Self::HostMissing
            | Self::HostRepeated
            | Self::HostMismatch
            | Self::ContentLengthInvalid
            | Self::ContentLengthRepeated
            | Self::TeAndCl
            | Self::TeInHttp10
            | Self::TeRepeated
            | Self::TeMalformed
            | Self::ConnectionNamesEndToEnd => 400,
        }
    }

    /// The reason as a kebab-case code, for logs and metrics.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::MethodInvalid => "method-invalid",
            Self::MethodTooLong => "method-too-long",
            Self::MethodConnect => "method-connect",
            Self::RequestLineTooLong => "request-line-too-long",
            Self::RequestLineEnd => "request-line-end",
            Self::RequestLineMalformed => "request-line-malformed",
            Self::VersionUnsupported => "version-unsupported",
            Self::Target(error) => error.reason(),
            Self::Field(error) => error.reason(),
            Self::Host(error) => error.reason(),
            Self::HostMissing => "host-missing",
            Self::HostRepeated => "host-repeated",
            Self::HostMismatch => "host-mismatch",
            Self::ContentLengthInvalid => "content-length-invalid",
            Self::ContentLengthRepeated => "content-length-repeated",
            Self::TeAndCl => "te-and-cl",
            Self::TeInHttp10 => "te-in-http10",
            Self::TeRepeated => "te-repeated",
            Self::TeMalformed => "te-malformed",
            Self::TransferCodingUnknown => "transfer-coding-unknown",
            Self::ConnectionNamesEndToEnd => "connection-names-end-to-end",
            Self::ExpectationUnknown => "expectation-unknown",
        }
    }
}

impl From<FieldError> for RequestError {
    fn from(error: FieldError) -> Self {
        Self::Field(error)
    }
}

impl From<TargetError> for RequestError {
    fn from(error: TargetError) -> Self {
        Self::Target(error)
    }
}

impl From<AuthorityError> for RequestError {
    fn from(error: AuthorityError) -> Self {
        Self::Host(error)
    }
}

impl fmt::Display for RequestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "request head refused: {}", self.reason())
    }
}

impl std::error::Error for RequestError {}
