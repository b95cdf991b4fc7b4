//! The head of a request to AWS, with its signature.

use gateway_auth::sigv4::{self, Credentials, PathForm, Request, Scope, SigningKeys};
use gateway_telemetry::clock::rfc3339;
use gateway_telemetry::write_decimal;

/// A request to AWS. `X-Amz-Date`, what temporary credentials and S3 want, `Authorization`, `Content-Length` and
/// `Connection` are added.
pub(crate) struct Signed<'o> {
    pub(crate) method: &'o [u8],
    /// As on the request line.
    pub(crate) path: &'o [u8],
    /// Without the `?`.
    pub(crate) query: &'o [u8],
    pub(crate) path_form: PathForm,
    /// Fields that the signature covers, `Host` among them.
    pub(crate) signed: &'o [(&'o [u8], &'o [u8])],
    /// Fields that proxies on the way may change.
    pub(crate) unsigned: &'o [(&'o [u8], &'o [u8])],
    pub(crate) body: &'o [u8],
    pub(crate) region: &'o str,
    pub(crate) service: &'o str,
    pub(crate) unix_ms: u64,
}

impl Signed<'_> {
    /// Appends the head. Without credentials it has no signature.
    pub(crate) fn write(
        &self,
        credentials: Option<&Credentials>,
        keys: &mut SigningKeys,
        out: &mut Vec<u8>,
    ) {
        let timestamp = timestamp(self.unix_ms);
        let payload_hash = sigv4::payload_hash(self.body);
        let mut signed = self.signed.to_vec();
        signed.push((b"X-Amz-Date", &timestamp));
        if self.path_form == PathForm::Encoded {
            signed.push((b"X-Amz-Content-Sha256", &payload_hash));
        }
        if let Some(token) = credentials.and_then(|credentials| credentials.session_token.as_ref())
        {
            signed.push((b"X-Amz-Security-Token", token.as_bytes()));
        }
        out.extend_from_slice(self.method);
        out.push(b' ');
        out.extend_from_slice(self.path);
        if !self.query.is_empty() {
            out.push(b'?');
            out.extend_from_slice(self.query);
        }
        out.extend_from_slice(b" HTTP/1.1\r\n");
        for (name, value) in signed.iter().chain(self.unsigned) {
            for part in [name, &b": "[..], value, b"\r\n"] {
                out.extend_from_slice(part);
            }
        }
        if let Some(credentials) = credentials {
            let request = Request {
                method: self.method,
                path: self.path,
                path_form: self.path_form,
                query: self.query,
                headers: &signed,
                payload_hash: &payload_hash,
            };
            let scope = Scope { timestamp, region: self.region, service: self.service };
            out.extend_from_slice(b"Authorization: ");
            sigv4::write_authorization(credentials, keys, &scope, &request, out);
            out.extend_from_slice(b"\r\n");
        }
        if !self.body.is_empty() || takes_body(self.method) {
            out.extend_from_slice(b"Content-Length: ");
            write_decimal(self.body.len() as u64, out);
            out.extend_from_slice(b"\r\n");
        }
        out.extend_from_slice(b"Connection: keep-alive\r\n\r\n");
    }
}

/// Whether a method's request says that it has no body (RFC 9110 section 8.6).
fn takes_body(method: &[u8]) -> bool {
    matches!(method, b"POST" | b"PUT" | b"PATCH")
}

/// `20260102T030405Z`
fn timestamp(unix_ms: u64) -> [u8; 16] {
    let text = rfc3339(unix_ms);
    let mut timestamp = *b"00000000T000000Z";
    timestamp[..4].copy_from_slice(&text[..4]);
    timestamp[4..6].copy_from_slice(&text[5..7]);
    timestamp[6..8].copy_from_slice(&text[8..10]);
    timestamp[9..11].copy_from_slice(&text[11..13]);
    timestamp[11..13].copy_from_slice(&text[14..16]);
    timestamp[13..15].copy_from_slice(&text[17..19]);
    timestamp
}

#[cfg(test)]
mod tests {
    use super::timestamp;

    #[test]
    fn a_timestamp_is_basic_iso_8601() {
        assert_eq!(&timestamp(1_767_323_045_999), b"20260102T030405Z");
    }
}
