//! Java's numbers, calculated with as Velocity does: integers widen when they overflow, a double makes doubles.

use std::cmp::Ordering;
use std::rc::Rc;

use num_bigint::{BigInt, Sign};

use crate::program::Arithmetic;
use crate::{RenderError, Value};

use super::decimal::Decimal;

/// A number.
#[derive(Clone, Debug)]
pub(crate) enum Number {
    Integer(i32),
    Long(i64),
    Big(Rc<BigInt>),
    Double(f64),
    Decimal(Decimal),
}

/// What both operands are converted to.
enum Pair {
    Longs(i64, i64),
    Bigs(BigInt, BigInt),
    Doubles(f64, f64),
    Decimals(Decimal, Decimal),
}

impl Number {
    pub(crate) fn of(value: &Value) -> Option<Self> {
        Some(match value {
            Value::Integer(value) => Self::Integer(*value),
            Value::Long(value) => Self::Long(*value),
            Value::Big(value) => Self::Big(value.clone()),
            Value::Double(value) => Self::Double(*value),
            Value::Decimal(text) => Self::Decimal(Decimal::parse(text)?),
            _ => return None,
        })
    }

    pub(crate) fn into_value(self) -> Value {
        match self {
            Self::Integer(value) => Value::Integer(value),
            Self::Long(value) => Value::Long(value),
            Self::Big(value) => Value::Big(value),
            Self::Double(value) => Value::Double(value),
            Self::Decimal(value) => Value::Decimal(value.to_string().into()),
        }
    }

    /// How much memory it takes.
    pub(crate) fn size(&self) -> usize {
        match self {
            Self::Big(value) => value.bits() as usize / 8,
            Self::Decimal(value) => value.size(),
            _ => 0,
        }
    }

    /// Java's `longValue()`.
    pub(crate) fn long_value(&self) -> i64 {
        match self {
            Self::Integer(value) => (*value).into(),
            Self::Long(value) => *value,
            Self::Big(value) => low_bits(value),
            Self::Double(value) => *value as i64,
            Self::Decimal(value) => low_bits(&value.whole()),
        }
    }

    /// Java's `intValue()`.
    pub(crate) fn int_value(&self) -> i32 {
        match self {
            Self::Double(value) => *value as i32,
            other => other.long_value() as i32,
        }
    }

    /// Java's `doubleValue()`.
    pub(crate) fn double_value(&self) -> f64 {
        match self {
            Self::Integer(value) => (*value).into(),
            Self::Long(value) => *value as f64,
            Self::Big(value) => value.to_string().parse().unwrap_or(f64::NAN),
            Self::Double(value) => *value,
            Self::Decimal(value) => value.to_string().parse().unwrap_or(f64::NAN),
        }
    }

    /// The 32-bit digits of a large integer, lowest first, and whether it is negative.
    pub(crate) fn magnitude_digits(&self) -> (Vec<u32>, bool) {
        match self {
            Self::Big(value) => (value.iter_u32_digits().collect(), value.sign() == Sign::Minus),
            _ => (Vec::new(), false),
        }
    }

    fn is_whole(&self) -> bool {
        matches!(self, Self::Integer(_) | Self::Long(_) | Self::Big(_))
    }

    fn is_zero(&self) -> bool {
        match self {
            Self::Integer(value) => *value == 0,
            Self::Long(value) => *value == 0,
            Self::Big(value) => value.sign() == Sign::NoSign,
            Self::Double(value) => *value == 0.0,
            Self::Decimal(value) => value.is_zero(),
        }
    }

    fn big(&self) -> BigInt {
        match self {
            Self::Big(value) => (**value).clone(),
            other => other.long_value().into(),
        }
    }

    /// As a decimal; `None` for what is no number to Java either.
    fn decimal(&self) -> Option<Decimal> {
        match self {
            Self::Decimal(value) => Some(value.clone()),
            Self::Big(value) => Some(Decimal::whole_number((**value).clone())),
            other => Decimal::of_double(other.double_value()),
        }
    }
}

/// The low 64 bits in two's complement.
fn low_bits(value: &BigInt) -> i64 {
    let low = value.iter_u64_digits().next().unwrap_or(0).cast_signed();
    if value.sign() == Sign::Minus { low.wrapping_neg() } else { low }
}

fn pair(left: &Number, right: &Number) -> Option<Pair> {
    let whole = left.is_whole() && right.is_whole();
    let any_big = matches!(left, Number::Big(_)) || matches!(right, Number::Big(_));
    let any_decimal = matches!(left, Number::Decimal(_)) || matches!(right, Number::Decimal(_));
    Some(if any_decimal || !whole && any_big {
        Pair::Decimals(left.decimal()?, right.decimal()?)
    } else if any_big {
        Pair::Bigs(left.big(), right.big())
    } else if whole {
        Pair::Longs(left.long_value(), right.long_value())
    } else {
        Pair::Doubles(left.double_value(), right.double_value())
    })
}

fn not_finite() -> RenderError {
    RenderError::thrown("infinity and not-a-number cannot be calculated with as decimals")
}

/// `left operator right`; `None` for a division by zero.
pub(super) fn operate(
    operator: Arithmetic,
    left: &Number,
    right: &Number,
) -> Result<Option<Number>, RenderError> {
    if matches!(operator, Arithmetic::Divide | Arithmetic::Modulo) && right.is_zero() {
        return Ok(None);
    }
    let both_integers = matches!((left, right), (Number::Integer(_), Number::Integer(_)));
    Ok(Some(match pair(left, right).ok_or_else(not_finite)? {
        Pair::Longs(left, right) => longs(operator, left, right, both_integers),
        Pair::Bigs(left, right) => Number::Big(Rc::new(match operator {
            Arithmetic::Add => left + right,
            Arithmetic::Subtract => left - right,
            Arithmetic::Multiply => left * right,
            Arithmetic::Divide => left / right,
            Arithmetic::Modulo if right.sign() == Sign::Minus => {
                return Err(RenderError::thrown("`%` of a large integer by a negative one"));
            }
            Arithmetic::Modulo => ((left % &right) + &right) % right,
        })),
        Pair::Doubles(left, right) => Number::Double(match operator {
            Arithmetic::Add => left + right,
            Arithmetic::Subtract => left - right,
            Arithmetic::Multiply => left * right,
            Arithmetic::Divide => left / right,
            Arithmetic::Modulo => left % right,
        }),
        Pair::Decimals(left, right) => Number::Decimal(match operator {
            Arithmetic::Add => left.add(&right),
            Arithmetic::Subtract => left.subtract(&right),
            Arithmetic::Multiply => left.multiply(&right),
            Arithmetic::Divide => left.divide(&right),
            Arithmetic::Modulo => {
                return Err(RenderError::thrown("`%` of decimals cannot be calculated"));
            }
        }),
    }))
}

fn longs(operator: Arithmetic, left: i64, right: i64, both_integers: bool) -> Number {
    let (result, overflowed) = match operator {
        Arithmetic::Add => left.overflowing_add(right),
        Arithmetic::Subtract => left.overflowing_sub(right),
        Arithmetic::Multiply => {
            let product = left.wrapping_mul(right);
            // The reference implementation's check misses the smallest long times -1.
            (product, right != 0 && product.wrapping_div(right) != left)
        }
        Arithmetic::Divide => (left.wrapping_div(right), false),
        Arithmetic::Modulo => (left.wrapping_rem(right), false),
    };
    if overflowed {
        let (left, right) = (BigInt::from(left), BigInt::from(right));
        return Number::Big(Rc::new(match operator {
            Arithmetic::Add => left + right,
            Arithmetic::Subtract => left - right,
            _ => left * right,
        }));
    }
    match i32::try_from(result) {
        Ok(integer) if both_integers => Number::Integer(integer),
        _ => Number::Long(result),
    }
}

/// Compares by value. What is not a number to itself is equal to everything, as in the reference implementation.
pub(crate) fn compare(left: &Number, right: &Number) -> Ordering {
    match pair(left, right) {
        Some(Pair::Longs(left, right)) => left.cmp(&right),
        Some(Pair::Bigs(left, right)) => left.cmp(&right),
        Some(Pair::Doubles(left, right)) => left.partial_cmp(&right).unwrap_or(Ordering::Equal),
        Some(Pair::Decimals(left, right)) => left.compare(&right),
        None => Ordering::Equal,
    }
}
