//! What differs from run to run, replaced by its name. What has the wrong form stays, and differs.

use std::net::SocketAddr;

/// Addresses of this run.
pub(super) struct Known {
    pub(super) backend: SocketAddr,
    pub(super) gateway: SocketAddr,
}

/// A header's value without what is random.
pub(super) fn normal_header(name: &str, value: &str, known: &Known) -> String {
    match &*name.to_ascii_lowercase() {
        "date" if is_http_date(value) => "{date}".into(),
        "x-amz-apigw-id" if is_extended_id(value) => "{apigw-id}".into(),
        _ => normal_text(value, known),
    }
}

/// Text without what is random: addresses, UUIDs, trace ids.
pub(super) fn normal_text(text: &str, known: &Known) -> String {
    let text = text.replace(&known.backend.to_string(), "{backend}");
    let text = text.replace(&known.gateway.to_string(), "{gateway}");
    let text = replace(&text, "", &[8, 4, 4, 4, 12], "{uuid}", |id| {
        let version = &id[14..15];
        version == "4" && matches!(&id[19..20], "8" | "9" | "a" | "b")
    });
    let text = replace(&text, "Root=1-", &[8, 24], "Root={root}", |_| true);
    let text = replace(&text, "Parent=", &[16], "Parent={parent}", |_| true);
    let text = quoted(&text, "\"requestTime\": \"", is_request_time, "{time}");
    let text = quoted(&text, "\"extendedRequestId\": \"", is_extended_id, "{apigw-id}");
    let text = epoch(&text);
    let port = format!("{}", known.gateway.port());
    let text = text.replace(&format!("\"{port}\""), "\"{port}\"");
    // Alone: a port of X-Forwarded-Port.
    if text == port { "{port}".into() } else { text }
}

/// Replaces `prefix` and groups of lower-case hexadecimal digits, dashes between them. Ids that
/// a request sends have a digit repeated eight times, and stay.
fn replace(
    text: &str,
    prefix: &str,
    groups: &[usize],
    by: &str,
    is_ours: impl Fn(&str) -> bool,
) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        match rest.strip_prefix(prefix).and_then(|id| matched(id, groups)) {
            Some(len) if is_ours(&rest[prefix.len()..]) => {
                out.push_str(by);
                rest = &rest[prefix.len() + len..];
            }
            _ => {
                out.push(c);
                rest = &rest[c.len_utf8()..];
            }
        }
    }
    out
}

fn matched(text: &str, groups: &[usize]) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = 0;
    for (index, len) in groups.iter().enumerate() {
        if index > 0 {
            (*bytes.get(at)? == b'-').then_some(())?;
            at += 1;
        }
        let group = bytes.get(at..at + len)?;
        group.iter().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')).then_some(())?;
        at += len;
    }
    let is_sent = bytes[..8].iter().all(|b| *b == bytes[0]);
    (!is_sent).then_some(at)
}

/// Replaces what is quoted behind `prefix`, in a JSON document, if it has its form.
fn quoted(text: &str, prefix: &str, has_form: fn(&str) -> bool, by: &str) -> String {
    let mut pieces = text.split(prefix);
    let mut out = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        out.push_str(prefix);
        match piece.split_once('"') {
            Some((value, rest)) if has_form(value) => out.extend([by, "\"", rest]),
            _ => out.push_str(piece),
        }
    }
    out
}

/// Replaces a number of milliseconds since 1970, of these years.
fn epoch(text: &str) -> String {
    const PREFIX: &str = "\"requestTimeEpoch\": ";
    let Some(at) = text.find(PREFIX).map(|at| at + PREFIX.len()) else { return text.to_owned() };
    let digits = text[at..].bytes().take_while(u8::is_ascii_digit).count();
    if digits != 13 {
        return text.to_owned();
    }
    format!("{}{{epoch}}{}", &text[..at], &text[at + digits..])
}

/// `09/Apr/2015:12:34:56 +0000`.
fn is_request_time(value: &str) -> bool {
    has_form(value, b"00/Aaa/0000:00:00:00 +0000")
}

/// `Sun, 06 Nov 1994 08:49:37 GMT`.
fn is_http_date(value: &str) -> bool {
    has_form(value, b"Aaa, 00 Aaa 0000 00:00:00 GMT")
}

/// `A` and `a` in a form are letters of that case, `0` is a digit, the rest is itself.
fn has_form(value: &str, form: &[u8]) -> bool {
    value.len() == form.len()
        && value.bytes().zip(form).all(|(byte, form)| match form {
            b'A' => byte.is_ascii_uppercase(),
            b'a' => byte.is_ascii_lowercase(),
            b'0' => byte.is_ascii_digit(),
            _ => byte == *form,
        })
}

/// `K2G9wEbUoAMEvag=`.
fn is_extended_id(value: &str) -> bool {
    let base64 = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/');
    value.len() == 16 && value.ends_with('=') && value[..15].bytes().all(base64)
}

/// Printable text; the rest as escapes.
pub(super) fn escaped(bytes: &[u8]) -> String {
    let mut out = String::new();
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '\r' => out.push_str("\\r"),
                '\t' => out.push_str("\\t"),
                '\\' => out.push_str("\\\\"),
                c if c.is_control() => out.push_str(&format!("\\x{:02x}", u32::from(c))),
                c => out.push(c),
            }
        }
        for byte in chunk.invalid() {
            out.push_str(&format!("\\x{byte:02x}"));
        }
    }
    out
}
