//! Models: JSON Schema draft 4, compiled once for each API.
//!
//! A schema may refer to its own definitions and, by
//! `https://apigateway.amazonaws.com/restapis/{id}/models/{name}`, to the API's other models, in circles too.
//! Nothing is ever fetched or read from a disk for it. Patterns run on an engine whose time is linear; a
//! pattern that needs another is refused. What one body can cost is bounded by the limits of its
//! reader, and the results of recursive references are remembered, so that no pair of a schema and a body
//! multiplies.

use std::fmt;

use jsonschema::Validator;

mod compile;
mod describe;
mod document;
mod references;
mod unique;

pub(crate) use compile::ApiModels;
pub use compile::check_model;
use document::{Bodies, Document, Unreadable};

/// The schema of a model, ready to check bodies.
pub struct ModelSchema {
    validator: Validator<Bodies>,
}

impl ModelSchema {
    /// Whether a body is JSON that the schema accepts. An empty body is an empty object.
    pub fn accepts(&self, body: &[u8]) -> bool {
        Document::parse(body).is_ok_and(|(document, _)| self.validator.is_valid(&document))
    }

    /// `$context.error.validationErrorString` of a body that is not accepted: all problems in one pair of
    /// brackets.
    pub fn problems(&self, body: &[u8]) -> String {
        match Document::parse(body) {
            Ok((document, extent)) => describe::problems(&self.validator, &document, extent),
            Err(Unreadable::Malformed) => "[Unable to parse the request body as JSON]".to_owned(),
            Err(Unreadable::TooComplex) => {
                "[the request body has more values or more nesting than is validated]".to_owned()
            }
        }
    }
}

impl fmt::Debug for ModelSchema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ModelSchema").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
