use super::*;

#[track_caller]
fn check(scale: Scale, values: &[f64], expect: &[&str]) {
    let ticks = Ruler::new(scale, values, 5, true).ticks();
    let labels: Vec<&str> = ticks.iter().map(|tick| tick.label.as_str()).collect();
    assert_eq!(labels, expect);
    assert!(ticks.windows(2).all(|w| w[0].part < w[1].part), "{ticks:?}");
}

#[test]
fn linear_ticks_are_round_and_start_at_zero() {
    check(Scale::Linear, &[3.0, 9.7], &["0", "2", "4", "6", "8", "10"]);
    check(Scale::Linear, &[0.0, 0.013], &["0", "0.005", "0.010", "0.015"]);
    check(Scale::Linear, &[-4.0, 4.0], &["-4", "-2", "0", "2", "4"]);
    check(Scale::Linear, &[40_000.0], &["0", "10,000", "20,000", "30,000", "40,000"]);
    check(Scale::Linear, &[2.5e6], &["0", "500,000", "1.0M", "1.5M", "2.0M", "2.5M"]);
}

#[test]
fn log_ticks_are_decades_or_their_1_2_5() {
    check(Scale::Log, &[0.05, 800.0], &["0.1", "1", "10", "100", "1000"]);
    check(Scale::Log, &[1.0, 9.0], &["1", "2", "5", "10"]);
    check(Scale::Log, &[3.0], &["1", "2", "5", "10"]);
}

#[test]
fn percentiles_are_a_nine_apart() {
    let ruler = Ruler::new(Scale::Percentile, &[0.0, 50.0, 99.99], 9, false);
    let labels: Vec<String> = ruler.ticks().into_iter().map(|tick| tick.label).collect();
    assert_eq!(labels, ["0", "50", "90", "99", "99.9", "99.99"]);
    for (value, expect) in [(0.0, 0.0), (90.0, 0.25), (99.0, 0.5), (99.9, 0.75), (99.99, 1.0)] {
        assert!((ruler.part(value) - expect).abs() < 1e-6, "{value}");
    }
    assert_eq!(ruler.part(100.0), 1.0);
}

#[test]
fn degenerate_values_have_an_axis() {
    for scale in [Scale::Linear, Scale::Log, Scale::Percentile] {
        for values in [
            &[][..],
            &[0.0],
            &[-1.0],
            &[f64::MAX, -f64::MAX],
            &[f64::MIN_POSITIVE],
            &[5e-324, 1e-323],
            &[1e16, 1e16 + 2.0],
            &[100.0, 100.0],
        ] {
            let ruler = Ruler::new(scale, values, 5, true);
            assert!(ruler.from < ruler.to, "{scale:?} {values:?} {ruler:?}");
            for value in values {
                assert!((0.0..=1.0).contains(&ruler.part(*value)), "{scale:?} {values:?}");
            }
            assert!(ruler.ticks().iter().all(|tick| tick.label.len() < 20), "{:?}", ruler.ticks());
        }
    }
}
