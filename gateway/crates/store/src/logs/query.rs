//! Events that are asked for.

use std::ops::Bound;

use super::{LogEntry, LogError, LogPosition};
use crate::logs::group::Group;

/// Milliseconds of a day.
const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// Which streams' events are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogStreams<'q> {
    /// All.
    All,
    /// One, which has to be there.
    One(&'q str),
    /// These.
    Named(&'q [&'q str]),
    /// Those whose names begin so.
    Prefix(&'q str),
}

impl LogStreams<'_> {
    fn has(&self, stream: &str) -> bool {
        match self {
            Self::All => true,
            Self::One(name) => *name == stream,
            Self::Named(names) => names.contains(&stream),
            Self::Prefix(prefix) => stream.starts_with(prefix),
        }
    }
}

/// Which events are wanted, and how many at once.
#[derive(Clone, Debug)]
pub struct LogQuery<'q> {
    /// Of these streams.
    pub streams: LogStreams<'q>,
    /// From this position on.
    pub from: LogPosition,
    /// Before this position.
    pub until: LogPosition,
    /// From the end backwards, otherwise from the start on.
    pub newest_first: bool,
    /// At most so many.
    pub count_max: usize,
    /// Looking at no more events than these.
    pub scan_max: usize,
    /// Now: what is older than the group keeps is not shown.
    pub now_ms: u64,
}

/// Events, in the order in which they were looked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogPage {
    /// The events.
    pub entries: Vec<LogEntry>,
    /// How far was looked: the next page's `from`, or its `until` when it is the newest first. `None` when all was looked at.
    pub next: Option<LogPosition>,
}

/// The oldest time that a group with this retention shows.
pub(super) fn oldest_ms(retention_days: Option<u32>, now_ms: u64) -> u64 {
    retention_days.map_or(0, |days| now_ms.saturating_sub(u64::from(days) * DAY_MS))
}

impl Group {
    pub(super) fn read(&self, query: &LogQuery<'_>) -> Result<LogPage, LogError> {
        if let LogStreams::One(name) = query.streams
            && !self.has_stream(name)
        {
            return Err(LogError::NoStream);
        }
        let oldest_ms = oldest_ms(self.metadata.retention_days, query.now_ms);
        let from = query.from.max(LogPosition { unix_ms: oldest_ms, sequence: 0 });
        let mut page = LogPage::default();
        if from >= query.until {
            return Ok(page);
        }
        let mut range = self.entries.range((Bound::Included(from), Bound::Excluded(query.until)));
        for _ in 0..query.scan_max {
            let next = if query.newest_first { range.next_back() } else { range.next() };
            let Some((position, kept)) = next else {
                page.next = None;
                return Ok(page);
            };
            page.next = Some(match query.newest_first {
                true => *position,
                false => LogPosition { sequence: position.sequence + 1, ..*position },
            });
            if query.streams.has(&kept.stream) {
                page.entries.push(kept.entry(*position));
                if page.entries.len() >= query.count_max {
                    break;
                }
            }
        }
        let is_end =
            if query.newest_first { range.next_back().is_none() } else { range.next().is_none() };
        if is_end {
            page.next = None;
        }
        Ok(page)
    }
}
