//! Header names that a mapping may not set, sets in vain, or sets under another name.
//!
//! Source: recorded behaviour, the matrices of "Headers to the backend" and "Method response and outgoing
//! headers". Names compare without case.

use gateway_model::IntegrationType;

/// What becomes of a header that a mapping wants to send to an HTTP backend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestHeader {
    /// Sent as mapped.
    Sent,
    /// Never sent; the request goes on.
    Dropped,
    /// The request fails with 500 `Internal server error`.
    Forbidden,
}

/// What becomes of a mapped header on its way to the backend. For `MOCK` and `AWS_PROXY` nothing is sent,
/// yet what is forbidden stays forbidden; what calls AWS forbids more than what calls HTTP backends.
pub fn request_header(kind: IntegrationType, name: &[u8]) -> RequestHeader {
    const FORBIDDEN_OF_AWS: [&[u8]; 5] =
        [b"authorization", b"connection", b"expect", b"proxy-authenticate", b"te"];
    if matches!(kind, IntegrationType::Aws | IntegrationType::AwsProxy) {
        if is_any(&FORBIDDEN_OF_AWS, name) {
            return RequestHeader::Forbidden;
        }
        if name.eq_ignore_ascii_case(b"referer") {
            return RequestHeader::Dropped;
        }
    }
    const FORBIDDEN: [&[u8]; 4] =
        [b"content-length", b"transfer-encoding", b"x-amzn-trace-id", b"x-amzn-apigateway-api-id"];
    const DROPPED: [&[u8]; 5] = [b"connection", b"expect", b"proxy-authenticate", b"te", b"via"];
    if is_any(&FORBIDDEN, name) {
        RequestHeader::Forbidden
    } else if is_any(&DROPPED, name) {
        RequestHeader::Dropped
    } else {
        RequestHeader::Sent
    }
}

/// Whether a header of the client is dropped at the door, invisible to everything behind it.
pub fn is_dropped_at_the_door(name: &[u8]) -> bool {
    const DROPPED: [&[u8]; 12] = [
        b"connection",
        b"content-length",
        b"content-md5",
        b"expect",
        b"max-forwards",
        b"proxy-authenticate",
        b"server",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
        b"www-authenticate",
    ];
    is_any(&DROPPED, name)
}

/// Whether a surviving client header is not copied to the backend of an `HTTP_PROXY`.
///
/// `Host` is replaced, the others are removed.
pub fn is_not_proxied(name: &[u8]) -> bool {
    is_any(&[b"host", b"content-encoding", b"via"], name)
}

/// Who produces a response header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResponseOrigin {
    /// A mapping of an `HTTP` (or `AWS`) integration.
    Http,
    /// The backend of an `HTTP_PROXY`.
    HttpProxy,
    /// A mapping of a `MOCK` integration.
    Mock,
}

/// What becomes of a header on its way to the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResponseHeader {
    /// Sent under its own name.
    Sent,
    /// Sent under this name.
    Remapped(&'static str),
    /// Not sent.
    Removed,
}

/// What becomes of a header on its way to the client.
pub fn response_header(origin: ResponseOrigin, name: &[u8]) -> ResponseHeader {
    if name.eq_ignore_ascii_case(b"transfer-encoding") {
        return ResponseHeader::Removed;
    }
    if let Some(remapped) = find(&ALWAYS_REMAPPED, name) {
        return ResponseHeader::Remapped(remapped);
    }
    match origin {
        ResponseOrigin::Http => match find(&REMAPPED_OF_HTTP, name) {
            Some(remapped) => ResponseHeader::Remapped(remapped),
            None => ResponseHeader::Sent,
        },
        ResponseOrigin::HttpProxy if is_any(&[b"via", b"content-encoding"], name) => {
            ResponseHeader::Removed
        }
        ResponseOrigin::HttpProxy if name.eq_ignore_ascii_case(b"x-amzn-requestid") => {
            ResponseHeader::Remapped("x-amzn-Remapped-x-amzn-RequestId")
        }
        ResponseOrigin::HttpProxy | ResponseOrigin::Mock => ResponseHeader::Sent,
    }
}

/// Names that the gateway writes itself on every response.
const ALWAYS_REMAPPED: [&str; 4] = [
    "x-amzn-Remapped-Connection",
    "x-amzn-Remapped-Content-Length",
    "x-amzn-Remapped-Date",
    "x-amzn-Remapped-Server",
];

/// Names that are remapped when a mapping of an `HTTP` integration sets them.
const REMAPPED_OF_HTTP: [&str; 10] = [
    "x-amzn-Remapped-Authorization",
    "x-amzn-Remapped-Content-MD5",
    "x-amzn-Remapped-Expect",
    "x-amzn-Remapped-Host",
    "x-amzn-Remapped-Max-Forwards",
    "x-amzn-Remapped-Proxy-Authenticate",
    "x-amzn-Remapped-Trailer",
    "x-amzn-Remapped-Upgrade",
    "x-amzn-Remapped-User-Agent",
    "x-amzn-Remapped-WWW-Authenticate",
];

fn find(remapped: &[&'static str], name: &[u8]) -> Option<&'static str> {
    const PREFIX: usize = "x-amzn-Remapped-".len();
    remapped.iter().copied().find(|whole| whole.as_bytes()[PREFIX..].eq_ignore_ascii_case(name))
}

fn is_any(names: &[&[u8]], name: &[u8]) -> bool {
    names.iter().any(|known| known.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests;
