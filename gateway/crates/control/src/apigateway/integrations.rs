//! Integrations: what answers a method.

use super::cx::Cx;
use super::fit::is_url;
use super::limits::{TIMEOUT_MS_MAX, TIMEOUT_MS_MIN};
use super::methods::{invalid_mapping, labels, put};
use super::patch::{self, ARD, Family, R, Rule, Set, rule};
use super::types::{Integration, Method, Texts, TlsConfig};
use super::view::view;
use crate::ApiError;
use gateway_compile::expression::{Expression, is_name};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct PutIntegration {
    #[serde(rename = "type")]
    kind: String,
    http_method: Option<String>,
    uri: Option<String>,
    connection_type: Option<String>,
    connection_id: Option<String>,
    credentials: Option<String>,
    request_parameters: Option<Texts>,
    request_templates: Option<BTreeMap<String, Option<String>>>,
    passthrough_behavior: Option<String>,
    cache_namespace: Option<String>,
    cache_key_parameters: Vec<String>,
    content_handling: Option<String>,
    timeout_in_millis: Option<i64>,
    tls_config: Option<TlsConfig>,
    response_transfer_mode: Option<String>,
    integration_target: Option<String>,
}

pub(super) fn put_integration(cx: &mut Cx<'_>) -> Result<Value, ApiError> {
    let (api_id, resource_id, verb) = labels(cx);
    let input: PutIntegration = cx.input()?;
    let mut method = cx.state.method(&api_id, &resource_id, &verb)?.clone();
    let is_mock = input.kind == "MOCK";
    let is_http = input.kind.starts_with("HTTP");
    let connection_type = input.connection_type.or_else(|| is_http.then(|| "INTERNET".to_owned()));
    let integration = Integration {
        kind: input.kind,
        http_method: input.http_method.filter(|_| !is_mock),
        uri: input.uri.filter(|_| !is_mock),
        connection_type: connection_type.filter(|kind| is_http || kind == "VPC_LINK"),
        connection_id: input.connection_id,
        credentials: input.credentials,
        request_parameters: input.request_parameters,
        request_templates: input.request_templates,
        passthrough_behavior: Some(
            input.passthrough_behavior.unwrap_or_else(|| "WHEN_NO_MATCH".to_owned()),
        ),
        content_handling: input.content_handling,
        timeout_in_millis: Some(input.timeout_in_millis.unwrap_or(TIMEOUT_MS_MAX)),
        cache_namespace: Some(input.cache_namespace.unwrap_or_else(|| resource_id.clone())),
        cache_key_parameters: input.cache_key_parameters,
        integration_responses: None,
        tls_config: input.tls_config,
        response_transfer_mode: input.response_transfer_mode,
        integration_target: input.integration_target,
    };
    let integration = checked(&method, integration)?;
    let shown = view(&integration);
    method.method_integration = Some(integration);
    put(cx, &api_id, &resource_id, method)?;
    Ok(shown)
}

/// An integration that AWS would take.
pub(super) fn checked(
    method: &Method,
    mut integration: Integration,
) -> Result<Integration, ApiError> {
    let kind = &*integration.kind;
    let uri = integration.uri.as_deref().unwrap_or_default();
    let is_aws = kind.starts_with("AWS");
    if kind != "MOCK"
        && integration.http_method.as_deref().is_none_or(str::is_empty)
        && kind != "AWS_PROXY"
    {
        return Err(ApiError::bad_request("Enumeration value for HttpMethod must be non-empty"));
    }
    if let Some(verb) = integration.http_method.as_deref().filter(|verb| !verb.is_empty()) {
        gateway_model::HttpMethod::parse(verb).map_err(|_| {
            let text = "Invalid HttpMethod specified. Valid options are GET,PUT,POST,DELETE,PATCH,OPTIONS,HEAD,ANY";
            ApiError::bad_request(text)
        })?;
    }
    if kind.starts_with("HTTP") && !is_url(uri) {
        return Err(ApiError::bad_request("Invalid HTTP endpoint specified for URI"));
    }
    if is_aws {
        check_arn(kind, uri)?;
    }
    let timeout = integration.timeout_in_millis.unwrap_or(TIMEOUT_MS_MAX);
    if !(TIMEOUT_MS_MIN..=TIMEOUT_MS_MAX).contains(&timeout) {
        let text = format!("Timeout should be between {TIMEOUT_MS_MIN} ms and {TIMEOUT_MS_MAX} ms");
        return Err(ApiError::bad_request(text));
    }
    let behavior =
        integration.passthrough_behavior.as_deref().unwrap_or("WHEN_NO_MATCH").to_uppercase();
    if gateway_model::PassthroughBehavior::parse(&behavior).is_err() {
        return Err(ApiError::bad_request(format!(
            "Invalid passthrough behavior specified: {behavior}"
        )));
    }
    integration.passthrough_behavior = Some(behavior);
    for content_type in
        integration.request_templates.iter().flatten().map(|(content_type, _)| content_type)
    {
        check_content_type(content_type)?;
    }
    check_request_parameters(method, &integration)?;
    Ok(integration)
}

/// Whether a template's content type is one.
pub(super) fn check_content_type(content_type: &str) -> Result<(), ApiError> {
    let is_type = content_type == "$default"
        || content_type
            .split_once('/')
            .is_some_and(|(kind, subtype)| !kind.is_empty() && !subtype.is_empty());
    match is_type && !content_type.contains(char::is_control) {
        true => Ok(()),
        false => Err(ApiError::bad_request(format!(
            "Validation Result: warnings : [], errors : [Invalid content type specified: {content_type}]"
        ))),
    }
}

fn check_arn(kind: &str, uri: &str) -> Result<(), ApiError> {
    let parts: Vec<&str> = uri.splitn(6, ':').collect();
    let &["arn", _, service, _, subdomain, rest] = parts.as_slice() else {
        return Err(ApiError::bad_request("Invalid ARN specified in the request"));
    };
    let is_action = rest.starts_with("path/") || rest.starts_with("action/");
    if service != "apigateway" || !is_action {
        return Err(ApiError::bad_request("AWS ARN for integration must contain path or action"));
    }
    if kind == "AWS_PROXY" && !matches!(subdomain, "lambda" | "firehose") {
        return Err(ApiError::bad_request(
            "Integrations of type 'AWS_PROXY' currently only supports Lambda function and Firehose stream invocations.",
        ));
    }
    Ok(())
}

fn check_request_parameters(method: &Method, integration: &Integration) -> Result<(), ApiError> {
    for (target, source) in integration.request_parameters.iter().flatten() {
        let place =
            target.strip_prefix("integration.request.").and_then(|rest| rest.split_once('.'));
        if !place.is_some_and(|(place, name)| {
            matches!(place, "header" | "querystring" | "path") && is_name(name)
        }) {
            return Err(invalid_mapping(&format!(
                "Invalid mapping expression specified: {target}"
            )));
        }
        check_request_source(method, source)?;
    }
    Ok(())
}

fn check_request_source(method: &Method, source: &str) -> Result<(), ApiError> {
    let is_body = source == "method.request.body" || source.starts_with("method.request.body.");
    let is_known = source.starts_with("method.request.") && !is_body;
    if is_known {
        let declared = method
            .request_parameters
            .as_ref()
            .is_some_and(|declared| declared.contains_key(source));
        // Path parameters of the resource need no declaration.
        if !declared
            && !source.starts_with("method.request.path.")
            && !source.contains(".multivalue")
        {
            return Err(invalid_mapping(&format!(
                "Invalid mapping expression parameter specified: {source}"
            )));
        }
        return Ok(());
    }
    match Expression::parse(source) {
        Ok(
            Expression::Static(_)
            | Expression::RequestBody(_)
            | Expression::Context(_)
            | Expression::StageVariable(_),
        ) => Ok(()),
        _ => Err(invalid_mapping("Invalid mapping identifier specified")),
    }
}

/// The 404 of what has no integration.
pub(super) fn unknown_integration() -> ApiError {
    ApiError::not_found("Invalid Integration identifier specified")
}

pub(super) fn get_integration(cx: &mut Cx<'_>) -> Result<Value, ApiError> {
    let (api_id, resource_id, verb) = labels(cx);
    let method = cx.state.method(&api_id, &resource_id, &verb)?;
    Ok(view(method.method_integration.as_ref().ok_or_else(unknown_integration)?))
}

pub(super) fn delete_integration(cx: &mut Cx<'_>) -> Result<Value, ApiError> {
    let (api_id, resource_id, verb) = labels(cx);
    let mut method = cx.state.method(&api_id, &resource_id, &verb)?.clone();
    method.method_integration.take().ok_or_else(unknown_integration)?;
    put(cx, &api_id, &resource_id, method)?;
    Ok(Value::Null)
}

const RULES: &[Rule] = &[
    rule("/cacheKeyParameters/*", ARD, Set::ItemInPath),
    rule("/requestParameters/*", ARD, Set::Text),
    rule("/requestTemplates/*", ARD, Set::Verbatim),
    rule("/cacheNamespace", R, Set::Text),
    rule("/connectionId", R, Set::Text),
    rule("/connectionType", R, Set::Special),
    rule("/contentHandling", R, Set::Special),
    rule("/credentials", R, Set::Text),
    rule("/httpMethod", R, Set::Special),
    rule("/uri", R, Set::Special),
    rule("/integrationTarget", R, Set::Text),
    rule("/passthroughBehavior", R, Set::Text),
    rule("/responseTransferMode", R, Set::Text),
    rule("/timeoutInMillis", R, Set::Integer),
    rule("/tlsConfig/insecureSkipVerification", R, Set::Flag),
];

pub(super) fn update_integration(cx: &mut Cx<'_>) -> Result<Value, ApiError> {
    let (api_id, resource_id, verb) = labels(cx);
    let operations = cx.patch()?;
    let mut method = cx.state.method(&api_id, &resource_id, &verb)?.clone();
    let before = method.method_integration.as_ref().ok_or_else(unknown_integration)?;
    let after = patch::apply(
        before,
        Family::Plain,
        RULES,
        &operations,
        |integration, operation, segments| {
            let text = operation.text().to_owned();
            match &*segments[0] {
                "connectionType" if matches!(&*text, "INTERNET" | "VPC_LINK") => {
                    integration.connection_type = Some(text)
                }
                "contentHandling" => integration.content_handling = content_handling(&text)?,
                "httpMethod" if integration.kind != "MOCK" => integration.http_method = Some(text),
                "uri" if integration.kind != "MOCK" => integration.uri = Some(text),
                name => {
                    return Err(ApiError::bad_request(format!(
                        "Invalid value specified for {name}: {text}"
                    )));
                }
            }
            Ok(())
        },
    )?;
    let after = checked(&method, after)?;
    let shown = view(&after);
    method.method_integration = Some(after);
    put(cx, &api_id, &resource_id, method)?;
    Ok(shown)
}

/// A patched `contentHandling`; empty clears it.
pub(super) fn content_handling(text: &str) -> Result<Option<String>, ApiError> {
    match text {
        "" => Ok(None),
        "CONVERT_TO_BINARY" | "CONVERT_TO_TEXT" => Ok(Some(text.to_owned())),
        _ => Err(ApiError::bad_request(
            "Invalid ContentHandling specified. Valid options are CONVERT_TO_BINARY,CONVERT_TO_TEXT",
        )),
    }
}
