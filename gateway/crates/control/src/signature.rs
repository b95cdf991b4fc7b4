//! Signature Version 4, the verifier's side: who says they sent a request, and whether they did.
//!
//! The order of the checks and their texts are those of AWS's common authenticator (security behaviour, "Failure ladder").
//! Pure: secrets and the time are arguments.

use aws_lc_rs::constant_time;
use gateway_auth::sigv4::{self, PathForm, Scope, SigningKey};

use crate::ApiError;
use crate::limits::{CLOCK_SKEW_MS_MAX, EXPIRES_SECONDS_MAX};

mod claim;
mod time;
mod v2;

pub use claim::Claim;
pub use time::basic as timestamp;
pub(crate) use time::{iso, milliseconds};
pub(crate) use v2::{LegacyClaim, fields_in_query};

/// A payload that is not part of the signature; only Amazon S3 has such.
const UNSIGNED_PAYLOAD: &str = "UNSIGNED-PAYLOAD";

/// A request as it came over the wire.
#[derive(Debug, Clone, Copy)]
pub struct Request<'r> {
    /// With its case.
    pub method: &'r str,
    /// As on the request line, without the query.
    pub path: &'r str,
    /// As on the request line, without the `?`.
    pub query: &'r str,
    /// In the order in which they came, names in lower case.
    pub headers: &'r [(String, String)],
}

impl<'r> Request<'r> {
    /// The first value of a header field; `name` in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&'r str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| &**value)
    }
}

/// Checks a claim against the whole request.
///
/// `secret` gives the secret of an access key and its session token.
///
/// # Errors
/// 403 with AWS's name and text for what is wrong first.
pub fn verify(
    claim: &Claim,
    request: &Request<'_>,
    body: &[u8],
    unix_ms: u64,
    secret: impl FnOnce(&str, Option<&str>) -> Result<String, ApiError>,
) -> Result<(), ApiError> {
    verify_with(claim, request, unix_ms, secret, || payload_hash(claim, request, body))
}

/// What a signature says of a body that is read after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Payload {
    /// Its SHA-256 in hexadecimal.
    Hash(String),
    /// Nothing.
    Unsigned,
    /// It comes in the chunks of `aws-chunked`, with a checksum behind it.
    Chunked,
}

/// [`verify`] for a body that has not been read: says what it has to be.
///
/// # Errors
/// As [`verify`].
pub(crate) fn verify_head(
    claim: &Claim,
    request: &Request<'_>,
    unix_ms: u64,
    secret: impl FnOnce(&str, Option<&str>) -> Result<String, ApiError>,
) -> Result<Payload, ApiError> {
    let said = match request.header("x-amz-content-sha256") {
        Some(said) => said,
        None if claim.is_presigned() => UNSIGNED_PAYLOAD,
        None => {
            let text = "Missing required header for this request: x-amz-content-sha256";
            return Err(ApiError::new(400, "InvalidRequest", text));
        }
    };
    verify_with(claim, request, unix_ms, secret, || Ok(said.to_owned()))?;
    Ok(match said {
        UNSIGNED_PAYLOAD => Payload::Unsigned,
        "STREAMING-UNSIGNED-PAYLOAD-TRAILER" => Payload::Chunked,
        said if said.starts_with("STREAMING-") => return Err(ApiError::not_implemented(said)),
        hash => Payload::Hash(hash.to_owned()),
    })
}

fn verify_with(
    claim: &Claim,
    request: &Request<'_>,
    unix_ms: u64,
    secret: impl FnOnce(&str, Option<&str>) -> Result<String, ApiError>,
    payload: impl FnOnce() -> Result<String, ApiError>,
) -> Result<(), ApiError> {
    let is_signed = |name: &str| claim.signed_headers.iter().any(|signed| signed == name);
    if !is_signed("host") {
        let text = "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.";
        return Err(invalid(text));
    }
    let timestamp = claim.check_time(unix_ms)?;
    let scope = claim.check_scope(&timestamp)?;
    let secret = secret(claim.access_key_id(), claim.session_token.as_deref())?;
    // It chooses the operation.
    if request.header("x-amz-target").is_some() && !is_signed("x-amz-target") {
        return Err(invalid("'X-Amz-Target' must be a 'SignedHeader' in the AWS Authorization."));
    }
    let payload = payload()?;
    let headers: Vec<(&[u8], &[u8])> = request
        .headers
        .iter()
        .filter(|(name, _)| is_signed(name))
        .map(|(name, value)| (name.as_bytes(), value.as_bytes()))
        .collect();
    let found = claim.signed_headers.iter().filter(|name| request.header(name).is_some()).count();
    let has_all = found == claim.signed_headers.len();
    let key = SigningKey::derive(&secret, &scope);
    let mut told = None;
    for (path_form, query) in claim.forms(request) {
        let (mut canonical, mut to_sign) = (Vec::new(), Vec::new());
        let signed = sigv4::Request {
            method: request.method.as_bytes(),
            path: request.path.as_bytes(),
            path_form,
            query: query.as_bytes(),
            headers: &headers,
            payload_hash: payload.as_bytes(),
        };
        sigv4::canonical_request(&signed, &mut canonical);
        sigv4::string_to_sign(&scope, &canonical, &mut to_sign);
        let signature = key.sign(&to_sign);
        let is_same =
            constant_time::verify_slices_are_equal(&signature, claim.signature.as_bytes()).is_ok();
        if is_same && has_all {
            return Ok(());
        }
        told.get_or_insert((canonical, to_sign));
    }
    let (canonical, to_sign) = told.unwrap_or_default();
    Err(mismatch(&canonical, &to_sign))
}

/// What stands for the body in the canonical request.
fn payload_hash(claim: &Claim, request: &Request<'_>, body: &[u8]) -> Result<String, ApiError> {
    let is_s3 = claim.service() == "s3";
    let said = match request.header("x-amz-content-sha256") {
        None if is_s3 && claim.is_presigned() => return Ok(UNSIGNED_PAYLOAD.to_owned()),
        Some(UNSIGNED_PAYLOAD) if is_s3 => return Ok(UNSIGNED_PAYLOAD.to_owned()),
        said => said,
    };
    let hash = sigv4::payload_hash(body);
    let hash = String::from_utf8_lossy(&hash).into_owned();
    match said {
        Some(said) if !said.eq_ignore_ascii_case(&hash) => Err(invalid(
            "The provided 'x-amz-content-sha256' header does not match what was computed.",
        )),
        Some(said) => Ok(said.to_owned()),
        None => Ok(hash),
    }
}

/// Whether a request whose claim cannot be read seems to be one for Amazon S3.
pub(crate) fn is_object(request: &Request<'_>) -> bool {
    let is_scope =
        |text: &str| text.contains("/s3/aws4_request") || text.contains("%2Fs3%2Faws4_request");
    is_scope(request.query) || request.header("authorization").is_some_and(is_scope)
}

fn mismatch(canonical: &[u8], to_sign: &[u8]) -> ApiError {
    let (canonical, to_sign) =
        (String::from_utf8_lossy(canonical), String::from_utf8_lossy(to_sign));
    invalid(format!(
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access \
         Key and signing method. Consult the service documentation for details.\n\nThe Canonical String for this \
         request should have been\n'{canonical}'\n\nThe String-to-Sign should have been\n'{to_sign}'\n"
    ))
}

pub(crate) fn invalid(text: impl Into<String>) -> ApiError {
    ApiError::new(403, "InvalidSignatureException", text)
}

pub(crate) fn incomplete(text: impl Into<String>) -> ApiError {
    ApiError::new(403, "IncompleteSignatureException", text)
}

impl Claim {
    /// The time that was signed, if it is near enough.
    fn check_time(&self, unix_ms: u64) -> Result<[u8; 16], ApiError> {
        let Some((timestamp, signed_ms)) = time::parse(&self.timestamp) else {
            let got = &self.timestamp;
            return Err(incomplete(format!(
                "Date must be in ISO-8601 'basic format'. Got '{got}'. See http://en.wikipedia.org/wiki/ISO_8601"
            )));
        };
        let (at, now) = (&self.timestamp, time::basic(unix_ms));
        let is_object = self.service() == "s3";
        let lives_ms = match self.expires_seconds {
            Some(seconds) if (1..=EXPIRES_SECONDS_MAX).contains(&seconds) => seconds * 1000,
            Some(seconds) if is_object => {
                let text = match seconds {
                    0 => "X-Amz-Expires should be a number, and more than 0",
                    _ => {
                        "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be \
                          less than 604800 seconds"
                    }
                };
                return Err(ApiError::new(400, "AuthorizationQueryParametersError", text));
            }
            Some(_) => {
                let text =
                    format!("X-Amz-Expires must be between 1 and {EXPIRES_SECONDS_MAX} seconds");
                return Err(incomplete(text));
            }
            None => CLOCK_SKEW_MS_MAX,
        };
        if unix_ms > signed_ms + lives_ms {
            if is_object && self.is_presigned() {
                return Err(ApiError::new(403, "AccessDenied", "Request has expired"));
            }
            let earliest = time::basic(unix_ms - lives_ms);
            let minutes = lives_ms / 60_000;
            let text = format!(
                "Signature expired: {at} is now earlier than {earliest} ({now} - {minutes} min.)"
            );
            return Err(invalid(text));
        }
        if signed_ms > unix_ms + CLOCK_SKEW_MS_MAX {
            let latest = time::basic(unix_ms + CLOCK_SKEW_MS_MAX);
            let text = format!(
                "Signature not yet current: {at} is still later than {latest} ({now} + 5 min.)"
            );
            return Err(invalid(text));
        }
        Ok(timestamp)
    }

    /// The scope, if it is one.
    fn check_scope(&self, timestamp: &[u8; 16]) -> Result<Scope<'_>, ApiError> {
        let parts: Vec<&str> = self.credential.split('/').collect();
        let &[_, date, region, service, terminator] = &parts[..] else {
            return Err(incomplete(format!(
                "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '{}'",
                self.credential
            )));
        };
        let mut wrong = String::new();
        if region.is_empty() {
            wrong.push_str("Credential should be scoped to a valid region. ");
        }
        if terminator != "aws4_request" {
            wrong.push_str(&format!(
                "Credential should be scoped with a valid terminator: 'aws4_request', not '{terminator}'. "
            ));
        }
        let day = String::from_utf8_lossy(&timestamp[..8]);
        if day != date {
            wrong.push_str(&format!(
                "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '{date}' != \
                 '{day}', from '{}'. ",
                self.timestamp
            ));
        }
        if !wrong.is_empty() {
            return Err(invalid(wrong.trim_end()));
        }
        Ok(Scope { timestamp: *timestamp, region, service })
    }

    /// The forms that a signer may have signed: paths with and without normalization, and a session token that was added
    /// to the query before or after.
    fn forms(&self, request: &Request<'_>) -> Vec<(PathForm, String)> {
        let mut queries = vec![self.signed_query(request, false)];
        if self.is_presigned() && self.session_token.is_some() {
            queries.push(self.signed_query(request, true));
        }
        let paths: &[PathForm] = match self.service() {
            "s3" => &[PathForm::Encoded, PathForm::AsSent],
            _ => &[PathForm::Normalized, PathForm::AsSent],
        };
        let forms =
            queries.iter().flat_map(|query| paths.iter().map(|path| (*path, query.clone())));
        forms.collect()
    }
}

#[cfg(test)]
mod tests;
