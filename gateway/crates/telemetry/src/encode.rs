//! Prometheus text 0.0.4 and OpenMetrics 1.0.

use std::fmt::{Display, Write};

use crate::histogram::{BOUNDS_SECONDS, HistogramSnapshot};
use crate::names::{Metric, MetricKind};

/// The form in which metrics are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exposition {
    /// Prometheus text format, version 0.0.4.
    Text,
    /// OpenMetrics, version 1.0.0.
    OpenMetrics,
}

impl Exposition {
    /// Chooses by the value of `Accept`: OpenMetrics where the client names it and does not prefer
    /// plain text, else text, which everybody reads.
    pub fn negotiate(accept: Option<&str>) -> Self {
        let ranges = || accept.unwrap_or_default().split(',').filter_map(MediaRange::parse);
        let best = |wanted: fn(&MediaRange<'_>) -> bool| {
            let weights = ranges().filter(wanted).map(|range| range.weight);
            weights.max().unwrap_or(0)
        };
        let open_metrics = best(|range| {
            range.name.eq_ignore_ascii_case("application/openmetrics-text")
                && matches!(range.version, None | Some("1.0.0" | "0.0.1"))
        });
        let text = best(|range| range.name.eq_ignore_ascii_case("text/plain"));
        if open_metrics > 0 && open_metrics >= text { Self::OpenMetrics } else { Self::Text }
    }

    /// The value of `Content-Type`.
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Text => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }
}

/// One element of `Accept`; the weight is in thousandths.
struct MediaRange<'a> {
    name: &'a str,
    version: Option<&'a str>,
    weight: u16,
}

impl<'a> MediaRange<'a> {
    /// `None` when the weight is no number.
    fn parse(element: &'a str) -> Option<Self> {
        let mut parts = element.split(';').map(str::trim);
        let mut range = Self { name: parts.next()?, version: None, weight: 1_000 };
        for (name, value) in parts.filter_map(|part| part.split_once('=')) {
            if name.eq_ignore_ascii_case("q") {
                let weight: f64 = value.parse().ok()?;
                range.weight = (weight.clamp(0.0, 1.0) * 1_000.0) as u16;
            } else if name.eq_ignore_ascii_case("version") {
                range.version = Some(value.trim_matches('"'));
            }
        }
        Some(range)
    }
}

/// Writes metric families one after the other.
#[derive(Debug)]
pub(crate) struct Encoder {
    exposition: Exposition,
    out: String,
}

impl Encoder {
    pub(crate) fn new(exposition: Exposition) -> Self {
        let out = String::new();
        Self { exposition, out }
    }

    /// Starts a family.
    pub(crate) fn family(&mut self, metric: &Metric) {
        let is_open_metrics = self.exposition == Exposition::OpenMetrics;
        // OpenMetrics names a family without the suffix that its kind demands of its samples.
        let (name, kind) = match metric.kind {
            MetricKind::Counter if is_open_metrics => (stem(metric.name, "_total"), "counter"),
            MetricKind::Info if is_open_metrics => (stem(metric.name, "_info"), "info"),
            MetricKind::Info => (metric.name, "gauge"),
            kind => (metric.name, kind.label()),
        };
        let help = Escaped(metric.help);
        self.write(format_args!("# HELP {name} {help}\n# TYPE {name} {kind}\n"));
        if is_open_metrics && !metric.unit.is_empty() {
            self.write(format_args!("# UNIT {name} {}\n", metric.unit));
        }
    }

    /// Writes one sample; `values` are those of the metric's labels, in their order.
    pub(crate) fn sample(&mut self, metric: &Metric, values: &[&str], value: impl Display) {
        self.out.push_str(metric.name);
        self.labels(metric, values, None);
        self.write(format_args!(" {value}\n"));
    }

    /// Writes the buckets, sum and count of one histogram.
    pub(crate) fn histogram(&mut self, metric: &Metric, values: &[&str], data: &HistogramSnapshot) {
        let bounds = BOUNDS_SECONDS.iter().copied().chain(["+Inf"]);
        for (bound, count) in bounds.zip(data.cumulative()) {
            self.write(format_args!("{}_bucket", metric.name));
            self.labels(metric, values, Some(bound));
            self.write(format_args!(" {count}\n"));
        }
        self.write(format_args!("{}_sum", metric.name));
        self.labels(metric, values, None);
        self.write(format_args!(" {}\n", data.sum_seconds()));
        self.write(format_args!("{}_count", metric.name));
        self.labels(metric, values, None);
        self.write(format_args!(" {}\n", data.count()));
    }

    pub(crate) fn finish(mut self) -> String {
        if self.exposition == Exposition::OpenMetrics {
            self.out.push_str("# EOF\n");
        }
        self.out
    }

    fn labels(&mut self, metric: &Metric, values: &[&str], bound: Option<&str>) {
        debug_assert_eq!(metric.labels.len(), values.len(), "{}", metric.name);
        let bound = bound.map(|bound| ("le", bound));
        let labels = metric.labels.iter().copied().zip(values.iter().copied());
        let mut separator = '{';
        for (name, value) in labels.chain(bound) {
            self.write(format_args!("{separator}{name}=\"{}\"", Escaped(value)));
            separator = ',';
        }
        if separator == ',' {
            self.out.push('}');
        }
    }

    fn write(&mut self, text: std::fmt::Arguments<'_>) {
        // Writing to a string does not fail.
        let _ = self.out.write_fmt(text);
    }
}

fn stem<'a>(name: &'a str, suffix: &str) -> &'a str {
    name.strip_suffix(suffix).unwrap_or(name)
}

/// A label value or help text with `\`, `"` and line feeds escaped.
struct Escaped<'a>(&'a str);

impl Display for Escaped<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for part in self.0.split_inclusive(['\\', '"', '\n']) {
            let (text, escape) = match part.as_bytes().last() {
                Some(b'\\') => (&part[..part.len() - 1], "\\\\"),
                Some(b'"') => (&part[..part.len() - 1], "\\\""),
                Some(b'\n') => (&part[..part.len() - 1], "\\n"),
                _ => (part, ""),
            };
            f.write_str(text)?;
            f.write_str(escape)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
