//! From what an authorizer's function returned to a [`Decision`].

use std::fmt;

use super::{Decision, Refused};
use crate::json::{Json, JsonError};
use crate::limits::{
    CONTEXT_MEMBERS_MAX, ERROR_DEPTH_MAX, POLICY_DEPTH_MAX, RESOURCE_CHARS_MAX, RESULT_BYTES_MAX,
};
use crate::policy::{Policy, PolicyError, PolicyKind};

/// A function's result that is no decision.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum DecisionError {
    /// The result is longer than [`RESULT_BYTES_MAX`].
    TooLong,
    /// The result is no JSON.
    Json(JsonError),
    /// The result is JSON of another kind than an object.
    NoObject,
    /// A member is missing, or is not what it has to be.
    Member(&'static str),
    /// `policyDocument` is no policy.
    Policy(PolicyError),
}

impl fmt::Display for DecisionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong => {
                write!(f, "an authorizer's result has at most {RESULT_BYTES_MAX} bytes")
            }
            Self::Json(_) => f.write_str("the authorizer's result is no JSON"),
            Self::NoObject => f.write_str("the authorizer's result is no object"),
            Self::Member(what) => write!(f, "in the authorizer's result, {what}"),
            Self::Policy(_) => f.write_str("the authorizer's policyDocument is no policy"),
        }
    }
}

impl std::error::Error for DecisionError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Json(error) => Some(error),
            Self::Policy(error) => Some(error),
            _ => None,
        }
    }
}

impl Refused {
    /// What the error document of a function that failed means: exactly `Unauthorized` as its message is an
    /// answer, everything else a failure.
    #[must_use]
    pub fn of_error(document: &[u8]) -> Self {
        if document.len() > RESULT_BYTES_MAX {
            return Self::Function;
        }
        match Json::parse(document, ERROR_DEPTH_MAX) {
            Ok(Json::Object(members)) if members.iter().any(is_unauthorized) => Self::Unauthorized,
            _ => Self::Function,
        }
    }
}

fn is_unauthorized((name, value): &(String, Json)) -> bool {
    name == "errorMessage" && matches!(value, Json::Text(text) if text == "Unauthorized")
}

pub(super) fn decision(result: &[u8]) -> Result<Decision, DecisionError> {
    if result.len() > RESULT_BYTES_MAX {
        return Err(DecisionError::TooLong);
    }
    let json = Json::parse(result, POLICY_DEPTH_MAX + 1).map_err(DecisionError::Json)?;
    let Json::Object(members) = json else { return Err(DecisionError::NoObject) };
    let (mut principal_id, mut policy, mut usage_identifier_key) = (None, None, None);
    let mut context = Vec::new();
    for (name, value) in members {
        match &*name {
            "principalId" => principal_id = scalar(value, "principalId is no string")?,
            "usageIdentifierKey" => {
                usage_identifier_key = scalar(value, "usageIdentifierKey is no string")?;
            }
            "context" => context = entries(value)?,
            "policyDocument" => {
                let parsed = Policy::of(value, PolicyKind::Identity, RESOURCE_CHARS_MAX);
                policy = Some(parsed.map_err(DecisionError::Policy)?);
            }
            _ => {}
        }
    }
    Ok(Decision {
        principal_id: principal_id.ok_or(DecisionError::Member("principalId is missing"))?,
        context,
        usage_identifier_key,
        policy: policy.ok_or(DecisionError::Member("policyDocument is missing"))?,
    })
}

fn entries(context: Json) -> Result<Vec<(String, String)>, DecisionError> {
    let members = match context {
        Json::Null => return Ok(Vec::new()),
        Json::Object(members) => members,
        _ => return Err(DecisionError::Member("context is no object")),
    };
    if members.len() > CONTEXT_MEMBERS_MAX {
        return Err(DecisionError::Member("context has too many members"));
    }
    let mut all = Vec::with_capacity(members.len());
    for (name, value) in members {
        let value = scalar(value, "context has a value that is an object or an array")?;
        all.extend(value.map(|value| (name, value)));
    }
    Ok(all)
}

/// The text of a scalar; `None` for `null`.
fn scalar(value: Json, otherwise: &'static str) -> Result<Option<String>, DecisionError> {
    match value {
        Json::Null => Ok(None),
        Json::Text(text) => Ok(Some(text)),
        Json::Bool(value) => Ok(Some(value.to_string())),
        Json::Number(text) => Ok(Some(number(&text))),
        Json::Array(_) | Json::Object(_) => Err(DecisionError::Member(otherwise)),
    }
}

/// A number as Java prints it, which API Gateway runs on: integers as they are, others as
/// `Double.toString` does, with a fraction always and an exponent where they are far from 1.
fn number(text: &str) -> String {
    const PLAIN: std::ops::Range<f64> = 1e-3..1e7;
    if !text.contains(['.', 'e', 'E']) {
        return if text == "-0" { "0".to_owned() } else { text.to_owned() };
    }
    let Ok(value) = text.parse::<f64>() else { return text.to_owned() };
    if value.is_infinite() {
        return if value > 0.0 { "Infinity" } else { "-Infinity" }.to_owned();
    }
    if value == 0.0 || PLAIN.contains(&value.abs()) {
        return format!("{value:?}");
    }
    let text = format!("{value:E}");
    match text.split_once('E') {
        Some((digits, exponent)) if !digits.contains('.') => format!("{digits}.0E{exponent}"),
        _ => text,
    }
}
