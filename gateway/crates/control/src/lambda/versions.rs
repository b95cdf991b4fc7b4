//! Versions and aliases. All of them run what the function runs; what they were published with is shown.

use serde_json::{Value, json};

use super::types::{Alias, Function, Version};
use super::{Cx, Lambda, Result, arn_of, configure, invalid, view};
use crate::limits::{FUNCTION_ALIASES_MAX, FUNCTION_VERSIONS_MAX};
use crate::{Answer, ApiError};

/// Publishes a version; one that would be the same as the last is the last.
pub(super) fn add(cx: &Cx<'_>, function: &mut Function, description: String) -> Value {
    let is_same = |last: &&Version| {
        last.code == function.code && last.configuration == function.configuration
    };
    if function.versions.last().filter(is_same).is_none() {
        let number = function.versions.last().map_or(1, |last| last.number + 1);
        function.versions.push(Version {
            number,
            description,
            configuration: function.configuration.clone(),
            code: function.code.clone(),
            modified_ms: cx.call.unix_ms,
        });
        if function.versions.len() > FUNCTION_VERSIONS_MAX {
            // The oldest that no alias names.
            let is_free = |of: &Version| {
                function.aliases.values().all(|alias| alias.version != of.number.to_string())
            };
            if let Some(at) = function.versions.iter().position(is_free) {
                function.versions.remove(at);
            }
        }
        function.revision += 1;
    }
    function.versions.last().map_or(Value::Null, |version| shown_version(cx, function, version))
}

fn shown_version(cx: &Cx<'_>, function: &Function, version: &Version) -> Value {
    let of = (&version.configuration, &version.code);
    let number = version.number.to_string();
    let mut shown = view::configuration(
        cx.call,
        &function.name,
        Some(&number),
        of,
        version.modified_ms,
        version.number,
    );
    if let (false, Some(members)) = (version.description.is_empty(), shown.as_object_mut()) {
        members.insert("Description".to_owned(), json!(version.description));
    }
    shown
}

/// A function, a version or what an alias names.
pub(super) fn shown(cx: &Cx<'_>, function: &Function, qualifier: Option<&str>) -> Result<Value> {
    check_qualifier(cx, function, qualifier)?;
    let Some(qualifier) = qualifier else { return Ok(view::latest(cx.call, function)) };
    let number = function.aliases.get(qualifier).map_or(qualifier, |alias| &alias.version);
    let version = function.versions.iter().find(|version| version.number.to_string() == number);
    let mut shown = match version {
        Some(version) => shown_version(cx, function, version),
        None => view::latest(cx.call, function),
    };
    if let Some(members) = shown.as_object_mut() {
        let arn = format!("{}:{qualifier}", arn_of(cx.call, &function.name));
        members.insert("FunctionArn".to_owned(), json!(arn));
    }
    Ok(shown)
}

/// Refuses an alias or a version that is not there.
pub(super) fn check_qualifier(
    cx: &Cx<'_>,
    function: &Function,
    qualifier: Option<&str>,
) -> Result<()> {
    let is_there = qualifier.is_none_or(|qualifier| {
        function.aliases.contains_key(qualifier)
            || function.versions.iter().any(|version| version.number.to_string() == qualifier)
    });
    match (is_there, qualifier) {
        (false, Some(qualifier)) => {
            let arn = arn_of(cx.call, &function.name);
            let text = format!("Function not found: {arn}:{qualifier}");
            Err(ApiError::new(404, "ResourceNotFoundException", text))
        }
        _ => Ok(()),
    }
}

/// Removes a version that no alias names.
pub(super) fn remove(function: &mut Function, qualifier: &str) -> Result<()> {
    let mut aliases = function.aliases.iter();
    if let Some((alias, _)) = aliases.find(|(_, alias)| alias.version == qualifier) {
        let text = format!("Version {qualifier} is in use by the alias {alias}");
        return Err(ApiError::new(409, "ResourceConflictException", text));
    }
    function.versions.retain(|version| version.number.to_string() != qualifier);
    function.statements.retain(|statement| statement.qualifier.as_deref() != Some(qualifier));
    Ok(())
}

/// `PublishVersion`
pub(super) fn publish(lambda: &mut Lambda, cx: &mut Cx<'_>, name: &str) -> Result<Answer> {
    let mut function = lambda.own(cx, name)?.clone();
    configure::check_revision(cx, &function)?;
    if let Some(hash) = cx.input["CodeSha256"].as_str()
        && hash != function.code.sha256
    {
        let text = format!(
            "CodeSHA256 ({hash}) is different from current CodeSHA256 in $LATEST ({}). Please try again with the CodeSHA256 in $LATEST.",
            function.code.sha256
        );
        return Err(invalid(text));
    }
    let description = cx.input["Description"].as_str().unwrap_or_default().to_owned();
    let shown = add(cx, &mut function, description);
    lambda.put(cx, function);
    Ok(Answer::json(201, &shown))
}

/// `ListVersionsByFunction`
pub(super) fn list(lambda: &Lambda, cx: &Cx<'_>, name: &str) -> Result<Answer> {
    let function = lambda.own(cx, name)?;
    let mut all = vec![view::latest(cx.call, function)];
    all.extend(function.versions.iter().map(|version| shown_version(cx, function, version)));
    Ok(Answer::json(200, &json!({ "Versions": all })))
}

/// `CreateAlias`
pub(super) fn create_alias(lambda: &mut Lambda, cx: &mut Cx<'_>, name: &str) -> Result<Answer> {
    let mut function = lambda.own(cx, name)?.clone();
    let alias = cx.input["Name"].as_str().unwrap_or_default().to_owned();
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    let is_number = alias.bytes().all(|byte| byte.is_ascii_digit());
    if alias.is_empty() || is_number || !alias.bytes().all(is_letter) {
        return Err(ApiError::validation(format!(
            "1 validation error detected: Value '{alias}' at 'name' failed to satisfy constraint: Member must satisfy \
             regular expression pattern: (?!^[0-9]+$)([a-zA-Z0-9-_]+)"
        )));
    }
    if function.aliases.contains_key(&alias) {
        let arn = arn_of(cx.call, &function.name);
        let text = format!("Alias already exists: {arn}:{alias}");
        return Err(ApiError::new(409, "ResourceConflictException", text));
    }
    if function.aliases.len() >= FUNCTION_ALIASES_MAX {
        let text = format!("There are {FUNCTION_ALIASES_MAX} aliases; delete some first");
        return Err(ApiError::new(429, "TooManyRequestsException", text));
    }
    let made = aimed(cx, &function, None)?;
    let shown = view::alias(cx.call, &function.name, &alias, &made);
    function.aliases.insert(alias, made);
    lambda.put(cx, function);
    Ok(Answer::json(201, &shown))
}

/// An alias as an input wants it, over the one that there is.
fn aimed(cx: &Cx<'_>, function: &Function, before: Option<&Alias>) -> Result<Alias> {
    let version = cx.input["FunctionVersion"].as_str().map(str::to_owned);
    let version = version.or_else(|| before.map(|alias| alias.version.clone()));
    let version = version.ok_or_else(|| invalid("FunctionVersion must be given"))?;
    if version != "$LATEST" {
        let is_version = function.versions.iter().any(|known| known.number.to_string() == version);
        if !is_version {
            let arn = arn_of(cx.call, &function.name);
            let text = format!("Function not found: {arn}:{version}");
            return Err(ApiError::new(404, "ResourceNotFoundException", text));
        }
    }
    let weights = &cx.input["RoutingConfig"]["AdditionalVersionWeights"];
    if weights.as_object().is_some_and(|weights| !weights.is_empty()) {
        let what = "RoutingConfig with AdditionalVersionWeights (an alias runs one version here)";
        return Err(ApiError::not_implemented(what));
    }
    let description = cx.input["Description"].as_str().map(str::to_owned);
    Ok(Alias {
        version,
        description: description
            .or_else(|| before.map(|alias| alias.description.clone()))
            .unwrap_or_default(),
        routing: match cx.input.get("RoutingConfig") {
            None => before.and_then(|alias| alias.routing.clone()),
            Some(routing) => Some(routing.clone()).filter(|routing| !routing.is_null()),
        },
        revision: before.map_or(1, |alias| alias.revision + 1),
    })
}

fn find<'f>(cx: &Cx<'_>, function: &'f Function, alias: &str) -> Result<&'f Alias> {
    function.aliases.get(alias).ok_or_else(|| {
        let arn = arn_of(cx.call, &function.name);
        let text = format!("Cannot find alias arn: {arn}:{alias}");
        ApiError::new(404, "ResourceNotFoundException", text)
    })
}

/// `GetAlias`
pub(super) fn alias(lambda: &Lambda, cx: &Cx<'_>, name: &str, alias: &str) -> Result<Answer> {
    let function = lambda.own(cx, name)?;
    let found = find(cx, function, alias)?;
    Ok(Answer::json(200, &view::alias(cx.call, &function.name, alias, found)))
}

/// `ListAliases`
pub(super) fn list_aliases(lambda: &Lambda, cx: &Cx<'_>, name: &str) -> Result<Answer> {
    let function = lambda.own(cx, name)?;
    let wanted = cx.call.query("FunctionVersion");
    let aliases = function.aliases.iter();
    let aliases = aliases.filter(|(_, alias)| wanted.is_none_or(|wanted| alias.version == wanted));
    let shown: Vec<Value> =
        aliases.map(|(name, alias)| view::alias(cx.call, &function.name, name, alias)).collect();
    Ok(Answer::json(200, &json!({ "Aliases": shown })))
}

/// `UpdateAlias`
pub(super) fn update_alias(
    lambda: &mut Lambda,
    cx: &mut Cx<'_>,
    name: &str,
    alias: &str,
) -> Result<Answer> {
    let mut function = lambda.own(cx, name)?.clone();
    let before = find(cx, &function, alias)?.clone();
    let made = aimed(cx, &function, Some(&before))?;
    let shown = view::alias(cx.call, &function.name, alias, &made);
    function.aliases.insert(alias.to_owned(), made);
    lambda.put(cx, function);
    Ok(Answer::json(200, &shown))
}

/// `DeleteAlias`; one that is not there is no error.
pub(super) fn delete_alias(
    lambda: &mut Lambda,
    cx: &mut Cx<'_>,
    name: &str,
    alias: &str,
) -> Result<Answer> {
    let mut function = lambda.own(cx, name)?.clone();
    function.aliases.remove(alias);
    function.urls.remove(alias);
    function.statements.retain(|statement| statement.qualifier.as_deref() != Some(alias));
    lambda.put(cx, function);
    Ok(Answer::empty(204))
}
