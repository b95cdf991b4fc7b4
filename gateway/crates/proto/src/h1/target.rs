//! The request target, judged once: what passes here is what routes, what is authorised and what is
//! forwarded, byte for byte.
//!
//! Nothing is rewritten. A path that two parsers might normalise differently (dot segments in any
//! spelling, a malformed percent-encoding, bytes outside RFC 3986) is refused instead, so that there is
//! nothing left to normalise. `%2F` and `%5C` stay as they are and never separate segments, yet a dot
//! segment beside one is refused too, since a back end may decode them.

use crate::Span;
use crate::bytes::{hex, is_plain_path};
use crate::h1::authority::{self, AuthorityError};

/// A request target in its parts.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Target {
    /// The path: starts with `/`, percent-encoding kept, never empty. `*` in asterisk-form.
    pub path: Span,
    /// The query without its `?`, as sent; empty if there is none.
    pub query: Span,
    /// Whether there was a `?`.
    pub has_query: bool,
    /// Which form the target had.
    pub form: TargetForm,
}

/// The forms of RFC 9112 section 3.2 that we serve. Authority-form is `CONNECT`'s, which we refuse.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub enum TargetForm {
    /// `/path?query`
    #[default]
    Origin,
    /// `http://host/path?query` (or `https`)
    Absolute,
    /// `*`, for `OPTIONS` only
    Asterisk,
}

/// Why a target is refused. All are 400.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TargetError {
    /// It has none of the forms we serve.
    FormInvalid,
    /// `*` with another method than `OPTIONS`.
    Asterisk,
    /// A fragment, which is never sent.
    Fragment,
    /// A byte in the path that RFC 3986 does not allow there: space, control, backslash, non-ASCII, …
    PathByte,
    /// A control byte, a space or a non-ASCII byte in the query.
    QueryByte,
    /// A `%` without two hex digits behind it.
    Percent,
    /// `%00` in the path.
    Nul,
    /// `.` or `..` as a segment, in any spelling.
    DotSegment,
    /// A path that is not UTF-8 once its percent-encoding is decoded (overlong forms included).
    Utf8,
    /// The authority of an absolute-form target.
    Authority(AuthorityError),
}

impl TargetError {
    /// The reason as a kebab-case code, for logs and metrics.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::FormInvalid => "target-form",
            Self::Asterisk => "target-asterisk",
            Self::Fragment => "target-fragment",
            Self::PathByte => "path-byte",
            Self::QueryByte => "query-byte",
            Self::Percent => "percent-encoding",
            Self::Nul => "path-nul",
            Self::DotSegment => "dot-segment",
            Self::Utf8 => "path-utf8",
            Self::Authority(error) => error.reason(),
        }
    }
}

/// Parses the target in `buf[start..end]`; the second part is its authority, empty unless absolute.
pub(crate) fn parse(
    buf: &[u8],
    start: usize,
    end: usize,
    method: &[u8],
) -> Result<(Target, Span), TargetError> {
    let target = &buf[start..end];
    match target {
        [b'/', ..] => Ok((path_and_query(buf, start, end)?, Span::default())),
        b"*" if method == b"OPTIONS" => {
            let path = Span::new(start, end);
            Ok((Target { path, form: TargetForm::Asterisk, ..Target::default() }, Span::default()))
        }
        b"*" => Err(TargetError::Asterisk),
        _ => absolute(buf, start, end),
    }
}

/// `http://authority[/path][?query]`
fn absolute(buf: &[u8], start: usize, end: usize) -> Result<(Target, Span), TargetError> {
    let scheme_len = [&b"http://"[..], b"https://"]
        .iter()
        .find(|scheme| {
            buf[start..end].get(..scheme.len()).is_some_and(|s| s.eq_ignore_ascii_case(scheme))
        })
        .ok_or(TargetError::FormInvalid)?
        .len();
    let authority_start = start + scheme_len;
    let authority_len = buf[authority_start..end]
        .iter()
        .position(|b| matches!(b, b'/' | b'?' | b'#'))
        .unwrap_or(end - authority_start);
    let authority_end = authority_start + authority_len;
    authority::check(&buf[authority_start..authority_end]).map_err(TargetError::Authority)?;
    let mut target = path_and_query(buf, authority_end, end)?;
    target.form = TargetForm::Absolute;
    if target.path.is_empty() {
        // An empty path means "/" (RFC 9110 section 4.2.3); the scheme's last byte is one.
        target.path = Span::new(authority_start - 1, authority_start);
    }
    Ok((target, Span::new(authority_start, authority_end)))
}

fn path_and_query(buf: &[u8], start: usize, end: usize) -> Result<Target, TargetError> {
    let path_end = start + check_path(&buf[start..end])?;
    let mut target = Target { path: Span::new(start, path_end), ..Target::default() };
    if path_end < end {
        target.has_query = true;
        target.query = Span::new(path_end + 1, end);
        check_query(target.query.of(buf))?;
    }
    Ok(target)
}

/// Checks the path at the start of `bytes` and says how long it is: up to `?` or the end.
fn check_path(bytes: &[u8]) -> Result<usize, TargetError> {
    let mut segment = Segment::default();
    let mut at = 0;
    while let Some(&b) = bytes.get(at) {
        at += 1;
        match b {
            _ if is_plain_path(b) => segment.other(),
            b'/' => segment.end()?,
            b'?' => {
                segment.end()?;
                return Ok(at - 1);
            }
            b'%' => {
                let decoded = triplet(bytes, at - 1)?;
                match decoded {
                    0 => return Err(TargetError::Nul),
                    b'.' => segment.dot(),
                    b';' => segment.parameters(),
                    b'/' | b'\\' => segment.end()?,
                    0x80.. => {
                        at = utf8_triplets(bytes, at - 1, decoded)?;
                        segment.other();
                        continue;
                    }
                    _ => segment.other(),
                }
                at += 2;
            }
            b'.' => segment.dot(),
            b';' => segment.parameters(),
            b'#' => return Err(TargetError::Fragment),
            _ => return Err(TargetError::PathByte),
        }
    }
    segment.end()?;
    Ok(at)
}

/// What is known of the path segment being read: is it a dot segment, parameters aside?
#[derive(Default)]
struct Segment {
    dots: usize,
    has_other: bool,
    has_parameters: bool,
}

impl Segment {
    #[inline]
    fn dot(&mut self) {
        self.dots += usize::from(!self.has_parameters);
    }

    #[inline]
    fn other(&mut self) {
        self.has_other |= !self.has_parameters;
    }

    #[inline]
    fn parameters(&mut self) {
        self.has_parameters = true;
    }

    #[inline]
    fn end(&mut self) -> Result<(), TargetError> {
        if !self.has_other && matches!(self.dots, 1 | 2) {
            return Err(TargetError::DotSegment);
        }
        *self = Self::default();
        Ok(())
    }
}

/// The byte that the triplet at `at` stands for.
#[inline]
fn triplet(bytes: &[u8], at: usize) -> Result<u8, TargetError> {
    match bytes.get(at..at + 3) {
        Some(&[b'%', high, low]) => match (hex(high), hex(low)) {
            (Some(high), Some(low)) => Ok(high << 4 | low),
            _ => Err(TargetError::Percent),
        },
        _ => Err(TargetError::Percent),
    }
}

/// Reads the triplets of one character beyond ASCII, whose first is at `at`; says where they end.
fn utf8_triplets(bytes: &[u8], at: usize, lead: u8) -> Result<usize, TargetError> {
    let len = match lead {
        0xc2..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf4 => 4,
        _ => return Err(TargetError::Utf8),
    };
    let mut character = [0u8; 4];
    for (index, slot) in character[..len].iter_mut().enumerate() {
        let at = at + 3 * index;
        if bytes.get(at) != Some(&b'%') {
            return Err(TargetError::Utf8);
        }
        *slot = triplet(bytes, at)?;
    }
    str::from_utf8(&character[..len]).map_err(|_| TargetError::Utf8)?;
    Ok(at + 3 * len)
}

fn check_query(query: &[u8]) -> Result<(), TargetError> {
    let mut at = 0;
    while let Some(&b) = query.get(at) {
        match b {
            b'%' => {
                triplet(query, at)?;
                at += 2;
            }
            b'#' => return Err(TargetError::Fragment),
            b'!'..=b'~' => {}
            _ => return Err(TargetError::QueryByte),
        }
        at += 1;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
