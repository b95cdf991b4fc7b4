//! `java.math.BigDecimal`, as far as templates reach it: an integer and where its point is.

use std::cmp::Ordering;
use std::fmt;

use num_bigint::{BigInt, Sign};

/// How far a point may be from the digits. Doubles need 1,075 digits behind it; more would take more than it is worth.
const SCALE_MAX: i64 = 4096;

/// `unscaled × 10^-scale`
#[derive(Clone, Debug)]
pub(crate) struct Decimal {
    unscaled: BigInt,
    scale: i64,
}

fn ten_to(exponent: i64) -> BigInt {
    BigInt::from(10).pow(u32::try_from(exponent.clamp(0, 2 * SCALE_MAX)).unwrap_or(0))
}

impl Decimal {
    pub(super) fn whole_number(unscaled: BigInt) -> Self {
        Self { unscaled, scale: 0 }
    }

    /// Reads what [`fmt::Display`] writes, and JSON's numbers.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (digits, exponent) = match text.find(['e', 'E']) {
            Some(at) => (&text[..at], text[at + 1..].trim_start_matches('+').parse::<i64>().ok()?),
            None => (text, 0),
        };
        let fraction = digits.find('.').map_or(0, |at| digits.len() - at - 1);
        let scale = i64::try_from(fraction).ok()? - exponent;
        let unscaled = digits.replace('.', "").trim_start_matches('+').parse().ok()?;
        (scale.abs() <= SCALE_MAX).then_some(Self { unscaled, scale })
    }

    /// Exactly what a double is.
    pub(super) fn of_double(value: f64) -> Option<Self> {
        if !value.is_finite() {
            return None;
        }
        // Every double has an end in decimal; this many digits are enough for all.
        let text = format!("{value:.1100}");
        Self::parse(text.trim_end_matches('0').trim_end_matches('.'))
    }

    pub(super) fn is_zero(&self) -> bool {
        self.unscaled.sign() == Sign::NoSign
    }

    pub(super) fn size(&self) -> usize {
        self.unscaled.bits() as usize / 8
    }

    /// Without what is behind the point.
    pub(super) fn whole(&self) -> BigInt {
        if self.scale > 0 {
            &self.unscaled / ten_to(self.scale)
        } else {
            &self.unscaled * ten_to(-self.scale)
        }
    }

    fn at_scale(&self, scale: i64) -> BigInt {
        &self.unscaled * ten_to(scale - self.scale)
    }

    fn aligned(&self, other: &Self) -> (BigInt, BigInt, i64) {
        let scale = self.scale.max(other.scale);
        (self.at_scale(scale), other.at_scale(scale), scale)
    }

    pub(super) fn add(&self, other: &Self) -> Self {
        let (left, right, scale) = self.aligned(other);
        Self { unscaled: left + right, scale }
    }

    pub(super) fn subtract(&self, other: &Self) -> Self {
        let (left, right, scale) = self.aligned(other);
        Self { unscaled: left - right, scale }
    }

    pub(super) fn multiply(&self, other: &Self) -> Self {
        let product =
            Self { unscaled: &self.unscaled * &other.unscaled, scale: self.scale + other.scale };
        if product.scale.abs() <= SCALE_MAX { product } else { Self::whole_number(product.whole()) }
    }

    /// Keeps the scale of `self`, and rounds half down.
    pub(super) fn divide(&self, other: &Self) -> Self {
        let (left, right) = if other.scale >= 0 {
            (&self.unscaled * ten_to(other.scale), other.unscaled.clone())
        } else {
            (self.unscaled.clone(), &other.unscaled * ten_to(-other.scale))
        };
        let quotient = &left / &right;
        let rest = (&left % &right).magnitude() * 2u32;
        let negative = (left.sign() == Sign::Minus) != (right.sign() == Sign::Minus);
        let away = match rest.cmp(right.magnitude()) {
            Ordering::Greater if negative => -1,
            Ordering::Greater => 1,
            _ => 0,
        };
        Self { unscaled: quotient + away, scale: self.scale }
    }

    pub(super) fn compare(&self, other: &Self) -> Ordering {
        let (left, right, _) = self.aligned(other);
        left.cmp(&right)
    }
}

impl fmt::Display for Decimal {
    /// As `BigDecimal.toString`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.unscaled.magnitude().to_string();
        if self.unscaled.sign() == Sign::Minus {
            f.write_str("-")?;
        }
        let count = i64::try_from(digits.len()).unwrap_or(i64::MAX);
        let adjusted = count - 1 - self.scale;
        if self.scale == 0 {
            return f.write_str(&digits);
        }
        if self.scale < 0 || adjusted < -6 {
            let point = if digits.len() > 1 { "." } else { "" };
            return write!(f, "{}{point}{}E{adjusted:+}", &digits[..1], &digits[1..]);
        }
        if adjusted >= 0 {
            let (whole, fraction) =
                digits.split_at(usize::try_from(count - self.scale).unwrap_or(0));
            return write!(f, "{whole}.{fraction}");
        }
        let zeros = usize::try_from(self.scale - count).unwrap_or(0);
        write!(f, "0.{:0<zeros$}{digits}", "")
    }
}
