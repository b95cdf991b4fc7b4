//! When a head that arrives in pieces is worth parsing.

use memchr::memchr;

use crate::HeadLimits;
use crate::h1::request::empty_lines;
use crate::limits::{EARLY_PARSE_BYTES, EMPTY_LINES_MAX};

/// What to do with the bytes received so far.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Scan {
    /// Parse: the head is whole, or it is wrong, or it is short enough to look.
    Parse,
    /// Receive more; a parse would be [`Partial`](crate::h1::Parsed::Partial).
    Wait,
}

/// Remembers how far a head was looked at, so that one which arrives a byte at a time costs O(n).
///
/// The first call always says [`Scan::Parse`], as do the calls while the head is a few bytes long: a
/// head that arrives whole is never scanned here at all, and what is not HTTP is refused at its first
/// bytes. After that the head is parsed again only when an empty line shows, when a line end is wrong
/// (bare LF, CR without LF at the start of a line, folding), or when a limit is crossed.
///
/// One scanner serves one head: call [`reset`](Self::reset) before the next. When the peer closes in
/// the middle of a head, one last parse tells a refusal from a head that was only cut short.
#[derive(Clone, Copy, Debug)]
pub struct HeadScanner {
    limits: HeadLimits,
    has_pushed: bool,
    looked: usize,
    first_line_end: Option<usize>,
}

impl HeadScanner {
    /// A scanner for a head within `limits`.
    pub const fn new(limits: HeadLimits) -> Self {
        Self { limits, has_pushed: false, looked: 0, first_line_end: None }
    }

    /// Forgets the head, to start with the next one.
    pub fn reset(&mut self) {
        *self = Self::new(self.limits);
    }

    /// Looks at the head received so far: all of it, from its first byte.
    #[inline]
    pub fn push(&mut self, buf: &[u8]) -> Scan {
        let is_early = !self.has_pushed || buf.len() <= EARLY_PARSE_BYTES;
        self.has_pushed = true;
        if is_early || self.shows_end(buf) || self.is_over_limit(buf) {
            Scan::Parse
        } else {
            Scan::Wait
        }
    }

    /// Looks at the bytes not looked at yet: does a line end that ends the head, or spoils it?
    fn shows_end(&mut self, buf: &[u8]) -> bool {
        if self.looked == 0 {
            self.looked = 2 * empty_lines(buf);
        }
        while let Some(found) = buf.get(self.looked..).and_then(|rest| memchr(b'\n', rest)) {
            let lf = self.looked + found;
            let is_bare = lf == 0 || buf[lf - 1] != b'\r';
            match (buf.get(lf + 1), buf.get(lf + 2)) {
                _ if is_bare => return true,
                (Some(b'\n' | b' ' | b'\t'), _) | (Some(b'\r'), Some(_)) => return true,
                // The next byte decides: look at this line end again.
                (None, _) | (Some(b'\r'), None) => {
                    self.looked = lf;
                    self.note_line_end(lf);
                    return false;
                }
                (Some(_), _) => {
                    self.looked = lf + 1;
                    self.note_line_end(lf);
                }
            }
        }
        self.looked = buf.len().max(self.looked);
        false
    }

    /// Remembers where the request line ended.
    fn note_line_end(&mut self, lf: usize) {
        self.first_line_end.get_or_insert(lf);
    }

    fn is_over_limit(&self, buf: &[u8]) -> bool {
        let len_max = match self.first_line_end {
            None => 2 * EMPTY_LINES_MAX + self.limits.request_line_bytes_max + 1,
            Some(lf) => lf + 1 + self.limits.fields_bytes_max + 1,
        };
        buf.len() > len_max
    }
}

#[cfg(test)]
mod tests;
