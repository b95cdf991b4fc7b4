//! TestInvokeMethod.

use super::log::{Log, headers_line};
use super::{Input, chain, definitions, trial};
use crate::apigateway::Deploy;
use crate::apigateway::asked::Asking;
use crate::apigateway::cx::Cx;
use crate::apigateway::methods::labels;
use crate::apigateway::state::unknown_method;
use crate::apigateway::types::{Method, Snapshot};
use crate::{ApiError, Question, Trial, Tried};
use serde_json::{Map, Value, json};

/// The stage of what is tried.
const STAGE: &str = "test-invoke-stage";

/// Fields of an answer that are the connection's, or every answer's.
const TRANSPORT: &[&str] = &[
    "connection",
    "content-length",
    "date",
    "transfer-encoding",
    "x-amz-apigw-id",
    "x-amzn-requestid",
];

/// A method that is being tried.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct AskedMethod {
    pub(crate) trial: Trial,
}

pub(in crate::apigateway) fn test_invoke_method(cx: &mut Cx<'_>) -> Result<Value, ApiError> {
    let (api_id, resource_id, verb) = labels(cx);
    let mut input: Input = cx.input()?;
    let resource = cx.state.resource(&api_id, &resource_id)?;
    let methods = &resource.resource_methods;
    let method = methods.get(&verb).or_else(|| methods.get("ANY")).ok_or_else(unknown_method)?;
    // Without an integration there is nothing to try.
    if method.method_integration.is_none() {
        return Err(super::super::integrations::unknown_integration());
    }
    let method = Method {
        authorization_type: "NONE".to_owned(),
        authorizer_id: None,
        authorization_scopes: None,
        api_key_required: false,
        ..method.clone()
    };
    let path = input.path_with_query_string.take().filter(|path| !path.is_empty());
    let path = path.unwrap_or_else(|| resource.path.clone());
    let api = &cx.state.apis[&api_id];
    let mut resources = chain(&api.resources, &resource_id);
    if let Some(tried) = resources.first_mut() {
        tried.resource_methods.insert(method.http_method.clone(), method);
    }
    let snapshot = Snapshot {
        binary_media_types: api.rest_api.binary_media_types.clone(),
        api_key_source: "HEADER".to_owned(),
        resources,
        models: api.models.values().cloned().collect(),
        request_validators: api.request_validators.values().cloned().collect(),
        gateway_responses: api.gateway_responses.values().cloned().collect(),
        ..Snapshot::default()
    };
    let definitions = definitions(&api.rest_api, &snapshot, STAGE, &mut input)?;
    let verb = if verb == "ANY" { "GET" } else { &verb };
    let trial = trial(cx.call, definitions, verb, &path, input)?;
    let asking = Asking::Method(Box::new(AskedMethod { trial }));
    cx.writes.deploy(Deploy::Ask(Question::new(asking)));
    Ok(Value::Null)
}

impl AskedMethod {
    /// The operation's answer.
    pub(in crate::apigateway) fn answer(&self, tried: Tried) -> Value {
        let Tried { status, headers, body, latency_ms, .. } = &tried;
        let body = String::from_utf8_lossy(body);
        let is_shown = |name: &str| {
            let is_transport = TRANSPORT.iter().any(|known| name.eq_ignore_ascii_case(known));
            // What failed has no type of its own.
            let is_made_up = tried.is_failure && name.eq_ignore_ascii_case("content-type");
            !is_transport && !is_made_up
        };
        let mut shown: Vec<&(String, String)> =
            headers.iter().filter(|(name, _)| is_shown(name)).collect();
        // The trace comes first, as AWS has it.
        shown.sort_by_key(|(name, _)| !name.eq_ignore_ascii_case("x-amzn-trace-id"));
        let mut log = Log::new(&self.trial.request_id);
        for (unix_ms, text) in &tried.log {
            log.line(*unix_ms, text);
        }
        let now = tried.ended_unix_ms;
        if !tried.is_failure {
            log.line(now, &format!("Method response body after transformations: {body}"));
            log.line(now, &format!("Method response headers: {}", headers_line(&shown)));
            log.line(now, "Successfully completed execution");
        }
        log.line(now, &format!("Method completed with status: {status}"));
        let mut single = Map::new();
        let mut multi = Map::new();
        for (name, value) in shown {
            single.insert(name.clone(), json!(value));
            let values = multi.entry(name.clone()).or_insert_with(|| json!([]));
            if let Value::Array(values) = values {
                values.push(json!(value));
            }
        }
        json!({
            "status": status,
            "body": body,
            "headers": single,
            "multiValueHeaders": multi,
            "log": log.finish(),
            "latency": latency_ms,
        })
    }
}
