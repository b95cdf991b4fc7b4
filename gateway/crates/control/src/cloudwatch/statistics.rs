//! `GetMetricStatistics`

use super::input::Members;
use super::select::{Metric, Span, period};
use super::statistic::{BASIC, Statistic};
use super::{combination, invalid, map, missing, text};
use crate::ApiError;
use crate::limits::METRIC_STATISTICS_POINTS_MAX;
use crate::metrics::Metrics;
use crate::metrics::values::Values;
use crate::wire::cbor::Value;

pub(super) fn get_metric_statistics(
    metrics: &Metrics,
    input: &Members<'_>,
) -> Result<Value, ApiError> {
    let mut metric = Metric::read(input)?;
    metric.unit = input.text("Unit")?.map(str::to_owned);
    let (start_ms, end_ms) = (input.needed_time("StartTime")?, input.needed_time("EndTime")?);
    let period_s = period(input)?.ok_or_else(|| missing("Period"))?;
    if start_ms >= end_ms {
        let text = "The parameter StartTime must be less than the parameter EndTime.";
        return Err(invalid(text));
    }
    let (basic, extended) = statistics(input)?;
    let span = Span::new(start_ms, end_ms, period_s);
    if span.len() > METRIC_STATISTICS_POINTS_MAX {
        return Err(combination(format!(
            "You have requested up to {} datapoints, which exceeds the limit of {}. You may reduce the datapoints \
             requested by increasing Period, or decreasing the time range.",
            grouped(span.len()),
            grouped(METRIC_STATISTICS_POINTS_MAX)
        )));
    }
    let wants_spread = extended.iter().any(|(_, statistic)| statistic.is_extended());
    let found = metric.values(metrics, span, wants_spread);
    let points = found.iter().flat_map(|(second, units)| {
        let points =
            units.iter().map(|(unit, values)| point(*second, unit, values, &basic, &extended));
        points.collect::<Vec<_>>()
    });
    Ok(map([("Label", text(&metric.name)), ("Datapoints", Value::List(points.collect()))]))
}

type Named<'n> = (&'n str, Statistic);

/// `Statistics` and `ExtendedStatistics`; at least one of both.
fn statistics<'v>(input: &Members<'v>) -> Result<(Vec<Named<'v>>, Vec<Named<'v>>), ApiError> {
    let read = |list: &str, is_basic: bool| {
        let names = input.texts(list)?;
        let all = names.into_iter().enumerate().map(|(index, name)| {
            let statistic = Statistic::parse(name).filter(|_| BASIC.contains(&name) == is_basic);
            let statistic = statistic.ok_or_else(|| {
                invalid(format!(
                    "The value {name} for parameter {list}.member.{} is invalid.",
                    index + 1
                ))
            })?;
            Ok((name, statistic))
        });
        all.collect::<Result<Vec<_>, ApiError>>()
    };
    let (basic, extended) = (read("Statistics", true)?, read("ExtendedStatistics", false)?);
    if basic.is_empty() && extended.is_empty() {
        return Err(combination("Must specify either Statistics or ExtendedStatistics"));
    }
    Ok((basic, extended))
}

fn point(
    second: u64,
    unit: &str,
    values: &Values,
    basic: &[Named<'_>],
    extended: &[Named<'_>],
) -> Value {
    let mut members = vec![("Timestamp".to_owned(), Value::Time(second as f64))];
    for name in BASIC {
        let wanted = basic.iter().find(|(wanted, _)| *wanted == name);
        if let Some(value) = wanted.and_then(|(_, statistic)| statistic.of(values)) {
            members.push((name.to_owned(), Value::Number(value)));
        }
    }
    members.push(("Unit".to_owned(), text(unit)));
    let extended: Vec<_> = extended
        .iter()
        .filter_map(|(name, statistic)| {
            Some(((*name).to_owned(), Value::Number(statistic.of(values)?)))
        })
        .collect();
    if !extended.is_empty() {
        members.push(("ExtendedStatistics".to_owned(), Value::Table(extended)));
    }
    Value::Map(members)
}

/// `2,880`
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
