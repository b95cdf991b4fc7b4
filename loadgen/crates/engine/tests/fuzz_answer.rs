//! Any bytes from a peer: no panic, nothing consumed twice, and any split gives the same answers.
#![forbid(unsafe_code)]

use gateway_proto::h1::ResponseHead;
use loadgen_engine::framing::{Framing, Malformed, Sink};

#[derive(Default, Debug, PartialEq, Eq)]
struct Told(Vec<u8>);

impl Sink for Told {
    const WANTS_FIELDS: bool = false;

    fn head(&mut self, raw: &[u8], _: Option<&ResponseHead>) {
        self.0.extend_from_slice(raw);
    }

    fn body(&mut self, piece: &[u8]) -> Result<(), Malformed> {
        self.0.extend_from_slice(piece);
        Ok(())
    }
}

/// All that is told of up to four answers in `stream`, which comes in pieces of `size`.
fn read(stream: &[u8], size: usize) -> (Told, Vec<u16>, Result<(), Malformed>) {
    let (mut told, mut statuses) = (Told::default(), Vec::new());
    let (mut framing, mut held) = (Framing::new(), Vec::new());
    let mut pieces = stream.chunks(size.max(1));
    for round in 0..4 {
        framing.begin(round == 2);
        loop {
            let before = held.len();
            let fed = match framing.feed(&mut held, &mut told) {
                Ok(fed) => fed,
                Err(malformed) => return (told, statuses, Err(malformed)),
            };
            assert!(fed.consumed <= before, "no more is consumed than there is");
            held.drain(..fed.consumed);
            if fed.is_whole {
                break;
            }
            match pieces.next() {
                Some(piece) => held.extend_from_slice(piece),
                None => match framing.close(&held) {
                    Ok(true) => break,
                    cut => return (told, statuses, cut.map(|_| ())),
                },
            }
        }
        assert!((200..600).contains(&framing.status()), "{}", framing.status());
        statuses.push(framing.status());
        if !framing.keep_alive() {
            break;
        }
    }
    (told, statuses, Ok(()))
}

#[test]
fn any_bytes_are_answers_or_refused() {
    bolero::check!().with_type::<(u8, Vec<u8>)>().for_each(|(size, bytes)| {
        let starts = [
            &b""[..],
            b"HTTP/1.1 200 OK\r\n",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        ];
        for start in starts {
            let stream = [start, bytes].concat();
            let (told, statuses, result) = read(&stream, usize::MAX);
            let (split_told, split_statuses, split_result) = read(&stream, usize::from(*size) + 1);
            assert_eq!((&split_statuses, split_result), (&statuses, result));
            // What is told of an answer before it is refused depends on how far the pieces got.
            assert!(result.is_err() || split_told == told);
        }
    });
}
