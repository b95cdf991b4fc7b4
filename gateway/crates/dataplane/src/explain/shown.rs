//! Bytes of a request as text for people: printable, and without its secrets.

use gateway_proto::FieldName;

use crate::request::Exchange;
use crate::values::{encode_path, encode_query};

/// What stands for a secret.
const HIDDEN: &[u8] = b"***";

/// Writes bytes of one request.
pub(crate) struct Shown {
    /// Values that are not shown, in the forms in which a mapping can write them; longest first.
    secrets: Vec<Vec<u8>>,
}

impl Shown {
    pub(crate) fn of(x: &Exchange) -> Self {
        use FieldName as F;
        let is_secret = |known| matches!(known, F::XApiKey | F::Authorization | F::Cookie);
        let mut secrets = Vec::new();
        for field in x.head.fields.iter().filter(|field| is_secret(field.known)) {
            secrets.extend(forms(x.text(field.value)));
        }
        Self::hiding(secrets)
    }

    /// Hides another value from now on.
    pub(crate) fn hide(&mut self, value: &[u8]) {
        let mut secrets = std::mem::take(&mut self.secrets);
        secrets.extend(forms(value));
        *self = Self::hiding(secrets);
    }

    fn hiding(mut secrets: Vec<Vec<u8>>) -> Self {
        secrets.retain(|secret| !secret.is_empty());
        secrets.sort_by(|a, b| b.len().cmp(&a.len()).then(a.cmp(b)));
        secrets.dedup();
        Self { secrets }
    }

    /// The bytes, escaped where they are not printable ASCII, secrets hidden.
    pub(crate) fn text(&self, bytes: &[u8]) -> String {
        let mut out = String::with_capacity(bytes.len());
        let mut rest = bytes;
        while let [byte, after @ ..] = rest {
            match self.secrets.iter().find(|secret| rest.starts_with(secret)) {
                Some(secret) => {
                    HIDDEN.iter().for_each(|byte| out.push(char::from(*byte)));
                    rest = &rest[secret.len()..];
                }
                None => {
                    push_escaped(*byte, &mut out);
                    rest = after;
                }
            }
        }
        out
    }
}

fn push_escaped(byte: u8, out: &mut String) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    match byte {
        b'\\' => out.push_str("\\\\"),
        b' '..=b'~' => out.push(char::from(byte)),
        _ => {
            out.push_str("\\x");
            out.push(char::from(HEX[usize::from(byte >> 4)]));
            out.push(char::from(HEX[usize::from(byte & 15)]));
        }
    }
}

/// A value in the forms in which a mapping can write it.
fn forms(value: &[u8]) -> [Vec<u8>; 3] {
    let (mut in_query, mut in_path) = (Vec::new(), Vec::new());
    encode_query(value, &mut in_query);
    encode_path(value, false, &mut in_path);
    [value.to_vec(), in_query, in_path]
}

#[cfg(test)]
mod tests {
    use super::Shown;

    #[track_caller]
    fn check(secrets: &[&str], bytes: &[u8], expected: &str) {
        let secrets = secrets.iter().map(|secret| secret.as_bytes().to_vec()).collect();
        assert_eq!(Shown::hiding(secrets).text(bytes), expected);
    }

    #[test]
    fn what_is_not_printable_is_escaped() {
        check(&[], b"a b;\\ \0\n\xc3\xa9~", "a b;\\\\ \\x00\\x0a\\xc3\\xa9~");
    }

    #[test]
    fn secrets_are_hidden_wherever_they_stand() {
        check(&["key", "key-2", ""], b"/key/key-2?k=keykey\x01", "/***/***?k=******\\x01");
    }
}
