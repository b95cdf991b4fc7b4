//! From the control plane to the shards, by way of the control loop, which is the one that publishes.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use gateway_compile::{Snapshot, StagePlan};
use gateway_control::{ApiError, NotTried, Pending, Publish, Refused, Trial, Tried};
use gateway_model::{Definitions, Diagnostic, Place};
use tokio::sync::{mpsc, oneshot};

use super::trials;
use crate::load::Loader;
use crate::ops::{self, Ops};
use crate::shards::Trier;

/// Publishings that wait. Ours: the engine asks for one at a time.
const ORDERS_MAX: usize = 4;

/// The snapshot that serves, and who else knows what the control plane asks for.
#[derive(Clone, Default)]
pub(crate) struct Served {
    snapshot: Arc<Mutex<Option<Arc<Snapshot>>>>,
    helpers: Arc<OnceLock<Helpers>>,
}

/// Who tries requests, and who knows usage.
struct Helpers {
    trier: Trier,
    ops: Arc<Ops>,
}

impl Served {
    /// This one serves from now on.
    pub(crate) fn set(&self, snapshot: Arc<Snapshot>) {
        *self.snapshot.lock().unwrap_or_else(PoisonError::into_inner) = Some(snapshot);
    }

    fn get(&self) -> Option<Arc<Snapshot>> {
        self.snapshot.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Who is asked from now on; the first ones given stay.
    pub(crate) fn asks(&self, trier: Trier, ops: Arc<Ops>) {
        self.helpers.set(Helpers { trier, ops }).ok();
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

    fn try_out(&mut self, trial: Trial) -> Pending<Result<Tried, NotTried>> {
        let trier = self.served.helpers.get().map(|helpers| helpers.trier.clone());
        Box::pin(trials::carry_out(self.loader.clone(), self.served.get(), trier, trial))
    }

    fn usage(&mut self, plan_id: &str, query: &str) -> Pending<Result<String, ApiError>> {
        let ops = self.served.helpers.get().map(|helpers| helpers.ops.clone());
        let (plan_id, query) = (plan_id.to_owned(), query.to_owned());
        Box::pin(async move {
            let ops = ops.ok_or_else(starting)?;
            let reported =
                tokio::task::spawn_blocking(move || ops::usage::report_of(&ops, &plan_id, &query));
            reported.await.map_err(|_| starting())?
        })
    }

    fn set_remaining(
        &mut self,
        plan_id: &str,
        key_id: &str,
        remaining: u64,
    ) -> Result<(), ApiError> {
        let snapshot = self.served.get().ok_or_else(starting)?;
        let usage = &snapshot.usage;
        let (_, plan) = usage
            .plan(plan_id)
            .ok_or_else(|| ApiError::not_found("Invalid Usage Plan ID specified"))?;
        let (index, _, _) = usage
            .member(plan_id, key_id)
            .ok_or_else(|| ApiError::not_found("Invalid Key identifier specified"))?;
        let quota = plan.quota.as_ref().ok_or_else(|| {
            ApiError::bad_request(format!(
                "Usage Plan {plan_id} has no quota of which anything remains"
            ))
        })?;
        let (_, _, member) = usage.membership(index).ok_or_else(starting)?;
        member.usage.set_remaining(quota, gateway_rt::clock::unix_ms() / 1_000, remaining);
        usage.dirty.mark(index);
        Ok(())
    }
}

fn starting() -> ApiError {
    ApiError::new(503, "ServiceUnavailableException", "The gateway is starting or stopping")
}
