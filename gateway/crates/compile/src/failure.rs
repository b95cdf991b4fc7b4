//! Every failure the gateway answers itself, and what the client sees of it.
//!
//! A [`Failure`] says which gateway response type it is, which message it carries, and, where the failing
//! part decides it, the runtime status. One exhaustive `match` a question (status, error type, body)
//! follows, so that a new [`Message`] does not compile until it has all its answers.
//!
//! Spacing is AWS's: an error of routing, authorisation, keys or throttling has no blank after the colon
//! of its default body; an error of validation or integration has exactly one.

use gateway_model::GatewayResponseType as Type;

mod function_url;

pub use function_url::UNKNOWN_FUNCTION_URL;

/// Why the gateway answers by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failure {
    /// The gateway response type that renders it.
    pub kind: Type,
    /// What is wrong.
    pub message: Message,
    /// The failing part's own status; it stands unless the gateway response configures one.
    pub status: Option<u16>,
}

/// A request that reached no stage: unknown API, stage or domain mapping, or a disabled default endpoint.
///
/// There is no API whose gateway responses could apply, so it is always sent in its default form.
pub const FORBIDDEN: Failure =
    Failure { kind: Type::InvalidApiKey, message: Message::Forbidden, status: Some(403) };

/// What is wrong, in AWS's words. Closed; each variant has one text, one default body, one error type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Message {
    /// No method for this path and verb, or `AWS_IAM` without any signature.
    MissingAuthenticationToken,
    /// An unrouted request whose `Authorization` header is no SigV4 signature. Carries the base64 of the
    /// header value's SHA-256.
    IncompleteSignature([u8; 44]),
    /// Unknown stage, or a missing or unknown API key.
    Forbidden,
    /// A policy or an authorizer denies.
    NotAuthorized,
    /// No statement of an authorizer's policy allows.
    ImplicitDeny,
    /// A statement of an authorizer's policy denies.
    ExplicitDeny,
    /// An authorizer that cannot be asked, fails, or does not answer as authorizers do. Its message is `null`.
    AuthorizerConfiguration,
    /// The caller is not known to the authorizer.
    Unauthorized,
    /// A throttle refuses.
    TooManyRequests,
    /// A quota is used up.
    LimitExceeded,
    /// `Internal server error`, of the integration or the API's definition.
    InternalServerError,
    /// Java's `InternalFailureException`: malformed JSON in a response-side parameter mapping.
    InternalFailure,
    /// The integration took too long.
    EndpointTimedOut,
    /// The backend refused, reset, or broke the protocol.
    NetworkError,
    /// No template for the content type, and pass-through is off; or an unknown content coding.
    UnsupportedMediaType,
    /// Required parameters are missing or blank. Which ones, the failing request says.
    MissingRequestParameters,
    /// The body is not what its model accepts.
    InvalidRequestBody,
    /// A request-side parameter mapping reads a body that is malformed JSON.
    InvalidJson,
    /// The body is over the payload limit. Not JSON, never customised.
    PayloadTooLarge,
    /// The header block is over its limit. Not JSON, never customised.
    HeaderTooLarge,
    /// The request line is over its limit.
    UriTooLong,
    /// The request's framing or grammar is refused.
    BadRequest,
    /// An `Expect` that nobody knows.
    ExpectationFailed,
    /// A method or transfer coding that nobody serves.
    NotImplemented,
    /// Neither HTTP/1.0 nor HTTP/1.1.
    VersionNotSupported,
    /// No function URL has the id of the host.
    FunctionUrlUnknown,
    /// No permission lets the caller use the function URL.
    FunctionUrlForbidden,
    /// The function of a function URL failed, or did not answer.
    FunctionUrlFailed,
    /// All environments of a function URL's function are in use.
    FunctionUrlThrottled,
    /// The request is larger than a function takes.
    FunctionUrlTooLarge,
}

impl Failure {
    const fn new(kind: Type, message: Message) -> Self {
        Self { kind, message, status: None }
    }

    const fn with_status(kind: Type, message: Message, status: u16) -> Self {
        Self { kind, message, status: Some(status) }
    }

    /// No such path, or no such verb on it; also `AWS_IAM` without a signature.
    pub const fn missing_authentication_token() -> Self {
        Self::new(Type::MissingAuthenticationToken, Message::MissingAuthenticationToken)
    }

    /// As [`Failure::missing_authentication_token`], when the request has an `Authorization` header that
    /// is no SigV4 signature. `hash` is the standard base64 of the header value's SHA-256.
    pub const fn incomplete_signature(hash: [u8; 44]) -> Self {
        Self::new(Type::MissingAuthenticationToken, Message::IncompleteSignature(hash))
    }

    /// An API key is required, and missing or unknown.
    pub const fn invalid_api_key() -> Self {
        Self::new(Type::InvalidApiKey, Message::Forbidden)
    }

    /// A resource policy denies.
    pub const fn access_denied() -> Self {
        Self::new(Type::AccessDenied, Message::NotAuthorized)
    }

    /// No statement of the authorizer's policy allows the request.
    pub const fn implicit_deny() -> Self {
        Self::new(Type::AccessDenied, Message::ImplicitDeny)
    }

    /// A statement of the authorizer's policy denies the request.
    pub const fn explicit_deny() -> Self {
        Self::new(Type::AccessDenied, Message::ExplicitDeny)
    }

    /// The authorizer does not know the caller.
    pub const fn unauthorized() -> Self {
        Self::new(Type::Unauthorized, Message::Unauthorized)
    }

    /// The authorizer cannot be asked, is not served, or what it answers is no decision.
    pub const fn authorizer_configuration_error() -> Self {
        Self::new(Type::AuthorizerConfigurationError, Message::AuthorizerConfiguration)
    }

    /// The authorizer's function failed or took too long. Which error type API Gateway names then is not
    /// documented; reports show that of a configuration error.
    pub const fn authorizer_failure() -> Self {
        Self::new(Type::AuthorizerFailure, Message::AuthorizerConfiguration)
    }

    /// A throttle refuses.
    pub const fn throttled() -> Self {
        Self::new(Type::Throttled, Message::TooManyRequests)
    }

    /// A quota is used up.
    pub const fn quota_exceeded() -> Self {
        Self::new(Type::QuotaExceeded, Message::LimitExceeded)
    }

    /// The web ACL blocks.
    pub const fn waf_filtered() -> Self {
        Self::new(Type::WafFiltered, Message::Forbidden)
    }

    /// The API's definition fails the request: invalid endpoint address, template failure, no
    /// integration response, an integration that is not served.
    pub const fn api_configuration_error() -> Self {
        Self::new(Type::ApiConfigurationError, Message::InternalServerError)
    }

    /// A response-side parameter mapping reads a body that is malformed JSON.
    pub const fn invalid_response_json() -> Self {
        Self::new(Type::ApiConfigurationError, Message::InternalFailure)
    }

    /// A fault of ours that no definition causes.
    pub const fn internal_error() -> Self {
        Self::with_status(Type::Default5xx, Message::InternalServerError, 500)
    }

    /// The integration took longer than its timeout.
    pub const fn integration_timeout() -> Self {
        Self::new(Type::IntegrationTimeout, Message::EndpointTimedOut)
    }

    /// The backend refused the connection, reset it, failed TLS, or broke HTTP.
    pub const fn network_error() -> Self {
        Self::new(Type::IntegrationFailure, Message::NetworkError)
    }

    /// The integration failed with a status of its own: 500 or 502.
    pub const fn integration_failure(status: u16) -> Self {
        Self::with_status(Type::IntegrationFailure, Message::InternalServerError, status)
    }

    /// The backend's name does not resolve, or its address is invalid.
    pub const fn invalid_endpoint_address() -> Self {
        Self::api_configuration_error()
    }

    /// No template for the content type, and pass-through is off; or an unknown content coding.
    pub const fn unsupported_media_type() -> Self {
        Self::new(Type::UnsupportedMediaType, Message::UnsupportedMediaType)
    }

    /// The method's validator misses required parameters.
    pub const fn missing_request_parameters() -> Self {
        Self::new(Type::BadRequestParameters, Message::MissingRequestParameters)
    }

    /// The method's validator does not accept the body.
    pub const fn invalid_request_body() -> Self {
        Self::new(Type::BadRequestBody, Message::InvalidRequestBody)
    }

    /// A request-side parameter mapping reads a body that is malformed JSON.
    pub const fn invalid_json() -> Self {
        Self::with_status(Type::Default4xx, Message::InvalidJson, 400)
    }

    /// The body is over the payload limit.
    pub const fn request_too_large() -> Self {
        Self::new(Type::RequestTooLarge, Message::PayloadTooLarge)
    }

    /// The header block is over its limit. The status is ours to choose; 431 was reported once.
    pub const fn header_too_large() -> Self {
        Self::with_status(Type::RequestTooLarge, Message::HeaderTooLarge, 431)
    }

    /// The request line is over its limit.
    pub const fn uri_too_long() -> Self {
        Self::with_status(Type::RequestTooLarge, Message::UriTooLong, 414)
    }

    /// The request's framing or grammar is refused, before it is known whose it is.
    pub const fn bad_request() -> Self {
        Self::with_status(Type::Default4xx, Message::BadRequest, 400)
    }

    /// An `Expect` other than `100-continue` (RFC 9110 section 10.1.1).
    pub const fn expectation_failed() -> Self {
        Self::with_status(Type::Default4xx, Message::ExpectationFailed, 417)
    }

    /// A method or transfer coding that nobody serves (RFC 9110 section 15.6.2).
    pub const fn not_implemented() -> Self {
        Self::with_status(Type::Default5xx, Message::NotImplemented, 501)
    }

    /// Neither HTTP/1.0 nor HTTP/1.1 (RFC 9110 section 15.6.6).
    pub const fn version_not_supported() -> Self {
        Self::with_status(Type::Default5xx, Message::VersionNotSupported, 505)
    }

    /// The status when the gateway response does not configure one.
    pub fn default_status(&self) -> u16 {
        self.status.or_else(|| self.kind.default_status()).unwrap_or(500)
    }

    /// `x-amzn-ErrorType`.
    pub const fn error_type(&self) -> &'static str {
        self.message.error_type()
    }

    /// Whether gateway responses of an API may change it. A request that is too large cannot be
    /// customised.
    pub const fn is_customizable(&self) -> bool {
        !matches!(self.kind, Type::RequestTooLarge)
    }
}

impl Message {
    /// `$context.error.message`, in up to three pieces; all empty when AWS says `null`. `missing` are the names
    /// of missing parameters, for the message that lists them.
    pub fn text<'a>(&'a self, missing: &'a str) -> [&'a [u8]; 3] {
        match self {
            Self::MissingRequestParameters => {
                [MISSING_PARAMETERS.as_bytes(), missing.as_bytes(), b"]"]
            }
            Self::IncompleteSignature(hash) => [INCOMPLETE_SIGNATURE.as_bytes(), hash, b"'."],
            Self::AuthorizerConfiguration | Self::FunctionUrlUnknown => [b"", b"", b""],
            other => [other.fixed().text.as_bytes(), b"", b""],
        }
    }

    /// `$context.error.messageString`, the text as a quoted JSON string, in up to three pieces; `null`
    /// when AWS says so. No text needs an escape, and no name of a parameter does; a test holds that.
    pub fn quoted_text<'a>(&'a self, missing: &'a str) -> [&'a [u8]; 5] {
        if let Self::AuthorizerConfiguration | Self::FunctionUrlUnknown = self {
            return [b"null", b"", b"", b"", b""];
        }
        let [a, b, c] = self.text(missing);
        [b"\"", a, b, c, b"\""]
    }

    /// The body when no gateway response is configured, in up to three pieces.
    pub fn default_body<'a>(&'a self, missing: &'a str) -> [&'a [u8]; 3] {
        match self {
            Self::MissingRequestParameters => {
                [MISSING_PARAMETERS_BODY.as_bytes(), missing.as_bytes(), b"]\"}"]
            }
            Self::IncompleteSignature(hash) => {
                [INCOMPLETE_SIGNATURE_BODY.as_bytes(), hash, b"'.\"}"]
            }
            other => [other.fixed().body.as_bytes(), b"", b""],
        }
    }

    /// `Content-Type` of [`Message::default_body`].
    pub const fn default_content_type(&self) -> &'static [u8] {
        match self {
            Self::PayloadTooLarge | Self::HeaderTooLarge => b"text/plain",
            _ => b"application/json",
        }
    }

    const fn error_type(&self) -> &'static str {
        self.fixed().error_type
    }

    const fn fixed(&self) -> &'static Fixed {
        match self {
            Self::MissingAuthenticationToken => &Fixed {
                text: "Missing Authentication Token",
                body: r#"{"message":"Missing Authentication Token"}"#,
                error_type: "MissingAuthenticationTokenException",
            },
            Self::IncompleteSignature(_) => {
                &Fixed { text: "", body: "", error_type: "IncompleteSignatureException" }
            }
            Self::Forbidden => &Fixed {
                text: "Forbidden",
                body: r#"{"message":"Forbidden"}"#,
                error_type: "ForbiddenException",
            },
            Self::NotAuthorized => &Fixed {
                text: "User is not authorized to access this resource",
                body: r#"{"Message":"User is not authorized to access this resource"}"#,
                error_type: "AccessDeniedException",
            },
            Self::ImplicitDeny => &Fixed {
                text: "User is not authorized to access this resource because no identity-based policy allows the execute-api:Invoke action",
                body: r#"{"Message":"User is not authorized to access this resource because no identity-based policy allows the execute-api:Invoke action"}"#,
                error_type: "AccessDeniedException",
            },
            Self::ExplicitDeny => &Fixed {
                text: "User is not authorized to access this resource with an explicit deny in an identity-based policy",
                body: r#"{"Message":"User is not authorized to access this resource with an explicit deny in an identity-based policy"}"#,
                error_type: "AccessDeniedException",
            },
            Self::AuthorizerConfiguration => &Fixed {
                text: "",
                body: r#"{"message":null}"#,
                error_type: "AuthorizerConfigurationException",
            },
            Self::Unauthorized => &Fixed {
                text: "Unauthorized",
                body: r#"{"message":"Unauthorized"}"#,
                error_type: "UnauthorizedException",
            },
            Self::TooManyRequests => &Fixed {
                text: "Too Many Requests",
                body: r#"{"message":"Too Many Requests"}"#,
                error_type: "TooManyRequestsException",
            },
            Self::LimitExceeded => &Fixed {
                text: "Limit Exceeded",
                body: r#"{"message":"Limit Exceeded"}"#,
                error_type: "LimitExceededException",
            },
            Self::InternalServerError => &Fixed {
                text: "Internal server error",
                body: r#"{"message": "Internal server error"}"#,
                error_type: "InternalServerErrorException",
            },
            Self::InternalFailure => &Fixed {
                text: "Internal server error",
                body: r#"{"message": "Internal server error"}"#,
                error_type: "InternalFailureException",
            },
            Self::EndpointTimedOut => &Fixed {
                text: "Endpoint request timed out",
                body: r#"{"message": "Endpoint request timed out"}"#,
                error_type: "InternalServerErrorException",
            },
            Self::NetworkError => &Fixed {
                text: "Network error communicating with endpoint",
                body: r#"{"message": "Network error communicating with endpoint"}"#,
                error_type: "InternalServerErrorException",
            },
            Self::UnsupportedMediaType => &Fixed {
                text: "Unsupported Media Type",
                body: r#"{"message": "Unsupported Media Type"}"#,
                error_type: "BadRequestException",
            },
            Self::MissingRequestParameters => {
                &Fixed { text: "", body: "", error_type: "BadRequestException" }
            }
            Self::InvalidRequestBody => &Fixed {
                text: "Invalid request body",
                body: r#"{"message": "Invalid request body"}"#,
                error_type: "BadRequestException",
            },
            Self::InvalidJson => &Fixed {
                text: "Invalid JSON in request body",
                body: r#"{"message": "Invalid JSON in request body"}"#,
                error_type: "BadRequestException",
            },
            Self::PayloadTooLarge => &Fixed {
                text: "HTTP content length exceeded 10485760 bytes.",
                body: "HTTP content length exceeded 10485760 bytes.",
                error_type: "RequestEntityTooLargeException",
            },
            Self::HeaderTooLarge => &Fixed {
                text: "HTTP header is larger than 10240 bytes.",
                body: "HTTP header is larger than 10240 bytes.",
                error_type: "RequestEntityTooLargeException",
            },
            Self::BadRequest => &Fixed {
                text: "Bad Request",
                body: r#"{"message":"Bad Request"}"#,
                error_type: "BadRequestException",
            },
            Self::ExpectationFailed => &Fixed {
                text: "Expectation Failed",
                body: r#"{"message":"Expectation Failed"}"#,
                error_type: "BadRequestException",
            },
            Self::NotImplemented => &Fixed {
                text: "Not Implemented",
                body: r#"{"message":"Not Implemented"}"#,
                error_type: "NotImplementedException",
            },
            Self::FunctionUrlUnknown => &Fixed {
                text: "",
                body: r#"{"Message":null}"#,
                error_type: "AccessDeniedException",
            },
            Self::FunctionUrlForbidden => &Fixed {
                text: "Forbidden",
                body: r#"{"Message":"Forbidden"}"#,
                error_type: "AccessDeniedException",
            },
            Self::FunctionUrlFailed => &Fixed {
                text: "Internal Server Error",
                body: "Internal Server Error",
                error_type: "InternalServerErrorException",
            },
            Self::FunctionUrlThrottled => &Fixed {
                text: "Rate Exceeded.",
                body: r#"{"Message":"Rate Exceeded."}"#,
                error_type: "TooManyRequestsException",
            },
            Self::FunctionUrlTooLarge => &Fixed {
                text: "Request must be smaller than 6291456 bytes for the InvokeFunction operation",
                body: r#"{"Message":"Request must be smaller than 6291456 bytes for the InvokeFunction operation"}"#,
                error_type: "RequestTooLargeException",
            },
            Self::VersionNotSupported => &Fixed {
                text: "HTTP Version Not Supported",
                body: r#"{"message":"HTTP Version Not Supported"}"#,
                error_type: "BadRequestException",
            },
            Self::UriTooLong => &Fixed {
                text: "Request URI too long",
                body: r#"{"message":"Request URI too long"}"#,
                error_type: "RequestEntityTooLargeException",
            },
        }
    }
}

struct Fixed {
    text: &'static str,
    body: &'static str,
    error_type: &'static str,
}

const MISSING_PARAMETERS: &str = "Missing required request parameters: [";
const MISSING_PARAMETERS_BODY: &str = r#"{"message": "Missing required request parameters: ["#;
const INCOMPLETE_SIGNATURE: &str = "Invalid key=value pair (missing equal-sign) in Authorization header (hashed with SHA-256 and encoded with Base64): '";
const INCOMPLETE_SIGNATURE_BODY: &str = r#"{"message":"Invalid key=value pair (missing equal-sign) in Authorization header (hashed with SHA-256 and encoded with Base64): '"#;

#[cfg(test)]
mod tests;
