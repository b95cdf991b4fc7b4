//! What expressions make of values.

use std::collections::BTreeMap;

use super::expression::{Expression, Filler, Function, Operator};
use super::select::Span;
use crate::limits::METRIC_VALUES_MAX;

/// Values by the first second of their period.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Line {
    pub(super) label: String,
    pub(super) period_s: u64,
    pub(super) points: BTreeMap<u64, f64>,
}

/// What an expression is.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Outcome {
    Scalar(f64),
    One(Line),
    Several(Vec<Line>),
}

/// What an expression is computed from.
pub(super) trait Source {
    /// The result of a query.
    fn result(&mut self, id: &str) -> Result<Outcome, String>;

    /// The metrics whose ids have a text in them.
    fn metrics(&mut self, filter: &str) -> Result<Vec<Line>, String>;

    /// What is asked for, in periods of a length.
    fn span(&self, period_s: u64) -> Span;

    /// How many values may still be computed.
    fn left(&mut self) -> &mut usize;
}

/// Takes a number of values from those that may still be computed.
pub(super) fn spend(left: &mut usize, count: usize) -> Result<(), String> {
    *left = left.checked_sub(count).ok_or_else(|| {
        format!("More than {METRIC_VALUES_MAX} values would be computed: ask for fewer metrics, a longer period or a shorter time")
    })?;
    Ok(())
}

/// Computes an expression; the text says why it cannot be.
pub(super) fn evaluate(
    expression: &Expression,
    source: &mut impl Source,
) -> Result<Outcome, String> {
    match expression {
        Expression::Number(number) => Ok(Outcome::Scalar(*number)),
        Expression::Id(id) => source.result(id),
        Expression::Negated(inside) => {
            let inside = evaluate(inside, source)?;
            mapped(inside, source, |value| -value)
        }
        Expression::Binary(operator, left, right) => {
            let (left, right) = (evaluate(left, source)?, evaluate(right, source)?);
            binary(*operator, left, right, source)
        }
        Expression::Metrics(filter) => {
            source.metrics(filter.as_deref().unwrap_or_default()).map(Outcome::Several)
        }
        Expression::List(members) => {
            let mut lines = Vec::new();
            for member in members {
                match evaluate(member, source)? {
                    Outcome::One(line) => lines.push(line),
                    Outcome::Several(several) => lines.extend(several),
                    Outcome::Scalar(_) => return Err("A list has time series in it".to_owned()),
                }
            }
            Ok(Outcome::Several(lines))
        }
        Expression::Call(function, inside) => {
            let inside = evaluate(inside, source)?;
            call(*function, inside, source)
        }
        Expression::Fill(inside, filler) => match evaluate(inside, source)? {
            Outcome::Scalar(_) => Err("FILL takes a time series".to_owned()),
            Outcome::One(line) => fill(line, filler, source).map(Outcome::One),
            Outcome::Several(lines) => {
                let lines = lines.into_iter().map(|line| fill(line, filler, source));
                lines.collect::<Result<_, _>>().map(Outcome::Several)
            }
        },
    }
}

/// What is no number is no point.
fn mapped(
    outcome: Outcome,
    source: &mut impl Source,
    with: impl Fn(f64) -> f64,
) -> Result<Outcome, String> {
    let mut line = |line: Line| {
        spend(source.left(), line.points.len())?;
        let points = line.points.into_iter().map(|(second, value)| (second, with(value)));
        let points = points.filter(|(_, value)| value.is_finite()).collect();
        Ok::<_, String>(Line { points, ..line })
    };
    Ok(match outcome {
        Outcome::Scalar(value) => Outcome::Scalar(with(value)),
        Outcome::One(one) => Outcome::One(line(one)?),
        Outcome::Several(several) => {
            Outcome::Several(several.into_iter().map(line).collect::<Result<_, _>>()?)
        }
    })
}

fn binary(
    operator: Operator,
    left: Outcome,
    right: Outcome,
    source: &mut impl Source,
) -> Result<Outcome, String> {
    let with = |left: f64, right: f64| match operator {
        Operator::Add => left + right,
        Operator::Subtract => left - right,
        Operator::Multiply => left * right,
        Operator::Divide => left / right,
        Operator::Power => left.powf(right),
    };
    match (left, right) {
        (left, Outcome::Scalar(right)) => mapped(left, source, |left| with(left, right)),
        (Outcome::Scalar(left), right) => mapped(right, source, |right| with(left, right)),
        (Outcome::One(left), Outcome::One(right)) => {
            paired(left, &right, source, with).map(Outcome::One)
        }
        (Outcome::Several(left), Outcome::One(right)) => {
            let lines = left.into_iter().map(|left| paired(left, &right, source, with));
            lines.collect::<Result<_, _>>().map(Outcome::Several)
        }
        (Outcome::One(left), Outcome::Several(right)) => {
            let lines = right.into_iter().map(|right| {
                let label = right.label.clone();
                let line = paired(left.clone(), &right, source, with)?;
                Ok::<_, String>(Line { label, ..line })
            });
            lines.collect::<Result<_, _>>().map(Outcome::Several)
        }
        (Outcome::Several(_), Outcome::Several(_)) => {
            Err("An operator takes one array of time series, not two".to_owned())
        }
    }
}

/// There is a point where both have one.
fn paired(
    left: Line,
    right: &Line,
    source: &mut impl Source,
    with: impl Fn(f64, f64) -> f64,
) -> Result<Line, String> {
    spend(source.left(), left.points.len())?;
    let points = left.points.iter().filter_map(|(second, value)| {
        let value = with(*value, *right.points.get(second)?);
        value.is_finite().then_some((*second, value))
    });
    Ok(Line { points: points.collect(), ..left })
}

fn call(function: Function, inside: Outcome, source: &mut impl Source) -> Result<Outcome, String> {
    match function {
        Function::Absolute => mapped(inside, source, f64::abs),
        Function::Ceiling => mapped(inside, source, f64::ceil),
        Function::Floor => mapped(inside, source, f64::floor),
        Function::Period => match inside {
            Outcome::One(line) => Ok(Outcome::Scalar(line.period_s as f64)),
            _ => Err("PERIOD takes one time series".to_owned()),
        },
        Function::Sum | Function::Average | Function::Minimum | Function::Maximum => match inside {
            Outcome::Scalar(_) => Err("SUM, AVG, MIN and MAX take time series".to_owned()),
            Outcome::One(line) => {
                let values: Vec<_> = line.points.into_values().collect();
                Ok(Outcome::Scalar(joined(function, &values)))
            }
            Outcome::Several(lines) => {
                let mut all: BTreeMap<u64, Vec<f64>> = BTreeMap::new();
                let period_s = lines.iter().map(|line| line.period_s).max().unwrap_or(60);
                for line in lines {
                    spend(source.left(), line.points.len())?;
                    for (second, value) in line.points {
                        all.entry(second).or_default().push(value);
                    }
                }
                let points =
                    all.into_iter().map(|(second, values)| (second, joined(function, &values)));
                let points = points.filter(|(_, value)| value.is_finite()).collect();
                Ok(Outcome::One(Line { label: String::new(), period_s, points }))
            }
        },
    }
}

/// One value of several; of none it is no number.
fn joined(function: Function, values: &[f64]) -> f64 {
    let sum: f64 = values.iter().sum();
    let all = values.iter().copied();
    match function {
        _ if values.is_empty() => f64::NAN,
        Function::Average => sum / values.len() as f64,
        Function::Minimum => all.fold(f64::INFINITY, f64::min),
        Function::Maximum => all.fold(f64::NEG_INFINITY, f64::max),
        _ => sum,
    }
}

/// A point for every period of what is asked for, from the first that the filler can tell.
fn fill(line: Line, filler: &Filler, source: &mut impl Source) -> Result<Line, String> {
    let span = source.span(line.period_s);
    spend(source.left(), usize::try_from(span.len()).unwrap_or(usize::MAX))?;
    let mut points = line.points.clone();
    for second in span.periods() {
        if line.points.contains_key(&second) {
            continue;
        }
        let before = || line.points.range(..second).next_back();
        let value = match filler {
            Filler::Value(value) => Some(*value),
            Filler::Repeat => before().map(|(_, value)| *value),
            Filler::Linear => match (before(), line.points.range(second..).next()) {
                (Some((from, first)), Some((to, last))) => {
                    let share = (second - from) as f64 / (to - from) as f64;
                    Some(first + (last - first) * share)
                }
                _ => None,
            },
        };
        points.extend(value.map(|value| (second, value)));
    }
    Ok(Line { points, ..line })
}
