//! `FilterLogEvents`: the events of a group that match a pattern, of all streams by their time.

use gateway_store::{LogEntry, LogError, LogQuery, LogStreams};
use serde_json::{Value, json};

use super::events::{Room, range};
use super::position::{self, after};
use super::{Cx, Pattern, Result, invalid, refused};
use crate::limits::{LOG_CHUNK_MAX, LOG_EVENTS_MAX, LOG_SCANNED_MAX, LOG_STREAM_NAMES_MAX};

/// `FilterLogEvents`
pub(super) fn filter(cx: &Cx<'_>) -> Result<Value> {
    let group = cx.group()?;
    let limit = cx.limit(LOG_EVENTS_MAX)?;
    let names = cx.texts("logStreamNames")?;
    let prefix = cx.text("logStreamNamePrefix")?;
    let streams = match (&names, prefix) {
        (Some(_), Some(_)) => {
            return Err(invalid(
                "logStreamNames and logStreamNamePrefix are mutually exclusive parameters.",
            ));
        }
        (Some(names), None) if names.is_empty() || names.len() > LOG_STREAM_NAMES_MAX => {
            let text = format!("logStreamNames has 1 to {LOG_STREAM_NAMES_MAX} names");
            return Err(invalid(text));
        }
        (Some(names), None) => LogStreams::Named(names),
        (None, Some(prefix)) => LogStreams::Prefix(prefix),
        (None, None) => LogStreams::All,
    };
    let pattern = Pattern::parse(cx.text("filterPattern")?.unwrap_or_default());
    let pattern = pattern.map_err(|error| invalid(format!("Invalid filter pattern: {error}")))?;
    // The end belongs to what is asked for, unlike that of GetLogEvents.
    let until_ms = cx.number("endTime")?.map(|end| end.saturating_add(1));
    let (mut from, until) = range(cx.number("startTime")?, until_ms);
    if let Some(token) = cx.text("nextToken")? {
        let at = position::parse(token);
        from = from.max(at.ok_or_else(|| invalid("The specified nextToken is invalid."))?);
    }
    if let Some(names) = &names {
        let there = cx.logs.streams(group).ok_or_else(|| refused(LogError::NoGroup))?;
        if names.iter().any(|name| !there.iter().any(|stream| *stream.name == **name)) {
            return Err(refused(LogError::NoStream));
        }
    }
    let mut query = LogQuery {
        streams,
        from,
        until,
        newest_first: false,
        count_max: LOG_CHUNK_MAX,
        scan_max: LOG_CHUNK_MAX,
        now_ms: cx.call.unix_ms,
    };
    let mut room = Room::of(limit);
    let mut found: Vec<LogEntry> = Vec::new();
    let mut scanned = 0;
    let next = 'pages: loop {
        let page = cx.logs.read(group, &query).map_err(refused)?;
        for entry in page.entries {
            if !pattern.matches(&entry.text) {
                continue;
            }
            if !room.take(&entry) {
                break 'pages Some(entry.position);
            }
            found.push(entry);
        }
        let Some(next) = page.next else { break None };
        query.from = next;
        scanned += LOG_CHUNK_MAX;
        if scanned >= LOG_SCANNED_MAX {
            break Some(next);
        }
        if !room.is_left() {
            break found.last().map(|last| after(last.position));
        }
    };
    let events: Vec<_> = found.iter().map(view).collect();
    let mut document = json!({ "events": events, "searchedLogStreams": [] });
    if let Some(next) = next {
        document["nextToken"] = json!(position::id(next));
    }
    Ok(document)
}

fn view(entry: &LogEntry) -> Value {
    json!({
        "logStreamName": &*entry.stream,
        "timestamp": entry.unix_ms,
        "message": &*entry.text,
        "ingestionTime": entry.ingestion_ms,
        "eventId": position::id(entry.position),
    })
}
