//! What one shard counts per stage, and per method where detailed metrics are on.

use std::time::Duration;

use crate::cell::{Counter, Gauge};
use crate::histogram::Histogram;
use crate::shard::StatusCounters;

/// The value of `method` and `route` in a series that covers a whole stage.
pub const WHOLE_STAGE: &str = "*";

/// Names one series. Every value comes from the configuration, never from a request.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StageLabels {
    /// The REST API's id.
    pub api_id: String,
    /// The REST API's name.
    pub api_name: String,
    /// The stage's name.
    pub stage: String,
    /// The method as configured (`GET`, `ANY`), or [`WHOLE_STAGE`].
    pub method: String,
    /// The resource's path template (`/pets/{id}`), or [`WHOLE_STAGE`].
    pub route: String,
}

impl StageLabels {
    /// The series of every request of a stage whose method has no series of its own.
    pub fn stage(
        api_id: impl Into<String>,
        api_name: impl Into<String>,
        stage: impl Into<String>,
    ) -> Self {
        Self {
            api_id: api_id.into(),
            api_name: api_name.into(),
            stage: stage.into(),
            method: WHOLE_STAGE.into(),
            route: WHOLE_STAGE.into(),
        }
    }

    /// The series of one method of this stage, for methods with `metricsEnabled`.
    pub fn method(&self, method: impl Into<String>, route: impl Into<String>) -> Self {
        Self { method: method.into(), route: route.into(), ..self.clone() }
    }
}

/// Which limit refused a request. A closed set, so that the label stays small.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ThrottleScope {
    /// A usage plan's rate for one method of one key.
    UsagePlanMethod,
    /// A usage plan's rate for one key.
    UsagePlan,
    /// The stage's rate for one method.
    Method,
    /// The account's rate.
    Account,
    /// A usage plan's quota.
    Quota,
}

impl ThrottleScope {
    /// Every scope, in the order of the checks.
    pub const ALL: [Self; 5] =
        [Self::UsagePlanMethod, Self::UsagePlan, Self::Method, Self::Account, Self::Quota];

    /// The value of the label `scope`.
    pub const fn label(self) -> &'static str {
        match self {
            Self::UsagePlanMethod => "usage_plan_method",
            Self::UsagePlan => "usage_plan",
            Self::Method => "method",
            Self::Account => "account",
            Self::Quota => "quota",
        }
    }
}

/// Refused requests by what refused them.
#[derive(Debug, Default)]
pub struct ThrottledCounters([Counter; ThrottleScope::ALL.len()]);

impl ThrottledCounters {
    /// Counts one refusal.
    #[inline]
    pub fn increment(&self, scope: ThrottleScope) {
        self.0[scope as usize].increment();
    }

    /// How many requests this scope refused.
    pub fn value(&self, scope: ThrottleScope) -> u64 {
        self.0[scope as usize].value()
    }
}

/// The counters of one series on one shard.
///
/// A request is recorded in exactly one series: its method's where that exists, else its stage's. So
/// a sum over all series of a stage is the stage's total.
#[derive(Debug, Default)]
#[repr(align(128))]
pub struct StageMetrics {
    /// Requests, by the class of the status that the client was sent.
    pub requests: StatusCounters,
    /// Requests refused by a throttle or quota.
    pub throttled: ThrottledCounters,
    /// Requests answered from the stage cache.
    pub cache_hits: Counter,
    /// Requests that asked the stage cache in vain.
    pub cache_misses: Counter,
    /// 1 where the stage has a cache. Written when a snapshot is prepared, by the control thread alone.
    pub has_cache: Gauge,
    /// From the request's head to the response's last byte.
    pub latency: Histogram,
    /// From the integration's call to the end of its answer. Only requests that called one.
    pub integration_latency: Histogram,
}

impl StageMetrics {
    /// Records one finished request.
    #[inline]
    pub fn record(&self, status: u16, latency: Duration, integration_latency: Option<Duration>) {
        self.requests.increment(status);
        self.latency.record(latency);
        if let Some(integration_latency) = integration_latency {
            self.integration_latency.record(integration_latency);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn request_without_integration_has_no_integration_latency() {
        let metrics = StageMetrics::default();
        metrics.record(403, Duration::from_millis(1), None);
        metrics.record(200, Duration::from_millis(9), Some(Duration::from_millis(8)));
        assert_eq!(metrics.requests.values(), [0, 1, 0, 1, 0]);
        assert_eq!(metrics.latency.snapshot().count(), 2);
        assert_eq!(metrics.integration_latency.snapshot().count(), 1);
    }

    #[test]
    fn a_refusal_counts_in_its_scope_only() {
        let throttled = ThrottledCounters::default();
        for (times, scope) in ThrottleScope::ALL.into_iter().enumerate() {
            (0..times).for_each(|_| throttled.increment(scope));
        }
        for (times, scope) in ThrottleScope::ALL.into_iter().enumerate() {
            assert_eq!(throttled.value(scope), times as u64, "{}", scope.label());
        }
    }

    #[test]
    fn method_series_keeps_the_stage_labels() {
        let stage = StageLabels::stage("a1b2c3", "pets", "prod");
        let method = stage.method("GET", "/pets/{id}");
        assert_eq!((stage.method.as_str(), stage.route.as_str()), (WHOLE_STAGE, WHOLE_STAGE));
        assert_eq!((method.api_id.as_str(), method.stage.as_str()), ("a1b2c3", "prod"));
        assert_eq!((method.method.as_str(), method.route.as_str()), ("GET", "/pets/{id}"));
    }
}
