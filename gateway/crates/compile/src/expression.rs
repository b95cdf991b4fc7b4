//! Parameter mapping expressions: what stands right of a mapping.
//!
//! ```text
//! method.request.{path|querystring|multivaluequerystring|header|multivalueheader}.NAME
//! method.request.body[PATH]
//! integration.response.{header|multivalueheader}.NAME
//! integration.response.body[PATH]
//! stageVariables.NAME      context.NAME      'static text'
//! ```
//!
//! `NAME` is `[a-zA-Z0-9._$-]+`. Source: API Gateway Developer Guide, "API Gateway mapping data reference".

use std::fmt;

use crate::body_path::{BodyPath, BodyPathError};

/// A parsed mapping expression, without regard to the method it stands in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expression {
    /// `'text'`.
    Static(String),
    /// `method.request.{part}.NAME`.
    Request(RequestPart, String),
    /// `method.request.body` with a path, empty for the whole body.
    RequestBody(Body),
    /// `integration.response.header.NAME`.
    ResponseHeader(String),
    /// `integration.response.multivalueheader.NAME`.
    ResponseMultiHeader(String),
    /// `integration.response.body` with a path, empty for the whole body.
    ResponseBody(Body),
    /// `stageVariables.NAME`.
    StageVariable(String),
    /// `context.NAME`.
    Context(String),
}

/// Where in the method request a value lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestPart {
    /// `path`
    Path,
    /// `querystring`
    Query,
    /// `multivaluequerystring`
    MultiQuery,
    /// `header`
    Header,
    /// `multivalueheader`
    MultiHeader,
}

/// What of a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// All of it.
    Whole,
    /// One node.
    Path(BodyPath),
    /// A JSONPath that is not served yet, as written.
    Unserved(String),
}

/// A text that is no mapping expression. Displays as API Gateway says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidExpression(pub String);

impl fmt::Display for InvalidExpression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Invalid mapping expression specified: {}", self.0)
    }
}

impl std::error::Error for InvalidExpression {}

impl RequestPart {
    /// The word in the expression.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Path => "path",
            Self::Query => "querystring",
            Self::MultiQuery => "multivaluequerystring",
            Self::Header => "header",
            Self::MultiHeader => "multivalueheader",
        }
    }

    /// The word for all values of the same place.
    pub const fn all(self) -> Self {
        match self {
            Self::Path => Self::Path,
            Self::Query | Self::MultiQuery => Self::MultiQuery,
            Self::Header | Self::MultiHeader => Self::MultiHeader,
        }
    }

    /// The other word for the same place: `header` and `multivalueheader` declare each other.
    pub const fn sibling(self) -> Self {
        match self {
            Self::Path => Self::Path,
            Self::Query => Self::MultiQuery,
            Self::MultiQuery => Self::Query,
            Self::Header => Self::MultiHeader,
            Self::MultiHeader => Self::Header,
        }
    }
}

impl Expression {
    /// Reads an expression, strictly.
    ///
    /// # Errors
    /// [`InvalidExpression`] with the text.
    pub fn parse(text: &str) -> Result<Self, InvalidExpression> {
        parse(text).ok_or_else(|| InvalidExpression(text.to_owned()))
    }
}

fn parse(text: &str) -> Option<Expression> {
    if let Some(rest) = text.strip_prefix('\'') {
        let inner = rest.strip_suffix('\'')?;
        return (!inner.contains(|c: char| c.is_control()))
            .then(|| Expression::Static(inner.to_owned()));
    }
    if let Some(rest) = text.strip_prefix("method.request.") {
        if let Some(path) = rest.strip_prefix("body") {
            return body(path).map(Expression::RequestBody);
        }
        const PARTS: [RequestPart; 5] = [
            RequestPart::Path,
            RequestPart::Query,
            RequestPart::MultiQuery,
            RequestPart::Header,
            RequestPart::MultiHeader,
        ];
        let (word, rest) = rest.split_once('.')?;
        let part = PARTS.into_iter().find(|part| part.as_str() == word)?;
        return name(rest).map(|name| Expression::Request(part, name));
    }
    if let Some(rest) = text.strip_prefix("integration.response.") {
        if let Some(path) = rest.strip_prefix("body") {
            return body(path).map(Expression::ResponseBody);
        }
        if let Some(rest) = rest.strip_prefix("header.") {
            return name(rest).map(Expression::ResponseHeader);
        }
        return name(rest.strip_prefix("multivalueheader.")?).map(Expression::ResponseMultiHeader);
    }
    if let Some(rest) = text.strip_prefix("stageVariables.") {
        return name(rest).map(Expression::StageVariable);
    }
    name(text.strip_prefix("context.")?).map(Expression::Context)
}

fn body(path: &str) -> Option<Body> {
    if path.is_empty() {
        return Some(Body::Whole);
    }
    match BodyPath::parse(path) {
        Ok(path) => Some(Body::Path(path)),
        Err(BodyPathError::Indefinite) => Some(Body::Unserved(path.to_owned())),
        Err(BodyPathError::Malformed) => None,
    }
}

fn name(text: &str) -> Option<String> {
    is_name(text).then(|| text.to_owned())
}

/// Whether a text is a `NAME` of an expression or of a target.
pub fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(is_name_byte)
}

pub(crate) fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"._$-".contains(&byte)
}

impl fmt::Display for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole => Ok(()),
            Self::Path(path) => write!(f, "{path}"),
            Self::Unserved(path) => f.write_str(path),
        }
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Static(text) => write!(f, "'{text}'"),
            Self::Request(part, name) => write!(f, "method.request.{}.{name}", part.as_str()),
            Self::RequestBody(body) => write!(f, "method.request.body{body}"),
            Self::ResponseHeader(name) => write!(f, "integration.response.header.{name}"),
            Self::ResponseMultiHeader(name) => {
                write!(f, "integration.response.multivalueheader.{name}")
            }
            Self::ResponseBody(body) => write!(f, "integration.response.body{body}"),
            Self::StageVariable(name) => write!(f, "stageVariables.{name}"),
            Self::Context(name) => write!(f, "context.{name}"),
        }
    }
}

#[cfg(test)]
mod tests;
