use super::*;
use crate::{Axis, Scale};

fn plot(series: Vec<Series>) -> Plot {
    Plot { title: "t".to_owned(), x: Axis::default(), y: Axis::default(), series }
}

fn series(style: Style, points: Vec<(f64, f64)>) -> Series {
    Series { label: "s".to_owned(), style, points }
}

#[test]
fn a_million_points_make_a_small_picture_that_keeps_its_peak() {
    let mut points: Vec<_> = (0..1_000_000).map(|i| (f64::from(i), f64::from(i % 7))).collect();
    points[654_321].1 = 100.0;
    let svg = render(&plot(vec![series(Style::Line, points)]));
    assert!(svg.len() < 40_000, "{}", svg.len());
    let path = svg.lines().find(|l| l.contains("lg-line lg-s0")).expect("a line");
    assert!(path.contains(&format!(" {AREA_TOP}L")), "the peak is at the top");
}

#[test]
fn what_is_no_number_interrupts_a_line() {
    let points = vec![(0.0, 1.0), (1.0, 1.0), (2.0, f64::NAN), (3.0, 1.0), (4.0, 1.0)];
    let svg = render(&plot(vec![series(Style::Line, points)]));
    let path = svg.lines().find(|l| l.contains("lg-line lg-s0")).expect("a line");
    assert_eq!(path.matches('M').count(), 2, "{path}");
}

#[test]
fn a_single_point_is_a_dot_and_nothing_says_so() {
    let svg = render(&plot(vec![series(Style::Line, vec![(1.0, 1.0)])]));
    assert!(svg.contains("<circle"));
    for points in [vec![], vec![(f64::NAN, 1.0)], vec![(1.0, f64::INFINITY)]] {
        assert!(render(&plot(vec![series(Style::Line, points)])).contains("no data"));
    }
    assert!(render(&plot(vec![])).contains("no data"));
}

#[test]
fn series_beyond_the_bound_are_counted() {
    let many = (0..30).map(|_| series(Style::Dots, vec![(0.0, 0.0)])).collect();
    assert!(render(&plot(many)).contains("and 6 more, not drawn"));
}

#[test]
fn legend_and_ticks_do_not_meet() {
    let label = "a name that is quite long, as names of requests are: GET /orders/{orderId}";
    let mut many: Vec<_> = (0..9).map(|_| series(Style::Line, vec![(0.0, 1.0)])).collect();
    for s in &mut many {
        s.label = label.to_owned();
    }
    let mut plot = plot(many);
    plot.x.scale = Scale::Percentile;
    plot.series[0].points = vec![(0.0, 1.0), (99.999_999, 1e9)];
    let legend =
        Legend::new(&plot.series, 0, &Frame { left: 60.0, right: RIGHT, top: 0.0, bottom: 100.0 });
    for items in legend.items.windows(2) {
        let end = items[0].x + SWATCH + width_px(&items[0].label, 12.0);
        assert!(items[0].row < items[1].row || end < items[1].x);
        assert!(end <= RIGHT + 0.1);
    }
}
