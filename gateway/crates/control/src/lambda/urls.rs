//! Function URLs.

use std::collections::BTreeSet;

use aws_lc_rs::digest::{SHA256, digest};
use gateway_model::{FunctionUrl, FunctionUrlAuth, FunctionUrlCors, FunctionUrlInvokeMode};
use serde_json::{Map, Value, json};

use super::types::{Function, Url};
use super::{Cx, Lambda, Result, arn_of, invalid, name_of};
use crate::limits::{
    FUNCTION_URL_CORS_HEADERS_MAX, FUNCTION_URL_CORS_METHODS_MAX, FUNCTION_URL_CORS_ORIGINS_MAX,
    FUNCTION_URL_MAX_AGE_SECONDS_MAX, FUNCTION_URLS_PAGE_MAX,
};
use crate::signature::iso;
use crate::{Answer, ApiError};

/// `CreateFunctionUrlConfig`
pub(super) fn create(lambda: &mut Lambda, cx: &mut Cx<'_>, name: &str) -> Result<Answer> {
    let qualifier = qualifier_of(cx, name)?;
    let auth_type = cx.input["AuthType"].as_str().ok_or_else(|| null("authType"))?.to_owned();
    check_auth_type("authType", &auth_type)?;
    let invoke_mode = invoke_mode(cx)?.unwrap_or_else(|| "BUFFERED".to_owned());
    let cors = given_cors(cx)?;
    let mut function = own(lambda, cx, name)?;
    let key = qualifier.clone().unwrap_or_default();
    if function.urls.contains_key(&key) {
        let arn = qualified(cx, &function.name, qualifier.as_deref());
        let text = format!(
            "Failed to create function url config for [functionArn = {arn}]. Error message:  FunctionUrlConfig exists for \
             this Lambda function"
        );
        return Err(ApiError::new(409, "ResourceConflictException", text));
    }
    if qualifier.as_ref().is_some_and(|alias| !function.aliases.contains_key(alias)) {
        return Err(no_function());
    }
    let now = cx.call.unix_ms;
    let url = Url {
        id: new_id(cx, &function.name, &key),
        auth_type,
        cors,
        invoke_mode,
        created_ms: now,
        modified_ms: now,
    };
    let mut shown = shown(cx, &function.name, &key, &url);
    if let Some(members) = shown.as_object_mut() {
        members.remove("LastModifiedTime");
    }
    function.urls.insert(key, url);
    lambda.put(cx, function);
    Ok(Answer::json(201, &shown))
}

/// `GetFunctionUrlConfig`
pub(super) fn get(lambda: &Lambda, cx: &Cx<'_>, name: &str) -> Result<Answer> {
    let qualifier = qualifier_of(cx, name)?;
    let (name, _) = name_of(cx.call, name);
    let key = qualifier.as_deref().unwrap_or_default();
    if let Some(function) = lambda.functions.get(&name) {
        let url = function.urls.get(key).ok_or_else(no_url)?;
        return Ok(Answer::json(200, &shown(cx, &name, key, url)));
    }
    let mut of_stacks = of_stack(cx, &name);
    let found = of_stacks.find(|url| url.qualifier == qualifier).ok_or_else(no_url)?;
    Ok(Answer::json(200, &shown_of_stack(cx, found)))
}

/// `UpdateFunctionUrlConfig`: what is not given stays.
pub(super) fn update(lambda: &mut Lambda, cx: &mut Cx<'_>, name: &str) -> Result<Answer> {
    let key = qualifier_of(cx, name)?.unwrap_or_default();
    let auth_type = cx.input["AuthType"].as_str().map(str::to_owned);
    if let Some(auth_type) = &auth_type {
        check_auth_type("authType", auth_type)?;
    }
    let (invoke_mode, cors) = (invoke_mode(cx)?, given_cors(cx)?);
    let mut function = own(lambda, cx, name)?;
    if !key.is_empty() && !function.aliases.contains_key(&key) {
        return Err(no_function());
    }
    let url = function.urls.get_mut(&key).ok_or_else(no_url)?;
    url.auth_type = auth_type.unwrap_or_else(|| url.auth_type.clone());
    url.invoke_mode = invoke_mode.unwrap_or_else(|| url.invoke_mode.clone());
    url.cors = cors.or_else(|| url.cors.clone());
    url.modified_ms = cx.call.unix_ms;
    let shown = shown(cx, &function.name, &key, url);
    lambda.put(cx, function);
    Ok(Answer::json(200, &shown))
}

/// `DeleteFunctionUrlConfig`
pub(super) fn delete(lambda: &mut Lambda, cx: &mut Cx<'_>, name: &str) -> Result<Answer> {
    let key = qualifier_of(cx, name)?.unwrap_or_default();
    let mut function = own(lambda, cx, name)?;
    function.urls.remove(&key).ok_or_else(no_url)?;
    lambda.put(cx, function);
    Ok(Answer::empty(204))
}

/// `ListFunctionUrlConfigs`, in the order of the aliases.
pub(super) fn list(lambda: &Lambda, cx: &Cx<'_>, name: &str) -> Result<Answer> {
    let (name, _) = name_of(cx.call, name);
    let all: Vec<Value> = match lambda.functions.get(&name) {
        Some(function) => {
            let urls = function.urls.iter();
            urls.map(|(qualifier, url)| shown(cx, &name, qualifier, url)).collect()
        }
        None if cx.stacks.function(&name).is_some() => {
            of_stack(cx, &name).map(|url| shown_of_stack(cx, url)).collect()
        }
        None => return Err(no_function()),
    };
    let limit = match cx.call.query("MaxItems") {
        None => FUNCTION_URLS_PAGE_MAX,
        Some(text) => {
            let limit =
                text.parse().ok().filter(|limit| (1..=FUNCTION_URLS_PAGE_MAX).contains(limit));
            limit.ok_or_else(|| {
                ApiError::validation(format!(
                    "1 validation error detected: Value '{text}' at 'maxItems' failed to satisfy constraint: Member must \
                     be between 1 and {FUNCTION_URLS_PAGE_MAX}"
                ))
            })?
        }
    };
    let start = match cx.call.query("Marker").filter(|marker| !marker.is_empty()) {
        None => 0,
        Some(marker) => {
            marker.parse().ok().filter(|start| *start <= all.len()).ok_or_else(|| {
                invalid(format!("Marker {marker} is none that ListFunctionUrlConfigs gave"))
            })?
        }
    };
    let end = all.len().min(start + limit);
    let mut out = json!({ "FunctionUrlConfigs": all[start..end] });
    if let (true, Some(members)) = (end < all.len(), out.as_object_mut()) {
        members.insert("NextMarker".to_owned(), json!(end.to_string()));
    }
    Ok(Answer::json(200, &out))
}

/// A copy of a function by hand.
fn own(lambda: &Lambda, cx: &Cx<'_>, name: &str) -> Result<Function> {
    match lambda.own(cx, name) {
        Ok(function) => Ok(function.clone()),
        Err(error) if error.status == 404 => Err(no_function()),
        Err(error) => Err(error),
    }
}

/// The alias that is meant, if one is.
fn qualifier_of(cx: &Cx<'_>, name: &str) -> Result<Option<String>> {
    let (_, qualifier) = name_of(cx.call, name);
    let Some(qualifier) = qualifier else { return Ok(None) };
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    let is_number = qualifier.bytes().all(|byte| byte.is_ascii_digit());
    if is_number || !qualifier.bytes().all(is_letter) {
        return Err(ApiError::validation(format!(
            "1 validation error detected: Value '{qualifier}' at 'qualifier' failed to satisfy constraint: Member must \
             satisfy regular expression pattern: (^\\$LATEST$)|((?!^[0-9]+$)([a-zA-Z0-9-_]+))"
        )));
    }
    Ok(Some(qualifier))
}

/// Refuses what is no `AuthType`.
pub(super) fn check_auth_type(member: &str, text: &str) -> Result<()> {
    match FunctionUrlAuth::parse(text) {
        Ok(_) => Ok(()),
        Err(_) => Err(not_in_set(member, text, "NONE, AWS_IAM")),
    }
}

fn invoke_mode(cx: &Cx<'_>) -> Result<Option<String>> {
    let Some(text) = cx.input["InvokeMode"].as_str() else { return Ok(None) };
    match FunctionUrlInvokeMode::parse(text) {
        Ok(_) => Ok(Some(text.to_owned())),
        Err(_) => Err(not_in_set("invokeMode", text, "RESPONSE_STREAM, BUFFERED")),
    }
}

/// `Cors` of an input, checked: its known members.
fn given_cors(cx: &Cx<'_>) -> Result<Option<Value>> {
    let Some(given) = cx.input.get("Cors").and_then(Value::as_object) else { return Ok(None) };
    let mut kept = Map::new();
    for (name, count, chars) in [
        ("AllowHeaders", FUNCTION_URL_CORS_HEADERS_MAX, 1024),
        ("AllowMethods", FUNCTION_URL_CORS_METHODS_MAX, 6),
        ("AllowOrigins", FUNCTION_URL_CORS_ORIGINS_MAX, 253),
        ("ExposeHeaders", FUNCTION_URL_CORS_HEADERS_MAX, 1024),
    ] {
        let Some(values) = given.get(name).and_then(Value::as_array) else { continue };
        let texts: Vec<&str> = values.iter().filter_map(Value::as_str).collect();
        let member = || format!("cors.{}{}", name[..1].to_ascii_lowercase(), &name[1..]);
        if values.len() > count {
            return Err(ApiError::validation(format!(
                "1 validation error detected: Value '{texts:?}' at '{}' failed to satisfy constraint: Member must have \
                 length less than or equal to {count}",
                member()
            )));
        }
        // They go into header fields.
        let is_value = |text: &&str| {
            (1..=chars).contains(&text.chars().count())
                && !text.contains(|c: char| c.is_control() || c == ',')
        };
        let distinct: BTreeSet<&str> = texts.iter().copied().collect();
        if texts.len() != values.len()
            || distinct.len() != texts.len()
            || !texts.iter().all(is_value)
        {
            return Err(ApiError::validation(format!(
                "1 validation error detected: Value '{texts:?}' at '{}' failed to satisfy constraint: Member must satisfy \
                 constraint: [Member must have length less than or equal to {chars}, Member must have length greater than or \
                 equal to 1, Member must satisfy regular expression pattern: .*]",
                member()
            )));
        }
        kept.insert(name.to_owned(), json!(texts));
    }
    if let Some(allowed) = given.get("AllowCredentials").and_then(Value::as_bool) {
        kept.insert("AllowCredentials".to_owned(), json!(allowed));
    }
    if let Some(seconds) = given.get("MaxAge").filter(|seconds| !seconds.is_null()) {
        let is_right = |seconds: &i64| (0..=FUNCTION_URL_MAX_AGE_SECONDS_MAX).contains(seconds);
        let found = seconds.as_i64().filter(is_right).ok_or_else(|| {
            ApiError::validation(format!(
                "1 validation error detected: Value '{seconds}' at 'cors.maxAge' failed to satisfy constraint: Member must \
                 have value less than or equal to {FUNCTION_URL_MAX_AGE_SECONDS_MAX}"
            ))
        })?;
        kept.insert("MaxAge".to_owned(), json!(found));
    }
    Ok(Some(Value::Object(kept)))
}

/// `Cors` as it was kept, for whom serves it.
pub(super) fn cors(kept: &Value) -> FunctionUrlCors {
    let texts = |name: &str| {
        let values = kept[name].as_array().into_iter().flatten();
        values.filter_map(Value::as_str).map(str::to_owned).collect()
    };
    FunctionUrlCors {
        allow_credentials: kept["AllowCredentials"].as_bool().unwrap_or_default(),
        allow_headers: texts("AllowHeaders"),
        allow_methods: texts("AllowMethods"),
        allow_origins: texts("AllowOrigins"),
        expose_headers: texts("ExposeHeaders"),
        max_age_seconds: kept["MaxAge"].as_i64(),
    }
}

/// An id of a form like AWS's, which no other URL has: of all that makes this one different.
fn new_id(cx: &Cx<'_>, name: &str, qualifier: &str) -> String {
    const DIGITS: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";
    let call = cx.call;
    let text = format!(
        "{}/{}/{name}/{qualifier}/{}/{}",
        call.account_id, call.region, call.unix_ms, call.request_id
    );
    let hash = digest(&SHA256, text.as_bytes());
    hash.as_ref().iter().map(|byte| char::from(DIGITS[usize::from(*byte) % 36])).collect()
}

fn qualified(cx: &Cx<'_>, name: &str, qualifier: Option<&str>) -> String {
    match qualifier.filter(|qualifier| !qualifier.is_empty()) {
        None => arn_of(cx.call, name),
        Some(qualifier) => format!("{}:{qualifier}", arn_of(cx.call, name)),
    }
}

fn address(cx: &Cx<'_>, id: &str) -> String {
    cx.surroundings.function_urls.replace("{id}", id).replace("{region}", &cx.call.region)
}

fn shown(cx: &Cx<'_>, name: &str, qualifier: &str, url: &Url) -> Value {
    let mut out = json!({
        "FunctionUrl": address(cx, &url.id),
        "FunctionArn": qualified(cx, name, Some(qualifier)),
        "AuthType": url.auth_type,
        "CreationTime": iso(url.created_ms),
        "LastModifiedTime": iso(url.modified_ms),
        "InvokeMode": url.invoke_mode,
    });
    if let (Some(cors), Some(members)) = (&url.cors, out.as_object_mut()) {
        members.insert("Cors".to_owned(), cors.clone());
    }
    out
}

fn of_stack<'c>(cx: &Cx<'c>, name: &str) -> impl Iterator<Item = &'c FunctionUrl> + use<'c> {
    let name = name.to_owned();
    cx.stacks.function_urls().filter(move |url| url.function.value == name)
}

fn shown_of_stack(cx: &Cx<'_>, url: &FunctionUrl) -> Value {
    let name = &url.function.value;
    let modified_ms = cx.stacks.resource_of(name).map_or(0, |resource| resource.updated_ms);
    let mut out = json!({
        "FunctionUrl": address(cx, &url.id),
        "FunctionArn": qualified(cx, name, url.qualifier.as_deref()),
        "AuthType": url.auth.as_str(),
        "CreationTime": iso(modified_ms),
        "LastModifiedTime": iso(modified_ms),
        "InvokeMode": url.invoke_mode.unwrap_or(FunctionUrlInvokeMode::Buffered).as_str(),
    });
    if let (Some(cors), Some(members)) = (&url.cors, out.as_object_mut()) {
        let mut shown = json!({
            "AllowCredentials": cors.allow_credentials,
            "AllowHeaders": cors.allow_headers,
            "AllowMethods": cors.allow_methods,
            "AllowOrigins": cors.allow_origins,
            "ExposeHeaders": cors.expose_headers,
        });
        if let (Some(seconds), Some(members)) = (cors.max_age_seconds, shown.as_object_mut()) {
            members.insert("MaxAge".to_owned(), json!(seconds));
        }
        members.insert("Cors".to_owned(), shown);
    }
    out
}

fn no_function() -> ApiError {
    ApiError::new(404, "ResourceNotFoundException", "Function does not exist")
}

fn no_url() -> ApiError {
    let text = "The resource you requested does not exist.";
    ApiError::new(404, "ResourceNotFoundException", text)
}

fn null(member: &str) -> ApiError {
    ApiError::validation(format!(
        "1 validation error detected: Value null at '{member}' failed to satisfy constraint: Member must not be null"
    ))
}

fn not_in_set(member: &str, text: &str, set: &str) -> ApiError {
    ApiError::validation(format!(
        "1 validation error detected: Value '{text}' at '{member}' failed to satisfy constraint: Member must satisfy enum \
         value set: [{set}]"
    ))
}
