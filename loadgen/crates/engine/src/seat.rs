//! One connection's life in a run: take what is due, send it, count what comes back.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use gateway_rt::Moment;

use crate::framing::{Count, Sink};
use crate::limits::{CONNECT_PAUSE_MS, SEND_ALONE_BYTES};
use crate::marks::Look;
use crate::shard::{Due, Shard, Waiting};
use crate::wire::{Socket, Wire};
use crate::{Failure, Sample};

/// A place for one connection.
pub(crate) struct Seat {
    shard: Rc<Shard>,
    wire: Wire,
    waiting: Rc<Waiting>,
    connection: u16,
    is_open: bool,
    /// The batch under way, one for each request in flight; kept for its memory.
    batch: Vec<Sample>,
    parts: Vec<Arc<[u8]>>,
}

impl Seat {
    pub(crate) fn new(shard: Rc<Shard>, connection: u16) -> Self {
        let plan = shard.plan();
        let wire = Wire::new(plan.target.clone(), plan.timeout, connection.into());
        let batch = Vec::with_capacity(plan.pipeline);
        let parts = Vec::with_capacity(plan.pipeline);
        let waiting = Rc::default();
        Self { wire, batch, parts, waiting, connection, is_open: false, shard }
    }

    pub(crate) fn socket(&self) -> Socket {
        self.wire.socket()
    }

    /// Connects before time zero. Should that fail, the first request tries again.
    pub(crate) async fn prepare(&mut self) {
        let _ = self.wire.open(Moment::now()).await;
        self.note_open();
    }

    /// Sends until the run is over.
    pub(crate) async fn work(&mut self) {
        let mut look = (!self.shard.marks.is_empty()).then(|| Look::new(self.shard.marks.clone()));
        let mut now = Moment::now();
        while let Some(due) = self.shard.clone().next(&self.waiting, now).await {
            now = match &mut look {
                None => self.exchange(due, &mut Count, |_| None).await,
                Some(look) => self.exchange(due, look, Look::take).await,
            };
        }
        self.wire.close();
        self.note_open();
    }

    /// Sends `due` and receives the answers. When it ended.
    async fn exchange<S: Sink>(
        &mut self,
        due: Due,
        sink: &mut S,
        mark: impl Fn(&mut S) -> Option<u8>,
    ) -> Moment {
        self.fill(due);
        let mut now = due.now;
        if let Err(failure) = self.wire.open(now).await {
            now = Moment::now();
            self.fail(0, failure, now);
            self.note_open();
            gateway_rt::sleep(Duration::from_millis(CONNECT_PAUSE_MS)).await;
            return Moment::now();
        }
        if !self.is_open {
            now = Moment::now();
        }
        self.note_open();
        let sent_us = self.shard.since_zero(now);
        for sample in &mut self.batch {
            sample.sent_us = sent_us;
        }
        self.shard.ledger.borrow_mut().sent(sent_us, self.batch.len() as u64);
        self.wire.arm(now);
        let is_small = self.parts.iter().map(|part| part.len()).sum::<usize>() <= SEND_ALONE_BYTES;
        let ended = if is_small {
            match self.wire.send(&self.parts).await {
                Ok(()) => self.receive(sink, &mark).await,
                Err(failure) => {
                    let now = Moment::now();
                    self.fail(0, failure, now);
                    now
                }
            }
        } else {
            let parts = std::mem::take(&mut self.parts);
            let socket = self.wire.socket();
            let receiving = self.receive(sink, &mark);
            let (ended, is_sent) = Wire::send_beside(socket, &parts, receiving).await;
            self.parts = parts;
            if !is_sent {
                self.wire.close();
            }
            ended
        };
        if !self.shard.plan().keep_alive || self.wire.has_surplus() {
            self.wire.close();
        }
        self.note_open();
        ended
    }

    /// Makes the batch of `due`.
    fn fill(&mut self, due: Due) {
        self.batch.clear();
        self.parts.clear();
        let now_us = self.shard.since_zero(due.now);
        for index in (0..due.count).map(|place| due.first + place * self.shard.stride()) {
            let request = self.shard.run.turns.at(index);
            self.parts.push(self.shard.plan().requests[usize::from(request)].bytes.clone());
            self.batch.push(Sample {
                request,
                connection: self.connection,
                intended_us: self.shard.due_us(index).unwrap_or(now_us),
                ..Sample::default()
            });
        }
    }

    /// Receives the batch's answers; when the last one ended.
    async fn receive<S: Sink>(
        &mut self,
        sink: &mut S,
        mark: &impl Fn(&mut S) -> Option<u8>,
    ) -> Moment {
        let mut now = Moment::default();
        let mut bytes = 0;
        for place in 0..self.batch.len() {
            let sample = self.batch[place];
            let is_head = self.shard.plan().requests[usize::from(sample.request)].is_head;
            match self.wire.receive(is_head, sink, &mut bytes).await {
                Ok(ended) => {
                    now = ended.at;
                    let (status, mark) = (ended.status, mark(sink));
                    let received_us = self.shard.since_zero(now);
                    let sample = Sample { received_us, status, mark, ..sample };
                    self.shard.ledger.borrow_mut().answered(sample);
                }
                Err(failure) => {
                    mark(sink);
                    now = Moment::now();
                    self.fail(place, failure, now);
                    break;
                }
            }
        }
        self.shard.ledger.borrow_mut().received_bytes += bytes;
        now
    }

    /// Counts the batch from `place` on as failed.
    fn fail(&mut self, place: usize, failure: Failure, now: Moment) {
        if self.shard.is_cut() {
            return;
        }
        let received_us = self.shard.since_zero(now);
        let mut ledger = self.shard.ledger.borrow_mut();
        for sample in &self.batch[place..] {
            ledger.failed(failure, Sample { received_us, ..*sample });
        }
    }

    fn note_open(&mut self) {
        let is_open = self.wire.is_open();
        if is_open != self.is_open {
            self.is_open = is_open;
            self.shard.ledger.borrow().open(is_open);
        }
    }
}
