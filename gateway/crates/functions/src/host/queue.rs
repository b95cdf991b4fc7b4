//! Who waits for an environment of a function, and how many environments there are and may be: pure bookkeeping.
//!
//! All shards share one [`Demand`] for each function. Three numbers say what there is to come for those who wait:
//! environments that are starting or have just answered, environments that are idle (each shard counts its own), and
//! what waits. While
//! more waits than is to come and there may be another environment, one is started.
//!
//! # No wake-up is lost
//!
//! An environment that becomes free is counted idle *first*, and *then* its shard looks at [`Demand::waiting`]. Who
//! has to wait is counted waiting *first*, and *then* looks at the idle counts. All four are sequentially consistent,
//! so of two that do this at once at least one sees the other: the shard takes the invocation, or is poked, which
//! makes it look again.
//!
//! A count may be too high for a moment: a shard counts an environment idle until the invocation that it took is in
//! its hands, and starting or settling until it is idle. Who trusted the count of idle ones has poked that shard, and the shard
//! of an environment that was starting looks itself; either look ends in [`Demand::wanted`], which starts what is
//! really missing. An environment that ends makes its shard look, too. So after the last change of any number, some
//! shard looks at all of them.

use std::collections::VecDeque;
use std::sync::atomic::Ordering::{Relaxed, SeqCst};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Environments of the node, over all functions.
#[derive(Debug)]
pub(crate) struct Node {
    count: AtomicU32,
    max: u32,
    /// Somebody could not have one.
    is_starved: AtomicBool,
}

/// One function's environments and those who wait for them.
pub(crate) struct Demand<J> {
    /// How many wait; written under the lock.
    waiting: AtomicUsize,
    /// Environments that were ordered and are not ready yet.
    starting: AtomicU32,
    /// Environments that have just answered, and are expected to ask for the next invocation at once. Without them a
    /// client's next request, which is often quicker, would start another environment.
    settling: AtomicU32,
    /// Environments started or starting; never above `limit`.
    running: AtomicU32,
    limit: u32,
    queue: Mutex<Queue<J>>,
}

struct Queue<J> {
    jobs: VecDeque<J>,
    desks: Vec<Desk>,
}

/// A shard's idle environments, counted for the others.
struct Desk {
    shard: usize,
    idle: Arc<AtomicU32>,
}

/// What is to be done for those who wait.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// So many environments are to be started; their places are taken.
    pub(crate) starts: u32,
    /// These shards have idle ones.
    pub(crate) pokes: Vec<usize>,
    /// The function may have more environments, but the node may not.
    pub(crate) is_starved: bool,
}

/// Where a job went that was [pushed](Demand::push).
#[derive(Debug)]
pub(crate) struct Pushed {
    /// There is an environment to come for it.
    pub(crate) is_covered: bool,
    pub(crate) wanted: Wanted,
}

impl Node {
    pub(crate) fn new(max: u32) -> Self {
        Self { count: AtomicU32::new(0), max, is_starved: AtomicBool::new(false) }
    }

    /// Takes a place for an environment.
    fn take(&self) -> bool {
        if take_below(&self.count, self.max) {
            return true;
        }
        self.is_starved.store(true, SeqCst);
        // One that was given back before the mark could be seen.
        take_below(&self.count, self.max)
    }

    /// Gives a place back; whether somebody may be waiting for it.
    fn give_back(&self) -> bool {
        self.count.fetch_sub(1, SeqCst);
        self.is_starved.swap(false, SeqCst)
    }

    /// Whether somebody cannot have an environment because there are too many.
    pub(crate) fn is_starved(&self) -> bool {
        self.is_starved.load(SeqCst) && self.count.load(SeqCst) >= self.max
    }
}

impl<J> Demand<J> {
    pub(crate) fn new(limit: u32) -> Self {
        Self {
            waiting: AtomicUsize::new(0),
            starting: AtomicU32::new(0),
            settling: AtomicU32::new(0),
            running: AtomicU32::new(0),
            limit,
            queue: Mutex::new(Queue { jobs: VecDeque::new(), desks: Vec::new() }),
        }
    }

    /// The count that `shard` keeps of its idle environments.
    pub(crate) fn desk(&self, shard: usize) -> Arc<AtomicU32> {
        let mut queue = self.lock();
        if let Some(desk) = queue.desks.iter().find(|desk| desk.shard == shard) {
            return desk.idle.clone();
        }
        let idle = Arc::new(AtomicU32::new(0));
        queue.desks.push(Desk { shard, idle: idle.clone() });
        idle
    }

    /// How many wait.
    #[inline]
    pub(crate) fn waiting(&self) -> usize {
        self.waiting.load(SeqCst)
    }

    pub(crate) fn starting(&self) -> u32 {
        self.starting.load(Relaxed)
    }

    pub(crate) fn running(&self) -> u32 {
        self.running.load(Relaxed)
    }

    /// Idle environments of all shards.
    pub(crate) fn idle(&self) -> u32 {
        self.lock().idle()
    }

    /// Lets `job` wait behind the others.
    ///
    /// # Errors
    /// The job, when as many wait as may, or when no environment is to come for it and it must not wait for one
    /// that is in use.
    pub(crate) fn push(
        &self,
        job: J,
        waiting_max: usize,
        may_wait: bool,
        node: &Node,
    ) -> Result<Pushed, J> {
        if self.limit == 0 {
            return Err(job);
        }
        let mut queue = self.lock();
        if queue.jobs.len() >= waiting_max {
            return Err(job);
        }
        queue.jobs.push_back(job);
        self.note_len(&queue);
        let wanted = self.plan(&queue, node);
        let is_covered = queue.jobs.len() as u64 <= self.to_come(&queue);
        if !is_covered && !may_wait && wanted.starts == 0 && !wanted.is_starved {
            let job = queue.jobs.pop_back();
            self.note_len(&queue);
            return match job {
                Some(job) => Err(job),
                None => Ok(Pushed { is_covered, wanted }),
            };
        }
        Ok(Pushed { is_covered, wanted })
    }

    /// The one who has waited longest.
    pub(crate) fn take(&self) -> Option<J> {
        let mut queue = self.lock();
        let job = queue.jobs.pop_front();
        self.note_len(&queue);
        job
    }

    /// Takes out one who gives up.
    pub(crate) fn remove(&self, is_it: impl Fn(&J) -> bool) -> Option<J> {
        if self.waiting() == 0 {
            return None;
        }
        let mut queue = self.lock();
        let at = queue.jobs.iter().position(is_it)?;
        let job = queue.jobs.remove(at);
        self.note_len(&queue);
        job
    }

    /// What those who wait need beyond what is to come.
    pub(crate) fn wanted(&self, node: &Node) -> Wanted {
        let queue = self.lock();
        self.plan(&queue, node)
    }

    /// An environment that was starting is ready, or will never be.
    pub(crate) fn started(&self) {
        self.starting.fetch_sub(1, SeqCst);
    }

    /// An environment has answered.
    pub(crate) fn answered(&self) {
        self.settling.fetch_add(1, SeqCst);
    }

    /// An environment that had answered is idle, or takes its time, or is no more.
    pub(crate) fn settled(&self) {
        self.settling.fetch_sub(1, SeqCst);
    }

    /// An environment has ended. Whether another function may be waiting for its place.
    pub(crate) fn ended(&self, node: &Node) -> bool {
        self.running.fetch_sub(1, SeqCst);
        node.give_back()
    }

    fn plan(&self, queue: &Queue<J>, node: &Node) -> Wanted {
        let mut wanted = Wanted::default();
        let idle = queue.desks.iter().filter(|desk| desk.idle.load(SeqCst) > 0);
        wanted.pokes.extend(idle.take(queue.jobs.len()).map(|desk| desk.shard));
        while queue.jobs.len() as u64 > self.to_come(queue) {
            if !take_below(&self.running, self.limit) {
                break;
            }
            if !node.take() {
                self.running.fetch_sub(1, SeqCst);
                wanted.is_starved = true;
                break;
            }
            self.starting.fetch_add(1, SeqCst);
            wanted.starts += 1;
        }
        wanted
    }

    /// Environments that will look at the queue without being asked to, or were asked.
    fn to_come(&self, queue: &Queue<J>) -> u64 {
        let coming = self.starting.load(SeqCst) + self.settling.load(SeqCst);
        u64::from(coming) + u64::from(queue.idle())
    }

    fn note_len(&self, queue: &Queue<J>) {
        self.waiting.store(queue.jobs.len(), SeqCst);
    }

    fn lock(&self) -> MutexGuard<'_, Queue<J>> {
        // A panic while the lock was held leaves a queue that is still whole.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<J> Queue<J> {
    fn idle(&self) -> u32 {
        self.desks.iter().map(|desk| desk.idle.load(SeqCst)).sum()
    }
}

/// Counts one more, unless there are `max`.
fn take_below(count: &AtomicU32, max: u32) -> bool {
    count.fetch_update(SeqCst, SeqCst, |count| (count < max).then_some(count + 1)).is_ok()
}

#[cfg(test)]
mod tests;
