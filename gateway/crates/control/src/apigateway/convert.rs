//! What is served, as the model that the data plane compiles.
//!
//! An API whose stages show several deployments appears once for each of them, with that deployment's snapshot, the stages
//! that show it, and the deployment itself; a canary's deployment is such an entry too, perhaps without stages.

mod account;
mod method;
mod rest_api;
mod stage;

use super::state::{Api, State};
use super::types::Deployment;
use gateway_model::{Account, Definitions, Diagnostic, Place, RestApi};
use std::collections::BTreeSet;

/// What cannot be served, and why.
type Problem = Box<Diagnostic>;

impl State {
    /// What the data plane serves of this state: deployed stages, and keys, plans and names.
    ///
    /// What the model has no place for was refused when it was made; should the store hold such a thing all the same, the
    /// API's entry is left out.
    #[must_use]
    pub fn definitions(&self) -> Definitions {
        let cloudwatch_role_arn = self.account.cloudwatch_role_arn.clone();
        Definitions {
            apis: self.apis.values().flat_map(deployed).collect(),
            api_keys: self.api_keys.values().map(account::api_key).collect(),
            usage_plans: self
                .usage_plans
                .values()
                .filter_map(|plan| account::usage_plan(&plan.usage_plan))
                .collect(),
            usage_plan_keys: self.usage_plans.values().flat_map(account::usage_plan_keys).collect(),
            domain_names: self
                .domain_names
                .values()
                .map(|domain| account::domain_name(&domain.domain_name))
                .collect(),
            base_path_mappings: self
                .domain_names
                .values()
                .flat_map(account::base_path_mappings)
                .collect(),
            domain_name_access_associations: self
                .access_associations
                .values()
                .map(account::association)
                .collect(),
            vpc_links: self.vpc_links.values().map(account::vpc_link).collect(),
            client_certificates: self
                .client_certificates
                .values()
                .map(account::client_certificate)
                .collect(),
            account: Some(Account { cloudwatch_role_arn, place: Place::nowhere() }),
            ..Definitions::default()
        }
    }
}

/// An API's entries: one for each deployment that a stage or a canary shows.
fn deployed(api: &Api) -> Vec<RestApi> {
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
    deployments.filter_map(|deployment| entry(api, deployment).ok()).collect()
}

fn entry(api: &Api, deployment: &Deployment) -> Result<RestApi, Problem> {
    let mut converted = rest_api::convert(&api.rest_api, &deployment.snapshot)?;
    let (id, snapshot) = stage::deployment(deployment);
    converted.deployments.insert(id, snapshot);
    for shown in api.stages.values().filter(|stage| stage.deployment_id == deployment.id) {
        let stage = stage::convert(shown)?;
        converted.stages.insert(stage.name.clone(), stage);
    }
    Ok(converted)
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
