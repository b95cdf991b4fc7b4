//! Where in the peer's byte stream its TLS records end.
//!
//! rustls does not say whether it holds the beginning of a record. An idle connection on which a
//! record has begun must not carry another request: the answer would be somebody else's.

/// Source: RFC 8446, section 5.1: type (1), version (2), length (2).
const HEADER_BYTES: u8 = 5;

/// Follows record headers; knows nothing of what is inside.
#[derive(Default)]
pub(super) struct Records {
    header_count: u8,
    length: u16,
    body_left: u16,
}

impl Records {
    /// Goes on by `bytes`, as they came.
    pub(super) fn follow(&mut self, mut bytes: &[u8]) {
        while let Some(&first) = bytes.first() {
            if self.body_left > 0 {
                let n = bytes.len().min(usize::from(self.body_left));
                self.body_left -= n as u16;
                bytes = &bytes[n..];
                continue;
            }
            self.length = self.length << 8 | u16::from(first);
            self.header_count += 1;
            bytes = &bytes[1..];
            if self.header_count == HEADER_BYTES {
                // The last two of the five bytes are what is left in the sixteen bits.
                self.body_left = self.length;
                self.header_count = 0;
            }
        }
    }

    /// Whether the last record is whole.
    pub(super) fn is_at_boundary(&self) -> bool {
        self.header_count == 0 && self.body_left == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_split_finds_the_same_boundaries() {
        let mut bytes = Vec::new();
        let mut ends = vec![0];
        for length in [0_u16, 1, 255, 256, 300] {
            bytes.extend([23, 3, 3]);
            bytes.extend(length.to_be_bytes());
            bytes.extend(vec![7; usize::from(length)]);
            ends.push(bytes.len());
        }
        for step in 1..bytes.len() {
            let mut records = Records::default();
            let mut at = 0;
            for part in bytes.chunks(step) {
                records.follow(part);
                at += part.len();
                assert_eq!(records.is_at_boundary(), ends.contains(&at), "after {at} by {step}");
            }
        }
    }
}
