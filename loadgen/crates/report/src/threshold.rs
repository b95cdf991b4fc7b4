//! Limits that a run is judged by: `p99<5ms`, `errors<0.1%`, `throughput>=20000`, `p99.9<20ms for GET /orders`.
//!
//! ```text
//! threshold  = metric operator number unit [ " for " request ]
//! metric     = "p" percentile | "avg" | "min" | "max"     unit: us, ms or s
//!            | "errors"                                   unit: %
//!            | "throughput"                               unit: none, or /s
//! operator   = "<" | "<=" | ">" | ">="
//! ```
//!
//! Blanks may stand around the operator. A request is named as in the report's table; without one, all requests
//! count together. Latencies are those of answers, whatever their status; errors are the share of requests without
//! an answer or with an unexpected status; throughput counts the others, per second of the whole run.
mod judge;
pub mod limits;
mod parse;

use std::fmt;

pub use judge::{Measured, Summary};
pub use parse::ThresholdError;

/// One limit on what a run measures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Threshold {
    metric: Metric,
    operator: Operator,
    number: Number,
    unit: Unit,
    request: Option<String>,
}

/// What a threshold looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metric {
    /// A percentile of latency, in thousandths: 99,900 is p99.9.
    Percentile(u32),
    /// The mean latency.
    Average,
    /// The smallest latency.
    Minimum,
    /// The largest latency.
    Maximum,
    /// Requests without an expected answer, as a share of all.
    Errors,
    /// Requests with an expected answer, per second.
    Throughput,
}

/// How what was measured compares with the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// Below it.
    Less,
    /// Below or at it.
    AtMost,
    /// Above it.
    Greater,
    /// Above or at it.
    AtLeast,
}

/// What the number of a threshold counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Microseconds.
    Microseconds,
    /// Milliseconds.
    Milliseconds,
    /// Seconds.
    Seconds,
    /// Parts of a hundred.
    Percent,
    /// Requests per second.
    PerSecond,
}

/// A decimal number of at most [`limits::DECIMALS`] decimals, in thousandths.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Number(u64);

impl Threshold {
    /// What it looks at.
    #[must_use]
    pub fn metric(&self) -> Metric {
        self.metric
    }

    /// How it compares.
    #[must_use]
    pub fn operator(&self) -> Operator {
        self.operator
    }

    /// The limit: in microseconds for a latency, in percent for errors, in requests per second for throughput.
    #[must_use]
    pub fn limit(&self) -> f64 {
        let number = self.number.as_f64();
        match self.unit {
            Unit::Microseconds | Unit::Percent | Unit::PerSecond => number,
            Unit::Milliseconds => number * 1e3,
            Unit::Seconds => number * 1e6,
        }
    }

    /// The request that it is about; `None` is all of them.
    #[must_use]
    pub fn request(&self) -> Option<&str> {
        self.request.as_deref()
    }
}

impl Metric {
    /// Whether it is a latency.
    #[must_use]
    pub fn is_latency(self) -> bool {
        !matches!(self, Self::Errors | Self::Throughput)
    }
}

impl Operator {
    /// Whether `measured` keeps `limit`.
    #[must_use]
    pub fn holds(self, measured: f64, limit: f64) -> bool {
        match self {
            Self::Less => measured < limit,
            Self::AtMost => measured <= limit,
            Self::Greater => measured > limit,
            Self::AtLeast => measured >= limit,
        }
    }
}

impl Number {
    const ONE: u64 = 10u64.pow(limits::DECIMALS);

    fn as_f64(self) -> f64 {
        self.0 as f64 / Self::ONE as f64
    }
}

/// As [`Threshold`] parses it back.
impl fmt::Display for Threshold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}{}{}", self.metric, self.operator, self.number, self.unit)?;
        match &self.request {
            Some(request) => write!(f, " for {request}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Percentile(thousandths) => write!(f, "p{}", Number(u64::from(*thousandths))),
            Self::Average => f.write_str("avg"),
            Self::Minimum => f.write_str("min"),
            Self::Maximum => f.write_str("max"),
            Self::Errors => f.write_str("errors"),
            Self::Throughput => f.write_str("throughput"),
        }
    }
}

impl fmt::Display for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Less => "<",
            Self::AtMost => "<=",
            Self::Greater => ">",
            Self::AtLeast => ">=",
        })
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Microseconds => "us",
            Self::Milliseconds => "ms",
            Self::Seconds => "s",
            Self::Percent => "%",
            Self::PerSecond => "",
        })
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0 / Self::ONE)?;
        let part = format!("{:03}", self.0 % Self::ONE);
        match part.trim_end_matches('0') {
            "" => Ok(()),
            decimals => write!(f, ".{decimals}"),
        }
    }
}
