//! Any text: no panic, and what is read as a threshold prints as one that reads back as the same.
#![forbid(unsafe_code)]

use loadgen_report::threshold::Threshold;

#[test]
fn text() {
    bolero::check!().for_each(|input: &[u8]| judge(&String::from_utf8_lossy(input)));
    judge("p99.90 <= 20ms  for  GET /orders ");
    judge("errors<0.1%");
    judge("p\u{1F980}99<5ms");
    judge("throughput>=20000/s");
}

fn judge(text: &str) {
    match text.parse::<Threshold>() {
        Ok(threshold) => {
            let again = threshold.to_string().parse::<Threshold>();
            assert_eq!(again.as_ref(), Ok(&threshold), "{text:?} prints as {threshold}");
        }
        Err(error) => assert!(error.column >= 1 && !error.problem.is_empty()),
    }
}
