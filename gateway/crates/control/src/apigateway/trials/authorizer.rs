//! TestInvokeAuthorizer.

use super::log::Log;
use super::{Input, definitions, trial};
use crate::apigateway::Deploy;
use crate::apigateway::asked::Asking;
use crate::apigateway::cx::Cx;
use crate::apigateway::types::{Authorizer, Integration, Method, Resource, Snapshot};
use crate::{ApiError, Question, Trial, Tried};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The stage, and the resource, of what is tried.
const STAGE: &str = "ESTestInvoke-stage";
const RESOURCE: &str = "test-invoke-resource-id";

/// How much of an identity is shown.
const SHOWN_CHARS: usize = 6;

/// An authorizer that is being tried.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct AskedAuthorizer {
    pub(crate) trial: Trial,
    authorizer: Authorizer,
}

pub(in crate::apigateway) fn test_invoke_authorizer(cx: &mut Cx<'_>) -> Result<Value, ApiError> {
    let (api_id, id) = (cx.label("restapi_id"), cx.label("authorizer_id"));
    let mut input: Input = cx.input()?;
    let api = cx.state.apis.get(&api_id);
    let found = api.and_then(|api| Some((api, api.authorizers.get(&id)?)));
    let Some((api, authorizer)) = found else {
        return Err(ApiError::not_found("Invalid Authorizer identifier specified"));
    };
    if authorizer.kind == "COGNITO_USER_POOLS" {
        return Err(ApiError::not_implemented("TestInvokeAuthorizer of a user pool"));
    }
    // Each trial asks the function.
    let asked = Authorizer { authorizer_result_ttl_in_seconds: Some(0), ..authorizer.clone() };
    let integration = Integration {
        kind: "MOCK".to_owned(),
        cache_namespace: Some(RESOURCE.to_owned()),
        ..Integration::default()
    };
    let method = Method {
        http_method: "GET".to_owned(),
        authorization_type: "CUSTOM".to_owned(),
        authorizer_id: Some(id),
        method_integration: Some(integration),
        ..Method::default()
    };
    let resource = Resource {
        id: RESOURCE.to_owned(),
        path: "/".to_owned(),
        resource_methods: BTreeMap::from([("GET".to_owned(), method)]),
        ..Resource::default()
    };
    let snapshot = Snapshot {
        api_key_source: "HEADER".to_owned(),
        resources: vec![resource],
        authorizers: vec![asked.clone()],
        ..Snapshot::default()
    };
    let mut rest_api = api.rest_api.clone();
    RESOURCE.clone_into(&mut rest_api.root_resource_id);
    let definitions = definitions(&rest_api, &snapshot, STAGE, &mut input)?;
    let path = input.path_with_query_string.take().filter(|path| !path.is_empty());
    let path = path.unwrap_or_else(|| "/".to_owned());
    let trial = trial(cx.call, definitions, "GET", &path, input)?;
    let asking = Asking::Authorizer(Box::new(AskedAuthorizer { trial, authorizer: asked }));
    cx.writes.deploy(Deploy::Ask(Question::new(asking)));
    Ok(Value::Null)
}

impl AskedAuthorizer {
    /// The operation's answer.
    pub(in crate::apigateway) fn answer(&self, tried: Tried) -> Value {
        let id = &self.trial.request_id;
        let mut log = Log::new(id);
        let started = tried.log.first().map_or(tried.ended_unix_ms, |(unix_ms, _)| *unix_ms);
        log.line(
            started,
            &format!("Starting authorizer: {} for request: {id}", self.authorizer.id),
        );
        log.line(started, &format!("Incoming identity: {}", self.identity()));
        for (unix_ms, text) in tried.log.iter().filter(|(_, text)| is_authorizers(text)) {
            log.line(*unix_ms, text);
        }
        let decided = tried.authorizer_status == Some(200);
        let status = if decided { 0 } else { tried.authorizer_status.unwrap_or(tried.status) };
        if !decided {
            log.line(tried.ended_unix_ms, "Unauthorized");
        }
        let mut answer = Map::new();
        answer.insert("clientStatus".to_owned(), json!(status));
        answer.insert("log".to_owned(), json!(log.finish()));
        answer.insert("latency".to_owned(), json!(tried.latency_ms));
        let said = tried.decision.filter(|_| decided);
        let said: Option<Value> = said.and_then(|said| serde_json::from_slice(&said).ok());
        if let Some(said) = said {
            if let Some(principal) = said.get("principalId") {
                let principal =
                    principal.as_str().map_or_else(|| principal.to_string(), str::to_owned);
                answer.insert("principalId".to_owned(), json!(principal));
            }
            if let Some(policy) = said.get("policyDocument") {
                answer.insert("policy".to_owned(), json!(policy.to_string()));
            }
        }
        Value::Object(answer)
    }

    /// What identifies the caller, all but its end hidden.
    fn identity(&self) -> String {
        let source = self.authorizer.identity_source.as_deref().unwrap_or_default();
        let field = |name: &str| {
            let fields = self.trial.headers.iter().rev();
            let mut named = fields.filter(|(known, _)| known.eq_ignore_ascii_case(name));
            named.next().map_or("", |(_, value)| value)
        };
        if self.authorizer.kind == "TOKEN" {
            let name = source.strip_prefix("method.request.header.").unwrap_or("Authorization");
            return masked(field(name));
        }
        let sources = source.split(',').map(str::trim).filter(|source| !source.is_empty());
        let shown: Vec<String> = sources
            .map(|source| {
                let header = source.strip_prefix("method.request.header.").map(field);
                let query = || {
                    let name = source.strip_prefix("method.request.querystring.")?;
                    let (_, query) = self.trial.target.split_once('?')?;
                    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
                    pairs.find(|(known, _)| *known == name).map(|(_, value)| value)
                };
                format!("{source}={}", masked(header.or_else(query).unwrap_or_default()))
            })
            .collect();
        format!("{{{}}}", shown.join(", "))
    }
}

/// Lines of the method that there is none of.
fn is_authorizers(text: &str) -> bool {
    let of_method = ["Starting execution", "HTTP Method:", "Method request", "Execution failed: "];
    !of_method.iter().any(|start| text.starts_with(start))
        && text != "statusCode should be an integer which defined in request template"
        && !text.starts_with("Execution failed due to configuration error: statusCode")
        && !text.starts_with("Execution failed due to configuration error: No match")
        && text != "Unauthorized"
}

fn masked(secret: &str) -> String {
    let chars: Vec<char> = secret.chars().collect();
    let hidden = chars.len().saturating_sub(SHOWN_CHARS);
    let hidden = if hidden < SHOWN_CHARS { chars.len() } else { hidden };
    let shown: String = chars[hidden..].iter().collect();
    format!("{}{shown}", "*".repeat(hidden))
}
