//! A request that somebody asks about, as a query: how the ops address is asked, which takes no body.
//!
//! `method=GET&url=http%3A%2F%2Fhost%2Fdev%2Fpets&header=X-Api-Key%3A%20…`, percent-encoded; `header`
//! repeats. Where the request is wrong as HTTP, the data plane's own parser says so.

use crate::values::{decode_query, encode_query};

/// What is asked about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Question {
    /// The method.
    pub method: Vec<u8>,
    /// `http://host/path?query`, `https://…`, or a path.
    pub url: Vec<u8>,
    /// `Name: value` each.
    pub headers: Vec<Vec<u8>>,
}

/// Why there is no request to ask about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QuestionError {
    /// A parameter that there is not.
    UnknownParameter,
    /// `method` is missing.
    MethodMissing,
    /// The URL is no URL.
    Url,
    /// A header without a name, or without a colon behind it.
    Header,
    /// A line break or a NUL, which would end what it stands in.
    Control,
}

impl std::fmt::Display for QuestionError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::UnknownParameter => "a parameter other than method, url and header",
            Self::MethodMissing => "no method, expected one such as GET",
            Self::Url => "no URL, expected http://HOST/PATH or /PATH",
            Self::Header => "a header that is not NAME: VALUE",
            Self::Control => "a line break or a NUL in method, URL or header",
        })
    }
}

impl std::error::Error for QuestionError {}

impl Question {
    /// The question as a query.
    pub fn query(&self) -> String {
        let mut out = b"method=".to_vec();
        encode_query(&self.method, &mut out);
        out.extend_from_slice(b"&url=");
        encode_query(&self.url, &mut out);
        for header in &self.headers {
            out.extend_from_slice(b"&header=");
            encode_query(header, &mut out);
        }
        String::from_utf8_lossy(&out).into_owned()
    }

    /// The question that a query asks.
    ///
    /// # Errors
    /// [`QuestionError::UnknownParameter`].
    pub fn of_query(query: &[u8]) -> Result<Self, QuestionError> {
        let mut question = Self::default();
        for pair in query.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
            let end = pair.iter().position(|byte| *byte == b'=').unwrap_or(pair.len());
            let mut value = Vec::new();
            decode_query(pair.get(end + 1..).unwrap_or_default(), &mut value);
            match &pair[..end] {
                b"method" => question.method = value,
                b"url" => question.url = value,
                b"header" => question.headers.push(value),
                _ => return Err(QuestionError::UnknownParameter),
            }
        }
        Ok(question)
    }

    /// The head of the request, as a client would send it. `Host` is the URL's authority, or
    /// `localhost` for a path, unless there is a `Host` among the headers.
    ///
    /// # Errors
    /// [`QuestionError`], but not for what the parser of heads will refuse.
    pub fn head(&self) -> Result<Vec<u8>, QuestionError> {
        let all = self.headers.iter().chain([&self.method, &self.url]);
        if all.flatten().any(|byte| matches!(byte, b'\r' | b'\n' | 0)) {
            return Err(QuestionError::Control);
        }
        if self.method.is_empty() {
            return Err(QuestionError::MethodMissing);
        }
        let (authority, target) = split_url(&self.url)?;
        let mut head = Vec::with_capacity(self.url.len() + 128);
        head.extend_from_slice(&self.method);
        head.push(b' ');
        if !target.starts_with(b"/") {
            head.push(b'/');
        }
        head.extend_from_slice(target);
        head.extend_from_slice(b" HTTP/1.1\r\n");
        if !self.headers.iter().any(|header| is_host(header)) {
            head.extend_from_slice(b"Host: ");
            head.extend_from_slice(authority.unwrap_or(b"localhost"));
            head.extend_from_slice(b"\r\n");
        }
        for header in &self.headers {
            if header.iter().position(|byte| *byte == b':').is_none_or(|at| at == 0) {
                return Err(QuestionError::Header);
            }
            head.extend_from_slice(header);
            head.extend_from_slice(b"\r\n");
        }
        head.extend_from_slice(b"\r\n");
        Ok(head)
    }
}

/// The authority of a URL, if it has one, and its path with its query; a fragment is not sent.
fn split_url(url: &[u8]) -> Result<(Option<&[u8]>, &[u8]), QuestionError> {
    let url = url.split(|byte| *byte == b'#').next().unwrap_or_default();
    if url.starts_with(b"/") {
        return Ok((None, url));
    }
    let scheme = [&b"http://"[..], b"https://"].into_iter().find(|scheme| {
        url.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    });
    let rest = &url[scheme.ok_or(QuestionError::Url)?.len()..];
    let end = rest.iter().position(|byte| matches!(byte, b'/' | b'?')).unwrap_or(rest.len());
    if end == 0 {
        return Err(QuestionError::Url);
    }
    Ok((Some(&rest[..end]), &rest[end..]))
}

fn is_host(header: &[u8]) -> bool {
    header.get(..5).is_some_and(|start| start.eq_ignore_ascii_case(b"host:"))
}
