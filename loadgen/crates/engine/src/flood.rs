//! The closed model on connections in the clear, one request each: a loop over a ring of the thread's own.
//!
//! There is nothing to schedule, so there are no tasks: an answer's last byte sends the next request. It counts and
//! fails like the seats of [`crate::shard`], which run every other plan, and this one where the kernel has no such ring.

use std::time::Duration;

use gateway_rt::Moment;
use gateway_rt::ring::{Event, Ring};

use crate::framing::{Count, Framing};
use crate::ledger::Ledger;
use crate::limits::{CONNECT_PAUSE_MS, SEND_ALONE_BYTES, WATCH_MS};
use crate::shard::Run;
use crate::{Arrivals, Failure, Plan, Sample};

/// Whether `plan` can be run this way.
pub(crate) fn fits(plan: &Plan) -> bool {
    plan.arrivals == Arrivals::Closed
        && plan.target.tls.is_none()
        && plan.keep_alive
        && plan.pipeline == 1
        && plan.marks.is_empty()
        && plan.requests.iter().all(|request| request.bytes.len() <= SEND_ALONE_BYTES)
}

/// Runs thread `index` of `run`; `Err` gives the ledger back when there is no such ring.
pub(crate) fn work(run: &Run, index: usize, ledger: Ledger) -> Result<Ledger, Box<Ledger>> {
    let cpu = gateway_rt::clock::thread_cpu_us();
    let connections: Vec<usize> = (index..run.plan.connections).step_by(run.plan.threads).collect();
    let Ok(ring) = Ring::new(connections.len(), Duration::from_millis(WATCH_MS)) else {
        return Err(Box::new(ledger));
    };
    let seats = connections.into_iter().map(|connection| Seat::new(connection as u16)).collect();
    let mut flood = Flood {
        run,
        ledger,
        seats,
        now: Moment::now(),
        zero: Moment::NEVER,
        next: index as u64,
        asking: 0,
        is_over: false,
    };
    flood.go(ring);
    flood.leave();
    let spent = gateway_rt::clock::thread_cpu_us();
    flood.ledger.cpu_us = (spent.0 - cpu.0, spent.1 - cpu.1);
    Ok(flood.ledger)
}

/// One thread's part of a run.
struct Flood<'a> {
    run: &'a Run,
    ledger: Ledger,
    seats: Vec<Seat>,
    /// When the ring last turned.
    now: Moment,
    zero: Moment,
    /// This thread's next request, counted over all threads.
    next: u64,
    /// Seats with a request under way.
    asking: usize,
    /// Nothing more is sent.
    is_over: bool,
}

/// A place for one connection: a slot of the ring.
struct Seat {
    line: Line,
    /// Whether a request is under way: `sample`, until `deadline`.
    is_asking: bool,
    sample: Sample,
    deadline: Moment,
    framing: Framing,
    /// Received and not yet consumed.
    rest: Vec<u8>,
}

/// How a seat's connection is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Line {
    /// There is none.
    Free,
    /// There is none, and none is made before this moment.
    Pausing(Moment),
    Connecting,
    Open,
    /// Its end is waited for; afterwards a pause, or not.
    Closing(Option<Moment>),
}

/// What is to be done with a seat.
enum Step {
    Nothing,
    /// Send the request that waits for the connection.
    Send,
    /// Take the next request.
    Next,
    /// Close, and then take the next request.
    Close,
}

impl Seat {
    fn new(connection: u16) -> Self {
        Self {
            line: Line::Free,
            is_asking: false,
            sample: Sample { connection, ..Sample::default() },
            deadline: Moment::NEVER,
            framing: Framing::new(),
            rest: Vec::new(),
        }
    }
}

impl Flood<'_> {
    fn go(&mut self, mut ring: Ring) {
        for slot in 0..self.seats.len() {
            self.connect(&mut ring, slot);
        }
        while self.seats.iter().any(|seat| seat.line == Line::Connecting) {
            if !self.turn(&mut ring) {
                break;
            }
        }
        let Some(zero) = self.run.wait_for_zero() else { return };
        self.zero = zero;
        self.now = Moment::now();
        for slot in 0..self.seats.len() {
            self.start(&mut ring, slot);
        }
        while self.asking > 0 || !self.is_over {
            if !self.turn(&mut ring) || self.run.is_stopped() {
                return;
            }
        }
    }

    /// Waits for what happens next, and does all of it. `false` when the ring is broken.
    fn turn(&mut self, ring: &mut Ring) -> bool {
        if ring.turn().is_err() {
            self.give_up();
            return false;
        }
        self.now = Moment::now();
        if self.zero != Moment::NEVER && self.now >= self.zero + self.run.lasts() {
            self.is_over = true;
        }
        while let Some((slot, event)) = ring.next() {
            let step = match event {
                Event::Received(bytes) => self.received(slot, bytes),
                Event::Connected => self.connected(slot),
                Event::Ended(_) => self.ended(slot),
                Event::Closed => self.closed(slot),
                Event::Tick => {
                    self.tick(ring);
                    continue;
                }
            };
            match step {
                Step::Nothing => {}
                Step::Send => self.send(ring, slot),
                Step::Next => self.start(ring, slot),
                Step::Close => self.close(ring, slot, None),
            }
        }
        true
    }

    /// Takes the next request for a seat without one, if there is any, and sends it as soon as can be.
    fn start(&mut self, ring: &mut Ring, slot: usize) {
        if self.zero == Moment::NEVER {
            return;
        }
        if self.is_over || self.next >= self.run.plan.count_max {
            self.is_over = true;
            return;
        }
        let line = self.seats[slot].line;
        if !matches!(line, Line::Free | Line::Open) {
            return;
        }
        let request = self.run.turns.at(self.next);
        self.next += self.run.plan.threads as u64;
        let intended_us = self.since_zero(self.now);
        let seat = &mut self.seats[slot];
        seat.is_asking = true;
        let connection = seat.sample.connection;
        seat.sample = Sample { request, connection, intended_us, ..Sample::default() };
        self.asking += 1;
        match line {
            Line::Open => self.send(ring, slot),
            _ => self.connect(ring, slot),
        }
    }

    fn connect(&mut self, ring: &mut Ring, slot: usize) {
        let seat = &mut self.seats[slot];
        seat.deadline = self.now + self.run.plan.timeout;
        seat.line = Line::Connecting;
        if ring.connect(slot, self.run.plan.target.address).is_err() {
            seat.line = Line::Pausing(self.now + PAUSE);
            self.fail(slot, Failure::Connect);
        }
    }

    /// Sends the seat's request on its connection.
    #[inline]
    fn send(&mut self, ring: &mut Ring, slot: usize) {
        let plan = &self.run.plan;
        let seat = &mut self.seats[slot];
        let request = &plan.requests[usize::from(seat.sample.request)];
        let at = Moment::now();
        seat.sample.sent_us = at.micros_since(self.zero);
        seat.deadline = at + plan.timeout;
        seat.framing.begin(request.is_head);
        seat.rest.clear();
        self.ledger.sent(seat.sample.sent_us, 1);
        ring.send(slot, &request.bytes);
    }

    #[inline]
    fn received(&mut self, slot: usize, bytes: &mut [u8]) -> Step {
        let seat = &mut self.seats[slot];
        if !seat.is_asking || seat.line != Line::Open {
            // Nothing was asked for.
            return Step::Close;
        }
        self.ledger.received_bytes += bytes.len() as u64;
        let fed = if seat.rest.is_empty() {
            let fed = seat.framing.feed(bytes, &mut Count);
            if let Ok(fed) = fed {
                seat.rest.extend_from_slice(&bytes[fed.consumed..]);
            }
            fed
        } else {
            seat.rest.extend_from_slice(bytes);
            let fed = seat.framing.feed(&mut seat.rest, &mut Count);
            if let Ok(fed) = fed {
                seat.rest.drain(..fed.consumed);
            }
            fed
        };
        let (is_reusable, is_surplus) = (seat.framing.keep_alive(), !seat.rest.is_empty());
        match fed {
            Ok(fed) if !fed.is_whole => Step::Nothing,
            Ok(_) => {
                self.answered(slot);
                if is_reusable && !is_surplus { Step::Next } else { Step::Close }
            }
            Err(_) => {
                self.fail(slot, Failure::Malformed);
                Step::Close
            }
        }
    }

    fn connected(&mut self, slot: usize) -> Step {
        let seat = &mut self.seats[slot];
        seat.line = Line::Open;
        self.ledger.open(true);
        if seat.is_asking { Step::Send } else { Step::Nothing }
    }

    fn ended(&mut self, slot: usize) -> Step {
        let seat = &mut self.seats[slot];
        if seat.line == Line::Connecting {
            self.fail(slot, Failure::Connect);
            self.seats[slot].line = Line::Closing(Some(self.now + PAUSE));
        } else if seat.is_asking {
            match seat.framing.close(&seat.rest) {
                Ok(true) => self.answered(slot),
                Ok(false) => self.fail(slot, Failure::Closed),
                Err(_) => self.fail(slot, Failure::Malformed),
            }
        }
        Step::Close
    }

    fn closed(&mut self, slot: usize) -> Step {
        let seat = &mut self.seats[slot];
        seat.line = match seat.line {
            Line::Closing(Some(until)) => Line::Pausing(until),
            _ => Line::Free,
        };
        Step::Next
    }

    fn close(&mut self, ring: &mut Ring, slot: usize, pause: Option<Moment>) {
        let seat = &mut self.seats[slot];
        if seat.line == Line::Open {
            self.ledger.open(false);
        }
        if !matches!(seat.line, Line::Closing(_)) {
            seat.line = Line::Closing(pause);
        }
        ring.close(slot);
    }

    /// Looks for what has taken too long, and for pauses that are over.
    fn tick(&mut self, ring: &mut Ring) {
        for slot in 0..self.seats.len() {
            let seat = &mut self.seats[slot];
            match seat.line {
                Line::Connecting if seat.deadline <= self.now => {
                    self.fail(slot, Failure::Connect);
                    self.close(ring, slot, Some(self.now + PAUSE));
                }
                Line::Open if seat.is_asking && seat.deadline <= self.now => {
                    self.fail(slot, Failure::Timeout);
                    self.close(ring, slot, None);
                }
                Line::Pausing(until) if until <= self.now => {
                    seat.line = Line::Free;
                    self.start(ring, slot);
                }
                _ => {}
            }
        }
    }

    #[inline]
    fn answered(&mut self, slot: usize) {
        let received_us = self.since_zero(self.now);
        let seat = &mut self.seats[slot];
        seat.is_asking = false;
        self.asking -= 1;
        let status = seat.framing.status();
        // What was sent since the ring turned may be later than that by the clock, never by what happened.
        let received_us = received_us.max(seat.sample.sent_us);
        self.ledger.answered(Sample { received_us, status, ..seat.sample });
    }

    fn fail(&mut self, slot: usize, failure: Failure) {
        let received_us = self.since_zero(self.now);
        let seat = &mut self.seats[slot];
        if std::mem::replace(&mut seat.is_asking, false) {
            self.asking -= 1;
            self.ledger.failed(failure, Sample { received_us, ..seat.sample });
        }
    }

    /// All connections are closed.
    fn leave(&mut self) {
        let open = self.seats.iter().filter(|seat| seat.line == Line::Open).count();
        (0..open).for_each(|_| self.ledger.open(false));
    }

    /// The ring is broken: what is under way has no answer, and nothing more is sent.
    fn give_up(&mut self) {
        for slot in 0..self.seats.len() {
            self.fail(slot, Failure::Closed);
        }
        self.is_over = true;
    }

    fn since_zero(&self, at: Moment) -> u64 {
        at.micros_since(self.zero)
    }
}

const PAUSE: Duration = Duration::from_millis(CONNECT_PAUSE_MS);
