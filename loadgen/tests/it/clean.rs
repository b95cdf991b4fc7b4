//! A gateway that keeps its promises passes, and the reports are whole.

use crate::support::{Gateway, Verified, Verify, example};

#[test]
fn the_limits_example_passes_as_a_whole() {
    let gateway = Gateway::limits();
    let verified = Verify::limits(gateway.address())
        .origin(gateway.origin())
        .ops(gateway.ops())
        // Looser than limits.expect.yaml: nobody promised that other tests leave the machine alone.
        .expect("parameters: {day: monday}\nslo: [p50<200ms for GET /release, p99<2s for GET /release]\nslo_rate: 250\n")
        .args(&["--duration", "2s"])
        .run();
    verified.assert_passed(&[
        "errors/route/limits/prod",
        "errors/route/limits/preview",
        "errors/key-missing/limits/prod",
        "errors/key-wrong/limits/prod",
        "cache/hit/limits/prod/GET /menu/{day}",
        "cache/key/limits/prod/GET /menu/{day}/path.day",
        "cache/key/limits/prod/GET /menu/{day}/querystring.lang",
        "cache/key/limits/prod/GET /menu/{day}/others",
        "cache/ttl/limits/prod/GET /menu/{day}",
        "cache/flush/limits/prod/GET /menu/{day}",
        "cache/invalidation/limits/prod/GET /menu/{day}",
        "canary/limits/preview",
        "throttle/",
        "burst/",
        "quota/",
        "slo/",
    ]);
    assert_eq!(verified.ids("not_checked"), [""; 0], "{}", verified.printed);
    reports_are_whole(&verified);
}

#[test]
fn the_expectations_of_the_limits_example_give_rise_to_checks() {
    let expect = example("limits.expect.yaml").display().to_string();
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_loadgen"));
    let output = command
        .arg("verify")
        .arg(example("limits.yaml"))
        .args(["--expect", &expect, "--list"])
        .output();
    let output = output.unwrap();
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{output:?}");
    for id in [
        "slo/",
        "canary/limits/preview",
        "cache/ttl/limits/prod/GET /menu/{day}",
        "burst/plan/Demo",
    ] {
        assert!(printed.lines().any(|line| line.starts_with(id)), "{id} is not in\n{printed}");
    }
}

#[test]
fn the_orders_example_passes() {
    let orders = std::fs::read_to_string(example("orders.yaml")).unwrap();
    let gateway = Gateway::serving("orders.yaml", &orders);
    let verified = Verify::definition(&example("orders.yaml"), gateway.address())
        .origin(gateway.origin())
        .ops(gateway.ops())
        .run();
    // Its answer for no route is its own: 404, a header, and a body with the request's id.
    verified.assert_passed(&["errors/route/orders/prod"]);
}

#[test]
fn without_an_origin_and_ops_it_says_what_they_are_for() {
    let gateway = Gateway::limits();
    let verified =
        Verify::limits(gateway.address()).args(&["--only", "cache", "--only", "errors"]).run();
    verified.assert_passed(&["errors/"]);
    assert!(verified.ids("not_checked").iter().any(|id| id.starts_with("cache/hit/")));
    assert!(verified.reasons().contains("--origin 127.0.0.1:9000"), "{}", verified.printed);
    let list = Verify::limits(gateway.address())
        .origin(gateway.origin())
        .args(&["--only", "cache/flush"])
        .run();
    assert_eq!(list.ids("not_checked"), ["cache/flush/limits/prod/GET /menu/{day}"]);
    assert!(list.reasons().contains("give --ops"), "{}", list.printed);
}

fn reports_are_whole(verified: &Verified) {
    let count = verified.report["checks"].as_array().unwrap().len();
    assert_eq!(verified.report["verdict"], "passed");
    let junit = verified.written("report.xml");
    assert_eq!(tags_are_balanced(&junit, &[]), Ok(()));
    assert_eq!(junit.matches("<testcase ").count(), count);
    let html = verified.written("report.html");
    let void = ["!doctype", "meta", "link", "br", "hr", "img", "input", "col"];
    assert_eq!(tags_are_balanced(&html, &void), Ok(()));
    assert!(html.to_ascii_lowercase().starts_with("<!doctype html>"));
    assert!(html.contains("<svg"), "no plots");
    for outside in ["src=\"http", "href=\"http", "url(http", "@import", "<script src"] {
        assert!(!html.contains(outside), "{outside} needs a network");
    }
    for id in verified.ids("passed") {
        let id = id.replace('&', "&amp;").replace('<', "&lt;");
        assert!(html.contains(&id) && junit.contains(&id), "{id} is not in the reports");
    }
}

/// Whether every tag is closed in order, but those that are `void`.
fn tags_are_balanced(text: &str, void: &[&str]) -> Result<(), String> {
    let mut open: Vec<String> = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        if let Some(behind) = rest.strip_prefix("!--") {
            rest = behind.split_once("-->").ok_or("a comment does not end")?.1;
            continue;
        }
        let (tag, behind) = rest.split_once('>').ok_or("a tag does not end")?;
        rest = behind;
        let name: String = tag
            .trim_start_matches('/')
            .split([' ', '\n', '/'])
            .next()
            .unwrap_or_default()
            .to_ascii_lowercase();
        if tag.starts_with('?') || tag.ends_with('/') || void.contains(&name.as_str()) {
            continue;
        }
        if tag.starts_with('/') {
            if open.pop().as_ref() != Some(&name) {
                return Err(format!("</{name}> closes what is not open"));
            }
            continue;
        }
        // What scripts and styles hold is not markup.
        if name == "script" || name == "style" {
            rest = rest.split_once(&format!("</{name}>")).ok_or("a script does not end")?.1;
            continue;
        }
        open.push(name);
    }
    if open.is_empty() { Ok(()) } else { Err(format!("not closed: {open:?}")) }
}
