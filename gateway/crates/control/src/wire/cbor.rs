//! The little CBOR that an error takes (RFC 8949).

use crate::{Answer, ApiError};

pub(super) fn error(error: &ApiError) -> Answer {
    // A map of two.
    let mut body = vec![0xa2];
    for text in ["__type", error.code, "message", &error.message] {
        write_text(text, &mut body);
    }
    Answer {
        status: error.status,
        content_type: Some("application/cbor"),
        headers: vec![("smithy-protocol", "rpc-v2-cbor".to_owned())],
        body,
    }
}

fn write_text(text: &str, out: &mut Vec<u8>) {
    // Major type 3 with a length of eight bytes.
    out.push(0x7b);
    out.extend_from_slice(&(text.len() as u64).to_be_bytes());
    out.extend_from_slice(text.as_bytes());
}
