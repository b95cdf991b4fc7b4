//! One thread's part of a run: its connections, and who sends what when.
//!
//! Thread `i` of `n` has the arrivals i, i + n, i + 2n, …. A connection that is free takes the next one if it is due;
//! else it joins those that wait, and the *pacer*, which sleeps until the next one is due, hands it out. So requests
//! leave in order, the first free connection takes each, and one that finds none free waits while its latency runs.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use gateway_rt::{Alarm, Moment};

use crate::bell::Bell;
use crate::flood;
use crate::ledger::Ledger;
use crate::limits::WATCH_MS;
use crate::marks::Marks;
use crate::schedule::Schedule;
use crate::seat::Seat;
use crate::turns::Turns;
use crate::wire::Socket;
use crate::{Plan, Stop};

/// What all threads of a run share.
pub(crate) struct Run {
    pub(crate) plan: Plan,
    pub(crate) schedule: Option<Schedule>,
    pub(crate) turns: Turns,
    pub(crate) stop: Stop,
    /// Threads whose connections are made.
    pub(crate) ready: AtomicUsize,
    /// Time zero on the monotonic clock, in microseconds; 0 before it is known.
    pub(crate) zero_us: AtomicU64,
    /// Another thread died: there is nobody to report to.
    pub(crate) is_given_up: AtomicBool,
}

/// One thread's part.
pub(crate) struct Shard {
    pub(crate) run: Arc<Run>,
    pub(crate) marks: Marks,
    pub(crate) ledger: RefCell<Ledger>,
    zero: Cell<Moment>,
    /// This thread's next arrival, counted over all threads.
    next: Cell<u64>,
    /// Arrivals there are, over all threads.
    count: u64,
    /// Nothing more is sent.
    is_over: Cell<bool>,
    /// Seats that wait for work, longest first.
    free: RefCell<VecDeque<Rc<Waiting>>>,
    pacer: Bell,
    seats: Cell<usize>,
    all_left: Bell,
    sockets: RefCell<Vec<Socket>>,
}

/// A seat that waits.
#[derive(Default)]
pub(crate) struct Waiting {
    bell: Bell,
    /// Arrivals handed to it: the first, and how many.
    given: Cell<Option<(u64, u64)>>,
}

/// Arrivals for one seat.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Due {
    pub(crate) first: u64,
    pub(crate) count: u64,
    /// The present, when it was looked at for this.
    pub(crate) now: Moment,
}

/// Runs thread `index` of `run`; what it saw.
pub(crate) async fn work(run: Arc<Run>, index: usize, mut ledger: Ledger) -> Ledger {
    if flood::fits(&run.plan) {
        match flood::work(&run, index, ledger) {
            Ok(ledger) => return ledger,
            Err(unused) => ledger = *unused,
        }
    }
    let cpu = gateway_rt::clock::thread_cpu_us();
    let shard = Rc::new(Shard::new(run, index, ledger));
    let threads = shard.run.plan.threads;
    let seats: Vec<usize> = (index..shard.run.plan.connections).step_by(threads).collect();
    shard.seats.set(seats.len());
    let connected = Rc::new(Bell::default());
    let missing = Rc::new(Cell::new(seats.len()));
    for connection in seats {
        let (shard, connected, missing) = (shard.clone(), connected.clone(), missing.clone());
        gateway_rt::spawn(async move {
            let mut seat = Seat::new(shard.clone(), connection as u16);
            shard.sockets.borrow_mut().push(seat.socket());
            seat.prepare().await;
            missing.set(missing.get() - 1);
            connected.ring();
            // With a schedule the pacer waits for time zero and starts all seats in one turn: if each woke for itself,
            // the first could have an answer, and take the arrival of one that still slept.
            if shard.run.schedule.is_some() || shard.started().await {
                seat.work().await;
            }
            shard.leave();
        });
    }
    while missing.get() > 0 {
        connected.heard().await;
    }
    shard.run.ready.fetch_add(1, Ordering::Release);
    if shard.run.schedule.is_some() {
        gateway_rt::spawn(pace(shard.clone()));
    }
    gateway_rt::spawn(watch(shard.clone()));
    while shard.seats.get() > 0 {
        shard.all_left.heard().await;
    }
    shard.end();
    shard.pacer.ring();
    let spent = gateway_rt::clock::thread_cpu_us();
    shard.sockets.borrow_mut().clear();
    let mut ledger = shard.ledger.replace(Ledger::new(&shard.run.plan, Arc::default()));
    ledger.cpu_us = (spent.0 - cpu.0, spent.1 - cpu.1);
    ledger.unsent = shard.unsent();
    ledger
}

/// Hands due arrivals to seats that wait.
async fn pace(shard: Rc<Shard>) {
    let mut alarm = Alarm::new().ok();
    while shard.started().await && !shard.is_over.get() {
        let Some(at) = shard.next_due() else { break };
        if shard.free.borrow().is_empty() {
            shard.pacer.heard().await;
            continue;
        }
        let now = Moment::now();
        if at <= now {
            shard.hand_out(now);
        } else {
            wait_until(&mut alarm, at, now).await;
        }
    }
    shard.end();
}

/// At the moment, or a watch's length from now, whichever is earlier: a plan may be stopped meanwhile.
async fn wait_until(alarm: &mut Option<Alarm>, at: Moment, now: Moment) {
    let at = at.min(now + Duration::from_millis(WATCH_MS));
    let waited = match alarm {
        Some(alarm) => alarm.until(at).await.is_ok(),
        None => false,
    };
    if !waited {
        gateway_rt::sleep(Duration::from_millis(1)).await;
    }
}

/// Ends the run when its time is over or somebody says so.
async fn watch(shard: Rc<Shard>) {
    while !shard.run.is_stopped() && shard.seats.get() > 0 {
        if shard.run.zero().is_some_and(|zero| Moment::now() >= zero + shard.run.lasts()) {
            shard.end();
        }
        gateway_rt::sleep(Duration::from_millis(WATCH_MS)).await;
    }
    shard.end();
    // What is under way is cut short when the run is stopped; else it has its own time limit.
    if shard.run.is_stopped() {
        shard.sockets.borrow().iter().for_each(Socket::shutdown);
    }
}

impl Run {
    pub(crate) fn is_stopped(&self) -> bool {
        self.stop.is_stopped() || self.is_given_up.load(Ordering::Relaxed)
    }

    /// Time zero, as soon as it is known.
    pub(crate) fn zero(&self) -> Option<Moment> {
        match self.zero_us.load(Ordering::Acquire) {
            0 => None,
            us => Some(Moment::default() + Duration::from_micros(us)),
        }
    }

    /// Says that a thread's connections are made, and blocks the thread until time zero; none when the run was stopped
    /// before.
    pub(crate) fn wait_for_zero(&self) -> Option<Moment> {
        self.ready.fetch_add(1, Ordering::Release);
        loop {
            if self.is_stopped() {
                return None;
            }
            let now = Moment::now();
            let left_us = self.zero().map_or(u64::MAX, |zero| zero.micros_since(now));
            if left_us == 0 {
                return self.zero();
            }
            std::thread::sleep(Duration::from_micros(left_us.min(1_000)));
        }
    }

    /// How long requests are sent.
    pub(crate) fn lasts(&self) -> Duration {
        let schedule = self.schedule.as_ref().map_or(0, Schedule::lasts_us);
        self.plan.lasts_max.saturating_add(Duration::from_micros(schedule))
    }

    /// How many arrivals there are, and how many the schedule has beyond them.
    fn counts(&self) -> (u64, u64) {
        match &self.schedule {
            None => (self.plan.count_max, 0),
            Some(schedule) => {
                let count = schedule.count().min(self.plan.count_max);
                (count, schedule.count() - count)
            }
        }
    }
}

impl Shard {
    fn new(run: Arc<Run>, index: usize, ledger: Ledger) -> Self {
        Self {
            marks: Marks::new(&run.plan.marks),
            ledger: RefCell::new(ledger),
            zero: Cell::new(Moment::NEVER),
            next: Cell::new(index as u64),
            count: run.counts().0,
            is_over: Cell::new(false),
            free: RefCell::default(),
            pacer: Bell::default(),
            seats: Cell::new(0),
            all_left: Bell::default(),
            sockets: RefCell::default(),
            run,
        }
    }

    pub(crate) fn plan(&self) -> &Plan {
        &self.run.plan
    }

    /// Whether the run was stopped from outside: what fails now was cut short, and is no failure.
    pub(crate) fn is_cut(&self) -> bool {
        self.run.is_stopped()
    }

    /// Microseconds from time zero to `at`.
    pub(crate) fn since_zero(&self, at: Moment) -> u64 {
        at.micros_since(self.zero.get())
    }

    /// When arrival `index` should be sent, in microseconds since time zero; none in the closed model.
    pub(crate) fn due_us(&self, index: u64) -> Option<u64> {
        self.run.schedule.as_ref().map(|schedule| schedule.due_us(index))
    }

    /// Arrivals from one of this thread's to its next.
    pub(crate) fn stride(&self) -> u64 {
        self.run.plan.threads as u64
    }

    /// The next arrivals for a seat, as soon as there are any; none when the run is over.
    pub(crate) async fn next(&self, waiting: &Rc<Waiting>, now: Moment) -> Option<Due> {
        loop {
            if self.is_over.get() || self.next.get() >= self.count {
                self.end();
                return None;
            }
            let now = if self.run.schedule.is_some() { Moment::now() } else { now };
            if let Some((first, count)) = self.take_due(now) {
                if !self.free.borrow().is_empty() {
                    self.note_late(first, count, now);
                }
                return Some(Due { first, count, now });
            }
            self.free.borrow_mut().push_back(waiting.clone());
            self.pacer.ring();
            waiting.bell.heard().await;
            if let Some((first, count)) = waiting.given.take() {
                return Some(Due { first, count, now: Moment::now() });
            }
        }
    }

    /// Takes the arrivals that are due, as many as one connection has in flight.
    fn take_due(&self, now: Moment) -> Option<(u64, u64)> {
        // Before time zero nothing is due, also what is due at zero: it would seem to be sent later than it was.
        if self.run.schedule.is_some() && now < self.zero.get() {
            return None;
        }
        let first = self.next.get();
        let (mut next, mut count) = (first, 0);
        let now_us = self.since_zero(now);
        while count < self.run.plan.pipeline as u64
            && next < self.count
            && self.due_us(next).is_none_or(|due| due <= now_us)
        {
            next += self.stride();
            count += 1;
        }
        self.next.set(next);
        (count > 0).then_some((first, count))
    }

    /// Gives what is due to seats that wait.
    fn hand_out(&self, now: Moment) {
        loop {
            let Some(seat) = self.free.borrow_mut().pop_front() else { return };
            let Some((first, count)) = self.take_due(now) else {
                self.free.borrow_mut().push_front(seat);
                return;
            };
            self.note_late(first, count, now);
            seat.given.set(Some((first, count)));
            seat.bell.ring();
        }
    }

    fn note_late(&self, first: u64, count: u64, now: Moment) {
        let now_us = self.since_zero(now);
        let mut ledger = self.ledger.borrow_mut();
        for index in (0..count).map(|place| first + place * self.stride()) {
            ledger.late(now_us.saturating_sub(self.due_us(index).unwrap_or(now_us)));
        }
    }

    /// When this thread's next arrival is due.
    fn next_due(&self) -> Option<Moment> {
        let next = self.next.get();
        if next >= self.count {
            return None;
        }
        let due = Duration::from_micros(self.due_us(next)?);
        Some(self.zero.get() + due)
    }

    /// Nothing more is sent; seats that wait may leave.
    fn end(&self) {
        self.is_over.set(true);
        for seat in self.free.take() {
            seat.bell.ring();
        }
        self.pacer.ring();
    }

    fn leave(&self) {
        self.seats.set(self.seats.get() - 1);
        self.all_left.ring();
    }

    /// This thread's arrivals that were not taken, and those beyond the plan's count.
    fn unsent(&self) -> u64 {
        if self.run.schedule.is_none() {
            return 0;
        }
        let own = self.count.saturating_sub(self.next.get()).div_ceil(self.stride());
        let index = self.next.get() % self.stride();
        own + if index == 0 { self.run.counts().1 } else { 0 }
    }

    /// Waits for time zero; `false` when the run was stopped before.
    pub(crate) async fn started(&self) -> bool {
        if self.zero.get() != Moment::NEVER {
            return true;
        }
        loop {
            if self.run.is_stopped() {
                return false;
            }
            if let Some(zero) = self.run.zero() {
                let left_us = zero.micros_since(Moment::now());
                if left_us < 1_000 {
                    // The rest is waited for by the pacer; a closed model starts a little early, which is no harm.
                    self.zero.set(zero);
                    return true;
                }
            }
            gateway_rt::sleep(Duration::from_millis(1)).await;
        }
    }
}
