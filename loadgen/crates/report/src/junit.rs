//! JUnit XML, as CI systems read it: a suite for each kind of check.

use std::fmt::Write as _;

use crate::text::{date_time, xml};
use crate::{Check, Report, Verdict};

/// The report as JUnit XML. A check is a test case; one that was not checked is skipped.
#[must_use]
pub fn render(report: &Report) -> String {
    let mut kinds: Vec<&str> = Vec::new();
    for check in &report.checks {
        if !kinds.contains(&check.kind()) {
            kinds.push(check.kind());
        }
    }
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let name = xml(&format!("loadgen {}", report.command));
    let _ = writeln!(
        out,
        "<testsuites name=\"{name}\" {}>",
        totals(&report.checks.iter().collect::<Vec<_>>(), report.took_ms)
    );
    for kind in kinds {
        suite(report, kind, &mut out);
    }
    out.push_str("</testsuites>\n");
    out
}

fn suite(report: &Report, kind: &str, out: &mut String) {
    let checks: Vec<&Check> = report.checks.iter().filter(|check| check.kind() == kind).collect();
    let took_ms = checks.iter().fold(0, |sum: u64, check| sum.saturating_add(check.took_ms));
    let (date, time) = date_time(report.started_unix_ms);
    let _ = writeln!(
        out,
        "  <testsuite name=\"{}\" {} timestamp=\"{date}T{time}\">",
        xml(kind),
        totals(&checks, took_ms)
    );
    out.push_str("    <properties>\n");
    let target = ("target".to_owned(), report.target.clone());
    let subject = ("subject".to_owned(), report.subject.clone());
    for (name, value) in [target, subject].iter().chain(&report.surroundings) {
        let (name, value) = (xml(name), xml(value));
        let _ = writeln!(out, "      <property name=\"{name}\" value=\"{value}\"/>");
    }
    out.push_str("    </properties>\n");
    for check in checks {
        case(check, out);
    }
    out.push_str("  </testsuite>\n");
}

fn case(check: &Check, out: &mut String) {
    let _ = write!(
        out,
        "    <testcase classname=\"{}\" name=\"{}\" time=\"{}\"",
        xml(check.kind()),
        xml(&check.id),
        seconds(check.took_ms)
    );
    match &check.verdict {
        Verdict::Passed => {
            let _ = writeln!(out, ">\n      <system-out>{}</system-out>", xml(&facts(check)));
        }
        Verdict::Failed(why) => {
            let (why, facts) = (xml(why), xml(&facts(check)));
            let _ = write!(out, ">\n      <failure message=\"{why}\" type=\"failed\">{facts}");
            out.push_str("</failure>\n");
        }
        Verdict::NotChecked(why) => {
            let _ = writeln!(out, ">\n      <skipped message=\"{}\"/>", xml(why));
        }
    }
    out.push_str("    </testcase>\n");
}

fn facts(check: &Check) -> String {
    let Check { promised, offered, observed, tolerance, .. } = check;
    let place = check.place.as_deref().unwrap_or("–");
    format!(
        "promised: {promised}\noffered: {offered}\nobserved: {observed}\ntolerance: {tolerance}\nat: {place}"
    )
}

fn totals(checks: &[&Check], took_ms: u64) -> String {
    let count = |of: fn(&Verdict) -> bool| checks.iter().filter(|c| of(&c.verdict)).count();
    format!(
        "tests=\"{}\" failures=\"{}\" errors=\"0\" skipped=\"{}\" time=\"{}\"",
        checks.len(),
        count(|verdict| matches!(verdict, Verdict::Failed(_))),
        count(|verdict| matches!(verdict, Verdict::NotChecked(_))),
        seconds(took_ms)
    )
}

fn seconds(ms: u64) -> String {
    format!("{}.{:03}", ms / 1_000, ms % 1_000)
}
