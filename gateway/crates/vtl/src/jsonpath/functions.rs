//! Functions at the end of a path.

use super::EvaluationError;
use crate::{List, ListKind, Value};

/// `.length()` and its kin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Function {
    Length,
    Min,
    Max,
    Sum,
    Average,
    Deviation,
    Keys,
    First,
    Last,
}

impl Function {
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "length" | "size" => Self::Length,
            "min" => Self::Min,
            "max" => Self::Max,
            "sum" => Self::Sum,
            "avg" => Self::Average,
            "stddev" => Self::Deviation,
            "keys" => Self::Keys,
            "first" => Self::First,
            "last" => Self::Last,
            _ => return None,
        })
    }

    /// What it makes of `value`; `None` is nothing, as the length of a number.
    pub(super) fn apply(self, value: &Value) -> Result<Option<Value>, EvaluationError> {
        Ok(match (self, value) {
            (Self::Length, Value::List(list)) => count(list.items.borrow().len()),
            (Self::Length, Value::Map(map)) => count(map.len()),
            (Self::Length | Self::Keys | Self::First | Self::Last, Value::String(_)) => None,
            (Self::Keys, Value::Map(map)) => {
                let keys = map.keys().into_iter().map(Value::String).collect();
                Some(Value::List(List::new(ListKind::View, keys)))
            }
            (Self::First, Value::List(list)) => list.items.borrow().first().cloned(),
            (Self::Last, Value::List(list)) => list.items.borrow().last().cloned(),
            (Self::Length | Self::Keys | Self::First | Self::Last, _) => None,
            (_, Value::List(list)) => {
                let numbers: Vec<f64> = list.items.borrow().iter().filter_map(number).collect();
                Some(Value::Double(self.aggregate(&numbers).ok_or(EvaluationError::NoNumbers)?))
            }
            _ => return Err(EvaluationError::NoNumbers),
        })
    }

    fn aggregate(self, numbers: &[f64]) -> Option<f64> {
        let count = numbers.len() as f64;
        let sum = || numbers.iter().sum::<f64>();
        if numbers.is_empty() {
            return None;
        }
        Some(match self {
            Self::Min => numbers.iter().copied().fold(f64::INFINITY, f64::min),
            Self::Max => numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            Self::Sum => sum(),
            Self::Average => sum() / count,
            _ => {
                let mean = sum() / count;
                let squares = numbers.iter().map(|number| number * number).sum::<f64>();
                (squares / count - mean * mean).max(0.0).sqrt()
            }
        })
    }
}

fn count(count: usize) -> Option<Value> {
    Some(i32::try_from(count).map_or(Value::Long(count as i64), Value::Integer))
}

/// A number as a double.
pub(super) fn number(value: &Value) -> Option<f64> {
    Some(match value {
        Value::Integer(number) => f64::from(*number),
        Value::Long(number) => *number as f64,
        Value::Double(number) => *number,
        Value::Big(_) | Value::Decimal(_) => value.to_string().parse().ok()?,
        _ => return None,
    })
}
