//! Request ids and trace ids, from a generator of the shard's own.

use std::cell::Cell;

/// A fast generator for ids that need to be distinct, not secret (xorshift with a multiply,
/// Marsaglia's xorshift64*), seeded from the system's random bytes.
pub(crate) struct Random(Cell<u64>);

impl Random {
    pub(crate) fn new() -> Self {
        let mut seed = [0; 8];
        // Without random bytes ids still differ between shards and starts.
        if getrandom::fill(&mut seed).is_err() {
            let here = (&raw const seed) as usize as u64;
            seed = (gateway_rt::clock::unix_ms() ^ here.rotate_left(32)).to_le_bytes();
        }
        Self(Cell::new(u64::from_le_bytes(seed) | 1))
    }

    #[inline]
    pub(crate) fn next(&self) -> u64 {
        let mut x = self.0.get();
        x ^= x >> 12;
        x ^= x << 25;
        x ^= x >> 27;
        self.0.set(x);
        x.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }
}

/// A UUID, version 4, in lower-case text (RFC 9562).
pub(crate) fn uuid(random: &Random) -> [u8; 36] {
    let high = hex(random.next() & !0xf000 | 0x4000);
    let low = hex(random.next() & !(0b11 << 62) | (0b10 << 62));
    let mut text = [b'-'; 36];
    text[..8].copy_from_slice(&high[..8]);
    text[9..13].copy_from_slice(&high[8..12]);
    text[14..18].copy_from_slice(&high[12..]);
    text[19..23].copy_from_slice(&low[..4]);
    text[24..].copy_from_slice(&low[4..]);
    text
}

/// The value of `x-amz-apigw-id`: 15 characters of the base64 alphabet and a `=`, as API Gateway's
/// look (`K2G9wEbUoAMEvag=`).
pub(crate) fn extended_request_id(random: &Random) -> [u8; 16] {
    const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut bits = u128::from(random.next()) << 64 | u128::from(random.next());
    let mut text = [b'='; 16];
    for slot in &mut text[..15] {
        *slot = BASE64[(bits & 63) as usize];
        bits >>= 6;
    }
    text
}

/// Whether a client's `x-amzn-RequestId` is one that we take over.
///
/// Source: access-log variables, `$context.requestId`: "if it is a UUID it becomes the request id".
pub(crate) fn is_uuid(text: &[u8]) -> bool {
    text.len() == 36
        && text.iter().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// Writes the trace header for the backend: the client's where it has a root, completed; else new.
///
/// `Root=…;Parent=…;Sampled=…` stays as it is. Without a parent one is made and the request is not
/// sampled; with a parent and no decision it is sampled.
pub(crate) fn trace_header(
    client: Option<&[u8]>,
    random: &Random,
    unix_seconds: u64,
    out: &mut Vec<u8>,
) {
    let has = |name: &[u8]| client.is_some_and(|value| field(value, name).is_some());
    if let Some(value) = client.filter(|_| has(b"Root")) {
        out.extend_from_slice(value);
        match (has(b"Parent"), has(b"Sampled")) {
            (true, true) => {}
            (true, false) => out.extend_from_slice(b";Sampled=1"),
            (false, is_decided) => {
                out.extend_from_slice(b";Parent=");
                out.extend_from_slice(&hex(random.next()));
                if !is_decided {
                    out.extend_from_slice(b";Sampled=0");
                }
            }
        }
        return;
    }
    let mut text = *b"Root=1-........-........................;Parent=................;Sampled=0";
    text[7..15].copy_from_slice(&hex(unix_seconds)[8..]);
    text[16..24].copy_from_slice(&hex(random.next())[8..]);
    text[24..40].copy_from_slice(&hex(random.next()));
    text[48..64].copy_from_slice(&hex(random.next()));
    out.extend_from_slice(&text);
}

/// The value of one member of a trace header.
pub(crate) fn field<'v>(header: &'v [u8], name: &[u8]) -> Option<&'v [u8]> {
    header.split(|b| *b == b';').find_map(|member| {
        let member = member.trim_ascii();
        let value = member.strip_prefix(name)?.strip_prefix(b"=")?;
        (!value.is_empty()).then_some(value)
    })
}

/// The sixteen hexadecimal digits of `value`.
fn hex(value: u64) -> [u8; 16] {
    let mut text = [0; 16];
    text[..8].copy_from_slice(&hex_half((value >> 32) as u32));
    text[8..].copy_from_slice(&hex_half(value as u32));
    text
}

/// Eight digits at once: the nibbles are spread over eight bytes, the highest first, and then each
/// becomes its digit; a byte over 9 gets the distance from `9` to `a` on top.
fn hex_half(value: u32) -> [u8; 8] {
    let mut x = u64::from(value);
    x = (x & 0xffff) << 32 | x >> 16;
    x = (x & 0x0000_ff00_0000_ff00) >> 8 | (x & 0x0000_00ff_0000_00ff) << 16;
    x = (x & 0x00f0_00f0_00f0_00f0) >> 4 | (x & 0x000f_000f_000f_000f) << 8;
    let is_letter = (x + 0x0606_0606_0606_0606) >> 4 & 0x0101_0101_0101_0101;
    (x + 0x3030_3030_3030_3030 + is_letter * 0x27).to_le_bytes()
}

#[cfg(test)]
mod tests;
