//! `Content-Length` and `Transfer-Encoding`, read strictly.

use crate::limits::{BODY_BYTES_MAX, CONTENT_LENGTH_DIGITS_MAX};

/// What a `Transfer-Encoding` value says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Coding {
    /// The one token `chunked`.
    Chunked,
    /// A well-formed list that ends well but names a coding we do not have.
    Unknown,
    /// Anything that another parser might read differently.
    Malformed,
}

/// Reads a length: digits only, at most [`CONTENT_LENGTH_DIGITS_MAX`], at most 2⁶³ − 1.
#[inline]
pub(crate) fn content_length(value: &[u8]) -> Option<u64> {
    if value.is_empty() || value.len() > CONTENT_LENGTH_DIGITS_MAX {
        return None;
    }
    let mut length = 0u64;
    for &b in value {
        // 19 digits stay below 10¹⁹, which a u64 holds.
        length = length * 10 + u64::from(b.is_ascii_digit().then(|| b - b'0')?);
    }
    (length <= BODY_BYTES_MAX).then_some(length)
}

/// Reads the one `Transfer-Encoding` field of a message.
///
/// `raw` is all between colon and CR: a tab before the token, or anything behind it, is how one
/// parser is made to see `chunked` where another does not, so only spaces may lead it.
pub(crate) fn transfer_encoding(raw: &[u8]) -> Coding {
    let value = raw.trim_ascii_start();
    let is_tidy = !raw.contains(&b'\t') && value.last().is_some_and(|&b| b != b' ');
    if is_tidy && value.eq_ignore_ascii_case(b"chunked") {
        return Coding::Chunked;
    }
    let is_list = is_tidy
        && value
            .split(|&b| b == b',')
            .map(<[u8]>::trim_ascii)
            .all(|coding| !coding.is_empty() && coding.iter().all(|&b| crate::bytes::is_token(b)));
    let mut codings = value.split(|&b| b == b',').map(<[u8]>::trim_ascii);
    let is_last_chunked =
        codings.next_back().is_some_and(|last| last.eq_ignore_ascii_case(b"chunked"));
    let chunked_before = codings.any(|coding| coding.eq_ignore_ascii_case(b"chunked"));
    match (is_list, chunked_before) {
        (true, false) if is_last_chunked || !value.contains(&b',') => Coding::Unknown,
        _ => Coding::Malformed,
    }
}

#[cfg(test)]
mod tests {
    use super::{Coding, content_length, transfer_encoding};

    #[test]
    fn lengths_are_digits_that_fit_63_bits() {
        assert_eq!(content_length(b"0"), Some(0));
        assert_eq!(content_length(b"003"), Some(3));
        assert_eq!(content_length(b"9223372036854775807"), Some(i64::MAX as u64));
        for refused in [
            "",
            "+5",
            "-1",
            "5, 5",
            "5,6",
            "0x5",
            "5 5",
            " 5",
            "5\t",
            "5;",
            "1e3",
            "9223372036854775808",
            "9999999999999999999",
            "00000000000000000005",
            "18446744073709551616",
            "٣",
        ] {
            assert_eq!(content_length(refused.as_bytes()), None, "{refused}");
        }
    }

    #[track_caller]
    fn check(raw: &str, expect: Coding) {
        assert_eq!(transfer_encoding(raw.as_bytes()), expect, "{raw:?}");
    }

    #[test]
    fn only_the_exact_token_is_chunked() {
        for raw in ["chunked", " chunked", " Chunked", "   CHUNKED"] {
            check(raw, Coding::Chunked);
        }
    }

    #[test]
    fn well_formed_codings_that_we_lack_are_unknown() {
        for raw in
            [" gzip", " xchunked", " identity", " gzip, chunked", " pigeons", " chunkedchunked"]
        {
            check(raw, Coding::Unknown);
        }
    }

    #[test]
    fn what_another_parser_might_read_as_chunked_is_malformed() {
        for raw in [
            "",
            " ",
            "\tchunked",
            " \tchunked",
            " chunked ",
            " chunked\t",
            " chunked, identity",
            " chunked;q=1",
            " chunked, chunked",
            " ,chunked",
            " chunked,",
            " \"chunked\"",
            " gzip,,chunked",
            " gzip, deflate",
            " chunked, gzip, chunked",
            " chun ked",
        ] {
            check(raw, Coding::Malformed);
        }
    }
}
