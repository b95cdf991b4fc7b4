//! Functions that are invoked by whom is not an API: the control plane, for `Invoke`.

use std::rc::Rc;
use std::time::Duration;

use gateway_functions::{Invocation, InvokeError, Outcome};
use gateway_rt::Moment;

use crate::ids;
use crate::limits::DIRECT_INVOCATION_S_MAX;
use crate::shard::Shard;

/// Takes what became of an invocation, with its request id.
pub type DirectReply = Box<dyn FnOnce([u8; 36], Result<Outcome, NoOutcome>) + Send>;

/// One invocation.
pub struct Direct {
    /// Its key in [`gateway_compile::Snapshot::functions`].
    pub function: Box<str>,
    /// The event.
    pub payload: Vec<u8>,
    /// Nobody waits for its result: the reply says that it has begun.
    pub is_event: bool,
    /// Told once.
    pub reply: DirectReply,
}

/// Why an invocation has no outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoOutcome {
    /// No function of the name runs here.
    Unknown,
    /// As [`InvokeError`] says.
    Invoke(InvokeError),
}

/// Invokes a function and says what came of it.
pub(crate) async fn invoke(shard: Rc<Shard>, direct: Box<Direct>) {
    let Direct { function, payload, is_event, reply } = *direct;
    let request_id = ids::uuid(&shard.random);
    let serving = shard.serving();
    let Some(function) = serving.functions.get(&function) else {
        return reply(request_id, Err(NoOutcome::Unknown));
    };
    let mut trace_id = Vec::new();
    let unix_seconds = gateway_rt::clock::unix_ms() / 1_000;
    ids::trace_header(None, &shard.random, unix_seconds, &mut trace_id);
    // The function's own timeout is shorter; this is for one that waits for an environment.
    let deadline = Moment::now() + Duration::from_secs(DIRECT_INVOCATION_S_MAX);
    let invocation = Invocation { request_id, payload, trace_id, deadline };
    let result = match is_event {
        true => function
            .invoke_event(invocation)
            .map(|()| Outcome { payload: Vec::new(), is_error: false }),
        false => function.invoke(invocation).await,
    };
    reply(request_id, result.map_err(NoOutcome::Invoke));
}

impl std::fmt::Debug for Direct {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Direct").field("function", &self.function).finish_non_exhaustive()
    }
}
