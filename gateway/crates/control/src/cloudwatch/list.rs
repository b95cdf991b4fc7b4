//! `ListMetrics`

use std::collections::BTreeSet;

use super::input::Members;
use super::select::{API_GATEWAY, ApiMetric, api_name};
use super::{invalid, map, missing, offset_of, text};
use crate::limits::METRIC_LIST_MAX;
use crate::metrics::series::{Counts, Series};
use crate::metrics::{Metrics, minute_of};
use crate::wire::cbor::Value;
use crate::{ApiError, Call};

/// How long ago `RecentlyActive` is, in minutes; the one value it has.
const RECENT: (&str, u32) = ("PT3H", 180);

type Dimensions = Vec<(String, String)>;

pub(super) fn list_metrics(
    metrics: &Metrics,
    call: &Call,
    input: &Members<'_>,
) -> Result<Value, ApiError> {
    let namespace = input.name_of("Namespace", 255)?;
    let name = input.name_of("MetricName", 255)?;
    let filters = filters(input)?;
    let from = match input.text("RecentlyActive")? {
        None => 0,
        Some(text) if text == RECENT.0 => minute_of(call.unix_ms).saturating_sub(RECENT.1),
        Some(text) => {
            return Err(invalid(format!(
                "The value {text} for parameter RecentlyActive is invalid."
            )));
        }
    };
    let is_own = input.text("OwningAccount")?.is_none_or(|account| account == call.account_id);
    let offset = offset_of(input)?;
    let mut found: BTreeSet<(String, String, Dimensions)> = BTreeSet::new();
    let is_wanted = |series: &Series| {
        is_own
            && namespace.is_none_or(|wanted| match series {
                Series::Api(_) => wanted == API_GATEWAY,
                Series::Put(put) => wanted == put.namespace,
            })
    };
    let mut add = |space: &str, metric: &str, dimensions: Dimensions| {
        let is_named = name.is_none_or(|name| name == metric);
        let fits = filters.iter().all(|(name, value)| {
            dimensions
                .iter()
                .any(|(n, v)| n == name && value.as_ref().is_none_or(|value| v == value))
        });
        if is_named && fits {
            found.insert((space.to_owned(), metric.to_owned(), dimensions));
        }
    };
    metrics.visit(from..u32::MAX, is_wanted, |_, series, counts| match (series, counts) {
        (Series::Api(api), Counts::Api(counts)) => {
            let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
            let api_name = pair("ApiName", &api_name(api));
            let stage = pair("Stage", &api.stage);
            for metric in ApiMetric::ALL.into_iter().filter(|metric| metric.is_in(counts)) {
                add(API_GATEWAY, metric.name(), vec![api_name.clone()]);
                add(API_GATEWAY, metric.name(), vec![api_name.clone(), stage.clone()]);
                if let Some((verb, path)) = &api.method {
                    let (method, resource) = (pair("Method", verb), pair("Resource", path));
                    let all = vec![api_name.clone(), method, resource, stage.clone()];
                    add(API_GATEWAY, metric.name(), all);
                }
            }
        }
        (Series::Put(put), _) => add(&put.namespace, &put.metric, put.dimensions.clone()),
        (Series::Api(_), Counts::Put(_)) => {}
    });
    let listed =
        found.iter().skip(offset).take(METRIC_LIST_MAX).map(|(space, metric, dimensions)| {
            let dimensions = dimensions.iter();
            let dimensions =
                dimensions.map(|(name, value)| map([("Name", text(name)), ("Value", text(value))]));
            map([
                ("Namespace", text(space)),
                ("MetricName", text(metric)),
                ("Dimensions", Value::List(dimensions.collect())),
            ])
        });
    let mut members = vec![("Metrics".to_owned(), Value::List(listed.collect()))];
    let next = offset.saturating_add(METRIC_LIST_MAX);
    if next < found.len() {
        members.push(("NextToken".to_owned(), Value::Text(next.to_string())));
    }
    Ok(Value::Map(members))
}

/// `Dimensions` of a list: a name, and perhaps a value.
fn filters(input: &Members<'_>) -> Result<Vec<(String, Option<String>)>, ApiError> {
    let all = input.structures("Dimensions")?.into_iter().map(|one| {
        let name = one.name_of("Name", 255)?.ok_or_else(|| missing(&one.name("Name")))?;
        let value = one.name_of("Value", 1_024)?;
        Ok((name.to_owned(), value.map(str::to_owned)))
    });
    all.collect()
}
