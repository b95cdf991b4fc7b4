//! Bytes that a function wrote, as lines.

use crate::limits::LINE_BYTES_MAX;

/// Puts lines together from pieces of any size. Holds one line at most, and no memory between lines.
#[derive(Debug, Default)]
pub(super) struct Lines {
    begun: Vec<u8>,
}

impl Lines {
    /// Takes bytes, and gives each line that ends in them, without its end. A line that is too long comes in pieces.
    pub(super) fn take(&mut self, mut bytes: &[u8], mut line: impl FnMut(&[u8])) {
        while let Some(end) = bytes.iter().position(|byte| *byte == b'\n') {
            let (head, rest) = (&bytes[..end], &bytes[end + 1..]);
            bytes = rest;
            if self.begun.is_empty() {
                pieces(head, &mut line);
            } else {
                self.begin(head, &mut line);
                self.finish(&mut line);
            }
        }
        self.begin(bytes, &mut line);
    }

    /// Gives what has no end yet.
    pub(super) fn finish(&mut self, mut line: impl FnMut(&[u8])) {
        let begun = std::mem::take(&mut self.begun);
        if !begun.is_empty() {
            line(without_return(&begun));
        }
    }

    fn begin(&mut self, mut bytes: &[u8], line: &mut impl FnMut(&[u8])) {
        while !bytes.is_empty() {
            let (part, rest) = bytes.split_at(bytes.len().min(LINE_BYTES_MAX - self.begun.len()));
            bytes = rest;
            self.begun.extend_from_slice(part);
            if self.begun.len() == LINE_BYTES_MAX {
                line(&self.begun);
                self.begun = Vec::new();
            }
        }
    }
}

fn pieces(bytes: &[u8], line: &mut impl FnMut(&[u8])) {
    let bytes = without_return(bytes);
    if bytes.is_empty() {
        // An empty line is an event as well.
        return line(bytes);
    }
    bytes.chunks(LINE_BYTES_MAX).for_each(line);
}

fn without_return(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn lines(pieces: &[&[u8]]) -> Vec<Vec<u8>> {
        let mut all = Vec::new();
        let mut lines = Lines::default();
        for piece in pieces {
            lines.take(piece, |line| all.push(line.to_vec()));
        }
        lines.finish(|line| all.push(line.to_vec()));
        all
    }

    #[test]
    fn lines_end_where_they_end() {
        let expect: &[&[u8]] = &[b"a", b"", b"b\xff\0", b"c"];
        assert_eq!(lines(&[b"a\r\n\nb\xff", b"\0\nc"]), expect);
        assert_eq!(lines(&[b""]), Vec::<Vec<u8>>::new());
    }

    #[test]
    fn a_long_line_comes_in_pieces() {
        let long = vec![b'x'; LINE_BYTES_MAX * 2 + 5];
        let all = lines(&[&long, b"y\nz\n"]);
        assert_eq!(all.len(), 4);
        assert!(all.iter().all(|line| line.len() <= LINE_BYTES_MAX));
        assert_eq!(all[2], b"xxxxxy");
    }

    proptest! {
        #[test]
        fn any_split_of_the_bytes_gives_the_same_lines(
            bytes in prop::collection::vec(prop_oneof![Just(b'\n'), Just(b'\r'), any::<u8>()], 0..200),
            at in any::<prop::sample::Index>(),
        ) {
            let at = at.index(bytes.len() + 1);
            prop_assert_eq!(lines(&[&bytes]), lines(&[&bytes[..at], &bytes[at..]]));
        }
    }
}
