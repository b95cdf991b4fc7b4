//! Pictures of limits.

use loadgen_report::{Axis, Plot, Series, Style};

use crate::evidence::Spans;
use crate::limits::PLOT_POINTS_MAX;
use crate::paper::Limit;

/// What was admitted over time, between what the limit allows and what the bucket on paper demands.
pub(crate) fn admitted(limits: &[Limit], spans: &Spans) -> Plot {
    let mut answered: Vec<u64> = spans.admitted.iter().map(|span| span.received_us).collect();
    answered.sort_unstable();
    let all = || spans.admitted.iter().chain(&spans.refused).chain(&spans.unknown);
    let first = all().map(|span| span.sent_us).min().unwrap_or(0);
    let last = all().map(|span| span.received_us).max().unwrap_or(0);
    let seconds = |us: u64| us.saturating_sub(first) as f64 / 1e6;
    let mut measured = vec![(0.0, 0.0)];
    measured.extend(answered.iter().zip(1_u64..).map(|(at, count)| (seconds(*at), count as f64)));
    measured.push((seconds(last), answered.len() as f64));
    let steps = 100_u64;
    let at = |step: u64| (last - first) as f64 * step as f64 / steps as f64;
    let allowed = |us: f64| limits.iter().map(|l| l.most(us)).fold(f64::INFINITY, f64::min);
    let most = (0..=steps).map(|step| (at(step) / 1e6, allowed(at(step)))).collect();
    let mut sent: Vec<u64> =
        spans.admitted.iter().chain(&spans.refused).map(|span| span.sent_us).collect();
    sent.sort_unstable();
    let on_paper = crate::paper::run(limits, &sent).is_admitted;
    let mut count = 0.0;
    let paper = sent.iter().zip(on_paper).map(|(at, is_admitted)| {
        count += f64::from(u8::from(is_admitted));
        (seconds(*at), count)
    });
    Plot {
        title: "Admitted and allowed".to_owned(),
        x: Axis { label: "time (s)".to_owned(), ..Axis::default() },
        y: Axis { label: "requests".to_owned(), ..Axis::default() },
        series: vec![
            Series { label: "at most".to_owned(), style: Style::Bound, points: most },
            Series {
                label: "bucket on paper".to_owned(),
                style: Style::Bound,
                points: thinned(paper.collect()),
            },
            Series { label: "admitted".to_owned(), style: Style::Line, points: thinned(measured) },
        ],
    }
}

/// At most [`PLOT_POINTS_MAX`] of the points, the last one included.
fn thinned(points: Vec<(f64, f64)>) -> Vec<(f64, f64)> {
    let every = points.len().div_ceil(PLOT_POINTS_MAX).max(1);
    let last = points.last().copied();
    let mut kept: Vec<_> = points.into_iter().step_by(every).collect();
    if let Some(last) = last.filter(|last| kept.last() != Some(last)) {
        kept.push(last);
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::Span;

    #[test]
    fn long_runs_keep_their_ends() {
        let span = |at: u64| Span { sent_us: at, received_us: at + 10 };
        let spans = Spans { admitted: (0..100_000).map(span).collect(), ..Spans::default() };
        let plot = admitted(&[Limit { rate_rps: 1e6, burst: 10 }], &spans);
        for series in &plot.series {
            assert!(series.points.len() <= PLOT_POINTS_MAX + 1, "{}", series.label);
        }
        let measured = &plot.series[2].points;
        assert_eq!((measured[0], measured.last().unwrap().1), ((0.0, 0.0), 100_000.0));
    }
}
