//! What cannot be served, refused where it is made: the compiler is asked, as it will be when this is deployed.

use super::convert;
use super::methods::invalid_mapping;
use super::state::Api;
use super::types::{Authorizer, Model};
use crate::ApiError;
use gateway_compile::expression::{Expression, RequestPart, is_name};
use gateway_compile::uri::{BackendUri, InvalidUri, resolve_stage_variables};
use gateway_compile::{TokenPattern, arn, check_model, is_context_variable};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// What stands for each stage variable while a text is judged: a name, a number, an account and a port.
const STAND_IN: &str = "1";
/// What stands for each stage variable in an ARN, where an account has twelve digits.
const ACCOUNT_STAND_IN: &str = "000000000000";
/// The models of an API begin so.
const MODEL_URL: &str = "https://apigateway.amazonaws.com/restapis/";

/// Whether an authorizer invokes a function, and its identity sources and expression are some.
pub(super) fn check_authorizer(authorizer: &Authorizer) -> Result<(), ApiError> {
    let bad = |text: String| Err(ApiError::bad_request(text));
    let source = authorizer.identity_source.as_deref().unwrap_or_default();
    if authorizer.kind != "COGNITO_USER_POOLS" {
        let uri = authorizer.authorizer_uri.as_deref().unwrap_or_default();
        // Blanks are taken, on AWS too.
        let bare = uri.replace(' ', "");
        let resolved = resolve_stage_variables(&bare, |_| Some(ACCOUNT_STAND_IN));
        let is_function = match arn::ServiceUri::parse(&resolved) {
            Ok(arn::ServiceUri::Lambda(invocation)) => !invocation.is_streaming,
            _ => false,
        };
        if !is_function || has_control(uri) {
            return bad(format!(
                "Invalid Authorizer URI: {uri}. Authorizer URI should be a valid API Gateway ARN that represents a \
                 Lambda function invocation."
            ));
        }
    }
    if authorizer.kind == "TOKEN" {
        let parsed = Expression::parse(source.trim());
        if !matches!(parsed, Ok(Expression::Request(RequestPart::Header, _))) {
            return bad(format!(
                "Invalid token source expression: {source}. The source must be a method request header, matching \
                 'method.request.header.[a-zA-Z0-9._-]+'."
            ));
        }
    } else {
        let mut sources = source.split(',').map(str::trim).filter(|source| !source.is_empty());
        if let Some(wrong) = sources.find(|source| !is_source(source)) {
            return bad(format!("Invalid identity source specified: {wrong}"));
        }
    }
    let expression = authorizer.identity_validation_expression.as_deref().unwrap_or_default();
    if let Err(why) = TokenPattern::parse(expression) {
        return bad(format!(
            "Invalid identity validation expression specified: {expression}: {why}"
        ));
    }
    let mut providers = authorizer.provider_arns.iter().flatten();
    match providers.find(|arn| !is_user_pool(arn)) {
        Some(wrong) => bad(format!(
            "Invalid provider ARNs specified: {wrong} is not the ARN of a Cognito user pool"
        )),
        None => Ok(()),
    }
}

fn is_source(source: &str) -> bool {
    match Expression::parse(source) {
        Ok(Expression::Request(RequestPart::Header | RequestPart::Query, _))
        | Ok(Expression::StageVariable(_)) => true,
        Ok(Expression::Context(name)) => is_context_variable(&name),
        _ => false,
    }
}

/// `arn:{partition}:cognito-idp:{region}:{account}:userpool/{id}`
fn is_user_pool(arn: &str) -> bool {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let &["arn", partition, "cognito-idp", region, account, pool] = parts.as_slice() else {
        return false;
    };
    let id = pool.strip_prefix("userpool/").unwrap_or_default();
    ![partition, region, account, id].contains(&"") && !has_control(arn)
}

fn has_control(text: &str) -> bool {
    text.contains(char::is_control)
}

/// Whether a response's parameter can be sent: to a header, from a text or a value of the request.
pub(super) fn check_gateway_parameter(target: &str, source: &str) -> Result<(), ApiError> {
    let name = target.strip_prefix("gatewayresponse.header.");
    if !name.is_some_and(is_name) {
        return Err(ApiError::bad_request(format!(
            "Invalid response parameter specified: {target}"
        )));
    }
    match Expression::parse(source) {
        Ok(
            Expression::Static(_)
            | Expression::Request(..)
            | Expression::StageVariable(_)
            | Expression::Context(_),
        ) => Ok(()),
        _ => Err(invalid_mapping(&format!("Invalid mapping expression specified: {source}"))),
    }
}

/// Whether an HTTP integration's URI names a backend. Stage variables stand for any text, and a parameter for a part of it.
pub(super) fn is_url(uri: &str) -> bool {
    if uri.contains(|c: char| c.is_control() || c.is_whitespace()) {
        return false;
    }
    // A stage variable may hold what comes after the scheme, or all of it.
    let resolved = resolve_stage_variables(uri, |_| Some(STAND_IN));
    match BackendUri::parse(&resolved) {
        Ok(_) | Err(InvalidUri::PlaceholderInAuthority(_)) => true,
        Err(_) => uri.starts_with("${stageVariables."),
    }
}

/// Whether bodies can be held against a model: it is JSON Schema of draft 4, what it refers to is there, and its patterns can
/// run.
pub(super) fn check_schema(api: &Api, model: &Model) -> Result<(), ApiError> {
    let mut models = BTreeMap::from([(&*model.name, model)]);
    let mut left = vec![model];
    while let Some(next) = left.pop() {
        let schema: Value = serde_json::from_str(&next.schema).unwrap_or_default();
        let mut named = BTreeSet::new();
        references(&schema, &mut named);
        for name in named {
            if let (Some(found), false) = (api.models.get(&name), models.contains_key(&*name)) {
                models.insert(&found.name, found);
                left.push(found);
            }
        }
    }
    let models = convert::models(&api.rest_api, models.into_values());
    check_model(&models, &model.name).map_err(|_| {
        ApiError::bad_request(
            "Invalid model specified: Validation Result: warnings : [], errors : [Invalid model schema specified]",
        )
    })
}

/// The names of the models that a schema refers to.
fn references(schema: &Value, named: &mut BTreeSet<String>) {
    match schema {
        Value::Object(members) => {
            for (name, value) in members {
                match value.as_str().and_then(|target| target.strip_prefix(MODEL_URL)) {
                    Some(rest) if name == "$ref" => {
                        let model = rest.split_once("/models/").map(|(_, model)| model);
                        let model = model.and_then(|model| model.split('#').next());
                        named.extend(model.map(str::to_owned));
                    }
                    _ => references(value, named),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, named)),
        _ => {}
    }
}
