//! Any text is read as expectations, or refused with a place; never a panic, never for long.

use loadgen_verify::Expectations;

#[test]
fn fuzz_expectations() {
    bolero::check!().for_each(|input: &[u8]| {
        let text = String::from_utf8_lossy(input);
        match Expectations::parse("fuzz.yaml", &text) {
            Ok(read) => assert!(read.slo_rate_rps > 0.0 && read.slo_rate_rps.is_finite()),
            Err(error) => assert!(error.line >= 1 && !error.problem.contains('\n'), "{error}"),
        }
    });
}
