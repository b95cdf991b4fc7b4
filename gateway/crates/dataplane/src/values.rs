//! The value of a mapping's source.
//!
//! Sources: the developer guide's "Map method request data to integration request parameters", and
//! for names, recorded behaviour: header names compare with their case, the last value wins.

use gateway_compile::Source;
use gateway_compile::Variable;
use gateway_proto::h1::ResponseHead;
use gateway_rt::Moment;

use crate::connection::Peer;
use crate::context::Context;
use crate::request::Exchange;

/// What an integration answered, where a mapping can see it.
#[derive(Clone, Copy)]
pub(crate) struct Reply<'r> {
    pub(crate) head: &'r ResponseHead,
    /// The bytes that the head's spans refer to.
    pub(crate) bytes: &'r [u8],
    /// The whole body, where a mapping needs it.
    pub(crate) body: Option<&'r [u8]>,
}

/// Gives values to mappings. The two documents are bodies parsed as JSON, where a mapping reads a
/// member of them.
#[derive(Clone, Copy)]
pub(crate) struct Values<'x> {
    pub(crate) x: &'x Exchange,
    pub(crate) peer: &'x Peer,
    pub(crate) reply: Option<Reply<'x>>,
    pub(crate) request_json: Option<&'x serde_json::Value>,
    pub(crate) response_json: Option<&'x serde_json::Value>,
}

impl<'x> Values<'x> {
    /// Values of a request whose bodies nobody reads.
    pub(crate) fn of_request(x: &'x Exchange, peer: &'x Peer) -> Self {
        Self { x, peer, reply: None, request_json: None, response_json: None }
    }

    /// Appends the value; `false`, and nothing written, when it is missing or empty.
    ///
    /// A multi-value query source writes its last value here; [`Values::each_query`] has them all.
    pub(crate) fn write(&self, source: &Source, out: &mut Vec<u8>) -> bool {
        let before = out.len();
        match source {
            Source::Literal(text) => out.extend_from_slice(text),
            Source::Path(index) => {
                let path = self.x.resource_path();
                out.extend_from_slice(self.x.params.value(path, *index).unwrap_or_default());
            }
            Source::PathName(name) => {
                let names = self.x.plan().map(|plan| &plan.path_params[..]).unwrap_or_default();
                if let Some(index) = names.iter().position(|known| known == name) {
                    let path = self.x.resource_path();
                    let value = self.x.params.value(path, index as u8);
                    out.extend_from_slice(value.unwrap_or_default());
                }
            }
            Source::Query(name) | Source::MultiQuery(name) => {
                if let Some(value) = queries(self.query(), name).last() {
                    decode_query(value, out);
                }
            }
            Source::Header(name) => {
                let fields = self.x.visible_fields();
                let mut named = fields.rev().filter(|f| self.x.text(f.name) == &**name);
                if let Some(field) = named.next() {
                    out.extend_from_slice(self.x.text(field.value));
                }
            }
            Source::MultiHeader(name) => {
                let fields = self.x.visible_fields();
                let named = fields.filter(|f| self.x.text(f.name) == &**name);
                join(named.map(|f| self.x.text(f.value)), out);
            }
            Source::Body => match self.x.request_body.trim_ascii() {
                b"" => out.extend_from_slice(b"{}"),
                body => out.extend_from_slice(body),
            },
            Source::BodyPath(path) => write_json(self.request_json, path, out),
            Source::Context(variable) => {
                // Only text can be mapped; numbers and booleans are ignored.
                if is_text(variable) {
                    let context = Context { x: self.x, peer: self.peer, now: Moment::now() };
                    context.value(variable, out);
                }
            }
            Source::ResponseHeader(name) => {
                if let Some(value) = self.reply_fields(name).next_back() {
                    out.extend_from_slice(value);
                }
            }
            Source::ResponseMultiHeader(name) => join(self.reply_fields(name), out),
            Source::ResponseBody => {
                out.extend_from_slice(self.reply.and_then(|r| r.body).unwrap_or_default());
            }
            Source::ResponseBodyPath(path) => write_json(self.response_json, path, out),
            Source::Missing => {}
        }
        out.len() > before
    }

    /// Appends all values of a source, each with its length, as a cache key has them; `false` when
    /// there is none, which differs from an empty one.
    ///
    /// Names of fields compare without case here: a backend that reads them so must not be asked by
    /// one spelling and answer another.
    pub(crate) fn write_key(&self, source: &Source, out: &mut Vec<u8>) -> bool {
        let before = out.len();
        match source {
            Source::Query(name) | Source::MultiQuery(name) => {
                for value in self.each_query(name) {
                    with_length(out, |out| decode_query(value, out));
                }
            }
            Source::Header(name) | Source::MultiHeader(name) => {
                for field in self.x.visible_fields() {
                    if self.x.text(field.name).eq_ignore_ascii_case(name) {
                        with_length(out, |out| out.extend_from_slice(self.x.text(field.value)));
                    }
                }
            }
            source => {
                self.write(source, out);
            }
        }
        out.len() > before
    }

    /// Appends how the values of a source are spelled, where that is not the plain way. A mapping or
    /// a backend may take another spelling for another value or for none: names of fields with their
    /// case, escapes that are none, `;` inside a value. One spelling must not fill what answers another.
    pub(crate) fn write_spelling(&self, source: &Source, out: &mut Vec<u8>) {
        match source {
            Source::Query(name) | Source::MultiQuery(name) => {
                let query = self.query();
                for pair in pairs(query, name).filter(|pair| !is_plain(pair, name)) {
                    with_length(out, |out| out.extend_from_slice(pair));
                }
                if query.contains(&b';') && pairs(query, name).next().is_some() {
                    out.extend_from_slice(query);
                }
            }
            Source::Header(name) | Source::MultiHeader(name) => {
                let before = out.len();
                let names = self.x.visible_fields().map(|field| self.x.text(field.name));
                let named = names.filter(|other| other.eq_ignore_ascii_case(name));
                out.extend(named.map(|other| u8::from(*other == **name)));
                if !out[before..].contains(&0) {
                    out.truncate(before);
                }
            }
            _ => {}
        }
    }

    /// All values of a query source, still percent-encoded as the client sent them.
    pub(crate) fn each_query<'s>(&'s self, name: &'s [u8]) -> impl Iterator<Item = &'s [u8]> {
        queries(self.query(), name)
    }

    fn query(&self) -> &'x [u8] {
        self.x.text(self.x.head.target.query)
    }

    fn reply_fields<'s>(
        &'s self,
        name: &'s [u8],
    ) -> impl DoubleEndedIterator<Item = &'x [u8]> + use<'s, 'x> {
        let reply = self.reply;
        let fields = reply.map(|r| &r.head.fields[..]).unwrap_or_default();
        let bytes = reply.map_or(&[][..], |r| r.bytes);
        fields.iter().filter(move |f| f.name.of(bytes) == name).map(move |f| f.value.of(bytes))
    }
}

/// Appends what `write` writes behind its length.
pub(crate) fn with_length(out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    let at = out.len();
    out.extend_from_slice(&[0; 4]);
    write(out);
    let len = (out.len() - at - 4) as u32;
    out[at..at + 4].copy_from_slice(&len.to_le_bytes());
}

/// Whether a context variable is text in API Gateway's context.
fn is_text(variable: &Variable) -> bool {
    !matches!(
        variable,
        Variable::RequestTimeEpoch
            | Variable::ResponseLatency
            | Variable::ResponseLength
            | Variable::Status
            | Variable::IntegrationStatus
            | Variable::IntegrationServiceStatus
            | Variable::IntegrationLatency
            | Variable::AuthorizerIntegrationLatency
            | Variable::AuthorizeLatency
            | Variable::AuthorizeStatus
    )
}

fn join<'v>(values: impl Iterator<Item = &'v [u8]>, out: &mut Vec<u8>) {
    let mut is_first = true;
    for value in values {
        if !is_first {
            out.push(b',');
        }
        out.extend_from_slice(value);
        is_first = false;
    }
}

fn write_json(
    document: Option<&serde_json::Value>,
    path: &gateway_compile::body_path::BodyPath,
    out: &mut Vec<u8>,
) {
    match document.and_then(|document| path.evaluate(document)) {
        None | Some(serde_json::Value::Null) => {}
        Some(serde_json::Value::String(text)) => out.extend_from_slice(text.as_bytes()),
        Some(value) => out.extend_from_slice(value.to_string().as_bytes()),
    }
}

/// The raw values of the parameters of that decoded name, in order.
fn queries<'q>(query: &'q [u8], name: &'q [u8]) -> impl Iterator<Item = &'q [u8]> {
    pairs(query, name).map(|pair| pair.get(name_len(pair) + 1..).unwrap_or_default())
}

/// The parameters of that decoded name as they are written, in order.
fn pairs<'q>(query: &'q [u8], name: &'q [u8]) -> impl Iterator<Item = &'q [u8]> {
    let pairs = query.split(|b| matches!(b, b'&' | b';')).filter(|pair| !pair.is_empty());
    pairs.filter(move |pair| decodes_to(&pair[..name_len(pair)], name))
}

fn name_len(pair: &[u8]) -> usize {
    pair.iter().position(|b| *b == b'=').unwrap_or(pair.len())
}

/// Whether a parameter is written `name=value` without an escape.
fn is_plain(pair: &[u8], name: &[u8]) -> bool {
    let value = pair.strip_prefix(name).and_then(|rest| rest.strip_prefix(b"="));
    value.is_some_and(|value| !value.iter().any(|b| matches!(b, b'%' | b'+')))
}

fn decodes_to(encoded: &[u8], name: &[u8]) -> bool {
    decoded(encoded).eq(name.iter().copied())
}

/// Appends the decoded form of a query's name or value: `+` is a space.
pub(crate) fn decode_query(encoded: &[u8], out: &mut Vec<u8>) {
    out.extend(decoded(encoded));
}

fn decoded(encoded: &[u8]) -> impl Iterator<Item = u8> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let byte = *encoded.get(at)?;
        at += 1;
        let hex = |b: u8| (b as char).to_digit(16);
        Some(match (byte, encoded.get(at), encoded.get(at + 1)) {
            (b'+', ..) => b' ',
            (b'%', Some(&high), Some(&low)) => match (hex(high), hex(low)) {
                (Some(high), Some(low)) => {
                    at += 2;
                    (high * 16 + low) as u8
                }
                _ => b'%',
            },
            _ => byte,
        })
    })
}

/// Percent-encodes what a query cannot hold: everything but the unreserved characters.
pub(crate) fn encode_query(text: &[u8], out: &mut Vec<u8>) {
    for &byte in text {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(byte);
        } else {
            escape(byte, out);
        }
    }
}

/// Percent-encodes what a path cannot hold. A slash stays: a greedy value has them. A triplet that
/// is there already stays too, if `is_encoded` says that the text comes from a path.
pub(crate) fn encode_path(text: &[u8], is_encoded: bool, out: &mut Vec<u8>) {
    for &byte in text {
        let is_plain = byte.is_ascii_alphanumeric()
            || b"-._~!$&'()*+,;=:@/".contains(&byte)
            || (byte == b'%' && is_encoded);
        if is_plain {
            out.push(byte);
        } else {
            escape(byte, out);
        }
    }
}

fn escape(byte: u8, out: &mut Vec<u8>) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    out.extend_from_slice(&[b'%', HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
}

/// Makes what was written from `start` on fit a field value: a byte that would end it or change
/// its meaning becomes a space.
///
/// Source: RFC 9110 section 5.5, "replace each of those characters with SP".
pub(crate) fn clean_field_value(out: &mut [u8]) {
    for byte in out.iter_mut().filter(|b| **b != b'\t' && (**b < 0x20 || **b == 0x7f)) {
        *byte = b' ';
    }
}

#[cfg(test)]
mod tests;
