//! From the control plane to the shards, by way of the control loop, which is the one that publishes.

use std::sync::{Arc, Mutex, PoisonError};

use gateway_compile::{Snapshot, StagePlan};
use gateway_control::{Publish, Refused};
use gateway_model::{Definitions, Diagnostic, Place};
use tokio::sync::{mpsc, oneshot};

use crate::load::Loader;

/// Publishings that wait. Ours: the engine asks for one at a time.
const ORDERS_MAX: usize = 4;

/// The snapshot that serves.
#[derive(Clone, Default)]
pub(crate) struct Served(Arc<Mutex<Option<Arc<Snapshot>>>>);

impl Served {
    /// This one serves from now on.
    pub(crate) fn set(&self, snapshot: Arc<Snapshot>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(snapshot);
    }

    fn get(&self) -> Option<Arc<Snapshot>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Something to publish.
pub(crate) struct Order {
    /// All that the control plane has deployed.
    pub(crate) deployed: Definitions,
    /// Told when it serves, or why it does not.
    pub(crate) reply: oneshot::Sender<Result<(), Vec<Diagnostic>>>,
}

/// Where the control loop finds orders.
pub(crate) type Orders = mpsc::Receiver<Order>;

/// Asks the control loop.
pub(crate) struct Publisher {
    orders: mpsc::Sender<Order>,
    loader: Arc<Loader>,
    served: Served,
}

impl Publisher {
    pub(super) fn new(loader: Arc<Loader>, served: Served) -> (Self, Orders) {
        let (orders, receiver) = mpsc::channel(ORDERS_MAX);
        (Self { orders, loader, served }, receiver)
    }

    /// The plans of a stage, its canary's too.
    fn with_stage(&self, api_id: &str, stage: &str, work: impl Fn(&StagePlan)) {
        let Some(snapshot) = self.served.get() else { return };
        let is_it = |plan: &&Arc<StagePlan>| *plan.api_id == *api_id && *plan.stage == *stage;
        for plan in snapshot.stages.iter().filter(is_it) {
            work(plan);
            if let Some(canary) = &plan.canary {
                work(&canary.plan);
            }
        }
    }
}

impl Publish for Publisher {
    async fn publish(&mut self, deployed: &Definitions) -> Result<(), Refused> {
        let stopping = || {
            let place = Place::nowhere();
            Refused(vec![Diagnostic::error(&place, "the gateway is stopping")])
        };
        let (reply, answer) = oneshot::channel();
        let order = Order { deployed: deployed.clone(), reply };
        self.orders.send(order).await.map_err(|_| stopping())?;
        answer.await.map_err(|_| stopping())?.map_err(Refused)
    }

    fn files(&self) -> Arc<Definitions> {
        self.loader.files()
    }

    fn flush_cache(&mut self, api_id: &str, stage: &str) {
        self.with_stage(api_id, stage, |plan| {
            if let Some(cache) = &plan.cache {
                cache.cache.flush();
            }
        });
    }

    fn flush_authorizers(&mut self, api_id: &str, stage: &str) {
        self.with_stage(api_id, stage, |plan| {
            plan.authorizers.iter().for_each(|authorizer| authorizer.decisions.flush());
        });
    }
}
