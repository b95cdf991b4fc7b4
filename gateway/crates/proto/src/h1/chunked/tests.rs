use super::{ChunkError, ChunkedDecoder, LAST_CHUNK, write_chunk_head};
use crate::ChunkLimits;

/// Decodes `bytes`: payload and what is left behind the body, `None` while it is not whole.
#[track_caller]
fn check(bytes: &[u8], expect: Result<Option<(&str, &str)>, ChunkError>) {
    let mut buf = bytes.to_vec();
    let mut decoder = ChunkedDecoder::new(ChunkLimits::DEFAULT);
    let decoded = decoder.decode_in_place(&mut buf);
    let seen = decoded.map(|decoded| {
        let payload = str::from_utf8(&buf[..decoded.written]).unwrap();
        let rest = str::from_utf8(&buf[decoded.consumed..]).unwrap();
        decoded.done.then_some((payload, rest))
    });
    assert_eq!(seen, expect, "{}", bytes.escape_ascii());
}

#[test]
fn chunks_become_payload_and_the_rest_is_untouched() {
    check(b"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\nGET /", Ok(Some(("hello world", "GET /"))));
    check(b"0\r\n\r\n", Ok(Some(("", ""))));
    check(b"000\r\n\r\n0\r\n\r\n", Ok(Some(("", "0\r\n\r\n"))));
    check(b"A\r\n0123456789\r\n0\r\n\r\n", Ok(Some(("0123456789", ""))));
    check(b"000a\r\n0123456789\r\n0\r\n\r\n", Ok(Some(("0123456789", ""))));
    check(b"5\r\nhello\r\n", Ok(None));
}

#[test]
fn a_size_is_hex_digits_and_nothing_else() {
    for bytes in [
        &b"\r\n"[..],
        b"0x5\r\n",
        b"5 \r\n",
        b" 5\r\n",
        b"+5\r\n",
        b"-5\r\n",
        b"g\r\n",
        b";a\r\n",
        b"5\t;a\r\n",
        b"5,\r\n",
        b"\n",
    ] {
        check(bytes, Err(ChunkError::SizeInvalid));
    }
    check(b"5\n", Err(ChunkError::BareLf));
    check(b"5\r5", Err(ChunkError::BareCr));
    check(b"5\r\r\n", Err(ChunkError::BareCr));
}

#[test]
fn a_size_fits_63_bits_and_16_digits() {
    check(b"7fffffffffffffff\r\n", Ok(None));
    check(b"8000000000000000\r\n", Err(ChunkError::SizeTooLong));
    check(b"ffffffffffffffff\r\n", Err(ChunkError::SizeTooLong));
    check(b"10000000000000000\r\n", Err(ChunkError::SizeTooLong));
    check(b"00000000000000005\r\n", Err(ChunkError::SizeTooLong));
}

#[test]
fn payload_ends_in_crlf() {
    check(b"5\r\nhello0\r\n\r\n", Err(ChunkError::DataEnd));
    check(b"5\r\nhello\n0\r\n\r\n", Err(ChunkError::DataEnd));
    check(b"5\r\nhello\r0\r\n\r\n", Err(ChunkError::DataEnd));
    check(b"4\r\nhello\r\n0\r\n\r\n", Err(ChunkError::DataEnd));
}

#[test]
fn extensions_follow_the_grammar_and_are_dropped() {
    for extension in
        [";a", ";a=b", ";a;b=c;d", ";a=\"b\"", ";a=\"x \\\" ; y\";b", ";a=\"\"", ";a=\"\t\u{fc}\""]
    {
        check(format!("1{extension}\r\nX\r\n0{extension}\r\n\r\n").as_bytes(), Ok(Some(("X", ""))));
    }
    for extension in [
        ";",
        ";;",
        ";a;",
        ";a=",
        ";=b",
        "; a",
        ";a =b",
        ";a= b",
        ";a=\"b",
        ";a=\"b\"c",
        ";a=b\"c\"",
        ";a\0",
        ";a(",
        ";a=\"\\",
        ";a=\"\u{7f}\"",
    ] {
        check(
            format!("1{extension}\r\nX\r\n0\r\n\r\n").as_bytes(),
            Err(ChunkError::ExtensionInvalid),
        );
    }
}

#[test]
fn a_line_feed_inside_an_extension_is_refused() {
    check(b"1;a\nX\r\n0\r\n\r\n", Err(ChunkError::BareLf));
    check(b"1;a=\"\n\"\r\nX", Err(ChunkError::BareLf));
    check(b"1;a=b\rX", Err(ChunkError::BareCr));
}

#[test]
fn extensions_are_counted_over_the_line_and_over_the_body() {
    let limits = ChunkLimits::DEFAULT;
    let long = format!("1;{}\r\nX\r\n", "a".repeat(limits.line_bytes_max - 2));
    check(long.as_bytes(), Ok(None));
    let longer = format!("1;{}\r\nX\r\n", "a".repeat(limits.line_bytes_max - 1));
    check(longer.as_bytes(), Err(ChunkError::ExtensionsTooLarge));
    let count = limits.extension_bytes_max / 2;
    check("1;a\r\nX\r\n".repeat(count).as_bytes(), Ok(None));
    check("1;a\r\nX\r\n".repeat(count + 1).as_bytes(), Err(ChunkError::ExtensionsTooLarge));
}

#[test]
fn trailers_are_checked_and_dropped() {
    check(b"0\r\nVary: *\r\nHost: evil\r\n\r\nrest", Ok(Some(("", "rest"))));
    check(b"0\r\nA:\r\n\r\n", Ok(Some(("", ""))));
    for trailer in [" A: b", "A : b", ": b", "A", "A\0: b", "A: \x0b", "A(: b"] {
        check(format!("0\r\n{trailer}\r\n\r\n").as_bytes(), Err(ChunkError::TrailerInvalid));
    }
    check(b"0\r\nA: b\r\n c\r\n\r\n", Err(ChunkError::TrailerInvalid));
    check(b"0\r\nA: b\n\r\n", Err(ChunkError::BareLf));
    check(b"0\r\n\n", Err(ChunkError::BareLf));
    check(b"0\r\nA: b\rc\r\n", Err(ChunkError::BareCr));
    check(b"0\r\n\rX", Err(ChunkError::BareCr));
}

#[test]
fn trailers_are_bounded_in_count_and_bytes() {
    let limits = ChunkLimits::DEFAULT;
    let many = "a:\r\n".repeat(limits.trailers_count_max);
    check(format!("0\r\n{many}\r\n").as_bytes(), Ok(Some(("", ""))));
    check(format!("0\r\n{many}a:\r\n\r\n").as_bytes(), Err(ChunkError::TrailersTooLarge));
    let long = "v".repeat(limits.trailers_bytes_max - 4);
    check(format!("0\r\na:{long}\r\n\r\n").as_bytes(), Ok(Some(("", ""))));
    check(format!("0\r\na:{long}v\r\n\r\n").as_bytes(), Err(ChunkError::TrailersTooLarge));
}

#[test]
fn nothing_is_consumed_once_the_body_is_whole() {
    let mut decoder = ChunkedDecoder::new(ChunkLimits::DEFAULT);
    assert!(decoder.decode_in_place(&mut LAST_CHUNK.to_vec()).unwrap().done);
    let again = decoder.decode_in_place(&mut b"5\r\nhello".to_vec()).unwrap();
    assert_eq!((again.consumed, again.written, again.done), (0, 0, true));
}

#[test]
fn chunk_heads_are_the_size_in_hex() {
    for len in [1, 9, 10, 15, 16, 255, 256, 4096, 65_535, 1 << 20, usize::MAX] {
        let mut out = [0; 18];
        let written = write_chunk_head(len, &mut out);
        assert_eq!(str::from_utf8(&out[..written]).unwrap(), format!("{len:x}\r\n"));
    }
}
