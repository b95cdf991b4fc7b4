//! The shard's end: lines into buffers, buffers into the queue.
//!
//! A buffer that finds no room in the queue keeps its lines until it is full; then they are dropped.

use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, SyncSender, TrySendError};

use super::{Batch, Message, records};
use crate::limits::{
    BATCH_BYTES_CAPACITY, BATCH_BYTES_KEPT_MAX, FLUSH_BYTES, LINE_BYTES_MAX, SHARD_BATCHES_MAX,
};
use crate::shard::ShardMetrics;

/// Collects the lines of one shard. Belongs to that shard; dropping it hands over the last lines.
#[derive(Debug)]
pub struct ShardLog {
    destinations: Box<[Pending]>,
    /// The destination of records.
    groups: Option<usize>,
    stream: Arc<str>,
    queue: SyncSender<Message>,
    home: SyncSender<Vec<u8>>,
    returned: Receiver<Vec<u8>>,
    spare: Vec<Vec<u8>>,
    away_count: usize,
    away_count_max: usize,
    first: usize,
    metrics: Arc<ShardMetrics>,
}

/// Lines of one destination that wait for company.
#[derive(Debug, Default)]
struct Pending {
    bytes: Vec<u8>,
    lines: u64,
}

impl ShardLog {
    pub(super) fn new(
        destination_count: usize,
        groups: Option<usize>,
        queue: SyncSender<Message>,
        metrics: Arc<ShardMetrics>,
    ) -> Self {
        let (home, returned) = mpsc::sync_channel(SHARD_BATCHES_MAX);
        // All that can be in use at once, so that no request ever allocates one. The kernel backs a
        // buffer with memory when it is first written, and the one used last is used next.
        let spare_count = match destination_count {
            0 => 0,
            _ => destination_count + SHARD_BATCHES_MAX,
        };
        let spare = (0..spare_count).map(|_| Vec::with_capacity(BATCH_BYTES_CAPACITY));
        Self {
            groups,
            stream: "".into(),
            destinations: (0..destination_count).map(|_| Pending::default()).collect(),
            queue,
            home,
            returned,
            spare: spare.collect(),
            away_count: 0,
            away_count_max: SHARD_BATCHES_MAX,
            first: 0,
            metrics,
        }
    }

    /// The log stream of records; shards have one each.
    #[must_use]
    pub fn with_stream(mut self, stream: &str) -> Self {
        self.stream = stream.into();
        self
    }

    /// Adds one line, which `render` appends to the buffer it is given, newline included.
    ///
    /// A line of more than [`LINE_BYTES_MAX`] is cut. A `destination` that does not exist counts as a
    /// dropped line.
    pub fn line(&mut self, destination: usize, render: impl FnOnce(&mut Vec<u8>)) {
        self.metrics.access_log_lines.increment();
        let Some(pending) = self.destinations.get_mut(destination) else {
            debug_assert!(false, "destinations are chosen when a stage is compiled");
            self.metrics.access_log_dropped.increment();
            return;
        };
        if pending.bytes.capacity() == 0 {
            // There is none only after a buffer grew too big to keep.
            let spare = self.spare.pop();
            pending.bytes = spare.unwrap_or_else(|| Vec::with_capacity(BATCH_BYTES_CAPACITY));
        }
        let start = pending.bytes.len();
        render(&mut pending.bytes);
        if pending.bytes.len() - start > LINE_BYTES_MAX {
            pending.bytes.truncate(start + LINE_BYTES_MAX - 1);
            pending.bytes.push(b'\n');
        }
        debug_assert!(pending.bytes.ends_with(b"\n"), "a line ends");
        pending.lines += 1;
        if pending.bytes.len() >= FLUSH_BYTES {
            self.collect_returned();
            self.hand_over(destination);
        }
    }

    /// Adds a record for a log group: what `render` appends, without a newline at its end. Where no destination takes records
    /// it is forgotten.
    ///
    /// A text of more than [`LINE_BYTES_MAX`] is cut.
    pub fn record(&mut self, group: &str, unix_ms: u64, render: impl FnOnce(&mut Vec<u8>)) {
        let Some(destination) = self.groups else { return };
        let pending = &mut self.destinations[destination];
        if pending.bytes.capacity() == 0 {
            let spare = self.spare.pop();
            pending.bytes = spare.unwrap_or_else(|| Vec::with_capacity(BATCH_BYTES_CAPACITY));
        }
        records::write(&mut pending.bytes, group, unix_ms, render);
        pending.lines += 1;
        if pending.bytes.len() >= FLUSH_BYTES {
            self.collect_returned();
            self.hand_over(destination);
        }
    }

    /// Hands over whatever waits. Called on the shard's tick, so that quiet stages log in time.
    ///
    /// What finds no room waits for the next tick; each tick begins with another destination, so
    /// that none is always last.
    pub fn tick(&mut self) {
        self.collect_returned();
        let count = self.destinations.len();
        self.first = (self.first + 1) % count.max(1);
        for offset in 0..count {
            self.hand_over((self.first + offset) % count);
        }
    }

    fn hand_over(&mut self, destination: usize) {
        let pending = &mut self.destinations[destination];
        if pending.lines == 0 {
            return;
        }
        if self.away_count < self.away_count_max {
            let batch = Batch {
                destination,
                bytes: std::mem::take(&mut pending.bytes),
                lines: pending.lines,
                stream: Arc::clone(&self.stream),
                home: self.home.clone(),
            };
            match self.queue.try_send(Message::Batch(batch)) {
                Ok(()) => {
                    pending.lines = 0;
                    self.away_count += 1;
                    return;
                }
                Err(TrySendError::Full(message) | TrySendError::Disconnected(message)) => {
                    if let Message::Batch(batch) = message {
                        pending.bytes = batch.bytes;
                    }
                }
            }
        }
        if pending.bytes.len() >= FLUSH_BYTES {
            self.drop_lines(destination);
        }
    }

    fn drop_lines(&mut self, destination: usize) {
        let pending = &mut self.destinations[destination];
        pending.bytes.clear();
        let lines = std::mem::take(&mut pending.lines);
        self.metrics.access_log_dropped.add(lines);
    }

    fn collect_returned(&mut self) {
        while let Ok(bytes) = self.returned.try_recv() {
            self.away_count -= 1;
            if bytes.capacity() <= BATCH_BYTES_KEPT_MAX && self.spare.len() < self.spare.capacity()
            {
                self.spare.push(bytes);
            }
        }
    }
}

impl Drop for ShardLog {
    fn drop(&mut self) {
        self.away_count_max = usize::MAX;
        self.tick();
        (0..self.destinations.len()).for_each(|destination| self.drop_lines(destination));
    }
}
