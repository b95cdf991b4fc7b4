//! Ids and secrets.

use crate::ApiError;

/// The letters of ids. Source: ids as API Gateway makes them.
const LETTERS: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";
/// The letters of an API key's value. Source: values as API Gateway makes them.
const SECRET_LETTERS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// Makes ids, which are no secrets: a seed always gives the same ones.
#[derive(Debug, Clone)]
pub struct Ids(u64);

impl Ids {
    /// Ids that follow from `seed`.
    #[must_use]
    pub const fn seeded(seed: u64) -> Self {
        Self(seed)
    }

    /// An id of lower-case letters and digits that is not `taken`.
    pub(super) fn next(&mut self, len: usize, taken: impl Fn(&str) -> bool) -> String {
        loop {
            let id: String = (0..len).map(|_| self.letter()).collect();
            if !taken(&id) {
                return id;
            }
        }
    }

    fn letter(&mut self) -> char {
        // SplitMix64, Steele and others 2014.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        char::from(LETTERS[(mixed % LETTERS.len() as u64) as usize])
    }
}

/// A secret of `len` letters and digits, from the operating system's randomness.
pub(super) fn secret(len: usize) -> Result<String, ApiError> {
    let mut text = String::with_capacity(len);
    let mut bytes = [0_u8; 64];
    while text.len() < len {
        getrandom::fill(&mut bytes).map_err(|error| {
            ApiError::new(503, "ServiceUnavailableException", format!("no randomness: {error}"))
        })?;
        // Bytes from 248 on are left out, so that every letter is as likely.
        let letters = bytes.iter().filter(|byte| **byte < 248);
        let left = len - text.len();
        text.extend(
            letters.map(|byte| char::from(SECRET_LETTERS[usize::from(*byte) % 62])).take(left),
        );
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_ids_and_none_twice() {
        let (mut one, mut two) = (Ids::seeded(7), Ids::seeded(7));
        let first = one.next(10, |_| false);
        assert_eq!(first, two.next(10, |_| false));
        assert_eq!(first.len(), 10);
        let mut again = Ids::seeded(7);
        assert_ne!(again.next(10, |id| id == first), first);
    }

    #[test]
    fn secrets_differ() {
        let (one, two) = (secret(40).unwrap(), secret(40).unwrap());
        assert_ne!(one, two);
        assert_eq!((one.len(), two.len()), (40, 40));
        assert!(one.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    }
}
