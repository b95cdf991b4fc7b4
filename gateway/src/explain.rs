//! `gateway explain`: asks the running gateway what would become of a request.
//!
//! The question goes to the ops address as a GET, as that takes no body; see [`Question`]. What is
//! asked may hold an API key, so neither side logs it.

use std::fmt;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use gateway_dataplane::explain::Question;
use gateway_proto::h1::{Parsed, ResponseBody, ResponseHead};
use gateway_proto::{HeadLimits, is_name};

use crate::cli::{EXIT_OK, EXIT_PROBLEMS, EXIT_USAGE, ExplainArgs};
use crate::ops::explain::{PATH, VERDICT, VERDICT_ANSWERED};

/// How long asking may take. Source: our own; the gateway answers in milliseconds, and a person waits.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Bytes of an answer. Source: our own; a trail has a few kilobytes.
const ANSWER_BYTES_MAX: u64 = 1024 * 1024;

/// The status for what is no request. Source: [`crate::ops::explain`].
const STATUS_UNPARSABLE: u16 = 422;

/// Runs the command; says the exit status.
pub(crate) fn explain(args: &ExplainArgs) -> u8 {
    let question = Question {
        method: args.method.clone().into_bytes(),
        url: args.url.clone().into_bytes(),
        headers: args.headers.iter().map(|header| header.clone().into_bytes()).collect(),
    };
    if let Err(error) = question.head() {
        eprintln!("error: {error}");
        return EXIT_USAGE;
    }
    match ask(args.ops, &question, args.json) {
        Ok(said) if said.status == 200 => {
            // Whoever reads may have seen enough.
            let _ = io::stdout().write_all(&said.body);
            if said.is_answered { EXIT_OK } else { EXIT_PROBLEMS }
        }
        Ok(said) => {
            eprintln!("error: {}", String::from_utf8_lossy(&said.body).trim_end());
            if said.status == STATUS_UNPARSABLE { EXIT_PROBLEMS } else { EXIT_USAGE }
        }
        Err(error) => {
            eprintln!("error: {error}");
            EXIT_USAGE
        }
    }
}

/// Why the gateway says nothing.
enum AskError {
    /// Nobody listens there.
    Unreachable(SocketAddr, io::Error),
    /// What is there does not answer.
    Silent(SocketAddr, io::Error),
    /// What is there answers something else.
    NotOurs(SocketAddr),
    /// The question does not fit a request's head.
    TooLong,
}

impl fmt::Display for AskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable(ops, error) => write!(
                f,
                "no gateway at {ops}: {error}\n\
                 Start one with `gateway run TEMPLATE`, or name the ops address of a running one \
                 with --ops ADDR."
            ),
            Self::Silent(ops, error) => {
                write!(f, "{ops} gives no whole answer within {} s: {error}", TIMEOUT.as_secs())
            }
            Self::TooLong => f.write_str("the request is too long to be asked about"),
            Self::NotOurs(ops) => write!(
                f,
                "{ops} is no ops address of a gateway that can explain\n\
                 Name the one that `gateway run` logs at its start with --ops ADDR."
            ),
        }
    }
}

/// What the gateway says.
struct Said {
    status: u16,
    is_answered: bool,
    body: Vec<u8>,
}

fn ask(ops: SocketAddr, question: &Question, is_json: bool) -> Result<Said, AskError> {
    let deadline = Instant::now() + TIMEOUT;
    let stream = TcpStream::connect_timeout(&ops, TIMEOUT);
    let mut stream = stream.map_err(|error| AskError::Unreachable(ops, error))?;
    let accept = if is_json { "application/json" } else { "text/plain" };
    let request = format!(
        "GET {PATH}?{} HTTP/1.1\r\nHost: {ops}\r\nAccept: {accept}\r\nConnection: close\r\n\r\n",
        question.query()
    );
    let bytes = exchange(&mut stream, request.as_bytes(), deadline);
    let bytes = bytes.map_err(|error| AskError::Silent(ops, error))?;
    let mut head = ResponseHead::new();
    match head.parse(&bytes, false, &HeadLimits::DEFAULT) {
        Ok(Parsed::Complete) => {}
        _ => return Err(AskError::NotOurs(ops)),
    }
    let body = &bytes[head.len..];
    let is_whole = matches!(head.body, ResponseBody::Length(length) if length == body.len() as u64);
    match head.status {
        414 | 431 => return Err(AskError::TooLong),
        200 | 400 | STATUS_UNPARSABLE | 503 if is_whole => {}
        _ => return Err(AskError::NotOurs(ops)),
    }
    let mut fields = head.fields.iter();
    let verdict = fields.find(|field| is_name(field.name.of(&bytes), VERDICT.as_bytes()));
    if head.status == 200 && verdict.is_none() {
        return Err(AskError::NotOurs(ops));
    }
    let is_answered =
        verdict.is_some_and(|field| field.value.of(&bytes) == VERDICT_ANSWERED.as_bytes());
    Ok(Said { status: head.status, is_answered, body: body.to_vec() })
}

/// Sends a request and reads all that comes back.
fn exchange(stream: &mut TcpStream, request: &[u8], deadline: Instant) -> io::Result<Vec<u8>> {
    let left = || {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() { Err(io::Error::from(io::ErrorKind::TimedOut)) } else { Ok(left) }
    };
    stream.set_write_timeout(Some(left()?))?;
    stream.write_all(request)?;
    let mut bytes = Vec::new();
    let mut piece = [0; 16 * 1024];
    while (bytes.len() as u64) < ANSWER_BYTES_MAX {
        stream.set_read_timeout(Some(left()?))?;
        match stream.read(&mut piece) {
            Ok(0) => return Ok(bytes),
            Ok(count) => bytes.extend_from_slice(&piece[..count]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::other("the answer is too long"))
}
