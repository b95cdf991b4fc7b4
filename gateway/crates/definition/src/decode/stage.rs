//! `Deployment` and `Stage`.

use super::object::Object;
use super::{Context, Part, Piece};
use gateway_model::{
    AccessLogSetting, CacheCluster, CanarySetting, ClientCertificateId, Deployment, DeploymentId,
    HttpMethod, LoggingLevel, MethodSetting, MethodSettingKey, Spanned, Stage, StageName,
    UnauthorizedCacheControlHeaderStrategy,
};
use std::collections::BTreeMap;

/// Source: CreateStage, cacheClusterSize.
const CACHE_CLUSTER_SIZES: [&str; 8] = ["0.5", "1.6", "6.1", "13.5", "28.4", "58.2", "118", "237"];

pub(super) fn deployment(object: &mut Object<'_>, context: &Context<'_>) -> Option<Piece> {
    let api = object.required_text("RestApiId");
    let id = DeploymentId::new(&context.identity.reference);
    let stage_name = object.text("StageName");
    let canary = canary(object, "DeploymentCanarySettings");
    let description = object.plain_text("Description");
    let stage_description = object.object("StageDescription");
    if stage_description.is_some() && stage_name.is_none() {
        let place = object.place_of("StageDescription");
        object.error(&place, "StageDescription requires StageName");
    }
    let name = stage_name.and_then(|name| stage_name_of(object, &name));
    let stage = name.map(|name| {
        let mut stage = Stage::new(name, id.clone(), object.place());
        if let Some(description) = stage_description {
            describe(&mut stage, description);
        }
        Box::new(stage)
    });
    let logical_id = context.logical_id.to_owned();
    let deployment = Deployment { id, logical_id, description, canary, place: object.place() };
    Some(Piece::Part(api?, Part::Deployment(deployment, stage)))
}

/// `StageDescription`: a stage's settings, with those of `*/*` among them.
fn describe(stage: &mut Stage, mut object: Object<'_>) {
    common(stage, &mut object);
    let all = method_setting(&mut object);
    stage.cache_cluster.enabled = object.boolean("CacheClusterEnabled").unwrap_or(false);
    stage.canary = canary(&mut object, "CanarySetting");
    if all != MethodSetting::new(object.place()) {
        stage.method_settings.entry(MethodSettingKey::ALL).or_insert(all);
    }
    object.finish();
}

pub(super) fn stage(object: &mut Object<'_>, _: &Context<'_>) -> Option<Piece> {
    let api = object.required_text("RestApiId");
    let name = object.required_text("StageName");
    let name = name.and_then(|name| stage_name_of(object, &name));
    let deployment = object.text("DeploymentId");
    if object.is_absent("DeploymentId") {
        object.error(&object.place(), "DeploymentId cannot be empty");
    }
    let placeholder = DeploymentId::new(deployment.as_ref().map_or("", |id| &id.value));
    let checked_name = name.clone().or_else(|| StageName::parse("unnamed").ok())?;
    let mut stage = Stage::new(checked_name, placeholder, object.place());
    common(&mut stage, object);
    stage.cache_cluster.enabled = object.boolean("CacheClusterEnabled").unwrap_or(false);
    stage.canary = canary(object, "CanarySetting");
    name?;
    deployment?;
    Some(Piece::Part(api?, Part::Stage(Box::new(stage))))
}

/// What stages and stage descriptions share.
fn common(stage: &mut Stage, object: &mut Object<'_>) {
    stage.description = object.plain_text("Description");
    let variables = object.text_members("Variables").into_iter();
    stage.variables = variables.map(|(name, value)| (name.value, value)).collect();
    stage.method_settings = method_settings(object);
    stage.access_log = object.object("AccessLogSetting").map(|mut setting| {
        let read = AccessLogSetting {
            destination_arn: setting.text("DestinationArn"),
            format: setting.text("Format"),
        };
        setting.finish();
        read
    });
    let size = object.text("CacheClusterSize");
    if let Some(size) = size.as_ref().filter(|s| !CACHE_CLUSTER_SIZES.contains(&s.value.as_str())) {
        let sizes = CACHE_CLUSTER_SIZES.join(", ");
        object.error(&size.place, format!("CacheClusterSize is one of {sizes}"));
    }
    stage.cache_cluster = CacheCluster { enabled: false, size: size.map(|size| size.value) };
    stage.client_certificate_id =
        object.text("ClientCertificateId").map(|id| ClientCertificateId::new(&id.value));
    stage.tracing_enabled = object.boolean("TracingEnabled").unwrap_or(false);
    stage.documentation_version = object.plain_text("DocumentationVersion");
    stage.tags = object.tags("Tags");
}

/// A stage's name, or an error at its place.
pub(super) fn stage_name_of(object: &Object<'_>, name: &Spanned<String>) -> Option<StageName> {
    match StageName::parse(&name.value) {
        Ok(name) => Some(name),
        Err(error) => {
            object.error(&name.place, error.to_string());
            None
        }
    }
}

fn canary(object: &mut Object<'_>, name: &'static str) -> Option<CanarySetting> {
    let mut canary = object.object(name)?;
    let is_of_stage = name == "CanarySetting";
    let deployment = if is_of_stage { canary.text("DeploymentId") } else { None };
    let read = CanarySetting {
        deployment: deployment.map(|id| DeploymentId::new(&id.value)),
        percent_traffic: canary.number("PercentTraffic"),
        stage_variable_overrides: canary.text_map("StageVariableOverrides"),
        use_stage_cache: canary.boolean("UseStageCache").unwrap_or(false),
        place: canary.place(),
    };
    canary.finish();
    Some(read)
}

fn method_settings(object: &mut Object<'_>) -> BTreeMap<MethodSettingKey, MethodSetting> {
    let mut settings = BTreeMap::new();
    for mut entry in object.objects("MethodSettings") {
        let path = entry.text("ResourcePath");
        let http_method = entry.text("HttpMethod");
        let setting = method_setting(&mut entry);
        let resource_path = match &path {
            None => Ok(None),
            Some(path) => resource_path(&path.value).map_err(|text| (path, text)),
        };
        let verb = match &http_method {
            None => Ok(None),
            Some(verb) if verb.value == "*" => Ok(None),
            Some(verb) => HttpMethod::parse(&verb.value)
                .map(Some)
                .map_err(|unknown| (verb, format!("{unknown}, *"))),
        };
        match (resource_path, verb) {
            (Ok(resource_path), Ok(http_method)) => {
                settings.insert(MethodSettingKey { resource_path, http_method }, setting);
            }
            (path, verb) => {
                for (at, text) in [path.err(), verb.err()].into_iter().flatten() {
                    entry.error(&at.place, format!("MethodSettings: {text}"));
                }
            }
        }
        entry.finish();
    }
    settings
}

/// `/*` is every resource; `/~1pets`, `~1pets` and `/pets` are all `/pets`.
fn resource_path(text: &str) -> Result<Option<String>, String> {
    if matches!(text, "/*" | "*") {
        return Ok(None);
    }
    let escaped = text.strip_prefix('/').filter(|rest| rest.starts_with("~1")).unwrap_or(text);
    let path = escaped.replace("~1", "/").replace("~0", "~");
    if !path.starts_with('/') {
        return Err(format!("\"{text}\" is no resource path: write /*, /~1pets or /pets"));
    }
    Ok(Some(path))
}

fn method_setting(object: &mut Object<'_>) -> MethodSetting {
    MethodSetting {
        caching_enabled: object.boolean("CachingEnabled"),
        cache_ttl_seconds: object.integer("CacheTtlInSeconds"),
        cache_data_encrypted: object.boolean("CacheDataEncrypted"),
        require_authorization_for_cache_control: object
            .boolean("RequireAuthorizationForCacheControl"),
        unauthorized_cache_control_header_strategy: object.word(
            "UnauthorizedCacheControlHeaderStrategy",
            UnauthorizedCacheControlHeaderStrategy::parse,
        ),
        data_trace_enabled: object.boolean("DataTraceEnabled"),
        logging_level: object.word("LoggingLevel", LoggingLevel::parse),
        metrics_enabled: object.boolean("MetricsEnabled"),
        throttling_burst_limit: object.integer("ThrottlingBurstLimit"),
        throttling_rate_limit: object.number("ThrottlingRateLimit"),
        place: object.place(),
    }
}

#[cfg(test)]
mod tests {
    use super::resource_path;

    #[test]
    fn method_setting_paths_have_three_spellings() {
        for text in ["/~1pets~1{id}", "~1pets~1{id}", "/pets/{id}"] {
            assert_eq!(resource_path(text), Ok(Some("/pets/{id}".to_owned())), "{text}");
        }
        for text in ["/", "/~1", "~1"] {
            assert_eq!(resource_path(text), Ok(Some("/".to_owned())), "{text}");
        }
        assert_eq!(resource_path("/*"), Ok(None));
        assert_eq!(resource_path("*"), Ok(None));
        assert!(resource_path("pets").is_err());
    }
}
