//! A fake upstream: threads, port 0, and a script.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::Instant;

use serde_json::json;

use super::{PATIENCE, find};

/// One request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    /// Which connection, from 0.
    pub(crate) connection: usize,
    /// Up to and with the empty line.
    pub(crate) head: Vec<u8>,
    /// With its framing: chunk lines are in it.
    pub(crate) raw_body: Vec<u8>,
    /// Without framing.
    pub(crate) body: Vec<u8>,
    /// Whether all of it came.
    pub(crate) is_whole: bool,
}

impl Received {
    /// The head as text, lines ended by CRLF.
    pub(crate) fn head_text(&self) -> String {
        String::from_utf8_lossy(&self.head).into_owned()
    }

    /// The method.
    pub(crate) fn method(&self) -> String {
        self.word(0)
    }

    /// The target.
    pub(crate) fn target(&self) -> String {
        self.word(1)
    }

    /// The header lines in order.
    pub(crate) fn headers(&self) -> Vec<(String, String)> {
        let head = self.head_text();
        let lines = head.split("\r\n").skip(1).filter(|line| !line.is_empty());
        lines
            .map(|line| {
                let (name, value) = line.split_once(':').unwrap_or((line, ""));
                (name.to_owned(), value.trim_matches([' ', '\t']).to_owned())
            })
            .collect()
    }

    /// The first value of a header; names compare without case.
    pub(crate) fn header(&self, name: &str) -> Option<String> {
        let headers = self.headers().into_iter();
        headers.into_iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    fn word(&self, index: usize) -> String {
        let head = self.head_text();
        let line = head.split("\r\n").next().unwrap_or_default();
        line.split(' ').nth(index).unwrap_or_default().to_owned()
    }
}

/// What a script does with a request.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    /// These bytes; the connection lives on.
    Bytes(Vec<u8>),
    /// These bytes, perhaps none, and the connection is closed.
    Close(Vec<u8>),
    /// Nothing, until the other side closes.
    Never,
}

impl Answer {
    /// 200 with a body.
    pub(crate) fn ok(content_type: &str, body: &[u8]) -> Self {
        Self::status(200, &[("Content-Type", content_type)], body)
    }

    /// A whole response with a `Content-Length`.
    pub(crate) fn status(status: u16, headers: &[(&str, &str)], body: &[u8]) -> Self {
        let mut bytes = format!("HTTP/1.1 {status} Status\r\n").into_bytes();
        for (name, value) in headers {
            bytes.extend(format!("{name}: {value}\r\n").into_bytes());
        }
        bytes.extend(format!("Content-Length: {}\r\n\r\n", body.len()).into_bytes());
        bytes.extend(body);
        Self::Bytes(bytes)
    }
}

/// A fake upstream, stopped when dropped.
pub(crate) struct Backend {
    addr: SocketAddr,
    shared: Arc<Shared>,
    acceptor: Option<JoinHandle<()>>,
}

impl Backend {
    /// Answers each whole request as the script says, and records it.
    pub(crate) fn start(script: impl Fn(&Received) -> Answer + Send + Sync + 'static) -> Self {
        let script = Arc::new(script);
        Self::listen(move |stream, connection, shared| {
            serve(stream, connection, shared, &*script);
        })
    }

    /// Answers every request with the same bytes.
    pub(crate) fn canned(answer: Answer) -> Self {
        Self::start(move |_| answer.clone())
    }

    /// Answers with what came, as JSON: method, path, headers as pairs, body.
    pub(crate) fn echo() -> Self {
        Self::start(|received| {
            let value = json!({
                "method": received.method(),
                "path": received.target(),
                "headers": received.headers(),
                "body": String::from_utf8_lossy(&received.body),
            });
            Answer::ok("application/json", value.to_string().as_bytes())
        })
    }

    /// Leaves each connection to `script`, with its number from 0. Nothing is recorded but the
    /// connection; reads are bounded by [`PATIENCE`].
    pub(crate) fn raw(script: impl Fn(TcpStream, usize) + Send + Sync + 'static) -> Self {
        let script = Arc::new(script);
        Self::listen(move |stream, connection, _| script(stream, connection))
    }

    /// Where it listens.
    pub(crate) fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// `http://` and where it listens.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Connections so far.
    pub(crate) fn connections(&self) -> usize {
        self.shared.state.lock().unwrap().connections
    }

    /// The requests so far, in the order in which they were read.
    pub(crate) fn requests(&self) -> Vec<Received> {
        self.shared.state.lock().unwrap().requests.clone()
    }

    /// Waits until there were `count` connections.
    #[track_caller]
    pub(crate) fn wait_connections(&self, count: usize) {
        self.wait(|state| state.connections >= count, "connections");
    }

    /// Waits until there were `count` requests; returns them.
    #[track_caller]
    pub(crate) fn wait_requests(&self, count: usize) -> Vec<Received> {
        self.wait(|state| state.requests.len() >= count, "requests");
        self.requests()
    }

    #[track_caller]
    fn wait(&self, is_there: impl Fn(&State) -> bool, what: &str) {
        let deadline = Instant::now() + PATIENCE;
        let mut state = self.shared.state.lock().unwrap();
        while !is_there(&state) {
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "too few {what} after {PATIENCE:?}: {:?}", state.requests);
            state = self.shared.changed.wait_timeout(state, left).unwrap().0;
        }
    }

    fn listen(serve: impl Fn(TcpStream, usize, &Shared) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        let shared = Arc::new(Shared::default());
        let serve = Arc::new(serve);
        let accepting = shared.clone();
        let acceptor = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if accepting.is_stopped.load(Ordering::SeqCst) {
                    break;
                }
                let Ok(stream) = stream else { continue };
                let connection = accepting.connected(&stream);
                let (serve, shared) = (serve.clone(), accepting.clone());
                std::thread::spawn(move || serve(stream, connection, &shared));
            }
        });
        Self { addr, shared, acceptor: Some(acceptor) }
    }
}

impl Drop for Backend {
    fn drop(&mut self) {
        self.shared.is_stopped.store(true, Ordering::SeqCst);
        // Wakes the acceptor; its own end of a connection may already be closed.
        drop(TcpStream::connect(self.addr));
        if let Some(acceptor) = self.acceptor.take() {
            let _ = acceptor.join();
        }
        for stream in &self.shared.state.lock().unwrap().streams {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    is_stopped: AtomicBool,
}

#[derive(Default)]
struct State {
    connections: usize,
    requests: Vec<Received>,
    streams: Vec<TcpStream>,
}

impl Shared {
    fn connected(&self, stream: &TcpStream) -> usize {
        // Both fail only for a connection that is gone already.
        let _ = stream.set_read_timeout(Some(PATIENCE));
        let _ = stream.set_nodelay(true);
        let mut state = self.state.lock().unwrap();
        state.streams.extend(stream.try_clone());
        state.connections += 1;
        self.changed.notify_all();
        state.connections - 1
    }

    fn record(&self, received: Received) {
        self.state.lock().unwrap().requests.push(received);
        self.changed.notify_all();
    }
}

fn serve(
    mut stream: TcpStream,
    connection: usize,
    shared: &Shared,
    script: &dyn Fn(&Received) -> Answer,
) {
    let mut pending = Vec::new();
    while let Some(received) = receive(&mut stream, connection, &mut pending) {
        shared.record(received.clone());
        if !received.is_whole {
            return;
        }
        let (bytes, is_last) = match script(&received) {
            Answer::Bytes(bytes) => (bytes, false),
            Answer::Close(bytes) => (bytes, true),
            Answer::Never => {
                let _ = stream.read(&mut [0]);
                return;
            }
        };
        if stream.write_all(&bytes).is_err() || is_last {
            let _ = stream.shutdown(Shutdown::Both);
            return;
        }
    }
}

/// Reads one request; `None` when the connection ends before its first byte.
fn receive(stream: &mut TcpStream, connection: usize, pending: &mut Vec<u8>) -> Option<Received> {
    let mut received = Received {
        connection,
        head: Vec::new(),
        raw_body: Vec::new(),
        body: Vec::new(),
        is_whole: false,
    };
    let end = loop {
        if let Some(end) = find(pending, b"\r\n\r\n") {
            break end + 4;
        }
        if !read_more(stream, pending) {
            received.head = std::mem::take(pending);
            return (!received.head.is_empty()).then_some(received);
        }
    };
    let rest = pending.split_off(end);
    received.head = std::mem::replace(pending, rest);
    let is_chunked = received.header("transfer-encoding").is_some();
    if received.header("expect").is_some() {
        let _ = stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n");
    }
    let length = received.header("content-length").map_or(0, |text| text.parse().unwrap_or(0));
    loop {
        let end = if is_chunked {
            chunks(pending, &mut received.body)
        } else if pending.len() >= length {
            received.body = pending[..length].to_vec();
            Some(length)
        } else {
            None
        };
        if let Some(end) = end {
            let rest = pending.split_off(end);
            received.raw_body = std::mem::replace(pending, rest);
            received.is_whole = true;
            return Some(received);
        }
        if !read_more(stream, pending) {
            received.raw_body = std::mem::take(pending);
            return Some(received);
        }
    }
}

/// Where a chunked body ends in `bytes`, if it does, and its content.
fn chunks(bytes: &[u8], content: &mut Vec<u8>) -> Option<usize> {
    content.clear();
    let mut at = 0;
    loop {
        let line = find(&bytes[at..], b"\r\n")?;
        let text = std::str::from_utf8(&bytes[at..at + line]).ok()?;
        let size = usize::from_str_radix(text, 16).ok()?;
        at += line + 2;
        if bytes.len() < at + size + 2 {
            return None;
        }
        content.extend_from_slice(&bytes[at..at + size]);
        at += size + 2;
        if size == 0 {
            return Some(at);
        }
    }
}

fn read_more(stream: &mut TcpStream, pending: &mut Vec<u8>) -> bool {
    let mut buffer = [0; 16 * 1024];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => return false,
            Ok(count) => {
                pending.extend_from_slice(&buffer[..count]);
                return true;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return false,
        }
    }
}
