//! Function URLs: stages with one method, which are reached by hosts of their own.

use std::sync::Arc;

use gateway_model::{
    Diagnostic, EndpointType, FunctionUrl, FunctionUrlAuth, FunctionUrlCors, HttpMethod, PathPart,
};

use super::CompileOptions;
use super::context::Shared;
use super::functions::{Asked, Found};
use super::reuse::of_stages;
use crate::arn::FunctionName;
use crate::functions::{
    BinaryMediaTypes, FunctionIndex, FunctionTarget, FunctionUrlAccess, FunctionUrlCorsPlan,
    FunctionUrlPlan, LambdaMapping, LambdaPlan,
};
use crate::hosts::HostTableBuilder;
use crate::limits::{FUNCTION_URL_BYTES_MAX, FUNCTION_URL_TIMEOUT_MS};
use crate::plan::{
    Access, AccessLogPlan, IntegrationPlan, MethodIndex, MethodPlan, Policy, Snapshot, StageIndex,
    StagePlan,
};
use crate::routes::{Routes, RoutesBuilder};

/// What events call the stage of a function URL, and its route.
const DEFAULT: &str = "$default";

/// What a function URL was compiled from; a snapshot keeps one beside each plan.
#[derive(Debug, Clone)]
pub(crate) struct UrlInput {
    url: FunctionUrl,
    options: Arc<CompileOptions>,
    asked: Vec<Asked>,
    warnings: Vec<Diagnostic>,
}

/// Compiles all function URLs: their plans are stages behind those of APIs.
pub(super) fn compile(
    urls: &[FunctionUrl],
    shared: &Shared<'_>,
    previous: Option<&Snapshot>,
    stages: &mut Vec<Arc<StagePlan>>,
    hosts: &mut HostTableBuilder,
    diagnostics: &mut Vec<Diagnostic>,
) -> (Vec<UrlInput>, usize) {
    let mut options = Arc::new(of_stages(shared.options));
    let before = previous.map_or(&[][..], |snapshot| &snapshot.url_inputs);
    if let Some(same) = before.iter().find(|input| *input.options == *options) {
        options = Arc::clone(&same.options);
    }
    let mut inputs = Vec::with_capacity(urls.len());
    let mut reused = 0;
    for url in urls {
        let index = StageIndex(stages.len() as u32);
        if !hosts.add_function_url(&url.id, index) {
            let text = format!("another function URL has the id \"{}\"", url.id);
            diagnostics.push(Diagnostic::error(&url.place, text));
            continue;
        }
        let (plan, input) = match kept(url, &options, shared, previous) {
            Some(kept) => {
                reused += 1;
                kept
            }
            None => made(url, &options, shared),
        };
        diagnostics.extend(input.warnings.iter().cloned());
        stages.push(plan);
        inputs.push(input);
    }
    (inputs, reused)
}

/// The plan before, if nothing that it was made from has changed.
fn kept(
    url: &FunctionUrl,
    options: &Arc<CompileOptions>,
    shared: &Shared<'_>,
    previous: Option<&Snapshot>,
) -> Option<(Arc<StagePlan>, UrlInput)> {
    let previous = previous?;
    let at = previous.url_inputs.iter().position(|input| input.url.id == url.id)?;
    let input = &previous.url_inputs[at];
    let is_same = input.url == *url
        && Arc::ptr_eq(&input.options, options)
        && shared.functions.still_says(&input.asked);
    is_same.then(|| (Arc::clone(&previous.stages[previous.inputs.len() + at]), input.clone()))
}

fn made(
    url: &FunctionUrl,
    options: &Arc<CompileOptions>,
    shared: &Shared<'_>,
) -> (Arc<StagePlan>, UrlInput) {
    let name = FunctionName {
        region: options.region.clone(),
        account: None,
        name: url.function.value.clone(),
        qualifier: url.qualifier.clone(),
        partition: None,
    };
    let found = shared.functions.find(&name);
    let is_public = shared.functions.is_public(&name);
    let mut warnings = Vec::new();
    let mut warn = |text: String, help: &str| {
        warnings.push(Diagnostic::warning(&url.place, text).with_help(help));
    };
    let target = match &found {
        Found::Here(plan) => FunctionTarget::Local(Arc::clone(plan)),
        other => {
            let why = match other {
                Found::Elsewhere(why) => format!("cannot run here: {why}"),
                Found::NoQualifier => "has no such alias here".to_owned(),
                Found::Here(_) | Found::Nothing => "is not defined here".to_owned(),
            };
            warn(format!("function {name} {why}; its URL answers 502"), "define it here");
            FunctionTarget::Missing
        }
    };
    let access = match url.auth {
        FunctionUrlAuth::AwsIam => FunctionUrlAccess::IamUnserved,
        FunctionUrlAuth::None if is_public => FunctionUrlAccess::Open,
        FunctionUrlAuth::None => {
            let help = "add an AWS::Lambda::Permission with Action lambda:InvokeFunctionUrl, Principal * and \
                        FunctionUrlAuthType NONE";
            warn(format!("nobody may call the URL of function {name}; it answers 403"), help);
            FunctionUrlAccess::NotPermitted
        }
    };
    let asked = vec![Asked::Function(name.clone(), found), Asked::Public(name, is_public)];
    let plan = FunctionUrlPlan { access, cors: url.cors.as_ref().map(cors) };
    let plan = Arc::new(stage(url, plan, target, options, shared));
    let (url, options) = (url.clone(), Arc::clone(options));
    (plan, UrlInput { url, options, asked, warnings })
}

fn stage(
    url: &FunctionUrl,
    plan: FunctionUrlPlan,
    target: FunctionTarget,
    options: &CompileOptions,
    shared: &Shared<'_>,
) -> StagePlan {
    let format = options.default_access_log.clone().filter(|_| options.access_log_enabled);
    let integration = LambdaPlan {
        function: FunctionIndex(0),
        timeout_ms: FUNCTION_URL_TIMEOUT_MS,
        mapping: LambdaMapping::Url,
    };
    let method = MethodPlan {
        index: MethodIndex(0),
        resource_id: DEFAULT.into(),
        resource_path: DEFAULT.into(),
        http_method: HttpMethod::Any,
        path_params: Vec::new(),
        access: Access::Open,
        api_key_required: false,
        throttle: None,
        cache: None,
        validation: None,
        integration: IntegrationPlan::Lambda(Box::new(integration)),
        operation_name: None,
        execution_log: None,
        has_metrics: false,
    };
    StagePlan {
        api_id: url.id.as_str().into(),
        api_name: url.function.value.as_str().into(),
        stage: DEFAULT.into(),
        account_id: options.account_id.as_str().into(),
        region: options.region.as_str().into(),
        deployment_id: "".into(),
        endpoint_type: EndpointType::Regional,
        user_agent: Box::default(),
        routes: routes(),
        methods: vec![method],
        endpoints: Vec::new(),
        gateway_responses: Arc::clone(&shared.built_in),
        access_log: format.map(|format| AccessLogPlan { format, is_own: true, group: None }),
        execution_log_group: None,
        stage_variables: Vec::new(),
        policy: Policy::None,
        payload_bytes_max: options.payload_bytes_max.min(FUNCTION_URL_BYTES_MAX),
        api_key_source: gateway_model::ApiKeySource::Header,
        functions: vec![target],
        authorizers: Vec::new(),
        binary_media_types: BinaryMediaTypes::default(),
        minimum_compression_size: None,
        cache: None,
        canary: None,
        is_canary: false,
        function_url: Some(Box::new(plan)),
    }
}

/// Every path and every verb leads to the one method.
fn routes() -> Routes {
    let mut builder = RoutesBuilder::new();
    let greedy = PathPart::Greedy("proxy".to_owned());
    for parts in [&[][..], &[&greedy]] {
        let added = builder.add(parts, [(HttpMethod::Any, MethodIndex(0))]);
        debug_assert!(added.is_ok(), "two paths that differ do not conflict");
    }
    builder.build()
}

fn cors(cors: &FunctionUrlCors) -> FunctionUrlCorsPlan {
    let joined = |texts: &[String]| texts.join(",").into_bytes().into_boxed_slice();
    let origins = cors.allow_origins.iter();
    FunctionUrlCorsPlan {
        allow_origins: origins.map(|origin| origin.as_bytes().into()).collect(),
        allow_credentials: cors.allow_credentials,
        allow_headers: joined(&cors.allow_headers),
        allow_methods: joined(&cors.allow_methods),
        expose_headers: joined(&cors.expose_headers),
        max_age: cors
            .max_age_seconds
            .map(|seconds| seconds.to_string().into_bytes().into())
            .unwrap_or_default(),
    }
}
