//! What was measured against its limits.

use std::time::Duration;

use hdrhistogram::Histogram;

use super::{Metric, Threshold};
use crate::{Check, Verdict};

/// What a run measured, as far as thresholds look at it.
#[derive(Clone, Debug)]
pub struct Summary<'a> {
    /// From time zero to the last answer.
    pub took: Duration,
    /// All requests together.
    pub all: Measured<'a>,
    /// Each request by its name.
    pub by_request: Vec<(&'a str, Measured<'a>)>,
}

/// What was measured of one request, or of all.
#[derive(Clone, Copy, Debug)]
pub struct Measured<'a> {
    /// Latencies of answers, in microseconds.
    pub latency_us: &'a Histogram<u64>,
    /// Requests that were made, answered or not.
    pub requests: u64,
    /// Those without an answer, or with an unexpected status.
    pub errors: u64,
}

impl Threshold {
    /// Judges `summary` by each of `thresholds`, in their order.
    #[must_use]
    pub fn evaluate(thresholds: &[Self], summary: &Summary<'_>) -> Vec<Check> {
        thresholds.iter().map(|threshold| threshold.check(summary)).collect()
    }

    /// Judges `summary`. Where nothing was measured, nothing was kept: the check fails.
    #[must_use]
    pub fn check(&self, summary: &Summary<'_>) -> Check {
        let mut check = Check {
            id: format!("threshold/{self}"),
            promised: self.promise(),
            tolerance: self.tolerance(),
            took_ms: u64::try_from(summary.took.as_millis()).unwrap_or(u64::MAX),
            ..Check::default()
        };
        let measured = match &self.request {
            None => Some(&summary.all),
            Some(name) => {
                summary.by_request.iter().find(|(n, _)| n == name).map(|(_, measured)| measured)
            }
        };
        let Some(measured) = measured else {
            let names: Vec<&str> = summary.by_request.iter().map(|(name, _)| *name).collect();
            check.verdict = Verdict::Failed(format!(
                "no request has this name; there are {}",
                names.join(", ")
            ));
            return check;
        };
        check.offered =
            format!("{} requests in {:.1} s", measured.requests, summary.took.as_secs_f64());
        let Some(value) = self.measure(measured, summary.took) else {
            check.observed = "no answers".into();
            check.verdict = Verdict::Failed("nothing was measured".into());
            return check;
        };
        check.observed = format!("{} {}", self.metric, self.show(value));
        if !self.operator.holds(value, self.limit()) {
            check.verdict = Verdict::Failed(format!(
                "{} is {}, not {} {}{}",
                self.metric,
                self.show(value),
                self.operator,
                self.number,
                self.unit
            ));
        }
        check
    }

    /// The value in the unit of [`Self::limit`]; `None` without a sample.
    fn measure(&self, measured: &Measured<'_>, took: Duration) -> Option<f64> {
        let latency_us = measured.latency_us;
        if measured.requests == 0 || self.metric.is_latency() && latency_us.is_empty() {
            return None;
        }
        Some(match self.metric {
            Metric::Percentile(thousandths) => {
                latency_us.value_at_quantile(f64::from(thousandths) / 100_000.0) as f64
            }
            Metric::Average => latency_us.mean(),
            Metric::Minimum => latency_us.min() as f64,
            Metric::Maximum => latency_us.max() as f64,
            Metric::Errors => 100.0 * measured.errors as f64 / measured.requests as f64,
            Metric::Throughput => {
                let expected = measured.requests.saturating_sub(measured.errors);
                expected as f64 / took.as_secs_f64().max(1e-6)
            }
        })
    }

    fn show(&self, value: f64) -> String {
        match self.metric {
            Metric::Errors => percent(value),
            Metric::Throughput => format!("{value:.1}/s"),
            _ if value < 1e3 => format!("{value:.0} us"),
            _ if value < 1e6 => format!("{:.3} ms", value / 1e3),
            _ => format!("{:.3} s", value / 1e6),
        }
    }

    fn promise(&self) -> String {
        let of = self.request.as_deref().map(|name| format!(" for {name}")).unwrap_or_default();
        let unit = if self.metric == Metric::Throughput {
            "/s".to_string()
        } else {
            self.unit.to_string()
        };
        format!("{} {} {}{unit}{of}", self.metric, self.operator, self.number)
    }

    fn tolerance(&self) -> String {
        match self.metric {
            Metric::Errors | Metric::Throughput => "none: every request is counted".into(),
            _ => "none: as measured; the histogram keeps three digits, so a value may read up to 0.1 % high".into(),
        }
    }
}

/// A share with as many decimals as it needs to be told from nothing.
fn percent(value: f64) -> String {
    if value == 0.0 || value >= 0.01 { format!("{value:.2} %") } else { format!("{value:.5} %") }
}
