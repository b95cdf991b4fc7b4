//! `PutMetricData`

use super::input::Members;
use super::select::namespace;
use super::{combination, invalid, missing};
use crate::limits::{
    METRIC_DATUM_VALUES_MAX, METRIC_DATUMS_MAX, METRIC_FUTURE_MS_MAX, METRIC_PAST_MS_MAX,
};
use crate::metrics::series::{PutSeries, put_values};
use crate::metrics::values::{Values, key_of};
use crate::metrics::{Metrics, minute_of};
use crate::wire::cbor::Value;
use crate::{ApiError, Call};

/// Source: CloudWatch API Reference, MetricDatum, `Unit`.
const UNITS: [&str; 27] = [
    "Seconds",
    "Microseconds",
    "Milliseconds",
    "Bytes",
    "Kilobytes",
    "Megabytes",
    "Gigabytes",
    "Terabytes",
    "Bits",
    "Kilobits",
    "Megabits",
    "Gigabits",
    "Terabits",
    "Percent",
    "Count",
    "Bytes/Second",
    "Kilobytes/Second",
    "Megabytes/Second",
    "Gigabytes/Second",
    "Terabytes/Second",
    "Bits/Second",
    "Kilobits/Second",
    "Megabits/Second",
    "Gigabits/Second",
    "Terabits/Second",
    "Count/Second",
    "None",
];

/// The largest value, either way. Source: CloudWatch API Reference, MetricDatum, `Value`, -2^360 to 2^360.
const VALUE_EXPONENT_MAX: i32 = 360;

pub(super) fn put_metric_data(
    metrics: &Metrics,
    call: &Call,
    input: &Members<'_>,
) -> Result<Value, ApiError> {
    let namespace = namespace(input)?;
    if namespace.starts_with("AWS/") {
        return Err(invalid("The value AWS/ for parameter Namespace is invalid."));
    }
    if input.has("EntityMetricData") {
        return Err(ApiError::not_implemented("EntityMetricData of PutMetricData"));
    }
    if !input.has("MetricData") {
        return Err(missing("MetricData"));
    }
    let datums = input.structures("MetricData")?;
    if datums.len() > METRIC_DATUMS_MAX {
        return Err(invalid(format!(
            "The collection MetricData must not have a size greater than {METRIC_DATUMS_MAX}."
        )));
    }
    // All or nothing.
    let read: Vec<_> = datums
        .iter()
        .map(|datum| read(namespace, call.unix_ms, datum))
        .collect::<Result<_, _>>()?;
    for (minute, series, values) in read {
        metrics.put(minute, series, values);
    }
    Ok(Value::Map(Vec::new()))
}

fn read(
    namespace: &str,
    now_ms: u64,
    datum: &Members<'_>,
) -> Result<(u32, PutSeries, Values), ApiError> {
    let name = datum.name_of("MetricName", 255)?;
    let metric = name.ok_or_else(|| missing(&datum.name("MetricName")))?.to_owned();
    let unit = datum.text("Unit")?.unwrap_or("None");
    if !UNITS.contains(&unit) {
        let (name, units) = (datum.name("Unit"), UNITS.join(", "));
        return Err(invalid(format!(
            "The parameter {name} must be a value in the set [ {units} ]."
        )));
    }
    if let Some(resolution) = datum.number("StorageResolution")?
        && resolution != 1.0
        && resolution != 60.0
    {
        let name = datum.name("StorageResolution");
        return Err(invalid(format!("The value {resolution} for parameter {name} is invalid.")));
    }
    let unix_ms = datum.time("Timestamp")?.unwrap_or(now_ms);
    let name = datum.name("Timestamp");
    if unix_ms > now_ms.saturating_add(METRIC_FUTURE_MS_MAX) {
        return Err(invalid(format!(
            "The parameter {name} must specify a time no more than two hours in the future."
        )));
    }
    if unix_ms < now_ms.saturating_sub(METRIC_PAST_MS_MAX) {
        return Err(invalid(format!(
            "The parameter {name} must specify a time no more than two weeks in the past."
        )));
    }
    let dimensions = datum.dimensions()?;
    let namespace = namespace.to_owned();
    let series = PutSeries { namespace, metric, dimensions, unit: unit.to_owned() };
    Ok((minute_of(unix_ms), series, values(datum)?))
}

/// One of `Value`, `Values` and `StatisticValues`.
fn values(datum: &Members<'_>) -> Result<Values, ApiError> {
    let forms = ["Value", "Values", "StatisticValues"].map(|form| (form, datum.has(form)));
    let mut given =
        forms.iter().filter(|(_, is_there)| *is_there).map(|(form, _)| datum.name(form));
    match (given.next(), given.next()) {
        (Some(_), None) => {}
        (Some(one), Some(other)) => {
            let text = format!(
                "The parameters {one} and {other} are mutually exclusive and you have specified both."
            );
            return Err(combination(text));
        }
        (None, _) => {
            let name = datum.name("Value");
            return Err(missing(&name));
        }
    }
    if let Some(value) = datum.number("Value")? {
        return Ok(put_values(&[(in_range(datum, "Value", value)?, 1.0)]));
    }
    if let Some(set) = datum.structure("StatisticValues")? {
        return statistics(&set);
    }
    let values = datum.numbers("Values")?;
    let counts = datum.numbers("Counts")?;
    let (name, counts_name) = (datum.name("Values"), datum.name("Counts"));
    if values.is_empty() {
        return Err(missing(&name));
    }
    if values.len() > METRIC_DATUM_VALUES_MAX {
        return Err(invalid(format!(
            "The collection {name} must not have a size greater than {METRIC_DATUM_VALUES_MAX}."
        )));
    }
    if datum.has("Counts") && counts.len() != values.len() {
        return Err(invalid(format!(
            "The parameters {name} and {counts_name} must be of the same size."
        )));
    }
    let mut pairs = Vec::with_capacity(values.len());
    for (index, value) in values.into_iter().enumerate() {
        let count = counts.get(index).copied().unwrap_or(1.0);
        let member = |list: &str| format!("{list}.member.{}", index + 1);
        let value = in_range(datum, &member("Values"), value)?;
        if count < 0.0 {
            let name = datum.name(&member("Counts"));
            return Err(invalid(format!("The value {count} for parameter {name} is invalid.")));
        }
        pairs.push((value, in_range(datum, &member("Counts"), count)?));
    }
    Ok(put_values(&pairs))
}

fn statistics(set: &Members<'_>) -> Result<Values, ApiError> {
    let number = |name: &str| {
        let value = set.number(name)?.ok_or_else(|| missing(&set.name(name)))?;
        in_range(set, name, value)
    };
    let (count, sum) = (number("SampleCount")?, number("Sum")?);
    let (min, max) = (number("Minimum")?, number("Maximum")?);
    if count <= 0.0 {
        let name = set.name("SampleCount");
        return Err(invalid(format!(
            "The value {count} for parameter {name} must be greater than zero."
        )));
    }
    if min > max {
        let (least, most) = (set.name("Minimum"), set.name("Maximum"));
        return Err(invalid(format!("The parameter {most} must be greater than {least}.")));
    }
    // Source: CloudWatch User Guide, "Percentiles": of a statistic set only where it is a single value.
    let is_single = (count == 1.0 || min == max) && min >= 0.0;
    let spread = is_single.then(|| [(key_of(min + 0.0), (count, sum))].into());
    Ok(Values { count, sum, min, max, spread })
}

fn in_range(at: &Members<'_>, name: &str, value: f64) -> Result<f64, ApiError> {
    match value.abs() <= 2_f64.powi(VALUE_EXPONENT_MAX) {
        true => Ok(value),
        false => {
            let name = at.name(name);
            Err(invalid(format!("The value {value} for parameter {name} is invalid.")))
        }
    }
}
