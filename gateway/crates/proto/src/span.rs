//! A place in a receive buffer.

/// A range of bytes in the buffer that a head was parsed from.
///
/// Offsets instead of a borrow, so that a parsed head and its buffer can live side by side in one
/// connection. A span means something only together with the bytes it was taken from: reading it
/// against another buffer yields other bytes, or nothing.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Span {
    /// Offset of the first byte.
    pub start: u32,
    /// Offset behind the last byte.
    pub end: u32,
}

impl Span {
    /// The span of `start..end`. Both fit, since a head never exceeds
    /// [`HeadLimits::head_bytes_max`](crate::HeadLimits::head_bytes_max).
    pub(crate) fn new(start: usize, end: usize) -> Self {
        debug_assert!(start <= end && end <= u32::MAX as usize);
        Self { start: start as u32, end: end as u32 }
    }

    /// The bytes this span stands for; empty when `buf` is too short to hold them.
    #[inline]
    pub fn of<'a>(&self, buf: &'a [u8]) -> &'a [u8] {
        buf.get(self.start as usize..self.end as usize).unwrap_or_default()
    }

    /// How many bytes the span covers.
    #[inline]
    pub fn len(&self) -> usize {
        self.end.saturating_sub(self.start) as usize
    }

    /// Whether the span covers no byte.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.start == self.end
    }
}

#[cfg(test)]
mod tests {
    use super::Span;

    #[test]
    fn a_span_reads_its_bytes_and_nothing_from_a_buffer_that_is_too_short() {
        let span = Span::new(2, 5);
        assert_eq!(span.of(b"abcdefg"), b"cde");
        assert_eq!(span.len(), 3);
        assert!(!span.is_empty());
        assert_eq!(span.of(b"abcd"), b"");
        assert!(Span::default().is_empty());
    }
}
