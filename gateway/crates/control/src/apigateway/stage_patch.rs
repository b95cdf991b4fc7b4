//! Patches of stages, which have paths and words of their own.

use super::limits::TTL_SECONDS_MAX;
use super::patch::{PatchOperation, flag, unescape};
use super::types::{CanarySettings, Stage};
use crate::ApiError;

/// The paths as AWS lists them; the missing commas are AWS's.
const PATHS: &str = "/deploymentId, /description, /cacheClusterEnabled, /cacheClusterSize, /clientCertificateId, \
/accessLogSettings, /accessLogSettings/destinationArn, /accessLogSettings/format, \
/{resourcePath}/{httpMethod}/metrics/enabled, /{resourcePath}/{httpMethod}/logging/dataTrace, \
/{resourcePath}/{httpMethod}/logging/loglevel, /{resourcePath}/{httpMethod}/throttling/burstLimit\
/{resourcePath}/{httpMethod}/throttling/rateLimit/{resourcePath}/{httpMethod}/caching/ttlInSeconds, \
/{resourcePath}/{httpMethod}/caching/enabled, /{resourcePath}/{httpMethod}/caching/dataEncrypted, \
/{resourcePath}/{httpMethod}/caching/requireAuthorizationForCacheControl, \
/{resourcePath}/{httpMethod}/caching/unauthorizedCacheControlHeaderStrategy, /*/*/metrics/enabled, \
/*/*/logging/dataTrace, /*/*/logging/loglevel, /*/*/throttling/burstLimit /*/*/throttling/rateLimit \
/*/*/caching/ttlInSeconds, /*/*/caching/enabled, /*/*/caching/dataEncrypted, \
/*/*/caching/requireAuthorizationForCacheControl, /*/*/caching/unauthorizedCacheControlHeaderStrategy, \
/variables/{variable_name}, /tracingEnabled";

const CACHE_SIZES: &[&str] = &["0.5", "1.6", "6.1", "13.5", "28.4", "58.2", "118", "237"];

/// The stage as it is after all operations, or the error of the first that is wrong.
pub(super) fn apply(stage: &Stage, operations: &[PatchOperation]) -> Result<Stage, ApiError> {
    let mut stage = stage.clone();
    for operation in operations {
        let path = operation.path.as_deref().unwrap_or_default();
        match &*operation.op {
            "copy" => copy(&mut stage, operation, path)?,
            "remove" => remove(&mut stage, path)?,
            "add" | "replace" => replace(&mut stage, operation, path)?,
            _ => return Err(invalid_path(path)),
        }
    }
    Ok(stage)
}

fn invalid_path(path: &str) -> ApiError {
    ApiError::bad_request(format!("Invalid method setting path: {path}. Must be one of: [{PATHS}]"))
}

fn copy(stage: &mut Stage, operation: &PatchOperation, path: &str) -> Result<(), ApiError> {
    let from = operation.from.as_deref().unwrap_or("null");
    match (path, from) {
        ("/deploymentId", "/canarySettings/deploymentId") => {
            let canary = stage.canary_settings.as_ref().ok_or_else(no_canary)?;
            if let Some(id) = &canary.deployment_id {
                stage.deployment_id.clone_from(id);
            }
        }
        ("/variables", "/canarySettings/stageVariableOverrides") => {
            let canary = stage.canary_settings.as_ref().ok_or_else(no_canary)?;
            let overrides = canary.stage_variable_overrides.clone().unwrap_or_default();
            stage.variables.get_or_insert_default().extend(overrides);
        }
        _ => {
            return Err(ApiError::bad_request(format!(
                "Invalid copy operation with path: {path} and from {from}. Valid copy:path are [/deploymentId, \
                 /variables] and valid copy:from are [/canarySettings/deploymentId, \
                 /canarySettings/stageVariableOverrides]"
            )));
        }
    }
    Ok(())
}

fn no_canary() -> ApiError {
    ApiError::bad_request("Promotion not available. Canary does not exist.")
}

fn remove(stage: &mut Stage, path: &str) -> Result<(), ApiError> {
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    let removed = match segments.as_slice() {
        ["variables", name] => {
            if let Some(variables) = &mut stage.variables {
                variables.remove(&unescape(name));
            }
            stage.variables = stage.variables.take().filter(|variables| !variables.is_empty());
            true
        }
        ["accessLogSettings"] => {
            stage.access_log_settings = None;
            true
        }
        ["canarySettings"] => {
            stage.canary_settings = None;
            true
        }
        ["canarySettings", "stageVariableOverrides", name] => {
            let canary = stage.canary_settings.as_mut();
            let overrides = canary.and_then(|canary| canary.stage_variable_overrides.as_mut());
            overrides.and_then(|overrides| overrides.remove(&unescape(name))).is_some()
        }
        [resource, verb] => stage.method_settings.remove(&format!("{resource}/{verb}")).is_some(),
        _ => false,
    };
    match removed {
        true => Ok(()),
        false => Err(ApiError::bad_request(format!(
            "Cannot remove method setting {} because there is no method setting for this method ",
            path.trim_start_matches('/')
        ))),
    }
}

fn replace(stage: &mut Stage, operation: &PatchOperation, path: &str) -> Result<(), ApiError> {
    let value = operation.text();
    let text = || Some(value.to_owned()).filter(|value| !value.is_empty());
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    match segments.as_slice() {
        ["canarySettings", ..] if operation.op == "add" => {
            return Err(ApiError::bad_request(format!("Invalid add operation with path: {path}")));
        }
        ["canarySettings", rest @ ..] => return replace_canary(stage, rest, value, path),
        ["accessLogSettings", rest @ ..] => return replace_access_log(stage, rest, value),
        ["variables", name] => {
            stage.variables.get_or_insert_default().insert(unescape(name), value.to_owned());
        }
        [_, _, group, setting] => {
            return replace_setting(stage, &segments, group, setting, value, path);
        }
        [name] => match *name {
            "deploymentId" => value.clone_into(&mut stage.deployment_id),
            "description" => stage.description = text(),
            "documentationVersion" => stage.documentation_version = text(),
            "cacheClusterEnabled" => stage.cache_cluster_enabled = flag(value),
            "cacheClusterSize" if CACHE_SIZES.contains(&value) => stage.cache_cluster_size = text(),
            "cacheClusterSize" => {
                return Err(ApiError::bad_request(format!(
                    "Invalid cache cluster size specified: {value}"
                )));
            }
            "clientCertificateId" => stage.client_certificate_id = text(),
            "tracingEnabled" => stage.tracing_enabled = flag(value),
            _ => return Err(invalid_path(path)),
        },
        _ => return Err(invalid_path(path)),
    }
    Ok(())
}

fn replace_canary(
    stage: &mut Stage,
    rest: &[&str],
    value: &str,
    path: &str,
) -> Result<(), ApiError> {
    let deployment_id = stage.deployment_id.clone();
    let mut canary = stage.canary_settings.clone().unwrap_or_else(|| CanarySettings {
        deployment_id: Some(deployment_id),
        ..CanarySettings::default()
    });
    match rest {
        ["percentTraffic"] => {
            let percent = value.parse().ok().filter(|percent: &f64| percent.is_finite());
            canary.percent_traffic = percent.ok_or_else(|| {
                ApiError::bad_request("Percent traffic must be between 0.0 and 100.0")
            })?;
        }
        ["deploymentId"] => canary.deployment_id = Some(value.to_owned()),
        ["useStageCache"] => canary.use_stage_cache = flag(value),
        ["stageVariableOverrides", name] => {
            canary
                .stage_variable_overrides
                .get_or_insert_default()
                .insert(unescape(name), value.to_owned());
        }
        _ => return Err(invalid_path(path)),
    }
    stage.canary_settings = Some(canary);
    Ok(())
}

fn replace_access_log(stage: &mut Stage, rest: &[&str], value: &str) -> Result<(), ApiError> {
    let &[name @ ("destinationArn" | "format")] = rest else {
        return Err(ApiError::bad_request(
            "Invalid accessLogSettings path. Must be one of : [/accessLogSettings/destinationArn, \
             /accessLogSettings/format]",
        ));
    };
    if value.is_empty() {
        return Err(ApiError::bad_request("Access Log value must not be empty"));
    }
    let mut settings = stage.access_log_settings.clone().unwrap_or_default();
    if name == "destinationArn" {
        settings.destination_arn = Some(value.to_owned());
    } else if value.trim_end_matches('\n').contains('\n') {
        return Err(ApiError::bad_request(
            "Access Log format must be single line, new line character is allowed only at end of the format",
        ));
    } else {
        settings.format = Some(value.to_owned());
    }
    stage.access_log_settings = Some(settings);
    Ok(())
}

/// One setting of a method. The entry's key is the two segments as they came, escapes and all.
fn replace_setting(
    stage: &mut Stage,
    segments: &[&str],
    group: &str,
    setting: &str,
    value: &str,
    path: &str,
) -> Result<(), ApiError> {
    let key = format!("{}/{}", segments[0], segments[1]);
    let inherited = stage.method_settings.get(&key).or_else(|| stage.method_settings.get("*/*"));
    let mut entry = inherited.cloned().unwrap_or_default();
    let invalid =
        || ApiError::bad_request(format!("Invalid value '{value}' specified for path '{path}'"));
    match (group, setting) {
        ("metrics", "enabled") => entry.metrics_enabled = flag(value),
        ("logging", "loglevel") => match value {
            "OFF" | "ERROR" | "INFO" => entry.logging_level = Some(value.to_owned()),
            _ => return Err(invalid()),
        },
        ("logging", "dataTrace") => entry.data_trace_enabled = flag(value),
        ("throttling", "burstLimit") => {
            entry.throttling_burst_limit = value.parse::<i32>().map_err(|_| invalid())?.into()
        }
        ("throttling", "rateLimit") => {
            let rate = value.parse().ok().filter(|rate: &f64| rate.is_finite());
            entry.throttling_rate_limit = rate.ok_or_else(invalid)?;
        }
        ("caching", "enabled") => entry.caching_enabled = flag(value),
        ("caching", "ttlInSeconds") => {
            let ttl = value.parse().ok().filter(|ttl| (0..=TTL_SECONDS_MAX).contains(ttl));
            entry.cache_ttl_in_seconds = ttl.ok_or_else(invalid)?;
        }
        ("caching", "dataEncrypted") => entry.cache_data_encrypted = flag(value),
        ("caching", "requireAuthorizationForCacheControl") => {
            entry.require_authorization_for_cache_control = flag(value);
        }
        ("caching", "unauthorizedCacheControlHeaderStrategy") => match value {
            "FAIL_WITH_403"
            | "SUCCEED_WITH_RESPONSE_HEADER"
            | "SUCCEED_WITHOUT_RESPONSE_HEADER" => {
                value.clone_into(&mut entry.unauthorized_cache_control_header_strategy);
            }
            _ => return Err(invalid()),
        },
        _ => return Err(invalid_path(path)),
    }
    stage.method_settings.insert(key, entry);
    Ok(())
}
