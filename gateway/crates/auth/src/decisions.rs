//! Decisions of Lambda authorizers, and how long they are kept.
//!
//! A [`Decision`] holds the authorizer's policy, not its verdict: each request evaluates it for its own
//! resource, so that being allowed one method says nothing of another.

mod cache;
mod flight;
mod parse;

pub use cache::{DecisionCache, Lookup};
pub use flight::{Flight, Landing, Lead};
pub use parse::DecisionError;

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

/// Why there is no decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// The authorizer does not know the caller: its function failed with exactly `Unauthorized`.
    Unauthorized,
    /// The function cannot be called, or what it says is no decision.
    Configuration,
    /// The function failed, or took too long.
    Function,
}

impl Decision {
    /// Reads what an authorizer's function returned.
    ///
    /// Decided here, because no source says: numbers and booleans are as good as strings for `principalId`
    /// and `usageIdentifierKey`; a `null` in the context is as if it were not there; members that no
    /// decision has are left alone.
    ///
    /// # Errors
    /// [`DecisionError`], with the first thing that is wrong.
    pub fn parse(result: &[u8]) -> Result<Self, DecisionError> {
        parse::decision(result)
    }

    /// A member of the context, or the principal's id, by its name.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&str> {
        let mut context = self.context.iter();
        match context.find(|(key, _)| key == name) {
            Some((_, value)) => Some(value),
            None => (name == "principalId").then_some(&self.principal_id),
        }
    }

    /// What it takes in memory, roughly.
    fn bytes(&self) -> usize {
        let key = self.usage_identifier_key.as_ref().map_or(0, String::len);
        let context = self
            .context
            .iter()
            .map(|(name, value)| name.len() + value.len() + size_of::<(String, String)>());
        let texts = self.principal_id.len() + key + context.sum::<usize>();
        size_of::<Self>() + texts + self.policy.bytes()
    }
}

#[cfg(test)]
mod tests;
