use std::fs;
use std::path::Path;

use loadgen_report::{console, html, json, junit, svg};

use crate::sample::report;

#[track_caller]
fn check(name: &str, got: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        fs::write(&path, got).expect("the golden file is writable");
        return;
    }
    let expect = fs::read_to_string(&path).unwrap_or_default();
    assert!(got == expect, "{name} is not as expected; UPDATE_EXPECT=1 writes it anew:\n{got}");
}

#[test]
fn console_is_as_expected() {
    check("console.txt", &console::render(&report(), 80, false));
}

#[test]
fn console_in_colour_is_as_expected() {
    check("console.ansi", &console::render(&report(), 60, true));
}

#[test]
fn console_lines_are_as_expected() {
    let lines: Vec<String> = report().checks.iter().map(console::line).collect();
    check("console-lines.txt", &(lines.join("\n") + "\n"));
}

#[test]
fn json_is_as_expected() {
    check("report.json", &json::render(&report()));
}

#[test]
fn junit_is_as_expected() {
    check("report.junit.xml", &junit::render(&report()));
}

#[test]
fn html_is_as_expected() {
    check("report.html", &html::render(&report()));
}

#[test]
fn svg_is_as_expected() {
    check("percentiles.svg", &svg::render(&report().plots[0]));
}
