//! Policies of stacks, termination protection, and updates that cannot be cancelled.

use serde_json::Value;

use super::inputs::{flag, required};
use super::prepare::invalid;
use super::types::{Action, Resource, Stack};
use super::{Cx, Result, Stacks, diff, view};
use crate::limits::STACK_POLICY_BYTES_MAX;

/// What a policy says of one action on one resource.
enum Verdict {
    Allowed,
    /// By the statement of this number, from 1.
    Denied(usize),
    Unsaid,
}

/// A policy that a request brings.
pub(super) fn given(cx: &Cx<'_>, name: &str) -> Result<Option<String>> {
    let Some(policy) = cx.form.get(name) else { return Ok(None) };
    if policy.len() > STACK_POLICY_BYTES_MAX {
        return Err(invalid(format!("A stack policy may have {STACK_POLICY_BYTES_MAX} bytes")));
    }
    let unfit = |why: &str| invalid(format!("Error validating stack policy: {why}"));
    let document: Value =
        serde_json::from_str(policy).map_err(|error| unfit(&error.to_string()))?;
    let is_policy = document.get("Statement").is_some_and(|statements| {
        let mut all = list(statements).into_iter();
        all.all(|of| {
            matches!(of["Effect"].as_str(), Some("Allow" | "Deny"))
                && (of.get("Action").is_some() || of.get("NotAction").is_some())
                && (of.get("Resource").is_some() || of.get("NotResource").is_some())
        })
    });
    if !is_policy {
        return Err(unfit("each statement has an Effect, an Action, a Principal and a Resource"));
    }
    Ok(Some(policy.to_owned()))
}

/// The first change that a stack's policy keeps it from making: the resource, and why. Source: CloudFormation User Guide, "Prevent
/// updates to stack resources": what no statement allows is denied once there is a policy.
pub(super) fn denied(cx: &Cx<'_>, stack: &Stack, after: &[Resource]) -> Option<(String, String)> {
    let policy = cx.form.get("StackPolicyDuringUpdateBody").or(stack.policy.as_deref())?;
    let policy: Value = serde_json::from_str(policy).ok()?;
    let statements = policy.get("Statement").map(list).unwrap_or_default();
    diff::changes(&stack.resources, after).into_iter().find_map(|change| {
        let action = match (change.action, change.is_replacement) {
            (Action::Add, _) => return None,
            (Action::Remove, _) => "Update:Delete",
            (Action::Modify, true) => "Update:Replace",
            (Action::Modify, false) => "Update:Modify",
        };
        let resource = format!("LogicalResourceId/{}", change.logical_id);
        let why = match verdict(&statements, action, &resource, &change.type_name) {
            Verdict::Allowed => return None,
            Verdict::Denied(number) => format!("Statement [#{number}] denies"),
            Verdict::Unsaid => "no statement allows".to_owned(),
        };
        let text =
            format!("Action denied by stack policy: {why} [{action}] for resource [{resource}]");
        Some((change.logical_id, text))
    })
}

fn verdict(statements: &[&Value], action: &str, resource: &str, type_name: &str) -> Verdict {
    let mut verdict = Verdict::Unsaid;
    for (index, statement) in statements.iter().enumerate() {
        let names = |name: &str, not: &str, text: &str| match statement.get(name) {
            Some(patterns) => matches_one(patterns, text),
            None => statement.get(not).is_some_and(|patterns| !matches_one(patterns, text)),
        };
        let of_type = |operator: &str| {
            let wanted = statement.get("Condition").and_then(|of| of.get(operator));
            wanted.and_then(|of| of.get("ResourceType")).is_none_or(|of| matches_one(of, type_name))
        };
        let is_it = names("Action", "NotAction", action)
            && names("Resource", "NotResource", resource)
            && of_type("StringEquals")
            && of_type("StringLike");
        match statement["Effect"].as_str() {
            Some("Deny") if is_it => return Verdict::Denied(index + 1),
            Some("Allow") if is_it => verdict = Verdict::Allowed,
            _ => {}
        }
    }
    verdict
}

/// One, or several in a list.
fn list(value: &Value) -> Vec<&Value> {
    value.as_array().map_or_else(|| vec![value], |items| items.iter().collect())
}

fn matches_one(patterns: &Value, text: &str) -> bool {
    list(patterns).iter().filter_map(|pattern| pattern.as_str()).any(|pattern| like(pattern, text))
}

/// Whether a text is like a pattern, in which `*` stands for any text and `?` for any character.
fn like(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) =
        (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t) = (0, 0);
    let mut star = None;
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(c) if *c == '?' || *c == text[t] => {
                p += 1;
                t += 1;
            }
            _ => match star {
                Some((at, from)) => {
                    star = Some((at, from + 1));
                    p = at + 1;
                    t = from + 1;
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

/// `SetStackPolicy`
pub(super) fn set_stack_policy(stacks: &mut Stacks, cx: &mut Cx<'_>) -> Result<String> {
    let name = required(cx, "StackName")?.to_owned();
    required(cx, "StackPolicyBody")?;
    let policy = given(cx, "StackPolicyBody")?;
    let stack = &mut stacks.stack_mut(cx, &name)?.stack;
    stack.policy = policy;
    let stack = stack.clone();
    cx.put(&stack);
    Ok(String::new())
}

/// `GetStackPolicy`
pub(super) fn get_stack_policy(stacks: &Stacks, cx: &Cx<'_>) -> Result<String> {
    let stack = &stacks.stack(required(cx, "StackName")?)?.stack;
    let mut out = String::new();
    view::optional("StackPolicyBody", stack.policy.as_deref(), &mut out);
    Ok(out)
}

/// `UpdateTerminationProtection`
pub(super) fn protect(stacks: &mut Stacks, cx: &mut Cx<'_>) -> Result<String> {
    let name = required(cx, "StackName")?.to_owned();
    required(cx, "EnableTerminationProtection")?;
    let is_protected = flag(cx, "EnableTerminationProtection");
    let stack = &mut stacks.stack_mut(cx, &name)?.stack;
    stack.is_protected = is_protected;
    let stack = stack.clone();
    cx.put(&stack);
    Ok(view::elements(&[("StackId", &stack.id)]))
}

/// `CancelUpdateStack`: an update is over when it is answered.
pub(super) fn cancel_update(stacks: &Stacks, cx: &Cx<'_>) -> Result<String> {
    stacks.stack(required(cx, "StackName")?)?;
    Err(invalid("CancelUpdateStack cannot be called from current stack status"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_stands_for_texts() {
        for (pattern, text, expect) in [
            ("*", "", true),
            ("Update:*", "Update:Modify", true),
            ("Update:*", "Delete", false),
            ("LogicalResourceId/A*B?", "LogicalResourceId/AxxBy", true),
            ("LogicalResourceId/A*B?", "LogicalResourceId/AxxB", false),
            ("a*a*a", "aaaa", true),
            ("a?", "a", false),
            ("", "", true),
        ] {
            assert_eq!(like(pattern, text), expect, "{pattern} {text}");
        }
    }

    #[test]
    fn a_denial_wins_and_what_is_not_allowed_is_denied() {
        let policy = serde_json::json!([
            { "Effect": "Allow", "Action": "Update:*", "Principal": "*", "Resource": "*" },
            { "Effect": "Deny", "Action": ["Update:Replace", "Update:Delete"], "Principal": "*",
              "Resource": "LogicalResourceId/Api" },
            { "Effect": "Deny", "Action": "Update:*", "Principal": "*", "Resource": "*",
              "Condition": { "StringEquals": { "ResourceType": ["AWS::S3::Bucket"] } } },
        ]);
        let all = list(&policy);
        let check = |action, resource, type_name, expect: Option<usize>| {
            let found = match verdict(&all, action, resource, type_name) {
                Verdict::Allowed => None,
                Verdict::Denied(number) => Some(number),
                Verdict::Unsaid => Some(0),
            };
            assert_eq!(found, expect, "{action} {resource} {type_name}");
        };
        check("Update:Modify", "LogicalResourceId/Api", "AWS::ApiGateway::RestApi", None);
        check("Update:Delete", "LogicalResourceId/Api", "AWS::ApiGateway::RestApi", Some(2));
        check("Update:Modify", "LogicalResourceId/B", "AWS::S3::Bucket", Some(3));
        assert!(matches!(verdict(&all[1..2], "Update:Modify", "x", "y"), Verdict::Unsaid));
    }
}
