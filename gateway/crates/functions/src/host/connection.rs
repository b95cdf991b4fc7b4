//! One connection to an environment's runtime API.

use std::io::{self, Write};
use std::rc::Rc;

use gateway_rt::{Buf, TcpListener, TcpStream, clock};
use gateway_telemetry::clock::http_date;

use super::api::{Body, Read, Reader, Request, Route};
use super::documents;
use super::environment::{Environment, Next, Task};
use super::pool::Wrong;
use super::{Invocation, Outcome};
use crate::limits::{CONNECTIONS_MAX, RESPONSE_BYTES_MAX};

/// Accepts connections until the environment ends.
pub(super) async fn accept(environment: Rc<Environment>, listener: Rc<TcpListener>) {
    while let Ok((stream, _)) = listener.accept().await {
        let stream = Rc::new(stream);
        if environment.connect(&stream, CONNECTIONS_MAX) {
            gateway_rt::spawn(serve(environment.clone(), stream));
        }
    }
}

/// Answers the requests of one connection.
async fn serve(environment: Rc<Environment>, stream: Rc<TcpStream>) {
    let mut connection = Connection { reader: Reader::new(), out: Vec::new() };
    // The peer is gone, or was told; there is nobody to report an error to.
    let _ = connection.serve(&environment, &stream).await;
    if environment.disconnect(&stream) {
        environment.pool.disconnected(&environment);
    }
}

struct Connection {
    reader: Reader,
    out: Vec<u8>,
}

impl Connection {
    async fn serve(&mut self, environment: &Rc<Environment>, stream: &TcpStream) -> io::Result<()> {
        loop {
            match self.reader.read() {
                Read::More => {
                    let (result, buf) = stream.recv(Buf::take()).await;
                    if result? == 0 {
                        return Ok(());
                    }
                    self.reader.feed(buf.filled());
                }
                Read::Continue => send(stream, b"HTTP/1.1 100 Continue\r\n\r\n", &[]).await?,
                Read::Refused { status, reason } => {
                    self.error(status, "InvalidRequest", reason, false);
                    return send(stream, &self.out, &[]).await;
                }
                Read::Request(request) => {
                    let keep_alive = request.keep_alive;
                    self.answer(environment, stream, request).await?;
                    if !keep_alive {
                        return Ok(());
                    }
                }
            }
        }
    }

    async fn answer(
        &mut self,
        environment: &Rc<Environment>,
        stream: &TcpStream,
        request: Request,
    ) -> io::Result<()> {
        let keep_alive = request.keep_alive;
        match request.route {
            Route::Next => match environment.next().await {
                Next::Task(task) => {
                    self.next(environment, &task, keep_alive);
                    return send(stream, &self.out, &task.invocation.payload).await;
                }
                Next::Superseded => self.error(403, INVALID_STATE, SUPERSEDED, keep_alive),
                Next::Ended => return Err(io::ErrorKind::ConnectionAborted.into()),
            },
            Route::Response(id) => self.response(environment, id, request),
            Route::Error(id) => self.invocation_error(environment, id, request),
            Route::InitError => match environment.pool.init_failed(environment, failure(request)) {
                Ok(()) => self.accepted(keep_alive),
                Err(wrong) => self.wrong(wrong, keep_alive),
            },
            Route::Unknown => self.error(404, "NotFound", "404 page not found", keep_alive),
            Route::OtherMethod(allow) => {
                let message = format!("this path has {allow} only");
                self.error(405, "MethodNotAllowed", &message, keep_alive);
            }
        }
        send(stream, &self.out, &[]).await
    }

    /// The result of an invocation.
    fn response(&mut self, environment: &Rc<Environment>, id: Option<[u8; 36]>, request: Request) {
        let keep_alive = request.keep_alive;
        let pool = &environment.pool;
        if !request.is_mode_known {
            let document = documents::document("Runtime.InvalidResponseModeHeader", "");
            let outcome = Outcome { payload: document, is_error: true };
            return match pool.answer(environment, id, outcome) {
                Ok(()) => {
                    let message = "Invalid function response mode";
                    self.error(400, "InvalidFunctionResponseMode", message, keep_alive);
                }
                Err(wrong) => self.wrong(wrong, keep_alive),
            };
        }
        if request.error_type.is_some() || request.error_body.is_some() {
            // The result's beginning was streamed when the function failed.
            let body = Body::Whole(request.error_body.unwrap_or_default());
            let request = Request { error_body: None, body, ..request };
            return self.invocation_error(environment, id, request);
        }
        match request.body {
            Body::Whole(payload) => {
                let outcome = Outcome { payload, is_error: false };
                match pool.answer(environment, id, outcome) {
                    Ok(()) => self.accepted(keep_alive),
                    Err(wrong) => self.wrong(wrong, keep_alive),
                }
            }
            Body::TooLarge(len) => self.too_large(environment, id, len, keep_alive),
        }
    }

    /// The failure of an invocation.
    fn invocation_error(
        &mut self,
        environment: &Rc<Environment>,
        id: Option<[u8; 36]>,
        request: Request,
    ) {
        let keep_alive = request.keep_alive;
        if let Body::TooLarge(len) = request.body {
            return self.too_large(environment, id, len, keep_alive);
        }
        let outcome = Outcome { payload: failure(request), is_error: true };
        match environment.pool.answer(environment, id, outcome) {
            Ok(()) => self.accepted(keep_alive),
            Err(wrong) => self.wrong(wrong, keep_alive),
        }
    }

    fn too_large(
        &mut self,
        environment: &Rc<Environment>,
        id: Option<[u8; 36]>,
        len: u64,
        keep_alive: bool,
    ) {
        let message = documents::too_large(len);
        let payload = documents::document("Function.ResponseSizeTooLarge", &message);
        let outcome = Outcome { payload, is_error: true };
        match environment.pool.answer(environment, id, outcome) {
            Ok(()) => {
                let message =
                    format!("Exceeded maximum allowed payload size ({RESPONSE_BYTES_MAX} bytes).");
                self.error(413, "RequestEntityTooLarge", &message, keep_alive);
            }
            Err(wrong) => self.wrong(wrong, keep_alive),
        }
    }

    /// Writes the head of the answer with an invocation; its payload follows.
    fn next(&mut self, environment: &Environment, task: &Task, keep_alive: bool) {
        let Invocation { request_id, payload, trace_id, .. } = &task.invocation;
        let now_ms = clock::unix_ms();
        let out = &mut self.out;
        out.clear();
        out.extend_from_slice(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nDate: ");
        out.extend_from_slice(&http_date(now_ms / 1000));
        out.extend_from_slice(b"\r\nLambda-Runtime-Aws-Request-Id: ");
        out.extend_from_slice(request_id);
        out.extend_from_slice(b"\r\nLambda-Runtime-Deadline-Ms: ");
        // Writing to a vector cannot fail.
        let _ = write!(out, "{}", task.deadline_unix_ms);
        out.extend_from_slice(b"\r\nLambda-Runtime-Invoked-Function-Arn: ");
        out.extend_from_slice(environment.pool.function.plan.arn.as_bytes());
        if !trace_id.is_empty() && trace_id.iter().all(|b| matches!(b, b' '..=b'~')) {
            out.extend_from_slice(b"\r\nLambda-Runtime-Trace-Id: ");
            out.extend_from_slice(trace_id);
        }
        end_head(out, payload.len(), keep_alive);
    }

    fn accepted(&mut self, keep_alive: bool) {
        self.json(202, b"{\"status\":\"OK\"}\n", keep_alive);
    }

    fn wrong(&mut self, wrong: Wrong, keep_alive: bool) {
        match wrong {
            Wrong::RequestId => {
                self.error(400, "InvalidRequestID", "Invalid request ID", keep_alive);
            }
            Wrong::State(state) => {
                let message = format!("State transition is not allowed in state {state:?}");
                self.error(403, INVALID_STATE, &message, keep_alive);
            }
        }
    }

    fn error(&mut self, status: u16, error_type: &str, message: &str, keep_alive: bool) {
        let document = documents::document(error_type, message);
        self.json(status, &document, keep_alive);
    }

    fn json(&mut self, status: u16, document: &[u8], keep_alive: bool) {
        let out = &mut self.out;
        out.clear();
        let _ = write!(out, "HTTP/1.1 {status} {}", reason(status));
        out.extend_from_slice(b"\r\nContent-Type: application/json\r\nDate: ");
        out.extend_from_slice(&http_date(clock::unix_ms() / 1000));
        end_head(out, document.len(), keep_alive);
        out.extend_from_slice(document);
    }
}

const INVALID_STATE: &str = "InvalidStateTransition";
const SUPERSEDED: &str = "the next invocation was asked for on another connection";

/// The error document that a runtime sent; one of its header where it sent none.
fn failure(request: Request) -> Vec<u8> {
    let error_type = request.error_type.as_deref().unwrap_or("Runtime.Unknown");
    match request.body {
        Body::Whole(document) if !document.is_empty() => document,
        Body::Whole(_) => documents::document(error_type, "Unknown application error occurred"),
        Body::TooLarge(len) => {
            documents::document("Function.ResponseSizeTooLarge", &documents::too_large(len))
        }
    }
}

fn end_head(out: &mut Vec<u8>, len: usize, keep_alive: bool) {
    let close = if keep_alive { "" } else { "Connection: close\r\n" };
    let _ = write!(out, "\r\nContent-Length: {len}\r\n{close}\r\n");
}

fn reason(status: u16) -> &'static str {
    match status {
        202 => "Accepted",
        400 => "Bad Request",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        413 => "Request Entity Too Large",
        414 => "URI Too Long",
        417 => "Expectation Failed",
        431 => "Request Header Fields Too Large",
        501 => "Not Implemented",
        505 => "HTTP Version Not Supported",
        _ => "Error",
    }
}

/// Sends a head and what follows it: with one system call, and what the socket does not take at once through the ring.
async fn send(stream: &TcpStream, head: &[u8], body: &[u8]) -> io::Result<()> {
    let sent = match stream.try_send_parts(head, body) {
        Ok(sent) => sent,
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => 0,
        Err(error) => return Err(error),
    };
    if sent == head.len() + body.len() {
        return Ok(());
    }
    let in_head = sent.min(head.len());
    let mut rest = [&head[in_head..], &body[sent - in_head..]];
    let mut buf = Buf::take();
    while rest.iter().any(|part| !part.is_empty()) {
        for part in &mut rest {
            let len = part.len().min(buf.spare());
            buf.extend(&part[..len]);
            *part = &part[len..];
        }
        let result;
        (result, buf) = stream.send(buf).await;
        result?;
        buf.reset(0);
    }
    Ok(())
}
