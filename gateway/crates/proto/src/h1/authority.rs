//! The authority of a request: `host` or `host:port`, and nothing else.

use std::net::Ipv6Addr;

use crate::bytes::is_reg_name;
use crate::limits::AUTHORITY_BYTES_MAX;

/// Why an authority is refused. All are 400.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AuthorityError {
    /// No host: an empty field, or only a port.
    Empty,
    /// Longer than [`AUTHORITY_BYTES_MAX`].
    TooLong,
    /// User information before the host.
    UserInfo,
    /// A byte that no host has, or a malformed IPv6 address.
    HostInvalid,
    /// A port that is empty, not a number, or out of range.
    PortInvalid,
}

impl AuthorityError {
    /// The reason as a kebab-case code, for logs and metrics.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Empty => "host-empty",
            Self::TooLong => "host-too-long",
            Self::UserInfo => "host-userinfo",
            Self::HostInvalid => "host-invalid",
            Self::PortInvalid => "port-invalid",
        }
    }
}

/// Checks `host[:port]`. Source: RFC 3986 section 3.2, less user information, percent-encoding and
/// empty ports, none of which a client of ours needs.
pub(crate) fn check(authority: &[u8]) -> Result<(), AuthorityError> {
    if authority.len() > AUTHORITY_BYTES_MAX {
        return Err(AuthorityError::TooLong);
    }
    let (host, rest) = authority.split_at(host_len(authority));
    let is_plain = host.iter().fold(!host.is_empty(), |all, &b| all & is_reg_name(b));
    if is_plain && rest.is_empty() {
        return Ok(());
    }
    if authority.contains(&b'@') {
        return Err(AuthorityError::UserInfo);
    }
    match host {
        [] => return Err(AuthorityError::Empty),
        [b'[', address @ .., b']'] => {
            let address = str::from_utf8(address).map_err(|_| AuthorityError::HostInvalid)?;
            address.parse::<Ipv6Addr>().map_err(|_| AuthorityError::HostInvalid)?;
        }
        _ if is_plain => {}
        _ => return Err(AuthorityError::HostInvalid),
    }
    match rest {
        [] => Ok(()),
        [b':', port @ ..] => check_port(port),
        _ => Err(AuthorityError::HostInvalid),
    }
}

/// How many bytes of `authority` are its host, brackets included.
pub(crate) fn host_len(authority: &[u8]) -> usize {
    let end = match authority.first() {
        Some(b'[') => authority.iter().position(|&b| b == b']').map(|close| close + 1),
        _ => authority.iter().position(|&b| b == b':'),
    };
    end.unwrap_or(authority.len())
}

fn check_port(port: &[u8]) -> Result<(), AuthorityError> {
    if port.is_empty() || port.len() > 5 || !port.iter().all(u8::is_ascii_digit) {
        return Err(AuthorityError::PortInvalid);
    }
    let number = port.iter().fold(0u32, |number, &b| number * 10 + u32::from(b - b'0'));
    if (1..=65_535).contains(&number) { Ok(()) } else { Err(AuthorityError::PortInvalid) }
}

#[cfg(test)]
mod tests;
