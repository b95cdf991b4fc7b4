//! Decisions of Lambda authorizers, and how long they are kept.

/// Decisions of one authorizer, shared by all shards.
#[derive(Debug, Default)]
pub struct DecisionCache {}
