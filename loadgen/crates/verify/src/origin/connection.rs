//! One connection of the origin: requests in, answers out, until either side has enough.

use std::io::{Read, Write};
use std::net::TcpStream;

use gateway_proto::h1::{BodyLength, ChunkedDecoder, Parsed, RequestHead};
use gateway_proto::{ChunkLimits, HeadLimits};

use super::{Call, Shared, body};
use crate::limits::{ORIGIN_BUFFER_BYTES, ORIGIN_IDLE_MAX};

/// Serves `stream` until it ends, is idle for too long, or sends what is no HTTP.
pub(super) fn serve(mut stream: TcpStream, shared: &Shared) {
    // Both fail only for a connection that is gone already.
    let _ = stream.set_read_timeout(Some(ORIGIN_IDLE_MAX));
    let _ = stream.set_nodelay(true);
    let mut head = RequestHead::new();
    let mut received = Vec::with_capacity(ORIGIN_BUFFER_BYTES);
    let mut out = Vec::new();
    loop {
        match head.parse(&received, &HeadLimits::DEFAULT) {
            Ok(Parsed::Complete) => {}
            Ok(Parsed::Partial) if more(&mut stream, &mut received) => continue,
            Ok(Parsed::Partial) => return,
            Err(error) => {
                let text = "Content-Length: 0\r\nConnection: close\r\n\r\n";
                let _ = write!(stream, "HTTP/1.1 {} Refused\r\n{text}", error.status());
                return;
            }
        }
        let call = call(&head, &received);
        received.drain(..head.len);
        if head.expect_continue && stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").is_err() {
            return;
        }
        if !skip_body(&mut stream, &mut received, head.body) {
            return;
        }
        let is_head = call.method == "HEAD";
        let number = shared.record(call.clone());
        let body = body(number, &call);
        out.clear();
        out.extend_from_slice(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n");
        if !head.keep_alive {
            out.extend_from_slice(b"Connection: close\r\n");
        }
        out.extend_from_slice(format!("Content-Length: {}\r\n\r\n", body.len()).as_bytes());
        if !is_head {
            out.extend_from_slice(body.as_bytes());
        }
        if stream.write_all(&out).is_err() || !head.keep_alive {
            return;
        }
    }
}

fn call(head: &RequestHead, bytes: &[u8]) -> Call {
    let text = |span: &gateway_proto::Span| String::from_utf8_lossy(span.of(bytes)).into_owned();
    let headers = head.fields.iter();
    let headers = headers.map(|f| (text(&f.name).to_ascii_lowercase(), text(&f.value))).collect();
    Call {
        number: 0,
        method: text(&head.method),
        path: text(&head.target.path),
        query: text(&head.target.query),
        headers,
    }
}

/// Drops a request's body; false when the connection ends before it does.
fn skip_body(stream: &mut TcpStream, received: &mut Vec<u8>, length: BodyLength) -> bool {
    match length {
        BodyLength::None => true,
        BodyLength::Length(mut left) => loop {
            let skipped = received.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            received.drain(..skipped);
            left -= skipped as u64;
            if left == 0 {
                return true;
            }
            if !more(stream, received) {
                return false;
            }
        },
        BodyLength::Chunked => {
            let mut decoder = ChunkedDecoder::new(ChunkLimits::DEFAULT);
            loop {
                let Ok(decoded) = decoder.decode_in_place(received) else { return false };
                received.drain(..decoded.consumed);
                if decoded.done {
                    return true;
                }
                if !more(stream, received) {
                    return false;
                }
            }
        }
    }
}

fn more(stream: &mut TcpStream, received: &mut Vec<u8>) -> bool {
    let start = received.len();
    received.resize(start + ORIGIN_BUFFER_BYTES, 0);
    let count = loop {
        match stream.read(&mut received[start..]) {
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            other => break other.unwrap_or(0),
        }
    };
    received.truncate(start + count);
    count > 0
}
