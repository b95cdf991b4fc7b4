//! The head of a proxy function's answer.

use gateway_proto::{FieldName, is_name};

use crate::lambda::reply::{Reply, ReplyField};
use crate::respond::write_field;
use crate::status::write_line;

/// Writes status line and fields of the function's answer, up to those that each client gets of its own.
///
/// Values of `multiValueHeaders` come first; a value of `headers` joins those of its name, in their spelling,
/// unless it is one of them. Each value is a line of its own.
///
/// Source: recorded behaviour, "Response contract" and "Remap / drop", the column of `AWS_PROXY`.
pub(super) fn write_head(reply: &Reply, payload: &[u8], out: &mut Vec<u8>) {
    write_line(reply.status, out);
    let mut has_content_type = false;
    let mut write = |name: &[u8], value: &[u8], out: &mut Vec<u8>| {
        has_content_type |= FieldName::of(name) == FieldName::ContentType;
        write_remapped(name, value, out);
    };
    let single = |name: &[u8]| {
        let mut singles = reply.fields.iter().filter(|field| !field.is_multi);
        singles.find(|field| field.name.of(payload).eq_ignore_ascii_case(name))
    };
    let multis = || reply.fields.iter().filter(|field| field.is_multi);
    let is_multi = |name: &[u8]| multis().any(|f| f.name.of(payload).eq_ignore_ascii_case(name));
    let mut multi = multis();
    while let Some(field) = multi.next() {
        let (name, value) = of(field, payload);
        write(name, value, out);
        let mut later = multi.clone();
        if later.any(|other| other.name.of(payload).eq_ignore_ascii_case(name)) {
            continue;
        }
        if let Some(single) = single(name) {
            let value = single.value.of(payload);
            let is_same = |f: &ReplyField| of(f, payload) == (name, value);
            if !multis().any(is_same) {
                write(name, value, out);
            }
        }
    }
    for field in reply.fields.iter().filter(|field| !field.is_multi) {
        let (name, value) = of(field, payload);
        if !is_multi(name) {
            write(name, value, out);
        }
    }
    if !has_content_type {
        write_field(b"Content-Type", b"application/json", out);
    }
}

fn of<'p>(field: &ReplyField, payload: &'p [u8]) -> (&'p [u8], &'p [u8]) {
    (field.name.of(payload), field.value.of(payload))
}

/// Writes a field as the client gets it: what the gateway writes itself goes under another name, what is of
/// this connection alone not at all. The trace id of a response is the request's.
pub(super) fn write_remapped(name: &[u8], value: &[u8], out: &mut Vec<u8>) {
    let name: &[u8] = match FieldName::of(name) {
        FieldName::Connection => b"x-amzn-Remapped-Connection",
        FieldName::ContentLength => b"x-amzn-Remapped-Content-Length",
        FieldName::Date => b"x-amzn-Remapped-Date",
        FieldName::Server => b"x-amzn-Remapped-Server",
        FieldName::WwwAuthenticate => b"x-amzn-Remapped-WWW-Authenticate",
        FieldName::TransferEncoding | FieldName::KeepAlive | FieldName::ProxyConnection => return,
        FieldName::Other if is_name(name, b"x-amzn-requestid") => {
            b"x-amzn-Remapped-x-amzn-RequestId"
        }
        FieldName::Other if is_name(name, b"x-amzn-trace-id") => return,
        _ => name,
    };
    write_field(name, value, out);
}

#[cfg(test)]
mod tests;
