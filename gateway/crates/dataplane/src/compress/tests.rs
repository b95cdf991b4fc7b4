use std::io::Read;

use flate2::bufread::{GzDecoder, ZlibDecoder};
use proptest::prelude::*;

use super::*;

fn asked(values: &[&str]) -> Option<&'static str> {
    accepted(values.iter().map(|value| value.as_bytes())).map(Coding::as_str)
}

#[test]
fn the_highest_weight_wins_and_the_first_of_equals() {
    for (values, expected) in [
        (&["gzip"][..], Some("gzip")),
        (&["deflate"], Some("deflate")),
        (&["gzip, deflate"], Some("gzip")),
        (&["deflate, gzip"], Some("deflate")),
        (&["gzip;q=0.5, deflate"], Some("deflate")),
        (&["gzip;q=0.5, deflate;q=0.501"], Some("deflate")),
        (&["deflate;q=0.5", "GZIP;Q=0.9"], Some("gzip")),
        (&["br, gzip ; q=0.1"], Some("gzip")),
        (&["gzip;q=1.000"], Some("gzip")),
        (&["gzip;q=0"], None),
        (&["gzip;q=0.000, deflate;q=0"], None),
        (&["identity, gzip"], None),
        (&["identity;q=0.5, gzip"], Some("gzip")),
        (&["gzip;q=0.2, identity;q=0.5"], None),
        (&["identity;q=0, deflate;q=0.1"], Some("deflate")),
        (&["*"], None),
        (&["*;q=1, br"], None),
        (&["br, zstd"], None),
        (&[""], None),
        (&[], None),
        (&["gzip;q=2"], None),
        (&["gzip;q=1.001, deflate;q=0.1"], Some("deflate")),
        (&["gzip;q=0.1234"], None),
        (&["gzip;q=abc"], None),
        (&["gzip;level=9"], None),
        (&["gzip;q=1;q=1"], None),
        (&["gzipx, xgzip"], None),
        (&[",,, gzip ,,"], Some("gzip")),
    ] {
        assert_eq!(asked(values), expected, "{values:?}");
    }
}

#[test]
fn a_head_that_names_a_coding_is_seen() {
    assert!(is_coded(b"HTTP/1.1 200 OK\r\nA: b\r\ncontent-encoding: br\r\n"));
    assert!(is_coded(b"HTTP/1.1 200 OK\r\nContent-Range: bytes 0-1/2\r\n"));
    assert!(!is_coded(b"HTTP/1.1 200 OK\r\nX-Content-Encoding: br\r\nA: Content-Encoding: x\r\n"));
}

/// Runs what never waits for anything but its turn.
fn packed(body: &[u8], coding: Coding) -> Vec<u8> {
    let mut future = std::pin::pin!(pack(body, coding));
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    loop {
        if let Poll::Ready(packed) = future.as_mut().poll(&mut cx) {
            return packed;
        }
    }
}

fn unpacked(packed: &[u8], coding: Coding) -> Vec<u8> {
    let mut body = Vec::new();
    match coding {
        Coding::Gzip => GzDecoder::new(packed).read_to_end(&mut body),
        Coding::Deflate => ZlibDecoder::new(packed).read_to_end(&mut body),
    }
    .expect("what we compressed");
    body
}

#[test]
fn text_becomes_shorter() {
    let body = br#"{"id":1,"name":"cat"},"#.repeat(10_000);
    for coding in [Coding::Gzip, Coding::Deflate] {
        let packed = packed(&body, coding);
        assert!(packed.len() * 20 < body.len(), "{coding:?}: {}", packed.len());
        assert_eq!(unpacked(&packed, coding), body);
    }
    assert_eq!(packed(b"x", Coding::Gzip)[..3], [0x1f, 0x8b, 8]);
    assert_eq!(packed(b"x", Coding::Deflate)[0], 0x78);
}

proptest! {
    #[test]
    fn what_is_packed_unpacks(body in prop::collection::vec(any::<u8>(), 0..70_000), gzip in any::<bool>()) {
        let coding = if gzip { Coding::Gzip } else { Coding::Deflate };
        prop_assert_eq!(unpacked(&packed(&body, coding), coding), body);
    }

    #[test]
    fn no_field_value_is_too_much(values in prop::collection::vec("[ -~]{0,40}", 0..4)) {
        let values: Vec<&str> = values.iter().map(String::as_str).collect();
        let _ = asked(&values);
    }
}
