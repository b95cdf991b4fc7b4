//! The state as documents of the store: one per object, under keys that say what it is.

use super::ids::Ids;
use super::limits::KEY_PART_BYTES_MAX;
use super::state::{Api, Domain, Plan, State};
use super::types::{
    AccessAssociation, ApiKey, Authorizer, BasePathMapping, ClientCertificate, Deployment,
    DocumentationPart, DocumentationVersion, DomainName, GatewayResponse, Model, RequestValidator,
    Resource, RestApi, Stage, UsagePlan, UsagePlanKey, VpcLink,
};
use crate::ApiError;
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

/// What keys of this service begin with.
const KINDS: &[&str] = &[
    "account",
    "restapis",
    "apikeys",
    "usageplans",
    "domainnames",
    "domainnameaccessassociations",
    "vpclinks",
    "clientcertificates",
];

/// Why a document was not taken.
enum Unfit {
    Text(serde_json::Error),
    /// It is another object's document than its key says.
    Foreign,
    /// No object of this crate has such a key.
    Key,
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(error) => error.fmt(f),
            Self::Foreign => f.write_str("it is not of the object that its key names"),
            Self::Key => f.write_str("nothing is stored under such a key"),
        }
    }
}

impl From<serde_json::Error> for Unfit {
    fn from(error: serde_json::Error) -> Self {
        Self::Text(error)
    }
}

/// A document's bytes.
pub(super) fn to_bytes(document: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(document).expect("documents have string keys only")
}

/// Whether a name may be the last part of a key. What it may have besides is its object's matter.
pub(super) fn check_key_part(what: &str, name: &str) -> Result<(), ApiError> {
    match name.len() <= KEY_PART_BYTES_MAX && !name.contains(char::is_control) {
        true => Ok(()),
        false => Err(ApiError::bad_request(format!(
            "Invalid {what} specified: at most {KEY_PART_BYTES_MAX} bytes, and no control characters"
        ))),
    }
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
    orphans(&state)?;
    Ok(state)
}

/// Refuses parts of what is not there: an API, a plan or a domain name would seem to be gone while its parts are not.
fn orphans(state: &State) -> Result<(), InvalidDocument> {
    let api = state.apis.iter().find(|(_, api)| api.rest_api.id.is_empty());
    let plan = state.usage_plans.iter().find(|(_, plan)| plan.usage_plan.id.is_empty());
    let mut domains = state.domain_names.iter();
    let domain = domains.find(|(_, domain)| domain.domain_name.domain_name.is_empty());
    let key = api.map(|(id, _)| format!("restapis/{id}"));
    let key = key.or_else(|| plan.map(|(id, _)| format!("usageplans/{id}")));
    match key.or_else(|| domain.map(|(name, _)| format!("domainnames/{name}"))) {
        Some(key) => {
            let problem = "it is not there, and documents of its parts are".to_owned();
            Err(InvalidDocument { key, problem })
        }
        None => Ok(()),
    }
}

/// A document that says itself which object it is of, and is of the one that its key names.
fn of<T: DeserializeOwned>(bytes: &[u8], key: &str, name: impl Fn(&T) -> &str) -> Result<T, Unfit> {
    let document: T = serde_json::from_slice(bytes)?;
    if name(&document) == key { Ok(document) } else { Err(Unfit::Foreign) }
}

fn put(state: &mut State, key: &str, bytes: &[u8]) -> Result<(), Unfit> {
    let parts: Vec<&str> = key.splitn(4, '/').collect();
    match *parts.as_slice() {
        ["account"] => state.account = read(bytes)?,
        ["restapis", id] => {
            api(state, id).rest_api = of(bytes, id, |api: &RestApi| &api.id)?;
        }
        ["restapis", api_id, kind, id] => put_part(state, api_id, kind, id, bytes)?,
        ["apikeys", id] => {
            let key = of(bytes, id, |key: &ApiKey| &key.id)?;
            state.sequence = state.sequence.max(key.sequence);
            state.key_values.insert(key.value.clone().unwrap_or_default(), id.to_owned());
            state.api_keys.insert(id.to_owned(), key);
        }
        ["usageplans", id] => {
            plan(state, id).usage_plan = of(bytes, id, |plan: &UsagePlan| &plan.id)?;
        }
        ["usageplans", id, "keys", key_id] => {
            let key = of(bytes, key_id, |key: &UsagePlanKey| &key.key_id)?;
            state.sequence = state.sequence.max(key.sequence);
            plan(state, id).keys.insert(key_id.to_owned(), key);
        }
        ["domainnames", name] => {
            let document: DomainName = read(bytes)?;
            if domain_key(&document) != name {
                return Err(Unfit::Foreign);
            }
            domain(state, name).domain_name = document;
        }
        ["domainnames", name, "basepathmappings", path] => {
            let mapping = of(bytes, path, |mapping: &BasePathMapping| &mapping.base_path)?;
            domain(state, name).mappings.insert(mapping.base_path.clone(), mapping);
        }
        ["domainnameaccessassociations", id] => {
            let association: AccessAssociation = read(bytes)?;
            if !association.domain_name_access_association_arn.ends_with(&format!("+{id}")) {
                return Err(Unfit::Foreign);
            }
            state.access_associations.insert(id.to_owned(), association);
        }
        ["vpclinks", id] => {
            state.vpc_links.insert(id.to_owned(), of(bytes, id, |link: &VpcLink| &link.id)?);
        }
        ["clientcertificates", id] => {
            let certificate = of(bytes, id, |one: &ClientCertificate| &one.client_certificate_id)?;
            state.client_certificates.insert(id.to_owned(), certificate);
        }
        [kind, ..] if KINDS.contains(&kind) => return Err(Unfit::Key),
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
) -> Result<(), Unfit> {
    let mut sequence = 0;
    let api = api(state, api_id);
    let key = id.to_owned();
    match kind {
        "resources" => {
            drop(api.resources.insert(key, of(bytes, id, |one: &Resource| &one.id)?));
        }
        "models" => {
            let model = of(bytes, id, |one: &Model| &one.name)?;
            sequence = model.sequence;
            api.models.insert(key, model);
        }
        "requestvalidators" => {
            let validator = of(bytes, id, |one: &RequestValidator| &one.id)?;
            api.request_validators.insert(key, validator);
        }
        "authorizers" => {
            drop(api.authorizers.insert(key, of(bytes, id, |one: &Authorizer| &one.id)?));
        }
        "gatewayresponses" => {
            let response = of(bytes, id, |one: &GatewayResponse| &one.response_type)?;
            api.gateway_responses.insert(key, response);
        }
        "documentationparts" => {
            let part = of(bytes, id, |one: &DocumentationPart| &one.id)?;
            api.documentation_parts.insert(key, part);
        }
        "documentationversions" => {
            let version = of(bytes, id, |one: &DocumentationVersion| &one.version)?;
            api.documentation_versions.insert(key, version);
        }
        "deployments" => {
            let deployment = of(bytes, id, |one: &Deployment| &one.id)?;
            sequence = deployment.sequence;
            api.deployments.insert(key, deployment);
        }
        "stages" => {
            let stage = of(bytes, id, |one: &Stage| &one.stage_name)?;
            sequence = stage.sequence;
            api.stages.insert(key, stage);
        }
        _ => return Err(Unfit::Key),
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
