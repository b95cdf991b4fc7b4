//! A client on one keep-alive connection.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result, bail};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// One connection; one request after the other.
pub struct Client {
    stream: TcpStream,
    bytes: Vec<u8>,
}

/// What matters of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// Bytes of the body, its framing left out.
    pub body_len: usize,
}

impl Client {
    /// Connects.
    ///
    /// # Errors
    /// When nobody listens.
    pub fn connect(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Self { stream, bytes: Vec::new() })
    }

    /// Sends `request` as it is and reads the answer to its end.
    ///
    /// # Errors
    /// When the connection ends or the answer is not framed.
    pub fn ask(&mut self, request: &[u8]) -> Result<Answer> {
        self.stream.write_all(request)?;
        self.bytes.clear();
        let head = loop {
            let end = self.bytes.windows(4).position(|window| window == b"\r\n\r\n");
            match end {
                Some(end) => break end + 4,
                None => self.receive()?,
            }
        };
        let text = std::str::from_utf8(&self.bytes[..head])?.to_ascii_lowercase();
        let status = text.get(9..12).context("no status")?.parse()?;
        if text.contains("\r\ntransfer-encoding: chunked\r\n") {
            while !self.bytes[head..].ends_with(b"0\r\n\r\n") {
                self.receive()?;
            }
            return Ok(Answer { status, body_len: chunked_len(&self.bytes[head..])? });
        }
        let value = text.split("\r\ncontent-length: ").nth(1).context("no length")?;
        let body_len: usize = value.lines().next().context("no length")?.parse()?;
        while self.bytes.len() < head + body_len {
            self.receive()?;
        }
        if self.bytes.len() > head + body_len {
            bail!("there is more than one answer");
        }
        Ok(Answer { status, body_len })
    }

    fn receive(&mut self) -> Result<()> {
        let mut piece = [0; 64 * 1024];
        let len = loop {
            match self.stream.read(&mut piece) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                read => break read.context("no answer")?,
            }
        };
        if len == 0 {
            bail!("the connection ended");
        }
        self.bytes.extend_from_slice(&piece[..len]);
        Ok(())
    }
}

/// The length of a body in whole chunks.
fn chunked_len(mut bytes: &[u8]) -> Result<usize> {
    let mut sum = 0;
    loop {
        let line = bytes.windows(2).position(|window| window == b"\r\n").context("no chunk")?;
        let len = usize::from_str_radix(std::str::from_utf8(&bytes[..line])?, 16)?;
        if len == 0 {
            return Ok(sum);
        }
        sum += len;
        bytes = bytes.get(line + 2 + len + 2..).context("a chunk is cut off")?;
    }
}
