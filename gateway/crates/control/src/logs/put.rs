//! `PutLogEvents`

use serde_json::{Value, json};

use super::position::SEQUENCE_TOKEN;
use super::{Cx, Result, invalid, refused};
use crate::ApiError;
use crate::limits::{
    LOG_BATCH_SPAN_MS_MAX, LOG_EVENT_AGE_MS_MAX, LOG_EVENT_AHEAD_MS_MAX, LOG_EVENT_OVERHEAD_BYTES,
    LOG_EVENTS_BYTES_MAX, LOG_EVENTS_MAX,
};

/// Milliseconds of a day.
const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// `PutLogEvents`
pub(super) fn put(cx: &Cx<'_>) -> Result<Value> {
    let (group, stream) = (cx.group_name()?, cx.stream_name()?);
    let events = events(cx)?;
    let known = cx.known_group(group)?;
    let now_ms = cx.call.unix_ms;
    let kept_ms = known.retention_days.map(|days| u64::from(days) * DAY_MS);
    let before = |age_ms: u64| {
        events.partition_point(|(unix_ms, _)| *unix_ms < now_ms.saturating_sub(age_ms))
    };
    let too_old = before(LOG_EVENT_AGE_MS_MAX);
    let expired = kept_ms.map_or(0, before);
    let too_new =
        events.partition_point(|(unix_ms, _)| *unix_ms <= now_ms + LOG_EVENT_AHEAD_MS_MAX);
    let first = too_old.max(expired).min(too_new);
    let taken = events[first..too_new].iter().map(|(at, text)| (*at, text.as_bytes()));
    cx.logs.put_into(group, stream, now_ms, taken).map_err(refused)?;
    let mut document = json!({ "nextSequenceToken": SEQUENCE_TOKEN });
    let rejected = [
        ("tooNewLogEventStartIndex", Some(too_new).filter(|at| *at < events.len())),
        ("tooOldLogEventEndIndex", Some(too_old).filter(|at| *at > 0)),
        ("expiredLogEventEndIndex", Some(expired).filter(|at| *at > 0)),
    ];
    for (member, at) in rejected {
        if let Some(at) = at {
            document["rejectedLogEventsInfo"][member] = json!(at);
        }
    }
    Ok(document)
}

/// The events of a request, in the order of their time.
fn events<'c>(cx: &'c Cx<'_>) -> Result<Vec<(u64, &'c str)>> {
    let wrong = |text: &str| ApiError::new(400, "SerializationException", text);
    let given = match cx.input.get("logEvents") {
        Some(Value::Array(given)) => given.as_slice(),
        Some(_) => return Err(wrong("logEvents is not a list")),
        None => &[],
    };
    if given.is_empty() || given.len() > LOG_EVENTS_MAX {
        return Err(invalid(format!(
            "1 validation error detected: Value at 'logEvents' failed to satisfy constraint: Member must have length between 1 \
             and {LOG_EVENTS_MAX}"
        )));
    }
    let mut events = Vec::with_capacity(given.len());
    let mut bytes = 0;
    for (index, event) in given.iter().enumerate() {
        let unix_ms = event.get("timestamp").and_then(Value::as_u64);
        let unix_ms = unix_ms.ok_or_else(|| wrong("timestamp is not a whole number"))?;
        let message = event.get("message").and_then(Value::as_str);
        let message = message.ok_or_else(|| wrong("message is not a string"))?;
        if message.is_empty() {
            return Err(invalid(format!(
                "1 validation error detected: Value '' at 'logEvents.{}.member.message' failed to satisfy constraint: Member \
                 must have length greater than or equal to 1",
                index + 1
            )));
        }
        bytes += message.len() + LOG_EVENT_OVERHEAD_BYTES;
        events.push((unix_ms, message));
    }
    if bytes > LOG_EVENTS_BYTES_MAX {
        return Err(invalid(format!(
            "Upload too large: {bytes} bytes exceeds limit of {LOG_EVENTS_BYTES_MAX}"
        )));
    }
    if !events.is_sorted_by_key(|(unix_ms, _)| *unix_ms) {
        return Err(invalid(
            "Log events in a single PutLogEvents request must be in chronological order.",
        ));
    }
    let span = events.last().map_or(0, |last| last.0) - events.first().map_or(0, |first| first.0);
    if span > LOG_BATCH_SPAN_MS_MAX {
        return Err(invalid(
            "The batch of log events in a single PutLogEvents request cannot span more than 24 hours.",
        ));
    }
    Ok(events)
}
