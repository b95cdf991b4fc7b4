//! Evaluating filters.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::filter::{Filter, Operand, Operator, Pattern};
use super::functions::number;
use super::{EvaluationError, evaluate};
use crate::limits::{SCAN_DEPTH_MAX, VISITS_MAX};
use crate::{Value, json};

/// Whether `filter` accepts `current`.
pub(super) fn accepts(
    filter: &Filter,
    document: &Value,
    current: &Value,
    visits: &mut u64,
) -> Result<bool, EvaluationError> {
    Ok(match filter {
        Filter::Or(parts) => {
            for part in parts {
                if accepts(part, document, current, visits)? {
                    return Ok(true);
                }
            }
            false
        }
        Filter::And(parts) => {
            for part in parts {
                if !accepts(part, document, current, visits)? {
                    return Ok(false);
                }
            }
            true
        }
        Filter::Not(inner) => !accepts(inner, document, current, visits)?,
        Filter::Exists { path, expected } => {
            let found = evaluate::evaluate(path, document, current, visits)?;
            found.is_some() == *expected
        }
        Filter::Compare { left, operator, right } => {
            let mut side = |operand| Side::of(operand, document, current, visits);
            let (left, right) = (side(left)?, side(right)?);
            compare(*operator, &left, &right, visits)?
        }
    })
}

/// A side of a comparison, evaluated.
enum Side<'a> {
    /// A definite path that found nothing.
    Undefined,
    Null,
    Bool(bool),
    Number(Number),
    Text(Cow<'a, str>),
    Pattern(&'a Pattern),
    /// A list or an object.
    Json(Value),
}

#[derive(Clone, Copy)]
enum Number {
    Integer(i64),
    Float(f64),
}

impl<'a> Side<'a> {
    fn of(
        operand: &'a Operand,
        document: &Value,
        current: &Value,
        visits: &mut u64,
    ) -> Result<Self, EvaluationError> {
        Ok(match operand {
            Operand::Path(path) => match evaluate::evaluate(path, document, current, visits)? {
                Some(value) => Self::value(value),
                None => Self::Undefined,
            },
            Operand::Pattern(pattern) => Self::Pattern(pattern),
            Operand::Text(text) => Self::Text(Cow::Borrowed(text)),
            literal => {
                *visits += 1;
                Self::value(literal_value(literal))
            }
        })
    }

    fn value(value: Value) -> Self {
        match &value {
            Value::Bool(value) => Self::Bool(*value),
            Value::Integer(value) => Self::Number(Number::Integer(i64::from(*value))),
            Value::Long(value) => Self::Number(Number::Integer(*value)),
            Value::String(text) => Self::Text(Cow::Owned(text.to_string())),
            Value::List(_) | Value::Map(_) => Self::Json(value),
            Value::Double(_) | Value::Big(_) | Value::Decimal(_) => {
                Self::Number(Number::Float(number(&value).unwrap_or(f64::NAN)))
            }
            _ => Self::Null,
        }
    }

    fn items(&self) -> Option<Vec<Value>> {
        match self {
            Self::Json(Value::List(list)) => Some(list.items.borrow().to_vec()),
            _ => None,
        }
    }

    /// What a pattern looks at: nothing for what has no text.
    fn input(&self) -> Cow<'_, str> {
        match self {
            Self::Text(text) => Cow::Borrowed(text),
            Self::Number(number) => Cow::Owned(number.text()),
            Self::Bool(value) => Cow::Borrowed(if *value { "true" } else { "false" }),
            _ => Cow::Borrowed(""),
        }
    }

    fn type_name(&self) -> &'static str {
        match self {
            Self::Undefined => "undefined",
            Self::Null => "null",
            Self::Bool(_) => "boolean",
            Self::Number(_) => "number",
            Self::Text(_) => "string",
            Self::Pattern(_) => "pattern",
            Self::Json(_) => "json",
        }
    }
}

impl Number {
    fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        text.parse().map(Self::Integer).or_else(|_| text.parse().map(Self::Float)).ok()
    }

    fn order(self, other: Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Integer(left), Self::Integer(right)) => Some(left.cmp(&right)),
            _ => self.as_float().partial_cmp(&other.as_float()),
        }
    }

    fn as_float(self) -> f64 {
        match self {
            Self::Integer(number) => number as f64,
            Self::Float(number) => number,
        }
    }

    fn text(self) -> String {
        match self {
            Self::Integer(number) => number.to_string(),
            Self::Float(number) => Value::Double(number).to_string(),
        }
    }
}

fn literal_value(literal: &Operand) -> Value {
    match literal {
        Operand::Bool(value) => Value::Bool(*value),
        Operand::Integer(value) => Value::Long(*value),
        Operand::Float(value) => Value::Double(*value),
        Operand::Text(text) => Value::from(&**text),
        Operand::List(items) => Value::List(crate::List::new(
            crate::ListKind::JsonArray,
            items.iter().map(literal_value).collect(),
        )),
        Operand::Object(text) => json::parse(text).unwrap_or(Value::Null),
        Operand::Null | Operand::Path(_) | Operand::Pattern(_) => Value::Null,
    }
}

fn compare(
    operator: Operator,
    left: &Side<'_>,
    right: &Side<'_>,
    visits: &mut u64,
) -> Result<bool, EvaluationError> {
    let of_one_type = left.type_name() == right.type_name();
    Ok(match operator {
        Operator::Equal => equal(left, right, visits)?,
        Operator::NotEqual => !equal(left, right, visits)?,
        Operator::Same => of_one_type && equal(left, right, visits)?,
        Operator::NotSame => !(of_one_type && equal(left, right, visits)?),
        Operator::Less => order(left, right).is_some_and(Ordering::is_lt),
        Operator::LessOrEqual => order(left, right).is_some_and(Ordering::is_le),
        Operator::Greater => order(left, right).is_some_and(Ordering::is_gt),
        Operator::GreaterOrEqual => order(left, right).is_some_and(Ordering::is_ge),
        Operator::Matches => matches(left, right),
        Operator::In => contains(right, left, visits)?.unwrap_or(false),
        Operator::NotIn => !contains(right, left, visits)?.unwrap_or(false),
        Operator::Contains => match (left, right) {
            (Side::Text(text), Side::Text(part)) => text.contains(&**part),
            _ => contains(left, right, visits)?.unwrap_or(false),
        },
        Operator::All => every(right, left, visits)?.unwrap_or(false),
        Operator::SubsetOf => every(left, right, visits)?.unwrap_or(false),
        Operator::AnyOf => any(left, right, visits)?.unwrap_or(false),
        Operator::NoneOf => any(left, right, visits)?.is_some_and(|any| !any),
        Operator::Size => match (left, right) {
            (Side::Text(text), Side::Number(size)) => is_count(text.encode_utf16().count(), *size),
            (Side::Json(Value::List(list)), Side::Number(size)) => {
                is_count(list.items.borrow().len(), *size)
            }
            _ => false,
        },
        Operator::Empty => match (left, right) {
            (Side::Text(text), Side::Bool(empty)) => text.is_empty() == *empty,
            (Side::Json(Value::List(list)), Side::Bool(empty)) => {
                list.items.borrow().is_empty() == *empty
            }
            (Side::Json(Value::Map(map)), Side::Bool(empty)) => map.is_empty() == *empty,
            _ => false,
        },
        Operator::Type => matches!(right, Side::Text(name) if **name == *left.type_name()),
    })
}

fn is_count(count: usize, size: Number) -> bool {
    size.order(Number::Integer(count as i64)) == Some(Ordering::Equal)
}

fn equal(left: &Side<'_>, right: &Side<'_>, visits: &mut u64) -> Result<bool, EvaluationError> {
    Ok(match (left, right) {
        (Side::Null, Side::Null) => true,
        (Side::Bool(left), Side::Bool(right)) => left == right,
        (Side::Number(left), Side::Number(right)) => left.order(*right) == Some(Ordering::Equal),
        (Side::Text(left), Side::Text(right)) => left == right,
        // What is on the left decides what is compared.
        (Side::Number(left), Side::Text(right)) => {
            Number::parse(right).and_then(|right| left.order(right)) == Some(Ordering::Equal)
        }
        (Side::Text(left), Side::Number(right)) => **left == *right.text(),
        (Side::Json(left), Side::Json(right)) => is_equal(left, right, visits, 0)?,
        _ => false,
    })
}

/// Whether two values of a document are equal.
fn is_equal(
    left: &Value,
    right: &Value,
    visits: &mut u64,
    depth: usize,
) -> Result<bool, EvaluationError> {
    *visits += 1;
    if *visits > VISITS_MAX || depth > SCAN_DEPTH_MAX {
        return Err(EvaluationError::TooMuch);
    }
    Ok(match (left, right) {
        (Value::List(left), Value::List(right)) => {
            let (left, right) = (left.items.borrow(), right.items.borrow());
            if left.len() != right.len() {
                return Ok(false);
            }
            for (left, right) in left.iter().zip(right.iter()) {
                if !is_equal(left, right, visits, depth + 1)? {
                    return Ok(false);
                }
            }
            true
        }
        (Value::Map(left), Value::Map(right)) => {
            if left.len() != right.len() {
                return Ok(false);
            }
            for (key, value) in left.entries().iter() {
                match right.get(key) {
                    Some(other) if is_equal(value, &other, visits, depth + 1)? => {}
                    _ => return Ok(false),
                }
            }
            true
        }
        (Value::List(_) | Value::Map(_), _) | (_, Value::List(_) | Value::Map(_)) => false,
        _ => equal(&Side::value(left.clone()), &Side::value(right.clone()), visits)?,
    })
}

fn order(left: &Side<'_>, right: &Side<'_>) -> Option<Ordering> {
    match (left, right) {
        (Side::Number(left), Side::Number(right)) => left.order(*right),
        (Side::Text(left), Side::Text(right)) => Some(left.cmp(right)),
        (Side::Number(left), Side::Text(right)) => Some(left.text().as_str().cmp(right)),
        (Side::Text(left), Side::Number(right)) => Some((**left).cmp(right.text().as_str())),
        _ => None,
    }
}

fn matches(left: &Side<'_>, right: &Side<'_>) -> bool {
    let (pattern, other) = match (left, right) {
        (Side::Pattern(_), Side::Pattern(_)) => return false,
        (Side::Pattern(pattern), other) | (other, Side::Pattern(pattern)) => (pattern, other),
        _ => return false,
    };
    match other.items() {
        Some(items) => items.into_iter().any(|item| pattern.is_match(&Side::value(item).input())),
        None => pattern.is_match(&other.input()),
    }
}

/// Whether `list` has an element that equals `item`; `None` where it is no list.
fn contains(
    list: &Side<'_>,
    item: &Side<'_>,
    visits: &mut u64,
) -> Result<Option<bool>, EvaluationError> {
    let Some(items) = list.items() else { return Ok(None) };
    for candidate in items {
        *visits += 1;
        if equal(&Side::value(candidate), item, visits)? {
            return Ok(Some(true));
        }
    }
    Ok(Some(false))
}

/// Whether every element of `part` is in `whole`.
fn every(
    part: &Side<'_>,
    whole: &Side<'_>,
    visits: &mut u64,
) -> Result<Option<bool>, EvaluationError> {
    let Some(items) = part.items() else { return Ok(None) };
    for item in items {
        match contains(whole, &Side::value(item), visits)? {
            Some(true) => {}
            other => return Ok(other),
        }
    }
    Ok(Some(true))
}

/// Whether an element of `left` is in `right`.
fn any(
    left: &Side<'_>,
    right: &Side<'_>,
    visits: &mut u64,
) -> Result<Option<bool>, EvaluationError> {
    let Some(items) = left.items() else { return Ok(None) };
    for item in items {
        match contains(right, &Side::value(item), visits)? {
            Some(false) => {}
            other => return Ok(other),
        }
    }
    Ok(Some(false))
}
