//! The TLS client against a blocking rustls server, on every backend and driver.

mod common;
#[path = "common/tls_server.rs"]
mod server;

use std::io::{ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use common::{beside, pattern};
use gateway_rt::limits::IDLE_RELEASE_MS;
use gateway_rt::{Buf, ClientTls, Moment, RootStore, Stream, TcpStream, Wait};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::version::{TLS12, TLS13};
use rustls::{HandshakeKind, SupportedProtocolVersion};
use server::{Identity, Session, builder, echo, serve, serve_tcp};

on_every_backend!(
    a_session_echoes,
    sizes_of_records_do_not_matter,
    both_directions_run_at_once,
    keys_are_updated_on_the_way,
    an_unknown_authority_is_refused_and_told,
    a_wrong_name_is_refused,
    an_address_is_a_name_too,
    insecure_trusts_any_chain_but_not_a_wrong_key,
    an_announced_end_is_told_from_a_cut,
    our_end_is_announced,
    a_silent_server_ends_by_deadline,
    what_is_not_tls_is_refused,
    a_server_that_hangs_up_is_an_end_of_file,
    sessions_are_resumed,
    idle_and_quiet_look_at_records,
    ten_thousand_small_messages_use_no_more_buffers,
);

async fn connect(tls: &ClientTls, address: SocketAddr, name: &str) -> std::io::Result<Stream> {
    let tcp = TcpStream::connect(address).await.expect("it listens");
    tcp.set_deadline(Moment::now() + Duration::from_secs(20));
    let stream = Stream::from(tls.connect(tcp, name).await?);
    stream.set_deadline(Moment::NEVER);
    Ok(stream)
}

async fn send(stream: &Stream, bytes: &[u8]) {
    for part in bytes.chunks(32 * 1024) {
        let mut buf = Buf::take();
        assert!(buf.extend(part));
        let (result, buf) = stream.send(buf).await;
        result.expect("the server reads");
        assert!(buf.is_empty());
    }
}

async fn recv(stream: &Stream, len: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    while bytes.len() < len {
        let (result, buf) = stream.recv(Buf::take()).await;
        let n = result.expect("the server answers");
        assert!(n > 0, "{} of {len} bytes", bytes.len());
        assert_eq!(n, buf.len());
        bytes.extend_from_slice(buf.filled());
    }
    bytes
}

async fn recv_end(stream: &Stream) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    loop {
        let (result, buf) = stream.recv(Buf::take()).await;
        if result? == 0 {
            return Ok(bytes);
        }
        bytes.extend_from_slice(buf.filled());
    }
}

async fn a_session_echoes() {
    let versions: [&'static SupportedProtocolVersion; 2] = [&TLS12, &TLS13];
    for version in versions {
        let identity = Identity::new(&["backend.test"]);
        let (address, thread) = serve(identity.server(version), 1, move |mut session| {
            let mut first = [0];
            session.read_exact(&mut first).expect("a byte");
            assert_eq!(session.conn.alpn_protocol(), Some(&b"http/1.1"[..]));
            assert_eq!(session.conn.server_name(), Some("backend.test"));
            echo(session).expect("a clean end")
        });
        let stream = connect(&identity.client(), address, "backend.test").await.expect("trusted");
        send(&stream, b"!").await;
        let bytes = pattern(100_000);
        for len in [1, 100, 16_384, 16_385, 100_000] {
            send(&stream, &bytes[..len]).await;
            assert!(recv(&stream, len).await == bytes[..len], "{len} bytes");
        }
        stream.shutdown_write();
        assert_eq!(recv_end(&stream).await.expect("an announced end"), b"");
        let total = beside(|| thread.join().expect("served")).await;
        assert_eq!(total, [1 + 100 + 16_384 + 16_385 + 100_000]);
    }
}

async fn sizes_of_records_do_not_matter() {
    let identity = Identity::new(&["backend.test"]);
    // Records of at most 64 bytes, and records that come in pieces of a few bytes.
    for (fragment, piece) in [(Some(64), usize::MAX), (None, 7), (Some(64), 3)] {
        let mut config = identity.server(&TLS13);
        config.max_fragment_size = fragment;
        let (address, _) = serve(config, 1, move |mut session| {
            session.sock.set_nodelay(true).expect("a socket");
            session.conn.complete_io(&mut session.sock).expect("a handshake");
            session.conn.writer().write_all(&pattern(20_000)).expect("room");
            session.conn.send_close_notify();
            let mut records = Vec::new();
            while session.conn.wants_write() {
                session.conn.write_tls(&mut records).expect("memory");
            }
            for part in records.chunks(piece.min(records.len())) {
                session.sock.write_all(part).expect("the client reads");
            }
        });
        let stream = connect(&identity.client(), address, "backend.test").await.expect("trusted");
        let bytes = recv_end(&stream).await.expect("an announced end");
        assert!(bytes == pattern(20_000), "{} bytes", bytes.len());
    }
}

async fn both_directions_run_at_once() {
    const LEN: usize = 8 * 1024 * 1024;
    let identity = Identity::new(&["backend.test"]);
    let (address, _) = serve(identity.server(&TLS13), 1, echo);
    let stream = connect(&identity.client(), address, "backend.test").await.expect("trusted");
    let stream = Rc::new(stream);
    let sender = stream.clone();
    gateway_rt::spawn(async move {
        send(&sender, &pattern(LEN)).await;
        sender.shutdown_write();
    });
    let back = recv_end(&stream).await.expect("an announced end");
    assert!(back == pattern(LEN), "{} bytes", back.len());
}

async fn keys_are_updated_on_the_way() {
    const ROUNDS: usize = 200;
    const LEN: usize = 20_000;
    let identity = Identity::new(&["backend.test"]);
    let (address, thread) = serve(identity.server(&TLS13), 1, |mut session| {
        let mut bytes = vec![0; LEN];
        for _ in 0..ROUNDS {
            session.read_exact(&mut bytes).expect("the client sends");
            // Asks the client to change its keys as well.
            session.conn.refresh_traffic_keys().expect("TLS 1.3");
            session.write_all(&bytes).expect("the client reads");
        }
        session.flush().expect("the client reads");
    });
    let stream = connect(&identity.client(), address, "backend.test").await.expect("trusted");
    let stream = Rc::new(stream);
    let sender = stream.clone();
    gateway_rt::spawn(async move {
        for _ in 0..ROUNDS {
            send(&sender, &pattern(LEN)).await;
        }
    });
    assert!(recv(&stream, ROUNDS * LEN).await == pattern(LEN).repeat(ROUNDS));
    beside(|| thread.join().expect("served")).await;
}

async fn an_unknown_authority_is_refused_and_told() {
    let identity = Identity::new(&["backend.test"]);
    let stranger = Identity::new(&["backend.test"]);
    let (address, thread) = serve(stranger.server(&TLS13), 1, echo);
    let error = connect(&identity.client(), address, "backend.test").await.err().expect("refused");
    assert_eq!(error.kind(), ErrorKind::InvalidData);
    assert!(error.to_string().contains("certificate"), "{error}");
    let told = beside(|| thread.join().expect("served")).await.pop().expect("one");
    let told = told.expect_err("the handshake failed").to_string();
    assert!(told.contains("UnknownCA"), "{told}");
}

async fn a_wrong_name_is_refused() {
    let identity = Identity::new(&["backend.test"]);
    let (address, _) = serve(identity.server(&TLS12), 1, echo);
    let error = connect(&identity.client(), address, "other.test").await.err().expect("refused");
    assert_eq!(error.kind(), ErrorKind::InvalidData);
    let (address, _) = serve(identity.server(&TLS13), 1, echo);
    let error = connect(&identity.client(), address, "no name").await.err().expect("refused");
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
}

async fn an_address_is_a_name_too() {
    let identity = Identity::new(&["127.0.0.1", "::1", "backend.test"]);
    for name in ["127.0.0.1", "::1", "[::1]", "backend.test.", "BACKEND.test"] {
        let (address, _) = serve(identity.server(&TLS13), 1, echo);
        let stream = connect(&identity.client(), address, name).await.expect(name);
        send(&stream, b"hello").await;
        assert_eq!(recv(&stream, 5).await, b"hello");
    }
}

async fn insecure_trusts_any_chain_but_not_a_wrong_key() {
    let tls = ClientTls::new(RootStore::empty(), true).expect("defaults");
    let versions: [&'static SupportedProtocolVersion; 2] = [&TLS12, &TLS13];
    for version in versions {
        let (address, _) = serve(Identity::new(&["a.test"]).server(version), 1, echo);
        let stream = connect(&tls, address, "b.test").await.expect("anybody is trusted");
        send(&stream, b"hello").await;
        assert_eq!(recv(&stream, 5).await, b"hello");

        let (one, other) = (Identity::new(&["a.test"]), Identity::new(&["a.test"]));
        let key = rustls::crypto::aws_lc_rs::sign::any_supported_type(&other.key()).expect("a key");
        let forged = SingleCertAndKey::from(CertifiedKey::new(one.chain.clone(), key));
        let config = builder(version).with_cert_resolver(Arc::new(forged));
        let (address, _) = serve(config, 1, echo);
        let error = connect(&tls, address, "a.test").await.err().expect("a forged signature");
        assert_eq!(error.kind(), ErrorKind::InvalidData);
    }
}

async fn an_announced_end_is_told_from_a_cut() {
    for is_announced in [true, false] {
        let identity = Identity::new(&["backend.test"]);
        let (address, _) = serve(identity.server(&TLS13), 1, move |mut session: Session| {
            session.write_all(&pattern(50_000)).expect("the client reads");
            if is_announced {
                session.conn.send_close_notify();
            }
            session.flush().expect("the client reads");
        });
        let stream = connect(&identity.client(), address, "backend.test").await.expect("trusted");
        assert!(recv(&stream, 50_000).await == pattern(50_000), "all that came before the end");
        for _ in 0..2 {
            let result = stream.recv(Buf::take()).await.0;
            if is_announced {
                assert_eq!(result.expect("an announced end"), 0);
            } else {
                assert_eq!(result.expect_err("a cut").kind(), ErrorKind::UnexpectedEof);
            }
        }
    }
}

async fn our_end_is_announced() {
    for is_shut in [true, false] {
        let identity = Identity::new(&["backend.test"]);
        let (address, thread) = serve(identity.server(&TLS13), 1, |mut session: Session| {
            let mut bytes = Vec::new();
            session.read_to_end(&mut bytes).map(|_| bytes)
        });
        let stream = connect(&identity.client(), address, "backend.test").await.expect("trusted");
        send(&stream, b"bye").await;
        if is_shut {
            stream.shutdown_write();
        } else {
            drop(stream);
        }
        let read = beside(|| thread.join().expect("served")).await.pop().expect("one");
        assert_eq!(read.expect("no cut"), b"bye", "shut: {is_shut}");
    }
}

async fn a_silent_server_ends_by_deadline() {
    let (address, _) = serve_tcp(1, |mut tcp| {
        let mut bytes = Vec::new();
        let _ = tcp.read_to_end(&mut bytes);
    });
    let tcp = TcpStream::connect(address).await.expect("it listens");
    let start = Moment::now();
    tcp.set_deadline(start + Duration::from_millis(150));
    let tls = Identity::new(&["backend.test"]).client();
    let error = tls.connect(tcp, "backend.test").await.err().expect("nobody answers");
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    let waited_ms = Moment::now().micros_since(start) / 1000;
    assert!((150..5_000).contains(&waited_ms), "{waited_ms} ms");
}

async fn what_is_not_tls_is_refused() {
    let (address, _) = serve_tcp(1, |mut tcp| {
        tcp.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").expect("connected");
        let _ = tcp.read_to_end(&mut Vec::new());
    });
    let tls = Identity::new(&["backend.test"]).client();
    let error = connect(&tls, address, "backend.test").await.err().expect("no TLS");
    assert_eq!(error.kind(), ErrorKind::InvalidData);
}

async fn a_server_that_hangs_up_is_an_end_of_file() {
    let (address, _) = serve_tcp(1, |mut tcp| {
        let mut bytes = [0; 2048];
        let _ = tcp.read(&mut bytes);
    });
    let tls = Identity::new(&["backend.test"]).client();
    let error = connect(&tls, address, "backend.test").await.err().expect("hung up");
    assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
}

async fn sessions_are_resumed() {
    let versions: [&'static SupportedProtocolVersion; 2] = [&TLS12, &TLS13];
    for version in versions {
        let identity = Identity::new(&["backend.test"]);
        let (address, thread) = serve(identity.server(version), 2, |mut session: Session| {
            let mut bytes = [0; 5];
            session.read_exact(&mut bytes).expect("the client sends");
            session.write_all(&bytes).expect("the client reads");
            session.flush().expect("the client reads");
            session.conn.handshake_kind()
        });
        let tls = identity.client();
        for _ in 0..2 {
            let stream = connect(&tls, address, "backend.test").await.expect("trusted");
            send(&stream, b"hello").await;
            assert_eq!(recv(&stream, 5).await, b"hello");
        }
        let kinds = beside(|| thread.join().expect("served")).await;
        assert_eq!(kinds[1], Some(HandshakeKind::Resumed), "{version:?}");
        assert_ne!(kinds[0], kinds[1]);
    }
}

async fn idle_and_quiet_look_at_records() {
    let identity = Identity::new(&["backend.test"]);
    let (go, turn) = std::sync::mpsc::channel::<()>();
    let (address, thread) = serve(identity.server(&TLS13), 1, move |mut session: Session| {
        let mut bytes = [0; 5];
        session.read_exact(&mut bytes).expect("the client sends");
        session.write_all(&bytes).expect("the client reads");
        session.flush().expect("the client reads");
        session.conn.writer().write_all(b"unasked").expect("room");
        let mut record = Vec::new();
        session.conn.write_tls(&mut record).expect("memory");
        let (half, rest) = record.split_at(9);
        turn.recv().expect("the test goes on");
        session.sock.write_all(half).expect("the client reads");
        turn.recv().expect("the test goes on");
        session.sock.write_all(rest).expect("the client reads");
        session
    });
    let stream = connect(&identity.client(), address, "backend.test").await.expect("trusted");
    send(&stream, b"hello").await;
    assert_eq!(recv(&stream, 5).await, b"hello");
    assert!(stream.is_quiet());
    let wait = stream.recv_or_idle(Moment::now(), Buf::take()).await.expect("connected");
    assert!(matches!(wait, Wait::Idle));
    assert!(stream.is_quiet());

    go.send(()).expect("the server waits");
    stream.readable().await.expect("connected");
    assert!(!stream.is_quiet(), "something came");
    let start = Moment::now();
    let wait = stream.recv_or_idle(start, Buf::take()).await.expect("connected");
    assert!(matches!(wait, Wait::Idle), "half a record is no plaintext");
    assert!(Moment::now().micros_since(start) >= IDLE_RELEASE_MS * 1000);
    assert!(!stream.is_quiet(), "a record has begun");

    go.send(()).expect("the server waits");
    assert_eq!(recv(&stream, 7).await, b"unasked");
    assert!(stream.is_quiet());
    let session = beside(|| thread.join().expect("served")).await;
    drop(session);
    stream.readable().await.expect("an end is readable");
    assert!(!stream.is_quiet(), "the server has gone");
}

async fn ten_thousand_small_messages_use_no_more_buffers() {
    let identity = Identity::new(&["backend.test"]);
    let (address, _) = serve(identity.server(&TLS13), 1, echo);
    let stream = connect(&identity.client(), address, "backend.test").await.expect("trusted");
    let mut held = 0;
    for round in 0..10_000_u32 {
        send(&stream, &round.to_be_bytes()).await;
        assert_eq!(recv(&stream, 4).await, round.to_be_bytes());
        let stats = gateway_rt::buf::pool_stats();
        assert_eq!(stats.in_use, 0, "no buffer stays with an idle session");
        held = held.max(stats.free);
    }
    assert!(held <= 4, "{held} buffers");
}

#[test]
fn roots_come_from_pem_and_from_the_system() {
    let mut roots = RootStore::empty();
    for text in ["", "no PEM", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
        let error = roots.add_pem(text.as_bytes()).expect_err(text);
        assert_eq!(error.kind(), ErrorKind::InvalidData);
    }
    assert!(roots.is_empty());
    let both = [Identity::new(&["a.test"]), Identity::new(&["b.test"])].map(|i| i.authority_pem);
    let path = std::env::temp_dir().join(format!("gateway-rt-roots-{}.pem", std::process::id()));
    std::fs::write(&path, both.concat()).expect("a temporary file");
    assert_eq!(roots.add_pem_file(&path).expect("two roots"), 2);
    std::fs::remove_file(&path).expect("it is ours");
    assert_eq!(roots.add_pem_file(&path).expect_err("gone").kind(), ErrorKind::NotFound);
    assert_eq!(roots.len(), 2);
    let added = roots.add_system();
    assert_eq!(roots.len(), 2 + added);
}
