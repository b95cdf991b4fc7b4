//! The checksums that clients send beside objects.

use aws_lc_rs::digest::{Context, SHA1_FOR_LEGACY_USE_ONLY, SHA256};

use crate::ApiError;
use crate::wire::base64;

/// A checksum while bytes come.
pub(super) enum Checksum {
    Crc(Crc),
    Digest(&'static str, Context),
}

impl Checksum {
    /// By the name of its header, `x-amz-checksum-crc32` …
    pub(super) fn named(header: &str) -> Option<Self> {
        Some(match header {
            "x-amz-checksum-crc32" => Self::Crc(Crc::new("x-amz-checksum-crc32", 4, 0xedb8_8320)),
            "x-amz-checksum-crc32c" => Self::Crc(Crc::new("x-amz-checksum-crc32c", 4, 0x82f6_3b78)),
            "x-amz-checksum-crc64nvme" => {
                Self::Crc(Crc::new("x-amz-checksum-crc64nvme", 8, 0x9a6c_9329_ac4b_c9b5))
            }
            "x-amz-checksum-sha1" => {
                Self::Digest("x-amz-checksum-sha1", Context::new(&SHA1_FOR_LEGACY_USE_ONLY))
            }
            "x-amz-checksum-sha256" => Self::Digest("x-amz-checksum-sha256", Context::new(&SHA256)),
            _ => return None,
        })
    }

    /// The name of its header.
    pub(super) fn header(&self) -> &'static str {
        match self {
            Self::Crc(crc) => crc.header,
            Self::Digest(header, _) => header,
        }
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Crc(crc) => crc.update(bytes),
            Self::Digest(_, context) => context.update(bytes),
        }
    }

    /// In base64, as headers have it.
    pub(super) fn finish(self) -> String {
        match self {
            Self::Crc(crc) => base64(&crc.finish()),
            Self::Digest(_, context) => base64(context.finish().as_ref()),
        }
    }

    /// Compares with what the client said.
    pub(super) fn check(self, said: &str) -> Result<(&'static str, String), ApiError> {
        let header = self.header();
        let found = self.finish();
        if found != said.trim() {
            let name = header.trim_start_matches("x-amz-checksum-").to_uppercase();
            let text = format!("The {name} you specified did not match the calculated checksum.");
            return Err(ApiError::new(400, "BadDigest", text));
        }
        Ok((header, found))
    }
}

/// A reflected cyclic redundancy check of 32 or 64 bits whose start and end are all ones.
pub(super) struct Crc {
    header: &'static str,
    bytes: usize,
    table: Box<[u64; 256]>,
    state: u64,
}

impl Crc {
    fn new(header: &'static str, bytes: usize, polynomial: u64) -> Self {
        let mut table = Box::new([0; 256]);
        for (index, entry) in table.iter_mut().enumerate() {
            let mut value = index as u64;
            for _ in 0..8 {
                value = (value >> 1) ^ (polynomial & (value & 1).wrapping_neg());
            }
            *entry = value;
        }
        Self { header, bytes, table, state: u64::MAX >> (64 - 8 * bytes) }
    }

    fn update(&mut self, bytes: &[u8]) {
        for byte in bytes {
            let index = (self.state ^ u64::from(*byte)) & 0xff;
            self.state = self.table[index as usize] ^ (self.state >> 8);
        }
    }

    fn finish(self) -> Vec<u8> {
        let value = self.state ^ (u64::MAX >> (64 - 8 * self.bytes));
        value.to_be_bytes()[8 - self.bytes..].to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(header: &str, expect: &str) {
        let mut checksum = Checksum::named(header).unwrap();
        for part in [&b"1234"[..], b"", b"56789"] {
            checksum.update(part);
        }
        assert_eq!(checksum.finish(), expect, "{header}");
    }

    #[test]
    fn checksums_are_the_published_ones_of_123456789() {
        // Check values of the catalogue of parametrised CRC algorithms; of the digests, by sha1sum and sha256sum.
        check("x-amz-checksum-crc32", &base64(&0xcbf4_3926_u32.to_be_bytes()));
        check("x-amz-checksum-crc32c", &base64(&0xe306_9283_u32.to_be_bytes()));
        check("x-amz-checksum-crc64nvme", &base64(&0xae8b_1486_0a79_9888_u64.to_be_bytes()));
        check("x-amz-checksum-sha1", "98O8HYCOBHMq32eZZczDTKeuNEE=");
        check("x-amz-checksum-sha256", "FeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiU=");
        assert!(Checksum::named("x-amz-checksum-md5").is_none());
    }
}
