//! JSON for programs.
//!
//! One object, whose shape is stable for a `version`; fields may be added to it within one:
//!
//! | field | value |
//! | --- | --- |
//! | `version` | [`VERSION`] |
//! | `command`, `target`, `subject` | text |
//! | `started_unix_ms`, `took_ms` | integers |
//! | `verdict` | `"failed"` if a check failed, else `"passed"` if one passed, else `"not_checked"`; `null` without checks |
//! | `counts` | `passed`, `failed`, `not_checked`: integers |
//! | `surroundings` | array of `{name, value}` |
//! | `checks` | array of `{id, kind, promised, offered, observed, verdict, reason, tolerance, place, took_ms, plots}`; `reason` says why a check failed or was not checked, else `null`; `place` is `file:line:col` or `null` |
//! | `tables` | array of `{title, columns, rows}`, cells are text |
//! | `plots`, of the report and of each check | array of `{title, x, y, series}`; an axis is `{label, scale}` with `"linear"`, `"log"` or `"percentile"`; a series is `{label, style, points}` with `"line"`, `"bound"` or `"dots"`; a point is `[x, y]`, with `null` for what is no finite number |

use serde_json::{Value, json};

use crate::{Axis, Check, Plot, Report, Scale, Style, Table, Verdict};

/// Changes when a field changes its meaning or goes.
pub const VERSION: u32 = 1;

/// The report as indented JSON, with a line feed at its end.
#[must_use]
pub fn render(report: &Report) -> String {
    let counts = report.counts();
    let value = json!({
        "version": VERSION,
        "command": report.command,
        "target": report.target,
        "subject": report.subject,
        "started_unix_ms": report.started_unix_ms,
        "took_ms": report.took_ms,
        "verdict": report.verdict().map(word),
        "counts": {
            "passed": counts.passed,
            "failed": counts.failed,
            "not_checked": counts.not_checked,
        },
        "surroundings": report
            .surroundings
            .iter()
            .map(|(name, value)| json!({ "name": name, "value": value }))
            .collect::<Vec<_>>(),
        "checks": report.checks.iter().map(check).collect::<Vec<_>>(),
        "tables": report.tables.iter().map(table).collect::<Vec<_>>(),
        "plots": report.plots.iter().map(plot).collect::<Vec<_>>(),
    });
    format!("{value:#}\n")
}

fn check(check: &Check) -> Value {
    let reason = match &check.verdict {
        Verdict::Passed => None,
        Verdict::Failed(why) | Verdict::NotChecked(why) => Some(why),
    };
    json!({
        "id": check.id,
        "kind": check.kind(),
        "promised": check.promised,
        "offered": check.offered,
        "observed": check.observed,
        "verdict": word(&check.verdict),
        "reason": reason,
        "tolerance": check.tolerance,
        "place": check.place,
        "took_ms": check.took_ms,
        "plots": check.plots.iter().map(plot).collect::<Vec<_>>(),
    })
}

fn word(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Passed => "passed",
        Verdict::Failed(_) => "failed",
        Verdict::NotChecked(_) => "not_checked",
    }
}

fn table(table: &Table) -> Value {
    json!({ "title": table.title, "columns": table.columns, "rows": table.rows })
}

fn plot(plot: &Plot) -> Value {
    let series: Vec<Value> = plot
        .series
        .iter()
        .map(|series| {
            let style = match series.style {
                Style::Line => "line",
                Style::Bound => "bound",
                Style::Dots => "dots",
            };
            let points: Vec<_> = series.points.iter().map(|&(x, y)| json!([x, y])).collect();
            json!({ "label": series.label, "style": style, "points": points })
        })
        .collect();
    json!({ "title": plot.title, "x": axis(&plot.x), "y": axis(&plot.y), "series": series })
}

fn axis(axis: &Axis) -> Value {
    let scale = match axis.scale {
        Scale::Linear => "linear",
        Scale::Log => "log",
        Scale::Percentile => "percentile",
    };
    json!({ "label": axis.label, "scale": scale })
}
