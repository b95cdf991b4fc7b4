//! The canonical request.

/// What a signature covers.
#[derive(Debug, Clone, Copy)]
pub struct Request<'r> {
    /// With its case.
    pub method: &'r [u8],
    /// As on the request line, without the query.
    pub path: &'r [u8],
    /// How [`Request::path`] is written.
    pub path_form: PathForm,
    /// As on the request line, without the `?`; of a presigned request without `X-Amz-Signature`.
    pub query: &'r [u8],
    /// The signed headers, in any order; repeated ones in the order in which they arrive.
    pub headers: &'r [(&'r [u8], &'r [u8])],
    /// Hexadecimal SHA-256 of the payload.
    pub payload_hash: &'r [u8],
}

/// What is done to a path for the canonical request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PathForm {
    /// Dot segments and empty segments are resolved, and it is encoded once more: every service but S3.
    Normalized,
    /// It is encoded once more, as it is.
    AsSent,
    /// Nothing: it is encoded already, all but unreserved characters and slashes. S3.
    Encoded,
}

/// Appends the canonical request.
pub fn canonical_request(request: &Request<'_>, out: &mut Vec<u8>) {
    out.extend_from_slice(request.method);
    out.push(b'\n');
    write_path(request, out);
    out.push(b'\n');
    write_query(request.query, out);
    out.push(b'\n');
    for name in sorted_names(request.headers) {
        out.extend_from_slice(&name);
        let mut before = b':';
        for (other, value) in request.headers {
            if other.eq_ignore_ascii_case(&name) {
                out.push(before);
                before = b',';
                write_value(value, out);
            }
        }
        out.push(b'\n');
    }
    out.push(b'\n');
    signed_headers(request.headers, out);
    out.push(b'\n');
    out.extend_from_slice(request.payload_hash);
}

/// Appends the names of headers as `SignedHeaders` has them: `host;x-amz-date`.
pub fn signed_headers(headers: &[(&[u8], &[u8])], out: &mut Vec<u8>) {
    for (index, name) in sorted_names(headers).iter().enumerate() {
        if index > 0 {
            out.push(b';');
        }
        out.extend_from_slice(name);
    }
}

fn sorted_names(headers: &[(&[u8], &[u8])]) -> Vec<Vec<u8>> {
    let mut names: Vec<_> = headers.iter().map(|(name, _)| name.to_ascii_lowercase()).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// Blanks around are dropped, runs of blanks become one; a folded line is one line.
fn write_value(value: &[u8], out: &mut Vec<u8>) {
    let words = value.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    for (index, word) in words.enumerate() {
        if index > 0 {
            out.push(b' ');
        }
        out.extend_from_slice(word);
    }
}

fn write_path(request: &Request<'_>, out: &mut Vec<u8>) {
    let normalized;
    let path = match request.path_form {
        PathForm::Encoded if !request.path.is_empty() => {
            return out.extend_from_slice(request.path);
        }
        PathForm::Encoded | PathForm::AsSent => request.path,
        PathForm::Normalized => {
            normalized = normalize(request.path);
            &normalized
        }
    };
    if path.is_empty() {
        out.push(b'/');
    }
    for byte in path {
        if *byte == b'/' { out.push(b'/') } else { encode(*byte, out) }
    }
}

/// Resolves dot segments and runs of slashes; a slash at the end stays. What climbs above the root stays
/// there: a verifier refuses such a path before.
fn normalize(path: &[u8]) -> Vec<u8> {
    let mut segments: Vec<&[u8]> = Vec::new();
    for segment in path.split(|byte| *byte == b'/') {
        match segment {
            b"" | b"." => {}
            b".." => {
                segments.pop();
            }
            segment => segments.push(segment),
        }
    }
    let mut normalized = Vec::with_capacity(path.len() + 1);
    for segment in &segments {
        normalized.push(b'/');
        normalized.extend_from_slice(segment);
    }
    let ends_in_slash =
        [&b"/"[..], b"/.", b"/.."].iter().any(|end| path.ends_with(end)) || segments.is_empty();
    if ends_in_slash {
        normalized.push(b'/');
    }
    normalized
}

/// Names and values decoded and encoded again, sorted by name, then by value.
fn write_query(query: &[u8], out: &mut Vec<u8>) {
    let pairs = query.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty());
    let mut pairs: Vec<(Vec<u8>, Vec<u8>)> = pairs
        .map(|pair| {
            let name_len = pair.iter().position(|byte| *byte == b'=').unwrap_or(pair.len());
            let value = pair.get(name_len + 1..).unwrap_or_default();
            (recoded(&pair[..name_len]), recoded(value))
        })
        .collect();
    pairs.sort_unstable();
    for (index, (name, value)) in pairs.iter().enumerate() {
        if index > 0 {
            out.push(b'&');
        }
        out.extend_from_slice(name);
        out.push(b'=');
        out.extend_from_slice(value);
    }
}

fn recoded(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        let hex = |at: usize| text.get(at).and_then(|digit| (*digit as char).to_digit(16));
        match (byte, hex(at + 1), hex(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                encode((high * 16 + low) as u8, &mut out);
                at += 2;
            }
            (b'+', ..) => encode(b' ', &mut out),
            _ => encode(*byte, &mut out),
        }
        at += 1;
    }
    out
}

fn encode(byte: u8, out: &mut Vec<u8>) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
        out.push(byte);
    } else {
        out.extend_from_slice(&[b'%', HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
    }
}
