//! What a run found, and its renderings: console, JSON, JUnit XML, HTML.
//!
//! Pure: a [`Report`] comes in, text goes out. Nothing here sends a request, reads a clock or opens a file.
#![forbid(unsafe_code)]

pub mod threshold;

pub mod console;
pub mod html;
pub mod json;
pub mod junit;
mod latency;
pub mod limits;
pub mod svg;
mod text;

pub use latency::{
    LATENCY_COLUMNS, count, latency_plot, latency_row, latency_table, micros, percentiles,
};

/// What one command of `loadgen` found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    /// The command, such as `verify`.
    pub command: String,
    /// The target as given, without secrets.
    pub target: String,
    /// What was read or run: definition files with their stage, or a scenario.
    pub subject: String,
    /// When the run started, in milliseconds since 1970-01-01 UTC.
    pub started_unix_ms: u64,
    /// How long the run took, in milliseconds.
    pub took_ms: u64,
    /// Name and value: kernel, CPUs, versions, settings that matter to whoever repeats the run.
    pub surroundings: Vec<(String, String)>,
    /// What was checked, in the order of the run.
    pub checks: Vec<Check>,
    /// Tables beside the checks, such as latencies by request.
    pub tables: Vec<Table>,
    /// Plots that belong to no check.
    pub plots: Vec<Plot>,
}

/// One promise and what became of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Check {
    /// Stable and unique in the report: `throttle/plan/Partners/GET /orders`. Its first part is the kind.
    pub id: String,
    /// What was promised: "at most 100 requests/s with a burst of 20".
    pub promised: String,
    /// What was offered: "600 requests at 200/s over 4 connections in 3.0 s".
    pub offered: String,
    /// What happened: "319 admitted; 314 to 320 allowed".
    pub observed: String,
    /// Passed, failed, or why it was not checked.
    pub verdict: Verdict,
    /// How far from the promise a right gateway may be, and why.
    pub tolerance: String,
    /// Where the promise was written, `file:line:col`.
    pub place: Option<String>,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
    /// Pictures of it.
    pub plots: Vec<Plot>,
}

/// What became of a promise.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Verdict {
    /// It was kept.
    #[default]
    Passed,
    /// It was broken: what exactly, in one clause.
    Failed(String),
    /// It could not be looked at: why, and what to do about it.
    NotChecked(String),
}

/// A table of text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// Its heading.
    pub title: String,
    /// The columns' headings.
    pub columns: Vec<String>,
    /// Rows of cells; each row has as many as there are columns. Cells that read as numbers align right.
    pub rows: Vec<Vec<String>>,
}

/// A picture.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plot {
    /// Its heading.
    pub title: String,
    /// The horizontal axis.
    pub x: Axis,
    /// The vertical axis.
    pub y: Axis,
    /// What is drawn, first at the back.
    pub series: Vec<Series>,
}

/// An axis.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Axis {
    /// What it measures, with the unit: "time (s)".
    pub label: String,
    /// How values lie on it.
    pub scale: Scale,
}

/// How values lie on an axis.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scale {
    /// Evenly.
    #[default]
    Linear,
    /// By their logarithm.
    Log,
    /// Percentiles by the number of nines: 90, 99, 99.9 lie evenly apart. Values are in 0 to 100.
    Percentile,
}

/// One line or band of a plot.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Series {
    /// What it is, for the legend.
    pub label: String,
    /// How it is drawn.
    pub style: Style,
    /// Points in order of `x`.
    pub points: Vec<(f64, f64)>,
}

/// How a series is drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Style {
    /// What was measured: a full line.
    #[default]
    Line,
    /// A bound: a dashed line.
    Bound,
    /// Single points.
    Dots,
}

/// How many checks ended how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Promises that were kept.
    pub passed: usize,
    /// Promises that were broken.
    pub failed: usize,
    /// Promises that could not be looked at.
    pub not_checked: usize,
}

impl Report {
    /// Checks that failed.
    pub fn failed(&self) -> impl Iterator<Item = &Check> {
        self.checks.iter().filter(|check| matches!(check.verdict, Verdict::Failed(_)))
    }

    /// How many checks ended how.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for check in &self.checks {
            match check.verdict {
                Verdict::Passed => counts.passed += 1,
                Verdict::Failed(_) => counts.failed += 1,
                Verdict::NotChecked(_) => counts.not_checked += 1,
            }
        }
        counts
    }

    /// The verdict that speaks for all: of the first check that failed, else of one that passed, else of one that
    /// was not checked. `None` without checks.
    #[must_use]
    pub fn verdict(&self) -> Option<&Verdict> {
        let verdicts = || self.checks.iter().map(|check| &check.verdict);
        verdicts()
            .find(|verdict| matches!(verdict, Verdict::Failed(_)))
            .or_else(|| verdicts().find(|verdict| matches!(verdict, Verdict::Passed)))
            .or_else(|| verdicts().next())
    }
}

impl Check {
    /// The first part of its id: `throttle`.
    #[must_use]
    pub fn kind(&self) -> &str {
        self.id.split('/').next().unwrap_or_default()
    }
}
