//! Where values lie on an axis, and its ticks.

use crate::{Scale, limits};

/// An axis with its ends.
#[derive(Clone, Debug)]
pub(super) struct Ruler {
    scale: Scale,
    /// Ends in the scale's own measure: values, decades or nines.
    from: f64,
    to: f64,
    /// How many steps of ticks are wanted.
    steps: usize,
}

/// A mark with its label; `part` is its place from 0 to 1.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Tick {
    pub(super) part: f64,
    pub(super) label: String,
}

impl Ruler {
    /// An axis on which all of these finite values have a place. With `whole`, it ends at ticks.
    pub(super) fn new(scale: Scale, values: &[f64], steps: usize, whole: bool) -> Self {
        let mut ruler = Self { scale, from: 0.0, to: 1.0, steps };
        match scale {
            Scale::Linear => ruler.linear(values, whole),
            Scale::Log => ruler.log(values, whole),
            Scale::Percentile => {
                let finite = values.iter().filter(|v| **v < 100.0).map(|v| nines(*v));
                let most = finite.fold(0.0, f64::max).min(limits::NINES_MAX);
                let beyond = values.iter().any(|v| *v >= 100.0);
                ruler.to = (most + if beyond { 0.3 } else { 0.0 }).max(1.0);
            }
        }
        ruler
    }

    fn linear(&mut self, values: &[f64], whole: bool) {
        let Some((least, greatest)) = ends(values.iter().map(|v| tame(*v))) else { return };
        (self.from, self.to) = (least, greatest);
        // Heights are compared with zero; times and rates are when zero is near.
        if least > 0.0 && (whole || least < 0.25 * greatest) {
            self.from = 0.0;
        }
        if self.to - self.from <= self.to.abs().max(self.from.abs()) * 1e-9 {
            let around = if self.to == 0.0 { 1.0 } else { self.to.abs() * 0.5 };
            (self.from, self.to) = (tame(self.from - around), tame(self.to + around));
        }
        if whole {
            let step = nice_step(self.to - self.from, self.steps);
            self.from = tame((self.from / step).floor() * step);
            self.to = tame((self.to / step).ceil() * step);
        }
    }

    fn log(&mut self, values: &[f64], whole: bool) {
        let positive = values.iter().filter(|v| **v > 0.0).map(|v| v.log10());
        let Some((least, greatest)) = ends(positive) else { return };
        (self.from, self.to) = (least, greatest);
        if whole && greatest - least > 1.0 {
            (self.from, self.to) = (below(least), above(greatest));
        } else if whole || greatest - least < 0.1 {
            (self.from, self.to) = (least.floor(), (greatest + 0.02).ceil());
        }
    }

    /// From 0 at the axis's start to 1 at its end; what lies beyond is at an end.
    pub(super) fn part(&self, value: f64) -> f64 {
        let value = match self.scale {
            Scale::Linear => tame(value),
            Scale::Log if value > 0.0 => value.log10(),
            Scale::Log => self.from,
            Scale::Percentile if value >= 100.0 => self.to,
            Scale::Percentile => nines(value),
        };
        let part = (value - self.from) / (self.to - self.from);
        if part.is_nan() { 0.0 } else { part.clamp(0.0, 1.0) }
    }

    pub(super) fn ticks(&self) -> Vec<Tick> {
        let values = match self.scale {
            Scale::Linear => self.linear_ticks(),
            Scale::Log => self.log_ticks(),
            Scale::Percentile => self.percentile_ticks(),
        };
        values
            .into_iter()
            .map(|(value, label)| Tick { part: self.part(value), label })
            .take(limits::TICKS_MAX)
            .collect()
    }

    fn linear_ticks(&self) -> Vec<(f64, String)> {
        let step = nice_step(self.to - self.from, self.steps);
        let first = (self.from / step - 1e-6).ceil();
        let last = self.to + step * 1e-6;
        (0..limits::TICKS_MAX)
            .map(|i| (first + i as f64) * step)
            .take_while(|value| *value <= last)
            .map(|value| (value, number(value, step)))
            .collect()
    }

    fn log_ticks(&self) -> Vec<(f64, String)> {
        let (from, to) = (self.from - 1e-6, self.to + 1e-6);
        let decades = (from.floor() as i32)..=(to.ceil() as i32);
        let every = ((to - from) / self.steps as f64).ceil().max(1.0) as usize;
        let within: &[f64] = if to - from < 2.5 { &[1.0, 2.0, 5.0] } else { &[1.0] };
        decades
            .step_by(every)
            .flat_map(|decade| within.iter().map(move |m| (decade, *m)))
            .map(|(decade, m)| (m * 10_f64.powi(decade), f64::from(decade) + m.log10()))
            .filter(|(_, at)| (from..=to).contains(at))
            .map(|(value, _)| (value, number(value, value)))
            .collect()
    }

    fn percentile_ticks(&self) -> Vec<(f64, String)> {
        let nines = (1..=(self.to + 1e-6) as usize).map(|n| {
            let label = match n {
                1 => "90".to_owned(),
                2 => "99".to_owned(),
                n => format!("99.{}", "9".repeat(n - 2)),
            };
            (100.0 - 100.0 * 10_f64.powi(-(n as i32)), label)
        });
        [(0.0, "0".to_owned()), (50.0, "50".to_owned())].into_iter().chain(nines).collect()
    }
}

fn ends(values: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    values.fold(None, |ends, v| match ends {
        None => Some((v, v)),
        Some((least, greatest)) => Some((v.min(least), v.max(greatest))),
    })
}

/// The value in the range that is drawn.
fn tame(value: f64) -> f64 {
    if value.abs() < 1.0 / limits::MAGNITUDE_MAX {
        return 0.0;
    }
    value.clamp(-limits::MAGNITUDE_MAX, limits::MAGNITUDE_MAX)
}

/// How many nines a percentile below 100 has: 1 for 90, 2 for 99.
fn nines(percentile: f64) -> f64 {
    let above = 1.0 - percentile.clamp(0.0, 100.0) / 100.0;
    if above <= 0.0 { limits::NINES_MAX } else { (-above.log10()).clamp(0.0, limits::NINES_MAX) }
}

/// The next of 1, 2, 5 times a power of ten that makes at most `steps` of the range.
fn nice_step(range: f64, steps: usize) -> f64 {
    let rough = (range / steps as f64).max(1.0 / limits::MAGNITUDE_MAX);
    let power = 10_f64.powf(rough.log10().floor());
    let times = rough / power;
    let nice = [1.0, 2.0, 5.0].into_iter().find(|n| times <= n * 1.000_001).unwrap_or(10.0);
    nice * power
}

/// The greatest 1, 2 or 5 times a power of ten at or below, in decades.
fn below(decades: f64) -> f64 {
    let floor = decades.floor();
    let marks = [5.0_f64, 2.0, 1.0].map(|m| floor + m.log10());
    marks.into_iter().find(|mark| *mark <= decades + 1e-9).unwrap_or(floor)
}

/// The least 1, 2, 5 or 10 times a power of ten at or above, in decades.
fn above(decades: f64) -> f64 {
    let floor = decades.floor();
    let marks = [1.0_f64, 2.0, 5.0].map(|m| floor + m.log10());
    marks.into_iter().find(|mark| *mark >= decades - 1e-9).unwrap_or(floor + 1.0)
}

/// A tick's value, as exact as its step asks: `0.25`, `12,000`, `1.5M`, `1e-7`.
fn number(value: f64, step: f64) -> String {
    let step = step.abs().max(1.0 / limits::MAGNITUDE_MAX);
    if value.abs() < step * 1e-6 {
        return "0".to_owned();
    }
    let (size, decimals) =
        (value.abs(), |unit: f64| ((unit / step).log10() - 1e-9).ceil().max(0.0));
    if !(1e-4..1e15).contains(&size) {
        return format!(
            "{value:.*e}",
            decimals(10_f64.powf(size.log10().floor())).min(6.0) as usize
        );
    }
    let (unit, suffix) = match size {
        1e12.. => (1e12, "T"),
        1e9.. => (1e9, "G"),
        1e6.. => (1e6, "M"),
        _ => (1.0, ""),
    };
    let text = format!("{:.*}", decimals(unit).min(12.0) as usize, value / unit);
    match text.split_once('.') {
        None if size >= 1e4 && suffix.is_empty() => {
            let sign = if value < 0.0 { "-" } else { "" };
            format!("{sign}{}", crate::count(size.round() as u64))
        }
        _ => format!("{text}{suffix}"),
    }
}

#[cfg(test)]
mod tests;
