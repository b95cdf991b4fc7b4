//! What a head costs to parse: `cargo run --release -p gateway-proto --example head_cost`.
#![forbid(unsafe_code)]

use std::hint::black_box;
use std::time::Instant;

use gateway_proto::HeadLimits;
use gateway_proto::h1::{ChunkedDecoder, Parsed, RequestHead, ResponseHead};

const WRK: &[u8] = b"GET /prod/pets/42 HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nUser-Agent: wrk/4.2\r\n\
    Accept: */*\r\nConnection: keep-alive\r\n\r\n";

const BROWSER: &[u8] = b"GET /prod/pets/42/photos?size=large&page=2 HTTP/1.1\r\n\
    Host: abc123.execute-api.eu-west-1.amazonaws.com\r\n\
    Connection: keep-alive\r\n\
    sec-ch-ua: \"Chromium\";v=\"130\", \"Google Chrome\";v=\"130\", \"Not?A_Brand\";v=\"99\"\r\n\
    sec-ch-ua-mobile: ?0\r\n\
    sec-ch-ua-platform: \"Linux\"\r\n\
    Upgrade-Insecure-Requests: 1\r\n\
    User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36\r\n\
    Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8\r\n\
    Sec-Fetch-Site: none\r\n\
    Sec-Fetch-Mode: navigate\r\n\
    Sec-Fetch-User: ?1\r\n\
    Sec-Fetch-Dest: document\r\n\
    Accept-Encoding: gzip, deflate, br, zstd\r\n\
    Accept-Language: en-GB,en;q=0.9,de;q=0.8\r\n\
    Cookie: session=0123456789abcdef0123456789abcdef; theme=dark\r\n\r\n";

const RESPONSE: &[u8] =
    b"HTTP/1.1 200 OK\r\nServer: nginx\r\nDate: Sun, 01 Jan 2023 00:00:00 GMT\r\n\
    Content-Type: application/json\r\nContent-Length: 5\r\nConnection: keep-alive\r\n\r\n";

fn main() {
    let limits = HeadLimits::DEFAULT;
    let mut head = RequestHead::new();
    for (name, bytes) in [("request, 4 fields", WRK), ("request, 15 fields", BROWSER)] {
        measure(name, bytes.len(), || {
            assert_eq!(head.parse(black_box(bytes), &limits), Ok(Parsed::Complete));
        });
    }
    let mut head = ResponseHead::new();
    measure("response, 5 fields", RESPONSE.len(), || {
        assert_eq!(head.parse(black_box(RESPONSE), false, &limits), Ok(Parsed::Complete));
    });
    let encoded = [&b"1000\r\n"[..], &[b'x'; 4096], b"\r\n0\r\n\r\n"].concat();
    let mut buf = encoded.clone();
    measure("chunked, 4 KiB in one chunk", encoded.len(), || {
        buf.copy_from_slice(&encoded);
        let decoded = ChunkedDecoder::new(Default::default()).decode_in_place(black_box(&mut buf));
        assert!(decoded.is_ok_and(|decoded| decoded.done));
    });
}

/// Prints the best of many short rounds, so that other work on the machine falls between them.
fn measure(name: &str, len: usize, mut work: impl FnMut()) {
    const CALLS: u32 = 500;
    let best = (0..4_000)
        .map(|_| {
            let start = Instant::now();
            for _ in 0..CALLS {
                work();
            }
            start.elapsed()
        })
        .min()
        .unwrap_or_default();
    println!("{name:28} {len:5} bytes {:6.0} ns", best.as_secs_f64() * 1e9 / f64::from(CALLS));
}
