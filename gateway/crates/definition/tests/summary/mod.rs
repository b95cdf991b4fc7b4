//! What loading said, as text.

use gateway_definition::Loaded;
use gateway_model::{Definitions, FunctionCode, Integration, Method, RestApi, Spanned};
use std::fmt::Write;

/// Diagnostics, one a line, then the definitions when there are any.
pub(crate) fn of(loaded: &Loaded) -> String {
    let mut out = String::new();
    for diagnostic in &loaded.diagnostics {
        let _ = writeln!(out, "{diagnostic}");
    }
    definitions(&loaded.definitions, &mut out);
    functions(&loaded.definitions, &mut out);
    out
}

fn definitions(definitions: &Definitions, out: &mut String) {
    for a in &definitions.apis {
        api(a, out);
    }
    for d in &definitions.domain_names {
        let _ = writeln!(out, "domain {}", d.name);
    }
    for m in &definitions.base_path_mappings {
        let (domain, path) = (&m.domain_name.value, &m.base_path);
        let _ = writeln!(out, "mapping {domain}/{path} -> {:?} {:?}", m.rest_api_id, m.stage);
    }
    for key in &definitions.api_keys {
        let _ = writeln!(out, "key {} {:?} enabled={}", key.id, key.value, key.enabled);
    }
    for plan in &definitions.usage_plans {
        let (quota, throttle) = (&plan.quota, &plan.throttle);
        let _ = writeln!(out, "plan {} {quota:?} {throttle:?}", plan.name);
        for stage in &plan.api_stages {
            let (api, name, throttle) = (&stage.rest_api_id, &stage.stage, &stage.throttle);
            let _ = writeln!(out, "  {api}:{name} {throttle:?}");
        }
    }
    for key in &definitions.usage_plan_keys {
        let _ = writeln!(out, "plan key {} in {}", key.key_id, key.usage_plan_id);
    }
    for output in &definitions.outputs {
        let (key, value) = (&output.key, &output.value);
        let export = output.export_name.as_ref().map(|n| format!(" as {n}")).unwrap_or_default();
        let _ = writeln!(out, "output {key} = {value:?}{export}");
    }
}

fn api(api: &RestApi, out: &mut String) {
    let _ = writeln!(out, "api {} {:?}", api.id, api.name);
    if !api.tags.is_empty() {
        let _ = writeln!(out, "  tags {:?}", api.tags);
    }
    if let Some(policy) = &api.policy {
        let _ = writeln!(out, "  policy {}", policy.value);
    }
    if let Some(body) = api.import.as_ref().and_then(|import| import.body.as_ref()) {
        let _ = writeln!(out, "  body {}", body.value);
    }
    let mut resources: Vec<_> = api.resources.values().collect();
    resources.sort_by(|a, b| a.path.cmp(&b.path));
    for resource in resources {
        let _ = writeln!(out, "  {}", resource.path);
        resource.methods.values().for_each(|m| method(m, out));
    }
    for (name, model) in &api.models {
        let schema = model.schema.as_ref().map(|schema| schema.to_string());
        let _ = writeln!(out, "  model {name} {} {schema:?}", model.content_type);
    }
    for (name, response) in &api.gateway_responses {
        let status = response.status_code.map(|code| code.to_string());
        let _ = writeln!(out, "  response {name} {status:?}");
        for p in &response.response_parameters {
            let _ = writeln!(out, "    {} = {}", p.target.value, p.source.value);
        }
        for t in &response.response_templates {
            let _ = writeln!(out, "    {}: {:?}", t.content_type, t.body.value);
        }
    }
    for a in api.authorizers.values() {
        let _ = writeln!(out, "  authorizer {} {} {:?}", a.name, a.kind, a.result_ttl_seconds);
    }
    for (name, stage) in &api.stages {
        let _ = writeln!(out, "  stage {name} of {}", stage.deployment);
        for (variable, value) in &stage.variables {
            let _ = writeln!(out, "    {variable} = {:?}", value.value);
        }
        for (key, s) in &stage.method_settings {
            let _ = writeln!(
                out,
                "    {key}: rate {:?} burst {:?} cache {:?} log {:?}",
                s.throttling_rate_limit,
                s.throttling_burst_limit,
                s.caching_enabled,
                s.logging_level
            );
            let ttl = s.cache_ttl_seconds;
            let required = s.require_authorization_for_cache_control;
            let strategy = s.unauthorized_cache_control_header_strategy;
            if ttl.is_some() || required.is_some() || strategy.is_some() {
                let _ = writeln!(out, "      ttl {ttl:?} authorization {required:?} {strategy:?}");
            }
        }
        if let Some(c) = &stage.canary {
            let deployment = c.deployment.as_ref().map_or("-", |id| id.as_str());
            let (percent, overrides) = (c.percent_traffic, &c.stage_variable_overrides);
            let cache = c.use_stage_cache;
            let _ =
                writeln!(out, "    canary {deployment} {percent:?} {overrides:?} cache {cache}");
        }
        if let Some(log) = &stage.access_log {
            let _ = writeln!(out, "    log {:?}", log.format.as_ref().map(|f| &f.value));
        }
    }
}

fn method(method: &Method, out: &mut String) {
    let _ = write!(out, "    {} {}", method.http_method, method.authorization_type);
    if !method.request_parameters.is_empty() {
        let _ = write!(out, " {:?}", method.request_parameters);
    }
    let statuses: Vec<String> = method.method_responses.keys().map(|s| s.to_string()).collect();
    let _ = writeln!(out, " -> [{}]", statuses.join(" "));
    if let Some(i) = &method.integration {
        integration(i, out);
    }
}

fn integration(i: &Integration, out: &mut String) {
    let verb = i.http_method.as_ref().map_or("", |verb| &verb.value);
    let uri = i.uri.as_ref().map_or("", |uri| &uri.value);
    let _ = writeln!(out, "      {} {verb} {uri} {:?}ms", i.kind, i.timeout_ms);
    for p in &i.request_parameters {
        let _ = writeln!(out, "        {} = {}", p.target.value, p.source.value);
    }
    for t in &i.request_templates {
        let _ = writeln!(out, "        {}: {:?}", t.content_type, t.body.value);
    }
    for r in &i.integration_responses {
        let pattern = r.selection_pattern.as_ref().map(|p| &p.value);
        let _ = writeln!(out, "        {} on {pattern:?}", r.status_code);
        for p in &r.response_parameters {
            let _ = writeln!(out, "          {} = {}", p.target.value, p.source.value);
        }
        for t in &r.response_templates {
            let _ = writeln!(out, "          {}: {:?}", t.content_type, t.body.value);
        }
    }
}

fn functions(definitions: &Definitions, out: &mut String) {
    for f in &definitions.functions {
        let text = |text: &Option<Spanned<String>>| text.as_ref().map(|text| text.value.clone());
        let number = |number: &Option<Spanned<i64>>| number.as_ref().map(|number| number.value);
        let (runtime, handler) = (text(&f.runtime), text(&f.handler));
        let _ = writeln!(out, "function {} {runtime:?} {handler:?}", f.name.value);
        let _ = match &f.code {
            FunctionCode::Inline(code) => writeln!(out, "  inline {:?}", code.value),
            FunctionCode::Path { path, .. } => writeln!(out, "  path {}", path.display()),
            FunctionCode::Elsewhere(code) => writeln!(out, "  elsewhere {}", code.value),
        };
        let limits = (number(&f.timeout_seconds), number(&f.memory_mb));
        let reserved = number(&f.reserved_concurrency);
        if limits != (None, None) || reserved.is_some() {
            let (timeout, memory) = limits;
            let _ = writeln!(out, "  timeout {timeout:?} memory {memory:?} reserved {reserved:?}");
        }
        for (name, value) in &f.environment {
            let _ = writeln!(out, "  {name}={value}");
        }
    }
    for q in &definitions.function_qualifiers {
        let _ = writeln!(out, "qualifier {} of {}", q.qualifier, q.function.value);
    }
    for p in &definitions.function_permissions {
        let source = p.source_arn.as_ref().map(|source| &source.value);
        let account = &p.source_account;
        let _ = writeln!(
            out,
            "permission {} for {} on {} from {source:?} {account:?}",
            p.action, p.principal, p.function.value
        );
        if p.is_via_function_url || p.function_url_auth_type.is_some() {
            let auth = &p.function_url_auth_type;
            let _ = writeln!(out, "  by a function URL with {auth:?}");
        }
    }
    for url in &definitions.function_urls {
        let qualifier = url.qualifier.as_ref().map(|qualifier| format!(":{qualifier}"));
        let function = &url.function.value;
        let qualifier = qualifier.unwrap_or_default();
        let _ = writeln!(out, "url {} of {function}{qualifier} {}", url.id, url.auth);
        if let Some(cors) = &url.cors {
            let _ = writeln!(out, "  {cors:?}");
        }
    }
}
