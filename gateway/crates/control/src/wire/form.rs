//! Parameters of the query protocol.

use crate::{ApiError, Call};

/// What `Action=…` names, with its parameters; from the query string and from the form together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Form(Vec<(String, String)>);

impl Form {
    /// Reads the form of a call.
    ///
    /// # Errors
    /// When it is not one.
    pub(crate) fn of(call: &Call) -> Result<Self, ApiError> {
        let mut pairs = call.query.clone();
        let text = std::str::from_utf8(&call.body)
            .map_err(|_| ApiError::bad_request("The form is not text in UTF-8"))?;
        pairs.extend(super::query(text.trim_end())?);
        Ok(Self(pairs))
    }

    /// A parameter; of two the first.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| &**value)
    }
}
