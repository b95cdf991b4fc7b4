//! `Deployment` and `Stage`.

use super::object::Object;
use super::{Context, Part, Piece};
use gateway_model::limits::{CACHE_TTL_SECONDS_MAX, CANARY_PERCENT_MAX};
use gateway_model::{
    AccessLogSetting, CacheCluster, CanarySetting, ClientCertificateId, Deployment, DeploymentId,
    HttpMethod, LoggingLevel, MethodSetting, MethodSettingKey, Spanned, Stage, StageName,
    UnauthorizedCacheControlHeaderStrategy,
};
use std::collections::BTreeMap;

/// Source: CreateStage, cacheClusterSize.
const CACHE_CLUSTER_SIZES: [&str; 8] = ["0.5", "1.6", "6.1", "13.5", "28.4", "58.2", "118", "237"];

/// Source: CreateDeployment.
const CANARY_WITHOUT_STAGE: &str = "Invalid deployment content specified.Non null and non empty \
                                    stageName must be provided for canary deployment.";

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
    let is_nameless = stage_name.as_ref().is_some_and(|name| name.value.is_empty());
    if let Some(canary) = canary.as_ref().filter(|_| is_nameless || object.is_absent("StageName")) {
        let value = if is_nameless { "" } else { "null" };
        let text = format!("{CANARY_WITHOUT_STAGE} Provided value is {value}");
        object.error(&canary.place, text);
    }
    if canary.is_some() && stage_description.is_some() {
        let place = object.place_of("StageDescription");
        object.warning(&place, "StageDescription of a canary deployment has no effect");
    }
    // As for API Gateway, an empty name is none.
    let stage_name = stage_name.filter(|_| !is_nameless);
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
    let percent = canary.number("PercentTraffic");
    let expected = format!("0 to {CANARY_PERCENT_MAX}");
    let read = CanarySetting {
        deployment: deployment.map(|id| DeploymentId::new(&id.value)),
        percent_traffic: canary.within("PercentTraffic", percent, &expected, |percent| {
            (0.0..=CANARY_PERCENT_MAX).contains(percent)
        }),
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
    let (burst, rate) = throttling(object, "ThrottlingBurstLimit", "ThrottlingRateLimit", true);
    MethodSetting {
        caching_enabled: object.boolean("CachingEnabled"),
        cache_ttl_seconds: cache_ttl(object),
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
        throttling_burst_limit: burst,
        throttling_rate_limit: rate,
        place: object.place(),
    }
}

fn cache_ttl(object: &mut Object<'_>) -> Option<u32> {
    let seconds = object.integer::<i64>("CacheTtlInSeconds");
    let expected = format!("0 to {CACHE_TTL_SECONDS_MAX} seconds");
    let seconds = object.within("CacheTtlInSeconds", seconds, &expected, |seconds| {
        (0..=i64::from(CACHE_TTL_SECONDS_MAX)).contains(seconds)
    });
    seconds.and_then(|seconds| u32::try_from(seconds).ok())
}

/// A burst and a rate, from 0 on. -1 stands for no limit where that `may_be_off`, as
/// infrastructure tools write it.
pub(super) fn throttling(
    object: &mut Object<'_>,
    burst_name: &'static str,
    rate_name: &'static str,
    may_be_off: bool,
) -> (Option<i64>, Option<f64>) {
    let burst = object.integer::<i64>(burst_name);
    let rate = object.number(rate_name);
    let expected = if may_be_off { "0 or more, or -1 for no limit" } else { "0 or more" };
    let burst = object.within(burst_name, burst, expected, |b| *b >= 0 || (may_be_off && *b == -1));
    let rate =
        object.within(rate_name, rate, expected, |r| *r >= 0.0 || (may_be_off && *r == -1.0));
    (burst, rate)
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
