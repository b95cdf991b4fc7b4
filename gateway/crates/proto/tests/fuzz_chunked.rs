//! A chunked body of arbitrary bytes: no panic, nothing consumed beyond the buffer, no dependence on
//! splits.
#![forbid(unsafe_code)]

use gateway_proto::ChunkLimits;
use gateway_proto::h1::{ChunkError, ChunkedDecoder};

#[test]
fn chunked() {
    bolero::check!().for_each(|input: &[u8]| {
        judge(input);
        judge(&[b"5\r\nhello\r\n", input].concat());
        judge(&[b"1;", input, b"\r\nX\r\n0\r\n\r\n"].concat());
        judge(&[b"0\r\n", input, b"\r\n\r\n"].concat());
    });
}

fn judge(bytes: &[u8]) {
    let whole = decode(bytes, usize::MAX);
    for len in [1, 2, 3, 7] {
        assert_eq!(decode(bytes, len), whole, "in pieces of {len}");
    }
}

/// Decodes `bytes` in pieces of `len`: the payload and how many bytes were taken.
fn decode(bytes: &[u8], len: usize) -> Result<(Vec<u8>, usize, bool), ChunkError> {
    let mut decoder = ChunkedDecoder::new(ChunkLimits::DEFAULT);
    let mut payload = Vec::new();
    let mut taken = 0;
    for piece in bytes.chunks(len) {
        let mut buf = piece.to_vec();
        let decoded = decoder.decode_in_place(&mut buf)?;
        assert!(decoded.written <= decoded.consumed && decoded.consumed <= buf.len());
        assert!(decoded.done || decoded.consumed == buf.len());
        payload.extend_from_slice(&buf[..decoded.written]);
        taken += decoded.consumed;
        if decoded.done {
            break;
        }
    }
    Ok((payload, taken, decoder.is_done()))
}
