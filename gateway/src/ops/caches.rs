//! Flushing what a stage remembers: API Gateway's `FlushStageCache` and `FlushStageAuthorizersCache`, on the ops
//! address until the control plane is served.

use gateway_compile::StagePlan;
use hyper::{Method, StatusCode, header};

use super::{Answer, JSON, Ops, json_string, respond};

/// `DELETE /restapis/{id}/stages/{stage}/cache/data`: 202, and no shard answers from what was
/// cached before; `…/cache/authorizers`: nor from what authorizers said. Source: API Gateway's API reference,
/// `FlushStageCache`, `FlushStageAuthorizersCache`.
pub(super) fn answer(ops: &Ops, method: &Method, rest: &str) -> Answer {
    let parts: Vec<_> = rest.split('/').collect();
    let [api, "stages", stage, "cache", what @ ("data" | "authorizers")] = parts[..] else {
        let text =
            "not found, try DELETE /restapis/{id}/stages/{stage}/cache/data or …/cache/authorizers";
        return failure(StatusCode::NOT_FOUND, text);
    };
    if *method != Method::DELETE {
        let mut response = failure(StatusCode::METHOD_NOT_ALLOWED, "use DELETE");
        response.headers_mut().insert(header::ALLOW, header::HeaderValue::from_static("DELETE"));
        return response;
    }
    let snapshot = ops.snapshot();
    let mut of_api = snapshot.stages.iter().filter(|plan| *plan.api_id == *api).peekable();
    if of_api.peek().is_none() {
        return failure(StatusCode::NOT_FOUND, "Invalid API identifier specified");
    }
    let Some(plan) = of_api.find(|plan| *plan.stage == *stage) else {
        return failure(StatusCode::NOT_FOUND, "Invalid stage identifier specified");
    };
    if what == "authorizers" {
        flush_authorizers(plan);
    } else if let Some(cache) = &plan.cache {
        let entries = cache.cache.entries();
        cache.cache.flush();
        tracing::info!(api, stage, entries, "Stage cache flushed");
    }
    // A stage without a cache has nothing that could be stale.
    respond(StatusCode::ACCEPTED, JSON, String::new())
}

/// The canary's plan has decisions of its own.
fn flush_authorizers(plan: &StagePlan) {
    let canary = plan.canary.as_ref().map(|canary| &*canary.plan);
    for plan in [Some(plan), canary].into_iter().flatten() {
        for authorizer in &plan.authorizers {
            let decisions = authorizer.decisions.count();
            authorizer.decisions.flush();
            let (api, stage, authorizer) = (&*plan.api_id, &*plan.stage, &*authorizer.name);
            tracing::info!(api, stage, authorizer, decisions, "Decisions flushed");
        }
    }
}

fn failure(status: StatusCode, message: &str) -> Answer {
    respond(status, JSON, format!("{{\"message\":{}}}\n", json_string(message)))
}
