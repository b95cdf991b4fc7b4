//! A blocking TLS server, with certificates of its own making.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;

use gateway_rt::{ClientTls, RootStore};
use rcgen::{CertificateParams, Issuer, KeyPair};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, SupportedProtocolVersion};

pub(crate) type Session = rustls::StreamOwned<ServerConnection, TcpStream>;

/// An authority and the certificate that it signed.
pub(crate) struct Identity {
    pub(crate) authority_pem: String,
    pub(crate) chain: Vec<CertificateDer<'static>>,
    key: KeyPair,
}

impl Identity {
    pub(crate) fn new(names: &[&str]) -> Self {
        let authority_key = KeyPair::generate().expect("a key");
        let mut authority = CertificateParams::new(Vec::new()).expect("no names");
        authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        // Authorities of one name would be told apart only by their signatures.
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("Authority {}", COUNT.fetch_add(1, Ordering::Relaxed));
        authority.distinguished_name.push(rcgen::DnType::CommonName, name);
        let root = authority.self_signed(&authority_key).expect("a root");
        let issuer = Issuer::new(authority, authority_key);
        let names: Vec<String> = names.iter().map(|n| (*n).to_owned()).collect();
        let key = KeyPair::generate().expect("a key");
        let params = CertificateParams::new(names).expect("names");
        let leaf = params.signed_by(&key, &issuer).expect("a certificate");
        Self { authority_pem: root.pem(), chain: vec![leaf.der().clone()], key }
    }

    pub(crate) fn key(&self) -> PrivateKeyDer<'static> {
        PrivateKeyDer::try_from(self.key.serialize_der()).expect("PKCS #8")
    }

    pub(crate) fn server(&self, version: &'static SupportedProtocolVersion) -> ServerConfig {
        let mut config = builder(version)
            .with_single_cert(self.chain.clone(), self.key())
            .expect("key and certificate belong together");
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        config
    }

    /// A client that trusts this identity's authority.
    pub(crate) fn client(&self) -> ClientTls {
        let mut roots = RootStore::empty();
        assert_eq!(roots.add_pem(self.authority_pem.as_bytes()).expect("PEM"), 1);
        ClientTls::new(roots, false).expect("defaults")
    }
}

type Builder = rustls::ConfigBuilder<ServerConfig, rustls::server::WantsServerCert>;

pub(crate) fn builder(version: &'static SupportedProtocolVersion) -> Builder {
    ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(&[version])
        .expect("a known version")
        .with_no_client_auth()
}

/// Serves each of `count` connections with `serve`, one after the other.
pub(crate) fn serve<T: Send + 'static>(
    config: ServerConfig,
    count: usize,
    mut serve: impl FnMut(Session) -> T + Send + 'static,
) -> (SocketAddr, JoinHandle<Vec<T>>) {
    let config = Arc::new(config);
    serve_tcp(count, move |tcp| {
        let session = ServerConnection::new(config.clone()).expect("a valid configuration");
        serve(Session::new(session, tcp))
    })
}

/// The same without TLS.
pub(crate) fn serve_tcp<T: Send + 'static>(
    count: usize,
    mut serve: impl FnMut(TcpStream) -> T + Send + 'static,
) -> (SocketAddr, JoinHandle<Vec<T>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("bound");
    let thread = std::thread::spawn(move || {
        (0..count).map(|_| serve(listener.accept().expect("a connection").0)).collect()
    });
    (address, thread)
}

/// Echoes until the client announces its end, and says how much that was.
pub(crate) fn echo(mut session: Session) -> io::Result<usize> {
    let mut bytes = vec![0; 10_000];
    let mut total = 0;
    loop {
        let n = session.read(&mut bytes)?;
        if n == 0 {
            session.conn.send_close_notify();
            session.flush()?;
            return Ok(total);
        }
        session.write_all(&bytes[..n])?;
        session.flush()?;
        total += n;
    }
}
