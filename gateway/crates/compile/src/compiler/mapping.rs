//! Mapping expressions in their place: which sources a mapping may read, and what they become.

use gateway_model::{Diagnostic, ParameterMapping, Spanned};
use gateway_telemetry::{FormatWarning, LogFormat, Variable};

use super::context::{MethodContext, StageContext};
use crate::expression::{Body, Expression, InvalidExpression, RequestPart, is_name};
use crate::source::Source;

/// Where a mapping stands.
#[derive(Clone, Copy)]
pub(super) enum Side<'a> {
    /// `integration.request.…` of a method.
    Request(MethodContext<'a>),
    /// `method.response.…`.
    Response,
    /// `gatewayresponse.…`, which belongs to no method.
    Gateway,
}

/// What a request mapping sets.
pub(super) enum RequestTarget<'a> {
    Path(&'a str),
    Query(&'a str),
    Header(&'a str),
}

impl StageContext<'_, '_> {
    /// The target of a request mapping, or `None` when it was reported.
    pub(super) fn request_target<'m>(
        &mut self,
        mapping: &'m ParameterMapping,
    ) -> Option<RequestTarget<'m>> {
        let target = mapping.target.value.as_str();
        let parsed = target.strip_prefix("integration.request.").and_then(|rest| {
            let (part, name) = rest.split_once('.')?;
            match part {
                "path" => Some(RequestTarget::Path(name)),
                "querystring" => Some(RequestTarget::Query(name)),
                "header" => Some(RequestTarget::Header(name)),
                _ => None,
            }
            .filter(|_| is_name(name))
        });
        if parsed.is_none() {
            let help = "map to integration.request.{path|querystring|header}.NAME";
            self.invalid(&mapping.target, help);
        }
        parsed
    }

    /// The header name of a target such as `method.response.header.NAME`, or `None` when it was reported.
    pub(super) fn header_target<'m>(
        &mut self,
        mapping: &'m ParameterMapping,
        prefix: &str,
    ) -> Option<&'m str> {
        let name = mapping.target.value.strip_prefix(prefix).filter(|name| is_name(name));
        if name.is_none() {
            self.invalid(&mapping.target, &format!("map to {prefix}NAME"));
        }
        name
    }

    /// What a mapping's expression reads, or `None` when it was reported.
    pub(super) fn source(
        &mut self,
        expression: &Spanned<String>,
        side: Side<'_>,
    ) -> Option<Source> {
        let parsed = match Expression::parse(&expression.value) {
            Ok(parsed) => parsed,
            Err(error) => {
                self.error(&expression.place, error.to_string());
                return None;
            }
        };
        let source = match (side, parsed) {
            (_, Expression::Static(text)) => literal(&text),
            (_, Expression::StageVariable(name)) => {
                self.stage_variable(&name).map_or(Source::Missing, literal)
            }
            (_, Expression::Context(name)) => self.context_source(&name, expression),
            (Side::Request(method), Expression::Request(part, name)) => {
                return self.request_source(method, part, name, expression);
            }
            (Side::Gateway, Expression::Request(RequestPart::Path, name)) => {
                Source::PathName(name.into())
            }
            (Side::Gateway, Expression::Request(part, name)) => request_value(part, name),
            (Side::Request(_), Expression::RequestBody(body)) => {
                self.body(body, expression, Source::Body, Source::BodyPath)
            }
            (Side::Response, Expression::ResponseHeader(name)) => {
                Source::ResponseHeader(name.into_bytes().into())
            }
            (Side::Response, Expression::ResponseMultiHeader(name)) => {
                Source::ResponseMultiHeader(name.into_bytes().into())
            }
            (Side::Response, Expression::ResponseBody(body)) => {
                self.body(body, expression, Source::ResponseBody, Source::ResponseBodyPath)
            }
            (Side::Request(_), Expression::ResponseHeader(_))
            | (
                Side::Request(_),
                Expression::ResponseMultiHeader(_) | Expression::ResponseBody(_),
            )
            | (Side::Response, Expression::Request(..) | Expression::RequestBody(_))
            | (
                Side::Gateway,
                Expression::RequestBody(_)
                | Expression::ResponseHeader(_)
                | Expression::ResponseMultiHeader(_)
                | Expression::ResponseBody(_),
            ) => {
                self.undeclared(expression, "this value does not exist where the mapping stands");
                return None;
            }
        };
        Some(source)
    }

    /// A value of the method request, which must be declared.
    fn request_source(
        &mut self,
        context: MethodContext<'_>,
        part: RequestPart,
        name: String,
        expression: &Spanned<String>,
    ) -> Option<Source> {
        let declared = &context.method.request_parameters;
        let key = |part: RequestPart| format!("method.request.{}.{name}", part.as_str());
        if !declared.contains_key(&key(part)) && !declared.contains_key(&key(part.sibling())) {
            let help = format!("declare \"{}\" in the method's RequestParameters", key(part));
            self.undeclared(expression, &help);
            return None;
        }
        self.request_value_of(context, part, name, expression)
    }

    /// A declared value of the method request.
    pub(super) fn request_value_of(
        &mut self,
        context: MethodContext<'_>,
        part: RequestPart,
        name: String,
        expression: &Spanned<String>,
    ) -> Option<Source> {
        if part != RequestPart::Path {
            return Some(request_value(part, name));
        }
        match context.path_params.iter().position(|known| **known == *name) {
            Some(index) => Some(Source::Path(index as u8)),
            None => {
                let text =
                    format!("the resource's path has no {{{name}}}; the mapping has no value");
                self.warn(&expression.place, text);
                Some(Source::Missing)
            }
        }
    }

    fn body(
        &mut self,
        body: Body,
        expression: &Spanned<String>,
        whole: Source,
        path: impl FnOnce(crate::body_path::BodyPath) -> Source,
    ) -> Source {
        match body {
            Body::Whole => whole,
            Body::Path(steps) => path(steps),
            Body::Unserved(steps) => {
                let text = format!(
                    "JSONPath \"${steps}\" can name several nodes and is not served yet; the mapping has no \
                     value"
                );
                self.warn(&expression.place, text);
                Source::Missing
            }
        }
    }

    fn context_source(&mut self, name: &str, expression: &Spanned<String>) -> Source {
        match context_variable(name) {
            Some(variable) => Source::Context(variable),
            None => {
                let text =
                    format!("context.{name} is no value of a REST API; the mapping has no value");
                self.warn(&expression.place, text);
                Source::Missing
            }
        }
    }

    fn undeclared(&mut self, expression: &Spanned<String>, help: &str) {
        let text = format!(
            "Invalid mapping expression specified: Validation Result: warnings : [], errors : [Invalid \
             mapping expression parameter specified: {}]",
            expression.value
        );
        self.diagnostics.push(Diagnostic::error(&expression.place, text).with_help(help));
    }

    fn invalid(&mut self, text: &Spanned<String>, help: &str) {
        let error = InvalidExpression(text.value.clone()).to_string();
        self.diagnostics.push(Diagnostic::error(&text.place, error).with_help(help));
    }
}

/// A value that is empty omits its target, as a missing one does.
fn literal(text: &str) -> Source {
    if text.is_empty() { Source::Missing } else { Source::Literal(text.as_bytes().into()) }
}

fn request_value(part: RequestPart, name: String) -> Source {
    match part {
        RequestPart::Path => Source::PathName(name.into()),
        RequestPart::Query => Source::Query(name.into_bytes().into()),
        RequestPart::MultiQuery => Source::MultiQuery(name.into_bytes().into()),
        RequestPart::Header => Source::Header(name.into_bytes().into()),
        RequestPart::MultiHeader => Source::MultiHeader(name.into_bytes().into()),
    }
}

/// Whether `context.{name}` is a value of a REST API.
#[must_use]
pub fn is_context_variable(name: &str) -> bool {
    context_variable(name).is_some()
}

/// The variable of this name, which an access-log format would call `$context.{name}`.
///
/// `None` for what is none, or is one of HTTP or WebSocket APIs only.
pub(super) fn context_variable(name: &str) -> Option<Variable> {
    let (format, warnings) = LogFormat::parse(&format!("$context.{name}")).ok()?;
    let is_whole = warnings.iter().all(|warning| matches!(warning, FormatWarning::NoRequestId));
    let mut variables = format.variables();
    variables.next().filter(|_| is_whole).cloned()
}
