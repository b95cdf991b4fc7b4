//! A server connection without sockets: bytes in pieces, what was read of them out.
#![expect(clippy::unwrap_used, reason = "a panic is how a test reports")]

use gateway_proto::h1::{
    BodyLength, ChunkedDecoder, HeadScanner, Parsed, RequestHead, Scan, Version,
};
use gateway_proto::{ChunkLimits, HeadLimits};

/// One request as it was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) method: Vec<u8>,
    pub(crate) target: Vec<u8>,
    pub(crate) is_http_11: bool,
    pub(crate) fields: Vec<(Vec<u8>, Vec<u8>)>,
    pub(crate) body: Vec<u8>,
    pub(crate) is_chunked: bool,
    pub(crate) is_whole: bool,
    pub(crate) upgrade: bool,
    pub(crate) keep_alive: bool,
}

/// Where the connection stands when its bytes are used up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// Every message is whole.
    Idle,
    /// In the middle of a head.
    Head,
    /// In the middle of a body.
    Body,
    /// The last message closes the connection; what came behind it was ignored.
    Closed,
    /// The last message asks for another protocol; what came behind it was not parsed.
    Upgraded,
    /// Refused, with this reason.
    Refused(&'static str, u16),
}

/// All that was read of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) messages: Vec<Message>,
    pub(crate) end: End,
}

/// Reads `pieces`, then the end of the stream.
pub(crate) fn run<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Outcome {
    let mut connection = Connection::new();
    for piece in pieces {
        connection.push(piece);
    }
    connection.finish()
}

enum State {
    Head,
    Length(u64),
    Chunked(ChunkedDecoder),
    Over(End),
}

struct Connection {
    buf: Vec<u8>,
    head: RequestHead,
    scanner: HeadScanner,
    state: State,
    messages: Vec<Message>,
}

impl Connection {
    fn new() -> Self {
        Self {
            buf: Vec::new(),
            head: RequestHead::new(),
            scanner: HeadScanner::new(HeadLimits::DEFAULT),
            state: State::Head,
            messages: Vec::new(),
        }
    }

    fn push(&mut self, piece: &[u8]) {
        self.buf.extend_from_slice(piece);
        while self.step() {}
    }

    /// Takes one step; whether another one may follow without more bytes.
    fn step(&mut self) -> bool {
        match &mut self.state {
            State::Over(_) => false,
            State::Head if self.buf.is_empty() => false,
            State::Head => self.scanner.push(&self.buf) == Scan::Parse && self.parse(),
            State::Length(left) => {
                let len = self.buf.len().min(usize::try_from(*left).unwrap_or(usize::MAX));
                *left -= len as u64;
                let is_over = *left == 0;
                let message = self.messages.last_mut().unwrap();
                message.body.extend(self.buf.drain(..len));
                if is_over {
                    self.end_message();
                }
                is_over
            }
            State::Chunked(decoder) => match decoder.decode_in_place(&mut self.buf) {
                Err(error) => {
                    // How much payload came out before the error depends on the pieces.
                    self.messages.last_mut().unwrap().body.clear();
                    self.state = State::Over(End::Refused(error.reason(), error.status()));
                    false
                }
                Ok(decoded) => {
                    assert!(decoded.written <= decoded.consumed);
                    assert!(decoded.consumed <= self.buf.len());
                    assert!(decoded.done || decoded.consumed == self.buf.len());
                    assert_eq!(decoded.done, decoder.is_done());
                    let message = self.messages.last_mut().unwrap();
                    message.body.extend_from_slice(&self.buf[..decoded.written]);
                    self.buf.drain(..decoded.consumed);
                    if decoded.done {
                        self.end_message();
                    }
                    decoded.done
                }
            },
        }
    }

    fn parse(&mut self) -> bool {
        match self.head.parse(&self.buf, &HeadLimits::DEFAULT) {
            Ok(Parsed::Partial) => false,
            Err(error) => {
                self.state = State::Over(End::Refused(error.reason(), error.status()));
                false
            }
            Ok(Parsed::Complete) => {
                assert!(self.head.len <= self.buf.len());
                assert!(self.head.len <= HeadLimits::DEFAULT.head_bytes_max());
                self.messages.push(message(&self.head, &self.buf));
                self.buf.drain(..self.head.len);
                self.scanner.reset();
                match self.head.body {
                    BodyLength::None | BodyLength::Length(0) => self.end_message(),
                    BodyLength::Length(length) => self.state = State::Length(length),
                    BodyLength::Chunked => {
                        self.state = State::Chunked(ChunkedDecoder::new(ChunkLimits::DEFAULT));
                    }
                }
                true
            }
        }
    }

    fn end_message(&mut self) {
        let message = self.messages.last_mut().unwrap();
        message.is_whole = true;
        self.state = match message {
            Message { upgrade: true, .. } => State::Over(End::Upgraded),
            Message { keep_alive: false, .. } => State::Over(End::Closed),
            _ => State::Head,
        };
    }

    fn finish(mut self) -> Outcome {
        if matches!(self.state, State::Head) && !self.buf.is_empty() {
            // The peer is gone: one last look tells a refusal from a head that was only cut short.
            let is_complete = self.parse();
            assert!(!is_complete, "the scanner slept through a whole head");
        }
        let end = match self.state {
            State::Over(end) => end,
            State::Head if self.buf.trim_ascii().is_empty() => End::Idle,
            State::Head => End::Head,
            State::Length(_) | State::Chunked(_) => End::Body,
        };
        Outcome { messages: self.messages, end }
    }
}

fn message(head: &RequestHead, buf: &[u8]) -> Message {
    let line = &buf[head.method.start as usize..];
    let line = &line[..line.iter().position(|&b| b == b'\r').unwrap()];
    Message {
        method: head.method.of(buf).to_vec(),
        target: line[head.method.len() + 1..line.len() - " HTTP/1.1".len()].to_vec(),
        is_http_11: head.version == Version::Http11,
        fields: head
            .fields
            .iter()
            .map(|field| (field.name.of(buf).to_vec(), field.value.of(buf).to_vec()))
            .collect(),
        is_chunked: head.body == BodyLength::Chunked,
        upgrade: head.upgrade,
        keep_alive: head.keep_alive,
        ..Message::default()
    }
}
