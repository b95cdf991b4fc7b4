//! A shard's environments of one function: which of them does what, and what becomes of each.

use std::cell::{Cell, RefCell};
use std::net::{Ipv4Addr, SocketAddr};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use gateway_rt::{BoundListener, Moment, TcpListener, clock};

use super::calls::Key;
use super::connection;
use super::documents;
use super::environment::{Environment, Phase, Task};
use super::function::{Address, Counters, Function, Job};
use super::inner::Inner;
use super::{Invocation, InvokeError, Outcome};
use crate::limits::{BACKLOG, EXIT_GRACE, SETTLE_MAX};
use crate::supervisor::{Closed, Exit, Order, PlatformEvent};

/// The environments that one shard has of a function.
pub(super) struct Pool {
    pub(super) host: Rc<Inner>,
    pub(super) function: Arc<Function>,
    /// The last one was used last, and is used first.
    idle: RefCell<Vec<Rc<Environment>>>,
    /// How many of them, for the other shards.
    idle_count: Arc<AtomicU32>,
    /// All of them, whatever they do.
    count: Cell<usize>,
    /// No snapshot of this shard has the function any more.
    pub(super) is_retired: Cell<bool>,
}

/// Why a runtime's answer is not taken.
#[derive(Debug)]
pub(super) enum Wrong {
    /// It is not for what the environment is busy with.
    RequestId,
    /// It makes no sense now.
    State(Phase),
}

impl Pool {
    pub(super) fn new(host: Rc<Inner>, function: Arc<Function>) -> Self {
        let idle_count = function.demand.desk(host.index);
        Self {
            host,
            function,
            idle: RefCell::default(),
            idle_count,
            count: Cell::new(0),
            is_retired: Cell::new(false),
        }
    }

    /// Gives an invocation to an idle environment, or lets it wait for one. The key of the call that waits for the
    /// result, if somebody does.
    ///
    /// # Errors
    /// [`InvokeError`]; then nothing was begun.
    pub(super) fn submit(
        self: &Rc<Self>,
        invocation: Invocation,
        has_caller: bool,
    ) -> Result<Option<Key>, InvokeError> {
        if self.host.is_shut.get() {
            return Err(InvokeError::Unavailable("the gateway is stopping".to_owned()));
        }
        let deadline = invocation.deadline;
        let key = has_caller.then(|| self.host.call(self.clone(), deadline));
        let reply = key.map(|key| Address { shard: self.host.index, key });
        let job = Job { invocation, reply };
        if let Some(environment) = self.take_idle() {
            self.give(&environment, job);
            return Ok(key);
        }
        let settings = &self.host.functions.settings;
        // An event has nobody who would be told to come again.
        let may_wait = !has_caller || !settings.wait_max.is_zero();
        let demand = &self.function.demand;
        let node = &self.host.functions.node;
        match demand.push(job, settings.waiting_max, may_wait, node) {
            Ok(pushed) => {
                if let Some(key) = key.filter(|_| !pushed.is_covered) {
                    self.host.calls.borrow_mut().wait_until(key, Moment::now() + settings.wait_max);
                }
                let pokes = &pushed.wanted.pokes;
                // One environment is enough for one invocation.
                if let Some(shard) = pokes.iter().find(|shard| **shard != self.host.index) {
                    (self.host.poke)(*shard);
                }
                self.start_all(pushed.wanted.starts);
                if pushed.wanted.is_starved {
                    self.host.relieve();
                }
                Ok(key)
            }
            Err(_) => {
                if let Some(key) = key {
                    self.host.calls.borrow_mut().remove(key);
                }
                Counters::add(&self.function.counters.throttles);
                Err(InvokeError::Throttled)
            }
        }
    }

    /// An environment asks for an invocation.
    pub(super) fn ready(self: &Rc<Self>, environment: &Rc<Environment>) {
        let now = Moment::now();
        let was_starting = environment.phase.replace(Phase::Idle) == Phase::Starting;
        environment.deadline.set(Moment::NEVER);
        environment.idle_since.set(now);
        self.idle.borrow_mut().push(environment.clone());
        // Counted idle before anybody looks at what waits, and before it is no longer counted as starting.
        self.idle_count.fetch_add(1, SeqCst);
        if was_starting {
            environment
                .init
                .set(Some(Duration::from_micros(now.micros_since(environment.started))));
            self.function.demand.started();
        }
        self.settled(environment);
        self.serve();
        let is_unwanted = self.is_retired.get() || self.host.functions.node.is_starved();
        if environment.phase.get() == Phase::Idle && is_unwanted {
            self.kill(environment);
        }
    }

    /// Gives idle environments to those who wait, oldest first, and orders what is missing.
    pub(super) fn serve(self: &Rc<Self>) {
        let demand = &self.function.demand;
        while demand.waiting() > 0 && !self.idle.borrow().is_empty() {
            let Some(job) = demand.take() else { break };
            match self.take_idle() {
                Some(environment) => self.give(&environment, job),
                None => self.refuse(job, "no environment"),
            }
        }
        if demand.waiting() == 0 || self.host.is_shut.get() {
            return;
        }
        let wanted = demand.wanted(&self.host.functions.node);
        for shard in wanted.pokes {
            if shard != self.host.index {
                (self.host.poke)(shard);
            }
        }
        self.start_all(wanted.starts);
        if wanted.is_starved {
            self.host.relieve();
        }
    }

    /// The result of what an environment is busy with.
    pub(super) fn answer(
        &self,
        environment: &Environment,
        id: Option<[u8; 36]>,
        outcome: Outcome,
    ) -> Result<(), Wrong> {
        if environment.phase.get() != Phase::Busy {
            return Err(Wrong::State(environment.phase.get()));
        }
        let is_it = |task: &Rc<Task>| Some(task.invocation.request_id) == id;
        if !environment.task.borrow().as_ref().is_some_and(is_it) {
            return Err(Wrong::RequestId);
        }
        // Its deadline stays: what a function does after its answer belongs to the invocation.
        environment.phase.set(Phase::Answered);
        environment.settles.set(Moment::now() + SETTLE_MAX);
        self.function.demand.answered();
        self.settle(environment, outcome, None);
        Ok(())
    }

    /// A runtime that could not start says why.
    pub(super) fn init_failed(
        self: &Rc<Self>,
        environment: &Rc<Environment>,
        document: Vec<u8>,
    ) -> Result<(), Wrong> {
        if environment.phase.get() != Phase::Starting {
            return Err(Wrong::State(environment.phase.get()));
        }
        self.kill(environment);
        let outcome = Outcome { payload: document, is_error: true };
        self.fail_oldest(environment, |_| Ok(outcome), "the runtime could not start");
        self.serve();
        Ok(())
    }

    /// Looks at an environment whose time may be over.
    pub(super) fn look(self: &Rc<Self>, environment: &Rc<Environment>, now: Moment) {
        if environment.settles.get() <= now {
            // It does something of its own, which nobody should have to wait for.
            self.settled(environment);
            self.serve();
        }
        if environment.deadline.get() > now {
            return;
        }
        if environment.exit.get().is_some() {
            return self.finish(environment);
        }
        match environment.phase.get() {
            Phase::Starting => {
                let limit = self.host.functions.settings.init_max;
                let said = documents::timed_out(limit);
                tracing::warn!(
                    function = %self.function.plan.name,
                    "The function's runtime has not asked for an invocation in time"
                );
                Counters::add(&self.function.counters.timeouts);
                self.kill(environment);
                self.fail_oldest(
                    environment,
                    |id| Ok(made_up("Sandbox.Timedout", id, &said)),
                    &said,
                );
                self.serve();
            }
            Phase::Busy => {
                let limit = Duration::from_millis(self.function.plan.timeout_ms.into());
                let said = documents::timed_out(limit);
                Counters::add(&self.function.counters.timeouts);
                self.fail_task(environment, "Sandbox.Timedout", &said);
                self.kill(environment);
            }
            Phase::Answered => self.kill(environment),
            Phase::Idle | Phase::Ending => environment.deadline.set(Moment::NEVER),
        }
    }

    /// Ends environments that were idle for too long.
    pub(super) fn end_idle(self: &Rc<Self>, now: Moment, idle_max: Duration) {
        let is_old = |environment: &&Rc<Environment>| {
            environment.idle_since.get() + idle_max <= now || self.is_retired.get()
        };
        let old: Vec<_> = self.idle.borrow().iter().filter(is_old).cloned().collect();
        for environment in old {
            self.kill(&environment);
        }
    }

    /// The environment that was idle for longest, and since when.
    pub(super) fn longest_idle(&self) -> Option<(Rc<Environment>, Moment)> {
        let idle = self.idle.borrow();
        idle.first().map(|environment| (environment.clone(), environment.idle_since.get()))
    }

    /// No snapshot of this shard has the function any more.
    pub(super) fn retire(self: &Rc<Self>) {
        self.is_retired.set(true);
        self.serve();
        self.end_idle(Moment::now(), Duration::ZERO);
        self.leave();
    }

    /// The supervisor could not start it.
    pub(super) fn start_failed(self: &Rc<Self>, environment: &Rc<Environment>, reason: String) {
        tracing::error!(function = %self.function.plan.name, reason, "An environment was not started");
        if environment.phase.get() == Phase::Starting {
            self.function.demand.started();
            environment.phase.set(Phase::Ending);
            self.refuse_oldest(&reason);
        }
        self.finish(environment);
    }

    /// Its process has ended. What it said last may still have to be read.
    pub(super) fn exited(self: &Rc<Self>, environment: &Rc<Environment>, exit: Exit) {
        match environment.phase.get() {
            Phase::Starting | Phase::Busy => {
                environment.exit.set(Some(exit));
                environment.deadline.set(Moment::now() + EXIT_GRACE);
            }
            Phase::Idle | Phase::Answered | Phase::Ending => self.finish(environment),
        }
    }

    /// Its last connection has ended.
    pub(super) fn disconnected(self: &Rc<Self>, environment: &Rc<Environment>) {
        if environment.exit.get().is_some() {
            self.finish(environment);
        }
    }

    /// Ends an environment. It is counted until the supervisor has seen its end.
    pub(super) fn kill(&self, environment: &Rc<Environment>) {
        match environment.phase.replace(Phase::Ending) {
            Phase::Ending => return,
            Phase::Starting => self.function.demand.started(),
            Phase::Idle => self.forget_idle(environment),
            Phase::Busy | Phase::Answered => self.settled(environment),
        }
        if environment.exit.get().is_none() {
            environment.deadline.set(Moment::NEVER);
            // Without a supervisor there is no process either.
            let _ = self.host.errands.send(Order::Kill { environment: environment.id });
        }
        environment.wake();
    }

    /// An environment is no more.
    pub(super) fn finish(self: &Rc<Self>, environment: &Rc<Environment>) {
        if self.host.environments.borrow_mut().remove(&environment.id).is_none() {
            return;
        }
        let exit = environment.exit.get();
        let phase = environment.phase.get();
        if phase == Phase::Busy {
            let said = exit.map_or_else(|| "Runtime ended".to_owned(), documents::exited);
            self.fail_task(environment, EXIT_ERROR, &said);
        }
        environment.phase.set(Phase::Ending);
        self.settled(environment);
        match phase {
            Phase::Starting => {
                self.function.demand.started();
                let said = exit.map_or_else(|| "Runtime ended".to_owned(), documents::exited);
                self.fail_oldest(environment, |id| Ok(made_up(EXIT_ERROR, id, &said)), &said);
            }
            Phase::Idle => self.forget_idle(environment),
            Phase::Busy | Phase::Answered | Phase::Ending => {}
        }
        environment.close();
        self.count.set(self.count.get() - 1);
        let is_awaited = self.function.demand.ended(&self.host.functions.node);
        self.serve();
        if is_awaited {
            self.host.relieved();
        }
        self.leave();
    }

    /// Starts as many environments as places were taken for.
    fn start_all(self: &Rc<Self>, count: u32) {
        for _ in 0..count {
            if let Err(reason) = self.start() {
                tracing::error!(function = %self.function.plan.name, reason, "An environment was not started");
                self.function.demand.started();
                self.function.demand.ended(&self.host.functions.node);
                self.refuse_oldest(&reason);
            }
        }
    }

    fn start(self: &Rc<Self>) -> Result<(), String> {
        let bound = BoundListener::bind_alone(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), BACKLOG)
            .map_err(|error| format!("no socket for its runtime API: {error}"))?;
        let runtime_api = bound.local_addr();
        let runtime_api =
            runtime_api.map_err(|error| format!("no address for its runtime API: {error}"))?;
        let listener = TcpListener::new(bound)
            .map_err(|error| format!("no socket for its runtime API: {error}"))?;
        let listener = Rc::new(listener);
        let id = self.host.functions.next_environment();
        let order = Order::Start {
            environment: id,
            shard: self.host.index,
            function: self.function.plan.clone(),
            runtime_api,
        };
        let sent = self.host.errands.send(order);
        sent.map_err(|Closed| "the supervisor has ended".to_owned())?;
        Counters::add(&self.function.counters.cold_starts);
        let init_max = self.host.functions.settings.init_max;
        let environment =
            Environment::new(id, self.clone(), listener.clone(), Moment::now(), init_max);
        let environment = Rc::new(environment);
        self.count.set(self.count.get() + 1);
        self.host.environments.borrow_mut().insert(id, environment.clone());
        self.host.watch();
        gateway_rt::spawn(connection::accept(environment, listener));
        Ok(())
    }

    /// An environment is no longer expected to ask for the next invocation at once.
    fn settled(&self, environment: &Environment) {
        if environment.settles.replace(Moment::NEVER) != Moment::NEVER {
            self.function.demand.settled();
        }
    }

    fn take_idle(&self) -> Option<Rc<Environment>> {
        let environment = self.idle.borrow_mut().pop()?;
        self.idle_count.fetch_sub(1, SeqCst);
        Some(environment)
    }

    fn forget_idle(&self, environment: &Rc<Environment>) {
        let mut idle = self.idle.borrow_mut();
        if let Some(at) = idle.iter().position(|kept| Rc::ptr_eq(kept, environment)) {
            idle.remove(at);
            self.idle_count.fetch_sub(1, SeqCst);
        }
    }

    /// Hands an invocation to an environment that waits for one.
    fn give(&self, environment: &Rc<Environment>, job: Job) {
        let Job { invocation, reply } = job;
        let started = Moment::now();
        let timeout_ms = u64::from(self.function.plan.timeout_ms);
        let request_id = invocation.request_id;
        let deadline_unix_ms = clock::unix_ms() + timeout_ms;
        let task = Task { invocation, reply, started, deadline_unix_ms };
        environment.phase.set(Phase::Busy);
        environment.deadline.set(started + Duration::from_millis(timeout_ms));
        environment.task.replace(Some(Rc::new(task)));
        Counters::add(&self.function.counters.invocations);
        self.host.errands.note(environment.id, PlatformEvent::Start { request_id });
        environment.wake();
    }

    /// What an environment is busy with has failed, and the environment cannot say so.
    fn fail_task(&self, environment: &Environment, error_type: &str, said: &str) {
        let id = environment.task.borrow().as_ref().map(|task| task.invocation.request_id);
        if let Some(id) = id {
            self.settle(environment, made_up(error_type, &id, said), Some(said.to_owned()));
        }
    }

    /// Ends an invocation.
    fn settle(&self, environment: &Environment, outcome: Outcome, error: Option<String>) {
        let Some(task) = environment.task.take() else { return };
        if outcome.is_error {
            Counters::add(&self.function.counters.errors);
        }
        if let Some(reply) = task.reply {
            self.host.reply(reply, Ok(outcome));
        }
        let end = PlatformEvent::End {
            request_id: task.invocation.request_id,
            duration: Duration::from_micros(Moment::now().micros_since(task.started)),
            init: environment.init.take(),
            error,
        };
        self.host.errands.note_end(environment.id, end);
    }

    /// Tells who has waited longest what became of the environment that was started for it.
    fn fail_oldest(
        &self,
        environment: &Environment,
        result: impl FnOnce(&[u8; 36]) -> Result<Outcome, InvokeError>,
        said: &str,
    ) {
        let Some(job) = self.function.demand.take() else { return };
        let request_id = job.invocation.request_id;
        Counters::add(&self.function.counters.invocations);
        Counters::add(&self.function.counters.errors);
        self.host.errands.note(environment.id, PlatformEvent::Start { request_id });
        let since_start = Moment::now().micros_since(environment.started);
        let end = PlatformEvent::End {
            request_id,
            duration: Duration::ZERO,
            init: Some(Duration::from_micros(since_start)),
            error: Some(said.to_owned()),
        };
        self.host.errands.note_end(environment.id, end);
        if let Some(reply) = job.reply {
            self.host.reply(reply, result(&request_id));
        }
    }

    /// Tells who has waited longest that there is no environment.
    fn refuse_oldest(&self, reason: &str) {
        if let Some(job) = self.function.demand.take() {
            self.refuse(job, reason);
        }
    }

    fn refuse(&self, job: Job, reason: &str) {
        if let Some(reply) = job.reply {
            self.host.reply(reply, Err(InvokeError::Unavailable(reason.to_owned())));
        }
    }

    /// Leaves the shard when nothing is left of it.
    fn leave(&self) {
        if self.is_retired.get() && self.count.get() == 0 && self.function.demand.waiting() == 0 {
            self.host.forget(&self.function);
        }
    }
}

const EXIT_ERROR: &str = "Runtime.ExitError";

fn made_up(error_type: &str, request_id: &[u8; 36], said: &str) -> Outcome {
    Outcome { payload: documents::of_request(error_type, request_id, said), is_error: true }
}
