//! Looks for byte strings in an answer, across the pieces in which it comes.

use std::sync::Arc;

use gateway_proto::h1::ResponseHead;
use memchr::memmem::Finder;

use crate::framing::{Malformed, Sink};

/// What is looked for, prepared once per thread.
#[derive(Clone)]
pub(crate) struct Marks {
    finders: Arc<[Finder<'static>]>,
    /// The longest, in bytes.
    longest: usize,
}

/// Looks through one answer after the other.
pub(crate) struct Look {
    marks: Marks,
    /// Index of the first mark found so far.
    found: Option<u8>,
    /// The end of the piece before, shorter than the longest mark, and room for the start of the next.
    seam: Vec<u8>,
}

impl Marks {
    pub(crate) fn new(marks: &[Vec<u8>]) -> Self {
        let finders = marks.iter().map(|mark| Finder::new(mark).into_owned()).collect();
        Self { finders, longest: marks.iter().map(Vec::len).max().unwrap_or(0) }
    }

    /// Whether there is anything to look for.
    pub(crate) fn is_empty(&self) -> bool {
        self.finders.is_empty()
    }
}

impl Look {
    pub(crate) fn new(marks: Marks) -> Self {
        let seam = Vec::with_capacity(2 * marks.longest);
        Self { marks, found: None, seam }
    }

    /// Starts with the next answer, and says what was found in the one before.
    pub(crate) fn take(&mut self) -> Option<u8> {
        self.seam.clear();
        self.found.take()
    }

    /// Looks for the marks before the one found.
    fn look(&mut self, bytes: &[u8]) {
        let before = self.found.map_or(self.marks.finders.len(), usize::from);
        let found = self.marks.finders[..before].iter().position(|mark| mark.find(bytes).is_some());
        // Plans have no more marks than fit.
        self.found = found.and_then(|index| u8::try_from(index).ok()).or(self.found);
    }

    fn piece(&mut self, bytes: &[u8]) {
        let keep = self.marks.longest.saturating_sub(1);
        if !self.seam.is_empty() {
            let mut seam = std::mem::take(&mut self.seam);
            seam.extend_from_slice(&bytes[..bytes.len().min(keep)]);
            self.look(&seam);
            self.seam = seam;
        }
        self.look(bytes);
        if bytes.len() >= keep {
            self.seam.clear();
            self.seam.extend_from_slice(&bytes[bytes.len() - keep..]);
        } else {
            if self.seam.is_empty() {
                self.seam.extend_from_slice(bytes);
            }
            // What was before and all of `bytes`: keep its end.
            let over = self.seam.len().saturating_sub(keep);
            self.seam.drain(..over);
        }
    }
}

impl Sink for Look {
    const WANTS_FIELDS: bool = false;

    fn head(&mut self, raw: &[u8], _: Option<&ResponseHead>) {
        self.seam.clear();
        self.look(raw);
    }

    fn body(&mut self, piece: &[u8]) -> Result<(), Malformed> {
        if !piece.is_empty() {
            self.piece(piece);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What is found when `body` comes in pieces of the given sizes, taken in turn.
    fn found(marks: &[&[u8]], head: &[u8], body: &[u8], sizes: &[usize]) -> Option<u8> {
        let marks: Vec<Vec<u8>> = marks.iter().map(|mark| mark.to_vec()).collect();
        let mut look = Look::new(Marks::new(&marks));
        look.head(head, None);
        let mut rest = body;
        for size in sizes.iter().cycle() {
            if rest.is_empty() {
                break;
            }
            let (piece, after) = rest.split_at(rest.len().min(*size));
            look.body(piece).expect("no bound");
            rest = after;
        }
        look.take()
    }

    #[test]
    fn the_first_mark_of_the_plan_counts_not_the_first_of_the_answer() {
        assert_eq!(found(&[b"b", b"a"], b"x", b"ab", &[1]), Some(0));
        assert_eq!(found(&[b"b", b"a"], b"x", b"aa", &[1]), Some(1));
        assert_eq!(found(&[b"b", b"a"], b"x", b"cc", &[1]), None);
        assert_eq!(
            found(&[b"X-Cache: hit"], b"HTTP/1.1 200\r\nX-Cache: hit\r\n\r\n", b"", &[1]),
            Some(0)
        );
    }

    proptest! {
        #[test]
        fn any_split_finds_what_the_whole_has(
            body in proptest::collection::vec(0_u8..3, 0..60),
            marks in proptest::collection::vec(proptest::collection::vec(0_u8..3, 1..7), 1..4),
            sizes in proptest::collection::vec(1_usize..9, 1..6),
        ) {
            let whole = marks.iter().position(|mark| {
                body.windows(mark.len()).any(|window| window == &mark[..])
            });
            let marks: Vec<&[u8]> = marks.iter().map(Vec::as_slice).collect();
            prop_assert_eq!(found(&marks, b"", &body, &sizes).map(usize::from), whole);
        }
    }
}
