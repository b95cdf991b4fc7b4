//! Targets under TLS.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use loadgen_engine::{Arrivals, Failure, Plan, Target, ask, run};
use rcgen::{CertificateParams, Issuer, KeyPair};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::backend::{OK, Reply, plan, request, start};

/// Says to the second process where the server is.
const ADDRESS: &str = "SECURE_ADDRESS";
const NAME: &str = "api.example.com";

/// A server for [`NAME`]; its address, and its authority's certificate.
fn server() -> (SocketAddr, String) {
    let authority_key = KeyPair::generate().expect("a key");
    let mut authority = CertificateParams::new(Vec::new()).expect("no names");
    authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let root = authority.self_signed(&authority_key).expect("a root");
    let issuer = Issuer::new(authority, authority_key);
    let key = KeyPair::generate().expect("a key");
    let params = CertificateParams::new(vec![NAME.to_owned()]).expect("a name");
    let leaf = params.signed_by(&key, &issuer).expect("a certificate");
    let key = PrivateKeyDer::try_from(key.serialize_der()).expect("PKCS #8");
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("defaults")
        .with_no_client_auth()
        .with_single_cert(vec![leaf.der().clone()], key)
        .expect("key and certificate belong together");
    let config = Arc::new(config);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let address = listener.local_addr().expect("bound");
    std::thread::spawn(move || {
        for tcp in listener.incoming().flatten() {
            let session = ServerConnection::new(config.clone()).expect("a session");
            std::thread::spawn(move || {
                let mut stream = StreamOwned::new(session, tcp);
                let mut piece = [0; 1024];
                // Requests are small and come whole.
                while matches!(stream.read(&mut piece), Ok(1..)) {
                    if stream.write_all(OK).and_then(|()| stream.flush()).is_err() {
                        break;
                    }
                }
            });
        }
    });
    (address, root.pem())
}

/// The authorities that the system trusts are read from where `SSL_CERT_FILE` says, so a process is started with it.
#[test]
fn a_name_is_asked_for_and_its_certificate_checked() {
    let Ok(address) = std::env::var(ADDRESS) else { return in_a_process_that_trusts_the_server() };
    let address: SocketAddr = address.parse().expect("an address");
    let target = Target { address, tls: Some(NAME.to_owned()) };
    let plan = Plan { count_max: 50, ..plan(&target, Arrivals::Closed) };
    let outcome = run(&plan, &mut |_| {}).expect("a plan");
    assert_eq!(outcome.statuses.get(&200), Some(&50), "{:?}", outcome.errors);
    let other = Target { address, tls: Some("other.example.com".to_owned()) };
    let answer = ask(&other, &[request("GET", "/")], Duration::from_secs(5));
    assert_eq!(answer, [Err(Failure::Connect)]);
}

fn in_a_process_that_trusts_the_server() {
    let (address, pem) = server();
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    file.write_all(pem.as_bytes()).expect("room");
    let output = Command::new(std::env::current_exe().expect("this test"))
        .args(["--exact", "secure::a_name_is_asked_for_and_its_certificate_checked"])
        .env(ADDRESS, address.to_string())
        .env("SSL_CERT_FILE", file.path())
        .output()
        .expect("it starts");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
}

#[test]
fn what_is_not_tls_is_a_failure_to_connect() {
    let plain = start(|_| Reply::Keep(OK.to_vec()));
    let target = Target { tls: Some(NAME.to_owned()), ..plain };
    let plan =
        Plan { count_max: 3, timeout: Duration::from_secs(1), ..plan(&target, Arrivals::Closed) };
    let outcome = run(&plan, &mut |_| {}).expect("a plan");
    assert_eq!(outcome.errors.into_iter().collect::<Vec<_>>(), [(Failure::Connect, 3)]);
}
