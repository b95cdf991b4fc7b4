//! Thresholds from text.

use std::error::Error;
use std::fmt;
use std::str::FromStr;

use super::limits::{DECIMALS, NUMBER_MAX, TEXT_CHARS_MAX};
use super::{Metric, Number, Operator, Threshold, Unit};

/// Why a text is no threshold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThresholdError {
    /// The text.
    pub text: String,
    /// Where in it, in characters from 1.
    pub column: usize,
    /// What is wrong, and what to write instead.
    pub problem: String,
}

impl fmt::Display for ThresholdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "threshold {:?}, column {}: {}", self.text, self.column, self.problem)
    }
}

impl Error for ThresholdError {}

impl FromStr for Threshold {
    type Err = ThresholdError;

    fn from_str(text: &str) -> Result<Self, ThresholdError> {
        let mut rest = Rest { text, at: 0 };
        rest.threshold().map_err(|problem| ThresholdError {
            text: text.chars().take(TEXT_CHARS_MAX).collect(),
            column: text[..rest.at].chars().count() + 1,
            problem,
        })
    }
}

/// What is left to read.
struct Rest<'a> {
    text: &'a str,
    /// Bytes that are read.
    at: usize,
}

impl<'a> Rest<'a> {
    fn threshold(&mut self) -> Result<Threshold, String> {
        let chars = self.text.chars().count();
        if chars > TEXT_CHARS_MAX {
            return Err(format!("it has {chars} characters, and {TEXT_CHARS_MAX} are allowed"));
        }
        self.blanks();
        let metric = self.metric()?;
        self.blanks();
        let operator = self.operator()?;
        self.blanks();
        let number = self.number()?;
        let unit = self.unit(metric)?;
        let request = self.request()?;
        Ok(Threshold { metric, operator, number, unit, request })
    }

    fn metric(&mut self) -> Result<Metric, String> {
        let start = self.at;
        let word = self.take(|c| c.is_ascii_alphabetic());
        let metric = match word {
            "avg" => Metric::Average,
            "min" => Metric::Minimum,
            "max" => Metric::Maximum,
            "errors" => Metric::Errors,
            "throughput" => Metric::Throughput,
            "p" => return self.percentile(),
            _ => {
                self.at = start;
                return Err("write p50 to p99.999, avg, min, max, errors or throughput".into());
            }
        };
        Ok(metric)
    }

    fn percentile(&mut self) -> Result<Metric, String> {
        let start = self.at;
        let number = self.number()?;
        match u32::try_from(number.0) {
            Ok(thousandths) if (1..100_000).contains(&thousandths) => {
                Ok(Metric::Percentile(thousandths))
            }
            _ => {
                self.at = start;
                Err("a percentile lies between 0 and 100, such as p99.9; write max for the largest"
                    .into())
            }
        }
    }

    fn operator(&mut self) -> Result<Operator, String> {
        let known = [
            ("<=", Operator::AtMost),
            (">=", Operator::AtLeast),
            ("<", Operator::Less),
            (">", Operator::Greater),
        ];
        for (sign, operator) in known {
            if self.skip(sign) {
                return Ok(operator);
            }
        }
        Err("write <, <=, > or >=".into())
    }

    fn number(&mut self) -> Result<Number, String> {
        let start = self.at;
        let whole = self.take(|c| c.is_ascii_digit());
        let decimals = if self.skip(".") { Some(self.take(|c| c.is_ascii_digit())) } else { None };
        let number = exact(whole, decimals);
        if number.is_err() {
            self.at = start;
        }
        number
    }

    fn unit(&mut self, metric: Metric) -> Result<Unit, String> {
        let start = self.at;
        self.blanks();
        let known: &[(&str, Unit)] = match metric {
            Metric::Errors => &[("%", Unit::Percent)],
            Metric::Throughput => &[("/s", Unit::PerSecond)],
            _ => &[("us", Unit::Microseconds), ("ms", Unit::Milliseconds), ("s", Unit::Seconds)],
        };
        for &(name, unit) in known {
            if self.skip(name) {
                return Ok(unit);
            }
        }
        if metric == Metric::Throughput {
            self.at = start;
            return Ok(Unit::PerSecond);
        }
        Err(match metric {
            Metric::Errors => "errors are a share: write %, such as errors<0.1%".into(),
            _ => "a latency needs a unit: write us, ms or s, such as 5ms".into(),
        })
    }

    fn request(&mut self) -> Result<Option<String>, String> {
        let has_blank = self.blanks();
        if self.left().is_empty() {
            return Ok(None);
        }
        if !has_blank || !self.skip("for ") {
            return Err("nothing may follow but ` for ` and a request's name, such as p99<5ms for GET /orders".into());
        }
        let name = self.left().trim();
        if name.is_empty() {
            return Err(
                "name a request after `for`, or leave out `for` to judge all of them".into()
            );
        }
        if name.contains(char::is_control) {
            return Err("a request's name has no control characters".into());
        }
        Ok(Some(name.to_string()))
    }

    fn left(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn take(&mut self, is_part: impl Fn(char) -> bool) -> &'a str {
        let left = self.left();
        let len = left.find(|c| !is_part(c)).unwrap_or(left.len());
        self.at += len;
        &left[..len]
    }

    fn skip(&mut self, word: &str) -> bool {
        let is_here = self.left().starts_with(word);
        if is_here {
            self.at += word.len();
        }
        is_here
    }

    fn blanks(&mut self) -> bool {
        !self.take(|c| c == ' ').is_empty()
    }
}

/// `whole.decimals` in thousandths, without rounding.
fn exact(whole: &str, decimals: Option<&str>) -> Result<Number, String> {
    let part = decimals.unwrap_or("");
    if whole.is_empty() || decimals.is_some_and(str::is_empty) {
        return Err("write a number, such as 5 or 0.1".into());
    }
    if part.len() > DECIMALS as usize {
        return Err(format!("a number has at most {DECIMALS} decimals; take a smaller unit"));
    }
    let whole: u64 = whole.parse().unwrap_or(u64::MAX);
    if whole > NUMBER_MAX {
        return Err(format!("a number is at most {NUMBER_MAX}; take a larger unit"));
    }
    let thousandths =
        format!("{part:0<width$}", width = DECIMALS as usize).parse::<u64>().unwrap_or(0);
    Ok(Number(whole * Number::ONE + thousandths))
}
