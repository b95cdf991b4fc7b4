//! Looking at a request the way the exchange goes, without spending anything.
//!
//! The order is that of `exchange::answer`; where that module decides, this one asks it.

use gateway_cache::Cache;
use gateway_compile::hosts::{HostTrace, Way};
use gateway_compile::{
    Access, Admission, ApiKeySource, AuthorizerIndex, CachePlan, Failure, Identity, Invalidation,
    MethodPlan, Policy, RequestMethod, Snapshot, Source, StagePlan,
};
use gateway_proto::FieldName;
use gateway_telemetry::ThrottleScope;
use gateway_throttle::Period;

use crate::admission::{self, Caller, Rates, identify};
use crate::authorizer::{self, Known};
use crate::cached;
use crate::connection::Peer;
use crate::exchange::{authorize, find_method};
use crate::explain::shown::Shown;
use crate::explain::trail::{
    ApiKeyFacts, Asked, Bucket, CacheFacts, CacheState, Canary, Decision, KeyState, QuotaFacts,
    Refused, StageFacts, Trail, Verdict,
};
use crate::explain::{integration, nearest};
use crate::limits::LISTED_MAX;
use crate::request::Exchange;
use crate::shard::{Shard, ShardStage};
use crate::values::Values;

/// The trail of a request whose stage was looked for. `unreached` is the answer when none was found;
/// `is_served` says whether this is a request under way, for which a canary was drawn.
pub(crate) fn examine(
    shard: &Shard,
    peer: &Peer,
    x: &mut Exchange,
    unreached: Option<Failure>,
    is_served: bool,
) -> Trail {
    // No mapping may read what a request before has left: this one's body is not there yet.
    x.request_body.clear();
    let mut shown = Shown::of(x);
    let mut decisions = Vec::new();
    let verdict = match (unreached, x.stage.clone()) {
        (None, Some(stage)) => {
            let mut examiner = Examiner { peer, shown: &mut shown, is_served, decisions };
            let answered = examiner.stage(x, &stage);
            decisions = examiner.decisions;
            answered
        }
        (failure, _) => {
            decisions.push(Decision::NoStage(no_stage(x, &shown)));
            Err(failure.unwrap_or(gateway_compile::FORBIDDEN))
        }
    };
    let verdict = verdict.unwrap_or_else(|failure| refused(shard, x, &failure));
    Trail { asked: asked(x, &shown), decisions, verdict }
}

fn asked(x: &Exchange, shown: &Shown) -> Asked {
    let method = x.text(x.head.method);
    let is_same = RequestMethod::parse(method) == x.facts.method;
    Asked {
        method: shown.text(method),
        override_method: (!is_same).then(|| match x.facts.method.as_str() {
            "" => "an unknown method",
            known => known,
        }),
        host: shown.text(x.head.authority.of(x.bytes())),
        path: shown.text(x.text(x.head.target.path)),
    }
}

/// What a failure is to the client, as the stage's gateway responses have it.
fn refused(shard: &Shard, x: &Exchange, failure: &Failure) -> Verdict {
    let stage = x.stage.as_ref();
    let responses = stage.map_or(&shard.built_in, |stage| &*stage.plan.gateway_responses);
    let answer = responses.select(failure, x.known_field(FieldName::Accept));
    let message: Vec<u8> = failure.message.text("").concat();
    Verdict::Refused(Refused {
        response_type: stage.map(|_| failure.kind.as_str()),
        status: answer.status,
        message: String::from_utf8_lossy(&message).into_owned(),
    })
}

/// Why host and path lead to no stage.
fn no_stage(x: &Exchange, shown: &Shown) -> String {
    let Some(serving) = &x.serving else { return "nothing is served".to_owned() };
    let HostTrace { way, stages, .. } = trace(x, &serving.snapshot);
    let stages = || listed(stages.iter().copied());
    match way {
        Way::ApiInPath { api_id } => {
            format!("the path names API {api_id} and none of its stages: {}", stages())
        }
        Way::DefaultEndpoint { api_id, is_disabled: true } => {
            format!("the default endpoint of API {api_id} is disabled")
        }
        Way::DefaultEndpoint { api_id, is_disabled: false } => format!(
            "the host is the default endpoint of API {api_id}, and the path begins with none of \
             its stages: {}",
            stages()
        ),
        Way::FunctionUrl => "no function URL has the id of the host".to_owned(),
        Way::CustomDomain { name, base_path: None, base_paths } => format!(
            "the host is the custom domain name {name}, and the path begins with none of its base \
             paths: {}",
            listed(base_paths.into_iter())
        ),
        Way::CustomDomain { name, base_path: Some(base_path), .. } => format!(
            "the host is the custom domain name {name}, its base path {} matches, and no stage \
             follows: {}",
            named(base_path),
            stages()
        ),
        Way::AnyHost { api_id } => {
            format!(
                "any host is for API {api_id}, and the path begins with none of its stages: {}",
                stages()
            )
        }
        Way::UnknownHost => {
            let apis = &serving.snapshot.stages;
            let mut ids: Vec<_> = apis.iter().map(|stage| &*stage.api_id).collect();
            ids.dedup();
            let host = shown.text(x.head.host(x.bytes()));
            format!(
                "{host} is no custom domain name and no API-ID.execute-api host, and the path does \
                 not begin with /_aws/execute-api/API-ID/STAGE, APIs: {}",
                listed(ids.into_iter())
            )
        }
    }
}

fn trace<'s>(x: &Exchange, snapshot: &'s Snapshot) -> HostTrace<'s> {
    let authority = x.head.authority.of(x.bytes());
    snapshot.hosts.trace(authority, x.text(x.head.target.path))
}

fn way(x: &Exchange, snapshot: &Snapshot) -> String {
    match trace(x, snapshot).way {
        Way::ApiInPath { .. } => "the API is in the path".to_owned(),
        Way::DefaultEndpoint { .. } => "the host is the API's default endpoint".to_owned(),
        Way::FunctionUrl => "the host is a function URL's".to_owned(),
        Way::CustomDomain { name, base_path, .. } => {
            let base_path = named(base_path.unwrap_or_default());
            format!("the host is the custom domain name {name}, base path {base_path}")
        }
        Way::AnyHost { .. } => "any host is for the only stage".to_owned(),
        Way::UnknownHost => String::new(),
    }
}

fn named(base_path: &str) -> &str {
    if base_path.is_empty() { "(none)" } else { base_path }
}

/// The first of the names, and how many more there are.
fn listed<'n>(names: impl Iterator<Item = &'n str>) -> String {
    let names: Vec<_> = names.collect();
    let shown = names.iter().take(LISTED_MAX).copied().map(named);
    let mut text = shown.collect::<Vec<_>>().join(", ");
    match names.len().checked_sub(LISTED_MAX) {
        Some(more) if more > 0 => text.push_str(&format!(" and {more} more")),
        _ if names.is_empty() => text.push_str("there is none"),
        _ => {}
    }
    text
}

struct Examiner<'e> {
    peer: &'e Peer,
    shown: &'e mut Shown,
    is_served: bool,
    decisions: Vec<Decision>,
}

impl Examiner<'_> {
    /// From the stage on: what answers, or the failure that does.
    fn stage(&mut self, x: &mut Exchange, stage: &ShardStage) -> Result<Verdict, Failure> {
        let serving = x.serving.clone().ok_or_else(Failure::internal_error)?;
        let snapshot = &*serving.snapshot;
        let plan = &*stage.plan;
        self.decisions.push(Decision::Stage(StageFacts {
            name: plan.stage.to_string(),
            api_id: plan.api_id.to_string(),
            api_name: plan.api_name.to_string(),
            deployment_id: plan.deployment_id.to_string(),
            way: way(x, snapshot),
        }));
        let canary = snapshot.stage(x.facts.stage).canary.as_ref().map(|canary| Canary {
            percent: canary.split.percent(),
            deployment_id: canary.plan.deployment_id.to_string(),
            is_drawn: self.is_served.then_some(plan.is_canary),
        });
        self.decisions.push(Decision::Canary(canary));
        let payload_bytes_max = plan.payload_bytes_max as u64;
        if x.limit_body(payload_bytes_max).is_err() {
            self.decisions.push(Decision::Payload(payload_bytes_max));
            return Err(Failure::request_too_large());
        }
        let method = self.route(x, plan)?;
        self.authorizer(x, plan, method)?;
        self.admission(x, plan, method, snapshot)?;
        if let (Some(cache_plan), Some(cache)) = (&method.cache, &plan.cache) {
            let state = self.cache(x, method, cache_plan, &cache.cache);
            match state {
                CacheState::Hit { .. } => return Ok(Verdict::Cache),
                CacheState::RefreshDenied => return Err(cached::INVALIDATION_DENIED),
                CacheState::Miss | CacheState::Refresh | CacheState::Head => {}
            }
        } else {
            self.decisions.push(Decision::Cache(None));
        }
        let (parts, refusal) = integration::describe(x, self.peer, plan, method, self.shown);
        self.decisions.push(Decision::Integration(parts));
        refusal.map_or(Ok(Verdict::Integration), Err)
    }

    fn route<'p>(
        &mut self,
        x: &mut Exchange,
        plan: &'p StagePlan,
    ) -> Result<&'p MethodPlan, Failure> {
        let found = find_method(plan, x);
        self.decisions.push(match &found {
            Ok(method) => Decision::Route {
                verb: method.http_method.as_str(),
                path: method.resource_path.to_string(),
                resource_id: method.resource_id.to_string(),
            },
            Err(_) => Decision::NoRoute(nearest::misses(plan, x.resource_path())),
        });
        found
    }

    /// Who may call. A Lambda authorizer is not asked; what it said before is looked at.
    fn authorizer(
        &mut self,
        x: &mut Exchange,
        plan: &StagePlan,
        method: &MethodPlan,
    ) -> Result<(), Failure> {
        if plan.policy == Policy::Unserved {
            self.decisions.push(Decision::ResourcePolicy);
            return authorize(plan, method);
        }
        let (parts, result) = match method.access {
            Access::Open => (vec!["NONE".to_owned()], Ok(())),
            Access::Authorizer(index) => self.lambda_authorizer(x, plan, index),
            Access::IamUnserved => (vec!["AWS_IAM, which is not served yet".to_owned()], Ok(())),
            Access::AuthorizerUnserved => {
                (vec!["a Cognito authorizer, which is not served yet".to_owned()], Ok(()))
            }
        };
        self.decisions.push(Decision::Authorizer(parts));
        result?;
        authorize(plan, method)
    }

    fn lambda_authorizer(
        &mut self,
        x: &mut Exchange,
        plan: &StagePlan,
        index: AuthorizerIndex,
    ) -> (Vec<String>, Result<(), Failure>) {
        let authorizer = plan.authorizer(index);
        let kind = match &authorizer.identity {
            Identity::Token { header, .. } => {
                self.shown.hide(authorizer::token(x, header).unwrap_or_default());
                "TOKEN"
            }
            Identity::Request(_) => "REQUEST",
        };
        let mut parts = vec![format!("CUSTOM, {kind} authorizer {}", authorizer.name)];
        let mut arn = Vec::new();
        if let Err(failure) = authorizer::write_arn(x, plan, &mut arn) {
            parts.push("the method's ARN is too long".to_owned());
            return (parts, Err(failure));
        }
        let (part, result) = match authorizer::peek(x, self.peer, authorizer) {
            Known::Unidentified => {
                let part = "an identity source is missing, empty or not as it has to be";
                (part.to_owned(), Err(Failure::unauthorized()))
            }
            Known::Unknown => {
                let part = "its function would be asked, and is not for this";
                (part.to_owned(), Ok(()))
            }
            Known::Decided(decision, left_us) => {
                let verdict = authorizer::evaluate(x, self.peer, &decision, &arn);
                let what = match verdict {
                    authorizer::Verdict::Allow => "allows this",
                    authorizer::Verdict::ExplicitDeny => "denies this",
                    authorizer::Verdict::ImplicitDeny => "allows other things than this",
                };
                let left_s = left_us.div_ceil(1_000_000);
                let principal = self.shown.text(decision.principal_id.as_bytes());
                if let Some(key) = &decision.usage_identifier_key {
                    self.shown.hide(key.as_bytes());
                }
                x.authorizer = Some(decision);
                let part =
                    format!("remembered for {left_s} s more: {principal}, its policy {what}");
                (part, authorizer::denial(verdict))
            }
        };
        parts.push(part);
        (parts, result)
    }

    fn admission(
        &mut self,
        x: &Exchange,
        plan: &StagePlan,
        method: &MethodPlan,
        snapshot: &Snapshot,
    ) -> Result<(), Failure> {
        let value = x.api_key(plan.api_key_source);
        let source = match plan.api_key_source {
            ApiKeySource::Header => "HEADER",
            ApiKeySource::Authorizer => "AUTHORIZER",
        };
        self.decisions.push(Decision::ApiKey(ApiKeyFacts {
            is_required: method.api_key_required,
            source,
            state: key_state(value, snapshot, x),
        }));
        let caller = identify(value, snapshot, x, method)?;
        let is_throttled = self.throttles(x, &caller, method, snapshot);
        let is_used_up = self.quota(x, &caller);
        match (is_throttled, is_used_up) {
            (true, _) => Err(Failure::throttled()),
            (false, true) => Err(Failure::quota_exceeded()),
            (false, false) => Ok(()),
        }
    }

    /// Every bucket in the order of the checks; whether one has no token.
    fn throttles(
        &mut self,
        x: &Exchange,
        caller: &Caller<'_>,
        method: &MethodPlan,
        snapshot: &Snapshot,
    ) -> bool {
        let now = admission::instant(x);
        let rates = Rates::of(caller, snapshot, method);
        let buckets: Vec<_> = rates
            .iter()
            .map(|(scope, throttle)| {
                let settings = throttle.limit.settings();
                let level = throttle.bucket.level(&throttle.limit, now);
                Bucket {
                    scope: scope.label(),
                    rate_rps: settings.rate_rps,
                    burst: settings.burst,
                    tokens: level.tokens,
                    leased: level.leased,
                    next_token_ns: (level.next_token_ns != u64::MAX).then_some(level.next_token_ns),
                    full_ns: level.full_ns,
                }
            })
            .collect();
        let is_throttled = buckets.iter().any(Bucket::is_empty);
        if buckets.is_empty() {
            self.decisions.push(Decision::NoThrottle);
        }
        self.decisions.extend(buckets.into_iter().map(Decision::Throttle));
        is_throttled
    }

    /// The quota, if there is one; whether it is used up.
    fn quota(&mut self, x: &Exchange, caller: &Caller<'_>) -> bool {
        let quota = caller.membership.and_then(|membership| {
            let quota = membership.plan.quota.as_ref()?;
            let unix_s = x.facts.started_unix_ms / 1_000;
            let index = quota.period.index(unix_s);
            let limit = quota.effective_limit(index);
            let remaining = membership.member.usage.remaining(quota, unix_s);
            Some(QuotaFacts {
                limit,
                used: limit.saturating_sub(remaining),
                remaining,
                period: match quota.period {
                    Period::Day => "DAY",
                    Period::Week => "WEEK",
                    Period::Month => "MONTH",
                },
                ends_unix_s: quota.period.start_of(index + 1),
            })
        });
        let is_used_up = quota.as_ref().is_some_and(|quota| quota.remaining == 0);
        self.decisions.push(Decision::Quota(quota));
        is_used_up
    }

    fn cache(
        &mut self,
        x: &mut Exchange,
        method: &MethodPlan,
        plan: &CachePlan,
        cache: &Cache,
    ) -> CacheState {
        cached::write_key(self.peer, x, plan, None);
        let state = if x.is_head() {
            CacheState::Head
        } else {
            let is_fresh_wanted = cached::wants_fresh(x);
            match plan.invalidation {
                Invalidation::Anyone if is_fresh_wanted => CacheState::Refresh,
                Invalidation::Fail403 if is_fresh_wanted => CacheState::RefreshDenied,
                _ => match cache.peek(&x.cache_key, x.facts.started.aged_micros()) {
                    Some((remaining_us, bytes)) => CacheState::Hit { remaining_us, bytes },
                    None => CacheState::Miss,
                },
            }
        };
        let values = Values::of_request(x, self.peer);
        let parameters = plan.key.iter().map(|source| {
            (integration::parameter_name(source, method), self.value(&values, source))
        });
        // The prefix is deployment, namespace and verb, with a NUL behind each.
        let namespace = plan.prefix.split(|byte| *byte == 0).nth(1).unwrap_or_default();
        let facts = CacheFacts {
            state: state.clone(),
            ttl_us: plan.ttl_us,
            namespace: String::from_utf8_lossy(namespace).into_owned(),
            parameters: parameters.collect(),
            key: self.shown.text(&x.cache_key),
        };
        self.decisions.push(Decision::Cache(Some(facts)));
        state
    }

    /// All values of a key's parameter, or none.
    fn value(&self, values: &Values<'_>, source: &Source) -> Option<String> {
        let mut bytes = Vec::new();
        if !values.write_key(source, &mut bytes) {
            return None;
        }
        let has_lengths = matches!(
            source,
            Source::Query(_) | Source::MultiQuery(_) | Source::Header(_) | Source::MultiHeader(_)
        );
        if !has_lengths {
            return Some(self.shown.text(&bytes));
        }
        let mut texts = Vec::new();
        let mut rest = &bytes[..];
        while let Some((len, after)) = rest.split_first_chunk::<4>() {
            let len = (u32::from_le_bytes(*len) as usize).min(after.len());
            texts.push(self.shown.text(&after[..len]));
            rest = &after[len..];
        }
        Some(texts.join(", "))
    }
}

fn key_state(value: Option<&[u8]>, snapshot: &Snapshot, x: &Exchange) -> KeyState {
    let Some(value) = value else { return KeyState::Absent };
    let usage = &snapshot.usage;
    let (key, plan) = match usage.admit(value, x.facts.stage) {
        Admission::Unknown => return KeyState::Unknown,
        Admission::Known(key) => (key, None),
        Admission::Member { key, plan, .. } => (key, Some(plan)),
    };
    KeyState::Known {
        id: usage.keys.id(key).to_owned(),
        name: usage.keys.name(key).to_owned(),
        is_enabled: usage.keys.is_enabled(key),
        plan: plan.map(|plan| (plan.id.to_string(), plan.name.to_string())),
    }
}

const _: () = assert!(ThrottleScope::ALL.len() == admission::RATES_MAX + 1, "rates and the quota");
