//! A client on a bare socket, that takes responses to the letter.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};

use super::{PATIENCE, find};

/// A connection to the gateway. Every read and write is bounded by [`PATIENCE`].
pub(crate) struct Client {
    stream: TcpStream,
    /// Read, and not yet part of a response.
    pending: Vec<u8>,
}

/// One response as it came.
#[derive(Clone, Debug)]
pub(crate) struct Response {
    pub(crate) version: String,
    pub(crate) status: u16,
    pub(crate) reason: String,
    /// In order, with the case they came in.
    pub(crate) headers: Vec<(String, String)>,
    /// Without framing.
    pub(crate) body: Vec<u8>,
}

impl Response {
    /// The first value of a header; names compare without case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| &**v)
    }

    /// The body as text.
    #[track_caller]
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }
}

impl Client {
    /// Connects.
    #[track_caller]
    pub(crate) fn connect(addr: SocketAddr) -> Self {
        Self::try_connect(addr).unwrap()
    }

    /// Connects to a gateway that may be gone.
    pub(crate) fn try_connect(addr: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect_timeout(&addr, PATIENCE)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, pending: Vec::new() })
    }

    /// One request on a connection of its own, closed after.
    #[track_caller]
    pub(crate) fn get(addr: SocketAddr, target: &str) -> Response {
        let mut client = Self::connect(addr);
        client.send(format!("GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n").as_bytes());
        client.response()
    }

    /// The socket, for what this type has no word for.
    pub(crate) fn stream(&self) -> &TcpStream {
        &self.stream
    }

    /// Sends bytes as they are.
    #[track_caller]
    pub(crate) fn send(&mut self, bytes: &[u8]) {
        self.try_send(bytes).unwrap();
    }

    /// Sends bytes as they are, to a peer that may have closed.
    pub(crate) fn try_send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)
    }

    /// Half-closes: nothing more is sent.
    pub(crate) fn finish(&self) {
        // An error says that the peer was quicker.
        let _ = self.stream.shutdown(Shutdown::Write);
    }

    /// Reads one response to a request with any method but HEAD.
    #[track_caller]
    pub(crate) fn response(&mut self) -> Response {
        self.response_to("GET")
    }

    /// Reads one response, interim ones included. Panics on what RFC 9112 does not allow.
    #[track_caller]
    pub(crate) fn response_to(&mut self, method: &str) -> Response {
        match self.try_response_to(method) {
            Ok(Some(response)) => response,
            Ok(None) => panic!("closed without a response"),
            Err(error) => panic!("no whole response: {error}"),
        }
    }

    /// Reads one response; `None` when the peer closed before its first byte.
    ///
    /// # Errors
    /// Of kind `InvalidData` when it is malformed, `UnexpectedEof` when it breaks off, and those of
    /// the socket, a timeout among them.
    pub(crate) fn try_response_to(&mut self, method: &str) -> io::Result<Option<Response>> {
        let end = loop {
            if let Some(end) = find(&self.pending, b"\r\n\r\n") {
                break end;
            }
            if self.read_more()? == 0 {
                if self.pending.is_empty() {
                    return Ok(None);
                }
                return Err(broken_off("in the head", &self.pending));
            }
        };
        let rest = self.pending.split_off(end + 4);
        let head = std::mem::replace(&mut self.pending, rest);
        let mut response = parse_head(&head[..end])?;
        response.body = self.body(&response, method)?;
        Ok(Some(response))
    }

    /// Whether the peer closes, in order or with a reset, without another byte.
    pub(crate) fn is_closed(&mut self) -> bool {
        if !self.pending.is_empty() {
            return false;
        }
        match self.read_more() {
            Ok(count) => count == 0,
            Err(error) => !is_timeout(&error),
        }
    }

    /// Everything until the peer closes; a reset ends it too.
    #[track_caller]
    pub(crate) fn rest(&mut self) -> Vec<u8> {
        loop {
            match self.read_more() {
                Ok(0) => break,
                Ok(_) => {}
                Err(error) if is_timeout(&error) => panic!("not closed after {PATIENCE:?}"),
                Err(_) => break,
            }
        }
        std::mem::take(&mut self.pending)
    }

    fn body(&mut self, response: &Response, method: &str) -> io::Result<Vec<u8>> {
        let mut lengths = Vec::new();
        let mut is_chunked = false;
        for (name, value) in &response.headers {
            if name.eq_ignore_ascii_case("content-length") {
                let is_plain = !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit());
                check(is_plain, "a Content-Length that is no number", value.as_bytes())?;
                lengths.push(value.parse::<usize>().map_err(io::Error::other)?);
            }
            if name.eq_ignore_ascii_case("transfer-encoding") {
                check(!is_chunked && value == "chunked", "an unknown coding", value.as_bytes())?;
                is_chunked = true;
            }
        }
        let framings = lengths.len() + usize::from(is_chunked);
        check(framings <= 1, "two framings", &[])?;
        let is_bodyless = matches!(response.status, 100..=199 | 204);
        check(!is_bodyless || framings == 0, "framing without a body", &[])?;
        if is_bodyless || response.status == 304 || method == "HEAD" {
            return Ok(Vec::new());
        }
        if is_chunked {
            return self.chunks();
        }
        if let Some(length) = lengths.first() {
            return self.take(*length);
        }
        while self.read_more()? > 0 {}
        Ok(std::mem::take(&mut self.pending))
    }

    fn chunks(&mut self) -> io::Result<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let line = self.line()?;
            let size = std::str::from_utf8(&line)
                .ok()
                .filter(|text| text.bytes().all(|b| b.is_ascii_hexdigit()))
                .and_then(|text| usize::from_str_radix(text, 16).ok());
            let Some(size) = size else { return Err(malformed("a chunk size", &line)) };
            if size == 0 {
                let end = self.line()?;
                check(end.is_empty(), "a trailer", &end)?;
                return Ok(body);
            }
            body.extend(self.take(size)?);
            let end = self.take(2)?;
            check(end == b"\r\n", "the end of a chunk", &end)?;
        }
    }

    fn line(&mut self) -> io::Result<Vec<u8>> {
        loop {
            if let Some(end) = find(&self.pending, b"\r\n") {
                let line = self.pending[..end].to_vec();
                self.pending.drain(..end + 2);
                return Ok(line);
            }
            self.read_some("in a chunk's line")?;
        }
    }

    fn take(&mut self, count: usize) -> io::Result<Vec<u8>> {
        while self.pending.len() < count {
            self.read_some("in the body")?;
        }
        let rest = self.pending.split_off(count);
        Ok(std::mem::replace(&mut self.pending, rest))
    }

    fn read_some(&mut self, at: &str) -> io::Result<()> {
        match self.read_more()? {
            0 => Err(broken_off(at, &self.pending)),
            _ => Ok(()),
        }
    }

    fn read_more(&mut self) -> io::Result<usize> {
        let mut buffer = [0; 16 * 1024];
        loop {
            match self.stream.read(&mut buffer) {
                Ok(count) => {
                    self.pending.extend_from_slice(&buffer[..count]);
                    return Ok(count);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

fn parse_head(head: &[u8]) -> io::Result<Response> {
    let text = std::str::from_utf8(head).map_err(|_| malformed("bytes in the head", head))?;
    let has_bare = text.replace("\r\n", "").contains(['\r', '\n']);
    check(!has_bare, "a bare CR or LF", head)?;
    let mut lines = text.split("\r\n");
    let first = lines.next().unwrap_or_default();
    let mut words = first.splitn(3, ' ');
    let (version, status, reason) = (words.next(), words.next(), words.next());
    let (Some(version), Some(status), Some(reason)) = (version, status, reason) else {
        return Err(malformed("a status line", first.as_bytes()));
    };
    check(version == "HTTP/1.1", "a version", first.as_bytes())?;
    let is_status = status.len() == 3 && status.bytes().all(|b| b.is_ascii_digit());
    check(is_status, "a status", first.as_bytes())?;
    let mut headers = Vec::new();
    for line in lines {
        let Some((name, value)) = line.split_once(':') else {
            return Err(malformed("a field line", line.as_bytes()));
        };
        let is_token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
        check(!name.is_empty() && name.bytes().all(is_token), "a name", line.as_bytes())?;
        headers.push((name.to_owned(), value.trim_matches([' ', '\t']).to_owned()));
    }
    Ok(Response {
        version: version.to_owned(),
        status: status.parse().map_err(io::Error::other)?,
        reason: reason.to_owned(),
        headers,
        body: Vec::new(),
    })
}

fn check(is_right: bool, what: &str, bytes: &[u8]) -> io::Result<()> {
    if is_right { Ok(()) } else { Err(malformed(what, bytes)) }
}

fn malformed(what: &str, bytes: &[u8]) -> io::Error {
    let text = format!("malformed response: {what}: {:?}", String::from_utf8_lossy(bytes));
    io::Error::new(io::ErrorKind::InvalidData, text)
}

fn broken_off(at: &str, bytes: &[u8]) -> io::Error {
    let text = format!("broke off {at} after {:?}", String::from_utf8_lossy(bytes));
    io::Error::new(io::ErrorKind::UnexpectedEof, text)
}

fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}
