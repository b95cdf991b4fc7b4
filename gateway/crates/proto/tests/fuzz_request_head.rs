//! A request head of arbitrary bytes: no panic, no length beyond the buffer, no dependence on splits.
#![forbid(unsafe_code)]

mod driver;

use gateway_proto::HeadLimits;
use gateway_proto::h1::{Parsed, RequestHead};

#[test]
fn request_head() {
    bolero::check!().for_each(|input: &[u8]| {
        judge(input);
        judge(&[b"GET / HTTP/1.1\r\nHost: h\r\n", input].concat());
        judge(&[b"GET /", input, b" HTTP/1.1\r\nHost: h\r\n\r\n"].concat());
    });
}

fn judge(bytes: &[u8]) {
    let mut head = RequestHead::new();
    if head.parse(bytes, &HeadLimits::DEFAULT) == Ok(Parsed::Complete) {
        assert!(head.len <= bytes.len());
        assert!(head.target.path.of(bytes).starts_with(b"/") || head.target.path.of(bytes) == b"*");
        assert!(head.fields.iter().all(|field| !field.name.of(bytes).is_empty()));
        assert!(head.fields.iter().all(|field| field.value.end as usize <= head.len));
    }
    let whole = driver::run([bytes]);
    assert_eq!(driver::run(bytes.chunks(1)), whole);
    assert_eq!(driver::run(bytes.chunks(7)), whole);
}
