//! Golden cases: `tests/golden/*.txt` hold a definition, a line of dashes, and what loading it says.
//!
//! Lines that start with `#> ` before the definition are for the test: the document that the case
//! came from, `param Key=Value`. A line `===== name` starts another file of the same run.
//! `UPDATE_EXPECT=1` writes what is said now.

mod summary;

use gateway_definition::{Options, Source, load};
use std::path::Path;

const DASHES: &str = "----------\n";

#[test]
fn every_golden_case_says_what_it_said() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let is_update = std::env::var_os("UPDATE_EXPECT").is_some();
    let mut cases = 0;
    let mut failures = Vec::new();
    for entry in std::fs::read_dir(&folder).expect("the golden folder exists") {
        let path = entry.expect("the golden folder can be listed").path();
        if path.extension().is_none_or(|extension| extension != "txt") {
            continue;
        }
        cases += 1;
        let text = std::fs::read_to_string(&path).expect("a golden case is text");
        let (input, expect) = text.split_once(DASHES).unwrap_or((&text, ""));
        let got = run(input);
        if is_update {
            std::fs::write(&path, format!("{input}{DASHES}{got}")).expect("the case is written");
        } else if got != expect {
            failures.push(format!("{}\n--- expected\n{expect}--- got\n{got}", path.display()));
        }
    }
    assert!(cases > 30, "only {cases} golden cases");
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

fn run(input: &str) -> String {
    let mut options = Options::default();
    let mut body = input;
    let mut has_source = false;
    while let Some(rest) = body.strip_prefix("#> ") {
        let (line, rest) = rest.split_once('\n').unwrap_or((rest, ""));
        match line.strip_prefix("param ").and_then(|line| line.split_once('=')) {
            Some((name, value)) => {
                options.parameters.insert(name.to_owned(), value.to_owned());
            }
            None => has_source = true,
        }
        body = rest;
    }
    assert!(has_source, "a case names the document it came from: {input}");
    let first = if body.starts_with('{') { "t.json" } else { "t.yaml" };
    let mut files = vec![Source { name: first.to_owned(), text: String::new() }];
    for line in body.split_inclusive('\n') {
        match line.strip_prefix("===== ") {
            Some(name) => {
                files.push(Source { name: name.trim().to_owned(), text: String::new() });
            }
            None => files.last_mut().expect("there is a first file").text.push_str(line),
        }
    }
    summary::of(&load(&files, &options))
}
