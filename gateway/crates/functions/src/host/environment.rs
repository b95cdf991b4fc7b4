//! One environment, as its runtime API knows it.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Poll, Waker};
use std::time::Duration;

use gateway_rt::{Moment, TcpListener, TcpStream};

use super::Invocation;
use super::function::Address;
use super::pool::Pool;
use crate::supervisor::{EnvironmentId, Exit};

/// An environment. Its phases:
///
/// ```text
/// Starting ──next──▶ Idle ──give──▶ Busy ──response, error──▶ Answered ──next──▶ Idle
///     └────────────────┴──────────────┴────────────┴──▶ Ending   too slow, failed, not needed any more
/// ```
pub(super) struct Environment {
    pub(super) id: EnvironmentId,
    pub(super) pool: Rc<Pool>,
    pub(super) phase: Cell<Phase>,
    /// What it is busy with.
    pub(super) task: RefCell<Option<Rc<Task>>>,
    /// When the present phase has taken too long.
    pub(super) deadline: Cell<Moment>,
    /// Until when it is expected to ask for the next invocation, after an answer.
    pub(super) settles: Cell<Moment>,
    pub(super) started: Moment,
    /// What the start took, until an invocation has reported it.
    pub(super) init: Cell<Option<Duration>>,
    /// Since when it is idle.
    pub(super) idle_since: Cell<Moment>,
    /// How its process ended, while what it said last is waited for.
    pub(super) exit: Cell<Option<Exit>>,
    listener: Rc<TcpListener>,
    connections: RefCell<Vec<Rc<TcpStream>>>,
    /// Counts who asked for an invocation; the last one gets it.
    asked: Cell<u32>,
    asking: RefCell<Option<Waker>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// It has not asked for an invocation yet.
    Starting,
    /// It waits for one.
    Idle,
    /// It has one.
    Busy,
    /// It has answered, and not asked for another one yet.
    Answered,
    /// Its end is ordered, or was seen.
    Ending,
}

/// An invocation in an environment's hands.
pub(super) struct Task {
    pub(super) invocation: Invocation,
    pub(super) reply: Option<Address>,
    pub(super) started: Moment,
    /// Wall time at which the function's own timeout is over, in milliseconds.
    pub(super) deadline_unix_ms: u64,
}

/// What who asks for an invocation gets.
pub(super) enum Next {
    /// This one. The same again as long as it is not answered.
    Task(Rc<Task>),
    /// None: it was asked for once more, on another connection.
    Superseded,
    /// None: the environment ends.
    Ended,
}

impl Environment {
    pub(super) fn new(
        id: EnvironmentId,
        pool: Rc<Pool>,
        listener: Rc<TcpListener>,
        now: Moment,
        init_max: Duration,
    ) -> Self {
        Self {
            id,
            pool,
            phase: Cell::new(Phase::Starting),
            task: RefCell::default(),
            deadline: Cell::new(now + init_max),
            settles: Cell::new(Moment::NEVER),
            started: now,
            init: Cell::new(None),
            idle_since: Cell::new(now),
            exit: Cell::new(None),
            listener,
            connections: RefCell::default(),
            asked: Cell::new(0),
            asking: RefCell::default(),
        }
    }

    /// Waits for an invocation, from the moment at which a runtime asks for it.
    pub(super) async fn next(self: &Rc<Self>) -> Next {
        let ticket = self.asked.get().wrapping_add(1);
        self.asked.set(ticket);
        self.wake();
        if self.exit.get().is_some() {
            self.pool.finish(self);
        }
        if matches!(self.phase.get(), Phase::Starting | Phase::Answered) {
            self.pool.ready(self);
        }
        poll_fn(|cx| {
            if self.asked.get() != ticket {
                return Poll::Ready(Next::Superseded);
            }
            match self.phase.get() {
                Phase::Ending => Poll::Ready(Next::Ended),
                Phase::Busy => match &*self.task.borrow() {
                    Some(task) => Poll::Ready(Next::Task(task.clone())),
                    None => Poll::Ready(Next::Ended),
                },
                Phase::Starting | Phase::Idle | Phase::Answered => {
                    *self.asking.borrow_mut() = Some(cx.waker().clone());
                    Poll::Pending
                }
            }
        })
        .await
    }

    /// Whether there is something to be looked at.
    pub(super) fn is_late(&self, now: Moment) -> bool {
        self.deadline.get() <= now || self.settles.get() <= now
    }

    /// Makes who asks look again.
    pub(super) fn wake(&self) {
        let asking = self.asking.borrow_mut().take();
        if let Some(waker) = asking {
            waker.wake();
        }
    }

    /// Takes a connection in, unless there are too many.
    pub(super) fn connect(&self, stream: &Rc<TcpStream>, count_max: usize) -> bool {
        let mut connections = self.connections.borrow_mut();
        let has_room = connections.len() < count_max && self.phase.get() != Phase::Ending;
        if has_room {
            connections.push(stream.clone());
        }
        has_room
    }

    /// A connection has ended. Whether it was the last one.
    pub(super) fn disconnect(&self, stream: &Rc<TcpStream>) -> bool {
        let mut connections = self.connections.borrow_mut();
        connections.retain(|kept| !Rc::ptr_eq(kept, stream));
        connections.is_empty()
    }

    /// Ends its runtime API.
    pub(super) fn close(&self) {
        self.listener.stop();
        for stream in self.connections.borrow().iter() {
            stream.shutdown();
        }
        self.wake();
    }
}
