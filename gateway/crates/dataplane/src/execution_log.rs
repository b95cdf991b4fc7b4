//! A stage's execution log: the lines of a [`crate::journal`] that its settings ask for, in its log group.
//!
//! Requests are logged from the moment on that their method is known. Not logged, as on AWS: requests that are too large, and those
//! that the account's own limit refuses.
//!
//! Cost: a method without a log costs a look. One with a log allocates its lines, and copies them once into the shard's batch.
//!
//! Source: observability §4.

use gateway_compile::{ExecutionLog, GatewayResponseType, MethodPlan, StagePlan};
use gateway_telemetry::ThrottleScope;
use gateway_throttle::Settings;

use crate::ids;
use crate::journal::{Journal, Line, Reader, TRUNCATED, headers, masked, text};
use crate::limits::LOG_LINE_BYTES_MAX;
use crate::request::Exchange;
use crate::shard::Shard;

/// Why a key opens no method, in AWS's words.
const NO_PLAN: &str = "No Usage Plan found for API Key and API Stage";

/// Begins to listen to a request whose method was just found.
#[cold]
pub(crate) fn open(x: &mut Exchange, log: ExecutionLog) {
    x.journal = Some(Box::new(Journal::of(log)));
    let id = lossy(&x.facts.extended_id);
    x.note(|| format!("Extended Request Id: {id}"));
}

/// The request is admitted: its execution begins. Trials have begun before.
#[cold]
pub(crate) fn begin(x: &mut Exchange, method: &MethodPlan) {
    if x.trial.is_none() {
        let path = lossy(x.resource_path());
        x.note_method_request(method, &path);
    }
}

/// The usage plan is about to be looked for.
#[cold]
pub(crate) fn verify_plan(x: &mut Exchange, stage: &StagePlan) {
    if x.trial.is_some() {
        return;
    }
    let (id, key, at) = (lossy(&x.facts.request_id), key(x, stage), api_stage(stage));
    x.note(|| format!("Verifying Usage Plan for request: {id}. API Key: {key} API Stage: {at}"));
}

/// The method wants a key, and what came is none that opens it.
#[cold]
pub(crate) fn note_unknown_key(x: &mut Exchange, stage: &StagePlan, method: &MethodPlan) {
    let (key, at, name) = (key(x, stage), api_stage(stage), name(x, method));
    x.note_error(|| {
        format!(
            "API Key {key} not authorized because method '{name}' requires API Key and API Key is not associated with a Usage \
             Plan for API Stage {at}: {NO_PLAN}"
        )
    });
}

/// Nothing refuses the request.
#[cold]
pub(crate) fn note_admitted(
    x: &mut Exchange,
    stage: &StagePlan,
    method: &MethodPlan,
    has_plan: bool,
) {
    if x.trial.is_some() {
        return;
    }
    let (key, at, name) = (key(x, stage), api_stage(stage), name(x, method));
    if !method.api_key_required && !has_plan {
        x.note(|| {
            format!(
                "API Key {key} authorized because method '{name}' does not require API Key. Request will not contribute to \
                 throttle or quota limits"
            )
        });
    }
    x.note(|| format!("Usage Plan check succeeded for API Key {key} and API Stage {at}"));
}

/// A limit refuses the request. The account's own is not logged.
#[cold]
pub(crate) fn note_refused(
    x: &mut Exchange,
    stage: &StagePlan,
    method: &MethodPlan,
    scope: ThrottleScope,
    (throttle, quota): (Option<Settings>, Option<u64>),
) {
    if x.trial.is_some() {
        return;
    }
    let limit = match scope {
        ThrottleScope::Account => {
            x.journal = None;
            return;
        }
        ThrottleScope::Quota => "Key quota limit",
        ThrottleScope::UsagePlan | ThrottleScope::UsagePlanMethod => "Key throttle limit",
        ThrottleScope::Method => "Method throttle limit",
    };
    let (api, name) = (&stage.api_id, &stage.stage);
    let (resource, verb) = (&method.resource_id, x.facts.method.as_str());
    let bound = match (throttle, quota) {
        (Some(Settings { rate_rps, burst }), _) => format!("{rate_rps:.2} Burst: {burst}"),
        (None, Some(quota)) => quota.to_string(),
        (None, None) => String::new(),
    };
    x.note_error(|| {
        format!(
            "{limit} exceeded for RestApi {api}, Stage {name}, Resource {resource}, HttpMethod {verb}. Limit: {bound}"
        )
    });
}

/// The exchange is over: its last lines, and all of them on their way.
#[cold]
pub(crate) fn close(shard: &Shard, x: &mut Exchange) {
    let is_of_stage = x.journal.as_ref().is_some_and(|journal| journal.reader != Reader::Trial);
    if !is_of_stage {
        return;
    }
    end(x);
    let (Some(journal), Some(stage)) = (x.journal.take(), &x.stage) else { return };
    let Some(group) = &stage.plan.execution_log_group else { return };
    let mut log = shard.log.borrow_mut();
    for line in &journal.lines {
        log.record(group, line.unix_ms, |out| write(&x.facts.request_id, line, out));
    }
}

/// The lines at the end.
fn end(x: &mut Exchange) {
    let failure = x.facts.failure;
    if failure.is_some_and(|failure| failure.kind == GatewayResponseType::RequestTooLarge) {
        x.journal = None;
        return;
    }
    let status = x.facts.status;
    // A client that is gone got no answer.
    let completed = || format!("Method completed with status: {status}");
    match failure {
        Some(_) => x.note_error(completed),
        None if status != 0 => {
            if let Some((head, body)) = x.journal.as_mut().and_then(|journal| journal.answer.take())
            {
                x.note_data(|| {
                    let body = text(&body, LOG_LINE_BYTES_MAX);
                    format!("Method response body after transformations: {body}")
                });
                x.note_data(|| format!("Method response headers: {}", headers(&head)));
            }
            x.note(|| "Successfully completed execution".to_owned());
            x.note(completed);
        }
        None => {}
    }
    if !x.backend_request_id.is_empty() {
        let id = lossy(&x.backend_request_id);
        x.note(|| format!("AWS Integration Endpoint RequestId : {id}"));
    }
    let is_traced = ids::field(&x.trace, b"Sampled") == Some(b"1");
    if let Some(root) = ids::field(&x.trace, b"Root").filter(|_| is_traced).map(lossy) {
        let line = || format!("X-ray Tracing ID : {root}");
        match failure {
            Some(_) => x.note_error(line),
            None => x.note(line),
        }
    }
}

/// `(id) text`, cut off where it is too long.
fn write(request_id: &[u8], line: &Line, out: &mut Vec<u8>) {
    let start = out.len();
    out.push(b'(');
    out.extend_from_slice(request_id);
    out.extend_from_slice(b") ");
    let room = LOG_LINE_BYTES_MAX.saturating_sub(out.len() - start);
    let fits = line.text.floor_char_boundary(room);
    out.extend_from_slice(&line.text.as_bytes()[..fits]);
    let is_cut = fits < line.text.len();
    if is_cut {
        out.extend_from_slice(TRUNCATED.as_bytes());
    }
}

/// The key that the request shows, hidden but for its end.
fn key(x: &Exchange, stage: &StagePlan) -> String {
    masked(&x.api_key(stage.api_key_source).map(lossy).unwrap_or_default())
}

fn api_stage(stage: &StagePlan) -> String {
    format!("{}/{}", stage.api_id, stage.stage)
}

/// `GET /pets/{id}`
fn name(x: &Exchange, method: &MethodPlan) -> String {
    format!("{} {}", x.facts.method.as_str(), method.resource_path)
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_line_is_cut_off_where_a_character_ends() {
        for len in [0, 5, 490, 491, 492, 493, 2_000] {
            let text = "\u{e9}".repeat(len);
            let mut out = Vec::new();
            write(&[b'i'; 36], &Line { unix_ms: 0, text: text.clone() }, &mut out);
            let line = String::from_utf8(out).expect("whole characters");
            let whole = format!("({}) {text}", "i".repeat(36));
            match line.strip_suffix(TRUNCATED) {
                None => assert_eq!(line, whole),
                Some(cut) => {
                    assert!(cut.len() <= LOG_LINE_BYTES_MAX && cut.len() + 2 > LOG_LINE_BYTES_MAX);
                    assert!(whole.len() > LOG_LINE_BYTES_MAX && whole.starts_with(cut));
                }
            }
        }
    }
}
