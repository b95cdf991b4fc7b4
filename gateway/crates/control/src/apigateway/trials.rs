//! TestInvokeMethod and TestInvokeAuthorizer: one request of what is not deployed.
//!
//! The data plane serves it as every other request, from an API that has the one method and none of what AWS passes by:
//! authorization, API keys, throttling, the resource policy. What it says of the request, and the answer, make the log.

mod authorizer;
mod log;
mod method;

pub(super) use authorizer::{AskedAuthorizer, test_invoke_authorizer};
pub(super) use log::{civil, rfc3339};
pub(super) use method::{AskedMethod, test_invoke_method};

use super::convert;
use super::limits::TRIAL_BODY_BYTES_MAX;
use super::types::{Resource, RestApi, Snapshot, Stage, Texts};
use crate::{ApiError, Call, Caller, Trial};
use gateway_model as model;
use gateway_model::{Definitions, Place};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// `$context.domainName` of a request that is tried.
const HOST: &str = "testPrefix.testDomainName";

/// What both operations take.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Input {
    path_with_query_string: Option<String>,
    body: Option<String>,
    headers: Option<Texts>,
    multi_value_headers: Option<BTreeMap<String, Vec<String>>>,
    client_certificate_id: Option<String>,
    stage_variables: Option<Texts>,
    additional_context: Option<Texts>,
}

impl Input {
    /// Header fields as they go on the wire; those with several values win over those with one.
    fn fields(&mut self) -> Result<Vec<(String, String)>, ApiError> {
        let many = self.multi_value_headers.take().unwrap_or_default();
        let one = self.headers.take().unwrap_or_default();
        let one = one.into_iter().filter(|(name, _)| !many.contains_key(name));
        let mut fields: Vec<(String, String)> = one.collect();
        for (name, values) in many {
            fields.extend(values.into_iter().map(|value| (name.clone(), value)));
        }
        // Those of the connection, which is none of the caller's.
        let is_hop = |name: &str| {
            ["connection", "content-length", "transfer-encoding", "expect", "x-amzn-requestid"]
                .iter()
                .any(|hop| name.eq_ignore_ascii_case(hop))
        };
        fields.retain(|(name, _)| !is_hop(name));
        for (name, value) in &fields {
            let is_name = !name.is_empty()
                && name
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b));
            let is_value = !value.bytes().any(|b| b == b'\r' || b == b'\n' || b == 0);
            if !is_name || !is_value {
                return Err(ApiError::bad_request(format!("Invalid header specified: {name}")));
            }
        }
        if !fields.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
            fields.push(("Host".to_owned(), HOST.to_owned()));
        }
        Ok(fields)
    }
}

/// Path and query as they go on the request line: what may not be there is encoded.
fn target(given: &str) -> String {
    const PLAIN: &[u8] = b"-._~!$&'()*+,;=:@/?";
    let mut out = String::with_capacity(given.len() + 1);
    if !given.starts_with('/') {
        out.push('/');
    }
    let bytes = given.as_bytes();
    for (at, byte) in bytes.iter().enumerate() {
        let is_hex = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_hexdigit);
        match byte {
            b'%' if is_hex(at + 1) && is_hex(at + 2) => out.push('%'),
            byte if byte.is_ascii_alphanumeric() || PLAIN.contains(byte) => {
                out.push(char::from(*byte));
            }
            // Writing to a string does not fail.
            byte => drop(write!(out, "%{byte:02X}")),
        }
    }
    out
}

/// The path of a request as it was given.
fn shown_path(given: &str) -> String {
    let path = given.split('?').next().unwrap_or_default();
    if path.starts_with('/') { path.to_owned() } else { format!("/{path}") }
}

/// What is tried: an API that has these resources, with this stage.
fn definitions(
    rest_api: &RestApi,
    snapshot: &Snapshot,
    stage_name: &str,
    input: &mut Input,
) -> Result<Definitions, ApiError> {
    let refused = |problem: Box<model::Diagnostic>| ApiError::bad_request(problem.text.clone());
    let bare = RestApi { disable_execute_api_endpoint: false, ..rest_api.clone() };
    let mut api = convert::tried(&bare, snapshot).map_err(refused)?;
    let stage = Stage {
        stage_name: stage_name.to_owned(),
        deployment_id: stage_name.to_owned(),
        variables: input.stage_variables.take(),
        client_certificate_id: input.client_certificate_id.take().filter(|id| !id.is_empty()),
        ..Stage::default()
    };
    let stage = convert::stage(&stage).map_err(refused)?;
    let id = stage.deployment.clone();
    let deployed = model::Deployment {
        id: id.clone(),
        logical_id: stage_name.to_owned(),
        description: None,
        canary: None,
        place: Place::nowhere(),
    };
    api.deployments.insert(id, deployed);
    api.stages.insert(stage.name.clone(), stage);
    Ok(Definitions { apis: vec![api.into()], ..Definitions::default() })
}

/// A resource and those above it, without their methods.
fn chain(resources: &BTreeMap<String, Resource>, id: &str) -> Vec<Resource> {
    let mut found = Vec::new();
    let mut at = resources.get(id);
    while let Some(resource) = at {
        found.push(Resource { resource_methods: BTreeMap::new(), ..resource.clone() });
        at = resource.parent_id.as_ref().and_then(|parent| resources.get(parent));
    }
    found
}

/// Who asks for the trial.
fn caller(call: &Call) -> Caller {
    let authorization = call.header("authorization").unwrap_or_default();
    let credential = authorization.split("Credential=").nth(1).unwrap_or_default();
    let account = &call.account_id;
    Caller {
        account_id: account.clone(),
        user_arn: format!("arn:{}:iam::{account}:root", super::import::partition(&call.region)),
        user: account.clone(),
        access_key: credential.split('/').next().unwrap_or_default().to_owned(),
        user_agent: call.header("user-agent").unwrap_or_default().to_owned(),
    }
}

/// The trial of a request; its id is that of the call that asks for it.
fn trial(
    call: &Call,
    definitions: Definitions,
    method: &str,
    path_with_query: &str,
    mut input: Input,
) -> Result<Trial, ApiError> {
    let body = input.body.take().unwrap_or_default().into_bytes();
    if body.len() > TRIAL_BODY_BYTES_MAX {
        let text =
            format!("A request that is tried may have a body of {TRIAL_BODY_BYTES_MAX} bytes");
        return Err(ApiError::new(413, "RequestEntityTooLargeException", text));
    }
    Ok(Trial {
        definitions,
        method: method.to_owned(),
        target: target(path_with_query),
        path: shown_path(path_with_query),
        headers: input.fields()?,
        body,
        request_id: call.request_id.clone(),
        caller: caller(call),
        context: input.additional_context.take().unwrap_or_default(),
    })
}
