//! From a document to a [`Policy`].

use super::condition::{Condition, Operator};
use super::glob::{Syntax, Template, Token};
use super::principal::{Principal, Principals};
use super::{Actions, Effect, Policy, PolicyError, PolicyKind, Resources, Statement};
use crate::json::Json;
use crate::limits::{CONDITION_VALUE_CHARS_MAX, STATEMENTS_MAX};

type Reason = &'static str;
type Members = Vec<(String, Json)>;

const NO_OBJECT: Reason = "is not an object";

/// What holds for a whole document.
#[derive(Clone, Copy)]
struct Rules {
    kind: PolicyKind,
    resource_chars_max: usize,
    /// Policy variables work from 2012-10-17 on; before, they are text.
    variables: bool,
}

pub(super) fn policy(
    json: Json,
    kind: PolicyKind,
    resource_chars_max: usize,
) -> Result<Policy, PolicyError> {
    let invalid = |reason| PolicyError::Invalid { statement: None, reason };
    let mut members = object(json).map_err(invalid)?;
    let variables = match take(&mut members, "Version") {
        None => false,
        Some(Json::Text(version)) if version == "2008-10-17" => false,
        Some(Json::Text(version)) if version == "2012-10-17" => true,
        Some(_) => return Err(invalid("Version is neither 2012-10-17 nor 2008-10-17")),
    };
    let id = take(&mut members, "Id");
    if id.is_some() && kind == PolicyKind::Identity {
        return Err(invalid("Id is for policies of resources"));
    }
    let statements =
        take(&mut members, "Statement").ok_or_else(|| invalid("Statement is missing"))?;
    if !members.is_empty() {
        return Err(invalid("it has a member that no policy has"));
    }
    let statements = list(statements);
    if statements.len() > STATEMENTS_MAX {
        return Err(invalid("it has too many statements"));
    }
    let rules = Rules { kind, resource_chars_max, variables };
    let statements = statements.into_iter().enumerate().map(|(index, json)| {
        statement(json, rules)
            .map_err(|reason| PolicyError::Invalid { statement: Some(index), reason })
    });
    Ok(Policy { statements: statements.collect::<Result<_, _>>()? })
}

fn statement(json: Json, rules: Rules) -> Result<Statement, Reason> {
    let mut members = object(json)?;
    if !matches!(take(&mut members, "Sid"), None | Some(Json::Text(_))) {
        return Err("Sid is not a string");
    }
    let effect = match take(&mut members, "Effect") {
        Some(Json::Text(effect)) if effect == "Allow" => Effect::Allow,
        Some(Json::Text(effect)) if effect == "Deny" => Effect::Deny,
        Some(_) => return Err("Effect is neither Allow nor Deny"),
        None => return Err("Effect is missing"),
    };
    let (is_negated, values) = one_of(&mut members, "Action", "NotAction")?
        .ok_or("it needs one of Action and NotAction")?;
    let patterns = texts(values)?.iter().map(|text| action(text)).collect::<Result<_, _>>()?;
    let actions = Actions { is_negated, patterns };
    let (is_negated, values) = one_of(&mut members, "Resource", "NotResource")?
        .ok_or("it needs one of Resource and NotResource")?;
    let texts = texts(values)?;
    let patterns = texts.iter().map(|text| resource(text, rules)).collect::<Result<_, _>>()?;
    let resources = Resources { is_negated, patterns };
    let principals = match (one_of(&mut members, "Principal", "NotPrincipal")?, rules.kind) {
        (None, PolicyKind::Identity) => None,
        (Some((is_negated, value)), PolicyKind::Resource) => {
            Some(Principals { is_negated, list: principals(value)? })
        }
        (Some(_), PolicyKind::Identity) => return Err("Principal is for policies of resources"),
        (None, PolicyKind::Resource) => return Err("Principal is missing"),
    };
    let conditions = match take(&mut members, "Condition") {
        None => Vec::new(),
        Some(json) => conditions(json, rules)?,
    };
    if !members.is_empty() {
        return Err("it has a member that no statement has");
    }
    Ok(Statement { effect, actions, resources, principals, conditions })
}

fn action(text: &str) -> Result<Vec<Token>, Reason> {
    if text != "*" && !text.contains(':') {
        return Err("an action is `service:Name`, or `*`");
    }
    let lower = text.to_ascii_lowercase();
    let mut tokens = Vec::with_capacity(lower.len());
    for unit in lower.encode_utf16() {
        tokens.push(match u8::try_from(unit) {
            Ok(b'*') => Token::Run,
            Ok(b'?') => Token::One,
            _ => Token::Unit(unit),
        });
    }
    Ok(tokens)
}

fn resource(text: &str, rules: Rules) -> Result<Template, Reason> {
    if text.chars().count() > rules.resource_chars_max {
        return Err("a resource is too long");
    }
    let syntax = Syntax { wildcards: true, variables: rules.variables };
    let template = Template::parse(text, syntax).map_err(|_| BAD_VARIABLE)?;
    if template.has_early_variable() {
        return Err("a policy variable stands before a resource's fifth colon");
    }
    Ok(template)
}

const BAD_VARIABLE: Reason = "`${` starts no policy variable";

fn principals(json: Json) -> Result<Vec<Principal>, Reason> {
    if matches!(&json, Json::Text(text) if text == "*") {
        return Ok(vec![Principal::Everybody]);
    }
    let mut all = Vec::new();
    for (kind, values) in object(json)? {
        for text in texts(values)? {
            all.push(match &*kind {
                "AWS" => Principal::aws(&text).ok_or("a principal is no account and no ARN")?,
                "Service" => Principal::Service(text.into()),
                "Federated" | "CanonicalUser" => Principal::Nobody,
                _ => return Err("it has an unknown kind of principal"),
            });
        }
    }
    if all.is_empty() { Err("it names no principal") } else { Ok(all) }
}

fn conditions(json: Json, rules: Rules) -> Result<Vec<Condition>, Reason> {
    let mut all = Vec::new();
    for (name, keys) in object(json)? {
        let operator = Operator::parse(&name).ok_or("it has an unknown condition operator")?;
        for (key, values) in object(keys)? {
            if key.is_empty() {
                return Err("a condition key is empty");
            }
            let values = texts(values)?;
            if values.iter().any(|value| value.chars().count() > CONDITION_VALUE_CHARS_MAX) {
                return Err("a condition's value is too long");
            }
            let condition = Condition::new(operator, &key, &values, rules.variables);
            all.push(condition.map_err(|_| BAD_VARIABLE)?);
        }
    }
    Ok(all)
}

fn object(json: Json) -> Result<Members, Reason> {
    match json {
        Json::Object(members) => Ok(members),
        _ => Err(NO_OBJECT),
    }
}

fn take(members: &mut Members, name: &str) -> Option<Json> {
    let at = members.iter().position(|(member, _)| member == name)?;
    Some(members.remove(at).1)
}

/// One of two members, and whether it is the second.
fn one_of(
    members: &mut Members,
    name: &str,
    negated: &str,
) -> Result<Option<(bool, Json)>, Reason> {
    match (take(members, name), take(members, negated)) {
        (Some(value), None) => Ok(Some((false, value))),
        (None, Some(value)) => Ok(Some((true, value))),
        (None, None) => Ok(None),
        (Some(_), Some(_)) => Err("it has both a member and its negation"),
    }
}

/// A scalar stands for a list of one.
fn list(json: Json) -> Vec<Json> {
    match json {
        Json::Array(items) => items,
        item => vec![item],
    }
}

/// The texts of a scalar or of a list, which is not empty. Numbers and booleans are what they look like.
fn texts(json: Json) -> Result<Vec<String>, Reason> {
    let texts = list(json).into_iter().map(|item| match item {
        Json::Text(text) | Json::Number(text) => Ok(text),
        Json::Bool(value) => Ok(value.to_string()),
        Json::Null | Json::Array(_) | Json::Object(_) => Err("a value is no string"),
    });
    let texts = texts.collect::<Result<Vec<_>, _>>()?;
    if texts.is_empty() { Err("a list is empty") } else { Ok(texts) }
}
