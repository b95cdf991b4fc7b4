//! What all shards have in common: functions, their counters, and the ways between shards.

use std::collections::HashMap;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, Weak};

use gateway_compile::FunctionPlan;

use super::calls::Key;
use super::queue::{Demand, Node};
use super::{FunctionStats, HostSettings, Invocation, InvokeError, Outcome};
use crate::supervisor::EnvironmentId;

/// All functions of the node, shared by its shards.
pub struct Functions {
    pub(super) settings: HostSettings,
    pub(super) node: Node,
    environments: AtomicU64,
    /// Results for calls of each shard, by its index.
    mail: RwLock<Vec<Arc<Mail>>>,
    known: Mutex<Known>,
}

/// One function of the node: what all shards have in common of it.
pub struct Function {
    pub(super) plan: Arc<FunctionPlan>,
    pub(super) demand: Demand<Job>,
    pub(super) counters: Arc<Counters>,
}

/// An invocation on its way to an environment.
pub(super) struct Job {
    pub(super) invocation: Invocation,
    /// Who wants the result; nobody does for an event.
    pub(super) reply: Option<Address>,
}

/// Names a call of the node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Address {
    pub(super) shard: usize,
    pub(super) key: Key,
}

/// Results for calls of one shard that other shards have.
#[derive(Default)]
pub(super) struct Mail(Mutex<Vec<(Key, Result<Outcome, InvokeError>)>>);

/// What has happened to a function since the gateway started, whatever became of its plans.
#[derive(Default)]
pub(super) struct Counters {
    pub(super) invocations: AtomicU64,
    pub(super) errors: AtomicU64,
    pub(super) timeouts: AtomicU64,
    pub(super) throttles: AtomicU64,
    pub(super) cold_starts: AtomicU64,
}

#[derive(Default)]
struct Known {
    /// By the address of the plan, which the function keeps alive.
    functions: HashMap<usize, Weak<Function>>,
    /// By the function's name.
    counters: HashMap<Box<str>, Arc<Counters>>,
}

impl Functions {
    /// Nothing is known yet.
    pub fn new(settings: HostSettings) -> Self {
        Self {
            node: Node::new(settings.environments_max),
            settings,
            environments: AtomicU64::new(0),
            mail: RwLock::default(),
            known: Mutex::default(),
        }
    }

    /// An id that no environment of this process had.
    pub fn next_environment(&self) -> EnvironmentId {
        EnvironmentId(self.environments.fetch_add(1, Relaxed) + 1)
    }

    /// How each function is doing, in the order of their names.
    pub fn stats(&self) -> Vec<FunctionStats> {
        let known = self.known();
        let mut all: Vec<FunctionStats> = known
            .counters
            .iter()
            .map(|(name, counters)| FunctionStats {
                name: name.clone(),
                environments: 0,
                starting: 0,
                idle: 0,
                waiting: 0,
                invocations: counters.invocations.load(Relaxed),
                errors: counters.errors.load(Relaxed),
                timeouts: counters.timeouts.load(Relaxed),
                throttles: counters.throttles.load(Relaxed),
                cold_starts: counters.cold_starts.load(Relaxed),
            })
            .collect();
        all.sort_by(|a, b| a.name.cmp(&b.name));
        for function in known.functions.values().filter_map(Weak::upgrade) {
            let Ok(at) = all.binary_search_by(|stats| stats.name.cmp(&function.plan.name)) else {
                continue;
            };
            let stats = &mut all[at];
            stats.environments += function.demand.running();
            stats.starting += function.demand.starting();
            stats.idle += function.demand.idle();
            stats.waiting += function.demand.waiting();
        }
        all
    }

    /// The function of a plan; the same for the same plan.
    pub(super) fn function(&self, plan: &Arc<FunctionPlan>) -> Arc<Function> {
        let mut known = self.known();
        let address = Arc::as_ptr(plan) as usize;
        if let Some(function) = known.functions.get(&address).and_then(Weak::upgrade) {
            return function;
        }
        known.functions.retain(|_, function| function.strong_count() > 0);
        let counters = known.counters.entry(plan.name.clone()).or_default().clone();
        let limit = plan.reserved_concurrency.unwrap_or(self.settings.concurrency_max);
        let function =
            Arc::new(Function { plan: plan.clone(), demand: Demand::new(limit), counters });
        known.functions.insert(address, Arc::downgrade(&function));
        function
    }

    /// The results for calls of `shard`.
    pub(super) fn mail(&self, shard: usize) -> Arc<Mail> {
        if let Some(mail) = self.mail.read().unwrap_or_else(PoisonError::into_inner).get(shard) {
            return mail.clone();
        }
        let mut all = self.mail.write().unwrap_or_else(PoisonError::into_inner);
        while all.len() <= shard {
            all.push(Arc::default());
        }
        all[shard].clone()
    }

    /// How many shards there are, as far as they have started.
    pub(super) fn shards(&self) -> usize {
        self.mail.read().unwrap_or_else(PoisonError::into_inner).len()
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        // Nothing that is done under the lock leaves the maps half changed.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Mail {
    pub(super) fn leave(&self, key: Key, result: Result<Outcome, InvokeError>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push((key, result));
    }

    pub(super) fn take(&self) -> Vec<(Key, Result<Outcome, InvokeError>)> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Counters {
    pub(super) fn add(counter: &AtomicU64) {
        counter.fetch_add(1, Relaxed);
    }
}
