//! Functions: made, shown, given other code, deleted.

use std::collections::BTreeMap;

use gateway_definition::LoadedStack;
use serde_json::{Value, json};

use super::types::{Code, Configuration, Function};
use super::{
    Cx, Lambda, PREFIX, Result, check_arn, code, configure, invalid, name_of, not_found, versions,
    view,
};
use crate::limits::{FUNCTION_NAME_CHARS_MAX, FUNCTIONS_MAX, FUNCTIONS_OF_PAGE_MAX, MAX_ITEMS_MAX};
use crate::wire::{base64, from_base64};
use crate::{Answer, ApiError, Change};

/// `CreateFunction`
pub(super) fn create(lambda: &mut Lambda, cx: &mut Cx<'_>) -> Result<Answer> {
    let name = cx.input["FunctionName"].as_str().unwrap_or_default();
    check_arn(cx.call, name)?;
    let (name, _) = name_of(cx.call, name);
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if !(1..=FUNCTION_NAME_CHARS_MAX).contains(&name.len()) || !name.bytes().all(is_letter) {
        return Err(ApiError::validation(format!(
            "1 validation error detected: Value '{name}' at 'functionName' failed to satisfy constraint: Member must \
             satisfy regular expression pattern: [a-zA-Z0-9-_]+"
        )));
    }
    let taken = |by: String| {
        let text = format!("Function already exist: {name}{by}");
        ApiError::new(409, "ResourceConflictException", text)
    };
    if lambda.functions.contains_key(&name) {
        return Err(taken(String::new()));
    }
    if let Some((stack, _)) = cx.stacks.function(&name) {
        return Err(taken(format!(" (in the stack {stack})")));
    }
    if let Some(stack) = of_file(&(cx.surroundings.file_stacks)(), &name) {
        return Err(taken(format!(" (in the file {})", stack.file)));
    }
    if lambda.functions.len() >= FUNCTIONS_MAX {
        let text = format!("There are {FUNCTIONS_MAX} functions; delete some first");
        return Err(ApiError::new(429, "TooManyRequestsException", text));
    }
    if cx.input["PackageType"].as_str().is_some_and(|package| package != "Zip") {
        return Err(invalid("images of functions do not run here; PackageType is Zip"));
    }
    let role = cx.input["Role"].as_str().unwrap_or_default();
    if !role.starts_with("arn:") || !role.contains(":role/") {
        return Err(ApiError::validation(format!(
            "1 validation error detected: Value '{role}' at 'role' failed to satisfy constraint: Member must satisfy \
             regular expression pattern: arn:(aws[a-zA-Z-]*)?:iam::\\d{{12}}:role/?[a-zA-Z_0-9+=,.@\\-_/]+"
        )));
    }
    let mut configuration = Configuration {
        timeout_seconds: configure::TIMEOUT_DEFAULT,
        memory_mb: configure::MEMORY_DEFAULT,
        architectures: vec!["x86_64".to_owned()],
        ..Configuration::default()
    };
    configure::apply(&cx.input, &mut configuration)?;
    for (member, value) in
        [("runtime", &configuration.runtime), ("handler", &configuration.handler)]
    {
        if value.is_empty() {
            let text = format!("{member} is mandatory for functions of PackageType Zip");
            return Err(invalid(text));
        }
    }
    let code = code::keep(cx, &cx.input["Code"])?;
    let tags = cx.input["Tags"].as_object().into_iter().flatten();
    let tags = tags.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())));
    let mut function = Function {
        name,
        configuration,
        code,
        modified_ms: cx.call.unix_ms,
        revision: cx.call.unix_ms,
        tags: tags.collect(),
        ..Function::default()
    };
    let shown = match cx.input["Publish"].as_bool() {
        Some(true) => versions::add(cx, &mut function, String::new()),
        _ => view::latest(cx.call, &function),
    };
    lambda.put(cx, function);
    // Also one that nobody calls yet can be invoked.
    cx.publishes = true;
    Ok(Answer::json(201, &shown))
}

/// The file that has a function of the name.
fn of_file<'s>(stacks: &'s [LoadedStack], name: &str) -> Option<&'s LoadedStack> {
    stacks.iter().find(|stack| {
        stack.resources.iter().any(|resource| {
            resource.physical_id == name
                && matches!(
                    resource.type_name.as_str(),
                    "AWS::Lambda::Function" | "AWS::Serverless::Function"
                )
        })
    })
}

/// What is shown of a function, by hand or of a stack.
fn shown(lambda: &Lambda, cx: &Cx<'_>, name: &str) -> Result<Value> {
    let (name, qualifier) = name_of(cx.call, name);
    if let Some(function) = lambda.functions.get(&name) {
        return versions::shown(cx, function, qualifier.as_deref());
    }
    match cx.stacks.function(&name) {
        Some((_, function)) => Ok(of_stack(cx, function)),
        None => Err(not_found(cx.call, &name)),
    }
}

/// A function of a stack.
fn of_stack(cx: &Cx<'_>, function: &gateway_model::Function) -> Value {
    let text = |text: &Option<gateway_model::Spanned<String>>| {
        text.as_ref().map(|text| text.value.clone()).unwrap_or_default()
    };
    let resource = cx.stacks.resource_of(&function.name.value);
    let property = |name: &str| {
        let value = resource.and_then(|resource| resource.properties.get(name));
        value.and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let configuration = Configuration {
        runtime: text(&function.runtime),
        handler: text(&function.handler),
        role: property("Role"),
        description: property("Description"),
        timeout_seconds: function
            .timeout_seconds
            .as_ref()
            .map_or(configure::TIMEOUT_DEFAULT, |of| of.value),
        memory_mb: function.memory_mb.as_ref().map_or(configure::MEMORY_DEFAULT, |of| of.value),
        environment: function.environment.iter().cloned().collect(),
        architectures: vec!["x86_64".to_owned()],
        ..Configuration::default()
    };
    let modified_ms = resource.map_or(0, |resource| resource.updated_ms);
    let code = Code::default();
    let name = &function.name.value;
    view::configuration(cx.call, name, None, (&configuration, &code), modified_ms, modified_ms)
}

/// `GetFunction`
pub(super) fn get(lambda: &Lambda, cx: &Cx<'_>, name: &str) -> Result<Answer> {
    let configuration = shown(lambda, cx, name)?;
    let (name, _) = name_of(cx.call, name);
    let own = lambda.functions.get(&name);
    let mut out = json!({
        "Configuration": configuration,
        "Code": { "RepositoryType": "S3" },
    });
    if let (Some(function), Some(members)) = (own, out.as_object_mut()) {
        if !function.tags.is_empty() {
            members.insert("Tags".to_owned(), json!(function.tags));
        }
        if let Some(count) = function.reserved_concurrency {
            let reserved = json!({ "ReservedConcurrentExecutions": count });
            members.insert("Concurrency".to_owned(), reserved);
        }
    }
    Ok(Answer::json(200, &out))
}

/// `GetFunctionConfiguration`
pub(super) fn configuration(lambda: &Lambda, cx: &Cx<'_>, name: &str) -> Result<Answer> {
    shown(lambda, cx, name).map(|shown| Answer::json(200, &shown))
}

/// `ListFunctions`
pub(super) fn list(lambda: &Lambda, cx: &Cx<'_>) -> Result<Answer> {
    let after = cx.call.query("Marker").map(name_of_marker).transpose()?;
    let count_max = match cx.call.query("MaxItems") {
        None => FUNCTIONS_OF_PAGE_MAX,
        Some(text) => {
            let count = text.parse().ok().filter(|count| (1..=MAX_ITEMS_MAX).contains(count));
            let count: usize = count.ok_or_else(|| {
                ApiError::validation(format!(
                    "1 validation error detected: Value '{text}' at 'maxItems' failed to satisfy constraint: Member \
                     must be between 1 and {MAX_ITEMS_MAX}"
                ))
            })?;
            count.min(FUNCTIONS_OF_PAGE_MAX)
        }
    };
    let own =
        lambda.functions.iter().map(|(name, function)| (name.as_str(), Listed::Own(function)));
    let of_stacks = cx.stacks.functions();
    let of_stacks =
        of_stacks.map(|(_, function)| (function.name.value.as_str(), Listed::OfStack(function)));
    let is_behind = |name: &str| after.as_deref().is_none_or(|after| name > after);
    let all = own.chain(of_stacks).filter(|(name, _)| is_behind(name));
    let mut behind: BTreeMap<&str, Listed<'_>> = all.collect();
    let last = behind.keys().nth(count_max).map(|name| (*name).to_owned());
    let mut out = json!({});
    if let Some(next) = last {
        behind.split_off(next.as_str());
        if let Some(name) = behind.keys().next_back() {
            out["NextMarker"] = json!(marker_of_name(name));
        }
    }
    let functions = behind.into_values().map(|function| match function {
        Listed::Own(function) => view::latest(cx.call, function),
        Listed::OfStack(function) => of_stack(cx, function),
    });
    out["Functions"] = functions.collect();
    Ok(Answer::json(200, &out))
}

/// A function of a listing.
enum Listed<'l> {
    Own(&'l Function),
    OfStack(&'l gateway_model::Function),
}

/// What a marker begins with, so that other text is known to be none.
const MARKER: &str = "1 ";

fn marker_of_name(name: &str) -> String {
    base64(format!("{MARKER}{name}").as_bytes())
}

/// The name behind which a listing goes on.
fn name_of_marker(marker: &str) -> Result<String> {
    let text = from_base64(marker).and_then(|bytes| String::from_utf8(bytes).ok());
    let name = text.as_deref().and_then(|text| text.strip_prefix(MARKER));
    name.map(str::to_owned).ok_or_else(|| invalid("The Marker is not one of an earlier page"))
}

/// `UpdateFunctionCode`
pub(super) fn update_code(lambda: &mut Lambda, cx: &mut Cx<'_>, name: &str) -> Result<Answer> {
    let mut function = lambda.own(cx, name)?.clone();
    configure::check_revision(cx, &function)?;
    function.code = code::keep(cx, &cx.input)?;
    if let Some(architectures) = cx.input["Architectures"].as_array() {
        let texts = architectures.iter().filter_map(Value::as_str);
        function.configuration.architectures = texts.map(str::to_owned).collect();
    }
    if cx.input["DryRun"].as_bool() == Some(true) {
        return Ok(Answer::json(200, &view::latest(cx.call, &function)));
    }
    function.modified_ms = cx.call.unix_ms;
    function.revision += 1;
    let shown = match cx.input["Publish"].as_bool() {
        Some(true) => versions::add(cx, &mut function, String::new()),
        _ => view::latest(cx.call, &function),
    };
    lambda.put(cx, function);
    Ok(Answer::json(200, &shown))
}

/// `DeleteFunction`
pub(super) fn delete(lambda: &mut Lambda, cx: &mut Cx<'_>, name: &str) -> Result<Answer> {
    let mut function = lambda.own(cx, name)?.clone();
    let (_, qualifier) = name_of(cx.call, name);
    if let Some(qualifier) = qualifier {
        versions::remove(&mut function, &qualifier)?;
        lambda.put(cx, function);
        return Ok(Answer::empty(204));
    }
    cx.changes.push(Change::Remove { key: format!("{PREFIX}{}", function.name) });
    lambda.functions.remove(&function.name);
    lambda.definitions.remove(&function.name);
    cx.publishes = true;
    Ok(Answer::empty(204))
}
