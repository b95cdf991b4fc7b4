//! Identity sources: what identifies a caller, and under which key decisions about one are kept.

use gateway_compile::{Identity, Source};
use gateway_proto::is_name;

use crate::connection::Peer;
use crate::request::Exchange;
use crate::values::{Values, with_length};

/// Whether a request says whose it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Identified {
    /// All identity sources are there; their values are the key.
    Yes,
    /// One is missing or empty, or the token is not what it has to look like.
    No,
    /// There are none: everybody is asked about.
    Anybody,
}

/// Writes the key: the identity values in their order, each with its length.
pub(super) fn write(
    x: &Exchange,
    peer: &Peer,
    identity: &Identity,
    key: &mut Vec<u8>,
) -> Identified {
    key.clear();
    match identity {
        Identity::Token { header, validation } => {
            let Some(token) = token(x, header) else { return Identified::No };
            let is_valid = validation.as_ref().is_none_or(|pattern| {
                std::str::from_utf8(token).is_ok_and(|token| pattern.matches(token))
            });
            if !is_valid {
                return Identified::No;
            }
            with_length(key, |key| key.extend_from_slice(token));
            Identified::Yes
        }
        Identity::Request(sources) if sources.is_empty() => Identified::Anybody,
        Identity::Request(sources) => {
            let values = Values::of_request(x, peer);
            let is_whole = sources.iter().all(|source| write_source(&values, source, key));
            if is_whole { Identified::Yes } else { Identified::No }
        }
    }
}

/// The whole value of the token's header, if it is not empty. Names of headers compare without case here.
pub(crate) fn token<'x>(x: &'x Exchange, header: &[u8]) -> Option<&'x [u8]> {
    let mut fields = x.visible_fields().rev();
    let field = fields.find(|field| is_named(x.text(field.name), header))?;
    Some(x.text(field.value)).filter(|value| !value.is_empty())
}

fn is_named(name: &[u8], wanted: &[u8]) -> bool {
    is_name(name, wanted) || name.eq_ignore_ascii_case(wanted)
}

/// Writes one source; `false` when it has no value, or its last one is empty. All values of a repeated
/// header or parameter are in the key, and how they are spelled: the function sees all of them, and what it
/// says of one request must not answer for another that it would tell apart.
fn write_source(values: &Values<'_>, source: &Source, key: &mut Vec<u8>) -> bool {
    let before = key.len();
    let has_value = match source {
        Source::Header(name) | Source::MultiHeader(name) => token(values.x, name).is_some(),
        source => values.write(source, key),
    };
    key.truncate(before);
    if has_value {
        with_length(key, |key| {
            values.write_key(source, key);
        });
        with_length(key, |key| values.write_spelling(source, key));
    }
    has_value
}
