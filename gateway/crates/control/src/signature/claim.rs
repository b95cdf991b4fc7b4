//! What a request says about its signature.

use aws_lc_rs::digest;
use gateway_auth::sigv4::ALGORITHM;

use super::{Request, incomplete, invalid};
use crate::ApiError;
use crate::wire::{base64, decode};

/// Who says they sent a request. Nothing of it is true until [`verify`](super::verify) says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    pub(super) credential: String,
    pub(super) signed_headers: Vec<String>,
    pub(super) signature: String,
    pub(super) timestamp: String,
    /// Only of presigned requests.
    pub(super) expires_seconds: Option<u64>,
    pub(super) session_token: Option<String>,
    is_presigned: bool,
}

impl Claim {
    /// Reads the claim of the `Authorization` header or of the query; none when there is neither.
    ///
    /// # Errors
    /// 403 when it is not complete.
    pub fn of(request: &Request<'_>) -> Result<Option<Self>, ApiError> {
        let query = Query::of(request.query)?;
        if request.headers.iter().filter(|(name, _)| name == "authorization").count() > 1 {
            return Err(incomplete("A request has one Authorization header"));
        }
        if let Some(name) = query.twice() {
            let text = format!("'{name}' must come once as a query-string param.");
            return Err(
                match query.get("X-Amz-Credential").unwrap_or_default().split('/').nth(3) {
                    Some("s3") => ApiError::new(400, "AuthorizationQueryParametersError", text),
                    _ => incomplete(text),
                },
            );
        }
        match (request.header("authorization"), query.get("X-Amz-Algorithm")) {
            (None, None) if query.get("X-Amz-Credential").is_none() => Ok(None),
            (None, _) => Self::presigned(&query).map(Some),
            (Some(_), Some(_)) => Err(invalid(
                "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header.",
            )),
            (Some(authorization), None) => Self::in_header(request, authorization).map(Some),
        }
    }

    /// The access key that is said to have signed.
    #[must_use]
    pub fn access_key_id(&self) -> &str {
        self.part(0)
    }

    /// The region of the scope.
    #[must_use]
    pub fn region(&self) -> &str {
        self.part(2)
    }

    /// The service of the scope: what dispatch goes by.
    #[must_use]
    pub fn service(&self) -> &str {
        self.part(3)
    }

    /// Whether it came in the query.
    #[must_use]
    pub fn is_presigned(&self) -> bool {
        self.is_presigned
    }

    /// Of temporary credentials.
    #[must_use]
    pub fn session_token(&self) -> Option<&str> {
        self.session_token.as_deref()
    }

    fn part(&self, index: usize) -> &str {
        self.credential.split('/').nth(index).unwrap_or_default()
    }

    /// The query as it was signed.
    pub(super) fn signed_query(&self, request: &Request<'_>, is_token_added: bool) -> String {
        if !self.is_presigned {
            return request.query.to_owned();
        }
        let is_signed = |pair: &&str| {
            let name = pair.split('=').next().unwrap_or_default();
            name != "X-Amz-Signature" && !(is_token_added && name == "X-Amz-Security-Token")
        };
        request.query.split('&').filter(is_signed).collect::<Vec<_>>().join("&")
    }

    fn in_header(request: &Request<'_>, authorization: &str) -> Result<Self, ApiError> {
        let hashed = || {
            let digest = digest::digest(&digest::SHA256, authorization.as_bytes());
            base64(digest.as_ref())
        };
        let text = authorization.trim();
        let (algorithm, parameters) = text.split_once(' ').unwrap_or((text, ""));
        if algorithm != ALGORITHM {
            if algorithm.starts_with("AWS4") || algorithm.starts_with("AWS3") {
                return Err(incomplete(format!("Unsupported AWS 'algorithm': '{algorithm}'")));
            }
            if !parameters.contains('=') {
                return Err(missing_equal_sign(&hashed()));
            }
        }
        let (mut credential, mut signature, mut signed_headers) = (None, None, None);
        for part in parameters.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let Some((name, value)) = part.split_once('=') else {
                return Err(missing_equal_sign(&hashed()));
            };
            match name {
                "Credential" => credential = Some(value),
                "Signature" => signature = Some(value),
                "SignedHeaders" => signed_headers = Some(value),
                _ => {}
            }
        }
        let timestamp = request.header("x-amz-date").or_else(|| request.header("date"));
        let mut missing = String::new();
        for (name, value) in [
            ("Credential", credential),
            ("Signature", signature),
            ("SignedHeaders", signed_headers),
        ] {
            if value.is_none_or(str::is_empty) {
                missing.push_str(&format!("Authorization header requires '{name}' parameter. "));
            }
        }
        if timestamp.is_none() {
            missing.push_str(
                "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. ",
            );
        }
        if !missing.is_empty() {
            let hashed = hashed();
            return Err(incomplete(format!(
                "{missing}(Hashed with SHA-256 and encoded with Base64) Authorization={hashed}"
            )));
        }
        Ok(Self {
            credential: credential.unwrap_or_default().to_owned(),
            signed_headers: names(signed_headers.unwrap_or_default()),
            signature: signature.unwrap_or_default().to_owned(),
            timestamp: timestamp.unwrap_or_default().to_owned(),
            expires_seconds: None,
            session_token: request.header("x-amz-security-token").map(str::to_owned),
            is_presigned: false,
        })
    }

    fn presigned(query: &Query) -> Result<Self, ApiError> {
        let mut missing = String::new();
        for name in [
            "X-Amz-Algorithm",
            "X-Amz-Credential",
            "X-Amz-Signature",
            "X-Amz-SignedHeaders",
            "X-Amz-Date",
        ] {
            if query.get(name).is_none_or(str::is_empty) {
                missing.push_str(&format!("AWS query-string parameters must include '{name}'. "));
            }
        }
        if !missing.is_empty() {
            let text = format!("{missing}Re-examine the query-string parameters.");
            return Err(incomplete(text));
        }
        let text = |name| query.get(name).unwrap_or_default().to_owned();
        if text("X-Amz-Algorithm") != ALGORITHM {
            let algorithm = text("X-Amz-Algorithm");
            return Err(incomplete(format!("Unsupported AWS 'algorithm': '{algorithm}'")));
        }
        // What is no number is no span either.
        let expires = query.get("X-Amz-Expires").map(|text| text.parse().unwrap_or(0));
        Ok(Self {
            credential: text("X-Amz-Credential"),
            signed_headers: names(&text("X-Amz-SignedHeaders")),
            signature: text("X-Amz-Signature"),
            timestamp: text("X-Amz-Date"),
            expires_seconds: Some(expires.unwrap_or(0)),
            session_token: query.get("X-Amz-Security-Token").map(str::to_owned),
            is_presigned: true,
        })
    }
}

fn missing_equal_sign(hashed: &str) -> ApiError {
    incomplete(format!(
        "Invalid key=value pair (missing equal-sign) in Authorization header (hashed with SHA-256 and encoded with Base64): '{hashed}'."
    ))
}

fn names(signed_headers: &str) -> Vec<String> {
    let mut names: Vec<_> =
        signed_headers.split(';').map(|name| name.trim().to_ascii_lowercase()).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// The parameters whose names begin with `X-Amz-`.
struct Query(Vec<(String, String)>);

impl Query {
    fn of(query: &str) -> Result<Self, ApiError> {
        let mut pairs = Vec::new();
        for pair in query.split('&').filter(|pair| pair.starts_with("X-Amz-")) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            pairs.push((name.to_owned(), decode(value, true)?));
        }
        Ok(Self(pairs))
    }

    /// A parameter that comes more than once: signers and verifiers might take different ones.
    fn twice(&self) -> Option<&str> {
        let mut names: Vec<&str> = self.0.iter().map(|(name, _)| &**name).collect();
        names.sort_unstable();
        names.windows(2).find(|pair| pair[0] == pair[1]).map(|pair| pair[0])
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| &**value)
    }
}
