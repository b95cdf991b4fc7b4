//! The writer thread: batches into sinks, buffers back to their shards.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use tracing::warn;

use super::sink::{Failure, Sink};
use super::{Batch, Flags, Message, SinkMetrics};
use crate::limits::SINK_WARNING_SECONDS;

pub(super) struct Writer {
    queue: Receiver<Message>,
    flags: Arc<Flags>,
    sinks: Vec<(Sink, Warnings)>,
    metrics: Arc<[SinkMetrics]>,
}

impl Writer {
    pub(super) fn new(
        queue: Receiver<Message>,
        flags: Arc<Flags>,
        sinks: Vec<Sink>,
        metrics: Arc<[SinkMetrics]>,
    ) -> Self {
        let sinks = sinks.into_iter().map(|sink| (sink, Warnings::default()));
        Self { queue, flags, sinks: sinks.collect(), metrics }
    }

    /// Writes until told to stop and the queue is empty, or until no one can send any more.
    pub(super) fn run(mut self) {
        let mut is_stopping = false;
        loop {
            let message =
                if is_stopping { self.queue.try_recv().ok() } else { self.queue.recv().ok() };
            if self.flags.reopen.swap(false, Ordering::AcqRel) {
                self.reopen();
            }
            is_stopping |= self.flags.stop.load(Ordering::Acquire);
            match message {
                Some(Message::Batch(batch)) => self.write(batch),
                Some(Message::Wake) => {}
                None => return,
            }
        }
    }

    fn write(&mut self, batch: Batch) {
        let Batch { destination, mut bytes, lines, stream, home } = batch;
        let (sink, warnings) = &mut self.sinks[destination];
        let metrics = &self.metrics[destination];
        let failure = sink.write(&bytes, &stream).err();
        let lost = failure.as_ref().map_or(0, |failure| failure.lines_lost);
        metrics.written.add(lines.saturating_sub(lost));
        metrics.failed.add(lost);
        if let Some(failure) = failure {
            warnings.failed(&metrics.name, &failure);
        }
        bytes.clear();
        // A shard that has ended needs no buffer back.
        let _ = home.try_send(bytes);
    }

    fn reopen(&mut self) {
        for ((sink, _), metrics) in self.sinks.iter_mut().zip(self.metrics.iter()) {
            if let Err(error) = sink.reopen() {
                warn!(sink = %metrics.name, %error, "Access log not reopened, the old file stays");
            }
        }
    }
}

/// Says that lines are lost, at most once a minute, with all that were lost since.
#[derive(Default)]
struct Warnings {
    lines_lost: u64,
    last: Option<Instant>,
}

impl Warnings {
    fn failed(&mut self, sink: &str, failure: &Failure) {
        self.lines_lost += failure.lines_lost;
        let pause = Duration::from_secs(SINK_WARNING_SECONDS);
        if self.last.is_none_or(|last| last.elapsed() >= pause) {
            let lines = std::mem::take(&mut self.lines_lost);
            warn!(sink, lines, error = %failure.error, "Access log lines lost");
            self.last = Some(Instant::now());
        }
    }
}
