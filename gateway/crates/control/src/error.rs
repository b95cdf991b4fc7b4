//! Errors, as AWS's clients know them.

use std::fmt;

/// Why an operation was not done. Nothing has changed then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiError {
    /// HTTP status.
    pub status: u16,
    /// AWS's name, as `NotFoundException`.
    pub code: &'static str,
    /// AWS's text, word for word where it is known.
    pub message: String,
}

impl ApiError {
    /// An error with AWS's name and text.
    pub fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into() }
    }

    /// 400 `BadRequestException`
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, "BadRequestException", message)
    }

    /// 404 `NotFoundException`
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(404, "NotFoundException", message)
    }

    /// 409 `ConflictException`
    pub fn conflict(message: impl Into<String>) -> Self {
        Self::new(409, "ConflictException", message)
    }

    /// 400 `ValidationException`: what the framework checks before any operation sees the request.
    pub fn validation(message: impl Into<String>) -> Self {
        Self::new(400, "ValidationException", message)
    }

    /// 501 `NotImplementedException`: the operation exists on AWS, and not here yet.
    pub fn not_implemented(operation: &str) -> Self {
        let message = format!("{operation} is not implemented by this gateway yet");
        Self::new(501, "NotImplementedException", message)
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

impl std::error::Error for ApiError {}
