//! What answers a method.

use crate::closed::closed_names;
use crate::{Place, Spanned, StatusCode};

closed_names! {
    /// Who answers, and whether mapping happens on the way.
    pub enum IntegrationType {
        /// An HTTP endpoint, with mapping.
        Http = "HTTP",
        /// An HTTP endpoint, passed through.
        HttpProxy = "HTTP_PROXY",
        /// An AWS service action, with mapping.
        Aws = "AWS",
        /// A Lambda function that answers the whole response.
        AwsProxy = "AWS_PROXY",
        /// The gateway itself.
        Mock = "MOCK",
    }
}

closed_names! {
    /// The network that a request takes to its endpoint.
    pub enum ConnectionType {
        /// The public way.
        Internet = "INTERNET",
        /// Through a VPC link.
        VpcLink = "VPC_LINK",
    }
}

closed_names! {
    /// How a body changes between text and binary.
    pub enum ContentHandling {
        /// Base64 text becomes bytes.
        ConvertToBinary = "CONVERT_TO_BINARY",
        /// Bytes become base64 text.
        ConvertToText = "CONVERT_TO_TEXT",
    }
}

closed_names! {
    /// What happens to a body whose content type has no request template.
    pub enum PassthroughBehavior {
        /// It passes when its own type has no template. The default.
        WhenNoMatch = "WHEN_NO_MATCH",
        /// It passes when there are no templates at all.
        WhenNoTemplates = "WHEN_NO_TEMPLATES",
        /// It is refused.
        Never = "NEVER",
    }
}

closed_names! {
    /// Whether a response is sent whole or as it comes.
    pub enum ResponseTransferMode {
        /// Whole. The default.
        Buffered = "BUFFERED",
        /// As it comes.
        Stream = "STREAM",
    }
}

/// A parameter mapping: `target` takes the value of the expression `source`.
///
/// Request side: `integration.request.header.X` from `method.request.path.y`, `'static'`,
/// `context.…`, `stageVariables.…`. Response side: `method.response.header.X` from
/// `integration.response.header.y`, and so on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParameterMapping {
    /// What is set.
    pub target: Spanned<String>,
    /// The expression that it is set to.
    pub source: Spanned<String>,
}

/// A template for one content type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    /// The content type that picks it; `$default` is the fallback.
    pub content_type: String,
    /// The template's text.
    pub body: Spanned<String>,
}

/// The integration of a method.
#[derive(Clone, Debug, PartialEq)]
pub struct Integration {
    /// Who answers.
    pub kind: IntegrationType,
    /// The verb sent to the endpoint (`IntegrationHttpMethod`), as written; a stage variable is
    /// not allowed here, `ANY` passes the request's verb on.
    pub http_method: Option<Spanned<String>>,
    /// The endpoint, with `{param}` and `${stageVariables.x}`.
    pub uri: Option<Spanned<String>>,
    /// The network; absent acts as `INTERNET`.
    pub connection_type: Option<ConnectionType>,
    /// The VPC link's id, possibly `${stageVariables.x}`.
    pub connection_id: Option<Spanned<String>>,
    /// The role that calls an AWS service.
    pub credentials: Option<Spanned<String>>,
    /// How long the endpoint may take, in milliseconds; absent acts as 29,000.
    pub timeout_ms: Option<u32>,
    /// Whether the endpoint's certificate is not checked.
    pub insecure_skip_verification: bool,
    /// Request parameter mappings, in the order written.
    pub request_parameters: Vec<ParameterMapping>,
    /// Request templates, in the order written.
    pub request_templates: Vec<Template>,
    /// What happens when no template fits; absent acts as `WHEN_NO_MATCH`.
    pub passthrough_behavior: Option<PassthroughBehavior>,
    /// How the request body changes.
    pub content_handling: Option<ContentHandling>,
    /// Shares cached answers among methods of one namespace; absent acts as the resource's id.
    pub cache_namespace: Option<String>,
    /// The request parameters that make the cache key.
    pub cache_key_parameters: Vec<Spanned<String>>,
    /// How the endpoint's answer becomes a method response, in the order written.
    pub integration_responses: Vec<IntegrationResponse>,
    /// The load balancer's listener, for VPC links of the second kind.
    pub integration_target: Option<Spanned<String>>,
    /// Whole or as it comes; absent acts as `BUFFERED`.
    pub response_transfer_mode: Option<ResponseTransferMode>,
    /// Where it was written.
    pub place: Place,
}

impl Integration {
    /// An integration with nothing but its type.
    #[must_use]
    pub fn new(kind: IntegrationType, place: Place) -> Self {
        Self {
            kind,
            http_method: None,
            uri: None,
            connection_type: None,
            connection_id: None,
            credentials: None,
            timeout_ms: None,
            insecure_skip_verification: false,
            request_parameters: Vec::new(),
            request_templates: Vec::new(),
            passthrough_behavior: None,
            content_handling: None,
            cache_namespace: None,
            cache_key_parameters: Vec::new(),
            integration_responses: Vec::new(),
            integration_target: None,
            response_transfer_mode: None,
            place,
        }
    }
}

/// One way from an endpoint's answer to a method response.
#[derive(Clone, Debug, PartialEq)]
pub struct IntegrationResponse {
    /// The method response that it makes.
    pub status_code: StatusCode,
    /// A regular expression on the status (HTTP) or the error message (Lambda); absent or empty
    /// makes this the default.
    pub selection_pattern: Option<Spanned<String>>,
    /// `method.response.header.X` from an expression, in the order written.
    pub response_parameters: Vec<ParameterMapping>,
    /// Response templates, in the order written.
    pub response_templates: Vec<Template>,
    /// How the response body changes.
    pub content_handling: Option<ContentHandling>,
    /// Where it was written.
    pub place: Place,
}

impl IntegrationResponse {
    /// A default response with nothing but its status.
    #[must_use]
    pub fn new(status_code: StatusCode, place: Place) -> Self {
        Self {
            status_code,
            selection_pattern: None,
            response_parameters: Vec::new(),
            response_templates: Vec::new(),
            content_handling: None,
            place,
        }
    }
}
