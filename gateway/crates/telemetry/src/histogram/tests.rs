use super::*;
use proptest::prelude::*;

fn recorded(values: &[u64]) -> HistogramSnapshot {
    let histogram = Histogram::default();
    values.iter().for_each(|&micros| histogram.record_micros(micros));
    histogram.snapshot()
}

#[test]
fn parts_tile_the_range_without_gap_or_overlap() {
    let mut expected = 0;
    for part in 0..PART_COUNT {
        assert_eq!(lowest_of(part), expected, "part {part}");
        assert_eq!(part_of(lowest_of(part)), part);
        assert_eq!(part_of(highest_of(part)), part);
        expected = highest_of(part) + 1;
    }
    assert!(expected > HISTOGRAM_MICROS_MAX);
}

#[test]
fn exported_bounds_are_inclusive() {
    for (index, &bound) in BOUNDS_MICROS.iter().enumerate() {
        let cumulative = recorded(&[bound, bound + 1]).cumulative();
        assert_eq!(cumulative[index], 1, "bound {bound}");
        assert_eq!(cumulative[index + 1], 2, "bound {bound}");
    }
}

#[test]
fn bounds_read_the_same_in_seconds_and_microseconds() {
    for (seconds, micros) in BOUNDS_SECONDS.iter().zip(BOUNDS_MICROS) {
        let seconds: f64 = seconds.parse().expect("a number");
        assert_eq!((seconds * 1e6).round() as u64, micros);
    }
}

#[test]
fn empty_histogram_has_no_quantile() {
    assert_eq!(HistogramSnapshot::default().quantile(0.5), None);
}

#[test]
fn longer_than_the_range_counts_as_its_end() {
    let snapshot = recorded(&[u64::MAX]);
    assert_eq!(snapshot.count(), 1);
    assert_eq!(snapshot.sum_seconds(), 900.0);
    assert_eq!(snapshot.quantile(1.0), Some(Duration::from_secs(900)));
    let histogram = Histogram::default();
    histogram.record(Duration::MAX);
    assert_eq!(histogram.snapshot(), snapshot);
}

proptest! {
    #[test]
    fn export_equals_a_linear_count(values in prop::collection::vec(0..40_000_000u64, 0..200)) {
        let snapshot = recorded(&values);
        let cumulative = snapshot.cumulative();
        for (count, bound) in cumulative.iter().zip(BOUNDS_MICROS) {
            let expected = values.iter().filter(|&&micros| micros <= bound).count();
            prop_assert_eq!(*count, expected as u64);
        }
        prop_assert_eq!(cumulative[BOUNDS_MICROS.len()], values.len() as u64);
        let sum: u64 = values.iter().sum();
        prop_assert!((snapshot.sum_seconds() - sum as f64 / 1e6).abs() < 1e-6);
    }

    #[test]
    fn quantile_is_within_a_sixteenth(
        mut values in prop::collection::vec(0..HISTOGRAM_MICROS_MAX, 1..200),
        q in 0.0..=1.0f64,
    ) {
        let found = recorded(&values).quantile(q).expect("not empty").as_micros() as u64;
        values.sort_unstable();
        let rank = ((q * values.len() as f64).ceil() as usize).max(1);
        let exact = values[rank - 1];
        prop_assert!(found >= exact && found <= exact + exact / 16 + 1, "{} {}", found, exact);
    }

    #[test]
    fn merge_is_recording_both(a in prop::collection::vec(any::<u64>(), 0..50), b in prop::collection::vec(any::<u64>(), 0..50)) {
        let one = Histogram::default();
        a.iter().for_each(|&micros| one.record_micros(micros));
        let mut merged = recorded(&b);
        one.merge_into(&mut merged);
        prop_assert_eq!(merged, recorded(&[a, b].concat()));
    }
}
