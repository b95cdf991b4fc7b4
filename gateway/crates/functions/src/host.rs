//! A shard's environments, and invoking them.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use gateway_compile::FunctionPlan;
use gateway_rt::Moment;

use crate::supervisor::{EnvironmentId, Notice, OrderSender};

/// All functions of the node, shared by its shards.
pub struct Functions {}

/// One function of the node: what all shards have in common of it.
pub struct Function {}

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

/// One shard's end.
pub struct Host {}

/// A function on one shard. Dropping the last one of a plan ends its idle environments.
pub struct LocalFunction {}

impl Functions {
    /// Nothing is known yet.
    pub fn new(_settings: HostSettings) -> Self {
        Self {}
    }

    /// An id that no environment of this process had.
    pub fn next_environment(&self) -> EnvironmentId {
        EnvironmentId(0)
    }
}

impl Host {
    /// The end of shard `index`. `poke` lets another shard call [`Host::serve_waiting`].
    pub fn new(
        _index: usize,
        _functions: Arc<Functions>,
        _orders: OrderSender,
        _poke: Rc<dyn Fn(usize)>,
    ) -> Self {
        Self {}
    }

    /// The function of a plan on this shard; the same for the same plan.
    pub fn function(&self, _plan: &Arc<FunctionPlan>) -> Rc<LocalFunction> {
        Rc::new(LocalFunction {})
    }

    /// Takes what the supervisor says.
    pub fn notice(&self, _notice: Notice) {}

    /// Looks at what shards have in common: invocations that wait for an environment that is free here, results of
    /// invocations that another shard took over.
    pub fn serve_waiting(&self) {}

    /// What happens once a second: environments that nobody uses end.
    pub fn housekeep(&self, _now: Moment) {}

    /// Ends every environment, at the gateway's end.
    pub fn shut_down(&self) {}
}

impl LocalFunction {
    /// Invokes the function and waits for its result. Dropping the future lets the function go on.
    ///
    /// # Errors
    /// [`InvokeError`].
    pub async fn invoke(&self, _invocation: Invocation) -> Result<Outcome, InvokeError> {
        Err(InvokeError::Unavailable("no environment".to_owned()))
    }

    /// Invokes the function and does not wait (`X-Amz-Invocation-Type: Event`). Says whether it was taken on.
    ///
    /// # Errors
    /// [`InvokeError`].
    pub fn invoke_event(&self, _invocation: Invocation) -> Result<(), InvokeError> {
        Err(InvokeError::Unavailable("no environment".to_owned()))
    }
}
