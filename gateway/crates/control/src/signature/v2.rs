//! Signature Version 2 in the query, as `aws s3 presign` and boto3 make it for an endpoint of one's own.
//!
//! Only what is older than Signature Version 4 and still made: a URL of an object of Amazon S3. Source: Amazon S3 User Guide,
//! "Signing and authenticating REST requests (AWS signature version 2)", "Query string request authentication alternative".

use aws_lc_rs::{constant_time, hmac};

use super::{Request, invalid};
use crate::ApiError;
use crate::wire::{base64, decode};

/// Parameters that choose what a URL does, in order: they are signed, others are not. Source: as above, "Constructing the
/// CanonicalizedResource element", with what botocore's `HmacV1Auth` has beside.
const SIGNED_PARAMETERS: [&str; 35] = [
    "accelerate",
    "acl",
    "analytics",
    "cors",
    "defaultObjectAcl",
    "delete",
    "inventory",
    "lifecycle",
    "location",
    "logging",
    "metrics",
    "notification",
    "object-lock",
    "partNumber",
    "policy",
    "replication",
    "requestPayment",
    "response-cache-control",
    "response-content-disposition",
    "response-content-encoding",
    "response-content-language",
    "response-content-type",
    "response-expires",
    "restore",
    "select",
    "select-type",
    "storageClass",
    "tagging",
    "torrent",
    "uploadId",
    "uploads",
    "versionId",
    "versioning",
    "versions",
    "website",
];

/// Who says they made a URL. Nothing of it is true until [`LegacyClaim::verify`] says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LegacyClaim {
    access_key_id: String,
    signature: String,
    expires: String,
}

impl LegacyClaim {
    /// Reads the claim of a query that has no newer one; none when there is none.
    ///
    /// # Errors
    /// 403 when it is not complete, or has a part twice.
    pub(crate) fn of(request: &Request<'_>) -> Result<Option<Self>, ApiError> {
        let all = |name: &str| -> Vec<&str> {
            let pairs =
                request.query.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
            pairs.filter(|(key, _)| *key == name).map(|(_, value)| value).collect()
        };
        let (ids, signatures, expires) = (all("AWSAccessKeyId"), all("Signature"), all("Expires"));
        // Other services had that version too, with parameters of other names.
        if ids.is_empty() || !all("SignatureVersion").is_empty() {
            return Ok(None);
        }
        let (&[id], &[signature], &[expires]) = (&ids[..], &signatures[..], &expires[..]) else {
            let text = "Query-string authentication requires the Signature, Expires and AWSAccessKeyId parameters";
            return Err(denied(text));
        };
        Ok(Some(Self {
            access_key_id: decode(id, true)?,
            // A plus that somebody did not escape is one of base64.
            signature: decode(signature, false)?,
            expires: decode(expires, true)?,
        }))
    }

    /// Checks the claim against the head; the body is no part of it. `bucket` is one that the host names.
    ///
    /// # Errors
    /// 403 with Amazon S3's name and text.
    pub(crate) fn verify(
        &self,
        request: &Request<'_>,
        bucket: Option<&str>,
        unix_ms: u64,
        secret: impl FnOnce(&str, Option<&str>) -> Result<String, ApiError>,
    ) -> Result<(), ApiError> {
        let expires: u64 = self.expires.parse().map_err(|_| {
            denied(format!("Invalid date (should be seconds since epoch): {}", self.expires))
        })?;
        if expires < unix_ms / 1000 {
            return Err(denied("Request has expired"));
        }
        let secret = secret(&self.access_key_id, request.header("x-amz-security-token"))?;
        let to_sign = self.string_to_sign(request, bucket)?;
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret.as_bytes());
        let signature = base64(hmac::sign(&key, to_sign.as_bytes()).as_ref());
        constant_time::verify_slices_are_equal(signature.as_bytes(), self.signature.as_bytes())
            .map_err(|_| {
                invalid(
                    "The request signature we calculated does not match the signature you provided. Check your key and \
                     signing method.",
                )
            })
    }

    fn string_to_sign(
        &self,
        request: &Request<'_>,
        bucket: Option<&str>,
    ) -> Result<String, ApiError> {
        let plain = |name: &str| request.header(name).unwrap_or_default().trim().to_owned();
        let mut text = format!(
            "{}\n{}\n{}\n{}\n",
            request.method,
            plain("content-md5"),
            plain("content-type"),
            self.expires
        );
        let mut headers: Vec<(&str, String)> = Vec::new();
        for (name, value) in request.headers.iter().filter(|(name, _)| name.starts_with("x-amz-")) {
            match headers.iter_mut().find(|(known, _)| *known == name.as_str()) {
                Some((_, known)) => *known = format!("{known},{}", value.trim()),
                None => headers.push((name.as_str(), value.trim().to_owned())),
            }
        }
        headers.sort();
        for (name, value) in headers {
            text.push_str(&format!("{name}:{value}\n"));
        }
        if let Some(bucket) = bucket {
            text.push_str(&format!("/{bucket}"));
        }
        text.push_str(request.path);
        let mut signed = Vec::new();
        for pair in request.query.split('&') {
            // Escaped or not: a name is what it says to who carries the request out.
            let (name, value) = match pair.split_once('=') {
                Some((name, value)) => (decode(name, true)?, Some(decode(value, false)?)),
                None => (decode(pair, true)?, None),
            };
            if SIGNED_PARAMETERS.contains(&name.as_str()) {
                signed.push((name, value));
            }
        }
        // Of two with one name the first stays first.
        signed.sort_by(|one, other| one.0.cmp(&other.0));
        for (index, (name, value)) in signed.into_iter().enumerate() {
            text.push(if index == 0 { '?' } else { '&' });
            text.push_str(&name);
            if let Some(value) = value {
                text.push_str(&format!("={value}"));
            }
        }
        Ok(text)
    }
}

/// Header fields that a client put into the query because a URL has none: they are signed as if they were fields.
///
/// # Errors
/// 400 for an escape that is none.
pub(crate) fn fields_in_query(request: &Request<'_>) -> Result<Vec<(String, String)>, ApiError> {
    let mut fields: Vec<(String, String)> = Vec::new();
    for pair in request.query.split('&') {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let is_field = name.starts_with("x-amz-") || matches!(name, "content-type" | "content-md5");
        let is_new =
            request.header(name).is_none() && !fields.iter().any(|(known, _)| known == name);
        if is_field && is_new {
            fields.push((name.to_owned(), decode(value, true)?));
        }
    }
    Ok(fields)
}

fn denied(text: impl Into<String>) -> ApiError {
    ApiError::new(403, "AccessDenied", text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
    const NOW_MS: u64 = 1_175_139_500_000;

    fn check(
        method: &str,
        path: &str,
        query: &str,
        headers: &[(&str, &str)],
    ) -> Result<(), ApiError> {
        let own = |pair: &(&str, &str)| (pair.0.to_owned(), pair.1.to_owned());
        let mut headers: Vec<_> = headers.iter().map(own).collect();
        let lifted = fields_in_query(&Request { method, path, query, headers: &headers })?;
        headers.extend(lifted);
        let request = Request { method, path, query, headers: &headers };
        let claim = LegacyClaim::of(&request)?.expect("a claim");
        claim.verify(&request, Some("johnsmith"), NOW_MS, |id, _| {
            assert_eq!(id, "AKIAIOSFODNN7EXAMPLE");
            Ok(SECRET.to_owned())
        })
    }

    const KEY: &str = "AWSAccessKeyId=AKIAIOSFODNN7EXAMPLE";

    /// The example of the User Guide, "Query string request authentication alternative".
    const DOCUMENTED: &str = "Signature=NpgCjnDzrM%2BWFzoENXmpNDUsSn8%3D&Expires=1175139620";

    #[test]
    fn the_documented_url_is_taken_and_nothing_near_it() {
        let path = "/photos/puppy.jpg";
        let query = format!("{KEY}&{DOCUMENTED}");
        check("GET", path, &query, &[]).unwrap();
        let code = |result: Result<(), ApiError>| result.unwrap_err().code;
        for (method, path, query, headers) in [
            ("PUT", path, query.clone(), &[][..]),
            ("GET", "/photos/puppy.png", query.clone(), &[]),
            ("GET", path, format!("{query}&acl"), &[]),
            ("GET", path, format!("{query}&response-content%2Dtype=text/html"), &[]),
            ("GET", path, query.replace("139620", "139621"), &[]),
            ("GET", path, query.clone(), &[("x-amz-meta-a", "b")]),
            ("GET", path, query.clone(), &[("content-type", "a/b")]),
            ("GET", path, format!("{query}&x-amz-acl=public-read"), &[]),
        ] {
            let found = code(check(method, path, &query, headers));
            assert_eq!(found, "InvalidSignatureException", "{method} {path}?{query} {headers:?}");
        }
        for query in [
            query.replace("1175139620", "1175139499"),
            query.replace("1175139620", "soon"),
            format!("{query}&Expires=1175139620"),
            KEY.to_owned(),
        ] {
            assert_eq!(code(check("GET", path, &query, &[])), "AccessDenied", "{query}");
        }
    }
}
