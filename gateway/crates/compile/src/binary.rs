//! Which bodies are binary. Source: API Gateway Developer Guide, "Content type conversions", and recorded
//! behaviour.

use crate::functions::BinaryMediaTypes;
use crate::templates::media_type;

impl BinaryMediaTypes {
    /// Takes the entries of an API: `image/png`, `image/*`, `*/*`.
    pub fn new(entries: impl IntoIterator<Item = impl Into<Box<str>>>) -> Self {
        Self(entries.into_iter().map(Into::into).collect())
    }

    /// Whether nothing is binary.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether an entry names a media type: as it is, by `type/*`, or by `*/*`. An entry `*/sub` names
    /// nothing. Parameters are ignored, and so is case.
    pub fn matches(&self, value: &[u8]) -> bool {
        let value = media_type(value);
        let Some((kind, subtype)) = split(value) else { return false };
        self.0.iter().any(|entry| {
            let entry = media_type(entry.as_bytes());
            match split(entry) {
                Some((b"*", b"*")) => true,
                None | Some((b"*", _)) => false,
                Some((entry_kind, b"*")) => entry_kind.eq_ignore_ascii_case(kind),
                Some((entry_kind, entry_subtype)) => {
                    entry_kind.eq_ignore_ascii_case(kind)
                        && entry_subtype.eq_ignore_ascii_case(subtype)
                }
            }
        })
    }

    /// Whether a request's body is binary, by its `Content-Type`; an absent one reads `application/json`.
    pub fn is_binary_request(&self, content_type: Option<&[u8]>) -> bool {
        !self.0.is_empty() && self.matches(content_type.unwrap_or(b"application/json"))
    }

    /// Whether a response's body is binary, by the first media type of the client's `Accept`. A wildcard of
    /// the client is text: `*/*` is named by the entry `*/*` only, `image/*` also by `image/*`.
    pub fn is_binary_response(&self, accept: Option<&[u8]>) -> bool {
        let Some(accept) = accept.filter(|_| !self.0.is_empty()) else { return false };
        let end = accept.iter().position(|b| *b == b',').unwrap_or(accept.len());
        self.matches(&accept[..end])
    }
}

/// Type and subtype; `None` for what is no media type.
fn split(media_type: &[u8]) -> Option<(&[u8], &[u8])> {
    let slash = media_type.iter().position(|b| *b == b'/')?;
    let (kind, subtype) = (&media_type[..slash], &media_type[slash + 1..]);
    let is_token = |text: &[u8]| {
        let is_letter = |b: &u8| b.is_ascii_graphic() && !b"/,;()<>@:\\\"[]?={}".contains(b);
        !text.is_empty() && text.iter().all(is_letter)
    };
    (is_token(kind) && is_token(subtype)).then_some((kind, subtype))
}

#[cfg(test)]
mod tests;
