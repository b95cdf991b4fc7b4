//! Stages: a deployment under a name, with settings of its own.

use super::cx::Cx;
use super::documents::api_key;
use super::state::Api;
use super::types::{CanarySettings, Stage, Texts};
use super::view::view;
use super::{Deploy, rest_apis, stage_patch, tags};
use crate::ApiError;
use gateway_model::StageName;
use serde::Deserialize;
use serde_json::{Value, json};

/// The settings of a stage that a deployment makes or moves.
pub(super) struct NewStage {
    pub(super) name: String,
    pub(super) description: Option<String>,
    pub(super) cache_cluster_enabled: Option<bool>,
    pub(super) cache_cluster_size: Option<String>,
    pub(super) variables: Option<Texts>,
    pub(super) tracing_enabled: Option<bool>,
}

impl NewStage {
    pub(super) fn check(&self) -> Result<(), ApiError> {
        StageName::parse(&self.name)
            .map_err(|_| ApiError::bad_request("Stage name only allows a-zA-Z0-9_-"))?;
        check_variables(self.variables.as_ref())
    }

    /// The stage that shows `deployment_id`: a new one, or `before` with what is given over it.
    pub(super) fn deployed(
        self,
        before: Option<&Stage>,
        deployment_id: String,
        now: u64,
        sequence: u64,
    ) -> Stage {
        let mut stage = match before {
            Some(stage) => stage.clone(),
            None => {
                Stage { stage_name: self.name, created_date: now, sequence, ..Stage::default() }
            }
        };
        stage.deployment_id = deployment_id;
        stage.last_updated_date = now;
        stage.description = self.description.filter(|text| !text.is_empty()).or(stage.description);
        stage.variables = self.variables.or(stage.variables);
        stage.tracing_enabled = self.tracing_enabled.unwrap_or(stage.tracing_enabled);
        stage.cache_cluster_enabled =
            self.cache_cluster_enabled.unwrap_or(stage.cache_cluster_enabled);
        stage.cache_cluster_size = self.cache_cluster_size.or(stage.cache_cluster_size);
        stage.settle_cache();
        stage
    }
}

impl Stage {
    /// A cluster is there at once; without a size it has the smallest.
    pub(super) fn settle_cache(&mut self) {
        let (status, size) = match self.cache_cluster_enabled {
            true => {
                ("AVAILABLE", self.cache_cluster_size.take().or_else(|| Some("0.5".to_owned())))
            }
            false => ("NOT_AVAILABLE", self.cache_cluster_size.take()),
        };
        status.clone_into(&mut self.cache_cluster_status);
        self.cache_cluster_size = size;
    }
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct CreateStage {
    stage_name: String,
    deployment_id: String,
    description: Option<String>,
    cache_cluster_enabled: Option<bool>,
    cache_cluster_size: Option<String>,
    variables: Option<Texts>,
    documentation_version: Option<String>,
    canary_settings: Option<CanarySettings>,
    tracing_enabled: Option<bool>,
    tags: Option<Texts>,
}

pub(super) fn create_stage(cx: &mut Cx<'_>) -> Result<Value, ApiError> {
    let api_id = cx.label("restapi_id");
    let input: CreateStage = cx.input()?;
    let now = cx.now();
    let api = cx.state.api(&cx.call.account_id, &api_id)?;
    if input.deployment_id.is_empty() {
        return Err(ApiError::bad_request("DeploymentId cannot be empty"));
    }
    if !api.deployments.contains_key(&input.deployment_id) {
        return Err(ApiError::not_found("Invalid Deployment identifier specified"));
    }
    if api.stages.contains_key(&input.stage_name) {
        return Err(ApiError::conflict("Stage already exists"));
    }
    let new = NewStage {
        name: input.stage_name,
        description: input.description,
        cache_cluster_enabled: input.cache_cluster_enabled,
        cache_cluster_size: input.cache_cluster_size,
        variables: input.variables,
        tracing_enabled: input.tracing_enabled,
    };
    new.check()?;
    let tags = tags::checked(input.tags)?;
    check_canary(api, input.canary_settings.as_ref())?;
    let name = new.name.clone();
    let sequence = cx.state.next_sequence();
    let mut stage = new.deployed(None, input.deployment_id, now, sequence);
    stage.documentation_version = input.documentation_version;
    stage.canary_settings = input.canary_settings;
    stage.tags = tags;
    let shown = view(&stage);
    put(cx, &api_id, name, stage)?;
    Ok(shown)
}

fn put(cx: &mut Cx<'_>, api_id: &str, name: String, stage: Stage) -> Result<(), ApiError> {
    cx.writes.put(api_key(api_id, "stages", &name), &stage);
    cx.writes.publish();
    cx.state.api_mut(&cx.call.account_id, api_id)?.stages.insert(name, stage);
    Ok(())
}

/// Whether names and values have characters that a stage variable may have.
pub(super) fn check_variables(variables: Option<&Texts>) -> Result<(), ApiError> {
    for (name, value) in variables.into_iter().flatten() {
        let is_name = !name.is_empty()
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if !is_name {
            return Err(ApiError::bad_request(format!(
                "Stage variable name {name} is invalid. Please use values with alphanumeric characters and underscores"
            )));
        }
        if !value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~:/?#&=,".contains(&byte))
        {
            return Err(ApiError::bad_request(format!(
                "Stage variable value {value} for name {name} is invalid. Please use values with alphanumeric \
                 characters and the symbols ' ', -', '.', '_', ':', '/', '?', '&', '=', and ','."
            )));
        }
    }
    Ok(())
}

/// Whether a share is one.
pub(super) fn check_percent(percent: f64) -> Result<(), ApiError> {
    match (0.0..=100.0).contains(&percent) {
        true => Ok(()),
        false => Err(ApiError::bad_request("Percent traffic must be between 0.0 and 100.0")),
    }
}

/// Whether a stage may have this canary.
pub(super) fn check_canary(api: &Api, canary: Option<&CanarySettings>) -> Result<(), ApiError> {
    let Some(canary) = canary else { return Ok(()) };
    check_percent(canary.percent_traffic)?;
    check_variables(canary.stage_variable_overrides.as_ref())?;
    if !canary.deployment_id.as_ref().is_some_and(|id| api.deployments.contains_key(id)) {
        return Err(ApiError::bad_request("Deployment id does not exist"));
    }
    Ok(())
}

/// The 404 of a stage.
pub(super) fn unknown_stage() -> ApiError {
    ApiError::not_found("Invalid stage identifier specified")
}

fn stage<'c>(cx: &'c Cx<'_>) -> Result<&'c Stage, ApiError> {
    let api = cx.state.api(&cx.call.account_id, &cx.label("restapi_id"))?;
    api.stages.get(&cx.label("stage_name")).ok_or_else(unknown_stage)
}

pub(super) fn get_stage(cx: &mut Cx<'_>) -> Result<Value, ApiError> {
    Ok(view(stage(cx)?))
}

pub(super) fn get_stages(cx: &mut Cx<'_>) -> Result<Value, ApiError> {
    let api = cx.state.api(&cx.call.account_id, &cx.label("restapi_id"))?;
    let deployment = cx.call.query("deploymentId");
    let shows = |stage: &&Stage| deployment.is_none_or(|id| stage.deployment_id == id);
    let mut stages: Vec<&Stage> = api.stages.values().filter(shows).collect();
    stages.sort_by_key(|stage| stage.sequence);
    Ok(json!({ "item": stages.into_iter().map(view).collect::<Vec<_>>() }))
}

pub(super) fn delete_stage(cx: &mut Cx<'_>) -> Result<Value, ApiError> {
    let (api_id, name) = (cx.label("restapi_id"), cx.label("stage_name"));
    let api = cx.state.api(&cx.call.account_id, &api_id)?;
    if !api.stages.contains_key(&name) {
        return Err(unknown_stage());
    }
    let names = |stage: Option<&String>| stage == Some(&name);
    let domains = rest_apis::mapped(cx.state, |mapping| {
        mapping.rest_api_id == api_id && names(mapping.stage.as_ref())
    });
    if let Some(domains) = domains {
        return Err(ApiError::bad_request(format!(
            "Deleting stage {name} failed. Please remove all base path mappings related to the stage in your domains: {domains}"
        )));
    }
    rest_apis::forget_stages(cx, |stage| stage.api_id == api_id && stage.stage == name);
    cx.state.api_mut(&cx.call.account_id, &api_id)?.stages.remove(&name);
    cx.writes.remove(api_key(&api_id, "stages", &name));
    cx.writes.publish();
    Ok(Value::Null)
}

pub(super) fn update_stage(cx: &mut Cx<'_>) -> Result<Value, ApiError> {
    let (api_id, name) = (cx.label("restapi_id"), cx.label("stage_name"));
    let operations = cx.patch()?;
    let api = cx.state.api(&cx.call.account_id, &api_id)?;
    let before = api.stages.get(&name).ok_or_else(unknown_stage)?;
    let mut after = stage_patch::apply(before, &operations)?;
    if !api.deployments.contains_key(&after.deployment_id) {
        return Err(ApiError::not_found("Invalid Deployment identifier specified"));
    }
    check_variables(after.variables.as_ref())?;
    check_canary(api, after.canary_settings.as_ref())?;
    let certificate = after.client_certificate_id.as_ref();
    if certificate.is_some_and(|id| !cx.state.client_certificates.contains_key(id)) {
        return Err(ApiError::not_found("Invalid Client Certificate identifier specified"));
    }
    after.last_updated_date = cx.now();
    after.settle_cache();
    let shown = view(&after);
    put(cx, &api_id, name, after)?;
    Ok(shown)
}

pub(super) fn flush_stage_cache(cx: &mut Cx<'_>) -> Result<Value, ApiError> {
    stage(cx)?;
    let (api_id, stage) = (cx.label("restapi_id"), cx.label("stage_name"));
    cx.writes.deploy(Deploy::FlushCache { api_id, stage });
    Ok(Value::Null)
}

pub(super) fn flush_stage_authorizers_cache(cx: &mut Cx<'_>) -> Result<Value, ApiError> {
    stage(cx)?;
    let (api_id, stage) = (cx.label("restapi_id"), cx.label("stage_name"));
    cx.writes.deploy(Deploy::FlushAuthorizers { api_id, stage });
    Ok(Value::Null)
}
