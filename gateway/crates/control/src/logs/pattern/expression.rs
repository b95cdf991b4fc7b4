//! What a field of a document, or a column, has to be.

use regex::Regex;
use serde_json::Value;

#[derive(Debug)]
pub(super) enum Expression {
    All(Vec<Expression>),
    Any(Vec<Expression>),
    Test(Selector, Test),
}

/// Whose value is looked at.
#[derive(Debug)]
pub(super) enum Selector {
    /// `$.a["b"][0][*]`
    Path(Vec<Step>),
    /// The column itself.
    Column,
}

#[derive(Debug)]
pub(super) enum Step {
    Member(String),
    Index(usize),
    /// `[*]` and `.*`
    Each,
}

#[derive(Debug)]
pub(super) enum Test {
    Compare(Operator, Operand),
    IsNull,
    Is(bool),
    NotExists,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Debug)]
pub(super) enum Operand {
    /// As it was written, and what it is worth where it is a number.
    Text(String, Option<f64>),
    Regex(Regex),
}

impl Expression {
    pub(super) fn matches_document(&self, document: &Value) -> bool {
        match self {
            Self::All(all) => all.iter().all(|one| one.matches_document(document)),
            Self::Any(any) => any.iter().any(|one| one.matches_document(document)),
            Self::Test(Selector::Column, _) => false,
            Self::Test(Selector::Path(steps), test) => {
                let mut found = vec![document];
                for step in steps {
                    found = found.into_iter().flat_map(|value| step.of(value)).collect();
                }
                match test {
                    Test::NotExists => found.is_empty(),
                    Test::IsNull => found.iter().any(|value| value.is_null()),
                    Test::Is(wanted) => found.iter().any(|value| value.as_bool() == Some(*wanted)),
                    Test::Compare(operator, operand) => {
                        found.iter().any(|value| compares(value, *operator, operand))
                    }
                }
            }
        }
    }

    pub(super) fn matches_column(&self, column: &str) -> bool {
        match self {
            Self::All(all) => all.iter().all(|one| one.matches_column(column)),
            Self::Any(any) => any.iter().any(|one| one.matches_column(column)),
            Self::Test(_, Test::Compare(operator, operand)) => {
                compares_text(column, column.parse().ok(), *operator, operand)
            }
            Self::Test(..) => false,
        }
    }
}

impl Step {
    fn of<'v>(&self, value: &'v Value) -> Vec<&'v Value> {
        match (self, value) {
            (Self::Member(name), Value::Object(members)) => members.get(name).into_iter().collect(),
            (Self::Index(index), Value::Array(items)) => items.get(*index).into_iter().collect(),
            (Self::Each, Value::Array(items)) => items.iter().collect(),
            (Self::Each, Value::Object(members)) => members.values().collect(),
            _ => Vec::new(),
        }
    }
}

fn compares(value: &Value, operator: Operator, operand: &Operand) -> bool {
    match value {
        Value::String(text) => compares_text(text, None, operator, operand),
        Value::Number(number) => {
            compares_text(&number.to_string(), number.as_f64(), operator, operand)
        }
        Value::Bool(is) => {
            compares_text(if *is { "true" } else { "false" }, None, operator, operand)
        }
        // What is no single value is not compared.
        Value::Null | Value::Array(_) | Value::Object(_) => false,
    }
}

fn compares_text(text: &str, number: Option<f64>, operator: Operator, operand: &Operand) -> bool {
    use Operator as O;
    let is_equal = match (operand, number) {
        (Operand::Regex(regex), _) => regex.is_match(text),
        (Operand::Text(_, Some(wanted)), Some(number)) => number == *wanted,
        (Operand::Text(wanted, _), _) => is_like(wanted, text),
    };
    let ordered = match (operand, number) {
        (Operand::Text(_, Some(wanted)), Some(number)) => number.partial_cmp(wanted),
        // Only numbers have an order.
        _ => None,
    };
    match operator {
        O::Equal => is_equal,
        O::NotEqual => !is_equal,
        O::Less => ordered.is_some_and(|order| order.is_lt()),
        O::LessOrEqual => ordered.is_some_and(|order| order.is_le()),
        O::Greater => ordered.is_some_and(|order| order.is_gt()),
        O::GreaterOrEqual => ordered.is_some_and(|order| order.is_ge()),
    }
}

/// Whether a text is as a pattern in which `*` is any text.
pub(super) fn is_like(pattern: &str, text: &str) -> bool {
    let mut pieces = pattern.split('*');
    let first = pieces.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let mut pieces: Vec<&str> = pieces.collect();
    let Some(last) = pieces.pop() else { return rest.is_empty() };
    for piece in pieces {
        let Some(at) = rest.find(piece) else { return false };
        rest = &rest[at + piece.len()..];
    }
    rest.ends_with(last)
}
