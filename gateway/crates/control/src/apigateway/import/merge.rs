//! Laying what a document describes over an API.

use super::parts;
use crate::apigateway::rest_apis;
use crate::apigateway::state::{Api, State};
use crate::apigateway::types::{DocumentationVersion, Method, Model, Resource, RestApi};
use crate::apigateway::{integrations, responses};
use crate::{ApiError, Call};
use gateway_model as model;
use std::collections::{BTreeMap, HashMap, HashSet};

/// What becomes of that which the document does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// It stays.
    Merge,
    /// It goes.
    Overwrite,
}

impl Mode {
    pub(super) fn read(call: &Call) -> Result<Self, ApiError> {
        match super::parameter(call, "mode") {
            None | Some("merge" | "import") => Ok(Self::Merge),
            Some("overwrite") => Ok(Self::Overwrite),
            Some(other) => Err(ApiError::validation(format!(
                "1 validation error detected: Value '{other}' at 'mode' failed to satisfy constraint: Member must \
                 satisfy enum value set: [merge, overwrite]"
            ))),
        }
    }
}

/// The settings of an API as a document has them.
pub(super) fn describe(
    rest_api: &mut RestApi,
    given: &model::RestApi,
    mode: Mode,
) -> Result<(), ApiError> {
    let is_overwrite = mode == Mode::Overwrite;
    let set = |slot: &mut Option<String>, value: Option<String>| {
        if value.is_some() || is_overwrite {
            *slot = value;
        }
    };
    rest_api.name.clone_from(&given.name);
    set(&mut rest_api.description, given.description.clone());
    set(&mut rest_api.version, given.version.clone());
    set(&mut rest_api.policy, given.policy.as_ref().map(|policy| policy.value.to_string()));
    rest_apis::check_policy(rest_api.policy.as_deref())?;
    let source = given.api_key_source;
    if is_overwrite || source != model::ApiKeySource::Header {
        source.as_str().clone_into(&mut rest_api.api_key_source);
    }
    let size = given.minimum_compression_size.map(i64::from);
    if size.is_some() || is_overwrite {
        rest_api.minimum_compression_size = size;
    }
    let mut types =
        rest_api.binary_media_types.take().filter(|_| !is_overwrite).unwrap_or_default();
    for media_type in &given.binary_media_types {
        if !types.contains(media_type) {
            types.push(media_type.clone());
        }
    }
    rest_api.binary_media_types = Some(types).filter(|types| !types.is_empty());
    if is_overwrite || given.disable_execute_api_endpoint {
        rest_api.disable_execute_api_endpoint = given.disable_execute_api_endpoint;
    }
    // What a document does not say of the endpoint is no wish to change it.
    let endpoint = &mut rest_api.endpoint_configuration;
    if !given.endpoint.types.is_empty() {
        endpoint.types = given.endpoint.types.iter().map(|kind| kind.as_str().to_owned()).collect();
    }
    if given.endpoint.ip_address_type.is_some() {
        endpoint.ip_address_type.clone_from(&given.endpoint.ip_address_type);
    }
    if !given.endpoint.vpc_endpoint_ids.is_empty() {
        let mut ids =
            endpoint.vpc_endpoint_ids.take().filter(|_| !is_overwrite).unwrap_or_default();
        ids.extend(given.endpoint.vpc_endpoint_ids.iter().cloned());
        ids.dedup();
        endpoint.vpc_endpoint_ids = Some(ids);
    }
    if given.security_policy.is_some() {
        rest_api.security_policy.clone_from(&given.security_policy);
    }
    if given.endpoint_access_mode.is_some() {
        rest_api.endpoint_access_mode.clone_from(&given.endpoint_access_mode);
    }
    Ok(())
}

/// Lays all parts over the API. What cannot be is said; the API is of no use then.
pub(super) fn lay_over(
    state: &mut State,
    api: &mut Api,
    given: &model::RestApi,
    mode: Mode,
    call: &Call,
    errors: &mut Vec<String>,
) {
    let before = match mode {
        Mode::Merge => Parts::default(),
        Mode::Overwrite => Parts::take(api),
    };
    models(state, api, before.models, given);
    let mut names = parts::Names::default();
    let known = api.request_validators.values();
    let known: HashMap<_, _> = known.map(|known| (known.name.clone(), known.id.clone())).collect();
    for validator in given.request_validators.values() {
        let id = known.get(&validator.name).cloned();
        let id = id.unwrap_or_else(|| fresh(state, |id| api.request_validators.contains_key(id)));
        names.validators.insert(validator.id.to_string(), id.clone());
        api.request_validators.insert(id.clone(), parts::validator(validator, id));
    }
    let known = api.authorizers.values();
    let known: HashMap<_, _> = known.map(|known| (known.name.clone(), known.id.clone())).collect();
    for authorizer in given.authorizers.values() {
        let id = known.get(&authorizer.name).cloned();
        let id = id.unwrap_or_else(|| fresh(state, |id| api.authorizers.contains_key(id)));
        names.authorizers.insert(authorizer.id.to_string(), id.clone());
        api.authorizers.insert(id.clone(), parts::authorizer(authorizer, id));
    }
    for response in given.gateway_responses.values() {
        let response = parts::gateway_response(response);
        api.gateway_responses.insert(response.response_type.clone(), response);
    }
    resources(state, api, before.resources, given, &names, errors);
    documentation(state, api, given, call, errors);
}

/// What an overwriting import takes away, as far as ids are kept.
#[derive(Default)]
struct Parts {
    models: BTreeMap<String, Model>,
    resources: BTreeMap<String, Resource>,
}

impl Parts {
    /// Leaves the root resource, without methods.
    fn take(api: &mut Api) -> Self {
        let models = std::mem::take(&mut api.models);
        let resources = std::mem::take(&mut api.resources);
        let root = &api.rest_api.root_resource_id;
        if let Some(resource) = resources.get(root) {
            let bare = Resource { resource_methods: BTreeMap::new(), ..resource.clone() };
            api.resources.insert(root.clone(), bare);
        }
        api.request_validators.clear();
        api.authorizers.clear();
        api.gateway_responses.clear();
        api.documentation_parts.clear();
        Self { models, resources }
    }
}

fn fresh(state: &mut State, taken: impl Fn(&str) -> bool) -> String {
    state.ids.next(6, taken)
}

fn models(
    state: &mut State,
    api: &mut Api,
    before: BTreeMap<String, Model>,
    given: &model::RestApi,
) {
    let mut ids: HashSet<String> =
        api.models.values().chain(before.values()).map(|model| model.id.clone()).collect();
    // In the order of the document, which is the order of lists.
    let mut sorted: Vec<_> = given.models.values().collect();
    sorted.sort_by_key(|model| (model.place.line, model.place.col));
    for model in sorted {
        let known = api.models.get(&model.name);
        let (id, sequence) = match known {
            Some(known) => (known.id.clone(), known.sequence),
            None => (fresh(state, |id| ids.contains(id)), state.next_sequence()),
        };
        ids.insert(id.clone());
        api.models.insert(model.name.clone(), parts::model(model, id, sequence));
    }
}

/// Resources by their paths. One whose path stays keeps its id, whoever overwrites it.
fn resources(
    state: &mut State,
    api: &mut Api,
    before: BTreeMap<String, Resource>,
    given: &model::RestApi,
    names: &parts::Names,
    errors: &mut Vec<String>,
) {
    let known = before.values().chain(api.resources.values());
    let known: HashMap<String, String> =
        known.map(|resource| (resource.path.clone(), resource.id.clone())).collect();
    // The variable part below each resource, since there is one at most.
    let with_variable = api.resources.values().filter_map(|resource| {
        let part = resource.path_part.as_ref().filter(|part| part.starts_with('{'))?;
        Some((resource.parent_id.clone()?, part.clone()))
    });
    let variables: HashMap<String, String> = with_variable.collect();
    let mut sorted: Vec<&model::Resource> = given.resources.values().collect();
    // Parents come before their children.
    sorted.sort_by(|one, two| one.path.cmp(&two.path));
    let mut ids: HashMap<&model::ResourceId, String> = HashMap::with_capacity(sorted.len());
    let mut taken: HashSet<String> = known.values().cloned().collect();
    for resource in sorted {
        let id = match known.get(&resource.path) {
            Some(id) => id.clone(),
            None => fresh(state, |id| taken.contains(id)),
        };
        taken.insert(id.clone());
        ids.insert(&resource.id, id.clone());
        if !api.resources.contains_key(&id) {
            let parent_id = resource.parent.as_ref().and_then(|parent| ids.get(parent)).cloned();
            let part = resource.path_part.to_string();
            let sibling = parent_id.as_ref().and_then(|parent| variables.get(parent));
            if let Some(sibling) =
                sibling.filter(|sibling| part.starts_with('{') && **sibling != part)
            {
                errors.push(format!(
                    "Unable to create resource at path '{}': A sibling ({sibling}) of this resource already has a \
                     variable path part -- only one is allowed",
                    resource.path
                ));
            }
            let made = Resource {
                id: id.clone(),
                parent_id,
                path_part: Some(part),
                path: resource.path.clone(),
                resource_methods: BTreeMap::new(),
            };
            api.resources.insert(id.clone(), made);
        }
        for method in resource.methods.values() {
            let method = parts::method(method, &id, names);
            let method = checked(method, &resource.path, errors);
            if let Some(at) = api.resources.get_mut(&id) {
                at.resource_methods.insert(method.http_method.clone(), method);
            }
        }
    }
}

/// A method whose integration AWS would take.
fn checked(mut method: Method, path: &str, errors: &mut Vec<String>) -> Method {
    let Some(mut integration) = method.method_integration.take() else { return method };
    let given = integration.integration_responses.take();
    let verb = method.http_method.clone();
    match integrations::checked(&method, integration.clone()) {
        Ok(checked) => integration = checked,
        Err(error) => errors.push(format!(
            "Unable to put integration on '{verb}' for resource at path '{path}': {}",
            error.message
        )),
    }
    method.method_integration = Some(integration);
    let mut responses: Vec<_> = given.into_iter().flatten().map(|(_, response)| response).collect();
    // In the order of their statuses, as they are kept.
    responses.sort_by(|one, two| one.status_code.cmp(&two.status_code));
    for response in responses {
        if let Err(error) = responses::put_response(&mut method, response) {
            errors.push(format!(
                "Unable to put integration response on '{verb}' for resource at path '{path}': {}",
                error.message
            ));
        }
    }
    method
}

fn documentation(
    state: &mut State,
    api: &mut Api,
    given: &model::RestApi,
    call: &Call,
    errors: &mut Vec<String>,
) {
    super::documentation::add(state, api, &given.documentation_parts, errors);
    for version in &given.documentation_versions {
        let made = DocumentationVersion {
            version: version.version.clone(),
            created_date: call.unix_ms / 1000,
            description: version.description.clone(),
            parts: api.documentation_parts.values().cloned().collect(),
        };
        api.documentation_versions.entry(version.version.clone()).or_insert(made);
    }
}
