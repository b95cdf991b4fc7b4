//! Any bytes as a coded body: decoding ends, within its limits, and says whether the body is whole.

use gateway_dataplane::compress::Coding;
use gateway_dataplane::decompress::{InflateError, Inflation};
use gateway_dataplane::limits::CODING_SLICE_BYTES;

const BYTES_MAX: usize = 1 << 20;

fn inflate(coding: Coding, coded: &[u8]) -> Result<Vec<u8>, InflateError> {
    let mut inflation = Inflation::new(coding, coded, BYTES_MAX);
    let mut steps = 0;
    while !inflation.step()? {
        steps += 1;
        assert!(steps <= coded.len() + BYTES_MAX / CODING_SLICE_BYTES + 64, "it goes on");
    }
    Ok(inflation.into_body())
}

#[test]
fn any_bytes() {
    bolero::check!().for_each(|bytes: &[u8]| {
        for coding in [Coding::Gzip, Coding::Deflate] {
            if let Ok(body) = inflate(coding, bytes) {
                assert!(body.len() <= BYTES_MAX);
            }
        }
    });
}

/// Behind a head that is right, so that the fuzzer gets to the blocks.
#[test]
fn any_blocks() {
    bolero::check!().for_each(|bytes: &[u8]| {
        let gzip = [&b"\x1f\x8b\x08\0\0\0\0\0\0\xff"[..], bytes].concat();
        let _ = inflate(Coding::Gzip, &gzip);
        let _ = inflate(Coding::Deflate, &[b"\x78\x9c", bytes].concat());
    });
}
