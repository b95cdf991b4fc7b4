//! Where requests go.

use reqwest::Url;

use super::RunError;

/// A target: scheme, host, port, and a path without a slash at its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    /// Scheme, host and port.
    pub(super) origin: String,
    /// What stands before a scenario's paths: empty, or `/prod`.
    pub(super) prefix: String,
    /// Whether it is under TLS.
    pub(super) is_tls: bool,
    /// Host as in a `host` header.
    pub(super) authority: String,
    /// Host alone.
    pub(super) host: String,
    pub(super) port: u16,
}

impl Target {
    pub(super) fn parse(text: &str) -> Result<Self, RunError> {
        let wrong = |why: &str| {
            RunError::Target(format!(
                "{text:?} is no target: {why}; write http://127.0.0.1:8080/prod"
            ))
        };
        let url = Url::parse(text).map_err(|error| wrong(&error.to_string()))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(wrong("the scheme is neither http nor https"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(wrong("it has a user or password"));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(wrong("it has a query or fragment"));
        }
        let host = url.host_str().ok_or_else(|| wrong("it has no host"))?.to_string();
        let port = url.port_or_known_default().ok_or_else(|| wrong("it has no port"))?;
        let authority = url.port().map_or_else(|| host.clone(), |port| format!("{host}:{port}"));
        Ok(Self {
            origin: format!("{}://{authority}", url.scheme()),
            prefix: url.path().trim_end_matches('/').to_string(),
            is_tls: url.scheme() == "https",
            authority,
            host: host.trim_start_matches('[').trim_end_matches(']').to_string(),
            port,
        })
    }
}

/// `name=value&…` of a query, percent-encoded: all but unreserved characters (RFC 3986, section 2.3).
pub(super) fn encode_query<'a>(pairs: impl Iterator<Item = (&'a str, String)>) -> String {
    let mut out = String::new();
    for (name, value) in pairs {
        out.push(if out.is_empty() { '?' } else { '&' });
        encode(&mut out, name);
        out.push('=');
        encode(&mut out, &value);
    }
    out
}

fn encode(out: &mut String, text: &str) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
}
