//! Where a mapped value comes from.

use gateway_telemetry::Variable;

use crate::body_path::BodyPath;

/// Where a mapped value comes from. References to stage variables are resolved already, so that they are
/// either [`Source::Literal`] or [`Source::Missing`].
///
/// A source without a value, or with an empty one, omits its target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// `'text'`, or a stage variable's value.
    Literal(Box<[u8]>),
    /// `method.request.path.N`: the span of that number in [`crate::PathParams`], undecoded.
    Path(u8),
    /// `method.request.path.N` in a gateway response, which has no one method: look the name up in
    /// [`crate::MethodPlan::path_params`], if the request got as far as a method.
    PathName(Box<str>),
    /// `method.request.querystring.N`: the last value of the decoded name.
    Query(Box<[u8]>),
    /// `method.request.multivaluequerystring.N`: all values.
    MultiQuery(Box<[u8]>),
    /// `method.request.header.N`: the last value; names compare with their case.
    Header(Box<[u8]>),
    /// `method.request.multivalueheader.N`: all values joined with `,`.
    MultiHeader(Box<[u8]>),
    /// `method.request.body`: the whole body, blanks trimmed, `{}` if empty.
    Body,
    /// `method.request.body.PATH`.
    BodyPath(BodyPath),
    /// `context.A.B`.
    Context(Variable),
    /// `integration.response.header.N`: the last value; names compare with their case.
    ResponseHeader(Box<[u8]>),
    /// `integration.response.multivalueheader.N`: all values joined with `,`.
    ResponseMultiHeader(Box<[u8]>),
    /// `integration.response.body`.
    ResponseBody,
    /// `integration.response.body.PATH`.
    ResponseBodyPath(BodyPath),
    /// Known to have no value; the target is omitted.
    Missing,
}

impl Source {
    /// Whether the request body must be whole before this has a value.
    pub fn reads_request_body(&self) -> bool {
        matches!(self, Self::Body | Self::BodyPath(_))
    }

    /// Whether the integration response's body must be whole before this has a value.
    pub fn reads_response_body(&self) -> bool {
        matches!(self, Self::ResponseBody | Self::ResponseBodyPath(_))
    }
}
