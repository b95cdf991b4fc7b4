//! A small report with one of everything.

use loadgen_report::{Axis, Check, Plot, Report, Scale, Series, Style, Table, Verdict};

pub(crate) fn report() -> Report {
    Report {
        command: "verify".to_owned(),
        target: "http://127.0.0.1:8080".to_owned(),
        subject: "orders.yaml, stage prod".to_owned(),
        started_unix_ms: 1_795_366_375_000,
        took_ms: 34_120,
        surroundings: vec![
            ("kernel".to_owned(), "6.8.0".to_owned()),
            ("CPUs".to_owned(), "2".to_owned()),
        ],
        checks: vec![throttle(), cache(), authorizer()],
        tables: vec![latencies()],
        plots: vec![percentiles()],
    }
}

fn throttle() -> Check {
    Check {
        id: "throttle/plan/Partners/GET /orders".to_owned(),
        promised: "at most 100 requests/s with a burst of 20".to_owned(),
        offered: "600 requests at 200/s over 4 connections in 3.0 s".to_owned(),
        observed: "412 admitted; 314 to 320 allowed".to_owned(),
        verdict: Verdict::Failed(
            "92 requests more were admitted than rate and burst allow".to_owned(),
        ),
        tolerance: "2 % below, for tokens that lie with another shard; none above".to_owned(),
        place: Some("orders.yaml:41:9".to_owned()),
        took_ms: 3_210,
        plots: vec![Plot {
            title: "admitted over time, GET /orders".to_owned(),
            x: Axis { label: "time (s)".to_owned(), scale: Scale::Linear },
            y: Axis { label: "requests admitted".to_owned(), scale: Scale::Linear },
            series: vec![
                Series {
                    label: "allowed at most".to_owned(),
                    style: Style::Bound,
                    points: vec![(0.0, 20.0), (3.0, 320.0)],
                },
                Series {
                    label: "allowed at least".to_owned(),
                    style: Style::Bound,
                    points: vec![(0.0, 19.0), (3.0, 314.0)],
                },
                Series {
                    label: "admitted".to_owned(),
                    style: Style::Line,
                    points: (0..=12)
                        .map(|i| (f64::from(i) * 0.25, 20.0 + f64::from(i) * 98.0 / 3.0))
                        .collect(),
                },
            ],
        }],
    }
}

fn cache() -> Check {
    Check {
        id: "cache/GET \u{1b}[31m/orders/{id} & <b>\"more\"</b>".to_owned(),
        promised: "answers are kept for 300 s".to_owned(),
        offered: "2 requests, the second 50 ms after the first".to_owned(),
        observed: "1 request at the backend".to_owned(),
        verdict: Verdict::Passed,
        tolerance: "none: the backend counts".to_owned(),
        place: Some("orders.yaml:52:9".to_owned()),
        took_ms: 84,
        plots: vec![],
    }
}

fn authorizer() -> Check {
    Check {
        id: "authorizer/Tokens/ttl".to_owned(),
        promised: "decisions are kept for 60 s".to_owned(),
        verdict: Verdict::NotChecked(
            "the authorizer needs a token that it accepts; give one with --token Tokens=…"
                .to_owned(),
        ),
        ..Check::default()
    }
}

fn latencies() -> Table {
    let row = |cells: [&str; 4]| cells.map(str::to_owned).to_vec();
    Table {
        title: "Latencies".to_owned(),
        columns: row(["request", "count", "p50", "p99"]),
        rows: vec![
            row(["GET /orders", "12,345", "412 µs", "3.21 ms"]),
            row(["POST /orders", "45", "1.20 ms", "–"]),
        ],
    }
}

fn percentiles() -> Plot {
    let curve = |scale: f64| {
        [0.0, 25.0, 50.0, 75.0, 90.0, 95.0, 99.0, 99.5, 99.9, 99.95, 99.99, 100.0]
            .into_iter()
            .map(|p: f64| (p, scale * (0.2 + 0.1 / (1.0001 - p / 100.0).sqrt())))
            .collect()
    };
    Plot {
        title: "Latency by percentile".to_owned(),
        x: Axis { label: "percentile of requests (%)".to_owned(), scale: Scale::Percentile },
        y: Axis { label: "latency (ms)".to_owned(), scale: Scale::Log },
        series: vec![
            Series {
                label: "p99 < 10 ms".to_owned(),
                style: Style::Bound,
                points: vec![(0.0, 10.0), (99.0, 10.0)],
            },
            Series { label: "GET /orders".to_owned(), style: Style::Line, points: curve(1.0) },
            Series { label: "POST /orders".to_owned(), style: Style::Line, points: curve(2.5) },
            Series {
                label: "DELETE /orders/{id}".to_owned(),
                style: Style::Dots,
                points: curve(0.6),
            },
        ],
    }
}
