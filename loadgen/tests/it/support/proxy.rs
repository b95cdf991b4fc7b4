//! A proxy that looks at each request and may do wrong: threads, blocking sockets, `GET` and its like only.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::PATIENCE;

/// What becomes of a request.
pub(crate) enum Step {
    /// It goes there.
    To(SocketAddr),
    /// It goes there after a while.
    Late(Duration, SocketAddr),
    /// These bytes answer it.
    Answer(Vec<u8>),
}

/// A proxy that lives as long as the test binary.
pub(crate) struct Proxy {
    address: SocketAddr,
}

impl Proxy {
    /// Does with each request what `script` says: it is given the head, the request's number, and the connection's,
    /// both from 0.
    pub(crate) fn start(script: impl Fn(&str, u64, u64) -> Step + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (script, count) = (Arc::new(script), Arc::new(AtomicU64::new(0)));
        std::thread::spawn(move || {
            for (connection, stream) in (0..).zip(listener.incoming().flatten()) {
                let (script, count) = (script.clone(), count.clone());
                std::thread::spawn(move || {
                    serve(stream, |head| {
                        script(head, count.fetch_add(1, Ordering::SeqCst), connection)
                    });
                });
            }
        });
        Self { address }
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}

/// A whole answer in JSON.
pub(crate) fn answer_json(status: u16, headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "HTTP/1.1 {status} Status\r\nContent-Type: application/json\r\n{headers}Content-Length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

fn serve(mut client: TcpStream, mut script: impl FnMut(&str) -> Step) {
    let _ = client.set_nodelay(true);
    let mut pending = Vec::new();
    let mut upstream: Option<(SocketAddr, TcpStream)> = None;
    while let Some(head) = message(&mut client, &mut pending) {
        let address = match script(&String::from_utf8_lossy(&head)) {
            Step::Answer(bytes) => {
                if client.write_all(&bytes).is_err() {
                    return;
                }
                continue;
            }
            Step::To(address) => address,
            Step::Late(after, address) => {
                std::thread::sleep(after);
                address
            }
        };
        if upstream.as_ref().is_none_or(|(known, _)| *known != address) {
            let Ok(stream) = TcpStream::connect_timeout(&address, PATIENCE) else { return };
            let _ = stream.set_nodelay(true);
            upstream = Some((address, stream));
        }
        let Some((_, stream)) = &mut upstream else { return };
        let mut behind = Vec::new();
        if stream.write_all(&head).is_err() {
            return;
        }
        let Some(answer) = message(stream, &mut behind) else { return };
        if client.write_all(&answer).is_err() {
            return;
        }
    }
}

/// A head, with the body that its `Content-Length` announces.
fn message(stream: &mut TcpStream, pending: &mut Vec<u8>) -> Option<Vec<u8>> {
    let end = loop {
        if let Some(at) = pending.windows(4).position(|four| four == b"\r\n\r\n") {
            break at + 4;
        }
        more(stream, pending)?;
    };
    let head = String::from_utf8_lossy(&pending[..end]).to_ascii_lowercase();
    let length =
        head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok());
    let whole = end + length.unwrap_or(0);
    while pending.len() < whole {
        more(stream, pending)?;
    }
    let rest = pending.split_off(whole);
    Some(std::mem::replace(pending, rest))
}

fn more(stream: &mut TcpStream, pending: &mut Vec<u8>) -> Option<()> {
    let mut buffer = [0; 16 * 1024];
    let count = stream.read(&mut buffer).ok().filter(|count| *count > 0)?;
    pending.extend_from_slice(&buffer[..count]);
    Some(())
}
