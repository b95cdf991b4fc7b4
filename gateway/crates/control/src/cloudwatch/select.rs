//! A metric, and what was counted of it by periods.

use std::collections::BTreeMap;

use super::input::Members;
use super::{invalid, missing};
use crate::ApiError;
use crate::metrics::Metrics;
use crate::metrics::series::{ApiCounts, ApiSeries, Counts, PutSeries, Series};
use crate::metrics::values::{Values, key_of};

/// The namespace of what is served.
pub(super) const API_GATEWAY: &str = "AWS/ApiGateway";

/// Characters of a dimension's value. Source: API Gateway Developer Guide, "Amazon API Gateway dimensions and metrics".
const DIMENSION_CHARS_MAX: usize = 255;

/// One metric of the gateway. Source: API Gateway Developer Guide, "Amazon API Gateway dimensions and metrics".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ApiMetric {
    ClientErrors,
    ServerErrors,
    CacheHits,
    CacheMisses,
    Count,
    IntegrationLatency,
    Latency,
}

impl ApiMetric {
    /// All of them, by name.
    pub(super) const ALL: [Self; 7] = [
        Self::ClientErrors,
        Self::ServerErrors,
        Self::CacheHits,
        Self::CacheMisses,
        Self::Count,
        Self::IntegrationLatency,
        Self::Latency,
    ];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::ClientErrors => "4XXError",
            Self::ServerErrors => "5XXError",
            Self::CacheHits => "CacheHitCount",
            Self::CacheMisses => "CacheMissCount",
            Self::Count => "Count",
            Self::IntegrationLatency => "IntegrationLatency",
            Self::Latency => "Latency",
        }
    }

    fn unit(self) -> &'static str {
        match self {
            Self::IntegrationLatency | Self::Latency => "Milliseconds",
            _ => "Count",
        }
    }

    /// Whether these counts have values of it.
    pub(super) fn is_in(self, counts: &ApiCounts) -> bool {
        match self {
            Self::CacheHits | Self::CacheMisses => counts.cached_requests > 0,
            Self::IntegrationLatency => counts.integration_latency.count() > 0,
            Self::Latency => counts.latency.count() > 0,
            Self::ClientErrors | Self::ServerErrors | Self::Count => counts.requests > 0,
        }
    }

    fn values(self, counts: &ApiCounts) -> Values {
        match self {
            Self::Count => share(counts.requests, counts.requests),
            Self::ClientErrors => share(counts.requests, counts.client_errors),
            Self::ServerErrors => share(counts.requests, counts.server_errors),
            Self::CacheHits => share(counts.cached_requests, counts.cache_hits),
            Self::CacheMisses => share(counts.cached_requests, counts.cache_misses),
            Self::Latency => counts.latency.values(),
            Self::IntegrationLatency => counts.integration_latency.values(),
        }
    }
}

/// A value of 1 for `ones` of `all` requests, and of 0 for the others.
fn share(all: u64, ones: u64) -> Values {
    let (count, sum) = (all as f64, ones as f64);
    let mut spread = BTreeMap::new();
    if ones < all {
        spread.insert(key_of(0.0), (count - sum, 0.0));
    }
    if ones > 0 {
        spread.insert(key_of(1.0), (sum, sum));
    }
    let (min, max) = (f64::from(u8::from(ones >= all)), f64::from(u8::from(ones > 0)));
    Values { count, sum, min, max, spread: Some(spread) }
}

/// The value of the dimension `ApiName`: an API's name without what is not ASCII, or its id where nothing is left.
pub(super) fn api_name(series: &ApiSeries) -> String {
    let ascii =
        |text: &str| text.chars().filter(char::is_ascii).take(DIMENSION_CHARS_MAX).collect();
    let name: String = ascii(&series.api_name);
    if name.is_empty() { series.api_id.clone() } else { name }
}

/// Which metric is asked for.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Metric {
    pub(super) namespace: String,
    pub(super) name: String,
    /// Sorted by name.
    pub(super) dimensions: Vec<(String, String)>,
    pub(super) unit: Option<String>,
}

impl Metric {
    /// Reads `Namespace`, `MetricName` and `Dimensions`.
    pub(super) fn read(input: &Members<'_>) -> Result<Self, ApiError> {
        let namespace = namespace(input)?;
        let name = input.name_of("MetricName", 255)?;
        let name = name.ok_or_else(|| missing(&input.name("MetricName")))?;
        Ok(Self {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            dimensions: input.dimensions()?,
            unit: None,
        })
    }

    fn api_metric(&self) -> Option<ApiMetric> {
        if self.namespace != API_GATEWAY {
            return None;
        }
        ApiMetric::ALL.into_iter().find(|metric| metric.name() == self.name)
    }

    /// Whether its dimensions are those of an API, of a stage, or of a method with metrics of its own.
    fn covers(&self, series: &ApiSeries) -> bool {
        let is =
            |name: &str, value: &str| self.dimensions.iter().any(|(n, v)| n == name && v == value);
        let is_api = is("ApiName", &api_name(series));
        match (self.dimensions.len(), &series.method) {
            (1, _) => is_api,
            (2, _) => is_api && is("Stage", &series.stage),
            (4, Some((verb, path))) => {
                is_api && is("Stage", &series.stage) && is("Method", verb) && is("Resource", path)
            }
            _ => false,
        }
    }

    fn is_put(&self, series: &PutSeries) -> bool {
        let unit = self.unit.as_ref().is_none_or(|unit| *unit == series.unit);
        let names = series.namespace == self.namespace && series.metric == self.name;
        unit && names && series.dimensions == self.dimensions
    }

    /// Its values in each period of the span that has any, by the period's first second and by unit. How they lie is
    /// gathered only where `wants_spread`.
    pub(super) fn values(
        &self,
        metrics: &Metrics,
        span: Span,
        wants_spread: bool,
    ) -> BTreeMap<u64, BTreeMap<String, Values>> {
        let mut found: BTreeMap<u64, BTreeMap<String, Values>> = BTreeMap::new();
        let mut add = |minute: u32, unit: &str, mut values: Values| {
            if !wants_spread {
                values.spread = None;
            }
            let units = found.entry(span.period_of(minute)).or_default();
            match units.get_mut(unit) {
                Some(before) => before.merge(&values),
                None => {
                    units.insert(unit.to_owned(), values);
                }
            }
        };
        if self.namespace == API_GATEWAY {
            let Some(metric) = self.api_metric() else { return found };
            if self.unit.as_ref().is_some_and(|unit| unit != metric.unit()) {
                return found;
            }
            let is_wanted =
                |series: &Series| matches!(series, Series::Api(api) if self.covers(api));
            metrics.visit(span.minutes(), is_wanted, |minute, _, counts| match counts {
                Counts::Api(counts) if metric.is_in(counts) => {
                    add(minute, metric.unit(), metric.values(counts));
                }
                _ => {}
            });
            return found;
        }
        let is_wanted = |series: &Series| matches!(series, Series::Put(put) if self.is_put(put));
        metrics.visit(span.minutes(), is_wanted, |minute, series, counts| {
            if let (Series::Put(series), Counts::Put(values)) = (series, counts) {
                add(minute, &series.unit, (**values).clone());
            }
        });
        found
    }
}

/// `Namespace`, which is needed.
pub(super) fn namespace<'v>(input: &Members<'v>) -> Result<&'v str, ApiError> {
    let namespace = input.name_of("Namespace", 255)?;
    let namespace = namespace.ok_or_else(|| missing(&input.name("Namespace")))?;
    match namespace.starts_with(':') {
        true => Err(invalid(format!("The value {namespace} for parameter Namespace is invalid."))),
        false => Ok(namespace),
    }
}

/// Whole periods: counted from 1970, the first is the one that the start lies in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    start_s: u64,
    end_s: u64,
    pub(super) period_s: u64,
}

impl Span {
    pub(super) fn new(start_ms: u64, end_ms: u64, period_s: u64) -> Self {
        let start_s = start_ms / 1000;
        Self { start_s: start_s - start_s % period_s, end_s: end_ms.div_ceil(1000), period_s }
    }

    /// How many periods it has.
    pub(super) fn len(self) -> u64 {
        self.end_s.saturating_sub(self.start_s).div_ceil(self.period_s)
    }

    /// The first second of each period.
    pub(super) fn periods(self) -> impl Iterator<Item = u64> {
        (0..self.len()).map(move |index| self.start_s + index * self.period_s)
    }

    fn period_of(self, minute: u32) -> u64 {
        let second = u64::from(minute) * 60;
        second - second % self.period_s
    }

    /// The minutes whose first second lies in it; a period of less than a minute has that of its minute.
    fn minutes(self) -> std::ops::Range<u32> {
        let minute = |second: u64| u32::try_from(second / 60).unwrap_or(u32::MAX);
        minute(self.start_s)..minute(self.end_s.saturating_add(59))
    }
}

/// `Period` in seconds: what CloudWatch has, of which we keep minutes.
pub(super) fn period(input: &Members<'_>) -> Result<Option<u64>, ApiError> {
    let Some(period_s) = input.count("Period")? else { return Ok(None) };
    match matches!(period_s, 1 | 5 | 10 | 20 | 30) || period_s.is_multiple_of(60) {
        true => Ok(Some(period_s)),
        false => Err(invalid(format!(
            "The parameter {} must be 1, 5, 10, 20, 30 or a multiple of 60.",
            input.name("Period")
        ))),
    }
}
