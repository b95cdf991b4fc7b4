use std::io::Write;

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
use proptest::prelude::*;

use super::*;

const MAX: usize = 10 << 20;

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(body).expect("a vector");
    encoder.finish().expect("a vector")
}

fn zlib(body: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(body).expect("a vector");
    encoder.finish().expect("a vector")
}

fn inflate(coding: Coding, coded: &[u8], bytes_max: usize) -> Result<Vec<u8>, InflateError> {
    let mut inflation = Inflation::new(coding, coded, bytes_max);
    while !inflation.step()? {}
    Ok(inflation.into_body())
}

#[test]
fn one_coding_is_named() {
    let named = |values: &[&str]| coding(values.iter().map(|value| value.as_bytes()));
    assert_eq!(named(&["gzip"]), Ok(Some(Coding::Gzip)));
    assert_eq!(named(&["Deflate"]), Ok(Some(Coding::Deflate)));
    assert_eq!(named(&["identity"]), Ok(None));
    assert_eq!(named(&["", " , identity"]), Ok(None));
    assert_eq!(named(&["identity", "gzip"]), Ok(Some(Coding::Gzip)));
    for unknown in ["br", "gzip, gzip", "gzip, deflate", "x-gzip", "aws-chunked", "gzip;q=1", "*"] {
        assert_eq!(named(&[unknown]), Err(UnknownCoding), "{unknown}");
    }
    assert_eq!(named(&["gzip", "gzip"]), Err(UnknownCoding), "nested");
}

#[test]
fn several_members_are_one_body() {
    let coded = [gzip(b"one, "), gzip(b""), gzip(b"two")].concat();
    assert_eq!(inflate(Coding::Gzip, &coded, MAX), Ok(b"one, two".to_vec()));
    let endless = gzip(b"").repeat(GZIP_MEMBERS_MAX);
    assert_eq!(inflate(Coding::Gzip, &endless, MAX), Ok(Vec::new()));
    let endless = gzip(b"").repeat(GZIP_MEMBERS_MAX + 1);
    assert_eq!(inflate(Coding::Gzip, &endless, MAX), Err(InflateError::Corrupt));
}

#[test]
fn what_is_not_of_the_coding_is_corrupt() {
    let (whole, framed) = (gzip(b"hello"), zlib(b"hello"));
    let mut raw = DeflateEncoder::new(Vec::new(), Compression::best());
    raw.write_all(b"hello").expect("a vector");
    let raw = raw.finish().expect("a vector");
    let check = |coding, coded: &[u8]| {
        assert_eq!(inflate(coding, coded, MAX), Err(InflateError::Corrupt), "{coded:?}");
    };
    check(Coding::Gzip, b"hello");
    check(Coding::Gzip, &framed);
    check(Coding::Deflate, &whole);
    check(Coding::Deflate, &raw);
    check(Coding::Deflate, b"{}");
    for end in 1..whole.len() {
        check(Coding::Gzip, &whole[..end]);
    }
    for end in 1..framed.len() {
        check(Coding::Deflate, &framed[..end]);
    }
    check(Coding::Gzip, &[&whole[..], b"x"].concat());
    check(Coding::Deflate, &[&framed[..], b"x"].concat());
    let mut wrong = whole.clone();
    *wrong.last_mut().expect("a length") ^= 1;
    check(Coding::Gzip, &wrong);
    let mut wrong = framed.clone();
    *wrong.last_mut().expect("a checksum") ^= 1;
    check(Coding::Deflate, &wrong);
}

#[test]
fn a_bomb_ends_at_the_limit() {
    let bomb = gzip(&vec![0; 64 << 20]);
    assert!(bomb.len() < 100_000);
    let mut inflation = Inflation::new(Coding::Gzip, &bomb, MAX);
    let ended = loop {
        match inflation.step() {
            Ok(false) => assert!(inflation.body.capacity() <= MAX + CODING_SLICE_BYTES),
            other => break other,
        }
    };
    assert_eq!(ended, Err(InflateError::TooLarge));
    assert!(inflation.body.len() <= MAX + CODING_SLICE_BYTES);
    // Nested, one layer is decoded and the other is what the integration gets.
    let nested = gzip(&bomb);
    assert_eq!(inflate(Coding::Gzip, &nested, MAX), Ok(bomb));
}

#[test]
fn a_steep_body_ends_early() {
    let steep = gzip(&vec![0; 5 << 20]);
    assert_eq!(inflate(Coding::Gzip, &steep, MAX), Err(InflateError::TooLarge));
    let free = gzip(&vec![0; INFLATION_FREE_BYTES]);
    assert_eq!(inflate(Coding::Gzip, &free, MAX).map(|body| body.len()), Ok(INFLATION_FREE_BYTES));
    let just = zlib(b"12345");
    assert_eq!(inflate(Coding::Deflate, &just, 5), Ok(b"12345".to_vec()));
    assert_eq!(inflate(Coding::Deflate, &just, 4), Err(InflateError::TooLarge));
}

proptest! {
    #[test]
    fn what_was_coded_decodes(body in prop::collection::vec(any::<u8>(), 0..200_000)) {
        prop_assert_eq!(inflate(Coding::Gzip, &gzip(&body), MAX), Ok(body.clone()));
        prop_assert_eq!(inflate(Coding::Deflate, &zlib(&body), MAX), Ok(body));
    }
}
