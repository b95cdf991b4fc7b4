//! The state as documents of the store: one per object, under keys that say what it is.

use super::ids::Ids;
use super::state::{Api, Domain, Plan, State};
use super::types::{BasePathMapping, UsagePlanKey};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt;

/// A document of the store that is not what its key says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidDocument {
    /// Its key.
    pub key: String,
    /// What is wrong.
    pub problem: String,
}

impl fmt::Display for InvalidDocument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the stored document \"{}\" cannot be read: {}", self.key, self.problem)
    }
}

impl std::error::Error for InvalidDocument {}

/// A document's bytes.
pub(super) fn to_bytes(document: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(document).expect("documents have string keys only")
}

/// The key of an API's part; an API itself has no part.
pub(super) fn api_key(api_id: &str, kind: &str, id: &str) -> String {
    format!("restapis/{api_id}/{kind}/{id}")
}

/// The key of a domain name. A private one has its id, because several may share a name.
pub(super) fn domain_key(domain: &super::types::DomainName) -> String {
    match &domain.domain_name_id {
        Some(id) => format!("{}+{id}", domain.domain_name),
        None => domain.domain_name.clone(),
    }
}

pub(super) fn load(documents: &[(String, Vec<u8>)], ids: Ids) -> Result<State, InvalidDocument> {
    let mut state = State::empty(ids);
    for (key, bytes) in documents {
        put(&mut state, key, bytes)
            .map_err(|error| InvalidDocument { key: key.clone(), problem: error.to_string() })?;
    }
    state.apis.retain(|id, api| api.rest_api.id == *id);
    state.usage_plans.retain(|id, plan| plan.usage_plan.id == *id);
    state.domain_names.retain(|_, domain| !domain.domain_name.domain_name.is_empty());
    Ok(state)
}

fn put(state: &mut State, key: &str, bytes: &[u8]) -> serde_json::Result<()> {
    let parts: Vec<&str> = key.splitn(4, '/').collect();
    match *parts.as_slice() {
        ["account"] => state.account = read(bytes)?,
        ["restapis", id] => api(state, id).rest_api = read(bytes)?,
        ["restapis", api_id, kind, id] => put_part(state, api_id, kind, id, bytes)?,
        ["apikeys", id] => {
            let key: super::types::ApiKey = read(bytes)?;
            state.sequence = state.sequence.max(key.sequence);
            state.key_values.insert(key.value.clone().unwrap_or_default(), id.to_owned());
            state.api_keys.insert(id.to_owned(), key);
        }
        ["usageplans", id] => plan(state, id).usage_plan = read(bytes)?,
        ["usageplans", id, "keys", key_id] => {
            let key: UsagePlanKey = read(bytes)?;
            state.sequence = state.sequence.max(key.sequence);
            plan(state, id).keys.insert(key_id.to_owned(), key);
        }
        ["domainnames", name] => domain(state, name).domain_name = read(bytes)?,
        ["domainnames", name, "basepathmappings", _] => {
            let mapping: BasePathMapping = read(bytes)?;
            domain(state, name).mappings.insert(mapping.base_path.clone(), mapping);
        }
        ["domainnameaccessassociations", id] => {
            state.access_associations.insert(id.to_owned(), read(bytes)?);
        }
        ["vpclinks", id] => {
            state.vpc_links.insert(id.to_owned(), read(bytes)?);
        }
        ["clientcertificates", id] => {
            state.client_certificates.insert(id.to_owned(), read(bytes)?);
        }
        // Another service's.
        _ => {}
    }
    Ok(())
}

fn put_part(
    state: &mut State,
    api_id: &str,
    kind: &str,
    id: &str,
    bytes: &[u8],
) -> serde_json::Result<()> {
    let id = id.to_owned();
    let mut sequence = 0;
    let api = api(state, api_id);
    match kind {
        "resources" => drop(api.resources.insert(id, read(bytes)?)),
        "models" => {
            let model: super::types::Model = read(bytes)?;
            sequence = model.sequence;
            api.models.insert(id, model);
        }
        "requestvalidators" => drop(api.request_validators.insert(id, read(bytes)?)),
        "authorizers" => drop(api.authorizers.insert(id, read(bytes)?)),
        "gatewayresponses" => drop(api.gateway_responses.insert(id, read(bytes)?)),
        "documentationparts" => drop(api.documentation_parts.insert(id, read(bytes)?)),
        "documentationversions" => drop(api.documentation_versions.insert(id, read(bytes)?)),
        "deployments" => {
            let deployment: super::types::Deployment = read(bytes)?;
            sequence = deployment.sequence;
            api.deployments.insert(id, deployment);
        }
        "stages" => {
            let stage: super::types::Stage = read(bytes)?;
            sequence = stage.sequence;
            api.stages.insert(id, stage);
        }
        _ => {}
    }
    state.sequence = state.sequence.max(sequence);
    Ok(())
}

fn read<T: DeserializeOwned>(bytes: &[u8]) -> serde_json::Result<T> {
    serde_json::from_slice(bytes)
}

fn api<'s>(state: &'s mut State, id: &str) -> &'s mut Api {
    state.apis.entry(id.to_owned()).or_default()
}

fn plan<'s>(state: &'s mut State, id: &str) -> &'s mut Plan {
    state.usage_plans.entry(id.to_owned()).or_default()
}

fn domain<'s>(state: &'s mut State, name: &str) -> &'s mut Domain {
    state.domain_names.entry(name.to_owned()).or_default()
}
