//! What a shard has of all its functions.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::{Rc, Weak};
use std::sync::Arc;

use gateway_compile::FunctionPlan;
use gateway_rt::Moment;

use super::calls::{Calls, Key};
use super::environment::Environment;
use super::errands::Errands;
use super::function::{Address, Counters, Function, Functions, Mail};
use super::pool::Pool;
use super::{InvokeError, LocalFunction, Outcome};
use crate::limits::WATCH_INTERVAL;
use crate::supervisor::{EnvironmentId, Notice, NoticeKind, OrderSender};

/// A pool, and what snapshots have of it.
type Known = (Rc<Pool>, Weak<LocalFunction>);

/// One shard's end.
pub(super) struct Inner {
    pub(super) index: usize,
    pub(super) functions: Arc<Functions>,
    pub(super) errands: Rc<Errands>,
    pub(super) poke: Rc<dyn Fn(usize)>,
    /// All environments of this shard.
    pub(super) environments: RefCell<HashMap<EnvironmentId, Rc<Environment>>>,
    /// Who waits on this shard.
    pub(super) calls: RefCell<Calls<Rc<Pool>>>,
    /// Everything ends.
    pub(super) is_shut: Cell<bool>,
    mail: Arc<Mail>,
    /// By the address of the plan, which the pool keeps alive.
    pools: RefCell<HashMap<usize, Known>>,
    is_watched: Cell<bool>,
}

impl Inner {
    pub(super) fn new(
        index: usize,
        functions: Arc<Functions>,
        orders: OrderSender,
        poke: Rc<dyn Fn(usize)>,
    ) -> Self {
        Self {
            index,
            mail: functions.mail(index),
            functions,
            errands: Errands::new(orders),
            poke,
            environments: RefCell::default(),
            calls: RefCell::new(Calls::new()),
            is_shut: Cell::new(false),
            pools: RefCell::default(),
            is_watched: Cell::new(false),
        }
    }

    pub(super) fn function(self: &Rc<Self>, plan: &Arc<FunctionPlan>) -> Rc<LocalFunction> {
        let address = Arc::as_ptr(plan) as usize;
        let mut pools = self.pools.borrow_mut();
        let (pool, local) = pools.entry(address).or_insert_with(|| {
            let function = self.functions.function(plan);
            (Rc::new(Pool::new(self.clone(), function)), Weak::new())
        });
        if let Some(local) = local.upgrade() {
            return local;
        }
        pool.is_retired.set(false);
        let made = Rc::new(LocalFunction { pool: pool.clone() });
        *local = Rc::downgrade(&made);
        made
    }

    pub(super) fn notice(&self, notice: Notice) {
        let environment = self.environments.borrow().get(&notice.environment).cloned();
        let Some(environment) = environment else { return };
        match notice.kind {
            NoticeKind::StartFailed(reason) => environment.pool.start_failed(&environment, reason),
            NoticeKind::Exited(exit) => environment.pool.exited(&environment, exit),
        }
    }

    /// Looks at what other shards have left for this one.
    pub(super) fn serve_waiting(&self) {
        for (key, result) in self.mail.take() {
            self.calls.borrow_mut().complete(key, result);
        }
        self.serve_all();
        if self.functions.node.is_starved() {
            self.evict();
        }
    }

    pub(super) fn housekeep(&self, now: Moment) {
        for pool in self.pools() {
            pool.end_idle(now, self.functions.settings.idle_max);
        }
        // A poke that a full mailbox refused is made up for here.
        self.serve_waiting();
    }

    pub(super) fn shut_down(&self) {
        self.is_shut.set(true);
        let all: Vec<_> = self.environments.borrow().values().cloned().collect();
        for environment in all {
            environment.pool.kill(&environment);
        }
        let unanswered = self.calls.borrow().unanswered();
        for key in unanswered {
            let stopping = InvokeError::Unavailable("the gateway is stopping".to_owned());
            self.calls.borrow_mut().complete(key, Err(stopping));
        }
    }

    /// A call that somebody waits for from now on.
    pub(super) fn call(self: &Rc<Self>, pool: Rc<Pool>, deadline: Moment) -> Key {
        self.watch();
        self.calls.borrow_mut().insert(pool, deadline)
    }

    /// Nobody waits for a call any more. What no environment has yet is not begun.
    pub(super) fn forget_call(&self, key: Key) {
        let pool = self.calls.borrow_mut().remove(key);
        if let Some(pool) = pool {
            self.give_up(&pool, key);
        }
    }

    /// A result, for whoever waits for it.
    pub(super) fn reply(&self, to: Address, result: Result<Outcome, InvokeError>) {
        if to.shard == self.index {
            return self.calls.borrow_mut().complete(to.key, result);
        }
        self.functions.mail(to.shard).leave(to.key, result);
        (self.poke)(to.shard);
    }

    /// The node has too many environments for one that is wanted: an idle one goes.
    pub(super) fn relieve(&self) {
        if !self.evict() {
            self.poke_others();
        }
    }

    /// The node may have another environment, which somebody waits for.
    pub(super) fn relieved(&self) {
        self.serve_all();
        self.poke_others();
    }

    /// Forgets a pool that has nothing left.
    pub(super) fn forget(&self, function: &Function) {
        let address = Arc::as_ptr(&function.plan) as usize;
        let pool = self.pools.borrow_mut().remove(&address);
        drop(pool);
    }

    /// Looks at deadlines from now on, until there are none.
    pub(super) fn watch(self: &Rc<Self>) {
        if self.is_watched.replace(true) {
            return;
        }
        let host = self.clone();
        gateway_rt::spawn(async move {
            while !(host.environments.borrow().is_empty() && host.calls.borrow().is_empty()) {
                gateway_rt::sleep(WATCH_INTERVAL).await;
                host.errands.remind();
                host.look(Moment::now());
            }
            host.is_watched.set(false);
        });
    }

    fn look(&self, now: Moment) {
        let is_late = |e: &&Rc<Environment>| e.is_late(now);
        let late: Vec<_> = self.environments.borrow().values().filter(is_late).cloned().collect();
        for environment in late {
            environment.pool.look(&environment, now);
        }
        let late = self.calls.borrow_mut().late(now);
        for call in late {
            let pool = self.calls.borrow_mut().beside(call.key).cloned();
            let Some(pool) = pool else { continue };
            let was_waiting = self.give_up(&pool, call.key);
            let error = match (call.is_deadline, was_waiting) {
                (true, _) => InvokeError::Deadline,
                (false, true) => {
                    Counters::add(&pool.function.counters.throttles);
                    InvokeError::Throttled
                }
                // An environment has it by now.
                (false, false) => continue,
            };
            self.calls.borrow_mut().complete(call.key, Err(error));
        }
    }

    /// Takes a call out of its function's queue, if it is still there.
    fn give_up(&self, pool: &Pool, key: Key) -> bool {
        let address = Address { shard: self.index, key };
        pool.function.demand.remove(|job| job.reply == Some(address)).is_some()
    }

    fn serve_all(&self) {
        for pool in self.pools() {
            if pool.function.demand.waiting() > 0 {
                pool.serve();
            }
        }
    }

    /// Ends the environment of this shard that nobody has needed for longest.
    fn evict(&self) -> bool {
        let idle = self.pools().into_iter().filter(|pool| pool.function.demand.waiting() == 0);
        let oldest = idle.filter_map(|pool| pool.longest_idle()).min_by_key(|(_, since)| *since);
        if let Some((environment, _)) = &oldest {
            environment.pool.kill(environment);
        }
        oldest.is_some()
    }

    fn poke_others(&self) {
        for shard in (0..self.functions.shards()).filter(|shard| *shard != self.index) {
            (self.poke)(shard);
        }
    }

    fn pools(&self) -> Vec<Rc<Pool>> {
        self.pools.borrow().values().map(|(pool, _)| pool.clone()).collect()
    }
}
