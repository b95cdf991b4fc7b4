//! Why a call to an upstream failed.

use std::fmt;
use std::io;

use gateway_compile::Failure;
use gateway_telemetry::UpstreamFailure;

/// Why a call to an upstream failed.
#[derive(Debug)]
pub enum UpstreamError {
    /// The name does not resolve.
    Resolve,
    /// No address took the connection.
    Connect(io::Error),
    /// The TLS handshake failed.
    Tls(io::Error),
    /// As many connections as allowed are open already.
    PoolFull,
    /// The connection ended before the response was whole.
    Reset,
    /// The integration timeout passed.
    Timeout,
    /// The response's framing cannot be trusted, or its head is too large.
    Protocol(&'static str),
}

impl UpstreamError {
    /// The label it is counted under.
    pub fn counter(&self) -> UpstreamFailure {
        match self {
            Self::Resolve => UpstreamFailure::Dns,
            Self::Connect(_) => UpstreamFailure::Connect,
            Self::Tls(_) => UpstreamFailure::Tls,
            Self::PoolFull => UpstreamFailure::Pool,
            Self::Reset => UpstreamFailure::Reset,
            Self::Timeout => UpstreamFailure::Timeout,
            Self::Protocol(_) => UpstreamFailure::Protocol,
        }
    }

    /// What the client is told: one gateway response for each way to fail.
    pub fn failure(&self) -> Failure {
        match self {
            Self::Resolve => Failure::invalid_endpoint_address(),
            Self::Timeout => Failure::integration_timeout(),
            Self::Connect(_) | Self::Tls(_) | Self::PoolFull | Self::Reset | Self::Protocol(_) => {
                Failure::network_error()
            }
        }
    }
}

impl fmt::Display for UpstreamError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Resolve => f.write_str("the name of the backend does not resolve"),
            Self::Connect(_) => f.write_str("the backend does not take the connection"),
            Self::Tls(_) => f.write_str("the TLS handshake with the backend failed"),
            Self::PoolFull => f.write_str("too many connections to the backend are open"),
            Self::Reset => f.write_str("the backend ended the connection too early"),
            Self::Timeout => f.write_str("the integration timeout passed"),
            Self::Protocol(reason) => write!(f, "the backend's response is refused: {reason}"),
        }
    }
}

impl std::error::Error for UpstreamError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Connect(e) | Self::Tls(e) => Some(e),
            _ => None,
        }
    }
}
