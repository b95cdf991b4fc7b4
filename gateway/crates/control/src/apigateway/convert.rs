//! What is served, as the model that the data plane compiles.
//!
//! An API whose stages show several deployments appears once for each of them, with that deployment's snapshot, the stages
//! that show it, and the deployment itself; a canary's deployment is such an entry too, perhaps without stages.

mod account;
mod method;
mod rest_api;
mod stage;

use super::state::{Api, State};
use super::types::{self, Deployment, Stage};
use gateway_model::{
    Account, ApiStage, Definitions, Diagnostic, Place, RestApi, RestApiId, Shared, StageName,
};
use std::collections::{BTreeMap, BTreeSet};

/// What cannot be served, and why.
type Problem = Box<Diagnostic>;

/// What the data plane was given of an API last, by deployment.
#[derive(Clone, Default)]
pub(super) struct Served(BTreeMap<String, Entry>);

/// It is no part of what an API is.
impl std::fmt::Debug for Served {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Served")
    }
}

/// What was made of a deployment, and what it was made of: the same things make the same again.
#[derive(Clone)]
struct Entry {
    rest_api: types::RestApi,
    stages: Vec<Stage>,
    /// A deployment's number is its own; what it froze does not change.
    sequence: u64,
    description: Option<String>,
    made: Shared<RestApi>,
}

impl State {
    /// What the data plane serves of this state: deployed stages, and keys, plans and names. What files define is not part of it.
    ///
    /// What the model has no place for was refused when it was made; should the store hold such a thing all the same, the
    /// API's entry is left out.
    #[must_use]
    pub fn definitions(&mut self) -> Definitions {
        let cloudwatch_role_arn = self.account.cloudwatch_role_arn.clone();
        let apis = self.apis.iter_mut().filter(|(id, _)| !self.files.have("restapis", id));
        let apis = apis.flat_map(|(_, api)| deployed(api)).collect();
        let files = &self.files;
        let keys = self.api_keys.iter().filter(|(id, _)| !files.have("apikeys", id));
        let plans = || {
            let plans = self.usage_plans.iter();
            plans.filter(|(id, _)| !files.have("usageplans", id)).map(|(_, plan)| plan)
        };
        let domains = || {
            let domains = self.domain_names.iter();
            domains.filter(|(key, _)| !files.have("domainnames", key)).map(|(_, domain)| domain)
        };
        let associations = self.access_associations.iter();
        let associations =
            associations.filter(|(id, _)| !files.have("domainnameaccessassociations", id));
        let links = self.vpc_links.iter().filter(|(id, _)| !files.have("vpclinks", id));
        let certificates = self.client_certificates.iter();
        let certificates = certificates.filter(|(id, _)| !files.have("clientcertificates", id));
        Definitions {
            apis,
            api_keys: keys.map(|(_, key)| account::api_key(key)).collect(),
            usage_plans: plans()
                .filter_map(|plan| account::usage_plan(&plan.usage_plan))
                .map(|mut plan| {
                    let is_there = |of: &ApiStage| self.is_there(&of.rest_api_id, Some(&of.stage));
                    plan.api_stages.retain(is_there);
                    plan
                })
                .collect(),
            usage_plan_keys: plans().flat_map(account::usage_plan_keys).collect(),
            domain_names: domains()
                .map(|domain| account::domain_name(&domain.domain_name))
                .collect(),
            base_path_mappings: domains()
                .flat_map(account::base_path_mappings)
                .filter(|mapping| {
                    let api = mapping.rest_api_id.as_ref();
                    api.is_some_and(|api| self.is_there(api, mapping.stage.as_ref()))
                })
                .collect(),
            domain_name_access_associations: associations
                .map(|(_, association)| account::association(association))
                .collect(),
            vpc_links: links.map(|(_, link)| account::vpc_link(link)).collect(),
            client_certificates: certificates
                .map(|(_, certificate)| account::client_certificate(certificate))
                .collect(),
            account: Some(Account { cloudwatch_role_arn, place: Place::nowhere() }),
            ..Definitions::default()
        }
    }

    /// Whether a stage can be called, or without one any stage. Mappings of an API, and all that names
    /// an API of files, outlive the stages that they lead to, and mean nothing until those are back.
    fn is_there(&self, api: &RestApiId, stage: Option<&StageName>) -> bool {
        self.apis.get(api.as_str()).is_some_and(|api| match stage {
            Some(stage) => api.stages.contains_key(stage.as_str()),
            None => !api.stages.is_empty(),
        })
    }
}

/// An API's entries: one for each deployment that a stage or a canary shows.
fn deployed(api: &mut Api) -> Vec<Shared<RestApi>> {
    let shown: BTreeSet<&str> = api
        .stages
        .values()
        .flat_map(|stage| {
            let canary =
                stage.canary_settings.as_ref().and_then(|canary| canary.deployment_id.as_deref());
            [Some(&*stage.deployment_id), canary].into_iter().flatten()
        })
        .collect();
    let deployments = shown.into_iter().filter_map(|id| api.deployments.get(id));
    let entries = deployments.filter_map(|deployment| {
        let entry = entry(api, deployment, api.served.0.get(&deployment.id)).ok()?;
        Some((deployment.id.clone(), entry))
    });
    api.served = Served(entries.collect());
    api.served.0.values().map(|entry| entry.made.clone()).collect()
}

fn entry(api: &Api, deployment: &Deployment, before: Option<&Entry>) -> Result<Entry, Problem> {
    let stages = api.stages.values().filter(|stage| stage.deployment_id == deployment.id);
    if let Some(before) = before
        && before.sequence == deployment.sequence
        && before.description == deployment.description
        && before.rest_api == api.rest_api
        && before.stages.iter().eq(stages.clone())
    {
        return Ok(before.clone());
    }
    let mut made = rest_api::convert(&api.rest_api, &deployment.snapshot)?;
    let (id, snapshot) = stage::deployment(deployment);
    made.deployments.insert(id, snapshot);
    let stages: Vec<Stage> = stages.cloned().collect();
    for shown in &stages {
        let stage = stage::convert(shown)?;
        made.stages.insert(stage.name.clone(), stage);
    }
    Ok(Entry {
        rest_api: api.rest_api.clone(),
        stages,
        sequence: deployment.sequence,
        description: deployment.description.clone(),
        made: Shared::new(made),
    })
}

/// A word that the model does not know.
fn unknown(what: &str, error: impl std::fmt::Display) -> Problem {
    Box::new(Diagnostic::error(&Place::nowhere(), format!("{what}: {error}")))
}

/// An API as one of its stages shows it.
pub(super) fn shown(
    rest_api: &super::types::RestApi,
    given: &super::types::Stage,
    deployment: &Deployment,
) -> Result<(RestApi, gateway_model::Stage), Problem> {
    let converted = rest_api::convert(rest_api, &deployment.snapshot)?;
    Ok((converted, stage::convert(given)?))
}

/// A stage by itself.
pub(super) fn stage(given: &super::types::Stage) -> Result<gateway_model::Stage, Problem> {
    stage::convert(given)
}

/// An API of which only this is to be tried.
pub(super) fn tried(
    rest_api: &super::types::RestApi,
    snapshot: &super::types::Snapshot,
) -> Result<RestApi, Problem> {
    rest_api::convert(rest_api, snapshot)
}

/// An API that has these models and nothing else.
pub(super) fn models<'m>(
    rest_api: &types::RestApi,
    models: impl Iterator<Item = &'m types::Model>,
) -> RestApi {
    rest_api::with_models(rest_api, models)
}

pub(super) fn documentation_part(
    given: &super::types::DocumentationPart,
) -> gateway_model::DocumentationPart {
    let location = &given.location;
    gateway_model::DocumentationPart {
        id: gateway_model::DocumentationPartId::new(&given.id),
        location: gateway_model::DocumentationLocation {
            kind: gateway_model::DocumentationPartType::parse(&location.kind).ok(),
            path: location.path.clone(),
            method: location.method.clone(),
            status_code: location.status_code.clone(),
            name: location.name.clone(),
        },
        properties: given.properties.clone(),
        place: Place::nowhere(),
    }
}
