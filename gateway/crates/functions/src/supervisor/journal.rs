//! The log of one environment: what the function says, and the platform's lines between.

use std::cell::Cell;
use std::fmt::Write;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use gateway_compile::FunctionPlan;
use gateway_telemetry::clock::rfc3339;

use super::{LogLine, LogSink, PlatformEvent};
use crate::limits::{SINK_PAUSE, SINK_SLOW};

/// One environment's log stream.
pub(super) struct Journal {
    pub(super) group: String,
    pub(super) stream: String,
    version: Box<str>,
    memory_mb: u32,
    sink: Arc<dyn LogSink>,
    /// The most memory that was seen in use.
    pub(super) memory_bytes_max: Cell<u64>,
    /// Until when lines are dropped, since the log is slow.
    paused_until: Cell<Option<Instant>>,
    dropped: Cell<u64>,
}

impl Journal {
    pub(super) fn new(plan: &FunctionPlan, sink: Arc<dyn LogSink>) -> Self {
        let date = timestamp(unix_ms())[..10].replace('-', "/");
        // No secret: only nobody's else.
        let random = [RandomState::new().hash_one(1), RandomState::new().hash_one(2)];
        Self {
            group: format!("/aws/lambda/{}", plan.name),
            stream: format!("{date}/[{}]{:016x}{:016x}", plan.version, random[0], random[1]),
            version: plan.version.clone(),
            memory_mb: plan.memory_mb,
            sink,
            memory_bytes_max: Cell::new(0),
            paused_until: Cell::new(None),
            dropped: Cell::new(0),
        }
    }

    /// Writes what happened, as Lambda does.
    pub(super) fn platform(&self, event: &PlatformEvent, unix_ms: u64) {
        let write = |text: &str| self.line_at(unix_ms, text.as_bytes());
        match event {
            PlatformEvent::Start { request_id } => {
                let (id, version) = (id(request_id), &self.version);
                write(&format!("START RequestId: {id} Version: {version}"));
            }
            PlatformEvent::End { request_id, duration, init, error } => {
                let id = id(request_id);
                let status = error.as_ref().map(|error| self.failure(unix_ms, id, error));
                write(&format!("END RequestId: {id}"));
                let mut report = format!(
                    "REPORT RequestId: {id}\tDuration: {:.2} ms\tBilled Duration: {} ms\tMemory Size: {} MB\tMax Memory Used: {} MB\t",
                    duration.as_secs_f64() * 1e3,
                    duration.as_nanos().div_ceil(1_000_000),
                    self.memory_mb,
                    self.memory_bytes_max.get().div_ceil(1024 * 1024),
                );
                if let Some(init) = init {
                    let _ = write!(report, "Init Duration: {:.2} ms\t", init.as_secs_f64() * 1e3);
                }
                report.push_str(status.unwrap_or(""));
                write(&report);
            }
        }
    }

    /// What went wrong, and what the report says of it.
    fn failure(&self, unix_ms: u64, id: &str, error: &str) -> &'static str {
        if error.starts_with("Task timed out") {
            let line = format!("{} {id} {error}", timestamp(unix_ms));
            self.line_at(unix_ms, line.as_bytes());
            return "Status: timeout";
        }
        self.line_at(unix_ms, format!("RequestId: {id} Error: {error}").as_bytes());
        "Status: error\tError Type: Runtime.ExitError"
    }

    /// Writes a line of the platform's.
    pub(super) fn line(&self, text: &[u8]) {
        self.line_at(unix_ms(), text);
    }

    fn line_at(&self, unix_ms: u64, text: &[u8]) {
        self.sink.line(LogLine { group: &self.group, stream: &self.stream, unix_ms, text });
    }

    /// Takes lines of the function's, all at once from `write`. They are dropped, and counted, for a while after the log
    /// took too long for some.
    pub(super) fn output(&self, write: impl FnOnce(&mut dyn FnMut(&[u8]))) {
        let since = Instant::now();
        if self.paused_until.get().is_some_and(|until| since < until) {
            return write(&mut |_| self.dropped.set(self.dropped.get() + 1));
        }
        self.end_pause();
        write(&mut |line| self.line(line));
        let now = Instant::now();
        if now - since > SINK_SLOW {
            self.paused_until.set(Some(now + SINK_PAUSE));
        }
    }

    /// Says how many lines were dropped, where some were.
    pub(super) fn end_pause(&self) {
        self.paused_until.set(None);
        let dropped = self.dropped.take();
        if dropped > 0 {
            self.line(format!("[{dropped} lines dropped: the log did not keep up]").as_bytes());
        }
    }

    pub(super) fn used(&self, memory_bytes: u64) {
        self.memory_bytes_max.set(self.memory_bytes_max.get().max(memory_bytes));
    }
}

fn id(request_id: &[u8; 36]) -> &str {
    str::from_utf8(request_id).unwrap_or("")
}

fn unix_ms() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// `2026-11-22T19:55:00.123Z`
fn timestamp(unix_ms: u64) -> String {
    String::from_utf8_lossy(&rfc3339(unix_ms)).into_owned()
}

#[cfg(test)]
mod tests;
