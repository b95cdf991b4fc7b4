//! TLS to HTTPS backends: rustls does the protocol, this module moves the bytes.
//!
//! The session is a `RefCell` that is never borrowed across a wait. Receiving and sending may
//! overlap; who writes to the socket is decided by a `turn::Turn`, so that records leave in the
//! order in which they were encrypted.

mod records;
mod roots;
mod stream;
mod turn;
mod verifier;

use std::io;
use std::net::IpAddr;
use std::sync::Arc;

use rustls::client::Resumption;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection};

pub use roots::RootStore;
pub use stream::TlsStream;

use crate::limits::TLS_SESSIONS;
use crate::stream::TcpStream;

/// How this gateway is a TLS client. Cheap to clone; shards share one.
#[derive(Clone)]
pub struct ClientTls {
    config: Arc<ClientConfig>,
}

impl ClientTls {
    /// A client that trusts `roots`, speaks TLS 1.2 and 1.3, offers `http/1.1`, and resumes
    /// sessions. `insecure` trusts anybody: any chain, any name; the peer must still hold the key
    /// of the certificate that it shows.
    ///
    /// # Errors
    /// When the cryptography library refuses its own defaults.
    pub fn new(roots: RootStore, insecure: bool) -> io::Result<Self> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(provider.clone())
            .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
            .map_err(io::Error::other)?;
        let builder = if insecure {
            let anybody = Arc::new(verifier::Anybody::new(&provider));
            builder.dangerous().with_custom_certificate_verifier(anybody)
        } else {
            builder.with_root_certificates(roots.into_inner())
        };
        let mut config = builder.with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        config.resumption = Resumption::in_memory_sessions(TLS_SESSIONS);
        Ok(Self { config: Arc::new(config) })
    }

    /// Does the handshake on `tcp` as a client of `server_name`, a DNS name or an IP address.
    /// The time limit is the deadline that the caller set on `tcp`.
    ///
    /// # Errors
    /// [`io::ErrorKind::InvalidInput`] for a name that is none, [`io::ErrorKind::TimedOut`] when
    /// the deadline passed, [`io::ErrorKind::InvalidData`] with the [`rustls::Error`] when the
    /// peer or its certificate is refused, or what the kernel says of the socket.
    pub async fn connect(&self, tcp: TcpStream, server_name: &str) -> io::Result<TlsStream> {
        let name = parse_name(server_name)?;
        let session = ClientConnection::new(self.config.clone(), name).map_err(stream::refused)?;
        TlsStream::handshake(tcp, session).await
    }
}

fn parse_name(name: &str) -> io::Result<ServerName<'static>> {
    let bare = name.strip_prefix('[').and_then(|n| n.strip_suffix(']')).unwrap_or(name);
    if let Ok(address) = bare.parse::<IpAddr>() {
        return Ok(ServerName::IpAddress(address.into()));
    }
    // RFC 6066, section 3: the name is sent without a trailing dot.
    let bare = name.strip_suffix('.').unwrap_or(name);
    ServerName::try_from(bare.to_owned())
        .map_err(|e| io::Error::new(io::ErrorKind::InvalidInput, e))
}
