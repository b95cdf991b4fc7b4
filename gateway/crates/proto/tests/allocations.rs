//! Parsing and decoding allocate nothing once a head has seen as many fields as it will see.
#![forbid(unsafe_code)]

use gateway_proto::h1::{
    ChunkedDecoder, HeadScanner, Parsed, RequestHead, ResponseHead, Scan, write_chunk_head,
};
use gateway_proto::{ChunkLimits, HeadLimits};

const REQUEST: &[u8] = b"POST /prod/pets/42?limit=10 HTTP/1.1\r\nHost: api.example.com\r\n\
    User-Agent: wrk\r\nAccept: */*\r\nAccept-Encoding: gzip\r\nConnection: keep-alive\r\n\
    Transfer-Encoding: chunked\r\nX-Forwarded-For: 10.0.0.1\r\n\r\n";

const RESPONSE: &[u8] = b"HTTP/1.1 200 OK\r\nServer: x\r\nContent-Type: text/plain\r\n\
    Content-Length: 5\r\nConnection: keep-alive\r\n\r\n";

#[test]
fn a_thousand_exchanges_allocate_nothing_after_the_first() {
    let mut request = RequestHead::new();
    let mut response = ResponseHead::new();
    let mut body = *b"5\r\nhello\r\n0\r\n\r\n";
    let first = allocation_counter::measure(|| exchange(&mut request, &mut response, &mut body));
    assert!(first.count_total > 0, "the counter counts");
    let info = allocation_counter::measure(|| {
        for _ in 0..1_000 {
            exchange(&mut request, &mut response, &mut body);
        }
    });
    assert_eq!((info.count_total, info.bytes_total), (0, 0));
}

fn exchange(request: &mut RequestHead, response: &mut ResponseHead, body: &mut [u8; 15]) {
    let mut scanner = HeadScanner::new(HeadLimits::DEFAULT);
    assert_eq!(scanner.push(REQUEST), Scan::Parse);
    assert_eq!(request.parse(REQUEST, &HeadLimits::DEFAULT), Ok(Parsed::Complete));
    *body = *b"5\r\nhello\r\n0\r\n\r\n";
    let decoded = ChunkedDecoder::new(ChunkLimits::DEFAULT).decode_in_place(body);
    assert!(decoded.is_ok_and(|decoded| decoded.done));
    assert_eq!(response.parse(RESPONSE, false, &HeadLimits::DEFAULT), Ok(Parsed::Complete));
    assert_eq!(write_chunk_head(5, &mut [0; 18]), 3);
}
