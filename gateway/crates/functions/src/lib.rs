//! Lambda functions on this machine.
//!
//! Two halves, which talk in [`Order`]s and [`Notice`]s and share nothing else but the node's count of
//! environments ([`Function`]):
//!
//! | half | runs on | does |
//! | --- | --- | --- |
//! | [`host`] | each shard | pools of environments, the runtime API that they speak, waiting for a free one |
//! | [`supervisor`] | a thread of its own | code on disk, processes, their limits, their output, their end |
//!
//! An environment belongs to the shard that asked for it: its runtime API has a listening socket of its own, on
//! loopback, served by that shard, so that an invocation adds no hop. What no environment of the shard can
//! take waits in the function's queue, from which any shard whose environment becomes free takes.
#![forbid(unsafe_code)]

pub mod code;
pub mod host;
pub mod launcher;
pub mod limits;
pub mod runtimes;
pub mod supervisor;

pub use code::missing_entry;
pub use host::{
    Function, FunctionStats, Functions, Host, HostSettings, Invocation, InvokeError, LocalFunction,
    Outcome,
};
pub use launcher::Containment;
pub use runtimes::{MissingInterpreter, interpreter};
pub use supervisor::{
    Closed, EnvironmentId, Exit, LogLine, LogSink, Notice, NoticeKind, Notify, Order,
    OrderReceiver, OrderSender, PlatformEvent, Supervisor, SupervisorSettings, orders,
};
