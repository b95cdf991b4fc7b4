//! A shard's environments, and invoking them.
//!
//! # An invocation's way
//!
//! [`LocalFunction::invoke`] takes an idle environment of the shard. Without one the invocation waits in the queue
//! that the function has on the node: for an environment that is starting, for one that another shard has idle (that
//! shard is poked), or, where there may be no more of them, for one that becomes free. What becomes free takes the
//! invocation that has waited longest, whichever shard it came from; its result goes back through the caller's shard's
//! mail. An environment is started only when more invocations wait than environments are idle or starting on the
//! node, so a client that sends one request after the other always meets the same environment, as on Lambda.
//!
//! # The runtime API
//!
//! Each environment has a listening socket of its own ([`api`] reads what comes over it). Where Lambda's documentation
//! leaves things open we do as its emulator does:
//!
//! - `next` before the invocation was answered gets the same invocation again;
//! - `next` on a second connection takes the place of the first, which gets 403 `InvalidStateTransition`;
//! - an answer with another request id gets 400 `InvalidRequestID`, one to nothing 403 `InvalidStateTransition`;
//! - an answer over the limit gets 413, and the caller an error document `Function.ResponseSizeTooLarge`;
//! - the function's timeout runs from the moment at which the invocation is handed over until `next` is asked for
//!   again; it does not run while the environment starts, which has a limit of its own.
//!
//! A function that fails is not tried again, neither for a caller nor for an event ([`LocalFunction::invoke_event`]):
//! Lambda's two retries of asynchronous invocations belong to a queue that outlives the process, which this is not.
//! An environment that cannot start costs one waiting invocation its result, so nothing starts in a loop.
//!
//! Whoever can connect to loopback can speak to a runtime API, as anywhere outside Lambda: functions of one node
//! trust each other.

pub mod api;

mod calls;
mod connection;
mod documents;
mod environment;
mod errands;
mod function;
mod inner;
mod pool;
mod queue;
mod trailers;

use std::future::poll_fn;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use gateway_compile::FunctionPlan;
use gateway_rt::Moment;

pub use function::{Function, Functions};

use crate::supervisor::{Notice, OrderSender};
use calls::Key;
use inner::Inner;
use pool::Pool;

/// What the operator decides.
#[derive(Debug, Clone)]
pub struct HostSettings {
    /// Environments of a function without `ReservedConcurrentExecutions`.
    pub concurrency_max: u32,
    /// Environments of all functions together.
    pub environments_max: u32,
    /// How long an invocation may wait for a free environment when there may be no more of them; zero refuses at
    /// once, as Lambda does.
    pub wait_max: Duration,
    /// Invocations that wait, of one function.
    pub waiting_max: usize,
    /// An environment that nobody used for this long ends.
    pub idle_max: Duration,
    /// How long a runtime may take to ask for its first invocation.
    pub init_max: Duration,
}

/// One invocation.
#[derive(Debug)]
pub struct Invocation {
    /// `Lambda-Runtime-Aws-Request-Id`
    pub request_id: [u8; 36],
    /// The event.
    pub payload: Vec<u8>,
    /// `Lambda-Runtime-Trace-Id`
    pub trace_id: Vec<u8>,
    /// When the caller stops waiting; the function's own timeout is beside it.
    pub deadline: Moment,
}

/// What an invocation came to: what Lambda's `Invoke` would answer with status 200.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// The result, or the error document: `{"errorMessage":…,"errorType":…}`.
    pub payload: Vec<u8>,
    /// `X-Amz-Function-Error`: the function failed, crashed, or took longer than its timeout.
    pub is_error: bool,
}

/// Why there is no outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InvokeError {
    /// All environments are in use, and nothing became free in time: Lambda's `TooManyRequestsException`.
    Throttled,
    /// The caller's deadline passed. The function goes on.
    Deadline,
    /// No environment can be started; says why, for the operator.
    Unavailable(String),
}

/// How a function is doing. Counts are since the gateway started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionStats {
    /// Its name.
    pub name: Box<str>,
    /// Environments there are, starting ones included.
    pub environments: u32,
    /// Of these, those that are starting.
    pub starting: u32,
    /// Of these, those that nobody uses.
    pub idle: u32,
    /// Invocations that wait for an environment.
    pub waiting: usize,
    /// Invocations that were given to an environment.
    pub invocations: u64,
    /// Of these, those that failed, whatever the reason.
    pub errors: u64,
    /// Invocations and starts that took longer than they may.
    pub timeouts: u64,
    /// Invocations that found no environment.
    pub throttles: u64,
    /// Environments that were started.
    pub cold_starts: u64,
}

/// One shard's end.
pub struct Host {
    inner: Rc<Inner>,
}

/// A function on one shard. Dropping the last one of a plan ends its idle environments.
pub struct LocalFunction {
    pool: Rc<Pool>,
}

impl Host {
    /// The end of shard `index`. `poke` lets another shard call [`Host::serve_waiting`].
    pub fn new(
        index: usize,
        functions: Arc<Functions>,
        orders: OrderSender,
        poke: Rc<dyn Fn(usize)>,
    ) -> Self {
        Self { inner: Rc::new(Inner::new(index, functions, orders, poke)) }
    }

    /// The function of a plan on this shard; the same for the same plan.
    pub fn function(&self, plan: &Arc<FunctionPlan>) -> Rc<LocalFunction> {
        self.inner.function(plan)
    }

    /// Takes what the supervisor says.
    pub fn notice(&self, notice: Notice) {
        self.inner.notice(notice);
    }

    /// Looks at what shards have in common: invocations that wait for an environment that is free here, results of
    /// invocations that another shard took over.
    pub fn serve_waiting(&self) {
        self.inner.serve_waiting();
    }

    /// What happens once a second: environments that nobody uses end.
    pub fn housekeep(&self, now: Moment) {
        self.inner.housekeep(now);
    }

    /// Ends every environment, at the gateway's end. Whoever waits gets [`InvokeError::Unavailable`].
    pub fn shut_down(&self) {
        self.inner.shut_down();
    }
}

impl LocalFunction {
    /// Invokes the function and waits for its result. Dropping the future lets the function go on; what no
    /// environment has yet is not begun.
    ///
    /// # Errors
    /// [`InvokeError`].
    pub async fn invoke(&self, invocation: Invocation) -> Result<Outcome, InvokeError> {
        let Some(key) = self.pool.submit(invocation, true)? else {
            return Err(InvokeError::Deadline);
        };
        let waiting = Waiting { host: &self.pool.host, key };
        poll_fn(|cx| waiting.host.calls.borrow_mut().poll(key, cx)).await
    }

    /// Invokes the function and does not wait (`X-Amz-Invocation-Type: Event`). It waits for an environment for as
    /// long as it takes, and is not tried again when it fails.
    ///
    /// # Errors
    /// [`InvokeError::Throttled`] when too many wait already or the function may have no environment at all;
    /// [`InvokeError::Unavailable`] when the gateway is stopping.
    pub fn invoke_event(&self, invocation: Invocation) -> Result<(), InvokeError> {
        self.pool.submit(invocation, false).map(drop)
    }

    /// How the function is doing, on all shards.
    pub fn function(&self) -> &Arc<Function> {
        &self.pool.function
    }
}

impl Drop for LocalFunction {
    fn drop(&mut self) {
        self.pool.retire();
    }
}

/// Somebody who waits; forgotten when dropped.
struct Waiting<'h> {
    host: &'h Inner,
    key: Key,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.host.forget_call(self.key);
    }
}
