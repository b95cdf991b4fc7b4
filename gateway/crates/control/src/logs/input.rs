//! Members of requests, checked as AWS checks them.

use gateway_store::LogGroup;
use serde_json::Value;

use super::{Cx, Result, invalid, refused};
use crate::ApiError;
use crate::limits::LOG_NAME_CHARS_MAX;

/// A constraint that is not kept.
fn unfit(value: &str, member: &str, constraint: &str) -> ApiError {
    invalid(format!(
        "1 validation error detected: Value {value} at '{member}' failed to satisfy constraint: Member must {constraint}"
    ))
}

impl Cx<'_> {
    /// A text member.
    pub(super) fn text(&self, member: &str) -> Result<Option<&str>> {
        match self.input.get(member) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(wrong_type(member, "a string")),
        }
    }

    pub(super) fn flag(&self, member: &str) -> Result<bool> {
        match self.input.get(member) {
            None | Some(Value::Null) => Ok(false),
            Some(Value::Bool(is)) => Ok(*is),
            Some(_) => Err(wrong_type(member, "a boolean")),
        }
    }

    pub(super) fn required(&self, member: &str) -> Result<&str> {
        self.text(member)?.ok_or_else(|| unfit("null", member, "not be null"))
    }

    /// A number that is at least zero.
    pub(super) fn number(&self, member: &str) -> Result<Option<u64>> {
        match self.input.get(member) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => match (value.as_u64(), value.as_i64()) {
                (Some(number), _) => Ok(Some(number)),
                (None, Some(number)) => Err(unfit(
                    &format!("'{number}'"),
                    member,
                    "have value greater than or equal to 0",
                )),
                (None, None) => Err(wrong_type(member, "a whole number")),
            },
        }
    }

    /// `limit`, from 1 to `max`, which is the default.
    pub(super) fn limit(&self, max: usize) -> Result<usize> {
        let Some(limit) = self.number("limit")? else { return Ok(max) };
        let shown = format!("'{limit}'");
        match usize::try_from(limit) {
            Ok(0) => Err(unfit(&shown, "limit", "have value greater than or equal to 1")),
            Ok(limit) if limit <= max => Ok(limit),
            _ => Err(unfit(&shown, "limit", &format!("have value less than or equal to {max}"))),
        }
    }

    /// The texts of a list.
    pub(super) fn texts(&self, member: &str) -> Result<Option<Vec<&str>>> {
        match self.input.get(member) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Array(items)) => items
                .iter()
                .map(|item| item.as_str().ok_or_else(|| wrong_type(member, "a list of strings")))
                .collect::<Result<Vec<_>>>()
                .map(Some),
            Some(_) => Err(wrong_type(member, "a list of strings")),
        }
    }

    /// A group's name that may be given to a new one.
    pub(super) fn group_name(&self) -> Result<&str> {
        let name = self.required("logGroupName")?;
        let is_taken = |c: char| c.is_ascii_alphanumeric() || "._-/#".contains(c);
        check_name("logGroupName", name, is_taken, "[\\.\\-_/#A-Za-z0-9]+")?;
        Ok(name)
    }

    /// A stream's name.
    pub(super) fn stream_name(&self) -> Result<&str> {
        let name = self.required("logStreamName")?;
        check_name("logStreamName", name, |c| c != ':' && c != '*', "[^:*]*")?;
        Ok(name)
    }

    /// The group that a request names, by its name or by its ARN.
    pub(super) fn group(&self) -> Result<&str> {
        let (name, identifier) = (self.text("logGroupName")?, self.text("logGroupIdentifier")?);
        match (name, identifier) {
            (Some(name), None) => Ok(name),
            (None, Some(identifier)) => Ok(self.name_of(identifier)),
            (None, None) => Err(unfit("null", "logGroupName", "not be null")),
            (Some(_), Some(_)) => {
                Err(invalid("Exactly one of logGroupName and logGroupIdentifier must be specified"))
            }
        }
    }

    /// The name in an ARN of ours; what is none is a name.
    pub(super) fn name_of<'t>(&self, identifier: &'t str) -> &'t str {
        let name = identifier.strip_prefix("arn:").and_then(|rest| rest.splitn(6, ':').nth(5));
        let name = name.unwrap_or(identifier);
        name.strip_suffix(":*").unwrap_or(name)
    }

    /// What there is to say of a group.
    pub(super) fn known_group(&self, name: &str) -> Result<LogGroup> {
        self.logs.group(name).ok_or_else(|| refused(gateway_store::LogError::NoGroup))
    }
}

fn check_name(
    member: &str,
    name: &str,
    is_taken: impl Fn(char) -> bool,
    pattern: &str,
) -> Result<()> {
    let shown = format!("'{name}'");
    if name.is_empty() {
        return Err(unfit(&shown, member, "have length greater than or equal to 1"));
    }
    if name.chars().count() > LOG_NAME_CHARS_MAX {
        let constraint = format!("have length less than or equal to {LOG_NAME_CHARS_MAX}");
        return Err(unfit(&shown, member, &constraint));
    }
    if !name.chars().all(is_taken) {
        return Err(unfit(
            &shown,
            member,
            &format!("satisfy regular expression pattern: {pattern}"),
        ));
    }
    Ok(())
}

/// A value that is none of an enumeration.
pub(super) fn not_of(value: &str, member: &str, values: &str) -> ApiError {
    unfit(&format!("'{value}'"), member, &format!("satisfy enum value set: [{values}]"))
}

fn wrong_type(member: &str, expected: &str) -> ApiError {
    ApiError::new(400, "SerializationException", format!("{member} is not {expected}"))
}
