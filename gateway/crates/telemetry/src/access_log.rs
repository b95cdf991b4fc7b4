//! Access-log lines on their way from shards to sinks.
//!
//! A shard renders lines into a buffer of its own and hands whole buffers to one writer thread over a
//! bounded queue; the writer sends emptied buffers back. Invariants:
//! - a shard never waits: a full queue drops the batch and counts its lines;
//! - memory is bounded: a shard has one buffer per destination, and at most [`SHARD_BATCHES_MAX`] on
//!   their way, all made when the shard starts;
//! - in steady state nothing allocates on a shard, and it makes at most one system call per 64 KiB or
//!   tick (the wake-up of the writer);
//! - a failing sink costs its lines, which are counted, and nothing else.
//!
//! Lines that go to a log group take the same way: one destination, [`SinkConfig::Groups`], gets records, each with its group
//! and its time (see [`records`]).

pub mod records;
mod shard_log;
mod sink;
mod writer;

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

pub use records::{Groups, Record};
pub use shard_log::ShardLog;

use crate::cell::Counter;
use crate::limits::QUEUE_BATCHES_MAX;
#[cfg(doc)]
use crate::limits::SHARD_BATCHES_MAX;
use crate::shard::ShardMetrics;
use sink::Sink;
use writer::Writer;

/// Where journald listens for its native protocol.
pub const JOURNAL_SOCKET: &str = "/run/systemd/journal/socket";

/// Where lines of one destination go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SinkConfig {
    /// Appended to a file, which is made, with its directories, when it is not there.
    File(PathBuf),
    /// Written to the standard output.
    Stdout,
    /// Sent to journald, an entry per line; the path is its socket, usually [`JOURNAL_SOCKET`].
    Journal(PathBuf),
    /// Counted and forgotten.
    Null,
    /// Records for log groups ([`ShardLog::record`]); there is one such destination at most.
    Groups(Groups),
}

impl fmt::Display for SinkConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "file:{}", path.display()),
            Self::Stdout => f.write_str("stdout"),
            Self::Journal(_) => f.write_str("journal"),
            Self::Null => f.write_str("null"),
            Self::Groups(_) => f.write_str("log-groups"),
        }
    }
}

/// A sink that could not be opened at start.
#[derive(Debug)]
pub struct SinkError {
    sink: String,
    source: io::Error,
}

impl fmt::Display for SinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "cannot open the access log {}, make its directory writable for the gateway's user or \
             choose another destination",
            self.sink
        )
    }
}

impl std::error::Error for SinkError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}

/// The writer was still busy when the time for stopping it was over; lines may be lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unfinished;

impl fmt::Display for Unfinished {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the access log could not be written out in time")
    }
}

impl std::error::Error for Unfinished {}

/// The counts of one sink. Only the writer thread writes them.
#[derive(Debug)]
pub struct SinkMetrics {
    /// The sink's name, for the label `sink`.
    pub name: String,
    /// Lines that the sink took.
    pub written: Counter,
    /// Lines that the sink failed to take.
    pub failed: Counter,
}

/// The writer thread and the way to it.
#[derive(Debug)]
pub struct AccessLog {
    queue: SyncSender<Message>,
    flags: Arc<Flags>,
    sinks: Arc<[SinkMetrics]>,
    /// Which destination takes records.
    groups: Option<usize>,
    done: Mutex<Receiver<()>>,
}

#[derive(Debug)]
enum Message {
    Batch(Batch),
    /// Look at the flags.
    Wake,
}

/// Whole lines for one destination, and the way home for their buffer.
#[derive(Debug)]
struct Batch {
    destination: usize,
    bytes: Vec<u8>,
    lines: u64,
    /// The log stream of the shard, for records.
    stream: Arc<str>,
    home: SyncSender<Vec<u8>>,
}

/// Wishes to the writer, which it looks at after every message.
#[derive(Debug, Default)]
struct Flags {
    reopen: AtomicBool,
    stop: AtomicBool,
}

/// The control thread reopens what the main thread made; a shard takes its end along.
const _: () = {
    const fn is_sync<T: Send + Sync>() {}
    const fn is_send<T: Send>() {}
    is_sync::<AccessLog>();
    is_send::<ShardLog>();
};

impl AccessLog {
    /// Opens the sinks and starts the writer thread. A destination is an index into `sinks`.
    ///
    /// # Errors
    /// [`SinkError`], when a file cannot be opened, a socket made, or the thread started. That
    /// journald is away is no error: it may come back.
    pub fn new(sinks: Vec<SinkConfig>) -> Result<Self, SinkError> {
        let fail = |sink: String| move |source| SinkError { sink, source };
        let opened = sinks.iter().map(|config| {
            let sink = Sink::open(config);
            sink.map_err(fail(config.to_string()))
        });
        let opened = opened.collect::<Result<Vec<_>, _>>()?;
        let groups = sinks.iter().position(|config| matches!(config, SinkConfig::Groups(_)));
        let metrics = sinks.iter().map(|config| SinkMetrics {
            name: config.to_string(),
            written: Counter::default(),
            failed: Counter::default(),
        });
        let metrics: Arc<[SinkMetrics]> = metrics.collect();

        let (queue, batches) = mpsc::sync_channel(QUEUE_BATCHES_MAX);
        let (done_sender, done) = mpsc::sync_channel(1);
        let flags = Arc::new(Flags::default());
        let writer = Writer::new(batches, Arc::clone(&flags), opened, Arc::clone(&metrics));
        std::thread::Builder::new()
            .name("access-log".into())
            .spawn(move || {
                writer.run();
                // The other side may have stopped waiting, which is fine.
                let _ = done_sender.try_send(());
            })
            .map_err(fail("writer thread".into()))?;
        Ok(Self { queue, flags, sinks: metrics, groups, done: Mutex::new(done) })
    }

    /// The end of one shard, which counts in that shard's `metrics`.
    pub fn shard(&self, metrics: Arc<ShardMetrics>) -> ShardLog {
        ShardLog::new(self.sinks.len(), self.groups, self.queue.clone(), metrics)
    }

    /// The counts of the sinks, for the [`crate::Registry`].
    pub fn sinks(&self) -> Arc<[SinkMetrics]> {
        Arc::clone(&self.sinks)
    }

    /// Asks the writer to open its files again by name, as after a rotation. Does not wait.
    ///
    /// A file that cannot be opened again stays as it is, with a warning.
    pub fn reopen(&self) {
        self.flags.reopen.store(true, Ordering::Release);
        // A full queue wakes the writer as well.
        let _ = self.queue.try_send(Message::Wake);
    }

    /// Writes out what was handed over before, then ends the writer.
    ///
    /// Drop every [`ShardLog`] first, which hands over its last lines; what comes later is dropped
    /// and counted.
    ///
    /// # Errors
    /// [`Unfinished`], when a sink blocks for longer than `timeout`.
    pub fn shutdown(self, timeout: Duration) -> Result<(), Unfinished> {
        self.flags.stop.store(true, Ordering::Release);
        let _ = self.queue.try_send(Message::Wake);
        let done = self.done.into_inner();
        let done = done.unwrap_or_else(PoisonError::into_inner);
        match done.recv_timeout(timeout) {
            Ok(()) => Ok(()),
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => Err(Unfinished),
        }
    }
}

#[cfg(test)]
mod tests;
