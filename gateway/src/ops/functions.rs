//! Functions that run here: what each has of environments, and the last lines of its log.

use std::fmt::Write as _;
use std::sync::Arc;

use gateway_functions::{FunctionStats, Functions};
use gateway_store::LogStore;
use hyper::{Method, StatusCode, Uri, header};

use super::{Answer, JSON, Ops, TEXT, json_string, respond};

/// Whose functions and logs are shown.
pub(super) struct Shown {
    pub(super) functions: Arc<Functions>,
    pub(super) logs: Arc<LogStore>,
}

impl std::fmt::Debug for Shown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shown").field("logs", &self.logs).finish_non_exhaustive()
    }
}

/// Where they are.
pub(super) const PATH: &str = "/functions";

/// Lines of a log without `lines`. Ours: two screens.
const LINES_DEFAULT: usize = 100;

/// Lines of a log at once. Ours: a whole log of short lines.
const LINES_MAX: usize = 100_000;

/// `GET /functions` lists them, `GET /functions/{name}/logs?lines=N` has the last lines of one.
pub(super) fn answer(ops: &Ops, method: &Method, uri: &Uri) -> Answer {
    if !matches!(*method, Method::GET | Method::HEAD) {
        let mut response = failure(StatusCode::METHOD_NOT_ALLOWED, "use GET or HEAD");
        let allow = header::HeaderValue::from_static("GET, HEAD");
        response.headers_mut().insert(header::ALLOW, allow);
        return response;
    }
    let Some(Shown { functions, logs }) = ops.functions.get() else {
        return failure(StatusCode::NOT_FOUND, "no function runs here");
    };
    let rest = uri.path().strip_prefix(PATH).unwrap_or_default();
    if rest.trim_end_matches('/').is_empty() {
        let rows: Vec<_> = functions.stats().iter().map(row).collect();
        return respond(StatusCode::OK, JSON, format!("{{\"functions\":[{}]}}\n", rows.join(",")));
    }
    let Some(name) = rest.strip_prefix('/').and_then(|rest| rest.strip_suffix("/logs")) else {
        let text = "not found, try /functions or /functions/{name}/logs?lines=N";
        return failure(StatusCode::NOT_FOUND, text);
    };
    let lines = match uri.query() {
        None => Some(LINES_DEFAULT),
        Some(query) => query.strip_prefix("lines=").and_then(|text| text.parse().ok()),
    };
    let Some(lines) = lines.filter(|lines| (1..=LINES_MAX).contains(lines)) else {
        let text = format!("say lines=N with a whole number from 1 to {LINES_MAX}");
        return failure(StatusCode::BAD_REQUEST, &text);
    };
    let Some(entries) = logs.tail(&format!("/aws/lambda/{name}"), lines) else {
        let is_known = functions.stats().iter().any(|function| *function.name == *name);
        return match is_known {
            true => respond(StatusCode::OK, TEXT, String::new()),
            false => failure(StatusCode::NOT_FOUND, "no such function has said anything"),
        };
    };
    let mut text = String::new();
    for entry in entries {
        // Writing to a string does not fail.
        let _ = writeln!(text, "{} {}", time(entry.unix_ms), entry.text);
    }
    respond(StatusCode::OK, TEXT, text)
}

fn row(function: &FunctionStats) -> String {
    let name = json_string(&function.name);
    let FunctionStats { environments, starting, idle, waiting, .. } = function;
    let FunctionStats { invocations, errors, timeouts, throttles, cold_starts, .. } = function;
    format!(
        "{{\"name\":{name},\"environments\":{environments},\"starting\":{starting},\"idle\":{idle},\"waiting\":{waiting},\
         \"invocations\":{invocations},\"errors\":{errors},\"timeouts\":{timeouts},\"throttles\":{throttles},\
         \"cold_starts\":{cold_starts}}}"
    )
}

/// `2026-11-22T19:46:30.612Z`
fn time(unix_ms: u64) -> String {
    String::from_utf8_lossy(&gateway_telemetry::clock::rfc3339(unix_ms)).into_owned()
}

fn failure(status: StatusCode, message: &str) -> Answer {
    respond(status, JSON, format!("{{\"message\":{}}}\n", json_string(message)))
}
