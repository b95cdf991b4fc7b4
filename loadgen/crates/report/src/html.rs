//! One page that needs no network: styles and pictures are inside, scripts are not.
//!
//! The page is HTML that is also well-formed XML, so that any reader of either can take it apart.

use std::fmt::Write as _;

use crate::text::{instant, is_number, span, xml};
use crate::{Check, Report, Table, Verdict, svg};

const STYLE: &str = include_str!("html/page.css");

/// The report as one page.
#[must_use]
pub fn render(report: &Report) -> String {
    let anchors = anchors(&report.checks);
    let checks: Vec<(&Check, &str)> =
        report.checks.iter().zip(anchors.iter().map(String::as_str)).collect();
    let mut out = String::new();
    let title = xml(&format!("loadgen {} {}", report.command, report.target));
    let _ = writeln!(
        out,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n\
         <meta name=\"color-scheme\" content=\"light dark\"/>\n\
         <title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>"
    );
    header(&mut out, report, &checks);
    overview(&mut out, &checks);
    for table in &report.tables {
        self::table(&mut out, table);
    }
    if !report.plots.is_empty() {
        out.push_str("<section class=\"plots\">\n");
        for plot in &report.plots {
            let _ = writeln!(out, "<figure>{}</figure>", svg::render(plot));
        }
        out.push_str("</section>\n");
    }
    for (check, anchor) in &checks {
        section(&mut out, check, anchor);
    }
    surroundings(&mut out, report);
    out.push_str("</main>\n</body>\n</html>\n");
    out
}

fn header(out: &mut String, report: &Report, checks: &[(&Check, &str)]) {
    let counts = report.counts();
    let (class, headline) = match report.verdict() {
        None => ("none", "measured".to_owned()),
        Some(Verdict::Failed(_)) => {
            ("failed", format!("{} of {} failed", counts.failed, report.checks.len()))
        }
        Some(Verdict::Passed) => ("passed", "passed".to_owned()),
        Some(Verdict::NotChecked(_)) => ("skipped", "nothing was checked".to_owned()),
    };
    let _ = writeln!(
        out,
        "<header class=\"{class}\">\n<p class=\"command\">loadgen {}</p>\n<h1>{headline}</h1>\n<dl>",
        xml(&report.command)
    );
    for (name, value) in [
        ("target", report.target.clone()),
        ("subject", report.subject.clone()),
        ("started", instant(report.started_unix_ms)),
        ("took", span(report.took_ms)),
    ] {
        row(out, name, &value);
    }
    out.push_str("</dl>\n");
    if !checks.is_empty() {
        let _ = writeln!(
            out,
            "<ul class=\"counts\"><li class=\"passed\"><b>{}</b> passed</li><li class=\"failed\"><b>{}</b> \
             failed</li><li class=\"skipped\"><b>{}</b> not checked</li></ul>",
            counts.passed, counts.failed, counts.not_checked
        );
    }
    let failed: Vec<_> =
        checks.iter().filter(|(c, _)| matches!(c.verdict, Verdict::Failed(_))).collect();
    if !failed.is_empty() {
        out.push_str("<ul class=\"failures\">\n");
        for (check, anchor) in failed {
            let Verdict::Failed(why) = &check.verdict else { continue };
            let (id, why) = (xml(&check.id), xml(why));
            let _ = writeln!(out, "<li><a href=\"#{anchor}\">{id}</a>: {why}</li>");
        }
        out.push_str("</ul>\n");
    }
    out.push_str("</header>\n");
}

fn overview(out: &mut String, checks: &[(&Check, &str)]) {
    if checks.is_empty() {
        return;
    }
    out.push_str(
        "<section>\n<h2>Checks</h2>\n<div class=\"scroll\"><table>\n<thead><tr><th>verdict</th>\
         <th>check</th><th>promised</th><th>observed</th><th class=\"number\">took</th></tr></thead>\n<tbody>\n",
    );
    for (check, anchor) in checks {
        let _ = writeln!(
            out,
            "<tr><td>{}</td><td><a href=\"#{anchor}\">{}</a></td><td>{}</td><td>{}</td>\
             <td class=\"number\">{}</td></tr>",
            badge(&check.verdict),
            xml(&check.id),
            xml(&check.promised),
            xml(&check.observed),
            span(check.took_ms)
        );
    }
    out.push_str("</tbody>\n</table></div>\n</section>\n");
}

fn section(out: &mut String, check: &Check, anchor: &str) {
    let _ = writeln!(
        out,
        "<section class=\"check\" id=\"{anchor}\">\n<h3>{} <a href=\"#{anchor}\">{}</a></h3>\n<dl>",
        badge(&check.verdict),
        xml(&check.id)
    );
    match &check.verdict {
        Verdict::Passed => {}
        Verdict::Failed(why) => {
            let _ = writeln!(out, "<dt>failed</dt><dd class=\"failed\">{}</dd>", xml(why));
        }
        Verdict::NotChecked(why) => {
            let _ = writeln!(out, "<dt>not checked</dt><dd class=\"skipped\">{}</dd>", xml(why));
        }
    }
    for (name, value) in [
        ("promised", check.promised.as_str()),
        ("offered", &check.offered),
        ("observed", &check.observed),
        ("tolerance", &check.tolerance),
        ("at", check.place.as_deref().unwrap_or_default()),
    ] {
        row(out, name, value);
    }
    out.push_str("</dl>\n");
    for plot in &check.plots {
        let _ = writeln!(out, "<figure>{}</figure>", svg::render(plot));
    }
    out.push_str("</section>\n");
}

fn surroundings(out: &mut String, report: &Report) {
    if report.surroundings.is_empty() {
        return;
    }
    out.push_str("<section>\n<h2>Machine and settings</h2>\n<dl>\n");
    for (name, value) in &report.surroundings {
        row(out, name, value);
    }
    out.push_str("</dl>\n</section>\n");
}

fn table(out: &mut String, table: &Table) {
    let right: Vec<bool> = (0..table.columns.len())
        .map(|i| {
            let mut cells = table.rows.iter().filter_map(|row| row.get(i)).peekable();
            cells.peek().is_some() && cells.all(|cell| is_number(cell))
        })
        .collect();
    let class = |i: usize| if right[i] { " class=\"number\"" } else { "" };
    let _ = writeln!(
        out,
        "<section>\n<h2>{}</h2>\n<div class=\"scroll\"><table>\n<thead><tr>",
        xml(&table.title)
    );
    for (i, column) in table.columns.iter().enumerate() {
        let _ = write!(out, "<th{}>{}</th>", class(i), xml(column));
    }
    out.push_str("</tr></thead>\n<tbody>\n");
    for row in &table.rows {
        out.push_str("<tr>");
        for i in 0..table.columns.len() {
            let cell = row.get(i).map_or("", String::as_str);
            let _ = write!(out, "<td{}>{}</td>", class(i), xml(cell));
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody>\n</table></div>\n</section>\n");
}

fn row(out: &mut String, name: &str, value: &str) {
    if !value.is_empty() {
        let _ = writeln!(out, "<dt>{}</dt><dd>{}</dd>", xml(name), xml(value));
    }
}

fn badge(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Passed => "<span class=\"badge passed\">✓ passed</span>",
        Verdict::Failed(_) => "<span class=\"badge failed\">✗ failed</span>",
        Verdict::NotChecked(_) => "<span class=\"badge skipped\">– not checked</span>",
    }
}

/// A name for each check, from its id and unique on the page.
fn anchors(checks: &[Check]) -> Vec<String> {
    let mut anchors: Vec<String> = Vec::with_capacity(checks.len());
    let mut taken = std::collections::BTreeSet::new();
    for check in checks {
        let slug: String = check
            .id
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' })
            .collect();
        let slug: Vec<&str> = slug.split('-').filter(|part| !part.is_empty()).collect();
        let slug = format!("check-{}", slug.join("-"));
        let mut anchor = slug.clone();
        let mut n = 2;
        while !taken.insert(anchor.clone()) {
            anchor = format!("{slug}-{n}");
            n += 1;
        }
        anchors.push(anchor);
    }
    anchors
}
