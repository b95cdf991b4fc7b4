//! From the control plane to functions: `Invoke`, on one of the shards.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use gateway_compile::FunctionPlan;
use gateway_control::{Invocation, Invoked, Invoking, NotInvoked};
use gateway_dataplane::Command;
use gateway_dataplane::lambda::{Direct, NoOutcome};
use gateway_functions::InvokeError;
use gateway_rt::Sender;
use gateway_store::LogStore;
use tokio::sync::oneshot;

/// Lines of a group among which those of one invocation are looked for. Ours.
const LOG_LINES_MAX: usize = 2_000;

/// Bytes of a log that are given back. Source: Lambda API Reference, Invoke, `LogResult`, "the last 4 KB".
const LOG_BYTES_MAX: usize = 4 * 1024;

/// Looks for the end of an invocation's log, and the pause between them. Ours: what a process prints comes over a pipe.
const LOG_LOOKS: u32 = 20;
const LOG_PAUSE: Duration = Duration::from_millis(25);

/// The way to functions. There is none before there are shards.
#[derive(Clone, Default)]
pub(crate) struct Invocations(Arc<OnceLock<Way>>);

struct Way {
    shard: Sender<Command>,
    logs: Arc<LogStore>,
}

impl Invocations {
    /// There are shards now; this is one of them.
    pub(crate) fn open(&self, shard: Sender<Command>, logs: Arc<LogStore>) {
        // There is one set of shards in a process.
        let _ = self.0.set(Way { shard, logs });
    }

    /// Invokes a function.
    pub(super) fn invoke(&self, invocation: Invocation) -> Invoking {
        let way = self.0.clone();
        Box::pin(async move { invoke(way.get(), invocation).await })
    }
}

async fn invoke(way: Option<&Way>, invocation: Invocation) -> Result<Invoked, NotInvoked> {
    let busy = || NotInvoked::Unavailable("the gateway is starting or stopping".to_owned());
    let way = way.ok_or_else(busy)?;
    let Invocation { function, version, payload, is_event, wants_log } = invocation;
    let (send, answer) = oneshot::channel();
    let reply = Box::new(move |id: [u8; 36], result| {
        // Who asked may have gone.
        let _ = send.send((id, result));
    });
    let key = FunctionPlan::key(&function, version.as_deref());
    let direct = Direct { function: key.into(), payload, is_event, reply };
    way.shard.try_send(Command::Invoke(Box::new(direct))).map_err(|_| busy())?;
    let (id, result) = answer.await.map_err(|_| busy())?;
    let outcome = result.map_err(|why| match why {
        NoOutcome::Unknown => NotInvoked::Unknown,
        NoOutcome::Invoke(InvokeError::Throttled) => NotInvoked::Throttled,
        NoOutcome::Invoke(InvokeError::Deadline) => NotInvoked::TimedOut,
        NoOutcome::Invoke(InvokeError::Unavailable(why)) => NotInvoked::Unavailable(why),
    })?;
    let log = match wants_log && !is_event {
        true => Some(log_of(&way.logs, &function, &String::from_utf8_lossy(&id)).await),
        false => None,
    };
    Ok(Invoked { payload: outcome.payload, is_error: outcome.is_error, log })
}

/// What an invocation wrote, from its first line to its report; the last of it.
async fn log_of(logs: &LogStore, function: &str, id: &str) -> Vec<u8> {
    let group = format!("/aws/lambda/{function}");
    let (start, report) = (format!("START RequestId: {id}"), format!("REPORT RequestId: {id}"));
    let mut text = String::new();
    for _ in 0..LOG_LOOKS {
        text.clear();
        let lines = logs.tail(&group, LOG_LINES_MAX).unwrap_or_default();
        let first = lines.iter().position(|line| line.text.starts_with(&start));
        let Some(first) = first else {
            tokio::time::sleep(LOG_PAUSE).await;
            continue;
        };
        let own = lines[first..].iter().filter(|line| line.stream == lines[first].stream);
        let mut is_whole = false;
        for line in own {
            text.push_str(&line.text);
            text.push('\n');
            if line.text.starts_with(&report) {
                is_whole = true;
                break;
            }
        }
        if is_whole {
            break;
        }
        tokio::time::sleep(LOG_PAUSE).await;
    }
    let bytes = text.into_bytes();
    let from = bytes.len().saturating_sub(LOG_BYTES_MAX);
    bytes[from..].to_vec()
}
