//! Stage caches: which methods use them, under which key.

use std::sync::Arc;

use gateway_cache::Cache;
use gateway_model::{
    Diagnostic, HttpMethod, Integration, Resource, Spanned, UnauthorizedCacheControlHeaderStrategy,
};

use super::context::{MethodContext, StageContext};
use super::mapping::Side;
use super::settings::MethodSettings;
use crate::caching::{CachePlan, Invalidation, StageCache};
use crate::expression::{Expression, RequestPart};
use crate::limits::{CACHE_SIZE_DEFAULT, CACHE_SIZES, CACHE_TTL_S_DEFAULT};
use crate::plan::StagePlan;
use crate::source::Source;

impl StageContext<'_, '_> {
    /// The stage's cache: the one before if its size is the same, else an empty one.
    pub(super) fn stage_cache(&mut self, before: Option<&StagePlan>) -> Option<StageCache> {
        let cluster = &self.stage.cache_cluster;
        if !cluster.enabled {
            return None;
        }
        let size = cluster.size.as_deref().unwrap_or(CACHE_SIZE_DEFAULT);
        let Some((_, bytes)) = CACHE_SIZES.iter().find(|(name, _)| *name == size) else {
            let sizes: Vec<&str> = CACHE_SIZES.iter().map(|(name, _)| *name).collect();
            let text = format!("CacheClusterSize is one of {}", sizes.join(", "));
            self.error(&self.stage.place, text);
            return None;
        };
        let bytes_max = self.shared.options.cache_bytes_max.min(*bytes);
        let kept = before.filter(|_| self.shared.is_cache_budget_kept);
        let kept = kept.and_then(|plan| plan.cache.as_ref());
        Some(match kept.filter(|kept| kept.bytes_max == bytes_max) {
            Some(kept) => kept.clone(),
            None => StageCache {
                cache: Cache::new(bytes_max, Arc::clone(&self.shared.cache_budget)),
                bytes_max,
            },
        })
    }

    /// How responses of a method are cached. The cache key parameters are checked in any case.
    pub(super) fn cache_plan(
        &mut self,
        resource: &Resource,
        context: MethodContext<'_>,
    ) -> Option<CachePlan> {
        let integration = context.method.integration.as_ref()?;
        let parameters = integration.cache_key_parameters.iter();
        let key: Vec<Option<Source>> =
            parameters.map(|parameter| self.cache_key(context, integration, parameter)).collect();
        let key: Option<Vec<Source>> = key.into_iter().collect();
        let verb = context.method.http_method;
        let ttl_s = self.cache_ttl_s(resource, verb)?;
        let namespace = integration.cache_namespace.as_deref();
        let parts = [
            self.stage.deployment.as_str(),
            namespace.unwrap_or(resource.id.as_str()),
            verb.as_str(),
        ];
        Some(CachePlan {
            ttl_us: u64::from(ttl_s) * 1_000_000,
            prefix: parts.map(|part| format!("{part}\0")).concat().into_bytes().into(),
            key: key?,
            invalidation: invalidation(&MethodSettings::of(self.stage, &resource.path, verb)),
        })
    }

    /// How long responses are kept; `None` when they are not. Settings for every verb mean `GET` only.
    fn cache_ttl_s(&self, resource: &Resource, verb: HttpMethod) -> Option<u32> {
        if !self.stage.cache_cluster.enabled {
            return None;
        }
        let settings = MethodSettings::of(self.stage, &resource.path, verb);
        let (is_enabled, key) = settings.first(|entry| entry.caching_enabled)?;
        if !is_enabled || (key.http_method.is_none() && verb != HttpMethod::Get) {
            return None;
        }
        let ttl_s = settings.first(|entry| entry.cache_ttl_seconds);
        Some(ttl_s.map_or(CACHE_TTL_S_DEFAULT, |(ttl_s, _)| ttl_s)).filter(|ttl_s| *ttl_s > 0)
    }

    /// What a cache key parameter reads, or `None` when it was reported.
    fn cache_key(
        &mut self,
        context: MethodContext<'_>,
        integration: &Integration,
        parameter: &Spanned<String>,
    ) -> Option<Source> {
        if parameter.value.starts_with("integration.request.") {
            let mut mappings = integration.request_parameters.iter();
            let mapping = mappings.find(|mapping| mapping.target.value == parameter.value);
            let Some(mapping) = mapping else {
                let help = "map a value to it in the integration's RequestParameters";
                self.invalid_cache_key(parameter, help);
                return None;
            };
            return self.source(&mapping.source, Side::Request(context));
        }
        let declared = &context.method.request_parameters;
        match Expression::parse(&parameter.value) {
            Ok(Expression::Request(part, name)) => {
                let key = |part: RequestPart| format!("method.request.{}.{name}", part.as_str());
                if declared.contains_key(&key(part)) || declared.contains_key(&key(part.sibling()))
                {
                    return self.request_value_of(context, part.all(), name, parameter);
                }
                self.invalid_cache_key(
                    parameter,
                    "declare it in the method's RequestParameters, too",
                );
            }
            _ => self.invalid_cache_key(
                parameter,
                "name method.request.{path|querystring|header}.NAME or \
                 integration.request.{path|querystring|header}.NAME",
            ),
        }
        None
    }

    fn invalid_cache_key(&mut self, parameter: &Spanned<String>, help: &str) {
        let text = format!("Invalid cache key parameter specified: {}", parameter.value);
        self.diagnostics.push(Diagnostic::error(&parameter.place, text).with_help(help));
    }
}

/// By default authorization is required, and who has none is warned.
fn invalidation(settings: &MethodSettings<'_>) -> Invalidation {
    use UnauthorizedCacheControlHeaderStrategy as Strategy;
    let is_required = settings.first(|entry| entry.require_authorization_for_cache_control);
    if is_required.is_some_and(|(is_required, _)| !is_required) {
        return Invalidation::Anyone;
    }
    match settings.first(|entry| entry.unauthorized_cache_control_header_strategy) {
        Some((Strategy::FailWith403, _)) => Invalidation::Fail403,
        Some((Strategy::SucceedWithoutResponseHeader, _)) => Invalidation::Ignore,
        Some((Strategy::SucceedWithResponseHeader, _)) | None => Invalidation::Warn,
    }
}
