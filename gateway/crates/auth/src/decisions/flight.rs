//! One call of an authorizer for all requests that wait for what it says.

use std::sync::{Arc, OnceLock};

use gateway_cache::Waiters;

use super::cache::DecisionCache;
use super::{Decision, Refused};

/// A call of an authorizer that other requests may wait for.
#[derive(Debug)]
pub struct Flight {
    id: u64,
    hash: u64,
    key: Box<[u8]>,
    landing: OnceLock<Landing>,
}

/// How a flight ended, for those who wait for it.
#[derive(Debug, Clone)]
pub enum Landing {
    /// The authorizer's decision. It counts for those who wait even if it is not kept.
    Decided(Arc<Decision>),
    /// There is none. Not kept; those who wait get the answer that the call's own request gets.
    Refused(Refused),
    /// Whose call it was is gone: look up again, and one of those who do makes the next call.
    LookAgain,
}

impl Flight {
    pub(super) fn new(id: u64, hash: u64, key: &[u8]) -> Arc<Self> {
        Arc::new(Self { id, hash, key: key.into(), landing: OnceLock::new() })
    }

    /// Number of the flight; no other one of any authorizer has it.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.id
    }

    /// How it ended; `None` while the call goes on.
    #[must_use]
    pub fn landing(&self) -> Option<&Landing> {
        self.landing.get()
    }

    /// Whether it has ended.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.landing.get().is_some()
    }

    pub(super) fn hash(&self) -> u64 {
        self.hash
    }

    pub(super) fn key(&self) -> &[u8] {
        &self.key
    }

    pub(super) fn land(&self, landing: Landing) {
        let is_first = self.landing.set(landing).is_ok();
        debug_assert!(is_first, "a flight ends once");
    }
}

/// The task to call the authorizer for a key.
///
/// It ends with [`Lead::land`] or [`Lead::abandon`], which say whom to wake. Dropping it abandons it as
/// well, but then nobody is told: who may be cancelled holds it in a guard that abandons and wakes.
#[derive(Debug)]
#[must_use = "others may wait for it"]
pub struct Lead {
    cache: Arc<DecisionCache>,
    flight: Arc<Flight>,
    is_done: bool,
}

impl Lead {
    pub(super) fn new(cache: Arc<DecisionCache>, flight: Arc<Flight>) -> Self {
        Self { cache, flight, is_done: false }
    }

    /// Ends the call with what came of it, for all who wait. A decision is kept for `ttl_us` from `now_us`
    /// on, unless the cache was flushed meanwhile.
    pub fn land(
        mut self,
        outcome: Result<Arc<Decision>, Refused>,
        ttl_us: u64,
        now_us: u64,
    ) -> Waiters {
        self.is_done = true;
        self.cache.finish(&self.flight, outcome, now_us.saturating_add(ttl_us), now_us)
    }

    /// Ends the call without an outcome: one of those who wait makes it anew.
    pub fn abandon(mut self) -> Waiters {
        self.is_done = true;
        self.cache.abandon(&self.flight)
    }
}

impl Drop for Lead {
    fn drop(&mut self) {
        if !self.is_done {
            let _told_nobody = self.cache.abandon(&self.flight);
        }
    }
}
