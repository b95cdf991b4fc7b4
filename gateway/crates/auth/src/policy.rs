//! The IAM policy language: documents, and what they say of a request.
//!
//! A document is read once, into a [`Policy`], and evaluated for each request. Sources: IAM User Guide,
//! "Grammar of the IAM JSON policy language" and "Condition operators"; what they leave open follows
//! recorded behaviour, and is said where it is decided.
//!
//! What is decided here because no source says:
//! * a document with a member, an operator or a policy variable that does not exist is refused;
//! * a number, date, address, ARN or base64 text in a condition that is none makes its condition fail,
//!   negated or not: this much is recorded for policies that are not checked when they are stored;
//! * `Null` is for keys with one value and with many.

mod condition;
mod document;
mod glob;
mod literals;
mod principal;

use std::borrow::Cow;
use std::fmt;

use condition::Condition;
use glob::{Template, Units};
pub use principal::Caller;
use principal::Principals;

use crate::json::{Json, JsonError};
use crate::limits::{POLICY_BYTES_MAX, POLICY_DEPTH_MAX};

/// What a policy document says, ready to be evaluated.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    statements: Vec<Statement>,
}

/// What a policy is attached to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PolicyKind {
    /// An identity, or an authorizer's answer about one: no statement names principals.
    Identity,
    /// A resource: every statement names principals.
    Resource,
}

/// What a policy says of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// A statement allows it, and none denies it.
    Allow,
    /// A statement denies it.
    ExplicitDeny,
    /// No statement is about it.
    ImplicitDeny,
}

/// What somebody wants to do.
#[derive(Clone, Copy)]
pub struct Request<'r> {
    /// E.g. `execute-api:Invoke`.
    pub action: &'r str,
    /// The resource's ARN.
    pub resource: &'r str,
    /// Who it is; only policies of resources ask.
    pub caller: Caller<'r>,
    /// What conditions and policy variables read.
    pub keys: &'r dyn ConditionKeys,
}

/// Gives condition keys their values.
pub trait ConditionKeys {
    /// The value of a key, whose name comes in lower case, e.g. `aws:sourceip`.
    fn value(&self, key: &str) -> KeyValue<'_>;
}

/// The value of a condition key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyValue<'k> {
    /// The request has no such key.
    Absent,
    /// The key has one value, possibly an empty one.
    One(Cow<'k, str>),
    /// The key is one that can have many values; without any it is absent.
    Many(Vec<Cow<'k, str>>),
}

/// A document that is no policy.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum PolicyError {
    /// The text is longer than [`POLICY_BYTES_MAX`].
    TooLong,
    /// The text is no JSON.
    Json(JsonError),
    /// The document is not what the grammar says.
    Invalid {
        /// The statement, from 0; `None` for the document itself.
        statement: Option<usize>,
        /// What is wrong.
        reason: &'static str,
    },
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong => write!(f, "a policy has at most {POLICY_BYTES_MAX} bytes"),
            Self::Json(_) => f.write_str("the policy is no JSON"),
            Self::Invalid { statement: Some(index), reason } => {
                write!(f, "statement {index} of the policy: {reason}")
            }
            Self::Invalid { statement: None, reason } => write!(f, "the policy: {reason}"),
        }
    }
}

impl std::error::Error for PolicyError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Json(error) => Some(error),
            _ => None,
        }
    }
}

impl Policy {
    /// Reads a document.
    ///
    /// # Errors
    /// [`PolicyError`], with the first thing that is wrong.
    pub fn parse(text: &[u8], kind: PolicyKind) -> Result<Self, PolicyError> {
        if text.len() > POLICY_BYTES_MAX {
            return Err(PolicyError::TooLong);
        }
        let json = Json::parse(text, POLICY_DEPTH_MAX).map_err(PolicyError::Json)?;
        Self::of(json, kind, usize::MAX)
    }

    /// As [`Policy::parse`], of what is JSON already; resources are at most that many characters long.
    pub(crate) fn of(
        json: Json,
        kind: PolicyKind,
        resource_chars_max: usize,
    ) -> Result<Self, PolicyError> {
        document::policy(json, kind, resource_chars_max)
    }

    /// What it says of a request. The order of statements does not matter.
    pub fn evaluate(&self, request: &Request<'_>) -> Verdict {
        let target = Target {
            action: Units::of(request.action),
            resource: Units::of(request.resource),
            caller: request.caller,
            keys: request.keys,
        };
        let mut verdict = Verdict::ImplicitDeny;
        for statement in self.statements.iter().filter(|statement| statement.applies(&target)) {
            match statement.effect {
                Effect::Allow => verdict = Verdict::Allow,
                Effect::Deny => return Verdict::ExplicitDeny,
            }
        }
        verdict
    }

    /// What it takes in memory, roughly.
    pub(crate) fn bytes(&self) -> usize {
        let statements = self.statements.iter().map(|statement| {
            let actions = &statement.actions.patterns;
            let actions = actions.iter().map(|tokens| size_of_val(&tokens[..])).sum::<usize>();
            let resources = statement.resources.patterns.iter().map(Template::bytes).sum::<usize>();
            let conditions = statement.conditions.iter().map(Condition::bytes).sum::<usize>();
            size_of::<Statement>() + actions + resources + conditions
        });
        statements.sum()
    }
}

#[derive(Debug, Clone, PartialEq)]
struct Statement {
    effect: Effect,
    actions: Actions,
    resources: Resources,
    principals: Option<Principals>,
    conditions: Vec<Condition>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Effect {
    Allow,
    Deny,
}

/// `Action` or `NotAction`. The patterns are in lower case.
#[derive(Debug, Clone, PartialEq)]
struct Actions {
    is_negated: bool,
    patterns: Vec<Vec<glob::Token>>,
}

/// `Resource` or `NotResource`.
#[derive(Debug, Clone, PartialEq)]
struct Resources {
    is_negated: bool,
    patterns: Vec<Template>,
}

/// A request as statements look at it.
struct Target<'r> {
    action: Units<'r>,
    resource: Units<'r>,
    caller: Caller<'r>,
    keys: &'r dyn ConditionKeys,
}

impl Statement {
    fn applies(&self, target: &Target<'_>) -> bool {
        self.actions.include(target)
            && self.resources.include(target)
            && self.principals.as_ref().is_none_or(|p| p.include(&target.caller))
            && self.conditions.iter().all(|condition| condition.holds(target.keys))
    }
}

impl Actions {
    fn include(&self, target: &Target<'_>) -> bool {
        let is_listed = self.patterns.iter().any(|pattern| target.action.matches_lower(pattern));
        is_listed != self.is_negated
    }
}

impl Resources {
    /// A variable without a value makes its pattern match nothing, and `NotResource` with it.
    fn include(&self, target: &Target<'_>) -> bool {
        let mut is_listed = false;
        for pattern in &self.patterns {
            match pattern.resolve(target.keys) {
                Some(tokens) => is_listed |= target.resource.matches(&tokens),
                None if self.is_negated => return false,
                None => {}
            }
        }
        is_listed != self.is_negated
    }
}

#[cfg(test)]
mod tests;
