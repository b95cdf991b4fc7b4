use super::*;

fn histogram(values: impl IntoIterator<Item = u64>) -> Histogram<u64> {
    let mut histogram = Histogram::new(3).expect("three digits");
    for value in values {
        histogram.record(value).expect("it resizes");
    }
    histogram
}

#[test]
fn the_curve_of_a_uniform_histogram_is_its_values() {
    let points = percentiles(&histogram(1..=100_000));
    for (percentile, ms) in &points {
        let expect = (percentile / 100.0 * 100.0).max(0.001);
        assert!((ms - expect).abs() <= expect * 0.002 + 0.001, "{percentile} % is {ms} ms");
    }
    assert!(points.iter().any(|(p, _)| (p - 99.9).abs() < 1e-9));
    assert!(points.windows(2).all(|w| w[0].0 < w[1].0 && w[0].1 <= w[1].1));
}

#[test]
fn the_last_point_is_the_maximum_and_no_point_is_beyond_the_answers() {
    let points = percentiles(&histogram(1..=50));
    assert_eq!(points.last().map(|p| p.0), Some(100.0));
    let before = points[points.len() - 2].0;
    assert!(before <= 98.0 + 1e-9, "{before} % of 50 answers");
    assert_eq!(percentiles(&histogram([])), []);
    assert_eq!(percentiles(&histogram([7])), [(0.0, 0.007), (100.0, 0.007)]);
}

#[test]
fn rows_have_readable_units_and_empty_ones_dashes() {
    let row = latency_row("GET /", &histogram([85, 85, 85, 1_250, 2_500_000]));
    assert_eq!(row, ["GET /", "5", "85 µs", "2.50 s", "2.50 s", "2.50 s", "2.50 s"]);
    let empty = latency_row("GET /", &histogram([]));
    assert_eq!(empty, ["GET /", "0", "–", "–", "–", "–", "–"]);
}

#[test]
fn units_change_where_three_digits_end() {
    for (us, expect) in [
        (0, "0 µs"),
        (999, "999 µs"),
        (1_000, "1.00 ms"),
        (12_345, "12.3 ms"),
        (999_499, "999 ms"),
        (999_500, "1.00 s"),
        (123_456_789, "123 s"),
    ] {
        assert_eq!(micros(us), expect);
    }
}

#[test]
fn thousands_are_apart() {
    for (n, expect) in [(0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567")] {
        assert_eq!(count(n), expect);
    }
}
