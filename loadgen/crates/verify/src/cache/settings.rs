//! What a stage's method settings say about a method's cache, worked out from the definition.

use std::time::Duration;

use gateway_model::{
    HttpMethod, MethodSetting, MethodSettingKey, Place, UnauthorizedCacheControlHeaderStrategy,
};

use crate::route::Route;

/// How long entries live when nothing else is said. Source: API Gateway Developer Guide, "Cache settings".
const TTL_SECONDS: u32 = 300;

/// How a method is cached.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Caching {
    /// How long entries live; never zero.
    pub(crate) ttl: Duration,
    /// What makes entries of their own.
    pub(crate) keys: Vec<Key>,
    /// What becomes of `Cache-Control: max-age=0`.
    pub(crate) invalidation: Invalidation,
    /// Where caching was switched on.
    pub(crate) place: Place,
}

/// A cache key parameter that a client can set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    /// Which part of a request holds it.
    pub(crate) part: Part,
    /// Its name there.
    pub(crate) name: String,
    /// `querystring.lang`: what reports call it.
    pub(crate) label: String,
}

/// A part of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Part {
    /// A path parameter.
    Path,
    /// The query.
    Query,
    /// A header.
    Header,
}

/// What becomes of a request with `Cache-Control: max-age=0` whose caller may not invalidate: loadgen signs nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Invalidation {
    /// Everybody may.
    Anyone,
    /// 403.
    Fail403,
    /// Answered as usual, with a `Warning`.
    Warn,
    /// Answered as usual.
    Ignore,
}

impl Invalidation {
    /// The promise in words.
    pub(crate) fn promise(self, name: &str) -> String {
        let so = match self {
            Self::Anyone => "calls the backend and replaces the entry",
            Self::Fail403 => "is answered 403, since nobody authorized it",
            Self::Warn => "is answered from the cache with a Warning, since nobody authorized it",
            Self::Ignore => "is answered from the cache, since nobody authorized it",
        };
        format!("{name} with Cache-Control: max-age=0 {so}")
    }
}

impl Caching {
    /// How `route` is cached; `None` if it is not.
    pub(crate) fn of(route: &Route<'_>) -> Option<Self> {
        let integration = route.method.integration.as_ref()?;
        if !route.stage.cache_cluster.enabled {
            return None;
        }
        let settings = settings(route);
        // A setting for every verb caches GET only; others are named.
        let is_named = |key: &MethodSettingKey| key.http_method.is_some();
        let enabled = settings.iter().find_map(|(key, setting)| {
            let enabled = setting.caching_enabled?;
            let is_meant = !enabled || is_named(key) || route.verb == HttpMethod::Get;
            Some((enabled && is_meant, setting.place.clone()))
        });
        let (true, place) = enabled? else { return None };
        let first = |read: fn(&MethodSetting) -> Option<u32>| {
            settings.iter().find_map(|(_, setting)| read(setting))
        };
        let ttl = first(|setting| setting.cache_ttl_seconds).unwrap_or(TTL_SECONDS);
        if ttl == 0 || route.verb == HttpMethod::Head {
            return None;
        }
        let requires = settings.iter().find_map(|(_, s)| s.require_authorization_for_cache_control);
        let strategy =
            settings.iter().find_map(|(_, s)| s.unauthorized_cache_control_header_strategy);
        use UnauthorizedCacheControlHeaderStrategy as Strategy;
        let invalidation = match (requires.unwrap_or(true), strategy) {
            (false, _) => Invalidation::Anyone,
            (true, Some(Strategy::FailWith403)) => Invalidation::Fail403,
            (true, Some(Strategy::SucceedWithoutResponseHeader)) => Invalidation::Ignore,
            (true, Some(Strategy::SucceedWithResponseHeader) | None) => Invalidation::Warn,
        };
        let mut keys: Vec<Key> = Vec::new();
        for written in &integration.cache_key_parameters {
            let key = Key::of(route, &written.value);
            keys.extend(key.filter(|key| !keys.contains(key)));
        }
        Some(Self { ttl: Duration::from_secs(u64::from(ttl)), keys, invalidation, place })
    }
}

impl Key {
    /// Reads `method.request.querystring.lang`, or an `integration.request.…` that is mapped from such.
    fn of(route: &Route<'_>, written: &str) -> Option<Self> {
        let integration = route.method.integration.as_ref()?;
        let source = match written.strip_prefix("integration.") {
            None => written,
            Some(_) => {
                let mut mappings = integration.request_parameters.iter();
                mappings.find(|mapping| mapping.target.value == written)?.source.value.as_str()
            }
        };
        let (part, name) = source.strip_prefix("method.request.")?.split_once('.')?;
        let part = match part {
            "path" => Part::Path,
            "querystring" | "multivaluequerystring" => Part::Query,
            "header" | "multivalueheader" => Part::Header,
            _ => return None,
        };
        let word = match part {
            Part::Path => "path",
            Part::Query => "querystring",
            Part::Header => "header",
        };
        Some(Self { part, name: name.to_owned(), label: format!("{word}.{name}") })
    }
}

/// The settings for a method, the narrowest first: what one leaves open, the next says.
fn settings<'a>(route: &Route<'a>) -> Vec<(MethodSettingKey, &'a MethodSetting)> {
    let path = || Some(route.resource.path.clone());
    let verbs = [route.verb, route.method.http_method];
    let mut keys = Vec::new();
    for resource_path in [path(), None] {
        for verb in verbs {
            keys.push(MethodSettingKey {
                resource_path: resource_path.clone(),
                http_method: Some(verb),
            });
        }
        keys.push(MethodSettingKey { resource_path, http_method: None });
    }
    keys.dedup();
    let of_stage = &route.stage.method_settings;
    keys.into_iter().filter_map(|key| of_stage.get(&key).map(|setting| (key, setting))).collect()
}
