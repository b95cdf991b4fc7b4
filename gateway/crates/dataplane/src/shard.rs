//! What a shard has, and the commands it takes from the control thread.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use gateway_auth::sigv4::{Credentials, SigningKeys};
use gateway_cache::Level1;
use gateway_compile::FunctionTarget;
use gateway_compile::{GatewayResponses, Snapshot, StageIndex, StagePlan};
use gateway_functions::{Host, LocalFunction, Notice};
use gateway_integration::{Answer, Pool, Upstreams};
use gateway_rt::{Gate, Moment, Sender};
use gateway_telemetry::{ShardLog, ShardMetrics};
use gateway_throttle::Leases;

use crate::bell::Bell;
use crate::date::Date;
use crate::explain;
use crate::flights::Flights;
use crate::ids::Random;
use crate::lambda;
use crate::limits::EXCHANGES_FREE_MAX;
use crate::request::Exchange;
use crate::series::{MethodSeries, StageSeries};
use crate::trial::Trial;

/// Bounds on connections and messages of one shard.
#[derive(Clone, Debug)]
pub struct Settings {
    /// First byte of a request to the end of its head.
    pub client_header: Duration,
    /// Between two pieces of a request body.
    pub client_body: Duration,
    /// A client connection without a request.
    pub keep_alive: Duration,
    /// A client that does not take its response: without progress for this long.
    pub send: Duration,
    /// Client connections at once; more are closed when they are accepted.
    pub connections_max: usize,
    /// Request bodies, in bytes.
    pub payload_bytes_max: u64,
    /// Response bodies where a mapping needs them whole, in bytes.
    pub response_bytes_max: usize,
    /// Whether responses carry `RateLimit-*`, and refusals `Retry-After`.
    pub rate_limit_headers: bool,
    /// Signs calls of AWS services and of functions that run elsewhere; `None` does not sign them, and does not call AWS.
    pub aws_credentials: Option<Credentials>,
}

/// A command from the control thread.
pub enum Command {
    /// Gets a snapshot ready beside the one that serves.
    Prepare {
        /// The snapshot.
        snapshot: Arc<Snapshot>,
        /// This shard's counters, one for each stage of the snapshot, in its order.
        metrics: Vec<StageSeries>,
    },
    /// Serves the prepared snapshot of that generation from now on.
    Commit {
        /// [`Snapshot::generation`].
        generation: u64,
    },
    /// Forgets what was prepared.
    Abort,
    /// Accepts no more connections, finishes what is in flight, and ends.
    Drain {
        /// How long that may take.
        timeout: Duration,
    },
    /// An answer of the resolver.
    Resolved(Answer),
    /// A call that requests of this shard wait for has ended, on another shard.
    Landed {
        /// The flight's id.
        flight: u64,
    },
    /// What the supervisor says of an environment of this shard.
    Function(Notice),
    /// Invocations of other shards wait for an environment that is free here.
    ServeWaiting,
    /// Serves one request that an operator tries, beside what is served.
    Try(Box<Trial>),
    /// Invokes a function, for whom it is not an API that asks.
    Invoke(Box<lambda::Direct>),
    /// Says what would become of a request, which is not served.
    Explain {
        /// The request's head as it would come.
        head: Vec<u8>,
        /// Takes the answer.
        reply: explain::Reply,
    },
}

/// What a shard tells the control thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// The shard takes commands. It accepts connections from the first snapshot on.
    Listening,
    /// The snapshot of that generation can be committed.
    Prepared(u64),
    /// The snapshot of that generation serves.
    Committed(u64),
    /// The shard has ended; so many connections had to be cut.
    Drained(usize),
}

/// Tells the control thread; never blocks.
pub type Report = Arc<dyn Fn(usize, Event) + Send + Sync>;

/// What a shard is made of.
pub struct ShardParts {
    /// Counts from 0.
    pub index: usize,
    /// Bounds.
    pub settings: Settings,
    /// Its counters.
    pub metrics: Arc<ShardMetrics>,
    /// Its end of the access log.
    pub log: ShardLog,
    /// Its connections to backends.
    pub upstreams: Upstreams,
    /// Its functions.
    pub functions: Host,
    /// Where its events go.
    pub report: Report,
    /// The mailboxes of all shards, by index.
    pub peers: Arc<[Sender<Command>]>,
    /// The value of `X-Gateway-Explain` that is answered; `None` answers nobody.
    pub explain_secret: Option<Arc<[u8]>>,
}

/// One shard's state. It lives on its thread and is shared by its connections.
pub struct Shard {
    pub(crate) index: usize,
    pub(crate) settings: Settings,
    pub(crate) metrics: Arc<ShardMetrics>,
    pub(crate) upstreams: Upstreams,
    pub(crate) functions: Host,
    /// For [`Settings::aws_credentials`].
    pub(crate) signing_keys: RefCell<SigningKeys>,
    pub(crate) gate: Gate,
    pub(crate) random: Random,
    pub(crate) date: Date,
    pub(crate) log: RefCell<ShardLog>,
    pub(crate) report: Report,
    /// For requests that reach no stage.
    pub(crate) built_in: GatewayResponses,
    /// This shard's tokens of the node's buckets.
    pub(crate) leases: RefCell<Leases>,
    /// Rings when there is a lease that may have to go back.
    pub(crate) lease_bell: Bell,
    /// This shard's first level of all stage caches.
    pub(crate) level1: RefCell<Level1>,
    pub(crate) flights: Flights,
    /// The mailboxes of all shards, by index.
    pub(crate) peers: Arc<[Sender<Command>]>,
    pub(crate) explain_secret: Option<Arc<[u8]>>,
    serving: RefCell<Rc<Serving>>,
    prepared: RefCell<Option<Rc<Serving>>>,
    #[expect(
        clippy::vec_box,
        reason = "the box moves to a connection and back, its content stays"
    )]
    exchanges: RefCell<Vec<Box<Exchange>>>,
}

/// A snapshot with what this shard keeps for it.
pub(crate) struct Serving {
    pub(crate) snapshot: Arc<Snapshot>,
    pub(crate) stages: Vec<Rc<ShardStage>>,
    /// All functions that run here, by name.
    pub(crate) functions: HashMap<Box<str>, Rc<LocalFunction>>,
}

/// A stage with what this shard keeps for it.
pub(crate) struct ShardStage {
    pub(crate) plan: Arc<StagePlan>,
    /// Indexed like [`StagePlan::endpoints`].
    pub(crate) pools: Vec<Rc<Pool>>,
    /// Indexed like [`StagePlan::functions`]; `None` for those that do not run here.
    pub(crate) functions: Vec<Option<Rc<LocalFunction>>>,
    pub(crate) series: MethodSeries,
    pub(crate) canary: Option<Rc<ShardStage>>,
}

impl ShardStage {
    /// The stage, or its canary for the share of requests that the canary is to have.
    #[inline]
    pub(crate) fn drawn(self: &Rc<Self>) -> &Rc<Self> {
        match (&self.canary, &self.plan.canary) {
            (Some(canary), Some(plan)) if plan.split.draw() => canary,
            _ => self,
        }
    }
}

impl Serving {
    pub(crate) fn stage(&self, index: StageIndex) -> &Rc<ShardStage> {
        &self.stages[index.0 as usize]
    }
}

impl Shard {
    /// A shard that serves nothing yet.
    pub fn new(parts: ShardParts) -> Self {
        let snapshot = Arc::new(Snapshot::empty());
        let serving = Serving { snapshot, stages: Vec::new(), functions: HashMap::new() };
        Self {
            index: parts.index,
            settings: parts.settings,
            metrics: parts.metrics,
            upstreams: parts.upstreams,
            functions: parts.functions,
            signing_keys: RefCell::default(),
            gate: Gate::default(),
            random: Random::new(),
            date: Date::new(),
            log: RefCell::new(parts.log),
            report: parts.report,
            built_in: GatewayResponses::built_in(),
            leases: RefCell::new(Leases::new(parts.peers.len())),
            lease_bell: Bell::default(),
            level1: RefCell::new(Level1::new()),
            flights: Flights::default(),
            peers: parts.peers,
            explain_secret: parts.explain_secret,
            serving: RefCell::new(Rc::new(serving)),
            prepared: RefCell::default(),
            exchanges: RefCell::default(),
        }
    }

    /// The snapshot that serves. A request keeps the one it started with.
    pub(crate) fn serving(&self) -> Rc<Serving> {
        self.serving.borrow().clone()
    }

    /// Gets a snapshot ready. A stage whose plan did not change keeps its connections and so does
    /// an endpoint that several stages name.
    pub(crate) fn prepare(&self, snapshot: Arc<Snapshot>, metrics: Vec<StageSeries>) {
        let stages = self.stages(&snapshot, metrics);
        let functions = snapshot.functions.iter();
        let functions =
            functions.map(|(name, plan)| (name.clone(), self.functions.function(plan))).collect();
        let generation = snapshot.generation;
        *self.prepared.borrow_mut() = Some(Rc::new(Serving { snapshot, stages, functions }));
        (self.report)(self.index, Event::Prepared(generation));
    }

    /// The stages of a snapshot with what this shard keeps for them.
    pub(crate) fn stages(
        &self,
        snapshot: &Snapshot,
        metrics: Vec<StageSeries>,
    ) -> Vec<Rc<ShardStage>> {
        let pools = |plan: &StagePlan| {
            plan.endpoints.iter().map(|endpoint| self.upstreams.pool(endpoint)).collect()
        };
        let functions = |plan: &StagePlan| {
            let local = |target: &FunctionTarget| match target {
                FunctionTarget::Local(function) => Some(self.functions.function(function)),
                FunctionTarget::Remote(_) | FunctionTarget::Missing => None,
            };
            plan.functions.iter().map(local).collect()
        };
        let stages = snapshot.stages.iter().zip(metrics).map(|(plan, metrics)| {
            let canary = plan.canary.as_ref().map(|canary| {
                let (plan, series) = (canary.plan.clone(), metrics.canary);
                let (pools, functions) = (pools(&plan), functions(&plan));
                Rc::new(ShardStage { pools, functions, plan, series, canary: None })
            });
            let (pools, functions) = (pools(plan), functions(plan));
            let (plan, series) = (plan.clone(), metrics.stage);
            Rc::new(ShardStage { plan, pools, functions, series, canary })
        });
        stages.collect()
    }

    /// Serves what was prepared, if it is that generation.
    pub(crate) fn commit(&self, generation: u64) {
        let prepared = self.prepared.borrow_mut().take();
        if let Some(serving) = prepared.filter(|s| s.snapshot.generation == generation) {
            *self.serving.borrow_mut() = serving;
            (self.report)(self.index, Event::Committed(generation));
        }
    }

    /// Forgets what was prepared.
    pub(crate) fn abort(&self) {
        self.prepared.borrow_mut().take();
    }

    /// What happens once a second: old upstream connections go, gauges follow, log lines leave.
    pub(crate) fn housekeep(&self, now: Moment) {
        self.upstreams.sweep(now);
        self.functions.housekeep(now);
        let buffers = gateway_rt::buf::pool_stats();
        self.metrics.buffers_in_use.set(buffers.in_use as u64);
        self.metrics.buffers_pooled.set(buffers.free as u64);
    }

    /// Memory for the exchanges of a connection that woke up.
    pub(crate) fn take_exchange(&self) -> Box<Exchange> {
        self.exchanges.borrow_mut().pop().unwrap_or_default()
    }

    /// Keeps that memory for another connection.
    pub(crate) fn give_back(&self, mut exchange: Box<Exchange>) {
        let mut free = self.exchanges.borrow_mut();
        if free.len() < EXCHANGES_FREE_MAX {
            exchange.shrink();
            free.push(exchange);
        }
    }
}
