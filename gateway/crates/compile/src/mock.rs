//! `MOCK` integrations: the status that a request template names.
//!
//! API Gateway reads the template's output with a permissive JSON parser and wants an object whose
//! `statusCode` is an integer. [`status_code`] is that parser. Literal templates are read at compile time; what
//! a template in VTL renders, and a body that passes through, is read when the request comes, with the same
//! function.

use gateway_model::PassthroughBehavior;

use crate::failure::Failure;
use crate::templates::{ByMediaType, RequestChoice, Template, choose};

mod lenient;

pub use lenient::status_code;

/// Request templates of a `MOCK` integration; a literal with the integer that it names.
#[derive(Debug, Clone)]
pub struct MockTemplates {
    templates: ByMediaType<MockTemplate>,
    passthrough: PassthroughBehavior,
}

#[derive(Debug, Clone)]
enum MockTemplate {
    Empty,
    Read(Result<i64, Failure>),
    Vtl(Box<gateway_vtl::Template>),
}

/// How a `MOCK` request goes on.
#[derive(Debug, Clone, Copy)]
pub enum MockChoice<'t> {
    /// The template names this integer: [`crate::responses::Responses::select_integer`].
    Status(i64),
    /// What this renders must name it: [`body_status`].
    Template(&'t gateway_vtl::Template),
    /// The client's own body must name it: [`body_status`].
    ClientBody,
}

impl MockTemplates {
    /// Reads all templates.
    pub fn new(templates: ByMediaType<Template>, passthrough: PassthroughBehavior) -> Self {
        let templates = templates.map(|template| match template {
            Template::Literal(text) if text.is_empty() => MockTemplate::Empty,
            Template::Literal(text) => MockTemplate::Read(body_status(&text)),
            Template::Vtl(template) => MockTemplate::Vtl(template),
            Template::Malformed => MockTemplate::Read(Err(Failure::api_configuration_error())),
        });
        Self { templates, passthrough }
    }

    /// How a request with this `Content-Type` goes on.
    ///
    /// # Errors
    /// [`Failure::unsupported_media_type`] as `passthroughBehavior` says, and
    /// [`Failure::api_configuration_error`] for a template without an integer `statusCode`.
    pub fn select(&self, content_type: Option<&[u8]>) -> Result<MockChoice<'_>, Failure> {
        let is_empty = |template: &MockTemplate| matches!(template, MockTemplate::Empty);
        match choose(&self.templates, self.passthrough, content_type, is_empty) {
            RequestChoice::Template(MockTemplate::Read(status)) => status.map(MockChoice::Status),
            RequestChoice::Template(MockTemplate::Vtl(template)) => {
                Ok(MockChoice::Template(template))
            }
            RequestChoice::Template(MockTemplate::Empty) | RequestChoice::Passthrough => {
                Ok(MockChoice::ClientBody)
            }
            RequestChoice::UnsupportedMediaType => Err(Failure::unsupported_media_type()),
        }
    }
}

/// The integer `statusCode` of a body.
///
/// # Errors
/// [`Failure::api_configuration_error`] without one; API Gateway logs `statusCode should be an integer
/// which defined in request template`.
pub fn body_status(body: &[u8]) -> Result<i64, Failure> {
    status_code(body).ok_or(Failure::api_configuration_error())
}

#[cfg(test)]
mod tests;
