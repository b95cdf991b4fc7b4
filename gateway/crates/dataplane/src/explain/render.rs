//! A trail as text for people, and as one line for a field value.

use gateway_telemetry::clock::rfc3339;

use super::trail::{
    ApiKeyFacts, Bucket, CacheFacts, CacheState, Decision, KeyState, Misses, QuotaFacts, Trail,
    Verdict,
};
use crate::limits::TRAIL_LINE_BYTES_MAX;

/// Width of the column with the names of decisions.
const NAME_WIDTH: usize = 16;

/// What stands at the end of a line that was cut.
const CUT: &str = "...";

impl Trail {
    /// Whether a cache or an integration answers, and not the gateway itself.
    pub fn is_answered(&self) -> bool {
        !matches!(self.verdict, Verdict::Refused(_))
    }

    /// For people: the request, then a decision a line, its details below it. Ends with a line end.
    pub fn text(&self) -> String {
        let mut out = format!("{}\n\n", clean(&self.asked_text()));
        for (name, parts) in self.named_parts() {
            for (index, part) in parts.iter().enumerate() {
                let name = if index == 0 { name } else { "" };
                out.push_str(&format!("{name:NAME_WIDTH$}{}\n", clean(part)));
            }
        }
        out
    }

    /// For a field value: decisions separated by `; `, printable ASCII, at most
    /// [`TRAIL_LINE_BYTES_MAX`] bytes.
    pub fn line(&self) -> String {
        let decisions =
            self.named_parts().map(|(name, parts)| format!("{name} {}", parts.join(", ")));
        let decisions: Vec<_> = decisions.map(|decision| field_value(&decision)).collect();
        let mut line = decisions.join("; ");
        if line.len() > TRAIL_LINE_BYTES_MAX {
            line.truncate(TRAIL_LINE_BYTES_MAX - CUT.len());
            line.push_str(CUT);
        }
        line
    }

    fn named_parts(&self) -> impl Iterator<Item = (&'static str, Vec<String>)> {
        let decisions = self.decisions.iter().map(|decision| (decision.name(), decision.parts()));
        decisions.chain([("verdict", vec![self.verdict_text()])])
    }

    fn asked_text(&self) -> String {
        let asked = &self.asked;
        let routed = asked.override_method.map(|method| format!(", routed as {method}"));
        format!("{} {}{}{}", asked.method, asked.host, asked.path, routed.unwrap_or_default())
    }

    fn verdict_text(&self) -> String {
        match &self.verdict {
            Verdict::Cache => "answered from the cache".to_owned(),
            Verdict::Integration => "answered by the integration".to_owned(),
            Verdict::Refused(refused) => {
                let kind = refused.response_type.map(|kind| format!(", gateway response {kind}"));
                let message = match &*refused.message {
                    "" => String::new(),
                    message => format!(" {message}"),
                };
                format!("refused: {}{message}{}", refused.status, kind.unwrap_or_default())
            }
        }
    }
}

impl Decision {
    /// What is decided.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Stage(_) | Self::NoStage(_) => "stage",
            Self::Canary(_) => "canary",
            Self::Payload(_) => "payload",
            Self::Route { .. } | Self::NoRoute(_) => "route",
            Self::ResourcePolicy => "resource policy",
            Self::Authorizer(_) => "authorizer",
            Self::ApiKey(_) => "API key",
            Self::Throttle(_) | Self::NoThrottle => "throttle",
            Self::Quota(_) => "quota",
            Self::Cache(_) => "cache",
            Self::Integration(_) => "integration",
        }
    }

    fn parts(&self) -> Vec<String> {
        match self {
            Self::Stage(stage) => vec![
                format!(
                    "{} of API {} ({}), deployment {}",
                    stage.name, stage.api_id, stage.api_name, stage.deployment_id
                ),
                stage.way.clone(),
            ],
            Self::NoStage(why) => vec![format!("none, {why}")],
            Self::Canary(None) => one("none"),
            Self::Canary(Some(canary)) => {
                let which = match canary.is_drawn {
                    None => "the stage is shown here",
                    Some(true) => "this request is one of them",
                    Some(false) => "this request is none of them",
                };
                let (percent, deployment) = (canary.percent, &canary.deployment_id);
                vec![format!("{percent} % of requests, deployment {deployment}"), which.to_owned()]
            }
            Self::Payload(bytes_max) => vec![format!("larger than {bytes_max} bytes")],
            Self::Route { verb, path, resource_id } => {
                vec![format!("{verb} {path}, resource {resource_id}")]
            }
            Self::NoRoute(misses) => no_route(misses),
            Self::ResourcePolicy => one("not served yet"),
            Self::Authorizer(parts) => parts.clone(),
            Self::ApiKey(facts) => vec![api_key(facts)],
            Self::Throttle(bucket) => vec![throttle(bucket)],
            Self::NoThrottle | Self::Quota(None) => one("none"),
            Self::Quota(Some(quota)) => vec![quota_text(quota)],
            Self::Cache(None) => one("off"),
            Self::Cache(Some(facts)) => cache(facts),
            Self::Integration(parts) => parts.clone(),
        }
    }
}

fn one(text: &str) -> Vec<String> {
    vec![text.to_owned()]
}

fn no_route(misses: &Misses) -> Vec<String> {
    if !misses.verbs.is_empty() {
        return vec![format!("none, this path has {}", misses.verbs.join(", "))];
    }
    let mut parts = one("none, no resource has this path");
    if !misses.paths.is_empty() {
        parts.push(format!("nearest: {}", misses.paths.join(", ")));
    }
    parts
}

fn api_key(facts: &ApiKeyFacts) -> String {
    let required = if facts.is_required { "required" } else { "not required" };
    let state = match (&facts.state, facts.source) {
        (KeyState::Absent, "AUTHORIZER") => "no key from the authorizer".to_owned(),
        (KeyState::Absent, _) => "no X-Api-Key".to_owned(),
        (KeyState::Unknown, "AUTHORIZER") => "the authorizer's key is nobody's".to_owned(),
        (KeyState::Unknown, _) => "the X-Api-Key is nobody's".to_owned(),
        (KeyState::Known { id, name, is_enabled, plan }, _) => {
            let enabled = if *is_enabled { "enabled" } else { "disabled" };
            let plan = match plan {
                Some((id, name)) => format!("usage plan {id} ({name})"),
                None => "in no usage plan of this stage".to_owned(),
            };
            format!("key {id} ({name}), {enabled}, {plan}")
        }
    };
    format!("{required}, {state}")
}

fn throttle(bucket: &Bucket) -> String {
    let scope = bucket.scope.replace('_', " ");
    let Bucket { tokens, burst, rate_rps, .. } = bucket;
    let leased = match bucket.leased {
        0 => String::new(),
        leased => format!(", {leased} leased to shards"),
    };
    let next = match bucket.next_token_ns {
        None => ", never a token".to_owned(),
        Some(0) => String::new(),
        Some(wait_ns) => format!(", a token in {}", span(wait_ns)),
    };
    let full = match bucket.full_ns {
        0 => ", full".to_owned(),
        _ if bucket.next_token_ns.is_none() => String::new(),
        full_ns => format!(", full in {}", span(full_ns)),
    };
    format!("{scope}: {tokens:.2} of {burst} tokens, {rate_rps} a second{leased}{next}{full}")
}

fn quota_text(quota: &QuotaFacts) -> String {
    let QuotaFacts { limit, used, remaining, period, ends_unix_s } = quota;
    let end = rfc3339(ends_unix_s.saturating_mul(1_000));
    let end = String::from_utf8_lossy(&end[..19]);
    format!("{remaining} of {limit} left, {used} used, {period} ends {end}Z")
}

fn cache(facts: &CacheFacts) -> Vec<String> {
    let CacheFacts { state, ttl_us, namespace, parameters, key } = facts;
    let state = match state {
        CacheState::Hit { remaining_us, bytes } => {
            format!("hit, {bytes} bytes, lives {}", span(remaining_us.saturating_mul(1_000)))
        }
        CacheState::Miss => "miss".to_owned(),
        CacheState::Refresh => "Cache-Control: max-age=0 replaces the entry".to_owned(),
        CacheState::RefreshDenied => "Cache-Control: max-age=0 is not authorized".to_owned(),
        CacheState::Head => "not used for HEAD".to_owned(),
    };
    let ttl = span(ttl_us.saturating_mul(1_000));
    let mut parts = vec![format!("{state}, ttl {ttl}, namespace {namespace}")];
    for (name, value) in parameters {
        parts.push(match value {
            Some(value) => format!("{name} = \"{value}\""),
            None => format!("{name} = none"),
        });
    }
    parts.push(format!("key {key}"));
    parts
}

/// A span of time, as exact as somebody wants to read it.
fn span(ns: u64) -> String {
    const SECOND_NS: u64 = 1_000_000_000;
    let seconds = ns / SECOND_NS;
    match seconds {
        0 => format!("{:.1} ms", ns as f64 / 1e6),
        1..120 => format!("{:.1} s", ns as f64 / 1e9),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}

/// Text for a terminal: names of definitions may have any character.
fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

/// Text for a field value: printable ASCII, and no separator in it.
fn field_value(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            ';' => out.push_str("\\x3b"),
            ' '..='~' => out.push(c),
            other => {
                let mut bytes = [0; 4];
                for byte in other.encode_utf8(&mut bytes).bytes() {
                    out.push_str(&format!("\\x{byte:02x}"));
                }
            }
        }
    }
    out
}
