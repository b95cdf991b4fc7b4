use proptest::prelude::*;

use super::*;

/// Keeps what it is told.
#[derive(Default, Debug, PartialEq, Eq, Clone)]
struct Told<const FIELDS: bool> {
    heads: Vec<Vec<u8>>,
    body: Vec<u8>,
}

impl<const FIELDS: bool> Sink for Told<FIELDS> {
    const WANTS_FIELDS: bool = FIELDS;

    fn head(&mut self, raw: &[u8], fields: Option<&ResponseHead>) {
        assert!(!FIELDS || fields.is_some(), "fields for who wants them");
        self.heads.push(raw.to_vec());
    }

    fn body(&mut self, piece: &[u8]) -> Result<(), Malformed> {
        self.body.extend_from_slice(piece);
        Ok(())
    }
}

/// One answer: status, all of its body, whether the connection stays.
type Seen = (u16, Vec<u8>, bool);

/// Reads answers to `heads` (whether each was a HEAD request) from `stream`, which comes in pieces of `sizes`, taken
/// in turn, and then ends.
fn read<const FIELDS: bool>(
    stream: &[u8],
    heads: &[bool],
    sizes: &[usize],
) -> (Vec<Seen>, Result<(), Malformed>) {
    let mut framing = Framing::new();
    let (mut seen, mut held) = (Vec::new(), Vec::new());
    let mut rest = stream;
    let mut sizes = sizes.iter().cycle();
    for &is_head in heads {
        framing.begin(is_head);
        let mut told = Told::<FIELDS>::default();
        loop {
            let fed = match framing.feed(&mut held, &mut told) {
                Ok(fed) => fed,
                Err(malformed) => return (seen, Err(malformed)),
            };
            held.drain(..fed.consumed);
            if fed.is_whole {
                break;
            }
            if rest.is_empty() {
                match framing.close(&held) {
                    Ok(true) => break,
                    cut => return (seen, cut.map(|_| ())),
                }
            }
            let size = sizes.next().map_or(1, |&size| size.max(1));
            let (piece, after) = rest.split_at(rest.len().min(size));
            held.extend_from_slice(piece);
            rest = after;
        }
        seen.push((framing.status(), told.body, framing.keep_alive()));
        if !framing.keep_alive() {
            break;
        }
    }
    (seen, Ok(()))
}

fn check(stream: &[u8], heads: &[bool], expected: &[(u16, &str, bool)]) {
    for size in [1, 2, 3, 7, 1000] {
        let (seen, result) = read::<false>(stream, heads, &[size]);
        let seen: Vec<(u16, &str, bool)> = seen
            .iter()
            .map(|(status, body, keep)| (*status, std::str::from_utf8(body).expect("text"), *keep))
            .collect();
        assert_eq!((&seen[..], result), (expected, Ok(())), "pieces of {size}");
    }
}

#[test]
fn each_framing_ends_where_it_should() {
    let length = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello".repeat(3);
    check(&length, &[false; 3], &[(200, "hello", true); 3]);
    let chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;a=b\r\nllo\r\n0\r\nX: y\r\n\r\n";
    check(&chunked.repeat(2), &[false; 2], &[(200, "hello", true); 2]);
    check(b"HTTP/1.1 200 OK\r\n\r\nhello", &[false], &[(200, "hello", false)]);
    check(b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello", &[false], &[(200, "hello", false)]);
    let closing = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello";
    check(closing, &[false], &[(200, "hello", false)]);
}

#[test]
fn answers_without_a_body_end_with_their_head() {
    let head = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";
    let whole = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
    let stream = [&head[..], whole, head, whole].concat();
    let heads = [true, false, true, false];
    let expected = [(200, "", true), (200, "hello", true), (200, "", true), (200, "hello", true)];
    check(&stream, &heads, &expected);
    check(b"HTTP/1.1 204 No Content\r\n\r\n", &[false], &[(204, "", true)]);
    check(b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", &[false], &[(304, "", true)]);
}

#[test]
fn interim_answers_are_skipped_up_to_a_bound() {
    let interim = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n";
    let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    let stream = [&interim.repeat(INTERIM_MAX as usize)[..], answer].concat();
    check(&stream, &[false], &[(200, "ok", true)]);
    let stream = [&interim.repeat(INTERIM_MAX as usize + 1)[..], answer].concat();
    assert_eq!(read::<false>(&stream, &[false], &[1000]), (Vec::new(), Err(Malformed)));
}

#[test]
fn a_head_that_differs_in_one_byte_is_not_taken_for_the_last_one() {
    let stream = b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na\
        HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nb\
        HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\ncc\
        HTTP/1.1 500 OK\r\nContent-Length: 1\r\n\r\nd\
        HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: close\r\n\r\ne";
    let expected = [
        (200, "a", true),
        (200, "b", true),
        (200, "cc", true),
        (500, "d", true),
        (200, "e", false),
    ];
    check(stream, &[false; 5], &expected);
}

#[test]
fn an_end_within_an_answer_is_not_whole() {
    for cut in ["HTTP/1.1 2", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell"] {
        assert_eq!(read::<false>(cut.as_bytes(), &[false], &[1000]), (Vec::new(), Ok(())));
    }
}

/// Pieces of streams: well-formed answers, and what is not.
fn streams() -> impl Strategy<Value = Vec<u8>> {
    let part = prop_oneof![
        Just(&b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc"[..]),
        Just(&b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nxyz"[..]),
        Just(&b"HTTP/1.1 404 Not Found\r\nX-Id: 1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"[..]),
        Just(&b"HTTP/1.1 100 Continue\r\n\r\n"[..]),
        Just(&b"HTTP/1.1 204 None\r\n\r\n"[..]),
        Just(&b"HTTP/1.1 200 OK\r\n\r\n"[..]),
        Just(&b"\r\n"[..]),
        Just(&b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\nContent-Length: 9\r\n\r\n"[..]),
        Just(&b"x"[..]),
    ];
    proptest::collection::vec(part, 1..8).prop_map(|parts| parts.concat())
}

proptest! {
    #[test]
    fn any_split_gives_the_same_answers(
        stream in streams(),
        heads in proptest::collection::vec(any::<bool>(), 1..8),
        sizes in proptest::collection::vec(1_usize..40, 1..8),
    ) {
        let whole = read::<false>(&stream, &heads, &[usize::MAX]);
        prop_assert_eq!(&read::<false>(&stream, &heads, &sizes), &whole);
        // Recognising heads by their bytes changes nothing.
        prop_assert_eq!(&read::<true>(&stream, &heads, &sizes), &whole);
    }

    #[test]
    fn it_agrees_with_the_gateways_parser(
        status in 200_u16..600, len in 0_usize..50, is_head: bool, closes: bool,
        sizes in proptest::collection::vec(1_usize..40, 1..8),
    ) {
        let connection = if closes { "Connection: close\r\n" } else { "" };
        let head = format!("HTTP/1.1 {status} X\r\n{connection}Content-Length: {len}\r\n\r\n");
        let mut oracle = ResponseHead::new();
        let parsed = oracle.parse(head.as_bytes(), is_head, &HEAD_LIMITS);
        let has_body = matches!(oracle.body, ResponseBody::Length(_));
        let body = if has_body { "b".repeat(len) } else { String::new() };
        let stream = format!("{head}{body}").into_bytes();
        let seen = read::<false>(&stream, &[is_head], &sizes);
        match parsed {
            Ok(_) => {
                let answer = (oracle.status, body.into_bytes(), oracle.keep_alive);
                prop_assert_eq!(seen, (vec![answer], Ok(())));
            }
            Err(_) => prop_assert_eq!(seen, (Vec::new(), Err(Malformed))),
        }
    }
}
