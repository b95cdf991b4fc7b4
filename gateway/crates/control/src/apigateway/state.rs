//! All that there is, in memory.

use super::convert::Served;
use super::documents::{self, InvalidDocument};
use super::files::Files;
use super::ids::Ids;
use super::types::{
    AccessAssociation, Account, ApiKey, Authorizer, BasePathMapping, ClientCertificate, Deployment,
    DocumentationPart, DocumentationVersion, DomainName, GatewayResponse, Method, Model,
    RequestValidator, Resource, RestApi, Stage, UsagePlan, UsagePlanKey, VpcLink,
};
use crate::ApiError;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// All APIs, keys, plans and names, as the store has them.
#[derive(Debug, Clone)]
pub struct State {
    pub(super) apis: BTreeMap<String, Api>,
    pub(super) api_keys: BTreeMap<String, ApiKey>,
    /// The id of the key that has a value.
    pub(super) key_values: HashMap<String, String>,
    pub(super) usage_plans: BTreeMap<String, Plan>,
    pub(super) domain_names: BTreeMap<String, Domain>,
    pub(super) access_associations: BTreeMap<String, AccessAssociation>,
    pub(super) vpc_links: BTreeMap<String, VpcLink>,
    pub(super) client_certificates: BTreeMap<String, ClientCertificate>,
    pub(super) account: Account,
    pub(super) ids: Ids,
    /// What was made last has the highest number.
    pub(super) sequence: u64,
    /// Which of all this files define.
    pub(super) files: Files,
}

/// An API with its parts.
#[derive(Debug, Clone, Default)]
pub(super) struct Api {
    pub(super) rest_api: RestApi,
    pub(super) resources: BTreeMap<String, Resource>,
    /// By name.
    pub(super) models: BTreeMap<String, Model>,
    pub(super) request_validators: BTreeMap<String, RequestValidator>,
    pub(super) authorizers: BTreeMap<String, Authorizer>,
    /// Those that are customised, by type.
    pub(super) gateway_responses: BTreeMap<String, GatewayResponse>,
    pub(super) documentation_parts: BTreeMap<String, DocumentationPart>,
    pub(super) documentation_versions: BTreeMap<String, DocumentationVersion>,
    pub(super) deployments: BTreeMap<String, Deployment>,
    /// By name.
    pub(super) stages: BTreeMap<String, Stage>,
    pub(super) served: Served,
}

/// A usage plan with its keys.
#[derive(Debug, Clone, Default)]
pub(super) struct Plan {
    pub(super) usage_plan: UsagePlan,
    pub(super) keys: BTreeMap<String, UsagePlanKey>,
}

/// A domain name with its mappings, by base path.
#[derive(Debug, Clone, Default)]
pub(super) struct Domain {
    pub(super) domain_name: DomainName,
    pub(super) mappings: BTreeMap<String, BasePathMapping>,
}

impl State {
    /// The state that a store's documents hold; those of other services are left alone.
    ///
    /// # Errors
    /// [`InvalidDocument`] for the first that cannot be read.
    pub fn load(documents: &[(String, Vec<u8>)], ids: Ids) -> Result<Self, InvalidDocument> {
        documents::load(documents, ids)
    }

    /// Ids of APIs and usage plans, those of files and stacks too.
    #[must_use]
    pub fn ids(&self) -> BTreeSet<String> {
        self.apis.keys().chain(self.usage_plans.keys()).cloned().collect()
    }

    pub(super) fn empty(ids: Ids) -> Self {
        Self {
            apis: BTreeMap::new(),
            api_keys: BTreeMap::new(),
            key_values: HashMap::new(),
            usage_plans: BTreeMap::new(),
            domain_names: BTreeMap::new(),
            access_associations: BTreeMap::new(),
            vpc_links: BTreeMap::new(),
            client_certificates: BTreeMap::new(),
            account: Account::default(),
            ids,
            sequence: 0,
            files: Files::default(),
        }
    }

    /// The number of what is made now.
    pub(super) fn next_sequence(&mut self) -> u64 {
        self.sequence += 1;
        self.sequence
    }

    /// An API, or the 404 that names the account.
    pub(super) fn api(&self, account_id: &str, id: &str) -> Result<&Api, ApiError> {
        self.apis.get(id).ok_or_else(|| unknown_api(account_id, id))
    }

    /// [`State::api`], to change.
    pub(super) fn api_mut(&mut self, account_id: &str, id: &str) -> Result<&mut Api, ApiError> {
        self.apis.get_mut(id).ok_or_else(|| unknown_api(account_id, id))
    }

    /// A resource, or the 404 that is the same for an unknown API and an unknown resource.
    pub(super) fn resource(&self, api_id: &str, id: &str) -> Result<&Resource, ApiError> {
        let api = self.apis.get(api_id);
        api.and_then(|api| api.resources.get(id)).ok_or_else(unknown_resource)
    }

    /// [`State::resource`], to change.
    pub(super) fn resource_mut(
        &mut self,
        api_id: &str,
        id: &str,
    ) -> Result<&mut Resource, ApiError> {
        let api = self.apis.get_mut(api_id);
        api.and_then(|api| api.resources.get_mut(id)).ok_or_else(unknown_resource)
    }

    /// A method of a resource.
    pub(super) fn method(
        &self,
        api_id: &str,
        resource_id: &str,
        verb: &str,
    ) -> Result<&Method, ApiError> {
        self.resource(api_id, resource_id)?.resource_methods.get(verb).ok_or_else(unknown_method)
    }
}

fn unknown_api(account_id: &str, id: &str) -> ApiError {
    ApiError::not_found(format!("Invalid API identifier specified {account_id}:{id}"))
}

pub(super) fn unknown_resource() -> ApiError {
    ApiError::not_found("Invalid Resource identifier specified")
}

pub(super) fn unknown_method() -> ApiError {
    ApiError::not_found("Invalid Method identifier specified")
}
