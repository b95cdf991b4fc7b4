//! `GetLogEvents`: a stream, page by page, in both directions.

use gateway_store::{LogEntry, LogPosition, LogQuery, LogStreams};
use serde_json::{Value, json};

use super::position::{Token, after, before};
use super::{Cx, Result, refused};
use crate::limits::{
    LOG_CHUNK_MAX, LOG_EVENT_OVERHEAD_BYTES, LOG_EVENTS_BYTES_MAX, LOG_EVENTS_MAX, LOG_SCANNED_MAX,
};

/// Events from a time on, and those before a time.
pub(super) fn range(from_ms: Option<u64>, until_ms: Option<u64>) -> (LogPosition, LogPosition) {
    let from = LogPosition { unix_ms: from_ms.unwrap_or(0), sequence: 0 };
    let until = match until_ms {
        Some(unix_ms) => LogPosition { unix_ms, sequence: 0 },
        None => LogPosition { unix_ms: u64::MAX, sequence: u64::MAX },
    };
    (from, until)
}

/// Events that one answer has room for.
pub(super) struct Room {
    count: usize,
    bytes: usize,
}

impl Room {
    pub(super) fn of(count: usize) -> Self {
        Self { count, bytes: LOG_EVENTS_BYTES_MAX }
    }

    /// Takes room for an event; the first always has it.
    pub(super) fn take(&mut self, entry: &LogEntry) -> bool {
        let bytes = entry.text.len() + LOG_EVENT_OVERHEAD_BYTES;
        if self.count == 0 || (bytes > self.bytes && self.bytes < LOG_EVENTS_BYTES_MAX) {
            return false;
        }
        self.count -= 1;
        self.bytes = self.bytes.saturating_sub(bytes);
        true
    }

    pub(super) fn is_left(&self) -> bool {
        self.count > 0
    }
}

/// `GetLogEvents`
pub(super) fn get(cx: &Cx<'_>) -> Result<Value> {
    let (group, stream) = (cx.group()?, cx.stream_name()?);
    let limit = cx.limit(LOG_EVENTS_MAX)?;
    let (from, until) = range(cx.number("startTime")?, cx.number("endTime")?);
    let token = cx.text("nextToken")?.map(Token::parse).transpose()?;
    let (from, until, newest_first) = match token {
        Some(Token::Forward(at)) => (from.max(after(at)), until, false),
        Some(Token::Backward(at)) => (from, until.min(at), true),
        None => (from, until, !cx.flag("startFromHead")?),
    };
    let mut query = LogQuery {
        streams: LogStreams::One(stream),
        from,
        until,
        newest_first,
        count_max: LOG_CHUNK_MAX,
        scan_max: LOG_CHUNK_MAX,
        now_ms: cx.call.unix_ms,
    };
    let mut room = Room::of(limit);
    let mut found: Vec<LogEntry> = Vec::new();
    // How far was looked where nothing was found.
    let mut looked = None;
    let mut scanned = 0;
    'pages: loop {
        let page = cx.logs.read(group, &query).map_err(refused)?;
        for entry in page.entries {
            if !room.take(&entry) {
                break 'pages;
            }
            looked = Some(entry.position);
            found.push(entry);
        }
        let Some(next) = page.next else { break };
        looked = Some(if newest_first { next } else { before(next) });
        *(if newest_first { &mut query.until } else { &mut query.from }) = next;
        scanned += LOG_CHUNK_MAX;
        if scanned >= LOG_SCANNED_MAX || !room.is_left() {
            break;
        }
    }
    if newest_first {
        found.reverse();
    }
    let tokens = tokens(token, (from, until), newest_first, &found, looked);
    let events: Vec<_> = found.iter().map(view).collect();
    Ok(json!({
        "events": events,
        "nextForwardToken": tokens.0.write(),
        "nextBackwardToken": tokens.1.write(),
    }))
}

/// Where the next pages go on, forwards and backwards. In the direction in which there was nothing more it is where this one
/// began, so that a client sees the same token again and stops.
fn tokens(
    token: Option<Token>,
    (from, until): (LogPosition, LogPosition),
    newest_first: bool,
    found: &[LogEntry],
    looked: Option<LogPosition>,
) -> (Token, Token) {
    let (first, last) = match (token, found) {
        (_, [first, .., last]) => (first.position, last.position),
        (_, [one]) => (one.position, one.position),
        (Some(Token::Forward(at) | Token::Backward(at)), []) => (at, at),
        (None, []) if newest_first && until.unix_ms < u64::MAX => (until, before(until)),
        (None, []) => (from, before(from)),
    };
    let (first, last) = match (looked, newest_first) {
        (Some(at), true) => (first.min(at), last),
        (Some(at), false) => (first, last.max(at)),
        (None, _) => (first, last),
    };
    (Token::Forward(last), Token::Backward(first))
}

fn view(entry: &LogEntry) -> Value {
    json!({
        "timestamp": entry.unix_ms,
        "message": &*entry.text,
        "ingestionTime": entry.ingestion_ms,
    })
}
