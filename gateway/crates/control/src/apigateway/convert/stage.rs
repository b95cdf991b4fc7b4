//! A stage and its settings.

use super::{Problem, unknown};
use crate::apigateway::patch::unescape;
use crate::apigateway::types;
use gateway_model as model;
use gateway_model::{Place, Spanned};

pub(super) fn deployment(given: &types::Deployment) -> (model::DeploymentId, model::Deployment) {
    let id = model::DeploymentId::new(&given.id);
    let deployment = model::Deployment {
        id: id.clone(),
        logical_id: given.id.clone(),
        description: given.description.clone(),
        canary: None,
        place: Place::nowhere(),
    };
    (id, deployment)
}

pub(super) fn convert(given: &types::Stage) -> Result<model::Stage, Problem> {
    let name =
        model::StageName::parse(&given.stage_name).map_err(|error| unknown("stageName", error))?;
    let deployment = model::DeploymentId::new(&given.deployment_id);
    let mut stage = model::Stage::new(name, deployment, Place::nowhere());
    stage.description = given.description.clone();
    let variables = given.variables.iter().flatten();
    stage.variables =
        variables.map(|(name, value)| (name.clone(), Spanned::nowhere(value.clone()))).collect();
    for (key, setting) in &given.method_settings {
        if let Some(key) = setting_key(key) {
            stage.method_settings.insert(key, method_setting(setting)?);
        }
    }
    stage.access_log = given.access_log_settings.as_ref().map(|log| model::AccessLogSetting {
        destination_arn: log.destination_arn.clone().map(Spanned::nowhere),
        format: log.format.clone().map(Spanned::nowhere),
    });
    stage.canary = given.canary_settings.as_ref().map(|canary| model::CanarySetting {
        deployment: canary.deployment_id.as_deref().map(model::DeploymentId::new),
        percent_traffic: Some(canary.percent_traffic),
        stage_variable_overrides: canary.stage_variable_overrides.clone().unwrap_or_default(),
        use_stage_cache: canary.use_stage_cache,
        place: Place::nowhere(),
    });
    stage.cache_cluster = model::CacheCluster {
        enabled: given.cache_cluster_enabled,
        size: given.cache_cluster_size.clone(),
    };
    stage.client_certificate_id =
        given.client_certificate_id.as_deref().map(model::ClientCertificateId::new);
    stage.tracing_enabled = given.tracing_enabled;
    stage.documentation_version = given.documentation_version.clone();
    stage.web_acl_arn = given.web_acl_arn.clone();
    stage.tags = given.tags.clone().unwrap_or_default();
    Ok(stage)
}

/// The methods that a key is for. One that names no method, as AWS lets a client write, is for none.
fn setting_key(key: &str) -> Option<model::MethodSettingKey> {
    let (path, verb) = key.split_once('/')?;
    let resource_path = match path {
        "*" => None,
        path => match unescape(path) {
            path if path.starts_with('/') => Some(path),
            // Sent without escapes: `/test/GET/…` is for the resource `/test`.
            path => Some(format!("/{path}")),
        },
    };
    let http_method = match verb {
        "*" => None,
        verb => Some(model::HttpMethod::parse(verb).ok()?),
    };
    Some(model::MethodSettingKey { resource_path, http_method })
}

fn method_setting(given: &types::MethodSetting) -> Result<model::MethodSetting, Problem> {
    let level = given.logging_level.as_deref().map(model::LoggingLevel::parse).transpose();
    let strategy = model::UnauthorizedCacheControlHeaderStrategy::parse(
        &given.unauthorized_cache_control_header_strategy,
    );
    Ok(model::MethodSetting {
        caching_enabled: Some(given.caching_enabled),
        cache_ttl_seconds: u32::try_from(given.cache_ttl_in_seconds).ok(),
        cache_data_encrypted: Some(given.cache_data_encrypted),
        require_authorization_for_cache_control: Some(
            given.require_authorization_for_cache_control,
        ),
        unauthorized_cache_control_header_strategy: Some(
            strategy.map_err(|error| unknown("unauthorizedCacheControlHeaderStrategy", error))?,
        ),
        data_trace_enabled: Some(given.data_trace_enabled),
        logging_level: level.map_err(|error| unknown("loggingLevel", error))?,
        metrics_enabled: Some(given.metrics_enabled),
        throttling_burst_limit: Some(given.throttling_burst_limit),
        throttling_rate_limit: Some(given.throttling_rate_limit),
        ..model::MethodSetting::new(Place::nowhere())
    })
}
