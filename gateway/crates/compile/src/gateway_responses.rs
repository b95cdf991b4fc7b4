//! The answers the gateway makes up itself, as an API customises them.
//!
//! For a [`Failure`] the table yields one [`GatewayResponsePlan`]: the type's own customisation, else that
//! of `DEFAULT_4XX` or `DEFAULT_5XX` by the type's family, else the built-in. Templates are no VTL: text
//! with `$context.…`, `$stageVariables.…` and `method.request.…` tokens, split into parts at compile time.

use std::sync::Arc;

use gateway_model::GatewayResponseType;
use gateway_telemetry::Variable;

use crate::failure::Failure;
use crate::plan::HeaderMapping;
use crate::source::Source;

const TYPES: usize = GatewayResponseType::ALL.len();

/// What to answer for each gateway response type.
#[derive(Debug, Clone, PartialEq)]
pub struct GatewayResponses {
    by_type: [Arc<GatewayResponsePlan>; TYPES],
}

/// One gateway response.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GatewayResponsePlan {
    /// The configured status; `None` leaves [`Failure::default_status`].
    pub status: Option<u16>,
    /// Headers added to the answer.
    pub headers: Vec<HeaderMapping>,
    /// The body.
    pub body: GatewayBody,
}

/// The body of a gateway response.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum GatewayBody {
    /// [`crate::Message::default_body`] with its content type.
    #[default]
    Default,
    /// One or more templates, in stored order.
    Templates(Vec<GatewayTemplate>),
}

/// A template of a gateway response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GatewayTemplate {
    /// `Content-Type` of the answer.
    pub content_type: Box<[u8]>,
    /// The text, to be written one part after the other.
    pub parts: Vec<TextPart>,
}

/// A piece of a gateway response template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TextPart {
    /// Copied as it is; stage variables are resolved into it.
    Literal(Box<[u8]>),
    /// `$context.error.message`: [`crate::Message::text`].
    ErrorMessage,
    /// `$context.error.messageString`: [`crate::Message::quoted_text`].
    ErrorMessageString,
    /// `$context.error.responseType`: the failure's type, as `GatewayResponseType::as_str`.
    ResponseType,
    /// `$context.error.validationErrorString`.
    ValidationErrorString,
    /// Any other `$context.…`; without a value it writes nothing.
    Context(Variable),
    /// `method.request.{path|querystring|header}.…`; without a value it writes nothing.
    Source(Source),
}

impl GatewayResponses {
    pub(crate) fn new(by_type: [Arc<GatewayResponsePlan>; TYPES]) -> Self {
        Self { by_type }
    }

    /// The built-in answers.
    pub fn built_in() -> Self {
        let plan = Arc::new(GatewayResponsePlan::default());
        Self { by_type: std::array::from_fn(|_| Arc::clone(&plan)) }
    }

    /// The answer for a failure. What cannot be customised gets the built-in one.
    pub fn plan(&self, failure: &Failure) -> &GatewayResponsePlan {
        if failure.is_customizable() { &self.by_type[failure.kind as usize] } else { &BUILT_IN }
    }

    /// The status, the headers and the template for a failure and the client's `Accept`.
    ///
    /// The template is `None` for the default body: [`crate::Message::default_body`].
    pub fn select(&self, failure: &Failure, accept: Option<&[u8]>) -> GatewayAnswer<'_> {
        let plan = self.plan(failure);
        GatewayAnswer {
            status: plan.status.unwrap_or_else(|| failure.default_status()),
            headers: &plan.headers,
            template: plan.template(accept),
        }
    }
}

impl GatewayResponsePlan {
    /// The template named by `Accept`, else `application/json`, else the first one stored.
    pub fn template(&self, accept: Option<&[u8]>) -> Option<&GatewayTemplate> {
        let GatewayBody::Templates(templates) = &self.body else { return None };
        let exact = |name: &[u8]| {
            templates.iter().find(|template| template.content_type.eq_ignore_ascii_case(name))
        };
        accept.and_then(exact).or_else(|| exact(b"application/json")).or_else(|| templates.first())
    }
}

/// What to send for a failure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GatewayAnswer<'g> {
    /// The status.
    pub status: u16,
    /// Headers to add.
    pub headers: &'g [HeaderMapping],
    /// The template, or `None` for the default body.
    pub template: Option<&'g GatewayTemplate>,
}

static BUILT_IN: GatewayResponsePlan =
    GatewayResponsePlan { status: None, headers: Vec::new(), body: GatewayBody::Default };

#[cfg(test)]
mod tests;
