//! Golden cases: requests through the built binary, and all that came of them.
//!
//! A case is a file, `tests/golden/<area>/<case>.txt`: what is sent, ten dashes, what is expected.
//! Its first line names the source it was judged by. `UPDATE_EXPECT=1` writes the expectations
//! anew; a change is then read against that source before it is kept.
//!
//! ```text
//! rest-execution §4: back-tracking
//! template: backtrack.yaml
//! backend: never                  (optional: `never`, or `< ` lines with a response as it is)
//!
//! > OPTIONS /dev/test HTTP/1.1    (a block of `> ` lines is sent at once; blocks follow each
//! > Host: localhost                other on one connection, or a new one if it was closed)
//! >
//! ----------
//! < HTTP/1.1 200 Status           (what the client read)
//! = backend                       (what the backend read, request after request)
//! > OPTIONS /by/proxy HTTP/1.1
//! ```
//!
//! Lines are joined by CRLF, the last one has none. `\r`, `\n`, `\t`, `\\` and `\xHH` are bytes,
//! `\(COUNT*TEXT)` repeats a text. A line `...` in a block waits for an interim response before
//! the rest is sent.

mod case;
mod normal;

use std::collections::BTreeSet;
use std::path::Path;

use case::Case;

use crate::support::in_package;

/// One test an area, so that areas run side by side.
macro_rules! areas {
    ($($area:ident)*) => {
        $(#[test] fn $area() { check(stringify!($area)); })*
        const AREAS: &[&str] = &[$(stringify!($area)),*];
    };
}

areas! { body cache canary cors domains events failures framing gateway_responses http http_proxy ids keys mock orders passthrough plans remap routing stages throttle validation }

/// Runs the cases of an area and reports every one that differs.
fn check(area: &str) {
    let mut paths: Vec<_> = std::fs::read_dir(in_package("tests/golden").join(area))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    assert!(!paths.is_empty(), "{area} has no case");
    let failures: Vec<_> = paths.iter().filter_map(|path| check_case(path).err()).collect();
    assert!(failures.is_empty(), "{} cases differ:\n{}", failures.len(), failures.join("\n"));
}

fn check_case(path: &Path) -> Result<(), String> {
    let text = std::fs::read_to_string(path).unwrap();
    let (input, expected) =
        text.split_once("\n----------\n").unwrap_or_else(|| (text.trim_end(), ""));
    let case = Case::parse(input).map_err(|problem| format!("{}: {problem}", path.display()))?;
    let actual = case.run();
    if actual == expected {
        return Ok(());
    }
    if std::env::var_os("UPDATE_EXPECT").is_some_and(|value| value == "1") {
        std::fs::write(path, format!("{input}\n----------\n{actual}")).unwrap();
        return Ok(());
    }
    Err(format!("{}:\n{}", path.display(), difference(expected, &actual)))
}

/// Both texts, from the first line on that differs, and a few lines more.
fn difference(expected: &str, actual: &str) -> String {
    let same = expected.lines().zip(actual.lines()).take_while(|(a, b)| a == b).count();
    let rest = |text: &str| text.lines().skip(same).take(12).collect::<Vec<_>>().join("\n");
    let (line, expected, actual) = (same + 1, rest(expected), rest(actual));
    format!("line {line} of the answer\n--- expected\n{expected}\n--- actual\n{actual}\n")
}

#[test]
fn every_area_has_a_test() {
    let found: BTreeSet<_> = std::fs::read_dir(in_package("tests/golden"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name != "templates")
        .collect();
    assert_eq!(found, AREAS.iter().map(|&area| area.to_owned()).collect());
}
