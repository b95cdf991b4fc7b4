//! Any split of the bytes gives the same events, and slow oracles agree with the fast code.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "a panic is how a test reports")]

mod driver;

use gateway_proto::h1::{
    ChunkError, ChunkedDecoder, LAST_CHUNK, Parsed, RequestHead, ResponseHead, write_chunk_head,
};
use gateway_proto::{ChunkLimits, HeadLimits};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

/// Where most requests start.
const START: &str = "POST /a HTTP/1.1\r\nHost: h\r\n";

/// What requests are made of, and what breaks them.
const PARTS: &[&str] = &[
    "GET / HTTP/1.1\r\n",
    "POST /a/b?c HTTP/1.1\r\n",
    "PUT http://h/x HTTP/1.1\r\n",
    "GET / HTTP/1.0\r\n",
    "Host: h\r\n",
    "Host: h\r\n",
    "Host: h\r\n",
    "\r\n",
    "\r\n",
    "\r\n",
    "X: y\r\n",
    "Content-Length: 3\r\n",
    "abc",
    "Transfer-Encoding: chunked\r\n",
    "3\r\nabc\r\n",
    "0\r\n\r\n",
    "Connection: close\r\n",
    "Connection: keep-alive, upgrade\r\nUpgrade: x\r\n",
    "Expect: 100-continue\r\n",
    "1;a=\"b\"\r\n",
    "\n",
    "\r",
    " ",
    ":",
    "\0",
    "GET ",
    "/%2e%2e/",
    "%",
    "é",
    "Content-Length: 4\r\n",
    "A: b\n",
    "0\r\nT: u\r\n",
];

/// What responses are made of, and what breaks them.
const RESPONSE_PARTS: &[&str] = &[
    "HTTP/1.1 200 OK\r\n",
    "HTTP/1.1 204 \r\n",
    "HTTP/1.0 404 x\r\n",
    "HTTP/1.1 100\r\n",
    "A: b\r\n",
    "\r\n",
    "\r\n",
    "Content-Length: 3\r\n",
    "Transfer-Encoding: chunked\r\n",
    "Connection: close\r\n",
    "\n",
    "\r",
    " ",
    "\0",
];

/// What paths are made of, and what breaks them.
const PATH_PARTS: &[&str] = &[
    "/",
    "/",
    "/",
    ".",
    "..",
    "a",
    "b;c",
    ";",
    "%2e",
    "%2E",
    "%2f",
    "%5c",
    "%3b",
    "%00",
    "%41",
    "%c3%bc",
    "%c0%ae",
    "%80",
    "%e2%82%ac",
    "%e2",
    "%",
    "%4",
    "%zz",
    "\\",
    "?",
    "~",
    ":",
    "|",
    "\u{fc}",
    "%25",
    "%252e",
];

/// Cuts `bytes` at `cuts`, in whatever order and however often they name a place.
fn pieces<'a>(bytes: &'a [u8], cuts: &[Index]) -> Vec<&'a [u8]> {
    let mut places: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
    places.extend([0, bytes.len()]);
    places.sort_unstable();
    places.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect()
}

/// Parts in any order, mostly behind a start that is sound, so that what follows it is reached.
fn concat(
    start: &'static str,
    parts: &'static [&'static str],
    count: usize,
) -> impl Strategy<Value = Vec<u8>> {
    let start = prop_oneof![4 => Just(start), 1 => Just("")];
    (start, vec(select(parts), 0..count))
        .prop_map(|(start, parts)| [start.as_bytes(), parts.concat().as_bytes()].concat())
}

/// Decodes `pieces` one after the other: the payload, and how many bytes the body took, if whole.
fn decode(pieces: &[&[u8]]) -> Result<(Vec<u8>, Option<usize>), ChunkError> {
    let mut decoder = ChunkedDecoder::new(ChunkLimits::DEFAULT);
    let mut payload = Vec::new();
    let mut taken = 0;
    for piece in pieces {
        let mut buf = piece.to_vec();
        let decoded = decoder.decode_in_place(&mut buf)?;
        payload.extend_from_slice(&buf[..decoded.written]);
        assert_eq!(&buf[decoded.consumed..], &piece[decoded.consumed..], "the rest is untouched");
        taken += decoded.consumed;
        if decoded.done {
            return Ok((payload, Some(taken)));
        }
    }
    Ok((payload, None))
}

/// Whether `target` is a path (and query) that may pass, by way of a decoded copy.
fn path_is_sound(target: &str) -> bool {
    let path = target.split('?').next().unwrap();
    let query = &target[path.len()..];
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-._~!$&'()*+,;=:@/%".contains(c);
    let Some(decoded) = percent_decode(path) else { return false };
    let segments = path
        .replace("%2f", "/")
        .replace("%2F", "/")
        .replace("%5c", "/")
        .replace("%5C", "/")
        .replace("%3b", ";")
        .replace("%3B", ";");
    let is_dotted = segments.split('/').any(|segment| {
        let name = percent_decode(segment.split(';').next().unwrap()).unwrap();
        name == b"." || name == b".."
    });
    path.chars().all(allowed)
        && !decoded.contains(&0)
        && String::from_utf8(decoded).is_ok()
        && !is_dotted
        && query.bytes().all(|b| b.is_ascii_graphic())
        && percent_decode(query).is_some()
}

fn percent_decode(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        if *first != b'%' {
            out.push(*first);
            rest = tail;
            continue;
        }
        let digits = str::from_utf8(tail.get(..2)?).ok()?;
        if !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        out.push(u8::from_str_radix(digits, 16).ok()?);
        rest = &tail[2..];
    }
    Some(out)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_split_of_requests_gives_the_same_events(
        bytes in concat(START, PARTS, 20),
        cuts in vec(any::<Index>(), 0..8),
    ) {
        let whole = driver::run([&bytes[..]]);
        prop_assert_eq!(&driver::run(pieces(&bytes, &cuts)), &whole);
        prop_assert_eq!(&driver::run(bytes.chunks(1)), &whole);
    }

    #[test]
    fn a_growing_response_head_ends_as_the_whole_does(bytes in concat("HTTP/1.1 200 OK\r\n", RESPONSE_PARTS, 8), is_head: bool) {
        let limits = HeadLimits::DEFAULT;
        let mut whole = ResponseHead::new();
        let expect = whole.parse(&bytes, is_head, &limits);
        let mut head = ResponseHead::new();
        let first = (0..=bytes.len())
            .map(|len| head.parse(&bytes[..len], is_head, &limits))
            .find(|result| *result != Ok(Parsed::Partial));
        prop_assert_eq!(first.unwrap_or(Ok(Parsed::Partial)), expect);
        if expect == Ok(Parsed::Complete) {
            head.parse(&bytes[..whole.len], is_head, &limits).unwrap();
            prop_assert_eq!((head.body, head.len, head.fields), (whole.body, whole.len, whole.fields));
        }
    }

    #[test]
    fn what_we_accept_another_parser_reads_alike(bytes in concat(START, PARTS, 12)) {
        let mut head = RequestHead::new();
        if head.parse(&bytes, &HeadLimits::DEFAULT) == Ok(Parsed::Complete) {
            let mut headers = [httparse::EMPTY_HEADER; 128];
            let mut other = httparse::Request::new(&mut headers);
            prop_assert_eq!(other.parse(&bytes), Ok(httparse::Status::Complete(head.len)));
            prop_assert_eq!(other.method.unwrap().as_bytes(), head.method.of(&bytes));
            prop_assert_eq!(other.headers.len(), head.fields.len());
            for (theirs, ours) in other.headers.iter().zip(&head.fields) {
                prop_assert_eq!(theirs.name.as_bytes(), ours.name.of(&bytes));
                prop_assert_eq!(theirs.value, ours.value.of(&bytes));
            }
        }
    }

    #[test]
    fn paths_pass_exactly_when_a_decoded_copy_is_sound(parts in vec(select(PATH_PARTS), 0..8)) {
        let target = format!("/{}", parts.concat());
        let text = format!("GET {target} HTTP/1.1\r\nHost: h\r\n\r\n");
        let result = RequestHead::new().parse(text.as_bytes(), &HeadLimits::DEFAULT);
        prop_assert_eq!(result.is_ok(), path_is_sound(&target), "{} {:?}", target, result);
    }

    #[test]
    fn decode_undoes_encode_in_any_split(
        chunks in vec(vec(any::<u8>(), 1..300), 0..6),
        trailer in select(&["", "A: b\r\n", "A:\r\nContent-Length: 9\r\n"][..]),
        extension in select(&["", ";a", ";a=\"\\\"\""][..]),
        rest in vec(any::<u8>(), 0..9),
        cuts in vec(any::<Index>(), 0..12),
    ) {
        let mut encoded = Vec::new();
        for chunk in &chunks {
            let mut head = [0; 18];
            let len = write_chunk_head(chunk.len(), &mut head);
            encoded.extend_from_slice(&head[..len - 2]);
            encoded.extend_from_slice(extension.as_bytes());
            encoded.extend_from_slice(b"\r\n");
            encoded.extend_from_slice(chunk);
            encoded.extend_from_slice(gateway_proto::h1::CHUNK_TAIL);
        }
        encoded.extend_from_slice(&LAST_CHUNK[..3]);
        encoded.extend_from_slice(trailer.as_bytes());
        encoded.extend_from_slice(&LAST_CHUNK[3..]);
        let len = encoded.len();
        encoded.extend_from_slice(&rest);
        let expect = Ok((chunks.concat(), Some(len)));
        prop_assert_eq!(&decode(&pieces(&encoded, &cuts)), &expect);
        let bytes: Vec<&[u8]> = encoded.chunks(1).collect();
        prop_assert_eq!(&decode(&bytes), &expect);
    }

    #[test]
    fn any_split_of_a_chunked_body_gives_the_same_outcome(
        bytes in vec(select(&b"012a;=\"\\\r\n\r\n\r\nA: x"[..]), 0..60),
        cuts in vec(any::<Index>(), 0..8),
    ) {
        prop_assert_eq!(decode(&pieces(&bytes, &cuts)), decode(&[&bytes]));
    }

    #[test]
    fn lengths_are_what_a_plain_parse_says(text in "[0-9]{1,21}|[-+0-9 ,x]{0,4}") {
        let request = format!("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length:{text}\r\n\r\n");
        let mut head = RequestHead::new();
        let result = head.parse(request.as_bytes(), &HeadLimits::DEFAULT);
        let digits = text.trim_matches(' ');
        let is_number = !digits.is_empty() && digits.len() < 20 && digits.bytes().all(|b| b.is_ascii_digit());
        let expect = digits.parse::<i64>().ok().filter(|_| is_number);
        prop_assert_eq!(result.is_ok(), expect.is_some());
        if let Some(length) = expect {
            prop_assert_eq!(head.body, gateway_proto::h1::BodyLength::Length(length as u64));
        }
    }
}
