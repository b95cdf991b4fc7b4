//! The way to the data plane.

use std::sync::Arc;

use gateway_model::{Definitions, Diagnostic};

use crate::ApiError;
use crate::question::{NotTried, Pending, Trial, Tried};

/// What was deployed does not compile: the data plane serves what it served before.
#[derive(Debug, Clone, PartialEq)]
pub struct Refused(pub Vec<Diagnostic>);

/// Gives the data plane what the control plane has deployed. Implemented by the process that has shards.
pub trait Publish: Send {
    /// Serves `deployed` beside what files define, from its return on.
    ///
    /// # Errors
    /// [`Refused`] with what is wrong.
    fn publish(&mut self, deployed: &Definitions) -> impl Future<Output = Result<(), Refused>>;

    /// What files define; the same object as long as they do not change.
    fn files(&self) -> Arc<Definitions>;

    /// Empties a stage's response cache.
    fn flush_cache(&mut self, api_id: &str, stage: &str);

    /// Empties a stage's cache of authorizers' decisions.
    fn flush_authorizers(&mut self, api_id: &str, stage: &str);

    /// Serves one request of an API that is not deployed.
    fn try_out(&mut self, trial: Trial) -> Pending<Result<Tried, NotTried>>;

    /// What API keys used of a plan, as GetUsage answers; `query` is that of GetUsage.
    fn usage(&mut self, plan_id: &str, query: &str) -> Pending<Result<String, ApiError>>;

    /// Lets so many requests remain of a key's quota in the period that runs.
    ///
    /// # Errors
    /// 404 for a key that is not in the plan, 400 for a plan without a quota.
    fn set_remaining(
        &mut self,
        plan_id: &str,
        key_id: &str,
        remaining: u64,
    ) -> Result<(), ApiError>;
}
