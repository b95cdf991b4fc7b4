//! Fuzz: whatever parses renders within its limits, twice the same, and beside what was there.

mod support;

use gateway_vtl::{Limits, Overrides, Template};
use support::TestRequest;

const LIMITS: Limits =
    Limits { steps_max: 20_000, depth_max: 32, output_bytes_max: 4096, value_bytes_max: 64 * 1024 };

/// Pieces that fuzzing would take long to find.
const PIECES: [&str; 32] = [
    "$a",
    "$input.path('$.x')",
    "$input.json('$')",
    "$input.body",
    "$util.parseJson($a)",
    "$util.escapeJavaScript($a)",
    "$context.identity",
    "#set($a = ",
    ")",
    "#if(",
    "#end",
    "#else",
    "#foreach($i in ",
    "[1..9]",
    "#define($d)",
    "$d",
    "'x'",
    "\"$a\"",
    " + ",
    " == ",
    ".put('k', $a)",
    ".add($a)",
    ".replaceAll('x', 'y')",
    "[0]",
    "{'k': $a}",
    "$foreach.count",
    "\\",
    "#stop",
    "#break",
    ".split(',')",
    "$context.requestOverride.header.x",
    ".substring(1)",
];

#[test]
fn fuzz_render() {
    bolero::check!().for_each(|bytes: &[u8]| {
        let source: String = bytes
            .iter()
            .map(|byte| match byte {
                0..=127 => char::from(*byte).to_string(),
                byte => PIECES[usize::from(byte - 128) % PIECES.len()].to_owned(),
            })
            .collect();
        let Ok(template) = Template::parse(&source) else { return };
        let request = TestRequest {
            body: "{\"x\":[1,\"two\",{\"k\":null}]}".to_owned(),
            ..TestRequest::default()
        };
        let render = |before: &str| {
            let mut out = before.to_owned();
            let outcome = template.render(&request, &mut Overrides::default(), &LIMITS, &mut out);
            (outcome.is_ok(), out)
        };
        let (done, first) = render("");
        assert!(first.len() <= LIMITS.output_bytes_max);
        let (again, second) = render("before");
        assert_eq!(done, again, "{source:?}");
        assert_eq!(second.strip_prefix("before"), Some(first.as_str()), "{source:?}");
    });
}
