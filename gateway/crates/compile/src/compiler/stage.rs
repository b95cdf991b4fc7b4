//! One stage: its routes, its methods, and what it has of its own.

use std::collections::HashMap;
use std::sync::Arc;

use gateway_model::{
    Diagnostic, EndpointType, HttpMethod, Method, PathPart, Resource, ResourceId, RestApi, Stage,
};
use gateway_telemetry::LogFormat;
use gateway_throttle::{Bucket, Limit, Settings, Throttle};

use super::context::{MethodContext, Shared, StageContext};
use super::functions::Asked;
use super::settings::MethodSettings;
use super::{canary, gateway_response};
use crate::changes::Change;
use crate::functions::BinaryMediaTypes;
use crate::plan::{AccessLogPlan, MethodIndex, MethodPlan, Policy, StagePlan};
use crate::routes::{Routes, RoutesBuilder};
use crate::source::Source;

/// What a stage shows.
#[derive(Clone, Copy)]
pub(super) struct Shown<'a> {
    /// Its API, as its deployment has it.
    pub(super) api: &'a RestApi,
    /// The same as its canary's deployment has it.
    pub(super) canary: &'a RestApi,
    pub(super) stage: &'a Stage,
}

/// The plan of a stage with its canary. `before` is the stage's plan in the snapshot being served: what
/// counts and limits is taken from there. With it comes what was asked of the functions.
pub(super) fn compile(
    shown: Shown<'_>,
    before: Option<&StagePlan>,
    shared: &mut Shared<'_>,
    diagnostics: &mut Vec<Diagnostic>,
) -> (StagePlan, Vec<Asked>) {
    let stage = shown.stage;
    let mut cx = StageContext::new(shown.api, stage, shared, diagnostics);
    cx.check_method_settings();
    let cache = cx.stage_cache(before);
    let (mut plan, mut asked) = deployed(cx, before);
    plan.cache = cache;
    throttles(stage, before, &mut plan, shared);
    plan.canary = canary::compile(shown, before, &plan, shared, diagnostics).map(|made| {
        let (canary, of_canary) = made;
        asked.extend(of_canary);
        canary
    });
    (plan, asked)
}

/// What a deployment executes with the variables of the context's stage, as yet without what outlives it
/// but the decisions of authorizers, which are taken from `before`.
pub(super) fn deployed(
    mut cx: StageContext<'_, '_>,
    before: Option<&StagePlan>,
) -> (StagePlan, Vec<Asked>) {
    let (api, stage) = (cx.api, cx.stage);
    stage_variables(&mut cx);
    cx.compile_authorizers(before);
    let (routes, methods) = methods(&mut cx);
    let gateway_responses = gateway_response::compile(&mut cx);
    let access_log = access_log(&mut cx);
    let execution_log_group = execution_log_group(&cx, &methods);
    let options = cx.shared.options;
    let variables = stage.variables.iter();
    let plan = StagePlan {
        api_id: api.id.as_str().into(),
        api_name: api.name.as_str().into(),
        stage: stage.name.as_str().into(),
        account_id: options.account_id.as_str().into(),
        region: options.region.as_str().into(),
        deployment_id: stage.deployment.as_str().into(),
        endpoint_type: api.endpoint.types.first().copied().unwrap_or(EndpointType::Edge),
        user_agent: format!("AmazonAPIGateway_{}", api.id).into_bytes().into(),
        routes,
        methods,
        endpoints: cx.take_endpoints(),
        gateway_responses,
        access_log,
        execution_log_group,
        stage_variables: variables
            .map(|(name, value)| (name.as_str().into(), value.value.as_str().into()))
            .collect(),
        policy: if api.policy.is_some() { Policy::Unserved } else { Policy::None },
        payload_bytes_max: options.payload_bytes_max,
        api_key_source: api.api_key_source,
        functions: cx.functions,
        authorizers: cx.authorizers,
        binary_media_types: BinaryMediaTypes::new(
            api.binary_media_types.iter().map(|entry| entry.replace("~1", "/")),
        ),
        minimum_compression_size: api.minimum_compression_size,
        cache: None,
        canary: None,
        is_canary: false,
        function_url: None,
    };
    (plan, cx.asked)
}

/// Gives each method its limit: the one before, or a new one. Every method has one of its own. One that only the canary had goes
/// on as well, since that may have been promoted.
fn throttles(
    stage: &Stage,
    before: Option<&StagePlan>,
    plan: &mut StagePlan,
    shared: &mut Shared<'_>,
) {
    let canary = before.and_then(|before| before.canary.as_ref()).map(|canary| &*canary.plan);
    let before = limits_of(canary.into_iter().chain(before));
    for method in &mut plan.methods {
        method.throttle = method_throttle(stage, method, &before, shared);
    }
}

/// The limits of plans by method; the last plan that has a method decides.
pub(super) fn limits_of<'a>(
    plans: impl Iterator<Item = &'a StagePlan>,
) -> HashMap<(&'a str, HttpMethod), &'a Throttle> {
    let methods = plans.flat_map(|plan| &plan.methods);
    methods.filter_map(|method| Some((method.name(), method.throttle.as_ref()?))).collect()
}

/// The limit that a method has on a stage.
pub(super) fn method_throttle(
    stage: &Stage,
    method: &MethodPlan,
    before: &HashMap<(&str, HttpMethod), &Throttle>,
    shared: &mut Shared<'_>,
) -> Option<Throttle> {
    let (path, verb) = method.name();
    let wanted = MethodSettings::of(stage, path, verb).throttle()?;
    Some(throttle(before.get(&(path, verb)).copied(), wanted, &mut shared.changes))
}

/// A limit with one bucket: the one before with these settings, or a new one.
pub(super) fn throttle(
    before: Option<&Throttle>,
    settings: Settings,
    changes: &mut Vec<Change>,
) -> Throttle {
    match before {
        Some(kept) => {
            if kept.limit.settings() != settings {
                changes.push(Change::Throttle(kept.clone(), settings));
            }
            kept.clone()
        }
        None => {
            let limit = Arc::new(Limit::new(settings));
            let bucket = Arc::new(Bucket::full(&limit));
            Throttle { limit, bucket }
        }
    }
}

/// Values of stage variables go into request lines and headers, where a control character would end one.
fn stage_variables(cx: &mut StageContext<'_, '_>) {
    for (name, value) in &cx.stage.variables {
        if value.value.contains(|c: char| c.is_control()) {
            let text = format!("stage variable \"{name}\" has a control character");
            cx.error(&value.place, text);
        }
    }
}

fn methods(cx: &mut StageContext<'_, '_>) -> (Routes, Vec<MethodPlan>) {
    let api = cx.api;
    let mut builder = RoutesBuilder::new();
    let mut plans = Vec::new();
    for resource in api.resources.values() {
        let Some(parts) = path_parts(api, resource) else {
            let text = format!("resource \"{}\" does not descend from its API's root", resource.id);
            cx.error(&resource.place, text);
            continue;
        };
        let path_params: Vec<Box<str>> = parts.iter().filter_map(|part| variable(part)).collect();
        let first = plans.len();
        for method in resource.methods.values() {
            let index = MethodIndex(plans.len() as u32);
            plans.push(method_plan(cx, resource, method, &path_params, index));
        }
        let indices = plans[first..].iter().map(|plan| (plan.http_method, plan.index));
        if let Err(conflict) = builder.add(&parts, indices) {
            cx.error(&resource.place, format!("resource {}: {conflict}", resource.path));
        }
    }
    cx.warn_of_unused_models();
    (builder.build(), plans)
}

/// The parts from the root down, the root's own left out; `None` for a node that hangs nowhere or in a
/// loop.
fn path_parts<'a>(api: &'a RestApi, resource: &'a Resource) -> Option<Vec<&'a PathPart>> {
    let mut parts = Vec::new();
    let mut node = resource;
    let mut id: &ResourceId = &resource.id;
    while *id != api.root {
        parts.push(&node.path_part);
        if parts.len() > api.resources.len() {
            return None;
        }
        id = node.parent.as_ref()?;
        node = api.resources.get(id)?;
    }
    parts.reverse();
    Some(parts)
}

fn variable(part: &PathPart) -> Option<Box<str>> {
    match part {
        PathPart::Parameter(name) | PathPart::Greedy(name) => Some(name.as_str().into()),
        PathPart::Root | PathPart::Literal(_) => None,
    }
}

fn method_plan(
    cx: &mut StageContext<'_, '_>,
    resource: &Resource,
    method: &Method,
    path_params: &[Box<str>],
    index: MethodIndex,
) -> MethodPlan {
    let context = MethodContext { method, path_params, resource_path: &resource.path };
    let cache = cx.cache_plan(resource, context);
    let mut integration = cx.integration(context);
    if cache.as_ref().is_some_and(|plan| plan.key.iter().any(Source::reads_request_body)) {
        integration.need_request_body();
    }
    MethodPlan {
        index,
        resource_id: resource.id.as_str().into(),
        resource_path: resource.path.as_str().into(),
        http_method: method.http_method,
        path_params: path_params.to_vec(),
        access: cx.access(method),
        api_key_required: method.api_key_required,
        throttle: None,
        has_metrics: MethodSettings::of(cx.stage, &resource.path, method.http_method).metrics(),
        cache,
        execution_log: match cx.shared.options.log_groups_enabled {
            true => MethodSettings::of(cx.stage, &resource.path, method.http_method).log(),
            false => None,
        },
        integration,
        validation: cx.validation(context),
        operation_name: method.operation_name.as_deref().map(Box::from),
    }
}

fn access_log(cx: &mut StageContext<'_, '_>) -> Option<AccessLogPlan> {
    let options = cx.shared.options;
    let setting = cx.stage.access_log.as_ref();
    let arn = setting.and_then(|setting| setting.destination_arn.as_ref());
    let group = arn.and_then(|arn| log_group(&arn.value));
    let format = match setting.and_then(|setting| setting.format.as_ref()) {
        None => options.default_access_log.clone()?,
        Some(format) => match LogFormat::parse(&format.value) {
            Ok((parsed, warnings)) => {
                for warning in warnings {
                    cx.warn(&format.place, warning.to_string());
                }
                parsed
            }
            Err(error) => {
                cx.error(&format.place, error.to_string());
                return None;
            }
        },
    };
    let group = group.filter(|_| options.log_groups_enabled).map(Box::from);
    let is_own = options.access_log_enabled;
    (is_own || group.is_some()).then_some(AccessLogPlan { format, is_own, group })
}

/// The log group that an ARN names: `arn:aws:logs:{region}:{account}:log-group:{name}`, perhaps with `:*` behind.
fn log_group(arn: &str) -> Option<&str> {
    let mut parts = arn.splitn(7, ':');
    let (kind, service) = (parts.next()?, parts.nth(1)?);
    let name = parts.nth(3)?;
    let is_group = kind == "arn" && service == "logs" && arn.split(':').nth(5) == Some("log-group");
    let name = name.strip_suffix(":*").unwrap_or(name);
    (is_group && !name.is_empty()).then_some(name)
}

/// The log group of a stage's execution log, if a method writes to it.
fn execution_log_group(cx: &StageContext<'_, '_>, methods: &[MethodPlan]) -> Option<Box<str>> {
    let is_written = methods.iter().any(|method| method.execution_log.is_some());
    let (api, stage) = (&cx.api.id, &cx.stage.name);
    is_written.then(|| format!("API-Gateway-Execution-Logs_{api}/{stage}").into())
}

#[cfg(test)]
mod tests {
    use super::log_group;

    #[test]
    fn a_log_group_is_known_by_its_arn() {
        let arn = |rest: &str| format!("arn:aws:logs:us-east-1:123456789012:{rest}");
        for (arn, expect) in [
            (arn("log-group:/api/access"), Some("/api/access")),
            (arn("log-group:/api/access:*"), Some("/api/access")),
            ("arn:aws-cn:logs:::log-group:g".to_owned(), Some("g")),
            (arn("log-group:"), None),
            (arn("log-group"), None),
            (arn("destination:x"), None),
            ("arn:aws:firehose:us-east-1:1:deliverystream/amazon-apigateway-x".to_owned(), None),
            ("log-group:x".to_owned(), None),
        ] {
            assert_eq!(log_group(&arn), expect, "{arn}");
        }
    }
}
