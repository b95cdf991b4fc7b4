//! A response head of arbitrary bytes: no panic, no length beyond the buffer, no dependence on splits.
#![forbid(unsafe_code)]

use gateway_proto::HeadLimits;
use gateway_proto::h1::{Parsed, ResponseHead};

#[test]
fn response_head() {
    bolero::check!().for_each(|input: &[u8]| {
        judge(input);
        judge(&[b"HTTP/1.1 200 OK\r\n", input].concat());
        judge(&[b"HTTP/1.1 ", input, b"\r\n\r\n"].concat());
    });
}

fn judge(bytes: &[u8]) {
    let limits = HeadLimits::DEFAULT;
    for is_head in [false, true] {
        let mut head = ResponseHead::new();
        let expect = head.parse(bytes, is_head, &limits);
        if expect == Ok(Parsed::Complete) {
            assert!(head.len <= bytes.len());
            assert!((100..600).contains(&head.status) && head.status != 101);
            assert!(head.fields.iter().all(|field| field.value.end as usize <= head.len));
        }
        let first = (0..=bytes.len())
            .map(|len| head.parse(&bytes[..len], is_head, &limits))
            .find(|result| *result != Ok(Parsed::Partial));
        assert_eq!(first.unwrap_or(Ok(Parsed::Partial)), expect);
    }
}
