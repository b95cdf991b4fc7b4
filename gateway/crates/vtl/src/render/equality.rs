//! `==`, and Java's `equals`.

use std::rc::Rc;

use crate::methods::Object;
use crate::{ListKind, Reason, RenderError, Value};

use super::arithmetic::{self, Number};
use super::budget::Budget;
use super::{Rendered, Renderer};

/// How deep `equals` goes. As printing does.
const DEPTH_MAX: usize = crate::value::PRINT_DEPTH_MAX;

impl Renderer<'_> {
    /// `left == right`: numbers by value, what is of one class by `equals`, anything else by its text.
    pub(super) fn equal(&mut self, left: Option<&Value>, right: Option<&Value>) -> Rendered<bool> {
        let (left, right) = match (left, right) {
            (None, None) => return Ok(true),
            (None, _) | (_, None) => return Ok(false),
            (Some(left), Some(right)) => (left, right),
        };
        if let (Value::String(left), Value::String(right)) = (left, right) {
            self.budget.bytes_moved(left.len().min(right.len()))?;
            return Ok(left == right);
        }
        if let Some((left, right)) = Number::of(left).zip(Number::of(right)) {
            return Ok(arithmetic::compare(&left, &right).is_eq());
        }
        if of_one_class(left, right) {
            return Ok(equals(left, right, &mut self.budget)?);
        }
        let left = self.text(left)?;
        let right = self.text(right)?;
        Ok(left == right)
    }
}

/// Whether one's class is the other's or derived from it.
fn of_one_class(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Bool(_), Value::Bool(_)) | (Value::String(_), Value::String(_)) => true,
        (Value::List(left), Value::List(right)) => {
            left.kind == right.kind
                || class_is_array_list(left.kind) && class_is_array_list(right.kind)
        }
        (Value::Map(_), Value::Map(_)) => true,
        (Value::Object(left), Value::Object(right)) => left.class() == right.class(),
        _ => false,
    }
}

fn class_is_array_list(kind: ListKind) -> bool {
    matches!(kind, ListKind::ArrayList | ListKind::JsonArray)
}

/// Java's `left.equals(right)`.
pub(crate) fn equals(
    left: &Value,
    right: &Value,
    budget: &mut Budget,
) -> Result<bool, RenderError> {
    equals_at(left, right, budget, 0)
}

fn equals_at(
    left: &Value,
    right: &Value,
    budget: &mut Budget,
    depth: usize,
) -> Result<bool, RenderError> {
    budget.steps(1)?;
    if depth > DEPTH_MAX {
        return Err(RenderError::spent(Reason::Depth));
    }
    Ok(match (left, right) {
        (Value::Null, Value::Null) => true,
        (Value::Bool(left), Value::Bool(right)) => left == right,
        (Value::Integer(left), Value::Integer(right)) => left == right,
        (Value::Long(left), Value::Long(right)) => left == right,
        (Value::Big(left), Value::Big(right)) => left == right,
        (Value::Double(left), Value::Double(right)) => {
            left.to_bits() == right.to_bits() || left.is_nan() && right.is_nan()
        }
        (Value::Decimal(left), Value::Decimal(right)) => left == right,
        (Value::String(left), Value::String(right)) => {
            budget.bytes_moved(left.len())?;
            left == right
        }
        (Value::List(left), Value::List(right)) => {
            if Rc::ptr_eq(&left.items, &right.items) {
                return Ok(true);
            }
            if left.kind == ListKind::StringArray || right.kind == ListKind::StringArray {
                return Ok(false);
            }
            let (left, right) = (left.items.borrow(), right.items.borrow());
            if left.len() != right.len() {
                return Ok(false);
            }
            for (left, right) in left.iter().zip(right.iter()) {
                if !equals_at(left, right, budget, depth + 1)? {
                    return Ok(false);
                }
            }
            true
        }
        (Value::Map(left), Value::Map(right)) => {
            if left.is_same(right) {
                return Ok(true);
            }
            if left.len() != right.len() {
                return Ok(false);
            }
            for (key, value) in left.entries().iter() {
                match right.get(key) {
                    Some(other) if equals_at(value, &other, budget, depth + 1)? => {}
                    _ => return Ok(false),
                }
            }
            true
        }
        (Value::Root(left), Value::Root(right)) => left == right,
        (Value::Object(left), Value::Object(right)) => left.is(right),
        _ => false,
    })
}

impl Object {
    /// Java's `equals` of what has its own: characters and classes.
    fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Char(left), Self::Char(right)) => left == right,
            (Self::Class(left), Self::Class(right)) => left == right,
            (Self::Scope(left), Self::Scope(right)) => Rc::ptr_eq(left, right),
            (Self::Block(left), Self::Block(right)) => Rc::ptr_eq(left, right),
            (Self::Entry(left, a), Self::Entry(right, b)) => left.is_same(right) && a == b,
            _ => false,
        }
    }
}
