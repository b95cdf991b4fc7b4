//! Keep-alive connections to one endpoint.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use gateway_compile::Endpoint;
use gateway_rt::{Moment, Stream};
use gateway_telemetry::ShardMetrics;
use std::sync::Arc;

/// The connections of one shard to one endpoint.
pub struct Pool {
    endpoint: Endpoint,
    metrics: Arc<ShardMetrics>,
    /// The one used last is used next, so that the others can grow old and go.
    idle: RefCell<Vec<Idle>>,
    open: Cell<u32>,
    idle_max: usize,
}

struct Idle {
    stream: Stream,
    since: Moment,
}

/// A connection to an upstream, for one exchange. Dropping it closes it.
pub struct Upstream {
    /// Taken only by [`Upstream::give_back`], which consumes the value.
    stream: Option<Stream>,
    pool: Rc<Pool>,
    is_reused: bool,
}

impl Pool {
    pub(crate) fn new(endpoint: Endpoint, metrics: Arc<ShardMetrics>, idle_max: usize) -> Self {
        Self { endpoint, metrics, idle: RefCell::default(), open: Cell::new(0), idle_max }
    }

    /// Whom it connects to.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Connections there are, in use or not.
    pub fn open(&self) -> u32 {
        self.open.get()
    }

    /// Takes a connection that waits, if there is one.
    ///
    /// It is looked at first. What a server said unasked must not become the answer to the next
    /// request, and one that the server has closed serves nobody. The look is a system call; nothing
    /// cheaper tells the two from a connection that can be used.
    pub fn take_idle(self: &Rc<Self>) -> Option<Upstream> {
        loop {
            let Idle { stream, .. } = self.idle.borrow_mut().pop()?;
            self.metrics.upstream_idle.decrement();
            if !stream.is_quiet() {
                self.closed();
                continue;
            }
            self.metrics.upstream_reuses.increment();
            return Some(Upstream { stream: Some(stream), pool: self.clone(), is_reused: true });
        }
    }

    /// Counts a connection that is about to be made; `None` when there are too many.
    pub(crate) fn reserve(&self, connections_max: u32) -> Option<()> {
        let open = self.open.get();
        (open < connections_max).then(|| self.open.set(open + 1))
    }

    /// Wraps a connection that was reserved and made.
    pub(crate) fn connected(self: &Rc<Self>, stream: Stream) -> Upstream {
        self.metrics.upstream_connects.increment();
        Upstream { stream: Some(stream), pool: self.clone(), is_reused: false }
    }

    /// Counts a connection that is gone, or was reserved and not made.
    pub(crate) fn closed(&self) {
        self.open.set(self.open.get() - 1);
    }

    /// Closes the connections that nobody has used for `idle_max`.
    pub(crate) fn sweep(&self, now: Moment, idle_max: Duration) {
        let mut idle = self.idle.borrow_mut();
        let before = idle.len();
        idle.retain(|c| now.micros_since(c.since) < idle_max.as_micros() as u64);
        for _ in idle.len()..before {
            self.metrics.upstream_idle.decrement();
            self.closed();
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        for _ in self.idle.borrow().iter() {
            self.metrics.upstream_idle.decrement();
        }
    }
}

impl Upstream {
    /// The connection.
    pub fn stream(&self) -> &Stream {
        self.stream.as_ref().expect("only give_back takes it, and it consumes the value")
    }

    /// Whether it had served another exchange: it may be dead without a fault of the backend.
    pub fn is_reused(&self) -> bool {
        self.is_reused
    }

    /// Keeps the connection for another exchange. The caller knows that the response was whole,
    /// that nothing follows it, and that the server lets the connection live.
    pub fn give_back(mut self, now: Moment) {
        let Some(stream) = self.stream.take() else { return };
        stream.set_deadline(Moment::NEVER);
        if self.pool.idle.borrow().len() < self.pool.idle_max && !stream.has_expired() {
            self.pool.metrics.upstream_idle.increment();
            self.pool.idle.borrow_mut().push(Idle { stream, since: now });
        } else {
            self.pool.closed();
        }
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        if self.stream.take().is_some() {
            self.pool.closed();
        }
    }
}
