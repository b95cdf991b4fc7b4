//! AWS Signature Version 4: canonical request, string to sign, signature.
//!
//! Source: "Signature Version 4" of the security behaviour, and the published test suite. Everything is a
//! function of its arguments; a signer and a verifier differ only in where the signed headers come from.
//!
//! Cost of a signature with a kept key: the hash of the payload, the hash of the canonical request, one HMAC.

use std::fmt;

use aws_lc_rs::{digest, hmac};

use crate::limits::SIGNING_KEYS_MAX;

mod canonical;

pub use canonical::{PathForm, Request, canonical_request, signed_headers};

/// The algorithm's name in `Authorization` and in the string to sign.
pub const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// An access key with its secret.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// `AKIA…`, or `ASIA…` for temporary ones.
    pub access_key_id: String,
    /// Never shown.
    pub secret_access_key: String,
    /// Goes with temporary credentials. Never shown.
    pub session_token: Option<String>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("access_key_id", &self.access_key_id)
            .finish_non_exhaustive()
    }
}

/// When and for what a signature is valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scope<'s> {
    /// `X-Amz-Date`: `20260102T030405Z`.
    pub timestamp: [u8; 16],
    /// `us-east-1`
    pub region: &'s str,
    /// `lambda`
    pub service: &'s str,
}

impl Scope<'_> {
    /// `20260102`
    pub fn date(&self) -> [u8; 8] {
        let [a, b, c, d, e, f, g, h, ..] = self.timestamp;
        [a, b, c, d, e, f, g, h]
    }

    /// Appends the credential scope: `20260102/us-east-1/lambda/aws4_request`.
    pub fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.date());
        for part in [self.region, self.service, "aws4_request"] {
            out.push(b'/');
            out.extend_from_slice(part.as_bytes());
        }
    }
}

/// Lower-case hexadecimal SHA-256 of a payload.
pub fn payload_hash(payload: &[u8]) -> [u8; 64] {
    hex(digest::digest(&digest::SHA256, payload).as_ref())
}

/// Appends the string to sign.
pub fn string_to_sign(scope: &Scope<'_>, canonical_request: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(ALGORITHM.as_bytes());
    out.push(b'\n');
    out.extend_from_slice(&scope.timestamp);
    out.push(b'\n');
    scope.write(out);
    out.push(b'\n');
    out.extend_from_slice(&payload_hash(canonical_request));
}

/// A key that signs for one day, region and service.
#[derive(Clone)]
pub struct SigningKey(hmac::Key);

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(***)")
    }
}

impl SigningKey {
    /// Derives the key of a secret.
    pub fn derive(secret_access_key: &str, scope: &Scope<'_>) -> Self {
        let mut secret = Vec::with_capacity(4 + secret_access_key.len());
        secret.extend_from_slice(b"AWS4");
        secret.extend_from_slice(secret_access_key.as_bytes());
        let date = scope.date();
        let steps: [&[u8]; 4] =
            [&date, scope.region.as_bytes(), scope.service.as_bytes(), b"aws4_request"];
        let key = |secret: &[u8]| hmac::Key::new(hmac::HMAC_SHA256, secret);
        let first = key(&secret);
        Self(steps.iter().fold(first, |signing, step| key(hmac::sign(&signing, step).as_ref())))
    }

    /// The signature of a string to sign, in lower-case hexadecimal.
    pub fn sign(&self, string_to_sign: &[u8]) -> [u8; 64] {
        hex(hmac::sign(&self.0, string_to_sign).as_ref())
    }
}

/// Signing keys of one secret that were derived lately.
#[derive(Debug, Default)]
pub struct SigningKeys {
    /// The newest last.
    keys: Vec<Kept>,
}

#[derive(Debug)]
struct Kept {
    date: [u8; 8],
    region: String,
    service: String,
    key: SigningKey,
}

impl SigningKeys {
    /// The key of a scope, derived once a day. `secret_access_key` is the same each time.
    pub fn key(&mut self, secret_access_key: &str, scope: &Scope<'_>) -> &SigningKey {
        let date = scope.date();
        let is_it =
            |k: &Kept| k.date == date && k.region == scope.region && k.service == scope.service;
        let index = self.keys.iter().position(is_it).unwrap_or_else(|| {
            if self.keys.len() == SIGNING_KEYS_MAX {
                self.keys.remove(0);
            }
            let key = SigningKey::derive(secret_access_key, scope);
            let (region, service) = (scope.region.to_owned(), scope.service.to_owned());
            self.keys.push(Kept { date, region, service, key });
            self.keys.len() - 1
        });
        &self.keys[index].key
    }
}

/// Appends the value of `Authorization` for a request whose headers are all signed.
///
/// The headers are the caller's to send, `host`, `x-amz-date` and, with temporary credentials,
/// `x-amz-security-token` among them.
pub fn write_authorization(
    credentials: &Credentials,
    keys: &mut SigningKeys,
    scope: &Scope<'_>,
    request: &Request<'_>,
    out: &mut Vec<u8>,
) {
    let mut canonical = Vec::with_capacity(512);
    canonical_request(request, &mut canonical);
    let mut to_sign = Vec::with_capacity(192);
    string_to_sign(scope, &canonical, &mut to_sign);
    let signature = keys.key(&credentials.secret_access_key, scope).sign(&to_sign);
    out.extend_from_slice(ALGORITHM.as_bytes());
    out.extend_from_slice(b" Credential=");
    out.extend_from_slice(credentials.access_key_id.as_bytes());
    out.push(b'/');
    scope.write(out);
    out.extend_from_slice(b", SignedHeaders=");
    signed_headers(request.headers, out);
    out.extend_from_slice(b", Signature=");
    out.extend_from_slice(&signature);
}

fn hex(bytes: &[u8]) -> [u8; 64] {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let mut text = [0; 64];
    for (slots, byte) in text.chunks_mut(2).zip(bytes) {
        slots.copy_from_slice(&[HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
    }
    text
}

#[cfg(test)]
mod tests;
