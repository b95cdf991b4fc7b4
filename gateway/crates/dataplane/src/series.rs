//! Where a shard counts the requests of a stage: in the stage's series, or in that of a method with metrics of its own.

use std::sync::Arc;

use gateway_compile::{MethodIndex, StagePlan};
use gateway_telemetry::{StageLabels, StageMetrics};

/// The series of one plan on one shard.
#[derive(Clone, Debug, Default)]
pub struct MethodSeries {
    /// Of requests that reach no method, or one without a series of its own.
    whole: Arc<StageMetrics>,
    /// Of each method, by its place in the plan; `None` where no method has a series of its own.
    methods: Option<Box<[Arc<StageMetrics>]>>,
}

impl MethodSeries {
    /// Where a request on this method of the plan is counted.
    #[inline]
    pub(crate) fn of(&self, method: Option<MethodIndex>) -> &StageMetrics {
        match (&self.methods, method) {
            (Some(methods), Some(MethodIndex(at))) => {
                methods.get(at as usize).unwrap_or(&self.whole)
            }
            _ => &self.whole,
        }
    }
}

/// The series of a stage and of its canary on one shard. Canary requests count in the series of the stage.
#[derive(Clone, Debug, Default)]
pub struct StageSeries {
    /// Of the stage's own plan.
    pub(crate) stage: MethodSeries,
    /// Of its canary's plan, which may have other methods.
    pub(crate) canary: MethodSeries,
}

impl StageSeries {
    /// The series of a stage, each as `find` has it.
    pub fn of(stage: &StagePlan, find: impl Fn(&StageLabels) -> Arc<StageMetrics>) -> Self {
        let labels = StageLabels::stage(&*stage.api_id, &*stage.api_name, &*stage.stage);
        let series = |plan: &StagePlan| {
            let find = |labels: &StageLabels| {
                let found = find(labels);
                found.has_cache.set(stage.cache.is_some().into());
                found
            };
            let whole = find(&labels);
            let has_methods = plan.methods.iter().any(|method| method.has_metrics);
            let methods = has_methods.then(|| {
                let methods = plan.methods.iter().map(|method| match method.has_metrics {
                    true => {
                        find(&labels.method(method.http_method.as_str(), &*method.resource_path))
                    }
                    false => whole.clone(),
                });
                methods.collect()
            });
            MethodSeries { whole, methods }
        };
        let own = series(stage);
        let canary = stage.canary.as_ref().map(|canary| series(&canary.plan));
        Self { canary: canary.unwrap_or_default(), stage: own }
    }
}
