//! The open model's clock: hands out requests at their due times, however slow the answers.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustix::thread::{ClockId, NanosleepRelativeResult, clock_nanosleep_relative};
use tokio::sync::Semaphore;

use super::session::Chooser;
use crate::scenario::Scenario;
use crate::schedule::Schedule;
use crate::template::Draw;

/// The longest sleep between two looks at whether the run was stopped.
const LOOK: Duration = Duration::from_millis(100);

/// A request that is due.
#[derive(Clone, Copy, Debug)]
pub(super) struct Arrival {
    /// When, after time zero.
    pub(super) due: Duration,
    pub(super) kind: usize,
    pub(super) request: usize,
    /// Which of its kind it is, from 0; its credentials follow from it.
    pub(super) index: usize,
    /// Whether a user waited for it: then what it is late by is the generator's own fault.
    pub(super) was_awaited: bool,
}

/// Requests that are due and not yet taken, oldest first.
pub(super) struct Queue {
    due: Mutex<Waiting>,
    ready: Semaphore,
}

#[derive(Default)]
struct Waiting {
    arrivals: VecDeque<Option<Arrival>>,
    /// Users that have nothing to do.
    idle: usize,
}

impl Queue {
    pub(super) fn new() -> Self {
        Self { due: Mutex::new(Waiting::default()), ready: Semaphore::new(0) }
    }

    /// The next request for a free user; `None` when there will be no more.
    pub(super) async fn take(&self) -> Option<Arrival> {
        self.waiting().idle += 1;
        let permit = self.ready.acquire().await.ok()?;
        permit.forget();
        self.waiting().arrivals.pop_front().flatten()
    }

    fn push(&self, mut arrival: Arrival) {
        let mut waiting = self.waiting();
        arrival.was_awaited = waiting.idle > 0;
        waiting.idle = waiting.idle.saturating_sub(1);
        waiting.arrivals.push_back(Some(arrival));
        drop(waiting);
        self.ready.add_permits(1);
    }

    /// Tells `users` users that there is no more; with `clears`, also of what nobody took.
    fn end(&self, users: usize, clears: bool) {
        let mut waiting = self.waiting();
        if clears {
            waiting.arrivals.iter_mut().for_each(|arrival| *arrival = None);
        }
        waiting.arrivals.extend((0..users).map(|_| None));
        drop(waiting);
        self.ready.add_permits(users);
    }

    fn waiting(&self) -> std::sync::MutexGuard<'_, Waiting> {
        self.due.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Hands out the whole schedule, from `zero` on; ends early when `is_stopped`.
pub(super) fn dispatch(
    scenario: &Scenario,
    schedule: Schedule,
    queue: &Queue,
    zero: Instant,
    seed: u64,
    is_stopped: &dyn Fn() -> bool,
) {
    let users = scenario.load.users_max();
    // Two sleeps of the kernel's usual slack, 50 µs each, would show in the latencies of a fast target. A kernel
    // that refuses leaves it as it is.
    let _ = rustix::thread::set_current_timer_slack(std::num::NonZeroU64::new(1));
    let mut kinds = Turns::new(scenario.users.iter().map(|kind| kind.weight));
    let mut choosers: Vec<Chooser> =
        scenario.users.iter().map(|kind| Chooser::new(scenario, kind)).collect();
    let mut given = vec![0; choosers.len()];
    let mut draw = Draw::new(seed);
    for due in schedule {
        if !sleep_until(zero + due, is_stopped) {
            return queue.end(users, true);
        }
        let kind = kinds.next();
        let request = choosers[kind].next(&mut draw);
        queue.push(Arrival { due, kind, request, index: given[kind], was_awaited: false });
        given[kind] += 1;
    }
    queue.end(users, false);
}

/// Sleeps until `due`; false when the run was stopped before.
fn sleep_until(due: Instant, is_stopped: &dyn Fn() -> bool) -> bool {
    loop {
        let left = due.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return true;
        }
        if is_stopped() {
            return false;
        }
        let span = left.min(LOOK);
        let span = rustix::thread::Timespec {
            tv_sec: i64::try_from(span.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: i64::from(span.subsec_nanos()),
        };
        // An interrupted sleep is tried again for what is left, by the loop.
        match clock_nanosleep_relative(ClockId::Monotonic, &span) {
            NanosleepRelativeResult::Ok | NanosleepRelativeResult::Interrupted(_) => {}
            NanosleepRelativeResult::Err(_) => std::thread::sleep(LOOK.min(left)),
        }
    }
}

/// Takes kinds in turn, each as often as its weight says, as evenly spread as can be.
struct Turns {
    weights: Vec<i64>,
    credits: Vec<i64>,
    total: i64,
}

impl Turns {
    fn new(weights: impl Iterator<Item = u32>) -> Self {
        let weights: Vec<i64> = weights.map(i64::from).collect();
        Self { credits: vec![0; weights.len()], total: weights.iter().sum(), weights }
    }

    fn next(&mut self) -> usize {
        for (credit, weight) in self.credits.iter_mut().zip(&self.weights) {
            *credit += weight;
        }
        let richest = (0..self.credits.len()).rev().max_by_key(|&at| self.credits[at]).unwrap_or(0);
        self.credits[richest] -= self.total;
        richest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_follow_weights_and_spread() {
        let mut turns = Turns::new([3, 1].into_iter());
        let taken: Vec<usize> = (0..8).map(|_| turns.next()).collect();
        assert_eq!(taken, [0, 0, 1, 0, 0, 0, 1, 0]);
    }
}
