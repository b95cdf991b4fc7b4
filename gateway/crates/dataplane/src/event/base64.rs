//! Base64 of RFC 4648 section 4: binary bodies in events and results.

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Appends the text of `bytes`, with padding.
pub(crate) fn encode(bytes: &[u8], out: &mut Vec<u8>) {
    out.reserve(bytes.len().div_ceil(3) * 4);
    let digit = |bits: u32, at: u32| ALPHABET[(bits >> (18 - 6 * at) & 63) as usize];
    let mut groups = bytes.chunks_exact(3);
    for group in groups.by_ref() {
        let bits = u32::from(group[0]) << 16 | u32::from(group[1]) << 8 | u32::from(group[2]);
        out.extend_from_slice(&[digit(bits, 0), digit(bits, 1), digit(bits, 2), digit(bits, 3)]);
    }
    match *groups.remainder() {
        [a] => {
            let bits = u32::from(a) << 16;
            out.extend_from_slice(&[digit(bits, 0), digit(bits, 1), b'=', b'=']);
        }
        [a, b] => {
            let bits = u32::from(a) << 16 | u32::from(b) << 8;
            out.extend_from_slice(&[digit(bits, 0), digit(bits, 1), digit(bits, 2), b'=']);
        }
        _ => {}
    }
}

/// Decodes text in place; says how many bytes it is, or `None` when it is no base64.
///
/// Padding may be absent, as with Java's decoder; bits behind the last byte are not looked at.
pub(crate) fn decode_in_place(text: &mut [u8]) -> Option<usize> {
    let mut len = text.len();
    if len.is_multiple_of(4) {
        let padding = text.iter().rev().take(2).take_while(|byte| **byte == b'=').count();
        len -= padding;
    }
    let mut written = 0;
    let (mut bits, mut count) = (0_u32, 0_u32);
    for at in 0..len {
        let value = VALUES[usize::from(text[at])];
        if value == INVALID {
            return None;
        }
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            text[written] = (bits >> count) as u8;
            written += 1;
        }
    }
    // One digit alone is less than a byte.
    (len % 4 != 1).then_some(written)
}

const INVALID: u8 = 255;

static VALUES: [u8; 256] = {
    let mut values = [INVALID; 256];
    let mut at = 0;
    while at < 64 {
        values[ALPHABET[at] as usize] = at as u8;
        at += 1;
    }
    values
};

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{decode_in_place, encode};

    fn decoded(text: &str) -> Option<Vec<u8>> {
        let mut bytes = text.as_bytes().to_vec();
        let len = decode_in_place(&mut bytes)?;
        bytes.truncate(len);
        Some(bytes)
    }

    #[test]
    fn the_vectors_of_rfc_4648() {
        let vectors = [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ];
        for (plain, text) in vectors {
            let mut out = Vec::new();
            encode(plain.as_bytes(), &mut out);
            assert_eq!(out, text.as_bytes());
            assert_eq!(decoded(text).as_deref(), Some(plain.as_bytes()));
            assert_eq!(decoded(text.trim_end_matches('=')).as_deref(), Some(plain.as_bytes()));
        }
    }

    #[test]
    fn what_is_no_base64_is_refused() {
        for text in ["a", "ab c", "abcde", "a===", "====", "ab=c", "Zm9v\n", "Zm-_"] {
            assert_eq!(decoded(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn decoding_undoes_encoding(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
            let mut out = Vec::new();
            encode(&bytes, &mut out);
            let len = decode_in_place(&mut out);
            prop_assert_eq!(len.map(|len| &out[..len]), Some(&bytes[..]));
        }
    }
}
