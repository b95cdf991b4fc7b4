//! REST APIs of files.

use crate::apigateway::deployments;
use crate::apigateway::import::parts::{self, Names, filled, filled_map};
use crate::apigateway::state::Api;
use crate::apigateway::types::{
    AccessLogSettings, CanarySettings, Deployment, DocumentationLocation, DocumentationPart,
    DocumentationVersion, EndpointConfiguration, MethodSetting, Resource, RestApi, Stage,
};
use gateway_model as model;
use std::collections::BTreeMap;

/// An API with all of its parts; `sequence` counts on.
pub(super) fn api(given: &model::RestApi, unix_s: u64, sequence: &mut u64) -> Api {
    let mut next = || {
        *sequence += 1;
        *sequence
    };
    let rest_api = RestApi {
        id: given.id.to_string(),
        name: given.name.clone(),
        description: given.description.clone(),
        created_date: unix_s,
        version: given.version.clone(),
        binary_media_types: filled(given.binary_media_types.clone()),
        minimum_compression_size: given.minimum_compression_size.map(i64::from),
        api_key_source: given.api_key_source.as_str().to_owned(),
        endpoint_configuration: endpoint(&given.endpoint),
        policy: given.policy.as_ref().map(|policy| policy.value.to_string()),
        tags: filled_map(given.tags.clone()),
        disable_execute_api_endpoint: given.disable_execute_api_endpoint,
        root_resource_id: given.root.to_string(),
        security_policy: given.security_policy.clone(),
        endpoint_access_mode: given.endpoint_access_mode.clone(),
    };
    let mut api = Api { rest_api, ..Api::default() };
    api.resources = by(given.resources.values().map(resource), |resource| &resource.id);
    let models =
        given.models.values().map(|model| parts::model(model, model.id.to_string(), next()));
    api.models = by(models, |model| &model.name);
    let validators = given.request_validators.values();
    let validators =
        validators.map(|validator| parts::validator(validator, validator.id.to_string()));
    api.request_validators = by(validators, |validator| &validator.id);
    let authorizers = given.authorizers.values();
    let authorizers =
        authorizers.map(|authorizer| parts::authorizer(authorizer, authorizer.id.to_string()));
    api.authorizers = by(authorizers, |authorizer| &authorizer.id);
    let responses = given.gateway_responses.values().map(parts::gateway_response);
    api.gateway_responses = by(responses, |response| &response.response_type);
    api.documentation_parts = by(given.documentation_parts.iter().map(part), |part| &part.id);
    let versions = given.documentation_versions.iter().map(|version| DocumentationVersion {
        version: version.version.clone(),
        created_date: unix_s,
        description: version.description.clone(),
        parts: api.documentation_parts.values().cloned().collect(),
    });
    api.documentation_versions = by(versions, |version| &version.version);
    let deployments = given.deployments.values().map(|deployment| Deployment {
        id: deployment.id.to_string(),
        description: deployment.description.clone(),
        created_date: unix_s,
        sequence: next(),
        snapshot: deployments::snapshot(&api),
    });
    api.deployments = by(deployments, |deployment| &deployment.id);
    let stages = given.stages.values().map(|given| stage(given, unix_s, next()));
    api.stages = by(stages, |stage| &stage.stage_name);
    api
}

fn by<T>(items: impl Iterator<Item = T>, key: impl Fn(&T) -> &String) -> BTreeMap<String, T> {
    items.map(|item| (key(&item).clone(), item)).collect()
}

/// An endpoint with AWS's defaults.
pub(super) fn endpoint(given: &model::EndpointConfiguration) -> EndpointConfiguration {
    let types = match given.types.as_slice() {
        [] => vec!["EDGE".to_owned()],
        types => types.iter().map(|kind| kind.as_str().to_owned()).collect(),
    };
    let is_private = types.iter().any(|kind| kind == "PRIVATE");
    let default = if is_private { "dualstack" } else { "ipv4" };
    EndpointConfiguration {
        types,
        ip_address_type: given.ip_address_type.clone().or_else(|| Some(default.to_owned())),
        vpc_endpoint_ids: filled(given.vpc_endpoint_ids.clone()),
    }
}

fn resource(given: &model::Resource) -> Resource {
    let id = given.id.to_string();
    // Ids stay what they are.
    let names = Names::default();
    let methods = given.methods.values().map(|method| parts::method(method, &id, &names));
    let resource_methods = methods.map(|method| (method.http_method.clone(), method)).collect();
    let part = match &given.path_part {
        model::PathPart::Root => None,
        part => Some(part.to_string()),
    };
    Resource {
        parent_id: given.parent.as_ref().map(ToString::to_string),
        path_part: part,
        path: given.path.clone(),
        resource_methods,
        id,
    }
}

fn part(given: &model::DocumentationPart) -> DocumentationPart {
    let location = &given.location;
    DocumentationPart {
        id: given.id.to_string(),
        location: DocumentationLocation {
            kind: location.kind.map(|kind| kind.as_str().to_owned()).unwrap_or_default(),
            path: location.path.clone(),
            method: location.method.clone(),
            status_code: location.status_code.clone(),
            name: location.name.clone(),
        },
        properties: given.properties.clone(),
    }
}

fn stage(given: &model::Stage, unix_s: u64, sequence: u64) -> Stage {
    let mut stage = Stage {
        deployment_id: given.deployment.to_string(),
        client_certificate_id: given.client_certificate_id.as_ref().map(ToString::to_string),
        stage_name: given.name.as_str().to_owned(),
        description: given.description.clone(),
        cache_cluster_enabled: given.cache_cluster.enabled,
        cache_cluster_size: given.cache_cluster.size.clone(),
        method_settings: given
            .method_settings
            .iter()
            .map(|(key, setting)| (key.to_string(), method_setting(setting)))
            .collect(),
        variables: filled_map(
            given.variables.iter().map(|(name, text)| (name.clone(), text.value.clone())).collect(),
        ),
        documentation_version: given.documentation_version.clone(),
        access_log_settings: given.access_log.as_ref().map(|log| AccessLogSettings {
            format: parts::text(&log.format),
            destination_arn: parts::text(&log.destination_arn),
        }),
        canary_settings: given.canary.as_ref().map(|canary| CanarySettings {
            percent_traffic: canary.percent_traffic.unwrap_or_default(),
            deployment_id: Some(
                canary.deployment.as_ref().unwrap_or(&given.deployment).to_string(),
            ),
            stage_variable_overrides: filled_map(canary.stage_variable_overrides.clone()),
            use_stage_cache: canary.use_stage_cache,
        }),
        tracing_enabled: given.tracing_enabled,
        web_acl_arn: given.web_acl_arn.clone(),
        tags: filled_map(given.tags.clone()),
        created_date: unix_s,
        last_updated_date: unix_s,
        sequence,
        ..Stage::default()
    };
    stage.settle_cache();
    stage
}

/// A setting; what a file leaves out is shown as AWS's default.
fn method_setting(given: &model::MethodSetting) -> MethodSetting {
    let default = MethodSetting::default();
    MethodSetting {
        metrics_enabled: given.metrics_enabled.unwrap_or(default.metrics_enabled),
        logging_level: given.logging_level.map(|level| level.as_str().to_owned()),
        data_trace_enabled: given.data_trace_enabled.unwrap_or(default.data_trace_enabled),
        throttling_burst_limit: given
            .throttling_burst_limit
            .unwrap_or(default.throttling_burst_limit),
        throttling_rate_limit: given.throttling_rate_limit.unwrap_or(default.throttling_rate_limit),
        caching_enabled: given.caching_enabled.unwrap_or(default.caching_enabled),
        cache_ttl_in_seconds: given
            .cache_ttl_seconds
            .map_or(default.cache_ttl_in_seconds, i64::from),
        cache_data_encrypted: given.cache_data_encrypted.unwrap_or(default.cache_data_encrypted),
        require_authorization_for_cache_control: given
            .require_authorization_for_cache_control
            .unwrap_or(default.require_authorization_for_cache_control),
        unauthorized_cache_control_header_strategy: given
            .unauthorized_cache_control_header_strategy
            .map_or(default.unauthorized_cache_control_header_strategy, |strategy| {
                strategy.as_str().to_owned()
            }),
    }
}
