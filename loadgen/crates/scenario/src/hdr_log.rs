//! The log of histograms: HdrHistogram's interval log, format 1.3, for the tools that read it.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, UNIX_EPOCH};

use hdrhistogram::Histogram;
use hdrhistogram::serialization::V2DeflateSerializer;
use hdrhistogram::serialization::interval_log::{IntervalLogWriterBuilder, IntervalLogWriterError};

use crate::limits::LOG_WAITING_MAX;

/// What readers tell the format by.
const FORMAT: &str = "[Histogram log format version 1.3]";

/// Values of the log are in microseconds, and its column of maxima in milliseconds, as is usual.
const MAX_DIVISOR: f64 = 1_000.0;

/// A log that is being written, on a thread of its own.
pub struct HdrLog {
    intervals: SyncSender<Interval>,
    thread: JoinHandle<io::Result<()>>,
}

struct Interval {
    start: Duration,
    lasts: Duration,
    latency_us: Histogram<u64>,
}

impl HdrLog {
    /// Begins a log at `path`; intervals count from `started_unix_us`, microseconds since 1970-01-01 UTC.
    ///
    /// # Errors
    /// What the file system says.
    pub fn create(path: &Path, started_unix_us: u64, what: &str) -> io::Result<Self> {
        let file = File::create(path)?;
        let (intervals, waiting) = sync_channel(LOG_WAITING_MAX);
        let comment =
            format!("loadgen: {}, latencies in microseconds", what.replace(['\n', '\r'], " "));
        let started = UNIX_EPOCH + Duration::from_micros(started_unix_us);
        let thread = std::thread::Builder::new()
            .name("hdr-log".into())
            .spawn(move || write(file, &comment, started, &waiting))?;
        Ok(Self { intervals, thread })
    }

    /// Adds an interval that starts `start` after time zero.
    pub fn write(&self, start: Duration, lasts: Duration, latency_us: &Histogram<u64>) {
        let interval = Interval { start, lasts, latency_us: latency_us.clone() };
        // A log that broke off has told its error to its thread's end; see `close`.
        let _ = self.intervals.send(interval);
    }

    /// Ends it.
    ///
    /// # Errors
    /// What went wrong with any interval.
    pub fn close(self) -> io::Result<()> {
        drop(self.intervals);
        self.thread.join().unwrap_or_else(|_| Err(io::Error::other("the log's thread panicked")))
    }
}

fn write(
    file: File,
    comment: &str,
    started: std::time::SystemTime,
    waiting: &Receiver<Interval>,
) -> io::Result<()> {
    let mut file = BufWriter::new(file);
    let mut serializer = V2DeflateSerializer::new();
    {
        let mut builder = IntervalLogWriterBuilder::new();
        builder
            .add_comment(FORMAT)
            .add_comment(comment)
            .with_start_time(started)
            .with_base_time(started)
            .with_max_value_divisor(MAX_DIVISOR);
        let mut log = builder.begin_log_with(&mut file, &mut serializer)?;
        for Interval { start, lasts, latency_us } in waiting {
            log.write_histogram(&latency_us, start, lasts, None).map_err(|error| match error {
                IntervalLogWriterError::IoError(error) => error,
                IntervalLogWriterError::SerializeError(error) => {
                    io::Error::other(error.to_string())
                }
            })?;
        }
    }
    file.flush()
}
