//! Text that is shared.

use std::borrow::Borrow;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::{Deref, Range};
use std::rc::Rc;

/// `java.lang.String`: immutable text, cheap to clone. It may be a piece of a longer one, as the strings of a document are pieces of
/// the body that it was read from; the whole lives as long as any piece of it.
#[derive(Clone)]
pub struct Text {
    whole: Rc<Box<str>>,
    start: u32,
    end: u32,
}

impl Text {
    /// Whether this is `text`. Lengths tell most that differ.
    #[inline]
    pub(crate) fn is(&self, text: &str) -> bool {
        (self.end - self.start) as usize == text.len()
            && self.whole.as_bytes()[self.start as usize..self.end as usize] == *text.as_bytes()
    }

    /// Whether both are the same place in the same memory.
    #[must_use]
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.whole, &other.whole) && (self.start, self.end) == (other.start, other.end)
    }

    /// The piece of this text at `range`, which shares its memory.
    #[inline]
    #[must_use]
    pub(crate) fn piece(&self, range: Range<usize>) -> Self {
        debug_assert!(self.get(range.clone()).is_some(), "a piece lies within its text");
        let at = |offset: usize| self.start + offset as u32;
        Self { whole: self.whole.clone(), start: at(range.start), end: at(range.end) }
    }
}

impl Deref for Text {
    type Target = str;

    #[inline]
    fn deref(&self) -> &str {
        &self.whole[self.start as usize..self.end as usize]
    }
}

/// Nothing that a template may make comes near 4 GiB; what is longer is cut at a character.
impl From<String> for Text {
    fn from(mut text: String) -> Self {
        if text.len() > u32::MAX as usize {
            text.truncate(text.floor_char_boundary(u32::MAX as usize));
        }
        let end = text.len() as u32;
        Self { whole: Rc::new(text.into_boxed_str()), start: 0, end }
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

impl Default for Text {
    fn default() -> Self {
        "".into()
    }
}

impl Borrow<str> for Text {
    fn borrow(&self) -> &str {
        self
    }
}

impl PartialEq for Text {
    fn eq(&self, other: &Self) -> bool {
        self.is(other)
    }
}

impl Eq for Text {}

impl Hash for Text {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (**self).hash(state);
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self)
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}
