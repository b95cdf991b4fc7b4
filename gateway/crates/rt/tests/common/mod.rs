//! Runs one body on every backend and driver.
#![allow(dead_code, reason = "each test program uses its part")]

use std::future::Future;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream as Peer};
use std::time::Duration;

use gateway_rt::backend::{Backend, Driver, DriverChoice};
use gateway_rt::{BoundListener, Buf, ShardConfig, TcpListener, TcpStream, spawn_shard};

/// Far more than any body needs: a body that hangs fails.
const BODY_MAX: Duration = Duration::from_secs(60);

/// A cell of the matrix.
#[derive(Clone, Copy, Debug)]
pub(crate) enum On {
    IoUring,
    Epoll,
    #[cfg(feature = "glommio")]
    Glommio,
}

/// A test for each cell out of each body's name.
#[macro_export]
macro_rules! on_every_backend {
    ($($body:ident),* $(,)?) => {
        mod io_uring {
            $(#[test] fn $body() { super::common::run(super::common::On::IoUring, super::$body); })*
        }
        mod epoll {
            $(#[test] fn $body() { super::common::run(super::common::On::Epoll, super::$body); })*
        }
        #[cfg(feature = "glommio")]
        mod glommio {
            $(#[test] fn $body() { super::common::run(super::common::On::Glommio, super::$body); })*
        }
    };
}

pub(crate) fn run<M, F>(on: On, body: M)
where
    M: FnOnce() -> F + Send + 'static,
    F: Future<Output = ()> + 'static,
{
    run_pinned(on, None, body);
}

pub(crate) fn run_pinned<M, F>(on: On, cpu: Option<usize>, body: M)
where
    M: FnOnce() -> F + Send + 'static,
    F: Future<Output = ()> + 'static,
{
    let (backend, choice) = match on {
        On::IoUring => (Backend::Monoio, DriverChoice::IoUring),
        On::Epoll => (Backend::Monoio, DriverChoice::Epoll),
        #[cfg(feature = "glommio")]
        On::Glommio => (Backend::Glommio, DriverChoice::IoUring),
    };
    let driver = match Driver::probe(choice) {
        Ok(driver) => driver,
        Err(e) => return println!("left out, {on:?}: {e}"),
    };
    let config = ShardConfig { index: 0, cpu, backend, driver, ring_entries: 1024 };
    let shard = spawn_shard(config, move || async move {
        gateway_rt::timeout(BODY_MAX, body()).await.expect("the body ends in time");
    });
    match shard.expect("a thread").join() {
        Ok(result) => result.expect("the shard starts"),
        Err(panic) => std::panic::resume_unwind(panic),
    }
}

pub(crate) fn listen() -> (TcpListener, SocketAddr) {
    let any = "127.0.0.1:0".parse().expect("an address");
    let bound = BoundListener::bind(any, 1024).expect("a free port");
    let address = bound.local_addr().expect("it is bound");
    (TcpListener::new(bound).expect("the driver takes it"), address)
}

/// A connection from a blocking peer to this shard.
pub(crate) async fn pair() -> (TcpStream, Peer) {
    let (listener, address) = listen();
    let peer = std::thread::spawn(move || Peer::connect(address).expect("it listens"));
    let (stream, from) = listener.accept().await.expect("a connection");
    let peer = peer.join().expect("the peer connects");
    assert_eq!(from, peer.local_addr().expect("it is connected"));
    peer.set_read_timeout(Some(BODY_MAX)).expect("a time limit");
    peer.set_write_timeout(Some(BODY_MAX)).expect("a time limit");
    (stream, peer)
}

/// Sends back what comes until the peer has finished.
pub(crate) async fn echo(stream: &TcpStream) -> usize {
    let mut total = 0;
    loop {
        let (result, buf) = stream.recv(Buf::take()).await;
        match result {
            Ok(0) => return total,
            Ok(n) => assert_eq!(n, buf.len()),
            Err(e) => panic!("after {total} bytes: {e}"),
        }
        total += buf.len();
        let (result, buf) = stream.send(buf).await;
        result.expect("the peer reads");
        assert!(buf.is_empty());
    }
}

/// Runs blocking code beside the shard and waits for it without blocking the shard.
pub(crate) async fn beside<T: Send + 'static>(code: impl FnOnce() -> T + Send + 'static) -> T {
    let thread = std::thread::spawn(code);
    while !thread.is_finished() {
        gateway_rt::sleep(Duration::from_millis(5)).await;
    }
    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// Bytes that differ everywhere, so that a lost or doubled part shows.
pub(crate) fn pattern(len: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut bytes = Vec::with_capacity(len + 8);
    while bytes.len() < len {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend(state.to_le_bytes());
    }
    bytes.truncate(len);
    bytes
}

pub(crate) fn exchange(peer: &mut (impl Read + Write), bytes: &[u8]) -> Vec<u8> {
    peer.write_all(bytes).expect("the shard reads");
    let mut back = vec![0; bytes.len()];
    peer.read_exact(&mut back).expect("the shard answers");
    back
}
