//! What function URLs answer when their functions do not.

use super::{Failure, Message, Type};

/// A request for a function URL that is not there. Source: recorded behaviour of Lambda.
pub const UNKNOWN_FUNCTION_URL: Failure =
    Failure { kind: Type::AccessDenied, message: Message::FunctionUrlUnknown, status: Some(403) };

impl Failure {
    /// No permission lets the caller use the function URL.
    pub const fn function_url_forbidden() -> Self {
        Self::with_status(Type::AccessDenied, Message::FunctionUrlForbidden, 403)
    }

    /// The function of a function URL failed, or did not answer.
    pub const fn function_url_failed() -> Self {
        Self::with_status(Type::IntegrationFailure, Message::FunctionUrlFailed, 502)
    }

    /// All environments of a function URL's function are in use.
    pub const fn function_url_throttled() -> Self {
        Self::with_status(Type::Throttled, Message::FunctionUrlThrottled, 429)
    }

    /// The request is larger than a function takes.
    pub const fn function_url_too_large() -> Self {
        Self::with_status(Type::RequestTooLarge, Message::FunctionUrlTooLarge, 413)
    }
}
