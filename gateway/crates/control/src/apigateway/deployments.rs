//! Deployments: what an API was at one moment.

use super::cx::Cx;
use super::documents::api_key;
use super::patch::{self, Family, R, Rule, Set, rule};
use super::stages::{self, NewStage};
use super::state::Api;
use super::types::{CanarySettings, Deployment, Snapshot, Texts};
use super::view::{page, view};
use crate::ApiError;
use serde::Deserialize;
use serde_json::{Map, Value, json};

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct CreateDeployment {
    stage_name: Option<String>,
    stage_description: Option<String>,
    description: Option<String>,
    cache_cluster_enabled: Option<bool>,
    cache_cluster_size: Option<String>,
    variables: Option<Texts>,
    canary_settings: Option<CanarySettings>,
    tracing_enabled: Option<bool>,
}

pub(super) fn create_deployment(cx: &mut Cx<'_>) -> Result<Value, ApiError> {
    let api_id = cx.label("restapi_id");
    let input: CreateDeployment = cx.input()?;
    let now = cx.now();
    let api = cx.state.api(&cx.call.account_id, &api_id)?;
    check_deployable(api)?;
    check_canary(api, &input)?;
    let stage_name = input.stage_name.filter(|name| !name.is_empty());
    let new_stage = NewStage {
        name: stage_name.unwrap_or_default(),
        description: input.stage_description,
        cache_cluster_enabled: input.cache_cluster_enabled,
        cache_cluster_size: input.cache_cluster_size,
        variables: input.variables,
        tracing_enabled: input.tracing_enabled,
    };
    if !new_stage.name.is_empty() {
        new_stage.check()?;
    }
    let sequence = cx.state.next_sequence();
    let stage_sequence = cx.state.next_sequence();
    let ids = &mut cx.state.ids;
    let api = cx.state.apis.get_mut(&api_id).ok_or_else(unknown_deployment)?;
    let id = ids.next(6, |id| api.deployments.contains_key(id));
    let deployment = Deployment {
        id: id.clone(),
        description: input.description.filter(|text| !text.is_empty()),
        created_date: now,
        sequence,
        snapshot: snapshot(api),
    };
    cx.writes.put(api_key(&api_id, "deployments", &id), &deployment);
    let shown = show(&deployment);
    api.deployments.insert(id.clone(), deployment);
    if new_stage.name.is_empty() {
        return Ok(shown);
    }
    let name = new_stage.name.clone();
    let stage = match input.canary_settings {
        Some(canary) => {
            let mut stage = api.stages[&name].clone();
            stage.canary_settings = Some(CanarySettings { deployment_id: Some(id), ..canary });
            stage.last_updated_date = now;
            stage
        }
        None => new_stage.deployed(api.stages.get(&name), id, now, stage_sequence),
    };
    cx.writes.put(api_key(&api_id, "stages", &name), &stage);
    api.stages.insert(name, stage);
    cx.writes.publish();
    Ok(shown)
}

fn check_deployable(api: &Api) -> Result<(), ApiError> {
    let mut methods =
        api.resources.values().flat_map(|resource| resource.resource_methods.values()).peekable();
    if methods.peek().is_none() {
        return Err(ApiError::bad_request("The REST API doesn't contain any methods"));
    }
    if methods.any(|method| method.method_integration.is_none()) {
        return Err(ApiError::bad_request("No integration defined for method"));
    }
    Ok(())
}

fn check_canary(api: &Api, input: &CreateDeployment) -> Result<(), ApiError> {
    let Some(canary) = &input.canary_settings else { return Ok(()) };
    let name = input.stage_name.as_deref();
    let text = match name {
        None | Some("") => {
            let provided = name.map_or("null", |name| name);
            format!(
                "Invalid deployment content specified.Non null and non empty stageName must be provided for canary \
                 deployment. Provided value is {provided}"
            )
        }
        Some(name) if !api.stages.contains_key(name) => format!(
            "Invalid deployment content specified.Stage {name} must already be created before making a canary \
             release deployment"
        ),
        Some(_) => return stages::check_percent(canary.percent_traffic),
    };
    Err(ApiError::bad_request(text))
}

/// What of an API is frozen. Texts that no method refers to are frozen too, for exports.
pub(super) fn snapshot(api: &Api) -> Snapshot {
    let rest_api = api.rest_api.clone();
    Snapshot {
        binary_media_types: rest_api.binary_media_types,
        minimum_compression_size: rest_api.minimum_compression_size,
        api_key_source: rest_api.api_key_source,
        policy: rest_api.policy,
        version: rest_api.version,
        resources: api.resources.values().cloned().collect(),
        models: api.models.values().cloned().collect(),
        request_validators: api.request_validators.values().cloned().collect(),
        authorizers: api.authorizers.values().cloned().collect(),
        gateway_responses: api.gateway_responses.values().cloned().collect(),
    }
}

fn show(deployment: &Deployment) -> Value {
    let mut shown = view(&shallow(deployment));
    if let Value::Object(members) = &mut shown {
        members.remove("snapshot");
    }
    shown
}

fn shallow(deployment: &Deployment) -> Deployment {
    Deployment {
        id: deployment.id.clone(),
        description: deployment.description.clone(),
        created_date: deployment.created_date,
        ..Deployment::default()
    }
}

fn api_summary(deployment: &Deployment) -> Value {
    let mut summary = Map::new();
    for resource in deployment
        .snapshot
        .resources
        .iter()
        .filter(|resource| !resource.resource_methods.is_empty())
    {
        let methods = resource.resource_methods.iter().map(|(verb, method)| {
            let method = json!({
                "authorizationType": method.authorization_type,
                "apiKeyRequired": method.api_key_required,
            });
            (verb.clone(), method)
        });
        summary.insert(resource.path.clone(), Value::Object(Map::from_iter(methods)));
    }
    Value::Object(summary)
}

fn unknown_deployment() -> ApiError {
    ApiError::not_found("Invalid Deployment identifier specified")
}

pub(super) fn get_deployment(cx: &mut Cx<'_>) -> Result<Value, ApiError> {
    let api = cx.state.api(&cx.call.account_id, &cx.label("restapi_id"))?;
    let deployment =
        api.deployments.get(&cx.label("deployment_id")).ok_or_else(unknown_deployment)?;
    let mut shown = show(deployment);
    let embeds =
        cx.call.query_all("embed").any(|embed| embed.split(',').any(|name| name == "apisummary"));
    if let (Value::Object(members), true) = (&mut shown, embeds) {
        members.insert("apiSummary".to_owned(), api_summary(deployment));
    }
    Ok(shown)
}

pub(super) fn get_deployments(cx: &mut Cx<'_>) -> Result<Value, ApiError> {
    let api = cx.state.api(&cx.call.account_id, &cx.label("restapi_id"))?;
    let mut items: Vec<_> = api
        .deployments
        .values()
        .map(|deployment| (super::view::newest_first(deployment.sequence), deployment))
        .collect();
    items.sort_by(|one, two| one.0.cmp(&two.0));
    page(cx.call, items, show)
}

pub(super) fn delete_deployment(cx: &mut Cx<'_>) -> Result<Value, ApiError> {
    let (api_id, id) = (cx.label("restapi_id"), cx.label("deployment_id"));
    let api = cx.state.api_mut(&cx.call.account_id, &api_id)?;
    if !api.deployments.contains_key(&id) {
        return Err(unknown_deployment());
    }
    let canary_of = |stage: &super::types::Stage| {
        stage.canary_settings.as_ref().and_then(|canary| canary.deployment_id.clone())
    };
    if api
        .stages
        .values()
        .any(|stage| stage.deployment_id == id || canary_of(stage).as_ref() == Some(&id))
    {
        let text = "Active stages pointing to this deployment must be moved or deleted";
        return Err(ApiError::bad_request(text));
    }
    api.deployments.remove(&id);
    cx.writes.remove(api_key(&api_id, "deployments", &id));
    Ok(Value::Null)
}

const RULES: &[Rule] = &[rule("/description", R, Set::Text)];

pub(super) fn update_deployment(cx: &mut Cx<'_>) -> Result<Value, ApiError> {
    let (api_id, id) = (cx.label("restapi_id"), cx.label("deployment_id"));
    let operations = cx.patch()?;
    let api = cx.state.api_mut(&cx.call.account_id, &api_id)?;
    let deployment = api.deployments.get_mut(&id).ok_or_else(unknown_deployment)?;
    deployment.description =
        patch::apply_rules(&shallow(deployment), Family::Listed, RULES, &operations)?.description;
    cx.writes.put(api_key(&api_id, "deployments", &id), deployment);
    Ok(show(deployment))
}
