//! The runtime API's side of HTTP/1.1, as a pure state machine: bytes in, requests out.
//!
//! Source: "Using the Lambda runtime API for custom runtimes" and its OpenAPI document, version 2018-06-01; where these
//! are silent, what Lambda's own emulator does.

use gateway_proto::h1::{BodyLength, ChunkedDecoder, HeadScanner, Parsed, RequestHead, Scan};
use gateway_proto::{Field, is_name};

use super::trailers::{self, Trailers};
use crate::limits::{RESPONSE_BYTES_MAX, RUNTIME_API_CHUNKS, RUNTIME_API_HEAD};

/// One request of a runtime, its body whole.
#[derive(Debug, PartialEq)]
pub struct Request {
    /// What it is about.
    pub route: Route,
    /// Its body.
    pub body: Body,
    /// `Lambda-Runtime-Function-Error-Type`, of the head or else of the trailers.
    pub error_type: Option<String>,
    /// `Lambda-Runtime-Function-Error-Body` of the trailers, decoded: the function failed while its result was
    /// being sent.
    pub error_body: Option<Vec<u8>>,
    /// `Lambda-Runtime-Function-Response-Mode` is absent, or `streaming`.
    pub is_mode_known: bool,
    /// The connection outlives the answer.
    pub keep_alive: bool,
}

/// What a request is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Route {
    /// `GET /2018-06-01/runtime/invocation/next`
    Next,
    /// `POST /2018-06-01/runtime/invocation/{id}/response`; `None` is an id that cannot be one.
    Response(Option<[u8; 36]>),
    /// `POST /2018-06-01/runtime/invocation/{id}/error`
    Error(Option<[u8; 36]>),
    /// `POST /2018-06-01/runtime/init/error`
    InitError,
    /// No such path.
    Unknown,
    /// Such a path, with another method; the one it has.
    OtherMethod(&'static str),
}

/// The body of a request.
#[derive(Debug, PartialEq)]
pub enum Body {
    /// All of it.
    Whole(Vec<u8>),
    /// More than [`RESPONSE_BYTES_MAX`]; so many bytes were dropped.
    TooLarge(u64),
}

/// What a [`Reader`] has.
#[derive(Debug, PartialEq)]
pub enum Read {
    /// Nothing before more bytes come.
    More,
    /// The client waits for `100 Continue` before it sends the body. Said once.
    Continue,
    /// A request.
    Request(Request),
    /// This is not HTTP as we speak it: answer the status, and close.
    Refused {
        /// The status to answer with.
        status: u16,
        /// Why, as a kebab-case code.
        reason: &'static str,
    },
}

/// Reads the requests of one connection.
pub struct Reader {
    input: Vec<u8>,
    scanner: HeadScanner,
    head: RequestHead,
    stage: Stage,
}

enum Stage {
    Head,
    Body(Box<Receiving>),
    Refused { status: u16, reason: &'static str },
}

/// A request whose body is being received.
struct Receiving {
    request: Request,
    framing: Framing,
    len: u64,
    must_continue: bool,
}

enum Framing {
    Length { left: u64 },
    Chunked { decoder: ChunkedDecoder, trailers: Trailers },
}

impl Default for Reader {
    fn default() -> Self {
        Self::new()
    }
}

impl Reader {
    /// At the start of a connection.
    pub fn new() -> Self {
        Self {
            input: Vec::new(),
            scanner: HeadScanner::new(RUNTIME_API_HEAD),
            head: RequestHead::new(),
            stage: Stage::Head,
        }
    }

    /// Takes what was received. Everything before has been [read](Self::read) until there was no more.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.input.extend_from_slice(bytes);
    }

    /// The next thing to do.
    pub fn read(&mut self) -> Read {
        loop {
            let read = match &mut self.stage {
                Stage::Head => self.read_head(),
                Stage::Body(receiving) => {
                    if std::mem::take(&mut receiving.must_continue) && self.input.is_empty() {
                        return Read::Continue;
                    }
                    self.read_body()
                }
                Stage::Refused { status, reason } => {
                    return Read::Refused { status: *status, reason };
                }
            };
            match read {
                Ok(Some(read)) => return read,
                Ok(None) => {}
                Err((status, reason)) => self.stage = Stage::Refused { status, reason },
            }
        }
    }

    /// `None` when the head was read and something else is next.
    fn read_head(&mut self) -> Result<Option<Read>, (u16, &'static str)> {
        if self.input.is_empty() || self.scanner.push(&self.input) == Scan::Wait {
            return Ok(Some(Read::More));
        }
        match self.head.parse(&self.input, &RUNTIME_API_HEAD) {
            Err(error) => return Err((error.status(), error.reason())),
            Ok(Parsed::Partial) => return Ok(Some(Read::More)),
            Ok(Parsed::Complete) => {}
        }
        let head = &self.head;
        let request = Request {
            route: route(head.method.of(&self.input), head.target.path.of(&self.input)),
            body: Body::Whole(Vec::new()),
            error_type: self.value(ERROR_TYPE).map(text),
            error_body: None,
            is_mode_known: self.value(RESPONSE_MODE).is_none_or(|mode| mode == b"streaming"),
            keep_alive: head.keep_alive,
        };
        let framing = match head.body {
            BodyLength::None | BodyLength::Length(0) => {
                self.end_head();
                return Ok(Some(Read::Request(request)));
            }
            BodyLength::Length(left) => Framing::Length { left },
            BodyLength::Chunked => Framing::Chunked {
                decoder: ChunkedDecoder::new(RUNTIME_API_CHUNKS),
                trailers: Trailers::default(),
            },
        };
        let must_continue = head.expect_continue;
        self.end_head();
        self.stage = Stage::Body(Box::new(Receiving { request, framing, len: 0, must_continue }));
        Ok(None)
    }

    /// Reads on in the body; a request when it is whole.
    fn read_body(&mut self) -> Result<Option<Read>, (u16, &'static str)> {
        let Stage::Body(receiving) = &mut self.stage else { return Ok(None) };
        let input = &mut self.input;
        let (consumed, is_whole) = match &mut receiving.framing {
            Framing::Length { left } => {
                let len = usize::try_from(*left).map_or(input.len(), |left| left.min(input.len()));
                keep(&mut receiving.request.body, &mut receiving.len, &input[..len]);
                *left -= len as u64;
                (len, *left == 0)
            }
            Framing::Chunked { decoder, trailers } => {
                trailers.remember(input);
                let decoded =
                    decoder.decode_in_place(input).map_err(|error| (400, error.reason()))?;
                trailers.forget_last(input.len() - decoded.consumed);
                keep(&mut receiving.request.body, &mut receiving.len, &input[..decoded.written]);
                (decoded.consumed, decoded.done)
            }
        };
        input.drain(..consumed);
        if !is_whole {
            return Ok(Some(Read::More));
        }
        let Stage::Body(receiving) = std::mem::replace(&mut self.stage, Stage::Head) else {
            return Ok(None);
        };
        let Receiving { mut request, framing, .. } = *receiving;
        if let Framing::Chunked { trailers, .. } = framing {
            let lines = trailers.lines();
            request.error_body = trailers::find(&lines, ERROR_BODY).map(trailers::base64);
            request.error_type =
                request.error_type.or_else(|| trailers::find(&lines, ERROR_TYPE).map(text));
        }
        Ok(Some(Read::Request(request)))
    }

    fn end_head(&mut self) {
        self.input.drain(..self.head.len);
        self.scanner.reset();
    }

    fn value(&self, name: &str) -> Option<&[u8]> {
        let is_it = |field: &&Field| is_name(field.name.of(&self.input), name.as_bytes());
        self.head.fields.iter().find(is_it).map(|field| field.value.of(&self.input))
    }
}

const ERROR_TYPE: &str = "Lambda-Runtime-Function-Error-Type";
const ERROR_BODY: &str = "Lambda-Runtime-Function-Error-Body";
const RESPONSE_MODE: &str = "Lambda-Runtime-Function-Response-Mode";

fn route(method: &[u8], path: &[u8]) -> Route {
    let Some(path) = path.strip_prefix(b"/2018-06-01/runtime/") else { return Route::Unknown };
    let (route, wanted) = match path {
        b"invocation/next" => (Route::Next, "GET"),
        b"init/error" => (Route::InitError, "POST"),
        _ => {
            let Some(rest) = path.strip_prefix(b"invocation/") else { return Route::Unknown };
            let mut parts = rest.splitn(2, |b| *b == b'/');
            let id = parts.next().unwrap_or_default().try_into().ok();
            match parts.next() {
                Some(b"response") => (Route::Response(id), "POST"),
                Some(b"error") => (Route::Error(id), "POST"),
                _ => return Route::Unknown,
            }
        }
    };
    if method == wanted.as_bytes() { route } else { Route::OtherMethod(wanted) }
}

/// Keeps `bytes` of a body, unless there are too many.
fn keep(body: &mut Body, len: &mut u64, bytes: &[u8]) {
    *len += bytes.len() as u64;
    match body {
        Body::Whole(kept) if *len <= RESPONSE_BYTES_MAX as u64 => kept.extend_from_slice(bytes),
        _ => *body = Body::TooLarge(*len),
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests;
