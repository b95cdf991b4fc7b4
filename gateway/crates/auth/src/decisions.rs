//! Decisions of Lambda authorizers, and how long they are kept.

use crate::policy::Policy;

/// What an authorizer said of a caller.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    /// Who calls, in the authorizer's words (`$context.authorizer.principalId`).
    pub principal_id: String,
    /// What else the authorizer says, in its order (`$context.authorizer.<key>`). Numbers and booleans are
    /// text already, as API Gateway writes them: `123`, `1.5`, `false`.
    pub context: Vec<(String, String)>,
    /// The API key that the request acts under, where the API takes keys from its authorizers.
    pub usage_identifier_key: Option<String>,
    /// What the caller may do. Evaluated anew for each request.
    pub policy: Policy,
}

/// Decisions of one authorizer, shared by all shards.
#[derive(Debug, Default)]
pub struct DecisionCache {}
