//! Statistics: `Sum`, `p99.9`, `tm90`, `PR(:300)` and their kind.
//!
//! What goes by the order of values takes them from parts of a sixteenth of a power of two ([`Values::spread`]).

use crate::metrics::values::Values;

/// The statistics of `Statistics`, in the order of answers.
pub(super) const BASIC: [&str; 5] = ["SampleCount", "Average", "Sum", "Minimum", "Maximum"];

/// One statistic.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Statistic {
    SampleCount,
    Average,
    Sum,
    Minimum,
    Maximum,
    /// The value that this share of all values does not exceed.
    Percentile(f64),
    /// Of the values between bounds.
    Trimmed(Trimmed, Bounds),
    /// Which percentage of all values lies in `(from, to]`.
    Rank(Option<f64>, Option<f64>),
}

/// What is told of the values between bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trimmed {
    Mean,
    Count,
    Sum,
    /// The mean, with what lies outside taken for the bound that it passes.
    Winsorized,
}

/// Which values are taken.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Bounds {
    /// From this share of all values on, in order, up to that one.
    Shares(f64, f64),
    /// Above the first, up to the second.
    Values(Option<f64>, Option<f64>),
}

impl Statistic {
    /// Reads a statistic by its name in the documentation.
    pub(super) fn parse(text: &str) -> Option<Self> {
        match text {
            "SampleCount" => return Some(Self::SampleCount),
            "Average" => return Some(Self::Average),
            "Sum" => return Some(Self::Sum),
            "Minimum" => return Some(Self::Minimum),
            "Maximum" => return Some(Self::Maximum),
            "IQM" => return Some(Self::Trimmed(Trimmed::Mean, Bounds::Shares(0.25, 0.75))),
            _ => {}
        }
        let (name, rest) = text.split_at_checked(2)?;
        let kind = match &*name.to_ascii_lowercase() {
            "tm" => Some(Trimmed::Mean),
            "tc" => Some(Trimmed::Count),
            "ts" => Some(Trimmed::Sum),
            "wm" => Some(Trimmed::Winsorized),
            _ => None,
        };
        let inside = rest.strip_prefix('(').and_then(|rest| rest.strip_suffix(')'));
        match (kind, inside) {
            (Some(kind), Some(inside)) => Some(Self::Trimmed(kind, bounds(inside)?)),
            (Some(kind), None) => Some(Self::Trimmed(kind, Bounds::Shares(0.0, share(rest)?))),
            (None, Some(inside)) if name.eq_ignore_ascii_case("pr") => {
                let (from, to) = inside.split_once(':')?;
                let (from, to) = (limit(from)?, limit(to)?);
                (from.is_some() || to.is_some()).then_some(Self::Rank(from, to))
            }
            _ => share(text.strip_prefix(['p', 'P'])?).map(Self::Percentile),
        }
    }

    /// Whether it goes by the order of values.
    pub(super) fn is_extended(self) -> bool {
        !matches!(
            self,
            Self::SampleCount | Self::Average | Self::Sum | Self::Minimum | Self::Maximum
        )
    }

    /// What it is of these values; `None` where that cannot be told.
    pub(super) fn of(self, values: &Values) -> Option<f64> {
        if values.count <= 0.0 {
            return None;
        }
        match self {
            Self::SampleCount => Some(values.count),
            Self::Average => Some(values.sum / values.count),
            Self::Sum => Some(values.sum),
            Self::Minimum => Some(values.min),
            Self::Maximum => Some(values.max),
            Self::Percentile(share) => Parts::of(values)?.at(share),
            Self::Trimmed(kind, bounds) => Parts::of(values)?.trimmed(kind, bounds),
            Self::Rank(from, to) => Some(Parts::of(values)?.rank(from, to)),
        }
    }
}

/// `99`, `99.9` or `100`, as a share.
fn share(text: &str) -> Option<f64> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let begins = text.bytes().next().is_some_and(|byte| byte.is_ascii_digit());
    let percent: f64 = text.parse().ok().filter(|_| digits && begins)?;
    (0.0..=100.0).contains(&percent).then_some(percent / 100.0)
}

/// `10%:90%`, `:90%`, `150:1000`, `150:` …; at least one of both, and of one kind.
fn bounds(text: &str) -> Option<Bounds> {
    let (from, to) = text.split_once(':')?;
    if from.ends_with('%') || to.ends_with('%') {
        let side = |text: &str, otherwise| match text {
            "" => Some(otherwise),
            text => share(text.strip_suffix('%')?),
        };
        let (from, to) = (side(from, 0.0)?, side(to, 1.0)?);
        return (from < to).then_some(Bounds::Shares(from, to));
    }
    let (from, to) = (limit(from)?, limit(to)?);
    (from.is_some() || to.is_some()).then_some(Bounds::Values(from, to))
}

/// A number, or nothing.
fn limit(text: &str) -> Option<Option<f64>> {
    match text {
        "" => Some(None),
        text => text.parse().ok().filter(|value: &f64| value.is_finite()).map(Some),
    }
}

/// Values in their order: how many are about how much.
struct Parts {
    parts: Vec<(f64, f64)>,
    count: f64,
}

impl Parts {
    fn of(values: &Values) -> Option<Self> {
        let clamp = |value: f64| value.max(values.min).min(values.max);
        let parts: Vec<_> = values
            .spread
            .as_ref()?
            .values()
            .map(|(count, sum)| (*count, clamp(sum / count)))
            .collect();
        let count = parts.iter().map(|(count, _)| count).sum();
        Some(Self { parts, count })
    }

    fn at(&self, share: f64) -> Option<f64> {
        let rank = (share * self.count).ceil().max(1.0);
        let mut seen = 0.0;
        for (count, value) in &self.parts {
            seen += count;
            if seen >= rank {
                return Some(*value);
            }
        }
        self.parts.last().map(|(_, value)| *value)
    }

    /// How many values lie between two ranks, and their sum.
    fn between(&self, from: f64, to: f64) -> (f64, f64) {
        let (mut seen, mut taken, mut sum) = (0.0_f64, 0.0, 0.0);
        for (count, value) in &self.parts {
            let inside = ((seen + count).min(to) - seen.max(from)).max(0.0);
            (taken, sum) = (taken + inside, sum + inside * value);
            seen += count;
        }
        (taken, sum)
    }

    fn trimmed(&self, kind: Trimmed, bounds: Bounds) -> Option<f64> {
        let ((count, sum), outside) = match bounds {
            Bounds::Shares(from, to) => {
                let (low, high) = (from * self.count, to * self.count);
                let low_value = self.at(from)?;
                let high_value = self.at(to)?;
                let outside = low * low_value + (self.count - high) * high_value;
                (self.between(low, high), outside)
            }
            Bounds::Values(from, to) => {
                let is_low = |value: f64| from.is_some_and(|from| value <= from);
                let is_high = |value: f64| to.is_some_and(|to| value > to);
                let (mut count, mut sum, mut outside) = (0.0, 0.0, 0.0);
                for &(part, value) in &self.parts {
                    match (is_low(value), is_high(value)) {
                        (true, _) => outside += part * from.unwrap_or(value),
                        (_, true) => outside += part * to.unwrap_or(value),
                        _ => (count, sum) = (count + part, sum + part * value),
                    }
                }
                ((count, sum), outside)
            }
        };
        match kind {
            Trimmed::Count => Some(count),
            Trimmed::Sum => Some(sum),
            Trimmed::Mean => (count > 0.0).then_some(sum / count),
            Trimmed::Winsorized => Some((sum + outside) / self.count),
        }
    }

    fn rank(&self, from: Option<f64>, to: Option<f64>) -> f64 {
        let inside = self.parts.iter().filter(|(_, value)| {
            from.is_none_or(|from| *value > from) && to.is_none_or(|to| *value <= to)
        });
        100.0 * inside.map(|(count, _)| count).sum::<f64>() / self.count
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::series::put_values;

    fn one_to(last: u32) -> Values {
        put_values(&(1..=last).map(|value| (value.into(), 1.0)).collect::<Vec<_>>())
    }

    #[track_caller]
    fn check(text: &str, values: &Values, expect: f64) {
        let statistic = Statistic::parse(text).expect(text);
        let found = statistic.of(values).expect(text);
        assert!((found - expect).abs() < 1e-9, "{text}: {found}, not {expect}");
    }

    #[test]
    fn statistics_of_few_values_are_exact() {
        let values = one_to(20);
        for (text, expect) in [
            ("SampleCount", 20.0),
            ("Sum", 210.0),
            ("Average", 10.5),
            ("Minimum", 1.0),
            ("Maximum", 20.0),
            ("p0", 1.0),
            ("p50", 10.0),
            ("p99.9", 20.0),
            ("p100", 20.0),
            ("tm50", 5.5),
            ("TM(10%:90%)", 10.5),
            ("TM(5:10)", 8.0),
            ("TM(:10)", 5.5),
            ("tc90", 18.0),
            ("TC(18:)", 2.0),
            ("ts10", 3.0),
            ("TS(80%:)", 74.0),
            ("wm90", 10.35),
            ("WM(:10)", 7.75),
            ("IQM", 10.5),
            ("PR(:5)", 25.0),
            ("PR(5:10)", 25.0),
            ("PR(19:)", 5.0),
        ] {
            check(text, &values, expect);
        }
    }

    #[test]
    fn percentiles_of_many_values_are_within_a_sixteenth() {
        let values = one_to(10_000);
        for (percent, expect) in [(1.0, 100.0), (50.0, 5_000.0), (90.0, 9_000.0), (99.9, 9_990.0)] {
            let found = Statistic::Percentile(percent / 100.0).of(&values).expect("values");
            assert!((found - expect).abs() <= expect / 16.0, "p{percent}: {found}");
        }
    }

    #[test]
    fn what_is_no_statistic_is_refused() {
        for text in [
            "",
            "p",
            "p101",
            "p-1",
            "px",
            "p.5",
            "p1e1",
            "median",
            "sum",
            "tm",
            "tm101",
            "TM()",
            "TM(:)",
            "TM(90%:10%)",
            "TM(10%:5)",
            "PR(:)",
            "PR(5%:)",
            "PR",
            "wm(1",
            "é",
            "pé",
            "TM(nan:inf)",
            "pinf",
        ] {
            assert_eq!(Statistic::parse(text), None, "{text}");
        }
    }

    #[test]
    fn nothing_is_told_where_nothing_is_known() {
        assert_eq!(Statistic::Sum.of(&Values::default()), None);
        let put = Values { count: 2.0, sum: 3.0, min: 1.0, max: 2.0, spread: None };
        assert_eq!(Statistic::Percentile(0.5).of(&put), None);
        assert_eq!(Statistic::Average.of(&put), Some(1.5));
        let trimmed = Statistic::parse("TM(100:200)").expect("a statistic");
        assert_eq!(trimmed.of(&one_to(5)), None, "none is between");
    }
}
