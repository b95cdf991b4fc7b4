//! A trail as JSON, for programs. Names are stable; new members may come.

use serde_json::{Value, json};

use super::trail::{CacheState, Decision, KeyState, Refused, Trail, Verdict};

impl Trail {
    /// The trail as one JSON document.
    pub fn json(&self) -> String {
        let asked = &self.asked;
        let decisions: Vec<_> = self.decisions.iter().map(decision).collect();
        let document = json!({
            "request": {
                "method": asked.method,
                "methodOverride": asked.override_method,
                "host": asked.host,
                "path": asked.path,
            },
            "decisions": decisions,
            "verdict": verdict(&self.verdict),
        });
        document.to_string()
    }
}

fn decision(decision: &Decision) -> Value {
    let mut value = match decision {
        Decision::Stage(stage) => json!({
            "stage": stage.name,
            "apiId": stage.api_id,
            "apiName": stage.api_name,
            "deploymentId": stage.deployment_id,
            "way": stage.way,
        }),
        Decision::NoStage(why) => json!({ "stage": null, "why": why }),
        Decision::Canary(None) => json!({ "canary": null }),
        Decision::Canary(Some(canary)) => json!({
            "canary": {
                "percent": canary.percent,
                "deploymentId": canary.deployment_id,
                "isDrawn": canary.is_drawn,
            }
        }),
        Decision::Payload(bytes_max) => json!({ "payloadBytesMax": bytes_max }),
        Decision::Route { verb, path, resource_id } => json!({
            "httpMethod": verb,
            "resourcePath": path,
            "resourceId": resource_id,
        }),
        Decision::NoRoute(misses) => json!({
            "resourcePath": null,
            "methodsOfPath": misses.verbs,
            "nearestPaths": misses.paths,
        }),
        Decision::ResourcePolicy => json!({ "isServed": false }),
        Decision::Authorizer(parts) => json!({ "authorizer": parts.join("; ") }),
        Decision::ApiKey(facts) => {
            let key = match &facts.state {
                KeyState::Absent => json!({ "state": "absent" }),
                KeyState::Unknown => json!({ "state": "unknown" }),
                KeyState::Known { id, name, is_enabled, plan } => json!({
                    "state": "known",
                    "keyId": id,
                    "keyName": name,
                    "isEnabled": is_enabled,
                    "usagePlanId": plan.as_ref().map(|(id, _)| id),
                    "usagePlanName": plan.as_ref().map(|(_, name)| name),
                }),
            };
            json!({ "isRequired": facts.is_required, "source": facts.source, "key": key })
        }
        Decision::NoThrottle => json!({ "scope": null }),
        Decision::Throttle(bucket) => json!({
            "scope": bucket.scope,
            "rateLimit": bucket.rate_rps,
            "burstLimit": bucket.burst,
            "tokens": bucket.tokens,
            "leased": bucket.leased,
            "nextTokenNs": bucket.next_token_ns,
            "fullNs": bucket.full_ns,
        }),
        Decision::Quota(None) => json!({ "quota": null }),
        Decision::Quota(Some(quota)) => json!({
            "quota": {
                "limit": quota.limit,
                "used": quota.used,
                "remaining": quota.remaining,
                "period": quota.period,
                "endsUnixSeconds": quota.ends_unix_s,
            }
        }),
        Decision::Cache(None) => json!({ "cache": null }),
        Decision::Cache(Some(facts)) => {
            let parameters: Vec<_> = facts
                .parameters
                .iter()
                .map(|(name, value)| json!({ "name": name, "value": value }))
                .collect();
            let (state, remaining_us, bytes) = match facts.state {
                CacheState::Hit { remaining_us, bytes } => ("hit", Some(remaining_us), Some(bytes)),
                CacheState::Miss => ("miss", None, None),
                CacheState::Refresh => ("refresh", None, None),
                CacheState::RefreshDenied => ("refresh denied", None, None),
                CacheState::Head => ("not used", None, None),
            };
            json!({
                "cache": {
                    "state": state,
                    "remainingUs": remaining_us,
                    "bytes": bytes,
                    "ttlUs": facts.ttl_us,
                    "namespace": facts.namespace,
                    "parameters": parameters,
                    "key": facts.key,
                }
            })
        }
        Decision::Integration(parts) => json!({ "integration": parts }),
    };
    value["decision"] = json!(decision.name());
    value
}

fn verdict(verdict: &Verdict) -> Value {
    match verdict {
        Verdict::Cache => json!({ "answeredBy": "cache" }),
        Verdict::Integration => json!({ "answeredBy": "integration" }),
        Verdict::Refused(Refused { response_type, status, message }) => json!({
            "answeredBy": "gateway",
            "status": status,
            "responseType": response_type,
            "message": message,
        }),
    }
}
