//! The test clock: `/clock` on the ops address moves the time by which quotas, usage and the lives of cached answers
//! go. Only forward, and only where `ops.test_clock` is set.

use std::time::Duration;

use gateway_control::metrics::Metrics;
use gateway_rt::clock;
use hyper::{Method, StatusCode, Uri, header};

use super::{Answer, JSON, Ops, json_string, respond};

/// Where it is.
pub(super) const PATH: &str = "/clock";

/// Seconds by which one call moves the clock. Source: our own; a year, and over the next month's start.
const ADVANCE_S_MAX: u64 = 400 * 86_400;

/// `GET /clock` says the time, `POST /clock?advance_seconds=N` moves it and says it then:
/// `{"unix_ms":…,"advanced_ms":…}`.
pub(super) fn answer(ops: &Ops, method: &Method, uri: &Uri) -> Answer {
    if ops.test_clock.get().is_none() {
        let text = "this gateway's time is not for moving; for tests, start it with --test-clock";
        return failure(StatusCode::NOT_FOUND, text);
    }
    match *method {
        Method::GET | Method::HEAD => {}
        Method::POST => {
            if let Err((status, text)) = advance(ops, uri.query().unwrap_or_default()) {
                return failure(status, &text);
            }
        }
        _ => {
            let mut response = failure(StatusCode::METHOD_NOT_ALLOWED, "use GET or POST");
            let allow = header::HeaderValue::from_static("GET, HEAD, POST");
            response.headers_mut().insert(header::ALLOW, allow);
            return response;
        }
    }
    let (unix_ms, advanced_ms) = (clock::unix_ms(), clock::advanced().as_millis());
    let json = format!("{{\"unix_ms\":{unix_ms},\"advanced_ms\":{advanced_ms}}}\n");
    respond(StatusCode::OK, JSON, json)
}

fn advance(ops: &Ops, query: &str) -> Result<(), (StatusCode, String)> {
    let seconds = query.strip_prefix("advance_seconds=").and_then(|text| text.parse::<u64>().ok());
    let Some(seconds) = seconds.filter(|seconds| *seconds <= ADVANCE_S_MAX) else {
        let text = format!("say advance_seconds=N with a whole number from 0 to {ADVANCE_S_MAX}");
        return Err((StatusCode::BAD_REQUEST, text));
    };
    // What was counted so far belongs to the time before.
    ops.metrics.get().map(Metrics::sample);
    let is_moved = clock::advance(Duration::from_secs(seconds));
    ops.metrics.get().map(Metrics::sample);
    if !is_moved {
        let days = gateway_rt::limits::ADVANCED_MAX.as_secs() / 86_400;
        let text =
            format!("the clock is not moved by more than {days} days in all; restart the gateway");
        return Err((StatusCode::CONFLICT, text));
    }
    let advanced_s = clock::advanced().as_secs();
    tracing::warn!(seconds, advanced_s, "Clock moved");
    Ok(())
}

fn failure(status: StatusCode, message: &str) -> Answer {
    respond(status, JSON, format!("{{\"message\":{}}}\n", json_string(message)))
}
