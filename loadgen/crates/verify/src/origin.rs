//! The definition's backend, served by loadgen itself, so that a call which must not happen is seen where it
//! would arrive.
//!
//! Threads and blocking sockets: a check asks for thousands of requests, not for millions. Every call is numbered and
//! remembered before it is answered, so whoever has the answer finds the call. The answer is JSON that begins with the
//! number ([`number`]) and echoes what came; nothing in it asks anybody to cache it, or not to.

mod connection;

use std::collections::VecDeque;
use std::io;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::limits::{ORIGIN_CALLS_MAX, ORIGIN_CONNECTIONS_MAX};

/// What every answer begins with; the call's number follows.
const BEGINNING: &str = "{\"loadgen\":";

/// One call of the backend.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Call {
    /// Its number, from 1.
    pub(crate) number: u64,
    /// Its method.
    pub(crate) method: String,
    /// Its path, as sent.
    pub(crate) path: String,
    /// Its query without `?`, as sent.
    pub(crate) query: String,
    /// Names in lower case, and values, in order.
    pub(crate) headers: Vec<(String, String)>,
}

impl Call {
    /// The first value of header `name` (lower case).
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }
}

/// A backend that is served until it is dropped.
pub(crate) struct Origin {
    address: SocketAddr,
    shared: Arc<Shared>,
    acceptor: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    is_stopped: AtomicBool,
}

#[derive(Default)]
struct State {
    count: u64,
    calls: VecDeque<Call>,
    /// Those that are served, by their key; for closing them.
    streams: Vec<(u64, TcpStream)>,
    next_stream: u64,
}

impl Origin {
    /// Listens at `address` and answers whatever comes.
    ///
    /// # Errors
    /// When the address cannot be had.
    pub(crate) fn start(address: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(address)?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared::default());
        let of_thread = Arc::clone(&shared);
        let acceptor = std::thread::Builder::new()
            .name("origin".to_owned())
            .spawn(move || accept(&listener, &of_thread))?;
        Ok(Self { address, shared, acceptor: Some(acceptor) })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Calls so far.
    pub(crate) fn count(&self) -> u64 {
        self.shared.lock().count
    }

    /// The calls behind number `mark`, as far as they are remembered.
    pub(crate) fn since(&self, mark: u64) -> Vec<Call> {
        let state = self.shared.lock();
        let first = state.calls.partition_point(|call| call.number <= mark);
        state.calls.range(first..).cloned().collect()
    }

    /// Whether an `http` URI with this authority (`host:port`, or `host` for port 80) leads here.
    pub(crate) fn is_at(&self, authority: &str) -> bool {
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, port.parse().ok()),
            _ => (authority, Some(80)),
        };
        let ip = self.address.ip();
        let is_host = match host.trim_matches(['[', ']']).parse::<std::net::IpAddr>() {
            Ok(named) => named == ip || (ip.is_unspecified() && named.is_loopback()),
            Err(_) => {
                host.eq_ignore_ascii_case("localhost") && (ip.is_loopback() || ip.is_unspecified())
            }
        };
        is_host && port == Some(self.address.port())
    }
}

impl Drop for Origin {
    fn drop(&mut self) {
        self.shared.is_stopped.store(true, Ordering::SeqCst);
        for (_, stream) in &self.shared.lock().streams {
            // Fails only for one that is closed already.
            let _ = stream.shutdown(Shutdown::Both);
        }
        // Wakes the acceptor; when it fails, so has the listener.
        let woken = TcpStream::connect_timeout(&self.address, Duration::from_secs(1)).is_ok();
        if let (true, Some(acceptor)) = (woken, self.acceptor.take()) {
            let _ = acceptor.join();
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Numbers and remembers a call.
    fn record(&self, mut call: Call) -> u64 {
        let mut state = self.lock();
        state.count += 1;
        call.number = state.count;
        if state.calls.len() == ORIGIN_CALLS_MAX {
            state.calls.pop_front();
        }
        state.calls.push_back(call);
        state.count
    }

    /// Takes a connection in, if there is room; its key.
    fn enter(&self, stream: &TcpStream) -> Option<u64> {
        let mut state = self.lock();
        if state.streams.len() >= ORIGIN_CONNECTIONS_MAX || self.is_stopped.load(Ordering::SeqCst) {
            return None;
        }
        let key = state.next_stream;
        state.next_stream += 1;
        state.streams.push((key, stream.try_clone().ok()?));
        Some(key)
    }

    fn leave(&self, key: u64) {
        self.lock().streams.retain(|(of, _)| *of != key);
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    while !shared.is_stopped.load(Ordering::SeqCst) {
        let Ok((stream, _)) = listener.accept() else {
            // Out of descriptors: it passes, or the checks say so.
            std::thread::sleep(Duration::from_millis(10));
            continue;
        };
        let Some(key) = shared.enter(&stream) else { continue };
        let of_thread = Arc::clone(shared);
        let spawned = std::thread::Builder::new().spawn(move || {
            connection::serve(stream, &of_thread);
            of_thread.leave(key);
        });
        if spawned.is_err() {
            shared.leave(key);
        }
    }
}

/// The answer to call `number`.
fn body(number: u64, call: &Call) -> String {
    let headers: serde_json::Map<String, serde_json::Value> =
        call.headers.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect();
    let rest = serde_json::json!({
        "method": call.method, "path": call.path, "query": call.query, "headers": headers,
    });
    let rest = rest.to_string();
    format!("{BEGINNING}{number},{}", &rest[1..])
}

/// The number of the call that an answer's body is of, when it came through unchanged.
pub(crate) fn number(body: &[u8]) -> Option<u64> {
    let rest = body.strip_prefix(BEGINNING.as_bytes())?;
    let digits = rest.split(|&byte| byte == b',').next()?;
    std::str::from_utf8(digits).ok()?.parse().ok()
}

#[cfg(test)]
mod tests;
