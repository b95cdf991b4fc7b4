//! Backend URIs of `HTTP` integrations: stage variables resolved, the authority fixed, the rest in parts.
//!
//! Nothing a client sends may choose the host: a `{name}` in scheme or authority is refused.

use std::fmt;
use std::net::Ipv6Addr;

use crate::expression::is_name_byte;

/// A backend URI after its stage variables are resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackendUri {
    /// `https`.
    pub is_tls: bool,
    /// Lower case; an IPv6 address without its brackets.
    pub host: String,
    /// Given or the scheme's own.
    pub port: u16,
    /// What goes into `Host`: a default port left out, an IPv6 address in brackets.
    pub host_header: String,
    /// From the leading `/` on, at least that.
    pub path: Vec<Piece>,
    /// What follows the `?`.
    pub query: Vec<Piece>,
}

/// A piece of the path or the query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// Text that a request line can carry as it is.
    Text(String),
    /// `{name}`, without its braces.
    Placeholder(String),
}

/// Why a text is no backend URI.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InvalidUri {
    /// Neither `http://` nor `https://`.
    Scheme,
    /// Empty, or with characters that no host has, or with user information.
    Host(String),
    /// Not 1 to 65535.
    Port(String),
    /// `{name}` in the host or the port.
    PlaceholderInAuthority(String),
    /// A control character.
    Control,
}

impl fmt::Display for InvalidUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scheme => f.write_str("it starts with neither http:// nor https://"),
            Self::Host(host) => write!(f, "\"{host}\" is no host"),
            Self::Port(port) => write!(f, "\"{port}\" is no port"),
            Self::PlaceholderInAuthority(authority) => {
                write!(f, "\"{authority}\" would let a request choose the host")
            }
            Self::Control => f.write_str("it has a control character"),
        }
    }
}

impl std::error::Error for InvalidUri {}

/// Replaces every `${stageVariables.NAME}` by its value, a missing one by nothing. Any other `${…}` stays.
pub fn resolve_stage_variables<'v>(text: &str, value: impl Fn(&str) -> Option<&'v str>) -> String {
    const START: &str = "${stageVariables.";
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(START) {
        let (before, after) = rest.split_at(at);
        out.push_str(before);
        let name = &after[START.len()..];
        match name.find('}') {
            Some(end) if name[..end].bytes().all(is_name_byte) => {
                out.push_str(value(&name[..end]).unwrap_or_default());
                rest = &name[end + 1..];
            }
            _ => {
                out.push_str(START);
                rest = name;
            }
        }
    }
    out.push_str(rest);
    out
}

impl BackendUri {
    /// Reads a URI whose stage variables are resolved.
    ///
    /// # Errors
    /// [`InvalidUri`]; API Gateway answers such a method with 500, `Invalid endpoint address`.
    pub fn parse(text: &str) -> Result<Self, InvalidUri> {
        if text.contains(|c: char| c.is_control()) {
            return Err(InvalidUri::Control);
        }
        let (is_tls, rest) = scheme(text).ok_or(InvalidUri::Scheme)?;
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, rest) = rest.split_at(end);
        if authority.contains(['{', '}', '$']) {
            return Err(InvalidUri::PlaceholderInAuthority(authority.to_owned()));
        }
        let (host, port) = host_and_port(authority)?;
        let default_port = if is_tls { 443 } else { 80 };
        let port = port.unwrap_or(default_port);
        let shown = if host.contains(':') { format!("[{host}]") } else { host.clone() };
        let host_header = if port == default_port { shown } else { format!("{shown}:{port}") };
        let (path, query) = split(rest);
        Ok(Self { is_tls, host, port, host_header, path, query })
    }
}

impl Piece {
    /// As text that stands for itself.
    pub(crate) fn literal(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Placeholder(name) => format!("%7B{name}%7D"),
        }
    }
}

/// Path and query of what follows a URI's authority. The path has a slash at least; a fragment is left out.
pub(crate) fn split(target: &str) -> (Vec<Piece>, Vec<Piece>) {
    let target = target.split('#').next().unwrap_or_default();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let path = if path.is_empty() { "/" } else { path };
    (pieces(path), pieces(query))
}

fn scheme(text: &str) -> Option<(bool, &str)> {
    let (scheme, rest) = text.split_once("://")?;
    match scheme {
        _ if scheme.eq_ignore_ascii_case("https") => Some((true, rest)),
        _ if scheme.eq_ignore_ascii_case("http") => Some((false, rest)),
        _ => None,
    }
}

/// Reads `host`, `host:port`, `[v6]` or `[v6]:port`.
///
/// # Errors
/// [`InvalidUri::Host`] and [`InvalidUri::Port`].
pub fn host_and_port(authority: &str) -> Result<(String, Option<u16>), InvalidUri> {
    let invalid = || InvalidUri::Host(authority.to_owned());
    if authority.contains('@') {
        return Err(invalid());
    }
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let (address, after) = rest.split_once(']').ok_or_else(invalid)?;
            address.parse::<Ipv6Addr>().map_err(|_| invalid())?;
            let port = if after.is_empty() {
                None
            } else {
                Some(after.strip_prefix(':').ok_or_else(invalid)?)
            };
            (address, port)
        }
        None => match authority.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        },
    };
    let is_address = authority.starts_with('[');
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"-._".contains(&b);
    let is_host = !host.is_empty() && host.len() <= 253 && host.bytes().all(allowed);
    if !is_address && (!is_host || host.starts_with('.') || host.contains("..")) {
        return Err(invalid());
    }
    let port = match port {
        None | Some("") => None,
        Some(text) => {
            let valid = text.bytes().all(|b| b.is_ascii_digit());
            let port = text.parse().ok().filter(|port| valid && *port != 0);
            Some(port.ok_or_else(|| InvalidUri::Port(text.to_owned()))?)
        }
    };
    Ok((host.to_ascii_lowercase(), port))
}

fn pieces(text: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut literal = String::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if let Some(name) = placeholder(rest) {
            if !literal.is_empty() {
                pieces.push(Piece::Text(std::mem::take(&mut literal)));
            }
            pieces.push(Piece::Placeholder(name.to_owned()));
            rest = &rest[name.len() + 2..];
            continue;
        }
        let (text, after) = rest.split_at(c.len_utf8());
        push_encoded(&mut literal, text);
        rest = after;
    }
    if !literal.is_empty() {
        pieces.push(Piece::Text(literal));
    }
    pieces
}

fn placeholder(rest: &str) -> Option<&str> {
    let inner = rest.strip_prefix('{')?;
    let name = &inner[..inner.find('}')?];
    crate::expression::is_name(name).then_some(name)
}

/// Percent-encodes what a request line cannot carry: blanks, quotes, angle brackets, what is not ASCII.
fn push_encoded(out: &mut String, text: &str) {
    for byte in text.bytes() {
        if byte.is_ascii_graphic() && !b"\"<>\\^`|".contains(&byte) {
            out.push(char::from(byte));
        } else {
            push_percent(out, byte);
        }
    }
}

/// Percent-encodes a query parameter's name: all but the unreserved characters.
pub fn encode_query_name(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            push_percent(&mut out, byte);
        }
    }
    out
}

fn push_percent(out: &mut String, byte: u8) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    out.push('%');
    out.push(char::from(HEX[usize::from(byte >> 4)]));
    out.push(char::from(HEX[usize::from(byte & 15)]));
}

#[cfg(test)]
mod tests;
