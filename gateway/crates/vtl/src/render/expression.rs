//! Values and conditions.

use std::rc::Rc;

use crate::program::{Arithmetic, Comparison, Expression, Interpolated, Term};
use crate::{List, ListKind, Map, RenderError, Value};

use super::arithmetic::{self, Number};
use super::{Rendered, Renderer};

impl<'r> Renderer<'r> {
    /// The value of an expression. `None` is no value, which `#set` leaves alone.
    pub(super) fn value(&mut self, expression: &'r Expression) -> Rendered<Option<Value>> {
        Ok(Some(match expression {
            Expression::Text(text) => {
                self.budget.bytes(text.len())?;
                Value::from(&**text)
            }
            Expression::Bool(value) => Value::Bool(*value),
            Expression::Integer(value) => Value::Integer(*value),
            Expression::Long(value) => Value::Long(*value),
            Expression::Big(value) => Value::Big(Rc::new(value.clone())),
            Expression::Double(value) => Value::Double(*value),
            Expression::Interpolated(interpolated) => {
                Value::String(self.interpolated(interpolated)?.into())
            }
            Expression::Reference(reference) => return self.execute(reference),
            Expression::List(items) => self.list(items)?,
            Expression::Map(entries) => self.map(entries)?,
            Expression::Range(ends) => return self.range(ends),
            Expression::Not(_)
            | Expression::And(_)
            | Expression::Or(_)
            | Expression::Compare(..) => Value::Bool(self.holds(expression)?),
            Expression::Arithmetic(first, rest) => return self.arithmetic(first, rest),
        }))
    }

    /// Whether a condition holds: of references all but `false`, of other values only `true`.
    pub(super) fn holds(&mut self, expression: &'r Expression) -> Rendered<bool> {
        self.budget.steps(1)?;
        Ok(match expression {
            Expression::Bool(value) => *value,
            Expression::Reference(reference) => match self.execute(reference)? {
                None | Some(Value::Bool(false)) => false,
                Some(value) => {
                    // The reference implementation asks for the text, which can fail.
                    if matches!(value, Value::Object(crate::methods::Object::Block(_))) {
                        self.text(&value)?;
                    }
                    true
                }
            },
            Expression::Not(operand) => !self.holds(operand)?,
            Expression::And(operands) => {
                for operand in operands {
                    if !self.holds(operand)? {
                        return Ok(false);
                    }
                }
                true
            }
            Expression::Or(operands) => {
                for operand in operands {
                    if self.holds(operand)? {
                        return Ok(true);
                    }
                }
                false
            }
            Expression::Compare(first, rest) => {
                let mut left = self.value(first)?;
                let mut outcome = false;
                for (comparison, right) in rest {
                    let right = self.value(right)?;
                    outcome = self.compares(*comparison, left, right)?;
                    left = Some(Value::Bool(outcome));
                }
                outcome
            }
            _ => false,
        })
    }

    fn compares(
        &mut self,
        comparison: Comparison,
        left: Option<Value>,
        right: Option<Value>,
    ) -> Rendered<bool> {
        self.budget.steps(1)?;
        match comparison {
            Comparison::Equal => return self.equal(left.as_ref(), right.as_ref()),
            Comparison::NotEqual => return Ok(!self.equal(left.as_ref(), right.as_ref())?),
            _ => {}
        }
        let numbers = left.as_ref().and_then(Number::of).zip(right.as_ref().and_then(Number::of));
        let Some(ordering) = numbers.map(|(left, right)| arithmetic::compare(&left, &right)) else {
            return Ok(false);
        };
        Ok(match comparison {
            Comparison::Less => ordering.is_lt(),
            Comparison::LessEqual => ordering.is_le(),
            Comparison::Greater => ordering.is_gt(),
            _ => ordering.is_ge(),
        })
    }

    fn interpolated(&mut self, interpolated: &'r Interpolated) -> Rendered<String> {
        let mut text = self.captured(|renderer| renderer.block(&interpolated.body))?;
        if interpolated.padded {
            text.pop();
        }
        Ok(text)
    }

    fn list(&mut self, items: &'r [Expression]) -> Rendered<Value> {
        self.budget.values(items.len() + 1)?;
        let mut values = Vec::with_capacity(items.len());
        for item in items {
            let item = self.value(item)?;
            values.push(item.unwrap_or(Value::Null));
        }
        Ok(Value::List(List::new(ListKind::ArrayList, values)))
    }

    fn map(&mut self, entries: &'r [(Expression, Expression)]) -> Rendered<Value> {
        self.budget.values(2 * entries.len() + 1)?;
        let map = Map::with_capacity(entries.len());
        for (key, value) in entries {
            let key = self.value(key)?.unwrap_or(Value::Null);
            let key = self.text(&key)?;
            let value = self.value(value)?;
            map.insert(key, value.unwrap_or(Value::Null));
        }
        Ok(Value::Map(map))
    }

    fn range(&mut self, ends: &'r [Expression; 2]) -> Rendered<Option<Value>> {
        let from = self.value(&ends[0])?;
        let to = self.value(&ends[1])?;
        let numbers = from.as_ref().and_then(Number::of).zip(to.as_ref().and_then(Number::of));
        let Some((from, to)) = numbers.map(|(from, to)| (from.int_value(), to.int_value())) else {
            return Ok(None);
        };
        // Java's counting overflows, and then there is nothing or no list.
        let count = from.wrapping_sub(to).wrapping_abs().wrapping_add(1);
        let count =
            usize::try_from(count).map_err(|_| RenderError::thrown("a range is too long"))?;
        self.budget.values(count + 1)?;
        let step = if from >= to { -1 } else { 1 };
        let items = std::iter::successors(Some(from), |at| Some(at.wrapping_add(step)))
            .take(count)
            .map(Value::Integer)
            .collect();
        Ok(Some(Value::List(List::new(ListKind::ArrayList, items))))
    }

    fn arithmetic(
        &mut self,
        first: &'r Term,
        rest: &'r [(Arithmetic, Term)],
    ) -> Rendered<Option<Value>> {
        let mut left = self.value(&first.expression)?;
        let mut left_text = &first.text;
        for (operator, term) in rest {
            self.budget.steps(1)?;
            let right = self.value(&term.expression)?;
            left = self.operate(*operator, (left, left_text), (right, &term.text))?;
            left_text = &term.chain_text;
        }
        Ok(left)
    }

    fn operate(
        &mut self,
        operator: Arithmetic,
        (left, left_text): (Option<Value>, &str),
        (right, right_text): (Option<Value>, &str),
    ) -> Rendered<Option<Value>> {
        let is_text = |value: &Option<Value>| matches!(value, Some(Value::String(_)));
        if operator == Arithmetic::Add && (is_text(&left) || is_text(&right)) {
            let left = left.map_or_else(|| Ok(left_text.into()), |left| self.text(&left))?;
            let right = right.map_or_else(|| Ok(right_text.into()), |right| self.text(&right))?;
            self.budget.bytes(left.len() + right.len())?;
            return Ok(Some(Value::String([&*left, &*right].concat().into())));
        }
        let Some((left, right)) =
            left.as_ref().and_then(Number::of).zip(right.as_ref().and_then(Number::of))
        else {
            return Ok(None);
        };
        let size = left.size() + right.size();
        self.budget.steps((size as u64).saturating_mul(size as u64) / 4096)?;
        self.budget.bytes(size)?;
        Ok(arithmetic::operate(operator, &left, &right)?.map(Number::into_value))
    }
}
