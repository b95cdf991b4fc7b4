//! Streams.

use gateway_store::LogStream;
use serde_json::{Value, json};

use super::input::not_of;
use super::position::SEQUENCE_TOKEN;
use super::{Cx, Result, group_arn, invalid, refused};
use crate::limits::LOG_LIST_MAX;

/// `CreateLogStream`
pub(super) fn create(cx: &Cx<'_>) -> Result<Value> {
    let (group, stream) = (cx.group_name()?, cx.stream_name()?);
    cx.logs.create_stream(group, stream, cx.call.unix_ms).map_err(refused)?;
    Ok(Value::Null)
}

/// `DeleteLogStream`
pub(super) fn delete(cx: &Cx<'_>) -> Result<Value> {
    let (group, stream) = (cx.group_name()?, cx.stream_name()?);
    cx.logs.delete_stream(group, stream).map_err(refused)?;
    Ok(Value::Null)
}

/// `DescribeLogStreams`
pub(super) fn describe(cx: &Cx<'_>) -> Result<Value> {
    let group = cx.group()?;
    let limit = cx.limit(LOG_LIST_MAX)?;
    let prefix = cx.text("logStreamNamePrefix")?;
    let is_by_time = match cx.text("orderBy")? {
        None | Some("LogStreamName") => false,
        Some("LastEventTime") => true,
        Some(other) => return Err(not_of(other, "orderBy", "LogStreamName, LastEventTime")),
    };
    if is_by_time && prefix.is_some() {
        return Err(invalid("Cannot order by LastEventTime with a logStreamNamePrefix."));
    }
    cx.known_group(group)?;
    let mut streams = cx.logs.streams(group).unwrap_or_default();
    streams.retain(|stream| prefix.is_none_or(|prefix| stream.name.starts_with(prefix)));
    if is_by_time {
        streams.sort_by(|one, two| (one.last_ms, &one.name).cmp(&(two.last_ms, &two.name)));
    }
    if cx.flag("descending")? {
        streams.reverse();
    }
    let start = match cx.text("nextToken")? {
        None => 0,
        // The last stream of the page before.
        Some(token) => match streams.iter().position(|stream| *stream.name == *token) {
            Some(at) => at + 1,
            None => return Err(invalid("The specified nextToken is invalid.")),
        },
    };
    let arn = group_arn(cx.call, group);
    let page = &streams[start..streams.len().min(start + limit)];
    let shown: Vec<_> = page.iter().map(|stream| view(&arn, stream)).collect();
    let mut document = json!({ "logStreams": shown });
    if let Some(last) = page.last().filter(|_| start + limit < streams.len()) {
        document["nextToken"] = json!(&*last.name);
    }
    Ok(document)
}

fn view(arn: &str, stream: &LogStream) -> Value {
    let mut view = json!({
        "logStreamName": &*stream.name,
        "creationTime": stream.created_ms,
        "uploadSequenceToken": SEQUENCE_TOKEN,
        "arn": format!("{arn}:log-stream:{}", stream.name),
        "storedBytes": 0,
    });
    for (member, at) in [
        ("firstEventTimestamp", stream.first_ms),
        ("lastEventTimestamp", stream.last_ms),
        ("lastIngestionTime", stream.ingestion_ms),
    ] {
        if let Some(at) = at {
            view[member] = json!(at);
        }
    }
    view
}
