//! Whether a step held the service level, and by how much.

use hdrhistogram::Histogram;
use loadgen_report::micros;
use loadgen_report::threshold::{Metric, Threshold};

use crate::search::Judgement;
use crate::{StepFacts, TuneError, limits};

/// The service level if none is asked for.
pub(crate) const DEFAULT: [&str; 2] = ["p99<10ms", "errors<0.1%"];

/// The service level: those asked for, or the default.
pub(crate) fn service_level(asked: &[Threshold]) -> Result<Vec<Threshold>, TuneError> {
    if let Some(wrong) = asked.iter().find(|t| t.metric() == Metric::Throughput) {
        return Err(TuneError::Setting(format!(
            "{wrong}: the throughput is what tune looks for; give limits of latency and errors"
        )));
    }
    if !asked.is_empty() {
        return Ok(asked.to_vec());
    }
    let parsed: Result<Vec<_>, _> = DEFAULT.iter().map(|text| text.parse()).collect();
    parsed.map_err(|error| TuneError::Setting(format!("{error}")))
}

/// Judges a step by its service level; sets [`StepFacts::holds`] and [`StepFacts::broken`].
pub(crate) fn judge(slo: &[Threshold], facts: &mut StepFacts) -> Judgement {
    let share = facts.achieved_rps / facts.offered_rps.max(f64::MIN_POSITIVE);
    let mut broken = Vec::new();
    let mut is_close = false;
    for threshold in slo {
        let Some(value) = value(threshold, facts) else {
            broken.push(format!("{threshold}: nothing was measured"));
            continue;
        };
        let limit = threshold.limit();
        if !threshold.operator().holds(value, limit) {
            broken.push(format!("{threshold}: it is {}", show(threshold.metric(), value)));
        }
        let times = value / limit.max(f64::MIN_POSITIVE);
        is_close |= (1.0 / limits::CLOSE_FACTOR..limits::CLOSE_FACTOR).contains(&times);
    }
    if share < limits::ACHIEVED_MIN {
        broken.push(format!("{:.1} % of the rate were answered in time", share * 100.0));
    }
    facts.holds = broken.is_empty();
    facts.broken = broken.join("; ");
    match (facts.holds, is_close) {
        (true, false) => Judgement::Held,
        (true, true) => Judgement::HeldBarely,
        (false, _) if share < limits::HOPELESS_BELOW => Judgement::Hopeless,
        (false, _) => Judgement::Failed,
    }
}

/// The strictest limit of a latency, in microseconds.
pub(crate) fn latency_limit_us(slo: &[Threshold]) -> Option<f64> {
    let latencies = slo.iter().filter(|t| t.metric().is_latency());
    latencies.map(Threshold::limit).reduce(f64::min)
}

/// The highest percentile that the service level asks for; 99 if it asks for none.
pub(crate) fn percentile_max(slo: &[Threshold]) -> f64 {
    let percentiles = slo.iter().filter_map(|t| match t.metric() {
        Metric::Percentile(thousandths) => Some(f64::from(thousandths) / 1_000.0),
        _ => None,
    });
    percentiles.reduce(f64::max).unwrap_or(99.0)
}

/// In the unit of the threshold's limit.
fn value(threshold: &Threshold, facts: &StepFacts) -> Option<f64> {
    let (latency_us, requests, errors) = match threshold.request() {
        None => (&facts.latency_us, facts.requests, facts.errors),
        Some(name) => {
            let (_, latency_us, requests, errors) =
                facts.by_request.iter().find(|(n, ..)| n == name)?;
            (latency_us, *requests, *errors)
        }
    };
    let metric = threshold.metric();
    if requests == 0 || metric.is_latency() && latency_us.is_empty() {
        return None;
    }
    Some(match metric {
        Metric::Errors => 100.0 * errors as f64 / requests as f64,
        Metric::Throughput => facts.achieved_rps,
        latency => latency_value(latency, latency_us),
    })
}

fn latency_value(metric: Metric, latency_us: &Histogram<u64>) -> f64 {
    match metric {
        Metric::Percentile(thousandths) => {
            latency_us.value_at_quantile(f64::from(thousandths) / 100_000.0) as f64
        }
        Metric::Minimum => latency_us.min() as f64,
        Metric::Maximum => latency_us.max() as f64,
        Metric::Average | Metric::Errors | Metric::Throughput => latency_us.mean(),
    }
}

fn show(metric: Metric, value: f64) -> String {
    match metric {
        Metric::Errors => format!("{value:.2} %"),
        Metric::Throughput => format!("{value:.0}/s"),
        _ => micros(value.round() as u64),
    }
}

#[cfg(test)]
mod tests;
