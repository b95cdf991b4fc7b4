//! Arbitrary bytes from a runtime: no panic, no dependence on how they were split, no memory without bound.
#![forbid(unsafe_code)]

use gateway_functions::host::api::{Body, Read, Reader, Request};
use gateway_functions::limits::RESPONSE_BYTES_MAX;

#[test]
fn runtime_api() {
    bolero::check!().for_each(|input: &[u8]| {
        judge(input);
        judge(
            &[b"GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: h\r\n", input].concat(),
        );
        let post = b"POST /2018-06-01/runtime/init/error HTTP/1.1\r\nHost: h\r\n";
        judge(&[post, input].concat());
        judge(&[post, &b"Transfer-Encoding: chunked\r\n\r\n"[..], input].concat());
        let chunk = b"Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n";
        judge(&[&post[..], chunk, input, b"\r\n\r\n"].concat());
        judge(&[post, &b"Content-Length: 5\r\n\r\n"[..], input].concat());
    });
}

fn judge(bytes: &[u8]) {
    let (whole, refused_whole) = run(bytes, bytes.len().max(1));
    for step in [1, 7] {
        let (split, refused_split) = run(bytes, step);
        assert_eq!(split, whole);
        // A head that comes in pieces and is wrong may be refused only when its end is there.
        if let (Some(split), Some(whole)) = (refused_split, refused_whole) {
            assert_eq!(split, whole);
        }
    }
}

/// Whether the bytes were refused, and the requests before that.
fn run(bytes: &[u8], step: usize) -> (Vec<Request>, Option<u16>) {
    let mut reader = Reader::new();
    let mut requests = Vec::new();
    for piece in bytes.chunks(step) {
        reader.feed(piece);
        loop {
            match reader.read() {
                Read::More => break,
                Read::Continue => {}
                Read::Refused { status, .. } => return (requests, Some(status)),
                Read::Request(request) => {
                    if let Body::Whole(body) = &request.body {
                        assert!(body.len() <= RESPONSE_BYTES_MAX);
                    }
                    requests.push(request);
                }
            }
        }
    }
    (requests, None)
}
