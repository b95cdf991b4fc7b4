//! Thresholds: how they read, what they refuse, and their verdicts.
#![forbid(unsafe_code)]

use std::time::Duration;

use hdrhistogram::Histogram;
use loadgen_report::Verdict;
use loadgen_report::threshold::{Measured, Metric, Operator, Summary, Threshold};
use proptest::prelude::*;

fn threshold(text: &str) -> Threshold {
    text.parse().unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn the_documented_forms_read_as_what_they_say() {
    let of = |text| {
        let threshold = threshold(text);
        let request = threshold.request().map(str::to_string);
        (threshold.metric(), threshold.operator(), threshold.limit(), request)
    };
    assert_eq!(of("p99<5ms"), (Metric::Percentile(99_000), Operator::Less, 5_000.0, None));
    assert_eq!(
        of("p99.9<=20ms for GET /orders"),
        (Metric::Percentile(99_900), Operator::AtMost, 20_000.0, Some("GET /orders".into()))
    );
    assert_eq!(of("errors < 0.1%"), (Metric::Errors, Operator::Less, 0.1, None));
    assert_eq!(of("throughput>=20000"), (Metric::Throughput, Operator::AtLeast, 20_000.0, None));
    assert_eq!(of("throughput>20000/s").2, 20_000.0);
    assert_eq!(of(" avg<1.5s ").2, 1_500_000.0);
    assert_eq!((of("max<250us").2, of("min>0us").0), (250.0, Metric::Minimum));
}

#[test]
fn a_text_that_is_none_says_where_and_what_to_write() {
    let cases = [
        ("", 1, "write p50 to p99.999, avg, min, max, errors or throughput"),
        ("p100<5ms", 2, "lies between 0 and 100"),
        ("p0<5ms", 2, "lies between 0 and 100"),
        ("p99.9999<5ms", 2, "at most 3 decimals"),
        ("median<5ms", 1, "write p50"),
        ("p99=5ms", 4, "write <, <=, > or >="),
        ("p99<ms", 5, "write a number"),
        ("p99<5.ms", 5, "write a number"),
        ("p99<5", 6, "write us, ms or s"),
        ("errors<1", 9, "write %"),
        ("p99<5ms GET /", 9, "` for `"),
        ("p99<5msfor x", 8, "` for `"),
        ("p99<5ms for ", 13, "name a request"),
        ("max<9999999999999s", 5, "take a larger unit"),
        ("ünits<5", 1, "write p50"),
    ];
    for (text, column, problem) in cases {
        let error = text.parse::<Threshold>().expect_err(text);
        assert_eq!(error.column, column, "{error}");
        assert!(error.problem.contains(problem), "{error}");
    }
    assert!(format!("p99<5ms for {}", "x".repeat(200)).parse::<Threshold>().is_err());
}

proptest! {
    #[test]
    fn what_is_printed_reads_back_as_the_same(
        metric in prop_oneof![
            (1u32..100_000).prop_map(|p| (format!("p{}", f64::from(p) / 1e3), true)),
            "avg|min|max".prop_map(|name| (name, true)),
            Just(("errors".to_string(), false)),
            Just(("throughput".to_string(), false)),
        ],
        operator in "<|<=|>|>=",
        thousandths in 0u64..1_000_000_000_000,
        unit in "us|ms|s",
        request in proptest::option::of("[A-Z]{3,7} /[a-z{}/+ü]{0,40}"),
    ) {
        let number = format!("{}.{:03}", thousandths / 1000, thousandths % 1000);
        let unit = match metric.0.as_str() {
            "errors" => "%",
            "throughput" => "",
            _ => unit.as_str(),
        };
        let of = request.map(|name| format!(" for {name}")).unwrap_or_default();
        let text = format!("{}{operator}{number}{unit}{of}", metric.0);
        let parsed = text.parse::<Threshold>().map_err(|error| TestCaseError::fail(error.to_string()))?;
        prop_assert_eq!(parsed.metric().is_latency(), metric.1);
        let printed = parsed.to_string();
        let again = printed.parse::<Threshold>();
        prop_assert_eq!(again.as_ref(), Ok(&parsed), "{} prints as {}", text, printed);
    }
}

/// 1,000 answers of 1 to 1,000 microseconds; of 1,010 requests, 20 went wrong; 10 s.
fn verdicts(texts: &[&str]) -> Vec<(bool, String)> {
    let mut all = Histogram::new(3).expect("a histogram");
    (1..=1_000).for_each(|us| all.record(us).expect("in range"));
    let mut one = Histogram::new(3).expect("a histogram");
    one.record(7).expect("in range");
    let none = Histogram::new(3).expect("a histogram");
    let summary = Summary {
        took: Duration::from_secs(10),
        all: Measured { latency_us: &all, requests: 1_010, errors: 20 },
        by_request: vec![
            ("GET /orders", Measured { latency_us: &one, requests: 1, errors: 0 }),
            ("GET /silent", Measured { latency_us: &none, requests: 9, errors: 9 }),
        ],
    };
    let thresholds: Vec<Threshold> = texts.iter().map(|text| threshold(text)).collect();
    let checks = Threshold::evaluate(&thresholds, &summary);
    let verdict = |check: loadgen_report::Check| match check.verdict {
        Verdict::Passed => (true, check.observed),
        Verdict::Failed(why) => (false, why),
        Verdict::NotChecked(why) => panic!("not checked: {why}"),
    };
    checks.into_iter().map(verdict).collect()
}

#[test]
fn verdicts_turn_at_the_limit() {
    let texts = [
        "p50<501us",
        "p50<500us",
        "p50<=500us",
        "p99<1ms",
        "max<=1ms",
        "max<1ms",
        "min>=1us",
        "min>1us",
        "avg<500.6us",
        "avg<500us",
        "errors<2%",
        "errors<1.9%",
        "throughput>=99",
        "throughput>99",
    ];
    let passed: Vec<bool> = verdicts(&texts).into_iter().map(|(passed, _)| passed).collect();
    let expected =
        [true, false, true, true, true, false, true, false, true, false, true, false, true, false];
    assert_eq!(passed, expected);
    assert_eq!(verdicts(&["p99<0.5ms"])[0].1, "p99 is 990 us, not < 0.5ms");
    assert_eq!(verdicts(&["errors<1%"])[0].1, "errors is 1.98 %, not < 1%");
}

#[test]
fn a_threshold_for_one_request_looks_at_no_other() {
    let found = verdicts(&[
        "max<8us for GET /orders",
        "max<8us",
        "max<1s for GET /silent",
        "errors<=100% for GET /silent",
    ]);
    assert_eq!(
        found.iter().map(|(passed, _)| *passed).collect::<Vec<_>>(),
        [true, false, false, true]
    );
    assert_eq!(found[2].1, "nothing was measured");
    assert_eq!(
        verdicts(&["max<1s for GET /none"])[0].1,
        "no request has this name; there are GET /orders, GET /silent"
    );
}
