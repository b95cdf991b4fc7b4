//! The IAM policy language.

/// What a policy document says, ready to be evaluated.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {}
