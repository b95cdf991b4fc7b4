//! GetExport: what a stage shows, as an OpenAPI document.

use super::cx::Cx;
use super::stages::unknown_stage;
use super::state::Api;
use super::types::{Deployment, Stage};
use super::{convert, tags, trials};
use crate::{Answer, ApiError};
use gateway_definition::{ExportOptions, ExportType, export, to_yaml};
use gateway_model as model;
use serde_json::Value;

/// How long an integration may take when nothing is said. Source: API Gateway quotas, "Integration timeout".
const TIMEOUT_MS_DEFAULT: u32 = 29_000;

pub(super) fn get_export(cx: &mut Cx<'_>) -> Result<Value, ApiError> {
    let (api_id, stage, kind) =
        (cx.label("restapi_id"), cx.label("stage_name"), cx.label("export_type"));
    let api = cx.state.api(&cx.call.account_id, &api_id)?;
    let (stage, deployment) = shown(api, &stage)?;
    let export_type = match &*kind {
        "oas30" => ExportType::Oas30,
        "swagger" => ExportType::Swagger,
        _ => {
            return Err(ApiError::bad_request(format!(
                "Invalid export type specified: {kind}. Must be one of: [oas30, swagger]"
            )));
        }
    };
    let is_yaml = is_yaml(cx.call.header("accept"))?;
    let mut options = ExportOptions {
        export_type,
        region: cx.call.region.clone(),
        url_suffix: "amazonaws.com".to_owned(),
        ..ExportOptions::default()
    };
    for extension in extensions(cx.call.query("extensions").unwrap_or_default()) {
        match extension {
            "integrations" => options.integrations = true,
            "authorizers" => options.authorizers = true,
            "apigateway" => options.apigateway = true,
            // What it adds is for nobody but Postman, and written down nowhere.
            "postman" => {}
            other => {
                return Err(ApiError::bad_request(format!(
                    "Invalid extension specified: {other}. Must be one of: [integrations, authorizers, apigateway, postman]"
                )));
            }
        }
    }
    let (model, stage) = exported(api, stage, deployment)?;
    let version = model.version.clone().unwrap_or_default();
    let document = export(&model, &stage, &options);
    let (body, extension) = match is_yaml {
        true => (to_yaml(&document), "yaml"),
        false => (document.to_string(), "json"),
    };
    let name: String =
        version.chars().map(|c| if c == '"' || c.is_control() { '_' } else { c }).collect();
    cx.raw = Some(attachment(&format!("{kind}_{name}.{extension}"), body.into_bytes()));
    Ok(Value::Null)
}

/// A file to download.
pub(super) fn attachment(name: &str, body: Vec<u8>) -> Answer {
    let name: String = name.chars().map(|c| if c.is_ascii() { c } else { '_' }).collect();
    Answer {
        status: 200,
        content_type: Some("application/octet-stream"),
        headers: vec![("Content-Disposition", format!("attachment; filename=\"{name}\""))],
        body,
    }
}

/// A stage and the deployment that it shows.
pub(super) fn shown<'a>(
    api: &'a Api,
    stage: &str,
) -> Result<(&'a Stage, &'a Deployment), ApiError> {
    let stage = api.stages.get(stage).ok_or_else(unknown_stage)?;
    let deployment = api.deployments.get(&stage.deployment_id).ok_or_else(|| {
        ApiError::bad_request(format!("The stage {} shows no deployment", stage.stage_name))
    })?;
    Ok((stage, deployment))
}

fn is_yaml(accept: Option<&str>) -> Result<bool, ApiError> {
    let accept = accept.unwrap_or("*/*");
    let first = accept.split([',', ';']).next().unwrap_or_default().trim();
    match first {
        "" | "*/*" | "application/json" | "application/*" => Ok(false),
        "application/yaml" | "application/x-yaml" | "text/yaml" => Ok(true),
        other => Err(ApiError::bad_request(format!(
            "Invalid media type specified: {other}. Must be one of: [application/json, application/yaml]"
        ))),
    }
}

fn extensions(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|name| !name.is_empty())
}

/// What the stage shows, without what AWS says nowhere because it is the default.
fn exported(
    api: &Api,
    stage: &Stage,
    deployment: &Deployment,
) -> Result<(model::RestApi, model::Stage), ApiError> {
    let refused = |problem: Box<model::Diagnostic>| ApiError::bad_request(problem.text.clone());
    let (mut model, stage_model) =
        convert::shown(&api.rest_api, stage, deployment).map_err(refused)?;
    // What is made of the document is another API.
    model.tags.remove(tags::CUSTOM_ID);
    let created = deployment.created_date;
    let version = deployment.snapshot.version.clone().filter(|version| !version.is_empty());
    model.version = Some(version.unwrap_or_else(|| trials::rfc3339(created)));
    let endpoint = &mut model.endpoint;
    let is_private = endpoint.types.contains(&model::EndpointType::Private);
    let default = if is_private { "dualstack" } else { "ipv4" };
    endpoint.ip_address_type = endpoint.ip_address_type.take().filter(|kind| kind != default);
    for resource in model.resources.values_mut() {
        let id = resource.id.to_string();
        for integration in resource.methods.values_mut().filter_map(|m| m.integration.as_mut()) {
            integration.timeout_ms = integration.timeout_ms.filter(|ms| *ms != TIMEOUT_MS_DEFAULT);
            integration.cache_namespace =
                integration.cache_namespace.take().filter(|namespace| *namespace != id);
            let internet = model::ConnectionType::Internet;
            integration.connection_type =
                integration.connection_type.filter(|kind| *kind != internet);
        }
    }
    let version = stage.documentation_version.as_ref();
    if let Some(version) = version.and_then(|version| api.documentation_versions.get(version)) {
        model.documentation_parts = version.parts.iter().map(convert::documentation_part).collect();
    }
    Ok((model, stage_model))
}
