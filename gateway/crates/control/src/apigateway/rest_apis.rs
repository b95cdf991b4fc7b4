//! REST APIs themselves.

use super::cx::Cx;
use super::inputs::SECURITY_POLICIES;
use super::limits::{API_NAME_CHARS_MAX, COMPRESSION_SIZE_MAX};
use super::patch::{self, AD, ARD, Family, PatchOperation, R, Rule, Set, rule};
use super::state::{Api, State};
use super::types::{
    ApiStage, BasePathMapping, EndpointConfiguration, Model, Resource, RestApi, Texts,
};
use super::view::{page, view, view_with_tags};
use super::{documents, tags};
use crate::ApiError;
use serde::Deserialize;
use serde_json::Value;

const EMPTY_SCHEMA: &str = "{\n  \"$schema\": \"http://json-schema.org/draft-04/schema#\",\n  \
    \"title\" : \"Empty Schema\",\n  \"type\" : \"object\"\n}";
const ERROR_SCHEMA: &str = "{\n  \"$schema\" : \"http://json-schema.org/draft-04/schema#\",\n  \
    \"title\" : \"Error Schema\",\n  \"type\" : \"object\",\n  \"properties\" : {\n    \
    \"message\" : { \"type\" : \"string\" }\n  }\n}";

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct CreateRestApi {
    name: String,
    description: Option<String>,
    version: Option<String>,
    clone_from: Option<String>,
    binary_media_types: Option<Vec<String>>,
    minimum_compression_size: Option<i64>,
    api_key_source: Option<String>,
    endpoint_configuration: EndpointConfiguration,
    policy: Option<String>,
    tags: Option<Texts>,
    disable_execute_api_endpoint: bool,
    security_policy: Option<String>,
    endpoint_access_mode: Option<String>,
}

pub(super) fn create_rest_api(cx: &mut Cx<'_>) -> Result<Value, ApiError> {
    let has_types = cx
        .body
        .get("endpointConfiguration")
        .is_some_and(|endpoint| endpoint.get("types").is_some());
    let input: CreateRestApi = cx.input()?;
    if input.description.as_deref() == Some("") {
        return Err(ApiError::bad_request("Description cannot be an empty string"));
    }
    check_name(&input.name)?;
    let endpoint = endpoint(input.endpoint_configuration, has_types)?;
    if input
        .minimum_compression_size
        .is_some_and(|size| !(0..=COMPRESSION_SIZE_MAX).contains(&size))
    {
        return Err(invalid_compression());
    }
    check_policy(input.policy.as_deref())?;
    let tags = tags::checked(input.tags)?;
    let source = match &input.clone_from {
        Some(id) => Some(cx.state.api(&cx.call.account_id, id)?.clone()),
        None => None,
    };
    let state = &mut *cx.state;
    let custom = tags.as_ref().and_then(|tags| tags.get(tags::CUSTOM_ID)).cloned();
    let id = match custom {
        Some(id) => {
            check_custom_id(state, &id)?;
            id
        }
        None => state.ids.next(10, |id| state.apis.contains_key(id)),
    };
    let rest_api = RestApi {
        id: id.clone(),
        name: input.name,
        description: input.description,
        created_date: cx.call.unix_ms / 1000,
        version: input.version,
        binary_media_types: input.binary_media_types.filter(|types| !types.is_empty()),
        minimum_compression_size: input.minimum_compression_size,
        api_key_source: input.api_key_source.unwrap_or_else(|| "HEADER".to_owned()),
        endpoint_configuration: endpoint,
        policy: input.policy.filter(|policy| !policy.is_empty()),
        tags,
        disable_execute_api_endpoint: input.disable_execute_api_endpoint,
        root_resource_id: String::new(),
        security_policy: input.security_policy,
        endpoint_access_mode: input.endpoint_access_mode,
    };
    let api = match source {
        Some(source) => cloned(source, rest_api),
        None => fresh(cx, rest_api),
    };
    let shown = view(&api.rest_api);
    put_all(cx, &api);
    cx.state.apis.insert(id, api);
    Ok(shown)
}

/// Whether an API may be called so.
pub(super) fn check_name(name: &str) -> Result<(), ApiError> {
    let text = match name {
        "" => "Name cannot be empty".to_owned(),
        _ if name.chars().count() > API_NAME_CHARS_MAX => {
            format!("Invalid API name specified, can be at most {API_NAME_CHARS_MAX} characters.")
        }
        _ if name.contains(char::is_control) => {
            "Invalid API name specified: it has a control character".to_owned()
        }
        _ => return Ok(()),
    };
    Err(ApiError::bad_request(text))
}

/// Whether a security policy is one, or is none at all.
pub(super) fn check_security_policy(policy: Option<&str>) -> Result<(), ApiError> {
    match policy.filter(|policy| !SECURITY_POLICIES.contains(policy)) {
        None => Ok(()),
        Some(policy) => Err(ApiError::bad_request(format!(
            "Invalid security policy specified: {policy}. Valid options are {}",
            SECURITY_POLICIES.join(",")
        ))),
    }
}

/// Whether an endpoint access mode is one, or is none at all.
pub(super) fn check_access_mode(mode: Option<&str>) -> Result<(), ApiError> {
    match mode {
        None | Some("BASIC" | "STRICT") => Ok(()),
        Some(mode) => Err(ApiError::bad_request(format!(
            "Invalid endpoint access mode specified: {mode}. Valid options are BASIC,STRICT"
        ))),
    }
}

/// Whether a new API may have the id that its tag asks for.
pub(super) fn check_custom_id(state: &State, id: &str) -> Result<(), ApiError> {
    if !gateway_definition::is_custom_id(id) {
        return Err(ApiError::bad_request(format!(
            "\"{id}\" cannot be an API's id: 1 to 63 of a-z, 0-9 and inner hyphens"
        )));
    }
    match state.apis.contains_key(id) {
        true => Err(ApiError::conflict(format!("An API with the id {id} already exists"))),
        false => Ok(()),
    }
}

/// The endpoint with its defaults.
pub(super) fn endpoint(
    given: EndpointConfiguration,
    has_types: bool,
) -> Result<EndpointConfiguration, ApiError> {
    let mut endpoint = given;
    match endpoint.types.as_slice() {
        [] if has_types => {
            let text = "REGIONAL Configuration and EDGE Configuration cannot be both DISABLED.";
            return Err(ApiError::bad_request(text));
        }
        [] => endpoint.types.push("EDGE".to_owned()),
        [_] => {}
        _ => {
            return Err(ApiError::bad_request(
                "Cannot create an api with multiple Endpoint Types.",
            ));
        }
    }
    let is_private = endpoint.types.iter().any(|kind| kind == "PRIVATE");
    match endpoint.ip_address_type.as_deref() {
        Some("ipv4") if is_private => return Err(only_dualstack()),
        Some(_) => {}
        None => {
            endpoint.ip_address_type =
                Some(if is_private { "dualstack" } else { "ipv4" }.to_owned())
        }
    }
    endpoint.vpc_endpoint_ids = endpoint.vpc_endpoint_ids.filter(|ids| !ids.is_empty());
    Ok(endpoint)
}

fn only_dualstack() -> ApiError {
    ApiError::bad_request("Only dualstack ipAddressType is supported for Private APIs.")
}

fn invalid_compression() -> ApiError {
    let max = COMPRESSION_SIZE_MAX;
    ApiError::bad_request(format!("Invalid minimum compression size, must be between 0 and {max}"))
}

pub(super) fn check_policy(policy: Option<&str>) -> Result<(), ApiError> {
    match policy.filter(|policy| !policy.is_empty()).map(serde_json::from_str::<Value>) {
        None | Some(Ok(Value::Object(_))) => Ok(()),
        Some(_) => Err(ApiError::bad_request(
            "Invalid policy document. Please check the policy syntax and ensure that Principals are valid.",
        )),
    }
}

/// An API as CreateRestApi makes it: a root resource, and the models `Empty` and `Error`.
fn fresh(cx: &mut Cx<'_>, mut rest_api: RestApi) -> Api {
    let sequences = [cx.state.next_sequence(), cx.state.next_sequence()];
    let ids = &mut cx.state.ids;
    let root = ids.next(10, |_| false);
    rest_api.root_resource_id.clone_from(&root);
    let mut api = Api { rest_api, ..Api::default() };
    let resource = Resource { id: root.clone(), path: "/".to_owned(), ..Resource::default() };
    api.resources.insert(root, resource);
    for (sequence, (name, description, schema)) in sequences.into_iter().zip([
        ("Empty", "This is a default empty schema model", EMPTY_SCHEMA),
        ("Error", "This is a default error schema model", ERROR_SCHEMA),
    ]) {
        let id = ids.next(6, |id| api.models.values().any(|model| model.id == id));
        let model = Model {
            id,
            name: name.to_owned(),
            description: Some(description.to_owned()),
            schema: schema.to_owned(),
            content_type: "application/json".to_owned(),
            sequence,
        };
        api.models.insert(name.to_owned(), model);
    }
    api
}

/// A copy of an API: what it is made of, without deployments, stages and tags. Ids of parts are an API's own.
fn cloned(source: Api, mut rest_api: RestApi) -> Api {
    let given = source.rest_api;
    rest_api.root_resource_id = given.root_resource_id;
    rest_api.binary_media_types = rest_api.binary_media_types.or(given.binary_media_types);
    rest_api.minimum_compression_size =
        rest_api.minimum_compression_size.or(given.minimum_compression_size);
    rest_api.policy = rest_api.policy.or(given.policy);
    Api {
        rest_api,
        deployments: std::collections::BTreeMap::new(),
        stages: std::collections::BTreeMap::new(),
        documentation_versions: std::collections::BTreeMap::new(),
        ..source
    }
}

/// Writes an API with its parts, deployments and stages aside.
pub(super) fn put_all(cx: &mut Cx<'_>, api: &Api) {
    let id = &api.rest_api.id;
    cx.writes.put(format!("restapis/{id}"), &api.rest_api);
    let key = |kind: &str, part: &str| documents::api_key(id, kind, part);
    for (part, document) in &api.resources {
        cx.writes.put(key("resources", part), document);
    }
    for (part, document) in &api.models {
        cx.writes.put(key("models", part), document);
    }
    for (part, document) in &api.request_validators {
        cx.writes.put(key("requestvalidators", part), document);
    }
    for (part, document) in &api.authorizers {
        cx.writes.put(key("authorizers", part), document);
    }
    for (part, document) in &api.gateway_responses {
        cx.writes.put(key("gatewayresponses", part), document);
    }
    for (part, document) in &api.documentation_parts {
        cx.writes.put(key("documentationparts", part), document);
    }
    for (part, document) in &api.documentation_versions {
        cx.writes.put(key("documentationversions", part), document);
    }
}

pub(super) fn get_rest_api(cx: &mut Cx<'_>) -> Result<Value, ApiError> {
    let api = cx.state.api(&cx.call.account_id, &cx.label("restapi_id"))?;
    Ok(view_with_tags(&api.rest_api))
}

pub(super) fn get_rest_apis(cx: &mut Cx<'_>) -> Result<Value, ApiError> {
    let apis = cx.state.apis.iter();
    page(cx.call, apis.map(|(id, api)| (id.clone(), &api.rest_api)).collect(), view)
}

pub(super) fn delete_rest_api(cx: &mut Cx<'_>) -> Result<Value, ApiError> {
    let id = cx.label("restapi_id");
    cx.state.api(&cx.call.account_id, &id)?;
    if let Some(domains) = mapped(cx.state, |mapping| mapping.rest_api_id == id) {
        return Err(ApiError::bad_request(format!(
            "Deleting RestApi {id} failed. Please remove all base path mappings related to the RestApi in your domains: {domains}"
        )));
    }
    let api = cx.state.apis.remove(&id).unwrap_or_default();
    forget_stages(cx, |stage| stage.api_id == id);
    cx.writes.remove(format!("restapis/{id}"));
    cx.writes.remove_all(format!("restapis/{id}/"));
    if !api.stages.is_empty() {
        cx.writes.publish();
    }
    Ok(Value::Null)
}

/// The domain names that have such a mapping, if any has.
pub(super) fn mapped(state: &State, is_meant: impl Fn(&BasePathMapping) -> bool) -> Option<String> {
    let domains = state.domain_names.values();
    let domains = domains.filter(|domain| domain.mappings.values().any(&is_meant));
    let names: Vec<_> = domains.map(|domain| domain.domain_name.domain_name.as_str()).collect();
    Some(names.join(", ")).filter(|names| !names.is_empty())
}

/// Takes stages that go out of all usage plans that are made here.
pub(super) fn forget_stages(cx: &mut Cx<'_>, goes: impl Fn(&ApiStage) -> bool) {
    let files = &cx.state.files;
    let plans = cx.state.usage_plans.iter_mut();
    for (plan_id, plan) in plans.filter(|(plan_id, _)| !files.have("usageplans", plan_id)) {
        let stages = &mut plan.usage_plan.api_stages;
        let before = stages.len();
        stages.retain(|stage| !goes(stage));
        if stages.len() != before {
            cx.writes.put(format!("usageplans/{plan_id}"), &plan.usage_plan);
        }
    }
}

const TYPES: &str = "/endpointConfiguration/types/*";
const RULES: &[Rule] = &[
    rule("/name", R, Set::Verbatim),
    rule("/description", ARD, Set::Text),
    rule("/policy", R, Set::Text),
    rule("/apiKeySource", R, Set::Special),
    rule("/disableExecuteApiEndpoint", R, Set::Flag),
    rule("/securityPolicy", R, Set::Text),
    rule("/endpointAccessMode", R, Set::Text),
    rule("/minimumCompressionSize", R, Set::Special),
    rule("/binaryMediaTypes/*", ARD, Set::ItemInPath),
    rule(TYPES, R, Set::Special),
    rule("/endpointConfiguration/ipAddressType", R, Set::Special),
    rule("/endpointConfiguration/vpcEndpointIds", AD, Set::Items),
];

pub(super) fn update_rest_api(cx: &mut Cx<'_>) -> Result<Value, ApiError> {
    let id = cx.label("restapi_id");
    let operations: Vec<PatchOperation> = cx.patch()?;
    let api = cx.state.api_mut(&cx.call.account_id, &id)?;
    for operation in &operations {
        check_endpoint_operation(operation)?;
    }
    let mut patched = patch::apply(&api.rest_api, Family::Plain, RULES, &operations, special)?;
    if patched.name != api.rest_api.name {
        check_name(&patched.name)?;
    }
    check_security_policy(patched.security_policy.as_deref())?;
    check_access_mode(patched.endpoint_access_mode.as_deref())?;
    check_policy(patched.policy.as_deref())?;
    patched.binary_media_types = patched.binary_media_types.filter(|types| !types.is_empty());
    let endpoint = &mut patched.endpoint_configuration;
    endpoint.vpc_endpoint_ids = endpoint.vpc_endpoint_ids.take().filter(|ids| !ids.is_empty());
    cx.writes.put(format!("restapis/{id}"), &patched);
    if !api.stages.is_empty() {
        cx.writes.publish();
    }
    api.rest_api = patched;
    Ok(view_with_tags(&api.rest_api))
}

/// Types come and go by replacing only, and AWS has words of its own for the rest.
fn check_endpoint_operation(operation: &PatchOperation) -> Result<(), ApiError> {
    let segments = operation.segments();
    let is_types =
        segments.len() == 3 && segments[0] == "endpointConfiguration" && segments[1] == "types";
    if is_types && operation.op != "replace" {
        let text = "Invalid patch operation specified. Must be 'add'|'remove'|'replace'";
        return Err(ApiError::bad_request(text));
    }
    Ok(())
}

fn special(
    rest_api: &mut RestApi,
    operation: &PatchOperation,
    segments: &[String],
) -> Result<(), ApiError> {
    let endpoint = &mut rest_api.endpoint_configuration;
    let is_private = endpoint.types.iter().any(|kind| kind == "PRIVATE");
    match (&*segments[0], operation.text()) {
        ("minimumCompressionSize", "") => rest_api.minimum_compression_size = None,
        ("minimumCompressionSize", text) => {
            let size = text.parse().ok().filter(|size| (0..=COMPRESSION_SIZE_MAX).contains(size));
            rest_api.minimum_compression_size = Some(size.ok_or_else(invalid_compression)?);
        }
        ("apiKeySource", text @ ("HEADER" | "AUTHORIZER")) => {
            text.clone_into(&mut rest_api.api_key_source)
        }
        ("apiKeySource", text) => {
            return Err(ApiError::bad_request(format!(
                "Invalid API key source type specified: {text}"
            )));
        }
        (_, kind) if segments[1] == "types" => match kind {
            "REGIONAL" | "EDGE" | "PRIVATE" => {
                // The path names the type that goes, or its place.
                let (old, has) =
                    (&*segments[2], |name: &str| endpoint.types.iter().any(|kind| kind == name));
                if matches!(old, "REGIONAL" | "EDGE" | "PRIVATE") && !has(old) && !has(kind) {
                    return Err(ApiError::bad_request(format!(
                        "Invalid patch path /endpointConfiguration/types/{old}"
                    )));
                }
                endpoint.types = vec![kind.to_owned()];
                if kind == "PRIVATE" {
                    endpoint.ip_address_type = Some("dualstack".to_owned());
                }
            }
            _ => {
                let text =
                    "Invalid EndpointTypes specified. Valid options are REGIONAL,EDGE,PRIVATE";
                return Err(ApiError::bad_request(text));
            }
        },
        (_, "ipv4") if is_private => return Err(only_dualstack()),
        (_, kind @ ("ipv4" | "dualstack")) => endpoint.ip_address_type = Some(kind.to_owned()),
        _ => return Err(ApiError::bad_request("ipAddressType must be either ipv4 or dualstack.")),
    }
    Ok(())
}
