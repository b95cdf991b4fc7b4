//! Latencies as curves and table rows.

use hdrhistogram::Histogram;

use crate::{Axis, Plot, Scale, Series, Style, Table};

/// Fractions above the percentile, in the first power of ten; the other powers have the last four.
const FRACTIONS: [f64; 13] = [1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.15, 0.1, 0.075, 0.05];
const FRACTIONS_BELOW: [f64; 4] = [2.5, 1.0, 0.75, 0.5];

/// Headings for the cells of [`latency_row`].
pub const LATENCY_COLUMNS: [&str; 7] = ["request", "count", "p50", "p90", "p99", "p99.9", "max"];

/// The percentile curve of a histogram in microseconds: percentile in %, latency in ms.
///
/// The points lie ever closer to 100 %, four for each nine, until a single answer lies above; the last is the
/// maximum, at 100 %. An empty histogram has no points.
#[must_use]
pub fn percentiles(histogram: &Histogram<u64>) -> Vec<(f64, f64)> {
    let count = histogram.len() as f64;
    let below = (2..=crate::limits::NINES_MAX as i32)
        .flat_map(|nine| FRACTIONS_BELOW.map(|f| f / 10_f64.powi(nine)));
    let mut points: Vec<(f64, f64)> = FRACTIONS
        .into_iter()
        .chain(below)
        .take_while(|above| above * count >= 1.0)
        .map(|above| {
            let quantile = 1.0 - above;
            (quantile * 100.0, histogram.value_at_quantile(quantile) as f64 / 1_000.0)
        })
        .collect();
    if !histogram.is_empty() {
        points.push((100.0, histogram.max() as f64 / 1_000.0));
    }
    points
}

/// Percentile curves of histograms in microseconds, by name; the axis of latencies is logarithmic.
#[must_use]
pub fn latency_plot(title: &str, curves: &[(&str, &Histogram<u64>)]) -> Plot {
    Plot {
        title: title.to_owned(),
        x: Axis { label: "percentile of requests (%)".to_owned(), scale: Scale::Percentile },
        y: Axis { label: "latency (ms)".to_owned(), scale: Scale::Log },
        series: curves
            .iter()
            .map(|(name, histogram)| Series {
                label: (*name).to_owned(),
                style: Style::Line,
                points: percentiles(histogram),
            })
            .collect(),
    }
}

/// A table's row for a histogram in microseconds, under [`LATENCY_COLUMNS`].
#[must_use]
pub fn latency_row(name: &str, histogram: &Histogram<u64>) -> Vec<String> {
    let mut row = vec![name.to_owned(), count(histogram.len())];
    if histogram.is_empty() {
        row.resize(LATENCY_COLUMNS.len(), "–".to_owned());
        return row;
    }
    row.extend([0.5, 0.9, 0.99, 0.999].map(|q| micros(histogram.value_at_quantile(q))));
    row.push(micros(histogram.max()));
    row
}

/// A table of [`latency_row`]s.
#[must_use]
pub fn latency_table(title: &str, rows: Vec<Vec<String>>) -> Table {
    Table { title: title.to_owned(), columns: LATENCY_COLUMNS.map(str::to_owned).to_vec(), rows }
}

/// Microseconds with three digits and a unit for people: `85 µs`, `1.25 ms`, `2.50 s`.
#[must_use]
pub fn micros(us: u64) -> String {
    match us {
        0..1_000 => format!("{us} µs"),
        1_000..999_500 => format!("{} ms", three_digits(us as f64 / 1e3)),
        _ => format!("{} s", three_digits(us as f64 / 1e6)),
    }
}

fn three_digits(value: f64) -> String {
    let decimals = match value {
        ..9.995 => 2,
        ..99.95 => 1,
        _ => 0,
    };
    format!("{value:.decimals$}")
}

/// A count with its thousands apart: `1,234,567`.
#[must_use]
pub fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests;
