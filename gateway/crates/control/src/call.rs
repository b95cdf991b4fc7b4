//! Requests and answers, as operations see them.

/// A management request: read whole, its caller known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// `GET`, `POST`, …
    pub method: String,
    /// The path's segments, each decoded by itself: `/tags/arn%3Aaws…` has two.
    pub path: Vec<String>,
    /// Query parameters, decoded, in order; a name may come several times.
    pub query: Vec<(String, String)>,
    /// Header fields, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body, whole.
    pub body: Vec<u8>,
    /// The caller's account.
    pub account_id: String,
    /// The region that the request was signed for, or the gateway's own.
    pub region: String,
    /// `x-amzn-RequestId`
    pub request_id: String,
    /// When it came, in milliseconds since 1970.
    pub unix_ms: u64,
}

impl Call {
    /// The last value of a query parameter.
    #[must_use]
    pub fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().rev().find(|(key, _)| key == name).map(|(_, value)| &**value)
    }

    /// All values of a query parameter, in order.
    pub fn query_all<'c>(&'c self, name: &'c str) -> impl Iterator<Item = &'c str> {
        self.query.iter().filter(move |(key, _)| key == name).map(|(_, value)| &**value)
    }

    /// The value of a header field; `name` in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| &**value)
    }

    /// The path's segments as string slices, to match on.
    #[must_use]
    pub fn segments(&self) -> Vec<&str> {
        self.path.iter().map(|segment| &**segment).collect()
    }
}

/// What a call is answered with. The wire adds request ids and the length.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// `Content-Type`; `None` without a body.
    pub content_type: Option<&'static str>,
    /// Further header fields.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    /// A JSON document.
    #[must_use]
    pub fn json(status: u16, document: &serde_json::Value) -> Self {
        let body = document.to_string().into_bytes();
        Self { status, content_type: Some("application/json"), headers: Vec::new(), body }
    }

    /// No body.
    #[must_use]
    pub fn empty(status: u16) -> Self {
        Self { status, content_type: None, headers: Vec::new(), body: Vec::new() }
    }
}
