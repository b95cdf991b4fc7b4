//! A backend of plain threads, one for each connection.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};

/// The answer to `GET /large`, in bytes.
pub const LARGE_BYTES: usize = 64 * 1024;

/// An HTTP/1.1 backend: `/large` answers 64 KiB, `/chunked` two chunks, anything else a small body.
pub struct Backend {
    /// Where it listens.
    pub address: SocketAddr,
}

impl Backend {
    /// Starts it on a free port of the loopback. Its threads end with the process.
    ///
    /// # Errors
    /// When there is no port or no thread to be had.
    pub fn start() -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let answers = Answers::new();
        std::thread::Builder::new().name("backend".to_owned()).spawn(move || {
            for stream in listener.incoming().flatten() {
                let answers = answers.clone();
                std::thread::spawn(move || answers.serve(stream));
            }
        })?;
        Ok(Self { address })
    }
}

#[derive(Clone)]
struct Answers {
    small: Vec<u8>,
    large: Vec<u8>,
    chunked: Vec<u8>,
}

impl Answers {
    fn new() -> Self {
        let small = b"HTTP/1.1 200 OK\r\nServer: backend\r\nContent-Type: application/json\r\n\
            Content-Length: 13\r\n\r\n{\"id\":\"abcd\"}";
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {LARGE_BYTES}\r\n\r\n");
        let mut large = head.into_bytes();
        large.resize(large.len() + LARGE_BYTES, b'x');
        let chunked = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\
            Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n";
        Self { small: small.to_vec(), large, chunked: chunked.to_vec() }
    }

    /// Answers requests until the peer goes. What it gets is well-formed: the gateway wrote it.
    fn serve(&self, mut stream: TcpStream) {
        // Loopback: without this, small answers wait for an acknowledgement.
        let _ = stream.set_nodelay(true);
        let mut bytes = Vec::new();
        let mut piece = [0; 16 * 1024];
        loop {
            while let Some(len) = request_len(&bytes) {
                let answer = match &bytes {
                    bytes if bytes.starts_with(b"GET /large ") => &self.large,
                    bytes if bytes.starts_with(b"GET /chunked ") => &self.chunked,
                    _ => &self.small,
                };
                if stream.write_all(answer).is_err() {
                    return;
                }
                bytes.drain(..len);
            }
            match stream.read(&mut piece) {
                Ok(n) if n > 0 => bytes.extend_from_slice(&piece[..n]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                _ => return,
            }
        }
    }
}

/// The length of the first request, when all of it is there.
fn request_len(bytes: &[u8]) -> Option<usize> {
    let head = bytes.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let text = std::str::from_utf8(&bytes[..head]).ok()?.to_ascii_lowercase();
    let value = text.split("\r\ncontent-length:").nth(1).and_then(|rest| rest.lines().next());
    let body: usize = value.map_or(Some(0), |value| value.trim().parse().ok())?;
    (bytes.len() >= head + body).then_some(head + body)
}
