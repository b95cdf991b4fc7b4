//! The limits of a definition, and the ways to meet each.
//!
//! Derived from the model alone. Source: API Gateway Developer Guide, "Throttle requests to your REST APIs" and "Usage
//! plans and API keys": a request meets its plan's limit for the method and its plan's limit, each key with buckets of
//! its own, and the stage's limit for the method, where `{resource}/{verb}` goes before `*/*` field by field.

use gateway_model::{
    ApiKeySource, AuthorizationType, Definitions, HttpMethod, IntegrationType, MethodSetting,
    MethodSettingKey, Place, ThrottleSettings,
};

use crate::paper::Limit;
use crate::route::{Member, Route, members, routes};
use crate::session::Session;

/// What a limit is taken for where only its burst was written, and the other way round. Source: the values with which
/// API Gateway makes a method setting whole.
const DEFAULT: Limit = Limit { rate_rps: 10_000.0, burst: 5_000 };

/// Whose limit it is, in the order in which a request meets them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Scope {
    /// A usage plan's for one method: a bucket for each key.
    PlanMethod,
    /// A usage plan's: a bucket for each key.
    Plan,
    /// A stage's for one method: one bucket.
    Method,
    /// A stage's for each method that has no limit of its own: a bucket for each method.
    Stage,
}

/// A limit that a request meets.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Layer {
    /// Whose.
    pub(crate) scope: Scope,
    /// What it says.
    pub(crate) limit: Limit,
    /// Tells the promise from others: the same for all keys of a plan, and for all methods under `*/*`.
    pub(crate) promise: String,
    /// Tells the bucket from others.
    pub(crate) bucket: String,
    /// What reports call it: `usage plan Partners`.
    pub(crate) label: String,
    /// Where it was written.
    pub(crate) place: Place,
}

/// A way to send requests that meet a limit.
#[derive(Clone, Debug)]
pub(crate) struct Way<'a> {
    /// What is called.
    pub(crate) route: Route<'a>,
    /// With which key.
    pub(crate) member: Option<Member<'a>>,
    /// All limits on it.
    pub(crate) layers: Vec<Layer>,
    /// Headers that authorize.
    pub(crate) headers: Vec<(String, String)>,
}

/// A limit with the ways to meet it, the best first; never empty.
#[derive(Clone, Debug)]
pub(crate) struct Promise<'a> {
    /// The limit, as the first way meets it.
    pub(crate) layer: Layer,
    /// The ways.
    pub(crate) ways: Vec<Way<'a>>,
}

impl Way<'_> {
    /// The limits as numbers.
    pub(crate) fn limits(&self) -> Vec<Limit> {
        self.layers.iter().map(|layer| layer.limit).collect()
    }

    /// The place of this promise's layer.
    pub(crate) fn at(&self, promise: &Layer) -> usize {
        self.layers.iter().position(|layer| layer.promise == promise.promise).unwrap_or(0)
    }

    /// How little it disturbs, least first: requests without side effects before others, what the gateway answers
    /// itself before what a backend does; a key where one is asked for before one that is sent all the same.
    pub(crate) fn cost(&self) -> (bool, bool, bool, bool) {
        use HttpMethod::{Get, Head, Options};
        let is_safe = matches!(self.route.verb, Get | Head | Options);
        let integration = self.route.method.integration.as_ref();
        let is_mock = integration.is_some_and(|i| i.kind == IntegrationType::Mock);
        let is_needless = self.member.is_some() && !self.route.method.api_key_required;
        (!is_safe, !is_mock, self.route.verb == Head, is_needless)
    }
}

/// Every limit of the definition that can be met, each once, in the order of its ways.
pub(crate) fn promises<'a>(session: &Session<'a>) -> Vec<Promise<'a>> {
    let mut promises: Vec<Promise<'a>> = Vec::new();
    let mut ways = ways(session);
    // Where fewer limits are met, fewer can hide this one.
    ways.sort_by_key(|way| (way.cost(), way.layers.len(), way.route.name()));
    for way in ways {
        for layer in &way.layers {
            match promises.iter_mut().find(|known| known.layer.promise == layer.promise) {
                Some(known) => known.ways.push(way.clone()),
                None => {
                    promises.push(Promise { layer: layer.clone(), ways: vec![way.clone()] });
                }
            }
        }
    }
    promises
        .sort_by(|a, b| (a.layer.scope, &a.layer.promise).cmp(&(b.layer.scope, &b.layer.promise)));
    promises
}

/// Every way to call a method: without a key where none is asked for, and with each key whose value is known.
pub(crate) fn ways<'a>(session: &Session<'a>) -> Vec<Way<'a>> {
    let mut ways = Vec::new();
    for route in routes(session.definitions, session.settings.stage.as_deref()) {
        let Some(headers) = authorized(session, &route) else { continue };
        if !route.method.api_key_required {
            let layers = layers(&route, None);
            ways.push(Way { route, member: None, layers, headers: headers.clone() });
        }
        if route.api.api_key_source != ApiKeySource::Header {
            continue;
        }
        for member in members(session.definitions, &route) {
            if session.key_value(member.key).is_some() {
                let layers = layers(&route, Some(member));
                ways.push(Way { route, member: Some(member), layers, headers: headers.clone() });
            }
        }
    }
    ways
}

/// Usage plans with a limit or a quota whose keys' values nobody said: their names.
pub(crate) fn keyless_plans(session: &Session<'_>) -> Vec<(String, Place)> {
    let Definitions { usage_plans, usage_plan_keys, api_keys, .. } = session.definitions;
    let has_value = |key: &gateway_model::ApiKey| key.enabled && session.key_value(key).is_some();
    let plans = usage_plans.iter().filter(|plan| {
        let mut links = usage_plan_keys.iter().filter(|link| link.usage_plan_id == plan.id);
        let is_known =
            links.any(|link| api_keys.iter().any(|key| key.id == link.key_id && has_value(key)));
        let has_limit = plan.throttle.is_some()
            || plan.quota.is_some()
            || plan.api_stages.iter().any(|stage| !stage.throttle.is_empty());
        has_limit && !is_known
    });
    plans.map(|plan| (plan_name(plan).to_owned(), plan.place.clone())).collect()
}

/// What reports call a plan.
pub(crate) fn plan_name(plan: &gateway_model::UsagePlan) -> &str {
    if plan.name.is_empty() { plan.id.as_str() } else { &plan.name }
}

/// Headers that open a method; `None` if nobody said any.
fn authorized(session: &Session<'_>, route: &Route<'_>) -> Option<Vec<(String, String)>> {
    if route.method.authorization_type == AuthorizationType::None {
        return Some(Vec::new());
    }
    let id = route.method.authorizer_id.as_ref()?;
    let authorizer = route.api.authorizers.get(id)?;
    let source = authorizer
        .identity_source
        .as_ref()
        .map_or("method.request.header.Authorization", |s| s.value.as_str());
    let header = source.trim().strip_prefix("method.request.header.")?;
    if header.contains(',') {
        return None;
    }
    let name = route.name();
    let tokens = session.settings.expectations.tokens.iter();
    let mut tokens = tokens.filter(|token| {
        let is_its = token.authorizer.is_empty()
            || token.authorizer == authorizer.name
            || token.authorizer == id.as_str();
        is_its && token.allows.contains(&name)
    });
    tokens.next().map(|token| vec![(header.to_owned(), token.value.clone())])
}

/// The limits that a request meets, in their order.
fn layers(route: &Route<'_>, member: Option<Member<'_>>) -> Vec<Layer> {
    let mut layers = Vec::new();
    let (api, stage, path) = (&route.api.id, &route.stage.name, &route.resource.path);
    let verb = route.method.http_method.as_str();
    if let Some(Member { key, plan }) = member {
        let name = plan_name(plan);
        let opened = plan.api_stages.iter().find(|s| s.rest_api_id == *api && s.stage == *stage);
        let of_method = opened.into_iter().flat_map(|opened| &opened.throttle);
        let of_method = of_method
            .filter(|(written, _)| is_method(written, path, route.method.http_method))
            .find_map(|(_, settings)| written(settings));
        if let (Some(limit), Some(opened)) = (of_method, opened) {
            let promise = format!("plan-method/{name}/{}", route.name());
            layers.push(Layer {
                scope: Scope::PlanMethod,
                limit,
                bucket: format!("{promise}/{api}/{stage}/{}", key.id.as_str()),
                promise: format!("{promise}/{api}/{stage}"),
                label: format!("{} of usage plan {name}", route.name()),
                place: opened.place.clone(),
            });
        }
        if let Some(limit) = plan.throttle.as_ref().and_then(written) {
            let promise = format!("plan/{}", plan.id.as_str());
            layers.push(Layer {
                scope: Scope::Plan,
                limit,
                bucket: format!("{promise}/{}", key.id.as_str()),
                promise,
                label: format!("usage plan {name}"),
                place: plan.place.clone(),
            });
        }
    }
    if let Some((limit, key, place)) = method_limit(route) {
        let is_own = key.resource_path.is_some() || key.http_method.is_some();
        let bucket = format!("method/{api}/{stage}{path}/{verb}");
        layers.push(Layer {
            scope: if is_own { Scope::Method } else { Scope::Stage },
            limit,
            promise: match key.resource_path.is_some() && key.http_method.is_some() {
                true => bucket.clone(),
                false => format!("stage/{api}/{stage}/{key}"),
            },
            bucket,
            label: format!("{key} of stage {stage}"),
            place,
        });
    }
    layers
}

/// The stage's limit for a method, with the key that says it.
fn method_limit(route: &Route<'_>) -> Option<(Limit, MethodSettingKey, Place)> {
    let path = Some(route.resource.path.clone());
    let verb = Some(route.method.http_method);
    let keys = [(path.clone(), verb), (path, None), (None, verb), (None, None)];
    let settings = &route.stage.method_settings;
    let entries: Vec<(MethodSettingKey, &MethodSetting)> = keys
        .into_iter()
        .map(|(resource_path, http_method)| MethodSettingKey { resource_path, http_method })
        .filter_map(|key| settings.get(&key).map(|entry| (key, entry)))
        .collect();
    let rate = entries.iter().find(|(_, entry)| entry.throttling_rate_limit.is_some());
    let burst = entries.iter().find(|(_, entry)| entry.throttling_burst_limit.is_some());
    let (key, entry) = rate.or(burst)?;
    let settings = ThrottleSettings {
        rate_limit: rate.and_then(|(_, entry)| entry.throttling_rate_limit),
        burst_limit: burst.and_then(|(_, entry)| entry.throttling_burst_limit),
    };
    Some((written(&settings)?, key.clone(), entry.place.clone()))
}

/// A limit as written; `None` for none, which is also what -1 says.
fn written(settings: &ThrottleSettings) -> Option<Limit> {
    let ThrottleSettings { rate_limit, burst_limit } = *settings;
    if rate_limit.is_none() && burst_limit.is_none() {
        return None;
    }
    let rate_rps = rate_limit.unwrap_or(DEFAULT.rate_rps);
    let burst = u64::try_from(burst_limit.unwrap_or(DEFAULT.burst as i64)).ok()?;
    (rate_rps >= 0.0).then_some(Limit { rate_rps, burst })
}

/// Whether a plan's `/path/VERB`, perhaps with escapes, is this method.
fn is_method(written: &str, path: &str, verb: HttpMethod) -> bool {
    let Some((named, named_verb)) = written.rsplit_once('/') else { return false };
    let unescaped = match named.contains("~1") {
        true => named.trim_start_matches('/').replace("~1", "/").replace("~0", "~"),
        false => named.to_owned(),
    };
    named_verb == verb.as_str() && unescaped.trim_start_matches('/') == path.trim_start_matches('/')
}

#[cfg(test)]
mod tests;
