//! Lines of a head: strictly CRLF, no folding, no control bytes, bounded before they are whole.
//!
//! Lines are judged in order, each when its LF is there (or when it is already too long). So what a
//! head is refused for never depends on how its bytes were split: the first bad line decides.

use memchr::memchr;

use crate::bytes::{are_tokens, is_field_value, is_ows, is_token};
use crate::{Field, FieldName, HeadLimits, Span};

/// Why a field line is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FieldError {
    /// A line that ends in LF without CR.
    BareLf,
    /// A CR that no LF follows.
    BareCr,
    /// A line that starts with white space: obsolete folding, or a space after the start line.
    ObsFold,
    /// A colon with no name before it.
    NameEmpty,
    /// White space between name and colon.
    SpaceBeforeColon,
    /// A byte in a name that is no token byte, or a line without a colon.
    NameInvalid,
    /// A control byte in a value.
    ValueInvalid,
    /// Names, values and terminators exceed [`HeadLimits::fields_bytes_max`].
    TooLarge,
    /// More fields than [`HeadLimits::fields_count_max`].
    TooMany,
}

impl FieldError {
    /// The reason as a kebab-case code, for logs and metrics.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::BareLf => "bare-lf",
            Self::BareCr => "bare-cr",
            Self::ObsFold => "obs-fold",
            Self::NameEmpty => "field-name-empty",
            Self::SpaceBeforeColon => "space-before-colon",
            Self::NameInvalid => "field-name-invalid",
            Self::ValueInvalid => "field-value-invalid",
            Self::TooLarge => "fields-too-large",
            Self::TooMany => "too-many-fields",
        }
    }

    /// The status a server answers with.
    pub const fn status(&self) -> u16 {
        match self {
            Self::TooLarge | Self::TooMany => 431,
            _ => 400,
        }
    }
}

/// What stands at a place in the fields of a head.
pub(crate) enum Line {
    /// A field; the next line starts at `next`.
    Field { field: Field, next: usize },
    /// The empty line; the head ends at `end`.
    End { end: usize },
    /// No whole line yet.
    Partial,
}

/// Reads the line at `at`, in fields that start at `fields_start`.
#[inline]
pub(crate) fn next_line(
    buf: &[u8],
    fields_start: usize,
    at: usize,
    limits: &HeadLimits,
) -> Result<Line, FieldError> {
    match buf.get(at) {
        None => return Ok(Line::Partial),
        Some(b'\r') => {
            return match buf.get(at + 1) {
                None => Ok(Line::Partial),
                Some(b'\n') => Ok(Line::End { end: at + 2 }),
                Some(_) => Err(FieldError::BareCr),
            };
        }
        Some(b'\n') => return Err(FieldError::BareLf),
        Some(b' ' | b'\t') => return Err(FieldError::ObsFold),
        Some(_) => {}
    }
    let window_end = buf.len().min(fields_start + limits.fields_bytes_max);
    let Some(len) = buf.get(at..window_end).and_then(|rest| memchr(b'\n', rest)) else {
        let is_full = buf.len() >= fields_start + limits.fields_bytes_max;
        return if is_full { Err(FieldError::TooLarge) } else { Ok(Line::Partial) };
    };
    let lf = at + len;
    let field = field(buf, at, lf)?;
    Ok(Line::Field { field, next: lf + 1 })
}

/// The field in `buf[start..lf]`, whose last byte has to be a CR.
#[inline]
fn field(buf: &[u8], start: usize, lf: usize) -> Result<Field, FieldError> {
    let line = &buf[start..lf];
    let Some((b'\r', line)) = line.split_last() else { return Err(FieldError::BareLf) };
    let Some(name_len) = memchr(b':', line) else { return Err(name_error(line)) };
    if name_len == 0 || !are_tokens(&line[..name_len]) {
        return Err(name_error(line));
    }
    let raw = &line[name_len + 1..];
    if !is_field_value(raw) {
        return Err(if raw.contains(&b'\r') {
            FieldError::BareCr
        } else {
            FieldError::ValueInvalid
        });
    }
    let leading = raw.iter().position(|&b| !is_ows(b)).unwrap_or(raw.len());
    let trimmed_end = raw.iter().rposition(|&b| !is_ows(b)).map_or(leading, |last| last + 1);
    let value_start = start + name_len + 1;
    Ok(Field {
        name: Span::new(start, start + name_len),
        value: Span::new(value_start + leading, value_start + trimmed_end),
        known: FieldName::of(&line[..name_len]),
    })
}

/// What is wrong with the name at the start of `line`, which is known to be no name.
#[cold]
fn name_error(line: &[u8]) -> FieldError {
    match line.iter().find(|&&b| !is_token(b)) {
        Some(b':') => FieldError::NameEmpty,
        Some(b' ' | b'\t') => FieldError::SpaceBeforeColon,
        Some(_) | None => FieldError::NameInvalid,
    }
}

/// The start line at `at`: where its CR is, `None` while it is not whole.
pub(crate) enum StartLine {
    /// The line's content ends at `end`, and the next line starts two bytes behind it.
    Whole { end: usize },
    /// No LF yet.
    Partial,
    /// Longer than allowed.
    TooLong,
    /// It ends in LF alone.
    BareLf,
}

/// Finds the end of the start line at `at`.
#[inline]
pub(crate) fn start_line(buf: &[u8], at: usize, limits: &HeadLimits) -> StartLine {
    let window_end = buf.len().min(at + limits.request_line_bytes_max + 2);
    let Some(len) = buf.get(at..window_end).and_then(|rest| memchr(b'\n', rest)) else {
        let is_full = buf.len() >= at + limits.request_line_bytes_max + 2;
        return if is_full { StartLine::TooLong } else { StartLine::Partial };
    };
    match len.checked_sub(1).map(|cr| buf[at + cr]) {
        Some(b'\r') => StartLine::Whole { end: at + len - 1 },
        _ => StartLine::BareLf,
    }
}

#[cfg(test)]
mod tests;
